"""Direct, indirect and total effects among composites, for one sample or a batch of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.pls.model import PlsModel
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.solution import Solution
from servicefx.pls.terms import PlsTerm
from servicefx.sem.reading.effects import routes

__all__ = ["effect_terms", "effect_values", "effects_frame", "total_effects"]

Floats = NDArray[np.float64]
_ALL = "all"
_ARROW = " → "


def effects_frame(fit: PlsFit) -> pd.DataFrame:
    """Effects among all constructs that paths join.

    Parameters
    ----------
    fit : PlsFit

    Returns
    -------
    DataFrame
        ``from, to, kind, via, estimate``: kind ``direct``, ``indirect`` (``via`` names the mediators of a
        route, or is "all" for their sum) or ``total``; in standard deviations of ``to`` per standard
        deviation of ``from``. A product counts as a term of its own, so that the other effects hold at the
        mean of its factors.
    """
    values = dict(zip(effect_terms(fit), effect_values(fit, fit.solution)[0], strict=True))
    direct = dict(zip(fit.model.paths, fit.solution.paths[0], strict=True))
    rows: list[tuple[str, str, str, str, float]] = []
    for term, value in values.items():
        if term.quantity == "indirect":
            rows.append((term.rhs, term.lhs, "indirect", term.via, float(value)))
            continue
        pair = (term.lhs, term.rhs)
        begun = next((at for at, row in enumerate(rows) if row[:2] == (term.rhs, term.lhs)), len(rows))
        if pair in direct:
            rows.insert(begun, (term.rhs, term.lhs, "direct", "", float(direct[pair])))
        rows.append((term.rhs, term.lhs, "total", "", float(value)))
    return pd.DataFrame(rows, columns=["from", "to", "kind", "via", "estimate"])


def effect_terms(fit: PlsFit) -> list[PlsTerm]:
    """Pair after pair: the sum of indirect effects and each route where there are any, then the total."""
    model = fit.model
    found: list[PlsTerm] = []
    for source, target in _pairs(model):
        through = [route for route in _routes(model, source, target) if len(route) > 2]
        vias = [_ALL, *(_ARROW.join(route[1:-1]) for route in through)] if through else []
        found += [PlsTerm(lhs=target, op="~", rhs=source, quantity="indirect", via=via) for via in vias]
        found.append(PlsTerm(lhs=target, op="~", rhs=source, quantity="total"))
    return found


def effect_values(fit: PlsFit, solution: Solution) -> Floats:
    """Values of `effect_terms`, shape (B, t).

    Total effects are (I - B)^-1 - I (Bollen 1987, Sociol. Methodol. 17, 37-69).
    """
    model = fit.model
    direct = {pair: solution.paths[:, at] for at, pair in enumerate(model.paths)}
    zero = np.zeros(len(solution.paths))
    totals = total_effects(model, solution.paths)
    columns: list[Floats] = []
    for source, target in _pairs(model):
        total = totals[target, source]
        through = [route for route in _routes(model, source, target) if len(route) > 2]
        if through:
            columns.append(total - direct.get((target, source), zero))
        for route in through:
            steps = [direct[end, begin] for begin, end in pairwise(route)]
            columns.append(np.prod(steps, axis=0))
        columns.append(total)
    return np.stack(columns, axis=1)


def total_effects(model: PlsModel, paths: Floats) -> dict[tuple[str, str], Floats]:
    """Total effect of every (target, source) that paths join, each of shape (B,).

    Parameters
    ----------
    model : PlsModel
    paths : ndarray, shape (B, n_paths)
        In any metric that products of paths keep.
    """
    direct = {pair: paths[:, at] for at, pair in enumerate(model.paths)}
    found: dict[tuple[str, str], Floats] = {}
    for source, target in _pairs(model):
        steps = [
            direct[target, term] * found.get((term, source), 0.0)
            for term in model.terms(target)
            if term != source
        ]
        found[target, source] = direct.get((target, source), np.zeros(len(paths))) + sum(steps)
    return found


def _pairs(model: PlsModel) -> list[tuple[str, str]]:
    """Pairs (source, target) that a way joins, every target after what explains it."""
    order = _order(model)
    above: dict[str, set[str]] = {}
    for name in order:
        terms = model.terms(name)
        above[name] = set(terms).union(*(above[term] for term in terms)) if terms else set()
    return [(source, target) for source in order for target in order if source in above[target]]


def _order(model: PlsModel) -> list[str]:
    """Constructs and products on paths, each after what explains it."""
    names = list(dict.fromkeys([term for _, term in model.paths] + [lhs for lhs, _ in model.paths]))
    order: list[str] = []
    while len(order) < len(names):
        order += [
            name for name in names if name not in order and all(term in order for term in model.terms(name))
        ]
    return order


def _routes(model: PlsModel, source: str, target: str) -> list[tuple[str, ...]]:
    targets: dict[str, list[str]] = {}
    for outcome, term in model.paths:
        targets.setdefault(term, []).append(outcome)
    return list(routes(source, target, targets))

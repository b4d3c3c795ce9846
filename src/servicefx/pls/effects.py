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
    direct = dict(zip(fit.model.paths, fit.solution.paths[0], strict=True))
    rows: list[tuple[str, str, str, str, float]] = []
    for term, value in zip(effect_terms(fit), effect_values(fit, fit.solution)[0], strict=True):
        pair = (term.lhs, term.rhs)
        if pair in direct:  # once, before all else of the pair
            rows.append((term.rhs, term.lhs, "direct", "", float(direct.pop(pair))))
        rows.append((term.rhs, term.lhs, term.quantity, term.via, float(value)))
    return pd.DataFrame(rows, columns=["from", "to", "kind", "via", "estimate"])


def effect_terms(fit: PlsFit) -> list[PlsTerm]:
    """Pair after pair: the sum of indirect effects and each route where there are any, then the total."""
    model = fit.model
    found: list[PlsTerm] = []
    for source, target in _pairs(model):
        through = _mediated(model, source, target)
        vias = [_ALL, *(_ARROW.join(route[1:-1]) for route in through)] if through else []
        found += [PlsTerm(lhs=target, op="~", rhs=source, quantity="indirect", via=via) for via in vias]
        found.append(PlsTerm(lhs=target, op="~", rhs=source, quantity="total"))
    return found


def effect_values(fit: PlsFit, solution: Solution) -> Floats:
    """Values of `effect_terms`, shape (B, t); NaN where a sample has no paths.

    Total effects are (I - B)^-1 - I (Bollen 1987, Sociol. Methodol. 17, 37-69).
    """
    model = fit.model
    direct = {pair: solution.paths[:, at] for at, pair in enumerate(model.paths)}
    zero = np.zeros(len(solution.paths))
    totals = total_effects(model, solution.paths)
    columns: list[Floats] = []
    for source, target in _pairs(model):
        total = totals[target, source]
        through = _mediated(model, source, target)
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

    Returns
    -------
    mapping of (str, str) to ndarray
        In the paths' metric; pairs that no way joins are left out.
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
    above: dict[str, set[str]] = {}
    for name in model.sequence:
        terms = model.terms(name)
        above[name] = set(terms).union(*(above[term] for term in terms)) if terms else set()
    return [(source, target) for source in above for target in above if source in above[target]]


def _mediated(model: PlsModel, source: str, target: str) -> list[tuple[str, ...]]:
    """Routes from one to the other through something else, both ends among their names."""
    targets: dict[str, list[str]] = {}
    for outcome, term in model.paths:
        targets.setdefault(term, []).append(outcome)
    return [route for route in routes(source, target, targets) if len(route) > 2]

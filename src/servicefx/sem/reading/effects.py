"""Direct, indirect and total effects: every pair of variables that paths join, every route between them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.sem.reading.parameters import inference_columns
from servicefx.sem.reading.standardised import covariances

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["effect_frame", "effect_slopes", "routes"]

Floats = NDArray[np.float64]
ALL = "all"
"""In ``via``: the sum of all indirect routes."""
_ARROW = " → "
_MOST_ROUTES = 2000
"""Routes of one pair that are listed; beyond that only their sum is."""


def effect_frame(fit: SemFit) -> pd.DataFrame:
    r"""Effects among all variables that paths join, with delta-method errors.

    Paths (``~``) and loadings among constructs count as steps. Where paths run in a circle, routes that pass
    no variable twice are listed, and sums include every lap.

    Parameters
    ----------
    fit : SemFit

    Returns
    -------
    DataFrame
        ``group, from, to, kind, via, estimate, std_error, statistic, p_value, conf_low, conf_high, std_all``:
        kind ``direct``, ``indirect`` (``via`` names the mediators of a route, or is "all" for their sum) or
        ``total``; in units of ``to`` per unit of ``from``.

    Notes
    -----
    Total effects are :math:`(I - B)^{-1} - I` (Bollen 1987, Sociol. Methodol. 17, 37-69); errors by the delta
    method (Sobel 1982), which a bootstrap betters in small samples.
    """
    rows: list[tuple[str, str, str, str, str]] = []
    values: list[float] = []
    slopes: list[Floats] = []
    ratio: list[float] = []
    for g, group in enumerate(fit.model.groups):
        spread = _spread(fit, g)
        for source, target, kind, via, value, slope in effect_slopes(fit, g):
            rows.append((group, source, target, kind, via))
            values.append(value)
            slopes.append(slope)
            ratio.append(spread[source] / spread[target] if spread[target] > 0 else float("nan"))
    estimate = np.array(values, dtype=np.float64)
    gradient = np.array(slopes).reshape(len(values), len(fit.theta))
    variance = np.einsum("kq,kq->k", gradient @ fit.vcov, gradient).clip(min=0.0)
    error = np.where(variance > 0, np.sqrt(variance), np.nan)
    frame = pd.DataFrame(rows, columns=["group", "from", "to", "kind", "via"])
    for name, column in inference_columns(estimate, error, fit.choices.level).items():
        frame[name] = column
    frame["std_all"] = estimate * np.array(ratio, dtype=np.float64)
    return frame


def effect_slopes(fit: SemFit, g: int) -> Iterator[tuple[str, str, str, str, float, Floats]]:
    """Source, target, kind, via, value and derivatives (q,) of every effect of one group."""
    steps = {}
    for p in fit.model.of_group(g):
        if p.op == "~":
            steps[p.rhs, p.lhs] = p
        elif p.op == "=~" and p.rhs in fit.model.constructs:
            steps[p.lhs, p.rhs] = p
    names = tuple(name for name in fit.model.names if any(name in step for step in steps))
    at = {name: i for i, name in enumerate(names)}
    q = len(fit.theta)
    direct = np.zeros((len(names), len(names)))
    position = {}
    for (source, target), p in steps.items():
        direct[at[target], at[source]] = fit.theta[p.position] if p.position >= 0 else float(p.fixed or 0.0)
        position[source, target] = p.position
    total = np.linalg.inv(np.eye(len(names)) - direct)
    targets: dict[str, list[str]] = {}
    for source, target in steps:
        targets.setdefault(source, []).append(target)
    for source in names:
        reached = _reached(source, targets)
        for target in (name for name in names if name in reached and name != source):
            y, x = at[target], at[source]
            own = np.zeros(q)
            if position.get((source, target), -1) >= 0:
                own[position[source, target]] = 1.0
            whole = np.zeros(q)
            for (begin, end), place in position.items():
                if place >= 0:
                    whole[place] += total[y, at[end]] * total[at[begin], x]
            if (source, target) in steps:
                yield source, target, "direct", "", float(direct[y, x]), own
            listed = list(_limited(routes(source, target, targets)))
            indirect = [route for route in listed if len(route) > 2]
            if indirect:
                yield source, target, "indirect", ALL, float(total[y, x] - direct[y, x]), whole - own
            if len(listed) <= _MOST_ROUTES:
                for route in indirect:
                    value, slope = _along(route, direct, at, position, q)
                    yield source, target, "indirect", _ARROW.join(route[1:-1]), value, slope
            yield source, target, "total", "", float(total[y, x]), whole


def routes(source: str, target: str, targets: dict[str, list[str]]) -> Iterator[tuple[str, ...]]:
    """Every way from source to target that passes nothing twice."""
    stack: list[tuple[str, ...]] = [(source,)]
    while stack:
        route = stack.pop()
        for following in reversed(targets.get(route[-1], [])):
            if following == target:
                yield (*route, target)
            elif following not in route:
                stack.append((*route, following))


def _limited(found: Iterator[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    for count, route in enumerate(found):
        yield route
        if count >= _MOST_ROUTES:
            return


def _reached(source: str, targets: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [source]
    while waiting:
        for following in targets.get(waiting.pop(), []):
            if following not in found:
                found.add(following)
                waiting.append(following)
    return found


def _along(
    route: tuple[str, ...],
    direct: Floats,
    at: dict[str, int],
    position: dict[tuple[str, str], int],
    q: int,
) -> tuple[float, Floats]:
    """Product of the steps of a route, and its derivatives."""
    steps = list(pairwise(route))
    values = [direct[at[target], at[source]] for source, target in steps]
    slope = np.zeros(q)
    for k, step in enumerate(steps):
        if position[step] >= 0:
            slope[position[step]] += float(np.prod(values[:k] + values[k + 1 :]))
    return float(np.prod(values)), slope


def _spread(fit: SemFit, g: int) -> dict[str, float]:
    """Implied standard deviation of every variable; NaN where its variance is not positive."""
    variance = np.diag(covariances(fit, g))
    first = fit.solution.layout.n_observed
    places = [*range(len(fit.model.items)), *range(first, len(variance))]
    return {
        name: float(np.sqrt(variance[at])) if variance[at] > 0 else float("nan")
        for name, at in zip(fit.model.names, places, strict=True)
    }

"""What the outcome would be on average, were source and mediators at chosen levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from servicefx.models.mediation.layouts import product_name
from servicefx.models.mediation.outcome_models import Equation
from servicefx.models.mediation.quadrature import Link, Spread, blocks, curve_mean, spread_rows
from servicefx.models.mediation.rows import MediationRows

__all__ = ["BinaryMediator", "Levels", "LinearMediators", "NestedMeans"]

Floats = NDArray[np.float64]
Route = tuple[str, ...]


class Levels:
    """Between which two levels of the source is compared.

    Attributes
    ----------
    values : tuple of float
        Before and after: of everybody, or, where ``own``, beyond each one's own value.
    own : bool
    """

    def __init__(self, values: tuple[float, float], own: bool) -> None:
        self.values = values
        self.own = own


class NestedMeans(Protocol):
    """Means of an outcome with source and routes each before (0) or after (1) the change."""

    def nested(self, direct: int, routes: Mapping[Route, int]) -> Floats:
        """Mean with the source's own step and every route at a level, shape (1 + draws, m)."""
        ...

    def controlled(self, direct: int, at: Mapping[str, float]) -> Floats:
        """Mean with the mediators held at values, shape (1 + draws, m)."""
        ...


class LinearMediators:
    """Mediators with linear equations and normal errors, any number of them, in a row or side by side.

    Parameters
    ----------
    rows : MediationRows
    counts : ndarray, shape (1 + draws, n)
        The first row holds ones.
    levels : Levels
    outcome : Equation
    mediators : mapping of str to Equation
        In their order.
    errors : ndarray, shape (1 + draws, K, K)
        Covariance of their errors.
    routes : sequence of tuple of str
        Every indirect route.
    """

    def __init__(
        self,
        rows: MediationRows,
        counts: NDArray[np.float32],
        levels: Levels,
        outcome: Equation,
        mediators: Mapping[str, Equation],
        errors: Floats,
        routes: Sequence[Route],
    ) -> None:
        self._rows, self._counts, self._levels = rows, counts, levels
        self._outcome, self._mediators = outcome, mediators
        covariates = rows.values(rows.covariates)
        held = [np.ones((len(counts.T), 1)), covariates, rows.values([rows.source])]
        self._columns = np.hstack(held)
        self._without = self._without_source()
        self._reach = {route: self._along(route) for route in routes}
        self._errors = self._reduced(errors)
        self._spreads: dict[object, Spread] = {}

    def nested(self, direct: int, routes: Mapping[Route, int], taken: Floats | None = None) -> Floats:
        """As `NestedMeans.nested`; ``taken``, shape (1 + draws,), is taken from the linear predictor."""
        value = self._levels.values
        slopes = self._second_steps(direct)
        shift = self._outcome.step(self._rows.source) * value[direct]
        for route, level in routes.items():
            shift = shift + slopes[route[-1]] * self._reach[route] * value[level]
        if taken is not None:
            shift = shift - taken
        weights = np.column_stack(list(slopes.values()))
        sd = np.sqrt(np.maximum(np.einsum("bi,bij,bj->b", weights, self._errors, weights), 0.0))
        return self._means(self._spread(direct, slopes), shift, sd)

    def controlled(self, direct: int, at: Mapping[str, float]) -> Floats:
        """As `NestedMeans.controlled`."""
        slopes = self._second_steps(direct)
        value = self._levels.values[direct]
        shift = self._outcome.step(self._rows.source) * value
        for name, held in at.items():
            shift = shift + slopes[name] * held
        return self._means(self._spread(direct, None), shift, np.zeros(len(shift)))

    def _means(self, spread: Spread, shift: Floats, sd: Floats) -> Floats:
        """Of every threshold; only the estimate's row where nothing else is wanted."""
        link = self._outcome.link
        parts = [curve_mean(link, spread, shift + cut, sd) for cut in self._outcome.constants.T]
        return np.column_stack(parts)

    def _second_steps(self, direct: int) -> dict[str, Floats]:
        """Mediator → outcome with the source at a level."""
        source, value = self._rows.source, self._levels.values[direct]
        return {
            name: self._outcome.step(name) + self._outcome.step(product_name(source, name)) * value
            for name in self._mediators
        }

    def _without_source(self) -> dict[str, Floats]:
        """Mediators' means as coefficients of (1, covariates), the source's part left out."""
        found: dict[str, Floats] = {}
        for name, equation in self._mediators.items():
            own = [equation.constants[:, 0], *(equation.step(c) for c in self._rows.covariates)]
            mean = np.column_stack(own)
            for earlier, before in found.items():
                mean = mean + equation.step(earlier)[:, None] * before
            found[name] = mean
        return found

    def reach(self, mediator: str) -> Floats:
        """What the source does to a mediator over all routes that end there, shape (1 + draws,)."""
        ending = [along for route, along in self._reach.items() if route[-1] == mediator]
        return np.asarray(np.sum(ending, axis=0), dtype=np.float64)

    def _along(self, route: Route) -> Floats:
        """Source → last mediator of a route."""
        product = np.ones(len(self._counts))
        before = self._rows.source
        for name in route:
            product = product * self._mediators[name].step(before)
            before = name
        return product

    def _reduced(self, errors: Floats) -> Floats:
        """Covariance of the mediators about their means given source and covariates."""
        names = list(self._mediators)
        back = np.tile(np.eye(len(names)), (len(errors), 1, 1))
        for row, name in enumerate(names):
            for column, earlier in enumerate(names[:row]):
                back[:, row, column] -= self._mediators[name].step(earlier)
        with np.errstate(all="ignore"):
            known = np.isfinite(back).all(axis=(1, 2))
            forth = np.full_like(back, np.nan)
            forth[known] = np.linalg.inv(back[known])
        return np.asarray(forth @ errors @ np.swapaxes(forth, 1, 2))

    def _spread(self, direct: int, slopes: Mapping[str, Floats] | None) -> Spread:
        """Where the linear predictor lies over the rows; of the mediators held, without their part."""
        bent = any(product_name(self._rows.source, name) in self._outcome.terms for name in self._mediators)
        key = (direct if bent and slopes is not None else 0, slopes is None)
        if key not in self._spreads:
            at = np.zeros((len(self._counts), self._columns.shape[1]))
            for place, name in enumerate(self._rows.covariates, start=1):
                at[:, place] = self._outcome.step(name)
            if self._levels.own:
                at[:, -1] = self._outcome.step(self._rows.source)
            if slopes is not None:
                for name, slope in slopes.items():
                    at[:, :-1] += slope[:, None] * self._without[name]
                if self._levels.own:
                    for route, reach in self._reach.items():
                        at[:, -1] += slopes[route[-1]] * reach
            self._spreads[key] = spread_rows(self._columns, at, self._counts)
        return self._spreads[key]


class BinaryMediator:
    """One mediator of 0 and 1 with a logistic equation: the sum over its two values, row by row.

    Parameters
    ----------
    rows : MediationRows
    counts : ndarray, shape (1 + draws, n)
    levels : Levels
    outcome, mediator : Equation
    """

    def __init__(
        self,
        rows: MediationRows,
        counts: NDArray[np.float32],
        levels: Levels,
        outcome: Equation,
        mediator: Equation,
    ) -> None:
        self._rows, self._counts, self._levels = rows, counts, levels
        self._outcome, self._mediator = outcome, mediator
        self._name = rows.mediators[0]

    def nested(self, direct: int, routes: Mapping[Route, int]) -> Floats:
        """As `NestedMeans.nested`."""
        (level,) = routes.values()
        answer = np.empty_like(self._outcome.constants)
        for part in blocks(len(self._counts)):
            chance = expit(self._predictor(self._mediator, part, level) + self._mediator.constants[part])
            with_it, without = (self._outcome_predictor(part, direct, held) for held in (1.0, 0.0))
            for column, cut in enumerate(self._outcome.constants[part].T):
                curve = [_curve(self._outcome.link, p + cut[:, None]) for p in (with_it, without)]
                answer[part, column] = self._mean(part, chance * curve[0] + (1 - chance) * curve[1])
        return answer

    def controlled(self, direct: int, at: Mapping[str, float]) -> Floats:
        """As `NestedMeans.controlled`."""
        answer = np.empty_like(self._outcome.constants)
        for part in blocks(len(self._counts)):
            predictor = self._outcome_predictor(part, direct, at[self._name])
            for column, cut in enumerate(self._outcome.constants[part].T):
                answer[part, column] = self._mean(part, _curve(self._outcome.link, predictor + cut[:, None]))
        return answer

    def _mean(self, part: slice, values: Floats) -> Floats:
        weight = self._counts[part].astype(np.float64)
        return np.asarray((weight * values).sum(axis=1) / weight.sum(axis=1), dtype=np.float64)

    def _source(self, level: int) -> Floats:
        value = self._levels.values[level]
        n = len(self._rows.frame)
        return self._rows.values([self._rows.source])[:, 0] + value if self._levels.own else np.full(n, value)

    def _predictor(self, equation: Equation, part: slice, level: int) -> Floats:
        names = [name for name in self._rows.covariates if name in equation.terms]
        steps = [equation.step(name)[part] for name in (self._rows.source, *names)]
        columns = np.column_stack([self._source(level), self._rows.values(names)])
        return np.asarray(np.column_stack(steps) @ columns.T, dtype=np.float64)

    def _outcome_predictor(self, part: slice, level: int, held: float) -> Floats:
        predictor = self._predictor(self._outcome, part, level)
        if held:
            predictor = predictor + (self._outcome.step(self._name)[part] * held)[:, None]
            bent = self._outcome.step(product_name(self._rows.source, self._name))[part]
            predictor = predictor + (bent * held)[:, None] * self._source(level)
        return predictor


def _curve(link: Link, predictor: Floats) -> Floats:
    if link == "linear":
        return predictor
    return np.asarray(expit(predictor) if link == "logit" else ndtr(predictor), dtype=np.float64)

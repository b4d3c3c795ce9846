"""Searches for least squares whose weights differ by many orders of magnitude between free values."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import ConvergenceError, IdentificationError, Problem
from servicefx.sem.estimators.minimum import minimised
from servicefx.sem.estimators.search import Units, inverse_information, searched
from servicefx.sem.estimators.squares.quadratic import Quadratic, QuadraticState
from servicefx.sem.estimators.task import Task
from servicefx.sem.structure.constraints import constraint_of

__all__ = ["Section", "searched_evenly", "searched_section"]

Floats = NDArray[np.float64]
_UNEVEN = 10.0
_TOO_UNEVEN = 1e8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Section:
    """A discrepancy as a function of the free values that have a column, the others held.

    Attributes
    ----------
    whole : Quadratic
        Of q free values.
    free : ndarray of int
        Those that have a column.
    theta : ndarray, shape (q,)
        The others' values.
    """

    whole: Quadratic
    free: NDArray[np.intp]
    theta: Floats

    def full(self, part: Floats) -> Floats:
        """All free values, shape (q,)."""
        theta = self.theta.copy()
        theta[self.free] = part
        return theta

    def evaluate(self, part: Floats) -> tuple[float, QuadraticState | None]:
        """As `Quadratic.evaluate`."""
        return self.whole.evaluate(self.full(part))

    def derivatives(self, state: QuadraticState, *, exact: bool) -> tuple[Floats, Floats]:  # noqa: ARG002
        """Gradient and Gauss and Newton's Hessian, ``exact`` or not."""
        return self.whole.own_derivatives(state)


def searched_section(task: Task, units: Units, discrepancy: Quadratic, start: Floats) -> tuple[Floats, int]:
    """The minimum over the free values that have a column, the others left where they are.

    Parameters, result and errors as `searched_evenly`, which takes over where this does not converge.
    """
    if not task.model.constraints and task.estimator != "uls":
        free = np.flatnonzero(discrepancy.structure.column >= 0)
        section = Section(whole=discrepancy, free=free, theta=start)
        found = minimised(section, start[free])
        if found.converged:
            return section.full(found.theta), found.n_iterations
    return searched_evenly(task, units, discrepancy, start)


def searched_evenly(
    task: Task, units: Units, discrepancy: Quadratic, start: Floats | None = None
) -> tuple[Floats, int]:
    """The minimum of a least-squares discrepancy, however uneven its weights.

    Unit weights in the users' units are far from even in the units of the search where items differ in size.
    The search then runs over free values divided by the curvature in their direction, so that its slopes mean
    the same for all of them.

    Parameters
    ----------
    task : Task
        Names what is fitted.
    units : Units
        Of the same task.
    discrepancy : Quadratic
        Over unit-scaled free values.
    start : ndarray, shape (q,), optional
        Unit-scaled.

    Returns
    -------
    ndarray, shape (q,)
        Unit-scaled free values at the minimum.
    int
        Steps.

    Raises
    ------
    IdentificationError, ConvergenceError
        As `servicefx.sem.estimators.search.searched`; naming the items whose units are too far apart.
    """
    diagonals = [weight for weight in discrepancy.weight if weight.ndim == 1]
    largest = max((float(weight.max()) for weight in diagonals), default=1.0)
    least = min((float(weight.min()) for weight in diagonals), default=1.0)
    if task.estimator != "uls" or largest < _UNEVEN * least:
        found = searched(task, units, discrepancy, start=start)
        return found.theta, found.n_iterations
    level = replace(discrepancy, weight=tuple(np.ones_like(weight) for weight in discrepancy.weight))
    begin = searched(task, units, level, start=start).theta
    even = replace(discrepancy, weight=tuple(weight / least for weight in discrepancy.weight))
    by = _steps(even, begin)
    layout = units.scaled.scaled(np.ones(units.scaled.n_variables), by)
    even = replace(even, structure=replace(even.structure, layout=layout))
    try:
        found = searched(task, replace(units, scaled=layout, unit=units.unit * by), even, start=begin / by)
        constraint = constraint_of(task.model, units.unit * by)
        restricted = None if constraint is None else constraint(found.theta)[1]
        _, state = even.evaluate(found.theta)
        if state is not None:
            inverse_information(task, even.derivatives(state, exact=False)[1], restricted)
    except (ConvergenceError, IdentificationError) as fault:
        if largest < _TOO_UNEVEN * least:
            raise
        items = units.scale[: len(task.model.items)]
        big, small = task.model.items[int(items.argmax())], task.model.items[int(items.argmin())]
        what = (
            f"'uls' counts squared gaps as they come, those of '{big}' {largest / least:.0e} times those of "
            f"'{small}', which is too uneven to be solved"
        )
        remedy = "Bring the items to similar units, or choose gls or dwls."
        raise ConvergenceError(Problem(task.where, what, remedy)) from fault
    return found.theta * by, found.n_iterations


def _steps(discrepancy: Quadratic, theta: Floats) -> Floats:
    """What free values are divided by to make the discrepancy equally curved in all of them, shape (q,)."""
    by = np.ones(len(theta))
    _, state = discrepancy.evaluate(theta)
    if state is not None:
        curved = np.diag(discrepancy.derivatives(state, exact=False)[1])
        position = discrepancy.structure.layout.position
        cells = np.unique(position[position >= 0])
        steep = cells[curved[cells] > 0]
        by[steep] = curved[steep] ** -0.5
    return by

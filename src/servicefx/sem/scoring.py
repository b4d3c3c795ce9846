"""Damped Fisher scoring to the minimum of the likelihood discrepancy."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import ConvergenceError, IdentificationError, Problem
from servicefx.sem.implied import (
    Implied,
    discrepancy,
    discrepancy_gradient,
    expected_information,
    implied,
)
from servicefx.sem.model import SemModel

__all__ = ["all_values", "plain_start", "scored_to_minimum"]

Floats = NDArray[np.float64]
_GRADIENT = 1e-9
"""Largest gradient of F / 2 per standard deviation at which the minimum counts as reached."""
_ROUNDING = 1e-7
"""The same where no smaller step lowers F in double precision."""
_MAX_STEPS = 1000
_FIRST_DAMPING, _LARGEST_DAMPING = 1e-3, 1e10
_DEFICIENT = 1e-10
"""Smallest eigenvalue of the unit-diagonal information below which parameters cannot be told apart."""


def all_values(model: SemModel, free: Floats) -> Floats:
    """Values of all cells, shape (c,), from those of the free ones, shape (q,)."""
    values = np.array([np.nan if cell.fixed is None else cell.fixed for cell in model.cells])
    values[np.isnan(values)] = free
    return values


def plain_start(model: SemModel, sample: Floats) -> Floats:
    """Start values that need no data beyond signs: half of every variance, loadings of 1, the rest 0.

    Parameters
    ----------
    model : SemModel
        In the metric of ``sample``, q free cells.
    sample : ndarray, shape (p, p)
        Correlations of the items.

    Returns
    -------
    ndarray, shape (q,)
    """
    first: dict[str, int] = {}
    for cell in model.cells:
        if cell.op == "=~":
            first.setdefault(cell.lhs, cell.row)
    p = len(model.items)
    values = []
    for cell in model.free:
        marker = first.get(cell.lhs, p)
        if cell.op == "=~":
            both_items = max(marker, cell.row) < p
            values.append(float(np.sign(sample[marker, cell.row])) if both_items else 1.0)
        else:
            values.append(0.5 if cell.op == "~~" and cell.row == cell.column else 0.0)
    return np.array(values)


def scored_to_minimum(
    model: SemModel, starts: Iterable[Floats], sample: Floats, name: str
) -> tuple[Floats, Implied]:
    """Free cells at which the discrepancy is smallest, variances unbounded.

    Parameters
    ----------
    model : SemModel
        In the metric of ``sample``, q free cells.
    starts : iterable of ndarray, shape (q,)
        Tried in order, until the minimum is reached from one.
    sample : ndarray, shape (p, p)
        Correlations, positive definite.
    name : str
        What is fitted, for messages.

    Returns
    -------
    ndarray, shape (q,)
        At a gradient of at most 1e-9 (1e-7 where double precision allows no smaller step).
    Implied
        The matrices there.

    Raises
    ------
    IdentificationError
        If the information is rank-deficient at the minimum.
    ConvergenceError
        If the gradient vanishes from no start.

    Notes
    -----
    Steps solve (I + m diag I) d = -g with the expected information I; the damping m is raised where F does
    not fall and lowered where it does (Levenberg-Marquardt), so that a start at which parameters cannot be
    told apart does no harm.
    """
    left = np.inf
    for start in starts:
        free, at, largest, reached = _descended(model, start, sample)
        if reached:
            _check_identified(model, expected_information(model, at), name)
            return free, at
        left = min(left, largest)
    found = f"the gradient stays at {left:.2g}, 1e-9 expected: no minimum was reached"
    remedy = "Simplify the model, look for items that do not belong, or add rows."
    raise ConvergenceError(Problem(name, found, remedy))


def _descended(model: SemModel, start: Floats, sample: Floats) -> tuple[Floats, Implied, float, bool]:
    """Where damped scoring ends, the matrices there, the largest gradient, and whether it is the minimum.

    A gradient that creeps towards 0 while values run away is not taken for a minimum.
    """
    free = np.array(start, dtype=np.float64)
    at = implied(model, all_values(model, free))
    value = discrepancy(sample, at.sigma)
    if not np.isfinite(value):
        return free, at, np.inf, False
    gradient = discrepancy_gradient(model, at, sample)
    damping = 0.0
    for _ in range(_MAX_STEPS):
        largest = float(np.abs(gradient).max(initial=0.0))
        if largest <= _GRADIENT:
            return free, at, largest, True
        information = expected_information(model, at)
        diagonal = np.diag(np.diag(information) + 1e-12)
        while damping <= _LARGEST_DAMPING:
            step = _step(information + damping * diagonal, gradient)
            tried = free + step
            tried_at = implied(model, all_values(model, tried))
            tried_value = discrepancy(sample, tried_at.sigma)
            if np.isfinite(tried_value):
                tried_gradient = discrepancy_gradient(model, tried_at, sample)
                rounding = abs(tried_value - value) <= 1e-13 * len(sample)
                if tried_value < value or (rounding and np.abs(tried_gradient).max() < largest):
                    break
            damping = max(10 * damping, _FIRST_DAMPING)
        else:
            return free, at, largest, largest <= _ROUNDING
        free, at, value, gradient = tried, tried_at, tried_value, tried_gradient
        damping = damping / 10 if damping > 1e-6 else 0.0
    return free, at, float(np.abs(gradient).max(initial=0.0)), False


def _step(information: Floats, gradient: Floats) -> Floats:
    """The scoring step; NaN where the information is singular."""
    try:
        return np.asarray(-np.linalg.solve(information, gradient), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full(len(gradient), np.nan)


def _check_identified(model: SemModel, information: Floats, name: str) -> None:
    """Refuse an information matrix that cannot tell free cells apart, naming them."""
    size = np.sqrt(np.diag(information))
    if (size > 0).all():
        values, vectors = np.linalg.eigh(information / np.outer(size, size))
        if values.size == 0 or values[0] > _DEFICIENT:
            return
        heavy = np.flatnonzero(np.abs(vectors[:, 0]) > 0.2)
    else:
        heavy = np.flatnonzero(~(size > 0))
    listed = ", ".join(f"'{model.free[int(at)].text}'" for at in heavy[:6])
    raise IdentificationError(
        Problem(
            name,
            f"the data cannot tell these parameters apart: {listed}",
            "Fix one of them, remove a path, or add an item to its construct.",
        )
    )

"""Fisher scoring to the minimum of the likelihood discrepancy, from a start close by."""

from __future__ import annotations

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

__all__ = ["all_values", "check_identified", "scored_to_minimum"]

Floats = NDArray[np.float64]
_GRADIENT = 1e-9
"""Largest gradient of F / 2 per standard deviation at which the minimum counts as reached."""
_ROUNDING = 1e-7
"""The same where no smaller step lowers F in double precision."""
_MAX_STEPS = 500
_HALVINGS = 40
_DEFICIENT = 1e-10
"""Smallest eigenvalue of the unit-diagonal information below which parameters cannot be told apart."""


def all_values(model: SemModel, free: Floats) -> Floats:
    """Values of all cells, shape (c,), from those of the free ones, shape (q,)."""
    values = np.array([np.nan if cell.fixed is None else cell.fixed for cell in model.cells])
    values[np.isnan(values)] = free
    return values


def scored_to_minimum(model: SemModel, start: Floats, sample: Floats, name: str) -> tuple[Floats, Implied]:
    """Free cells at which the discrepancy is smallest, variances unbounded.

    Parameters
    ----------
    model : SemModel
        In the metric of ``sample``, q free cells.
    start : ndarray, shape (q,)
        Near the minimum; an implied covariance matrix that is positive definite.
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
        If the information is rank-deficient on the way or at the end.
    ConvergenceError
        If the gradient does not vanish.
    """
    free = np.array(start, dtype=np.float64)
    at = implied(model, all_values(model, free))
    value = discrepancy(sample, at.sigma)
    if not np.isfinite(value):
        raise ConvergenceError(_unreached(name, "the start has no positive definite implied covariances"))
    for _ in range(_MAX_STEPS):
        gradient = discrepancy_gradient(model, at, sample)
        information = expected_information(model, at)
        check_identified(model, information, name)
        largest = float(np.abs(gradient).max())
        if largest <= _GRADIENT:
            return free, at
        step = -np.linalg.solve(information, gradient)
        for halving in range(_HALVINGS):
            tried = free + step * 0.5**halving
            tried_at = implied(model, all_values(model, tried))
            tried_value = discrepancy(sample, tried_at.sigma)
            if tried_value < value or (
                halving == 0 and _is_rounding(model, tried_at, sample, largest, value, tried_value)
            ):
                break
        else:
            if largest <= _ROUNDING:
                return free, at
            break
        free, at, value = tried, tried_at, tried_value
    cell = model.free[int(np.abs(discrepancy_gradient(model, at, sample)).argmax())]
    raise ConvergenceError(
        _unreached(name, f"the gradient stays at {largest:.2g}, largest for '{cell.text}', 1e-9 expected")
    )


def _is_rounding(
    model: SemModel, tried: Implied, sample: Floats, largest: float, value: float, tried_value: float
) -> bool:
    """Whether a full step lowers the gradient while F cannot show it any more."""
    if not np.isfinite(tried_value) or abs(tried_value - value) > 1e-13 * max(1.0, len(sample)):
        return False
    return float(np.abs(discrepancy_gradient(model, tried, sample)).max()) < largest


def check_identified(model: SemModel, information: Floats, name: str) -> None:
    """Refuse an information matrix that cannot tell free cells apart, naming them.

    Parameters
    ----------
    model : SemModel
        With q free cells.
    information : ndarray, shape (q, q)
        Expected information of one row.
    name : str
        What is fitted.

    Raises
    ------
    IdentificationError
        If it is rank-deficient.
    """
    size = np.sqrt(np.diag(information))
    if (size > 0).all():
        values, vectors = np.linalg.eigh(information / np.outer(size, size))
        if values[0] > _DEFICIENT:
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


def _unreached(name: str, found: str) -> Problem:
    return Problem(name, found, "Simplify the model, or look for items that do not belong.")

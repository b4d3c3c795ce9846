"""The minimum of a discrepancy: damped scoring, exact Newton close in, equality constraints by projection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from servicefx.sem.structure.constraints import directions_along

__all__ = ["Discrepancy", "Minimum", "minimised", "solved"]

Floats = NDArray[np.float64]
StateT = TypeVar("StateT")

GRADIENT = 1e-9
"""Largest slope of F / 2, per unit-scaled free value, at which a minimum is accepted."""
_NEAR = 1e-2
_ROUNDED = 1e-5
_NOTHING = 1e-17
_STALLED = 1e-6
_MOST = 300
_WATCHED, _CRAWLING, _DRIFTING = 40, 1e-6, 1e-3
"""Steps over which F must sink by at least this much, while slopes are above the last."""
_CURVED = 1e-5
"""Step of the difference quotients that give the constraints' own curvature."""


class Discrepancy(Protocol[StateT]):
    """A function F of the free values, as `minimised` needs it."""

    def evaluate(self, theta: Floats) -> tuple[float, StateT | None]:
        """F at free values, and what its derivatives need; ``(inf, None)`` where F does not exist."""

    def derivatives(self, state: StateT, *, exact: bool) -> tuple[Floats, Floats]:
        """Gradient (q,) and Hessian (q, q) of F / 2; the Hessian's expectation where not ``exact``."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Minimum:
    """Where the search ended.

    Attributes
    ----------
    theta : ndarray, shape (q,)
        Free values.
    value : float
        F there.
    slope : float
        Largest element of the (projected) gradient of F / 2, or of the constraints' violation; 0 where
        rounding keeps it from falling, and F with it.
    n_iterations : int
        Steps taken.
    multipliers : ndarray, shape (m,)
        Of the m constraints; empty where there are none.
    hessian : ndarray, shape (q, q), or None
        Exact Hessian of F / 2 at the end, where the search has just worked it out.
    """

    theta: Floats
    value: float
    slope: float
    n_iterations: int
    multipliers: Floats
    hessian: Floats | None = None

    @property
    def converged(self) -> bool:
        """Whether the slope is as small as rounding allows."""
        return self.slope < GRADIENT


Constraint = Callable[[Floats], tuple[Floats, Floats]]
"""Free values (q,) -> violations (m,) and their Jacobian (m, q)."""


def minimised(
    discrepancy: Discrepancy[StateT],
    start: Floats,
    constraint: Constraint | None = None,
    *,
    most: int = _MOST,
    tolerance: float = GRADIENT,
) -> Minimum:
    """Minimise a discrepancy.

    Steps are Newton's with the expected Hessian, and with the exact one close to the minimum; a step that
    does not lower F is halved, and where halving crawls the Hessian's diagonal is raised
    (Levenberg-Marquardt). Constraints are met by sequential quadratic programming: a step restores them, the
    rest of it moves along them (Nocedal & Wright 2006, Numerical Optimization, ch. 18).

    Parameters
    ----------
    discrepancy : Discrepancy
        Of q free values, unit-scaled.
    start : ndarray, shape (q,)
        F must exist there.
    constraint : callable, optional
        Equalities to be met.
    most : int
        Steps at most.
    tolerance : float
        Slope to reach.

    Returns
    -------
    Minimum
        To be asked whether it `converged`; where F does not exist at the start, its slope is ``inf``.
    """
    theta = np.array(start, dtype=np.float64)
    value, state = discrepancy.evaluate(theta)
    damping, slope, penalty = 0.0, np.inf, 0.0
    before = value
    multipliers: Floats = np.zeros(0, dtype=np.float64)
    known: Floats | None = None
    for step_number in range(most):
        if state is None:
            return Minimum(
                theta=theta, value=value, slope=np.inf, n_iterations=step_number, multipliers=multipliers
            )
        exact = slope < _NEAR and damping == 0.0
        gradient, hessian = discrepancy.derivatives(state, exact=exact)
        off, jacobian = (np.zeros(0), np.zeros((0, len(theta)))) if constraint is None else constraint(theta)
        basis = directions_along(jacobian) if len(jacobian) else None
        along = gradient if basis is None else basis.T @ gradient
        slope = float(max(np.abs(along).max(initial=0.0), np.abs(off).max(initial=0.0)))
        if len(jacobian):
            multipliers = np.asarray(np.linalg.lstsq(jacobian.T, -gradient, rcond=None)[0], dtype=np.float64)
        if slope < tolerance:
            known = hessian if exact else None
            break
        if exact and constraint is not None:
            hessian = hessian + _curvature(constraint, theta, multipliers)
        step = _step(hessian, gradient, off, jacobian, basis, damping)
        if step is None and exact:
            hessian = discrepancy.derivatives(state, exact=False)[1]
            step = _step(hessian, gradient, off, jacobian, basis, damping)
        if step is None:
            damping = max(10 * damping, 1e-4)
            if damping > 1e8:
                break
            continue
        penalty = max(penalty, 4.0 * float(np.abs(multipliers).max(initial=0.0)) + 1.0) if len(off) else 0.0
        merit = value + penalty * float(np.abs(off).sum())
        descent = 2.0 * float(gradient @ step) - penalty * float(np.abs(off).sum())
        length = 1.0
        while True:
            trial = theta + length * step
            new_value, new_state = discrepancy.evaluate(trial)
            new_merit = new_value
            if constraint is not None and new_state is not None:
                new_merit = new_value + penalty * float(np.abs(constraint(trial)[0]).sum())
            if new_merit <= merit + 1e-4 * length * min(descent, 0.0) + 1e-13 * max(abs(merit), 1.0):
                break
            length /= 2.0
            if length < 1e-3:
                break
        if length < 1e-3:
            if slope < _STALLED and damping > 1.0:
                break
            damping = max(10 * damping, 1e-3)
            if damping > 1e8:
                break
            continue
        damping = 0.0 if damping < 1e-5 else damping / 10
        theta, value, state = trial, new_value, new_state
        if constraint is None and step_number % _WATCHED == _WATCHED - 1:
            if slope > _DRIFTING and before - value < _CRAWLING:
                break  # F only sinks towards infinite values: there is no minimum this way
            before = value
    if tolerance <= slope < _ROUNDED and constraint is None and _is_exhausted(discrepancy, theta):
        slope = 0.0
    return Minimum(
        theta=theta,
        value=value,
        slope=slope,
        n_iterations=step_number,
        multipliers=multipliers,
        hessian=known,
    )


def _is_exhausted(discrepancy: Discrepancy[StateT], theta: Floats) -> bool:
    """Whether Newton's step would lower F / 2 by less than rounding: slopes of near copies stay above 0."""
    _, state = discrepancy.evaluate(theta)
    if state is None:
        return False
    gradient, hessian = discrepancy.derivatives(state, exact=True)
    step = solved(hessian, -gradient)
    return step is not None and float(-gradient @ step) < _NOTHING


def _curvature(constraint: Constraint, theta: Floats, multipliers: Floats) -> Floats:
    """The constraints' part of the Lagrangian's Hessian, shape (q, q); exactly 0 for linear ones."""
    curvature = np.zeros((len(theta), len(theta)))
    for at in np.flatnonzero(np.abs(constraint(theta)[1]).any(axis=0)):
        step = np.zeros(len(theta))
        step[at] = _CURVED * max(abs(theta[at]), 1.0)
        change = constraint(theta + step)[1] - constraint(theta - step)[1]
        curvature[at] = multipliers @ change / (2.0 * step[at])
    return np.asarray((curvature + curvature.T) / 2.0, dtype=np.float64)


def _step(
    hessian: Floats, gradient: Floats, off: Floats, jacobian: Floats, basis: Floats | None, damping: float
) -> Floats | None:
    """Newton's step, kept along the constraints; None where the Hessian is not positive definite."""
    if damping:
        hessian = hessian + damping * np.diag(np.diag(hessian).clip(min=1e-8))
    if basis is None:
        return solved(hessian, -gradient)
    restore = -np.linalg.pinv(jacobian) @ off
    along = solved(basis.T @ hessian @ basis, -basis.T @ (gradient + hessian @ restore))
    return None if along is None else restore + basis @ along


def solved(matrix: Floats, right: Floats) -> Floats | None:
    """Solve a symmetric positive-definite system; None where it is not one."""
    try:
        factor = scipy.linalg.cho_factor(matrix, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    solution = np.asarray(scipy.linalg.cho_solve(factor, right, check_finite=False), dtype=np.float64)
    return solution if np.isfinite(solution).all() else None

"""The last stretch to the minimum of a likelihood of rows with gaps, where second derivatives are dear."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from servicefx.sem.estimators.gaps.gap_likelihood import MissingLikelihood, MissingState
from servicefx.sem.estimators.minimum import GRADIENT, Minimum

__all__ = ["polished"]

Floats = NDArray[np.float64]
_MOST = 40
_SHORTEST = 1e-3


def polished(likelihood: MissingLikelihood, start: Floats) -> Minimum:
    """The minimum near a start, by quasi-Newton steps from the exact Hessian there.

    Parameters
    ----------
    likelihood : MissingLikelihood
        Without constraints.
    start : ndarray, shape (q,)
        Close by: where the complete-data likelihood of the saturated moments is highest.

    Returns
    -------
    Minimum
        To be asked whether it `converged`; its theta is the best point met.

    References
    ----------
    Nocedal & Wright (2006), Numerical Optimization, algorithm 7.4.
    """
    theta = start
    value, state = likelihood.evaluate(theta)
    none = np.zeros(0)
    if state is None:
        return Minimum(theta=start, value=np.inf, slope=np.inf, n_iterations=0, multipliers=none)
    gradient, factor = _first(likelihood, state)
    changes: list[tuple[Floats, Floats]] = []
    slope, step_number = np.inf, 0
    for step_number in range(_MOST):
        slope = float(np.abs(gradient).max(initial=0.0))
        if slope < GRADIENT or factor is None:
            break
        step = -_inverse_times(factor, changes, gradient)
        length, descent = 1.0, 2.0 * float(gradient @ step)
        while True:
            new_value, new_state = likelihood.evaluate(theta + length * step)
            if new_value <= value + 1e-4 * length * min(descent, 0.0) + 1e-13 * max(abs(value), 1.0):
                break
            length /= 2.0
            if length < _SHORTEST:
                return Minimum(
                    theta=theta, value=value, slope=slope, n_iterations=step_number, multipliers=none
                )
        if new_state is None:
            break
        new_gradient = likelihood.gradient(new_state)
        if (new_gradient - gradient) @ step > 0:
            changes.append((length * step, new_gradient - gradient))
        theta, value, gradient = theta + length * step, new_value, new_gradient
    return Minimum(theta=theta, value=value, slope=slope, n_iterations=step_number, multipliers=none)


def _first(likelihood: MissingLikelihood, state: MissingState) -> tuple[Floats, Floats | None]:
    """Gradient, and the Cholesky root of the exact Hessian or, where that has none, of its expectation."""
    for exact in (True, False):
        gradient, hessian = likelihood.derivatives(state, exact=exact)
        try:
            return gradient, np.asarray(np.linalg.cholesky(hessian), dtype=np.float64)
        except np.linalg.LinAlgError:
            continue
    return gradient, None


def _inverse_times(root: Floats, changes: list[tuple[Floats, Floats]], vector: Floats) -> Floats:
    """The inverse of the updated Hessian times a vector, by the two-loop recursion."""
    result = vector.copy()
    weights = []
    for step, change in reversed(changes):
        weight = float(step @ result) / float(step @ change)
        weights.append(weight)
        result -= weight * change
    result = scipy.linalg.cho_solve((root, True), result, check_finite=False)
    for (step, change), weight in zip(changes, reversed(weights), strict=True):
        result += (weight - float(change @ result) / float(step @ change)) * step
    return np.asarray(result, dtype=np.float64)

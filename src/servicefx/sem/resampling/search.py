"""Refits of many resamples at once: quasi-Newton steps from the full sample's solution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.resampling.target import Form, Resampled

__all__ = ["refitted"]

Floats = NDArray[np.float64]
GRADIENT = 1e-7
"""Largest slope of F / 2, per unit-scaled free value, before the last step."""
_MOST = 200
_MEMORY = 20
_LONGEST = 0.25
"""Most that a step may change a unit-scaled value: far from the start, curvature is guessed."""
_FAR = 1e6
"""Values beyond this lead nowhere."""
_COMPACT = 0.75
"""Resamples that are done are put aside once fewer than this share are not."""


def refitted(
    form: Form, target: Resampled, start: Floats, inverse: Floats, basis: Floats | None
) -> tuple[Floats, NDArray[np.bool_]]:
    r"""Minimise the likelihood's discrepancy for b resamples.

    Parameters
    ----------
    form : Form
        Works out the slopes.
    target : Resampled
        Moments of the resamples.
    start : ndarray, shape (q,)
        The full sample's free values, unit-scaled.
    inverse : ndarray, shape (q, q)
        Inverse information of one row at the start, along the (linear) constraints.
    basis : ndarray, shape (q, r), or None
        Directions along the constraints.

    Returns
    -------
    theta : ndarray, shape (b, q)
        Free values.
    done : ndarray of bool, shape (b,)
        Where the slope came below 1e-7; a last step was made from there.

    Notes
    -----
    Limited-memory BFGS with unit steps (Nocedal 1980, Math. Comput. 35, 773-782), the full sample's inverse
    information in the place of a scaled unit matrix. Whatever does not arrive is left to a slower search.
    """
    theta = np.repeat(start[None], len(target.cov), axis=0)
    done = np.zeros(len(theta), dtype=np.bool_)
    active = np.arange(len(theta))
    x, gradient = theta, form.gradient(theta, target)
    memory: list[tuple[Floats, Floats, Floats]] = []
    for _ in range(_MOST):
        slope = np.abs(gradient if basis is None else gradient @ basis).max(axis=1)
        live = ~(slope <= GRADIENT)
        step = _direction(gradient, memory, inverse)
        step *= np.minimum(1.0, _LONGEST / np.abs(step).max(axis=1, initial=1e-300))[:, None]
        following = x - step
        done[active] |= ~live
        sane = np.abs(following).max(axis=1) < _FAR
        live &= sane
        following[~sane] = start
        left = int(live.sum())
        if left < _COMPACT * len(active):
            theta[active] = following
            if not left:
                return theta, done
            active, target = active[live], target.at(live)
            x, gradient, step, following = x[live], gradient[live], step[live], following[live]
            memory = [(s[live], y[live], r[live]) for s, y, r in memory]
        new = form.gradient(following, target)
        change = new - gradient
        curvature = -np.einsum("bq,bq->b", step, change)
        sound = curvature > 1e-14
        memory.append((-step, change, np.where(sound, 1.0 / np.where(sound, curvature, 1.0), 0.0)))
        del memory[:-_MEMORY]
        x, gradient = following, new
    theta[active] = x
    slope = np.abs(gradient if basis is None else gradient @ basis).max(axis=1)
    done[active] = slope <= GRADIENT
    return theta, done


def _direction(gradient: Floats, memory: list[tuple[Floats, Floats, Floats]], inverse: Floats) -> Floats:
    """The approximate inverse Hessian times the gradient, (b, q), by the two-loop recursion."""
    rest = gradient.copy() if memory else gradient
    shares = []
    for s, y, r in reversed(memory):
        share = r * np.einsum("bq,bq->b", s, rest)
        shares.append(share)
        rest -= share[:, None] * y
    step = rest @ inverse
    for (s, y, r), share in zip(memory, reversed(shares), strict=True):
        step += (share - r * np.einsum("bq,bq->b", y, step))[:, None] * s
    return np.asarray(step, dtype=np.float64)

"""Slopes, curvatures, stationary point and principal axes of a second-order surface."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from servicefx.models.gap.draws import wald_statistic
from servicefx.values.estimates import critical_value

__all__ = ["AXES", "SLOPES", "axes", "axes_gradient", "slopes", "unclear"]

Floats = NDArray[np.float64]
Numbers = NDArray[Any]  # float, or complex while differentiating

SLOPES = ("a1", "a2", "a3", "a4", "a5")
"""Weights of b1..b5 in them are the rows of `slopes`."""

AXES = ("x0", "y0", "p10", "p11", "p20", "p21", "shift")

_STEP = 1e-30
_MANY = 1e9
_NO_POINT = "the surface may have no stationary point: 4 b3 b5 - b4² may be 0"
_NO_AXES = "the surface may curve alike in all directions, so that any direction could be an axis"
_UPRIGHT = "the axis may run upright, with no finite slope: b4 may be 0"
_FLAT_ACROSS = "the surface may not curve across this axis, so that it could lie anywhere"
_OPPOSITE = "the first axis may run along the line of disagreement, so that they never cross"


def slopes() -> Floats:
    """Weights of the coefficients ``b1 .. b5`` in ``a1 .. a5``, shape (5, 5).

    Of ``Z = b0 + b1 X + b2 Y + b3 X² + b4 XY + b5 Y²``: slope and curvature at X = Y = 0 along the line of
    agreement Y = X (a1 = b1 + b2, a2 = b3 + b4 + b5) and along the line of disagreement Y = -X (a3 = b1 - b2,
    a4 = b3 - b4 + b5), and a5 = b3 - b5.

    References
    ----------
    Shanock et al. (2010), J. Business and Psychology 25, 543-554.
    """
    return np.array(
        [
            [1.0, 1.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 1.0, 1.0],
            [1.0, -1.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, -1.0, 1.0],
            [0.0, 0.0, 1.0, 0.0, -1.0],
        ]
    )


def axes(b: Numbers) -> Numbers:
    """Stationary point and principal axes of surfaces.

    Parameters
    ----------
    b : ndarray, shape (..., 5)
        Coefficients ``b1 .. b5``.

    Returns
    -------
    ndarray, shape (..., 7)
        In the order of `AXES`: the stationary point (x0, y0); of the first principal axis (the one of the
        greatest upward or least downward curvature) intercept p10 and slope p11, of the second p20 and p21,
        lines Y = p0 + p1 X; and where the first crosses the line of disagreement, -p10 / (1 + p11), which is
        the lateral shift along X. Infinite or NaN where there is none.

    Notes
    -----
    Edwards & Parry (1993), appendix. With eigenvalues l1 >= l2 of the matrix of the quadratic form, p10 is
    -(b2 - p11 b1) / (2 l2), which also exists on a ridge, where the stationary point does not.
    """
    return _parts(b)[0]


def _parts(b: Numbers) -> tuple[Numbers, Numbers]:
    """The seven numbers, and what they divide by: determinant, slopes of both axes, l1, l2, 1 + p11."""
    b1, b2, b3, b4, b5 = np.moveaxis(b, -1, 0)
    determinant = 4 * b3 * b5 - b4**2
    along = b3 - b5
    root = np.sqrt(along**2 + b4**2)
    lying = along.real > 0
    with np.errstate(all="ignore"):
        first = np.where(lying, b4 / (along + root), (root - along) / b4)
        second = np.where(lying, -(along + root) / b4, -b4 / (root - along))
        largest, smallest = (b3 + b5 + root) / 2, (b3 + b5 - root) / 2
        across_first = -(b2 - first * b1) / (2 * smallest)
        across_second = -(b2 - second * b1) / (2 * largest)
        found = [
            (b2 * b4 - 2 * b1 * b5) / determinant,
            (b1 * b4 - 2 * b2 * b3) / determinant,
            across_first,
            first,
            across_second,
            second,
            -across_first / (1 + first),
        ]
    divisors = [determinant, np.where(lying, root, b4), np.where(lying, b4, root)]
    divisors += [largest, smallest, 1 + first]
    return np.stack(found, axis=-1), np.stack(divisors, axis=-1)


def _gradient(b: Floats, part: int) -> Floats:
    """Derivatives of `_parts` by a step along the imaginary axis, exact to rounding: a row a number."""
    steps = b + 1j * _STEP * np.eye(5)
    return np.asarray(_parts(steps)[part].imag.T / _STEP, dtype=np.float64)


def axes_gradient(b: Floats) -> Floats:
    """Derivatives of `axes` by the coefficients, shape (7, 5), for the delta method."""
    return _gradient(b, 0)


def unclear(b: Floats, covariance: Floats, df: float, level: float) -> dict[str, str]:
    """Which of `AXES` have no finite interval, because what they divide by may be 0, and why.

    Parameters
    ----------
    b : ndarray, shape (5,)
    covariance : ndarray, shape (5, 5)
    df, level : float
        Of the intervals.

    Returns
    -------
    dict of str to str
        Name -> reason; the others have an interval.
    """
    divisors = _parts(b)[1]
    gradient = _gradient(b, 1)
    errors = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", gradient, covariance, gradient), 0.0))
    determinant, first, second, largest, smallest, across = (
        ~(np.abs(divisors) > critical_value(level, df) * errors)
    ).tolist()
    alike = _alike(b, covariance, df, level)
    upright = [(alike, _NO_AXES), (first, _UPRIGHT)]
    checks = {
        "x0": [(determinant, _NO_POINT)],
        "y0": [(determinant, _NO_POINT)],
        "p11": upright,
        "p10": [*upright, (smallest, _FLAT_ACROSS)],
        "p21": [(alike, _NO_AXES), (second, _UPRIGHT)],
        "p20": [(alike, _NO_AXES), (second, _UPRIGHT), (largest, _FLAT_ACROSS)],
        "shift": [*upright, (smallest, _FLAT_ACROSS), (across, _OPPOSITE)],
    }
    reasons = {name: [why for bad, why in found if bad] for name, found in checks.items()}
    return {name: found[0] for name, found in reasons.items() if found}


def _alike(b: Floats, covariance: Floats, df: float, level: float) -> bool:
    """Whether the surface may curve alike in all directions (b3 = b5, b4 = 0): then it has no axes."""
    contrast = np.array([[0.0, 0.0, 1.0, 0.0, -1.0], [0.0, 0.0, 0.0, 1.0, 0.0]])
    apart = contrast @ b
    spread = contrast @ covariance @ contrast.T
    wald = wald_statistic(apart, spread)
    return not wald > float(fdtri(2, df if np.isfinite(df) else _MANY, level))

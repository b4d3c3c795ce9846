"""Rotation of factor loadings by gradient projection from several starts, in one stable order and sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import ConvergenceError, DataError, Problem

__all__ = ["ROTATIONS", "Rotated", "RotationKind", "arranged", "rotate"]

Floats = NDArray[np.float64]
Criterion = Callable[[Floats], tuple[Floats, Floats]]
RotationKind = Literal["none", "varimax", "quartimin", "oblimin", "promax"]
ROTATIONS: tuple[RotationKind, ...] = get_args(RotationKind)
_STILL = 1e-7
"""Norm of the projected gradient at which a rotation has arrived."""
_STEPS = 3000
_SAME = 1e-6
"""Minima of the criterion closer than this are one."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rotated:
    """Rotated loadings.

    Attributes
    ----------
    loadings : ndarray, shape (p, m)
        Pattern: regression of standardised items on the factors.
    phi : ndarray, shape (m, m)
        Correlations of the factors; the identity after an orthogonal rotation.
    criterion : float
        The minimum reached; NaN where there is nothing to minimise (no rotation, one factor).
    starts : int
        Starting rotations.
    n_at_minimum : int
        Starts that ended at this minimum.
    n_other_minima : int
        Starts that ended at a worse one.
    """

    loadings: Floats
    phi: Floats
    criterion: float
    starts: int
    n_at_minimum: int
    n_other_minima: int

    def __post_init__(self) -> None:
        self.loadings.setflags(write=False)
        self.phi.setflags(write=False)


def rotate(
    loadings: NDArray[np.float64],
    rotation: RotationKind = "oblimin",
    *,
    kaiser: bool = True,
    gamma: float = 0.0,
    power: float = 4.0,
    starts: int = 30,
    seed: int = 0,
) -> Rotated:
    r"""Turn factors until few loadings are large.

    Parameters
    ----------
    loadings : ndarray, shape (p, m)
        Unrotated, of standardised items on uncorrelated factors; p > m.
    rotation : {"none", "varimax", "quartimin", "oblimin", "promax"}
        ``varimax`` keeps factors uncorrelated; the others let them correlate.
    kaiser : bool
        Give every item the same say by dividing its loadings by the root of its communality while rotating,
        as SPSS does (R's GPArotation does not by default). Within promax it concerns the varimax stage, as in
        R's ``promax``.
    gamma : float
        Of oblimin, at most 0; 0 is quartimin.
    power : float
        Of promax, above 1; R's and SPSS's default is 4.
    starts : int
        Rotations to start from: the unrotated factors and random ones. The best end is taken.
    seed : int
        Of the random starts.

    Returns
    -------
    Rotated
        Factors by falling sum of squares (diagonal of Φ Λ'Λ), each turned so that its loadings sum to more
        than zero.

    Raises
    ------
    ConvergenceError
        If the best start does not arrive.

    Notes
    -----
    The criterion of oblimin is :math:`\tfrac14 \langle \Lambda^2, (I - \gamma J/p) \Lambda^2 N \rangle`, N
    ones off the diagonal; that of varimax minus a quarter of the columns' variance of squared loadings.
    Promax regresses the target :math:`\Lambda |\Lambda|^{power-1}` on the varimax loadings and scales the
    factors to variance 1.

    References
    ----------
    Jennrich (2001), Psychometrika 66, 289-306; (2002), Psychometrika 67, 7-19; Bernaards & Jennrich (2005),
    Educ. Psychol. Meas. 65, 676-696 (gradient projection, criteria); Hendrickson & White (1964), Br. J.
    Stat. Psychol. 17, 65-70 (promax); Kaiser (1958), Psychometrika 23, 187-200.

    Examples
    --------
    >>> simple = np.array([[0.8, 0], [0.7, 0], [0, 0.9], [0, 0.6]])
    >>> turned = simple @ np.array([[0.8, 0.6], [-0.6, 0.8]])
    >>> np.abs(rotate(turned, "varimax").loadings).round(3).tolist()
    [[0.0, 0.8], [0.0, 0.7], [0.9, 0.0], [0.6, 0.0]]
    """
    A = np.array(loadings, dtype=np.float64)
    p, m = A.shape
    if rotation not in ROTATIONS:
        raise ValueError(f"rotation '{rotation}' is not one of {', '.join(ROTATIONS)}")
    if starts < 1 or power <= 1 or gamma > 0:
        raise ValueError(f"starts {starts} >= 1, power {power} > 1 and gamma {gamma} <= 0 expected")
    if m >= p or not np.isfinite(A).all():
        found = f"{m} factors of {p} items, finite loadings of fewer factors than items expected"
        raise DataError(Problem("rotation", found, "Take fewer factors."))
    if m == 1 or rotation == "none":
        pattern, phi = arranged(A, np.eye(m))
        return Rotated(
            loadings=pattern, phi=phi, criterion=float("nan"), starts=0, n_at_minimum=0, n_other_minima=0
        )
    scale = np.sqrt((A**2).sum(axis=1, keepdims=True)) if kaiser else np.ones((p, 1))
    scale[scale == 0] = 1.0
    orthogonal = rotation in ("varimax", "promax")
    criterion = _varimax if orthogonal else _oblimin(p, m, 0.0 if rotation == "quartimin" else gamma)
    turns = _starts(m, starts, seed)
    turn, values, arrived = _descend(A / scale, turns, criterion, orthogonal=orthogonal)
    best = int(np.argmin(values))
    if not arrived[best]:
        found = f"{rotation} did not arrive within {_STEPS} steps"
        raise ConvergenceError(Problem("rotation", found, "Take fewer factors, or another rotation."))
    T = turn[best]
    pattern = (A @ T if orthogonal else A @ np.linalg.inv(T).T).astype(np.float64)
    phi = np.eye(m) if orthogonal else T.T @ T
    if rotation == "promax":
        pattern, phi = _promax(pattern, power)
    pattern, phi = arranged(pattern, phi)
    same = np.abs(values - values[best]) <= _SAME
    return Rotated(
        loadings=pattern,
        phi=phi,
        criterion=float(values[best]),
        starts=starts,
        n_at_minimum=int(same.sum()),
        n_other_minima=int((~same & arrived).sum()),
    )


def arranged(pattern: Floats, phi: Floats) -> tuple[Floats, Floats]:
    """Factors by falling sum of squares, each with loadings that sum to more than zero.

    Parameters
    ----------
    pattern : ndarray, shape (p, m)
    phi : ndarray, shape (m, m)

    Returns
    -------
    tuple of ndarray
        The same factors in order, with their sign.
    """
    order = np.argsort(-np.diag(phi @ pattern.T @ pattern), kind="stable")
    total = pattern.sum(axis=0)
    largest = pattern[np.abs(pattern).argmax(axis=0), np.arange(pattern.shape[1])]
    sign = np.where(np.where(np.abs(total) > 1e-9, total, largest) < 0, -1.0, 1.0)[order]
    return pattern[:, order] * sign, phi[np.ix_(order, order)] * np.outer(sign, sign)


def _promax(orthogonal: Floats, power: float) -> tuple[Floats, Floats]:
    target = orthogonal * np.abs(orthogonal) ** (power - 1)
    turn = np.linalg.lstsq(orthogonal, target, rcond=None)[0]
    turn = turn * np.sqrt(np.diag(np.linalg.inv(turn.T @ turn)))
    return orthogonal @ turn, np.asarray(np.linalg.inv(turn.T @ turn), dtype=np.float64)


def _varimax(L: Floats) -> tuple[Floats, Floats]:
    """Criterion, shape (s,), and gradient, shape (s, p, m), of s sets of loadings."""
    squares = L**2
    spread = squares - squares.mean(axis=1, keepdims=True)
    return -(spread**2).sum(axis=(1, 2)) / 4, -L * spread


def _oblimin(p: int, m: int, gamma: float) -> Criterion:
    off = np.ones((m, m)) - np.eye(m)

    def criterion(L: Floats) -> tuple[Floats, Floats]:
        squares = L**2
        cross = squares @ off
        cross -= gamma / p * cross.sum(axis=1, keepdims=True)
        return (squares * cross).sum(axis=(1, 2)) / 4, L * cross

    return criterion


def _starts(m: int, starts: int, seed: int) -> Floats:
    """The identity and random orthogonal matrices, shape (s, m, m)."""
    rng = np.random.default_rng([seed, *b"rotation"])
    turns = np.linalg.qr(rng.standard_normal((starts, m, m)))[0]
    turns[0] = np.eye(m)
    return np.asarray(turns, dtype=np.float64)


def _descend(
    A: Floats, T: Floats, criterion: Criterion, *, orthogonal: bool
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Gradient projection from all starts at once.

    ``T`` has shape (s, m, m). Returned are the rotations, their criteria and whether each start arrived.
    """
    T = T.copy()
    value, slope = _value_and_slope(A, T, criterion, orthogonal)
    step = np.ones(len(T))
    arrived = np.zeros(len(T), dtype=np.bool_)
    on = np.arange(len(T))
    for _ in range(_STEPS):
        way = _projected(T[on], slope[on], orthogonal)
        length = np.sqrt((way**2).sum(axis=(1, 2)))
        arrived[on[length < _STILL]] = True
        moving = length >= _STILL
        on, way, length = on[moving], way[moving], length[moving]
        if not on.size:
            break
        step[on] *= 2
        waiting = np.ones(len(on), dtype=np.bool_)
        for _ in range(40):
            at = on[waiting]
            new = _onto(T[at] - step[at, None, None] * way[waiting], orthogonal)
            new_value, new_slope = _value_and_slope(A, new, criterion, orthogonal)
            fell = new_value < value[at] - 0.5 * length[waiting] ** 2 * step[at]
            won = at[fell]
            T[won], value[won], slope[won] = new[fell], new_value[fell], new_slope[fell]
            step[at[~fell]] /= 2
            waiting[np.flatnonzero(waiting)[fell]] = False
            if not waiting.any():
                break
        # no step falls any more: as far as double precision goes
        arrived[on[waiting]] = length[waiting] < 1e-5
        on = on[~waiting]
        if not on.size:
            break
    return T, value, arrived


def _value_and_slope(A: Floats, T: Floats, criterion: Criterion, orthogonal: bool) -> tuple[Floats, Floats]:
    """Criterion and its gradient in the rotation."""
    if orthogonal:
        value, gradient = criterion(A @ T)
        return value, A.T @ gradient
    inverse = np.linalg.inv(T)
    L = A @ inverse.transpose(0, 2, 1)
    value, gradient = criterion(L)
    return value, -(L.transpose(0, 2, 1) @ gradient @ inverse).transpose(0, 2, 1)


def _projected(T: Floats, slope: Floats, orthogonal: bool) -> Floats:
    """The gradient's part along the rotations allowed."""
    if orthogonal:
        product = T.transpose(0, 2, 1) @ slope
        return np.asarray(slope - T @ (product + product.transpose(0, 2, 1)) / 2, dtype=np.float64)
    return np.asarray(slope - T * (T * slope).sum(axis=1, keepdims=True), dtype=np.float64)


def _onto(X: Floats, orthogonal: bool) -> Floats:
    """The nearest rotation allowed: orthogonal, or with columns of length 1."""
    if orthogonal:
        left, _, right = np.linalg.svd(X)
        return np.asarray(left @ right, dtype=np.float64)
    return np.asarray(X / np.sqrt((X**2).sum(axis=1, keepdims=True)), dtype=np.float64)

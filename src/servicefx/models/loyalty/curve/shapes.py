"""Shapes a curve may have: a mean and its slopes in the parameters, for many samples at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = [
    "FIXED_ZONES",
    "FREE_ZONES",
    "STRAIGHT",
    "S_FREE",
    "S_SCALE",
    "WIDEST",
    "Shape",
    "basis_shape",
    "kinked_shape",
    "s_shape",
    "scale_shape",
]  # fmt: skip

Floats = NDArray[np.float64]
STRAIGHT = "straight line"
S_SCALE = "S-shaped between the scale's ends"
S_FREE = "S-shaped between ends of its own"
FIXED_ZONES = "three zones, given"
FREE_ZONES = "three zones, estimated"
NARROWEST, WIDEST = 0.01, 1.0
"""Width of the S as a share of the score's range; at the widest it is all but straight."""

MeanAndSlopes = Callable[[Floats, Floats], tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shape:
    """One form of a curve.

    Attributes
    ----------
    name : str
    mean : callable
        ``(theta (b, p), x (u,)) -> mean (b, u), slopes (b, u, p)``; of a curve with knots to be estimated
        x may be (b, u).
    low, high : ndarray, shape (p,)
        Bounds of the parameters; infinite where there are none.
    knots : tuple of int
        Places of the parameters that are knots, in rising order.
    gap : float
        How far apart knots stand at least.
    """

    name: str
    mean: MeanAndSlopes
    low: Floats
    high: Floats
    knots: tuple[int, ...] = ()
    gap: float = 0.0

    def holds(self, theta: Floats) -> NDArray[np.bool_]:
        """Whether knots stand apart, shape (b,)."""
        if not self.knots:
            return np.ones(len(theta), dtype=bool)
        first, second = self.knots
        return np.asarray(theta[:, second] - theta[:, first] >= self.gap)

    @property
    def n_parameters(self) -> int:
        """Numbers estimated for the mean."""
        return len(self.low)


def basis_shape(name: str, columns: Callable[[Floats], Floats], p: int, *, logit: bool) -> Shape:
    """A curve linear in its parameters, in points or in log odds."""

    def mean(theta: Floats, x: Floats) -> tuple[Floats, Floats]:
        basis = columns(x)
        return _linked(theta @ basis.T, np.broadcast_to(basis, (len(theta), *basis.shape)), logit)

    return Shape(name=name, mean=mean, low=np.full(p, -np.inf), high=np.full(p, np.inf))


def kinked_shape(ends: tuple[float, float], gap: float, centre: float, *, logit: bool) -> Shape:
    """Three straight pieces that meet at two knots, which are estimated: b0, b1, b2, b3, k1, k2."""

    def mean(theta: Floats, x: Floats) -> tuple[Floats, Floats]:
        places = np.atleast_2d(x)
        beyond = places[:, :, None] - theta[:, None, 4:]
        hinges = np.maximum(beyond, 0.0)
        ones = np.ones((len(theta), places.shape[1]))
        basis = np.stack([ones, ones * (places - centre), hinges[..., 0], hinges[..., 1]], axis=-1)
        value = np.einsum("bup,bp->bu", basis, theta[:, :4])
        turns = -theta[:, None, 2:4] * (beyond > 0)
        return _linked(value, np.concatenate([basis, turns], axis=-1), logit)

    low = np.r_[np.full(4, -np.inf), ends[0], ends[0]]
    high = np.r_[np.full(4, np.inf), ends[1], ends[1]]
    return Shape(name=FREE_ZONES, mean=mean, low=low, high=high, knots=(4, 5), gap=gap)


def s_shape(x: Floats, *, shares: bool) -> Shape:
    """Floor, ceiling, middle and log width of a logistic curve: four numbers of its own."""

    def mean(theta: Floats, x: Floats) -> tuple[Floats, Floats]:
        width = np.exp(theta[:, 3:4])
        inside = (x - theta[:, 2:3]) / width
        rise = expit(inside)
        climb = (theta[:, 1:2] - theta[:, 0:1]) * rise * (1 - rise)
        slopes = np.stack([1 - rise, rise, -climb / width, -climb * inside], axis=-1)
        return theta[:, 0:1] + (theta[:, 1:2] - theta[:, 0:1]) * rise, slopes

    span = float(np.ptp(x))
    ends = (0.0, 1.0) if shares else (-np.inf, np.inf)
    return Shape(
        name=S_FREE,
        mean=mean,
        low=np.array([ends[0], ends[0], x.min(), np.log(span * NARROWEST)]),
        high=np.array([ends[1], ends[1], x.max(), np.log(span * WIDEST)]),
    )


def scale_shape(bottom: float, top: float, centre: float) -> Shape:
    """A logistic curve from the lowest to the highest answer the scale has: log odds a + b (x - centre)."""

    def mean(theta: Floats, x: Floats) -> tuple[Floats, Floats]:
        rise = expit(theta[:, 0:1] + theta[:, 1:2] * (x - centre))
        climb = (top - bottom) * rise * (1 - rise)
        return bottom + (top - bottom) * rise, np.stack([climb, climb * (x - centre)], axis=-1)

    return Shape(name=S_SCALE, mean=mean, low=np.full(2, -np.inf), high=np.full(2, np.inf))


def _linked(value: Floats, slopes: Floats, logit: bool) -> tuple[Floats, Floats]:
    if not logit:
        return value, np.asarray(slopes)
    chance = expit(value)
    return chance, slopes * (chance * (1 - chance))[..., None]

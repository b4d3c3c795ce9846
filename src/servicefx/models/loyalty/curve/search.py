"""Where to start a curve with a bend or an S: the best of a lattice, by weighted least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from servicefx.models.loyalty.curve.places import Tallies

__all__ = ["KnotLattice", "best_knots", "best_s", "hinge_gains", "knot_lattice", "working"]

Floats = NDArray[np.float64]
_LATTICE = 36
_APART = 8
"""Knots stand at least an eighth of the range searched apart."""
_TRIM = 0.05
_MIDDLES, _WIDTHS = 15, 9
_FEW = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KnotLattice:
    """Pairs of places where knots are tried.

    Attributes
    ----------
    low, high : float
        Between which places knots are sought.
    knots : ndarray, shape (g,)
    first, second : ndarray of int, shape (pairs,)
        Places in ``knots`` of both knots of every pair.
    gap : float
        How far apart the two stand at least.
    """

    low: float
    high: float
    knots: Floats
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    gap: float


def knot_lattice(x: Floats, mass: Floats) -> KnotLattice | None:
    """Pairs of knots with at least 5 % of the customers and two places beyond either; None without any.

    Parameters
    ----------
    x : ndarray, shape (u,)
        Places, rising.
    mass : ndarray, shape (u,)
        Customers at each.
    """
    share = np.cumsum(mass) / mass.sum()
    low = max(float(x[np.searchsorted(share, _TRIM)]), float(x[1]))
    high = min(float(x[np.searchsorted(share, 1 - _TRIM)]), float(x[-2]))
    if high <= low:
        return None
    inside = x[(x >= low) & (x <= high)]
    knots = inside if len(inside) > _LATTICE else np.unique(np.r_[inside, np.linspace(low, high, _LATTICE)])
    if len(knots) > 2 * _LATTICE:
        knots = np.linspace(low, high, _LATTICE)
    first, second = np.triu_indices(len(knots), 1)
    gap = (high - low) / _APART
    apart = knots[second] - knots[first] >= gap
    between = np.searchsorted(x, knots[second], "left") - np.searchsorted(x, knots[first], "right")
    apart &= between >= 1
    if not apart.any():
        return None
    return KnotLattice(low=low, high=high, knots=knots, first=first[apart], second=second[apart], gap=gap)


def working(mean: Floats, tallies: Tallies, *, binary: bool, logit: bool) -> tuple[Floats, Floats]:
    """Weights and weighted residuals in which a further column is judged by least squares, shapes (b, u).

    Of a logit they are in log odds, of shares on their own scale divided by their variance.
    """
    rest = tallies.total - tallies.mass * mean
    if not binary:
        return tallies.mass, rest
    spread = np.maximum(mean * (1 - mean), _FEW)
    return (tallies.mass * spread, rest) if logit else (tallies.mass / spread, rest / spread)


def hinge_gains(x: Floats, weight: Floats, rest: Floats, lattice: KnotLattice) -> Floats:
    """By how much two hinges lower the weighted sum of squares left by a straight line, shape (b, pairs).

    Parameters
    ----------
    x : ndarray, shape (u,)
    weight, rest : ndarray, shape (b, u)
        From `working` at the straight line; one row of weights may stand for all.
    """
    hinges = np.maximum(x[:, None] - lattice.knots, 0.0)
    line = np.column_stack([np.ones_like(x), x - x.mean()])
    columns = np.hstack([line, hinges])
    gram = np.matmul((weight[:, :, None] * columns).transpose(0, 2, 1), columns)
    onto = np.linalg.solve(gram[:, :2, :2], gram[:, :2, 2:])
    gram = gram[:, 2:, 2:] - np.matmul(gram[:, 2:, :2], onto)
    pull = rest @ hinges - np.matmul((rest @ line)[:, None, :], onto)[:, 0]
    a, b = lattice.first, lattice.second
    one, two, both = gram[:, a, a], gram[:, b, b], gram[:, a, b]
    left, right = pull[:, a], pull[:, b]
    determinant = one * two - both**2
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = (left**2 * two - 2 * left * right * both + right**2 * one) / determinant
    return np.where(determinant > _FEW * one * two, gain, 0.0)


def best_knots(x: Floats, weight: Floats, rest: Floats, lattice: KnotLattice) -> Floats:
    """The pair of knots that lowers the sum of squares most in every sample, shape (b, 2)."""
    best = hinge_gains(x, weight, rest, lattice).argmax(axis=1)
    return np.column_stack([lattice.knots[lattice.first[best]], lattice.knots[lattice.second[best]]])


def best_s(tallies: Tallies, *, binary: bool) -> Floats:
    """Floor, ceiling, middle and log width of the best S of a lattice in every sample, shape (b, 4)."""
    x, span = tallies.x, float(np.ptp(tallies.x))
    middles = np.repeat(np.linspace(x.min(), x.max(), _MIDDLES), _WIDTHS)
    widths = np.tile(span / 4 / np.geomspace(1.0, 40.0, _WIDTHS), _MIDDLES)
    rise = expit((x[:, None] - middles) / widths)
    mass, total = tallies.mass, tallies.total
    n, sums = mass.sum(axis=1, keepdims=True), total.sum(axis=1, keepdims=True)
    mean_rise, mean_y = mass @ rise / n, sums / n
    spread = mass @ rise**2 - n * mean_rise**2
    pull = total @ rise - sums * mean_rise
    with np.errstate(divide="ignore", invalid="ignore"):
        climb = np.where(spread > _FEW * n, pull / spread, 0.0)
    best = (climb * pull).argmax(axis=1)
    rows = np.arange(len(best))
    height, floor = climb[rows, best], mean_y[:, 0] - climb[rows, best] * mean_rise[rows, best]
    ends = np.column_stack([floor, floor + height])
    if binary:
        ends = np.clip(ends, 0.01, 0.99)
    return np.column_stack([ends, middles[best], np.log(widths[best])])

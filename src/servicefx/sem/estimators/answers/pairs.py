"""Residual covariance of two items given covariates, and the influence of rows on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from servicefx.moments.bivariate import bivariate_normal_cdf, normal_pdf

__all__ = ["BOUND", "Margin", "pair_of"]

Floats = NDArray[np.float64]
_LEAST = 1e-300
BOUND = 0.999
"""Largest absolute residual correlation."""
_SLOPE = 1e-11
_MOST = 200
_CLOSE = 1e-15


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Margin:
    """One item given k covariates, n rows.

    Attributes
    ----------
    is_ordered : bool
    levels : ndarray
        Thresholds, or the intercept.
    slopes : ndarray, shape (k,)
    variance : float
        Of the residual; 1 for a latent response.
    influence : ndarray, shape (n, q)
        Of rows on levels, slopes and (continuous items) variance.
    upper, lower : ndarray, shape (n,)
        Limits of the latent residual; a continuous item has its standardised residual as ``upper``.
    codes : ndarray of int, shape (n,)
        Answers 0, 1, …; empty for continuous items.
    """

    is_ordered: bool
    levels: Floats
    slopes: Floats
    variance: float
    influence: Floats
    upper: Floats
    lower: Floats
    codes: NDArray[np.intp]

    @property
    def at_slopes(self) -> slice:
        """Where the slopes stand among the columns of ``influence``."""
        return slice(len(self.levels), len(self.levels) + len(self.slopes))

    def products(self, of_upper: Floats, of_lower: Floats, x: Floats) -> Floats:
        """Sums over rows of scores by upper and lower limit, carried to levels and slopes (and variance).

        For a continuous item ``of_upper`` is the slope by its standardised residual, ``of_lower`` the rows'
        weights.
        """
        if not self.is_ordered:
            sd = self.variance**0.5
            by_level = -of_upper / sd
            by_variance = -(of_upper * self.upper + of_lower) / (2 * self.variance)
            return np.concatenate([[by_level.sum()], by_level @ x, [by_variance.sum()]])
        t = len(self.levels)
        high, low = self.codes < t, self.codes > 0
        sums = np.bincount(self.codes[high], of_upper[high], minlength=t)[:t]
        sums = sums + np.bincount(self.codes[low] - 1, of_lower[low], minlength=t)[:t]
        return np.concatenate([sums, -(of_upper * high + of_lower * low) @ x])


def pair_of(one: Margin, other: Margin, x: Floats) -> tuple[float, float, Floats]:
    """Residual correlation and covariance of two items, and the influence of rows on the latter, shape (n,).

    Parameters
    ----------
    one, other : Margin
        First-step estimates, held.
    x : ndarray, shape (n, k)
        Standardised covariates.
    """
    if one.is_ordered < other.is_ordered:
        one, other = other, one
    scores: _Scores = _both_ordered if other.is_ordered else _mixed if one.is_ordered else _both_continuous
    r = _maximised(scores, one, other)
    score, (first_upper, first_lower), (second_upper, second_lower) = scores(one, other, r)
    n = len(score)
    carried = one.influence @ (one.products(score * first_upper, score * first_lower, x) / n)
    carried += other.influence @ (other.products(score * second_upper, score * second_lower, x) / n)
    influence = (score - carried) / (score @ score / n)
    size = float(np.sqrt(one.variance * other.variance))
    influence = size * influence
    for margin in (one, other):
        if not margin.is_ordered:
            influence = influence + r * size / (2 * margin.variance) * margin.influence[:, -1]
    return r, r * size, np.asarray(influence, dtype=np.float64)


_Slopes = tuple[Floats, tuple[Floats, Floats], tuple[Floats, Floats]]


_Scores = Callable[[Margin, Margin, float], _Slopes]


def _maximised(scores: _Scores, one: Margin, other: Margin) -> float:
    """The correlation at which the scores add up to 0: secant steps between values known to lie around it."""
    r, low, high = 0.0, -BOUND, BOUND
    last: tuple[float, float] | None = None
    for _ in range(_MOST):
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            score = scores(one, other, r)[0]
            total, fall = float(score.sum()), float(score @ score)
        if abs(total) < _SLOPE * len(score):
            break
        beyond = total < 0 if np.isfinite(total) else r > 0
        low, high = (low, r) if beyond else (r, high)
        if last is not None and (last[1] - total) * (r - last[0]) > 0:
            fall = (last[1] - total) / (r - last[0])
        new = r + total / fall if np.isfinite(fall) and np.isfinite(total) and fall > 0 else r
        if not low < new < high:
            new = (low + high) / 2
        last = (r, total) if np.isfinite(total) else None
        if abs(new - r) < _CLOSE:
            break
        r = new
    return r


def _both_ordered(one: Margin, other: Margin, r: float) -> _Slopes:
    """Scores by correlation and by both limits of both items."""
    h, k = np.stack([one.lower, one.upper], axis=1), np.stack([other.lower, other.upper], axis=1)
    grid = bivariate_normal_cdf(h, k, np.full(len(h), r))
    chance = (grid[:, 1, 1] - grid[:, 0, 1] - grid[:, 1, 0] + grid[:, 0, 0]).clip(min=_LEAST)
    rest = 1 - r * r
    a, b = h[:, :, None], k[:, None, :]
    density = np.exp(-(a * a - 2 * r * a * b + b * b) / (2 * rest)) / (2 * np.pi * np.sqrt(rest))
    score = (density[:, 1, 1] - density[:, 0, 1] - density[:, 1, 0] + density[:, 0, 0]) / chance
    sd = np.sqrt(rest)
    of_one = normal_pdf(h) * (ndtr((k[:, 1:] - r * h) / sd) - ndtr((k[:, :1] - r * h) / sd)) / chance[:, None]
    of_other = (
        normal_pdf(k) * (ndtr((h[:, 1:] - r * k) / sd) - ndtr((h[:, :1] - r * k) / sd)) / chance[:, None]
    )
    return score, (of_one[:, 1], -of_one[:, 0]), (of_other[:, 1], -of_other[:, 0])


def _mixed(one: Margin, other: Margin, r: float) -> _Slopes:
    """The same for an ordered and a continuous item."""
    z, sd = other.upper, np.sqrt(1 - r * r)
    up, down = (one.upper - r * z) / sd, (one.lower - r * z) / sd
    chance = np.where(up > 0, ndtr(-down) - ndtr(-up), ndtr(up) - ndtr(down)).clip(min=_LEAST)
    at_up, at_down = normal_pdf(up) / chance, normal_pdf(down) / chance
    score = (at_up * (r * one.upper - z) - at_down * (r * one.lower - z)) / sd**3
    by_z = -r * (at_up - at_down) / sd - z
    return score, (at_up / sd, -at_down / sd), (by_z, np.ones(len(z)))


def _both_continuous(one: Margin, other: Margin, r: float) -> _Slopes:
    """The same for two continuous items."""
    x, y, rest = one.upper, other.upper, 1 - r * r
    score = (r * rest + (1 + r * r) * x * y - r * (x * x + y * y)) / rest**2
    every = np.ones(len(x))
    return score, (-(x - r * y) / rest, every), (-(y - r * x) / rest, every)

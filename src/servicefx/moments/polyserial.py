"""Polyserial correlations of ordinal with continuous columns, and their influence functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from servicefx.moments.bivariate import normal_pdf
from servicefx.moments.ordinal_thresholds import Thresholds
from servicefx.moments.polychoric import BOUND, bracketed_step

__all__ = ["Polyserial", "polyserial"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
_OUTERMOST = 1e10
"""Limit of the first and last category: beyond any standardised value, and harmless when multiplied."""
_GRADIENT = 1e-10
"""Score an observation at which a correlation is final."""
_SMALLEST = 1e-300
"""Probability of an answer, given the number beside it, below which it counts as this."""
_CELLS = 1 << 17
"""Rows times pairs worked on at once: the arrays then stay in the cache."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Polyserial:
    """Polyserial correlations of m pairs and what their influence functions are made of.

    Attributes
    ----------
    ordinal, continuous : ndarray of int, shape (m,)
        Columns of each pair, counted among their own kind.
    r : ndarray, shape (m,)
    information : ndarray, shape (m,)
        Mean squared score.
    by_level : ndarray, shape (m, K)
        What the thresholds, estimated first, add for an answer in each category.
    by_margin : ndarray, shape (m, 2)
        Cross-products of the score with those of the mean (in SDs) and the variance (relative).
    limits : ndarray, shape (m, K + 1)
        Thresholds with both outermost limits.
    at_bound : ndarray of bool, shape (m,)
    """

    ordinal: Codes
    continuous: Codes
    r: Floats
    information: Floats
    by_level: Floats
    by_margin: Floats
    limits: Floats
    at_bound: NDArray[np.bool_]

    def influence(self, codes: Codes, z: Floats, mean: Floats, variance: Floats) -> Floats:
        """Influence of each row on the correlations.

        Parameters
        ----------
        codes : ndarray of int, shape (q, b)
            Answers in some rows.
        z : ndarray, shape (c, b)
            Standardised numbers in the same rows.
        mean, variance : ndarray, shape (c, b)
            Influence of the rows on each mean (in SDs) and variance (relative).

        Returns
        -------
        ndarray, shape (m, b)
        """
        answers = codes[self.ordinal]
        score = _Density.at(answers, z[self.continuous], self.r, self.limits).score
        score -= np.take_along_axis(self.by_level, answers, axis=1)
        score -= self.by_margin[:, :1] * mean[self.continuous]
        score -= self.by_margin[:, 1:] * variance[self.continuous]
        score /= self.information[:, None]
        return score


def polyserial(codes: Codes, z: Floats, margins: Thresholds, *, observed: bool = False) -> Polyserial:
    """Polyserial correlations of every ordinal with every continuous column.

    Parameters
    ----------
    codes : ndarray of int, shape (q, n)
        Categories 0, 1, … of each ordinal column.
    z : ndarray, shape (c, n)
        Continuous columns, standardised with denominator n.
    margins : Thresholds
        Of the ordinal columns.
    observed : bool
        Information for the influence functions from second derivatives instead of products of scores.

    Returns
    -------
    Polyserial
        Of the q c pairs, each at the maximum of its likelihood with thresholds, mean and variance held.

    References
    ----------
    Olsson, Drasgow & Dorans (1982), Psychometrika 47, 337-347.
    """
    q, n = codes.shape
    most = margins.tau.shape[1] + 1
    ordinal, continuous = (grid.ravel() for grid in np.mgrid[:q, : len(z)])
    limits = np.full((q, most + 1), _OUTERMOST)
    limits[:, 0] = -_OUTERMOST
    limits[:, 1:-1] = np.where(np.arange(most - 1) < (margins.n_levels - 1)[:, None], margins.tau, _OUTERMOST)
    m = len(ordinal)
    r, information = np.empty(m), np.empty(m)
    by_level, by_margin = np.empty((m, most)), np.empty((m, 2))
    width = max(1, _CELLS // n)
    for start in range(0, m, width):
        at = slice(start, start + width)
        answers, numbers, ends = codes[ordinal[at]], z[continuous[at]], limits[ordinal[at]]
        r[at] = _maximise(answers, numbers, ends)
        density = _Density.at(answers, numbers, r[at], ends)
        products = np.maximum((density.score**2).mean(axis=1), 1e-12)
        bent = -density.curvature() / n if observed else np.zeros(len(products))
        second = bent > products / 100  # at the bound a likelihood may bend upwards: products are kept there
        information[at] = np.where(second, bent, products)
        cross = density.cross_thresholds(answers, most, second[:, None])
        by_level[at] = np.matmul(cross[:, None, :], margins.influence[ordinal[at]])[:, 0]
        by_margin[at] = density.cross_margins(numbers, second[:, None])
    return Polyserial(
        ordinal=ordinal,
        continuous=continuous,
        r=r,
        information=information,
        by_level=by_level,
        by_margin=by_margin,
        limits=limits[ordinal],
        at_bound=np.abs(r) >= BOUND,
    )


def _maximise(answers: Codes, z: Floats, limits: Floats) -> Floats:
    """Correlation of each pair by Newton's method inside a bracket that every score narrows."""
    m, n = answers.shape
    heights = normal_pdf(limits[:, 1:-1]).sum(axis=1)
    guess = ((answers - answers.mean(axis=1, keepdims=True)) * z).mean(axis=1) / heights
    r: Floats = np.asarray(np.clip(guess, -0.9, 0.9), dtype=np.float64)
    low, high = np.full(m, -BOUND), np.full(m, BOUND)
    active = np.arange(m)
    for _ in range(100):
        now = r[active]
        density = _Density.at(answers[active], z[active], now, limits[active])
        score, curvature = density.score.sum(axis=1), density.curvature()
        rising = score > 0
        low[active[rising]] = now[rising]
        high[active[~rising]] = now[~rising]
        final = (
            (np.abs(score) <= _GRADIENT * n) | (high[active] - low[active] < 1e-13) | (np.abs(now) >= BOUND)
        )
        new = bracketed_step(now, score, curvature, low[active], high[active])
        r[active] = np.where(final, now, new)
        active = active[~final]
        if not active.size:
            break
    return r


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Density:
    """Conditional probability of each answer given its number, and its slopes; arrays of shape (m, n)."""

    r: Floats
    upper: Floats
    lower: Floats
    upper_slope: Floats
    lower_slope: Floats
    upper_limit: Floats
    lower_limit: Floats
    upper_standard: Floats
    lower_standard: Floats
    probability: Floats
    score: Floats

    @classmethod
    def at(cls, answers: Codes, z: Floats, r: Floats, limits: Floats) -> _Density:
        """With ``upper`` and ``lower`` the density at both limits, and their slopes in the correlation."""
        rr = r[:, None]
        root = np.sqrt(1 - rr * rr)
        upper_limit = np.take_along_axis(limits, answers + 1, axis=1)
        lower_limit = np.take_along_axis(limits, answers, axis=1)
        u, v = (upper_limit - rr * z) / root, (lower_limit - rr * z) / root
        flip = v > 0  # both limits in the upper tail: take the difference where it is exact
        probability = np.maximum(ndtr(np.where(flip, -v, u)) - ndtr(np.where(flip, -u, v)), _SMALLEST)
        upper, lower = normal_pdf(u), normal_pdf(v)
        upper_slope, lower_slope = (rr * upper_limit - z) / root**3, (rr * lower_limit - z) / root**3
        return cls(
            r=rr,
            upper=upper,
            lower=lower,
            upper_slope=upper_slope,
            lower_slope=lower_slope,
            upper_limit=upper_limit,
            lower_limit=lower_limit,
            upper_standard=u,
            lower_standard=v,
            probability=probability,
            score=(upper * upper_slope - lower * lower_slope) / probability,
        )

    def curvature(self) -> Floats:
        """Second derivative of the log-likelihood in each correlation, shape (m,)."""
        rest = 1 - self.r * self.r
        root = np.sqrt(rest)

        def bend(limit: Floats, standard: Floats, slope: Floats) -> Floats:
            value: Floats = limit / root**3 + 3 * self.r * slope / rest - standard * slope * slope
            return value

        second = self.upper * bend(self.upper_limit, self.upper_standard, self.upper_slope)
        second -= self.lower * bend(self.lower_limit, self.lower_standard, self.lower_slope)
        return np.asarray((second / self.probability - self.score**2).sum(axis=1), dtype=np.float64)

    def cross_thresholds(self, answers: Codes, most: int, second: NDArray[np.bool_]) -> Floats:
        """Mean product of the score with that of each threshold, or minus its slope; shape (m, K - 1)."""
        m, n = answers.shape
        place = (answers + most * np.arange(m)[:, None]).ravel()
        rest = 1 - self.r * self.r
        height = 1 / (np.sqrt(rest) * self.probability * n)

        def by_category(density: Floats, standard: Floats, slope: Floats) -> Floats:
            bend = np.where(second, self.r / rest - standard * slope, 0.0)
            weight = (density * (self.score - bend) * height).ravel()
            total = np.bincount(place, weights=weight, minlength=m * most)
            return np.asarray(total, dtype=np.float64).reshape(m, most)

        upper = by_category(self.upper, self.upper_standard, self.upper_slope)
        lower = by_category(self.lower, self.lower_standard, self.lower_slope)
        return upper[:, :-1] - lower[:, 1:]

    def cross_margins(self, z: Floats, second: NDArray[np.bool_]) -> Floats:
        """The same for the mean (in SDs) and the variance (relative), shape (m, 2)."""
        root = np.sqrt(1 - self.r * self.r)
        pull = self.r * (self.upper - self.lower) / (root * self.probability)
        upper = self.upper * (1 / root**3 - self.upper_standard * self.upper_slope * self.r / root)
        lower = self.lower * (1 / root**3 - self.lower_standard * self.lower_slope * self.r / root)
        slope = self.score * pull - (upper - lower) / self.probability
        mean = np.where(second, slope, self.score * (z + pull))
        variance = np.where(second, z * slope, self.score * (z * (z + pull) - 1)) / 2
        return np.column_stack((mean.mean(axis=1), variance.mean(axis=1)))

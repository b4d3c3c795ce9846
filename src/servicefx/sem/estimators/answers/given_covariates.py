"""Moments of ordered and continuous items given covariates: thresholds, slopes and residual covariances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from servicefx.errors import DataError, Problem
from servicefx.moments.bivariate import normal_pdf
from servicefx.moments.ordinal_columns import ordinal_columns
from servicefx.sem.estimators.answers.pairs import BOUND, Margin, pair_of
from servicefx.sem.estimators.squares.moment_rows import MomentRows

__all__ = ["GivenMoments", "given_moments"]

Floats = NDArray[np.float64]
_FAR = 40.0
_GRADIENT = 1e-11
_MOST = 50


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GivenMoments:
    """Moments of p items given k of them, and their asymptotic covariance.

    Attributes
    ----------
    rows : MomentRows
        Thresholds (at covariates of 0) and intercepts by item, slopes by covariate, residual variances,
        residual covariances by column.
    vector : ndarray, shape (m,)
    gamma : ndarray, shape (m, m)
        Covariance of sqrt(n) times the vector.
    levels : tuple of tuples, length p
        Categories; () for continuous items and covariates.
    mean, cov : ndarray, shapes (p,) and (p, p)
        Of latent responses (residual variance 1), continuous items and covariates together.
    thresholds : ndarray, shape (t,)
    at_bound : tuple of (str, str)
        Pairs whose residual likelihood rises up to a correlation of one; they stand at .999.
    """

    rows: MomentRows
    vector: Floats
    gamma: Floats
    levels: tuple[tuple[object, ...], ...]
    mean: Floats
    cov: Floats
    thresholds: Floats
    at_bound: tuple[tuple[str, str], ...]


def given_moments(frame: pd.DataFrame, ordered: Sequence[str], given: Sequence[str]) -> GivenMoments:
    """Estimate the moments of a frame's items given some of them, item by item, then pair by pair.

    Parameters
    ----------
    frame : DataFrame, shape (n, p)
        Complete rows.
    ordered, given : sequence of str
        Ordered items, explained by probit regressions on the covariates; covariates, used as numbers.

    Returns
    -------
    GivenMoments

    Raises
    ------
    DataError
        As `servicefx.moments.ordinal.ordinal_moments`; or naming an item that covariates predict without
        error.

    Notes
    -----
    Two steps, with bread from outer products of scores, as `servicefx.moments.ordinal`.

    References
    ----------
    Muthén (1984), Psychometrika 49, 115-132, case B.
    """
    columns = ordinal_columns(frame, ordered)
    names, n = columns.names, len(frame)
    held = np.flatnonzero(np.isin(names, list(given)))
    rest = np.flatnonzero(~np.isin(names, list(given)))
    is_ordered = np.array(columns.ordered)
    number = dict(zip(np.flatnonzero(~is_ordered).tolist(), columns.values, strict=True))
    code = dict(zip(np.flatnonzero(is_ordered).tolist(), columns.codes, strict=True))
    raw = np.array([number[int(at)] for at in held]).T
    centre, spread = raw.mean(axis=0), raw.std(axis=0)
    x = (raw - centre) / spread
    margins = [
        _probit(names[at], code[at], len(columns.levels[at]), x) if is_ordered[at] else _linear(number[at], x)
        for at in rest.tolist()
    ]
    parts: dict[tuple[str, int, int], tuple[float, Floats]] = {}
    for item, margin in zip(rest.tolist(), margins, strict=True):
        slopes = margin.slopes / spread
        by_slope = margin.influence[:, margin.at_slopes] / spread
        moved, by_moved = float(slopes @ centre), by_slope @ centre
        for at, value in enumerate(margin.levels):
            sign = 1.0 if margin.is_ordered else -1.0
            parts["level", item, at] = value + sign * moved, margin.influence[:, at] + sign * by_moved
        for at in range(len(held)):
            parts["slope", at, item] = float(slopes[at]), by_slope[:, at]
        if not margin.is_ordered:
            parts["variance", item, item] = margin.variance, margin.influence[:, -1]
    at_bound: list[tuple[str, str]] = []
    for later in range(len(rest)):
        for earlier in range(later):
            r, value, influence = pair_of(margins[later], margins[earlier], x)
            parts["zcovariance", int(rest[earlier]), int(rest[later])] = value, influence
            if abs(r) >= BOUND:
                at_bound.append((names[rest[earlier]], names[rest[later]]))
    order = {"level": 0, "slope": 1, "variance": 2, "zcovariance": 3}
    keys = sorted(parts, key=lambda key: (order[key[0]], *key[1:]))
    vector = np.array([parts[key][0] for key in keys])
    every = np.array([parts[key][1] for key in keys])
    rows = _rows(keys, is_ordered, held)
    mean, cov = _joint(rows, vector, raw, held, rest, len(names))
    return GivenMoments(
        rows=rows,
        vector=vector,
        gamma=every @ every.T / n,
        levels=columns.levels,
        mean=mean,
        cov=cov,
        thresholds=vector[rows.threshold],
        at_bound=tuple(at_bound),
    )


def _rows(
    keys: list[tuple[str, int, int]], is_ordered: NDArray[np.bool_], held: NDArray[np.intp]
) -> MomentRows:
    kind = np.array([key[0] for key in keys])
    first, second = np.array([key[1:] for key in keys]).T
    level = kind == "level"
    threshold = np.flatnonzero(level & is_ordered[np.where(level, first, 0)])
    mean = np.flatnonzero(level & ~is_ordered[np.where(level, first, 0)])
    slope = np.flatnonzero(kind == "slope")
    pair = np.flatnonzero((kind == "variance") | (kind == "zcovariance"))
    return MomentRows(
        size=len(keys),
        threshold=threshold,
        threshold_item=first[threshold],
        mean=mean,
        mean_item=first[mean],
        slope=slope,
        slope_item=second[slope],
        slope_term=held[first[slope]],
        pair=pair,
        left=second[pair],
        right=first[pair],
    )


def _joint(
    rows: MomentRows,
    vector: Floats,
    raw: Floats,
    held: NDArray[np.intp],
    rest: NDArray[np.intp],
    p: int,
) -> tuple[Floats, Floats]:
    """Means and covariances of latent responses, continuous items and covariates together."""
    slopes = np.zeros((p, p))
    slopes[rows.slope_item, rows.slope_term] = vector[rows.slope]
    slopes = slopes[np.ix_(rest, held)]
    residual = np.eye(p)
    residual[rows.left, rows.right] = residual[rows.right, rows.left] = vector[rows.pair]
    of_held = np.cov(raw.T).reshape(len(held), len(held))
    cov, mean = np.zeros((p, p)), np.zeros(p)
    cov[np.ix_(held, held)] = of_held
    cov[np.ix_(rest, held)] = slopes @ of_held
    cov[np.ix_(held, rest)] = of_held @ slopes.T
    cov[np.ix_(rest, rest)] = slopes @ of_held @ slopes.T + residual[np.ix_(rest, rest)]
    mean[rows.mean_item] = vector[rows.mean]
    mean[rest] += slopes @ raw.mean(axis=0)
    mean[held] = raw.mean(axis=0)
    return mean, cov


def _linear(y: Floats, x: Floats) -> Margin:
    """Linear regression: intercept, slopes, residual variance; x standardised, shape (n, k)."""
    n = len(x)
    design = np.column_stack([np.ones(n), x])
    values: Floats = np.asarray(np.linalg.lstsq(design, y, rcond=None)[0], dtype=np.float64)
    gap = y - design @ values
    variance = float(gap @ gap / n)
    scores = np.column_stack([design * (gap / variance)[:, None], (gap**2 / variance - 1) / (2 * variance)])
    return Margin(
        is_ordered=False,
        levels=values[:1],
        slopes=values[1:],
        variance=variance,
        influence=_influence(scores),
        upper=gap / np.sqrt(variance),
        lower=np.empty(0),
        codes=np.empty(0, dtype=np.intp),
    )


def _probit(name: str, codes: NDArray[np.intp], n_levels: int, x: Floats) -> Margin:
    """Ordered probit regression by Newton's method on its concave likelihood; x standardised, (n, k)."""
    n, k = x.shape
    t = n_levels - 1
    cumulated = np.cumsum(np.bincount(codes, minlength=n_levels))[:-1] / n
    theta = np.concatenate([ndtri(cumulated), np.zeros(k)])
    by_upper, by_lower = np.zeros((n, t + k)), np.zeros((n, t + k))
    every = np.arange(n)
    low, high = codes > 0, codes < t
    by_upper[every[high], codes[high]] = 1.0
    by_lower[every[low], codes[low] - 1] = 1.0
    by_upper[high, t:], by_lower[low, t:] = -x[high], -x[low]
    for _ in range(_MOST):
        upper, lower = np.full(n, _FAR), np.full(n, -_FAR)
        upper[high], lower[low] = by_upper[high] @ theta, by_lower[low] @ theta
        chance = np.where(upper > 0, ndtr(-lower) - ndtr(-upper), ndtr(upper) - ndtr(lower)).clip(min=1e-300)
        up, down = normal_pdf(upper) / chance, normal_pdf(lower) / chance
        scores = by_upper * up[:, None] - by_lower * down[:, None]
        slope = scores.sum(axis=0)
        if np.abs(slope).max() < _GRADIENT * n:
            break
        bent = by_upper.T @ (by_upper * (-upper * up - up**2)[:, None])
        bent += by_lower.T @ (by_lower * (lower * down - down**2)[:, None])
        cross = by_upper.T @ (by_lower * (up * down)[:, None])
        try:
            theta = theta - np.linalg.solve(bent + cross + cross.T, slope)
        except np.linalg.LinAlgError:
            theta = np.full(t + k, np.inf)
        if not np.abs(theta).max() < _FAR / 2:
            found = "the covariates predict its categories without error, as far as the rows tell"
            raise DataError(Problem(f"column '{name}'", found, "Leave a covariate out, or join categories."))
    return Margin(
        is_ordered=True,
        levels=theta[:t],
        slopes=theta[t:],
        variance=1.0,
        influence=_influence(scores),
        upper=upper,
        lower=lower,
        codes=codes,
    )


def _influence(scores: Floats) -> Floats:
    """Influence of rows on the values whose scores these are, shape (n, q)."""
    return np.asarray(np.linalg.solve(scores.T @ scores / len(scores), scores.T).T, dtype=np.float64)

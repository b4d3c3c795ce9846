"""Ordered logit by Newton steps on its concave likelihood, with robust or clustered errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from servicefx.engines.design_matrix import checked_arrays
from servicefx.engines.sandwich import mean_one_weights, sandwich_of
from servicefx.errors import ConvergenceError, DataError, IdentificationError, Problem
from servicefx.values.estimates import Estimates

__all__ = ["MOST_ANSWERS", "OrderedCurve", "fit_ordered_logit", "ordered_likelihood"]

Floats = NDArray[np.float64]
MOST_ANSWERS = 50
"""More different answers than this are a measurement, not ordered categories."""
_NEWTON_STEPS = 50
_DONE = 1e-9
_SHORTEST = 1e-6
_SEPARATED = 15.0  # log odds per standard deviation that only a likelihood without a maximum reaches


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OrderedCurve:
    """Log-likelihood of an ordered logit and its derivatives at one place.

    Attributes
    ----------
    logl : float
    scores : ndarray, shape (n, k + m)
        Of every row: slopes first, then thresholds; unweighted.
    hessian : ndarray, shape (k + m, k + m)
        Of the (weighted) log-likelihood.
    """

    logl: float
    scores: Floats
    hessian: Floats


def ordered_likelihood(
    codes: NDArray[np.intp], x: Floats, slopes: Floats, thresholds: Floats, weights: Floats
) -> OrderedCurve:
    """Log-likelihood, scores and Hessian of P(answer <= j) = logistic(threshold_j - x slopes).

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Answers from 0 to m.
    x : ndarray, shape (n, k)
        Terms without a constant.
    slopes, thresholds : ndarray, shapes (k,) and (m,)
        Thresholds rising.
    weights : ndarray, shape (n,)

    Returns
    -------
    OrderedCurve
    """
    n, k = x.shape
    m = len(thresholds)
    ends = np.r_[-np.inf, thresholds, np.inf]
    eta = x @ slopes
    with np.errstate(invalid="ignore"):
        upper, lower = ends[codes + 1] - eta, ends[codes] - eta
    high, low = expit(upper), expit(lower)
    # a difference of tails on the side where they are small
    chance = np.where(lower > 0, expit(-lower) - expit(-upper), high - low)
    chance = np.maximum(chance, 1e-300)
    density_high, density_low = high * (1 - high), low * (1 - low)
    slope_high, slope_low = density_high * (1 - 2 * high), density_low * (1 - 2 * low)
    first_high, first_low = density_high / chance, -density_low / chance
    second_high = slope_high / chance - first_high**2
    second_low = -slope_low / chance - first_low**2
    mixed = -first_high * first_low
    rows = np.arange(n)
    at_high, at_low = np.zeros((n, k + m)), np.zeros((n, k + m))
    at_high[:, :k], at_low[:, :k] = -x, -x
    inside, above = codes < m, codes > 0
    at_high[rows[inside], k + codes[inside]] = 1.0
    at_low[rows[above], k + codes[above] - 1] = 1.0
    scores = first_high[:, None] * at_high + first_low[:, None] * at_low
    left = (weights * second_high)[:, None] * at_high + (weights * mixed)[:, None] * at_low
    right = (weights * mixed)[:, None] * at_high + (weights * second_low)[:, None] * at_low
    return OrderedCurve(
        logl=float(weights @ np.log(chance)),
        scores=np.asarray(scores, dtype=np.float64),
        hessian=np.asarray(at_high.T @ left + at_low.T @ right, dtype=np.float64),
    )


def fit_ordered_logit(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    robust: bool = True,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> Estimates:
    """Proportional-odds logit of ordered answers on terms.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete numeric columns; the outcome's values are ranked, their distances do not count.
    outcome : str
        Column explained, with 3 to 50 different answers.
    terms : sequence of str, length k
        Columns that explain it; there is no constant, the thresholds take its place.
    robust : bool
        Sandwich errors (HC0, no factor); False: the inverse of the information, as most programs print.
    clusters : Series, length n, optional
        Dependence group of every row, with the factor G/(G-1).
    weights : Series, length n, optional
        Survey weights > 0; errors are then robust.

    Returns
    -------
    Estimates
        Log odds of a higher answer per unit of each term, then the thresholds ``"3 | 4"`` between
        neighbouring answers (of P(answer <= 3)); normal reference. ``fit_measures`` hold ``logl`` and
        ``pseudo_r_squared`` (McFadden).

    Raises
    ------
    DataError
        If there are fewer than 3 or more than 50 different answers, or as `fit_ols`.
    IdentificationError
        If terms separate the answers, so that no finite maximum exists.
    ConvergenceError
        If the maximum is not reached.

    Notes
    -----
    The log-likelihood is concave in slopes and thresholds together (Pratt 1981), so Newton steps with the
    exact Hessian reach its maximum from anywhere. statsmodels' ``OrderedModel`` finds the same one by numeric
    gradients, some hundred times slower with as many answers as a scale score has, and gives the thresholds
    as logarithms of increments without errors of their own.

    References
    ----------
    McCullagh (1980), J. R. Stat. Soc. B 42, 109-142; Pratt (1981), J. Am. Stat. Assoc. 76, 103-106.
    """
    where = f"ordered logit of '{outcome}'"
    y, x = checked_arrays(data, outcome, terms)
    # means of items that agree but for rounding are one answer
    _, first, codes = np.unique(np.round(y / np.ptp(y), 10), return_index=True, return_inverse=True)
    answers = y[first]
    if not 3 <= len(answers) <= MOST_ANSWERS:
        found = f"{len(answers)} different answers, 3 to {MOST_ANSWERS} expected"
        remedy = "Use a logit." if len(answers) < 3 else "Use least squares, or round the outcome."
        raise DataError(Problem(where, found, remedy))
    n, k = x.shape
    weight = mean_one_weights(weights, n, outcome)
    sandwich = sandwich_of(clusters, n, outcome, robust=robust or weights is not None)
    centre, spread = x.mean(axis=0), x.std(axis=0)
    z = (x - centre) / spread
    codes = codes.astype(np.intp)
    at = _maximum(codes, z, weight, where, list(terms))
    curve = ordered_likelihood(codes, z, at[:k], at[k:], weight)
    bread = np.asarray(np.linalg.inv(-curve.hessian), dtype=np.float64)
    covariance = sandwich.covariance(bread, curve.scores * weight[:, None])
    # back to the terms' own units: slopes b/s, thresholds t + sum(b c / s)
    back = np.eye(len(at))
    back[:k, :k] = np.diag(1 / spread)
    back[k:, :k] = centre / spread
    shares = np.bincount(codes, weights=weight) / weight.sum()
    null = float(weight.sum() * (shares @ np.log(shares)))
    return Estimates(
        estimator="ordered logit",
        outcome=outcome,
        terms=(*terms, *(f"{a:g} | {b:g}" for a, b in pairwise(answers))),
        coefficients=back @ at,
        covariance=back @ covariance @ back.T,
        covariance_kind=sandwich.kind,
        df=float("inf"),
        n_obs=n,
        fit_measures={"logl": curve.logl, "pseudo_r_squared": 1 - curve.logl / null},
        assumptions=("odds of a higher answer change alike at every threshold (parallel lines)",),
    )


def _maximum(codes: NDArray[np.intp], z: Floats, weight: Floats, where: str, terms: list[str]) -> Floats:
    """Newton steps from equal odds for all, halved where they do not climb, to the maximum."""
    k = z.shape[1]
    separated = IdentificationError(
        Problem(where, "the terms separate the answers perfectly", "Remove the term that does, or add rows.")
    )
    below = np.cumsum(np.bincount(codes, weights=weight))[:-1] / weight.sum()
    at = np.r_[np.zeros(k), np.log(below / (1 - below))]
    curve = ordered_likelihood(codes, z, at[:k], at[k:], weight)
    for _ in range(_NEWTON_STEPS):
        try:
            step = np.linalg.solve(-curve.hessian, weight @ curve.scores)
        except np.linalg.LinAlgError as exc:
            raise separated from exc
        share = 1.0
        while share > _SHORTEST:
            new = at + share * step
            if (np.diff(new[k:]) > 0).all():
                reached = ordered_likelihood(codes, z, new[:k], new[k:], weight)
                if reached.logl >= curve.logl - 1e-12 * abs(curve.logl):
                    break
            share /= 2
        else:
            break
        at, curve = new, reached
        if np.abs(at[:k]).max() > _SEPARATED:
            raise separated
        if np.abs(step).max() < _DONE * (1 + np.abs(at).max()):
            return np.asarray(at, dtype=np.float64)
    found = f"no maximum of the likelihood after {_NEWTON_STEPS} steps"
    raise ConvergenceError(Problem(where, found, f"Leave out one of {', '.join(terms)}, or merge answers."))

"""Norms: which score how many percent of persons stay at or below, and where one score stands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.measurement.answers import mean_of
from servicefx.values.estimates import critical_value

__all__ = ["PERCENTILES", "percentile_norms", "percentile_rank"]

PERCENTILES = (5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0)


def percentile_norms(
    scores: pd.Series,
    *,
    percentiles: Sequence[float] = PERCENTILES,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Percentiles of a distribution of scores, with intervals.

    Parameters
    ----------
    scores : Series, shape (n,)
        Gaps are not used.
    percentiles : sequence of float
        Each in (0, 100).
    weights, clusters : Series, shape (n,), optional
        Survey weights > 0; dependence groups.
    level : float
        In (0, 1).

    Returns
    -------
    DataFrame
        ``percentile, estimate, conf_low, conf_high, n_obs, undefined``, in points of the scores. The estimate
        is the lowest score that at least so many percent stay at or below, the mean of two scores where
        exactly so many do. An end of an interval that the answers cannot give is NaN with its reason.

    References
    ----------
    Hyndman & Fan (1996), Am. Stat. 50, 361-365 (definition 2). Woodruff (1952), J. Am. Stat. Assoc. 47,
    635-646 (interval), at the effective sample size.

    Examples
    --------
    >>> percentile_norms(pd.Series([10.0, 20.0, 30.0, 40.0]), percentiles=[50])["estimate"].tolist()
    [25.0]
    """
    known = scores.dropna().astype("float64").sort_values(kind="stable")
    values: NDArray[np.float64] = np.array(known, dtype=np.float64)
    w: NDArray[np.float64] = np.ones(len(values))
    if weights is not None:
        w = weights.loc[known.index].to_numpy(dtype=np.float64, copy=True)
    rows = []
    for percentile in percentiles:
        share = percentile / 100
        row: dict[str, object] = {"percentile": float(percentile), "n_obs": len(values)}
        ends, undefined = (np.nan, np.nan), "" if len(values) else "nobody answered"
        estimate = _quantile(values, w, share)
        if len(values) == 1:
            undefined = "one answer"
        elif len(values):
            n_effective, df = _effective(scores, estimate, weights, clusters)
            half = critical_value(level, df) * np.sqrt(share * (1 - share) / n_effective) if df else np.inf
            low, high = share - half, share + half
            ends = (
                _quantile(values, w, low) if low > 0 else np.nan,
                _quantile(values, w, high) if high < 1 else np.nan,
            )
            if np.isnan(ends).any():
                undefined = "too few answers for an end of the interval"
            if not df:
                undefined = "all answers come from one cluster"
        row |= {"estimate": estimate, "conf_low": ends[0], "conf_high": ends[1], "undefined": undefined}
        rows.append(row)
    return pd.DataFrame(
        rows, columns=["percentile", "estimate", "conf_low", "conf_high", "n_obs", "undefined"]
    )


def percentile_rank(score: float, scores: pd.Series, *, weights: pd.Series | None = None) -> float:
    """Percent of persons below a score, those at the score counting half.

    Parameters
    ----------
    score : float
    scores : Series, shape (n,)
        Gaps are not used.
    weights : Series, shape (n,), optional
        Survey weights > 0.

    Returns
    -------
    float
        In [0, 100]; NaN where nobody has a score.

    References
    ----------
    Crawford, Garthwaite & Slick (2009), Clin. Neuropsychol. 23, 1173-1195 (ties count half).

    Examples
    --------
    >>> percentile_rank(20.0, pd.Series([10.0, 20.0, 20.0, 40.0]))
    50.0
    """
    known = scores.dropna().astype("float64")
    if known.empty or np.isnan(score):
        return float("nan")
    w = np.ones(len(known)) if weights is None else weights.loc[known.index].to_numpy(dtype=np.float64)
    below = w[known.to_numpy() < score].sum() + 0.5 * w[known.to_numpy() == score].sum()
    return float(100 * below / w.sum())


def _quantile(values: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """Lowest of the sorted values that a share of the weight stays at or below; two averaged at a step."""
    if not len(values):
        return float("nan")
    reached = np.cumsum(weights) / weights.sum()
    place = min(int(np.searchsorted(reached, share - 1e-12)), len(values) - 1)
    at_step = abs(reached[place] - share) <= 1e-12 and place + 1 < len(values)
    return float((values[place] + values[place + 1]) / 2 if at_step else values[place])


def _effective(
    scores: pd.Series, cut: float, weights: pd.Series | None, clusters: pd.Series | None
) -> tuple[float, float]:
    """Effective number of persons behind a share at or below a cut, and degrees of freedom."""
    below = (scores <= cut).astype(float).where(scores.notna())
    answer = mean_of(below, weights=weights, clusters=clusters)
    if answer.std_error == 0:  # everybody is at or below: the spread of the scores says how rows depend
        answer = mean_of(scores.astype("float64"), weights=weights, clusters=clusters)
    known = scores.dropna().index
    groups = len(known) if clusters is None else int(clusters.loc[known].nunique())
    return min(answer.n_effective, float(answer.n_obs)) if groups > 1 else float("nan"), groups - 1.0

"""Means, shares, top boxes and the net promoter score, with intervals that respect clusters and weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.values.estimates import critical_value

__all__ = [
    "MeanEstimate",
    "answer_shares",
    "linearised_mean",
    "mean_of",
    "net_promoter_score",
    "share_of",
    "top_box_cut",
    "wilson_interval",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanEstimate:
    """A mean or a share with its uncertainty.

    Attributes
    ----------
    estimate, std_error, conf_low, conf_high : float
        In units of the values.
    n_obs : int
        Persons who answered.
    n_effective : float
        Persons a simple random sample would need for the same standard error; of a share, for the same
        interval.
    """

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    n_obs: int
    n_effective: float


def linearised_mean(
    values: NDArray[np.float64], weights: NDArray[np.float64], clusters: NDArray[np.intp] | None
) -> tuple[float, float, float]:
    """Weighted mean, its standard error and degrees of freedom by Taylor linearisation.

    Parameters
    ----------
    values, weights : ndarray, shape (n,)
        Complete; weights > 0.
    clusters : ndarray of int, shape (n,), or None
        Codes of the dependence groups; without them every row is its own.

    Returns
    -------
    tuple of float
        Mean, standard error (NaN with one group) and number of groups minus one.
    """
    total = weights.sum()
    mean = float(weights @ values / total)
    scores = weights * (values - mean)
    if clusters is not None:
        scores = np.bincount(clusters, weights=scores).astype(np.float64)
    groups = len(scores)
    if groups < 2:
        return mean, float("nan"), 0.0
    variance = groups / (groups - 1) * float(scores @ scores) / total**2
    return mean, float(np.sqrt(variance)), groups - 1.0


def mean_of(
    values: pd.Series,
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> MeanEstimate:
    """Mean of the answers given, with a t interval.

    Parameters
    ----------
    values : Series, length n
        Numeric; gaps are not used.
    weights : Series, length n
        Survey weights > 0.
    clusters : Series, length n
        Dependence groups; degrees of freedom are their number minus one.
    level : float
        Strictly between 0 and 1.

    Returns
    -------
    MeanEstimate
        NaN where nobody answered.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., sec. 9A.2 (ratio estimator of cluster samples).

    Examples
    --------
    >>> answer = mean_of(pd.Series([1.0, 2.0, 3.0, np.nan]))
    >>> answer.estimate, round(answer.std_error, 4), answer.n_obs
    (2.0, 0.5774, 3)
    """
    known = values.dropna().astype(float)
    nan = float("nan")
    if known.empty:
        return MeanEstimate(
            estimate=nan, std_error=nan, conf_low=nan, conf_high=nan, n_obs=0, n_effective=0.0
        )
    y: NDArray[np.float64] = np.array(known, dtype=np.float64)
    w = np.ones(len(y)) if weights is None else weights.loc[known.index].to_numpy(dtype=float, copy=True)
    codes = None if clusters is None else pd.factorize(clusters.loc[known.index])[0].astype(np.intp)
    mean, error, df = linearised_mean(y, w, codes)
    half = critical_value(level, df) * error
    spread = float(w @ (y - mean) ** 2 / w.sum()) * len(y) / max(len(y) - 1, 1)
    effective = spread / error**2 if error > 0 else float(len(y))
    return MeanEstimate(
        estimate=mean, std_error=error, conf_low=mean - half, conf_high=mean + half, n_obs=len(y),
        n_effective=effective,
    )  # fmt: skip


def wilson_interval(share: float, n_effective: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share: inside [0, 1] and honest at 0 and 1.

    Parameters
    ----------
    share : float
        In [0, 1].
    n_effective : float
        Persons, or the effective number under clustering or weighting; > 0.
    level : float
        Strictly between 0 and 1.

    Returns
    -------
    tuple of float
        NaN where ``share`` is or nobody was asked.

    References
    ----------
    Wilson (1927), J. Am. Stat. Assoc. 22, 209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> [round(end, 4) for end in wilson_interval(0.0, 20)]
    [0.0, 0.1611]
    """
    if not np.isfinite(share) or not n_effective > 0:
        return float("nan"), float("nan")
    z2 = critical_value(level) ** 2
    centre = (share + z2 / (2 * n_effective)) / (1 + z2 / n_effective)
    half = np.sqrt(z2 * share * (1 - share) / n_effective + z2**2 / (4 * n_effective**2)) / (
        1 + z2 / n_effective
    )
    return max(float(centre - half), 0.0), min(float(centre + half), 1.0)


def share_of(
    hits: pd.Series,
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> MeanEstimate:
    """Share of answers that are hits, with Wilson's interval at the effective sample size.

    Parameters
    ----------
    hits : Series, length n
        1 or True for a hit, 0 or False for none, missing where not asked.
    weights, clusters, level
        As `mean_of`.

    Returns
    -------
    MeanEstimate
        In [0, 1]. Without an interval where all answers come from one cluster. Where all answers agree
        nothing says how clusters differ, so that each cluster counts as one person.

    References
    ----------
    Korn & Graubard (1998), Survey Methodology 24, 193-201 (effective sample size, adjusted to the degrees of
    freedom of the clusters); Kish (1965), Survey Sampling, sec. 11.7 (unequal weights).

    Examples
    --------
    >>> answer = share_of(pd.Series([1, 1, 0, 0, 1]))
    >>> answer.estimate, round(answer.conf_low, 3), round(answer.conf_high, 3)
    (0.6, 0.231, 0.882)
    """
    plain = mean_of(hits.astype(float), weights=weights, clusters=clusters, level=level)
    n = plain.n_obs
    effective = float(n)
    if n > 1 and (weights is not None or clusters is not None):
        asked = hits.dropna().index
        mass = pd.Series(1.0, index=asked) if weights is None else weights.loc[asked].astype(float)
        groups = mass if clusters is None else mass.groupby(clusters.loc[asked]).sum()
        if len(groups) < 2:
            effective = 0.0
        else:
            kish = float(groups.sum() ** 2 / (groups**2).sum())
            ratio = critical_value(level, n - 1) / critical_value(level, len(groups) - 1)
            effective = min((plain.n_effective if plain.std_error > 0 else kish) * ratio**2, effective)
    low, high = wilson_interval(plain.estimate, effective, level)
    return MeanEstimate(
        estimate=plain.estimate, std_error=plain.std_error, conf_low=low, conf_high=high, n_obs=plain.n_obs,
        n_effective=effective,
    )  # fmt: skip


def top_box_cut(low: float, high: float) -> float:
    """Lowest answer that counts as one of the two highest categories of a scale.

    Examples
    --------
    >>> top_box_cut(1, 7), top_box_cut(1, 10)
    (6.0, 9.0)
    """
    return float(high - 1) if high - low > 1 else float(high)


def net_promoter_score(
    recommend: pd.Series,
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> MeanEstimate:
    """Promoters (9-10) minus detractors (0-6), in points of -100 to 100.

    Parameters
    ----------
    recommend : Series, length n
        Likelihood to recommend, 0-10; gaps are not used.
    weights, clusters, level
        As `mean_of`.

    Returns
    -------
    MeanEstimate
        In points; the variance is that of a variable worth 100, 0 or -100 a person.

    References
    ----------
    Reichheld (2003), Harvard Business Review 81(12), 46-54. Rocks (2016), Am. Stat. 70, 365-372 (variance).

    Examples
    --------
    >>> round(net_promoter_score(pd.Series([10, 9, 8, 3])).estimate, 1)
    25.0
    """
    answers = recommend.astype(float)
    points = 100.0 * (answers >= 9).astype(float) - 100.0 * (answers <= 6).astype(float)
    return mean_of(points.where(answers.notna()), weights=weights, clusters=clusters, level=level)


def answer_shares(item: pd.Series, *, weights: pd.Series | None = None) -> pd.DataFrame:
    """Share of every answer that was given to an item.

    Parameters
    ----------
    item : Series, length n
        Answers; gaps are not used.
    weights : Series, length n
        Survey weights > 0.

    Returns
    -------
    DataFrame
        ``answer, share, n_obs`` (persons who gave this answer), answers ascending; shares sum to 1.
    """
    known = item.dropna().astype(float)
    w = pd.Series(1.0, index=known.index) if weights is None else weights.loc[known.index].astype(float)
    mass = w.groupby(known).sum()
    counts = known.groupby(known).size()
    return pd.DataFrame(
        {
            "answer": mass.index.to_numpy(dtype=float, copy=True),
            "share": mass.to_numpy(copy=True) / mass.sum() if len(mass) else mass.to_numpy(copy=True),
            "n_obs": counts.to_numpy(copy=True),
        }
    )

"""Survey waves compared: by how much a mean moved from one wave to the next."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.measurement.answers import MeanEstimate
from servicefx.values.estimates import critical_value

__all__ = ["difference_of_means"]


def difference_of_means(
    values: pd.Series,
    later: pd.Series,
    earlier: pd.Series,
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> MeanEstimate:
    """Mean of the later rows minus mean of the earlier ones.

    Parameters
    ----------
    values : Series, length n
        Numeric; gaps are not used.
    later, earlier : Series of bool, length n
        Rows of the two waves; no row may be in both.
    weights : Series, length n
        Survey weights > 0.
    clusters : Series, length n
        Dependence groups; one that answered in both waves counts once.
    level : float
        Strictly between 0 and 1.

    Returns
    -------
    MeanEstimate
        In units of the values; NaN where one of the waves holds fewer than two answers. Without clusters
        the interval is Welch's: unequal variances, Satterthwaite's degrees of freedom.

    References
    ----------
    Welch (1947), Biometrika 34, 28-35. Cochran (1977), Sampling Techniques, 3rd ed., sec. 2.14 (domains).

    Examples
    --------
    >>> values = pd.Series([1.0, 2.0, 3.0, 3.0, 4.0, 5.0])
    >>> wave = pd.Series([1, 1, 1, 2, 2, 2])
    >>> answer = difference_of_means(values, wave == 2, wave == 1)
    >>> answer.estimate, round(answer.std_error, 4), round(answer.conf_low, 3)
    (2.0, 0.8165, -0.267)
    """
    known = values.notna() & (later | earlier)
    y = values[known].to_numpy(dtype=float, copy=True)
    after = later[known].to_numpy(dtype=bool, copy=True)
    w = np.ones(len(y)) if weights is None else weights[known].to_numpy(dtype=float, copy=True)
    n, counts = len(y), (int(after.sum()), int((~after).sum()))
    nan = float("nan")
    if min(counts) < 2:
        return MeanEstimate(
            estimate=nan, std_error=nan, conf_low=nan, conf_high=nan, n_obs=n, n_effective=0.0
        )
    means = [float(w[side] @ y[side] / w[side].sum()) for side in (after, ~after)]
    scores = np.where(after, w * (y - means[0]) / w[after].sum(), -w * (y - means[1]) / w[~after].sum())
    if clusters is None:
        parts = [_variance(scores[side]) for side in (after, ~after)]
        variance = sum(parts)
        below = sum(part**2 / (count - 1) for part, count in zip(parts, counts, strict=True))
        df = variance**2 / below if below > 0 else 0.0
    else:
        codes = pd.factorize(clusters[known])[0]
        summed = np.bincount(codes, weights=scores).astype(np.float64)
        variance, df = _variance(summed), len(summed) - 1.0
    error = float(np.sqrt(variance))
    half = critical_value(level, df) * error
    estimate = means[0] - means[1]
    return MeanEstimate(
        estimate=estimate,
        std_error=error,
        conf_low=estimate - half,
        conf_high=estimate + half,
        n_obs=n,
        n_effective=float(n),
    )


def _variance(scores: NDArray[np.float64]) -> float:
    """Variance of a sum of independent scores that sum to zero."""
    count = len(scores)
    return count / (count - 1) * float(scores @ scores) if count > 1 else float("nan")

"""Correlations of scores, with intervals that respect clusters and weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.measurement.answers import MeanEstimate, linearised_mean
from servicefx.values.estimates import critical_value

__all__ = ["correlation_interval", "correlation_of"]


def correlation_interval(correlation: float, n_obs: int, level: float = 0.95) -> tuple[float, float]:
    """Fisher's interval of a correlation between independent pairs.

    Parameters
    ----------
    correlation : float
        In (-1, 1).
    n_obs : int
        Pairs; at least four.
    level : float
        Strictly between 0 and 1.

    Returns
    -------
    tuple of float
        NaN with fewer than four pairs, or at ±1.

    References
    ----------
    Fisher (1921), Metron 1, 3-32.

    Examples
    --------
    >>> [round(end, 4) for end in correlation_interval(0.5, 100)]
    [0.3366, 0.6341]
    """
    if n_obs < 4 or not abs(correlation) < 1:
        return float("nan"), float("nan")
    z, half = np.arctanh(correlation), critical_value(level) / np.sqrt(n_obs - 3)
    return float(np.tanh(z - half)), float(np.tanh(z + half))


def correlation_of(
    left: pd.Series,
    right: pd.Series,
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> MeanEstimate:
    """Correlation of two scores over the pairs known, with its interval.

    Parameters
    ----------
    left, right : Series, length n
        Scores; a pair with a gap is not used.
    weights, clusters, level
        As `mean_of`.

    Returns
    -------
    MeanEstimate
        In [-1, 1]; no interval at ±1. Independent, unweighted pairs carry Fisher's interval; clustered or
        weighted ones an interval linearised from the influence of each pair on the correlation, on Fisher's
        scale.

    References
    ----------
    Fisher (1921); Devlin, Gnanadesikan & Kettenring (1975), Biometrika 62, 531-545 (influence function).
    """
    known = left.notna() & right.notna()
    pairs = np.column_stack([left[known].to_numpy(dtype=float), right[known].to_numpy(dtype=float)])
    n = len(pairs)
    nan = float("nan")
    if n < 2 or (np.ptp(pairs, axis=0) == 0).any():
        return MeanEstimate(
            estimate=nan, std_error=nan, conf_low=nan, conf_high=nan, n_obs=n, n_effective=0.0
        )
    w = np.ones(n) if weights is None else weights[known].to_numpy(dtype=float, copy=True)
    centred = pairs - w @ pairs / w.sum()
    z = centred / np.sqrt(w @ centred**2 / w.sum())
    r = float(np.clip(w @ (z[:, 0] * z[:, 1]) / w.sum(), -1.0, 1.0))
    if weights is None and clusters is None:
        low, high = correlation_interval(r, n, level)
        error = (1 - r**2) / np.sqrt(n - 3) if n > 3 else nan
        return MeanEstimate(
            estimate=r, std_error=float(error), conf_low=low, conf_high=high, n_obs=n, n_effective=float(n)
        )
    influence: NDArray[np.float64] = z[:, 0] * z[:, 1] - r * (z**2).sum(axis=1) / 2
    codes = None if clusters is None else pd.factorize(clusters[known])[0].astype(np.intp)
    _, error, df = linearised_mean(influence + r, w, codes)
    low = high = nan
    if abs(r) < 1:
        half = critical_value(level, df) * error / (1 - r**2)
        low, high = float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half))
    return MeanEstimate(
        estimate=r, std_error=error, conf_low=low, conf_high=high, n_obs=n,
        n_effective=(1 - r**2) ** 2 / error**2 if error > 0 else float(n),
    )  # fmt: skip

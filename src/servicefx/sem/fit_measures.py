"""How far a covariance model is from the data: pure functions of sample, implied covariances and n."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtr, chdtrc, chndtr

from servicefx.sem.implied import discrepancy

__all__ = ["fit_measures", "rmsea_interval", "undefined_measures"]

Floats = NDArray[np.float64]
_CLOSE = 0.05
"""The RMSEA up to which a fit is called close (Browne & Cudeck 1993)."""


def fit_measures(sample: Floats, sigma: Floats, *, n_obs: int, n_free: int) -> dict[str, float]:
    """Fit measures of a covariance structure without means.

    Parameters
    ----------
    sample : ndarray, shape (p, p)
        Sample covariances with denominator n.
    sigma : ndarray, shape (p, p)
        Implied covariances, same units.
    n_obs : int
        Rows.
    n_free : int
        Free parameters.

    Returns
    -------
    dict of str to float
        ``chi2, df, p_value, chi2_baseline, df_baseline, cfi, tli, rmsea, rmsea_low, rmsea_high`` (90 %),
        ``rmsea_close`` (p-value of an RMSEA of at most .05), ``srmr, logl, aic, bic, n_obs, n_free``.
        NaN where a measure does not exist; `undefined_measures` says why.

    Notes
    -----
    chi2 is n F. CFI: Bentler (1990), Psychol. Bull. 107, 238-246. TLI: Tucker & Lewis (1973),
    Psychometrika 38, 1-10. RMSEA and its interval use n: Browne & Cudeck (1993). SRMR (Bentler 1995) is
    over all p(p+1)/2 cells. The baseline model holds variances only.
    """
    p = len(sample)
    df = p * (p + 1) // 2 - n_free
    df_baseline = p * (p - 1) // 2
    chi2 = n_obs * discrepancy(sample, sigma) if df else 0.0
    sd = np.sqrt(np.diag(sample))
    chi2_baseline = -n_obs * float(np.linalg.slogdet(sample / np.outer(sd, sd))[1])
    excess = max(chi2 - df, 0.0)
    excess_baseline = max(chi2_baseline - df_baseline, excess, 0.0)
    rmsea = math.sqrt(excess / (df * n_obs)) if df else 0.0
    low, high = rmsea_interval(chi2, df, n_obs)
    residuals = (sample - sigma) / np.outer(sd, sd)
    sign, log_determinant = np.linalg.slogdet(sigma)
    fit = float(log_determinant + np.trace(np.linalg.solve(sigma, sample))) if sign > 0 else math.nan
    logl = -n_obs / 2 * (p * math.log(2 * math.pi) + fit)
    return {
        "chi2": chi2,
        "df": float(df),
        "p_value": float(chdtrc(df, chi2)) if df else math.nan,
        "chi2_baseline": chi2_baseline,
        "df_baseline": float(df_baseline),
        "cfi": 1.0 - excess / excess_baseline if excess_baseline > 0 else 1.0,
        "tli": _tucker_lewis(chi2, df, chi2_baseline, df_baseline),
        "rmsea": rmsea,
        "rmsea_low": low,
        "rmsea_high": high,
        "rmsea_close": _noncentral_above(chi2, df, df * n_obs * _CLOSE**2) if df else math.nan,
        "srmr": float(np.sqrt(np.mean(residuals[np.tril_indices(p)] ** 2))),
        "logl": logl,
        "aic": -2 * logl + 2 * n_free,
        "bic": -2 * logl + math.log(n_obs) * n_free,
        "n_obs": float(n_obs),
        "n_free": float(n_free),
    }


def undefined_measures(measures: Mapping[str, float]) -> dict[str, str]:
    """Why measures are NaN, by name; empty where all exist."""
    reason = "the model has no degree of freedom, so that nothing is left to test"
    improper = (
        "the baseline model fits as well as its degrees of freedom, so that there is nothing to compare"
    )
    return {
        name: improper if name == "tli" else reason for name, value in measures.items() if math.isnan(value)
    }


def rmsea_interval(chi2: float, df: int, n_obs: int, level: float = 0.90) -> tuple[float, float]:
    """Confidence interval of the RMSEA.

    Parameters
    ----------
    chi2 : float
        Test statistic.
    df : int
        Its degrees of freedom.
    n_obs : int
        Rows.
    level : float
        Strictly between 0 and 1.

    Returns
    -------
    tuple of float
        Low and high, in [0, inf); both 0 without degrees of freedom.

    Examples
    --------
    >>> [round(end, 3) for end in rmsea_interval(85.306, 24, 301)]
    [0.071, 0.114]
    """
    if df <= 0:
        return 0.0, 0.0
    tail = (1 - level) / 2
    ends = [_noncentrality(chi2, df, target) / (df * n_obs) for target in (1 - tail, tail)]
    return math.sqrt(ends[0]), math.sqrt(ends[1])


def _noncentrality(chi2: float, df: int, target: float) -> float:
    """The noncentrality that leaves ``target`` below ``chi2``; 0 where even none leaves less."""

    def too_much(shift: float) -> bool:
        return 1.0 - _noncentral_above(chi2, df, shift) <= target

    low, high = 0.0, max(chi2, 1.0)
    if too_much(low):
        return 0.0
    while not too_much(high):
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if too_much(middle):
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _tucker_lewis(chi2: float, df: int, chi2_baseline: float, df_baseline: int) -> float:
    if df == 0:
        return 1.0
    scale = chi2_baseline / df_baseline - 1 if df_baseline else 0.0
    return (chi2_baseline / df_baseline - chi2 / df) / scale if scale > 0 else math.nan


def _noncentral_above(chi2: float, df: int, noncentrality: float) -> float:
    """Upper tail of the noncentral chi-square."""
    below = float(chdtr(df, chi2)) if noncentrality == 0 else float(chndtr(chi2, df, noncentrality))
    return min(max(1.0 - below, 0.0), 1.0)

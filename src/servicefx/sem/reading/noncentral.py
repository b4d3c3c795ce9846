"""The noncentral chi-square distribution, sound for statistics of a million and any degrees of freedom."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtr, chdtrc, chndtrinc, gammaln, ndtri

__all__ = ["noncentral_above", "noncentral_below", "noncentral_quantile", "noncentrality_at"]

Floats = NDArray[np.float64]
_WIDTH = 9.0
"""Standard deviations of the mixture's weights that are summed on either side of the largest term."""
_PROVEN = 1e-12
"""How near the probability of a root must come."""


def noncentral_above(statistic: float, df: float, noncentrality: float) -> float:
    """Probability that a noncentral chi-square exceeds a statistic.

    Parameters
    ----------
    statistic : float
        Not negative.
    df : float
        Degrees of freedom, positive, whole or not.
    noncentrality : float
        Not negative; 0 is the central distribution.

    Returns
    -------
    float
        In [0, 1], with small relative error deep in the tail too.

    Notes
    -----
    The Poisson mixture of central chi-squares (Johnson, Kotz & Balakrishnan 1995, Continuous Univariate
    Distributions 2, eq. 29.2), summed around its largest term; above the mean the upper, below it the
    lower tail is summed, so that no digits cancel.

    Examples
    --------
    >>> round(noncentral_above(85.306, 24, 24 * 301 * 0.05**2), 5)
    0.00066
    """
    if statistic > df + noncentrality:
        return _mixture(statistic, df, noncentrality, upper=True)
    return 1.0 - _mixture(statistic, df, noncentrality, upper=False)


def noncentral_below(statistic: float, df: float, noncentrality: float) -> float:
    """Probability that a noncentral chi-square is at most a statistic; as `noncentral_above`."""
    if statistic > df + noncentrality:
        return 1.0 - _mixture(statistic, df, noncentrality, upper=True)
    return _mixture(statistic, df, noncentrality, upper=False)


def noncentrality_at(statistic: float, df: float, below: float) -> float:
    """The noncentrality that leaves a given probability below a statistic.

    Parameters
    ----------
    statistic : float
        Not negative.
    df : float
        Degrees of freedom, positive.
    below : float
        Probability, strictly between 0 and 1.

    Returns
    -------
    float
        In [0, inf); 0 where even the central distribution leaves no more than ``below``.
    """

    def excess(noncentrality: float) -> float:
        return noncentral_below(statistic, df, noncentrality) - below

    quick = float(chndtrinc(statistic, df, below))  # fails in far tails, so it is asked to prove itself
    if quick > 0 and math.isfinite(quick) and abs(excess(quick)) < _PROVEN:
        return quick
    if excess(0.0) <= 0:
        return 0.0
    low, high = _bracket(statistic, df, below)
    if excess(low) <= 0:
        low, high = 0.0, low
    while excess(high) > 0:
        low, high = high, 2 * high + 10 * math.sqrt(statistic)
    return float(brentq(excess, low, high, xtol=1e-12, rtol=1e-13))


def noncentral_quantile(below: float, df: float, noncentrality: float) -> float:
    """The statistic that leaves a given probability below it.

    Parameters
    ----------
    below : float
        Probability, strictly between 0 and 1.
    df : float
        Degrees of freedom, positive.
    noncentrality : float
        Not negative.

    Returns
    -------
    float
        In (0, inf).

    Examples
    --------
    >>> round(noncentral_quantile(0.95, 1, 0.0), 3)
    3.841
    """

    def excess(statistic: float) -> float:
        if below > 0.5:
            return (1 - below) - noncentral_above(statistic, df, noncentrality)
        return noncentral_below(statistic, df, noncentrality) - below

    high = df + noncentrality
    while excess(high) < 0:
        high += 4 * math.sqrt(2 * (df + 2 * noncentrality)) + 10
    return float(brentq(excess, 0.0, high, xtol=1e-300, rtol=1e-13))


def _bracket(statistic: float, df: float, below: float) -> tuple[float, float]:
    """Where the noncentrality should lie: around the solution for a normal of the same mean and variance."""
    z = float(ndtri(1 - below))
    centre = statistic - df + 2 * z * z + z * math.sqrt(max(4 * z * z + 4 * statistic - 2 * df, 0.0))
    reach = 4 + 0.01 * math.sqrt(statistic)
    return max(centre - reach, 0.0), max(centre + reach, reach)


def _mixture(statistic: float, df: float, noncentrality: float, *, upper: bool) -> float:
    """One tail, as a weighted sum of central tails over the counts that matter."""
    if noncentrality == 0:
        return float(chdtrc(df, statistic) if upper else chdtr(df, statistic))
    if statistic <= 0:
        return float(upper)
    counts = _counts(statistic, df, noncentrality)
    tail = chdtrc if upper else chdtr
    total = np.exp(_log_poisson(counts, noncentrality / 2)) @ tail(df + 2 * counts, statistic)
    return min(max(float(total), 0.0), 1.0)


def _counts(statistic: float, df: float, noncentrality: float) -> Floats:
    """The Poisson counts around the largest product of weight and tail.

    Tilting the law until its mean is the statistic multiplies the Poisson mean by 1/u, where u solves
    df/u + noncentrality/u**2 = statistic.
    """
    u = (df + math.sqrt(df * df + 4 * statistic * noncentrality)) / (2 * statistic)
    centre = noncentrality / (2 * u)
    reach = _WIDTH * math.sqrt(centre) + 40
    return np.arange(max(math.floor(centre - reach), 0), math.ceil(centre + reach) + 1, dtype=np.float64)


def _log_poisson(counts: Floats, mean: float) -> Floats:
    """Logarithm of Poisson weights; large ones by the deviance (Loader 2000), which keeps their digits."""
    if counts[0] < 20 or counts[-1] < 2000:
        plain: Floats = counts * math.log(mean) - mean - gammaln(counts + 1)
        return plain
    deviance = counts * np.log1p((counts - mean) / mean) - (counts - mean)
    inverse = 1 / counts
    stirling = inverse * (1 / 12 - inverse**2 * (1 / 360 - inverse**2 * (1 / 1260 - inverse**2 / 1680)))
    weights: Floats = -deviance - stirling - 0.5 * np.log(2 * math.pi * counts)
    return weights

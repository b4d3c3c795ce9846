"""The RMSEA, its interval and the test of close fit: plain, scaled and robust."""

from __future__ import annotations

import math

from servicefx.sem.reading.model_test import ModelTest
from servicefx.sem.reading.noncentral import noncentral_above, noncentrality_at

__all__ = ["rmsea", "rmsea_interval", "rmsea_robust", "rmsea_scaled"]

_CLOSE = 0.05
"""The RMSEA up to which a fit is called close (Browne & Cudeck 1993)."""


def rmsea_interval(
    chi2: float, df: float, n_obs: float, level: float = 0.90, *, n_groups: int = 1
) -> tuple[float, float]:
    """Confidence interval of the RMSEA (Browne & Cudeck 1993).

    Parameters
    ----------
    chi2 : float
        Test statistic.
    df : float
        Its degrees of freedom.
    n_obs : float
        Rows of all groups.
    level : float
        Strictly between 0 and 1.
    n_groups : int
        Groups.

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
    unit = df * n_obs / n_groups
    low, high = (noncentrality_at(chi2, df, below) for below in (1 - tail, tail))
    return math.sqrt(low / unit), math.sqrt(high / unit)


def rmsea(test: ModelTest, scale: float) -> dict[str, float]:
    """Point, interval and close fit of the unscaled statistic; ``scale`` is n / G."""
    unit = test.df * scale
    return _rmsea_keys("rmsea", test.chi2 - test.df, test.chi2, float(test.df), unit, unit)


def rmsea_scaled(test: ModelTest, scale: float) -> dict[str, float]:
    """The same of the scaled statistic; under mean scaling with the law of a multiple of a chi-square."""
    unit = test.df * scale if test.df else math.nan
    excess = test.chi2_scaled - test.df
    if test.shift or math.isnan(test.factor):
        return _rmsea_keys("rmsea_scaled", excess, test.chi2_scaled, float(test.df), unit, unit)
    return _rmsea_keys("rmsea_scaled", excess, test.chi2, test.expected, unit, unit * test.factor)


def rmsea_robust(test: ModelTest, scale: float) -> dict[str, float]:
    """The same of what the unscaled statistic would be under normality."""
    if test.df == 0 and test.scaling_factor is not None:
        return _rmsea_keys("rmsea_robust", 0.0, 0.0, 0.0, 0.0, 0.0)
    unit = test.df * scale
    excess = test.chi2 - test.expected
    by_factor = unit / test.factor
    return _rmsea_keys("rmsea_robust", excess, test.chi2_scaled, float(test.df), unit, by_factor)


def _rmsea_keys(
    name: str, excess: float, statistic: float, df: float, unit: float, unit_of_law: float
) -> dict[str, float]:
    """An RMSEA with its interval and test of close fit.

    ``unit`` times the squared RMSEA is the excess of the statistic, ``unit_of_law`` times it the
    noncentrality of ``statistic`` on ``df`` degrees of freedom.
    """
    keys = (name, f"{name}_low", f"{name}_high", f"{name}_close")
    if any(math.isnan(value) for value in (excess, statistic, df, unit, unit_of_law)):
        return dict.fromkeys(keys, math.nan)
    if df <= 0:
        return dict(zip(keys, (0.0, 0.0, 0.0, math.nan), strict=True))
    low, high = rmsea_interval(statistic, df, unit_of_law / df)
    close = noncentral_above(statistic, df, unit_of_law * _CLOSE**2)
    return dict(zip(keys, (math.sqrt(max(excess, 0.0) / unit), low, high, close), strict=True))

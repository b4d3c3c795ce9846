"""Tests of differences between two groups from their bootstrap draws, and corrections for many tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = [
    "ADJUSTMENTS", "Adjustment", "DifferenceTest", "adjusted_p_values", "henseler_test", "parametric_test",
    "share_not_larger", "welch_test",
]  # fmt: skip

Floats = NDArray[np.float64]
Adjustment = Literal["holm", "bonferroni", "sidak", "none"]
ADJUSTMENTS: tuple[Adjustment, ...] = get_args(Adjustment)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DifferenceTest:
    """Tests of t differences, left less right; every array has shape (t,), NaN where there is no number.

    Attributes
    ----------
    std_error, statistic, df : ndarray
        Of the difference; NaN where the test has none.
    p_value, p_one_sided : ndarray
        Two-sided; of "left no larger than right" against "larger".
    low, high : ndarray
        Interval of the difference.
    """

    std_error: Floats
    statistic: Floats
    df: Floats
    p_value: Floats
    p_one_sided: Floats
    low: Floats
    high: Floats


def parametric_test(
    difference: Floats, left: Floats, right: Floats, n_left: int, n_right: int, level: float
) -> DifferenceTest:
    """Test by t that takes the sampling variance of single rows to be the same in both groups.

    Parameters
    ----------
    difference : ndarray, shape (t,)
        Of the estimates.
    left, right : ndarray, shape (t,)
        Standard errors in either group.
    n_left, n_right : int
        Rows, or clusters.
    level : float
        Of the interval.

    Notes
    -----
    Keil, Tan, Wei, Saarinen, Tuunainen & Wassenaar (2000), MIS Quarterly 24, 299-325: t with m + n - 2 df,
    error sqrt(((m-1)² s1² + (n-1)² s2²) / (m+n-2)) · sqrt(1/m + 1/n).
    """
    m, n = n_left, n_right
    variance = ((m - 1) ** 2 * left**2 + (n - 1) ** 2 * right**2) / (m + n - 2) * (1 / m + 1 / n)
    return _by_t(difference, np.sqrt(variance), np.full(difference.shape, m + n - 2.0), level)


def welch_test(
    difference: Floats, left: Floats, right: Floats, n_left: int, n_right: int, level: float
) -> DifferenceTest:
    """Test by t for unequal variances; arguments as `parametric_test`.

    Notes
    -----
    Sarstedt, Henseler & Ringle (2011), Advances in International Marketing 22, 195-218: variances
    (n-1)/n · s² and Welch-Satterthwaite df less 2, here not rounded.
    """
    m, n = n_left, n_right
    variance = (m - 1) / m * left**2 + (n - 1) / n * right**2
    with np.errstate(divide="ignore", invalid="ignore"):
        df = variance**2 / ((m - 1) / m**2 * left**4 + (n - 1) / n**2 * right**4) - 2
    return _by_t(difference, np.sqrt(variance), df, level)


def _by_t(difference: Floats, error: Floats, df: Floats, level: float) -> DifferenceTest:
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(error > 0, difference / error, np.nan)
        reach = stats.t.isf((1 - level) / 2, df) * np.where(error > 0, error, np.nan)
    return DifferenceTest(
        std_error=error, statistic=statistic, df=df,
        p_value=np.asarray(2 * stats.t.sf(np.abs(statistic), df)),
        p_one_sided=np.asarray(stats.t.sf(statistic, df)), low=difference - reach, high=difference + reach,
    )  # fmt: skip


def henseler_test(left: Floats, right: Floats, level: float) -> DifferenceTest:
    """Compare every draw of one group with every draw of the other.

    Parameters
    ----------
    left, right : ndarray, shape (J, t), (L, t)
        Bootstrap draws; NaN ones are left out.
    level : float

    Notes
    -----
    Henseler, Ringle & Sinkovics (2009), Advances in International Marketing 20, 277-319: draws are
    mirrored at their mean, 2 mean(a) - a, and the one-sided probability is the share of pairs in which the
    left is not larger. It is counted as (share · J + 1) / (J + 1), J being the smaller number of draws, so
    that it is never 0; the two-sided one is twice the smaller side. The interval holds the middle of all
    mirrored differences.
    """
    t = left.shape[1]
    columns = {name: np.full(t, np.nan) for name in ("both", "one", "low", "high")}
    tail = (1 - level) / 2
    for at in range(t):
        a, b = (draws[np.isfinite(draws[:, at]), at] for draws in (left, right))
        if min(len(a), len(b)) < 2 or max(np.ptp(a), np.ptp(b)) < 1e-9:
            continue
        J = min(len(a), len(b))
        share = share_not_larger(a, b)
        one, other = (share * J + 1) / (J + 1), ((1 - share) * J + 1) / (J + 1)
        columns["one"][at], columns["both"][at] = one, min(1.0, 2 * min(one, other))
        mirrored_a, mirrored_b = 2 * a.mean() - a, 2 * b.mean() - b
        columns["low"][at] = _pair_quantile(mirrored_a, mirrored_b, tail)
        columns["high"][at] = _pair_quantile(mirrored_a, mirrored_b, 1 - tail)
    none = np.full(t, np.nan)
    return DifferenceTest(
        std_error=none, statistic=none, df=none, p_value=columns["both"], p_one_sided=columns["one"],
        low=columns["low"], high=columns["high"],
    )  # fmt: skip


def share_not_larger(left: Floats, right: Floats) -> float:
    """Share of pairs of draws, mirrored at their means, in which the left one is not larger."""
    a, b = 2 * left.mean() - left, np.sort(2 * right.mean() - right)
    not_larger = len(b) - np.searchsorted(
        b, a, side="left"
    )  # draws of the right at or above each of the left
    return float(not_larger.sum() / (len(a) * len(b)))


def _pair_quantile(a: Floats, b: Floats, share: float) -> float:
    """Smallest x with at least a share of all differences a_i - b_j at or below it, by bisection."""
    a_minus, sorted_b = np.asarray(a), np.sort(b)
    wanted = share * len(a) * len(b)
    low, high = float(a.min() - b.max()) - 1e-9, float(a.max() - b.min())
    for _ in range(60):
        middle = (low + high) / 2
        below = (len(b) - np.searchsorted(sorted_b, a_minus - middle, side="left")).sum()
        low, high = (low, middle) if below >= wanted else (middle, high)
    return high


def adjusted_p_values(p_values: Floats, adjustment: Adjustment) -> Floats:
    """p-values of a family of tests, corrected for their number.

    Parameters
    ----------
    p_values : ndarray, shape (m,)
        NaN ones count as no test and stay NaN.
    adjustment : {"holm", "bonferroni", "sidak", "none"}
        Holm (1979), Scand. J. Stat. 6, 65-70; Bonferroni m p; Šidák 1 - (1 - p)^m.

    Returns
    -------
    ndarray, shape (m,)
        In [0, 1].

    Examples
    --------
    >>> adjusted_p_values(np.array([0.01, 0.04, 0.03]), "holm").round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    known = np.flatnonzero(~np.isnan(p_values))
    m, found = len(known), np.array(p_values, dtype=np.float64)
    p = found[known]
    if adjustment == "bonferroni":
        found[known] = np.minimum(1.0, m * p)
    elif adjustment == "sidak":
        found[known] = -np.expm1(m * np.log1p(-np.minimum(p, 1 - 1e-16)))
    elif adjustment == "holm":
        order = np.argsort(p, kind="stable")
        steps = np.maximum.accumulate(p[order] * np.arange(m, 0, -1))
        found[known[order]] = np.minimum(1.0, steps)
    return found

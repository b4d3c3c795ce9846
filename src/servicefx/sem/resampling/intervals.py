"""Bootstrap intervals: percentile, bias-corrected, and bias-corrected and accelerated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from servicefx.errors import Problem, StudyError, closest

__all__ = ["INTERVALS", "acceleration_of", "interval", "interval_columns", "quantiles"]

Floats = NDArray[np.float64]
INTERVALS = ("percentile", "bc", "bca")
_CONSTANT = 1e-10
"""Draws that differ from their estimate by less than this share of it are those of a constant."""


def acceleration_of(left_out: Floats) -> Floats:
    r"""Acceleration of t statistics, shape (t,).

    Parameters
    ----------
    left_out : ndarray, shape (n, t)
        The statistics less those without one row (or cluster) each, i.e. influence values up to a factor;
        those of several strata stand together. NaN counts as no influence.

    Returns
    -------
    ndarray, shape (t,)
        :math:`\sum l^3 / 6 (\sum l^2)^{3/2}` (Efron 1987, J. Am. Stat. Assoc. 82, 171-185, eq. 6.6 with the
        jackknife's values); 0 where nothing has influence.
    """
    known = np.nan_to_num(left_out, nan=0.0, posinf=0.0, neginf=0.0)
    size = np.maximum(known.max(axis=0, initial=0.0), -known.min(axis=0, initial=0.0))
    known /= np.where(size > 0, size, 1.0)
    power = known * known
    squares = power.sum(axis=0)
    power *= known
    with np.errstate(all="ignore"):
        found = power.sum(axis=0) / (6.0 * squares**1.5)
    return np.where(squares > 0, found, 0.0)


def interval(
    draws: Floats, estimate: float, kind: str, level: float, acceleration: float = 0.0
) -> tuple[float, float]:
    r"""An interval from the draws of one statistic.

    Parameters
    ----------
    draws : ndarray, shape (b,)
        Without NaN.
    estimate : float
        Of the full sample.
    kind : {"percentile", "bc", "bca"}
        ``bc`` is ``bca`` with acceleration 0.
    level : float
        Strictly between 0 and 1.
    acceleration : float
        For ``bca``.

    Returns
    -------
    tuple of float
        NaN with fewer than two draws, and where all draws lie on one side of the estimate (``bc``, ``bca``).

    Notes
    -----
    Percentiles are taken at :math:`\Phi(z_0 + (z_0 + z) / (1 - a (z_0 + z)))`, :math:`\Phi(z_0)` being the
    share of draws below the estimate (Efron 1987, eq. 2.3; DiCiccio & Efron 1996, Stat. Sci. 11, 189-228).
    """
    tail = (1.0 - level) / 2.0
    levels = np.array([tail, 1.0 - tail])
    if len(draws) < 2:
        return float("nan"), float("nan")
    if kind != "percentile":
        bias = ndtri(np.mean(draws < estimate))
        if not np.isfinite(bias):
            return float("nan"), float("nan")
        moved = bias + ndtri(levels)
        levels = ndtr(bias + moved / (1.0 - (acceleration if kind == "bca" else 0.0) * moved))
    low, high = quantiles(draws, levels)
    return float(low), float(high)


def quantiles(draws: Floats, levels: Floats) -> Floats:
    """Quantiles at position (b + 1) level, between draws on the normal scale.

    Davison & Hinkley 1997, Bootstrap Methods and their Application, eq. 5.8.
    The outermost draws stand for what lies beyond them.
    """
    ordered = np.sort(draws)
    n = len(ordered)
    place = (n + 1) * np.clip(levels, 0.0, 1.0)
    below = np.clip(np.floor(place + 1e-9 * (n + 1)), 0, n).astype(np.intp)
    inside = (below > 0) & (below < n)
    k = np.clip(below, 1, max(n - 1, 1))
    at, here, there = (ndtri(part) for part in (levels, k / (n + 1), (k + 1) / (n + 1)))
    with np.errstate(all="ignore"):
        between = np.clip((at - here) / (there - here), 0.0, 1.0)
    low, high = ordered[k - 1], ordered[np.minimum(k, n - 1)]
    result = low + np.where(inside, between, 0.0) * (high - low)
    return np.where(inside, result, np.where(below <= 0, ordered[0], ordered[-1]))


def interval_columns(
    estimates: Floats, draws: Floats, acceleration: Floats, kind: str, level: float
) -> dict[str, Floats | NDArray[np.int64]]:
    """Estimates with the standard errors and intervals of their draws, as columns of a frame.

    Parameters
    ----------
    estimates, acceleration : ndarray, shape (t,)
        Acceleration is NaN where it was not worked out.
    draws : ndarray, shape (b, t)
        NaN where a statistic does not exist in a resample.
    kind : {"percentile", "bc", "bca"}
    level : float
        Strictly between 0 and 1.

    Returns
    -------
    dict
        ``estimate, std_error, conf_low, conf_high, n_draws``, each of shape (t,).

    Raises
    ------
    StudyError
        If the kind or level is not known, or ``bca`` is asked where no acceleration was worked out.
    """
    if kind not in INTERVALS:
        found = f"'{kind}' is not known{closest(kind, INTERVALS)}"
        raise StudyError(Problem("kind", found, f"Choose among {', '.join(INTERVALS)}."))
    if not 0 < level < 1:
        found = f"{level} is not between 0 and 1"
        raise StudyError(Problem("level", found, "Choose e.g. 0.95."))
    if kind == "bca" and np.isnan(acceleration).any():
        found = "'bca' needs the influence of every row, which was not worked out"
        remedy = "Choose 'bc' or 'percentile', or kind='cases' with at least as many draws as rows."
        raise StudyError(Problem("kind", found, remedy))
    error, low, high = (np.full(len(estimates), np.nan) for _ in range(3))
    counts = np.zeros(len(estimates), dtype=np.int64)
    for i, estimate in enumerate(estimates):
        known = draws[~np.isnan(draws[:, i]), i]
        counts[i] = len(known)
        if len(known) > 1 and np.ptp(known) <= _CONSTANT * abs(estimate):
            error[i], low[i], high[i] = 0.0, estimate, estimate
            continue
        error[i] = np.std(known, ddof=1) if len(known) > 1 else np.nan
        low[i], high[i] = interval(known, float(estimate), kind, level, float(acceleration[i]))
    return {
        "estimate": np.asarray(estimates, dtype=np.float64),
        "std_error": error,
        "conf_low": low,
        "conf_high": high,
        "n_draws": counts,
    }

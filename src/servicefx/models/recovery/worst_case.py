"""How far silence could move a mean: bounds that assume nothing about those who did not complain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from servicefx.errors import DataError, Problem
from servicefx.measurement.answers import mean_of
from servicefx.models.recovery.complaints import Complaints

__all__ = ["partial_interval", "worst_case_bounds"]


def worst_case_bounds(
    complaints: Complaints,
    outcomes: Sequence[str],
    scales: Sequence[tuple[float, float]],
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """Between which values the mean after a complaint lies, whatever those who kept silent would have said.

    The question is what the mean of everybody a failure hit would be, had all of them complained. What the
    silent would have answered is put at either end of the scale.

    Parameters
    ----------
    complaints : Complaints
    outcomes : sequence of str
        Columns; the handling itself may be one.
    scales : sequence of (float, float)
        Lowest and highest answer of each.
    level : float

    Returns
    -------
    DataFrame
        One row an outcome: ``term, mean_complainers, low, high`` (the bounds), ``conf_low, conf_high`` (an
        interval that covers the mean, wherever it lies between the bounds), ``n_complainers, n_silent``.

    Raises
    ------
    DataError
        If a scale has no length, or an answer lies outside it.

    References
    ----------
    Manski (1989), J. Human Resources 24, 343-360, eq. 3; Imbens & Manski (2004), Econometrica 72,
    1845-1857, eq. 6-7 (interval).
    """
    found = []
    for outcome, (lowest, highest) in zip(outcomes, scales, strict=True):
        where = f"worst case of '{outcome}'"
        if not lowest < highest:
            problem = f"a scale from {lowest:g} to {highest:g}, expected a lowest answer below the highest"
            raise DataError(Problem(where, problem, "Correct the scale."))
        hit, did = complaints.failed, complaints.complained
        answer = complaints.frame[outcome].to_numpy(dtype=float)
        used = hit & (~did | ~np.isnan(answer))
        told = answer[used & did]
        if len(told) and not ((told >= lowest) & (told <= highest)).all():
            problem = f"answers outside {lowest:g} to {highest:g}"
            raise DataError(Problem(where, problem, "Correct the scale."))
        weights = None if complaints.weights is None else complaints.weights[used]
        clusters = None if complaints.clusters is None else complaints.clusters[used]
        ends = [
            mean_of(
                pd.Series(np.where(did[used], answer[used], end)), level=level,
                weights=None if weights is None else weights.reset_index(drop=True),
                clusters=None if clusters is None else clusters.reset_index(drop=True),
            )
            for end in (lowest, highest)
        ]  # fmt: skip
        low, high = partial_interval(
            ends[0].estimate, ends[1].estimate, ends[0].std_error, ends[1].std_error, level
        )
        shares = None if weights is None else weights.to_numpy(dtype=float)[did[used]]
        found.append(
            {
                "term": outcome,
                "mean_complainers": float(np.average(told, weights=shares)) if len(told) else float("nan"),
                "low": ends[0].estimate,
                "high": ends[1].estimate,
                "conf_low": low,
                "conf_high": high,
                "n_complainers": len(told),
                "n_silent": int((used & ~did).sum()),
            }
        )
    return pd.DataFrame(found)


def partial_interval(
    low: float, high: float, low_error: float, high_error: float, level: float = 0.95
) -> tuple[float, float]:
    """Interval that covers a number known only to lie between two estimated bounds.

    Parameters
    ----------
    low, high : float
        Estimated bounds.
    low_error, high_error : float
        Their standard errors, > 0.
    level : float

    Returns
    -------
    tuple of float
        One-sided at either end where the bounds are far apart, two-sided where they meet.

    Examples
    --------
    >>> [round(end, 3) for end in partial_interval(3.0, 5.0, 0.1, 0.1)]
    [2.836, 5.164]
    >>> [round(end, 3) for end in partial_interval(4.0, 4.0, 0.1, 0.1)]
    [3.804, 4.196]
    """
    apart = (high - low) / max(low_error, high_error)
    widest = float(ndtri((1 + level) / 2)) + 1e-6
    critical = float(brentq(lambda c: ndtr(c + apart) - ndtr(-c) - level, 0.0, widest))
    return low - critical * low_error, high + critical * high_error

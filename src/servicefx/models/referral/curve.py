"""The curve of people told over satisfaction, with a band."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.count_rows import CountRows
from servicefx.engines.counts import count_means
from servicefx.models.drivers.draws import percentile_bounds
from servicefx.values.estimates import Estimates

__all__ = ["curve_frame"]

Floats = NDArray[np.float64]
_POINTS = 61


def curve_frame(
    rows: CountRows, fit: Estimates, draws: Floats, counts: NDArray[np.floating], weight: Floats,
    score: Floats, centre: float, level: float,
) -> pd.DataFrame:  # fmt: skip
    """Expected people told if everybody had one score, covariates as they are.

    Parameters
    ----------
    rows : CountRows
        Its first two terms are the points below and above the centre.
    fit : Estimates
    draws : ndarray, shape (B, p)
    counts : ndarray, shape (B, n)
    weight : ndarray, shape (n,)
    score : ndarray, shape (n,)
        Satisfaction.
    centre : float
    level : float

    Returns
    -------
    DataFrame
        ``score, estimate, conf_low, conf_high, undefined``, 61 scores from the lowest seen to
        the highest, and the centre; pointwise percentiles of the resamples.
    """
    at = np.unique(np.r_[np.linspace(score.min(), score.max(), _POINTS), centre])
    points = np.vstack([np.maximum(centre - at, 0.0), np.maximum(at - centre, 0.0)])

    def curve(coefficients: Floats, weights: Floats) -> Floats:
        without = coefficients.copy()
        without[:, :2] = 0.0
        level_of = (weights * _at_cells(rows, without)).sum(axis=1) / weights.sum(axis=1)
        return np.asarray(level_of[:, None] * np.exp(coefficients[:, :2] @ points), dtype=np.float64)

    estimate = curve(fit.coefficients[None], rows.cells.totals(weight[None]))[0]
    low = high = np.full(len(at), np.nan)
    if len(draws):
        low, high = percentile_bounds(curve(draws, rows.cells.totals(counts * weight)), level)
    return pd.DataFrame(
        {
            "score": at,
            "estimate": estimate,
            "conf_low": low,
            "conf_high": high,
            "undefined": "" if np.isfinite(low).all() else "no intervals without resamples",
        }
    )


def _at_cells(rows: CountRows, coefficients: Floats) -> Floats:
    """Expected count of every cell, (B, c): that of any of its rows."""
    first = np.empty(len(rows.cells.codes), dtype=np.intp)
    first[rows.cells.place] = np.arange(len(rows.y))
    some = CountRows(
        outcome=rows.outcome, terms=rows.terms, y=rows.y[first], x=rows.x[first], z=rows.z[first],
        offset=rows.offset[first], cells=rows.cells, back=rows.back,
    )  # fmt: skip
    return count_means(some, coefficients)

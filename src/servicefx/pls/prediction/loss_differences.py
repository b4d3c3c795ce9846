"""The test of a mean difference of losses: by the t distribution or by resampled rows or clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from servicefx.moments.resample_index import resample_blocks

__all__ = ["Comparison", "compared"]

Floats = NDArray[np.float64]
_ALIKE = 1e-8
"""Share of a loss below which their difference is rounding, or weights stopped at their tolerance."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Comparison:
    """Losses of all rows, shape (n_obs,), of a construct's items under the model and under a benchmark."""

    construct: str
    benchmark: str
    n_items: int
    loss: Floats
    benchmark_loss: Floats
    undefined: str


def compared(
    comparisons: list[Comparison],
    unit: NDArray[np.intp],
    draws: int,
    seed: int,
    analysis_id: str,
    level: float,
) -> pd.DataFrame:
    """The frame of `servicefx.pls.cvpat`.

    Parameters
    ----------
    comparisons : list of Comparison
        Of the same n_obs rows.
    unit : ndarray of int, shape (n_obs,)
        Number of the row or cluster that each row belongs to.
    draws, seed, analysis_id, level
        As `servicefx.pls.cvpat`.
    """
    gaps = np.column_stack([each.loss - each.benchmark_loss for each in comparisons])
    size = np.bincount(unit).astype(np.float64)
    sums = np.column_stack([np.bincount(unit, weights=gap) for gap in gaps.T])
    mean = sums.sum(axis=0) / len(unit)
    centred = sums - mean * size[:, None]
    once = np.ones((1, len(size)))
    error = _resampled(once, centred, size)[1][0]
    df = len(size) - 1
    scale = np.array([np.mean(each.loss) for each in comparisons])
    alike = ~(error > _ALIKE * scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(alike, np.nan, mean / error)
    if draws:
        low, high, two_sided, better = _by_draws(
            mean, error, centred, size, draws=draws, seed=seed, analysis_id=analysis_id, level=level
        )
    else:
        reach = stats.t.isf((1 - level) / 2, df) * error
        low, high = mean - reach, mean + reach
        two_sided, better = 2 * stats.t.sf(np.abs(statistic), df), stats.t.cdf(statistic, df)
    refused = np.array([bool(each.undefined) for each in comparisons])
    nothing = alike & ~refused
    frame = pd.DataFrame(
        {
            "construct": [each.construct for each in comparisons],
            "benchmark": [each.benchmark for each in comparisons],
            "n_items": [each.n_items for each in comparisons],
            "loss": [float(each.loss.mean()) for each in comparisons],
            "benchmark_loss": [float(each.benchmark_loss.mean()) for each in comparisons],
            "loss_difference": mean,
            "std_error": error,
            "statistic": statistic,
            "df": float(df),
            "p_value": np.where(nothing, np.nan, two_sided),
            "p_better": np.where(nothing, np.nan, better),
            "conf_low": low,
            "conf_high": high,
            "n_obs": len(unit),
            "undefined": [
                each.undefined or ("both predict every row alike" if same else "")
                for each, same in zip(comparisons, nothing, strict=True)
            ],
        }
    )
    return frame


def _resampled(counts: Floats, centred: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Mean gaps of resampled units less those of the sample, and their standard errors, shape (B, m)."""
    total = (counts @ size)[:, None]
    n_units = len(size)
    shift = counts @ centred / total
    squares = (
        counts @ centred**2
        - 2 * shift * (counts @ (centred * size[:, None]))
        + shift**2 * (counts @ size**2)[:, None]
    )
    return shift, np.sqrt(np.maximum(squares, 0.0) * n_units / (n_units - 1)) / total


def _by_draws(
    mean: Floats,
    error: Floats,
    centred: Floats,
    size: Floats,
    *,
    draws: int,
    seed: int,
    analysis_id: str,
    level: float,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Ends of percentile intervals, two-sided p-values and those of "better", from resampled units."""
    blocks = resample_blocks(len(size), draws, seed, analysis_id)
    parts = [_resampled(block.counts().astype(np.float64), centred, size) for block in blocks]
    shift = np.concatenate([part for part, _ in parts])
    with np.errstate(divide="ignore", invalid="ignore"):
        t = shift / np.concatenate([part for _, part in parts])
        observed = mean / error
    low, high = mean + np.quantile(shift, [(1 - level) / 2, (1 + level) / 2], axis=0)
    two_sided = ((np.abs(t) >= np.abs(observed)).sum(axis=0) + 1) / (draws + 1)
    better = ((t <= observed).sum(axis=0) + 1) / (draws + 1)
    unknown = np.isnan(observed)
    return low, high, np.where(unknown, np.nan, two_sided), np.where(unknown, np.nan, better)

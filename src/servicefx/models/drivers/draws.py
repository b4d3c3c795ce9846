"""Draws of several numbers turned into intervals, ranks and the chance of being first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

__all__ = ["NO_DRAWS", "chance_first", "percentile_bounds", "rank_bounds", "ranks"]

Floats = NDArray[np.float64]
NO_DRAWS = "no intervals without resamples"
_DECIMALS = 12
"""Numbers that agree to so many decimals share a rank: copies of a driver differ by rounding only."""


def percentile_bounds(draws: Floats, level: float) -> tuple[Floats, Floats]:
    """Percentile interval of each column of the draws, (B, t); NaN below two draws with an answer."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1, not {level!r}")
    known = draws[np.isfinite(draws).all(axis=1)]
    if len(known) < 2:
        nothing = np.full(draws.shape[1], np.nan)
        return nothing, nothing.copy()
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)


def ranks(values: Floats) -> NDArray[np.int64]:
    """Rank from the largest (1) along the last axis; equal numbers share the better rank."""
    places = rankdata(-np.round(values, _DECIMALS), method="min", axis=-1)
    return np.asarray(places, dtype=np.int64)


def rank_bounds(draws: Floats, level: float) -> tuple[Floats, Floats]:
    """Between which ranks each column of the draws stands in at least ``level`` of them."""
    known = draws[np.isfinite(draws).all(axis=1)]
    if len(known) < 2:
        nothing = np.full(draws.shape[1], np.nan)
        return nothing, nothing.copy()
    places = ranks(known)
    low = np.quantile(places, (1 - level) / 2, axis=0, method="lower")
    high = np.quantile(places, (1 + level) / 2, axis=0, method="higher")
    return low.astype(np.float64), high.astype(np.float64)


def chance_first(draws: Floats) -> Floats:
    """Share of the draws in which each column has rank 1; NaN without draws."""
    known = draws[np.isfinite(draws).all(axis=1)]
    if len(known) < 2:
        return np.full(draws.shape[1], np.nan)
    return np.asarray((ranks(known) == 1).mean(axis=0), dtype=np.float64)

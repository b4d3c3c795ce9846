"""Complete rows of people told, with the resamples every answer about them stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.count_rows import checked_counts
from servicefx.errors import DataError, Problem
from servicefx.models.drivers.rows import DriverRows, driver_rows
from servicefx.models.frame_draws import cluster_labels, resamples_said
from servicefx.moments.resample_index import resample_counts

__all__ = ["ToldRows", "told_rows"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ToldRows:
    """Complete rows and resamples.

    Attributes
    ----------
    rows : DriverRows
        Outcome, terms, weights, clusters, what was dropped.
    counts : ndarray, shape (draws, n)
        How often each row stands in each resample; no rows without draws.
    source : str
        Which resamples.
    """

    rows: DriverRows
    counts: NDArray[np.float32]
    source: str

    @property
    def weight(self) -> NDArray[np.float64] | None:
        """Survey weights with mean 1, shape (n,), or None."""
        if self.rows.weights is None:
            return None
        values = self.rows.weights.to_numpy(dtype=float, copy=True)
        return np.asarray(values / values.mean(), dtype=np.float64)


def told_rows(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    draws: int = 0,
    seed: int = 0,
    data_id: str = "data",
    counts: NDArray[np.float32] | None = None,
    source: str | None = None,
) -> ToldRows:
    """Rows with everything known, checked, and their resamples.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap are left out and counted.
    outcome : str
        Column of counts.
    terms : sequence of str
        Columns that explain it.
    clusters, weights : Series of length n, optional
        Row by row beside ``data``.
    draws, seed, data_id
        Resamples of rows (of whole clusters where given), drawn here unless ``counts`` are given.
    counts : ndarray, shape (draws, n), optional
        Shared resamples of the rows of ``data``; ``source`` names them.
    source : str, optional

    Returns
    -------
    ToldRows

    Raises
    ------
    DataError
        If a count is negative or no whole number (rows named), all are zero, or as
        `servicefx.models.drivers.rows.driver_rows`.
    """
    if outcome in data.columns and pd.api.types.is_numeric_dtype(data[outcome]):
        checked_counts(data[outcome], f"count model of '{outcome}'")
    rows = driver_rows(data, outcome, terms, weights=weights, clusters=clusters)
    if counts is None:
        drawn = np.zeros((0, len(data)), dtype=np.float32)
        if draws:
            drawn = resample_counts(len(data), draws, seed, data_id, cluster_labels(clusters))
        counts, source = drawn, f"{data_id}: {resamples_said(draws, clusters, seed)}"
    elif counts.shape[1] != len(data) or not source:
        found = f"resamples of {counts.shape[1]} rows beside {len(data)} rows of data, named '{source or ''}'"
        remedy = "Give the resamples of these rows, and name them."
        raise DataError(Problem(f"count model of '{outcome}'", found, remedy))
    return ToldRows(rows=rows, counts=counts[:, rows.positions], source=str(source))

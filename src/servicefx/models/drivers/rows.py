"""The complete rows behind a question about drivers, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import checked_clusters, checked_weights
from servicefx.errors import DataError, Problem
from servicefx.models.frame_rows import check_columns, check_named_once, check_varying, frame_rows

__all__ = ["DriverRows", "driver_rows"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DriverRows:
    """Complete rows of an outcome, its drivers and the columns held.

    Attributes
    ----------
    outcome : str
    drivers, covariates : tuple of str
        Columns, in the order given.
    frame : DataFrame, shape (n, 1 + k + c)
        Outcome, drivers, covariates as floats; numbered from 0.
    weights, clusters : Series of length n, or None
        Beside ``frame``.
    positions : ndarray of int, shape (n,)
        Place of every row in the data given.
    n_rows : int
        Rows of the data given, used or not.
    dropped : mapping of str to int
        Rows not used, each once, by reason.
    """

    outcome: str
    drivers: tuple[str, ...]
    covariates: tuple[str, ...]
    frame: pd.DataFrame
    weights: pd.Series | None
    clusters: pd.Series | None
    positions: NDArray[np.intp]
    n_rows: int
    dropped: Mapping[str, int]

    @property
    def n_obs(self) -> int:
        """Rows used."""
        return len(self.frame)

    @property
    def n_dropped(self) -> int:
        """Rows not used."""
        return self.n_rows - len(self.frame)

    @property
    def shares(self) -> Floats:
        """Weight of every row, shape (n,), summing to 1."""
        if self.weights is None:
            return np.full(self.n_obs, 1 / self.n_obs)
        weight = self.weights.to_numpy(dtype=float, copy=True)
        return np.asarray(weight / weight.sum(), dtype=np.float64)


def driver_rows(
    data: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    covariates: Sequence[str] = (),
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
) -> DriverRows:
    """Rows with outcome, drivers, covariates, weight and cluster known, or a refusal in words.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap are left out and counted under the first column that is missing.
    outcome : str
        Column explained.
    drivers, covariates : sequence of str
        Columns that explain it.
    weights, clusters : Series of length n, optional
        Row by row beside ``data``.

    Returns
    -------
    DriverRows

    Raises
    ------
    DataError
        If a column is absent, named twice, text, infinite or constant, there are too few rows, or a weight is
        not above 0.
    """
    where = f"drivers of '{outcome}'"
    names = [outcome, *drivers, *covariates]
    _check_drivers(drivers, where)
    check_named_once(names, where, "Name each column once.")
    check_columns(data, names, where, recode="Code it as numbers.")
    known = frame_rows(data, names, where, clusters=clusters, weights=weights)
    frame, cluster = known.frame, known.clusters
    if len(frame) < 3:
        found = f"{len(frame)} rows have all of these columns, at least 3 expected"
        raise DataError(Problem(where, found, "Add rows, or ask about fewer columns at once."))
    check_varying(frame, where, "Remove it.")
    weight = None if known.weights is None else known.weights.astype(float)
    if weight is not None:
        checked_weights(weight, len(frame), outcome)
    if cluster is not None:
        checked_clusters(cluster, len(frame), outcome)
    return DriverRows(
        outcome=outcome,
        drivers=tuple(drivers),
        covariates=tuple(covariates),
        frame=frame,
        weights=weight,
        clusters=cluster,
        positions=known.positions,
        n_rows=len(data),
        dropped=known.dropped,
    )


def _check_drivers(drivers: Sequence[str], where: str) -> None:
    if isinstance(drivers, str):
        raise DataError(Problem(where, f"drivers is the text '{drivers}'", "Give a list of columns."))
    if not drivers:
        raise DataError(Problem(where, "no driver is named", "Name at least one column as a driver."))

"""The complete rows behind a question about drivers, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import checked_clusters, checked_weights
from servicefx.errors import DataError, Problem, closest

__all__ = ["DriverRows", "driver_rows"]

Floats = NDArray[np.float64]
_ROUNDING = 1e-13
"""A range below this share of the largest value is rounding, not variation."""


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
    _check_names(data, names, drivers, where)
    columns = data[names].astype(float).reset_index(drop=True)
    missing = {f"{name} missing": columns[name].isna().to_numpy() for name in names}
    for kind, series in (("cluster", clusters), ("weight", weights)):
        if series is None:
            continue
        if len(series) != len(data):
            found = f"{len(series)} {kind}s for {len(data)} rows"
            raise DataError(Problem(where, found, f"Give one {kind} a row."))
        missing[f"{kind} '{series.name}' missing"] = series.isna().to_numpy()
    complete, dropped = np.ones(len(data), dtype=bool), {}
    for reason, gaps in missing.items():
        lost = int((complete & gaps).sum())
        if lost:
            dropped[reason] = lost
        complete &= ~gaps
    positions = np.flatnonzero(complete)
    frame = columns.iloc[positions].reset_index(drop=True)
    _check_values(frame, where)
    weight = None if weights is None else weights.iloc[positions].reset_index(drop=True).astype(float)
    if weight is not None:
        checked_weights(weight, len(frame), outcome)
    cluster = None if clusters is None else clusters.iloc[positions].reset_index(drop=True)
    if cluster is not None:
        checked_clusters(cluster, len(frame), outcome)
    return DriverRows(
        outcome=outcome,
        drivers=tuple(drivers),
        covariates=tuple(covariates),
        frame=frame,
        weights=weight,
        clusters=cluster,
        positions=positions.astype(np.intp),
        n_rows=len(data),
        dropped=dropped,
    )


def _check_names(data: pd.DataFrame, names: Sequence[str], drivers: Sequence[str], where: str) -> None:
    if isinstance(drivers, str):
        raise DataError(Problem(where, f"drivers is the text '{drivers}'", "Give a list of columns."))
    if not drivers:
        raise DataError(Problem(where, "no driver is named", "Name at least one column as a driver."))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        found = "these columns have two parts at once: " + ", ".join(f"'{name}'" for name in twice)
        raise DataError(Problem(where, found, "Name each column once."))
    problems = []
    for name in names:
        if name not in data.columns:
            found = f"column '{name}' is not in the data{closest(name, map(str, data.columns))}"
            problems.append(Problem(where, found, "Correct the name."))
        elif not pd.api.types.is_numeric_dtype(data[name]):
            found = f"column '{name}' holds text, expected numbers"
            problems.append(Problem(where, found, "Code it as numbers."))
    if problems:
        raise DataError(*problems)


def _check_values(frame: pd.DataFrame, where: str) -> None:
    """Refuse too few rows, infinite and constant columns."""
    if len(frame) < 3:
        found = f"{len(frame)} rows have all of these columns, at least 3 expected"
        raise DataError(Problem(where, found, "Add rows, or ask about fewer columns at once."))
    values = frame.to_numpy(dtype=float, copy=True)
    infinite = [name for name, bad in zip(frame, np.isinf(values).any(axis=0), strict=True) if bad]
    if infinite:
        found = "infinite values in " + ", ".join(f"'{name}'" for name in infinite)
        raise DataError(Problem(where, found, "Replace them by a number or a gap."))
    still = np.ptp(values, axis=0) <= _ROUNDING * np.abs(values).max(axis=0)
    problems = [
        Problem(where, f"'{name}' has the same value in all {len(frame)} rows used", "Remove it.")
        for name, flat in zip(frame, still, strict=True)
        if flat
    ]
    if problems:
        raise DataError(*problems)

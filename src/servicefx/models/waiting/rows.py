"""The complete rows behind a threshold, checked before anything is estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import checked_clusters, checked_weights, redundant_terms
from servicefx.errors import DataError, IdentificationError, Problem, StudyError, closest

__all__ = ["FEWEST_WAITS", "WaitRows", "cluster_labels", "search_range", "wait_rows"]

Floats = NDArray[np.float64]
FEWEST_WAITS = 6
"""Different waits needed: two a side for a line each, and two more to tell a bend from a curve."""

_FEWEST_BEYOND = 20
"""Rows needed beyond the numbers estimated: below that neither bootstrap says anything."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WaitRows:
    """Complete rows in the order of the wait.

    Attributes
    ----------
    outcome, wait : str
        Columns.
    covariates : tuple of str, length k
        Columns held.
    y, x : ndarray, shape (n,)
        Outcome and wait, the wait rising.
    z : ndarray, shape (n, k)
        Covariates.
    weights : ndarray, shape (n,)
        Survey weights with mean 1; ones where there are none.
    weighted : bool
        Whether there are any.
    clusters : ndarray of int, shape (n,), or None
        Cluster of every row, from 0.
    positions : ndarray of int, shape (n,)
        Place of every row in the data given.
    n_rows : int
        Rows of the data given, used or not.
    dropped : mapping of str to int
        Rows not used, by reason.
    """

    outcome: str
    wait: str
    covariates: tuple[str, ...]
    y: Floats
    x: Floats
    z: Floats
    weights: Floats
    weighted: bool
    clusters: NDArray[np.intp] | None
    positions: NDArray[np.intp]
    n_rows: int
    dropped: Mapping[str, int]

    @property
    def n_clusters(self) -> int:
        """Clusters among the rows; 0 where none are declared."""
        return 0 if self.clusters is None else len(np.unique(self.clusters))

    @property
    def where(self) -> str:
        """The place a refusal names."""
        return f"threshold of '{self.wait}' for '{self.outcome}'"


def wait_rows(
    data: pd.DataFrame,
    outcome: str,
    wait: str,
    covariates: Sequence[str],
    clusters: pd.Series | None,
    weights: pd.Series | None,
) -> WaitRows:
    """Rows with outcome, wait, covariates, cluster and weight known, or a refusal in words.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap are left out and counted under the first column that is missing.
    outcome, wait : str
        Columns.
    covariates : sequence of str
        Columns held.
    clusters, weights : Series of length n, or None
        Row by row beside ``data``.

    Returns
    -------
    WaitRows

    Raises
    ------
    DataError
        If a column is absent, not numeric, infinite or constant, a name stands twice, or there are too few
        rows or different waits.
    IdentificationError
        If the covariates can be computed from each other or from the wait.
    """
    where = f"threshold of '{wait}' for '{outcome}'"
    names = [outcome, wait, *covariates]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        found = "these columns have two parts at once: " + ", ".join(f"'{name}'" for name in twice)
        raise DataError(Problem(where, found, "Name each column once, as outcome, wait or covariate."))
    _check_columns(data, names, where)
    columns = data[names].astype(float)
    missing: dict[str, pd.Series] = {f"{name} missing": columns[name].isna() for name in names}
    for kind, series in (("cluster", clusters), ("weight", weights)):
        if series is None:
            continue
        if len(series) != len(data):
            found = f"{len(series)} {kind}s for {len(data)} rows"
            raise DataError(Problem(where, found, f"Give one {kind} a row."))
        missing[f"{kind} '{series.name}' missing"] = pd.Series(series.isna().to_numpy(), index=data.index)
    complete = np.ones(len(data), dtype=bool)
    dropped: dict[str, int] = {}
    for reason, gaps in missing.items():
        lost = int((complete & gaps.to_numpy()).sum())
        if lost:
            dropped[reason] = lost
        complete &= ~gaps.to_numpy()
    positions = np.flatnonzero(complete)
    values = columns.to_numpy(dtype=float, copy=True)[positions]
    _check_values(values, names, where)
    order = np.argsort(values[:, 1], kind="stable")
    values, positions = values[order], positions[order]
    weight = np.ones(len(values))
    if weights is not None:
        weight = checked_weights(weights.iloc[positions], len(values), outcome)
        weight = weight / weight.mean()
    codes = None
    if clusters is not None:
        codes = checked_clusters(clusters.iloc[positions], len(values), outcome)[0]
    return WaitRows(
        outcome=outcome,
        wait=wait,
        covariates=tuple(covariates),
        y=values[:, 0],
        x=values[:, 1],
        z=values[:, 2:],
        weights=weight,
        weighted=weights is not None,
        clusters=codes,
        positions=positions.astype(np.intp),
        n_rows=len(data),
        dropped=dropped,
    )


def _check_columns(data: pd.DataFrame, names: Sequence[str], where: str) -> None:
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


def _check_values(values: Floats, names: Sequence[str], where: str) -> None:
    """Refuse infinite, constant and redundant columns, and too few rows or waits."""
    n = len(values)
    k = len(names) + 2  # constant, two slopes, threshold, covariates
    if n < k + _FEWEST_BEYOND:
        found = f"{n} complete rows for {k} numbers to estimate, at least {k + _FEWEST_BEYOND} expected"
        raise DataError(Problem(where, found, "Add rows, or hold fewer covariates."))
    infinite = [name for name, column in zip(names, values.T, strict=True) if np.isinf(column).any()]
    if infinite:
        found = "infinite values in " + ", ".join(f"'{name}'" for name in infinite)
        raise DataError(Problem(where, found, "Replace them by a number or a gap."))
    size = np.abs(values).max(axis=0)
    flat = [name for name, still in zip(names, np.ptp(values, axis=0) <= 1e-13 * size, strict=True) if still]
    if flat:
        raise DataError(
            *(
                Problem(where, f"'{name}' has the same value in all {n} rows used", "Remove it.")
                for name in flat
            )
        )
    waits = len(np.unique(values[:, 1]))
    if waits < FEWEST_WAITS:
        found = f"'{names[1]}' has {waits} different values, at least {FEWEST_WAITS} expected to see a bend"
        raise DataError(Problem(where, found, "Record the wait in finer steps, or compare groups of it."))
    redundant = redundant_terms(values[:, 1:], names[1:])
    if redundant:
        found = "these covariates can be computed exactly from the wait and the others: "
        found += ", ".join(f"'{name}'" for name in redundant)
        raise IdentificationError(Problem(where, found, "Remove them, or merge them into one."))


def cluster_labels(clusters: pd.Series | None) -> pd.Series | None:
    """Labels to resample by: as they are, or, where rows have none, with those rows as one more cluster."""
    if clusters is None or not clusters.isna().any():
        return clusters
    return clusters.astype(object).where(clusters.notna(), "").astype(str)


def search_range(rows: WaitRows, search: tuple[float, float] | None, trim: float) -> tuple[float, float]:
    """Between which waits the threshold is looked for.

    Parameters
    ----------
    rows : WaitRows
    search : tuple of float or None
        Lowest and highest wait, in units of the wait; None takes the quantiles ``trim`` and ``1 - trim``.
    trim : float
        Share of the rows kept out of the search on either side, in (0, .5).

    Returns
    -------
    tuple of float
        Never nearer to an end than the second wait from it: a line needs two.

    Raises
    ------
    StudyError
        If ``trim`` is not between 0 and .5.
    DataError
        If no wait is left between the two.
    """
    if not 0 < trim < 0.5:
        raise StudyError(Problem("trim", f"{trim!r} is not between 0 and 0.5", "Choose e.g. 0.05."))
    waits = np.unique(rows.x)
    first, last = float(waits[1]), float(waits[-2])
    if search is None:
        low, high = (float(value) for value in np.quantile(rows.x, [trim, 1 - trim]))
        low, high = max(low, first), min(high, last)
        if not low < high:
            share = f"the middle {1 - 2 * trim:.0%} of the rows"
            found = f"{share} have one wait, {low:g}, and nothing bends at a single value"
            raise DataError(Problem(rows.where, found, "Lower 'trim', or record the wait in finer steps."))
        return low, high
    low, high = float(search[0]), float(search[1])
    if not low < high:
        found = f"the search runs from {low:g} to {high:g}, expected from low to high"
        raise DataError(Problem(rows.where, found, "Give the lower end first."))
    inside = (max(low, first), min(high, last))
    if not inside[0] < inside[1]:
        found = f"no threshold can be sought from {low:g} to {high:g}: with two waits on either side of it, "
        found += f"it must lie between {first:g} and {last:g}"
        raise DataError(Problem(rows.where, found, "Choose a search range among the waits observed."))
    return inside

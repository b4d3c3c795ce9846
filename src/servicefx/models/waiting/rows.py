"""The complete rows behind a threshold, checked before anything is estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import checked_clusters, checked_weights, redundant_terms
from servicefx.errors import DataError, IdentificationError, Problem, StudyError
from servicefx.models.frame_rows import check_columns, check_named_once, check_varying, frame_rows

__all__ = ["FEWEST_WAITS", "WaitRows", "search_range", "wait_rows"]

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
    check_named_once(names, where, "Name each column once, as outcome, wait or covariate.")
    check_columns(data, names, where, recode="Code it as numbers.")
    known = frame_rows(data, names, where, clusters=clusters, weights=weights)
    _check_values(known.frame, where)
    values = known.frame.to_numpy(dtype=float, copy=True)
    order = np.argsort(values[:, 1], kind="stable")
    values = values[order]
    weight = np.ones(len(values))
    if known.weights is not None:
        weight = checked_weights(known.weights.iloc[order], len(values), outcome)
        weight = weight / weight.mean()
    codes = None
    if known.clusters is not None:
        codes = checked_clusters(known.clusters.iloc[order], len(values), outcome)[0]
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
        positions=known.positions[order],
        n_rows=len(data),
        dropped=known.dropped,
    )


def _check_values(frame: pd.DataFrame, where: str) -> None:
    """Refuse infinite, constant and redundant columns, and too few rows or waits."""
    n, names = len(frame), [str(name) for name in frame.columns]
    k = len(names) + 2  # constant, two slopes, threshold, covariates
    if n < k + _FEWEST_BEYOND:
        found = f"{n} complete rows for {k} numbers to estimate, at least {k + _FEWEST_BEYOND} expected"
        raise DataError(Problem(where, found, "Add rows, or hold fewer covariates."))
    check_varying(frame, where, "Remove it.")
    values = frame.to_numpy(dtype=float, copy=True)
    waits = len(np.unique(values[:, 1]))
    if waits < FEWEST_WAITS:
        found = f"'{names[1]}' has {waits} different values, at least {FEWEST_WAITS} expected to see a bend"
        raise DataError(Problem(where, found, "Record the wait in finer steps, or compare groups of it."))
    redundant = redundant_terms(values[:, 1:], names[1:])
    if redundant:
        found = "these covariates can be computed exactly from the wait and the others: "
        found += ", ".join(f"'{name}'" for name in redundant)
        raise IdentificationError(Problem(where, found, "Remove them, or merge them into one."))


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

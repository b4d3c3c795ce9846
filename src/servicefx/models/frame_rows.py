"""The rows of a frame behind one question: names refused in the reader's words, gaps counted by reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, closest

__all__ = [
    "FrameRows",
    "check_columns",
    "check_named_once",
    "check_present",
    "check_varying",
    "frame_rows",
    "without_gaps",
]

Flags = NDArray[np.bool_]
_ROUNDING = 1e-13
"""A range below this share of the largest value is rounding, not variation."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FrameRows:
    """Rows of a frame in which everything asked about is known.

    Attributes
    ----------
    frame : DataFrame, shape (n, m)
        Columns asked about as floats, numbered from 0.
    clusters, weights : Series of length n, or None
        Beside ``frame``, numbered like it.
    positions : ndarray of int, shape (n,)
        Place of every row in the data given.
    dropped : mapping of str to int
        Rows not used, each once, by reason.
    """

    frame: pd.DataFrame
    clusters: pd.Series | None
    weights: pd.Series | None
    positions: NDArray[np.intp]
    dropped: dict[str, int]


def check_named_once(names: Sequence[str], where: str, remedy: str, these: str = "these columns") -> None:
    """Refuse names that stand twice, in alphabetical order."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        found = f"{these} have two parts at once: " + ", ".join(f"'{name}'" for name in twice)
        raise DataError(Problem(where, found, remedy))


def check_present(
    data: pd.DataFrame, names: Sequence[str], where: str, remedy: str = "Correct the name."
) -> None:
    """Refuse names that are no columns of the data, all of them at once."""
    problems = [_absent(data, name, where, remedy) for name in names if name not in data.columns]
    if problems:
        raise DataError(*problems)


def check_columns(data: pd.DataFrame, names: Sequence[str], where: str, *, recode: str) -> None:
    """Refuse names that are no columns of the data, and columns of text; ``recode`` says what to do then."""
    problems = []
    for name in names:
        if name not in data.columns:
            problems.append(_absent(data, name, where, "Correct the name."))
        elif not pd.api.types.is_numeric_dtype(data[name]):
            problems.append(Problem(where, f"column '{name}' holds text, expected numbers", recode))
    if problems:
        raise DataError(*problems)


def _absent(data: pd.DataFrame, name: str, where: str, remedy: str) -> Problem:
    known = closest(name, map(str, data.columns))
    return Problem(where, f"column '{name}' is not in the data{known}", remedy)


def without_gaps(gaps: Mapping[str, Flags], among: Flags) -> tuple[Flags, dict[str, int]]:
    """Which rows are left once every reason to leave one out has been heard, and how many each one cost.

    Parameters
    ----------
    gaps : mapping of str to ndarray of bool, shape (n,)
        Reason -> rows without what it names.
    among : ndarray of bool, shape (n,)
        Rows asked about.

    Returns
    -------
    tuple of ndarray of bool, shape (n,), and dict of str to int
        A row counts once, under the first reason; a reason that costs no row is not named.

    Examples
    --------
    >>> gaps = {"age missing": np.array([True, False, False]), "trust missing": np.array([True, True, False])}
    >>> kept, dropped = without_gaps(gaps, np.ones(3, dtype=bool))
    >>> kept.tolist(), dropped
    ([False, False, True], {'age missing': 1, 'trust missing': 1})
    """
    kept, dropped = among.copy(), {}
    for reason, missing in gaps.items():
        lost = int((kept & missing).sum())
        if lost:
            dropped[reason] = lost
        kept &= ~missing
    return kept, dropped


def frame_rows(
    data: pd.DataFrame,
    names: Sequence[str],
    where: str,
    *,
    clusters: pd.Series | None,
    weights: pd.Series | None,
) -> FrameRows:
    """Rows in which the named columns, the cluster and the weight are known; possibly none.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Holds the named columns, numeric (`check_columns`).
    names : sequence of str
        Columns, each once; a row is counted under the first that is missing, then the cluster, the weight.
    where : str
        What is asked, for the message.
    clusters, weights : Series of length n, or None
        Row by row beside ``data``, whatever their index.

    Returns
    -------
    FrameRows

    Raises
    ------
    DataError
        If there is not one cluster or weight a row.
    """
    columns = data[list(names)].astype(float).reset_index(drop=True)
    gaps = {f"{name} missing": columns[name].isna().to_numpy() for name in names}
    for kind, series in (("cluster", clusters), ("weight", weights)):
        if series is None:
            continue
        if len(series) != len(data):
            found = f"{len(series)} {kind}s for {len(data)} rows"
            raise DataError(Problem(where, found, f"Give one {kind} a row."))
        gaps[f"{kind} '{series.name}' missing"] = series.isna().to_numpy()
    complete, dropped = without_gaps(gaps, np.ones(len(data), dtype=bool))
    positions = np.flatnonzero(complete).astype(np.intp)
    return FrameRows(
        frame=columns.iloc[positions].reset_index(drop=True),
        clusters=None if clusters is None else clusters.iloc[positions].reset_index(drop=True),
        weights=None if weights is None else weights.iloc[positions].reset_index(drop=True),
        positions=positions,
        dropped=dropped,
    )


def check_varying(frame: pd.DataFrame, where: str, remedy: str) -> None:
    """Refuse infinite values, and columns that hold one value, up to rounding, in all of at least one row."""
    values = frame.to_numpy(dtype=float, copy=True)
    infinite = [name for name, bad in zip(frame, np.isinf(values).any(axis=0), strict=True) if bad]
    if infinite:
        found = "infinite values in " + ", ".join(f"'{name}'" for name in infinite)
        raise DataError(Problem(where, found, "Replace them by a number or a gap."))
    still = np.ptp(values, axis=0) <= _ROUNDING * np.abs(values).max(axis=0)
    problems = [
        Problem(where, f"'{name}' has the same value in all {len(frame)} rows used", remedy)
        for name, flat in zip(frame, still, strict=True)
        if flat
    ]
    if problems:
        raise DataError(*problems)

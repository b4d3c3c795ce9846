"""Faults of rows: too few, without an id, standing twice, weighing nothing, in two clusters at once."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from servicefx.errors import Problem
from servicefx.study.spec import DataSpec
from servicefx.study.wording import number, rows_shown

__all__ = ["check_rows"]

MIN_ROWS = 2
SHOWN_KEYS = 3


def check_rows(frame: pd.DataFrame, spec: DataSpec, file: str) -> Iterator[Problem]:
    """Faults of the rows of one data file.

    Parameters
    ----------
    frame : DataFrame, shape (n, p)
        Cleaned, empty rows dropped; the index is the row of the file, from 0.
    spec : DataSpec
        Which columns name units, clusters, periods, waves and weights. Those not in the frame are passed by.
    file : str
        Name shown in messages.

    Yields
    ------
    Problem
    """
    if len(frame) < MIN_ROWS:
        count = f"{len(frame)} row" if len(frame) else "no row"
        yield Problem(
            file,
            f"{count} with answers, at least {MIN_ROWS} are needed",
            "Add the other answers, or export the data again.",
        )
        return
    named = [c for c in (spec.unit, *spec.nested_in, spec.period) if c is not None and c in frame.columns]
    for column in dict.fromkeys(named):
        lost = frame.index[frame[column].isna()]
        if len(lost):
            what = "unit" if column == spec.unit else "period" if column == spec.period else "cluster"
            yield Problem(
                f"{file}: column '{column}', {rows_shown(lost)}",
                f"the {what} is missing",
                f"Give every row its {what}, or remove the row.",
            )
    yield from _twice(frame, spec, file)
    yield from _nesting(frame, spec, file)
    yield from _weights(frame, spec, file)


def _twice(frame: pd.DataFrame, spec: DataSpec, file: str) -> Iterator[Problem]:
    """A unit twice in one period; in one wave where there are no periods; at all where there is neither."""
    if spec.unit is None:
        return
    key = [spec.unit, spec.period or spec.wave]
    columns = [column for column in key if column is not None]
    if any(column not in frame.columns for column in columns):
        return
    known = frame.dropna(subset=columns)
    groups = known[known.duplicated(columns, keep=False)].groupby(columns, sort=False)
    if not groups.ngroups:
        return
    shown = []
    for values, rows in groups:
        text = ", ".join(f"{column} '{value}'" for column, value in zip(columns, values, strict=True))
        shown.append(f"{text} ({rows_shown(rows.index)})")
        if len(shown) == SHOWN_KEYS:
            break
    more = f" and {groups.ngroups - len(shown)} more" if groups.ngroups > len(shown) else ""
    yield Problem(
        f"{file}: {'columns' if len(columns) > 1 else 'column'} "
        + ", ".join(f"'{column}'" for column in columns),
        f"the same {' and '.join(columns)} in several rows: {'; '.join(shown)}{more}",
        "Keep one row of each, or state the period (or wave) that tells them apart.",
    )


def _nesting(frame: pd.DataFrame, spec: DataSpec, file: str) -> Iterator[Problem]:
    """Clusters that do not lie inside the next larger ones."""
    for inner, outer in zip(spec.nested_in, spec.nested_in[1:], strict=False):
        if inner not in frame.columns or outer not in frame.columns or inner == outer:
            continue
        pairs = frame[[inner, outer]].dropna().drop_duplicates()
        several = pairs[inner].value_counts(sort=False)
        several = several[several > 1]
        if len(several):
            first = several.index[0]
            more = f" (and {len(several) - 1} more)" if len(several) > 1 else ""
            yield Problem(
                f"{file}: column '{inner}'",
                f"'{first}' lies in {several.iloc[0]} different '{outer}'{more}, expected one",
                f"Correct the ids, or state nested_in without '{outer}'.",
            )


def _weights(frame: pd.DataFrame, spec: DataSpec, file: str) -> Iterator[Problem]:
    column = spec.weights
    if column is None or column not in frame.columns:
        return
    lost = frame.index[frame[column].isna()]
    if len(lost):
        yield Problem(
            f"{file}: column '{column}', {rows_shown(lost)}",
            "the weight is missing",
            "Give every row a weight above 0, or remove the row.",
        )
    bad = frame.index[frame[column] <= 0]
    if len(bad):
        yield Problem(
            f"{file}: column '{column}', {rows_shown(bad)}",
            f"weight {number(float(frame.loc[bad[0], column]))} is not above 0",
            "Give every row a weight above 0, or remove the row.",
        )

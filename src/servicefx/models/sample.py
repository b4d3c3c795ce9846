"""The rows one question uses, complete, with every row left out counted by reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from servicefx.errors import DataError, Problem, closest
from servicefx.study.study import Study

__all__ = ["Sample", "complete_rows", "numeric_columns", "reference_groups", "sample_of"]

_MANY_GROUPS = 20  # more groups than this are most likely free text or ids


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sample:
    """Complete rows of the columns one model needs.

    Attributes
    ----------
    data : str
        Data file.
    frame : DataFrame, shape (n, m)
        Complete, numeric; its index is the row of the data file.
    clusters, weights : Series of length n, or None
        Aligned with ``frame``.
    dropped : mapping of str to int
        Rows not used, by reason.
    n_rows : int
        Rows of the data file, used or not.
    """

    data: str
    frame: pd.DataFrame
    clusters: pd.Series | None
    weights: pd.Series | None
    dropped: Mapping[str, int]
    n_rows: int


def numeric_columns(study: Study, data: str, names: Sequence[str]) -> pd.DataFrame:
    """Scores and columns of a data file side by side, gaps kept.

    Parameters
    ----------
    study : Study
    data : str
        Data file.
    names : sequence of str
        Construct ids measured in that file (their scores), or columns of it.

    Returns
    -------
    DataFrame, shape (n, m)
        Float columns in the order named, one row a row of the file. A column of text becomes a 0/1 column
        ``"name: group"`` for each of its groups but the first, as `reference_groups` names it.

    Raises
    ------
    DataError
        If a name is neither, or a column of text has one group or more than 20.
    """
    scores, frame = study.scores[data], study.frames[data]
    columns: dict[str, pd.Series] = {}
    problems = []
    for name in dict.fromkeys(names):
        column = scores[name] if name in scores.columns else frame.get(name)
        if column is None:
            known = [*scores.columns, *frame.columns]
            problems.append(
                Problem(
                    f"data.{data}",
                    f"'{name}' is neither a construct measured here nor a column{closest(name, known)}",
                    "Correct the name, or measure it in this file.",
                )
            )
        elif name in columns:
            found = f"'{name}' is a column, and what a group of another column would be called"
            problems.append(Problem(f"data.{data}", found, "Rename the column."))
        elif pd.api.types.is_numeric_dtype(column):
            columns[name] = column.astype(float)
        else:
            groups = _groups(column)
            if not 2 <= len(groups) <= _MANY_GROUPS:
                problems.append(
                    Problem(
                        f"data.{data}: column '{name}'",
                        f"{len(groups)} different texts, expected a number or 2 to {_MANY_GROUPS} groups",
                        "Code it as numbers, or as fewer groups.",
                    )
                )
            for group in groups[1:]:
                columns[f"{name}: {group}"] = (column == group).astype(float).where(column.notna())
    if problems:
        raise DataError(*problems)
    return pd.DataFrame(columns)


def _groups(column: pd.Series) -> list[str]:
    """Texts of a column, sorted."""
    return sorted(str(text) for text in column.dropna().unique())


def reference_groups(study: Study, data: str, names: Sequence[str]) -> tuple[str, ...]:
    """For every column of text among the names, which group the others are compared with.

    Returns
    -------
    tuple of str
        Sentences: "'region' enters as differences from 'East'".
    """
    scores, frame = study.scores[data], study.frames[data]
    texts = [n for n in names if n not in scores.columns and not pd.api.types.is_numeric_dtype(frame[n])]
    return tuple(f"'{name}' enters as differences from '{_groups(frame[name])[0]}'" for name in texts)


def sample_of(study: Study, data: str, names: Sequence[str]) -> Sample:
    """Rows of a data file in which all named constructs and columns are known.

    Parameters, errors: as `numeric_columns`; also DataError if no row is complete.
    """
    return complete_rows(study, data, numeric_columns(study, data, names))


def complete_rows(study: Study, data: str, joined: pd.DataFrame) -> Sample:
    """Rows without a gap, with clusters, weights and the count of what was left out.

    Parameters
    ----------
    study : Study
    data : str
        Data file whose rows ``joined`` holds.
    joined : DataFrame, shape (n, m)
        One row a row of the file.

    Returns
    -------
    Sample
        ``dropped`` counts each row once, under the first name that is missing there, in column order.

    Raises
    ------
    DataError
        If no row is complete.
    """
    weights, clusters = study.weights(data), study.clusters(data)
    extra = {} if weights is None else {f"weight '{weights.name}' missing": weights.isna()}
    if clusters is not None:
        extra[f"cluster '{clusters.name}' missing"] = clusters.isna()
    complete = pd.Series(True, index=joined.index)
    dropped: dict[str, int] = {}
    for reason, missing in [*((f"{name} missing", joined[name].isna()) for name in joined), *extra.items()]:
        lost = int((complete & missing).sum())
        if lost:
            dropped[reason] = lost
        complete &= ~missing
    if not complete.any():
        raise DataError(
            Problem(
                f"data.{data}",
                "no row has an answer to all of " + ", ".join(f"'{name}'" for name in joined),
                "Ask about fewer of them at once, or check the missing codes.",
            )
        )
    return Sample(
        data=data,
        frame=joined.loc[complete],
        clusters=None if clusters is None else clusters.loc[complete],
        weights=None if weights is None else weights.loc[complete],
        dropped=dropped,
        n_rows=len(joined),
    )

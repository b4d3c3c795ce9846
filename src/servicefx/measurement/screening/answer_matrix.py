"""Answers as numbers with their names, scales and blocks; what is not an answer is refused by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem, StudyError, closest

__all__ = ["AnswerMatrix", "Scale", "answer_matrix", "duration_seconds", "item_places", "scale_ends"]

Floats = NDArray[np.float64]
Scale = tuple[float, float] | Mapping[str, tuple[float, float]]
"""Lowest and highest answer, of all items or item by item."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AnswerMatrix:
    """Answers of all rows.

    Attributes
    ----------
    names : tuple of str, length p
        Items in the order of the questionnaire.
    values : ndarray, shape (n, p)
        NaN where an answer is missing.
    index : Index
        Labels of the rows.
    """

    names: tuple[str, ...]
    values: Floats
    index: pd.Index

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Where there is an answer, shape (n, p)."""
        return ~np.isnan(self.values)

    def frame(self, names: Iterable[str]) -> pd.DataFrame:
        """The answers to some items."""
        return pd.DataFrame(self.values, index=self.index, columns=list(self.names))[list(names)]


def answer_matrix(items: pd.DataFrame) -> AnswerMatrix:
    """Answers of a frame as floats.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        One column an item, in the order of the questionnaire: numbers, bool or categories that are numbers.

    Returns
    -------
    AnswerMatrix
        Missing values of any kind are NaN.

    Raises
    ------
    DataError
        If there is no row or no item, a name stands twice, or a column holds text or infinite values.
    """
    names = tuple(str(name) for name in items.columns)
    if not names or not len(items):
        found = "hold no rows" if names else "hold no columns"
        raise DataError(Problem("items", f"{found}, answers expected", "Check the file and its filters."))
    problems = [
        Problem(f"item '{name}'", "stands in more than one column", "Rename or drop the copies.")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    columns: list[Floats] = []
    for position, name in enumerate(names):
        column = _numbers(items.iloc[:, position])
        if column is None:
            problems.append(
                Problem(f"item '{name}'", "holds text, numbers expected", "Recode it as numbers.")
            )
        elif np.isinf(column).any():
            found = f"{int(np.isinf(column).sum())} of {len(column)} answers are infinite"
            problems.append(Problem(f"item '{name}'", found, "Correct them, or leave them empty."))
        else:
            columns.append(column)
    if problems:
        raise DataError(*problems)
    return AnswerMatrix(names=names, values=np.column_stack(columns), index=items.index)


def _numbers(column: pd.Series) -> Floats | None:
    """A column as floats; None where it holds text or dates."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = _numbers(pd.Series(column.cat.categories))
        return None if categories is None else np.append(categories, np.nan)[column.cat.codes]
    if column.dtype == object:
        if not all(isinstance(value, Real) for value in column[column.notna()]):
            return None
    elif not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_complex_dtype(column.dtype):
        return None
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def item_places(wanted: Iterable[str], names: Sequence[str], where: str) -> NDArray[np.intp]:
    """Places of items among the columns; refused with the nearest known name where there is none."""
    known = {name: place for place, name in enumerate(names)}
    wanted = list(wanted)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise StudyError(
            *(
                Problem(where, f"item '{name}' is not among the items{closest(name, names)}", "Correct it.")
                for name in unknown
            )
        )
    return np.array([known[name] for name in wanted], dtype=np.intp)


def scale_ends(scale: Scale | None, names: Sequence[str]) -> Floats:
    """Lowest and highest answer of each item, shape (p, 2); NaN where the scale is not known."""
    ends = np.full((len(names), 2), np.nan)
    if scale is None:
        return ends
    by_item = scale if isinstance(scale, Mapping) else dict.fromkeys(names, scale)
    unread = [name for name, pair in by_item.items() if np.shape(pair) != (2,)]
    if unread:
        where = f"scale of '{unread[0]}'" if isinstance(scale, Mapping) else "scale"
        found = f"{by_item[unread[0]]!r}, its lowest and highest answer expected"
        raise StudyError(Problem(where, found, "Write e.g. scale=(1, 7), or such a pair for every item."))
    if by_item:
        ends[item_places(by_item, names, "scale")] = np.array(list(by_item.values()), dtype=np.float64)
    wrong = [name for name, (low, high) in zip(names, ends, strict=True) if low >= high]
    if wrong:
        raise StudyError(
            *(
                Problem(f"scale of '{name}'", "its lowest answer is not below its highest", "Correct it.")
                for name in wrong
            )
        )
    return ends


def duration_seconds(duration: pd.Series | ArrayLike, index: pd.Index) -> Floats:
    """Seconds taken to answer, shape (n,); NaN where there is none.

    Parameters
    ----------
    duration : Series or array_like, shape (n,)
        Seconds, or time spans.
    index : Index
        Labels of the rows of the answers; a series must have the same.

    Returns
    -------
    ndarray, shape (n,)
        As they stand: zero, negative and infinite values are left for the caller to judge.

    Raises
    ------
    DataError
        If the rows are not those of the answers, or a value is text.
    """
    series = duration if isinstance(duration, pd.Series) else pd.Series(np.asarray(duration), index=None)
    same = series.index.equals(index) if isinstance(duration, pd.Series) else len(series) == len(index)
    if not same:
        found = f"its {len(series)} rows are not the {len(index)} rows of the items"
        raise DataError(Problem("duration", found, "Take both from one frame."))
    if pd.api.types.is_timedelta64_dtype(series.dtype):
        series = series.dt.total_seconds()
    seconds = _numbers(series)
    if seconds is None:
        raise DataError(
            Problem("duration", "holds text, seconds expected", "Recode it as a number of seconds.")
        )
    return seconds

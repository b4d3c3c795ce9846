"""Answers of rows of people as floats, and where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, closest
from servicefx.moments.checks import complete_matrix

__all__ = ["item_values"]

Floats = NDArray[np.float64]


def item_values(data: pd.DataFrame, items: tuple[str, ...]) -> tuple[Floats, NDArray[np.bool_]]:
    """The items of a table.

    Parameters
    ----------
    data : DataFrame, shape (n, >= p)
        Numbers, truth values or categories that are numbers; other columns are not read.
    items : tuple of str, length p

    Returns
    -------
    values : ndarray, shape (n, p)
        NaN where there is no answer.
    answered : ndarray of bool, shape (n, p)
        Where there is one.

    Raises
    ------
    DataError
        If the data are no DataFrame; an item is absent, there twice, or holds text or infinite values.
    """
    if not isinstance(data, pd.DataFrame):
        found = f"a {type(data).__name__}, where rows in a DataFrame are expected"
        raise DataError(Problem("data", found, "Make a DataFrame of it, one row a person."))
    columns = [str(column) for column in data.columns]
    twice = [item for item in items if columns.count(item) > 1]
    if twice:
        raise DataError(
            *(
                Problem(f"item '{item}'", f"{columns.count(item)} columns have this name", "Rename them.")
                for item in twice
            )
        )
    absent = [item for item in items if item not in columns]
    if absent:
        raise DataError(
            *(
                Problem(f"item '{item}'", f"not in the data{closest(item, columns)}", "Correct the name.")
                for item in absent
            )
        )
    chosen = data.iloc[:, [columns.index(item) for item in items]]
    if all(isinstance(kind, np.dtype) and kind.kind in "fiu" for kind in chosen.dtypes):
        values = np.array(chosen, dtype=np.float64, order="C")
        if not np.isinf(values).any():
            return values, ~np.isnan(values)
    answered = np.array(chosen.notna(), dtype=np.bool_, order="C")  # sums in one order whatever the layout
    values = np.full(chosen.shape, np.nan)
    for at in range(len(items)):
        rows = answered[:, at]
        if rows.any():
            values[rows, at] = complete_matrix(_finite(chosen.iloc[rows, [at]]))[:, 0]
    return values, answered


def _finite(column: pd.DataFrame) -> pd.DataFrame:
    """A column, refused where answers are infinite."""
    answers = column.iloc[:, 0]
    if answers.dtype.kind != "f":
        return column
    infinite = int(np.isinf(answers.to_numpy(dtype=np.float64, na_value=np.nan)).sum())
    if infinite:
        found = f"{infinite} of {len(column)} answers are infinite"
        raise DataError(
            Problem(f"item '{column.columns[0]}'", found, "Declare them missing, or correct them.")
        )
    return column

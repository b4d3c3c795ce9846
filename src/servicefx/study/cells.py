"""Cells of typed files (Excel, SPSS, Stata, parquet) to columns of numbers or text."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd

from servicefx.errors import DataError, Problem

__all__ = ["Parts", "plain_column", "unreadable"]

Parts = dict[str, Any]
"""What a reader finds: ``frame``, and where the file has them ``decimal``, labels, ``user_missing``."""


def unreadable(file: str, what: str, error: Exception) -> DataError:
    """The refusal of a file that is not what its ending says."""
    return DataError(
        Problem(
            file, f"the file cannot be read as {what} ({error})", "Export it again, or correct its ending."
        )
    )


def plain_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """A column as every kind of file gives it, whatever the file stored.

    Numbers where all of the column is numbers, else text; dates as ISO text, true and false as 1 and 0.
    """
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype("float64")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype("float64") if pd.api.types.is_extension_array_dtype(column.dtype) else column
    if isinstance(column.dtype, pd.StringDtype):
        return column
    values = column.astype(object)
    known = values.dropna()
    if not len(known):
        return pd.Series(np.nan, index=column.index)
    kinds = set(known.map(type))
    if kinds == {bool}:
        return values.astype("float64")
    if bool not in kinds and all(issubclass(kind, int | float | np.number) for kind in kinds):
        return pd.to_numeric(values)
    texts = values.map(_written, na_action="ignore")
    numbers = pd.to_numeric(texts, errors="coerce") if str not in kinds else texts
    return numbers if numbers.notna().sum() == len(known) and str not in kinds else texts.astype("str")


def _written(value: Any) -> str:
    """A cell as a person reads it."""
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)

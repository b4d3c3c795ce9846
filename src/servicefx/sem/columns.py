"""A frame's columns as floats, of any numeric, nullable, bool or ordered categorical dtype."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem

__all__ = ["numbers"]

Floats = NDArray[np.float64]


def numbers(frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """A frame's columns as floats, shape (n, p): gaps are NaN, ordered categories their values or ranks.

    Raises
    ------
    DataError
        Naming every column of text, of unordered categories, or with infinite values.
    """
    chosen = frame[list(names)]
    if all(isinstance(kind, np.dtype) and kind.kind in "fiub" for kind in chosen.dtypes):
        values = chosen.to_numpy(dtype=np.float64)
        if np.isinf(values).any():
            raise DataError(
                *(_infinite(n) for n, bad in zip(names, np.isinf(values).any(0), strict=True) if bad)
            )
        return np.ascontiguousarray(values)
    problems: list[Problem] = []
    columns = []
    for name in names:
        column = chosen[name]
        try:
            numeric = _column(column)
        except (TypeError, ValueError):
            found = f"holds {_content(column)}, numbers or ordered categories expected"
            problems.append(Problem(f"column '{name}'", found, "Recode it as numbers."))
            continue
        if np.isinf(numeric).any():
            problems.append(_infinite(name))
        columns.append(numeric)
    if problems:
        raise DataError(*problems)
    return np.column_stack(columns)


def _column(column: pd.Series) -> Floats:
    if isinstance(column.dtype, pd.CategoricalDtype):
        if not column.cat.ordered:
            raise TypeError("unordered categories")
        try:
            values = np.array([float(value) for value in column.cat.categories])
        except (TypeError, ValueError):
            values = np.arange(1.0, len(column.cat.categories) + 1)
        codes = column.cat.codes.to_numpy()
        return np.where(codes >= 0, values[codes], np.nan)
    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
        raise TypeError("dates")
    numeric = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
    if not numeric and not all(isinstance(value, int | float | Decimal) for value in column.dropna()):
        raise TypeError("text")
    if pd.api.types.is_complex_dtype(column):
        raise TypeError("complex numbers")
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _content(column: pd.Series) -> str:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "categories without an order"
    if pd.api.types.is_complex_dtype(column):
        return "complex numbers"
    return "dates" if pd.api.types.is_datetime64_any_dtype(column) else "text"


def _infinite(name: str) -> Problem:
    return Problem(f"column '{name}'", "holds infinite values", "Recode them as missing, or correct them.")

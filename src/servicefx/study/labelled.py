"""Bytes of files that carry labels and missing codes of their own, SPSS and Stata, to a frame."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.study.cells import Parts, plain_column, unreadable
from servicefx.study.delimited import checked_names
from servicefx.study.spec import DataSpec, column_name

__all__ = ["read_spss", "read_stata"]


def read_spss(content: bytes, file: str, spec: DataSpec, _as_text: tuple[str, ...]) -> Parts:
    """An SPSS file: its frame, labels, and the answers inside its user-missing ranges."""
    import pyreadstat

    try:
        frame, meta = pyreadstat.read_sav(io.BytesIO(content), user_missing=True, encoding=spec.encoding)
    except Exception as error:  # its own error class, and what the bytes provoke
        raise unreadable(file, "an SPSS file", error) from error
    columns: dict[str, pd.Series[Any]] = {}
    user_missing: dict[str, NDArray[np.bool_]] = {}
    for name in frame.columns:
        column = plain_column(frame[name])
        declared = np.zeros(len(column), dtype=bool)
        ranges: Any = meta.missing_ranges.get(name, [])
        for span in ranges:
            low, high = span["lo"], span["hi"]
            if isinstance(low, str) or isinstance(high, str):
                declared |= (column == low).fillna(False).to_numpy(dtype=bool)
            elif pd.api.types.is_numeric_dtype(column):
                declared |= column.between(low, high).to_numpy(dtype=bool)
        columns[name] = column.mask(declared) if declared.any() else column
        user_missing[name] = declared
    return _labelled(columns, len(frame), meta, user_missing, file)


def read_stata(content: bytes, file: str, spec: DataSpec, _as_text: tuple[str, ...]) -> Parts:
    """A Stata file: its frame, labels, and the answers missing as ``.a`` to ``.z``."""
    import pyreadstat

    try:
        frame, meta = pyreadstat.read_dta(io.BytesIO(content), user_missing=True, encoding=spec.encoding)
    except Exception as error:  # its own error class, and what the bytes provoke
        raise unreadable(file, "a Stata file", error) from error
    columns: dict[str, pd.Series[Any]] = {}
    user_missing: dict[str, NDArray[np.bool_]] = {}
    for name in frame.columns:
        letters = meta.missing_user_values.get(name, [])
        declared = frame[name].isin(letters).to_numpy(dtype=bool) if letters else np.zeros(len(frame), bool)
        columns[name] = plain_column(frame[name].mask(declared) if declared.any() else frame[name])
        user_missing[name] = declared
    return _labelled(columns, len(frame), meta, user_missing, file)


def _labelled(
    columns: dict[str, pd.Series[Any]],
    n_rows: int,
    meta: Any,
    user_missing: dict[str, NDArray[np.bool_]],
    file: str,
) -> Parts:
    """Frame and labels of a file that carries both."""
    raw = list(columns)
    names = [column_name(name) for name in raw]
    checked_names(names, [False] * len(names), file)
    clean = dict(zip(raw, names, strict=True))
    labels = {
        clean[column]: {float(value): str(text) for value, text in texts.items() if _is_number(value)}
        for column, texts in meta.variable_value_labels.items()
    }
    return {
        "frame": pd.DataFrame({clean[name]: column for name, column in columns.items()}, index=range(n_rows)),
        "variable_labels": {clean[name]: text for name, text in meta.column_names_to_labels.items() if text},
        "value_labels": {name: texts for name, texts in labels.items() if texts},
        "user_missing": {clean[name]: lost for name, lost in user_missing.items() if lost.any()},
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)

"""Data files to frames with labels: CSV, Excel, SPSS, Stata, parquet. The only module that reads data."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, closest
from servicefx.study.cells import Parts, plain_column, unreadable
from servicefx.study.delimited import checked_names, read_delimited
from servicefx.study.labelled import read_spss, read_stata
from servicefx.study.places import quoted
from servicefx.study.spec import DataSpec, column_name

__all__ = ["ENDINGS", "RawTable", "read_table"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RawTable:
    """One data file as it stands, before any code of the study file is applied.

    Attributes
    ----------
    file : str
        Name shown in messages.
    sha256 : str
        Of the file's bytes.
    frame : DataFrame, shape (n, p)
        Column names as in the file, but for white space around them; blanks are NaN. A column is float or
        int where all of it is numbers, else text (dates as ISO text).
    decimal : str
        ``","`` where numbers left as text are written with a decimal comma.
    variable_labels : mapping of str to str
        Column -> its question, where the file holds it (.sav, .dta).
    value_labels : mapping of str to mapping of float to str
        Column -> answer -> its wording (.sav, .dta).
    user_missing : mapping of str to ndarray of bool, shape (n,)
        Column -> which answers the file itself declares missing (.sav ranges, .dta ``.a`` to ``.z``); NaN in
        ``frame``.
    """

    file: str
    sha256: str
    frame: pd.DataFrame
    decimal: str = "."
    variable_labels: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[float, str]] = field(default_factory=dict)
    user_missing: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)


def read_table(path: Path, spec: DataSpec, *, as_text: tuple[str, ...] = ()) -> RawTable:
    """Read one data file.

    Parameters
    ----------
    path : Path
        An existing file; its ending says what it is (`ENDINGS`).
    spec : DataSpec
        ``delimiter``, ``encoding`` and ``sheet`` are used where stated.
    as_text : tuple of str
        Columns of a delimited file to keep as written, such as ids with leading zeros.

    Returns
    -------
    RawTable
        At least one row.

    Raises
    ------
    DataError
        If the ending is another, the file cannot be read as what it claims to be, is empty, has a header
        and no rows, or names two columns alike.
    """
    file, ending = path.name, path.suffix.lower()
    reader = _READERS.get(ending)
    if reader is None:
        raise DataError(
            Problem(
                file,
                f"files ending in '{ending}' are not read (supported: {quoted(ENDINGS)})",
                "Unpack it first."
                if ending in (".gz", ".zip", ".bz2", ".xz", ".7z")
                else "Save the data as .csv or .xlsx.",
            )
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            Problem(file, f"the file cannot be opened ({error.strerror})", "Check its permissions.")
        ) from error
    if not content:
        raise DataError(Problem(file, "the file is empty", "Export the data again."))
    parts = reader(content, file, spec, as_text)
    frame: pd.DataFrame = parts["frame"]
    if not len(frame):
        raise DataError(
            Problem(file, "the file has a header but no rows", "Export the data again, with their rows.")
        )
    return RawTable(file=file, sha256=hashlib.sha256(content).hexdigest(), **parts)


def _csv(content: bytes, file: str, spec: DataSpec, as_text: tuple[str, ...]) -> Parts:
    text = read_delimited(content, file, delimiter=spec.delimiter, encoding=spec.encoding, as_text=as_text)
    return {"frame": text.frame, "decimal": text.decimal}


def _excel(content: bytes, file: str, spec: DataSpec, _as_text: tuple[str, ...]) -> Parts:
    import openpyxl  # type: ignore[import-untyped]

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl on styles and extensions, which hold no data
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheets = {
                sheet.title: _grid(sheet) for sheet in book.worksheets if spec.sheet in (None, sheet.title)
            }
            titles = [sheet.title for sheet in book.worksheets]
            book.close()
    except Exception as error:  # openpyxl passes on whatever zip and XML say
        raise unreadable(file, "an Excel workbook", error) from error
    if spec.sheet is not None and spec.sheet not in titles:
        raise DataError(
            Problem(
                file, f"no sheet '{spec.sheet}'{closest(spec.sheet, titles)}", "Correct the sheet's name."
            )
        )
    filled = {title: grid for title, grid in sheets.items() if grid}
    if not filled:
        raise DataError(Problem(file, "the file is empty", "Export the data again."))
    if len(filled) > 1:
        raise DataError(
            Problem(
                file,
                f"{len(filled)} sheets hold something ({quoted(filled)}), and the study file names none",
                "Add sheet = the name of the sheet with the answers.",
            )
        )
    header, *rows = next(iter(filled.values()))
    frame = pd.DataFrame(rows, columns=range(len(header)), dtype=object)
    names = [column_name("" if name is None else str(name)) for name in header]
    keep = checked_names(names, [bool(frame[index].isna().all()) for index in range(len(names))], file)
    columns = {names[index]: plain_column(frame[index]) for index in keep}
    return {"frame": pd.DataFrame(columns, index=frame.index)}


def _grid(sheet: Any) -> list[list[Any]]:
    """Rows of a sheet as long as the longest, without the empty ones before and after."""
    sheet.reset_dimensions()
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    filled = [index for index, row in enumerate(rows) if any(cell is not None for cell in row)]
    if not filled:
        return []
    rows = rows[filled[0] : filled[-1] + 1]
    width = max(len(row) for row in rows)
    return [row + [None] * (width - len(row)) for row in rows]


def _parquet(content: bytes, file: str, _spec: DataSpec, _as_text: tuple[str, ...]) -> Parts:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise unreadable(file, "a parquet file", error) from error
    names = [column_name(str(name)) for name in table.column_names]
    keep = checked_names(names, [False] * len(names), file)
    columns = {names[index]: plain_column(table.column(index).to_pandas()) for index in keep}
    return {"frame": pd.DataFrame(columns, index=range(table.num_rows))}


_READERS: dict[str, Callable[[bytes, str, DataSpec, tuple[str, ...]], Parts]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".txt": _csv,
    ".xlsx": _excel,
    ".sav": read_spss,
    ".dta": read_stata,
    ".parquet": _parquet,
}
ENDINGS: tuple[str, ...] = tuple(_READERS)
"""Endings of the files that are read."""

"""Data files larger than memory, a batch of rows at a time: parquet and CSV through pyarrow."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from servicefx.errors import DataError, Problem, closest
from servicefx.study.cells import unreadable
from servicefx.study.delimited import DELIMITERS
from servicefx.study.spec import column_name

__all__ = ["csv_batches", "parquet_batches"]

_ROWS = 16_384
_BYTES = 1 << 20
"""Bytes of a CSV file taken at once; a sixteenth of it is read ahead of each parquet column."""
_GAPS = ("", "NA", "NaN", "nan")


def parquet_batches(
    path: str | Path, columns: Sequence[str], *, labels: Sequence[str] = ()
) -> Iterator[pd.DataFrame]:
    """Rows of a parquet file, a few thousand at a time.

    Parameters
    ----------
    path : path
        Of the file.
    columns : sequence of str
        Columns of numbers: integers, floats, decimals, true and false, or categories of these.
    labels : sequence of str
        Columns to take as they stand, such as a group's name.

    Yields
    ------
    DataFrame, shape (at most 16384, len(columns) + len(labels))
        Floats, NaN at gaps, then the labels; names as asked for.

    Raises
    ------
    DataError
        If the file cannot be read, a column is not there (the nearest is named) or does not hold numbers.
    """
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    path = Path(path)
    try:
        with pq.ParquetFile(path, buffer_size=_BYTES // 16, pre_buffer=False) as file:
            schema = file.schema_arrow
            at = _places([*columns, *labels], list(schema.names), path.name)
            _check_numbers(columns, [schema.field(place).type for place in at], path.name)
            stored = [schema.names[place] for place in at]
            for batch in file.iter_batches(batch_size=_ROWS, columns=list(dict.fromkeys(stored))):
                yield _frame([batch.column(name) for name in stored], columns, labels)
    except OSError as error:
        raise _not_opened(path, error, "a parquet file") from error
    except pa.ArrowException as error:
        raise unreadable(path.name, "a parquet file", error) from error


def csv_batches(
    path: str | Path,
    columns: Sequence[str],
    *,
    labels: Sequence[str] = (),
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str = "utf-8",
) -> Iterator[pd.DataFrame]:
    """Rows of a CSV file, about a megabyte at a time.

    Parameters
    ----------
    path : path
        Of the file; its first line names the columns.
    columns : sequence of str
        Columns of numbers; nothing, ``NA`` and ``NaN`` are gaps.
    labels : sequence of str
        Columns to take as text, such as a group's name.
    delimiter : str, optional
        One of ``, ; | `` and tab; found in the first line otherwise.
    decimal : str, optional
        ``","`` where the delimiter is ``;``, else ``"."``, unless stated.
    encoding : str
        Of the text.

    Yields
    ------
    DataFrame, shape (rows, len(columns) + len(labels))
        Floats, NaN at gaps, then the labels; names as asked for.

    Raises
    ------
    DataError
        If the file cannot be read, a column is not there (the nearest is named) or holds text.
    """
    import pyarrow as pa
    import pyarrow.csv as pc  # type: ignore[import-untyped]

    path = Path(path)
    wanted = [*columns, *labels]
    try:
        header, delimiter = _header(path, wanted, delimiter, encoding)
        at = _places(wanted, header, path.name)
        kinds = {str(place): pa.string() for place in at}
        kinds.update({str(place): pa.float64() for place in at[: len(columns)]})
        reader = pc.open_csv(
            path,
            read_options=pc.ReadOptions(
                column_names=[str(place) for place in range(len(header))],
                skip_rows=1,
                block_size=_BYTES,
                encoding=encoding,
            ),
            parse_options=pc.ParseOptions(delimiter=delimiter),
            convert_options=pc.ConvertOptions(
                include_columns=list(kinds),
                column_types=kinds,
                null_values=list(_GAPS),
                strings_can_be_null=True,
                decimal_point=decimal or ("," if delimiter == ";" else "."),
            ),
        )
        for batch in reader:
            yield _frame([batch.column(str(place)) for place in at], columns, labels)
    except OSError as error:
        raise _not_opened(path, error, "a CSV file") from error
    except pa.ArrowException as error:
        raise _not_numbers(path.name, header, error) from error
    except UnicodeError as error:
        found = f"the text is not in the encoding '{encoding}'"
        raise DataError(Problem(path.name, found, "State its encoding, such as 'gb18030'.")) from error


def _header(path: Path, wanted: Sequence[str], delimiter: str | None, encoding: str) -> tuple[list[str], str]:
    """Names in the first line, and the delimiter that finds most of those wanted there."""
    with path.open(encoding=encoding, newline="") as text:
        line = text.readline()
    if not line.strip():
        raise DataError(Problem(path.name, "the file is empty", "Export the data again."))
    found = {mark: next(csv.reader([line], delimiter=mark)) for mark in delimiter or DELIMITERS}

    def known(mark: str) -> tuple[int, int]:
        names = {column_name(name) for name in found[mark]}
        return len(names & {column_name(name) for name in wanted}), len(found[mark])

    best = max(found, key=known)
    return found[best], best


def _places(wanted: Sequence[str], stored: Sequence[str], file: str) -> list[int]:
    """Where the columns stand in the file."""
    cleaned = [column_name(name) for name in stored]
    problems: list[Problem] = []
    for name in wanted:
        times = cleaned.count(column_name(name))
        if times != 1:
            found = (
                f"not in the file{closest(name, cleaned)}" if times == 0 else f"stands {times} times there"
            )
            remedy = "Correct the name." if times == 0 else "Name every column once."
            problems.append(Problem(f"{file}: column '{name}'", found, remedy))
    if problems:
        raise DataError(*problems)
    return [cleaned.index(column_name(name)) for name in wanted]


def _check_numbers(columns: Sequence[str], kinds: Sequence[Any], file: str) -> None:
    import pyarrow.types as pt  # type: ignore[import-untyped]

    problems: list[Problem] = []
    for name, stored in zip(columns, kinds, strict=False):
        kind = stored.value_type if pt.is_dictionary(stored) else stored
        tests = (pt.is_integer, pt.is_floating, pt.is_boolean, pt.is_decimal, pt.is_null)
        if not any(test(kind) for test in tests):
            what = "text" if pt.is_string(kind) or pt.is_large_string(kind) else f"values of type {kind}"
            problems.append(
                Problem(
                    f"{file}: column '{name}'", f"holds {what}, numbers expected", "Recode it as numbers."
                )
            )
    if problems:
        raise DataError(*problems)


def _frame(arrays: Sequence[Any], columns: Sequence[str], labels: Sequence[str]) -> pd.DataFrame:
    values = np.empty((len(arrays[0]), len(columns)), order="F")
    for at, array in enumerate(arrays[: len(columns)]):
        values[:, at] = array.cast("float64", safe=False).to_numpy(zero_copy_only=False)
    frame = pd.DataFrame(values, columns=list(columns), copy=False)
    for name, array in zip(labels, arrays[len(columns) :], strict=True):
        frame[name] = array.to_pandas()
    return frame


def _not_numbers(file: str, header: Sequence[str], error: Exception) -> DataError:
    """What pyarrow says of a cell or a row, with the column's own name."""
    cell = re.search(r"In CSV column #(\d+): .* invalid value '(.*)'", str(error), re.DOTALL)
    if cell is None:
        return unreadable(file, "a CSV file", error)
    place = f"{file}: column '{column_name(header[int(cell[1])])}'"
    return DataError(Problem(place, f"holds '{cell[2]}', numbers expected", "Recode it as numbers."))


def _not_opened(path: Path, error: OSError, what: str) -> DataError:
    if error.errno is None:
        return unreadable(path.name, what, error)
    found = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be opened ({error})"
    return DataError(Problem(str(path), found, "Correct the path, or the file's permissions."))

"""Delimited text to a frame: encoding and delimiter found by looking, uneven rows refused."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pandas as pd

from servicefx.errors import DataError, Problem
from servicefx.study.spec import column_name

__all__ = ["Delimited", "checked_names", "read_delimited"]

DELIMITERS = ",;\t|"
SAMPLE = 200  # records looked at when the delimiter is sought


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Delimited:
    """What a delimited text holds.

    Attributes
    ----------
    frame : DataFrame, shape (n, p)
        Numbers where a whole column is numbers, else text; blanks are NaN.
    decimal : str
        ``","`` where the delimiter is ``;``, else ``"."``.
    """

    frame: pd.DataFrame
    decimal: str


def read_delimited(
    content: bytes,
    file: str,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    as_text: tuple[str, ...] = (),
) -> Delimited:
    """Read a CSV file of any delimiter.

    Parameters
    ----------
    content : bytes
        The whole file.
    file : str
        Its name, for messages.
    delimiter, encoding : str, optional
        As the study file states them; found by looking otherwise.
    as_text : tuple of str
        Columns kept as they are written (ids such as ``007``).

    Returns
    -------
    Delimited

    Raises
    ------
    DataError
        If the file is empty, has no rows, names a column twice or not at all, has rows of another
        length than its header, or is not in the encoding stated (or in UTF-8, UTF-16, GB18030).
    """
    text = _text(content, file, encoding).replace("\r\n", "\n").replace("\r", "\n").rstrip("\n ")
    stated = re.match(r"sep=(.)\n", text)
    if stated:  # a line some spreadsheets write before the header
        text, delimiter = text[stated.end() :], delimiter or stated[1]
    if not text.strip():
        raise DataError(Problem(file, "the file is empty", "Export the data again."))
    delimiter = delimiter or _delimiter(text)
    names = _header(text, file, delimiter)
    decimal = "," if delimiter == ";" else "."
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=0,
            names=list(range(len(names))),
            index_col=False,
            dtype={index: "str" for index, name in enumerate(names) if name in as_text},
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
            low_memory=False,
            decimal=decimal,
        )
    except (pd.errors.ParserError, ValueError, OverflowError) as error:
        raise DataError(
            Problem(file, f"the text cannot be read as a table: {error}", "Export it again as CSV.")
        ) from error
    keep = checked_names(
        names, [not name and bool(frame[i].isna().all()) for i, name in enumerate(names)], file
    )
    frame = frame.iloc[:, keep]
    frame.columns = pd.Index([names[index] for index in keep])
    return Delimited(frame=frame, decimal=decimal)


def checked_names(raw: list[str], empty: list[bool], file: str) -> list[int]:
    """Positions of the columns to keep: all but nameless columns without an answer.

    Parameters
    ----------
    raw : list of str
        Names of the header, cleaned.
    empty : list of bool
        Whether the column holds nothing.

    Raises
    ------
    DataError
        If a column with answers has no name, or two columns have the same.
    """
    problems: list[Problem] = []
    keep = [index for index, name in enumerate(raw) if name or not empty[index]]
    places: dict[str, list[int]] = {}
    for index in keep:
        places.setdefault(raw[index], []).append(index + 1)
    for name, numbers in places.items():
        shown = ", ".join(map(str, numbers))
        if not name:
            problems += [
                Problem(f"{file}: column {number}", "the column has no name", "Name it in the first row.")
                for number in numbers
            ]
        elif len(numbers) > 1:
            problems.append(
                Problem(
                    f"{file}: columns {shown}",
                    f"{len(numbers)} columns have the name '{name}'",
                    "Give each column a name of its own.",
                )
            )
    if problems:
        raise DataError(*problems)
    return keep


def _text(content: bytes, file: str, encoding: str | None) -> str:
    candidates = (encoding,) if encoding else _encodings(content)
    for candidate in candidates:
        try:
            text = content.decode(candidate)
        except LookupError as error:
            problem = Problem(
                file, f"encoding '{encoding}' is unknown", "State one such as 'utf-8', 'gb18030', 'cp1252'."
            )
            raise DataError(problem) from error
        except UnicodeDecodeError:
            continue
        if encoding or candidate != "gb18030" or _looks_chinese(content):
            return text.removeprefix("\ufeff")
    found = f"is not in encoding '{encoding}'" if encoding else "is neither UTF-8 nor GB18030"
    raise DataError(
        Problem(
            file,
            f"the text {found}",
            'State its encoding in the study file, such as encoding = "cp1252", or save it as UTF-8.',
        )
    )


def _encodings(content: bytes) -> tuple[str, ...]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    return ("utf-8", "gb18030")


def _looks_chinese(content: bytes) -> bool:
    """Whether bytes above ASCII come in pairs as in GB 2312, and not singly as accents in Western text."""
    beyond = sum(len(run) for run in re.findall(rb"[\x81-\xfe][\x40-\xfe]?", content))
    pairs = sum(len(run) // 2 * 2 for run in re.findall(rb"[\xa1-\xfe]{2,}", content))
    four = 4 * len(re.findall(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]", content))
    return pairs + four >= 0.7 * beyond


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _delimiter(text: str) -> str:
    """The delimiter under which most records are as long as the header, and the header longest."""
    best, found = (0.0, 1), ","
    for candidate in DELIMITERS:
        try:
            sample = [len(record) for record in islice(_records(text, candidate), SAMPLE) if record]
        except csv.Error:
            continue
        width = sample[0]
        share = sum(length == width for length in sample) / len(sample)
        if width > 1 and (round(share, 1), width) > best:
            best, found = (round(share, 1), width), candidate
    return found


def _header(text: str, file: str, delimiter: str) -> list[str]:
    """Names of all columns; a file without rows and uneven rows are refused here."""
    try:
        names = [column_name(name) for name in next(_records(text, delimiter))]
        widths = _widths(text, delimiter)
    except csv.Error as error:
        raise DataError(
            Problem(file, f"the text cannot be read as a table: {error}", "Export it again as CSV.")
        ) from error
    if not widths:
        raise DataError(
            Problem(file, "the file has a header but no rows", "Export the data again, with their rows.")
        )
    uneven = [row for row, width in enumerate(widths, start=1) if width not in (0, len(names))]
    if uneven:
        row, more = uneven[0], len(uneven) - 1
        shown = "tab" if delimiter == "\t" else delimiter
        tail = f"; so it is in {more} more {'rows' if more > 1 else 'row'}" if more else ""
        raise DataError(
            Problem(
                f"{file}: row {row}",
                f"{widths[row - 1]} fields where the header has {len(names)} (delimiter '{shown}'){tail}",
                "Put texts that hold the delimiter in double quotes, or state the delimiter of the file.",
            )
        )
    return names


def _widths(text: str, delimiter: str) -> list[int]:
    """Fields of each record after the header; 0 for a blank line."""
    if '"' in text:
        records = list(_records(text, delimiter))[1:]
        return [len(record) if any(field.strip() for field in record) else 0 for record in records]
    return [line.count(delimiter) + 1 if line.strip() else 0 for line in text.split("\n")[1:]]

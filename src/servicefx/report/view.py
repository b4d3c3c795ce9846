"""A table as a reader sees it: intervals in one column, numbers by role, what rows share said once."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

from servicefx.report import numerals
from servicefx.report.cells import MERGED, Row, cell_text, is_number, pair_text
from servicefx.report.words import Labels, heading, named, say, translated, wording
from servicefx.values.table import Table

__all__ = ["Cell", "Head", "View", "table_view"]

_SHARED = frozenset(
    {
        "outcome", "data", "model", "df", "covariance_kind", "n_obs", "n_units", "n_clusters", "design",
        "unit", "series", "wave",
    }
)  # fmt: skip
"""Columns said once above the table where all its rows agree."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, a second line in small type, and the letter of a reason below the table."""

    text: str
    small: str = ""
    mark: str = ""
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """Heading of one column; numbers are set to the right."""

    text: str
    is_number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A table ready to be written in any markup; all text is in words, none is escaped yet.

    Attributes
    ----------
    id : str
        The table's, and its CSV's.
    title : str
        Caption.
    shared : tuple of (heading, text)
        What holds for all rows.
    heads : tuple of Head
        Columns; the first names the row.
    rows : tuple of tuple of Cell
        One cell a column.
    reasons : tuple of (letter, text)
        Why marked numbers do not exist.
    notes : tuple of str
        Sentences.
    """

    id: str
    title: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    shared: tuple[tuple[str, str], ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def table_view(table: Table, labels: Labels, language: str = "en") -> View:
    """The view of a table of layout ``"long"``.

    Parameters
    ----------
    table : Table
        Its rows keep their order.
    labels : callable
        Id -> label.
    language : str
        One of `servicefx.report.words.LANGUAGES`.

    Returns
    -------
    View
        Where a note of the table states the level of its intervals, their heading names it.
    """
    level = next((float(note.values["level"]) for note in table.notes if note.key == "note.level"), None)
    rows: list[Row] = [
        {str(column): value for column, value in row.items()} for row in table.rows.to_dict(orient="records")
    ]
    columns = [str(column) for column in table.rows.columns]
    columns = [column for column in columns if not all(numerals.is_missing(row[column]) for row in rows)]
    shared = _shared_columns(columns, rows)
    columns = [column for column in columns if column not in shared and column != "undefined"]
    seconds = {second for first, (second, _) in MERGED.items() if first in columns and second in columns}
    shown = [column for column in columns if column not in seconds]
    marks = _Marks()
    body = []
    previous: tuple[Cell, ...] = ()
    for row in rows:
        cells = tuple(_cell(column, row, columns, marks, labels, language) for column in shown)
        if previous and cells and len(cells) > 1 and not is_number(shown[0]):
            repeated = previous[0].text == cells[0].text
            cells = (Cell(cells[0].text, mark=cells[0].mark, repeated=repeated), *cells[1:])
        body.append(cells)
        previous = cells
    return View(
        id=table.id,
        title=say(table.title, labels, language),
        shared=tuple(
            (heading(column, language), cell_text(column, rows[0], labels, language)) for column in shared
        ),
        heads=tuple(Head(_heading(column, columns, language, level), is_number(column)) for column in shown),
        rows=tuple(body),
        reasons=tuple((letter, translated(named(why, labels), language)) for letter, why in marks.reasons()),
        notes=tuple(say(note, labels, language) for note in table.notes),
    )


class _Marks:
    """Letters given to reasons in order of appearance."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def of(self, reason: str) -> str:
        number = len(self._letters)
        letter = string.ascii_lowercase[number % 26] * (1 + number // 26)
        return self._letters.setdefault(reason, letter)

    def reasons(self) -> tuple[tuple[str, str], ...]:
        return tuple((letter, reason) for reason, letter in self._letters.items())


def _shared_columns(columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Columns all rows agree on, never so many that none is left to name a row."""
    if len(rows) < 2:
        return []
    shared = [column for column in columns if column in _SHARED and len({row[column] for row in rows}) == 1]
    left = [column for column in columns if column not in shared and not is_number(column)]
    return shared if left else []


def _heading(column: str, columns: Sequence[str], language: str, level: float | None) -> str:
    if column not in MERGED or MERGED[column][0] not in columns:
        return heading(column, language)
    key = MERGED[column][1]
    if level is not None and key in {"conf", "amount"}:
        return wording(f"merged.{key}_level", language).format(level=level)
    return wording(f"merged.{key}", language)


def _cell(
    column: str, row: Row, columns: Sequence[str], marks: _Marks, labels: Labels, language: str
) -> Cell:
    if column in MERGED and MERGED[column][0] in columns:
        text = pair_text(column, row, language)
    else:
        text = cell_text(column, row, labels, language)
    if text:
        return Cell(text)
    reason = row.get("undefined")
    if not is_number(column) or numerals.is_missing(reason):
        return Cell(numerals.NOTHING if is_number(column) and column not in MERGED else "")
    return Cell(numerals.NOTHING, mark=marks.of(str(reason)))

"""A table as a reader sees it: intervals in one column, numbers by role, what rows share said once."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from servicefx.report import numerals
from servicefx.report.words import Labels, coded, heading, say, wording
from servicefx.values.glossary import GLOSSARY
from servicefx.values.table import Table

__all__ = ["Cell", "Head", "View", "table_view"]

_MERGED = {
    "conf_low": ("conf_high", "conf"),
    "alpha_low": ("alpha_high", "alpha"),
    "amount_low": ("amount_high", "amount"),
    "target_low": ("target_high", "target"),
    "low": ("high", "range"),
    "bin_low": ("bin_high", "bin"),
}
"""First column of a pair -> the second, and the key of their common heading."""

_SHARED = frozenset(
    {
        "outcome", "data", "model", "df", "covariance_kind", "n_obs", "n_units", "n_clusters", "design",
        "unit", "series", "wave",
    }
)  # fmt: skip
"""Columns said once above the table where all its rows agree."""

_TWO_DECIMALS = frozenset({"statistic", "mean", "sd"})
_MEASURE_ROLES = {
    "p_value": "p_value", "rmsea_close": "p_value", "df": "count", "df_baseline": "count",
    "n": "count", "n_obs": "count", "n_free": "count", "top_two_box": "share",
}  # fmt: skip
_ARROW = " \N{RIGHTWARDS ARROW} "


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


Row = Mapping[str, object]


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
    seconds = {second for first, (second, _) in _MERGED.items() if first in columns and second in columns}
    shown = [column for column in columns if column not in seconds]
    marks = _Marks()
    body = []
    previous: tuple[Cell, ...] = ()
    for row in rows:
        cells = tuple(_cell(column, row, columns, marks, labels, language) for column in shown)
        if previous and cells and len(cells) > 1 and not _is_number(shown[0]):
            repeated = previous[0].text == cells[0].text
            cells = (Cell(cells[0].text, mark=cells[0].mark, repeated=repeated), *cells[1:])
        body.append(cells)
        previous = cells
    return View(
        id=table.id,
        title=say(table.title, labels, language),
        shared=tuple(
            (heading(column, language), _text(column, rows[0], labels, language)) for column in shared
        ),
        heads=tuple(Head(_heading(column, columns, language, level), _is_number(column)) for column in shown),
        rows=tuple(body),
        reasons=marks.reasons(),
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
    left = [column for column in columns if column not in shared and not _is_number(column)]
    return shared if left else []


def _is_number(column: str) -> bool:
    return GLOSSARY[column].role not in {"label", "text"}


def _heading(column: str, columns: Sequence[str], language: str, level: float | None) -> str:
    if column not in _MERGED or _MERGED[column][0] not in columns:
        return heading(column, language)
    key = _MERGED[column][1]
    if level is not None and key in {"conf", "amount"}:
        return wording(f"merged.{key}_level", language).format(level=level)
    return wording(f"merged.{key}", language)


def _cell(
    column: str, row: Row, columns: Sequence[str], marks: _Marks, labels: Labels, language: str
) -> Cell:
    if column in _MERGED and _MERGED[column][0] in columns:
        text = _pair(column, row, language)
    else:
        text = _text(column, row, labels, language)
    if text:
        return Cell(text)
    reason = row.get("undefined")
    if not _is_number(column) or numerals.is_missing(reason):
        return Cell(numerals.NOTHING if _is_number(column) and column not in _MERGED else "")
    return Cell(numerals.NOTHING, mark=marks.of(str(reason)))


def _text(column: str, row: Row, labels: Labels, language: str) -> str:
    """One value in words; empty where it is missing."""
    value = row[column]
    if numerals.is_missing(value):
        return ""
    if _is_number(column) and isinstance(value, int | float):
        return numerals.shown(float(value), _role(column, row), _decimals(column, row))
    return in_words(column, _plain(value), labels, language)


def in_words(column: str, value: str, labels: Labels, language: str) -> str:
    """Text of a label or text column: a code in words, a construct by its label, a list of them joined.

    ``via`` lists mediators in order, separated by ``>``, ``;``, ``,`` or an arrow.
    """
    code = coded(column, value, language)
    if code is not None:
        return code
    if column == "via":
        return _ARROW.join(labels(part) for part in re.split(r"\s*(?:->|[>→;,])\s*", value) if part)
    return labels(value)


def _plain(value: object) -> str:
    """Text of a label; whole numbers without their decimals."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _role(column: str, row: Row) -> str:
    """Role of a number, which in a mixed column its unit or its measure decides."""
    role: str = GLOSSARY[column].role
    if role != "estimate" or column in {"statistic", "std_all"}:
        return role
    unit = str(row.get("unit") or "")
    if unit.startswith("share"):
        return "share"
    if re.match(r"[A-Z]{3}\b", unit):
        return "money"
    measured = _MEASURE_ROLES.get(str(row.get("measure", "")), role)
    return measured if column in {"estimate", "conf_low", "conf_high"} else role


def _decimals(column: str, row: Row) -> int | None:
    """Decimals an estimate shares with its interval; None leaves them to the number."""
    if column in _TWO_DECIMALS:
        return 2
    if column in {"estimate", "std_error", "conf_low"} and "estimate" in row:
        known = [row.get(name) for name in ("estimate", "conf_low", "conf_high")]
        places = numerals.decimals_for(*(value for value in known if isinstance(value, int | float)))
        value = row[column]
        hidden = isinstance(value, float) and 0 < abs(value) < 0.5 * 10**-places
        return None if hidden and column != "conf_low" else places
    return None


def _pair(first: str, row: Row, language: str) -> str:
    """Two columns as one: an interval, a claimed range, or one number where both ends agree."""
    second, key = _MERGED[first]
    low, high = (_number(row[column]) for column in (first, second))
    role = _role(first, row)
    if key == "range" and not (math.isnan(low) or math.isnan(high)):
        return (
            f"{_plain(low)}–{_plain(high)}"
            if low.is_integer() and high.is_integer()
            else (f"{numerals.estimate(low)} to {numerals.estimate(high)}")
        )
    if key != "target":
        text = numerals.interval(low, high, role, _decimals(first, row))
        return "" if text == numerals.NOTHING else text
    show: Callable[[float], str] = lambda value: numerals.shown(value, role)  # noqa: E731
    if math.isnan(low) and math.isnan(high):
        return ""
    if low == high:
        return show(low)
    if not math.isfinite(high):
        return wording("merged.at_least", language).format(value=show(low))
    if not math.isfinite(low):
        return wording("merged.at_most", language).format(value=show(high))
    return f"{show(low)}–{show(high)}"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")

"""Tables as bytes and text: CSV at full precision, and views of it in Markdown and HTML."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from typing import Any

from markupsafe import Markup, escape

from servicefx.report import numerals
from servicefx.report.answers import answers_view, has_answers
from servicefx.report.table_one import table_one_view
from servicefx.report.view import Cell, View, table_view
from servicefx.report.words import Labels, wording
from servicefx.values.table import Table

__all__ = ["render_csv", "render_html", "render_markdown", "view_of"]

_FIGURE_SPACE, _POINT_SPACE = "\N{FIGURE SPACE}", "\N{PUNCTUATION SPACE}"
_WIDEST_PAD = 3
"""Decimals beyond which numbers of one column are too different to stand point below point."""
_BROAD = 11
"""Columns beyond which a table is printed across the page."""
_LONG = 30
"""Rows beyond which a table scrolls within a box of its own."""
_MARKDOWN_SIGNS = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>|#~"})


def render_csv(table: Table) -> bytes:
    """The rows of a table at full precision.

    Returns
    -------
    bytes
        UTF-8, lines ended by a line feed, a header line of glossary columns. Numbers are the shortest text
        that reads back as the same double; counts that are whole carry no decimals; NaN is an empty cell,
        infinity is ``inf``.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    columns = [str(column) for column in table.rows.columns]
    writer.writerow(columns)
    roles = [table.roles[column] for column in columns]
    values = [table.rows.iloc[:, position].tolist() for position in range(len(columns))]
    for row in zip(*values, strict=True):
        writer.writerow([_csv_cell(value, role) for value, role in zip(row, roles, strict=True)])
    return out.getvalue().encode("utf-8")


def _csv_cell(value: Any, role: str) -> str:
    if numerals.is_missing(value):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if role == "count" and math.isfinite(value) and value == int(value):
            return str(int(value))
        return repr(value)
    return str(value)


def view_of(table: Table, labels: Labels, language: str = "en") -> View:
    """The view its layout asks for."""
    if table.layout == "table_one":
        return table_one_view(table, labels, language)
    if has_answers(table):
        return answers_view(table, labels, language)
    return table_view(table, labels, language)


def render_markdown(table: Table, labels: Labels, language: str = "en") -> str:
    """A table as a Markdown page: heading, table, notes, and the CSV beside it."""
    view = view_of(table, labels, language)
    lines = [f"# {_plain(view.title)}", ""]
    if view.shared:
        said = "; ".join(f"{_plain(head)}: {_plain(text)}" for head, text in view.shared)
        lines += [f"{wording('page.all_rows', language)}: {said}.", ""]
    lines.append(_line(_plain(head.text) for head in view.heads))
    lines.append(_line("---:" if head.is_number else "---" for head in view.heads))
    lines += [_line(_markdown_cell(cell) for cell in row) for row in view.rows]
    notes = [f"({letter}) {_plain(reason)}" for letter, reason in view.reasons]
    notes += [_plain(note) for note in view.notes]
    if notes:
        lines += ["", *(f"- {note}" for note in notes)]
    lines += ["", f"{wording('page.numbers_in', language)} [{view.id}.csv]({view.id}.csv)", ""]
    return "\n".join(lines)


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Text without line breaks whose signs mean nothing to Markdown."""
    return " ".join(text.split()).translate(_MARKDOWN_SIGNS)


def _markdown_cell(cell: Cell) -> str:
    text = " ".join(_plain(part) for part in (cell.text, cell.small) if part)
    return f"{text} ({cell.mark})" if cell.mark else text


def render_html(
    table: Table,
    labels: Labels,
    language: str = "en",
    *,
    number: int | None = None,
) -> Markup:
    """A table as an HTML fragment, all text escaped.

    Parameters
    ----------
    table : Table
        Any layout.
    labels, language
        As in `view_of`.
    number : int, optional
        Its number on the page, put before the title.

    Returns
    -------
    Markup
        A ``<div class="table">``: the table in a box of its own that scrolls when the page is narrow, then
        reasons, notes and a link to ``tables/<id>.csv``.
    """
    view = view_of(table, labels, language)
    lead = "" if number is None else wording("page.table", language).format(number=number)
    caption = Markup("<b>{}</b> {}").format(lead, view.title) if lead else escape(view.title)
    parts = [
        Markup('<div class="table {}{}" id="table-{}" style="--columns:{}">').format(
            table.layout.replace("_", "-"),
            " wide" if len(view.heads) > _BROAD else "",
            view.id,
            len(view.heads),
        ),
        Markup('<div class="scroll{}" role="region" tabindex="0" aria-label="{}">').format(
            " tall" if len(view.rows) > _LONG else "", view.title
        ),
        Markup("<table><caption>{}{}</caption>").format(caption, _shared(view, language)),
        Markup("<thead><tr>{}</tr></thead>").format(
            Markup("").join(
                Markup('<th scope="col"{}>{}</th>').format(
                    _number_class(head.is_number and position > 0), head.text
                )
                for position, head in enumerate(view.heads)
            )
        ),
        Markup("<tbody>"),
    ]
    pad = _padding(view)
    for row in view.rows:
        cells = Markup("").join(
            _html_cell(cell, view.heads[position].is_number, position == 0, pad[position](cell))
            for position, cell in enumerate(row)
        )
        parts.append(Markup("<tr>{}</tr>").format(cells))
    parts += [Markup("</tbody></table></div>"), _foot(view, language), Markup("</div>")]
    return Markup("\n").join(part for part in parts if part)


def _shared(view: View, language: str) -> Markup:
    if not view.shared:
        return Markup("")
    said = Markup(" · ").join(Markup("{}: {}").format(head, text) for head, text in view.shared)
    return Markup('<span class="shared">{}: {}</span>').format(wording("page.all_rows", language), said)


def _number_class(is_number: bool) -> Markup:
    return Markup(' class="num"') if is_number else Markup("")


def _html_cell(cell: Cell, is_number: bool, is_first: bool, pad: str) -> Markup:
    mark = Markup("<sup>{}</sup>").format(cell.mark) if cell.mark else Markup("")
    small = Markup("<small>{}</small>").format(cell.small) if cell.small else Markup("")
    inner = Markup("{}{}{}{}").format(cell.text, pad, mark, small)
    if is_first:
        css = Markup(' class="repeated"') if cell.repeated else Markup("")
        return Markup('<th scope="row"{}>{}</th>').format(css, inner)
    return Markup("<td{}>{}</td>").format(_number_class(is_number), inner)


def _padding(view: View) -> list[Callable[[Cell], str]]:
    """For each column, what a number lacks on its right to stand with its point below the others'."""
    pads: list[Callable[[Cell], str]] = []
    for position, head in enumerate(view.heads):
        texts = [row[position].text for row in view.rows]
        simple = head.is_number and not any(sign in text for text in texts for sign in "[]()%×<>")
        lengths = [_decimals(text) for text in texts if any(letter.isdigit() for letter in text)]
        widest = max(lengths, default=0)
        if not simple or widest - min(lengths, default=0) > _WIDEST_PAD:
            widest = 0
        pads.append(_pad_to(widest))
    return pads


def _pad_to(widest: int) -> Callable[[Cell], str]:
    def pad(cell: Cell) -> str:
        decimals = _decimals(cell.text)
        if decimals >= widest or not any(digit.isdigit() for digit in cell.text):
            return ""
        return (_POINT_SPACE if not decimals else "") + _FIGURE_SPACE * (widest - decimals)

    return pad


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _foot(view: View, language: str) -> Markup:
    """Reasons, notes and where the numbers are."""
    reasons = Markup("").join(
        Markup("<li><sup>{}</sup> {}</li>").format(letter, reason) for letter, reason in view.reasons
    )
    notes = Markup("").join(Markup("<li>{}</li>").format(note) for note in view.notes)
    listed = Markup("<ul>{}{}</ul>").format(reasons, notes) if reasons or notes else Markup("")
    path = f"tables/{view.id}.csv"
    link = Markup('<p class="trace">{} <a href="{}">{}</a></p>').format(
        wording("page.numbers_in", language), path, path
    )
    return Markup('<div class="notes">{}{}</div>').format(listed, link)

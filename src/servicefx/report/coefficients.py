"""Coefficients as dots with their intervals, one line a term."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from servicefx.report.axes import EDGE, WIDTH, axis_number, axis_title, scale, with_interval
from servicefx.report.legend import dot, legend, series_name
from servicefx.report.svg import SERIES, Drawing, text_width, ticks, wrapped
from servicefx.report.words import Labels
from servicefx.values.table import Figure

__all__ = ["draw_coefficients"]


def draw_coefficients(figure: Figure, labels: Labels, language: str, title: str, notes: str) -> str:
    """Dot and interval of every term, one line a series, with a line at zero."""
    rows = figure.rows
    terms = list(dict.fromkeys(str(term) for term in rows["term"]))
    series = list(dict.fromkeys(str(name) for name in rows["series"])) if "series" in rows else [""]
    known = {
        (str(term), str(name)): (float(a), float(b), float(c))
        for term, name, a, b, c in zip(
            rows["term"], rows["series"] if "series" in rows else [""] * len(rows),
            rows["estimate"], rows["conf_low"], rows["conf_high"], strict=True,
        )
    }  # fmt: skip
    names = {term: labels(term) for term in terms}
    values = {key: with_interval(numbers) for key, numbers in known.items()}
    label_width = min(max((text_width(name, 13) for name in names.values()), default=0.0), 165.0)
    value_width = max((text_width(text, 11) for text in values.values()), default=0.0)
    left, right = EDGE + label_width + 12, WIDTH - EDGE - value_width - 10
    marks = _marks(_range(known.values()), right - left)
    place = scale(marks, left, right)
    drawing = Drawing(figure.id, WIDTH, title, _described(known, names, labels, language, notes))
    top = legend(drawing, [series_name(name, labels, language) for name in series]) if series[1:] else 8.0
    lines = {term: wrapped(names[term], 165.0, 13, 3) for term in terms}
    heights = {term: max(16.0 * len(series), 16.0 * len(lines[term])) + 14.0 for term in terms}
    bottom = top + sum(heights.values())
    for mark in marks:
        if mark:
            drawing.line(place(mark), top, place(mark), bottom)
        drawing.text(place(mark), bottom + 16, axis_number(mark), size=11, css="mute", text_anchor="middle")
    drawing.line(place(0.0), top, place(0.0), bottom + 4, "axis", stroke_width=1.5)
    y = top
    for term in terms:
        middle = y + heights[term] / 2
        first = middle + 4.5 - (len(lines[term]) - 1) * 8.0
        for position, line in enumerate(lines[term]):
            drawing.text(EDGE, first + position * 16.25, line, size=13)
        drawing.element(
            "rect", drawing.hint(names[term]), x=0, y=y, width=left, height=heights[term],
            fill_opacity="0",
        )  # fmt: skip
        present = [position for position, name in enumerate(series) if (term, name) in known]
        for line_number, position in enumerate(present):
            at = middle + 16.0 * (line_number - (len(present) - 1) / 2)
            key = (term, series[position])
            _coefficient(drawing, known[key], at, position, place)
            drawing.text(WIDTH - EDGE, at + 4, values[key], size=11, text_anchor="end")
        y += heights[term]
    return drawing.finished(axis_title(drawing, figure, labels, language, (left + right) / 2, bottom + 34))


def _marks(ends: tuple[float, float], width: float) -> list[float]:
    """Ticks whose numbers stand apart on so many pixels."""
    for target in (4, 3, 2):
        marks = ticks(*ends, target)
        if sum(text_width(axis_number(mark), 11) + 8 for mark in marks) <= width:
            return marks
    return marks


def _coefficient(
    drawing: Drawing, numbers: tuple[float, float, float], y: float, series: int,
    place: Callable[[float], float],
) -> None:  # fmt: skip
    """One interval and its dot; the shape of the dot tells the series too."""
    value, low, high = numbers
    if not math.isfinite(value):
        return
    paint = {"class_": f"fx-s{series % len(SERIES)}", "fill": SERIES[series % len(SERIES)]}
    if math.isfinite(low) and math.isfinite(high):
        x = place(low)
        drawing.element("rect", None, x=x, y=y - 1.25, width=place(high) - x, height=2.5, rx=1.25, **paint)
    dot(drawing, place(value), y, series, paint)


def _range(known: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    numbers = [value for row in known for value in row if math.isfinite(value)]
    low, high = min([0.0, *numbers]), max([0.0, *numbers])
    return (low, high) if high > low else (-1.0, 1.0)


def _described(
    known: dict[tuple[str, str], tuple[float, float, float]],
    names: dict[str, str],
    labels: Labels,
    language: str,
    notes: str,
) -> str:
    """Every number in a sentence, for who cannot see the dots."""
    parts = []
    for (term, name), numbers in known.items():
        extra = f" ({series_name(name, labels, language)})" if name else ""
        parts.append(f"{names[term]}{extra}: {with_interval(numbers)}.")
    return " ".join([*parts, notes]).strip()

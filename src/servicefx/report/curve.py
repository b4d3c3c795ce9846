"""Lines along a number line with the bands they lie in, and marked places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from servicefx.report.axes import EDGE, WIDTH, axis_number, with_interval
from servicefx.report.legend import dot, legend, series_name, stroke_of
from servicefx.report.plane import Plane, axis_names, draw_sides, height_of_names, limits, plane_below
from servicefx.report.svg import INK, SERIES, Drawing, coordinate, text_width
from servicefx.report.words import Labels, wording
from servicefx.values.table import Figure

__all__ = ["draw_curve"]

_COLUMNS = ("x", "estimate", "conf_low", "conf_high")
_SAID = 25
"""Rows of a series read out one by one; of more, about half as many, evenly, with both ends."""
_TEXT = 11.0
Row = tuple[float, float, float, float]
Mark = tuple[float, float, float]


def draw_curve(figure: Figure, labels: Labels, language: str, title: str, notes: str) -> str:
    """A line with a shaded band a series, a line at zero where zero is in range, and marked places.

    A line breaks where its estimate is missing, a band where an end is; one row alone is a dot with its
    interval. Places outside what is drawn are read out, not drawn.
    """
    series = _series(figure)
    said = [series_name(name, labels, language) for name in series]
    rows = [row for some in series.values() for row in some]
    along = axis_names(figure, labels, language)
    drawing = Drawing(figure.id, WIDTH, title, _described(figure, series, said, along, language, notes))
    spans = (limits(row[0] for row in rows), limits((v for row in rows for v in row[1:]), 0.05))
    top = legend(drawing, said, is_line=True) + 10 if len(said) > 1 else 18.0
    marks = [mark for mark in figure.verticals if spans[0][0] <= mark[0] <= spans[0][1]]
    strips = _strips(marks, spans[0])
    first = top + height_of_names(along, drawing) + 14 * (max(strips, default=-1) + 1)
    plane = plane_below(drawing, along, spans, first, 260.0)
    _shade(drawing, plane, figure)
    height = draw_sides(drawing, plane, top)
    if spans[1][0] < 0 < spans[1][1]:
        drawing.line(plane.left, plane.y(0.0), plane.right, plane.y(0.0), "axis", stroke_width=1.5)
    for number, some in enumerate(series.values()):
        _band(drawing, plane, some, number)
    for number, some in enumerate(series.values()):
        _line(drawing, plane, some, number)
    _mark(drawing, plane, figure, list(zip(marks, strips, strict=True)))
    return drawing.finished(height)


def _series(figure: Figure) -> dict[str, list[Row]]:
    """Rows of every series, in the order given."""
    names = figure.rows["series"] if "series" in figure.rows else [""] * len(figure.rows)
    series: dict[str, list[Row]] = {}
    for name, *values in zip(names, *(figure.rows[column] for column in _COLUMNS), strict=True):
        x, estimate, low, high = (float(value) for value in values)
        series.setdefault(str(name), []).append((x, estimate, low, high))
    return series


def _runs(rows: Sequence[Row], needed: Sequence[int]) -> list[list[Row]]:
    """Neighbouring rows whose needed numbers exist."""
    known = [(not any(math.isnan(row[at]) for at in needed), row) for row in rows]
    return [[row for _, row in some] for is_known, some in groupby(known, lambda one: one[0]) if is_known]


def _band(drawing: Drawing, plane: Plane, rows: Sequence[Row], number: int) -> None:
    for run in _runs(rows, (0, 2, 3)):
        if len(run) == 1:
            x = plane.x(run[0][0])
            ends = (plane.y(run[0][2]), plane.y(run[0][3]))
            drawing.element("line", None, x1=x, y1=ends[0], x2=x, y2=ends[1], **stroke_of(number))
            continue
        corners = [(row[0], row[3]) for row in run] + [(row[0], row[2]) for row in reversed(run)]
        series = number % len(SERIES)
        drawing.element(
            "polygon", None, points=_points(plane, corners), class_=f"fx-s{series}", fill=SERIES[series],
            fill_opacity="0.16",
        )  # fmt: skip


def _line(drawing: Drawing, plane: Plane, rows: Sequence[Row], number: int) -> None:
    for run in _runs(rows, (0, 1)):
        if len(run) > 1:
            points = _points(plane, [(row[0], row[1]) for row in run])
            drawing.element("polyline", None, points=points, fill="none", **stroke_of(number))
        else:
            series = number % len(SERIES)
            paint = {"class_": f"fx-s{series}", "fill": SERIES[series]}
            dot(drawing, plane.x(run[0][0]), plane.y(run[0][1]), number, paint)


def _points(plane: Plane, places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{coordinate(plane.x(x))},{coordinate(plane.y(y))}" for x, y in places)


def _shade(drawing: Drawing, plane: Plane, figure: Figure) -> None:
    """Intervals of the marked places, behind everything else."""
    paint = {"class_": "fx-mute", "fill": INK["mute"], "fill_opacity": "0.13"}
    for _, low, high in figure.verticals:
        if low <= high and low <= plane.x_span[1] and high >= plane.x_span[0]:
            left, right = plane.x(low), plane.x(high)
            drawing.element(
                "rect", None, x=left, y=plane.top, width=max(right - left, 0.5),
                height=plane.bottom - plane.top, **paint,
            )  # fmt: skip
    for _, low, high in figure.horizontals:
        if low <= high and low <= plane.y_span[1] and high >= plane.y_span[0]:
            upper, lower = plane.y(high), plane.y(low)
            drawing.element(
                "rect", None, x=plane.left, y=upper, width=plane.right - plane.left,
                height=max(lower - upper, 0.5), **paint,
            )  # fmt: skip


def _strips(marks: Sequence[Mark], span: tuple[float, float]) -> list[int]:
    """In which row above the plane each place is written, so that no two run into each other."""
    ends: list[float] = []
    strips = []
    for mark in marks:
        half = text_width(with_interval(mark), _TEXT) / 2
        # the plane is at least this wide; what fits here fits there
        at = (mark[0] - span[0]) / (span[1] - span[0]) * (WIDTH - 110)
        left = min(max(at - half, 0.0), WIDTH - 110 - 2 * half)
        free = next((row for row, end in enumerate(ends) if left > end + 8), len(ends))
        ends[free:] = [left + 2 * half, *ends[free + 1 :]]
        strips.append(free)
    return strips


def _mark(drawing: Drawing, plane: Plane, figure: Figure, marks: Sequence[tuple[Mark, int]]) -> None:
    """Dashed lines at the marked places, with their numbers."""
    for mark, strip in marks:
        x, text = plane.x(mark[0]), with_interval(mark)
        half = text_width(text, _TEXT) / 2
        y = plane.top - 6 - 14 * strip
        drawing.line(x, plane.top - 3, x, plane.bottom, "ink", stroke_dasharray="5 4")
        at = min(max(x, plane.left + half), drawing.width - EDGE / 2 - half)
        drawing.text(at, y, text, size=_TEXT, text_anchor="middle")
    for mark in figure.horizontals:
        if plane.y_span[0] <= mark[0] <= plane.y_span[1]:
            y = plane.y(mark[0])
            drawing.line(plane.left, y, plane.right, y, "ink", stroke_dasharray="5 4")
            base = y - 5 if y - plane.top > 18 else y + 13
            text = with_interval(mark)
            width = text_width(text, _TEXT) + 4
            drawing.element(
                "rect", None, class_="fx-ground", fill=INK["ground"], fill_opacity="0.85", rx=2,
                x=plane.right - width - 1, y=base - 10, width=width, height=13,
            )  # fmt: skip
            drawing.text(plane.right - 3, base, text, size=_TEXT, text_anchor="end")


def _described(
    figure: Figure, series: dict[str, list[Row]], said: Sequence[str], along: tuple[str, str],
    language: str, notes: str,
) -> str:  # fmt: skip
    """The numbers of the lines, or evenly many of them, and every marked place."""
    parts = [wording("curve.axes", language).format(x_name=along[0], y_name=along[1])] if series else []
    for name, rows in zip(said, series.values(), strict=True):
        step = max(1, math.ceil((len(rows) - 1) / (_SAID // 2))) if len(rows) > _SAID else 1
        kept = [*rows[:-1:step], rows[-1]]
        numbers = "; ".join(f"{axis_number(row[0])}: {with_interval(row[1:])}" for row in kept)
        parts.append(f"{name}: {numbers}." if name else f"{numbers}.")
    for name, marks in zip(along, (figure.verticals, figure.horizontals), strict=True):
        parts += [
            wording("curve.marked", language).format(name=name, place=with_interval(mark)) for mark in marks
        ]
    return " ".join([*parts, notes]).strip()

"""Points of a plane with intervals both ways, quartered: what matters against how it stands."""

from __future__ import annotations

import math

from servicefx.report import numerals
from servicefx.report.axes import WIDTH, with_interval
from servicefx.report.label_places import Box
from servicefx.report.plane import Plane, axis_names, draw_sides, height_of_names, limits, plane_below
from servicefx.report.point_names import draw_names
from servicefx.report.svg import SERIES, Drawing, text_width
from servicefx.report.words import Labels, coded, wording
from servicefx.values.table import Figure

__all__ = ["draw_map"]

_COLUMNS = ("x", "x_low", "x_high", "y", "y_low", "y_high")
_PAINT = {"class_": "fx-s0", "fill": SERIES[0]}
_QUARTER = 11.0
Row = tuple[float, ...]
Split = tuple[float | None, float | None]


def draw_map(figure: Figure, labels: Labels, language: str, title: str, notes: str) -> str:
    """A dot and a cross of intervals a row, its name beside it, and two lines that quarter the plane.

    A column ``quadrant``, where there, names the quarters: each in the corner of the rows that carry it.
    """
    rows = [tuple(float(row[name]) for name in _COLUMNS) for row in figure.rows.to_dict("records")]
    names = [labels(str(term)) for term in figure.rows["term"]]
    along = axis_names(figure, labels, language)
    split = (_first(figure.verticals), _first(figure.horizontals))
    drawing = Drawing(figure.id, WIDTH + 60, title, _described(rows, names, along, split, language, notes))
    spans = (
        limits([*(v for row in rows for v in row[:3]), *_known(split[0])], 0.05),
        limits([*(v for row in rows for v in row[3:]), *_known(split[1])], 0.07),
    )
    top = 18.0 + height_of_names(along, drawing)
    plane = plane_below(drawing, along, spans, top, min(320.0 + 12.0 * len(rows), 500.0))
    height = draw_sides(drawing, plane, 18.0)
    taken = _quarters(drawing, plane, figure, split, labels, language)
    places = [(plane.x(row[0]), plane.y(row[3])) for row in rows]
    strokes = [(box, 12.0) for box in taken] + [(box, 0.4) for box in _lines(plane, split)]
    for row, place in zip(rows, places, strict=True):
        strokes += [(box, 0.25) for box in _cross(drawing, plane, row, place)]
    shown = [at for at, row in enumerate(rows) if math.isfinite(row[0]) and math.isfinite(row[3])]
    for at in shown:
        drawing.element("circle", None, cx=places[at][0], cy=places[at][1], r=4.5, **_PAINT)
    bounds = (plane.left + 2, plane.top, drawing.width - 2, plane.bottom - 2)
    draw_names(drawing, [places[at] for at in shown], [names[at] for at in shown], bounds, strokes)
    return drawing.finished(height)


def _first(lines: tuple[tuple[float, float, float], ...]) -> float | None:
    return lines[0][0] if lines and math.isfinite(lines[0][0]) else None


def _known(place: float | None) -> list[float]:
    return [] if place is None else [place]


def _cross(drawing: Drawing, plane: Plane, row: Row, place: tuple[float, float]) -> list[Box]:
    """Both intervals through a point; the strips they cover."""
    x, y = place
    if not (math.isfinite(row[0]) and math.isfinite(row[3])):
        return []
    boxes: list[Box] = []
    if not (math.isnan(row[1]) or math.isnan(row[2])):
        boxes.append((plane.x(row[1]), y - 1, plane.x(row[2]), y + 1))
    if not (math.isnan(row[4]) or math.isnan(row[5])):
        boxes.append((x - 1, plane.y(row[5]), x + 1, plane.y(row[4])))
    for left, upper, right, lower in boxes:
        drawing.element(
            "rect", None, x=left, y=upper, width=right - left, height=lower - upper, fill_opacity="0.55",
            rx=1, **_PAINT,
        )  # fmt: skip
    return boxes


def _lines(plane: Plane, split: Split) -> list[Box]:
    """Strips that the quartering lines cover."""
    x, y = split
    boxes = []
    if x is not None:
        boxes.append((plane.x(x) - 2, plane.top, plane.x(x) + 2, plane.bottom))
    if y is not None:
        boxes.append((plane.left, plane.y(y) - 2, plane.right, plane.y(y) + 2))
    return boxes


def _quarters(
    drawing: Drawing, plane: Plane, figure: Figure, split: Split, labels: Labels, language: str
) -> list[Box]:
    """Both lines, and the names of the quarters in their corners; the boxes these take."""
    x, y = split
    for left, upper, right, lower in _lines(plane, split):
        is_upright = right - left < lower - upper
        middle = ((left + right) / 2, (upper + lower) / 2)
        start = (middle[0], upper) if is_upright else (left, middle[1])
        end = (middle[0], lower) if is_upright else (right, middle[1])
        drawing.line(*start, *end, "axis", stroke_width=1.5)
    if x is None or y is None or "quadrant" not in figure.rows:
        return []
    corners: dict[tuple[bool, bool], str] = {}
    for row in figure.rows.to_dict("records"):
        corners.setdefault((float(row["x"]) >= x, float(row["y"]) >= y), str(row["quadrant"]))
    boxes = []
    for (is_right, is_upper), code in corners.items():
        text = coded("quadrant", code, language) or labels(code)
        width = text_width(text, _QUARTER)
        at = plane.right - 5 if is_right else plane.left + 5
        base = plane.top + 14 if is_upper else plane.bottom - 7
        anchor = "end" if is_right else "start"
        drawing.text(
            at, base, text, size=_QUARTER, css="mute", text_anchor=anchor, font_style="italic",
        )  # fmt: skip
        left = at - width if is_right else at
        boxes.append((left, base - 11, left + width, base + 3))
    return boxes


def _described(
    rows: list[Row], names: list[str], along: tuple[str, str], split: Split, language: str, notes: str
) -> str:
    """Every number in a sentence."""
    parts = [
        wording("map.point", language).format(
            name=name, x_name=along[0], x=with_interval((row[0], row[1], row[2])),
            y_name=along[1], y=with_interval((row[3], row[4], row[5])),
        )
        for name, row in zip(names, rows, strict=True)
    ]  # fmt: skip
    for name, place in zip(along, split, strict=True):
        if place is not None:
            parts.append(wording("map.split", language).format(name=name, place=numerals.estimate(place)))
    return " ".join([*parts, notes]).strip()

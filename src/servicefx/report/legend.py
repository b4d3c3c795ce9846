"""Series told apart: their names, their marks by colour and shape, and the row that explains them."""

from __future__ import annotations

from collections.abc import Sequence

from servicefx.report.axes import EDGE
from servicefx.report.svg import SERIES, Drawing, coordinate, text_width, wrapped
from servicefx.report.words import Labels, coded

__all__ = ["dot", "legend", "series_name", "stroke_of"]

DASHES = ("", "7 4", "2 3", "11 3 2 3", "5 2 2 2 2 2", "14 5")
"""Of the lines of a series, so that they can be told apart in grey."""


def dot(drawing: Drawing, x: float, y: float, series: int, paint: dict[str, str]) -> None:
    """One mark, its shape by the place of its series."""
    shape = series % 3
    if shape == 0:
        drawing.element("circle", None, cx=x, cy=y, r=4.5, **paint)
    elif shape == 1:
        drawing.element("rect", None, x=x - 4.2, y=y - 4.2, width=8.4, height=8.4, **paint)
    else:
        corners = ((x, y - 5.6), (x + 5.6, y), (x, y + 5.6), (x - 5.6, y))
        points = " ".join(f"{coordinate(a)},{coordinate(b)}" for a, b in corners)
        drawing.element("polygon", None, points=points, **paint)


def legend(drawing: Drawing, names: Sequence[str], y: float = 18.0, *, is_line: bool = False) -> float:
    """Series by colour and shape, or by the dashes of their lines, in a row; where the next may begin."""
    x, sample = EDGE, 34.0 if is_line else 16.0
    for position, name in enumerate(names):
        text = wrapped(name, drawing.width - 2 * EDGE - sample, 12, 1)[0]
        width = sample + text_width(text, 12) + 14
        if x > EDGE and x + width > drawing.width:
            x, y = EDGE, y + 18
        series = position % len(SERIES)
        if is_line:
            drawing.element(
                "line", None, x1=x, y1=y - 4, x2=x + sample - 8, y2=y - 4, **stroke_of(position)
            )  # fmt: skip
        else:
            dot(drawing, x + 5, y - 4, position, {"class_": f"fx-s{series}", "fill": SERIES[series]})
        drawing.text(x + sample, y, text, size=12)
        x += width
    return y + 12


def stroke_of(series: int) -> dict[str, str]:
    """Colour, width and dashes of the line of a series."""
    number = series % len(SERIES)
    paint = {"class_": f"fx-s{number}-line", "stroke": SERIES[number], "stroke_width": "2.2"}
    dashes = DASHES[series % len(DASHES)]
    return paint | ({"stroke_dasharray": dashes} if dashes else {})


def series_name(name: str, labels: Labels, language: str) -> str:
    """A series in words: a code of ours, else its label."""
    return coded("series", name, language) or labels(name)

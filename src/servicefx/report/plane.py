"""A plane of two number lines: where a pair of numbers lies, its grid, and what runs along its sides."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from servicefx.report.axes import EDGE, mark_texts
from servicefx.report.svg import Drawing, text_width, ticks, wrapped
from servicefx.report.words import Labels, say
from servicefx.values.table import Figure

__all__ = ["Plane", "axis_names", "clipped", "draw_sides", "height_of_names", "limits", "plane_below"]

_SIZE = 11.0
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Plane:
    """Number lines laid along a rectangle of pixels.

    Attributes
    ----------
    x_span, y_span : (float, float)
        Numbers at the left and right, at the bottom and top.
    left, top, right, bottom : float
        The rectangle, in pixels.
    x_marks, y_marks : tuple of float
        Round numbers within the spans.
    names : (str, str)
        What runs along x and along y.
    """

    x_span: Span
    y_span: Span
    left: float
    top: float
    right: float
    bottom: float
    x_marks: tuple[float, ...]
    y_marks: tuple[float, ...]
    names: tuple[str, str]

    def x(self, value: float) -> float:
        """Pixel of a number along x; one beyond the span lies on its edge."""
        return self.left + (self.right - self.left) * _share(value, self.x_span)

    def y(self, value: float) -> float:
        """Pixel of a number along y; one beyond the span lies on its edge."""
        return self.bottom - (self.bottom - self.top) * _share(value, self.y_span)


def _share(value: float, span: Span) -> float:
    """Share of a span that lies below a number, from 0 to 1."""
    return min(max((value - span[0]) / (span[1] - span[0]), 0.0), 1.0)


def limits(values: Iterable[float], pad: float = 0.0) -> Span:
    """Ends of a number line that holds all finite values, with a share of its length to spare.

    Examples
    --------
    >>> limits([1.0, 3.0, float("nan")]), limits([2.0], 0.1), limits([])
    ((1.0, 3.0), (1.0, 3.0), (0.0, 1.0))
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        half = abs(low) / 2 or 1.0
        return low - half, high + half
    return low - pad * (high - low), high + pad * (high - low)


def axis_names(figure: Figure, labels: Labels, language: str) -> tuple[str, str]:
    """What runs along x and along y, in words; x and y where the figure does not say."""
    said = [say(axis, labels, language) for axis in figure.axes]
    return (said[0] if said else "x", said[1] if len(said) > 1 else "y")


def plane_below(
    drawing: Drawing, names: tuple[str, str], spans: tuple[Span, Span], top: float, height: float
) -> Plane:
    """A plane as wide as the drawing leaves room for, the name of its y above it."""
    y_marks = _marks_within(spans[1], 5)
    width = max(text_width(text, _SIZE) for text in mark_texts(list(y_marks)))
    left, right = EDGE + width + 8, drawing.width - EDGE - 8
    x_marks = _marks_within(spans[0], 6)
    for target in (5, 4, 3, 2):
        if sum(text_width(text, _SIZE) + 14 for text in mark_texts(list(x_marks))) <= right - left:
            break
        x_marks = _marks_within(spans[0], target)
    return Plane(*spans, left, top, right, top + height, x_marks, y_marks, names)


def _marks_within(span: Span, target: int) -> tuple[float, ...]:
    slack = 1e-9 * (span[1] - span[0])
    marks = [mark for mark in ticks(*span, target) if span[0] - slack <= mark <= span[1] + slack]
    return tuple(marks) or (span[0],)


def draw_sides(drawing: Drawing, plane: Plane, y: float) -> float:
    """Grid, numbers and names of both number lines, the name of y with its base line at ``y``.

    Returns
    -------
    float
        Height of the drawing below the plane's numbers and its name of x.
    """
    width = drawing.width - 2 * EDGE
    for text, mark in zip(mark_texts(list(plane.y_marks)), plane.y_marks, strict=True):
        at = plane.y(mark)
        drawing.line(plane.left, at, plane.right, at)
        drawing.text(plane.left - 6, at + 4, text, size=_SIZE, css="mute", text_anchor="end")
    for text, mark in zip(mark_texts(list(plane.x_marks)), plane.x_marks, strict=True):
        at = plane.x(mark)
        drawing.line(at, plane.top, at, plane.bottom)
        half = text_width(text, _SIZE) / 2
        centre = min(max(at, EDGE + half), drawing.width - 2 - half)
        drawing.text(centre, plane.bottom + 16, text, size=_SIZE, css="mute", text_anchor="middle")
    drawing.line(plane.left, plane.bottom, plane.right, plane.bottom, "axis")
    drawing.line(plane.left, plane.top, plane.left, plane.bottom, "axis")
    drawing.lines(EDGE, y, _upward(plane.names[1], width), size=12, css="mute")
    along = wrapped(plane.names[0], width, 12, 2)
    for position, line in enumerate(along):
        drawing.text(
            (plane.left + plane.right) / 2, plane.bottom + 35 + 15 * position, line, size=12, css="mute",
            text_anchor="middle",
        )  # fmt: skip
    return plane.bottom + 35 + 15 * (len(along) - 1) + 11


def _upward(name: str, width: float) -> list[str]:
    """The name of y behind an arrow that says it runs upward."""
    return wrapped(f"↑ {name}", width, 12, 2)


def height_of_names(names: tuple[str, str], drawing: Drawing) -> float:
    """Pixels the name of y takes above the plane."""
    return 15.0 * len(_upward(names[1], drawing.width - 2 * EDGE))


def clipped(
    start: tuple[float, float], end: tuple[float, float], x_span: Span, y_span: Span
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The part of a straight line within a rectangle (Liang & Barsky 1984), or None.

    Examples
    --------
    >>> clipped((-1.0, 0.0), (3.0, 2.0), (0.0, 2.0), (0.0, 1.0))
    ((0.0, 0.5), (1.0, 1.0))
    """
    if not all(math.isfinite(value) for value in (*start, *end)):
        return None
    first, last = 0.0, 1.0
    for at, to, (low, high) in zip(start, end, (x_span, y_span), strict=True):
        step = to - at
        for slope, room in ((-step, at - low), (step, high - at)):
            if slope == 0:
                if room < 0:
                    return None
            elif slope < 0:
                first = max(first, room / slope)
            else:
                last = min(last, room / slope)
    if first > last:
        return None
    (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
    return (x + first * dx, y + first * dy), (x + last * dx, y + last * dy)

"""Axes of figures: where a number lies, how it is written, and its unit."""

from __future__ import annotations

import math
from collections.abc import Callable

from servicefx.report import numerals
from servicefx.report.svg import Drawing, wrapped
from servicefx.report.words import Labels, coded
from servicefx.values.table import Figure

__all__ = ["EDGE", "WIDTH", "axis_number", "axis_title", "compact", "scale"]

WIDTH = 460.0
"""Pixels of a figure's view box: legible on a phone without turning it."""

EDGE = 10.0


def compact(value: float) -> str:
    """A number of an axis: 1.2M rather than 1,200,000."""
    for limit, letter in ((1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if math.isfinite(value) and abs(value) >= limit:
            size = 1e3 if letter == "k" else limit
            return numerals.estimate(value / size, 2 if letter != "k" else 0).removesuffix(".00") + letter
    return axis_number(value)


def axis_number(value: float) -> str:
    """A number of an axis, with no decimals it does not need."""
    if math.isfinite(value) and value == round(value) and abs(value) < 1e15:
        return numerals.estimate(value, 0)
    text = numerals.estimate(value)
    return text.rstrip("0").rstrip(".") if "." in text and "×" not in text else text


def axis_title(drawing: Drawing, figure: Figure, labels: Labels, language: str, x: float, y: float) -> float:
    """The unit, where all rows share one; the height of the drawing."""
    units = {str(unit) for unit in figure.rows["unit"]} if "unit" in figure.rows else set()
    if len(units) != 1:
        return y - 8
    unit = units.pop()
    said = coded("unit", unit, language) or labels(unit)
    drawing.text(x, y, wrapped(said, WIDTH * 0.8, 11, 1)[0], size=11, css="mute", text_anchor="middle")
    return y + 10


def scale(marks: list[float], left: float, right: float) -> Callable[[float], float]:
    """Value -> pixel, the first and the last mark at the ends."""
    low, high = marks[0], marks[-1]
    span = high - low if high > low else 1.0
    return lambda value: left + (right - left) * (value - low) / span

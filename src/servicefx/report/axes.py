"""Axes of figures: where a number lies, how it is written, and its unit."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from servicefx.report import numerals
from servicefx.report.svg import Drawing, wrapped
from servicefx.report.words import Labels, coded
from servicefx.values.table import Figure

__all__ = ["EDGE", "WIDTH", "axis_number", "axis_title", "compact", "mark_texts", "scale", "with_interval"]

WIDTH = 460.0
"""Pixels of a figure's view box: legible on a phone without turning it."""

EDGE = 10.0

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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


def mark_texts(marks: list[float]) -> list[str]:
    """Numbers of an axis, all with the decimals their step needs, so that no two read alike.

    Examples
    --------
    >>> mark_texts([0.0, 0.05, 0.1]), mark_texts([1e6, 1.5e6]), mark_texts([2e-9, 4e-9])
    (['0.00', '0.05', '0.10'], ['1.0M', '1.5M'], ['2×10⁻⁹', '4×10⁻⁹'])
    """
    largest = max((abs(mark) for mark in marks), default=0.0)
    step = min((abs(b - a) for a, b in pairwise(marks)), default=largest) or largest
    if not (math.isfinite(largest) and largest > 0):
        return [axis_number(mark) for mark in marks]
    factor, ending = 1.0, ""
    for limit, size, letter in ((1e9, 1e9, "bn"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if limit <= largest < 1e15 and step >= size / 1000:
            factor, ending = size, letter
            break
    exponent = math.floor(math.log10(largest) + 1e-9)
    if largest < 1e-4 or largest >= 1e15:
        factor, ending = 10.0**exponent, f"×10{str(exponent).translate(_RAISED)}"
    places = max(0, -math.floor(math.log10(step / factor) + 1e-9))
    while places < 12 and any(abs(round(m / factor, places) * factor - m) > 1e-3 * step for m in marks):
        places += 1
    return [numerals.estimate(mark / factor, places) + (ending if mark else "") for mark in marks]


def with_interval(numbers: tuple[float, float, float]) -> str:
    r"""An estimate and its interval with the same decimals; the estimate alone where it has none.

    Examples
    --------
    >>> with_interval((0.3, 0.2, 0.4))
    '0.30 [0.20,\xa00.40]'
    """
    value, low, high = numbers
    largest = max((abs(number) for number in numbers if math.isfinite(number)), default=0.0)
    places = 2 if 0.1 <= largest < 10 else numerals.decimals_for(largest)
    interval = numerals.interval(low, high, decimals=places)
    text = numerals.estimate(value, places)
    return text if interval == numerals.NOTHING else f"{text} {interval}"


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

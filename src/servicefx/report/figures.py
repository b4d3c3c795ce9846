"""Figures as SVG text: coefficients with their intervals, and the distribution of an answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from servicefx.report import numerals
from servicefx.report.diagram import draw_diagram
from servicefx.report.likert import draw_likert
from servicefx.report.svg import INK, SERIES, Drawing, coordinate, text_width, ticks, wrapped
from servicefx.report.words import Labels, coded, say, wording
from servicefx.values.table import Figure

__all__ = ["render_figure"]

_WIDTH = 460.0
_EDGE = 10.0


def render_figure(figure: Figure, labels: Labels, language: str = "en") -> str:
    """A figure as a complete SVG file.

    The same text stands alone as a file on a light ground and inside a page, whose style sheet may repaint
    its classes for a dark one.

    Parameters
    ----------
    figure : Figure
        Its rows are drawn in their order.
    labels : callable
        Id -> label.
    language : str
        One of `servicefx.report.words.LANGUAGES`.

    Returns
    -------
    str
        Coordinates at two decimals, so that the same numbers give the same bytes.
    """
    title = say(figure.title, labels, language)
    notes = " ".join(say(note, labels, language) for note in figure.notes)
    draw: dict[str, Callable[[Figure, Labels, str, str, str], str]] = {
        "coefficients": draw_coefficients,
        "distribution": draw_distribution,
        "likert": draw_likert,
        "diagram": draw_diagram,
    }
    return draw[figure.kind](figure, labels, language, title, notes)


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
    values = {key: _with_interval(numbers) for key, numbers in known.items()}
    label_width = min(max((text_width(name, 13) for name in names.values()), default=0.0), 165.0)
    value_width = max((text_width(text, 11) for text in values.values()), default=0.0)
    left, right = _EDGE + label_width + 12, _WIDTH - _EDGE - value_width - 10
    marks = ticks(*_range(known.values()))
    place = _scale(marks, left, right)
    drawing = Drawing(figure.id, _WIDTH, title, _described(known, names, labels, language, notes))
    top = _legend(drawing, [_series_name(name, labels, language) for name in series]) if series[1:] else 8.0
    lines = {term: wrapped(names[term], 165.0, 13, 3) for term in terms}
    heights = {term: max(16.0 * len(series), 16.0 * len(lines[term])) + 14.0 for term in terms}
    bottom = top + sum(heights.values())
    for mark in marks:
        if mark:
            drawing.line(place(mark), top, place(mark), bottom)
        drawing.text(place(mark), bottom + 16, _axis_number(mark), size=11, css="mute", text_anchor="middle")
    drawing.line(place(0.0), top, place(0.0), bottom + 4, "axis", stroke_width=1.5)
    y = top
    for term in terms:
        middle = y + heights[term] / 2
        first = middle + 4.5 - (len(lines[term]) - 1) * 8.0
        for position, line in enumerate(lines[term]):
            drawing.text(_EDGE, first + position * 16.25, line, size=13)
        drawing.element(
            "rect", drawing.hint(names[term]), x=0, y=y, width=left, height=heights[term],
            fill_opacity="0",
        )  # fmt: skip
        present = [position for position, name in enumerate(series) if (term, name) in known]
        for line_number, position in enumerate(present):
            at = middle + 16.0 * (line_number - (len(present) - 1) / 2)
            key = (term, series[position])
            _coefficient(drawing, known[key], at, position, place)
            drawing.text(_WIDTH - _EDGE, at + 4, values[key], size=11, text_anchor="end")
        y += heights[term]
    return drawing.finished(_axis_title(drawing, figure, labels, language, (left + right) / 2, bottom + 34))


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
    _dot(drawing, place(value), y, series, paint)


def _dot(drawing: Drawing, x: float, y: float, series: int, paint: dict[str, str]) -> None:
    shape = series % 3
    if shape == 0:
        drawing.element("circle", None, cx=x, cy=y, r=4.5, **paint)
    elif shape == 1:
        drawing.element("rect", None, x=x - 4.2, y=y - 4.2, width=8.4, height=8.4, **paint)
    else:
        corners = ((x, y - 5.6), (x + 5.6, y), (x, y + 5.6), (x - 5.6, y))
        points = " ".join(f"{coordinate(a)},{coordinate(b)}" for a, b in corners)
        drawing.element("polygon", None, points=points, **paint)


def _legend(drawing: Drawing, names: list[str]) -> float:
    """Series by colour and shape along the top; the height it took."""
    x, y = _EDGE, 18.0
    for position, name in enumerate(names):
        text = wrapped(name, _WIDTH - 2 * _EDGE - 16, 12, 1)[0]
        width = 16 + text_width(text, 12) + 14
        if x > _EDGE and x + width > _WIDTH:
            x, y = _EDGE, y + 18
        series = position % len(SERIES)
        _dot(drawing, x + 5, y - 4, position, {"class_": f"fx-s{series}", "fill": SERIES[series]})
        drawing.text(x + 16, y, text, size=12)
        x += width
    return y + 12


def draw_distribution(figure: Figure, labels: Labels, language: str, title: str, notes: str) -> str:
    """Bars of a histogram with a line at zero, its middle and its interval.

    Rows may carry ``estimate, conf_low, conf_high`` (the same in all): then those are marked. Otherwise the
    median and the middle 95 % are read off the bars, and said to be about that.
    """
    rows = figure.rows
    low, high, share = (rows[name].to_numpy(dtype=float) for name in ("bin_low", "bin_high", "share"))
    is_exact = {"estimate", "conf_low", "conf_high"} <= set(rows.columns)
    middle, conf_low, conf_high = _centre(rows, is_exact)
    about = "" if is_exact else "about_"
    unit = str(rows["unit"].iloc[0]) if "unit" in rows and len(rows) else ""
    lines = [
        wording(f"distribution.{about}middle", language).format(value=_compact(middle), unit=unit).rstrip(),
        wording(f"distribution.{about}interval", language).format(
            low=_compact(conf_low), high=_compact(conf_high)
        ),
    ]
    drawing = Drawing(figure.id, _WIDTH, title, " ".join(part for part in (*lines, notes) if part))
    marks = ticks(min(float(low.min()), 0.0), max(float(high.max()), 0.0), 5) if len(rows) else [0.0]
    place = _scale(marks, 26.0, _WIDTH - 26.0)
    drawing.text(_EDGE, 20, lines[0], size=14, font_weight="600")
    drawing.text(_EDGE, 39, lines[1], size=12, css="mute")
    top, bottom = 76.0, 236.0
    tallest = float(share.max()) if len(rows) and share.max() > 0 else 1.0
    for a, b, size in zip(low, high, share, strict=True):
        for start, end, series in ((a, min(b, 0.0), 1), (max(a, 0.0), b, 0)):
            if end > start:
                height = (bottom - top) * size / tallest
                x, width = place(start), place(end) - place(start)
                drawing.element(
                    "rect", None, class_=f"fx-s{series}", fill=SERIES[series], x=x, y=bottom - height,
                    width=max(width - 1, 0.5), height=height, fill_opacity="0.8",
                )  # fmt: skip
    drawing.line(place(marks[0]), bottom, place(marks[-1]), bottom, "axis")
    drawing.line(place(0.0), top - 6, place(0.0), bottom + 5, "axis", stroke_width=1.5)
    if math.isfinite(middle):
        drawing.line(place(conf_low), top - 14, place(conf_high), top - 14, "ink", stroke_width=2)
        for end in (conf_low, conf_high):
            drawing.line(place(end), top - 18, place(end), top - 10, "ink", stroke_width=2)
        drawing.line(place(middle), top - 14, place(middle), bottom, "ink", stroke_dasharray="4 3")
        drawing.element(
            "circle", None, class_="fx-ink", fill=INK["ink"], cx=place(middle), cy=top - 14, r=4.5
        )
    for mark in marks:
        drawing.text(place(mark), bottom + 18, _compact(mark), size=11, css="mute", text_anchor="middle")
    return drawing.finished(_axis_title(drawing, figure, labels, language, _WIDTH / 2, bottom + 36))


def _centre(rows: pd.DataFrame, is_exact: bool) -> tuple[float, float, float]:
    """Median and the middle 95 %, as given or read off the bars by straight lines between their ends."""
    if is_exact and len(rows):
        first = rows.iloc[0]
        return float(first["estimate"]), float(first["conf_low"]), float(first["conf_high"])
    share = rows["share"].to_numpy(dtype=float)
    if not len(rows) or share.sum() <= 0:
        return float("nan"), float("nan"), float("nan")
    reached = np.concatenate([[0.0], np.cumsum(share) / share.sum()])
    ends = np.concatenate([rows["bin_low"].to_numpy(dtype=float)[:1], rows["bin_high"].to_numpy(dtype=float)])
    middle, low, high = np.interp([0.5, 0.025, 0.975], reached, ends)
    return float(middle), float(low), float(high)


def _compact(value: float) -> str:
    """A number of an axis: 1.2M rather than 1,200,000."""
    for limit, letter in ((1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if math.isfinite(value) and abs(value) >= limit:
            size = 1e3 if letter == "k" else limit
            return numerals.estimate(value / size, 2 if letter != "k" else 0).removesuffix(".00") + letter
    return _axis_number(value)


def _axis_number(value: float) -> str:
    if math.isfinite(value) and value == round(value) and abs(value) < 1e15:
        return numerals.estimate(value, 0)
    text = numerals.estimate(value)
    return text.rstrip("0").rstrip(".") if "." in text and "×" not in text else text


def _axis_title(drawing: Drawing, figure: Figure, labels: Labels, language: str, x: float, y: float) -> float:
    """The unit, where all rows share one; the height of the drawing."""
    units = {str(unit) for unit in figure.rows["unit"]} if "unit" in figure.rows else set()
    if len(units) != 1:
        return y - 8
    unit = units.pop()
    said = coded("unit", unit, language) or labels(unit)
    drawing.text(x, y, wrapped(said, _WIDTH * 0.8, 11, 1)[0], size=11, css="mute", text_anchor="middle")
    return y + 10


def _series_name(name: str, labels: Labels, language: str) -> str:
    return coded("series", name, language) or labels(name)


def _with_interval(numbers: tuple[float, float, float]) -> str:
    value, low, high = numbers
    largest = max((abs(number) for number in numbers if math.isfinite(number)), default=0.0)
    places = 2 if 0.1 <= largest < 10 else numerals.decimals_for(largest)
    interval = numerals.interval(low, high, decimals=places)
    text = numerals.estimate(value, places)
    return text if interval == numerals.NOTHING else f"{text} {interval}"


def _range(known: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    numbers = [value for row in known for value in row if math.isfinite(value)]
    low, high = min([0.0, *numbers]), max([0.0, *numbers])
    return (low, high) if high > low else (-1.0, 1.0)


def _scale(marks: list[float], left: float, right: float) -> Callable[[float], float]:
    low, high = marks[0], marks[-1]
    span = high - low if high > low else 1.0
    return lambda value: left + (right - left) * (value - low) / span


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
        extra = f" ({_series_name(name, labels, language)})" if name else ""
        parts.append(f"{names[term]}{extra}: {_with_interval(numbers)}.")
    return " ".join([*parts, notes]).strip()

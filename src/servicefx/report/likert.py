"""Answers to Likert items as bars of a hundred per cent, item by item, grouped by construct."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from servicefx.report import numerals
from servicefx.report.answers import answer_text, in_order
from servicefx.report.axes import EDGE, WIDTH
from servicefx.report.svg import Drawing, text_width, wrapped
from servicefx.report.words import Labels, coded
from servicefx.values.table import Figure

__all__ = ["draw_likert"]

_BAR = 20.0
_LABEL = 150.0
_BOLD = 1.12
"""How much wider bold letters are."""
_ANCHORS = ((179, 88, 6), (241, 182, 119), (228, 231, 235), (140, 184, 222), (20, 84, 148))
"""From disagreement over neither to agreement; told apart by the colour-blind, and in grey at both ends."""

Colour = tuple[int, int, int]


@dataclass(slots=True)
class _Scale:
    """Constructs answered on one scale: its answers, and the shares of every item."""

    answers: list[str] = field(default_factory=list)
    constructs: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)


def draw_likert(figure: Figure, labels: Labels, language: str, title: str, notes: str) -> str:
    """One bar an item, one segment an answer, from the lowest answer to the highest.

    Rows are ``construct, item, answer, share``; ``low, high`` (ends of the item's scale) tell scales apart,
    without them the highest answer of a construct does. ``label``, where there, names the item.
    """
    rows = figure.rows
    names = _names(rows, labels)
    label_width = min(max((text_width(name, 12) for name in names.values()), default=0.0), _LABEL)
    left, right = EDGE + label_width + 10, WIDTH - EDGE
    scales = _scales(rows)
    told = [notes] if notes else []
    for scale in scales:
        for items in scale.constructs.values():
            for item, shares in items.items():
                given = [answer for answer in scale.answers if answer in shares]
                said = (
                    f"{_said(answer, labels, language)} {numerals.share(shares[answer])}" for answer in given
                )
                told.append(f"{names[item]}: {', '.join(said)}.")
    drawing = Drawing(figure.id, WIDTH, title, " ".join(told))
    y = 10.0
    for scale in scales:
        colours = _palette(len(scale.answers))
        y = _legend(drawing, [_said(answer, labels, language) for answer in scale.answers], colours, y)
        for construct, items in scale.constructs.items():
            y = _heading(drawing, labels(construct), y)
            for item, shares in items.items():
                height = _item(drawing, names[item], left, y)
                top = y + (height - _BAR) / 2
                _bar(drawing, [shares.get(a, 0.0) for a in scale.answers], colours, left, right, top)
                y += height + 7
            y += 6
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        x = left + (right - left) * share
        drawing.text(x, y + 10, f"{share:.0%}", size=11, css="mute", text_anchor=anchor)
    return drawing.finished(y + 20)


def _names(rows: pd.DataFrame, labels: Labels) -> dict[str, str]:
    """Item -> what it is called."""
    if "label" not in rows:
        return {str(item): labels(str(item)) for item in rows["item"]}
    named = zip(rows["item"], rows["label"], strict=True)
    return {str(item): str(item if numerals.is_missing(name) else name) for item, name in named}


def _scales(rows: pd.DataFrame) -> list[_Scale]:
    """Items by scale, each in order of appearance, with every answer anybody gave on it."""
    if {"low", "high"} <= set(rows.columns):
        ends = [f"{low} {high}" for low, high in zip(rows["low"], rows["high"], strict=True)]
        of_construct = dict(zip(map(str, rows["construct"]), ends, strict=True))
    else:
        given: dict[str, list[str]] = {}
        for construct, answer in zip(rows["construct"], rows["answer"], strict=True):
            given.setdefault(str(construct), []).append(answer_text(answer))
        of_construct = {construct: in_order(answers)[-1] for construct, answers in given.items()}
    scales: dict[str, _Scale] = {}
    for construct, item, answer, share in zip(
        rows["construct"], rows["item"], rows["answer"], rows["share"], strict=True
    ):
        scale = scales.setdefault(of_construct[str(construct)], _Scale())
        text = answer_text(answer)
        if text not in scale.answers:
            scale.answers.append(text)
        scale.constructs.setdefault(str(construct), {}).setdefault(str(item), {})[text] = float(share)
    for scale in scales.values():
        scale.answers = in_order(scale.answers)
    return list(scales.values())


def _heading(drawing: Drawing, text: str, y: float) -> float:
    drawing.text(
        EDGE, y + 14, wrapped(text, (WIDTH - 2 * EDGE) / _BOLD, 13, 1)[0], size=13, font_weight="600"
    )
    drawing.element("rect", drawing.hint(text), x=0, y=y, width=WIDTH, height=18, fill_opacity="0")
    return y + 22


def _item(drawing: Drawing, name: str, left: float, y: float) -> float:
    """The name beside a bar; the height of both."""
    lines = wrapped(name, _LABEL, 12, 2)
    height = max(_BAR, 15.0 * len(lines))
    first = y + height / 2 + 4 - 7.5 * (len(lines) - 1)
    for position, line in enumerate(lines):
        drawing.text(EDGE, first + 15 * position, line, size=12, css="mute")
    drawing.element("rect", drawing.hint(name), x=0, y=y, width=left, height=height, fill_opacity="0")
    return height


def _bar(
    drawing: Drawing,
    shares: Sequence[float],
    colours: Sequence[Colour],
    left: float,
    right: float,
    top: float,
) -> None:
    """Segments of one item."""
    x = left
    for share, colour in zip(shares, colours, strict=True):
        width = (right - left) * share if math.isfinite(share) else 0.0
        if width <= 0:
            continue
        percent = f"{share:.0%}"
        drawing.element(
            "rect", drawing.hint(numerals.share(share)), x=x, y=top, width=max(width - 0.8, 0.4),
            height=_BAR, fill=_hex(colour),
        )  # fmt: skip
        if width > text_width(percent, 10) + 3:
            ink = "#ffffff" if _is_dark(colour) else "#1f2933"
            drawing.element(
                "text", percent, x=x + width / 2 - 0.4, y=top + 13.6, font_size=10, fill=ink,
                text_anchor="middle",
            )  # fmt: skip
        x += width


def _legend(drawing: Drawing, names: Sequence[str], colours: Sequence[Colour], y: float) -> float:
    """Answers by colour in lines of their own; where the next row starts."""
    x = EDGE
    for name, colour in zip(names, colours, strict=True):
        text = wrapped(name, WIDTH - 2 * EDGE - 16, 11, 1)[0]
        width = 15 + text_width(text, 11) + 10
        if x > EDGE and x + width > WIDTH:
            x, y = EDGE, y + 17
        drawing.element("rect", drawing.hint(name), x=x, y=y, width=11, height=11, rx=2, fill=_hex(colour))
        drawing.text(x + 15, y + 10, text, size=11)
        x += width
    return y + 24


def _said(answer: str, labels: Labels, language: str) -> str:
    return coded("answer", answer, language) or labels(answer)


def _palette(n: int) -> list[Colour]:
    """Colours for n answers, evenly between the anchors."""
    if n == 1:
        return [_ANCHORS[-1]]
    out = []
    for position in range(n):
        at = position / (n - 1) * (len(_ANCHORS) - 1)
        start = min(int(at), len(_ANCHORS) - 2)
        low, high = _ANCHORS[start], _ANCHORS[start + 1]
        red, green, blue = (round(a + (b - a) * (at - start)) for a, b in zip(low, high, strict=True))
        out.append((red, green, blue))
    return out


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _is_dark(colour: Colour) -> bool:
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140

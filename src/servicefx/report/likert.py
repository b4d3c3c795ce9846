"""Answers to Likert items as bars of a hundred per cent, item by item, grouped by construct."""

from __future__ import annotations

import math

from servicefx.report import numerals
from servicefx.report.answers import answer_text, in_order
from servicefx.report.svg import Drawing, text_width, wrapped
from servicefx.report.words import Labels, coded
from servicefx.values.table import Figure

__all__ = ["draw_likert"]

_WIDTH = 460.0
_EDGE = 10.0
_BAR = 20.0
_ANCHORS = ((179, 88, 6), (241, 182, 119), (228, 231, 235), (140, 184, 222), (20, 84, 148))
"""From disagreement over neither to agreement; told apart by the colour-blind and in grey at both ends."""


def draw_likert(figure: Figure, labels: Labels, language: str, title: str, notes: str) -> str:
    """One bar an item, one segment an answer, from the lowest answer to the highest."""
    rows = figure.rows
    answers = in_order(list(dict.fromkeys(answer_text(value) for value in rows["answer"])))
    colours = _palette(len(answers))
    wordings = rows["label"] if "label" in rows else rows["item"]
    groups: dict[str, dict[str, dict[str, float]]] = {}
    named: dict[str, str] = {}
    for construct, item, answer, share, name in zip(
        rows["construct"], rows["item"], rows["answer"], rows["share"], wordings, strict=True
    ):
        items = groups.setdefault(str(construct), {})
        items.setdefault(str(item), {})[answer_text(answer)] = float(share)
        named[str(item)] = str(name) if not numerals.is_missing(name) else str(item)
    names = {item: named[item] if "label" in rows else labels(item) for item in named}
    label_width = min(max((text_width(name, 12) for name in names.values()), default=0.0), 150.0)
    left, right = _EDGE + label_width + 10, _WIDTH - _EDGE
    described = [notes] if notes else []
    for items in groups.values():
        for item, shares in items.items():
            told = ", ".join(f"{_named(a, labels, language)} {numerals.share(shares[a])}"
                             for a in answers if a in shares)  # fmt: skip
            described.append(f"{names[item]}: {told}.")
    drawing = Drawing(figure.id, _WIDTH, title, " ".join(described))
    y = _legend(drawing, [_named(answer, labels, language) for answer in answers], colours)
    for construct, items in groups.items():
        heading = labels(construct)
        drawing.text(
            _EDGE, y + 14, wrapped(heading, _WIDTH - 2 * _EDGE, 13, 1)[0], size=13, font_weight="600"
        )
        drawing.element("rect", drawing.hint(heading), x=0, y=y, width=_WIDTH, height=18, fill_opacity="0")
        y += 22
        for item, shares in items.items():
            lines = wrapped(names[item], 150.0, 12, 2)
            height = max(_BAR, 15.0 * len(lines)) + 7
            middle = y + (height - 7) / 2
            for position, line in enumerate(lines):
                drawing.text(
                    _EDGE, middle + 4 + 15 * (position - (len(lines) - 1) / 2), line, size=12, css="mute"
                )
            drawing.element(
                "rect", drawing.hint(names[item]), x=0, y=y, width=left, height=height, fill_opacity="0"
            )
            _bar(drawing, [shares.get(answer, 0.0) for answer in answers], colours, left, right, middle)
            y += height
        y += 6
    for share in (0.0, 0.5, 1.0):
        x = left + (right - left) * share
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        drawing.text(x, y + 10, f"{share:.0%}", size=11, css="mute", text_anchor=anchor)
    return drawing.finished(y + 20)


def _bar(
    drawing: Drawing, shares: list[float], colours: list[tuple[int, int, int]], left: float, right: float,
    middle: float,
) -> None:  # fmt: skip
    x = left
    for share, colour in zip(shares, colours, strict=True):
        width = (right - left) * share if math.isfinite(share) else 0.0
        if width <= 0:
            continue
        percent = f"{share:.0%}"
        drawing.element(
            "rect", drawing.hint(numerals.share(share)), x=x, y=middle - _BAR / 2,
            width=max(width - 0.8, 0.4), height=_BAR, fill=_hex(colour),
        )  # fmt: skip
        if width > text_width(percent, 10) + 3:
            ink = "#ffffff" if _is_dark(colour) else "#1f2933"
            drawing.element(
                "text", percent, x=x + width / 2 - 0.4, y=middle + 3.6, font_size=10, fill=ink,
                text_anchor="middle",
            )  # fmt: skip
        x += width


def _legend(drawing: Drawing, names: list[str], colours: list[tuple[int, int, int]]) -> float:
    """Answers by colour along the top; the height it took."""
    x, y = _EDGE, 10.0
    for name, colour in zip(names, colours, strict=True):
        text = wrapped(name, _WIDTH - 2 * _EDGE - 16, 11, 1)[0]
        width = 15 + text_width(text, 11) + 10
        if x > _EDGE and x + width > _WIDTH:
            x, y = _EDGE, y + 17
        drawing.element("rect", None, x=x, y=y, width=11, height=11, rx=2, fill=_hex(colour))
        drawing.text(x + 15, y + 10, text, size=11)
        x += width
    return y + 26


def _named(answer: str, labels: Labels, language: str) -> str:
    return coded("answer", answer, language) or labels(answer)


def _palette(n: int) -> list[tuple[int, int, int]]:
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


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _is_dark(colour: tuple[int, int, int]) -> bool:
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140

"""SVG by hand: elements, how wide a text is without its font, and where a text breaks."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Sequence

__all__ = ["INK", "SERIES", "Drawing", "coordinate", "escaped", "text_width", "ticks", "wrapped"]

FONTS = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', 'PingFang SC', "
    "'Hiragino Sans GB', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif"
)
INK = {
    "ink": "#1f2933", "mute": "#586474", "axis": "#7b8794", "grid": "#e1e5ea", "ground": "#ffffff",
    "box": "#f2f5f9",
}  # fmt: skip
"""Class (``fx-…`` in the file) -> colour on a light ground; the page overrides the classes when dark."""

SERIES = ("#0a5fa4", "#c8500a", "#00795a", "#9a4f8c", "#7a5c00", "#4a5568")
"""Colour-blind safe on white and told apart by shape as well."""

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NARROW = frozenset("iljtfrI.,:;'|!()[]{} /\\`")
_WIDE = frozenset("mwMW@%—…")


def escaped(text: str) -> str:
    """Text safe in an element and in an attribute; signs XML forbids are left out.

    Examples
    --------
    >>> escaped('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return html.escape(_FORBIDDEN.sub("", text), quote=True)


def coordinate(value: float) -> str:
    """A number of the drawing, at two decimals and no more than it needs.

    Examples
    --------
    >>> coordinate(12.0), coordinate(1 / 3), coordinate(-0.001)
    ('12', '0.33', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def text_width(text: str, size: float) -> float:
    """Width of a text in pixels, a little generous, from classes of letters rather than a font.

    Examples
    --------
    >>> text_width("信任", 10.0)
    20.0
    """
    return size * sum(_letter(letter) for letter in text)


def _letter(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    if letter in _NARROW:
        return 0.36
    if letter in _WIDE:
        return 0.95
    return 0.72 if letter.isupper() else 0.6


def wrapped(text: str, width: float, size: float, lines: int = 2) -> list[str]:
    """A text in at most so many lines; what does not fit ends in an ellipsis.

    Breaks between words and between Chinese characters; a word longer than a line is cut.

    Parameters
    ----------
    text : str
        One sentence or name.
    width, size : float
        Of a line and of its letters, in pixels.
    lines : int
        At least 1.

    Examples
    --------
    >>> wrapped("Perceived value of the after-sales service", 80.0, 10.0)
    ['Perceived', 'value of the…']
    """
    out: list[str] = [""]
    for piece in _pieces(" ".join(text.split()), width, size):
        if text_width((out[-1] + piece).rstrip(), size) <= width or not out[-1]:
            out[-1] += piece
        else:
            out.append(piece.lstrip())
    out = [line.rstrip() for line in out]
    if len(out) <= lines:
        return out
    last = out[lines - 1]
    while last and text_width(last + "…", size) > width:
        last = last[:-1]
    return [*out[: lines - 1], last.rstrip() + "…"]


def _pieces(text: str, width: float, size: float) -> list[str]:
    """What may stand at the start of a line: words with the space after them, and wide characters."""
    pieces: list[str] = []
    for word in re.findall(r"\S+\s*", text):
        piece = ""
        for letter in word:
            is_wide = unicodedata.east_asian_width(letter) in "WF" and letter not in "，。、；：！？）》”"
            if piece and (is_wide or text_width(piece + letter, size) > width):
                pieces.append(piece)
                piece = ""
            piece += letter
        pieces.append(piece)
    return pieces


def ticks(low: float, high: float, target: int = 4) -> list[float]:
    """Round numbers that cover a range, at steps of 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> ticks(-0.12, 0.53)
    [-0.2, 0.0, 0.2, 0.4, 0.6]
    """
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low] if math.isfinite(low) else [0.0]
    exponent = math.floor(math.log10(span / target))
    step = min(
        (factor * 10.0**power for power in (exponent, exponent + 1) for factor in (1, 2, 5)),
        key=lambda size: abs(math.log(span / size / target)),
    )
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    places = max(12, 2 - exponent)
    return [round(position * step, places) + 0.0 for position in range(first, last + 1)]


class Drawing:
    """Elements of one SVG in the order they are painted.

    Parameters
    ----------
    name : str
        Makes the ids unique among the drawings of a page.
    width : float
        Width of the view box in pixels.
    title, description : str
        What a screen reader says.
    """

    def __init__(self, name: str, width: float, title: str, description: str) -> None:
        self.width = width
        self._name = re.sub(r"[^A-Za-z0-9_-]", "-", name)
        self._title, self._description = title, description
        self._elements: list[str] = []

    def element(self, tag: str, inner: str | None = None, **attributes: str | float) -> None:
        """One element; ``inner`` is escaped already, attributes are here; ``_`` in a name becomes ``-``."""
        self._elements.append(_element(tag, inner, attributes))

    def text(
        self, x: float, y: float, content: str, *, size: float = 12, css: str = "ink", **more: str | float
    ) -> None:
        """One line of text, its base line at ``y``."""
        paint = {"class": f"fx-{css}", "fill": INK[css]}
        self._elements.append(
            _element("text", escaped(content), {"x": x, "y": y, "font-size": size, **paint, **more})
        )

    def lines(self, x: float, y: float, content: Sequence[str], *, size: float = 12, **more: str) -> None:
        """Several lines of text, the first with its base line at ``y``."""
        for position, line in enumerate(content):
            self.text(x, y + position * size * 1.25, line, size=size, **more)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, css: str = "grid", **more: str | float
    ) -> None:
        """A straight line in one of the inks."""
        paint = {"class": f"fx-{css}-line", "stroke": INK[css]}
        self.element("line", None, x1=x1, y1=y1, x2=x2, y2=y2, **paint, **more)

    def hint(self, content: str) -> str:
        """A ``<title>`` to put inside an element: the whole text of what is shortened beside it."""
        return f"<title>{escaped(content)}</title>"

    def pieces(self) -> tuple[str, ...]:
        """The elements so far, as written."""
        return tuple(self._elements)

    def finished(self, height: float) -> str:
        """The whole file."""
        size = f"{coordinate(self.width)} {coordinate(height)}"
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{coordinate(self.width)}" '
            f'height="{coordinate(height)}" role="img" aria-labelledby="{self._name}-t {self._name}-d" '
            f'font-family="{FONTS}">'
        )
        ground = f'<rect class="fx-ground" width="100%" height="100%" fill="{INK["ground"]}"/>'
        return "\n".join(
            [
                head,
                f'<title id="{self._name}-t">{escaped(self._title)}</title>',
                f'<desc id="{self._name}-d">{escaped(self._description)}</desc>',
                ground,
                *self._elements,
                "</svg>\n",
            ]
        )


def _element(tag: str, inner: str | None, attributes: dict[str, str | float]) -> str:
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="'
        f'{escaped(value) if isinstance(value, str) else coordinate(value)}"'
        for name, value in attributes.items()
    )
    return f"<{tag}{written}/>" if inner is None else f"<{tag}{written}>{inner}</{tag}>"

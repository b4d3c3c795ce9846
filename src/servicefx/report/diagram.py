"""Path diagram: constructs as boxes in layers, paths as arrows that carry their estimate and interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from servicefx.report import numerals
from servicefx.report.layers import Edge, Layering, layered
from servicefx.report.seats import LABEL, MARGIN, Point, Rect, Seats, around, free_place, ports_of, seated
from servicefx.report.svg import INK, SERIES, Drawing, coordinate, text_width, wrapped
from servicefx.report.words import Labels, wording
from servicefx.values.table import Figure

__all__ = ["draw_diagram"]

_LETTERS = 12.0
_LEAST_WIDTH = 460.0


@dataclass(frozen=True, slots=True)
class _Path:
    """One arrow: the numbers it carries."""

    value: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        return not self.low <= 0 <= self.high

    @property
    def text(self) -> str:
        return numerals.estimate(self.value, 2 if abs(self.value) < 10 else None)

    @property
    def interval(self) -> str:
        text = numerals.interval(self.low, self.high, decimals=2 if abs(self.value) < 10 else None)
        return "" if text == numerals.NOTHING else text


def draw_diagram(figure: Figure, labels: Labels, language: str, title: str, notes: str) -> str:
    """Boxes and arrows; width by size of the estimate, dashed where the interval includes zero.

    Of two rows with the same ends the first is drawn.
    """
    rows = figure.rows
    names: list[str] = []
    paths: dict[Edge, _Path] = {}
    for start, end, value, low, high in zip(
        rows["from"], rows["to"], rows["estimate"], rows["conf_low"], rows["conf_high"], strict=True
    ):
        for name in (str(start), str(end)):
            if name not in names:
                names.append(name)
        edge = (names.index(str(start)), names.index(str(end)))
        paths.setdefault(edge, _Path(float(value), float(low), float(high)))
    said = [labels(name) for name in names]
    layering = layered(len(names), list(paths))
    longest = max((text_width(word, _LETTERS) for text in said for word in text.split()), default=0.0)
    box_width = min(max(longest + 18, 92.0), 132.0)
    texts = [wrapped(text, box_width - 14, _LETTERS, 3) for text in said]
    seats = seated(layering, texts, box_width)
    sentences = [
        f"{said[start]} → {said[end]}: {path.text} {path.interval}".rstrip() + "."
        for (start, end), path in paths.items()
    ]
    n_rising = len(layering.rising)
    width = seats.right + (LABEL[0] + 14) * n_rising + MARGIN
    shift = max(0.0, (_LEAST_WIDTH - width) / 2)
    drawing = Drawing(figure.id, max(width, _LEAST_WIDTH), title, " ".join([*sentences, notes]).strip())
    strongest = max((abs(p.value) for p in paths.values() if math.isfinite(p.value)), default=1.0) or 1.0
    body = _body(drawing, layering, seats, paths, texts, said, strongest)
    drawing.element("g", body, transform=f"translate({coordinate(shift)} 0)")
    legend = wrapped(wording("diagram.legend", language), drawing.width - 2 * MARGIN, 11, 3)
    foot = seats.bottom + (34 if n_rising else 22)
    drawing.lines(MARGIN, foot, legend, size=11, css="mute")
    return drawing.finished(foot + 14 * len(legend))


def _liked(edge: Edge, paths: Iterable[Edge]) -> float:
    """Share of the way where arrows lie far apart: near the start where many meet at the tip."""
    ends = [(other[0] == edge[0], other[1] == edge[1]) for other in paths]
    gathered = sum(end for _, end in ends) - sum(start for start, _ in ends)
    return 0.36 if gathered > 1 else 0.64 if gathered < -1 else 0.5


def _body(
    drawing: Drawing, layering: Layering, seats: Seats, paths: dict[Edge, _Path],
    texts: Sequence[Sequence[str]], said: Sequence[str], strongest: float,
) -> str:  # fmt: skip
    """Arrows below, boxes above them, labels on top."""
    part = Drawing("part", 0, "", "")
    taken: list[Rect] = list(seats.boxes.values())
    ports = ports_of(layering, seats)
    marks: list[tuple[Point, _Path]] = []
    for edge, chain in layering.chains.items():
        points = _through(edge, chain, ports, seats)
        _arrow(part, _curve(points), points[-1], paths[edge], strongest)
        middles = [seats.middle(slot) for slot in chain[1:-1]]
        place = free_place(points, middles, _liked(edge, paths), taken)
        taken.append(around(place))
        marks.append((place, paths[edge]))
    for number, edge in enumerate(layering.rising):
        track = seats.right + 10 + LABEL[0] / 2 + number * (LABEL[0] + 14)
        written, tip, place = _round_about(edge, track, number, seats)
        _arrow(part, written, tip, paths[edge], strongest)
        marks.append((place, paths[edge]))
    for node, (left, top, right, bottom) in seats.boxes.items():
        part.element(
            "rect", drawing.hint(said[node]), class_="fx-box", x=left, y=top, width=right - left,
            height=bottom - top, rx=7, fill=INK["box"], stroke=INK["axis"],
        )  # fmt: skip
        lines = texts[node]
        first = (top + bottom) / 2 + 4 - (len(lines) - 1) * _LETTERS * 0.625
        part.lines((left + right) / 2, first, lines, size=_LETTERS, text_anchor="middle")
    for place, path in marks:
        _label(part, place, path)
    return "".join(part.pieces())


def _through(
    edge: Edge, chain: Sequence[int], ports: dict[tuple[Edge, bool], float], seats: Seats
) -> list[Point]:
    """Points an arrow passes: out of its box, straight through the layers between, to the tip."""
    points: list[Point] = [(ports[edge, True], seats.boxes[edge[0]][3])]
    for slot in chain[1:-1]:
        top, bottom = seats.bands[seats.layer_of[slot]]
        points += [(seats.centre[slot], top), (seats.centre[slot], bottom)]
    return [*points, (ports[edge, False], seats.boxes[edge[1]][1])]


def _curve(points: Sequence[Point]) -> str:
    """Smooth line through the points, upright at each, ending a little before the tip."""
    out = [f"M{_at(points[0])}"]
    for index in range(1, len(points)):
        (x1, y1), (x2, y2) = points[index - 1], points[index]
        y2 -= 7 if index == len(points) - 1 else 0
        bend = (y2 - y1) * 0.5
        out.append(f"C{_at((x1, y1 + bend))} {_at((x2, y2 - bend))} {_at((x2, y2))}")
    return " ".join(out)


def _round_about(edge: Edge, track: float, number: int, seats: Seats) -> tuple[str, Point, Point]:
    """Way of an arrow that runs up: below its box, along the right margin, down into the other box."""
    (left, _, right, bottom), (to_left, to_top, to_right, _) = seats.boxes[edge[0]], seats.boxes[edge[1]]
    x1, x2 = right - (right - left) * 0.12, to_right - (to_right - to_left) * 0.12
    low = seats.bands[seats.layer_of[edge[0]]][1] + 12 + 4 * (number % 3)
    high = seats.bands[seats.layer_of[edge[1]]][0] - 16 - 4 * (number % 3)
    r = 7.0
    written = (
        f"M{_at((x1, bottom))} L{_at((x1, low - r))} Q{_at((x1, low))} {_at((x1 + r, low))} "
        f"L{_at((track - r, low))} Q{_at((track, low))} {_at((track, low - r))} "
        f"L{_at((track, high + r))} Q{_at((track, high))} {_at((track - r, high))} "
        f"L{_at((x2 + r, high))} Q{_at((x2, high))} {_at((x2, high + r))} L{_at((x2, to_top - 7))}"
    )
    return written, (x2, to_top), (track, (low + high) / 2)


def _arrow(part: Drawing, way: str, tip: Point, path: _Path, strongest: float) -> None:
    """Line and head; the sign by colour, the size by width, doubt by dashes."""
    series = 1 if path.value < 0 else 0
    known = math.isfinite(path.value)
    width = 1.2 + 3.2 * abs(path.value) / strongest if known else 1.0
    dashes = {} if path.is_sure else {"stroke_dasharray": "6 4"}
    part.element(
        "path", None, d=way, class_=f"fx-s{series}-line", fill="none", stroke=SERIES[series],
        stroke_width=width, **dashes,
    )  # fmt: skip
    half = 3.4 + width * 0.55
    corners = (
        (tip[0], tip[1]),
        (tip[0] - half, tip[1] - 9),
        (tip[0] + half, tip[1] - 9),
    )
    part.element(
        "polygon", None, points=" ".join(_at(corner) for corner in corners), class_=f"fx-s{series}",
        fill=SERIES[series],
    )  # fmt: skip


def _label(part: Drawing, place: Point, path: _Path) -> None:
    """Estimate over its interval, on a patch of the ground so that no line runs through it."""
    interval = path.interval
    width = max(text_width(path.text, 12.5), text_width(interval, 10) * 0.92) + 4
    height = LABEL[1] if interval else 16.0
    part.element(
        "rect", None, class_="fx-ground", x=place[0] - width / 2, y=place[1] - height / 2, width=width,
        height=height, rx=4, fill=INK["ground"], fill_opacity="0.92",
    )  # fmt: skip
    y = place[1] - 1.5 if interval else place[1] + 4
    part.text(place[0], y, path.text, size=12.5, text_anchor="middle", font_weight="600")
    if interval:
        part.text(place[0], place[1] + 10.5, interval, size=10, css="mute", text_anchor="middle")


def _at(point: Point) -> str:
    return f"{coordinate(point[0])},{coordinate(point[1])}"

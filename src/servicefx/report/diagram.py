"""Path diagram: constructs as boxes in layers, paths as arrows that carry their estimate and interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from servicefx.report import numerals
from servicefx.report.layers import Edge, Layering, layered, placed
from servicefx.report.svg import INK, SERIES, Drawing, coordinate, text_width, wrapped
from servicefx.report.words import Labels, wording
from servicefx.values.table import Figure

__all__ = ["draw_diagram"]

_EDGE = 14.0
_GAP = 16.0
_LETTERS = 12.0
_LABEL = (70.0, 27.0)
_LEAST_WIDTH = 460.0
Point = tuple[float, float]
Rect = tuple[float, float, float, float]


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


@dataclass(frozen=True, slots=True)
class _Seats:
    """Where every slot is: centres, boxes of nodes, top and bottom of each layer."""

    centre: dict[int, float]
    boxes: dict[int, Rect]
    bands: list[tuple[float, float]]
    layer_of: dict[int, int]
    right: float
    bottom: float


def draw_diagram(figure: Figure, labels: Labels, language: str, title: str, notes: str) -> str:
    """Boxes and arrows; width by size of the estimate, dashed where the interval includes zero."""
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
    seats = _seated(layering, texts, box_width)
    sentences = [
        f"{said[start]} → {said[end]}: {path.text} {path.interval}".rstrip() + "."
        for (start, end), path in paths.items()
    ]
    n_rising = len(layering.rising)
    width = seats.right + (_LABEL[0] + 14) * n_rising + _EDGE
    shift = max(0.0, (_LEAST_WIDTH - width) / 2)
    drawing = Drawing(figure.id, max(width, _LEAST_WIDTH), title, " ".join([*sentences, notes]).strip())
    strongest = max((abs(p.value) for p in paths.values() if math.isfinite(p.value)), default=1.0) or 1.0
    drawing.element("g", None if not paths and not names else _body(
        drawing, layering, seats, paths, texts, said, strongest
    ), transform=f"translate({coordinate(shift)} 0)")  # fmt: skip
    legend = wrapped(wording("diagram.legend", language), drawing.width - 2 * _EDGE, 11, 3)
    foot = seats.bottom + (34 if n_rising else 22)
    drawing.lines(_EDGE, foot, legend, size=11, css="mute")
    return drawing.finished(foot + 14 * len(legend))


def _body(
    drawing: Drawing, layering: Layering, seats: _Seats, paths: dict[Edge, _Path],
    texts: Sequence[Sequence[str]], said: Sequence[str], strongest: float,
) -> str:  # fmt: skip
    """Arrows below, boxes above them, labels on top."""
    part = Drawing("part", 0, "", "")
    taken: list[Rect] = list(seats.boxes.values())
    ports = _ports(layering, seats)
    marks: list[tuple[Point, _Path]] = []
    for edge, chain in layering.chains.items():
        points = _through(edge, chain, ports, seats)
        _arrow(part, _curve(points), points[-1], 1.0, paths[edge], strongest)
        gathered = sum(other[1] == edge[1] for other in paths) - sum(other[0] == edge[0] for other in paths)
        place = _free_place(points, chain, gathered, seats, taken)
        taken.append(_around(place))
        marks.append((place, paths[edge]))
    for number, edge in enumerate(layering.rising):
        track = seats.right + 10 + _LABEL[0] / 2 + number * (_LABEL[0] + 14)
        written, tip, place = _round_about(edge, track, number, seats)
        _arrow(part, written, tip, 1.0, paths[edge], strongest)
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


def _seated(layering: Layering, texts: Sequence[Sequence[str]], box_width: float) -> _Seats:
    """Boxes on the page: columns from the layout, rows with room for the labels between them."""
    n_nodes = len(texts)
    slots = [slot for layer in layering.layers for slot in layer]
    widths = {slot: box_width if slot < n_nodes else _LABEL[0] + 4 for slot in slots}
    centre = {slot: x + _EDGE for slot, x in placed(layering, widths, _GAP).items()}
    boxes: dict[int, Rect] = {}
    bands: list[tuple[float, float]] = []
    layer_of = {slot: level for level, layer in enumerate(layering.layers) for slot in layer}
    y = _EDGE + (18 if layering.rising else 0)
    for level, layer in enumerate(layering.layers):
        height = max((len(texts[slot]) for slot in layer if slot < n_nodes), default=1) * 15.0 + 18
        for slot in layer:
            if slot < n_nodes:
                half = len(texts[slot]) * 7.5 + 9
                left, middle = centre[slot] - box_width / 2, y + height / 2
                boxes[slot] = (left, middle - half, left + box_width, middle + half)
        bands.append((y, y + height))
        crossing = sum(layer_of[a] == level for chain in layering.chains.values() for a in chain[:-1])
        y += height + 76 + 9 * min(crossing, 8)
    right = max((centre[slot] + widths[slot] / 2 for slot in slots), default=0.0)
    return _Seats(centre, boxes, bands, layer_of, right, bands[-1][1] if bands else 0.0)


def _ports(layering: Layering, seats: _Seats) -> dict[tuple[Edge, bool], float]:
    """Where each arrow leaves and reaches its box, side by side in the order of its other end."""
    ports: dict[tuple[Edge, bool], float] = {}
    for node, (left, _, right, _) in seats.boxes.items():
        for leaving in (True, False):
            own = [edge for edge in layering.chains if edge[0 if leaving else 1] == node]
            own.sort(key=lambda edge: seats.centre[layering.chains[edge][1 if leaving else -2]])
            step = min(15.0, (right - left) * 0.8 / max(len(own), 1))
            for position, edge in enumerate(own):
                ports[edge, leaving] = seats.centre[node] + step * (position - (len(own) - 1) / 2)
    return ports


def _through(
    edge: Edge, chain: Sequence[int], ports: dict[tuple[Edge, bool], float], seats: _Seats
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


def _round_about(edge: Edge, track: float, number: int, seats: _Seats) -> tuple[str, Point, Point]:
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


def _free_place(
    points: Sequence[Point], chain: Sequence[int], gathered: int, seats: _Seats, taken: Sequence[Rect]
) -> Point:
    """Where on its arrow a label covers no box and no other label, or covers least.

    Where more arrows meet at the tip than leave at the start, places near the start come first.
    """
    near = 0.36 if gathered > 1 else 0.64 if gathered < -1 else 0.5
    places: list[Point] = []
    for slot in chain[1:-1]:
        top, bottom = seats.bands[seats.layer_of[slot]]
        places.append((seats.centre[slot], (top + bottom) / 2))
    for share in sorted((0.5, 0.43, 0.57, 0.36, 0.64, 0.29, 0.71, 0.23, 0.77), key=lambda at: abs(at - near)):
        for index in range(0, len(points) - 1, 2):
            places.append(_on_curve(points[index], points[index + 1], share))
    for shift in (-40.0, 40.0, -75.0, 75.0):
        x, y = _on_curve(points[0], points[1], 0.5)
        places.append((x + shift, y))
    worst = [sum(_overlap(_around(place), other) for other in taken) for place in places]
    return places[min(range(len(places)), key=lambda index: (round(worst[index], 2), index))]


def _on_curve(start: Point, end: Point, share: float) -> Point:
    """Point of the cubic whose ends are upright."""
    rest = 1 - share
    x = start[0] * (rest**3 + 3 * rest**2 * share) + end[0] * (3 * rest * share**2 + share**3)
    bend = (end[1] - start[1]) * 0.5
    y = (
        rest**3 * start[1]
        + 3 * rest**2 * share * (start[1] + bend)
        + 3 * rest * share**2 * (end[1] - bend)
        + share**3 * end[1]
    )
    return x, y


def _around(place: Point) -> Rect:
    """The label's rectangle."""
    return (
        place[0] - _LABEL[0] / 2, place[1] - _LABEL[1] / 2, place[0] + _LABEL[0] / 2, place[1] + _LABEL[1] / 2
    )  # fmt: skip


def _overlap(a: Rect, b: Rect) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _arrow(part: Drawing, way: str, tip: Point, direction: float, path: _Path, strongest: float) -> None:
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
        (tip[0] - half, tip[1] - 9 * direction),
        (tip[0] + half, tip[1] - 9 * direction),
    )
    part.element(
        "polygon", None, points=" ".join(_at(corner) for corner in corners), class_=f"fx-s{series}",
        fill=SERIES[series],
    )  # fmt: skip


def _label(part: Drawing, place: Point, path: _Path) -> None:
    """Estimate over its interval, on a patch of the ground so that no line runs through it."""
    interval = path.interval
    width = max(text_width(path.text, 12.5), text_width(interval, 10) * 0.92) + 4
    height = _LABEL[1] if interval else 16.0
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

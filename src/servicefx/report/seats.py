"""Where boxes, arrow ends and labels of a path diagram go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from servicefx.report.layers import Edge, Layering, placed

__all__ = ["LABEL", "MARGIN", "Point", "Rect", "Seats", "around", "free_place", "ports_of", "seated"]

MARGIN = 14.0
LABEL = (70.0, 27.0)
"""Width and height kept free for the numbers of an arrow."""

_GAP = 16.0

Point = tuple[float, float]
Rect = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Seats:
    """Where every slot is: centres, boxes of nodes, top and bottom of each layer."""

    centre: dict[int, float]
    boxes: dict[int, Rect]
    bands: list[tuple[float, float]]
    layer_of: dict[int, int]
    right: float
    bottom: float

    def middle(self, slot: int) -> Point:
        """Middle of a slot."""
        top, bottom = self.bands[self.layer_of[slot]]
        return self.centre[slot], (top + bottom) / 2


def seated(layering: Layering, texts: Sequence[Sequence[str]], box_width: float) -> Seats:
    """Boxes on the page: columns from the layout, rows with room for the labels between them."""
    n_nodes = len(texts)
    slots = [slot for layer in layering.layers for slot in layer]
    widths = {slot: box_width if slot < n_nodes else LABEL[0] + 4 for slot in slots}
    centre = {slot: x + MARGIN for slot, x in placed(layering, widths, _GAP).items()}
    boxes: dict[int, Rect] = {}
    bands: list[tuple[float, float]] = []
    layer_of = {slot: level for level, layer in enumerate(layering.layers) for slot in layer}
    y = MARGIN + (18 if layering.rising else 0)
    for level, layer in enumerate(layering.layers):
        height = max((len(texts[slot]) for slot in layer if slot < n_nodes), default=1) * 15.0 + 18
        for slot in layer:
            if slot < n_nodes:
                half = len(texts[slot]) * 7.5 + 9
                left, middle = centre[slot] - box_width / 2, y + height / 2
                boxes[slot] = (left, middle - half, left + box_width, middle + half)
        bands.append((y, y + height))
        crossing = sum(layer_of[a] == level for chain in layering.chains.values() for a in chain[:-1])
        y += height + 76 + 9 * min(crossing, 4) + 18 * max(0, min(crossing, 16) - 4)
    right = max((centre[slot] + widths[slot] / 2 for slot in slots), default=0.0)
    return Seats(centre, boxes, bands, layer_of, right, bands[-1][1] if bands else 0.0)


def ports_of(layering: Layering, seats: Seats) -> dict[tuple[Edge, bool], float]:
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


def free_place(
    points: Sequence[Point], middles: Sequence[Point], near: float, taken: Sequence[Rect]
) -> Point:
    """Where on its arrow a label covers no box and no other label, or covers least.

    Parameters
    ----------
    points : sequence of (x, y)
        Start and end of every curved piece of the arrow, in turn.
    middles : sequence of (x, y)
        Places beside boxes that a long arrow passes; tried first.
    near : float
        Share of the way from the start that is liked best.
    taken : sequence of (left, top, right, bottom)
        Boxes, and labels placed so far.
    """
    places = list(middles)
    for share in sorted((0.5, 0.43, 0.57, 0.36, 0.64, 0.29, 0.71, 0.23, 0.77), key=lambda at: abs(at - near)):
        places += [_on_curve(points[i], points[i + 1], share) for i in range(0, len(points) - 1, 2)]
    x, y = _on_curve(points[0], points[1], 0.5)
    places += [(x + shift, y) for shift in (-40.0, 40.0, -75.0, 75.0)]
    covered = [round(sum(_overlap(around(place), other) for other in taken), 2) for place in places]
    return places[covered.index(min(covered))]


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


def around(place: Point) -> Rect:
    """Rectangle of the label at a place."""
    return (
        place[0] - LABEL[0] / 2, place[1] - LABEL[1] / 2, place[0] + LABEL[0] / 2, place[1] + LABEL[1] / 2
    )  # fmt: skip


def _overlap(a: Rect, b: Rect) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))

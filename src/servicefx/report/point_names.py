"""Named points of a plane: dots, and names with a thread to the dot where they had to stand off."""

from __future__ import annotations

import math
from collections.abc import Sequence

from servicefx.report.label_places import THREAD, Box, name_places
from servicefx.report.svg import INK, Drawing, text_width, wrapped

__all__ = ["draw_names"]

_SIZE = 12.0
_LINE = 15.0


def draw_names(
    drawing: Drawing,
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    bounds: Box,
    strokes: Sequence[tuple[Box, float]] = (),
) -> list[Box]:
    """Write names beside points so that none covers another; the boxes they took.

    Parameters
    ----------
    drawing : Drawing
    points : sequence of (x, y)
        In pixels.
    names : sequence of str
    bounds : Box
        Where names may stand.
    strokes : sequence of (Box, weight)
        As `servicefx.report.label_places.name_places`.
    """
    room = min(150.0, (bounds[2] - bounds[0]) * (0.34 if len(points) > 6 else 0.42))
    lines = [wrapped(name, room, _SIZE, 2) for name in names]
    sizes = [(max(text_width(line, _SIZE) for line in some) + 4, _LINE * len(some) + 2) for some in lines]
    places = name_places(points, sizes, bounds, strokes)
    for box, name in zip(places, names, strict=True):
        drawing.element(
            "rect", drawing.hint(name), class_="fx-ground", fill=INK["ground"], fill_opacity="0.8", rx=3,
            x=box[0], y=box[1], width=box[2] - box[0], height=box[3] - box[1],
        )  # fmt: skip
    for (x, y), box in zip(points, places, strict=True):
        at = (min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3]))
        if math.hypot(at[0] - x, at[1] - y) > THREAD:
            # towards the middle of the name, or the thread would run along an interval
            drawing.line(x, y, (at[0] + (box[0] + box[2]) / 2) / 2, at[1], css="mute", stroke_width=0.9)
    for box, some in zip(places, lines, strict=True):
        drawing.lines((box[0] + box[2]) / 2, box[1] + 12, some, size=_SIZE, text_anchor="middle")
    return places

"""Where the names of points go, so that they cover neither each other nor another point."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["THREAD", "Box", "name_places", "overlap"]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""

_GAPS = (7.0, 13.0, 22.0, 34.0, 48.0, 66.0, 90.0, 120.0)
_ANGLES = 16
_ROUNDS = 8
_NAME, _POINT, _OUTSIDE = 40.0, 30.0, 200.0
_DOT = 6.0
_STRANGER = 18.0
"""What a name counts for every other point that is about as near to it as its own."""
_CROSSED = 25.0
"""What it counts where the thread to its point runs through another name."""
THREAD, _ALONG = 11.0, 12.0
"""A thread is drawn beyond this gap; straight up or across it would hide in an interval."""


def overlap(one: Box, others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area that a box shares with each of some boxes, shape (k,)."""
    wide = np.minimum(one[2], others[:, 2]) - np.maximum(one[0], others[:, 0])
    high = np.minimum(one[3], others[:, 3]) - np.maximum(one[1], others[:, 1])
    return np.asarray(np.maximum(wide, 0.0) * np.maximum(high, 0.0), dtype=np.float64)


def name_places(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    bounds: Box,
    strokes: Sequence[tuple[Box, float]] = (),
) -> list[Box]:
    """A box beside every point for its name.

    Parameters
    ----------
    points : sequence of (x, y)
        In pixels.
    sizes : sequence of (width, height)
        Of the names.
    bounds : Box
        The boxes stay within, if there is room.
    strokes : sequence of (Box, weight)
        What is better not covered, with what a square pixel of it counts (a name counts 40, a point 30).

    Returns
    -------
    list of Box
        In the order of the points: the same every time. Each name starts nearest to its point and then moves,
        in turn, to wherever it covers least, until none moves.
    """
    middles = np.array(points, dtype=float).reshape(-1, 2)
    dots = np.array([(x - _DOT, y - _DOT, x + _DOT, y + _DOT) for x, y in points]).reshape(-1, 4)
    thin = np.array([box for box, _ in strokes], dtype=float).reshape(-1, 4)
    weight = np.array([value for _, value in strokes], dtype=float)
    candidates = [_candidates(point, size) for point, size in zip(points, sizes, strict=True)]
    still = [
        [
            far
            + _STRANGER * _nearer(box, at, middles)
            + _OUTSIDE * _outside(box, bounds)
            + _POINT * float(overlap(box, dots).sum())
            + float(overlap(box, thin) @ weight)
            for box, far in around
        ]
        for at, around in enumerate(candidates)
    ]
    chosen = [int(np.argmin(costs)) for costs in still]
    for _ in range(_ROUNDS):
        moved = False
        for at, around in enumerate(candidates):
            names = [candidates[other][chosen[other]][0] for other in range(len(points)) if other != at]
            others = np.array(names, dtype=float).reshape(-1, 4)
            costs = [
                cost
                + _NAME * float(overlap(box, others).sum())
                + _CROSSED * _crossed(points[at], box, others)
                for (box, _), cost in zip(around, still[at], strict=True)
            ]
            best = int(np.argmin(costs))
            if costs[best] < costs[chosen[at]] - 1e-9:
                chosen[at], moved = best, True
        if not moved:
            break
    return [around[place][0] for around, place in zip(candidates, chosen, strict=True)]


def _candidates(point: tuple[float, float], size: tuple[float, float]) -> list[tuple[Box, float]]:
    """Boxes around a point, each with what its distance counts; to the right is liked best."""
    out = []
    width, height = size
    for gap in _GAPS:
        for right, below in ((1, 1), (1, -1), (-1, 1), (-1, -1)):  # a corner at the point
            x = point[0] + right * (width / 2 + 0.6 * gap)
            y = point[1] + below * (height / 2 + 0.4 * gap)
            box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            out.append((box, gap + (1.0 if right > 0 else 3.0)))
        for turn in range(_ANGLES):
            angle = 2 * math.pi * turn / _ANGLES
            across, down = math.cos(angle), math.sin(angle)
            # the middle of the box, so that its rim is the gap away in this direction
            reach = min(
                (width / 2 + gap) / abs(across) if abs(across) > 1e-9 else math.inf,
                (height / 2 + gap) / abs(down) if abs(down) > 1e-9 else math.inf,
            )
            x, y = point[0] + across * reach, point[1] + down * reach
            box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            is_straight = gap > THREAD and turn % (_ANGLES // 4) == 0
            out.append((box, gap + 2.0 * (1 - across) + (_ALONG if is_straight else 0.0)))
    return out


def _crossed(point: tuple[float, float], box: Box, names: NDArray[np.float64]) -> int:
    """Through how many names the straight way from a point to its box runs, as far as a few places tell."""
    end = (min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3]))
    share = np.linspace(0.1, 0.95, 8)
    x, y = (a + share * (b - a) for a, b in zip(point, end, strict=True))
    inside = (
        (x[:, None] > names[:, 0]) & (x[:, None] < names[:, 2])
        & (y[:, None] > names[:, 1]) & (y[:, None] < names[:, 3])
    )  # fmt: skip
    return int(inside.any(axis=0).sum())


def _nearer(box: Box, own: int, points: NDArray[np.float64]) -> int:
    """How many other points are as near to a box as its own, or almost."""
    across = np.maximum(np.maximum(box[0] - points[:, 0], points[:, 0] - box[2]), 0.0)
    down = np.maximum(np.maximum(box[1] - points[:, 1], points[:, 1] - box[3]), 0.0)
    away = np.hypot(across, down)
    return int((np.delete(away, own) < away[own] + 5.0).sum())


def _outside(box: Box, bounds: Box) -> float:
    """Pixels by which a box sticks out."""
    return (
        max(bounds[0] - box[0], 0.0)
        + max(bounds[1] - box[1], 0.0)
        + max(box[2] - bounds[2], 0.0)
        + max(box[3] - bounds[3], 0.0)
    )

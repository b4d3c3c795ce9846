"""Lines of equal height over a plane, one of them bold, with named points and dashed lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.report import numerals
from servicefx.report.axes import WIDTH, axis_number, mark_texts
from servicefx.report.isolines import isolines
from servicefx.report.label_places import Box, overlap
from servicefx.report.plane import (
    Plane,
    axis_names,
    clipped,
    draw_sides,
    height_of_names,
    limits,
    plane_below,
)
from servicefx.report.point_names import draw_names
from servicefx.report.svg import INK, SERIES, Drawing, coordinate, text_width, ticks
from servicefx.report.words import Labels, wording
from servicefx.values.table import Figure

__all__ = ["draw_contour"]

Floats = NDArray[np.float64]
_TEXT = 11.0
_SHORT = 26.0
"""Pixels below which a line carries no number, unless it is the bold one."""
Point = tuple[str, float, float]


@dataclass(frozen=True, slots=True)
class _Surface:
    """Heights on a grid: ``heights[i, j]`` at ``(x[j], y[i])``, NaN where no row gives one."""

    x: Floats
    y: Floats
    heights: Floats

    @property
    def known(self) -> Floats:
        return np.asarray(self.heights[np.isfinite(self.heights)], dtype=np.float64)

    @property
    def is_flat(self) -> bool:
        known = self.known
        return bool(len(known) and np.ptp(known) <= 1e-12 * np.abs(known).max())

    def at(self, x: float, y: float) -> float:
        """Height between the points of the grid, straight along both ways; NaN outside."""
        if not (len(self.x) and self.x[0] <= x <= self.x[-1] and self.y[0] <= y <= self.y[-1]):
            return math.nan
        rows = np.array([np.interp(x, self.x, row) for row in self.heights])
        return float(np.interp(y, self.y, rows))


def draw_contour(figure: Figure, labels: Labels, language: str, title: str, notes: str) -> str:
    """Lines at round heights with their numbers on them; a surface that is flat is said to be.

    Points outside the grid widen the plane; dashed lines are cut at its edge.
    """
    surface = _surface(figure.rows)
    points = _named(figure, labels)
    along = axis_names(figure, labels, language)
    levels = _levels(surface, figure.critical)
    drawing = Drawing(
        figure.id, WIDTH, title, _described(figure, surface, points, levels, along, language, notes)
    )
    spans = (
        limits([*surface.x, *(x for _, x, _ in points)]),
        limits([*surface.y, *(y for _, _, y in points)]),
    )
    top = 18.0 + height_of_names(along, drawing)
    plane = plane_below(drawing, along, spans, top, 360.0)
    height = draw_sides(drawing, plane, 18.0)
    for line in figure.lines:
        cut = clipped(line[:2], line[2:], *spans)
        if cut is not None:
            (x1, y1), (x2, y2) = cut
            ends = (plane.x(x1), plane.y(y1), plane.x(x2), plane.y(y2))
            drawing.line(*ends, "mute", stroke_dasharray="6 4", stroke_width=1.3)
    lines = {level: _pixels(plane, surface, level) for level in levels}
    for level, pieces in lines.items():
        _draw_lines(drawing, pieces, level == figure.critical)
    places = [(plane.x(x), plane.y(y)) for _, x, y in points]
    for x, y in places:
        drawing.element(
            "rect", None, class_="fx-s1", fill=SERIES[1], x=x - 4, y=y - 4, width=8, height=8
        )  # fmt: skip
    bounds = (plane.left + 2, plane.top + 2, drawing.width - 2, plane.bottom - 2)
    taken = draw_names(drawing, places, [name for name, _, _ in points], bounds)
    taken += [(x - 7, y - 7, x + 7, y + 7) for x, y in places]
    _number(drawing, plane, lines, figure.critical, taken)
    if surface.is_flat:
        text = wording("contour.flat", language).format(value=numerals.estimate(float(surface.known[0])))
        middle = ((plane.left + plane.right) / 2, (plane.top + plane.bottom) / 2)
        drawing.text(*middle, text, size=13, text_anchor="middle")
    return drawing.finished(height)


def _surface(rows: pd.DataFrame) -> _Surface:
    grid = pd.DataFrame({name: rows[name].to_numpy(dtype=float) for name in ("x", "y", "estimate")})
    grid = grid[np.isfinite(grid["x"]) & np.isfinite(grid["y"])].drop_duplicates(["x", "y"])
    x, y = (np.unique(grid[name].to_numpy()) for name in ("x", "y"))
    heights = np.full((len(y), len(x)), np.nan)
    heights[np.searchsorted(y, grid["y"]), np.searchsorted(x, grid["x"])] = grid["estimate"]
    return _Surface(x, y, heights)


def _named(figure: Figure, labels: Labels) -> list[Point]:
    if figure.points is None:
        return []
    known = zip(*(figure.points[name] for name in ("term", "x", "y")), strict=True)
    named = [(labels(str(term)), float(x), float(y)) for term, x, y in known]
    return [point for point in named if math.isfinite(point[1]) and math.isfinite(point[2])]


def _levels(surface: _Surface, critical: float | None) -> list[float]:
    """Round heights that the surface crosses, the bold one among them; none too near that."""
    known = surface.known
    if not len(known) or surface.is_flat:
        return []
    low, high = float(known.min()), float(known.max())
    round_ones = ticks(low, high, 8)
    slack = 1e-9 * (high - low)
    levels = [level for level in round_ones if low + slack < level < high - slack]
    if critical is None or not low < critical < high:
        return levels
    step = round_ones[1] - round_ones[0] if len(round_ones) > 1 else 0.0
    return sorted([*(level for level in levels if abs(level - critical) > 0.3 * step), critical])


def _pixels(plane: Plane, surface: _Surface, level: float) -> list[Floats]:
    return [
        np.array([(plane.x(x), plane.y(y)) for x, y in line])
        for line in isolines(surface.x, surface.y, surface.heights, level)
    ]


def _draw_lines(drawing: Drawing, pieces: Sequence[Floats], is_bold: bool) -> None:
    series = 1 if is_bold else 0
    for piece in pieces:
        points = " ".join(f"{coordinate(x)},{coordinate(y)}" for x, y in piece)
        drawing.element(
            "polyline", None, points=points, fill="none", class_=f"fx-s{series}-line", stroke=SERIES[series],
            stroke_width="3.2" if is_bold else "1.3",
        )  # fmt: skip


def _number(
    drawing: Drawing, plane: Plane, lines: dict[float, list[Floats]], critical: float | None,
    taken: list[Box],
) -> None:  # fmt: skip
    """The height on its longest line, where it covers no other number; the bold line first."""
    round_ones = [level for level in lines if level != critical]
    texts = dict(zip(round_ones, mark_texts(round_ones), strict=True))
    if critical is not None:
        texts[critical] = axis_number(critical)
    for level in sorted(lines, key=lambda height: height != critical):
        pieces = sorted(lines[level], key=_length, reverse=True)
        is_bold = level == critical
        if not pieces or (_length(pieces[0]) < _SHORT and not is_bold):
            continue
        half = text_width(texts[level], _TEXT) / 2 * (1.12 if is_bold else 1.0) + 2
        box = _place_on(pieces[0], half, plane, taken)
        taken.append(box)
        x = (box[0] + box[2]) / 2
        drawing.element(
            "rect", None, class_="fx-ground", fill=INK["ground"], fill_opacity="0.9", rx=2, x=box[0],
            y=box[1], width=box[2] - box[0], height=box[3] - box[1],
        )  # fmt: skip
        weight = {"font_weight": "700"} if is_bold else {}
        drawing.text(x, box[3] - 3, texts[level], size=_TEXT, text_anchor="middle", **weight)


def _length(piece: Floats) -> float:
    return float(np.hypot(*np.diff(piece, axis=0).T).sum())


def _place_on(piece: Floats, half: float, plane: Plane, taken: Sequence[Box]) -> Box:
    """A box on a line for its number: the nearest to its middle of those that cover least."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(piece, axis=0).T))])
    best, least = (0.0, 0.0, 0.0, 0.0), math.inf
    for share in (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8, 0.14, 0.86, 0.08, 0.92):
        at = share * along[-1]
        x = min(max(float(np.interp(at, along, piece[:, 0])), plane.left + half), plane.right - half)
        y = min(max(float(np.interp(at, along, piece[:, 1])), plane.top + 8), plane.bottom - 8)
        box = (x - half, y - 7, x + half, y + 7)
        wide = (box[0] - 8, box[1] - 5, box[2] + 8, box[3] + 5)
        covered = float(overlap(wide, np.array(taken, dtype=float).reshape(-1, 4)).sum())
        if covered < least - 1e-9:
            best, least = box, covered
    return best


def _described(
    figure: Figure, surface: _Surface, points: Sequence[Point], levels: Sequence[float],
    along: tuple[str, str], language: str, notes: str,
) -> str:  # fmt: skip
    """Ends of the surface and where they lie, the heights of its lines, and every point."""
    parts = []
    known = surface.known
    if len(known) and not surface.is_flat:
        for key, at in (
            ("lowest", np.nanargmin(surface.heights)),
            ("highest", np.nanargmax(surface.heights)),
        ):
            i, j = np.unravel_index(int(at), surface.heights.shape)
            parts.append(
                wording(f"contour.{key}", language).format(
                    value=numerals.estimate(float(surface.heights[i, j])), x_name=along[0], y_name=along[1],
                    x=axis_number(float(surface.x[j])), y=axis_number(float(surface.y[i])),
                )
            )  # fmt: skip
        said = ", ".join(axis_number(level) for level in levels)
        parts.append(wording("contour.lines", language).format(levels=said) if said else "")
    elif len(known):
        parts.append(wording("contour.flat", language).format(value=numerals.estimate(float(known[0]))))
    if figure.critical is not None:
        parts.append(wording("contour.critical", language).format(value=axis_number(figure.critical)))
    for name, x, y in points:
        value = surface.at(x, y)
        parts.append(
            wording("contour.point", language).format(
                name=name, x_name=along[0], y_name=along[1], x=axis_number(x), y=axis_number(y),
                value=numerals.estimate(value),
            )
        )  # fmt: skip
    return " ".join([*(part for part in parts if part), notes]).strip()

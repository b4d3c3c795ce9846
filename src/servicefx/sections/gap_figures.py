"""Figures of the gap: the bent line, and the surface over expectation and perception."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servicefx.models.gap import GapFit, GapSurface
from servicefx.sections.notes import units_of
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase

__all__ = ["gap_figures"]


def gap_figures(
    study: Study, outcome: str, data: str, line: GapFit | None, surface: GapSurface
) -> tuple[Figure, ...]:
    """The curve, where there is a bent line, and the contours of the surface."""
    figures = [] if line is None else [_curve(study, outcome, data, line)]
    return (*figures, _contours(outcome, surface))


def _curve(study: Study, outcome: str, data: str, line: GapFit) -> Figure:
    axis = Phrase(key="figure.axis", values={"term": outcome, "unit": units_of(study, outcome, data)})
    return Figure(
        id="gap_curve",
        kind="curve",
        title=Phrase(key="figure.gap_curve", values={"outcome": outcome}),
        rows=line.curve.rename(columns={"gap": "x"}),
        source="gap_curve",
        axes=(Phrase(key="figure.gap_axis"), axis),
        verticals=((line.at, float("nan"), float("nan")),),
        notes=(Phrase(key="note.gap_curve"), Phrase(key="note.level", values={"level": study.level})),
    )


def _contours(outcome: str, surface: GapSurface) -> Figure:
    """Heights where somebody stands nearby; the line of agreement dashed."""
    grid = surface.grid.rename(columns={"expectation": "x", "perception": "y"})
    shown = grid.loc[_near(surface.grid), ["x", "y", "estimate"]].reset_index(drop=True)
    low = float(max(grid["x"].min(), grid["y"].min()))
    high = float(min(grid["x"].max(), grid["y"].max()))
    point = surface.axes.set_index("term").loc[["x0", "y0"]]
    x, y = (float(value) + surface.centre for value in point["estimate"])
    inside = (
        (point["undefined"] == "").all()
        and grid["x"].min() <= x <= grid["x"].max()
        and grid["y"].min() <= y <= grid["y"].max()
    )
    return Figure(
        id="gap_surface",
        kind="contour",
        title=Phrase(key="figure.gap_surface", values={"outcome": outcome}),
        rows=shown,
        source="gap_grid",
        axes=(Phrase(key="figure.expectation_axis"), Phrase(key="figure.perception_axis")),
        lines=((low, low, high, high),) if low < high else (),
        points=pd.DataFrame({"term": ["stationary point"], "x": [x], "y": [y]}) if inside else None,
        notes=(Phrase(key="note.gap_contours", values={"outcome": outcome}),),
    )


def _near(grid: pd.DataFrame) -> pd.Series:
    """Whether somebody stands at a point of the grid or next to it."""
    wide = grid.pivot_table(index="expectation", columns="perception", values="n_rows", sort=True)
    counts = np.pad(wide.to_numpy(dtype=float), 1)
    size = wide.shape
    total = sum(counts[i : i + size[0], j : j + size[1]] for i in range(3) for j in range(3))
    return pd.Series(np.asarray(total > 0).ravel(), index=grid.index)

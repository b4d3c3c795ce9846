"""An answer as a distribution: bars, a line at zero, the middle and the interval."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from servicefx.report.axes import EDGE, WIDTH, axis_title, compact, scale
from servicefx.report.svg import INK, SERIES, Drawing, ticks
from servicefx.report.words import Labels, wording
from servicefx.values.table import Figure

__all__ = ["draw_distribution"]


def draw_distribution(figure: Figure, labels: Labels, language: str, title: str, notes: str) -> str:
    """Bars of a histogram with a line at zero, its middle and its interval.

    Rows may carry ``estimate, conf_low, conf_high`` (the same in all): then those are marked. Otherwise the
    median and the middle 95 % are read off the bars, and said to be about that.
    """
    rows = figure.rows
    low, high, share = (rows[name].to_numpy(dtype=float) for name in ("bin_low", "bin_high", "share"))
    is_exact = {"estimate", "conf_low", "conf_high"} <= set(rows.columns)
    middle, conf_low, conf_high = _centre(rows, is_exact)
    about = "" if is_exact else "about_"
    unit = str(rows["unit"].iloc[0]) if "unit" in rows and len(rows) else ""
    lines = [
        wording(f"distribution.{about}middle", language).format(value=compact(middle), unit=unit).rstrip(),
        wording(f"distribution.{about}interval", language).format(
            low=compact(conf_low), high=compact(conf_high)
        ),
    ]
    drawing = Drawing(figure.id, WIDTH, title, " ".join(part for part in (*lines, notes) if part))
    marks = ticks(min(float(low.min()), 0.0), max(float(high.max()), 0.0), 5) if len(rows) else [0.0]
    place = scale(marks, 26.0, WIDTH - 26.0)
    drawing.text(EDGE, 20, lines[0], size=14, font_weight="600")
    drawing.text(EDGE, 39, lines[1], size=12, css="mute")
    top, bottom = 76.0, 236.0
    tallest = float(share.max()) if len(rows) and share.max() > 0 else 1.0
    for a, b, size in zip(low, high, share, strict=True):
        for start, end, series in ((a, min(b, 0.0), 1), (max(a, 0.0), b, 0)):
            if end > start:
                height = (bottom - top) * size / tallest
                x, width = place(start), place(end) - place(start)
                drawing.element(
                    "rect", None, class_=f"fx-s{series}", fill=SERIES[series], x=x, y=bottom - height,
                    width=max(width - 1, 0.5), height=height, fill_opacity="0.8",
                )  # fmt: skip
    drawing.line(place(marks[0]), bottom, place(marks[-1]), bottom, "axis")
    drawing.line(place(0.0), top - 6, place(0.0), bottom + 5, "axis", stroke_width=1.5)
    if math.isfinite(middle):
        drawing.line(place(conf_low), top - 14, place(conf_high), top - 14, "ink", stroke_width=2)
        for end in (conf_low, conf_high):
            drawing.line(place(end), top - 18, place(end), top - 10, "ink", stroke_width=2)
        drawing.line(place(middle), top - 14, place(middle), bottom, "ink", stroke_dasharray="4 3")
        drawing.element(
            "circle", None, class_="fx-ink", fill=INK["ink"], cx=place(middle), cy=top - 14, r=4.5
        )
    for mark in marks:
        drawing.text(place(mark), bottom + 18, compact(mark), size=11, css="mute", text_anchor="middle")
    return drawing.finished(axis_title(drawing, figure, labels, language, WIDTH / 2, bottom + 36))


def _centre(rows: pd.DataFrame, is_exact: bool) -> tuple[float, float, float]:
    """Median and the middle 95 %, as given or read off the bars by straight lines between their ends."""
    if is_exact and len(rows):
        first = rows.iloc[0]
        return float(first["estimate"]), float(first["conf_low"]), float(first["conf_high"])
    share = rows["share"].to_numpy(dtype=float)
    if not len(rows) or share.sum() <= 0:
        return float("nan"), float("nan"), float("nan")
    reached = np.concatenate([[0.0], np.cumsum(share) / share.sum()])
    ends = np.concatenate([rows["bin_low"].to_numpy(dtype=float)[:1], rows["bin_high"].to_numpy(dtype=float)])
    middle, low, high = np.interp([0.5, 0.025, 0.975], reached, ends)
    return float(middle), float(low), float(high)

"""Figures as SVG text: which hand draws which kind."""

from __future__ import annotations

from collections.abc import Callable

from servicefx.report.coefficients import draw_coefficients
from servicefx.report.contour import draw_contour
from servicefx.report.curve import draw_curve
from servicefx.report.diagram import draw_diagram
from servicefx.report.distribution import draw_distribution
from servicefx.report.likert import draw_likert
from servicefx.report.priority_map import draw_map
from servicefx.report.words import Labels, say
from servicefx.values.table import Figure

__all__ = ["render_figure"]


def render_figure(figure: Figure, labels: Labels, language: str = "en") -> str:
    """A figure as a complete SVG file.

    The same text stands alone as a file on a light ground and inside a page, whose style sheet may repaint
    its classes for a dark one.

    Parameters
    ----------
    figure : Figure
        Its rows are drawn in their order.
    labels : callable
        Id -> label.
    language : str
        One of `servicefx.report.words.LANGUAGES`.

    Returns
    -------
    str
        Coordinates at two decimals, so that the same numbers give the same bytes.
    """
    title = say(figure.title, labels, language)
    notes = " ".join(say(note, labels, language) for note in figure.notes)
    draw: dict[str, Callable[[Figure, Labels, str, str, str], str]] = {
        "coefficients": draw_coefficients,
        "distribution": draw_distribution,
        "likert": draw_likert,
        "diagram": draw_diagram,
        "map": draw_map,
        "curve": draw_curve,
        "contour": draw_contour,
    }
    return draw[figure.kind](figure, labels, language, title, notes)

"""Tables, figures and sections: pages of answers that stay numbers until the report draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from servicefx.values.effect import Effect
from servicefx.values.glossary import GLOSSARY

__all__ = ["Figure", "FigureKind", "Layout", "Phrase", "Section", "Table"]

Layout = Literal["long", "table_one", "behind"]
FigureKind = Literal["coefficients", "likert", "diagram", "distribution", "map", "curve", "contour"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A sentence not yet put into a language: `report.words` holds the wording of every key.

    Attributes
    ----------
    key : str
        ``"note.sample"``, ``"table.drivers"``, ``"finding.driver"``.
    values : mapping of str to str, int or float
        What the wording fills in. A value that is a construct id is shown by its label.
    """

    key: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Table:
    """One page of answers: long, tidy, full precision.

    Attributes
    ----------
    id : str
        File name of its CSV, without the ending: ``"drivers"``.
    title : Phrase
        Heading.
    rows : DataFrame
        One row an estimate; columns are in the glossary, numbers at full precision.
    notes : tuple of Phrase
        Built from the sample, rows dropped by reason, error kind, design, assumptions.
    layout : str
        How the page shows it: ``"long"`` as it stands, ``"table_one"`` as journals print descriptives
        (rows ``construct, measure, other, estimate, conf_low, conf_high, n_obs``), ``"behind"`` not at all:
        many rows that a figure shows and its caption links.

    Raises
    ------
    ValueError
        If a column is not in the glossary.
    """

    id: str
    title: Phrase
    rows: pd.DataFrame
    notes: tuple[Phrase, ...] = ()
    layout: Layout = "long"

    def __post_init__(self) -> None:
        unknown = [str(column) for column in self.rows.columns if column not in GLOSSARY]
        if unknown:
            raise ValueError(
                f"table '{self.id}' has columns that are not in the glossary: {', '.join(unknown)}"
            )
        if self.rows.columns.has_duplicates:
            raise ValueError(f"table '{self.id}' has a column twice")
        object.__setattr__(self, "rows", self.rows.reset_index(drop=True))

    @property
    def roles(self) -> dict[str, str]:
        """Column -> its role in the glossary (label, estimate, count, share, text ...)."""
        return {str(column): GLOSSARY[str(column)].role for column in self.rows.columns}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Figure:
    """A picture asked for, not yet drawn: its numbers are rows of a table of the same section.

    Attributes
    ----------
    id : str
        File name of its SVG, without the ending.
    kind : str
        ``"coefficients"`` (rows ``term, estimate, conf_low, conf_high`` and optional ``series``),
        ``"likert"`` (rows ``construct, item, answer, share``), ``"diagram"`` (rows ``from, to, estimate,
        conf_low, conf_high``), ``"distribution"`` (rows ``bin_low, bin_high, share``), ``"map"`` (rows
        ``term, x, x_low, x_high, y, y_low, y_high`` and optional ``quadrant``, named in its corner),
        ``"curve"`` (rows ``x, estimate, conf_low, conf_high`` and optional ``series``, ascending in x),
        ``"contour"`` (rows ``x, y, estimate`` on a full grid).
    title : Phrase
        Heading, also the text a screen reader reads.
    rows : DataFrame
        What is drawn.
    source : str
        Id of the table whose CSV holds these numbers.
    notes : tuple of Phrase
        Caption.
    axes : tuple of Phrase
        What runs along x and y; of ``"map"``, ``"curve"`` and ``"contour"``.
    verticals, horizontals : tuple of (float, float, float)
        Marked places on x and on y: the place, and the ends of its interval (NaN where it has none). A map
        is quartered at its first of each; a curve shades the interval.
    points : DataFrame, optional
        Named points on a contour: ``term, x, y``.
    lines : tuple of (float, float, float, float)
        Dashed lines on a contour: x and y of both ends.
    critical : float, optional
        Height of the contour that is drawn bold.
    """

    id: str
    kind: FigureKind
    title: Phrase
    rows: pd.DataFrame
    source: str
    notes: tuple[Phrase, ...] = ()
    axes: tuple[Phrase, ...] = ()
    verticals: tuple[tuple[float, float, float], ...] = ()
    horizontals: tuple[tuple[float, float, float], ...] = ()
    points: pd.DataFrame | None = None
    lines: tuple[tuple[float, float, float, float], ...] = ()
    critical: float | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Section:
    """One question answered: what a reader leafs through, and what `run` lines up.

    Attributes
    ----------
    id : str
        ``"drivers"``; also the analysis id that seeds it.
    title : Phrase
        Heading.
    findings : tuple of Phrase
        What the section says in words, most important first.
    tables, figures : tuple
        In reading order.
    effects : tuple of Effect
        Answers with their draws, for whoever computes on.
    notes : tuple of Phrase
        What holds for the whole section; a refusal is a section with notes and no tables.
    """

    id: str
    title: Phrase
    findings: tuple[Phrase, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    effects: tuple[Effect, ...] = ()
    notes: tuple[Phrase, ...] = ()

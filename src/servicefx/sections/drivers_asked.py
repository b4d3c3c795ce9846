"""What the drivers page is about: the outcome, the drivers that are ranked, and the terms that are held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from servicefx.errors import ServicefxError
from servicefx.models.chain import stream_of
from servicefx.models.drivers import DirectFit, declared_terms
from servicefx.models.sample import numeric_columns
from servicefx.sections.notes import draw_notes, fit_notes, refused, wider_notes
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Table

__all__ = ["AskedDrivers", "Pages", "asked_drivers", "listed", "pages_or_refusal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """A part of the section: its tables, figures, findings and notes."""

    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    findings: tuple[Phrase, ...] = ()
    notes: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AskedDrivers:
    """The question every part of the drivers page answers.

    Attributes
    ----------
    study : Study
    data : str
        Data file.
    outcome : str
        Construct id.
    drivers : tuple of str
        Constructs that are ranked against each other.
    held : tuple of str
        The other terms of the regression.
    frame : DataFrame, shape (n, m)
        Outcome, drivers, held; one row a row of the file, gaps kept, so that resamples line up.
    fit : DirectFit
        The regression on all of them.
    seed : int
        Of the shared resamples.
    """

    study: Study
    data: str
    outcome: str
    drivers: tuple[str, ...]
    held: tuple[str, ...]
    frame: pd.DataFrame
    fit: DirectFit
    seed: int

    @property
    def stream(self) -> str:
        """Name of the data file's resamples."""
        return stream_of(self.study, self.data)

    @property
    def weights(self) -> pd.Series | None:
        """Survey weights of the file's rows."""
        return self.study.weights(self.data)

    @property
    def clusters(self) -> pd.Series | None:
        """Dependence groups of the file's rows."""
        return self.study.clusters(self.data)

    @property
    def scales(self) -> dict[str, tuple[float, float]] | None:
        """Lowest and highest answer of every driver; None unless all stand on a scale."""
        scales = {name: self.study.scale_of(name) for name in self.drivers}
        known = {name: (scale.min, scale.max) for name, scale in scales.items() if scale is not None}
        return known if len(known) == len(scales) else None

    def rows_notes(self) -> tuple[Phrase, ...]:
        """Rows used, rows left out, weights and levels too few to allow for."""
        kept = ("note.sample", "note.dropped", "note.dropped_missing", "note.nothing_dropped", "note.weights")
        notes = fit_notes(self.study, self.data, self.fit.estimates, "adjusted")
        return (*(note for note in notes if note.key in kept), *wider_notes(self.study, self.data))

    def held_notes(self) -> tuple[Phrase, ...]:
        """Which terms are held and how."""
        if not self.held:
            return ()
        return (Phrase(key="note.drivers_held", values={"n": len(self.held), "names": listed(self.held)}),)

    def also_held_notes(self) -> tuple[Phrase, ...]:
        """Which terms stand beside the drivers in one regression."""
        if not self.held:
            return ()
        return (Phrase(key="note.drivers_also_held", values={"names": listed(self.held)}),)

    def drawn_notes(self) -> tuple[Phrase, ...]:
        """How draws were made, and the level of intervals."""
        return (
            *draw_notes(self.study, self.data, self.seed),
            Phrase(key="note.level", values={"level": self.study.level}),
        )


def asked_drivers(study: Study, outcome: str, data: str, fit: DirectFit, seed: int) -> AskedDrivers:
    """Which terms of the regression are ranked, and which are held.

    Ranked are the constructs answered on a scale: their standing can be compared. Hours, money, columns and
    covariates are held, as the regression holds them; where fewer than two constructs stand on a scale, all
    constructs are ranked.
    """
    terms = [term for term in fit.estimates.terms if term in fit.sample.frame.columns]
    constructs = [term for term in terms if term in study.spec.constructs]
    scaled = [name for name in constructs if study.data_of(name) == data and study.scale_of(name) is not None]
    drivers = scaled if len(scaled) > 1 else constructs
    held = tuple(term for term in terms if term not in drivers)
    frame = numeric_columns(study, data, [outcome, *declared_terms(study, outcome, data)])
    return AskedDrivers(
        study=study, data=data, outcome=outcome, drivers=tuple(drivers), held=held, frame=frame, fit=fit,
        seed=seed,
    )  # fmt: skip


def listed(names: tuple[str, ...] | list[str]) -> str:
    """Names in quotes, for a sentence that puts their labels in."""
    return ", ".join(f"'{name}'" for name in names)


def pages_or_refusal(build: Callable[[AskedDrivers], Pages], asked: AskedDrivers) -> Pages:
    """A part of the section, or the note that says why it is missing."""
    try:
        return build(asked)
    except ServicefxError as error:
        return Pages(notes=refused("drivers", error).notes)

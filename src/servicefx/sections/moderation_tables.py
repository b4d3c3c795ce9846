"""Tables and figure of the section on moderators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from servicefx.models.moderation import (
    Interaction,
    JohnsonNeyman,
    latent_interactions,
    simple_slopes,
)
from servicefx.sections.notes import fit_notes, slope_unit, units_of
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Table

__all__ = [
    "Answer", "curve_table", "interactions_table", "latent_tables", "regions_figure", "regions_tables",
    "slopes_table",
]  # fmt: skip

_CURVE_POINTS = 101
_LATENT = [
    "outcome", "term", "moderator", "kind", "estimate", "conf_low", "conf_high", "n_obs", "caution",
    "undefined",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Answer:
    """One interaction, its slopes, and its regions where the moderator is a measure."""

    data: str
    outcome: str
    term: str
    moderator: str
    fit: Interaction
    frame: pd.DataFrame
    covariates: tuple[str, ...]
    regions: JohnsonNeyman | None


def interactions_table(study: Study, answers: list[Answer], rows: pd.DataFrame) -> Table:
    """The products, with p-values that allow for their number."""
    first = answers[0]
    return Table(
        id="moderation",
        title=Phrase(key="table.moderation"),
        rows=rows,
        notes=(
            Phrase(key="note.moderation"),
            *fit_notes(study, first.data, first.fit.estimates, "adjusted"),
        ),
    )


def slopes_table(study: Study, answers: list[Answer]) -> Table:
    """Simple slopes of every interaction."""
    parts = []
    for answer in answers:
        slopes = simple_slopes(answer.fit, level=study.level)
        unit = slope_unit(study, answer.outcome, answer.term, answer.data)
        parts.append(slopes.assign(outcome=answer.outcome, unit=unit))
    columns = ["outcome", "term", "moderator", "at", "estimate", "conf_low", "conf_high", "p_value", "unit"]
    return Table(
        id="simple_slopes",
        title=Phrase(key="table.simple_slopes"),
        rows=pd.concat(parts, ignore_index=True)[columns],
        notes=(Phrase(key="note.simple_slopes"), Phrase(key="note.level", values={"level": study.level})),
    )


def regions_tables(study: Study, answers: list[Answer]) -> list[Table]:
    """Regions of significance, where a moderator is a measure; else no table."""
    parts = [
        answer.regions.regions.assign(outcome=answer.outcome, term=answer.term, moderator=answer.moderator)
        for answer in answers
        if answer.regions is not None
    ]
    if not parts:
        return []
    return [
        Table(
            id="johnson_neyman",
            title=Phrase(key="table.johnson_neyman"),
            rows=pd.concat(parts, ignore_index=True)[
                ["outcome", "term", "moderator", "low", "high", "sign", "share"]
            ],
            notes=(
                Phrase(key="note.johnson_neyman"),
                Phrase(key="note.level", values={"level": study.level}),
            ),
        )
    ]


def _line(answer: Answer) -> pd.DataFrame:
    """The slope along the moderator, at evenly spaced values of it."""
    columns = ["at", "estimate", "conf_low", "conf_high"]
    if answer.regions is None:
        return pd.DataFrame(columns=columns)
    slopes = answer.regions.slopes
    places = np.unique(np.linspace(0, len(slopes) - 1, _CURVE_POINTS).round().astype(int))
    return slopes.iloc[places][columns].reset_index(drop=True)


def curve_table(study: Study, answer: Answer) -> Table:
    """The slope along the moderator, row by row, for its figure."""
    names: dict[str, str | int | float] = {"term": answer.term, "moderator": answer.moderator}
    return Table(
        id="moderation_curve",
        title=Phrase(key="table.moderation_curve", values=names | {"outcome": answer.outcome}),
        rows=_line(answer),
        notes=(Phrase(key="note.johnson_neyman"), Phrase(key="note.level", values={"level": study.level})),
        layout="behind",
    )


def regions_figure(study: Study, answer: Answer) -> Figure:
    """The slope along the moderator with its interval, its edges marked."""
    names: dict[str, str | int | float] = {"term": answer.term, "moderator": answer.moderator}
    names |= {"outcome": answer.outcome}
    edges = () if answer.regions is None else answer.regions.regions["low"].tolist()[1:]
    return Figure(
        id="johnson_neyman",
        kind="curve",
        title=Phrase(key="figure.johnson_neyman", values=names),
        rows=_line(answer).rename(columns={"at": "x"}),
        source="moderation_curve",
        axes=(
            _axis(study, answer),
            Phrase(key="figure.axis_slope", values=names),
        ),
        verticals=tuple((float(edge), float("nan"), float("nan")) for edge in edges),
        notes=(
            Phrase(key="note.johnson_neyman_figure"),
            Phrase(key="note.level", values={"level": study.level}),
        ),
    )


def _axis(study: Study, answer: Answer) -> Phrase:
    """The moderator, with its unit where the study knows it."""
    named: dict[str, str | int | float] = {"term": answer.moderator}
    if answer.moderator not in study.spec.constructs:
        return Phrase(key="figure.axis_plain", values=named)
    return Phrase(key="figure.axis", values=named | {"unit": units_of(study, answer.moderator, answer.data)})


def latent_tables(study: Study, answers: list[Answer], seed: int) -> list[Table]:
    """Latent and composite versions, where outcome and term are measured by several items."""
    spec, parts = study.spec.constructs, []
    for answer in answers:
        several = [
            name in spec and spec[name].mode == "reflective" and len(spec[name].items) > 1
            for name in (answer.outcome, answer.term)
        ]
        if not all(several) or study.weights(answer.data) is not None:
            continue
        named = [name for name in (answer.outcome, answer.term, answer.moderator) if name in spec]
        blocks = {name: tuple(str(c) for c in study.items(name).columns) for name in named}
        frame = pd.concat([study.items(name) for name in named], axis=1)
        columns = list(answer.covariates)
        if answer.moderator not in spec:
            columns.append(answer.moderator)
            blocks[answer.moderator] = (answer.moderator,)
        frame = frame.join(answer.frame[columns])
        clusters = study.clusters(answer.data)
        if clusters is not None:
            frame = frame.join(clusters)
        parts.append(
            latent_interactions(
                frame, answer.outcome, answer.term, answer.moderator, blocks, answer.covariates,
                cluster=None if clusters is None else str(clusters.name),
                draws=study.draws, seed=seed, data_id=study.stream(answer.data), level=study.level,
            )
        )  # fmt: skip
    if not parts:
        return []
    return [
        Table(
            id="moderation_latent",
            title=Phrase(key="table.moderation_latent"),
            rows=pd.concat(parts, ignore_index=True)[_LATENT],
            notes=(
                Phrase(key="note.moderation_latent"),
                Phrase(key="note.level", values={"level": study.level}),
            ),
        )
    ]

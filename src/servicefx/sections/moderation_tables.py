"""Tables and figure of the section on moderators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from servicefx.errors import ServicefxError
from servicefx.models.apart import free_name, items_apart
from servicefx.models.moderation import (
    Interaction,
    JohnsonNeyman,
    latent_interactions,
    simple_slopes,
)
from servicefx.sections.notes import dropped_notes, fit_notes, refused, slope_unit, units_of
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Table

__all__ = [
    "Answer", "curve_table", "interactions_table", "latent_pages", "regions_figure", "regions_tables",
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
    return Table(
        id="moderation",
        title=Phrase(key="table.moderation"),
        rows=rows,
        notes=(Phrase(key="note.moderation"), *_rows_notes(answers), *_fit_notes(study, answers)),
    )


def _rows_notes(answers: list[Answer]) -> tuple[Phrase, ...]:
    """Rows used and left out, file by file; by equation where they differ."""
    notes: list[Phrase] = []
    for data in dict.fromkeys(answer.data for answer in answers):
        fits = [answer.fit.estimates for answer in answers if answer.data == data]
        sizes = [fit.n_obs for fit in fits]
        if len({(fit.n_obs, *fit.dropped.items()) for fit in fits}) == 1:
            notes.append(Phrase(key="note.sample", values={"n_obs": sizes[0], "data": data}))
            notes += dropped_notes(fits[0].dropped)
            continue
        ends: dict[str, str | int | float] = {"low": min(sizes), "high": max(sizes), "data": data}
        notes.append(Phrase(key="note.sample_range", values=ends))
        notes += [note for fit in fits for note in dropped_notes(fit.dropped, fit.outcome) if fit.dropped]
    return _each_once(notes)


def _fit_notes(study: Study, answers: list[Answer]) -> tuple[Phrase, ...]:
    """Errors, design, assumptions and level of all fits, each said once."""
    said = [
        note
        for answer in answers
        for note in fit_notes(study, answer.data, answer.fit.estimates, "adjusted")
        if note.key != "note.sample" and not note.key.startswith(("note.dropped", "note.nothing_dropped"))
    ]
    last = [note for note in said if note.key == "note.level"]
    return _each_once([*(note for note in said if note.key != "note.level"), *last])


def _each_once(notes: list[Phrase]) -> tuple[Phrase, ...]:
    return tuple({(note.key, *note.values.items()): note for note in notes}.values())


def _error_notes(study: Study, answers: list[Answer]) -> tuple[Phrase, ...]:
    """Rows, and the kind of errors, for the tables behind the first."""
    kinds = [note for note in _fit_notes(study, answers) if note.key in ("note.covariance", "note.weights")]
    return (*_rows_notes(answers), *kinds)


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
        notes=(
            Phrase(key="note.simple_slopes"),
            *_error_notes(study, answers),
            Phrase(key="note.level", values={"level": study.level}),
        ),
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
                *_error_notes(study, [answer for answer in answers if answer.regions is not None]),
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


def latent_pages(study: Study, answers: list[Answer], seed: int) -> tuple[list[Table], list[Phrase]]:
    """Latent and composite versions, where outcome and term have several items; else why there are none."""
    asked = [answer for answer in answers if _is_latent(study, answer)]
    notes = []
    if any(study.weights(answer.data) is not None for answer in asked):
        notes.append(Phrase(key="note.moderation_weights"))
    parts = []
    for answer in asked:
        if study.weights(answer.data) is not None:
            continue
        try:
            parts.append(_latent(study, answer, seed))
        except ServicefxError as error:
            notes += refused("moderation", error).notes
    if not parts:
        return [], notes
    table = Table(
        id="moderation_latent",
        title=Phrase(key="table.moderation_latent"),
        rows=pd.concat(parts, ignore_index=True)[_LATENT],
        notes=(
            Phrase(key="note.moderation_latent"),
            Phrase(key="note.level", values={"level": study.level}),
        ),
    )
    return [table], notes


def _is_latent(study: Study, answer: Answer) -> bool:
    """Whether outcome and term stand behind several items each."""
    spec = study.spec.constructs
    return all(
        name in spec and spec[name].mode == "reflective" and len(spec[name].items) > 1
        for name in (answer.outcome, answer.term)
    )


def _latent(study: Study, answer: Answer, seed: int) -> pd.DataFrame:
    """One interaction on scores, on latent variables and on composites."""
    measured = [n for n in (answer.outcome, answer.term, answer.moderator) if n in study.spec.constructs]
    blocks = {name: tuple(str(column) for column in study.items(name).columns) for name in measured}
    columns = list(answer.covariates)
    if answer.moderator not in blocks:
        columns.append(answer.moderator)
    items = pd.concat([study.items(name) for name in measured], axis=1)
    frame, blocks = items_apart(items, blocks, columns)
    frame = frame.join(answer.frame[columns])
    if answer.moderator not in blocks:
        blocks[answer.moderator] = (answer.moderator,)
    clusters, cluster = study.clusters(answer.data), None
    if clusters is not None:
        cluster = free_name(str(clusters.name), frame.columns)
        frame[cluster] = clusters
    return latent_interactions(
        frame, answer.outcome, answer.term, answer.moderator, blocks, answer.covariates,
        cluster=cluster, draws=study.draws, seed=seed, data_id=study.stream(answer.data), level=study.level,
    )  # fmt: skip

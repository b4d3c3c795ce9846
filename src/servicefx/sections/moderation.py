"""For whom an effect is larger: declared interactions, slopes by moderator, regions, latent twins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servicefx.errors import DataError, IdentificationError
from servicefx.models.drivers import declared_terms
from servicefx.models.moderation import (
    Interaction,
    JohnsonNeyman,
    fit_interaction,
    johnson_neyman,
    latent_interactions,
    simple_slopes,
)
from servicefx.models.moderation.regions import benjamini_hochberg
from servicefx.models.over_time import panel_files
from servicefx.models.sample import sample_of
from servicefx.sections.notes import answering, fit_notes, refused, slope_unit, units_of
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["moderation_section"]

_ELSEWHERE = ("H15",)
"""Hypotheses whose moderators another section asks about."""
_FEW = 3
"""Values below which a moderator has no regions."""
_CURVE_POINTS = 101
_PRODUCTS = [
    "outcome", "term", "moderator", "estimate", "std_error", "conf_low", "conf_high", "p_value", "n_obs",
]  # fmt: skip
_LATENT = [
    "outcome", "term", "moderator", "kind", "estimate", "conf_low", "conf_high", "n_obs", "caution",
    "undefined",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Answer:
    """One interaction, its slopes, and its regions where the moderator is a measure."""

    data: str
    outcome: str
    term: str
    moderator: str
    fit: Interaction
    frame: pd.DataFrame
    covariates: tuple[str, ...]
    regions: JohnsonNeyman | None


@answering("moderation")
def moderation_section(study: Study, seed: int | None = None) -> Section | None:
    """Interactions of every path with its declared moderators, in the survey's files.

    Parameters
    ----------
    study : Study
        ``moderators`` of its paths: constructs, or columns of numbers or of two groups.
    seed : int
        Of the resamples behind latent versions; by default the study's.

    Returns
    -------
    Section or None
        Tables ``moderation``, ``simple_slopes`` and, where a moderator is a measure, ``johnson_neyman`` and
        ``moderation_curve``; ``moderation_latent`` where constructs of several items interact; figure
        ``johnson_neyman``. None where no path has a moderator that the data hold.
    """
    seed = study.seed if seed is None else seed
    answers: list[_Answer] = []
    refusals: list[Phrase] = []
    asked = tuple(_asked(study))
    for data, outcome, term, moderator in asked:
        beside = [t for d, o, t, m in asked if (d, o, m) == (data, outcome, moderator) and t != term]
        try:
            answers += _answers(study, data, outcome, term, moderator, beside)
        except (DataError, IdentificationError) as error:
            refusals += refused("moderation", error).notes
    if not answers:
        return (
            Section(id="moderation", title=Phrase(key="section.moderation"), notes=tuple(refusals))
            if refusals
            else None
        )
    rows = _rows(study, answers)
    drawn = _drawn(answers, rows)
    tables = [_interactions(study, answers, rows), _slopes(study, answers)]
    tables += _regions(study, answers)
    tables += [] if drawn is None else [_curve(study, drawn)]
    tables += _latent(study, answers, seed)
    return Section(
        id="moderation",
        title=Phrase(key="section.moderation"),
        findings=_findings(study, answers, rows),
        tables=tuple(tables),
        figures=() if drawn is None else (_figure(study, drawn),),
        notes=tuple(refusals),
    )


def _asked(study: Study) -> Iterator[tuple[str, str, str, str]]:
    """Data file, outcome, term and moderator of every interaction, each once."""
    panels = panel_files(study)
    seen: set[tuple[str, str, str, str]] = set()
    for path in study.spec.paths:
        if path.hypothesis in _ELSEWHERE:
            continue
        for data in study.frames:
            if data in panels or path.data not in (None, data):
                continue
            scores = study.scores[data]
            for source in path.sources:
                for moderator in path.moderators:
                    ends = (data, path.to, source, moderator)
                    held = moderator in scores.columns or moderator in study.frames[data].columns
                    if {source, path.to} <= set(scores.columns) and held and ends not in seen:
                        seen.add(ends)
                        yield ends


def _answers(
    study: Study, data: str, outcome: str, term: str, moderator: str, beside: list[str]
) -> Iterator[_Answer]:
    """The interaction, held beside those of other terms with the same moderator.

    One for each group but the first where the moderator is a column of groups.
    """
    held = [name for name in declared_terms(study, outcome, data) if name not in (term, moderator)]
    sample = sample_of(study, data, [outcome, term, moderator, *held])
    columns = [str(name) for name in sample.frame.columns]
    coded = [name for name in columns if name == moderator or name.startswith(f"{moderator}: ")]
    for name in coded:
        frame = sample.frame.assign(
            **{
                f"{other} × {code}": _centred(sample.frame[other]) * _centred(sample.frame[code])
                for other in beside
                for code in coded
            },
            **{
                f"{term} × {code}": _centred(sample.frame[term]) * _centred(sample.frame[code])
                for code in coded
                if code != name
            },
        )
        covariates = [str(other) for other in frame.columns if other not in (outcome, term, name)]
        fit = fit_interaction(
            frame, outcome, term, name, covariates, clusters=sample.clusters, weights=sample.weights
        )
        regions = None
        if len(fit.observed[name]) >= _FEW:
            regions = johnson_neyman(
                frame, outcome, term, name, covariates,
                clusters=sample.clusters, weights=sample.weights, level=study.level,
            )  # fmt: skip
        yield _Answer(
            data=data, outcome=outcome, term=term, moderator=name, fit=fit, frame=frame,
            covariates=tuple(covariates), regions=regions,
        )  # fmt: skip


def _centred(column: pd.Series[float]) -> pd.Series[float]:
    return column - column.mean()


def _rows(study: Study, answers: list[_Answer]) -> pd.DataFrame:
    """The products, each with its p-value and one that allows for their number."""
    rows = []
    for answer in answers:
        table = answer.fit.estimates.table(level=study.level)
        found = table[table["term"] == f"{answer.term} × {answer.moderator}"]
        named = found.assign(term=answer.term, moderator=answer.moderator, n_obs=answer.fit.estimates.n_obs)
        rows.append(named[_PRODUCTS])
    frame = pd.concat(rows, ignore_index=True)
    frame["p_adjusted"] = benjamini_hochberg(frame["p_value"].to_numpy(dtype=float))
    return frame


def _interactions(study: Study, answers: list[_Answer], rows: pd.DataFrame) -> Table:
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


def _slopes(study: Study, answers: list[_Answer]) -> Table:
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


def _regions(study: Study, answers: list[_Answer]) -> list[Table]:
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


def _drawn(answers: list[_Answer], rows: pd.DataFrame) -> _Answer | None:
    """The interaction over a measure that is least likely nothing."""
    order = np.argsort(rows["p_value"].to_numpy(dtype=float), kind="stable")
    return next((answers[place] for place in order if answers[place].regions is not None), None)


def _line(answer: _Answer) -> pd.DataFrame:
    """The slope along the moderator, at evenly spaced values of it."""
    columns = ["at", "estimate", "conf_low", "conf_high"]
    if answer.regions is None:
        return pd.DataFrame(columns=columns)
    slopes = answer.regions.slopes
    places = np.unique(np.linspace(0, len(slopes) - 1, _CURVE_POINTS).round().astype(int))
    return slopes.iloc[places][columns].reset_index(drop=True)


def _curve(study: Study, answer: _Answer) -> Table:
    names: dict[str, str | int | float] = {"term": answer.term, "moderator": answer.moderator}
    return Table(
        id="moderation_curve",
        title=Phrase(key="table.moderation_curve", values=names | {"outcome": answer.outcome}),
        rows=_line(answer),
        notes=(Phrase(key="note.johnson_neyman"), Phrase(key="note.level", values={"level": study.level})),
        layout="behind",
    )


def _figure(study: Study, answer: _Answer) -> Figure:
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
            Phrase(
                key="figure.axis",
                values={"term": answer.moderator, "unit": units_of(study, answer.moderator, answer.data)},
            ),
            Phrase(key="figure.axis_slope", values=names),
        ),
        verticals=tuple((float(edge), float("nan"), float("nan")) for edge in edges),
        notes=(
            Phrase(key="note.johnson_neyman_figure"),
            Phrase(key="note.level", values={"level": study.level}),
        ),
    )


def _latent(study: Study, answers: list[_Answer], seed: int) -> list[Table]:
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


def _findings(study: Study, answers: list[_Answer], rows: pd.DataFrame) -> tuple[Phrase, ...]:
    """Sure interactions with the slopes at both ends; one sentence for all the others."""
    told, open_ones = [], 0
    for answer, row in zip(answers, rows.to_dict("records"), strict=True):
        if row["p_adjusted"] > 1 - study.level:
            open_ones += 1
            continue
        slopes = simple_slopes(answer.fit, level=study.level)
        low, high = slopes.iloc[0], slopes.iloc[-1]
        told.append(
            Phrase(
                key="finding.moderation",
                values={
                    "outcome": answer.outcome,
                    "term": answer.term,
                    "moderator": answer.moderator,
                    "low": float(low["at"]),
                    "high": float(high["at"]),
                    "slope_low": float(low["estimate"]),
                    "slope_high": float(high["estimate"]),
                    "difference": float(row["estimate"]),
                    "p_value": float(row["p_adjusted"]),
                },
            )
        )
    if open_ones:
        told.append(Phrase(key="finding.moderation_open", values={"n": open_ones, "all": len(answers)}))
    return tuple(told)

"""For whom an effect is larger: declared interactions, slopes by moderator, regions, latent twins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.models.drivers import declared_terms
from servicefx.models.moderation import (
    fit_interaction,
    johnson_neyman,
    simple_slopes,
)
from servicefx.models.moderation.regions import benjamini_hochberg
from servicefx.models.over_time import panel_files
from servicefx.models.sample import numeric_columns, reference_groups, sample_of
from servicefx.sections.moderation_tables import (
    Answer,
    curve_table,
    interactions_table,
    latent_pages,
    regions_figure,
    regions_tables,
    slopes_table,
)
from servicefx.sections.notes import answering, refused
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section

__all__ = ["moderation_section"]

_ELSEWHERE = ("H15",)
"""Hypotheses whose moderators another section asks about."""
_FEW = 3
"""Values below which a moderator has no regions."""
_PRODUCTS = [
    "outcome", "term", "moderator", "estimate", "conf_low", "conf_high", "p_value", "n_obs",
]  # fmt: skip


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
    answers: list[Answer] = []
    refusals = _elsewhere(study)
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
    tables = [interactions_table(study, answers, rows), slopes_table(study, answers)]
    tables += regions_tables(study, answers)
    tables += [] if drawn is None else [curve_table(study, drawn)]
    latent, silent = latent_pages(study, answers, seed)
    tables += latent
    return Section(
        id="moderation",
        title=Phrase(key="section.moderation"),
        findings=_findings(study, answers, rows),
        tables=tuple(tables),
        figures=() if drawn is None else (regions_figure(study, drawn),),
        notes=(*refusals, *silent),
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


def _elsewhere(study: Study) -> list[Phrase]:
    """Why a construct named as a moderator enters nothing: no file measures it beside its path's ends."""
    problems: dict[tuple[str, str], Problem] = {}
    for path in study.spec.paths:
        if path.hypothesis in _ELSEWHERE:
            continue
        files = [data for data in study.frames if path.data in (None, data)]
        files = [data for data in files if {*path.sources, path.to} <= set(study.scores[data].columns)]
        for name in path.moderators:
            known = [name in study.scores[data] or name in study.frames[data] for data in files]
            if name in study.spec.constructs and files and not any(known):
                found = f"'{name}' is not measured in {' or '.join(files)}, where '{path.to}' is"
                remedy = "Name a column of that file, or measure it there."
                problems[name, path.to] = Problem(f"moderator '{name}'", found, remedy)
    return [note for problem in problems.values() for note in refused("moderation", DataError(problem)).notes]


def _answers(
    study: Study, data: str, outcome: str, term: str, moderator: str, beside: list[str]
) -> Iterator[Answer]:
    """The interaction, held beside those of other terms with the same moderator.

    One for each group but the first where the moderator is a column of groups.
    """
    held = [name for name in declared_terms(study, outcome, data) if name not in (term, moderator)]
    sample = sample_of(study, data, [outcome, term, moderator, *held])
    coded = [str(name) for name in numeric_columns(study, data, [moderator]).columns]
    references = reference_groups(study, data, [moderator, *held])
    for name in coded:
        frame = sample.frame.assign(
            **{
                f"{other} × {code}": _centred(sample.frame[other]) * _centred(sample.frame[code])
                for other in beside
                for code in coded
            },
            # not centred at their means: what remains is the slope in the group all others are compared with
            **{
                f"{term} × {code}": _centred(sample.frame[term]) * sample.frame[code]
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
        said = (*fit.estimates.assumptions, *references)
        fit = replace(fit, estimates=replace(fit.estimates, dropped=sample.dropped, assumptions=said))
        yield Answer(
            data=data, outcome=outcome, term=term, moderator=name, fit=fit, frame=frame,
            covariates=tuple(covariates), regions=regions,
        )  # fmt: skip


def _centred(column: pd.Series[float]) -> pd.Series[float]:
    return column - column.mean()


def _rows(study: Study, answers: list[Answer]) -> pd.DataFrame:
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


def _drawn(answers: list[Answer], rows: pd.DataFrame) -> Answer | None:
    """The interaction over a measure that is least likely nothing."""
    order = np.argsort(rows["p_value"].to_numpy(dtype=float), kind="stable")
    return next((answers[place] for place in order if answers[place].regions is not None), None)


def _findings(study: Study, answers: list[Answer], rows: pd.DataFrame) -> tuple[Phrase, ...]:
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

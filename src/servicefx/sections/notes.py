"""Notes under tables, built from what was fitted: sample, rows left out, errors, design, assumptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

import pandas as pd
from threadpoolctl import threadpool_limits

from servicefx.errors import ServicefxError
from servicefx.models.chain import Chain
from servicefx.study.study import Study
from servicefx.values.effect import Effect
from servicefx.values.estimates import Estimates
from servicefx.values.table import Phrase, Section

__all__ = [
    "answering",
    "draw_notes",
    "dropped_notes",
    "effect_row",
    "estimates_rows",
    "fit_notes",
    "refused",
    "score_notes",
    "slope_unit",
    "sources_of",
    "step_of",
    "units_of",
    "wider_notes",
]


_TAIL_DRAWS = 10
"""Draws wanted outside an interval: with fewer its ends are one or two resamples."""


def dropped_notes(dropped: Mapping[str, int], equation: str = "") -> tuple[Phrase, ...]:
    """One note a reason for rows not used, with the outcome whose equation lost them where there are several.

    Says so where no row was left out.
    """
    of, told = ("_equation", {"outcome": equation}) if equation else ("", {})
    if not dropped:
        return (Phrase(key="note.nothing_dropped"),)
    notes = []
    for why, n in dropped.items():
        name = why.removesuffix(" missing")
        if name != why and not name.endswith(" is"):  # a name, not a sentence
            notes.append(Phrase(key=f"note.dropped_missing{of}", values={"n": n, "name": name, **told}))
        else:
            notes.append(Phrase(key=f"note.dropped{of}", values={"n": n, "reason": why, **told}))
    return tuple(notes)


def fit_notes(study: Study, data: str, fit: Estimates, design: str) -> tuple[Phrase, ...]:
    """Sample, rows left out, error kind, weights, design, assumptions and level of one fit."""
    weights = study.weights(data)
    notes = [Phrase(key="note.sample", values={"n_obs": fit.n_obs, "data": data})]
    notes += dropped_notes(fit.dropped)
    notes.append(Phrase(key="note.covariance", values={"kind": fit.covariance_kind}))
    if weights is not None:
        notes.append(Phrase(key="note.weights", values={"column": str(weights.name)}))
    notes += wider_notes(study, data)
    notes.append(Phrase(key="note.design", values={"design": design}))
    notes += [Phrase(key="note.assumption", values={"text": text}) for text in fit.assumptions]
    notes.append(Phrase(key="note.level", values={"level": study.level}))
    return tuple(notes)


def units_of(study: Study, name: str, data: str) -> str:
    """Unit of a score in a data file: the construct's own, its scale's (``"points"``), or ``"units"``.

    A construct measured by one column of another file, as money or an index, stands on no scale there.
    """
    if name not in study.spec.constructs or study.data_of(name) != data:
        return "units"
    scale, stated = study.scale_of(name), study.spec.constructs[name].unit
    return stated or ("units" if scale is None else scale.unit)


def step_of(study: Study, name: str, data: str) -> str:
    """One step of a score: ``"point"``, ``"unit"``."""
    return units_of(study, name, data).removesuffix("s")


def slope_unit(study: Study, outcome: str, term: str, data: str) -> str:
    """Unit of a slope: ``"points per point"``, ``"points per unit"``, ``"units per point"``."""
    return f"{units_of(study, outcome, data)} per {step_of(study, term, data)}"


def wider_notes(study: Study, data: str) -> tuple[Phrase, ...]:
    """Levels of nesting too few to allow for."""
    return tuple(
        Phrase(key="note.wider_level", values={"column": name, "n": count})
        for name, count in study.wider_levels(data).items()
    )


def score_notes(study: Study, data: str) -> tuple[Phrase, ...]:
    """How scores were made, weights, and the level of intervals."""
    notes = [Phrase(key=f"note.scores_{study.spec.inference.missing_data}")]
    weights, clusters = study.weights(data), study.clusters(data)
    if weights is not None:
        notes.append(Phrase(key="note.weights", values={"column": str(weights.name)}))
    if clusters is not None:
        notes.append(
            Phrase(key="note.clusters", values={"column": str(clusters.name), "n": clusters.nunique()})
        )
    return (*notes, Phrase(key="note.level", values={"level": study.level}))


def draw_notes(study: Study, data: str, seed: int, failed: int = 0) -> tuple[Phrase, ...]:
    """How the draws behind intervals were made, and how many had no answer."""
    kind = "bootstrap" if study.clusters(data) is None else "cluster_bootstrap"
    notes = [Phrase(key="note.draws", values={"draws": study.draws, "kind": kind, "seed": seed})]
    if failed:
        notes.append(Phrase(key="note.failed_draws", values={"n": failed}))
    if (study.draws - failed) * (1 - study.level) < _TAIL_DRAWS:
        notes.append(Phrase(key="note.few_draws", values={"n": study.draws - failed, "level": study.level}))
    return tuple(notes)


def estimates_rows(fits: Iterable[Estimates], level: float) -> pd.DataFrame:
    """Tables of several fits below each other, with error kind and rows used."""
    parts = [
        fit.table(level=level).assign(covariance_kind=fit.covariance_kind, n_obs=fit.n_obs) for fit in fits
    ]
    return pd.concat(parts, ignore_index=True)


def effect_row(effect: Effect, level: float) -> dict[str, float | str]:
    """Estimate, error, interval, unit and design of an effect as columns of a table."""
    low, high = effect.interval(level)
    return {
        "estimate": effect.estimate,
        "std_error": effect.std_error,
        "conf_low": low,
        "conf_high": high,
        "unit": effect.unit,
        "design": effect.design,
    }


Builder = TypeVar("Builder", bound=Callable[..., "Section | None"])


def answering(section: str) -> Callable[[Builder], Builder]:
    """Decorate a section builder: what cannot be estimated becomes a section that says why.

    The builder runs on one BLAS thread, so that its figures do not depend on the machine's load.

    Parameters
    ----------
    section : str
        Id of the section.
    """

    def decorate(builder: Builder) -> Builder:
        @wraps(builder)
        def built(*args: Any, **kwargs: Any) -> Section | None:
            try:
                with threadpool_limits(limits=1, user_api="blas"):
                    return builder(*args, **kwargs)
            except ServicefxError as error:
                return refused(section, error)

        return cast("Builder", built)

    return decorate


def refused(section: str, error: ServicefxError) -> Section:
    """A section that says what is not reported, why, and what to do."""
    notes = tuple(
        Phrase(
            key="note.refused",
            values={
                "what": problem.where,
                "why": problem.found.partition("\n")[0],  # a caret under a line needs lines
                "remedy": problem.remedy,
            },
        )
        for problem in error.problems
    )
    return Section(id=section, title=Phrase(key=f"section.{section}"), notes=notes)


def sources_of(chain: Chain) -> tuple[str, ...]:
    """Terms of a chain that no equation of it explains, in order of appearance."""
    terms: dict[str, None] = {}
    for fit in chain.fits.values():
        terms |= dict.fromkeys(fit.estimates.terms)
    return tuple(term for term in terms if term not in chain.fits and term != "constant")

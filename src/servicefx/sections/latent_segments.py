"""Latent classes in the report: how many, whether they are needs, whether they come back, who is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from servicefx.engines.design_matrix import CONSTANT
from servicefx.models.segments import (
    ClassChoice,
    ClassStability,
    adjusted_rand,
    choose_classes,
    class_assignment,
    class_effects,
    class_posteriors,
    class_profiles,
    class_shares,
    class_slopes,
    class_stability,
    class_tests,
)
from servicefx.models.segments.class_effects import CLASS_ASSUMPTIONS
from servicefx.models.segments.stability import STABLE
from servicefx.sections.drivers_asked import Pages
from servicefx.sections.notes import dropped_notes, units_of, wider_notes
from servicefx.sections.segment_tables import AskedSegments
from servicefx.values.effect import Effect
from servicefx.values.table import Figure, Phrase, Table

__all__ = ["LatentPages", "latent_pages"]

_RESAMPLES = 50
"""Of the file's shared resamples, the first so many are refitted."""
_SELECTION = ["n_classes", "slopes", "n_parameters", "logl", "bic", "delta_bic", "aic", "aic3", "icl"]
_QUALITY = [
    "n_classes", "slopes", "entropy_r2", "smallest_share", "n_followed", "n_reached", "chosen_share", "flag",
    "undefined",
]  # fmt: skip
_SLOPES = ["group", "share", "term", "estimate", "std_error", "conf_low", "conf_high", "unit", "undefined"]


class LatentPages(NamedTuple):
    """Pages, and slopes of classes with their draws where there are needs."""

    pages: Pages
    effects: tuple[Effect, ...]


def latent_pages(asked: AskedSegments) -> LatentPages:
    """Latent classes of the study's customers, told as far as the data carry them."""
    shared: dict[str, Any] = {"clusters": asked.clusters, "weights": asked.weights}
    choice = choose_classes(
        asked.frame, asked.outcome, asked.drivers, classes=asked.classes, seed=asked.seed, **shared
    )
    stability = class_stability(
        choice, asked.frame, counts=asked.counts[:_RESAMPLES], level=asked.study.level, **shared
    )
    tables = _choice_tables(asked, choice, stability)
    figures: tuple[Figure, ...] = ()
    effects: tuple[Effect, ...] = ()
    if choice.verdict == "needs":
        tables += _class_tables(asked, choice, stability)
        figures = (_figure(asked, tables[2]),)
        drawn = class_effects(
            choice.chosen, asked.frame, asked.counts, source=asked.source,
            unit=f"{units_of(asked.study, asked.outcome, asked.data)} per step of the driver", **shared,
        )  # fmt: skip
        effects = tuple(drawn.values())
    findings = tuple(_findings(asked, choice, stability))
    return LatentPages(Pages(tables=tuple(tables), figures=figures, findings=findings), effects)


def _choice_tables(asked: AskedSegments, choice: ClassChoice, stability: ClassStability) -> list[Table]:
    fit = choice.chosen
    selection = choice.selection.merge(stability.choices, on=["n_classes", "slopes"], how="left")
    again = selection["chosen_share"].isna()
    why = selection["undefined"].where(selection["undefined"] != "", "not refitted to the resamples")
    selection["undefined"] = why.where(again | (selection["undefined"] != ""), "")
    sample = Phrase(key="note.sample", values={"n_obs": fit.n_obs, "data": asked.data})
    draws = Phrase(
        key="note.class_resamples",
        values={"draws": stability.n_draws, "kind": _resampled(asked), "seed": asked.seed},
    )
    return [
        Table(
            id="class_selection",
            title=Phrase(key="table.class_selection", values={"outcome": asked.outcome}),
            rows=selection[_SELECTION],
            notes=(
                Phrase(key="note.class_selection"),
                sample,
                *dropped_notes(fit.dropped),
                *_weights(asked),
                *wider_notes(asked.study, asked.data),
                *(Phrase(key="note.assumption", values={"text": text}) for text in CLASS_ASSUMPTIONS),
            ),
        ),
        Table(
            id="class_quality",
            title=Phrase(key="table.class_quality"),
            rows=selection[_QUALITY],
            notes=(
                Phrase(key="note.class_quality", values={"starts": int(selection["n_starts"].max())}),
                sample,
                draws,
            ),
        ),
    ]


def _resampled(asked: AskedSegments) -> str:
    return "bootstrap" if asked.clusters is None else "cluster_bootstrap"


def _weights(asked: AskedSegments) -> tuple[Phrase, ...]:
    if asked.weights is None:
        return ()
    return (Phrase(key="note.weights", values={"column": str(asked.weights.name)}),)


def _class_tables(asked: AskedSegments, choice: ClassChoice, stability: ClassStability) -> list[Table]:
    fit = choice.chosen
    shared: dict[str, Any] = {"clusters": asked.clusters, "weights": asked.weights}
    level = Phrase(key="note.level", values={"level": asked.study.level})
    slopes = class_slopes(fit, level=asked.study.level)
    slopes = slopes[slopes["term"] != CONSTANT]
    slopes = slopes.assign(unit=asked.units(slopes["term"]))
    assigned = class_assignment(fit, asked.frame, **shared).iloc[:-1]
    sizes = class_shares(fit, level=asked.study.level)
    whole = sizes.assign(
        mean_posterior=assigned["mean_posterior"].to_numpy(),
        jaccard=stability.classes["jaccard"].to_numpy(),
        judgement=stability.classes["judgement"].to_numpy(),
    )
    tables = [
        Table(
            id="class_slopes",
            title=Phrase(key="table.class_slopes", values={"outcome": asked.outcome}),
            rows=slopes[_SLOPES],
            notes=(
                Phrase(key="note.covariance", values={"kind": fit.covariance.kind}),
                Phrase(key="note.class_slopes"),
                Phrase(key="note.design", values={"design": "adjusted"}),
                level,
            ),
        ),
        Table(
            id="class_tests",
            title=Phrase(key="table.class_tests"),
            rows=class_tests(fit),
            notes=(Phrase(key="note.class_tests"),),
        ),
        Table(
            id="class_stability",
            title=Phrase(key="table.class_stability"),
            rows=whole[
                [
                    "group", "share", "share_low", "share_high", "sigma", "mean_posterior", "jaccard",
                    "judgement", "flag",
                ]
            ],
            notes=(
                Phrase(
                    key="note.class_stability",
                    values={
                        "rand": stability.rand[0],
                        "rand_low": stability.rand[1],
                        "rand_high": stability.rand[2],
                        "draws": stability.n_draws,
                    },
                ),
                *(
                    (Phrase(key="note.failed_draws", values={"n": stability.n_failed}),)
                    if stability.n_failed
                    else ()
                ),
                level,
            ),
        ),
    ]  # fmt: skip
    if asked.by:
        profiles = class_profiles(fit, asked.frame, asked.by, level=asked.study.level, **shared)
        shown = ["segment", "answer", "group", "estimate", "conf_low", "conf_high", "unadjusted", "overall"]
        tables.append(
            Table(
                id="class_profiles",
                title=Phrase(key="table.class_profiles"),
                rows=profiles.sort_values(["segment", "answer"], kind="stable")[[*shown, "undefined"]].assign(
                    unit="share"
                ),
                notes=(Phrase(key="note.class_profiles"), *_agreement(asked, choice), level),
            )
        )
    return tables


def _agreement(asked: AskedSegments, choice: ClassChoice) -> Iterator[Phrase]:
    """How far classes are the groups one can name."""
    chances = class_posteriors(choice.chosen, asked.frame, clusters=asked.clusters, weights=asked.weights)
    used = chances.notna().all(axis=1)
    likeliest = chances[used].to_numpy().argmax(axis=1)
    for by in asked.by:
        table = pd.crosstab(likeliest, asked.frame.loc[used, by].to_numpy()).to_numpy()
        yield Phrase(key="note.class_agreement", values={"segment": by, "rand": adjusted_rand(table)})


def _figure(asked: AskedSegments, slopes: Table) -> Figure:
    rows = slopes.rows.rename(columns={"group": "series"})
    return Figure(
        id="class_slopes",
        kind="coefficients",
        title=Phrase(key="figure.class_slopes", values={"outcome": asked.outcome}),
        rows=rows[["term", "series", "estimate", "conf_low", "conf_high"]],
        source="class_slopes",
        notes=(Phrase(key="note.level", values={"level": asked.study.level}),),
    )


def _findings(asked: AskedSegments, choice: ClassChoice, stability: ClassStability) -> Iterator[Phrase]:
    """What classes say, no more than BIC and resamples agree on."""
    fit = choice.chosen
    values: dict[str, str | int | float] = {
        "n": fit.n_classes, "outcome": asked.outcome, "same": stability.same_choice,
        "draws": stability.n_draws, "tried": asked.classes,
    }  # fmt: skip
    if choice.verdict == "none":
        if asked.classes > 1:
            yield Phrase(key="finding.classes_none", values=values)
        return
    if choice.verdict == "shape":
        own = choice.selection[choice.selection["slopes"] != "shared"]
        values |= {"delta": float(own["delta_bic"].min())}
        yield Phrase(key="finding.classes_shape", values=values)
        return
    lowest = float(stability.classes["jaccard"].min())
    values |= {"jaccard": lowest}
    if not (stability.same_choice >= STABLE and lowest >= STABLE):
        yield Phrase(key="finding.classes_unstable", values=values)
        return
    yield Phrase(key="finding.classes_needs", values=values)
    standard = fit.parameters[:, 1 : len(fit.terms)]
    for k in range(fit.n_classes):
        at = int(np.argmax(np.abs(standard[k])))
        yield Phrase(
            key="finding.class_need" if fit.n_classes == 2 else "finding.class_need_of_many",
            values={
                "class": k + 1,
                "share": float(fit.shares[k]),
                "outcome": asked.outcome,
                "term": fit.drivers[at],
                "estimate": float(fit.coefficients[k, at]),
                "unit": asked.units(pd.Series([fit.drivers[at]]))[0],
                "low": float(np.delete(fit.coefficients[:, at], k).min()),
                "high": float(np.delete(fit.coefficients[:, at], k).max()),
            },
        )

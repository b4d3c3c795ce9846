"""Tables of the gap: losses and gains, dimensions, other places, surface, forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from servicefx.engines.design_matrix import CONSTANT
from servicefx.models.gap import GapFit, GapScores, GapSurface, compare_kink_places
from servicefx.models.gap.slopes import GAIN, KINK, LOSS, RATIO, STRAIGHT
from servicefx.sections.gap_findings import asymmetry_verdict, slope_verdict
from servicefx.sections.notes import draw_notes, fit_notes
from servicefx.study.study import Study
from servicefx.values.estimates import FEW_CLUSTERS
from servicefx.values.table import Phrase, Table

__all__ = ["ALONE", "HELD", "Asked", "forms_table", "kink_tables", "surface_tables"]

ALONE, HELD = "gap alone", "perceptions held"
_PLACES = (-1.0, -0.5, 0.0, 0.5, 1.0)
_SLOPES = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]


class Asked(NamedTuple):
    """Outcome, scores of the gap, one frame with all of them, and the perceptions to hold."""

    outcome: str
    scores: GapScores
    frame: pd.DataFrame
    held: list[str]


def _sample_notes(study: Study, asked: Asked, fit: GapFit | GapSurface, design: str) -> list[Phrase]:
    """Built notes of one fit, its lost rows by what is missing in the reader's terms."""
    notes = []
    lost = sum(n for why, n in fit.dropped.items() if why != f"{asked.outcome} missing")
    for note in fit_notes(study, asked.scores.data, fit.estimates, design):
        if note.key != "note.dropped_missing" or note.values["name"] == asked.outcome:
            notes.append(note)
        elif lost:
            notes.append(Phrase(key="note.gap_unknown", values={"n": lost}))
            lost = 0
    if study.clusters(asked.scores.data) is not None and fit.estimates.df + 1 < FEW_CLUSTERS:
        notes.append(Phrase(key="note.few_clusters", values={"n": int(fit.estimates.df + 1)}))
    return notes


def kink_tables(
    study: Study,
    asked: Asked,
    whole: Mapping[str, GapFit],
    parts: Mapping[str, GapFit],
    errors: Mapping[str, Any],
) -> list[Table]:
    """Losses and gains over all dimensions and by dimension, and the kink put elsewhere."""
    level = Phrase(key="note.level", values={"level": study.level})
    tables = []
    if whole:
        first = next(iter(whole.values()))
        counted = first.slopes.iloc[0]
        sides = {name: int(counted[name]) for name in ("n_below", "n_above", "n_obs")}
        tables.append(
            Table(
                id="gap_kink",
                title=Phrase(key="table.gap_kink", values={"outcome": asked.outcome}),
                rows=_rows(whole)[["model", "kind", *_SLOPES, "verdict", "undefined"]],
                notes=(
                    Phrase(key="note.gap"),
                    Phrase(key="note.gap_models"),
                    Phrase(key="note.gap_sides", values=sides),
                    Phrase(key="note.gap_ratio"),
                    *_sample_notes(study, asked, first, "association"),
                ),
            )
        )
    if parts:
        rows = _rows(parts)
        shown = rows[rows["kind"].isin([LOSS, GAIN, KINK])]
        joint = [
            Phrase(
                key="note.gap_joint", values={"model": name, "p_value": float(fit.joint["p_value"].iloc[0])}
            )
            for name, fit in parts.items()
            if np.isfinite(fit.joint["p_value"].iloc[0])  # not with too few clusters for such a test
        ]
        tables.append(
            Table(
                id="gap_dimensions",
                title=Phrase(key="table.gap_dimensions", values={"outcome": asked.outcome}),
                rows=shown[
                    ["model", "construct", "kind", *(name for name in _SLOPES if name != "std_error")]
                ],
                notes=(
                    Phrase(key="note.gap_dimensions"),
                    *joint,
                    *_sample_notes(study, asked, next(iter(parts.values())), "adjusted"),
                ),
            )
        )
    if ALONE in whole:
        places = compare_kink_places(
            asked.frame, asked.outcome, asked.scores.whole, _PLACES, level=study.level, **errors
        )
        columns = [
            "at",
            "estimate",
            "conf_low",
            "conf_high",
            "n_below",
            "n_above",
            "r2",
            "delta_aic",
            "undefined",
        ]
        tables.append(
            Table(
                id="gap_places",
                title=Phrase(key="table.gap_places"),
                rows=places[columns],
                notes=(Phrase(key="note.gap_places"), level),
            )
        )
        tables.append(
            Table(
                id="gap_curve",
                title=Phrase(key="table.gap_curve", values={"outcome": asked.outcome}),
                rows=whole[ALONE].curve,
                notes=(Phrase(key="note.gap_curve"), level),
                layout="behind",
            )
        )
    return tables


def _rows(fits: Mapping[str, GapFit]) -> pd.DataFrame:
    """Slopes of both models below each other, those that H2 predicts with a verdict."""
    rows = pd.concat([fit.slopes.assign(model=name) for name, fit in fits.items()], ignore_index=True)
    said = {
        (name, kind): verdict
        for name, fit in fits.items()
        for kind, verdict in ((STRAIGHT, slope_verdict(fit)), (KINK, asymmetry_verdict(fit)))
    }
    rows["verdict"] = [said.get(pair, "") for pair in zip(rows["model"], rows["kind"], strict=True)]
    open_ratio = (rows["kind"] == RATIO) & (rows["undefined"] != "")
    rows.loc[open_ratio, "estimate"] = np.nan
    rows.loc[(rows["kind"] == RATIO) & ~open_ratio, "undefined"] = "a ratio of 1 is what the row above tests"
    return rows


def surface_tables(study: Study, asked: Asked, fit: GapSurface, seed: int) -> list[Table]:
    """Coefficients with slopes and curvatures, the axes where they have intervals, and the grid."""
    level = Phrase(key="note.level", values={"level": study.level})
    title = {"outcome": asked.outcome}
    names = [*(f"surface b{place}" for place in range(1, 6)), CONSTANT]
    rows = pd.concat([fit.coefficients.assign(term=names), _named(fit.slopes)], ignore_index=True)
    columns = ["term", "estimate", "std_error", "p_value", "conf_low", "conf_high", "drawn_low", "drawn_high"]
    notes = [
        Phrase(key="note.gap_surface", values={"centre": fit.centre}),
        Phrase(key="note.r_squared", values={"r_squared": fit.estimates.fit_measures["r_squared"]}),
        *_sample_notes(study, asked, fit, "adjusted"),
        *draw_notes(study, asked.scores.data, seed, next(iter(fit.effects.values())).n_failed),
    ]
    known = fit.axes["undefined"] == ""
    if not known.any():
        notes.insert(1, Phrase(key="note.gap_no_axes", values={"why": fit.axes["undefined"].iloc[0]}))
    tables = [
        Table(
            id="gap_surface",
            title=Phrase(key="table.gap_surface", values=title),
            rows=rows[columns],
            notes=tuple(notes),
        )
    ]
    if known.any():
        axes = _named(fit.axes).assign(estimate=fit.axes["estimate"].where(known))
        tables.append(
            Table(
                id="gap_axes",
                title=Phrase(key="table.gap_axes", values=title),
                rows=axes[[*(name for name in columns if name != "p_value"), "undefined"]],
                notes=(Phrase(key="note.gap_axes", values={"centre": fit.centre}), level),
            )
        )
    tables.append(
        Table(
            id="gap_grid",
            title=Phrase(key="table.gap_grid", values=title),
            rows=fit.grid,
            notes=(Phrase(key="note.gap_grid"), level),
            layout="behind",
        )
    )
    return tables


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Terms such as "a1" under names that no column of a survey has."""
    return frame.assign(term="surface " + frame["term"])


def forms_table(asked: Asked, forms: pd.DataFrame, fit: GapSurface) -> Table:
    """Differences, bends and surfaces side by side, each tested against the wider form it belongs to."""
    sample = Phrase(key="note.sample", values={"n_obs": fit.estimates.n_obs, "data": asked.scores.data})
    kind = Phrase(key="note.covariance", values={"kind": fit.estimates.covariance_kind})
    columns = ["model", "n_parameters", "r2", "delta_bic", "delta_aic", "against", "p_value", "undefined"]
    return Table(
        id="gap_forms",
        title=Phrase(key="table.gap_forms", values={"outcome": asked.outcome}),
        rows=forms[columns],
        notes=(Phrase(key="note.gap_forms"), sample, kind),
    )

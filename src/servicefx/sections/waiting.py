"""How long customers wait without minding, and what every further hour goes with (H15, K8)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from servicefx.errors import DataError
from servicefx.models.sample import Sample, numeric_columns
from servicefx.models.waiting import ThresholdFit, ThresholdGroups, fit_threshold, thresholds_by
from servicefx.sections.notes import (
    answering,
    draw_notes,
    dropped_notes,
    refused,
    slope_unit,
    step_of,
    units_of,
    wider_notes,
)
from servicefx.sections.waiting_asked import MOST_GROUPS, AskedWait, asked_waits, bends, wait_choices
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["waiting_section"]

_SLOPES = {
    "slope before the threshold": "slope_before",
    "slope beyond the threshold": "slope_beyond",
    "change of slope": "slope_change",
}


_FLAT = 0.5
"""A slope before the threshold is called flat if its interval stays within this share of the slope beyond."""
_AS_GOOD = 2.0
"""Difference of BIC below which two forms are as good."""


@answering("waiting")
def waiting_section(study: Study, seed: int | None = None) -> Section | None:
    """The tolerated wait of a study's customers, with its interval, slopes, rival forms, and by group.

    Parameters
    ----------
    study : Study
        Asked where a path of hypothesis H15, or from ``response_time``, ends in what customers answer; groups
        are the path's moderators that hold a few values.
    seed : int
        Of resamples and multipliers; by default the study's.

    Returns
    -------
    Section or None
        Tables ``threshold``, ``wait_slopes``, ``wait_forms``, ``wait_curve`` and, with groups,
        ``threshold_groups``; figure ``wait_curve``. None where no path asks.
    """
    paths = asked_waits(study)
    if not paths:
        return None
    asked = paths[0]
    seed = study.seed if seed is None else seed
    sample, held, shared = wait_choices(study, asked, seed)
    fit = fit_threshold(sample.frame, asked.outcome, asked.wait, held, **shared)
    groups: dict[str, ThresholdGroups] = {}
    silent: list[Phrase] = []
    for by in asked.groups:
        own = numeric_columns(study, asked.data, [by]).columns  # the same in all rows of a group
        beside = [name for name in held if name not in own]
        frame = sample.frame[[asked.outcome, asked.wait, *beside]].join(study.frames[asked.data][by])
        try:
            groups[by] = thresholds_by(frame, asked.outcome, asked.wait, by, beside, **shared)
        except DataError as error:
            silent += refused("waiting", error).notes
    silent += _left_out(paths)
    notes = _notes(study, asked, sample, fit, seed)
    return Section(
        id="waiting",
        title=Phrase(key="section.waiting"),
        findings=(*_findings(study, asked, fit), *_group_findings(groups, study.level, shared["wait_unit"])),
        tables=tuple(_tables(study, asked, fit, groups, notes)),
        figures=(_figure(asked, fit, study),),
        effects=(fit.threshold, fit.slope_before, fit.slope_beyond),
        notes=tuple(silent),
    )


def _left_out(paths: list[AskedWait]) -> list[Phrase]:
    """Moderators that hold no groups, and further waits, none of which this page compares."""
    told = []
    if paths[0].not_groups:
        names = ", ".join(f"'{name}'" for name in paths[0].not_groups)
        told.append(Phrase(key="note.wait_not_groups", values={"names": names, "most": MOST_GROUPS}))
    told += [
        Phrase(key="note.wait_other", values={"wait": other.wait, "outcome": other.outcome})
        for other in paths[1:]
    ]
    return told


def _findings(study: Study, asked: AskedWait, fit: ThresholdFit) -> tuple[Phrase, ...]:
    first = fit.intervals.iloc[0]
    beyond_high = float(fit.slopes["conf_high"].iloc[1])
    values: dict[str, str | float] = {
        "outcome": asked.outcome,
        "wait": asked.wait,
        "unit": units_of(study, asked.wait, asked.data),
        "step": step_of(study, asked.wait, asked.data),
        "points": units_of(study, asked.outcome, asked.data),
        "p_value": float(fit.test["p_value"].iloc[0]),
        "estimate": float(first["estimate"]),
        "conf_low": float(first["conf_low"]),
        "conf_high": float(first["conf_high"]),
        "before": float(fit.slopes["estimate"].iloc[0]),
        "beyond": float(fit.slopes["estimate"].iloc[1]),
        "beyond_low": float(fit.slopes["conf_low"].iloc[1]),
        "beyond_high": beyond_high,
    }
    if not bends(fit, study.level):
        return (Phrase(key="finding.no_threshold", values=values),)
    before_low, before_high = (float(fit.slopes[name].iloc[0]) for name in ("conf_low", "conf_high"))
    least = _FLAT * abs(float(fit.slopes["estimate"].iloc[1]))
    flat = before_low <= 0 <= before_high and max(-before_low, before_high) < least
    key = "finding.threshold" if flat and beyond_high < 0 else "finding.threshold_other"
    bent = fit.forms["model"].isin(["kink", "flat, then falling"])
    told = [Phrase(key=key, values=values)]
    if float(fit.forms.loc[bent, "delta_bic"].min()) >= _AS_GOOD:
        best = str(fit.forms["model"].iloc[0])
        told.append(Phrase(key="finding.threshold_rival", values={"model": best}))
    return tuple(told)


def _group_findings(groups: Mapping[str, ThresholdGroups], level: float, unit: str) -> tuple[Phrase, ...]:
    told = []
    for by, found in groups.items():
        bending = [name for name, fit in found.fits.items() if bends(fit, level)]
        pairs = found.differences
        pairs = pairs[pairs["group_left"].isin(bending) & pairs["group_right"].isin(bending)]
        apart = pairs[pairs["p_adjusted"] <= 1 - level]
        if len(apart):
            first = apart.sort_values("p_adjusted").iloc[0]
            values: dict[str, str | float] = {
                name: float(first[name]) for name in ("difference", "conf_low", "conf_high")
            }
            values |= {
                "column": by,
                "unit": unit,
                "left": str(first["group_left"]),
                "right": str(first["group_right"]),
            }
            told.append(Phrase(key="finding.thresholds_differ", values=values))
        elif len(pairs):
            told.append(Phrase(key="finding.thresholds_alike", values={"column": by}))
    return tuple(told)


def _tables(
    study: Study,
    asked: AskedWait,
    fit: ThresholdFit,
    groups: Mapping[str, ThresholdGroups],
    notes: tuple[Phrase, ...],
) -> list[Table]:
    title = {"outcome": asked.outcome, "wait": asked.wait}
    level = Phrase(key="note.level", values={"level": study.level})
    test = fit.test.iloc[0]
    bend = Phrase(
        key="note.sup_f",
        values={
            "sup_f": float(test["sup_f"]),
            "critical": float(test["critical"]),
            "p_value": float(test["p_value"]),
            "n": int(test["n_draws"]),
        },
    )
    unit = slope_unit(study, asked.outcome, asked.wait, asked.data)
    slopes = fit.slopes.replace({"term": _SLOPES}).assign(unit=unit)
    tables = [
        Table(
            id="threshold",
            title=Phrase(key="table.threshold", values=title),
            rows=fit.intervals.assign(unit=units_of(study, asked.wait, asked.data)),
            notes=(bend, *notes),
        ),
        Table(
            id="wait_slopes",
            title=Phrase(key="table.wait_slopes", values=title),
            rows=slopes[
                ["term", "estimate", "std_error", "conf_low", "conf_high", "p_value", "unit", "undefined"]
            ],
            notes=(Phrase(key="note.wait_slopes"), *notes[:1], level),
        ),
        Table(
            id="wait_forms",
            title=Phrase(key="table.wait_forms", values=title),
            rows=fit.forms[["model", "n_parameters", "delta_bic", "delta_aic", "logl", "r2", "undefined"]],
            notes=(Phrase(key="note.wait_forms"), *notes[:1]),
        ),
        Table(
            id="wait_curve",
            title=Phrase(key="table.wait_curve", values=title),
            rows=fit.curve,
            notes=(Phrase(key="note.curve_band"), level),
            layout="behind",
        ),
    ]
    rows = [
        found.thresholds.assign(segment=by, unit=units_of(study, asked.wait, asked.data))
        for by, found in groups.items()
    ]
    if rows:
        columns = ["segment", "group", "estimate", "conf_low", "conf_high", "p_value", "n_obs", "undefined"]
        tables.append(
            Table(
                id="threshold_groups",
                title=Phrase(key="table.threshold_groups", values=title),
                rows=pd.concat(rows, ignore_index=True)[columns],
                notes=(Phrase(key="note.threshold_groups"), level),
            )
        )
    return tables


def _notes(
    study: Study, asked: AskedWait, sample: Sample, fit: ThresholdFit, seed: int
) -> tuple[Phrase, ...]:
    low, high = fit.search
    weights = study.weights(asked.data)
    return (
        Phrase(key="note.sample", values={"n_obs": fit.n_obs, "data": asked.data}),
        *dropped_notes(sample.dropped),
        *(() if weights is None else (Phrase(key="note.weights", values={"column": str(weights.name)}),)),
        Phrase(key="note.search", values={"low": low, "high": high}),
        *(
            Phrase(key="note.text", values={"text": text[:1].upper() + text[1:] + "."})
            for text in fit.cautions
        ),
        *wider_notes(study, asked.data),
        *draw_notes(study, asked.data, seed, fit.threshold.n_failed),
        Phrase(key="note.design", values={"design": fit.threshold.design}),
        *(Phrase(key="note.assumption", values={"text": text}) for text in fit.threshold.assumptions),
        Phrase(key="note.level", values={"level": study.level}),
    )


def _figure(asked: AskedWait, fit: ThresholdFit, study: Study) -> Figure:
    """The line over the wait, its bend marked where there is one."""
    first = fit.intervals.iloc[0]
    place = (float(first["estimate"]), float(first["conf_low"]), float(first["conf_high"]))
    names: dict[str, str | int | float] = {"outcome": asked.outcome, "wait": asked.wait}
    unit: dict[str, str | int | float] = {"term": asked.wait, "unit": units_of(study, asked.wait, asked.data)}
    outcome: dict[str, str | int | float] = {
        "term": asked.outcome,
        "unit": units_of(study, asked.outcome, asked.data),
    }
    return Figure(
        id="wait_curve",
        kind="curve",
        title=Phrase(key="figure.wait_curve", values=names),
        rows=fit.curve.rename(columns={"wait": "x"})[["x", "estimate", "conf_low", "conf_high"]],
        source="wait_curve",
        axes=(Phrase(key="figure.axis", values=unit), Phrase(key="figure.axis", values=outcome)),
        verticals=(place,) if bends(fit, study.level) else (),
        notes=(Phrase(key="note.wait_figure"), Phrase(key="note.level", values={"level": study.level})),
    )

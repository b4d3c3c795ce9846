"""The satisfaction-loyalty curve: straight, bent or S-shaped, and how steep in which zone (H4)."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from servicefx.errors import ServicefxError
from servicefx.models.chain import counts_of, draw_source, shared_counts
from servicefx.models.drivers import declared_terms
from servicefx.models.loyalty import CurveFit, fit_curve
from servicefx.models.loyalty.curve.shapes import FIXED_ZONES, FREE_ZONES, STRAIGHT
from servicefx.models.sample import sample_of
from servicefx.sections.chain import survey_files
from servicefx.sections.notes import (
    answering,
    draw_notes,
    dropped_notes,
    refused,
    slope_unit,
    units_of,
    wider_notes,
)
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["loyalty_section"]

_TERM, _OUTCOMES = "satisfaction", ("loyalty", "repurchase")
_FORMS = [
    "outcome", "model", "delta_aic", "delta_bic", "rmse", "loss_change", "conf_low",
    "conf_high", "choice", "undefined",
]  # fmt: skip
Notes = tuple[Phrase, ...]


@answering("loyalty")
def loyalty_section(study: Study, seed: int | None = None) -> Section | None:
    """Loyalty, and the chance to buy again, as curves over satisfaction: forms, zones, figures.

    Parameters
    ----------
    study : Study
        Asked where a path leads from ``satisfaction`` to ``loyalty`` or ``repurchase`` in customers' files.
    seed : int
        Of resamples and folds; by default the study's.

    Returns
    -------
    Section or None
        Tables ``loyalty_forms``, ``loyalty_zones``, ``loyalty_bends`` and ``loyalty_curve``, one figure an
        outcome. None where no path asks.
    """
    asked = [
        (data, outcome)
        for data in survey_files(study)
        for outcome in _OUTCOMES
        if _TERM in declared_terms(study, outcome, data)
    ]
    if not asked:
        return None
    seed = study.seed if seed is None else seed
    homes = {outcome: data for data, outcome in reversed(asked)}
    fits: dict[str, tuple[str, CurveFit]] = {}
    refusals: Notes = ()
    for outcome in (name for name in _OUTCOMES if name in homes):
        try:
            fits[outcome] = (homes[outcome], _fit(study, outcome, homes[outcome], seed))
        except ServicefxError as error:
            refusals += refused("loyalty", error).notes
    if not fits:
        return Section(id="loyalty", title=Phrase(key="section.loyalty"), notes=refusals)
    notes = _notes(study, fits, seed)
    return Section(
        id="loyalty",
        title=Phrase(key="section.loyalty"),
        findings=tuple(found for data, fit in fits.values() for found in _findings(study, fit, data)),
        tables=_tables(study, fits, notes),
        figures=tuple(_figure(study, fit, data) for data, fit in fits.values()),
        effects=tuple(effect for _, fit in fits.values() for effect in fit.slopes.values()),
        notes=refusals,
    )


def _fit(study: Study, outcome: str, data: str, seed: int) -> CurveFit:
    sample = sample_of(study, data, [outcome, _TERM])
    scale, term_scale = study.scale_of(outcome), study.scale_of(_TERM)
    zones = None
    if term_scale is not None:
        third = (term_scale.max - term_scale.min) / 3
        zones = (term_scale.min + third, term_scale.max - third)
    fit = fit_curve(
        sample.frame,
        outcome,
        _TERM,
        scale=None if scale is None else (scale.min, scale.max),
        zones=zones,
        clusters=sample.clusters,
        weights=sample.weights,
        seed=seed,
        counts=counts_of(shared_counts(study, data, seed), study, sample),
        source=draw_source(study, data, seed),
        unit=slope_unit(study, outcome, _TERM, data),
        level=study.level,
    )
    return replace(fit, dropped=sample.dropped)


def _stacked(fits: dict[str, tuple[str, CurveFit]], part: str) -> pd.DataFrame:
    """One frame of every fit below each other, the outcome first."""
    parts = []
    for outcome, (_, fit) in fits.items():
        frame: pd.DataFrame = getattr(fit, part).copy()
        frame.insert(0, "outcome", outcome)
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def _tables(study: Study, fits: dict[str, tuple[str, CurveFit]], notes: Notes) -> tuple[Table, ...]:
    first = next(iter(fits.values()))[1]
    level = Phrase(key="note.level", values={"level": study.level})
    zones = _stacked(fits, "zones")
    knots = _stacked(fits, "knots")
    folds: dict[str, str | int | float] = {"folds": first.folds, "repeats": first.repeats}
    return (
        Table(
            id="loyalty_forms",
            title=Phrase(key="table.loyalty_forms"),
            rows=_stacked(fits, "forms")[_FORMS],
            notes=(Phrase(key="note.loyalty_forms", values=folds), *notes),
        ),
        Table(
            id="loyalty_zones",
            title=Phrase(key="table.loyalty_zones"),
            rows=zones[
                ["outcome", "model", "zone", "low", "high", "estimate", "conf_low", "conf_high", "unit",
                 "n_obs", "undefined"]
            ],
            notes=(
                Phrase(key="note.loyalty_zones"),
                *_knot_notes(knots),
                *(note for note in notes if note.key == "note.draws"),
                level,
            ),
        ),
        Table(
            id="loyalty_bends",
            title=Phrase(key="table.loyalty_bends"),
            rows=_stacked(fits, "tests")[
                ["outcome", "rule", "sup_f", "df", "df_residual", "p_value", "undefined"]
            ],
            notes=(Phrase(key="note.loyalty_bends", values={"n": int(first.tests["n_draws"].max())}),),
        ),
        Table(
            id="loyalty_curve",
            title=Phrase(key="table.loyalty_curve"),
            rows=_stacked(fits, "curve"),
            notes=(Phrase(key="note.loyalty_figure"), level),
            layout="behind",
        ),
    )  # fmt: skip


def _knot_notes(knots: pd.DataFrame) -> Notes:
    """Where the estimated zones end, with intervals."""
    found = []
    for outcome, part in knots[knots["undefined"] == ""].groupby("outcome", sort=False):
        low, high = part.to_dict("records")
        found.append(
            Phrase(
                key="note.loyalty_knots",
                values={
                    "outcome": str(outcome), "low": low["estimate"], "low_low": low["conf_low"],
                    "low_high": low["conf_high"], "high": high["estimate"], "high_low": high["conf_low"],
                    "high_high": high["conf_high"],
                },
            )
        )  # fmt: skip
    return tuple(found)


def _notes(study: Study, fits: dict[str, tuple[str, CurveFit]], seed: int) -> Notes:
    found: list[Phrase] = []
    for outcome, (data, fit) in fits.items():
        found.append(
            Phrase(key="note.sample_of", values={"outcome": outcome, "n_obs": fit.n_obs, "data": data})
        )
        if fit.dropped:
            found += dropped_notes(fit.dropped, equation=outcome)
    for text in dict.fromkeys(text for _, fit in fits.values() for text in fit.cautions):
        found.append(Phrase(key="note.text", values={"text": text[:1].upper() + text[1:] + "."}))
    for data in dict.fromkeys(data for data, _ in fits.values()):
        weights = study.weights(data)
        if weights is not None:
            found.append(Phrase(key="note.weights", values={"column": str(weights.name)}))
        found += wider_notes(study, data)
        failed = max(
            (
                effect.n_failed
                for place, fit in fits.values()
                if place == data
                for effect in fit.slopes.values()
            ),
            default=0,
        )
        found += draw_notes(study, data, seed, failed)
    found.append(Phrase(key="note.design", values={"design": "association"}))
    found.append(Phrase(key="note.level", values={"level": study.level}))
    return tuple(found)


def _findings(study: Study, fit: CurveFit, data: str) -> Notes:
    told = [_form_finding(fit)]
    given = fit.zones[(fit.zones["model"] == FIXED_ZONES) & (fit.zones["undefined"] == "")]
    test = fit.tests.iloc[0]
    if len(given) == 3 and pd.notna(test["p_value"]):
        low, middle, high = given.to_dict("records")
        values: dict[str, str | int | float] = {
            "outcome": fit.outcome, "term": fit.term, "below": low["high"], "above": high["low"],
            "defection": low["estimate"], "indifference": middle["estimate"], "affection": high["estimate"],
            "p_value": float(test["p_value"]),
        }  # fmt: skip
        sure = float(test["p_value"]) <= 1 - study.level
        kind = "zones_share" if fit.binary else "zones"
        values["unit"] = units_of(study, fit.outcome, data)
        told.append(Phrase(key=f"finding.{kind}" + ("" if sure else "_alike"), values=values))
    return tuple(told)


def _form_finding(fit: CurveFit) -> Phrase:
    """The form chosen, and how sure the choice is."""
    n_others = int((fit.forms["choice"] == "as good").sum())
    values: dict[str, str | int | float] = {
        "outcome": fit.outcome, "term": fit.term, "model": fit.chosen, "n": n_others,
    }  # fmt: skip
    if fit.chosen == STRAIGHT:
        return Phrase(key="finding.curve_straight", values=values)
    row = fit.forms[fit.forms["model"] == fit.chosen].iloc[0]
    ends = {"estimate": "loss_change", "conf_low": "conf_high", "conf_high": "conf_low"}  # a gain, not a loss
    values |= {name: -float(row[column]) for name, column in ends.items()}
    return Phrase(key="finding.curve_form", values=values)


def _figure(study: Study, fit: CurveFit, data: str) -> Figure:
    names: dict[str, str | int | float] = {"outcome": fit.outcome, "term": fit.term}
    along: dict[str, str | int | float] = {"term": fit.term, "unit": units_of(study, fit.term, data)}
    up: dict[str, str | int | float] = {"term": fit.outcome, "unit": units_of(study, fit.outcome, data)}
    if fit.binary:
        up["unit"] = "share"
    marks = fit.zones[(fit.zones["model"] == FIXED_ZONES) & (fit.zones["zone"] == "indifference")]
    if fit.chosen == FREE_ZONES:
        marks = fit.zones[(fit.zones["model"] == FREE_ZONES) & (fit.zones["zone"] == "indifference")]
    places = [float(value) for value in marks[["low", "high"]].to_numpy().ravel() if value == value]
    return Figure(
        id="loyalty_curve" if fit.outcome == "loyalty" else f"{fit.outcome}_curve",
        kind="curve",
        title=Phrase(key="figure.loyalty_curve", values=names),
        rows=fit.curve,
        source="loyalty_curve",
        notes=(
            Phrase(key="note.loyalty_figure"),
            Phrase(key="note.level", values={"level": study.level}),
        ),
        axes=(Phrase(key="figure.axis", values=along), Phrase(key="figure.axis", values=up)),
        verticals=tuple((place, float("nan"), float("nan")) for place in places),
    )

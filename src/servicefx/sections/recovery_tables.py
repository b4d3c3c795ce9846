"""Tables of who complained, what better handling goes with, and how far that carries."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from servicefx.errors import ServicefxError
from servicefx.models.recovery import complaint_counts, who_complained, worst_case_bounds
from servicefx.sections.drivers_asked import listed
from servicefx.sections.notes import draw_notes, dropped_notes, fit_notes, slope_unit
from servicefx.sections.recovery_asked import RecoveryAnswers
from servicefx.sections.recovery_ways_back import buffer_table, paradox_tables
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Table

__all__ = ["recovery_tables"]

_RHO_APART = 0.5
"""Difference of two estimates of one correlation beyond which neither is to be relied on."""


def recovery_tables(study: Study, found: RecoveryAnswers, seed: int) -> tuple[Table, ...]:
    """Every table the answers fill, in reading order.

    Parameters
    ----------
    study : Study
    found : RecoveryAnswers
    seed : int
        Of the shared resamples, for the notes.
    """
    tables = [_counts(study, found), _who(study, found)]
    if found.answers:
        tables += [_effects(study, found, seed), _selection(found)]
        weighted = next((a.weighted for a in found.answers.values() if a.weighted is not None), None)
        if weighted is not None:
            tables.append(
                Table(
                    id="complaint_weights",
                    title=Phrase(key="table.complaint_weights"),
                    rows=weighted.balance,
                    notes=(Phrase(key="note.complaint_weights"),),
                )
            )
    tables += _worst_case(study, found)
    if found.paradoxes:
        tables += paradox_tables(study, found)
    if found.buffers:
        tables.append(buffer_table(study, found))
    return tuple(tables)


def _counts(study: Study, found: RecoveryAnswers) -> Table:
    complaints = found.complaints
    notes = [
        Phrase(key="note.sample", values={"n_obs": len(complaints.frame), "data": found.data}),
        *dropped_notes(complaints.dropped),
    ]
    values: dict[str, str | int | float] = {"construct": found.asked.handling, "n": complaints.n_unasked}
    if complaints.n_unasked:
        notes.append(Phrase(key="note.handling_unasked", values=values))
    if complaints.n_unanswered:
        notes.append(Phrase(key="note.handling_unanswered", values=values | {"n": complaints.n_unanswered}))
    if study.weights(found.data) is not None:
        notes.append(Phrase(key="note.counts_unweighted"))
    return Table(
        id="complaints",
        title=Phrase(key="table.complaints"),
        rows=complaint_counts(complaints),
        notes=tuple(notes),
    )


def _who(study: Study, found: RecoveryAnswers) -> Table:
    terms = [*found.held, *(term for held in found.held.values() for term in held), *found.predictors]
    rows = who_complained(found.complaints, tuple(dict.fromkeys(terms)), level=study.level)
    hit = "failure" if found.complaints.failure is not None else "everybody"
    return Table(
        id="who_complained",
        title=Phrase(key="table.who_complained"),
        rows=rows if rows["undefined"].any() else rows.drop(columns="undefined"),
        notes=(
            Phrase(key=f"note.who_complained_{hit}"),
            Phrase(key="note.level", values={"level": study.level}),
        ),
    )


def _effects(study: Study, found: RecoveryAnswers, seed: int) -> Table:
    """One effect under several assumptions, outcome by outcome."""
    frames = []
    for outcome, answer in found.answers.items():
        rows = answer.table
        if outcome in found.direct:
            told = found.direct[outcome].estimates
            numbers = told.table(level=study.level).set_index("term").loc[found.asked.handling].to_dict()
            row: dict[str, object] = {
                name: numbers[name] for name in ("estimate", "std_error", "conf_low", "conf_high")
            }
            row |= {
                "outcome": outcome,
                "series": "complainers_direct",
                "n_obs": told.n_obs,
                "n_population": found.complaints.n_complained,
                "undefined": "",
            }
            rows = pd.concat([rows.iloc[:1], pd.DataFrame([row]), rows.iloc[1:]], ignore_index=True)
        unit = slope_unit(study, outcome, found.asked.handling, found.data)
        frames.append(rows[list(answer.table.columns)].assign(unit=unit))
    rows = pd.concat(frames, ignore_index=True)
    for name in ("n_obs", "n_population"):
        rows[name] = rows[name].astype("Int64")
    first = next(iter(found.answers.values()))
    failed = max((effect.n_failed for effect in first.effects), default=0)
    held = list(dict.fromkeys(term for terms in found.held.values() for term in terms))
    notes = [
        Phrase(key="note.recovery_series"),
        Phrase(key="note.recovery_held", values={"names": listed(held)})
        if held
        else Phrase(key="note.recovery_nothing_held"),
        *(
            note
            for note in fit_notes(study, found.data, first.complainers.estimates, "adjusted")
            if note.key not in ("note.sample", "note.level", "note.nothing_dropped")
        ),
        *draw_notes(study, found.data, seed, failed),
        Phrase(key="note.level", values={"level": study.level}),
    ]
    shown = rows if rows["undefined"].any() else rows.drop(columns="undefined")
    return Table(
        id="recovery",
        title=Phrase(key="table.recovery", values={"construct": found.asked.handling}),
        rows=shown,
        notes=tuple(notes),
    )


def _selection(found: RecoveryAnswers) -> Table:
    """How far weighting and correction can be trusted."""
    rows: list[dict[str, object]] = []
    cautions: dict[str, None] = {}

    def put(outcome: str, measure: str, estimate: float, p_value: float = np.nan) -> None:
        rows.append({"outcome": outcome, "measure": measure, "estimate": estimate, "p_value": p_value})

    for outcome, answer in found.answers.items():
        if answer.weighted is not None:
            chances = answer.weighted.overlap
            put(outcome, "complainers_effective", answer.weighted.n_effective)
            put(outcome, "largest_weight", answer.weighted.largest)
            put(outcome, "weights_cut", answer.weighted.n_trimmed / answer.weighted.n_obs)
            put(outcome, "lowest_chance", float(chances["low"].min()))
            put(outcome, "highest_chance", float(chances["high"].max()))
            cautions |= dict.fromkeys(answer.weighted.cautions)
        for fit in (answer.two_step, answer.likelihood):
            if fit is None:
                continue
            put(outcome, f"rho_{fit.method}", fit.rho, fit.test_p)
            cautions |= dict.fromkeys(fit.cautions)
        fit = answer.two_step or answer.likelihood
        if fit is not None:
            if fit.excluded:
                put(outcome, "exclusion_strength", fit.strength["chi2"], fit.strength["p_value"])
            put(outcome, "mills_inflation", fit.inflation)
        if answer.two_step is not None and answer.likelihood is not None:
            rho = (answer.two_step.rho, answer.likelihood.rho)
            if abs(rho[0] - rho[1]) > _RHO_APART:
                places = f"{rho[0]:.2f} and {rho[1]:.2f}"
                told = f"the two selection models put the unmeasured correlation at {places}"
                cautions[f"{told}: it can hardly be told"] = None
    excluded = next((a.two_step.excluded for a in found.answers.values() if a.two_step is not None), ())
    notes = [Phrase(key="note.recovery_selection")]
    if excluded:
        notes.append(Phrase(key="note.recovery_excluded", values={"names": listed(excluded)}))
    notes += [Phrase(key="note.recovery_caution", values={"text": text}) for text in _once(cautions)]
    return Table(
        id="selection",
        title=Phrase(key="table.selection"),
        rows=pd.DataFrame(rows, columns=["outcome", "measure", "estimate", "p_value"]),
        notes=tuple(notes),
    )


def _once(texts: Iterable[str]) -> list[str]:
    """Texts that differ in their numbers only, once: that of the first outcome."""
    return list({re.sub(r"[\d.]+", "#", text): text for text in reversed(list(texts))}.values())[::-1]


def _worst_case(study: Study, found: RecoveryAnswers) -> list[Table]:
    """Bounds of the means; nothing where everybody complained or no scale is known."""
    hit = found.complaints.failed
    if found.complaints.complained[hit].all():
        return []
    named, scales = [], []
    for name in (*found.held, found.asked.handling):
        scale = study.scale_of(name)
        if scale is not None:
            named.append(name)
            scales.append((float(scale.min), float(scale.max)))
    try:
        rows = worst_case_bounds(found.complaints, named, scales, level=study.level)
    except ServicefxError:
        return []
    return [
        Table(
            id="worst_case",
            title=Phrase(key="table.worst_case"),
            rows=rows,
            notes=(
                Phrase(key="note.worst_case"),
                Phrase(key="note.level", values={"level": study.level}),
            ),
        )
    ]

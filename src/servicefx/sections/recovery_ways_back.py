"""Tables and the figure of the way back from a failure: paradox, reach and buffers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servicefx.sections.notes import dropped_notes, fit_notes, units_of, wider_notes
from servicefx.sections.recovery_asked import RecoveryAnswers
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Table

__all__ = ["buffer_table", "paradox_tables", "recovery_figures"]

_INTERVAL = ["estimate", "conf_low", "conf_high"]


def paradox_tables(study: Study, found: RecoveryAnswers) -> list[Table]:
    """Complainers by how well they were handled, the way back to no failure, and the line behind it."""
    bands, reach, curves = [], [], []
    for outcome, paradox in found.paradoxes.items():
        bands.append(paradox.bands.drop(columns="std_error").assign(outcome=outcome))
        place = paradox.reach
        reach.append(
            {
                "outcome": outcome,
                "estimate": place.estimate,
                "conf_low": place.conf_low if np.isfinite(place.conf_low) else np.nan,
                "conf_high": place.conf_high if np.isfinite(place.conf_high) else np.nan,
                "unit": units_of(study, found.asked.handling, found.data),
                "undefined": _why_no_reach(study, found, outcome),
            }
        )
        curves.append(paradox.curve.assign(outcome=outcome))
    first = next(iter(found.paradoxes.values()))
    rows = pd.concat(bands, ignore_index=True)
    rows = rows[["outcome", *(name for name in rows.columns if name != "outcome")]]
    level = Phrase(key="note.level", values={"level": study.level})
    notes = [
        Phrase(
            key="note.recovery_bands",
            values={"middle": first.middle, "cut": first.cut, "construct": found.asked.handling},
        ),
        *dropped_notes(first.estimates.dropped),
        *wider_notes(study, found.data),
        Phrase(key="note.covariance", values={"kind": first.estimates.covariance_kind}),
    ]
    if first.n_aside and found.complaints.failure is not None:
        notes.append(Phrase(key="note.recovery_aside", values={"n": first.n_aside}))
    return [
        Table(
            id="recovery_paradox",
            title=Phrase(key="table.recovery_paradox"),
            rows=rows,
            notes=(*notes, level),
        ),
        Table(
            id="recovery_reach",
            title=Phrase(key="table.recovery_reach", values={"construct": found.asked.handling}),
            rows=pd.DataFrame(reach),
            notes=(Phrase(key="note.recovery_reach"), level),
        ),
        Table(
            id="recovery_curve",
            title=Phrase(key="table.recovery_curve", values={"construct": found.asked.handling}),
            rows=pd.concat(curves, ignore_index=True)[["outcome", "score", *_INTERVAL]],
            notes=(Phrase(key="note.recovery_figure"), level),
            layout="behind",
        ),
    ]


def _why_no_reach(study: Study, found: RecoveryAnswers, outcome: str) -> str:
    place = found.paradoxes[outcome].reach
    scale = study.scale_of(found.asked.handling)
    if place.undefined or scale is None:
        return place.undefined
    if not place.within:
        return f"not within the scale from {scale.min:g} to {scale.max:g}"
    return "" if np.isfinite(place.conf_low) else "no interval: the outcome may not rise with handling at all"


def buffer_table(study: Study, found: RecoveryAnswers) -> Table:
    """By how much less a failure costs where a buffer is high, and its cost at values of the buffer."""
    frames = []
    for (outcome, buffer), answer in found.buffers.items():
        product = answer.product.assign(kind="product", at=np.nan)
        slopes = answer.slopes.assign(kind="slope", outcome=outcome, moderator=buffer)
        frames += [product, slopes]
    columns = ["outcome", "moderator", "kind", "at", *_INTERVAL, "p_value"]
    first = next(iter(found.buffers.values())).interaction.estimates
    return Table(
        id="failure_buffer",
        title=Phrase(key="table.failure_buffer"),
        rows=pd.concat([frame[columns] for frame in frames], ignore_index=True),
        notes=(
            Phrase(key="note.failure_buffer"),
            *(
                note
                for note in fit_notes(study, found.data, first, "adjusted")
                if note.key != "note.assumption" or "straight line" in str(note.values["text"])
            ),
        ),
    )


def recovery_figures(study: Study, found: RecoveryAnswers) -> tuple[Figure, ...]:
    """Complainers against customers without a failure, along how well they were handled."""
    if not found.paradoxes:
        return ()
    outcome, paradox = next(iter(found.paradoxes.items()))
    place = paradox.reach
    unit = units_of(study, found.asked.handling, found.data)
    return (
        Figure(
            id="recovery_curve",
            kind="curve",
            title=Phrase(key="figure.recovery_curve", values={"outcome": outcome}),
            rows=paradox.curve.rename(columns={"score": "x"}),
            source="recovery_curve",
            notes=(
                Phrase(key="note.recovery_figure"),
                Phrase(key="note.level", values={"level": study.level}),
            ),
            axes=(
                Phrase(key="figure.axis", values={"term": found.asked.handling, "unit": unit}),
                Phrase(key="figure.difference", values={"unit": units_of(study, outcome, found.data)}),
            ),
            verticals=((place.estimate, place.conf_low, place.conf_high),)
            if place.within and np.isfinite(place.conf_low)
            else (),
        ),
    )

"""What complaint recovery says in words."""

from __future__ import annotations

import numpy as np

from servicefx.models.recovery import RecoveryParadox, SelectionAnswers
from servicefx.sections.notes import step_of, units_of
from servicefx.sections.recovery_asked import RecoveryAnswers
from servicefx.study.study import Study
from servicefx.values.table import Phrase

__all__ = ["recovery_findings"]

_CARRIED = ("weighted", "two_step")
Values = dict[str, str | int | float]


def recovery_findings(study: Study, found: RecoveryAnswers) -> tuple[Phrase, ...]:
    """The effect among complainers, how far it carries, the paradox, the way back, and what cushions.

    Parameters
    ----------
    study : Study
    found : RecoveryAnswers
    """
    told: list[Phrase] = []
    for outcome in found.held:
        if outcome in found.answers:
            told += _effect(study, found, outcome, found.answers[outcome])
        if outcome in found.paradoxes:
            told += _paradox(study, found, outcome, found.paradoxes[outcome])
    for (outcome, buffer), cushion in found.buffers.items():
        row, slopes = cushion.product.iloc[0].to_dict(), cushion.slopes
        values: Values = {
            "outcome": outcome,
            "term": buffer,
            "estimate": float(row["estimate"]),
            "conf_low": float(row["conf_low"]),
            "conf_high": float(row["conf_high"]),
            "unit": units_of(study, outcome, found.data),
            "low": float(slopes["estimate"].iloc[0]),
            "high": float(slopes["estimate"].iloc[-1]),
            "at_low": float(slopes["at"].iloc[0]),
            "at_high": float(slopes["at"].iloc[-1]),
        }
        told.append(Phrase(key=f"finding.buffer_{cushion.verdict}", values=values))
    return tuple(told)


def _effect(study: Study, found: RecoveryAnswers, outcome: str, answer: SelectionAnswers) -> list[Phrase]:
    rows = {str(row["series"]): row for row in answer.table.to_dict("records")}
    first = rows["complainers"]
    values: Values = {
        "term": found.asked.handling,
        "outcome": outcome,
        "estimate": float(first["estimate"]),
        "conf_low": float(first["conf_low"]),
        "conf_high": float(first["conf_high"]),
        "n": int(first["n_obs"]),
        "design": "adjusted" if found.held[outcome] else "association",
        "step": step_of(study, found.asked.handling, found.data),
        "unit": units_of(study, outcome, found.data),
    }
    sure = float(first["conf_low"]) > 0 or float(first["conf_high"]) < 0
    told = [Phrase(key="finding.recovery" if sure else "finding.recovery_open", values=values)]
    carried = {name: rows[name] for name in _CARRIED if name in rows and not rows[name]["undefined"]}
    whom: Values = {
        "outcome": outcome,
        "unit": units_of(study, outcome, found.data),
        "n": int(found.complaints.failed.sum()),
        "silent": int((found.complaints.failed & ~found.complaints.complained).sum()),
    }
    if len(carried) == len(_CARRIED):
        numbers: Values = {
            f"{name}{end}": float(row[column])
            for name, row in carried.items()
            for end, column in (("", "estimate"), ("_low", "conf_low"), ("_high", "conf_high"))
        }
        hit = "failure" if found.complaints.failure is not None else "everybody"
        told.append(Phrase(key=f"finding.recovery_carried_{hit}", values=whom | numbers))
    for name, row in carried.items() if len(carried) == 1 else ():
        numbers = {key: float(row[key]) for key in ("estimate", "conf_low", "conf_high")}
        told.append(Phrase(key="finding.recovery_carried_one", values={**whom, **numbers, "series": name}))
    return told


def _paradox(study: Study, found: RecoveryAnswers, outcome: str, paradox: RecoveryParadox) -> list[Phrase]:
    row = paradox.bands[paradox.bands["customers"] == "excellent"].iloc[0].to_dict()
    scale = study.scale_of(found.asked.handling)
    values: Values = {
        "outcome": outcome,
        "term": found.asked.handling,
        "cut": paradox.cut,
        "n": int(row["n_obs"]),
        "unit": units_of(study, outcome, found.data),
    }
    told = []
    if row["undefined"]:
        told.append(Phrase(key="finding.paradox_few", values=values))
    else:
        numbers: Values = {
            name: float(row[name]) for name in ("estimate", "conf_low", "conf_high", "difference")
        }
        told.append(Phrase(key=f"finding.paradox_{paradox.verdict}", values=values | numbers))
        if found.held[outcome] and paradox.verdict == "contradicted" and float(row["difference"]) > 0:
            told.append(Phrase(key="finding.paradox_raw", values=values | numbers))
    place = paradox.reach
    if place.undefined or scale is None:
        return told
    crossing: Values = {
        "estimate": place.estimate,
        "conf_low": place.conf_low,
        "conf_high": place.conf_high,
        "highest": float(scale.max),
    }
    if place.estimate > scale.max:
        told.append(Phrase(key="finding.recovery_beyond", values=values | crossing))
    elif place.within and np.isfinite(place.conf_low):
        told.append(Phrase(key="finding.recovery_reach", values=values | crossing))
    return told

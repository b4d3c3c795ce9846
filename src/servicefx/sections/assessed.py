"""What the sections on measurement share: the assessment, its notes, and what falls short of a rule."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servicefx.measurement.assessment import MeasurementReport, PartName, assess
from servicefx.measurement.rules import RULES
from servicefx.sections.notes import score_notes
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Table

__all__ = [
    "apart_notes",
    "assessed",
    "interval_notes",
    "problem_notes",
    "rules_table",
    "sample_note",
    "source_note",
    "text_notes",
    "undefined_notes",
]


_RATIO, _STATISTICS = "ratio of ", "item statistics of "


def assessed(study: Study, *parts: PartName, seed: int | None = None) -> MeasurementReport | None:
    """Some parts of the assessment; None where no construct of the study has items."""
    spec = study.spec
    home = spec.measurement_home
    if home is None or not any(
        spec.constructs[c].items and study.data_of(c) == home for c in spec.constructs
    ):
        return None
    return assess(study, parts=parts, seed=seed)


def sample_note(report: MeasurementReport) -> Phrase:
    """Rows behind the tables."""
    return Phrase(key="note.sample", values={"n_obs": report.n_obs, "data": report.data})


def interval_notes(study: Study, report: MeasurementReport) -> tuple[Phrase, ...]:
    """Weights, clusters and the level of intervals."""
    return score_notes(study, report.data)[1:]


def text_notes(report: MeasurementReport, *topics: str) -> tuple[Phrase, ...]:
    """What must be known to read the tables of some topics."""
    told = dict.fromkeys(note for topic in topics for note in report.notes.get(topic, ()))
    return tuple(Phrase(key="note.text", values={"text": note}) for note in told)


def problem_notes(report: MeasurementReport) -> tuple[Phrase, ...]:
    """What to look at, by name."""
    return tuple(
        Phrase(
            key="note.problem",
            values={"where": problem.where, "found": problem.found, "remedy": problem.remedy},
        )
        for problem in report.problems
    )


def undefined_notes(report: MeasurementReport, *parts: str) -> tuple[Phrase, ...]:
    """Parts without an answer, or without some of it, and why."""
    return tuple(
        _not_answered(name, why.rstrip("."))
        for name, why in report.undefined.items()
        if name.partition(": ")[0] in parts and not name.startswith("bias: marker models, ")  # in its table
    )


def _not_answered(name: str, why: str) -> Phrase:
    of = name.partition(": ")[2]
    if of.startswith(_RATIO):
        left, right = of.removeprefix(_RATIO).split(", ")
        return Phrase(key="note.no_ratio", values={"left": left, "right": right, "why": why})
    if of.startswith(_STATISTICS):
        construct = of.removeprefix(_STATISTICS)
        return Phrase(key="note.no_statistics", values={"construct": construct, "why": why})
    return Phrase(key="note.not_answered", values={"part": name, "why": why})


def apart_notes(report: MeasurementReport) -> tuple[Phrase, ...]:
    """Constructs that are not in the joint analyses, and why."""
    reasons = {name: report.undefined.get(f"joint analyses: {name}", "") for name in report.apart}
    return tuple(
        Phrase(key="note.apart", values={"construct": name, "why": why})
        for name, why in reasons.items()
        if why
    )


def source_note(rule: str, source: str) -> Phrase:
    """Where a rule of thumb comes from."""
    return Phrase(key="note.rule_source", values={"rule": rule, "source": source.rstrip(".")})


def rules_table(report: MeasurementReport, id: str) -> Table:
    """Rule by rule: how many numbers were held against it, how many miss it, and the one that misses most."""
    rows = []
    for rule, some in report.rules[report.rules["judgement"] != ""].groupby("rule", sort=False):
        distance = (some["estimate"] - some["threshold"]).to_numpy(dtype=float)
        worse = -1.0 if RULES[str(rule)].better == "high" else 1.0
        missed = some["judgement"].isin(["warn", "fail"]).to_numpy()
        worst = some.iloc[int(np.argmax(np.where(missed, 1e9, 0.0) + worse * distance))]
        rows.append(
            {
                "rule": rule,
                "n_judged": len(some),
                "n_missed": int(missed.sum()),
                "subject": worst["subject"],
                "estimate": float(worst["estimate"]),
                "conf_low": float(worst["conf_low"]),
                "conf_high": float(worst["conf_high"]),
                "threshold": float(worst["threshold"]),
                "judgement": worst["judgement"],
            }
        )
    judged = int((report.rules["judgement"] != "").sum())
    missed_all = int(report.rules["judgement"].isin(["warn", "fail"]).sum())
    return Table(
        id=id,
        title=Phrase(key=f"table.{id}"),
        rows=pd.DataFrame(rows),
        notes=(
            Phrase(key="note.rules", values={"n": judged, "missed": missed_all}),
            *(
                source_note(str(row["rule"]), str(row["source"]))
                for row in report.rules.drop_duplicates("rule")[["rule", "source"]].to_dict("records")
                if str(row["rule"]) in {str(each["rule"]) for each in rows}
            ),
        ),
    )

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
    "assessed",
    "interval_notes",
    "problem_notes",
    "rules_table",
    "sample_note",
    "text_notes",
    "undefined_notes",
]


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
    """Parts without an answer, and why; all of them where none is named."""
    return tuple(
        Phrase(key="note.not_answered", values={"name": name, "why": why})
        for name, why in report.undefined.items()
        if not parts or name in parts
    )


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
                "n_warn": int((some["judgement"] == "warn").sum()),
                "n_fail": int((some["judgement"] == "fail").sum()),
                "subject": worst["subject"],
                "estimate": float(worst["estimate"]),
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
                Phrase(
                    key="note.rule_source", values={"rule": str(row["rule"]), "source": str(row["source"])}
                )
                for row in report.rules.drop_duplicates("rule")[["rule", "source"]].to_dict("records")
                if str(row["rule"]) in {str(each["rule"]) for each in rows}
            ),
        ),
    )

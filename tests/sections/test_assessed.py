from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.assessment import MeasurementReport
from servicefx.measurement.rules import judge, rules_frame
from servicefx.report.words import say
from servicefx.sections.assessed import apart_notes, rules_table, undefined_notes


def report(**told: object) -> MeasurementReport:
    empty = {"data": "d", "n_obs": 9, "constructs": {}, "apart": {}, "frames": {}, "rules": rules_frame([])}
    return MeasurementReport(**(empty | told))  # type: ignore[arg-type]


def test_notes_are_of_the_parts_asked_for_in_words() -> None:
    found = report(
        undefined={
            "validity: confirmatory model": "model: no answer. Simplify it.",
            "validity: ratio of trust, loyalty": "items: 3 rows. Add rows.",
            "reliability: item statistics of trust": "items: flat. Leave them out.",
            "invariance": "no groups",
            "bias: marker models, method_u": "told in its table",
        }
    )
    notes = undefined_notes(found, "validity", "reliability", "bias")
    assert [say(note, str.upper) for note in notes] == [
        "Not answered: confirmatory model of all constructs: model: no answer. Simplify it.",
        "No heterotrait–monotrait ratio of TRUST and LOYALTY: items: 3 rows. Add rows.",
        "No statistics of the items of TRUST: items: flat. Leave them out.",
    ]


def test_constructs_apart_are_told_with_their_reason() -> None:
    found = report(
        apart={"trust": ("t1", "t2")},
        undefined={"joint analyses: trust": "nobody answered its items"},
    )
    assert [say(note, str.title) for note in apart_notes(found)] == [
        "Trust is left out of the joint analyses: nobody answered its items."
    ]


@pytest.mark.parametrize(
    ("estimates", "worst"),
    [({"a": 0.9, "b": 0.65, "c": 0.5}, "c"), ({"a": 0.9, "b": 0.72}, "b"), ({"a": 0.9, "b": np.nan}, "a")],
)
def test_each_rule_shows_its_worst_number_and_counts_the_others(
    estimates: dict[str, float], worst: str
) -> None:
    rules = rules_frame(
        judge("alpha", name, value, value - 0.1, value + 0.1) for name, value in estimates.items()
    )
    (row,) = rules_table(report(rules=rules), "rules").rows.to_dict("records")
    known = pd.Series(estimates).dropna()
    assert row["subject"] == worst
    assert (row["n_judged"], row["n_missed"]) == (len(known), int((known < 0.7).sum()))
    assert (row["estimate"], row["conf_low"], row["threshold"]) == (
        known[worst], pytest.approx(known[worst] - 0.1), 0.7,
    )  # fmt: skip


def test_a_number_that_misses_by_its_interval_comes_before_one_that_passes() -> None:
    rules = rules_frame(
        [
            judge("htmt_inference", "near", 0.9, 0.8, 1.05, against=1.05),
            judge("htmt_inference", "high", 0.95, 0.92, 0.98, against=0.98),
        ]
    )
    (row,) = rules_table(report(rules=rules), "rules").rows.to_dict("records")
    assert (row["subject"], row["judgement"], row["conf_high"]) == ("near", "fail", 1.05)

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from servicefx.measurement.assessment import assess
from servicefx.report.words import say
from servicefx.sections.screening import screening_section


def test_findings_are_the_numbers_of_the_assessment(made: ModuleType) -> None:
    study = made.quality_study(made.quality_frame(gaps=0.05))
    section = screening_section(study)
    assert section is not None
    report = assess(study, parts=["screening"])
    flags = report.frame("flags").set_index("rule")
    shown = section.tables[0].rows.set_index("rule")
    assert shown["n_flagged"].to_dict() == flags["n_flagged"].to_dict()
    first, second = section.findings
    assert dict(first.values) == {
        "share": flags.loc["any_rule", "share"], "n": flags.loc["any_rule", "n_flagged"],
    }  # fmt: skip
    assert say(first, str).endswith("flagged by at least one rule of screening; none is left out.")
    assert dict(second.values) == {"p": report.frame("gaps_test")["p_value"].iloc[0]}
    assert [table.id for table in section.tables] == ["screening", "screening_items", "missing_patterns"]


def test_without_a_gap_no_table_of_patterns_stands(made: ModuleType) -> None:
    section = screening_section(made.quality_study())
    assert section is not None
    assert [table.id for table in section.tables] == ["screening", "screening_items"]
    assert len(section.findings) == 1


def test_a_complete_row_is_missing_nothing(made: ModuleType) -> None:
    section = screening_section(made.quality_study(made.quality_frame(gaps=0.05)))
    assert section is not None
    assert section.tables[2].rows["missing"].iloc[0] == "nothing"


def test_every_item_stands_under_its_construct(made: ModuleType) -> None:
    table = made.quality_constructs() | {"repurchase": {"mode": "single", "items": ["m1"]}}
    section = screening_section(made.quality_study(constructs=table))
    assert section is not None
    assert (section.tables[1].rows["construct"] != "").all()


def test_a_source_ends_with_one_full_stop(made: ModuleType) -> None:
    section = screening_section(made.quality_study())
    assert section is not None
    told = [say(note, str) for table in section.tables for note in table.notes]
    assert not [sentence for sentence in told if sentence.endswith("..")]


def test_what_cannot_be_screened_is_a_section_with_its_reason(made: ModuleType) -> None:
    section = screening_section(made.quality_study(measurement={"duration": "channel"}))
    assert section is not None
    assert section.tables == ()
    assert [say(note, str) for note in section.notes] == [
        "Not answered: screening: duration: holds text, seconds expected. Recode it as a number of seconds."
    ]


def test_a_study_whose_every_item_is_blank_is_screened(made: ModuleType) -> None:
    frame = made.quality_frame()
    frame.iloc[:, :12] = np.nan
    section = screening_section(made.quality_study(frame))
    assert section is not None
    assert section.tables or section.notes


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_sentence_can_be_said(made: ModuleType, language: str) -> None:
    section = screening_section(made.quality_study(made.quality_frame(gaps=0.05)))
    assert section is not None
    for phrase in (*section.findings, *(note for table in section.tables for note in table.notes)):
        assert say(phrase, str, language)

from __future__ import annotations

from types import ModuleType
from typing import Any

from servicefx.measurement.assessment import assess
from servicefx.report.words import say
from servicefx.sections.benefit import benefit_section


def families(made: ModuleType, *, whole: bool = True) -> dict[str, dict[str, Any]]:
    names = {"economic_benefit": "tan", "social_benefit": "rel", "relationship_benefit": "sat"}
    table: dict[str, dict[str, Any]] = {
        name: {"mode": "formative", "items": [f"{stem}{at}" for at in (1, 2, 3)], "scale": "seven"}
        for name, stem in names.items()
    }
    return table | ({"after_sales_benefit": made.quality_constructs()["loyalty"]} if whole else {})


def test_tables_hold_the_numbers_of_the_assessment(made: ModuleType) -> None:
    study = made.quality_study(constructs=families(made))
    section = benefit_section(study)
    assert section is not None
    report = assess(study, parts=["benefit"])
    shown = {table.id: table.rows for table in section.tables}
    weights = report.frame("benefit_families")
    assert shown["benefit"]["estimate"].tolist() == weights["estimate"].tolist()
    most = weights.sort_values("share").iloc[-1]
    assert dict(section.findings[0].values) == {"construct": most["construct"], "share": most["share"]}
    assert "The index uses 300 rows without a gap." in [say(note, str) for note in section.tables[0].notes]


def test_a_benefit_without_a_measure_of_the_whole_says_what_is_lacking(made: ModuleType) -> None:
    section = benefit_section(made.quality_study(constructs=families(made, whole=False)))
    assert section is not None
    assert section.tables == ()
    assert "no measure of the benefit as a whole" in say(section.notes[0], str)


def test_other_constructs_whose_names_end_alike_make_no_section(made: ModuleType) -> None:
    table = made.quality_constructs()
    table["user_benefit"] = table.pop("loyalty") | {"label": "Benefit of use"}
    table["other_benefit"] = table.pop("satisfaction") | {"label": "Other benefit"}
    assert benefit_section(made.quality_study(constructs=table)) is None

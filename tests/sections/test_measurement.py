from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.assessment import assess
from servicefx.report.words import say
from servicefx.sections.measurement import measurement_section
from servicefx.values.table import Section


def tables(section: Section | None) -> dict[str, pd.DataFrame]:
    assert section is not None
    return {table.id: table.rows for table in section.tables}


def told(section: Section | None) -> list[str]:
    assert section is not None
    return [say(note, str) for note in section.notes]


def test_tables_hold_the_numbers_of_the_assessment(made: ModuleType) -> None:
    study = made.quality_study(data={"customers": {"nested_in": ["outlet"]}})
    found = tables(measurement_section(study))
    report = assess(study, parts=["reliability", "validity", "dimensions", "bias"])
    reliability = report.frame("reliability")
    alpha = reliability[reliability["measure"] == "alpha"]
    own = found["reliability"]
    assert own["alpha"].tolist() == pytest.approx(alpha["estimate"].tolist(), abs=1e-12)
    assert own["alpha_low"].tolist() == alpha["conf_low"].tolist()
    extracted = report.frame("extracted_variance")["estimate"]
    assert own["average_variance_extracted"].tolist() == extracted.tolist()
    loadings = report.frame("loadings")
    assert found["loadings"]["loading"].tolist() == loadings["estimate"].tolist()
    pairs = report.frame("correlations")
    assert found["construct_pairs"]["correlation"].tolist() == pairs["estimate"].tolist()
    ratios = report.frame("htmt").set_index(["measure", "left", "right"])
    for row in found["construct_pairs"].itertuples():
        assert row.ratio == ratios.loc[("htmt", row.construct, row.other), "ratio"]
        assert row.ratio_high == ratios.loc[("htmt", row.construct, row.other), "conf_high"]
        assert row.ratio_geometric == ratios.loc[("htmt2", row.construct, row.other), "ratio"]
    judged = report.rules[report.rules["judgement"] != ""]
    assert found["rules"]["n_judged"].sum() == len(judged)


def test_the_rule_table_names_the_number_that_misses_each_most(made: ModuleType) -> None:
    frame = made.quality_frame()
    frame["tan1"] = np.random.default_rng(3).integers(1, 8, 300).astype(float)
    study = made.quality_study(frame)
    report = assess(study, parts=["validity"])
    rules = tables(measurement_section(study))["rules"].set_index("rule")
    assert rules.loc["alpha", "subject"] == "tangibles"
    assert rules.loc["loading", "subject"] == report.frame("loadings").set_index("item")["estimate"].idxmin()
    assert rules.loc["loading", "judgement"] == "fail"
    assert rules.loc["htmt_strict", "judgement"] == "pass"


def test_a_construct_asked_of_some_is_measured_by_itself_and_named(made: ModuleType) -> None:
    frame = made.quality_frame()
    frame.loc[60:, ["loy1", "loy2", "loy3"]] = np.nan
    section = measurement_section(made.quality_study(frame))
    row = tables(section)["reliability"].set_index("construct").loc["loyalty"]
    assert row["n_obs"] == 60
    assert np.isfinite(row["alpha"])
    assert np.isnan(row["rho_a"])
    assert row["undefined"] == "its weights come from the correlations with another construct"
    assert (
        "loyalty is left out of the joint analyses: only 20% of rows answer any of its items; it is assessed "
        "by itself."
    ) in told(section)


def test_where_the_confirmatory_model_is_not_found_pairs_are_shown_by_their_ratios(
    made: ModuleType,
) -> None:
    frame = made.quality_frame()
    frame[frame.columns[:12]] = np.random.default_rng(0).integers(1, 8, (300, 12)).astype(float)
    section = measurement_section(made.quality_study(frame))
    found = tables(section)
    assert found["construct_pairs"]["ratio"].notna().all()
    assert "correlation" not in found["construct_pairs"]
    assert any(
        note.startswith("Not answered: confirmatory model of all constructs: ") for note in told(section)
    )


def test_a_marker_that_is_stated_is_shown(made: ModuleType) -> None:
    study = made.quality_study(measurement={"marker": ["m1", "m2"]})
    found = tables(measurement_section(study))
    assert found["marker"]["adjusted"].tolist() == (
        assess(study, parts=["bias"]).frame("marker")["adjusted"].tolist()
    )
    assert len(found["marker_models"]) == 5
    assert "marker" not in tables(measurement_section(made.quality_study()))


@pytest.mark.parametrize(
    "constructs",
    [{"n_items": 1}, {"n_items": 2}],
)
def test_short_constructs_have_a_section(made: ModuleType, constructs: dict[str, Any]) -> None:
    study = made.quality_study(constructs=made.quality_constructs(**constructs))
    reliability = tables(measurement_section(study))["reliability"]
    assert reliability["alpha"].isna().all() == (constructs["n_items"] == 1)
    assert ((reliability["undefined"] != "") | reliability["alpha"].notna()).all()


def test_one_construct_has_reliability_dimensions_and_its_own_loadings(made: ModuleType) -> None:
    only = {"satisfaction": made.quality_constructs()["satisfaction"]}
    section = measurement_section(made.quality_study(constructs=only))
    assert {"reliability", "components", "loadings", "method_bias"} <= set(tables(section))
    assert any("1 reflective construct of two items or more, 2 expected" in note for note in told(section))


def test_no_note_ends_with_two_full_stops_or_breaks_its_line(made: ModuleType) -> None:
    frame = made.quality_frame()
    frame["tan1"] = 4.0
    section = measurement_section(made.quality_study(frame, measurement={"marker": ["m1"]}))
    assert section is not None
    phrases = (*section.findings, *section.notes, *(n for table in section.tables for n in table.notes))
    for language in ("en", "zh"):
        sentences = [say(phrase, str, language) for phrase in phrases]
        assert not [one for one in sentences if one.endswith("..") or "\n" in one]


def test_labels_stand_for_ids_in_what_to_look_at(made: ModuleType) -> None:
    frame = made.quality_frame()
    for item in (1, 2, 3):
        frame[f"rel{item}"] = (frame[f"tan{item}"] + (frame.index % 3 == item - 1)).clip(1, 7)
    section = measurement_section(made.quality_study(frame))
    assert section is not None
    pairs = next(table for table in section.tables if table.id == "construct_pairs")
    labels = {"tangibles": "Tangible things", "reliability": "Keeping promises"}
    sentences = [say(note, lambda name: labels.get(name, name)) for note in pairs.notes]
    named = [one for one in sentences if one.startswith("model: ")]
    assert named
    assert all("'tangibles'" not in one and "'reliability'" not in one for one in named)

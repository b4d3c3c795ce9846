"""The gap section: when it is asked, what its sentences say, and that figures draw rows of tables."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.report.words import say
from servicefx.sections.gap import gap_section
from servicefx.study.study import Study
from servicefx.values.table import Section

STEMS = {"reliability": "a", "empathy": "b"}


def frame(
    n: int = 600, *, loss: float = 0.9, gain: float = 0.3, shift: float = 0.0, seed: int = 1
) -> pd.DataFrame:
    """Two dimensions of two item pairs each, and an outcome that bends over their mean gap."""
    rng = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {}
    for stem in STEMS.values():
        wanted, got = rng.normal(4.6, 1.0, n), rng.normal(4.3 + shift, 1.1, n)
        for item in (1, 2):
            columns[f"{stem}{item}"] = np.clip(np.round(got + 0.3 * rng.normal(size=n)), 1, 7)
            columns[f"{stem}{item}_e"] = np.clip(np.round(wanted + 0.3 * rng.normal(size=n)), 1, 7)
    gap = np.mean([columns[f"{s}{i}"] - columns[f"{s}{i}_e"] for s in STEMS.values() for i in (1, 2)], axis=0)
    columns["s1"] = 4.5 + loss * np.minimum(gap, 0) + gain * np.maximum(gap, 0) + 0.4 * rng.normal(size=n)
    columns["outlet"] = np.arange(n) % 40
    return pd.DataFrame(columns).astype(float)


def study(made: ModuleType, answers: pd.DataFrame, outcome: str = "satisfaction", **tables: object) -> Study:
    constructs = {
        name: {
            "mode": "reflective", "items": [f"{stem}1", f"{stem}2"],
            "expectation": [f"{stem}1_e", f"{stem}2_e"], "scale": "seven",
        }
        for name, stem in STEMS.items()
    }  # fmt: skip
    constructs[outcome] = {"mode": "single", "items": ["s1"], "scale": "eleven"}
    inference = {"inference": {"draws": 60, "seed": 7}}
    return made.study_of({"customers": answers}, **({"constructs": constructs} | inference | tables))


def told(section: Section | None, language: str = "en") -> dict[str, str]:
    assert section is not None
    return {finding.key.removeprefix("finding."): say(finding, str, language) for finding in section.findings}


def rows_of(section: Section, name: str) -> pd.DataFrame:
    return next(table.rows for table in section.tables if table.id == name)


def test_losses_that_weigh_more_are_said_to_with_their_ratio(made: ModuleType):
    section = gap_section(study(made, frame()))
    found = told(section)
    assert "first half: supported" in found["gap_slope"]
    assert "second half: supported" in found["gap_losses_ratio"]
    assert "goes with" in found["gap_slope"]
    assert found["gap_dimensions"].startswith(
        "In 2 of 2 dimensions the slope of satisfaction is surely steeper below"
    )
    assert set(told(section, "zh")) == set(found)
    kink = rows_of(section, "gap_kink").set_index(["model", "kind"])
    loss, gain = (kink.loc[("gap alone", kind), "estimate"] for kind in ("losses", "gains"))
    assert (loss, gain) == pytest.approx((0.9, 0.3), abs=0.12)
    assert (
        f"{loss:+.3f} points per point of the gap below expectation against {gain:+.3f}"
        in found["gap_losses_ratio"]
    )
    assert kink["verdict"].ne("").sum() == 4


def test_gains_that_may_count_for_nothing_have_no_ratio(made: ModuleType):
    section = gap_section(study(made, frame(gain=0.0)))
    assert "no ratio is given" in told(section)["gap_losses"]
    kink = rows_of(section, "gap_kink").set_index(["model", "kind"])
    row = kink.loc[("gap alone", "losses over gains")]
    assert row[["estimate", "conf_low", "conf_high"]].isna().all()
    assert row["undefined"].startswith("the denominator may be 0")


def test_a_straight_relation_leaves_the_asymmetry_open_and_a_reverse_one_contradicts_it(made: ModuleType):
    straight = told(gap_section(study(made, frame(loss=0.6, gain=0.6))))
    assert "stays open" in straight["gap_alike"]
    assert not {"gap_kink_sharp", "gap_kink_smooth"} & set(straight)
    reverse = told(gap_section(study(made, frame(loss=0.2, gain=0.8))))
    assert "second half: contradicted" in reverse["gap_gains"]
    turned = gap_section(study(made, frame(loss=0.4, gain=-0.8)))
    assert "cannot be weighed against each other" in told(turned)["gap_turns"]
    kink = rows_of(turned, "gap_kink").set_index(["model", "kind"])
    assert kink.loc[("gap alone", "losses less gains"), "conf_low"] > 0
    assert kink.loc[("gap alone", "losses less gains"), "verdict"] == "undecided"
    falling = told(gap_section(study(made, frame(loss=-0.5, gain=-0.5))))
    assert "runs against the gap (H2, first half: contradicted)" in falling["gap_slope_against"]
    unrelated = told(gap_section(study(made, frame(loss=0.0, gain=0.0))))
    assert "Whether" in unrelated["gap_slope_open"]


def test_the_section_is_silent_where_nothing_is_asked(made: ModuleType):
    answers = frame()
    constructs = {"satisfaction": {"mode": "single", "items": ["s1"], "scale": "eleven"}}
    assert gap_section(study(made, answers, constructs=constructs)) is None
    other = study(made, answers, outcome="loyalty")
    assert gap_section(other) is None  # no satisfaction, and no path says what the dimensions lead to


def test_without_satisfaction_the_outcome_of_the_dimensions_paths_is_asked_about(made: ModuleType):
    paths = [{"from": ["reliability", "empathy"], "to": "loyalty", "hypothesis": "H6"}]
    section = gap_section(study(made, frame(), outcome="loyalty", paths=paths))
    assert told(section)["gap_slope"].startswith("loyalty follows the gap")


def test_nobody_above_expectation_leaves_the_surface_and_says_why_there_is_no_kink(made: ModuleType):
    answers = frame()
    for stem in STEMS.values():
        for item in (1, 2):
            answers[f"{stem}{item}"] = np.minimum(answers[f"{stem}{item}"], answers[f"{stem}{item}_e"])
    section = gap_section(study(made, answers))
    assert section is not None
    assert next(table.id for table in section.tables) == "gap_surface"
    assert "gap_kink" not in {table.id for table in section.tables}
    refused = [note for note in section.notes if note.key == "note.refused"]
    assert any("nobody above" in str(note.values["why"]) for note in refused)
    assert [figure.id for figure in section.figures] == ["gap_surface"]


def test_dimensions_on_different_scales_are_refused_by_name(made: ModuleType):
    whole = study(made, frame())
    constructs = dict(whole.spec.constructs)
    constructs["empathy"] = constructs["empathy"].model_copy(update={"scale": "eleven"})
    section = gap_section(replace(whole, spec=whole.spec.model_copy(update={"constructs": constructs})))
    assert section is not None
    assert not section.tables
    assert "different scales" in str(section.notes[0].values["why"])


def test_figures_draw_rows_of_their_tables(made: ModuleType):
    section = gap_section(study(made, frame(), data={"customers": {"nested_in": ["outlet"]}}))
    assert section is not None
    names = {"x": ("gap", "expectation"), "y": ("perception",)}
    for figure in section.figures:
        source = rows_of(section, figure.source)
        back = {
            drawn: next(name for name in known if name in source)
            for drawn, known in names.items()
            if drawn in figure.rows
        }
        drawn = figure.rows.rename(columns=back)
        merged = drawn.merge(source, how="left", on=list(drawn.columns), indicator=True)
        assert (merged["_merge"] == "both").all(), figure.id
    curve, contour = section.figures
    assert curve.verticals[0][0] == 0
    (x1, y1, x2, y2), *_ = contour.lines
    assert (x1, x2) == (y1, y2)
    kinds = {note.values.get("kind") for table in section.tables for note in table.notes}
    assert "cluster: outlet (40)" in kinds


def test_effects_stand_on_the_shared_resamples_of_the_file(made: ModuleType):
    whole = study(made, frame())
    section = gap_section(whole)
    assert section is not None
    assert {effect.draw_source for effect in section.effects} == {
        (f"{whole.stream('customers')}: 60 resamples of rows, seed 7",)
    }
    assert all(len(effect.draws) == 60 for effect in section.effects)


def test_dimensions_in_which_a_surplus_weighs_more_are_not_counted(made: ModuleType):
    section = gap_section(study(made, frame(loss=0.2, gain=0.9, shift=0.3)))
    rows = rows_of(section, "gap_dimensions")
    kinks = rows[(rows["kind"] == "losses less gains") & (rows["model"] == "gap alone")]
    assert (kinks["p_value"] < 0.05).any()
    assert (kinks["estimate"] < 0).all()
    assert told(section)["gap_dimensions"].startswith("In 0 of 2 dimensions")

"""The section on waits: what it asks, what it says, and when it is silent."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.models.waiting import fit_threshold
from servicefx.report.words import say
from servicefx.sections.waiting import waiting_section
from servicefx.study.study import Study
from servicefx.values.table import Section, Table

KINK, SLOPE = 24.0, -0.08


def waits(made: ModuleType, *, bend: bool = True, draws: int = 199, **paths: object) -> Study:
    frame = made.survey_frame(n=600)
    rng = np.random.default_rng(4)
    frame["hours"] = rng.uniform(1, 60, len(frame)).round(1)
    frame["way"] = np.where(rng.random(len(frame)) < 0.5, "phone", "web")
    if bend:
        lost = SLOPE * np.maximum(frame["hours"] - KINK, 0)
        frame[["sat1", "sat2"]] = frame[["sat1", "sat2"]].add(lost, axis=0)
    wait = {"mode": "single", "items": ["hours"], "unit": "hours"}
    path = {"from": "response_time", "to": "satisfaction", "hypothesis": "H15"} | paths
    return made.survey(
        frame, draws=draws, constructs=made.CONSTRUCTS | {"response_time": wait}, paths=[*made.PATHS, path],
        scales={"seven": {"min": -7, "max": 7}},
    )  # fmt: skip


@pytest.fixture(scope="module")
def bent(made: ModuleType) -> Study:
    return waits(made, moderators=["way"])


@pytest.fixture(scope="module")
def page(bent: Study) -> Section:
    section = waiting_section(bent)
    assert section is not None
    return section


def rows(section: Section, table: str) -> pd.DataFrame:
    found: Table = next(each for each in section.tables if each.id == table)
    return found.rows


def test_the_threshold_and_slopes_are_found_with_other_drivers_held(page: Section, bent: Study) -> None:
    first = rows(page, "threshold").iloc[0]
    assert first["conf_low"] < KINK < first["conf_high"]
    assert first["unit"] == "hours"
    slopes = rows(page, "wait_slopes").set_index("term")
    assert slopes.loc["slope_before", "conf_low"] < 0 < slopes.loc["slope_before", "conf_high"]
    assert slopes.loc["slope_beyond", "estimate"] == pytest.approx(SLOPE, abs=0.02)
    assert set(slopes["unit"]) == {"points per hour"}
    frame = bent.scores["customers"].join(bent.frames["customers"]["outlet"])
    alone = fit_threshold(
        frame,
        "satisfaction",
        "response_time",
        ["service_quality", "trust"],
        clusters=frame["outlet"],
        draws=99,
    )
    assert first["estimate"] == pytest.approx(alone.threshold.estimate, rel=1e-12)


def test_the_finding_says_flat_then_falling_with_units(page: Section) -> None:
    first = say(page.findings[0], lambda name: name.replace("_", " "))
    assert first.startswith("Up to 2")
    assert " hours [" in first
    assert "response time satisfaction hardly moves; beyond, every further hour goes with −0.0" in first


def test_groups_are_the_moderators_that_the_data_hold(page: Section) -> None:
    groups = rows(page, "threshold_groups")
    assert groups["group"].tolist() == ["phone", "web"]
    assert ((groups["conf_low"] < KINK) & (groups["conf_high"] > KINK)).all()


def test_the_figure_draws_rows_of_its_table_and_marks_the_threshold(page: Section) -> None:
    (figure,) = page.figures
    table = rows(page, "wait_curve")
    assert figure.rows["estimate"].tolist() == table["estimate"].tolist()
    assert figure.rows["x"].tolist() == table["wait"].tolist()
    first = rows(page, "threshold").iloc[0]
    assert figure.verticals == ((first["estimate"], first["conf_low"], first["conf_high"]),)


def test_without_a_bend_no_tolerated_wait_is_claimed(made: ModuleType) -> None:
    section = waiting_section(waits(made, bend=False))
    assert section is not None
    assert [finding.key for finding in section.findings] == ["finding.no_threshold"]
    assert section.figures[0].verticals == ()


def test_no_path_about_a_wait_asks_nothing(made: ModuleType) -> None:
    assert waiting_section(made.survey()) is None


def test_too_few_draws_are_refused_in_words(made: ModuleType) -> None:
    section = waiting_section(waits(made, draws=50))
    assert section is not None
    assert section.tables == ()
    assert "at least 99 are needed for an interval" in str(section.notes[0].values["why"])

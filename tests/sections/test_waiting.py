"""The section on waits: what it asks, what it says, and when it is silent."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.models.waiting import ThresholdFit, fit_threshold
from servicefx.report.words import say
from servicefx.sections.claims import claims_section
from servicefx.sections.hypotheses import hypotheses_section
from servicefx.sections.waiting import waiting_section
from servicefx.study.study import Study
from servicefx.values.table import Section, Table

KINK, SLOPE = 24.0, -0.08
INTERVAL = ["estimate", "conf_low", "conf_high"]


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


def test_groups_that_are_held_too_are_compared_without_themselves(made: ModuleType) -> None:
    study = waits(made, draws=99, moderators=["way", "old"], covariates=["way", "old"])
    frame = study.frames["customers"]
    frame["old"] = (frame["age"] > 50).astype(float)
    section = waiting_section(study)
    assert section is not None
    found = rows(section, "threshold_groups")
    assert found["group"].tolist() == ["phone", "web", "0", "1"]
    assert (found["undefined"] == "").all()
    part = frame.join(study.scores["customers"]).assign(web=(frame["way"] == "web").astype(float))
    part = part[part["old"] == 1]
    held = ["service_quality", "trust", "web"]
    alone = fit_threshold(part, "satisfaction", "response_time", held, clusters=part["outlet"], draws=99)
    assert found["estimate"].iloc[3] == pytest.approx(alone.threshold.estimate, rel=1e-9)


def test_what_holds_no_groups_is_named_and_the_rest_remains(made: ModuleType) -> None:
    study = waits(made, draws=99, moderators=["age", "trust", "old", "way", "product_complexity"])
    frame = study.frames["customers"]
    frame["old"] = np.where(frame["age"] > 50, "yes", "no")
    frame.loc[frame["old"] == "yes", "sat1"] = np.nan
    frame.loc[frame["old"] == "yes", "sat2"] = np.nan
    again = made.survey(frame, draws=99, constructs=study.spec.model_dump(by_alias=True)["constructs"],
                        paths=[path.model_dump(by_alias=True) for path in study.spec.paths],
                        scales={"seven": {"min": -7, "max": 7}})  # fmt: skip
    section = waiting_section(again)
    assert section is not None
    assert rows(section, "threshold_groups")["group"].tolist() == ["phone", "web"]
    first, second = section.notes
    assert "'old' has 1 groups" in str(first.values["why"])
    assert second.values == {"names": "'age', 'trust'", "most": 20}


def test_the_wait_of_a_path_from_several_is_the_response_time_and_others_are_named(made: ModuleType) -> None:
    study = waits(made, **{"from": ["trust", "response_time"]})
    spec = study.spec.model_dump(by_alias=True)
    other = {"from": "service_quality", "to": "loyalty", "hypothesis": "H15"}
    twice = made.survey(study.frames["customers"], draws=99, constructs=spec["constructs"],
                        paths=[*spec["paths"], other], scales={"seven": {"min": -7, "max": 7}})  # fmt: skip
    section = waiting_section(twice)
    assert section is not None
    assert section.findings[0].values["wait"] == "response_time"
    assert section.notes[-1].key == "note.wait_other"
    assert section.notes[-1].values == {"wait": "service_quality", "outcome": "loyalty"}


def shown(monkeypatch: pytest.MonkeyPatch, study: Study, **changed: pd.DataFrame) -> list[str]:
    """Keys of the findings with parts of the fit replaced."""

    def fitted(*arguments: Any, **options: Any) -> ThresholdFit:
        return replace(fit_threshold(*arguments, **options), **changed)

    monkeypatch.setattr("servicefx.sections.waiting.fit_threshold", fitted)
    section = waiting_section(study)
    assert section is not None
    return [finding.key for finding in section.findings]


@pytest.mark.parametrize(
    ("low", "high", "key"),
    [
        (-0.02, 0.01, "finding.threshold"),
        (-0.06, 0.01, "finding.threshold_other"),  # zero is within, and a fall nearly as steep too
        (-0.01, 0.06, "finding.threshold_other"),
        (-0.02, -0.01, "finding.threshold_other"),
    ],
)
def test_only_a_slope_known_to_be_small_is_called_flat(
    made: ModuleType, monkeypatch: pytest.MonkeyPatch, low: float, high: float, key: str
) -> None:
    slopes = pd.DataFrame(
        {
            "term": ["slope before the threshold", "slope beyond the threshold", "change of slope"],
            "estimate": [(low + high) / 2, -0.08, -0.08], "std_error": 0.01, "p_value": 0.5,
            "conf_low": [low, -0.1, -0.1], "conf_high": [high, -0.06, -0.06], "undefined": "",
        }
    )  # fmt: skip
    assert shown(monkeypatch, waits(made, draws=99), slopes=slopes)[0] == key


@pytest.mark.parametrize(("behind", "told"), [(1.9, False), (2.1, True)])
def test_a_form_as_good_is_not_called_better(
    made: ModuleType, monkeypatch: pytest.MonkeyPatch, behind: float, told: bool
) -> None:
    forms = pd.DataFrame(
        {
            "model": ["quadratic", "kink", "flat, then falling"], "delta_bic": [0.0, behind + 1, behind],
            "n_parameters": 4, "delta_aic": 0.0, "logl": -1.0, "r2": 0.5, "undefined": "",
        }
    )  # fmt: skip
    keys = shown(monkeypatch, waits(made, draws=99), forms=forms)
    assert ("finding.threshold_rival" in keys) is told


def test_groups_without_a_bend_have_no_tolerated_wait_to_compare(made: ModuleType) -> None:
    study = waits(made, draws=99, moderators=["way"])
    frame = study.frames["customers"]
    web = frame["way"] == "web"
    lost = -SLOPE * np.maximum(frame["hours"] - KINK, 0)  # given back
    frame.loc[web, ["sat1", "sat2"]] = frame.loc[web, ["sat1", "sat2"]].add(lost[web], axis=0)
    spec = study.spec.model_dump(by_alias=True)
    again = made.survey(frame, draws=99, constructs=spec["constructs"], paths=spec["paths"],
                        scales={"seven": {"min": -7, "max": 7}})  # fmt: skip
    section = waiting_section(again)
    assert section is not None
    assert (rows(section, "threshold_groups")["p_value"] > 0.05).tolist() == [False, True]
    assert not [each for each in section.findings if each.key.startswith("finding.thresholds_")]


def test_survey_weights_are_said(made: ModuleType) -> None:
    study = waits(made, draws=99)
    frame = study.frames["customers"].assign(w=1.0 + np.arange(600) % 3)
    spec = study.spec.model_dump(by_alias=True)
    section = waiting_section(
        made.survey(frame, draws=99, constructs=spec["constructs"], paths=spec["paths"],
                    scales={"seven": {"min": -7, "max": 7}}, data={"customers": {"weights": "w"}})
    )  # fmt: skip
    assert section is not None
    assert [n.values for n in section.tables[0].notes if n.key == "note.weights"] == [{"column": "w"}]


def test_the_claim_of_a_tolerated_limit_is_read_beyond_the_threshold(bent: Study, page: Section) -> None:
    claims = claims_section(bent)
    row = rows(claims, "claims").set_index("claim").loc["K8"]
    beyond = rows(page, "wait_slopes").set_index("term").loc["slope_beyond"]
    assert row["verdict"] == "supported"
    assert [row[name] for name in INTERVAL] == [beyond[name] for name in INTERVAL]
    ledger = rows(claims, "ledger").set_index("claim")["verdict"]
    assert "K8a supported" in ledger["K8"]
    assert any(say(found, str).startswith("K8a, change in satisfaction") for found in claims.findings)


def test_without_a_limit_the_claim_stays_undecided(made: ModuleType) -> None:
    claims = claims_section(waits(made, bend=False))
    assert rows(claims, "claims").set_index("claim").loc["K8", "verdict"] == "undecided"
    assert "note.no_limit_K8" in {note.key for table in claims.tables for note in table.notes}


def test_a_limit_that_cannot_be_sought_is_told_and_the_other_claims_stand(made: ModuleType) -> None:
    claims = claims_section(waits(made, draws=50))
    assert all(row != "K8" for row in rows(claims, "claims")["claim"])
    told = [str(note.values.get("why", "")) for table in claims.tables for note in table.notes]
    assert any("at least 99 are needed" in why for why in told)


def test_hypothesis_15_is_judged_by_the_slope_beyond_the_threshold(made: ModuleType, bent: Study) -> None:
    section = hypotheses_section(bent)
    assert section is not None
    row = rows(section, "hypotheses").set_index("hypothesis").loc["H15"]
    assert row["estimate"] == pytest.approx(SLOPE, abs=0.02)
    assert row["unit"] == "points per hour, beyond the threshold"
    straight = hypotheses_section(waits(made, bend=False))
    assert straight is not None
    assert rows(straight, "hypotheses").set_index("hypothesis").loc["H15", "unit"] == "points per hour"


def test_where_no_threshold_can_be_sought_hypothesis_15_keeps_its_straight_slope(made: ModuleType) -> None:
    section = hypotheses_section(waits(made, draws=50))
    assert section is not None
    assert rows(section, "hypotheses").set_index("hypothesis").loc["H15", "unit"] == "points per hour"

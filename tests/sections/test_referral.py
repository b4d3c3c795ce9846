"""The section on referral: what it asks, what it says, and when it is silent."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.models.chain import draw_source
from servicefx.models.referral import is_told, net_promoter, recommending, told_outcomes
from servicefx.report.words import say
from servicefx.sections.chain import chain_section
from servicefx.sections.hypotheses import hypotheses_section, predicted_sign
from servicefx.sections.referral import referral_section
from servicefx.study.spec import PathSpec
from servicefx.study.study import Study
from servicefx.values.table import Section

TOLD = {"mode": "single", "items": ["told"]}
RECOMMEND = {"mode": "single", "items": ["likely"], "scale": "eleven"}


def referral_frame(made: ModuleType, n: int = 1200) -> pd.DataFrame:
    frame = made.survey_frame(n=n)
    rng = np.random.default_rng(5)
    score = frame[["sat1", "sat2"]].mean(axis=1)
    mean = np.exp(0.8 + 0.5 * np.maximum(4 - score, 0) + 0.2 * np.maximum(score - 4, 0))
    frame["told"] = rng.poisson(mean * rng.gamma(2, 0.5, n)).astype(float)
    frame["likely"] = np.clip(np.round(1.2 * score + 1.5 + 1.5 * rng.normal(size=n)), 0, 10)
    frame["way"] = np.where(rng.random(n) < 0.5, "phone", "web")
    return frame


def referred(
    made: ModuleType,
    frame: pd.DataFrame | None = None,
    *,
    paths: list[dict[str, object]] | None = None,
    **tables: object,
) -> Study:
    asked = [
        {"from": "satisfaction", "to": "people_told", "hypothesis": "H5"},
        {"from": ["satisfaction", "loyalty"], "to": "word_of_mouth", "hypothesis": "H5"},
    ]
    constructs = made.CONSTRUCTS | {"people_told": TOLD, "word_of_mouth": RECOMMEND}
    given = {"constructs": constructs, "measurement": {"segments": ["way"]}} | tables
    return made.survey(
        referral_frame(made) if frame is None else frame, draws=199,
        paths=[*made.PATHS, *(asked if paths is None else paths)], **given,
    )  # fmt: skip


@pytest.fixture(scope="module")
def study(made: ModuleType) -> Study:
    return referred(made)


@pytest.fixture(scope="module")
def page(study: Study) -> Section:
    section = referral_section(study)
    assert section is not None
    return section


def rows(section: Section | None, table: str) -> pd.DataFrame:
    assert section is not None
    return next(each for each in section.tables if each.id == table).rows


def words(section: Section, language: str = "en") -> str:
    return " ".join(
        say(finding, lambda name: name.replace("_", " "), language) for finding in section.findings
    )


def test_tables_and_figure_answer_in_reading_order(page: Section) -> None:
    assert [table.id for table in page.tables] == [
        "referral", "referral_shape", "referral_groups", "referral_models", "referral_tests",
        "referral_counts", "referral_curve", "nps", "nps_pairs",
    ]  # fmt: skip
    figure = page.figures[0]
    assert (figure.id, figure.kind, figure.source) == ("referral_curve", "curve", "referral_curve")
    curve = rows(page, "referral_curve")
    assert figure.rows["estimate"].tolist() == curve["estimate"].tolist()
    assert figure.verticals[0][0] == 4.0


def test_the_u_is_said_with_ratios_and_both_sides(page: Section) -> None:
    said = words(page)
    assert said.startswith(
        "people told falls as satisfaction rises to 4 and rises beyond: a point less goes with "
    )
    assert "Dissatisfaction tells more than satisfaction, point by point." in said
    assert "A dissatisfied customer tells " in said
    ratios = rows(page, "referral").set_index(["term", "measure"])
    assert ratios.loc[("dissatisfied", "rate_ratio"), "conf_low"] < np.exp(0.5)
    assert np.exp(0.5) < ratios.loc[("dissatisfied", "rate_ratio"), "conf_high"]
    assert set(rows(page, "referral")["unit"]) == {
        "ratio",
        "people per point",
        "log people per point",
        "points",
    }


def test_chinese_says_the_same(page: Section) -> None:
    said = words(page, "zh")
    assert "升至4之前" in said
    assert "不满意的顾客平均告诉" in said


def test_draws_are_those_of_the_file(page: Section, study: Study) -> None:
    assert {effect.draw_source for effect in page.effects} == {(draw_source(study, "customers", 7),)}
    assert len(page.effects[0].draws) == 199


def test_net_promoter_scores_are_by_segment(page: Section, study: Study) -> None:
    found = rows(page, "nps")
    frame = study.frames["customers"]
    alone = net_promoter(frame, "likely", ["way"], clusters=frame["outlet"])
    assert found["estimate"].tolist() == alone["estimate"].tolist()
    assert found["segment"].tolist() == ["all", "way", "way"]


def test_a_straight_line_is_no_u(made: ModuleType) -> None:
    frame = referral_frame(made)
    score = frame[["sat1", "sat2"]].mean(axis=1)
    frame["told"] = np.random.default_rng(8).poisson(np.exp(0.3 * score)).astype(float)
    section = referral_section(referred(made, frame))
    assert section is not None
    assert words(section).startswith("That people told falls and then rises with satisfaction is not sure (p")


def test_without_a_number_of_people_only_the_score_is_given(made: ModuleType) -> None:
    paths: list[dict[str, object]] = [{"from": "satisfaction", "to": "word_of_mouth", "hypothesis": "H5"}]
    section = referral_section(referred(made, paths=paths))
    assert section is not None
    assert [table.id for table in section.tables] == ["nps", "nps_pairs"]


def test_without_paths_there_is_no_section(made: ModuleType) -> None:
    assert referral_section(referred(made, paths=[])) is None


@pytest.mark.parametrize("value", [-1.0, 2.5])
def test_a_wrong_count_is_refused_and_the_score_stays(made: ModuleType, value: float) -> None:
    frame = referral_frame(made)
    frame.loc[10, "told"] = value
    section = referral_section(referred(made, frame))
    assert section is not None
    assert [table.id for table in section.tables] == ["nps", "nps_pairs"]
    said = say(section.notes[0], str)
    assert f"holds {value:g} (row 11), expected whole numbers from 0" in said


def test_a_second_number_of_people_is_said_to_be_left_out(made: ModuleType) -> None:
    frame = referral_frame(made).assign(warned=lambda each: each["told"][::-1].to_numpy())
    constructs = made.CONSTRUCTS | {"people_told": TOLD, "warned": {"mode": "single", "items": ["warned"]}}
    paths: list[dict[str, object]] = [
        {"from": "satisfaction", "to": name, "hypothesis": "H5"} for name in ("people_told", "warned")
    ]
    section = referral_section(referred(made, frame, constructs=constructs, paths=paths))
    assert section is not None
    assert "one number of people told is reported, and 'people_told' is it" in say(section.notes[0], str)


def test_what_is_told_and_what_is_recommended(made: ModuleType, study: Study) -> None:
    assert told_outcomes(study, "customers") == ("people_told",)
    assert list(recommending(study)) == [("word_of_mouth", "customers", "likely")]
    assert not is_told(study, "repurchase", "customers")
    assert not is_told(study, "loyalty", "customers")
    other = made.CONSTRUCTS | {"word_of_mouth": {"mode": "single", "items": ["told"]}}
    named = referred(
        made, constructs=other, paths=[{"from": "trust", "to": "word_of_mouth", "hypothesis": "H5"}]
    )
    assert told_outcomes(named, "customers") == ("word_of_mouth",)
    section = referral_section(named)
    assert rows(section, "referral")["term"].tolist() == ["trust", "trust"]
    unscaled = made.CONSTRUCTS | {"word_of_mouth": {"mode": "single", "items": ["nps"]}}
    frame = referral_frame(made).rename(columns={"likely": "nps"})
    asks = referred(
        made, frame, constructs=unscaled, paths=[{"from": "trust", "to": "word_of_mouth", "hypothesis": "H5"}]
    )
    assert told_outcomes(asks, "customers") == ()


def test_the_chain_leaves_numbers_of_people_out(study: Study) -> None:
    equations = rows(chain_section(study), "equations")
    assert "people_told" not in set(equations["outcome"])
    assert "word_of_mouth" in set(equations["outcome"])


def test_the_hypothesis_on_people_is_the_difference_of_groups_not_a_slope(
    study: Study, page: Section
) -> None:
    found = rows(hypotheses_section(study), "hypotheses")
    row = found[found["to"] == "people_told"].iloc[0]
    groups = rows(page, "referral_groups")
    difference = groups[groups["group"].eq("dissatisfied") & groups["measure"].eq("difference")].iloc[0]
    assert row["estimate"] == difference["estimate"]
    assert (row["unit"], row["predicted"], row["verdict"], row["design"]) == (
        "people, dissatisfied less satisfied", "positive", "supported", "association",
    )  # fmt: skip
    assert len(found[found["to"] == "people_told"]) == 1


def test_recommending_is_predicted_to_rise_with_satisfaction() -> None:
    path = PathSpec.model_validate({"from": "satisfaction", "to": "word_of_mouth", "hypothesis": "H5"})
    assert predicted_sign(path, "satisfaction") == "+"

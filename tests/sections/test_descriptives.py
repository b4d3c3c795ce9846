from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.answers import mean_of, share_of
from servicefx.measurement.correlation import correlation_of
from servicefx.measurement.reliability import reliability_of
from servicefx.sections.descriptives import descriptives_section
from servicefx.study.study import Study, gap_scores
from servicefx.values.table import Section

NUMBERS = ["estimate", "conf_low", "conf_high", "n_obs"]


def rows(section: Section | None, table: str) -> pd.DataFrame:
    assert section is not None
    return next(entry.rows for entry in section.tables if entry.id == table)


def numbers(answer: object) -> list[float]:
    return [getattr(answer, name) for name in NUMBERS]


def test_table_one_holds_the_numbers_of_its_functions(made: ModuleType) -> None:
    study: Study = made.survey()
    table = rows(descriptives_section(study), "table_one").set_index(["construct", "measure", "other"])
    scores, clusters = study.scores["customers"], study.clusters("customers")
    assert table.loc[("trust", "mean", ""), NUMBERS].tolist() == numbers(
        mean_of(scores["trust"], clusters=clusters)
    )
    assert table.loc[("trust", "sd", ""), "estimate"] == pytest.approx(scores["trust"].std())
    fit = reliability_of(study.items("trust"), "trust")
    assert table.loc[("trust", "alpha", ""), NUMBERS].tolist() == [
        fit.alpha,
        fit.alpha_low,
        fit.alpha_high,
        400,
    ]
    pair = correlation_of(scores["satisfaction"], scores["trust"], clusters=clusters)
    assert table.loc[("satisfaction", "correlation", "trust"), NUMBERS].tolist() == numbers(pair)
    assert len(table) == 5 * 3 + 10


def test_formative_and_single_constructs_have_no_alpha_and_say_why(made: ModuleType) -> None:
    constructs = made.CONSTRUCTS | {"trust": made.CONSTRUCTS["trust"] | {"mode": "formative"}}
    table = rows(descriptives_section(made.survey(constructs=constructs)), "table_one")
    alphas = table[table["measure"] == "alpha"].set_index("construct")
    assert alphas.loc[["trust", "repurchase"], "estimate"].isna().all()
    assert alphas.loc["trust", "undefined"] == "formative: its items need not agree"
    assert alphas.loc["repurchase", "undefined"] == "one item"


def test_every_number_missing_from_table_one_has_a_reason(made: ModuleType) -> None:
    frame = made.survey_frame(60)
    frame.loc[1:, ["tru1", "tru2"]] = np.nan
    frame.loc[:, ["loy1", "loy2"]] = np.nan
    frame.loc[:, ["ser1", "ser2"]] = 4.0
    table = rows(descriptives_section(made.survey(frame)), "table_one")
    assert (table.loc[table["estimate"].isna(), "undefined"] != "").all()
    reasons = table.set_index(["construct", "measure", "other"])["undefined"]
    assert reasons["loyalty", "mean", ""] == "nobody answered"
    assert reasons["trust", "sd", ""] == "one answer"
    assert reasons["trust", "alpha", ""] == "1 complete answers"
    assert reasons["satisfaction", "correlation", "service_quality"] == (
        "one of the two does not vary in the rows with both"
    )
    assert reasons["satisfaction", "correlation", "trust"] == "1 rows with both"


def test_the_net_promoter_score_is_that_of_recommending_alone(made: ModuleType) -> None:
    frame = made.survey_frame(100).assign(
        nps=np.tile([10.0, 9.0, 5.0, 8.0], 25), stress=np.tile([0.0, 10.0], 50)
    )
    constructs = made.CONSTRUCTS | {
        "word_of_mouth": {"mode": "single", "items": ["nps"], "scale": "eleven"},
        "stress": {"mode": "single", "items": ["stress"], "scale": "eleven", "label": "Stress"},
    }
    top = rows(descriptives_section(made.survey(frame, constructs=constructs)), "top_box")
    assert top.loc[top["measure"] == "nps", ["construct", "estimate"]].to_numpy().tolist() == [
        ["word_of_mouth", 25.0]
    ]
    assert "stress" in set(top["construct"])


def test_top_boxes_hold_the_share_of_scores_at_or_above_the_cut(made: ModuleType) -> None:
    study: Study = made.survey()
    top = rows(descriptives_section(study), "top_box").set_index("construct")
    score = study.scores["customers"]["trust"]
    answer = share_of((score >= 6).astype(float), clusters=study.clusters("customers"))
    assert top.loc["trust", NUMBERS].tolist() == numbers(answer)
    assert "repurchase" not in top.index


@pytest.mark.parametrize(("high", "shown"), [(2, False), (3, False), (5, True), (11, True), (100, False)])
def test_top_boxes_are_those_of_scales_whose_answers_one_can_count(
    made: ModuleType, high: int, shown: bool
) -> None:
    scales = {"seven": {"min": 1, "max": high}}
    section = descriptives_section(made.survey(scales=scales))
    assert section is not None
    assert ("top_box" in [table.id for table in section.tables]) is shown


def test_answers_of_an_item_sum_to_one(made: ModuleType) -> None:
    items = rows(descriptives_section(made.survey()), "items")
    assert items.groupby("item")["share"].sum().to_numpy() == pytest.approx(1.0)
    assert items.groupby("item")["n_obs"].sum().unique().tolist() == [400]


def test_waves_are_the_means_of_their_own_customers(made: ModuleType) -> None:
    frame = made.survey_frame(90).assign(month=np.repeat([20250101, 20250201, 20250301], 30))
    study: Study = made.survey(frame, data={"customers": {"wave": "month"}})
    waves = rows(descriptives_section(study), "waves").set_index(["construct", "wave", "measure"])
    answer = mean_of(study.scores["customers"]["trust"].iloc[30:60])
    assert waves.loc[("trust", "20250201", "mean"), NUMBERS].tolist() == numbers(answer)


def test_wave_numbers_keep_their_digits(made: ModuleType) -> None:
    frame = made.survey_frame(60).assign(day=np.repeat([20250101.0, 20250102.0], 30))
    study = made.survey(frame, data={"customers": {"wave": "day"}})
    waves = rows(descriptives_section(study), "waves")["wave"]
    assert waves.unique().tolist() == ["20250101", "20250102"]


def test_two_files_with_waves_make_two_tables(made: ModuleType) -> None:
    survey = made.survey_frame(40).assign(year=np.tile([1, 2], 20))
    other = pd.DataFrame({"year": [1, 2] * 10, "mood": np.arange(20.0)})
    constructs = made.CONSTRUCTS | {
        "mood": {"mode": "single", "items": ["mood"], "data": "staff", "label": "Mood"}
    }
    constructs = {name: {"data": "customers"} | spec for name, spec in constructs.items()}
    study = made.study_of(
        {"customers": survey, "staff": other},
        constructs=constructs,
        data={"customers": {"wave": "year"}, "staff": {"wave": "year"}},
    )
    section = descriptives_section(study)
    assert section is not None
    names = [table.id for table in section.tables]
    assert len(names) == len(set(names))
    assert {"waves", "waves_staff", "table_one", "table_one_staff"} <= set(names)


def test_gaps_are_perception_less_expectation_over_the_same_answers(made: ModuleType) -> None:
    frame = made.survey_frame(80)
    frame = frame.assign(e1=np.clip(frame["ser1"] + 1, 1, 7), e2=np.tile([7.0, np.nan], 40))
    frame.loc[::5, "ser1"] = np.nan
    constructs = made.CONSTRUCTS | {
        "service_quality": made.CONSTRUCTS["service_quality"] | {"expectation": ["e1", "e2"]}
    }
    study: Study = made.survey(frame, constructs=constructs)
    gaps = rows(descriptives_section(study), "gaps").set_index("measure")["estimate"]
    assert gaps["gap"] == pytest.approx(gaps["perception"] - gaps["expectation"], abs=1e-12)
    assert gaps["gap"] == pytest.approx(gap_scores(study, "service_quality").mean())
    pairs = [
        np.nanmean([e for p, e in ((row.ser1, row.e1), (row.ser2, row.e2)) if not np.isnan(p + e)])
        for row in frame.itertuples()
        if not (np.isnan(row.ser1 + row.e1) and np.isnan(row.ser2 + row.e2))
    ]
    assert gaps["expectation"] == pytest.approx(np.mean(pairs))

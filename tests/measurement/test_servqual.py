from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.measurement.servqual import quality_dimensions, servqual, servqual_of
from servicefx.study.study import Study, load_study
from servicefx.study.template import write_template
from servicefx.values.glossary import GLOSSARY

# Three persons, two dimensions; by hand below.
ANSWERS = pd.DataFrame(
    {
        "c1": [4.0, 6, 5], "c2": [6.0, 6, np.nan], "s1": [3.0, 5, 7],
        "c1e": [6.0, 6, 7], "c2e": [7.0, 7, 6], "s1e": [5.0, np.nan, 6],
        "pc": [25.0, 50, 80], "ps": [75.0, 50, 20],
    }
)  # fmt: skip
DIMENSIONS = {"care": ["c1", "c2"], "speed": ["s1"]}
EXPECTATION = {"care": ["c1e", "c2e"], "speed": ["s1e"]}


def estimates(frame: pd.DataFrame) -> pd.Series:
    return frame.set_index(["construct", "measure"])["estimate"]


def test_the_four_scores_are_those_worked_out_by_hand() -> None:
    found = servqual_of(
        ANSWERS, DIMENSIONS, expectation=EXPECTATION, importance={"care": "pc", "speed": "ps"}
    )
    value = estimates(found.dimensions)
    assert value["care", "servperf"] == pytest.approx((5 + 6 + 5) / 3)
    assert value["care", "gap"] == pytest.approx((-1.5 - 0.5 - 2) / 3)
    assert value["speed", "gap"] == pytest.approx((-2 + 1) / 2)
    assert value["overall", "servperf"] == pytest.approx((4 + 5.5 + 6) / 3)
    assert value["overall", "gap"] == pytest.approx((-1.75 - 0.5) / 2)
    assert value["care", "importance"] == pytest.approx(155 / 3)
    assert value["overall", "weighted_servperf"] == pytest.approx(
        (0.25 * 5 + 0.75 * 3 + 5.5 + 0.8 * 5 + 0.2 * 7) / 3
    )
    assert value["overall", "weighted_gap"] == pytest.approx((0.25 * -1.5 + 0.75 * -2 + 0.8 * -2 + 0.2) / 2)
    counts = found.dimensions.set_index(["construct", "measure"])["n_obs"]
    assert (counts["speed", "servperf"], counts["speed", "gap"], counts["overall", "gap"]) == (3, 2, 2)


def test_gap_is_perception_less_expectation_of_the_same_answers() -> None:
    value = estimates(servqual_of(ANSWERS, DIMENSIONS, expectation=EXPECTATION).dimensions)
    for name in ("care", "speed", "overall"):
        assert value[name, "gap"] == pytest.approx(value[name, "perception"] - value[name, "expectation"])
    items = servqual_of(ANSWERS, DIMENSIONS, expectation=EXPECTATION).items
    by_item = items.set_index(["item", "measure"])["estimate"]
    assert by_item["c2", "gap"] == pytest.approx(-1.0)
    assert by_item["s1", "servperf"] == pytest.approx(5.0)
    assert by_item["s1", "perception"] == pytest.approx(5.0)
    assert by_item["s1", "gap"] == pytest.approx(-0.5)


def test_equal_points_weigh_to_the_plain_mean() -> None:
    found = servqual_of(ANSWERS, DIMENSIONS, expectation=EXPECTATION, importance={"care": 1.0, "speed": 1.0})
    rows = found.dimensions.set_index(["construct", "measure"])
    for weighted, plain in (("weighted_servperf", "servperf"), ("weighted_gap", "gap")):
        for column in ("estimate", "std_error", "conf_low", "conf_high", "n_obs"):
            assert rows.loc[("overall", weighted), column] == pytest.approx(
                rows.loc[("overall", plain), column]
            )


def test_weighted_dimensions_add_up_to_the_whole() -> None:
    complete = ANSWERS.fillna(5.0)
    found = servqual_of(
        complete, DIMENSIONS, expectation=EXPECTATION, importance={"care": "pc", "speed": "ps"}
    )
    value = estimates(found.dimensions)
    for measure in ("weighted_servperf", "weighted_gap"):
        parts = value["care", measure] + value["speed", measure]
        assert value["overall", measure] == pytest.approx(parts)


def test_what_a_dimension_lacks_is_said_and_no_number_made() -> None:
    found = servqual_of(ANSWERS, DIMENSIONS, expectation={"care": ["c1e", "c2e"]}, importance={"care": "pc"})
    rows = found.dimensions.set_index(["construct", "measure"])
    assert rows.loc[("speed", "gap"), "undefined"] == "no expectation items"
    assert rows.loc[("overall", "gap"), "undefined"] == "no expectation items of 'speed'"
    assert rows.loc[("overall", "weighted_servperf"), "undefined"] == "no importance points of 'speed'"
    assert rows.loc[("care", "weighted_gap"), "undefined"] == "no importance points of 'speed'"
    assert rows.loc[("care", "gap"), "undefined"] == ""
    assert rows.loc[rows["undefined"] != "", ["estimate", "std_error", "conf_low"]].isna().all(axis=None)
    assert rows.loc[rows["undefined"] == "", ["estimate", "std_error", "conf_low"]].notna().all(axis=None)


def test_one_answer_has_no_interval_and_nobody_no_mean() -> None:
    rows = servqual_of(ANSWERS.iloc[:1], {"care": ["c1", "c2"]}).dimensions
    assert rows.iloc[0][["estimate", "undefined"]].tolist() == [5.0, "one answer"]
    empty = servqual_of(ANSWERS * np.nan, DIMENSIONS).dimensions
    assert (empty["undefined"] == "nobody answered").all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expectation": {"care": ["c1e"]}}, "1 expectation items for 2 items"),
        ({"expectation": {"car": ["c1e"]}}, r"'car' is not a dimension \(closest: 'care'\)"),
        ({"expectation": {"speed": ["s2e"]}}, r"column 's2e' is not there \(closest: 's1e'\)"),
        ({"importance": {"sped": "pc"}}, r"'sped' is not a dimension \(closest: 'speed'\)"),
    ],
)
def test_lists_that_fit_nothing_are_refused(options, message) -> None:
    with pytest.raises(DataError, match=message):
        servqual_of(ANSWERS, DIMENSIONS, **options)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("servqual")
    write_template(folder, "servqual")
    return load_study(folder)


def test_the_template_survey_shows_every_measure_of_every_dimension(template: Study) -> None:
    found = servqual(template)
    assert quality_dimensions(template) == (
        "tangibles",
        "reliability",
        "responsiveness",
        "assurance",
        "empathy",
    )
    assert len(found.dimensions) == 6 * 7 - 1  # importance has no overall
    assert (found.dimensions["undefined"] == "").all()
    assert set(found.dimensions) | set(found.items) <= set(GLOSSARY)
    assert len(found.items) == 22 * 4
    value = estimates(found.dimensions)
    assert value["overall", "gap"] < 0
    assert sum(value[name, "importance"] for name in quality_dimensions(template)) == pytest.approx(100)
    assert found.counts["points did not add up to 100, rescaled"] > 0


def test_points_stated_in_the_call_take_the_place_of_the_columns(template: Study) -> None:
    names = quality_dimensions(template)
    value = estimates(servqual(template, importance=dict.fromkeys(names, 20.0)).dimensions)
    assert value["overall", "weighted_gap"] == pytest.approx(value["overall", "gap"])


def test_dimensions_that_cannot_be_asked_for_are_refused(template: Study) -> None:
    with pytest.raises(StudyError, match=r"construct 'speed' is not declared"):
        servqual(template, ["speed"])
    with pytest.raises(StudyError, match="no construct is a dimension of service quality"):
        servqual(template, [])


def test_dimensions_on_different_scales_have_no_mean_over_them(template: Study) -> None:
    rows = servqual(template, ["reliability", "word_of_mouth"]).dimensions
    overall = rows[rows["construct"] == "overall"]
    assert (overall["undefined"] == "the dimensions lie on different scales").all()


@pytest.mark.external
def test_perception_of_the_durables_survey_is_its_item_means(shared_data: Path) -> None:
    found = list((shared_data / "servqual_durables").glob("*.csv"))
    answers = pd.read_csv(found[0])
    places = {"tangibles": (1, 4), "reliability": (5, 9), "responsiveness": (10, 13), "assurance": (14, 17)}
    dimensions = {n: [f"a{k:02d}" for k in range(a, b + 1)] for n, (a, b) in places.items()}
    value = estimates(servqual_of(answers, dimensions).dimensions)
    for name, items in dimensions.items():
        assert value[name, "servperf"] == pytest.approx(answers[items].mean(axis=1).mean())

"""Faults of the data beside the study file, each with its exact words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.study.study import check_study, load_study


def told(folder) -> list[str]:
    return [str(problem) for problem in check_study(folder)]


def test_a_misspelt_column_is_told_with_the_closest(make_study):
    folder = make_study({'items = ["rel1", "rel2", "rel3"]': 'items = ["rel1", "rel_2", "rel3"]'})
    with pytest.raises(DataError) as raised:
        load_study(folder)
    assert str(raised.value) == (
        "study.toml: constructs.reliability.items[1]: column 'rel_2' is not in survey.csv (closest: 'rel2')\n"
        "    Correct the name, or remove the item."
    )


MISSPELT = {
    "unit": ({'unit = "customer"': 'unit = "custmer"'}, "data.customers.unit", "custmer", "customer", "line"),
    "nested_in": (
        {'unit = "customer"': 'nested_in = ["customr"]'},
        "data.customers.nested_in[0]",
        "customr",
        "customer",
        "line",
    ),
    "missing_in": (
        {'unit = "customer"': "missing_in = { rel9 = [0] }"},
        "data.customers.missing_in.rel9",
        "rel9",
        "rel3",
        "line",
    ),
    "covariates": (
        {'to = "satisfaction"': 'to = "satisfaction"\ncovariates = ["satt"]'},
        "paths[0].covariates[0]",
        "satt",
        "sat",
        "covariate",
    ),
    "expectation": (
        {'reversed = ["rel3"]': 'expectation = ["rel1e", "sat", "customer"]'},
        "constructs.reliability.expectation[0]",
        "rel1e",
        "rel1",
        "expectation items",
    ),
}


@pytest.mark.parametrize("key", MISSPELT)
def test_a_misspelt_column_is_told_wherever_it_is_named(key, make_study):
    change, place, written, near, what = MISSPELT[key]
    assert told(make_study(change))[0] == (
        f"study.toml: {place}: column '{written}' is not in survey.csv (closest: '{near}')\n"
        f"    Correct the name, or remove the {what}."
    )


def test_a_text_in_a_numeric_column_is_told_with_its_row(make_study, survey):
    survey.loc[16, "sat"] = "verry good"
    assert told(make_study(frame=survey)) == [
        "survey.csv: column 'sat', row 17: 'verry good' is text, expected a number from 1 to 7\n"
        '    Correct the file, or declare a missing code: missing_in = { sat = ["verry good"] } '
        "under [data.customers]."
    ]


def test_of_many_texts_five_rows_and_values_are_shown(make_study, survey):
    survey.loc[3:15, "sat"] = [f"t{row}" for row in range(3, 16)]
    assert told(make_study(frame=survey)) == [
        "survey.csv: column 'sat', rows 4, 5, 6, 7, 8 and 8 more: 't3', 't4', 't5', 't6', 't7' and "
        "8 more are "
        "text, expected a number from 1 to 7\n"
        "    Correct the file, or declare a missing code: "
        'missing_in = { sat = ["t3", "t4", "t5", "t6", "t7", …] } '
        "under [data.customers]."
    ]


def test_the_remedy_for_a_text_is_one_that_can_be_pasted(make_study, survey):
    survey = survey.rename(columns={"sat": "满意 度"})
    survey.loc[0, "满意 度"] = "无"
    folder = make_study({'items = ["sat"]': 'items = ["满意 度"]'}, frame=survey)
    assert 'missing_in = { "满意 度" = ["无"] } under [data.customers]' in told(folder)[0]
    change = {'items = ["sat"]': 'items = ["满意 度"]', "[-99": '["-1", -99'}
    folder = make_study(
        change | {'unit = "customer"': 'unit = "customer"\nmissing_in = { "满意 度" = ["无"] }'}, frame=survey
    )
    assert told(folder) == []


def test_an_answer_outside_its_scale_is_told_with_rows_and_range(make_study, survey):
    survey.loc[[1, 4, 7, 8, 9, 11, 12], "rel2"] = ["8", "77", "8", "0", "8", "8", "8"]
    assert told(make_study(frame=survey)) == [
        "survey.csv: column 'rel2', rows 2, 5, 8, 9, 10 and 2 more: 8, 77 and 0 lie outside scale 'likert' "
        "(1 to 7)\n    Correct the file, or declare a missing code: missing = [8, 77, 0] under "
        "[scales.likert]."
    ]


def test_one_answer_outside_its_scale_is_told(make_study, survey):
    survey.loc[5, "sat"] = "7.5"
    assert told(make_study(frame=survey)) == [
        "survey.csv: column 'sat', row 6: 7.5 lies outside scale 'likert' (1 to 7)\n"
        "    Correct the file, or declare a missing code: missing = [7.5] under [scales.likert]."
    ]


def test_an_averaged_answer_between_two_points_is_an_answer(make_study, survey):
    survey.loc[5, "sat"] = "4.5"
    study = load_study(make_study(frame=survey))
    assert study.frames["customers"].loc[5, "sat"] == 4.5


@pytest.mark.parametrize("code", ["-99", "-99.0", "N/A", "n/a", "9", "9.0"])
def test_codes_of_the_file_and_of_the_scale_are_missing_answers(code, make_study, survey):
    survey.loc[5, "sat"] = code
    study = load_study(make_study(frame=survey))
    assert np.isnan(study.frames["customers"].loc[5, "sat"])
    assert sum(study.missing_answers["customers"].values()) == 1


def test_a_code_of_one_column_is_an_answer_in_another(make_study, survey):
    survey.loc[5, ["sat", "rel1"]] = "3"
    change = {'unit = "customer"': 'unit = "customer"\nmissing_in = { sat = [3] }'}
    frame = load_study(make_study(change, frame=survey)).frames["customers"]
    assert np.isnan(frame.loc[5, "sat"])
    assert frame.loc[5, "rel1"] == 3


def test_a_missing_code_is_no_reason_to_lose_a_customer_of_that_number(make_study, survey):
    survey["customer"] = [str(number) for number in range(-99, -79)]
    study = load_study(make_study(frame=survey))
    assert study.frames["customers"]["customer"].iloc[0] == -99


def test_wordings_of_the_scale_are_answers(make_study, survey):
    survey.loc[[0, 1], "sat"] = ["Strongly agree", "strongly disagree "]
    assert load_study(make_study(frame=survey)).frames["customers"]["sat"].tolist()[:2] == [7, 1]


def test_a_column_without_an_answer_is_told(make_study, survey):
    survey["rel2"] = ""
    assert told(make_study(frame=survey)) == [
        "survey.csv: column 'rel2': all 20 answers are missing\n"
        "    Remove the column from the study file, or correct its missing codes."
    ]


def test_a_constant_column_is_told(make_study, survey):
    survey["rel2"] = "4"
    survey.loc[3, "rel2"] = "-99"
    assert told(make_study(frame=survey)) == [
        "survey.csv: column 'rel2': every answer is 4, so the column tells nothing apart\n"
        "    Remove the column from the study file, or export it again."
    ]


def test_columns_that_are_copies_of_each_other_are_told(make_study, survey):
    survey["rel2"] = survey["sat"] = survey["rel1"]
    assert told(make_study(frame=survey)) == [
        "survey.csv: columns 'rel1', 'rel2', 'sat': all 20 answers are the same in these columns\n"
        "    Keep one of them in the study file, or export the others again."
    ]


def test_columns_nobody_uses_may_hold_anything(make_study, survey):
    survey["comment"], survey["empty"], survey["copy"] = "fine", "", survey["sat"]
    study = load_study(make_study(frame=survey))
    assert list(study.frames["customers"].columns) == [*survey.columns]


def test_a_covariate_may_be_a_category(make_study, survey):
    survey["region"] = ["north", "south"] * 10
    folder = make_study({'to = "satisfaction"': 'to = "satisfaction"\ncovariates = ["region"]'}, frame=survey)
    assert load_study(folder).frames["customers"]["region"].tolist()[:2] == ["north", "south"]


def test_a_text_in_a_covariate_of_numbers_is_told(make_study, survey):
    survey["age"] = [str(age) for age in range(30, 50)]
    survey.loc[2, "age"] = "fifty"
    folder = make_study({'to = "satisfaction"': 'to = "satisfaction"\ncovariates = ["age"]'}, frame=survey)
    assert told(folder) == [
        "survey.csv: column 'age', row 3: 'fifty' is text, expected a number\n"
        "    Correct the file, or declare a missing code: "
        'missing_in = { age = ["fifty"] } under [data.customers].'
    ]


def test_another_file_than_the_one_stated_is_told_with_both_sums(make_study):
    stated = "AB" * 32
    folder = make_study({'unit = "customer"': f'unit = "customer"\nsha256 = "{stated}"'})
    found = load_study(make_study()).inputs["customers"]
    make_study({'unit = "customer"': f'unit = "customer"\nsha256 = "{stated}"'})
    with pytest.raises(DataError) as raised:
        load_study(folder)
    assert str(raised.value) == (
        f"study.toml: data.customers.sha256: survey.csv has sha256 {found}, expected {stated.lower()}\n"
        "    Bring back the file the study was made with, or state the new sha256."
    )
    assert told(make_study({'unit = "customer"': f'unit = "customer"\nsha256 = "{found.upper()}"'})) == []


def test_rows_without_anything_are_dropped_counted_and_keep_the_others_numbers(make_study, survey):
    survey.loc[[3, 8]] = ""
    survey.loc[12, "sat"] = "8"
    survey["comment"] = "left over"
    assert told(make_study(frame=survey))[0].startswith("survey.csv: column 'sat', row 13: 8 lies outside")
    survey.loc[12, "sat"] = "7"
    study = load_study(make_study(frame=survey))
    assert study.counts["customers"] == {"rows read": 20, "empty row": 2}
    assert study.frames["customers"].index.tolist() == [row for row in range(20) if row not in (3, 8)]


def test_a_row_with_an_id_alone_is_kept(make_study, survey):
    survey.loc[3, ["rel1", "rel2", "rel3", "sat"]] = ""
    study = load_study(make_study(frame=survey))
    assert study.counts["customers"] == {"rows read": 20}
    assert study.scores["customers"].loc[3].isna().all()


def test_reversed_items_are_turned_about_their_scale(make_study, survey):
    frame = load_study(make_study(frame=survey)).frames["customers"]
    assert frame["rel3"].tolist() == [8 - int(answer) for answer in survey["rel3"]]


def test_the_files_own_missing_answers_are_counted_apart(make_study, survey, tmp_path):
    import pyreadstat

    numeric = survey.astype({name: float for name in ("rel1", "rel2", "rel3", "sat")}).astype(
        {"customer": "str"}
    )
    numeric.loc[[2, 3], "sat"] = [97.0, np.nan]
    folder = make_study({'file = "survey.csv"': 'file = "survey.sav"'})
    pyreadstat.write_sav(numeric, str(tmp_path / "survey.sav"), missing_ranges={"sat": [97]})
    assert load_study(folder).missing_answers["customers"] == {"blank": 1, "missing in the file": 1}


def test_problems_of_several_columns_come_in_the_order_of_the_file(make_study, survey):
    survey.loc[0, "sat"], survey.loc[1, "rel1"], survey["rel2"] = "eight", "88", "5"
    assert [problem.where for problem in check_study(make_study(frame=survey))] == [
        "survey.csv: column 'rel1', row 2",
        "survey.csv: column 'sat', row 1",
        "survey.csv: column 'rel2'",
    ]


def test_an_empty_frame_of_used_columns_is_no_crash(make_study):
    frame = pd.DataFrame({"other": ["1", "2"], "more": ["1", "2"]})
    problems = told(make_study(frame=frame))
    assert len(problems) == 5
    assert all("is not in survey.csv (known: 'other', 'more')" in problem for problem in problems)

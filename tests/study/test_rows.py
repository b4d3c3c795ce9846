"""Faults of rows: too few, without an id, standing twice, wrongly nested, wrongly weighed."""

from __future__ import annotations

import pytest

from servicefx.errors import DataError
from servicefx.study.study import check_study, load_study


def told(folder) -> list[str]:
    return [str(problem) for problem in check_study(folder)]


def test_an_empty_survey_is_refused(make_study, survey):
    with pytest.raises(DataError) as raised:
        load_study(make_study(frame=survey.iloc[:0]))
    assert str(raised.value) == (
        "survey.csv: the file has a header but no rows\n    Export the data again, with their rows."
    )


def test_an_empty_file_is_refused(make_study):
    with pytest.raises(DataError) as raised:
        load_study(make_study(content=b""))
    assert str(raised.value) == "survey.csv: the file is empty\n    Export the data again."


def test_one_row_is_refused(make_study, survey):
    with pytest.raises(DataError) as raised:
        load_study(make_study(frame=survey.iloc[:1]))
    assert str(raised.value) == (
        "survey.csv: 1 row with answers, at least 2 are needed\n"
        "    Add the other answers, or export the data again."
    )


def test_rows_without_any_answer_are_no_survey(make_study, survey):
    survey.loc[:, :] = ""
    assert told(make_study(frame=survey)) == [
        "survey.csv: no row with answers, at least 2 are needed\n"
        "    Add the other answers, or export the data again."
    ]


def test_a_row_without_its_unit_is_refused(make_study, survey):
    survey.loc[[4, 6], "customer"] = ["", " "]
    assert told(make_study(frame=survey)) == [
        "survey.csv: column 'customer', rows 5 and 7: the unit is missing\n"
        "    Give every row its unit, or remove the row."
    ]


def test_a_unit_that_stands_twice_is_refused(make_study, survey):
    survey.loc[[4, 6], "customer"] = "c01"
    assert told(make_study(frame=survey)) == [
        "survey.csv: column 'customer': the same customer in several rows: customer 'c01' (rows 1, 5 and 7)\n"
        "    Keep one row of each, or state the period (or wave) that tells them apart."
    ]


PANEL = {'unit = "customer"': 'unit = "customer"\nperiod = "quarter"'}


def test_a_unit_twice_in_one_period_is_refused_with_the_first_three(make_study, survey):
    survey["quarter"] = "2"
    survey.loc[10:, ["customer", "quarter"]] = survey.loc[:9, ["customer", "quarter"]].to_numpy()
    assert told(make_study(PANEL, frame=survey)) == [
        "survey.csv: columns 'customer', 'quarter': the same customer and quarter in several rows: "
        "customer 'c01', quarter '2' (rows 1 and 11); customer 'c02', quarter '2' (rows 2 and 12); "
        "customer 'c03', quarter '2' (rows 3 and 13) and 7 more\n"
        "    Keep one row of each, or state the period (or wave) that tells them apart."
    ]


def test_a_unit_in_several_periods_is_a_panel(make_study, survey):
    survey["quarter"] = ["1"] * 10 + ["2"] * 10
    survey.loc[10:, "customer"] = survey.loc[:9, "customer"].to_numpy()
    study = load_study(make_study(PANEL, frame=survey))
    assert study.clusters("customers").tolist() == survey["customer"].tolist()


def test_a_unit_in_several_waves_is_no_fault(make_study, survey):
    survey["year"] = ["2024"] * 10 + ["2025"] * 10
    survey.loc[10:, "customer"] = survey.loc[:9, "customer"].to_numpy()
    folder = make_study({'unit = "customer"': 'unit = "customer"\nwave = "year"'}, frame=survey)
    assert told(folder) == []
    assert load_study(folder).clusters("customers").nunique() == 10


def test_a_missing_period_is_refused(make_study, survey):
    survey["quarter"] = "1"
    survey.loc[0, "quarter"] = "N/A"
    assert told(make_study(PANEL, frame=survey)) == [
        "survey.csv: column 'quarter', row 1: the period is missing\n"
        "    Give every row its period, or remove the row."
    ]


NESTED = {'unit = "customer"': 'unit = "customer"\nnested_in = ["outlet", "firm"]'}


def test_a_row_without_its_cluster_is_refused(make_study, survey):
    survey["outlet"], survey["firm"] = "o1", "f1"
    survey.loc[3, "firm"] = ""
    assert told(make_study(NESTED, frame=survey)) == [
        "survey.csv: column 'firm', row 4: the cluster is missing\n"
        "    Give every row its cluster, or remove the row."
    ]


def test_an_outlet_of_two_firms_is_refused(make_study, survey):
    survey["outlet"] = ["o1", "o2"] * 10
    survey["firm"] = ["f1"] * 19 + ["f2"]
    assert told(make_study(NESTED, frame=survey)) == [
        "survey.csv: column 'outlet': 'o2' lies in 2 different 'firm', expected one\n"
        "    Correct the ids, or state nested_in without 'firm'."
    ]


WEIGHTED = {'unit = "customer"': 'unit = "customer"\nweights = "w"'}


@pytest.mark.parametrize(
    ("weight", "where", "found"),
    [
        ("0", "row 6", "weight 0 is not above 0"),
        ("-1.5", "row 6", "weight -1.5 is not above 0"),
        ("", "row 6", "the weight is missing"),
    ],
)
def test_a_weight_that_weighs_nothing_is_refused(weight, where, found, make_study, survey):
    survey["w"] = "1.5"
    survey.loc[5, "w"] = weight
    assert told(make_study(WEIGHTED, frame=survey)) == [
        f"survey.csv: column 'w', {where}: {found}\n    Give every row a weight above 0, or remove the row."
    ]


def test_a_weight_that_is_text_is_told_once(make_study, survey):
    survey["w"] = "1.5"
    survey.loc[5, "w"] = "heavy"
    assert told(make_study(WEIGHTED, frame=survey)) == [
        "survey.csv: column 'w', row 6: 'heavy' is text, expected a number\n"
        "    Correct the file, or declare a missing code: "
        'missing_in = { w = ["heavy"] } under [data.customers].'
    ]


def test_weights_are_given_by_row(make_study, survey):
    survey["w"] = [str(0.5 + row) for row in range(20)]
    assert load_study(make_study(WEIGHTED, frame=survey)).weights("customers").tolist() == [
        0.5 + row for row in range(20)
    ]
    assert load_study(make_study()).weights("customers") is None

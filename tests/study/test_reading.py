"""A study file and its data together: every fault of both in one refusal, in order."""

from __future__ import annotations

import pytest

from servicefx.errors import DataError, StudyError
from servicefx.study.study import check_study, load_study


def test_a_missing_study_file_is_told(tmp_path):
    with pytest.raises(StudyError) as raised:
        load_study(tmp_path / "nowhere")
    assert str(raised.value) == (
        f"{tmp_path / 'nowhere'}: there is no study file 'nowhere'\n    Run 'servicefx new DIR' to begin one."
    )
    assert "there is no study file 'study.toml'" in str(check_study(tmp_path)[0])


def test_all_faults_of_file_and_data_come_at_once_those_of_the_file_first(make_study, survey):
    survey.loc[0, "rel2"] = "eight"
    survey["sat"] = "5"
    folder = make_study(
        {
            'title = "Demo"': 'title = "Demo"\nauthor = "me"',
            'unit = "customer"': 'unit = "custmer"',
            'to = "satisfaction"': 'to = "satisfacton"',
        },
        frame=survey,
    )
    with pytest.raises(StudyError) as raised:
        load_study(folder)
    assert [problem.where for problem in raised.value.problems] == [
        "study.toml: study.author",
        "study.toml: data.customers.unit",
        "study.toml: paths[0].to",
        "survey.csv: column 'rel2', row 1",
        "survey.csv: column 'sat'",
    ]
    assert list(raised.value.problems) == check_study(folder)


def test_faults_of_the_data_alone_are_a_data_error(make_study, survey):
    survey["sat"] = "5"
    with pytest.raises(DataError):
        load_study(make_study({'"rel2"': '"rel_2"'}, frame=survey))


def test_a_file_that_cannot_be_read_hides_no_fault_of_another(make_study, survey, tmp_path):
    (tmp_path / "firms.csv").write_bytes(b"")
    survey["sat"] = "5"
    change = {
        "[scales.likert]": '[data.firms]\nfile = "firms.csv"\n'
        '[data.more]\nfile = "more.csv"\n[scales.likert]',
        'items = ["rel1"': 'data = "customers"\nitems = ["rel1"',
        'items = ["sat"]': 'data = "customers"\nitems = ["sat"]',
    }
    assert [problem.where for problem in check_study(make_study(change, frame=survey))] == [
        "study.toml: data.more.file",
        "survey.csv: column 'sat'",
        "firms.csv",
    ]


def test_an_item_in_a_file_that_is_not_plain_is_not_looked_for_in_another(make_study):
    change = {"[scales.likert]": "[data.firms]\nfile = 3\n[scales.likert]", '"rel1"': '"nowhere"'}
    assert [problem.where for problem in check_study(make_study(change))] == ["study.toml: data.firms.file"]

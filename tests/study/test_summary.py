"""What `servicefx check` shows of a study."""

from __future__ import annotations

from servicefx.study.study import load_study
from servicefx.study.summary import answer_counts, construct_summary, row_counts
from servicefx.values.glossary import GLOSSARY


def test_a_summary_counts_items_rows_and_gaps(make_study, survey):
    survey.loc[0, "rel1"], survey.loc[1, "rel2"], survey.loc[2] = "-99", "", ""
    survey.loc[3, ["rel1", "rel2"]] = ""
    study = load_study(make_study(frame=survey))
    assert construct_summary(study, "zh").to_dict("records") == [
        {
            "construct": "reliability",
            "label": "可靠性",
            "data": "customers",
            "n_items": 3,
            "n_rows": 19,
            "n_missing": 4,
            "share": 4 / 57,
            "n_obs": 18,
        },
        {
            "construct": "satisfaction",
            "label": "客户满意度",
            "data": "customers",
            "n_items": 1,
            "n_rows": 19,
            "n_missing": 0,
            "share": 0.0,
            "n_obs": 19,
        },
    ]
    assert row_counts(study).to_dict("list") == {
        "data": ["customers", "customers"],
        "reason": ["rows read", "empty row"],
        "n_rows": [20, 1],
    }


def test_answers_missing_in_rows_that_are_dropped_are_not_counted_again(make_study, survey):
    survey.loc[0, "rel1"], survey.loc[1, "rel2"], survey.loc[2] = "-99", "", ""
    study = load_study(make_study(frame=survey))
    counts = answer_counts(study)
    assert counts.to_dict("list") == {
        "data": ["customers", "customers"],
        "reason": ["blank", "code -99"],
        "n_missing": [1, 1],
    }
    assert counts["n_missing"].sum() == construct_summary(study)["n_missing"].sum()


def test_columns_are_in_the_glossary(make_study):
    study = load_study(make_study())
    for frame in (construct_summary(study), row_counts(study), answer_counts(study)):
        assert set(frame.columns) <= set(GLOSSARY)

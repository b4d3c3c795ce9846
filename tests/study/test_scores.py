"""Scale scores: the rule for gaps, and what must not change them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servicefx.study.scores import mean_of_answered
from servicefx.study.study import load_study

ANSWERS = st.lists(
    st.lists(st.one_of(st.none(), st.integers(1, 7)), min_size=4, max_size=4), min_size=1, max_size=12
)


def frame(rows: list[list[int | None]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list("abcd"), dtype="float64")


@pytest.mark.parametrize(
    ("answers", "score"),
    [
        ([1, 2, 3, 6], 3.0),
        ([1, None, None, 6], 3.5),
        ([None, None, None, 6], np.nan),
        ([None, None, None, None], np.nan),
    ],
)
def test_half_of_the_items_must_be_answered(answers, score):
    np.testing.assert_array_equal(mean_of_answered(frame([answers])), [score])


@pytest.mark.parametrize(("answers", "score"), [([1, 2, None], 1.5), ([1, None, None], np.nan)])
def test_half_of_three_items_is_two(answers, score):
    np.testing.assert_array_equal(mean_of_answered(pd.DataFrame([answers], dtype="float64")), [score])


def test_listwise_takes_complete_rows_only():
    scores = mean_of_answered(frame([[1, 2, 3, 6], [1, 2, 3, None]]), complete=True)
    np.testing.assert_array_equal(scores, [3.0, np.nan])


@given(ANSWERS)
def test_a_score_lies_between_the_smallest_and_the_largest_answer(rows):
    answers = frame(rows)
    scores = mean_of_answered(answers)
    known = scores.notna()
    assert (scores[known] >= answers[known].min(axis=1) - 1e-12).all()
    assert (scores[known] <= answers[known].max(axis=1) + 1e-12).all()
    assert (known == (answers.notna().sum(axis=1) >= 2)).all()


@given(ANSWERS, st.randoms(use_true_random=False))
def test_the_order_of_items_and_rows_changes_no_score(rows, random):
    answers = frame(rows)
    items, order = list("abcd"), list(range(len(rows)))
    random.shuffle(items)
    random.shuffle(order)
    shuffled = mean_of_answered(answers[items].iloc[order])
    pd.testing.assert_series_equal(shuffled.sort_index(), mean_of_answered(answers))


@given(ANSWERS)
def test_turning_every_item_turns_the_score(rows):
    answers = frame(rows)
    np.testing.assert_allclose(
        mean_of_answered(8 - answers), 8 - mean_of_answered(answers), rtol=0, atol=1e-12
    )


@given(seed=st.integers(0, 2**16))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_renaming_columns_and_shuffling_rows_of_a_file_changes_no_score(seed, make_study, survey):
    before = load_study(make_study(frame=survey)).scores["customers"]
    order = np.random.default_rng(seed).permutation(len(survey))
    moved = survey.iloc[order].rename(columns={"rel2": "可靠 二", "sat": "how satisfied, overall?"})
    change = {'"rel2"': '"可靠 二"', 'items = ["sat"]': 'items = ["how satisfied, overall?"]'}
    after = load_study(make_study(change, frame=moved)).scores["customers"]
    np.testing.assert_array_equal(after.to_numpy(), before.to_numpy()[order])


def test_a_construct_has_a_score_in_every_file_that_measures_it(make_study, survey, tmp_path):
    pd.DataFrame({"firm": ["f1", "f2"], "index": [3.25, 4.5]}).to_csv(tmp_path / "firms.csv", index=False)
    change = {
        "[scales.likert]": '[data.firms]\nfile = "firms.csv"\nunit = "firm"\n[scales.likert]',
        'items = ["rel1"': 'data = "customers"\nmeasured_in = { firms = "index" }\nitems = ["rel1"',
        'items = ["sat"]': 'data = "customers"\nitems = ["sat"]',
    }
    study = load_study(make_study(change, frame=survey))
    assert study.scores["firms"].to_dict("list") == {"reliability": [3.25, 4.5]}
    assert list(study.scores["customers"].columns) == ["reliability", "satisfaction"]
    assert study.scores["firms"].dtypes.tolist() == [np.float64]


def test_listwise_is_heeded_by_the_study(make_study, survey):
    survey.loc[0, "rel1"] = ""
    scores = load_study(make_study(frame=survey)).scores["customers"]["reliability"]
    assert scores.notna().all()
    folder = make_study(extra='[inference]\nmissing_data = "listwise"\n', frame=survey)
    assert load_study(folder).scores["customers"]["reliability"].isna().tolist() == [True] + [False] * 19

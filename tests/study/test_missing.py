"""Missing codes however they are written, labels as answers, and texts that are no numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.study.missing import MissingCodes, numbers, texts

CODES = MissingCodes.of([-99, "N/A", 999])


def column(*cells: object) -> pd.Series:
    return pd.Series(cells, dtype="str")


@pytest.mark.parametrize(
    "written", ["-99", "-99.0", " -99 ", "N/A", "n/a", " N/A", "999", "999.00", "9.99e2"]
)
def test_a_code_is_the_same_code_however_it_is_written(written):
    answers = numbers(column("1", written), CODES)
    assert np.isnan(answers.numeric[1])
    assert answers.not_numbers == {}
    assert sum(answers.missing.values()) == 1


@pytest.mark.parametrize("code", [-99, -99.0, "-99", "-99.0", " -99"])
def test_a_code_may_be_declared_as_number_or_text(code):
    codes = MissingCodes.of([code])
    np.testing.assert_array_equal(numbers(pd.Series([1.0, -99.0]), codes).numeric, [1, np.nan])
    np.testing.assert_array_equal(numbers(column("1", "-99"), codes).numeric, [1, np.nan])


def test_missing_answers_are_counted_by_reason():
    answers = numbers(column("1", "", " ", None, "-99", "-99.0", "N/A"), CODES)
    assert answers.missing == {"blank": 3, "code -99": 2, "code N/A": 1}


def test_a_text_that_is_no_number_keeps_its_place():
    answers = numbers(column("1", "good", "2", "good", "1,5", "5 stars"), CODES)
    assert answers.not_numbers == {1: "good", 3: "good", 4: "1,5", 5: "5 stars"}
    np.testing.assert_array_equal(answers.numeric[[0, 2]], [1, 2])


@pytest.mark.parametrize("text", ["1_000", "0x10", "nan", "inf", "1e", "１", "--1", "."])
def test_what_only_a_programmer_calls_a_number_is_text(text):
    assert numbers(column("1", text), CODES).not_numbers == {1: text}


def test_decimal_commas_are_read_where_the_file_has_them():
    answers = numbers(column("1,5", "2.5", "-,5"), CODES, decimal=",")
    np.testing.assert_array_equal(answers.numeric, [1.5, 2.5, -0.5])


def test_wordings_count_as_answers_where_all_texts_are_wordings():
    labels = {"1": "strongly disagree", "5": "Strongly Agree"}
    answers = numbers(column("strongly agree", " Strongly disagree", "3", "N/A"), CODES, labels=labels)
    np.testing.assert_array_equal(answers.numeric, [5, 1, 3, np.nan])
    assert answers.not_numbers == {}


def test_one_text_that_is_no_wording_leaves_all_texts_unread():
    labels = {"1": "no", "5": "yes"}
    assert numbers(column("yes", "no", "perhaps"), CODES, labels=labels).not_numbers == {
        0: "yes",
        1: "no",
        2: "perhaps",
    }


def test_infinity_is_not_an_answer():
    answers = numbers(pd.Series([1.0, np.inf]), CODES)
    assert answers.not_numbers == {1: "inf"}
    assert np.isnan(answers.numeric[1])


def test_names_that_look_alike_stay_apart():
    assert texts(column("007", "7"), CODES).tolist() == ["007", "7"]
    assert texts(column("12", "7"), CODES).tolist() == [12, 7]
    assert texts(pd.Series([1.0, 2.0]), CODES).tolist() == [1, 2]


def test_codes_and_blanks_are_no_names():
    named = texts(column("own", "n/a", " ", "-99"), CODES)
    assert named.isna().tolist() == [False, True, True, True]

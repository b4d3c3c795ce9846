from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.reliability import cronbach_alpha, mcdonald_omega, reliability_table, split_half
from servicefx.moments.moments import Moments


@pytest.fixture
def answers(rng: np.random.Generator) -> pd.DataFrame:
    common = rng.standard_normal((90, 1))
    return pd.DataFrame(4 + common + 0.8 * rng.standard_normal((90, 4)), columns=["服务 1", "b", "c", "d"])


@pytest.mark.parametrize("measure", [cronbach_alpha, mcdonald_omega])
def test_rows_covariances_and_moments_give_the_same_float(measure: object, answers: pd.DataFrame) -> None:
    of_rows = measure(answers)
    assert type(of_rows) is float
    assert measure(answers.cov().to_numpy()) == pytest.approx(of_rows, rel=1e-9)
    assert measure(Moments.from_frame(answers)) == pytest.approx(of_rows, rel=1e-9)


def test_a_square_frame_of_answers_is_rows(answers: pd.DataFrame) -> None:
    square = answers.head(4).reset_index(drop=True)
    k, variances, total = 4, square.var().sum(), square.sum(axis=1).var()
    assert cronbach_alpha(square) == pytest.approx(k / (k - 1) * (1 - variances / total))
    symmetric = (square.to_numpy() + square.to_numpy().T) / 2
    frame = pd.DataFrame(symmetric, columns=list("abcd"))
    expected = k / (k - 1) * (1 - frame.var().sum() / frame.sum(axis=1).var())
    assert cronbach_alpha(frame) == pytest.approx(expected)


def test_a_frame_that_is_a_matrix_is_refused(answers: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="rows named as the columns: a matrix, where one row a person"):
        cronbach_alpha(answers.cov())
    with pytest.raises(DataError, match="Pass the answers, or the covariances as an array or as Moments"):
        mcdonald_omega(answers.corr())


MATRICES = {
    "rows": (np.ones((5, 3)), r"shape \(5, 3\), a square covariance matrix expected"),
    "not symmetric": (np.array([[1.0, 0.5], [0.2, 1.0]]), "not symmetric and complete"),
    "a gap": (np.array([[1.0, np.nan], [np.nan, 1.0]]), "not symmetric and complete"),
    "too large": (np.array([[1.0, 2.0], [2.0, 1.0]]), "beyond the product of the standard deviations"),
    "a vector": (np.ones(4), "a square covariance matrix expected"),
}


@pytest.mark.parametrize("case", MATRICES)
def test_an_array_that_is_no_covariance_matrix_is_refused(case: str) -> None:
    matrix, message = MATRICES[case]
    with pytest.raises(DataError, match=message):
        cronbach_alpha(matrix)


def test_an_item_that_does_not_vary_is_named(answers: pd.DataFrame) -> None:
    for measure in (cronbach_alpha, mcdonald_omega, split_half):
        with pytest.raises(DataError, match="'c': every answer is the same"):
            measure(answers.assign(c=0.1))
    with pytest.raises(DataError, match="'item 2': every answer is the same"):
        cronbach_alpha(np.diag([1.0, 0.0]))


def test_text_and_nobody_answering_are_refused(answers: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="column 'c': holds text"):
        cronbach_alpha(answers.assign(c="often"))
    with pytest.raises(DataError, match="0 complete answers to 4 items"):
        cronbach_alpha(answers * np.nan)


def test_nullable_columns_and_gaps_are_read(answers: pd.DataFrame) -> None:
    whole = answers.round().astype("Int64")
    gaps = whole.copy()
    gaps.loc[:9, "b"] = pd.NA
    assert cronbach_alpha(gaps) == pytest.approx(cronbach_alpha(answers.round().iloc[10:]), rel=1e-12)


def test_one_item_is_nan_and_never_one(answers: pd.DataFrame) -> None:
    for measure in (cronbach_alpha, mcdonald_omega):
        assert np.isnan(measure(answers[["b"]]))
        assert np.isnan(measure(np.array([[2.0]])))


def test_weights_count_rows_as_often(answers: pd.DataFrame, rng: np.random.Generator) -> None:
    times = rng.integers(1, 4, len(answers))
    repeated = answers.loc[answers.index.repeat(times)].reset_index(drop=True)
    for measure in (cronbach_alpha, mcdonald_omega):
        assert measure(answers, weights=times) == pytest.approx(measure(repeated), rel=1e-9)


def test_infinite_answers_are_named_and_not_taken_for_gaps(answers: pd.DataFrame) -> None:
    endless = answers.copy()
    endless.loc[3, "b"] = np.inf
    for measure in (cronbach_alpha, mcdonald_omega, split_half):
        with pytest.raises(DataError, match=r"items: 'b': infinite answers\n    Recode them as missing"):
            measure(endless)
    with pytest.raises(DataError, match="items: 'b': infinite answers"):
        reliability_table(endless, {"x": ["b", "c"]})

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.reliability import cronbach_alpha, split_half


@pytest.fixture
def answers(rng: np.random.Generator) -> pd.DataFrame:
    common = rng.standard_normal((120, 1))
    return pd.DataFrame(common + rng.standard_normal((120, 18)), columns=[f"i{at}" for at in range(18)])


def estimates(table: pd.DataFrame) -> dict[str, float]:
    return dict(zip(table["measure"], table["estimate"], strict=True))


def test_mean_of_all_equal_splits_is_alpha(answers: pd.DataFrame) -> None:
    table = split_half(answers.iloc[:, :8])
    assert estimates(table)["lambda4_mean"] == pytest.approx(cronbach_alpha(answers.iloc[:, :8]), rel=1e-12)
    assert set(table["n_splits"]) == {35}


def test_splits_of_many_items_are_drawn_and_a_seed_repeats_them(answers: pd.DataFrame) -> None:
    first, again, other = (estimates(split_half(answers, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert first["lambda4_mean"] != other["lambda4_mean"]
    # 10,000 of 24,310 splits: the mean's simulation error is below a hundredth of their spread
    spread = first["lambda4_max"] - first["lambda4_min"]
    assert abs(first["lambda4_mean"] - cronbach_alpha(answers)) < 0.01 * spread


@pytest.mark.parametrize("p", [4, 5, 7])
def test_halves_of_parallel_items_step_up_to_alpha_whatever_their_lengths(p: int) -> None:
    S = 0.4 + 0.6 * np.eye(p)
    assert estimates(split_half(S))["spearman_brown"] == pytest.approx(cronbach_alpha(S), rel=1e-12)


def test_odd_against_even_is_spearman_brown_of_the_halves(answers: pd.DataFrame) -> None:
    six = answers.iloc[:, :6]
    r = six.iloc[:, 0::2].sum(axis=1).corr(six.iloc[:, 1::2].sum(axis=1))
    assert estimates(split_half(six))["spearman_brown"] == pytest.approx(2 * r / (1 + r), rel=1e-12)


def test_lambda6_takes_what_regression_on_the_others_leaves(answers: pd.DataFrame) -> None:
    x = answers.iloc[:, :5].to_numpy()
    x = x - x.mean(axis=0)
    left = 0.0
    for at in range(5):
        rest = np.delete(x, at, axis=1)
        left += np.mean((x[:, at] - rest @ np.linalg.lstsq(rest, x[:, at])[0]) ** 2)
    expected = 1 - left / np.mean(x.sum(axis=1) ** 2)
    assert estimates(split_half(answers.iloc[:, :5]))["lambda6"] == pytest.approx(expected, rel=1e-10)


def test_what_does_not_exist_is_nan_with_its_reason(answers: pd.DataFrame) -> None:
    one = split_half(answers[["i0"]])
    assert one["estimate"].isna().all()
    assert set(one["undefined"]) == {"one item"}
    repeated = split_half(answers.iloc[:, :3].assign(again=answers["i0"])).set_index("measure")
    assert repeated["undefined"]["lambda6"] == "an item can be computed exactly from the others"
    assert np.isfinite(repeated["estimate"].drop("lambda6")).all()
    cancel = split_half(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert set(cancel["undefined"]) == {"the sum score does not vary"}
    half = split_half(np.array([[1.0, 0.2, -1.0], [0.2, 1.0, -0.2], [-1.0, -0.2, 1.0]])).set_index("measure")
    assert half["undefined"]["spearman_brown"] == "a half does not vary"

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal, norm

from servicefx.errors import DataError, IdentificationError
from servicefx.measurement.reliability import categorical_omega, ordinal_alpha, ordinal_omega
from servicefx.measurement.reliability.ordinal import _answer_covariance

LOADINGS = np.array([0.85, 0.75, 0.65, 0.55])
CUTS = np.array([-1.2, -0.4, 0.5, 1.3])
MEASURES = (ordinal_alpha, ordinal_omega, categorical_omega)


def answers(rng: np.random.Generator, n: int, loadings: np.ndarray = LOADINGS) -> pd.DataFrame:
    p = len(loadings)
    responses = rng.standard_normal((n, 1)) * loadings
    responses += rng.standard_normal((n, p)) * np.sqrt(1 - loadings**2)
    return pd.DataFrame(np.digitize(responses, CUTS), columns=[f"q{at}" for at in range(p)])


def test_many_answers_give_the_reliabilities_of_their_population(rng: np.random.Generator) -> None:
    sample = answers(rng, 60_000)
    common = LOADINGS.sum() ** 2
    assert ordinal_omega(sample) == pytest.approx(common / (common + (1 - LOADINGS**2).sum()), abs=0.004)
    # reliability of the sum of answers: its squared correlation with another sum of the same persons' answers
    twin = np.random.default_rng(1).standard_normal((400_000, 1)) * LOADINGS
    first, second = (
        np.digitize(twin + rng.standard_normal(twin.shape) * np.sqrt(1 - LOADINGS**2), CUTS).sum(axis=1)
        for _ in range(2)
    )
    truth = np.corrcoef(first, second)[0, 1]
    for convention in ("implied", "observed"):
        assert categorical_omega(sample, convention=convention) == pytest.approx(truth, abs=0.006)


def test_covariance_of_answers_is_the_sum_over_cells() -> None:
    thresholds = np.array([[-0.5, 0.7], [0.2, 40.0]])
    correlation = np.array([[1.0, 0.6], [0.6, 1.0]])
    normal = multivariate_normal(cov=correlation)
    above = [[1 - norm.cdf(t) for t in (-0.5, 0.7)], [1 - norm.cdf(0.2)]]
    cross = sum(
        1 - norm.cdf(a) - norm.cdf(0.2) + normal.cdf([a, 0.2]) - (1 - norm.cdf(a)) * above[1][0]
        for a in (-0.5, 0.7)
    )
    found = _answer_covariance(thresholds, correlation)
    assert found[0, 1] == pytest.approx(cross, abs=1e-5)  # scipy's distribution function
    assert found[1, 1] == pytest.approx(above[1][0] * (1 - above[1][0]), rel=1e-12)
    mean = sum(above[0])
    assert found[0, 0] == pytest.approx(above[0][0] + 3 * above[0][1] - mean**2, rel=1e-12)


def test_one_item_is_nan_and_two_items_are_held_equal(rng: np.random.Generator) -> None:
    sample = answers(rng, 500)
    for measure in MEASURES:
        assert np.isnan(measure(sample[["q0"]]))
    pair = sample[["q0", "q1"]]
    assert ordinal_omega(pair) == pytest.approx(ordinal_alpha(pair), rel=1e-7)


def test_gaps_are_not_used_and_categories_may_be_words(rng: np.random.Generator) -> None:
    sample = answers(rng, 400).astype(float)
    gaps = sample.copy()
    gaps.iloc[:50, 2] = np.nan
    words = sample.iloc[50:].map(lambda code: "abcde"[int(code)])
    words = words.astype(pd.CategoricalDtype(list("abcde"), ordered=True))
    for measure in MEASURES:
        expected = measure(sample.iloc[50:])
        assert measure(gaps) == pytest.approx(expected, rel=1e-12)
        assert measure(words) == pytest.approx(expected, rel=1e-12)


def test_an_item_that_does_not_vary_is_named(rng: np.random.Generator) -> None:
    for measure in MEASURES:
        with pytest.raises(DataError, match="'q1'"):
            measure(answers(rng, 200).assign(q1=3))
        with pytest.raises(DataError, match="0 complete answers to 4 items"):
            measure(answers(rng, 20) * np.nan)


def test_a_heywood_item_is_named(rng: np.random.Generator) -> None:
    R = np.array([[1.0, 0.2, 0.6], [0.2, 1.0, 0.7], [0.6, 0.7, 1.0]])
    responses = rng.multivariate_normal(np.zeros(3), R, 3000)
    sample = pd.DataFrame(np.digitize(responses, CUTS), columns=["a", "b", "c"])
    with pytest.raises(IdentificationError, match="Heywood case: 'c'"):
        ordinal_omega(sample)
    assert ordinal_alpha(sample) > 0.6


def test_an_unknown_convention_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="'psych' is not known"):
        categorical_omega(answers(rng, 50), convention="psych")

from __future__ import annotations

import numpy as np
import pytest

from servicefx.measurement.factor_model import fit_one_factor
from servicefx.measurement.reliability.influence import factor_slope
from servicefx.measurement.reliability.measures import FACTOR
from servicefx.measurement.reliability.one_factor import fit_one_factor_batch


def sample_covariances(rng: np.random.Generator, draws: int, p: int, n: int = 150) -> np.ndarray:
    loadings = rng.uniform(0.3, 0.9, (draws, 1, p))
    rows = rng.standard_normal((draws, n, 1)) * loadings + rng.standard_normal((draws, n, p)) * np.sqrt(
        1 - loadings**2
    )
    rows = (rows - rows.mean(axis=1, keepdims=True)) * np.linspace(0.5, 3, p)
    return np.swapaxes(rows, 1, 2) @ rows / n


@pytest.mark.parametrize("p", [3, 4, 8])
def test_every_solution_is_that_of_the_single_fit(p: int, rng: np.random.Generator) -> None:
    S = sample_covariances(rng, 30, p)
    fit = fit_one_factor_batch(S)
    assert fit.solved.mean() > 0.8
    for at in np.flatnonzero(fit.solved):
        sd = np.sqrt(np.diag(S[at]))
        single = fit_one_factor(S[at] / np.outer(sd, sd))
        np.testing.assert_allclose(fit.loadings[at], single.loadings * sd, atol=2e-6)  # two optimisers
        np.testing.assert_allclose(fit.uniquenesses[at], single.uniquenesses * sd**2, atol=1e-5)
    for at in np.flatnonzero(fit.heywood >= 0):
        sd = np.sqrt(np.diag(S[at]))
        assert fit_one_factor(S[at] / np.outer(sd, sd)).uniquenesses[fit.heywood[at]] <= 0


def test_a_solution_reproduces_the_variances_and_has_a_zero_gradient(rng: np.random.Generator) -> None:
    S = sample_covariances(rng, 5, 6)
    fit = fit_one_factor_batch(S)
    np.testing.assert_allclose(
        fit.loadings**2 + fit.uniquenesses, np.diagonal(S, axis1=1, axis2=2), rtol=1e-8
    )
    sigma = fit.loadings[:, :, None] * fit.loadings[:, None, :] + np.stack(
        [np.diag(u) for u in fit.uniquenesses]
    )
    inverse = np.linalg.inv(sigma)
    pull = inverse @ (sigma - S) @ inverse
    np.testing.assert_allclose(pull @ fit.loadings[:, :, None], 0, atol=1e-8)


def test_a_heywood_item_is_named_by_its_place() -> None:
    R = np.array([[1.0, 0.2, 0.6], [0.2, 1.0, 0.7], [0.6, 0.7, 1.0]])
    fit = fit_one_factor_batch(R[None])
    assert not fit.solved[0]
    assert fit.heywood.tolist() == [2]
    assert np.isnan(fit.loadings).all()


def test_matrices_without_a_solution_leave_the_others_alone(rng: np.random.Generator) -> None:
    S = sample_covariances(rng, 4, 4)
    S[1, 2, :] = S[1, :, 2] = 0.0
    S[2, 3, :], S[2, :, 3] = S[2, 0, :], S[2, :, 0]
    S[2, 3, 3] = S[2, 0, 0]
    fit = fit_one_factor_batch(S)
    assert fit.singular.tolist() == [False, True, True, False]
    assert fit.solved.tolist() == [True, False, False, True]
    np.testing.assert_allclose(fit.loadings[[0, 3]], fit_one_factor_batch(S[[0, 3]]).loadings, rtol=1e-9)


def test_two_items_have_equal_loadings_in_their_units() -> None:
    fit = fit_one_factor_batch(np.array([[[2.0, 0.5], [0.5, 1.0]], [[1.0, -0.5], [-0.5, 1.0]]]))
    np.testing.assert_allclose(fit.loadings[0], np.sqrt([0.5, 0.5]))
    np.testing.assert_allclose(fit.uniquenesses[0], [1.5, 0.5])
    assert fit.solved.tolist() == [True, False]
    wide = fit_one_factor_batch(np.array([[[4.0, 1.2], [1.2, 1.0]]]))
    assert wide.heywood.tolist() == [1]


@pytest.mark.parametrize("measure", FACTOR)
@pytest.mark.parametrize("p", [2, 3, 6])
def test_the_slope_is_the_difference_of_refitted_matrices(
    measure: str, p: int, rng: np.random.Generator
) -> None:
    S = np.eye(2) + 0.4 * (1 - np.eye(2)) if p == 2 else sample_covariances(rng, 1, p, 400)[0]
    value = FACTOR[measure]
    slope = factor_slope(value, fit_one_factor_batch(S[None]))
    step = 1e-5
    for i in range(p):
        for j in range(i + 1):
            moved = np.repeat(S[None], 2, axis=0)
            for at, sign in enumerate((1, -1)):
                moved[at, i, j] += sign * step
                moved[at, j, i] = moved[at, i, j]
            fit = fit_one_factor_batch(moved)
            ends = value(fit.loadings, fit.uniquenesses)
            numeric = (ends[0] - ends[1]) / (2 * step) / (1 if i == j else 2)
            assert slope[i, j] == pytest.approx(numeric, abs=1e-8)

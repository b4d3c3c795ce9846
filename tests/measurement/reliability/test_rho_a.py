from __future__ import annotations

import numpy as np
import pytest

from servicefx.measurement.reliability import rho_a
from servicefx.measurement.reliability.rho_a import mode_a_weights

LOADINGS = np.array([0.9, 0.7, 0.5, 0.8, 0.6, 0.4])
BLOCKS = (np.arange(3), np.arange(3, 6))


def population(between: float) -> np.ndarray:
    phi = np.where(np.kron(np.eye(2), np.ones((3, 3))) > 0, 1.0, between)
    return np.outer(LOADINGS, LOADINGS) * phi + np.diag(1 - LOADINGS**2)


@pytest.mark.parametrize("between", [0.5, -0.3])
def test_mode_a_weights_are_the_loadings_and_rho_a_the_reliability_in_a_factor_population(
    between: float,
) -> None:
    R = population(between)
    weights = mode_a_weights(R[None], BLOCKS)[0]
    for at in BLOCKS:
        np.testing.assert_allclose(weights[at] / weights[at[0]], LOADINGS[at] / LOADINGS[at[0]], rtol=1e-8)
        own, w = R[np.ix_(at, at)], weights[at]
        assert w @ own @ w == pytest.approx(1)
        assert rho_a(own, w) == pytest.approx((w @ LOADINGS[at]) ** 2, rel=1e-8)


def test_rho_a_does_not_depend_on_the_weights_scale_and_one_item_is_nan() -> None:
    R = population(0.5)[:3, :3]
    w = np.array([0.4, 0.3, 0.5])
    assert rho_a(R, w) == pytest.approx(rho_a(R, -7 * w), rel=1e-12)
    assert np.isnan(rho_a(np.ones((1, 1)), np.ones(1)))
    assert np.isnan(rho_a(R, np.array([1.0, 0.0, 0.0])))


def test_many_matrices_are_solved_as_each_alone(rng: np.random.Generator) -> None:
    rows = rng.multivariate_normal(np.zeros(6), population(0.4), (20, 200))
    R = np.array([np.corrcoef(sample.T) for sample in rows])
    R[3] = np.nan
    together = mode_a_weights(R, BLOCKS)
    for at in (0, 7, 19):
        np.testing.assert_allclose(together[at], mode_a_weights(R[at : at + 1], BLOCKS)[0], atol=1e-9)
    assert np.isnan(together[3]).all()
    assert np.isfinite(np.delete(together, 3, axis=0)).all()

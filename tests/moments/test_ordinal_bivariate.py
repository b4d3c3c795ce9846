"""The bivariate normal distribution function against quadrature."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

from servicefx.moments.bivariate import bivariate_normal_cdf, bivariate_normal_increment

EXACT = 2e-14  # adaptive quadrature reaches 1e-14
CORRELATIONS = [
    -0.999,
    -0.95,
    -0.926,
    -0.924,
    -0.6,
    -0.2,
    0.0,
    0.29,
    0.31,
    0.74,
    0.76,
    0.924,
    0.926,
    0.99,
    0.999,
]


def by_quadrature(h: float, k: float, r: float) -> float:
    root = np.sqrt(1 - r * r)
    steep = [k / r + step * root / abs(r) for step in (-8, -2, 0, 2, 8)] if r else []
    cuts = np.unique(np.clip([-9, *steep, h], -9, h))
    parts = [
        quad(
            lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr((k - r * x) / root),
            low,
            high,
            epsabs=1e-15,
        )
        for low, high in pairwise(cuts)
    ]
    return float(sum(value for value, _ in parts))


@pytest.mark.parametrize("r", CORRELATIONS)
def test_grid_values_equal_quadrature(r):
    h, k = np.array([[-2.1, -0.4, 0.0, 0.7, 3.0]]), np.array([[-1.5, -0.4, 0.01, 0.69]])
    grid = bivariate_normal_cdf(h, k, np.array([r]))[0]
    expected = [[by_quadrature(a, b, r) for b in k[0]] for a in h[0]]
    np.testing.assert_allclose(grid, expected, rtol=0, atol=EXACT)


def test_many_correlations_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(0)
    r = np.array(CORRELATIONS)
    h, k = rng.normal(size=(len(r), 3)), rng.normal(size=(len(r), 4))
    together = bivariate_normal_cdf(h, k, r)
    for at in range(len(r)):
        alone = bivariate_normal_cdf(h[at : at + 1], k[at : at + 1], r[at : at + 1])
        np.testing.assert_allclose(together[at], alone[0], rtol=0, atol=1e-15)


def test_forty_is_infinity():
    end = np.array([[-40.0, 0.5, 40.0]])
    for r in (-0.999, -0.95, 0.4, 0.95, 0.999):
        grid = bivariate_normal_cdf(end, end, np.array([r]))[0]
        np.testing.assert_allclose(grid[2], [0, ndtr(0.5), 1], rtol=0, atol=1e-15)
        np.testing.assert_allclose(grid[0], 0, rtol=0, atol=1e-15)


def test_increments_add_up():
    rng = np.random.default_rng(0)
    start = np.array([-0.88, -0.5, 0.0, 0.3, 0.745, 0.88])
    stop = start + np.array([0.015, -0.015, 0.01, 0.015, 0.01, 0.015])
    h, k = rng.normal(size=(6, 4)) * 1.5, rng.normal(size=(6, 4)) * 1.5
    change = bivariate_normal_cdf(h, k, stop) - bivariate_normal_cdf(h, k, start)
    np.testing.assert_allclose(bivariate_normal_increment(h, k, start, stop), change, rtol=0, atol=2e-15)

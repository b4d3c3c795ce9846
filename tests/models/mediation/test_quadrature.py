"""Means of curves over rows and errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from servicefx.models.mediation.quadrature import Spread, curve_mean, spread_rows


@pytest.mark.parametrize(("width", "near"), [(1.0, 1e-9), (4.0, 1e-7), (10.0, 2e-6)])
def test_a_curve_over_places_is_the_curve_over_rows(
    rng: np.random.Generator, width: float, near: float
) -> None:
    columns = np.column_stack([np.ones(500), rng.uniform(-width / 2, width / 2, 500)])
    slopes = np.array([[0.3, 1.0], [-2.0, 0.5], [0.0, 0.0]])
    counts = rng.integers(0, 4, (3, 500)).astype(np.float32)
    spread = spread_rows(columns, slopes, counts)
    assert spread.mass.sum(axis=1) == pytest.approx(1.0, abs=1e-12)
    weight = counts.astype(float) / counts.sum(axis=1, keepdims=True)
    expected = (weight * expit(slopes @ columns.T + 0.2)).sum(axis=1)
    found = curve_mean("logit", spread, np.full(3, 0.2), np.zeros(3))
    assert found == pytest.approx(expected, abs=near)
    line = (weight * (slopes @ columns.T)).sum(axis=1)
    assert curve_mean("linear", spread, np.zeros(3), np.zeros(3)) == pytest.approx(line, abs=1e-9)


@pytest.mark.parametrize("sd", [0.0, 0.05, 0.7, 3.0, 12.0])
@pytest.mark.parametrize("link", ["logit", "probit"])
def test_errors_are_integrated_out(link: str, sd: float) -> None:
    curve = expit if link == "logit" else norm.cdf
    spread = Spread(np.array([[0.4]]), np.array([[1.0]]))
    expected = curve(1.4)
    if sd:
        expected = quad(
            lambda e: curve(1.4 + e) * norm.pdf(e, 0, sd), -9 * sd, 9 * sd, epsabs=1e-13, limit=200
        )[0]
    assert curve_mean(link, spread, np.ones(1), np.array([sd]))[0] == pytest.approx(expected, abs=2e-10)

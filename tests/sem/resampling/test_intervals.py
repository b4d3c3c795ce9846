"""Intervals from draws: laws and edges."""

from __future__ import annotations

import numpy as np
import pytest

from servicefx.sem.resampling.intervals import acceleration_of, interval, quantiles


def test_draws_at_whole_positions_are_taken_as_they_are() -> None:
    draws = np.arange(1.0, 1000.0)[::-1]
    assert quantiles(draws, np.array([0.025, 0.5, 0.975])).tolist() == [25.0, 500.0, 975.0]


def test_beyond_the_outermost_draws_stand_these() -> None:
    draws = np.arange(10.0)
    assert quantiles(draws, np.array([0.0001, 0.9999, 0.0, 1.0])).tolist() == [0.0, 9.0, 0.0, 9.0]


@pytest.mark.parametrize("kind", ["percentile", "bc", "bca"])
def test_intervals_follow_increasing_functions(rng: np.random.Generator, kind: str) -> None:
    draws = rng.standard_normal(999)
    plain = interval(draws, 0.1, kind, 0.9, 0.03)
    exact = np.sort(draws)
    moved = interval(np.exp(draws), float(np.exp(0.1)), kind, 0.9, 0.03)
    for low, high in zip(plain, np.log(moved), strict=True):
        near = np.searchsorted(exact, low)
        assert low == pytest.approx(high, abs=float(np.diff(exact[max(near - 2, 0) : near + 2]).max()))


def test_bca_without_acceleration_is_bc_and_without_bias_percentile(rng: np.random.Generator) -> None:
    draws = rng.standard_normal(1000)
    assert interval(draws, 0.3, "bca", 0.9, 0.0) == interval(draws, 0.3, "bc", 0.9)
    middle = float(np.median(draws))
    np.testing.assert_allclose(interval(draws, middle, "bc", 0.9), interval(draws, middle, "percentile", 0.9))


def test_no_interval_from_too_little() -> None:
    assert np.isnan(interval(np.array([1.0]), 1.0, "percentile", 0.95)).all()
    assert np.isnan(interval(np.arange(1.0, 50.0), 0.0, "bc", 0.95)).all()


def test_acceleration_is_a_sixth_of_the_skewness_over_root_n(rng: np.random.Generator) -> None:
    away = rng.exponential(size=(4000, 1)) - 1.0
    expected = np.mean(away**3) / np.mean(away**2) ** 1.5 / 6 / np.sqrt(len(away))
    assert acceleration_of(away)[0] == pytest.approx(expected)
    assert acceleration_of(1e-150 * away)[0] == pytest.approx(expected)
    assert acceleration_of(np.zeros((5, 1)))[0] == 0.0
    assert acceleration_of(np.array([[1.0], [np.nan], [0.0]]))[0] == pytest.approx(1 / 6)

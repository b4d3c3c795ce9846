"""Measures of careless answering, row by row."""

from __future__ import annotations

import numpy as np
import pytest

from servicefx.measurement.screening.careless import (
    identical_rows,
    longest_run,
    low_outlyingness,
    pair_distance,
    response_variability,
    straight_lined,
)

NAN = np.nan


def test_a_gap_ends_a_run_and_an_empty_row_has_none() -> None:
    values = np.array([[1, 1, NAN, 1, 1, 1], [NAN] * 6, [2, 3, 2, 3, 2, 3], [4.0] * 6])
    assert longest_run(values).tolist() == [3, 0, 1, 6]


def test_a_block_is_straight_lined_only_if_every_answer_is_the_same() -> None:
    values = np.array([[3, 3, 3, 1, 2, 3], [3, 3, NAN, 5, NAN, 5], [3, 3, 4, 5, 5, 5]])
    lined = straight_lined(values, [np.arange(3), np.arange(3, 6)])
    np.testing.assert_array_equal(lined, [[1, 0], [NAN, NAN], [0, 1]])


def test_an_empty_block_is_not_judged() -> None:
    assert np.isnan(straight_lined(np.ones((2, 3)), [np.array([], dtype=np.intp)])).all()


def test_variability_is_the_standard_deviation_of_what_was_answered() -> None:
    values = np.array([[1, 4, NAN, 7], [5, NAN, NAN, NAN], [NAN] * 4, [0.1] * 4])
    np.testing.assert_allclose(response_variability(values), [3, NAN, NAN, 0], atol=1e-12)


def test_low_outlyingness_is_in_standard_deviations_of_a_normal(rng: np.random.Generator) -> None:
    values = rng.normal(10, 2, 40_000)
    ours = low_outlyingness(np.append(values, [4.0, NAN]))
    assert ours[-2] == pytest.approx(3, abs=0.06)  # 4 standard errors of a robust spread of 40,000
    assert np.isnan(ours[-1])


def test_low_outlyingness_without_spread_is_not_a_number() -> None:
    assert np.isnan(low_outlyingness(np.array([1.0, 1, 1, 0]))).all()
    assert np.isnan(low_outlyingness(np.array([NAN, NAN]))).all()


def test_pair_distance_is_a_share_of_each_scale_over_the_pairs_answered() -> None:
    values = np.array([[1, 7, 0, 10], [4, 4, 5, NAN], [NAN, 1, 2, NAN], [1, 4, 0, 0]], dtype=np.float64)
    ranges = np.array([[1, 7], [1, 7], [0, 10], [0, 10]], dtype=np.float64)
    apart = pair_distance(values, np.array([[0, 1], [2, 3]]), ranges)
    np.testing.assert_allclose(apart, [1, 0, NAN, 0.25])
    assert np.isnan(pair_distance(values, np.empty((0, 2), dtype=np.intp), ranges)).all()


def test_identical_rows_need_the_same_gaps() -> None:
    values = np.array([[1, 2, NAN], [1, 2, NAN], [1, 2, 3], [1, 2, 3], [1, 2, 3], [-0.0, 2, 3], [0.0, 2, 3]])
    twins, _ = identical_rows(values)
    assert twins.tolist() == [1, 1, 2, 2, 2, 1, 1]


def test_chance_of_a_twin_is_right_where_items_are_independent(rng: np.random.Generator) -> None:
    found, expected = [], []
    for _ in range(40):
        twins, chance = identical_rows(rng.integers(1, 4, (200, 5)).astype(np.float64))
        found.append((twins > 0).mean())
        expected.append(chance.mean())
    error = np.std(found) / np.sqrt(len(found))
    # Using the sample's own shares makes the chance a little too high, never too low: 5 items, 200 rows
    assert -4 * error < np.mean(expected) - np.mean(found) < 4 * error + 0.02

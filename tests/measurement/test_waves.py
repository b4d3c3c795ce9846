"""Waves compared: the difference of two means and its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.waves import difference_of_means

# Student's sleep data (datasets::sleep in R): extra hours under two drugs.
# R> t.test(extra ~ group, sleep)
#   t = -1.8608, df = 17.776, p-value = 0.07939; 95 percent confidence interval: -3.3654832  0.2054832
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def sleep() -> tuple[pd.Series, pd.Series]:
    return pd.Series(FIRST + SECOND), pd.Series([1] * 10 + [2] * 10)


def test_without_clusters_it_is_welchs_interval() -> None:
    values, wave = sleep()
    answer = difference_of_means(values, wave == 2, wave == 1)
    assert answer.estimate == pytest.approx(1.58, abs=1e-12)
    assert (answer.conf_low, answer.conf_high) == pytest.approx(
        (-0.2054832, 3.3654832), abs=5e-8
    )  # digits printed


def test_with_persons_as_clusters_it_is_the_paired_interval() -> None:
    # R> t.test(Pair(SECOND, FIRST) ~ 1): 95 percent confidence interval: 0.7001142 2.4598858, df = 9
    values, wave = sleep()
    persons = pd.Series([*range(10), *range(10)])
    answer = difference_of_means(values, wave == 2, wave == 1, clusters=persons)
    assert (answer.conf_low, answer.conf_high) == pytest.approx(
        (0.7001142, 2.4598858), abs=5e-8
    )  # digits printed


def test_integer_weights_move_the_means_as_repeated_rows_do() -> None:
    values, wave = sleep()
    weights = pd.Series([1, 2] * 10, dtype=float)
    repeated = values.repeat(weights.astype(int)).reset_index(drop=True)
    waves = wave.repeat(weights.astype(int)).reset_index(drop=True)
    left = difference_of_means(values, wave == 2, wave == 1, weights=weights)
    right = difference_of_means(repeated, waves == 2, waves == 1)
    assert left.estimate == pytest.approx(right.estimate, abs=1e-12)


def test_a_wave_of_one_answer_has_no_difference() -> None:
    values, wave = sleep()
    values[wave == 2] = np.nan
    values[19] = 1.0
    answer = difference_of_means(values, wave == 2, wave == 1)
    assert np.isnan(answer.estimate)
    assert np.isnan(answer.conf_low)

"""Intervals of alpha and omega cover, and omega is consistent where alpha is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.reliability import (
    cronbach_alpha,
    cronbach_alpha_interval,
    mcdonald_omega,
    reliability_table,
)
from servicefx.measurement.reliability.alpha import alpha_of

LOADINGS = np.array([1.0, 0.8, 0.6, 0.5])
RELIABILITY = LOADINGS.sum() ** 2 / (LOADINGS.sum() ** 2 + 4 * 0.64)
BAND = (0.926, 0.971)  # two-sided 99.9 % binomial band of .95 at 1,000 draws


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Mean 0, variance 1, skewness 1.4, excess kurtosis 3."""
    return (rng.chisquare(4, shape) - 4) / np.sqrt(8)


def covered(rng: np.random.Generator, measure: str, truth: float, samples: int, **choices: object) -> float:
    inside = 0
    for _ in range(samples):
        rows = skewed(rng, (250, 1)) * LOADINGS + 0.8 * skewed(rng, (250, 4))
        table = reliability_table(
            pd.DataFrame(rows, columns=list("abcd")), {"x": list("abcd")}, **choices
        ).set_index("measure")
        inside += table["conf_low"][measure] <= truth <= table["conf_high"][measure]
    return inside / samples


def test_feldts_interval_covers_alpha_of_normal_tau_equivalent_items(rng: np.random.Generator) -> None:
    rows = rng.standard_normal((1000, 60, 1)) + rng.standard_normal((1000, 60, 5)) * [1.0, 0.8, 1.3, 0.6, 1.1]
    rows -= rows.mean(axis=1, keepdims=True)
    alphas = alpha_of(np.swapaxes(rows, 1, 2) @ rows)
    unique = np.square([1.0, 0.8, 1.3, 0.6, 1.1]).sum()
    truth = 25 / (25 + unique)
    ends = np.array([cronbach_alpha_interval(float(alpha), 60, 5) for alpha in alphas])
    assert BAND[0] < np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1])) < BAND[1]


def test_omega_is_consistent_for_congeneric_items_and_alpha_falls_short(rng: np.random.Generator) -> None:
    rows = pd.DataFrame(skewed(rng, (200_000, 1)) * LOADINGS + 0.8 * skewed(rng, (200_000, 4)))
    table = reliability_table(rows, {"x": list(rows.columns)}).set_index("measure")
    error = table["std_error"]["omega"]
    assert abs(mcdonald_omega(rows) - RELIABILITY) < 4 * error
    assert cronbach_alpha(rows) < RELIABILITY - 10 * error


@pytest.mark.slow
def test_the_delta_interval_covers_omega_of_skewed_items(rng: np.random.Generator) -> None:
    assert BAND[0] < covered(rng, "omega", RELIABILITY, 1000) < BAND[1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bca", "percentile"])
def test_bootstrap_intervals_cover_alpha_of_skewed_congeneric_items(
    kind: str, rng: np.random.Generator
) -> None:
    S = np.outer(LOADINGS, LOADINGS) + 0.64 * np.eye(4)
    found = covered(rng, "alpha", cronbach_alpha(S), 500, draws=400, seed=3, kind=kind)
    assert 0.912 < found < 0.980  # the same band at 500 draws

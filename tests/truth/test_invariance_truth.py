"""Invariance in samples whose truth is known: what is off is found, means are unbiased, sizes are kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.invariance import measurement_invariance

CONSTRUCT = {"f": ["x1", "x2", "x3", "x4", "x5"]}
ITEMS = CONSTRUCT["f"]
LOADINGS = np.array([0.9, 0.8, 0.7, 0.8, 0.9])
GAP = 0.3
DRAWS = 300

pytestmark = pytest.mark.slow


def sample(seed: int, shift: float, *, n: int = 500, skewed: bool = False) -> pd.DataFrame:
    """Two groups of n; in the second the construct lies .3 higher, and x3 off by ``shift``."""
    rng = np.random.default_rng([20260401, seed])
    second = np.repeat([False, True], n)
    score = (rng.chisquare(4, 2 * n) - 4) / np.sqrt(8) if skewed else rng.normal(size=2 * n)
    values = np.outer(score + GAP * second, LOADINGS) + 0.6 * rng.normal(size=(2 * n, 5))
    values[second, 2] += shift
    return pd.DataFrame(values, columns=ITEMS).assign(group=np.where(second, "b", "a"))


def test_the_item_that_is_off_is_found_and_the_means_are_unbiased() -> None:
    estimates, covered, first = [], [], []
    naive = []
    for seed in range(DRAWS):
        data = sample(seed, 0.6)
        found = measurement_invariance(data, CONSTRUCT, "group", strict=False)
        released = found.released
        first.append(len(released) > 0 and (released["level"][0], released["item"][0]) == ("scalar", "x3"))
        row = found.latent_means.iloc[0]
        estimates.append(row["estimate"])
        covered.append(row["conf_low"] <= GAP <= row["conf_high"])
        fit = found.fits["scalar"]
        at = next(p.position for p in fit.model.of_group(1) if (p.op, p.lhs) == ("~1", "f"))
        naive.append(fit.theta[at])
    error = np.std(estimates) / np.sqrt(DRAWS)
    assert np.mean(first) > 0.99
    assert abs(np.mean(estimates) - GAP) < 4 * error
    assert np.mean(naive) - GAP > 10 * error  # what the release protects from
    # two-sided 99.9 % of 300 draws of a 95 % interval
    assert 0.908 <= np.mean(covered) <= 0.992


@pytest.mark.parametrize("skewed", [False, True])
def test_levels_that_hold_are_rejected_as_often_as_said(skewed: bool) -> None:
    p_values, by_cfi, released = [], [], []
    for seed in range(DRAWS):
        found = measurement_invariance(sample(seed, 0.0, skewed=skewed), CONSTRUCT, "group")
        p_values.append(found.ladder["p_value"][1:4].to_numpy())
        by_cfi.append((found.ladder["judgement"] == "fail").any())
        released.append(len(found.released))
    # two-sided 99.9 % of 300 draws of a 5 % test
    rejected = (np.array(p_values) < 0.05).mean(axis=0)
    assert ((rejected >= 0.009) & (rejected <= 0.092)).all(), rejected
    assert np.mean(by_cfi) < 0.02
    assert np.mean(released) < 0.02


def test_ordered_answers_keep_size_and_means() -> None:
    p_values, estimates, covered = [], [], []
    for seed in range(150):
        data = sample(seed, 0.0)
        codes = data[ITEMS].apply(lambda column: pd.Series(np.digitize(column, [-1.0, -0.2, 0.5, 1.3])))
        found = measurement_invariance(codes.assign(group=data["group"]), CONSTRUCT, "group", ordered=True)
        p_values.append(found.ladder["p_value"][1:4].to_numpy())
        row = found.latent_means.iloc[0]
        estimates.append(row["estimate"])
        covered.append(row["conf_low"] <= GAP <= row["conf_high"])
    rejected = (np.array(p_values) < 0.05).mean(axis=0)
    assert (rejected <= 0.11).all(), rejected  # two-sided 99.9 % of 150 draws of a 5 % test
    assert abs(np.mean(estimates) - GAP) < 4 * np.std(estimates) / np.sqrt(150)
    assert 0.89 <= np.mean(covered) <= 1.0

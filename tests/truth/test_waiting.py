"""Coverage of the threshold's intervals and size of the sup-F test over simulated samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.models.waiting import fit_threshold

SAMPLES = 400
CLUSTERS = 120  # with 60 the intervals cover .91-.96: whole-cluster bootstraps want many clusters
BAND = (0.914, 0.982)  # two-sided 99.9 % binomial band around .95 at 400 samples


def sample(rng: np.random.Generator, slope: float, n: int, *, clustered: bool = False) -> pd.DataFrame:
    outlet = rng.integers(0, CLUSTERS, n)
    hours = np.exp(np.log(17) + 0.6 * rng.normal(size=n) + 0.2 * rng.normal(size=CLUSTERS)[outlet])
    held = rng.normal(size=n)
    noise = 0.45 * (0.7 + 0.02 * hours) * rng.normal(size=n)
    if clustered:
        noise += 0.25 * rng.normal(size=CLUSTERS)[outlet]
    satisfaction = 5 + slope * np.maximum(hours - 24, 0) + 0.3 * held + noise
    return pd.DataFrame({"satisfaction": satisfaction, "hours": hours, "held": held, "outlet": outlet})


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_intervals_cover_the_truth(clustered: bool) -> None:
    covered = np.zeros(4)
    for number in range(SAMPLES):
        data = sample(np.random.default_rng([number, 17]), -0.06, 1200, clustered=clustered)
        fit = fit_threshold(
            data, "satisfaction", "hours", ["held"], draws=299, seed=number,
            clusters=data["outlet"] if clustered else None,
        )  # fmt: skip
        rows = pd.concat([fit.intervals.iloc[:2], fit.slopes.iloc[:2]])
        truth = np.array([24, 24, 0, -0.06])
        covered += (rows["conf_low"].to_numpy() <= truth) & (truth <= rows["conf_high"].to_numpy())
    assert (covered / SAMPLES >= BAND[0]).all(), covered / SAMPLES
    assert (covered / SAMPLES <= BAND[1]).all(), covered / SAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_a_straight_line_is_rejected_as_often_as_it_should(clustered: bool) -> None:
    p_values = []
    for number in range(SAMPLES):
        data = sample(np.random.default_rng([number, 18]), 0.0, 600, clustered=clustered)
        data["satisfaction"] -= 0.02 * data["hours"]
        fit = fit_threshold(
            data, "satisfaction", "hours", ["held"], draws=199, seed=number,
            clusters=data["outlet"] if clustered else None,
        )  # fmt: skip
        p_values.append(fit.test["p_value"].iloc[0])
    size = np.mean(np.array(p_values) <= 0.1)
    assert 0.05 < size < 0.155, size  # two-sided 99.9 % binomial band around .10 at 400 samples

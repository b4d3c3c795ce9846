from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.norms import percentile_norms, percentile_rank


def test_whole_weights_are_copies_of_a_person(rng: np.random.Generator) -> None:
    scores, weights = pd.Series(rng.normal(size=40)), pd.Series(rng.integers(1, 5, 40))
    copied = scores.loc[scores.index.repeat(weights)].reset_index(drop=True)
    weighed = percentile_norms(scores, weights=weights.astype(float))
    assert weighed["estimate"].tolist() == percentile_norms(copied)["estimate"].tolist()


def test_the_interval_of_the_median_covers_as_often_as_it_says(rng: np.random.Generator) -> None:
    hits = 0
    for _ in range(1000):
        row = percentile_norms(pd.Series(rng.exponential(size=80)), percentiles=[50]).iloc[0]
        hits += row["conf_low"] <= np.log(2) <= row["conf_high"]
    assert 0.926 <= hits / 1000 <= 0.971  # two-sided 99.9 % binomial band


def test_clusters_widen_the_interval(rng: np.random.Generator) -> None:
    clusters = pd.Series(np.repeat(np.arange(30), 10))
    scores = pd.Series(rng.normal(size=30)[clusters] + 0.3 * rng.normal(size=300))
    width = {
        name: np.diff(percentile_norms(scores, percentiles=[50], clusters=c)[["conf_low", "conf_high"]])[0, 0]
        for name, c in (("rows", None), ("clusters", clusters))
    }
    assert width["clusters"] > 1.8 * width["rows"]


def test_an_end_that_the_answers_cannot_give_is_said() -> None:
    row = percentile_norms(pd.Series(np.arange(10.0)), percentiles=[95]).iloc[0]
    assert np.isnan(row["conf_high"])
    assert row["undefined"] == "too few answers for an end of the interval"
    assert percentile_norms(pd.Series([3.0, np.nan]), percentiles=[50]).iloc[0]["undefined"] == "one answer"
    assert percentile_norms(pd.Series([np.nan])).iloc[0]["undefined"] == "nobody answered"


def test_a_highest_percentile_that_everybody_shares_has_no_interval_of_width_zero() -> None:
    scores = pd.Series([1.0, 2, 3, 4] + [5.0] * 36)
    row = percentile_norms(scores, percentiles=[10]).iloc[0]
    assert row["conf_low"] < row["conf_high"]


def test_rank_counts_ties_half() -> None:
    scores = pd.Series([1.0, 2.0, 2.0, 3.0, np.nan])
    assert percentile_rank(2.0, scores) == 50.0
    assert percentile_rank(0.0, scores) == 0.0
    assert percentile_rank(2.0, scores, weights=pd.Series([2.0, 1, 1, 4, 1])) == pytest.approx(100 * 3 / 8)
    assert np.isnan(percentile_rank(1.0, pd.Series([np.nan])))

"""Harman's single factor: shares, intervals, and the weakness that goes with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.method_bias.harman import harman_single_factor
from servicefx.moments.moments import Moments
from servicefx.values.glossary import GLOSSARY


def items_of(rng: np.random.Generator, n: int = 300, share: float = 0.5) -> pd.DataFrame:
    common = rng.standard_normal((n, 1))
    values = np.sqrt(share) * common + np.sqrt(1 - share) * rng.standard_normal((n, 6))
    return pd.DataFrame(values, columns=list("abcdef"))


def test_equal_correlations_have_the_shares_of_their_formula() -> None:
    r, p = 0.4, 6
    printed = Moments.from_correlation(
        np.full((p, p), r) + (1 - r) * np.eye(p), np.ones(p), 200, names=list("abcdef")
    )
    found = harman_single_factor(printed)
    assert found.table["share"].tolist() == pytest.approx([(1 + (p - 1) * r) / p, r])
    assert found.rules["judgement"].tolist() == ["pass", "pass"]
    assert found.n_components == 1
    assert found.measures["chi2"] == pytest.approx(0, abs=1e-6)


def test_a_share_above_half_fails_and_the_weakness_stands_beside_it(rng: np.random.Generator) -> None:
    found = harman_single_factor(items_of(rng, share=0.8))
    assert found.rules["judgement"].tolist() == ["fail", "fail"]
    assert found.rules["threshold"].tolist() == [0.5, 0.5]
    assert any("cannot show that there is no method bias" in sentence for sentence in found.weakness)
    assert {*found.table.columns, *found.rules.columns} <= set(GLOSSARY)


@pytest.mark.slow
def test_the_interval_of_the_component_covers_at_its_level() -> None:
    # of 150 data sets 95 %: a two-sided 99.9 % binomial band is .880-.993
    truth, hits = (1 + 5 * 0.5) / 6, 0
    for draw in range(150):
        items = items_of(np.random.default_rng([1, draw]))
        row = harman_single_factor(items, draws=200, seed=draw).table.iloc[0]
        hits += row["conf_low"] < truth < row["conf_high"]
    assert 0.880 < hits / 150 < 0.993


def test_the_interval_of_the_component_repeats_with_its_seed(rng: np.random.Generator) -> None:
    items = items_of(rng)
    one, two, other = (harman_single_factor(items, draws=100, seed=seed).table for seed in (3, 3, 4))
    assert one.equals(two)
    assert one["conf_low"][0] < one["share"][0] < one["conf_high"][0]
    assert one["conf_low"][0] != other["conf_low"][0]


def test_clusters_widen_the_interval(rng: np.random.Generator) -> None:
    outlets = np.repeat(np.arange(30), 10)
    items = items_of(rng) + 1.5 * rng.standard_normal((30, 1))[outlets]
    plain, grouped = (
        harman_single_factor(items, draws=300, seed=1, clusters=clusters).table.iloc[0]
        for clusters in (None, pd.Series(outlets))
    )
    assert grouped["conf_high"] - grouped["conf_low"] > plain["conf_high"] - plain["conf_low"]


def test_latent_correlations_that_cannot_be_factored_leave_the_component(rng: np.random.Generator) -> None:
    few = pd.DataFrame(np.digitize(items_of(rng, n=12), [0.0]), columns=list("abcdef"))
    found = harman_single_factor(few, correlation="polychoric")
    assert np.isfinite(found.table["share"][0])
    assert np.isnan(found.table["share"][1])
    assert "not positive definite" in found.table["undefined"][1]


def test_resamples_of_a_printed_table_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(DataError, match="resamples need the rows"):
        harman_single_factor(Moments.from_frame(items_of(rng)), draws=100)
    with pytest.raises(DataError, match="2 items, at least 3 expected"):
        harman_single_factor(items_of(rng)[["a", "b"]])

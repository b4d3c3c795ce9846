"""Full collinearity: regressions, intervals, and scores that repeat one another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.correlation import correlation_interval
from servicefx.measurement.method_bias.collinearity import full_collinearity
from servicefx.moments.moments import Moments
from servicefx.values.glossary import GLOSSARY


def scores_of(rng: np.random.Generator, n: int = 400, r: float = 0.6) -> pd.DataFrame:
    R = np.full((3, 3), r) + (1 - r) * np.eye(3)
    return pd.DataFrame(rng.multivariate_normal(np.zeros(3), R, n), columns=["q", "s", "l"])


@pytest.mark.parametrize(("r", "judgement"), [(0.5, "pass"), (0.85, "warn"), (0.95, "fail")])
def test_equal_correlations_have_the_factor_of_their_formula_judged(r: float, judgement: str) -> None:
    printed = Moments.from_correlation(
        np.full((3, 3), r) + (1 - r) * np.eye(3), np.ones(3), 100, names=["q", "s", "l"]
    )
    found = full_collinearity(printed)
    factor = (1 + r) / ((1 - r) * (1 + 2 * r))
    np.testing.assert_allclose(found.table["estimate"], factor)
    assert found.rules["judgement"].tolist() == [judgement] * 3
    assert {*found.table.columns, *found.rules.columns} <= set(GLOSSARY)


def test_the_interval_covers_repeats_and_counts_its_draws(rng: np.random.Generator) -> None:
    scores = scores_of(rng)
    one, two = (full_collinearity(scores, draws=400, seed=2).table for _ in range(2))
    assert one.equals(two)
    assert (one["n_draws"] == 400).all()
    factor = 1.6 / (0.4 * 2.2)
    assert (one["conf_low"] < factor).all()
    assert (one["conf_high"] > factor).all()


def test_the_interval_of_two_scores_is_that_of_their_correlation(rng: np.random.Generator) -> None:
    scores = scores_of(rng, 2000)[["q", "s"]]
    r = scores.corr().iloc[0, 1]
    for level in (0.8, 0.95):
        low, high = correlation_interval(r, 2000, level)
        row = full_collinearity(scores, draws=2000, seed=1, level=level).table.iloc[0]
        # percentiles of 2,000 draws and Fisher's normal differ by some percent of the width
        tolerance = 0.12 * (1 / (1 - high**2) - 1 / (1 - low**2))
        assert row["conf_low"] == pytest.approx(1 / (1 - low**2), abs=tolerance)
        assert row["conf_high"] == pytest.approx(1 / (1 - high**2), abs=tolerance)


def test_weights_that_repeat_rows_equal_repeated_rows(rng: np.random.Generator) -> None:
    scores = scores_of(rng, 100)
    weights = pd.Series(np.tile([1.0, 2.0], 50))
    repeated = pd.concat([scores, scores.iloc[1::2]])
    np.testing.assert_allclose(
        full_collinearity(scores, weights=weights).table["estimate"],
        full_collinearity(repeated).table["estimate"],
    )


def test_scores_that_repeat_one_another_are_named(rng: np.random.Generator) -> None:
    scores = scores_of(rng)
    with pytest.raises(DataError, match="column 'copy': repeats 'q'"):
        full_collinearity(scores.assign(copy=scores["q"]))
    with pytest.raises(DataError, match="1 item, at least 2 expected"):
        full_collinearity(scores[["q"]])
    with pytest.raises(DataError, match="resamples need the rows"):
        full_collinearity(Moments.from_frame(scores), draws=10)

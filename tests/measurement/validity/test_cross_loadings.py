"""Cross-loadings: the item stands outside its own score, and its nearest other construct is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.validity import cross_loadings, judged_cross_loadings
from servicefx.measurement.validity.cross_loadings import score_correlations
from servicefx.moments.moments import Moments

CONSTRUCTS = {"quality": ["a", "b", "c"], "satisfaction": ["d", "e"], "overall": ["f"]}


def answers(rng: np.random.Generator, n: int = 250) -> pd.DataFrame:
    scores = rng.multivariate_normal(np.zeros(3), 0.5 + 0.5 * np.eye(3), size=n)
    noise = 0.6 * rng.normal(size=(n, 6))
    return pd.DataFrame(scores[:, [0, 0, 0, 1, 1, 2]] + noise, columns=list("abcdef"))


def test_correlations_are_those_of_pandas_with_the_mean_of_the_other_items(rng: np.random.Generator) -> None:
    items = answers(rng)
    items.loc[7, "e"] = np.nan
    frame = cross_loadings(items, CONSTRUCTS).set_index(["item", "other"])
    assert len(frame) == 18
    complete = items.dropna()
    for home, own in CONSTRUCTS.items():
        for item in own:
            for other, chosen in CONSTRUCTS.items():
                rest = [one for one in chosen if one != item]
                row = frame.loc[(item, other)]
                assert row["construct"] == home
                if rest:
                    expected = complete[item].corr(complete[rest].mean(axis=1))
                    assert row["estimate"] == pytest.approx(expected, rel=1e-10)
    bare = frame[frame["estimate"].isna()]
    assert bare.index.tolist() == [("f", "overall")]
    assert bare["undefined"].tolist() == ["one item: nothing is left of its own score"]


def test_weights_and_moments_are_taken(rng: np.random.Generator) -> None:
    items, counts = answers(rng), rng.integers(1, 4, size=250)
    weighted = cross_loadings(items, CONSTRUCTS, weights=counts.astype(float))
    repeated = items.loc[items.index.repeat(counts)].reset_index(drop=True)
    pd.testing.assert_frame_equal(weighted, cross_loadings(repeated, CONSTRUCTS), rtol=1e-10)
    pd.testing.assert_frame_equal(
        weighted, cross_loadings(Moments.from_frame(repeated), CONSTRUCTS), rtol=1e-10
    )


def test_a_misplaced_item_is_named_with_the_construct_it_goes_with(rng: np.random.Generator) -> None:
    misplaced = {"quality": ["a", "b", "d"], "satisfaction": ["e", "c"], "overall": ["f"]}
    rows = {
        row["subject"].split(", ")[0]: row
        for row in judged_cross_loadings(cross_loadings(answers(rng), misplaced))
    }
    assert rows["d"]["subject"] == "d, satisfaction"
    assert rows["d"]["estimate"] < 0
    assert rows["d"]["judgement"] == "warn"
    assert rows["a"]["judgement"] == "pass"
    assert rows["f"]["judgement"] == ""


def test_one_construct_alone_has_nothing_to_cross(rng: np.random.Generator) -> None:
    frame = cross_loadings(answers(rng), {"quality": ["a", "b", "c"]})
    assert judged_cross_loadings(frame) == []


def test_a_score_that_does_not_vary_has_no_correlation() -> None:
    S = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    found = score_correlations(S, [[1, 0], [1, 0], [0, 1]])
    assert np.isnan(found[:, 0]).all()
    assert found[:, 1].tolist() == [0, 0, 1]

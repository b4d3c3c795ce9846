"""Sandwich errors: against White's formula written out, clusters of one row, and their names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.sandwich import mean_one_weights, sandwich_of
from servicefx.errors import DataError


def test_clustered_scores_are_summed_before_they_are_multiplied(rng: np.random.Generator) -> None:
    scores, bread = rng.normal(size=(6, 2)), np.array([[2.0, 0.5], [0.5, 1.0]])
    clusters = pd.Series(list("bbaacc"), name="dealer")
    sandwich = sandwich_of(clusters, 6, "y")
    meat = np.zeros((2, 2))
    for label in "abc":
        total = scores[(clusters == label).to_numpy()].sum(axis=0)
        meat += np.outer(total, total)
    assert sandwich.kind == "cluster: dealer (3)"
    assert sandwich.covariance(bread, scores) == pytest.approx(3 / 2 * bread @ meat @ bread)


def test_robust_errors_have_no_factor_and_classical_ones_are_the_bread(rng: np.random.Generator) -> None:
    scores, bread = rng.normal(size=(6, 2)), np.eye(2)
    robust, classical = sandwich_of(None, 6, "y"), sandwich_of(None, 6, "y", robust=False)
    assert (robust.kind, classical.kind) == ("hc0", "classical")
    assert robust.covariance(bread, scores) == pytest.approx(scores.T @ scores)
    assert np.array_equal(classical.covariance(bread, scores), bread)


def test_weights_have_mean_one_or_are_refused() -> None:
    assert mean_one_weights(None, 2, "y").tolist() == [1.0, 1.0]
    assert mean_one_weights(pd.Series([1.0, 3.0]), 2, "y").tolist() == [0.5, 1.5]
    with pytest.raises(DataError, match="1 of 2 weights are missing or not above 0"):
        mean_one_weights(pd.Series([1.0, 0.0]), 2, "y")

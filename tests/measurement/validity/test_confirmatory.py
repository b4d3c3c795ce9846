"""The full factor model: the same as sem.fit, weights and clusters included, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import DataError, StudyError
from servicefx.measurement import validity
from servicefx.measurement.validity import confirmatory_fit, correlation_intervals
from servicefx.moments.moments import Moments
from servicefx.values.glossary import GLOSSARY

CONSTRUCTS = {"quality": ["a", "b", "c"], "service mind": ["d", "e", "f"]}


def answers(rng: np.random.Generator, n: int = 120) -> pd.DataFrame:
    scores = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=n)
    return pd.DataFrame(np.repeat(scores, 3, axis=1) + rng.normal(size=(n, 6)), columns=list("abcdef"))


def test_weights_and_clusters_reach_the_fit_row_by_row(rng: np.random.Generator) -> None:
    items = answers(rng)
    items.loc[5, "a"] = np.nan
    weights, clusters = rng.uniform(0.5, 2, size=120), np.arange(120) // 4
    ours = confirmatory_fit(items, CONSTRUCTS, weights=weights, clusters=clusters)
    theirs = sem.fit(
        "quality =~ a + b + c\n`service mind` =~ d + e + f".replace("`", '"'),
        items.assign(w=weights, k=clusters),
        weights="w",
        cluster="k",
        std_lv=True,
    )
    pd.testing.assert_frame_equal(ours.parameters, theirs.parameters, rtol=1e-6)


def test_rows_and_their_moments_give_one_fit(rng: np.random.Generator) -> None:
    items = answers(rng)
    rows = correlation_intervals(confirmatory_fit(items, CONSTRUCTS))
    moments = correlation_intervals(confirmatory_fit(Moments.from_frame(items), CONSTRUCTS))
    pd.testing.assert_frame_equal(rows, moments, rtol=1e-6)


def test_what_does_not_fit_together_is_refused(rng: np.random.Generator) -> None:
    items = answers(rng)
    moments = Moments.from_frame(items)
    with pytest.raises(DataError, match="clusters belong to rows, and moments are given"):
        confirmatory_fit(moments, CONSTRUCTS, clusters=[1, 2])
    with pytest.raises(DataError, match="weights belong to rows, and moments are given"):
        confirmatory_fit(moments, CONSTRUCTS, weights=[1, 2])
    with pytest.raises(DataError, match="'mlr' needs the rows, and only moments are given"):
        confirmatory_fit(moments, CONSTRUCTS, estimator="mlr")
    with pytest.raises(DataError, match="2 clusters for 120 rows"):
        confirmatory_fit(items, CONSTRUCTS, clusters=[1, 2])
    with pytest.raises(DataError, match="clusters: their index is not that of the items"):
        confirmatory_fit(items, CONSTRUCTS, clusters=pd.Series(1, index=items.index + 1))
    with pytest.raises(StudyError, match="construct 'a' is a column of the data as well"):
        confirmatory_fit(items, {"a": ["a", "b", "c"]})


def test_every_frame_has_glossary_columns(rng: np.random.Generator) -> None:
    items = answers(rng)
    fit = confirmatory_fit(items, CONSTRUCTS)
    frames = [
        validity.average_variance_extracted(items, CONSTRUCTS),
        validity.fitted_average_variance_extracted(fit),
        validity.convergent_loadings(fit),
        validity.correlation_intervals(fit),
        validity.correlation_cut_tests(fit),
        validity.cross_loadings(items, CONSTRUCTS),
        validity.fornell_larcker(fit),
        validity.heterotrait_monotrait(items, CONSTRUCTS),
        validity.heterotrait_monotrait_geometric(items, CONSTRUCTS),
        validity.heterotrait_monotrait_intervals(items, CONSTRUCTS, draws=20, seed=1),
    ]
    assert {str(column) for frame in frames for column in frame} <= set(GLOSSARY)

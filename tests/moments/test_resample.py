import time

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from servicefx.errors import DataError
from servicefx.moments.resample import resampled_covariances, resampled_least_squares, resampled_means
from servicefx.moments.resample_index import resample_counts

LINEAR = 1e-9  # centred and scaled normal equations against a QR solution of the repeated rows


def survey(n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    X = np.column_stack([np.ones(n), rng.normal(1e4, 3, n), rng.normal(0, 1e-3, n)])
    return X @ np.array([2.0, 0.5, 100.0]) + rng.normal(size=n), X


def repeated(counts: np.ndarray) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts.astype(int))


def test_every_resample_has_as_many_rows_as_the_sample():
    counts = resample_counts(30, 11, seed=3, analysis_id="customers")
    assert counts.shape == (11, 30)
    assert counts.dtype == np.float32
    assert (counts.sum(axis=1) == 30).all()


def test_a_seed_repeats_and_another_seed_or_file_differs():
    counts = resample_counts(30, 5, 3, "customers")
    assert (counts == resample_counts(30, 5, 3, "customers")).all()
    assert (counts != resample_counts(30, 5, 4, "customers")).any()
    assert (counts != resample_counts(30, 5, 3, "firms")).any()


def test_counts_are_those_of_drawing_with_replacement():
    counts = resample_counts(20, 20_000, 1, "customers").astype(float)
    # mean 1, variance 1 - 1/n and covariance -1/n of multinomial counts, within 5 Monte Carlo errors
    assert abs(counts[:, 0].mean() - 1) < 5 * np.sqrt(0.95 / 20_000)
    assert abs(counts[:, 0].var() - 0.95) < 0.06
    assert abs(np.cov(counts[:, 0], counts[:, 1])[0, 1] + 0.05) < 0.04


def test_whole_clusters_are_drawn():
    clusters = pd.Series(["b", "a", "b", "c", "a"])
    counts = resample_counts(5, 50, 1, "customers", clusters)
    assert (counts[:, 0] == counts[:, 2]).all()
    assert (counts[:, 1] == counts[:, 4]).all()
    assert (counts[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_shuffled_rows_keep_the_draw_of_their_cluster():
    clusters = np.array([4, 4, 9, 1, 9, 1])
    order = np.array([3, 5, 0, 2, 1, 4])
    plain = resample_counts(6, 20, 1, "customers", clusters)
    assert (resample_counts(6, 20, 1, "customers", clusters[order]) == plain[:, order]).all()


@pytest.mark.parametrize(
    ("n", "clusters", "message"),
    [
        (1, None, "data 'customers': 1 rows, at least 2 expected to resample"),
        (3, ["a", None, "b"], "1 of 3 rows belong to no cluster"),
        (3, ["a", "a", "a"], "1 cluster, at least 2 expected to resample"),
    ],
)
def test_too_little_to_draw_from_is_refused(n, clusters, message):
    with pytest.raises(DataError, match=message):
        resample_counts(n, 5, 1, "customers", clusters)


def test_coefficients_are_those_of_the_repeated_rows():
    y, X = survey()
    counts = resample_counts(len(y), 4, 1, "customers")
    for draw, row in zip(resampled_least_squares(y, X, counts), counts, strict=True):
        at = repeated(row)
        np.testing.assert_allclose(draw, np.linalg.lstsq(X[at], y[at])[0], rtol=1e-6)


def test_coefficients_without_a_constant_term_are_not_centred():
    y, X = survey()
    counts = resample_counts(len(y), 3, 1, "customers")
    for draw, row in zip(resampled_least_squares(y, X[:, 1:], counts), counts, strict=True):
        at = repeated(row)
        np.testing.assert_allclose(draw, np.linalg.lstsq(X[at, 1:], y[at])[0], rtol=1e-6)


def test_weighted_coefficients_are_weighted_least_squares():
    y, X = survey()
    weights = np.random.default_rng(1).uniform(0.5, 2, len(y))
    counts = resample_counts(len(y), 2, 1, "customers")
    for draw, row in zip(resampled_least_squares(y, X, counts, weights), counts, strict=True):
        root = np.sqrt(weights * row)
        expected = np.linalg.lstsq(X * root[:, None], y * root)[0]
        np.testing.assert_allclose(draw, expected, rtol=1e-6)


def test_a_resample_that_cannot_tell_terms_apart_is_nan_and_others_are_not():
    X = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    counts = np.array([[2, 2, 0, 0], [1, 1, 1, 1], [0, 0, 0, 4]], dtype=np.float32)
    draws = resampled_least_squares([1.0, 3.0, 6.0, 8.0], X, counts)
    assert np.isnan(draws[[0, 2]]).all()
    np.testing.assert_allclose(draws[1], [2.0, 5.0], rtol=LINEAR)


def test_incomplete_rows_are_refused():
    y, X = survey()
    y[3] = np.nan
    with pytest.raises(DataError, match="resampling, 'y': 1 of 60 rows are incomplete"):
        resampled_least_squares(y, X, resample_counts(60, 2, 1, "customers"))


def test_means_leave_gaps_out_of_both_sums():
    values = np.array([[1.0, np.nan], [2.0, 5.0], [6.0, np.nan]])
    counts = np.array([[1, 1, 1], [2, 0, 1]], dtype=np.float32)
    means = resampled_means(values, counts)
    np.testing.assert_allclose(means[:, 0], [3.0, 8 / 3])
    assert means[0, 1] == 5.0
    assert np.isnan(means[1, 1])


def test_covariances_are_those_of_the_repeated_rows():
    _, X = survey()
    counts = resample_counts(60, 3, 1, "customers")
    for cov, row in zip(resampled_covariances(X[:, 1:], counts), counts, strict=True):
        np.testing.assert_allclose(cov, np.cov(X[repeated(row), 1:].T, ddof=0), rtol=LINEAR)


def test_blocks_of_rows_change_nothing(monkeypatch):
    _, X = survey()
    counts = resample_counts(60, 3, 1, "customers")
    whole = resampled_covariances(X[:, 1:], counts)
    monkeypatch.setattr("servicefx.moments.resample._BLOCK_CELLS", 21)
    np.testing.assert_allclose(resampled_covariances(X[:, 1:], counts), whole, rtol=LINEAR)


def test_a_thousand_resamples_of_six_thousand_rows_take_under_a_second():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 8))
    with threadpool_limits(1):
        start = time.perf_counter()
        resampled_least_squares(X[:, 0] + rng.normal(size=6000), X, resample_counts(6000, 1000, 1, "c"))
        assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize("weighted", [False, True])
def test_a_column_that_does_not_vary_in_a_resample_has_exactly_no_variance(weighted):
    rng = np.random.default_rng(3)
    values = rng.normal(size=(50, 3)) * [1, 1e5, 1e-5] + [0, 3e5, 7]
    values[:, 0] = np.where(np.arange(50) == 7, 4.1, 5.3)
    counts = resample_counts(50, 300, 1, "customers")
    covariance = resampled_covariances(values, counts, rng.uniform(0.2, 4, 50) if weighted else None)
    still = counts[:, 7] == 0
    assert 60 < still.sum() < 160
    assert (covariance[still, 0] == 0).all()
    assert (covariance[still, :, 0] == 0).all()
    assert (covariance[~still, 0, 0] > 0).all()
    assert (covariance[:, [1, 2], [1, 2]] > 0).all()

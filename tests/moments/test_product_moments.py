from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from servicefx.errors import DataError
from servicefx.moments.product_moments import ProductMoments
from servicefx.moments.resample_index import resample_blocks

EXACT = 1e-12  # closed forms in double precision


def likert(rng: np.random.Generator, n: int = 300, p: int = 4) -> np.ndarray:
    return rng.integers(1, 8, size=(n, p)).astype(float)


def test_every_resample_has_the_moments_of_its_repeated_rows(rng):
    values = rng.normal(size=(60, 3)) * [1, 100, 1e-6] + [0, 1e4, 3]
    (block,) = resample_blocks(60, 20, seed=1, analysis_id="customers")
    counts = block.counts()
    mean, cov = ProductMoments(values).moments(counts)
    for draw, times in enumerate(counts):
        rows = np.repeat(values, times, axis=0)
        np.testing.assert_allclose(mean[draw], rows.mean(axis=0), rtol=EXACT)
        np.testing.assert_allclose(cov[draw], np.cov(rows.T, ddof=0), rtol=1e-10, atol=1e-12)


def test_integer_weights_are_repeated_rows(rng):
    values, weights = rng.normal(size=(40, 3)), rng.integers(1, 4, size=40)
    ones = np.ones((1, 40), dtype=np.uint8)
    mean, cov = ProductMoments(values, weights).moments(ones)
    rows = np.repeat(values, weights, axis=0)
    np.testing.assert_allclose(mean[0], rows.mean(axis=0), rtol=EXACT)
    np.testing.assert_allclose(cov[0], np.cov(rows.T, ddof=0), rtol=1e-11)


@pytest.mark.parametrize("n", [300, 9000])
def test_single_precision_gives_the_bits_of_double_precision(rng, n):
    values = likert(rng, n)
    (block,) = resample_blocks(n, 30, seed=1, analysis_id="a")
    counts = block.counts()
    single = ProductMoments(values)
    double = ProductMoments(values, np.ones(n))  # weights are never taken in single precision
    assert single.single_precision
    assert not double.single_precision
    mean, cov = single.moments(counts)
    centre = np.round(np.median(values, axis=0))
    total = counts.sum(axis=1, dtype=float)[:, None]
    exact_mean = counts.astype(float) @ (values - centre) / total
    left, right = np.tril_indices(4)
    products = (values - centre)[:, left] * (values - centre)[:, right]
    exact = counts.astype(float) @ products / total - exact_mean[:, left] * exact_mean[:, right]
    np.testing.assert_array_equal(mean, exact_mean + centre)
    np.testing.assert_array_equal(cov[:, left, right], exact)
    np.testing.assert_allclose(cov, double.moments(counts)[1], rtol=1e-11, atol=1e-13)


def test_sums_beyond_the_exact_range_are_made_in_double_precision(rng):
    values = rng.integers(0, 251, size=(600, 2)).astype(float)
    values[:300] = 0.0
    values[300:] = 250.0
    counts = np.zeros((1, 600), dtype=np.uint8)
    counts[0, ::2] = 255  # such as of clusters with many rows
    rows = ProductMoments(values)
    assert rows.single_precision
    _, cov = rows.moments(counts)
    np.testing.assert_array_equal(cov, np.full((1, 2, 2), 125.0**2))


def test_answers_on_a_long_scale_are_summed_in_double_precision(rng):
    assert not ProductMoments(rng.integers(0, 2000, size=(50, 2)) * 1.0).single_precision
    assert not ProductMoments(rng.normal(size=(50, 2))).single_precision
    assert ProductMoments(rng.integers(0, 101, size=(50, 2)) * 1.0).single_precision


def test_rows_that_are_not_kept_give_the_same(rng, monkeypatch):
    values = rng.normal(size=(9000, 3))
    (block,) = resample_blocks(9000, 5, seed=1, analysis_id="a")
    kept = ProductMoments(values).moments(block.counts())
    monkeypatch.setattr("servicefx.moments.product_moments._CACHED_CELLS", 0)
    made = ProductMoments(values).moments(block.counts())
    np.testing.assert_array_equal(kept[1], made[1])


def test_a_linear_transformation_of_the_rows_transforms_the_moments(rng):
    values, turn = likert(rng), rng.normal(size=(4, 4))
    (block,) = resample_blocks(300, 5, seed=1, analysis_id="a")
    _, cov = ProductMoments(values).moments(block.counts())
    _, turned = ProductMoments(values @ turn).moments(block.counts())
    np.testing.assert_allclose(turned, turn.T @ cov @ turn, rtol=1e-10, atol=1e-12)


def test_workers_and_their_order_change_nothing(rng):
    rows = ProductMoments(likert(rng))
    blocks = resample_blocks(300, 650, seed=7, analysis_id="customers")
    assert [block.draws for block in blocks] == [200, 200, 200, 50]
    one = [rows.moments(block.counts())[1] for block in blocks]
    with ThreadPoolExecutor(3) as pool:
        several = list(pool.map(lambda block: rows.moments(block.counts())[1], reversed(blocks)))
    np.testing.assert_array_equal(np.concatenate(one), np.concatenate(several[::-1]))


def test_more_draws_leave_the_first_ones_as_they_were():
    few = resample_blocks(50, 250, seed=7, analysis_id="customers")
    many = resample_blocks(50, 400, seed=7, analysis_id="customers")
    np.testing.assert_array_equal(few[1].counts(), many[1].counts()[:50])
    other = resample_blocks(50, 250, seed=7, analysis_id="suppliers")
    assert not np.array_equal(few[0].counts(), other[0].counts())
    assert not np.array_equal(few[0].counts()[:50], few[1].counts())


def test_counts_are_multinomial():
    counts = np.concatenate([block.counts() for block in resample_blocks(20, 20_000, 3, "a")])
    assert (counts.sum(axis=1, dtype=int) == 20).all()
    # Standard errors of a mean and of a variance of 20,000 counts near 1: .007 and .01.
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.035)
    np.testing.assert_allclose(counts.var(axis=0), 0.95, atol=0.06)


def test_whole_clusters_are_drawn_and_the_sum_of_counts_divides(rng):
    labels = np.repeat(["c", "a", "b"], [2, 5, 13])
    values = rng.normal(size=(20, 2))
    (block,) = resample_blocks(20, 40, seed=1, analysis_id="a", clusters=labels)
    counts = block.counts()
    for label in "abc":
        assert (counts[:, labels == label] == counts[:, labels == label][:, :1]).all()
    assert len(set(counts.sum(axis=1, dtype=int))) > 1
    mean, cov = ProductMoments(values).moments(counts)
    rows = np.repeat(values, counts[3], axis=0)
    np.testing.assert_allclose(mean[3], rows.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(cov[3], np.cov(rows.T, ddof=0), rtol=1e-10)


def test_the_order_of_rows_does_not_change_the_draws_of_clusters(rng):
    labels, turn = np.repeat(["c", "a", "b"], [2, 5, 13]), rng.permutation(20)
    (block,) = resample_blocks(20, 40, seed=1, analysis_id="a", clusters=labels)
    (turned,) = resample_blocks(20, 40, seed=1, analysis_id="a", clusters=labels[turn])
    np.testing.assert_array_equal(block.counts()[:, turn], turned.counts())


def test_what_resampling_refuses():
    with pytest.raises(DataError, match="data 'a': 1 rows, at least 2 expected to resample"):
        resample_blocks(1, 10, seed=1, analysis_id="a")
    with pytest.raises(DataError, match="1 cluster, at least 2 expected"):
        resample_blocks(3, 10, seed=1, analysis_id="a", clusters=["x", "x", "x"])
    with pytest.raises(DataError, match="1 of 3 rows belong to no cluster"):
        resample_blocks(3, 10, seed=1, analysis_id="a", clusters=["x", None, "y"])
    with pytest.raises(ValueError, match="draws and block must be at least 1"):
        resample_blocks(3, 0, seed=1, analysis_id="a")
    with pytest.raises(DataError, match="1 of 2 rows are incomplete"):
        ProductMoments([[1.0, np.nan], [1.0, 2.0]])
    with pytest.raises(ValueError, match=r"2 rows need counts of shape \(draws, 2\)"):
        ProductMoments([[1.0], [2.0]]).moments(np.ones((1, 3)))

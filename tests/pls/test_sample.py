"""Moments of resamples are those of repeated rows, under every rule for gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.errors import DataError
from servicefx.moments.resample_index import resample_counts
from servicefx.pls.model import pls_model
from servicefx.pls.sample import check_same_rows, sample_of
from servicefx.pls.solution import PlsChoices, solve
from servicefx.syntax.parser import parse_model

TEXT = "q =~ q1 + q2; v =~ v1 + v2; s =~ s1; s ~ q + v"
MODEL = pls_model(parse_model(TEXT))
PRODUCT = pls_model(parse_model(TEXT + "; s ~ q:v + v:v", products=True))
ITEMS = ["q1", "q2", "v1", "v2", "s1"]


def survey(n: int = 90, share: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    data = pd.DataFrame(rng.normal(size=(n, 1)) + rng.normal(size=(n, 5)), columns=ITEMS)
    data = data * [1, 10, 100, 0.01, 1] + [0, 5, -300, 2, 7]
    return data.mask(rng.random(data.shape) < share)


def repeated(data: pd.DataFrame, count: np.ndarray) -> pd.DataFrame:
    return data.loc[data.index.repeat(count.astype(int))]


def assert_moments(found, at: int, rows: pd.DataFrame) -> None:
    size = np.sqrt(np.outer(rows.var(ddof=0), rows.var(ddof=0)))
    np.testing.assert_allclose(found.covariance[at] / size, rows.cov(ddof=0) / size, atol=1e-10)
    np.testing.assert_allclose(found.item_means[at], rows.mean(), rtol=1e-10)


def test_without_counts_every_row_stands_once():
    data = survey()
    found = sample_of(MODEL, data, "listwise").moments()
    assert found.n_samples == 1
    assert_moments(found, 0, data)


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_counts_repeat_rows_and_incomplete_ones_stay_out(share):
    data = survey(share=share)
    counts = resample_counts(90, 6, 1, "a")
    found = sample_of(MODEL, data, "listwise").moments(counts)
    for at, count in enumerate(counts):
        assert_moments(found, at, repeated(data, count).dropna())


def test_every_resample_fills_gaps_by_its_own_means():
    data = survey(share=0.1)
    counts = resample_counts(90, 6, 1, "a")
    found = sample_of(MODEL, data, "mean").moments(counts)
    for at, count in enumerate(counts):
        rows = repeated(data, count).dropna(how="all")
        assert_moments(found, at, rows.fillna(rows.mean()))


def test_counts_of_zero_and_one_are_parts_of_the_rows():
    data = survey(share=0.1)
    counts = np.zeros((2, 90), dtype=np.float32)
    counts[0, :40], counts[1, 40:] = 1, 1
    found = sample_of(MODEL, data, "mean").moments(counts)
    for at, rows in enumerate((data.iloc[:40], data.iloc[40:])):
        assert_moments(found, at, rows.fillna(rows.mean()))


def test_products_of_items_are_taken_from_one_point_in_every_resample():
    data = survey()
    sample = sample_of(PRODUCT, data, "listwise")
    counts = resample_counts(90, 4, 1, "a")
    found = sample.moments(counts)
    assert found.pairs == ((0, 2), (0, 3), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3))
    columns = data - data.mean()
    for i, j in found.pairs:
        columns[f"{i}x{j}"] = columns[ITEMS[i]] * columns[ITEMS[j]]
    for at, count in enumerate(counts):
        rows = repeated(columns, count)
        size = np.sqrt(np.outer(rows.var(ddof=0), rows.var(ddof=0)))
        np.testing.assert_allclose(found.covariance[at] / size, rows.cov(ddof=0) / size, atol=1e-10)


def test_likelihood_takes_the_regression_where_one_item_alone_has_gaps():
    # closed form (Anderson 1957): the complete items keep their moments, the other follows by regression
    data = survey()
    data.loc[60:, "s1"] = np.nan
    found = sample_of(MODEL, data, "em").moments()
    X, complete = data[ITEMS[:4]], data.dropna()
    slope = np.linalg.solve(complete[ITEMS[:4]].cov(ddof=0), complete.cov(ddof=0).loc[ITEMS[:4], "s1"])
    mean = complete["s1"].mean() + slope @ (X.mean() - complete[ITEMS[:4]].mean())
    residual = complete["s1"].var(ddof=0) - slope @ complete.cov(ddof=0).loc[ITEMS[:4], "s1"]
    assert found.item_means[0, 4] == pytest.approx(mean, rel=1e-6)
    np.testing.assert_allclose(found.covariance[0, 4, :4], X.cov(ddof=0).to_numpy() @ slope, rtol=1e-4)
    variance = residual + slope @ X.cov(ddof=0).to_numpy() @ slope
    assert found.covariance[0, 4, 4] == pytest.approx(variance, rel=1e-5)
    np.testing.assert_allclose(found.covariance[0, :4, :4], X.cov(ddof=0), rtol=1e-5)


def test_one_resample_without_likelihood_is_a_gap_and_not_an_error():
    data = survey(30, 0.1)
    counts = np.zeros((1, 30), dtype=np.float32)
    counts[0, 0] = 30
    sample = sample_of(MODEL, data, "em")
    assert np.isnan(sample.moments(counts).covariance).all()
    assert np.isfinite(sample.moments().covariance).all()


@pytest.mark.parametrize("missing", ["listwise", "mean", "em"])
@pytest.mark.parametrize("seed", range(5))
def test_an_item_that_is_constant_in_a_resample_has_no_variance_left_by_rounding(missing, seed):
    # one answer in fifteen differs, by amounts that have no exact binary form
    rng = np.random.default_rng(seed)
    data = survey(30)
    data["s1"] = 10.0 ** rng.uniform(-3, 4) / 3
    data.loc[rng.choice(30, 2, replace=False), "s1"] += rng.normal()
    if missing != "listwise":
        data.loc[4, "q1"] = np.nan
    counts = resample_counts(30, 40 if missing == "em" else 400, seed, "a")
    constant = np.array([np.ptp(repeated(data, count)["s1"]) == 0 for count in counts])
    assert constant.any()
    sample = sample_of(MODEL, data, missing)
    found = sample.moments(counts)
    assert not (found.covariance[constant][:, 4] > 0).any()
    assert np.isnan(found.sd[constant][:, 4]).all()
    assert (found.sd[~constant][:, 4] > 0).all()
    for scaled in (True, False):
        solution = solve(MODEL, found, PlsChoices(scaled=scaled))
        assert np.isnan(solution.paths[constant]).all()
        assert not solution.converged[constant].any()
        assert np.isfinite(solution.paths[~constant]).mean() > 0.9


def test_a_resample_in_which_nobody_answers_an_item_has_no_answer():
    data = survey(30)
    data.loc[3:, "s1"] = np.nan
    sample = sample_of(MODEL, data, "mean")
    counts = np.ones((2, 30), dtype=np.float32)
    counts[1, :3] = 0
    solution = solve(MODEL, sample.moments(counts), PlsChoices())
    assert np.isfinite(solution.paths[0]).all()
    assert np.isnan(solution.paths[1]).all()


def test_rows_of_the_fit_pass_and_others_are_named():
    data = survey(share=0.05)
    for missing in ("listwise", "mean", "em"):
        fit = pls.fit(TEXT, data, missing=missing)
        check_same_rows(sample_of(MODEL, data.sample(frac=1, random_state=3), missing), fit.base, fit.n_obs)
        other = data.assign(v2=data["v2"] * 1.001)
        with pytest.raises(DataError, match="item 'v2': has other means or covariances than in the fit"):
            check_same_rows(sample_of(MODEL, other, missing), fit.base, fit.n_obs)


def test_rows_without_any_answer_do_not_count():
    data = survey()
    data.loc[[3, 7]] = np.nan
    for missing in ("mean", "em"):
        assert sample_of(MODEL, data, missing).n_obs == 88
    fit = pls.fit(TEXT, data, missing="mean")
    assert (fit.n_obs, fit.dropped) == (88, {"no item answered": 2})

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

from servicefx.errors import ConvergenceError, DataError
from servicefx.moments.patterns import MissingPatterns, expectation, missing_patterns
from servicefx.moments.saturated import saturated_moments

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "patterns"
SUMMARY = pd.read_csv(GOLDEN / "summary.csv").set_index("percent")


def holed(rng: np.random.Generator, n: int = 200, p: int = 5, share: float = 0.3) -> np.ndarray:
    values = rng.normal(size=(n, 1)) + rng.normal(size=(n, p)) * np.arange(1, p + 1) + 10
    values[rng.random((n, p)) < share] = np.nan
    return values


def log_likelihood(patterns: MissingPatterns, half_discrepancy: float) -> float:
    return -patterns.n_obs * half_discrepancy - patterns.n_values * np.log(2 * np.pi) / 2


def by_row(values: np.ndarray, mean: np.ndarray, cov: np.ndarray) -> float:
    """Log-likelihood by scipy, each row on its own."""
    total = 0.0
    for row in values:
        there = ~np.isnan(row)
        if there.any():
            total += multivariate_normal(mean[there], cov[np.ix_(there, there)]).logpdf(row[there])
    return total


@pytest.mark.parametrize("percent", [5, 15, 30])
def test_saturated_moments_are_lavaans(percent):
    data = pd.read_csv(GOLDEN / f"data_{percent:02d}.csv")
    golden = pd.read_csv(GOLDEN / f"moments_{percent:02d}.csv")
    expected = SUMMARY.loc[percent]
    patterns = missing_patterns(data)
    found = saturated_moments(patterns)
    np.testing.assert_allclose(found.mean, golden["mean"], rtol=1e-9)
    np.testing.assert_allclose(found.cov, golden[list(data)], rtol=1e-8, atol=1e-9)
    assert log_likelihood(patterns, found.half_discrepancy) == pytest.approx(
        expected["log_likelihood"], abs=1e-8
    )
    assert patterns.n_obs == expected["n_obs"]
    assert patterns.n_empty == expected["n_empty"]
    assert patterns.n_patterns == expected["n_patterns"]
    assert patterns.coverage.min() == pytest.approx(expected["coverage"], abs=1e-12)


def test_without_gaps_they_are_the_plain_moments(rng):
    values = holed(rng, share=0.0)
    found = saturated_moments(missing_patterns(values))
    np.testing.assert_allclose(found.mean, values.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(found.cov, np.cov(values.T, ddof=0), rtol=1e-12)
    assert found.n_iterations == 1


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_the_likelihood_is_that_of_every_row_on_its_own(rng, share):
    values = holed(rng, n=60, share=share)
    root = rng.normal(size=(5, 5))
    mean, cov = rng.normal(size=5) + 10, root @ root.T + np.eye(5)
    patterns = missing_patterns(values)
    half = expectation(patterns, mean, cov).half_discrepancy
    assert log_likelihood(patterns, half) == pytest.approx(by_row(values, mean, cov), rel=1e-12)


def test_the_gradient_is_the_slope_of_the_half_discrepancy(rng):
    patterns = missing_patterns(holed(rng))
    root = rng.normal(size=(5, 5))
    mean, cov = rng.normal(size=5) + 10, root @ root.T + np.eye(5)
    half, second, deviation, precision, _ = expectation(patterns, mean, cov)
    by_mean, by_cov = -precision @ deviation, (precision - precision @ second @ precision) / 2
    step, turn = rng.normal(size=5), rng.normal(size=(5, 5))
    turn += turn.T
    small = 1e-5
    up = expectation(patterns, mean + small * step, cov + small * turn).half_discrepancy
    down = expectation(patterns, mean - small * step, cov - small * turn).half_discrepancy
    assert half < max(up, down)
    expected = by_mean @ step + np.vdot(by_cov, turn)
    assert (up - down) / (2 * small) == pytest.approx(expected, rel=1e-7)


def test_parts_are_casewise_scores_and_conditional_covariances(rng):
    values = holed(rng, n=50)
    patterns = missing_patterns(values)
    mean, cov = np.full(5, 10.0), np.diag(np.arange(1.0, 6.0)) + 0.5
    parts = expectation(patterns, mean, cov, full=True).parts
    assert parts is not None
    used = values[~np.isnan(values).all(axis=1)]
    for row, score in zip(used, parts.scores, strict=True):
        there = ~np.isnan(row)
        expected = np.linalg.solve(cov[np.ix_(there, there)], (row - mean)[there])
        np.testing.assert_allclose(score[there], expected, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(score[~there], 0, atol=1e-12)
    for group, inner in zip(patterns.groups, parts.conditional, strict=True):
        for missing, block in zip(group.missing, inner, strict=True):
            seen = np.setdiff1d(np.arange(5), missing)
            reduced = cov[np.ix_(missing, missing)]
            if len(seen):
                across = cov[np.ix_(missing, seen)]
                reduced = reduced - across @ np.linalg.solve(cov[np.ix_(seen, seen)], across.T)
            np.testing.assert_allclose(block, reduced, rtol=1e-10, atol=1e-12)


def test_the_answer_is_a_maximum_of_the_likelihood(rng):
    values = holed(rng, share=0.5)
    patterns = missing_patterns(values)
    found = saturated_moments(patterns)
    _, second, deviation, _, _ = expectation(patterns, found.mean, found.cov)
    np.testing.assert_allclose(deviation, 0, atol=1e-8)
    np.testing.assert_allclose(second, found.cov, atol=1e-8)
    best = by_row(values, found.mean, found.cov)
    assert log_likelihood(patterns, found.half_discrepancy) == pytest.approx(best, rel=1e-12)


def test_units_that_are_powers_of_two_change_no_bit(rng):
    values = holed(rng)
    units = 2.0 ** np.array([-300, 0, 40, 150, -20])
    plain = saturated_moments(missing_patterns(values))
    scaled = saturated_moments(missing_patterns(values * units))
    np.testing.assert_array_equal(scaled.mean, plain.mean * units)
    np.testing.assert_array_equal(scaled.cov, plain.cov * np.outer(units, units))
    assert scaled.n_iterations == plain.n_iterations


def test_other_units_and_a_far_origin_change_only_the_units(rng):
    values = np.round(holed(rng) * 64) / 64
    plain = saturated_moments(missing_patterns(values))
    moved = saturated_moments(missing_patterns(values * 3 + 1e8))
    np.testing.assert_allclose(moved.mean, plain.mean * 3 + 1e8, rtol=1e-14)
    np.testing.assert_allclose(moved.cov, plain.cov * 9, rtol=1e-6)


def test_the_order_of_rows_and_columns_does_not_matter(rng):
    values = holed(rng)
    rows, columns = rng.permutation(200), rng.permutation(5)
    plain = saturated_moments(missing_patterns(values))
    turned = saturated_moments(missing_patterns(values[rows][:, columns]))
    np.testing.assert_allclose(turned.mean, plain.mean[columns], rtol=1e-9)
    np.testing.assert_allclose(turned.cov, plain.cov[np.ix_(columns, columns)], rtol=1e-8, atol=1e-9)


def test_half_of_all_values_may_be_missing(rng):
    values = holed(rng, n=600, p=12, share=0.5)
    found = saturated_moments(missing_patterns(values))
    assert found.n_iterations < 100  # plain EM needs several hundred


def test_small_groups_of_patterns_give_the_same(rng, monkeypatch):
    values = holed(rng)
    plain = saturated_moments(missing_patterns(values))
    monkeypatch.setattr("servicefx.moments.patterns._GROUP_CELLS", 20)
    patterns = missing_patterns(values)
    assert sum(len(group.rows) for group in patterns.groups) == int(np.isnan(values).any(axis=1).sum()) - (
        patterns.n_empty
    )
    np.testing.assert_allclose(saturated_moments(patterns).cov, plain.cov, rtol=1e-9)


def test_a_covariance_that_is_none_has_an_infinite_discrepancy(rng):
    patterns = missing_patterns(holed(rng))
    found = expectation(patterns, np.zeros(5), -np.eye(5))
    assert found.half_discrepancy == np.inf
    assert np.isnan(found.second_moment).all()


def test_rows_with_the_same_gaps_share_a_pattern(rng):
    values = holed(rng, n=400, p=4)
    patterns = missing_patterns(values)
    complete = not np.isnan(values).any(axis=1).all()
    assert sum(len(group.missing) for group in patterns.groups) + complete == patterns.n_patterns == 15
    for group in patterns.groups:
        for row, pattern in zip(group.rows, group.pattern, strict=True):
            np.testing.assert_array_equal(np.flatnonzero(patterns.missing[row]), group.missing[pattern])
        np.testing.assert_array_equal(np.bincount(group.pattern), group.counts)


def test_nullable_columns_are_read_and_text_is_not():
    frame = pd.DataFrame({"a": pd.array([1, None, 3, 4], dtype="Int64"), "b": [1.0, 2.0, np.nan, 1.0]})
    patterns = missing_patterns(frame, ["b", "a"])
    assert patterns.names == ("b", "a")
    assert patterns.missing.tolist() == [[False, False], [False, True], [True, False], [False, False]]
    with pytest.raises(DataError, match="column 'b': holds text, numbers expected"):
        missing_patterns(frame.assign(b=["x", "y", "z", "w"]))
    with pytest.raises(DataError, match="column 'b': 1 of 4 values are infinite"):
        missing_patterns(frame.assign(b=[1, 2, np.inf, 3]))
    with pytest.raises(DataError, match="column 'b': holds no value"):
        missing_patterns(frame.assign(b=np.nan))


def test_what_saturated_moments_refuse(rng):
    values = holed(rng, n=40, p=3, share=0.0)
    apart = values.copy()
    apart[:20, 0] = np.nan
    apart[20:, 2] = np.nan
    with pytest.raises(DataError, match="columns 'a' and 'c': no row holds both"):
        saturated_moments(missing_patterns(apart, ["a", "b", "c"]))
    flat = values.copy()
    flat[:, 1] = 0.1
    flat[3, 1] = np.nan
    with pytest.raises(DataError, match="column 'b': holds the same value in every row"):
        saturated_moments(missing_patterns(flat, ["a", "b", "c"]))
    twice = values.copy()
    twice[:, 2] = 2 * twice[:, 0]
    twice[5, 1] = np.nan
    with pytest.raises(DataError, match="column 'c': repeats 'a'"):
        saturated_moments(missing_patterns(twice, ["a", "b", "c"]))


def test_too_few_rows_for_so_many_gaps_are_refused_by_name(rng):
    with pytest.raises(DataError, match=r"with these gaps 'x.*known from one another: too few rows"):
        saturated_moments(missing_patterns(holed(rng, 25, 12, 0.3), [f"x{at}" for at in range(12)]))


def test_steps_that_do_not_suffice_name_what_still_moves(rng):
    with pytest.raises(ConvergenceError, match=r"'\d', '\d', '\d' still move by .* after 3 steps"):
        saturated_moments(missing_patterns(holed(rng, share=0.5)), max_iterations=3)

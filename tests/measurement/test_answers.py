from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.answers import (
    answer_shares,
    mean_of,
    net_promoter_score,
    share_of,
    top_box_cut,
    wilson_interval,
)
from servicefx.measurement.correlation import correlation_interval, correlation_of
from servicefx.values.estimates import critical_value

# Newcombe (1998), Statistics in Medicine 17, 857-872, Table I, method 3 (score, no continuity correction)
NEWCOMBE = {
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0, 0.1611),
    (1, 29): (0.0061, 0.1718),
}


@pytest.mark.parametrize(("hits", "asked"), NEWCOMBE)
def test_wilson_interval_is_the_published_one(hits: int, asked: int) -> None:
    assert wilson_interval(hits / asked, asked) == pytest.approx(NEWCOMBE[hits, asked], abs=5e-5)
    answers = pd.Series([1.0] * hits + [0.0] * (asked - hits))
    share = share_of(answers)
    assert (share.conf_low, share.conf_high) == pytest.approx(NEWCOMBE[hits, asked], abs=5e-5)


def test_fisher_interval_is_the_published_one() -> None:
    # Lane, Online Statistics Education, "Confidence interval for Pearson's correlation": r = -.654, 34 pairs
    assert correlation_interval(-0.654, 34) == pytest.approx((-0.81, -0.40), abs=0.006)


def test_net_promoter_score_and_its_variance_by_hand() -> None:
    score = net_promoter_score(pd.Series([10.0] * 5 + [9.0] + [8.0, 7.0] + [6.0, 0.0, np.nan]))
    p, d, n = 0.6, 0.2, 10
    error = 100 * np.sqrt((p + d - (p - d) ** 2) / (n - 1))
    half = critical_value(0.95, n - 1) * error
    assert (score.estimate, score.n_obs) == (pytest.approx(40.0), 10)
    assert (score.std_error, score.conf_low, score.conf_high) == pytest.approx((error, 40 - half, 40 + half))


def test_mean_of_nobody_and_of_one_person() -> None:
    nobody = mean_of(pd.Series([np.nan, np.nan]))
    assert np.isnan([nobody.estimate, nobody.std_error, nobody.conf_low, nobody.conf_high]).all()
    assert nobody.n_obs == 0
    one = mean_of(pd.Series([3.0, np.nan]))
    assert (one.estimate, one.n_obs) == (3.0, 1)
    assert np.isnan([one.std_error, one.conf_low, one.conf_high]).all()


def test_effective_number_of_a_simple_sample_is_its_size(rng: np.random.Generator) -> None:
    values = pd.Series(rng.standard_normal(50))
    assert mean_of(values).n_effective == pytest.approx(50)
    assert mean_of(values, weights=pd.Series(3.0, range(50))).n_effective == pytest.approx(50)


@pytest.mark.parametrize("hits", [[1, 1, 0, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]])
def test_equal_weights_and_clusters_of_one_change_no_share(hits: list[int]) -> None:
    plain = share_of(pd.Series(hits))
    for options in (
        {"weights": pd.Series(2.5, range(5))},
        {"clusters": pd.Series(range(5))},
        {"weights": pd.Series(1.0, range(5)), "clusters": pd.Series(list("abcde"))},
    ):
        other = share_of(pd.Series(hits), **options)
        assert (other.conf_low, other.conf_high) == pytest.approx((plain.conf_low, plain.conf_high))


def test_clusters_that_agree_inside_count_as_one_person_each() -> None:
    hits = pd.Series(np.repeat([1.0, 0.0, 1.0, 1.0, 0.0, 1.0], 50))
    clusters = pd.Series(np.repeat(np.arange(6), 50))
    clustered, mean = share_of(hits, clusters=clusters), mean_of(hits, clusters=clusters)
    # the variance of six means, p(1-p)/5, and t(5) in place of t(299): Korn & Graubard's factor
    ratio = (critical_value(0.95, 299) / critical_value(0.95, 5)) ** 2
    assert clustered.n_effective == pytest.approx(5 * 300 / 299 * ratio)
    assert clustered.std_error == mean.std_error == pytest.approx(np.sqrt(2 / 9 / 5))
    assert clustered.conf_low < wilson_interval(2 / 3, 6)[0]


def test_a_share_everybody_agrees_on_counts_clusters_not_persons() -> None:
    hits, clusters = pd.Series(1.0, range(200)), pd.Series(np.arange(200) % 8)
    answer = share_of(hits, clusters=clusters)
    assert answer.n_effective < 8
    assert answer.conf_high == pytest.approx(1.0)
    assert answer.conf_low < wilson_interval(1.0, 8)[0] + 1e-12


def test_a_share_everybody_agrees_on_counts_unequal_weights_by_kish() -> None:
    weights = pd.Series([10.0] + [1.0] * 9)
    answer = share_of(pd.Series(0.0, range(10)), weights=weights)
    assert answer.n_effective == pytest.approx(19**2 / 109)


def test_one_cluster_gives_no_interval() -> None:
    hits, clusters = pd.Series([1.0, 0.0, 1.0]), pd.Series(["a", "a", "a"])
    for answer in (share_of(hits, clusters=clusters), mean_of(hits, clusters=clusters)):
        assert answer.estimate == pytest.approx(2 / 3)
        assert np.isnan([answer.conf_low, answer.conf_high]).all()


def test_share_of_nobody_has_no_interval_but_zero_has() -> None:
    assert np.isnan(share_of(pd.Series([np.nan])).estimate)
    assert np.isnan(wilson_interval(0.5, 0)).all()
    assert share_of(pd.Series([0.0] * 20)).conf_high == pytest.approx(0.1611, abs=5e-5)


@pytest.mark.parametrize(
    ("scale", "cut"), [((1, 7), 6), ((1, 5), 4), ((0, 10), 9), ((1, 10), 9), ((0, 1), 1), ((0, 100), 99)]
)
def test_top_two_boxes_are_the_two_highest_answers(scale: tuple[int, int], cut: int) -> None:
    assert top_box_cut(*scale) == cut


def test_answer_shares_sum_to_one_and_skip_gaps() -> None:
    shares = answer_shares(pd.Series([3.0, 1.0, 3.0, np.nan]), weights=pd.Series([1.0, 2.0, 1.0, 9.0]))
    assert shares.to_dict("list") == {"answer": [1.0, 3.0], "share": [0.5, 0.5], "n_obs": [1, 2]}
    assert answer_shares(pd.Series([np.nan])).empty


def test_correlation_is_pearsons_over_the_known_pairs(rng: np.random.Generator) -> None:
    pairs = pd.DataFrame(rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], 80), columns=["a", "b"])
    pairs.iloc[:5, 0] = np.nan
    pairs.iloc[75:, 1] = np.nan
    answer = correlation_of(pairs["a"], pairs["b"])
    known = pairs.dropna()
    assert answer.estimate == pytest.approx(np.corrcoef(known["a"], known["b"])[0, 1], rel=1e-12)
    assert (answer.conf_low, answer.conf_high) == pytest.approx(correlation_interval(answer.estimate, 70))
    assert answer.n_obs == 70


def test_clusters_of_one_give_nearly_fishers_interval(rng: np.random.Generator) -> None:
    pairs = rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], 4000)
    left, right = pd.Series(pairs[:, 0]), pd.Series(pairs[:, 1])
    plain = correlation_of(left, right)
    alone = correlation_of(left, right, clusters=pd.Series(range(4000)))
    # normal pairs: the influence function's variance is Fisher's (1 - r²)² up to sampling noise of some 3 %
    assert alone.std_error == pytest.approx(plain.std_error, rel=0.06)
    assert alone.conf_low == pytest.approx(plain.conf_low, abs=0.003)


def test_repeating_every_pair_in_a_cluster_changes_no_interval(rng: np.random.Generator) -> None:
    pairs = pd.DataFrame(rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 60), columns=["a", "b"])
    once = correlation_of(pairs["a"], pairs["b"], clusters=pd.Series(range(60)))
    thrice = pd.concat([pairs] * 3, ignore_index=True)
    again = correlation_of(thrice["a"], thrice["b"], clusters=pd.Series(np.tile(np.arange(60), 3)))
    numbers = ("estimate", "std_error", "conf_low", "conf_high")
    assert [getattr(again, n) for n in numbers] == pytest.approx([getattr(once, n) for n in numbers])


@pytest.mark.parametrize("clusters", [None, pd.Series([1, 1, 2, 2, 3])])
def test_perfect_correlation_has_no_width(clusters: pd.Series | None) -> None:
    values = pd.Series([0.1, 0.2, 0.4, 0.7, 1.1])
    answer = correlation_of(values, 3 * values, clusters=clusters)
    assert answer.estimate == pytest.approx(1.0)
    assert not answer.conf_low < 1 - 1e-6  # NaN at 1 itself, 1 where rounding leaves the last digit


@pytest.mark.parametrize("right", [[5.0, 5.0, 5.0, 5.0], [np.nan, np.nan, np.nan, 1.0]])
def test_correlation_without_variation_or_pairs_is_nan(right: list[float]) -> None:
    answer = correlation_of(pd.Series([1.0, 2.0, 3.0, 4.0]), pd.Series(right))
    assert np.isnan([answer.estimate, answer.conf_low, answer.conf_high]).all()


def test_fisher_interval_needs_four_pairs() -> None:
    assert np.isnan(correlation_interval(0.5, 3)).all()
    assert np.isnan(correlation_interval(1.0, 30)).all()

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.effects.verdicts import claim_k2, sign_verdict, verdict_against

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("interval", "target", "verdict"),
    [
        ((0.62, 0.68), (0.6, 0.7), "supported"),
        ((0.60, 0.70), (0.6, 0.7), "supported"),
        ((0.59, 0.68), (0.6, 0.7), "undecided"),
        ((0.50, 0.80), (0.6, 0.7), "undecided"),
        ((0.65, 0.75), (0.6, 0.7), "undecided"),
        ((0.40, 0.59), (0.6, 0.7), "contradicted"),
        ((0.71, 0.80), (0.6, 0.7), "contradicted"),
        ((0.50, 0.60), (0.6, 0.7), "undecided"),
        ((0.91, 0.95), (0.9, INF), "supported"),
        ((0.85, 0.95), (0.9, INF), "undecided"),
        ((0.80, 0.89), (0.9, INF), "contradicted"),
        ((NAN, NAN), (0.9, INF), "undecided"),
        ((0.95, NAN), (0.9, INF), "undecided"),
    ],
)
def test_verdict_on_a_range(interval: tuple[float, float], target: tuple[float, float], verdict: str) -> None:
    assert verdict_against(*interval, *target) == verdict


@pytest.mark.parametrize(
    ("interval", "sign", "verdict"),
    [
        ((0.1, 0.3), "+", "supported"),
        ((0.1, 0.3), "-", "contradicted"),
        ((-0.3, -0.1), "-", "supported"),
        ((-0.3, -0.1), "+", "contradicted"),
        ((0.0, 0.3), "+", "undecided"),
        ((-0.1, 0.3), "-", "undecided"),
        ((0.1, 0.3), "none", "undecided"),
        ((NAN, NAN), "+", "undecided"),
    ],
)
def test_verdict_on_a_sign(interval: tuple[float, float], sign: str, verdict: str) -> None:
    assert sign_verdict(*interval, sign) == verdict


def test_k2_counts_each_customer_in_one_group_and_gaps_in_none() -> None:
    satisfaction = pd.Series([4.9, 5.0, 6.3, 6.34, 7.0, np.nan, 7.0, 5.5])
    buys = pd.Series([1.0, 1.0, 0.0, 1.0, 0.0, 1.0, np.nan, 1.0])
    answer = claim_k2(satisfaction, buys, cut_satisfied=5, cut_highly=6.33, cut_buys=1)
    assert (answer.satisfied.estimate, answer.satisfied.n_obs) == (pytest.approx(2 / 3), 3)
    assert (answer.highly_satisfied.estimate, answer.highly_satisfied.n_obs) == (0.5, 2)


def test_k2_on_intentions_counts_answers_at_or_above_the_cut() -> None:
    intends = pd.Series([7.9, 8.0, 9.0, 10.0, 1.0])
    answer = claim_k2(pd.Series([8.0] * 5), intends, cut_satisfied=7, cut_highly=9, cut_buys=8)
    assert answer.satisfied.estimate == pytest.approx(3 / 5)


def test_k2_with_nobody_in_a_group_is_undecided() -> None:
    answer = claim_k2(
        pd.Series([5.0, 5.5]), pd.Series([1.0, 0.0]), cut_satisfied=5, cut_highly=6.33, cut_buys=1
    )
    empty = answer.highly_satisfied
    assert empty.n_obs == 0
    assert np.isnan([empty.estimate, empty.conf_low, empty.conf_high]).all()
    assert verdict_against(empty.conf_low, empty.conf_high, 0.9, INF) == "undecided"


def test_k2_in_one_outlet_says_nothing() -> None:
    satisfied, buys = pd.Series([5.0] * 40), pd.Series([1.0, 0.0] * 20)
    clusters = pd.Series(["O1"] * 40)
    share = claim_k2(satisfied, buys, cut_satisfied=5, cut_highly=6, cut_buys=1, clusters=clusters).satisfied
    assert share.estimate == 0.5
    assert verdict_against(share.conf_low, share.conf_high, 0.6, 0.7) == "undecided"


@pytest.mark.parametrize("items", range(1, 9))
@pytest.mark.parametrize("scale", [(1, 5), (1, 7), (1, 10), (0, 10), (0, 100)])
def test_a_mean_that_stands_exactly_on_a_fraction_of_the_scale_reaches_it(
    items: int, scale: tuple[int, int]
) -> None:
    """2/3 and 8/9 of a scale are no binary fractions; a customer on the cut-off must not fall below it."""
    low, high = scale
    for fraction in (2 / 3, 8 / 9):
        total = round((low + fraction * (high - low)) * items, 9)
        if total != int(total):
            continue
        answers = np.full(items, int(total) // items)
        answers[: int(total) % items] += 1
        score = pd.DataFrame([answers]).mean(axis=1)
        group = claim_k2(
            score, pd.Series([1.0]), cut_satisfied=low + fraction * (high - low), cut_highly=INF, cut_buys=1
        )
        assert group.satisfied.n_obs == 1

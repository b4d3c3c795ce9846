from __future__ import annotations

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multinomial

from servicefx.errors import DataError
from servicefx.measurement.answers import net_promoter_score
from servicefx.models.referral import compare_net_promoter, net_promoter, promoter_interval
from servicefx.values.glossary import GLOSSARY


def answers(counts: tuple[int, int, int]) -> pd.DataFrame:
    return pd.DataFrame({"nps": np.repeat([10, 7, 3], counts)})


def test_the_variance_is_that_of_a_multinomial() -> None:
    row = net_promoter(answers((50, 30, 20)), "nps").iloc[0]
    assert row["estimate"] == pytest.approx(30)
    assert row["std_error"] == pytest.approx(100 * np.sqrt((0.5 + 0.2 - 0.3**2) / 99))
    assert row[["promoters", "passives", "detractors"]].tolist() == pytest.approx([0.5, 0.3, 0.2])


def test_the_simulated_variance_of_the_score_is_the_closed_form(rng: np.random.Generator) -> None:
    shares = np.array([0.35, 0.4, 0.25])
    drawn = rng.multinomial(80, shares, 40_000)
    scores = 100 * (drawn[:, 0] - drawn[:, 2]) / 80
    closed = 1e4 * (shares[0] + shares[2] - (shares[0] - shares[2]) ** 2) / 80
    assert scores.var() == pytest.approx(closed, rel=0.03)  # 4 Monte Carlo errors
    ours = [net_promoter(answers(tuple(row)), "nps")["std_error"].iloc[0] ** 2 for row in drawn[:300]]
    assert np.mean(ours) == pytest.approx(closed, rel=0.02)


@pytest.mark.parametrize("shares", [(0.3, 0.4, 0.3), (0.6, 0.3, 0.1), (0.85, 0.12, 0.03)])
@pytest.mark.parametrize("n", [20, 30])
def test_the_score_interval_covers_by_enumeration_of_all_samples(
    shares: tuple[float, float, float], n: int
) -> None:
    """Every sample of n answers, with its chance: no simulation. The estimate ± errors covers less."""
    covered = wald = 0.0
    truth = shares[0] - shares[2]
    for up, down in product(range(n + 1), repeat=2):
        if up + down > n:
            continue
        chance = float(multinomial.pmf([up, n - up - down, down], n, shares))
        low, high = promoter_interval(up / n, down / n, n)
        covered += chance * (low <= truth <= high)
        error = 1.96 * np.sqrt((up + down - (up - down) ** 2 / n) / n / (n - 1))
        wald += chance * (abs((up - down) / n - truth) <= error)
    assert 0.935 < covered < 0.975
    if shares == (0.85, 0.12, 0.03):
        assert wald < 0.94


def test_everybody_a_promoter_still_has_an_interval() -> None:
    row = net_promoter(answers((20, 0, 0)), "nps").iloc[0]
    assert (row["estimate"], row["std_error"], row["conf_high"]) == (100, 0, 100)
    z2 = 1.959963984540054**2 / 20
    assert row["conf_low"] == pytest.approx(100 * (1 - z2) / (1 + z2))  # (1 - d)² = z² (1 - d²) / n
    mirrored = net_promoter(answers((0, 0, 20)), "nps").iloc[0]
    assert mirrored["conf_high"] == pytest.approx(-row["conf_low"])


def test_error_and_estimate_are_those_of_the_descriptives(rng: np.random.Generator) -> None:
    frame = pd.DataFrame({"nps": rng.integers(0, 11, 300), "shop": rng.integers(0, 30, 300)})
    weights = pd.Series(rng.uniform(0.5, 2, 300))
    row = net_promoter(frame, "nps", weights=weights, clusters=frame["shop"]).iloc[0]
    other = net_promoter_score(frame["nps"], weights=weights, clusters=frame["shop"])
    assert (row["estimate"], row["std_error"]) == pytest.approx((other.estimate, other.std_error))
    assert row["conf_low"] == pytest.approx(other.conf_low, abs=1.5)


def test_groups_and_gaps() -> None:
    frame = pd.DataFrame({"nps": [10.0, 9, 8, 3, np.nan, 6], "shop": ["a", "a", "b", "b", "a", None]})
    found = net_promoter(frame, "nps", ["shop"])
    assert found[["segment", "group", "n_obs"]].to_numpy().tolist() == [
        ["", "", 5],
        ["shop", "a", 2],
        ["shop", "b", 2],
    ]
    assert set(found.columns) <= set(GLOSSARY)
    pairs, overall = compare_net_promoter(frame, "nps", "shop")
    assert set(pairs.columns) | set(overall.columns) <= set(GLOSSARY)
    assert pairs["estimate"].tolist() == [150.0]


def test_two_groups_have_the_same_test_as_a_pair_and_at_once(rng: np.random.Generator) -> None:
    frame = pd.DataFrame(
        {"nps": rng.integers(0, 11, 400), "shop": rng.integers(0, 2, 400), "k": np.arange(400) // 8}
    )
    for clusters in (None, frame["k"]):
        pairs, overall = compare_net_promoter(frame, "nps", "shop", clusters=clusters)
        assert overall["p_value"].iloc[0] == pytest.approx(pairs["p_value"].iloc[0], rel=1e-9)
        assert pairs["p_adjusted"].iloc[0] == pairs["p_value"].iloc[0]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([1.0, 11, 3], "'nps' holds 11 (row 2), expected whole numbers from 0 to 10"),
        ([1.0, 7.5, 3], "'nps' holds 7.5 (row 2), expected whole numbers from 0 to 10"),
        ([-1.0, 7, -1], "'nps' holds -1 (rows 1 and 3), expected whole numbers from 0 to 10"),
        ([np.nan] * 3, "nobody answered"),
    ],
)
def test_answers_of_another_scale_are_refused(column: list[float], said: str) -> None:
    with pytest.raises(DataError, match=re.escape(said)):
        net_promoter(pd.DataFrame({"nps": column}), "nps")


def test_one_group_has_nothing_to_compare_with() -> None:
    frame = pd.DataFrame({"nps": [1, 9, 8, 7], "shop": ["a", "a", "a", "b"]})
    with pytest.raises(DataError, match="1 groups of 'shop' have two answers or more, at least 2 expected"):
        compare_net_promoter(frame, "nps", "shop")
    with pytest.raises(DataError, match="column 'store' is not in the data"):
        net_promoter(frame, "nps", ["store"])

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.answers import mean_of
from servicefx.measurement.waves import difference_of_means
from servicefx.models.referral import PeopleCuts, people_by_satisfaction
from servicefx.moments.resample_index import resample_counts
from servicefx.values.glossary import GLOSSARY

CUTS = PeopleCuts(dissatisfied=3, satisfied=5, highly=6.5)


def test_everybody_is_in_one_group_and_on_a_cut_belongs_where_the_claims_say() -> None:
    score = pd.Series([1, 3, 3.1, 4.9, 5, 6.4, 6.5, 7, np.nan])
    members = CUTS.members(score)
    assert {name: np.flatnonzero(who).tolist() for name, who in members.items()} == {
        "dissatisfied": [0, 1],
        "in_between": [2, 3],
        "satisfied_only": [4, 5],
        "highly_satisfied": [6, 7],
        "satisfied_or_more": [4, 5, 6, 7],
    }
    assert PeopleCuts.of_scale(1, 7) == PeopleCuts(dissatisfied=3.0, satisfied=5.0, highly=1 + 8 / 9 * 6)


@pytest.mark.parametrize("design", ["plain", "clusters", "weights"])
def test_means_and_differences_are_the_linearised_ones(design: str, rng: np.random.Generator) -> None:
    n = 600
    score = pd.Series(rng.integers(2, 15, n) / 2)
    people = pd.Series(rng.poisson(2 + np.abs(score - 4)), dtype=float)
    people[[4, 7]] = np.nan
    clusters = pd.Series(np.arange(n) // 12) if design != "plain" else None
    weights = pd.Series(rng.uniform(0.5, 2, n)) if design == "weights" else None
    found = people_by_satisfaction(people, score, CUTS, weights=weights, clusters=clusters)
    assert set(found.means.columns) | set(found.differences.columns) <= set(GLOSSARY)
    low, high = score <= 3, score >= 5
    alone = mean_of(people[low], weights=weights, clusters=clusters)
    row = found.means.set_index("group").loc["dissatisfied"]
    assert row[["estimate", "conf_low", "conf_high"]].tolist() == pytest.approx(
        [alone.estimate, alone.conf_low, alone.conf_high]
    )
    pair = difference_of_means(people, low, high, weights=weights, clusters=clusters)
    row = found.differences.set_index("group_left").loc["dissatisfied"]
    assert row[["estimate", "std_error", "conf_low", "conf_high"]].astype(float).tolist() == pytest.approx(
        [pair.estimate, pair.std_error, pair.conf_low, pair.conf_high]
    )


def test_draws_are_means_of_the_resamples(rng: np.random.Generator) -> None:
    score, people = pd.Series(rng.integers(2, 15, 200) / 2), pd.Series(rng.poisson(3, 200), name="told")
    counts = resample_counts(200, 50, 1, "x")
    effects = people_by_satisfaction(people, score, CUTS, counts=counts, source="x: 50").effects
    who = (score >= 5).to_numpy()
    by_hand = (counts[:, who] @ people[who]) / counts[:, who].sum(axis=1)
    assert effects["satisfied_or_more"].draws == pytest.approx(by_hand)
    gap = effects["dissatisfied - satisfied_or_more"]
    assert gap.draws == pytest.approx(effects["dissatisfied"].draws - effects["satisfied_or_more"].draws)
    assert gap.unit == "people"


def test_an_empty_group_says_so() -> None:
    score, people = pd.Series([5.0, 5.5, 6.0, 2.0]), pd.Series([1, 2, 3, 4])
    found = people_by_satisfaction(people, score, CUTS, counts=np.ones((3, 4), dtype=np.float32), source="x")
    means = found.means.set_index("group")["undefined"].to_dict()
    assert means == {
        "dissatisfied": "one person in this group", "in_between": "nobody is in this group",
        "satisfied_only": "", "highly_satisfied": "nobody is in this group", "satisfied_or_more": "",
    }  # fmt: skip
    assert found.differences["undefined"].tolist() == ["nobody is in one group", "one person in one group"]
    assert found.effects["highly_satisfied"].undefined == "nobody is in this group"


def test_cut_offs_that_do_not_rise_and_numbers_that_are_no_counts_are_refused() -> None:
    with pytest.raises(DataError, match="cut-offs 3, 3, 6 do not rise"):
        PeopleCuts(dissatisfied=3, satisfied=3, highly=6)
    with pytest.raises(DataError, match=r"'told' holds 1.5 \(row 2\)"):
        people_by_satisfaction(pd.Series([1, 1.5], name="told"), pd.Series([2.0, 6.0]), CUTS)

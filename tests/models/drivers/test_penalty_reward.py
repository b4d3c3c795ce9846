from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError
from servicefx.models.drivers import fit_penalty_reward, joint_asymmetry, penalty_reward
from servicefx.models.drivers.kano import kano_chances, kano_class


@pytest.fixture
def answers(rng: np.random.Generator) -> pd.DataFrame:
    frame = pd.DataFrame(rng.integers(1, 8, (600, 3)), columns=["basic", "linear", "delight"]).astype(float)
    frame["y"] = (
        np.minimum(frame["basic"], 4)
        + 0.5 * frame["linear"]
        + np.maximum(frame["delight"], 4)
        + rng.normal(size=600)
    )
    return frame


def test_the_three_kinds_of_factor_are_told_apart(answers: pd.DataFrame) -> None:
    names = ["basic", "linear", "delight"]
    found = penalty_reward(answers, "y", names, low=2, high=6, hybrid=0.3)
    assert list(found.columns[:5]) == ["term", "kind", "estimate", "conf_low", "conf_high"]
    table = found.set_index(["term", "kind"])
    assert table["kano"].xs("asymmetry", level="kind").to_dict() == {
        "basic": "basic", "linear": "performance", "delight": "excitement",
    }  # fmt: skip
    assert table.loc[("basic", "asymmetry"), "conf_high"] < 0
    assert table.loc[("delight", "asymmetry"), "conf_low"] > 0
    assert table.loc[("linear", "asymmetry"), "p_value"] > 0.01
    assert table.loc[("basic", "asymmetry"), "chance_basic"] > 0.99
    assert table.loc[("delight", "asymmetry"), "chance_excitement"] > 0.99


def test_the_asymmetry_is_the_sum_and_its_error_uses_the_covariance(answers: pd.DataFrame) -> None:
    found = penalty_reward(answers, "y", ["basic", "linear"], ["delight"]).set_index(["term", "kind"])
    fit = fit_penalty_reward(answers, "y", ["basic", "linear"], ["delight"])
    for name in ("basic", "linear"):
        rows = found.loc[name]
        assert rows.loc["asymmetry", "estimate"] == pytest.approx(
            rows.loc["penalty", "estimate"] + rows.loc["reward", "estimate"], abs=1e-12
        )
        at = [fit.terms.index(f"{name} low"), fit.terms.index(f"{name} high")]
        variance = fit.covariance[np.ix_(at, at)].sum()
        assert rows.loc["asymmetry", "std_error"] == pytest.approx(np.sqrt(variance), rel=1e-12)
        assert fit.covariance[at[0], at[1]] > 0
    one = joint_asymmetry(fit, ["basic"])
    assert one["statistic"].iloc[0] == pytest.approx(found.loc[("basic", "asymmetry"), "statistic"] ** 2)
    assert one["p_value"].iloc[0] == pytest.approx(found.loc[("basic", "asymmetry"), "p_value"], rel=1e-9)


def test_turning_driver_and_sides_exchanges_penalty_and_reward(answers: pd.DataFrame) -> None:
    straight = penalty_reward(answers, "y", ["basic"], low=2, high=6).set_index("kind")
    turned = answers.assign(basic=8 - answers["basic"], y=-answers["y"])
    other = penalty_reward(turned, "y", ["basic"], low=2, high=6).set_index("kind")
    assert other.loc["reward", "estimate"] == pytest.approx(-straight.loc["penalty", "estimate"])
    assert other["kano"].iloc[0] == "excitement"
    assert other["chance_excitement"].iloc[0] == pytest.approx(straight["chance_basic"].iloc[0], abs=1e-12)


def test_a_straight_line_in_a_skewed_driver_is_no_basic_factor(rng: np.random.Generator) -> None:
    skewed = -rng.exponential(size=4000)
    frame = pd.DataFrame({"staff": skewed, "y": skewed + 0.3 * rng.normal(size=4000)})
    found = penalty_reward(frame, "y", ["staff"]).set_index("kind")
    assert found.loc["asymmetry", "conf_high"] < 0  # the plain contrast is fooled by the longer lower tail
    assert found.loc["asymmetry", "per_point_low"] < 0 < found.loc["asymmetry", "per_point_high"]
    assert found["per_point"].to_numpy()[:2] == pytest.approx([-1, 1], abs=0.05)
    assert found["kano"].iloc[0] == "performance"
    assert found["chance_performance"].iloc[0] > 0.95


def test_cuts_may_be_stated_or_are_quartiles_and_are_said(answers: pd.DataFrame) -> None:
    found = penalty_reward(answers, "y", ["basic", "linear"], low={"basic": 1}, high={"linear": 7})
    cuts = found.drop_duplicates("term").set_index("term")[["cut_low", "cut_high"]]
    quartile = answers.quantile([0.25, 0.75], interpolation="inverted_cdf")
    assert cuts.loc["basic"].tolist() == [1, quartile.loc[0.75, "basic"]]
    assert cuts.loc["linear"].tolist() == [quartile.loc[0.25, "linear"], 7]
    sizes = found.drop_duplicates("term")[["n_low", "n_middle", "n_high"]]
    assert sizes.sum(axis=1).tolist() == [600, 600]
    assert sizes["n_low"].iloc[0] == (answers["basic"] == 1).sum()


def test_gaps_clusters_and_weights_are_said(answers: pd.DataFrame, rng: np.random.Generator) -> None:
    answers.loc[:9, "basic"] = np.nan
    clusters = pd.Series(np.arange(600) // 20, name="outlet")
    weights = pd.Series(rng.uniform(0.5, 2, 600), name="w")
    found = penalty_reward(answers, "y", ["basic"], clusters=clusters, weights=weights)
    assert (found["n_obs"] == 590).all()
    assert (found["n_dropped"] == 10).all()
    assert set(found["covariance_kind"]) == {"cluster: outlet (30)"}
    assert set(found["df"]) == {29.0}
    plain = penalty_reward(answers, "y", ["basic"], clusters=clusters)
    assert plain["estimate"].tolist() != found["estimate"].tolist()


REFUSED = [
    ({"low": 3, "high": 3}, DataError, "low up to 3 and high from 3, which leaves no middle"),
    ({"low": 0}, DataError, "nobody stands at or below 0"),
    ({"high": 8}, DataError, "nobody stands at or above 8"),
    ({"low": 3.2, "high": 3.8}, DataError, "nobody stands between 3.2 and 3.8"),
    ({"hybrid": 1.0}, DataError, "hybrid: 1.0 is not between 0 and 1"),
    ({"covariates": ["basic low"]}, DataError, "these columns bear the name of a contrast: 'basic low'"),
    ({"drivers": ["basic", "copy"]}, IdentificationError, "can be computed exactly from the others"),
]


@pytest.mark.parametrize(("changed", "error", "message"), REFUSED)
def test_what_cannot_be_computed_is_refused_in_words(
    changed: dict[str, object], error: type[Exception], message: str, answers: pd.DataFrame
) -> None:
    arguments: dict[str, object] = {"drivers": ["basic"], "low": 2, "high": 6} | changed
    frame = answers.assign(copy=answers["basic"], **{"basic low": answers["y"] ** 2})
    with pytest.raises(error, match=re.escape(message)):
        penalty_reward(frame, "y", **arguments)  # type: ignore[arg-type]


def test_no_index_without_a_penalty_below_and_a_reward_above_zero(answers: pd.DataFrame) -> None:
    found = penalty_reward(answers.assign(y=-answers["y"]), "y", ["linear"], low=2, high=6)
    assert found["impact_asymmetry"].isna().all()
    assert set(found["undefined"]) == {"no impact asymmetry, as penalty is not below or reward not above 0"}
    assert set(found["kano"]) == {"reversed"}


@pytest.mark.parametrize("seed", range(6))
def test_chances_are_those_of_drawn_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=2)
    root = rng.normal(size=(2, 2))
    chances = kano_chances(mean[0], mean[1], root @ root.T, 0.2)
    drawn = mean + rng.normal(size=(200_000, 2)) @ root.T
    penalty, reward = drawn.T
    index = (reward + penalty) / (reward - penalty)
    both = (penalty < 0) & (reward > 0)
    shares = {
        "basic": (both & (index < -0.2)) | ((penalty < 0) & (reward <= 0)),
        "performance": both & (np.abs(index) <= 0.2),
        "excitement": (both & (index > 0.2)) | ((penalty >= 0) & (reward > 0)),
        "reversed": (penalty >= 0) & (reward <= 0),
    }
    assert sum(chances.values()) == pytest.approx(1, abs=1e-12)
    for kind, here in shares.items():
        assert chances[kind] == pytest.approx(here.mean(), abs=0.006)  # 5 standard errors of a share
    for pair in drawn[:200]:
        assert shares[kano_class(*pair, 0.2)][(drawn == pair).all(axis=1)].all()


def test_the_test_per_point_agrees_with_its_interval(answers: pd.DataFrame) -> None:
    names = ["basic", "linear", "delight"]
    found = penalty_reward(answers, "y", names, low=2, high=6)
    p_value = found["per_point_p_value"].iloc[2]
    assert p_value < 1e-6  # the asymmetry of the basic factor
    again = penalty_reward(answers, "y", names, low=2, high=6, level=1 - found["per_point_p_value"].iloc[5])
    low, high = again.loc[5, ["per_point_low", "per_point_high"]]  # the interval that just reaches 0
    assert min(abs(low), abs(high)) == pytest.approx(0.0, abs=1e-9)
    assert found["per_point"].to_numpy() == pytest.approx(again["per_point"].to_numpy())


def test_a_straight_line_through_skewed_answers_bends_only_in_the_plain_contrast(
    rng: np.random.Generator,
) -> None:
    skewed = 7 - np.minimum(rng.exponential(1.2, 4000), 6)
    data = pd.DataFrame({"x": skewed, "y": 0.5 * skewed + 0.3 * rng.normal(size=4000)})
    row = penalty_reward(data, "y", ["x"]).set_index("kind").loc["asymmetry"]
    assert row["p_value"] < 1e-6
    assert row["per_point_low"] < 0 < row["per_point_high"]
    assert row["per_point_p_value"] > 0.05
    assert row["kano"] == "performance"


def test_the_joint_test_per_point_is_that_of_the_one_driver_and_does_not_see_skewness(
    rng: np.random.Generator,
) -> None:
    skewed = 7 - np.minimum(rng.exponential(1.2, (4000, 2)), 6)
    data = pd.DataFrame(skewed, columns=["x", "z"]).assign(
        y=skewed @ [0.5, 0.2] + 0.3 * rng.normal(size=4000)
    )
    found = penalty_reward(data, "y", ["x", "z"])
    rows = found.drop_duplicates("term").set_index("term")
    distances = {name: tuple(rows.loc[name, ["distance_low", "distance_high"]]) for name in ("x", "z")}
    fit = fit_penalty_reward(data, "y", ["x", "z"])
    one = joint_asymmetry(fit, ["x"], distances)
    assert one["p_value"].iloc[0] == pytest.approx(found["per_point_p_value"].iloc[2], rel=1e-6)
    assert joint_asymmetry(fit, ["x", "z"])["p_value"].iloc[0] < 1e-6
    assert joint_asymmetry(fit, ["x", "z"], distances)["p_value"].iloc[0] > 0.01


def test_too_few_clusters_for_a_joint_test_are_refused(answers: pd.DataFrame) -> None:
    names = ["basic", "linear", "delight"]
    clusters = pd.Series(np.arange(600) % 3, name="outlet")
    fit = fit_penalty_reward(answers, "y", names, low=2, high=6, clusters=clusters)
    with pytest.raises(IdentificationError, match=r"errors of 3 sums have only 2 directions"):
        joint_asymmetry(fit, names)

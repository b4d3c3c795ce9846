"""Correlations and slopes with item error taken out: against brute force, simulated truth and laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.effects.error_free import partial_tie, slope
from servicefx.effects.independences import partial_correlation
from servicefx.effects.node_values import NodeValues, values_of
from servicefx.engines.linear import fit_ols
from servicefx.errors import DataError, IdentificationError

ITEMS = 3
NOISE = 1.2


def chain(
    rng: np.random.Generator, n: int, direct: float = 0.0
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """A chain x → m → y with three items each: the scores, and the items behind them."""
    x = rng.gamma(4.0, 0.5, n) - 2
    m = 0.7 * x + rng.standard_normal(n)
    y = 0.6 * m + direct * x + rng.standard_normal(n)
    items = {
        name: pd.DataFrame(felt[:, None] + NOISE * rng.standard_normal((n, ITEMS)) + [0.3, 0.0, -0.4])
        for name, felt in {"x": x, "m": m, "y": y}.items()
    }
    return pd.DataFrame({name: answers.mean(axis=1) for name, answers in items.items()}), items


@pytest.fixture
def values(rng: np.random.Generator) -> NodeValues:
    return values_of(*chain(rng, 300))


def test_as_they_stand_they_are_those_of_the_plain_functions(rng: np.random.Generator) -> None:
    scores, items = chain(rng, 300)
    clusters = pd.Series(rng.integers(0, 25, 300), name="outlet")
    weights = pd.Series(rng.uniform(0.5, 2, 300), name="w")
    values = values_of(scores, items, clusters=clusters, weights=weights)
    plain = partial_correlation(scores, "x", "y", ("m",), clusters=clusters, weights=weights)
    assert partial_tie(values, "x", "y", ("m",)) == pytest.approx(plain, abs=1e-12)
    fit = fit_ols(scores, "y", ["x", "m"], covariance="cluster", clusters=clusters, weights=weights)
    row = fit.table().iloc[0]
    ours = slope(values, "y", "x", ["m"])
    for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value"):
        assert ours[name] == pytest.approx(row[name], rel=1e-9), name
    single = slope(values_of(scores), "y", "x", ["m"])
    row = fit_ols(scores, "y", ["x", "m"], covariance="hc1").table().iloc[0]
    assert [single["std_error"], single["p_value"]] == pytest.approx(
        [row["std_error"], row["p_value"]], rel=1e-9
    )


@pytest.mark.parametrize("what", ["tie", "slope"])
def test_the_error_is_that_of_every_row_taken_a_little_more_seriously(
    rng: np.random.Generator, what: str
) -> None:
    scores, items = chain(rng, 120, direct=0.4)
    n, step = len(scores), 1e-5

    def freed(weights: pd.Series) -> dict[str, float]:
        values = values_of(scores, items, weights=weights)
        if what == "tie":
            return partial_tie(values, "x", "y", ["m"], freed=True)
        return slope(values, "y", "x", ["m"], freed=True)

    plain = freed(pd.Series(np.ones(n), name="w"))
    moved = [freed(pd.Series(1 + step * (np.arange(n) == row), name="w"))["estimate"] for row in range(n)]
    influence = (np.array(moved) - plain["estimate"]) / step
    lost = 4 if what == "tie" else 3
    assert plain["std_error"] == pytest.approx(np.sqrt((influence**2).sum() * n / (n - lost)), rel=2e-3)


def test_a_zero_given_a_noisy_mediator_comes_back_and_its_interval_keeps_its_level(
    rng: np.random.Generator,
) -> None:
    draws = [values_of(*chain(rng, 400)) for _ in range(700)]
    noisy = [partial_tie(one, "x", "y", ["m"]) for one in draws]
    freed = [partial_tie(one, "x", "y", ["m"], freed=True) for one in draws]
    assert (
        np.mean([one["estimate"] for one in noisy]) > 0.06
    )  # the trap: the graph is right, the score is not
    assert np.mean([one["p_value"] < 0.05 for one in noisy]) > 0.2
    mean = np.mean([one["estimate"] for one in freed])
    spread = np.std([one["estimate"] for one in freed])
    assert abs(mean) < 4 * spread / np.sqrt(700) + 0.003  # its bias is of order 1/n
    covered = np.mean([one["conf_low"] <= 0 <= one["conf_high"] for one in freed])
    assert 0.92 < covered < 0.98  # 99.9 % binomial band of 700 draws around .95


def test_a_slope_comes_back_and_its_interval_keeps_its_level(rng: np.random.Generator) -> None:
    freed, noisy = [], []
    for _ in range(600):
        values = values_of(*chain(rng, 400, direct=0.3))
        freed.append(slope(values, "y", "m", ["x"], freed=True))
        noisy.append(slope(values, "y", "m", ["x"])["estimate"])
    covered = np.mean([one["conf_low"] <= 0.6 <= one["conf_high"] for one in freed])
    assert 0.92 < covered < 0.98  # 99.9 % binomial band of 600 draws around .95
    assert np.mean([one["estimate"] for one in freed]) == pytest.approx(0.6, abs=0.02)
    assert np.mean(noisy) < 0.5


def test_clusters_and_gaps_are_allowed_for(rng: np.random.Generator) -> None:
    covered = []
    for _ in range(400):
        n, outlets = 480, 40
        outlet = np.repeat(np.arange(outlets), n // outlets)
        x, m, y = rng.standard_normal((3, n)) + 0.7 * rng.standard_normal((3, outlets))[:, outlet]
        items = {
            name: pd.DataFrame(felt[:, None] + 0.8 * rng.standard_normal((n, 3)) + [1.0, 0.0, -1.0])
            for name, felt in {"x": x, "m": m, "y": y + 0.5 * m}.items()
        }
        for answers in items.values():
            answers[rng.random(answers.shape) < 0.15] = np.nan
        scores = pd.DataFrame({name: answers.mean(axis=1) for name, answers in items.items()})
        values = values_of(scores, items, clusters=pd.Series(outlet, name="outlet"))
        found = partial_tie(values, "x", "y", ["m"], freed=True)
        covered.append(found["conf_low"] <= 0 <= found["conf_high"])
    assert 0.90 < np.mean(covered) < 0.985  # 99.9 % band .91-.98 of 400 draws; 40 clusters take a little more


def test_scale_and_order_change_nothing(rng: np.random.Generator) -> None:
    scores, items = chain(rng, 200)
    plain = partial_tie(values_of(scores, items), "x", "y", ["m"], freed=True)
    bigger = {name: 1e4 * answers + 7 for name, answers in items.items()}
    scaled = partial_tie(values_of(1e4 * scores + 7, bigger), "x", "y", ["m"], freed=True)
    assert scaled == pytest.approx(plain, rel=1e-9)
    order = rng.permutation(200)
    shuffled = values_of(scores.iloc[order], {name: answers.iloc[order] for name, answers in items.items()})
    assert partial_tie(shuffled, "y", "x", ["m"], freed=True) == pytest.approx(plain, rel=1e-9)


def test_exact_nodes_lose_nothing(rng: np.random.Generator) -> None:
    values = values_of(chain(rng, 200)[0])
    tied = partial_tie(values, "x", "y", ["m"], freed=True)
    assert tied == partial_tie(values, "x", "y", ["m"])
    assert values.reliability == {"x": 1.0, "m": 1.0, "y": 1.0}


def test_an_unknown_error_is_refused_where_it_is_held_and_kept_at_the_ends(rng: np.random.Generator) -> None:
    scores, items = chain(rng, 200)
    held = values_of(scores, {name: items[name] for name in ("x", "y")}, unknown=("m",))
    with pytest.raises(IdentificationError, match="nothing tells the error of 'm'"):
        partial_tie(held, "x", "y", ["m"], freed=True)
    with pytest.raises(IdentificationError, match="nothing tells the error of 'm'"):
        slope(held, "y", "x", ["m"], freed=True)
    end = values_of(scores, {name: items[name] for name in ("x", "m")}, unknown=("y",))
    full = partial_tie(values_of(scores, items), "x", "y", ["m"], freed=True)["estimate"]
    kept = partial_tie(end, "x", "y", ["m"], freed=True)["estimate"]
    assert abs(kept) < abs(full)
    assert np.isnan(end.reliability["y"])
    assert slope(end, "y", "x", ["m"], freed=True)["n_obs"] == 200


def test_what_cannot_be_freed_says_why(rng: np.random.Generator) -> None:
    scores, items = chain(rng, 200)
    noise = pd.DataFrame(rng.standard_normal((200, 3)))
    noise[2] = 0.5 * noise[2] - noise[0]
    unrelated = values_of(scores.assign(z=noise.mean(axis=1)), items | {"z": noise})
    with pytest.raises(IdentificationError, match="the items of 'z' hardly agree"):
        partial_tie(unrelated, "x", "y", ["z"], freed=True)
    felt = scores["m"]
    twin = pd.DataFrame({at: felt + 0.8 * rng.standard_normal(200) for at in range(3)})
    same = pd.DataFrame({at: felt + 0.8 * rng.standard_normal(200) for at in range(3)})
    both = values_of(scores.assign(a=twin.mean(axis=1), b=same.mean(axis=1)), items | {"a": twin, "b": same})
    with pytest.raises(IdentificationError, match="cannot be told apart"):
        partial_tie(both, "x", "y", ["a", "b"], freed=True)
    assert np.isfinite(partial_tie(both, "x", "y", ["a", "b"])["estimate"])


def test_rows_and_names_that_do_not_do_are_refused(values: NodeValues, rng: np.random.Generator) -> None:
    with pytest.raises(DataError, match="'z' is no measured node of the graph"):
        partial_tie(values, "x", "z")
    scores, items = chain(rng, 200)
    with pytest.raises(DataError, match="'m' has the same value in every row"):
        partial_tie(values_of(scores.assign(m=4.0)), "x", "y", ["m"])
    with pytest.raises(DataError, match="5 complete rows, at least 7 expected"):
        partial_tie(values_of(scores.head(5)), "x", "y", ["m"])
    one = pd.Series(["only"] * 200, name="outlet")
    with pytest.raises(DataError, match="1 cluster, at least 2 expected"):
        partial_tie(values_of(scores, items, clusters=one), "x", "y", ["m"])


def test_gaps_in_pairs_of_unlike_questions_do_not_bias(rng: np.random.Generator) -> None:
    """Half of the second answers missing, and the second question answered three points lower."""
    n = 40_000
    x = rng.standard_normal(n)
    y = 0.5 * x + rng.standard_normal(n)
    items = pd.DataFrame(x[:, None] + 0.9 * rng.standard_normal((n, 2)) + [0.0, -3.0])
    items.loc[rng.random(n) < 0.5, 1] = np.nan
    values = values_of(pd.DataFrame({"x": items.mean(axis=1), "y": y}), {"x": items})
    found = slope(values, "y", "x", freed=True)
    assert found["conf_low"] < 0.5 < found["conf_high"]
    assert found["conf_high"] - found["conf_low"] < 0.1

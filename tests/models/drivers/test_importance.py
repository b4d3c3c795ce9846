from __future__ import annotations

import re
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.models.drivers import relative_importance
from servicefx.models.drivers.decomposition import METHODS, simulated_parts
from servicefx.models.drivers.draws import rank_bounds, ranks
from servicefx.models.drivers.importance import importance_draws
from servicefx.models.drivers.resampling import driver_moments
from servicefx.models.drivers.subsets import (
    balanced_orders,
    entry_increments,
    explained_by_subsets,
    increments_in_order,
)
from servicefx.moments.moments import Moments
from servicefx.moments.resample_index import resample_counts

ROUNDING = 1e-12
SUMMING = ("lmg", "dominance", "johnson", "pratt")
NAMES = ["a", "b", "c", "d", "e"]


@pytest.fixture
def survey(rng: np.random.Generator) -> pd.DataFrame:
    common = rng.normal(size=(400, 1))
    scores = common + rng.normal(size=(400, 5)) * [1, 0.5, 2, 1, 1]
    frame = pd.DataFrame(scores, columns=NAMES)
    frame["y"] = scores @ [0.5, 0.3, 0.2, 0.0, -0.2] + rng.normal(size=400)
    return frame


def r_squared(frame: pd.DataFrame, drivers: list[str]) -> float:
    x = np.column_stack([frame[drivers], np.ones(len(frame))])
    left = frame["y"] - x @ np.linalg.lstsq(x, frame["y"], rcond=None)[0]
    return float(1 - left.var() / frame["y"].var())


@pytest.mark.parametrize("method", SUMMING)
def test_parts_sum_to_r_squared_exactly(method: str, survey: pd.DataFrame) -> None:
    found = relative_importance(survey, "y", NAMES, method)  # type: ignore[arg-type]
    assert found["estimate"].sum() == pytest.approx(r_squared(survey, NAMES), abs=ROUNDING)
    assert found["share"].sum() == pytest.approx(1, abs=ROUNDING)
    assert list(found.columns[:4]) == ["term", "estimate", "conf_low", "conf_high"]


@pytest.mark.parametrize("method", METHODS)
def test_order_of_drivers_and_units_change_nothing(method: str, survey: pd.DataFrame) -> None:
    first = relative_importance(survey, "y", NAMES, method).set_index("term")
    moved = survey.assign(a=survey["a"] * 1e-6 + 3, c=-1e5 * survey["c"], y=100 * survey["y"] - 7)
    other = relative_importance(moved.sample(frac=1, random_state=1), "y", NAMES[::-1], method)
    again = other.set_index("term").loc[NAMES]
    assert again["estimate"].to_numpy() == pytest.approx(first["estimate"].to_numpy(), abs=1e-10)
    assert again["rank"].tolist() == first["rank"].tolist()


@pytest.mark.parametrize("method", METHODS)
def test_unrelated_drivers_have_their_squared_correlations(method: str) -> None:
    table = np.eye(4)
    table[0, 1:] = table[1:, 0] = [0.5, -0.4, 0.1]
    moments = Moments.from_correlation(table, np.ones(4), 200, names=["y", "a", "b", "c"])
    found = relative_importance(moments, "y", ["a", "b", "c"], method)
    assert found["estimate"].to_numpy() == pytest.approx([0.25, 0.16, 0.01], abs=ROUNDING)


def test_copies_of_a_driver_split_its_part_equally(survey: pd.DataFrame) -> None:
    alone = relative_importance(survey, "y", ["a"])
    frame = survey.assign(copy=survey["a"], negative=1 - 2 * survey["a"])
    found = relative_importance(frame, "y", ["a", "copy", "negative"], draws=50, seed=1)
    assert found["estimate"].to_numpy() == pytest.approx(np.full(3, alone["estimate"][0] / 3), abs=1e-10)
    assert found["rank"].tolist() == [1, 1, 1]
    assert (found["n_draws"] == 50).all()
    whole = relative_importance(frame, "y", [*NAMES, "copy"]).set_index("term")["estimate"]
    assert whole["a"] == pytest.approx(whole["copy"], abs=1e-10)
    assert whole.sum() == pytest.approx(r_squared(survey, NAMES), abs=1e-10)


def test_a_sum_of_other_drivers_is_no_obstacle(survey: pd.DataFrame) -> None:
    frame = survey.assign(total=survey["a"] + survey["b"])
    found = relative_importance(frame, "y", ["a", "b", "total"]).set_index("term")["estimate"]
    values = {
        frozenset(some): r_squared(frame, list(some))
        for size in (1, 2)
        for some in permutations(["a", "b", "total"], size)
    }
    values[frozenset(["a", "b", "total"])] = values[frozenset("ab")]
    values[frozenset()] = 0.0
    for name in found.index:
        gains = []
        for order in permutations(found.index):
            before = frozenset(order[: order.index(name)])
            gains.append(values[before | {name}] - values[before])
        assert found[name] == pytest.approx(np.mean(gains), abs=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("clustered", [False, True])
def test_draws_are_refits_on_the_shared_resamples(
    weighted: bool, clustered: bool, survey: pd.DataFrame, rng: np.random.Generator
) -> None:
    survey.loc[[3, 70], "b"] = np.nan
    weights = pd.Series(rng.uniform(0.5, 2, 400), name="w") if weighted else None
    clusters = pd.Series(np.arange(400) // 10, name="outlet") if clustered else None
    found = relative_importance(
        survey, "y", NAMES, draws=20, seed=4, weights=weights, clusters=clusters, analysis_id="f"
    )
    counts = resample_counts(400, 20, 4, "f", clusters)
    known = survey.notna().all(axis=1).to_numpy()
    drawn = []
    for count in counts:
        shares = count * (1 if weights is None else weights)
        one = Moments.from_frame(survey[known & (count > 0)], shares[known & (count > 0)])
        drawn.append(relative_importance(one, "y", NAMES)["estimate"])
    low, high = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    assert found["conf_low"].to_numpy() == pytest.approx(low, abs=1e-9)
    assert found["conf_high"].to_numpy() == pytest.approx(high, abs=1e-9)
    assert (found["n_obs"].iloc[0], found["n_dropped"].iloc[0]) == (398, 2)
    said = "clusters of 'outlet'" if clustered else "rows"
    assert found["interval"].iloc[0] == f"percentiles of 20 resamples of {said}, seed 4"


def test_ranks_and_their_bounds_follow_the_draws(survey: pd.DataFrame) -> None:
    found = relative_importance(survey, "y", NAMES, draws=300, seed=1)
    assert sorted(found["rank"]) == [1, 2, 3, 4, 5]
    assert found["chance_first"].sum() == pytest.approx(1)
    assert (found["rank_low"] <= found["rank"]).all()
    assert (found["rank_high"] >= found["rank"]).all()
    wide = relative_importance(survey, "y", NAMES, draws=300, seed=1, level=0.999)
    assert (wide["rank_high"] - wide["rank_low"] >= found["rank_high"] - found["rank_low"]).all()
    assert (wide["conf_low"] < found["conf_low"]).all()


def test_a_seed_repeats_and_no_seed_is_seed_0(survey: pd.DataFrame) -> None:
    bounds = [
        relative_importance(survey, "y", NAMES, draws=30, seed=seed)["conf_low"].tolist()
        for seed in (0, 0, None, 1)
    ]
    assert bounds[0] == bounds[1] == bounds[2] != bounds[3]


def test_without_draws_the_reason_stands_beside_the_gaps(survey: pd.DataFrame) -> None:
    found = relative_importance(survey, "y", NAMES)
    assert found[["conf_low", "conf_high", "rank_low", "chance_first"]].isna().all(axis=None)
    assert set(found["undefined"]) == {"no intervals without resamples"}
    assert (found["n_draws"] == 0).all()


def test_normal_samples_of_moments_spread_like_resamples_of_normal_rows(survey: pd.DataFrame) -> None:
    rows = relative_importance(survey, "y", NAMES, draws=2000, seed=1)
    moments = Moments.from_frame(survey)
    drawn = relative_importance(moments, "y", NAMES, draws=2000, seed=1)
    width = (rows["conf_high"] - rows["conf_low"]) / (drawn["conf_high"] - drawn["conf_low"])
    assert width.to_numpy() == pytest.approx(np.ones(5), abs=0.2)  # 400 rows tell a spread to some 10 %
    assert drawn["interval"].iloc[0] == "percentiles of 2000 normal samples with these moments, seed 1"


def test_more_than_fifteen_drivers_sum_to_r_squared_and_say_their_error(rng: np.random.Generator) -> None:
    scores = rng.normal(size=(300, 18)) + rng.normal(size=(300, 1))
    frame = pd.DataFrame(scores, columns=[f"x{at}" for at in range(18)]).assign(
        y=scores @ np.linspace(0, 0.3, 18) + rng.normal(size=300)
    )
    names = list(frame.columns[:-1])
    found = relative_importance(frame, "y", names, draws=5, seed=2)
    assert found["estimate"].sum() == pytest.approx(r_squared(frame, names), abs=1e-10)
    assert found["simulation_error"].between(1e-9, 0.002).all()
    other = relative_importance(frame, "y", names, seed=3)
    assert (found["estimate"] - other["estimate"]).abs().max() < 0.008
    johnson = relative_importance(frame, "y", names, "johnson")
    assert (johnson["simulation_error"] == 0).all()


def test_every_driver_stands_equally_often_at_every_place(rng: np.random.Generator) -> None:
    orders = balanced_orders(6, 4, rng)
    assert orders.shape == (4, 12, 6)
    for block in orders:
        assert (np.sort(block, axis=1) == np.arange(6)).all()
        for place in range(6):
            assert (np.bincount(block[:, place]) == 2).all()


def test_resamples_that_are_the_sample_have_its_parts(rng: np.random.Generator) -> None:
    table = np.corrcoef(rng.normal(size=(19, 60)) + rng.normal(size=60))
    estimate, error, draws = simulated_parts(table, np.repeat(table[None], 3, axis=0), 1, "y")
    assert (error > 0).all()
    assert draws == pytest.approx(np.tile(estimate, (3, 1)), abs=ROUNDING)


def test_what_rounding_leaves_of_a_copy_explains_nothing() -> None:
    apart = 1 - 2.0**-53
    table = np.array([[1, 0.5, 0.5 + 1e-7], [0.5, 1, apart], [0.5 + 1e-7, apart, 1]])
    assert explained_by_subsets(table[None])[-1] == pytest.approx([0.25], abs=1e-6)
    assert increments_in_order(table[None], np.array([0, 1]))[0] == pytest.approx([0.25, 0], abs=1e-6)


def test_bounds_of_ranks_never_fall_short_of_the_level() -> None:
    draws = np.array([[3.0, 2.0], [1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])
    low, high = rank_bounds(draws, 0.6)
    assert (low.tolist(), high.tolist()) == ([1, 1], [2, 2])
    assert ranks(np.array([0.2, 0.2 + 1e-15, 0.5])).tolist() == [2, 2, 1]


def test_subsets_and_orders_agree(rng: np.random.Generator) -> None:
    tables = np.array([np.corrcoef(rng.normal(size=(5, 30)) + rng.normal(size=30)) for _ in range(3)])
    explained = explained_by_subsets(tables)
    order = np.array([[[2, 0, 3, 1]]])
    gains = entry_increments(tables, order)[:, 0]
    assert gains[:, 2] == pytest.approx(explained[0b0100], abs=ROUNDING)
    assert gains[:, 0] == pytest.approx(explained[0b0101] - explained[0b0100], abs=ROUNDING)
    assert gains.sum(axis=1) == pytest.approx(explained[-1], abs=ROUNDING)


REFUSED = [
    ({"outcome": "z"}, DataError, "column 'z' is not in the data (known: 'a', 'b'"),
    ({"drivers": []}, DataError, "no driver is named"),
    ({"drivers": "ab"}, DataError, "drivers is the text 'ab'"),
    ({"drivers": ["a", "a"]}, DataError, "these columns have two parts at once: 'a'"),
    ({"drivers": ["a", "y"]}, DataError, "these columns have two parts at once: 'y'"),
    ({"drivers": ["a", "text"]}, DataError, "column 'text' holds text, expected numbers"),
    ({"drivers": ["a", "still"]}, DataError, "'still' has the same value in all 400 rows used"),
    ({"drivers": ["a", "empty"]}, DataError, "0 rows have all of these columns, at least 3 expected"),
    ({"drivers": ["a", "endless"]}, DataError, "infinite values in 'endless'"),
    ({"method": "lgm"}, StudyError, "method: 'lgm' is not one of them (closest: 'lmg')"),
    ({"draws": -1}, DataError, "draws: -1, a whole number from 0 expected"),
    ({"seed": -2}, DataError, "seed: -2, a whole number from 0 expected"),
    ({"weights": pd.Series(np.zeros(400), name="w")}, DataError, "400 of 400 weights are missing or not abo"),
    ({"weights": pd.Series([1.0], name="w")}, DataError, "1 weights for 400 rows"),
    ({"clusters": pd.Series(["k"] * 400, name="k")}, DataError, "one cluster only"),
    (
        {"drivers": ["a", "copy"], "method": "johnson"}, IdentificationError,
        "'a', 'copy' are collinear, and method 'johnson' needs drivers that can be told apart",
    ),
    ({"drivers": ["a", "copy"], "method": "pratt"}, IdentificationError, "Choose method='lmg'"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "error", "message"), REFUSED)
def test_what_cannot_be_computed_is_refused_in_words(
    changed: dict[str, object], error: type[Exception], message: str, survey: pd.DataFrame
) -> None:
    frame = survey.assign(text="x", still=1.0, empty=np.nan, endless=np.inf, copy=survey["a"] * 2)
    arguments: dict[str, object] = {"outcome": "y", "drivers": ["a", "b"]} | changed
    with pytest.raises(error, match=re.escape(message)):
        relative_importance(frame, **arguments)  # type: ignore[arg-type]


def test_moments_take_no_weights_and_name_what_is_missing(survey: pd.DataFrame) -> None:
    moments = Moments.from_frame(survey)
    with pytest.raises(DataError, match="weights or clusters beside moments, which hold no rows"):
        relative_importance(moments, "y", ["a"], weights=survey["a"])
    with pytest.raises(DataError, match=r"not in the data \(known: 'a'"):
        relative_importance(moments, "y", ["zz"])


def test_an_outcome_nothing_explains_has_no_shares_and_says_so() -> None:
    moments = Moments.from_correlation(np.eye(3), np.ones(3), 50, names=["y", "a", "b"])
    found = relative_importance(moments, "y", ["a", "b"])
    assert found["estimate"].tolist() == [0, 0]
    assert found["share"].isna().all()
    assert "no shares, as nothing is explained" in found["undefined"].iloc[0]


def brute_force(frame: pd.DataFrame, drivers: list[str], held: list[str]) -> dict[str, float]:
    """Mean increment of R² over all orders of entry of the drivers, behind what is held."""
    orders = list(permutations(drivers))
    gains = dict.fromkeys(drivers, 0.0)
    for order in orders:
        before = list(held)
        for name in order:
            gains[name] += (r_squared(frame, [*before, name]) - r_squared(frame, before)) / len(orders)
            before.append(name)
    return gains


@pytest.mark.parametrize("held", [["d"], ["d", "e"]])
def test_parts_beyond_covariates_are_those_of_all_orders_that_begin_with_them(
    held: list[str], survey: pd.DataFrame
) -> None:
    found = relative_importance(survey, "y", NAMES[:3], covariates=held)
    expected = brute_force(survey, NAMES[:3], held)
    assert found["estimate"].to_numpy() == pytest.approx(list(expected.values()), abs=ROUNDING)
    whole = r_squared(survey, [*NAMES[:3], *held])
    assert found["r2"].iloc[0] == pytest.approx(whole - r_squared(survey, held), abs=ROUNDING)
    last = relative_importance(survey, "y", NAMES[:3], "last", covariates=held)
    gain = whole - r_squared(survey, ["b", "c", *held])
    assert last["estimate"].iloc[0] == pytest.approx(gain, abs=ROUNDING)


def test_draws_beyond_covariates_are_those_of_the_resampled_rows(survey: pd.DataFrame) -> None:
    draws = 3
    moments = driver_moments(
        survey, "y", NAMES[:3], ["d"], draws=draws, seed=4, weights=None, clusters=None, analysis_id="x"
    )
    _, _, drawn = importance_draws(moments, "y", "lmg", 4)
    counts = resample_counts(len(survey), draws, 4, "x", None)
    for row, some in zip(drawn, counts, strict=True):
        resampled = survey.iloc[np.repeat(np.arange(len(survey)), some.astype(int))].reset_index(drop=True)
        expected = brute_force(resampled, NAMES[:3], ["d"])
        assert row == pytest.approx(list(expected.values()), abs=1e-6)  # draws are made from float32 counts


def test_moments_and_rows_agree_on_what_is_held(survey: pd.DataFrame) -> None:
    columns = [*NAMES, "y"]
    moments = Moments.from_frame(survey[columns])
    by_rows = relative_importance(survey, "y", NAMES[:3], "johnson", covariates=["e"])
    by_moments = relative_importance(moments, "y", NAMES[:3], "johnson", covariates=["e"])
    assert by_moments["estimate"].to_numpy() == pytest.approx(by_rows["estimate"].to_numpy(), abs=ROUNDING)


def test_a_driver_that_follows_from_what_is_held_is_refused(survey: pd.DataFrame) -> None:
    survey["copy"] = 2 * survey["d"] - survey["e"]
    with pytest.raises(IdentificationError, match=r"'copy' follows from what is held: 'd', 'e'"):
        relative_importance(survey, "y", ["a", "copy"], covariates=["d", "e"])


def test_a_column_held_that_is_constant_in_a_resample_takes_nothing_out(survey: pd.DataFrame) -> None:
    survey["rare"] = (np.arange(len(survey)) < 1).astype(float)
    found = relative_importance(survey, "y", NAMES[:3], covariates=["rare"], draws=30, seed=1)
    assert (found["n_draws"] == 30).all()

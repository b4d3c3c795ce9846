from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.reliability import (
    cronbach_alpha,
    cronbach_alpha_interval,
    mcdonald_omega,
    reliability_of,
    reliability_table,
    split_half,
)
from servicefx.moments.resample_index import resample_counts
from servicefx.values.glossary import GLOSSARY

PLAIN = (
    "alpha", "alpha_standardised", "omega", "composite_reliability", "rho_a", "split_half", "lambda6",
)  # fmt: skip
ORDINAL = ("ordinal_alpha", "ordinal_omega", "categorical_omega")
CONSTRUCTS = {"trust": ["a", "b", "c", "d"], "忠诚": ["e", "f", "g"]}
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high"]


@pytest.fixture
def items(rng: np.random.Generator) -> pd.DataFrame:
    common = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], 250)
    loadings = np.array([1.0, 0.9, 0.8, 0.7, 1.0, 0.8, 0.6])
    values = common[:, [0] * 4 + [1] * 3] * loadings + 0.8 * rng.standard_normal((250, 7))
    return pd.DataFrame(np.clip(np.round(3 + values), 1, 5), columns=list("abcdefg"))


def by_measure(table: pd.DataFrame, construct: str = "trust") -> pd.DataFrame:
    return table[table["construct"] == construct].set_index("measure")


def test_a_row_stands_for_every_construct_and_measure(items: pd.DataFrame) -> None:
    table = reliability_table(items, CONSTRUCTS, ordinal=True)
    assert set(table.columns) <= set(GLOSSARY)
    for construct, columns in CONSTRUCTS.items():
        own = by_measure(table, construct)
        assert tuple(own.index) == PLAIN + ORDINAL
        assert set(own["n_items"]) == {len(columns)}
        known = own.drop("rho_a")
        assert (known["conf_low"] < known["estimate"]).all()
        assert (known["estimate"] < known["conf_high"]).all()
        assert (known["undefined"] == "").all()
        assert own["undefined"]["rho_a"] == "interval: needs resamples"
    assert tuple(by_measure(reliability_table(items, CONSTRUCTS)).index) == PLAIN


def test_estimates_are_those_of_the_functions(items: pd.DataFrame) -> None:
    own, x = by_measure(reliability_table(items, CONSTRUCTS)), items[CONSTRUCTS["trust"]]
    assert own["estimate"]["alpha"] == pytest.approx(cronbach_alpha(x), rel=1e-12)
    assert own["estimate"]["omega"] == pytest.approx(mcdonald_omega(x), rel=1e-12)
    single = reliability_of(x, "trust").composite_reliability
    assert own["estimate"]["composite_reliability"] == pytest.approx(single, rel=1e-6)
    halves = split_half(x).set_index("measure")["estimate"]
    assert own["estimate"]["split_half"] == pytest.approx(halves["spearman_brown"], rel=1e-12)
    assert own["estimate"]["lambda6"] == pytest.approx(halves["lambda6"], rel=1e-12)
    alpha = own.loc["alpha"]
    feldt = cronbach_alpha_interval(alpha["estimate"], 250, 4)
    assert (alpha["conf_low"], alpha["conf_high"], alpha["interval"]) == (*feldt, "Feldt")


def test_draws_are_the_measures_of_the_resampled_rows(items: pd.DataFrame) -> None:
    gaps = items.copy()
    gaps.loc[:9, "a"] = np.nan
    table = by_measure(reliability_table(gaps, CONSTRUCTS, draws=40, seed=5, kind="percentile"))
    counts = resample_counts(250, 40, 5, "reliability").astype(int)
    frames = [gaps.iloc[np.repeat(np.arange(250), row)].dropna()[CONSTRUCTS["trust"]] for row in counts]
    for name, measure in (("alpha", cronbach_alpha), ("omega", mcdonald_omega)):
        drawn = [measure(frame) for frame in frames]
        assert table["std_error"][name] == pytest.approx(np.std(drawn, ddof=1), rel=1e-6)
    assert set(table["interval"]) == {"bootstrap percentile"}
    assert set(table["n_draws"]) == {40}
    assert set(table["n_obs"]) == {240}


def test_bootstrap_delta_and_feldt_agree_in_a_large_normal_sample(rng: np.random.Generator) -> None:
    common = rng.standard_normal((3000, 1))
    normal = pd.DataFrame(common + rng.standard_normal((3000, 4)), columns=list("abcd"))
    normal = normal.assign(
        e=common[:, 0] + rng.standard_normal(3000), f=rng.standard_normal(3000) + common[:, 0]
    )
    constructs = {"x": list("abcd"), "y": ["e", "f"]}
    delta = by_measure(reliability_table(normal, constructs), "x")
    bootstrap = by_measure(reliability_table(normal, constructs, draws=1500, seed=2), "x")
    for name in ("alpha", "omega", "composite_reliability", "split_half", "lambda6"):
        # 1,500 draws: relative simulation error of a standard deviation .02
        assert bootstrap["std_error"][name] == pytest.approx(delta["std_error"][name], rel=0.08)
        width = delta["conf_high"][name] - delta["conf_low"][name]
        for end in ("conf_low", "conf_high"):
            assert bootstrap[end][name] == pytest.approx(delta[end][name], abs=0.15 * width)
    assert set(bootstrap["interval"]) == {"bootstrap BCa", "bootstrap BC"}
    assert (bootstrap["undefined"] == "").all()


def test_a_seed_repeats_and_row_order_does_not_matter_without_draws(items: pd.DataFrame) -> None:
    first, again, other = (reliability_table(items, CONSTRUCTS, draws=50, seed=s) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first["conf_low"].equals(other["conf_low"])
    shuffled = reliability_table(items.sample(frac=1, random_state=3), CONSTRUCTS, ordinal=True)
    pd.testing.assert_frame_equal(reliability_table(items, CONSTRUCTS, ordinal=True), shuffled, rtol=1e-6)


def test_clusters_that_repeat_persons_leave_the_errors_of_persons(items: pd.DataFrame) -> None:
    twice = pd.concat([items, items], ignore_index=True)
    person = pd.Series(np.tile(np.arange(250), 2))
    once = reliability_table(items, CONSTRUCTS)
    clustered = reliability_table(twice, CONSTRUCTS, clusters=person, ordinal=True)
    plain = clustered[~clustered["measure"].isin(ORDINAL)].reset_index(drop=True)
    np.testing.assert_allclose(plain["std_error"], once["std_error"], rtol=1e-9)
    assert by_measure(clustered)["interval"]["alpha"] == "delta, distribution-free, clustered"
    ordinal = by_measure(clustered).loc[list(ORDINAL)]
    assert set(ordinal["undefined"]) == {"interval: dependence of rows is not used for polychorics"}
    assert ordinal["estimate"].notna().all()


def test_weights_change_the_estimates_and_keep_ordinal_measures_out(
    items: pd.DataFrame, rng: np.random.Generator
) -> None:
    times = pd.Series(rng.integers(1, 4, 250).astype(float))
    repeated = items.loc[items.index.repeat(times.astype(int))].reset_index(drop=True)
    person = pd.Series(np.repeat(np.arange(250), times.astype(int)))
    weighted = reliability_table(items, CONSTRUCTS, weights=times, ordinal=True)
    plain = weighted[~weighted["measure"].isin(ORDINAL)].reset_index(drop=True)
    expected = reliability_table(repeated, CONSTRUCTS, clusters=person)
    np.testing.assert_allclose(plain["estimate"], expected["estimate"], rtol=1e-9)
    np.testing.assert_allclose(plain["std_error"], expected["std_error"], rtol=1e-9)
    ordinal = by_measure(weighted).loc[list(ORDINAL)]
    assert ordinal[NUMBERS].isna().all(axis=None)
    assert set(ordinal["undefined"]) == {"weights are not used for polychorics"}


UNDEFINED = {
    "one item": (lambda x: x, ["a"], "one item"),
    "nobody answered": (lambda x: x.assign(a=np.nan), ["a", "b"], "0 complete answers"),
    "a constant item": (lambda x: x.assign(b=4.0), ["a", "b", "c"], "constant item: b"),
}


@pytest.mark.parametrize("draws", [0, 20])
@pytest.mark.parametrize("case", UNDEFINED)
def test_a_construct_that_has_no_reliability_is_nan_with_its_reason(
    case: str, draws: int, items: pd.DataFrame
) -> None:
    change, columns, reason = UNDEFINED[case]
    constructs = {"x": columns, "other": ["e", "f", "g"]}
    table = reliability_table(change(items), constructs, draws=draws, seed=1, ordinal=True)
    own = by_measure(table, "x")
    assert own[NUMBERS].isna().all(axis=None)
    assert set(own["undefined"]) == {reason}
    assert by_measure(table, "other")["estimate"].drop("rho_a").notna().all()
    why = "its weights come from the correlations with another construct"
    assert by_measure(table, "other")["undefined"]["rho_a"] == why


def test_nothing_to_compute_is_a_table_of_reasons(items: pd.DataFrame) -> None:
    table = reliability_table(items, {"x": ["a"], "y": ["b"]}, draws=5, seed=1)
    assert set(table["undefined"]) == {"one item"}


def test_two_items_are_held_equal_and_say_so(items: pd.DataFrame) -> None:
    own = by_measure(reliability_table(items, {"x": ["a", "b"], "y": ["e", "f"]}, ordinal=True), "x")
    assert own["estimate"]["omega"] == pytest.approx(own["estimate"]["alpha"], rel=1e-12)
    held = {"omega", "composite_reliability", "ordinal_omega", "categorical_omega"}
    assert set(own.index[own["flag"] == "two items: loadings held equal"]) == held


def test_two_items_that_disagree_keep_alpha(items: pd.DataFrame) -> None:
    turned = items.assign(b=6 - items["b"])
    own = by_measure(reliability_table(turned, {"x": ["a", "b"], "y": ["e", "f"]}, draws=30, seed=1), "x")
    assert own["estimate"]["alpha"] < 0
    why = f"its two items correlate {turned['a'].corr(turned['b']):.2f}, not positively"
    assert own["undefined"][["omega", "composite_reliability"]].tolist() == [why] * 2


def test_resamples_in_which_two_items_disagree_are_not_counted(rng: np.random.Generator) -> None:
    rows = pd.DataFrame(rng.multivariate_normal([0, 0], [[1, 0.1], [0.1, 1]], 100), columns=list("ab"))
    own = by_measure(reliability_table(rows, {"trust": ["a", "b"]}, draws=200, seed=1))
    positive = own["n_draws"]["composite_reliability"]
    assert 100 < positive < 200
    assert own["n_draws"][["alpha", "omega"]].tolist() == [200, positive]


def test_an_item_left_unturned_is_flagged_by_name(items: pd.DataFrame) -> None:
    own = by_measure(reliability_table(items.assign(c=6 - items["c"]), CONSTRUCTS))
    assert set(own["flag"]) == {"'c' runs against the others: check for a reversed item"}


def test_a_repeated_item_keeps_what_needs_no_factor(items: pd.DataFrame) -> None:
    again = items.assign(again=items["a"])
    constructs = {"x": ["a", "b", "again"], "y": ["e", "f"]}
    for draws in (0, 20):
        own = by_measure(reliability_table(again, constructs, draws=draws, seed=1), "x")
        missing = own.index[own["estimate"].isna()]
        assert set(missing) == {"omega", "composite_reliability", "lambda6"}
        assert set(own["undefined"][missing]) == {"an item can be computed exactly from the others"}


def test_fewer_persons_than_items_are_the_reason() -> None:
    few = pd.DataFrame(np.array([[1, 2, 4, 3], [2, 5, 1, 3], [5, 4, 2, 1]]), columns=list("abcd"))
    own = by_measure(reliability_table(few, {"trust": list("abcd")}))
    assert own["undefined"]["omega"] == "3 complete answers to 4 items"
    assert np.isfinite(own["estimate"]["alpha"])


def test_a_heywood_item_is_named_and_heywood_draws_are_not_counted(rng: np.random.Generator) -> None:
    R = np.array([[1.0, 0.2, 0.6], [0.2, 1.0, 0.7], [0.6, 0.7, 1.0]])
    rows = pd.DataFrame(rng.multivariate_normal(np.zeros(3), R, 400), columns=list("abc"))
    own = by_measure(reliability_table(rows, {"trust": list("abc")}))
    assert own["undefined"][["omega", "composite_reliability"]].tolist() == ["Heywood case: 'c'"] * 2
    R[0, 1] = R[1, 0] = 0.45
    near = pd.DataFrame(rng.multivariate_normal(np.zeros(3), R, 60), columns=list("abc"))
    own = by_measure(reliability_table(near, {"trust": list("abc")}, draws=300, seed=4))
    assert own["n_draws"]["alpha"] == 300
    assert 100 < own["n_draws"]["omega"] < 300


@pytest.mark.parametrize("answers", [5, 12])
def test_auto_adds_ordinal_measures_where_answers_are_few(answers: int, rng: np.random.Generator) -> None:
    common = rng.standard_normal((300, 1))
    values = np.clip(
        np.round(answers / 2 + answers / 6 * (common + rng.standard_normal((300, 3)))), 1, answers
    )
    table = reliability_table(pd.DataFrame(values, columns=list("abc")), {"x": list("abc")}, ordinal="auto")
    assert set(ORDINAL).issubset(table["measure"]) == (answers == 5)


def test_what_is_asked_wrongly_is_refused_by_name(items: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"construct 'x', item 'aa': not in the data"):
        reliability_table(items, {"x": ["aa", "b"]})
    with pytest.raises(DataError, match="construct 'x': has no items"):
        reliability_table(items, {"x": []})
    with pytest.raises(DataError, match="clusters: 1 of 250 rows have none"):
        reliability_table(items, CONSTRUCTS, clusters=pd.Series([np.nan] + [1.0] * 249))
    with pytest.raises(DataError, match="weights are not above 0"):
        reliability_table(items, CONSTRUCTS, weights=pd.Series([-1.0] + [1.0] * 249))
    with pytest.raises(ValueError, match="'bc' is not one of"):
        reliability_table(items, CONSTRUCTS, kind="bc")


def test_the_seed_of_draws_is_0_unless_one_is_given(items: pd.DataFrame) -> None:
    own, zero = (reliability_table(items, CONSTRUCTS, draws=20, **seed) for seed in ({}, {"seed": 0}))
    pd.testing.assert_frame_equal(own, zero)

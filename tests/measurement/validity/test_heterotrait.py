"""HTMT: intervals that cover, reasons where there is no ratio, refusals in the reader's words."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, ServicefxWarning
from servicefx.measurement.rules import rules_frame
from servicefx.measurement.validity import (
    heterotrait_monotrait,
    heterotrait_monotrait_geometric,
    heterotrait_monotrait_intervals,
    judged_ratios,
    negative_items,
)
from servicefx.moments.moments import Moments

CONSTRUCTS = {"quality": ["a", "b", "c"], "satisfaction": ["d", "e", "f"]}
DIMENSIONS = {
    "tangibles": range(1, 5),
    "reliability": range(5, 10),
    "responsiveness": range(10, 14),
    "assurance": range(14, 18),
    "empathy": range(18, 23),
}


def answers(rng: np.random.Generator, n: int = 300, correlation: float = 0.8) -> pd.DataFrame:
    """Two constructs of three tau-equivalent items with loading .7: the true HTMT is the correlation."""
    scores = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], size=n)
    noise = rng.normal(size=(n, 6)) * np.sqrt(1 - 0.49)
    return pd.DataFrame(0.7 * np.repeat(scores, 3, axis=1) + noise, columns=list("abcdef"))


@pytest.mark.slow
def test_intervals_cover_the_true_ratio(rng: np.random.Generator) -> None:
    hits = {"htmt": 0, "htmt2": 0}
    samples = 600
    for sample in range(samples):
        frame = heterotrait_monotrait_intervals(answers(rng), CONSTRUCTS, draws=400, seed=sample)
        for row in frame.to_dict("records"):
            hits[row["measure"]] += row["conf_low"] <= 0.8 <= row["conf_high"]
    # two-sided 99.9 % binomial band around .95 at 600 samples: 4 standard errors of .0089 below, 3.3 above
    assert all(0.92 <= count / samples <= 0.978 for count in hits.values()), hits


def test_the_frame_is_exactly_left_right_ratio_from_rows_and_from_moments(rng: np.random.Generator) -> None:
    items = answers(rng)
    frame = heterotrait_monotrait(items, CONSTRUCTS)
    assert list(frame.columns) == ["left", "right", "ratio"]
    assert frame[["left", "right"]].to_numpy().tolist() == [["quality", "satisfaction"]]
    pd.testing.assert_frame_equal(
        frame, heterotrait_monotrait(Moments.from_frame(items), CONSTRUCTS), rtol=1e-12
    )


def test_rows_items_and_scales_may_be_reordered_and_rescaled(rng: np.random.Generator) -> None:
    items = answers(rng)
    ratio = heterotrait_monotrait(items, CONSTRUCTS)["ratio"][0]
    other = (items.sample(frac=1, random_state=1) * [1, 2, 3, 0.1, 5, 6] + 7)[list("fbdeca")]
    swapped = {"satisfaction": ["f", "d", "e"], "quality": ["c", "a", "b"]}
    frame = heterotrait_monotrait(other, swapped)
    assert frame["left"][0] == "satisfaction"
    assert frame["ratio"][0] == pytest.approx(ratio, rel=1e-12)


def test_intervals_hold_the_ratio_repeat_with_the_seed_and_stay_with_more_draws(
    rng: np.random.Generator,
) -> None:
    items = answers(rng)
    frame = heterotrait_monotrait_intervals(items, CONSTRUCTS, draws=300, seed=1)
    assert frame["measure"].tolist() == ["htmt", "htmt2"]
    assert ((frame["conf_low"] < frame["ratio"]) & (frame["ratio"] < frame["conf_high"])).all()
    assert frame["ratio"][0] == pytest.approx(heterotrait_monotrait(items, CONSTRUCTS)["ratio"][0], rel=1e-12)
    assert frame["ratio"][1] == pytest.approx(
        heterotrait_monotrait_geometric(items, CONSTRUCTS)["ratio"][0], rel=1e-12
    )
    again = heterotrait_monotrait_intervals(items, CONSTRUCTS, draws=300, seed=1)
    pd.testing.assert_frame_equal(frame, again)
    other = heterotrait_monotrait_intervals(items, CONSTRUCTS, draws=300, seed=2)
    assert (frame["conf_low"] != other["conf_low"]).all()
    narrow = heterotrait_monotrait_intervals(items, CONSTRUCTS, draws=300, seed=1, level=0.5)
    assert (narrow["conf_high"] < frame["conf_high"]).all()


def test_resamples_are_those_of_rows_counted_one_by_one(rng: np.random.Generator) -> None:
    from servicefx.moments.resample_index import resample_counts

    items = answers(rng, n=60)
    items.loc[[3, 10], "a"] = np.nan
    weights = pd.Series(rng.uniform(0.5, 2, size=60))
    frame = heterotrait_monotrait_intervals(items, CONSTRUCTS, draws=50, seed=4, weights=weights)
    drawn = []
    for counts in resample_counts(60, 50, 4, "data").astype(int):
        rows = np.repeat(np.arange(60), counts)
        known = items.iloc[rows].notna().all(axis=1).to_numpy()
        taken = items.iloc[rows[known]].reset_index(drop=True)
        moments = Moments.from_frame(taken, weights.to_numpy()[rows[known]])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ServicefxWarning)
            drawn.append(heterotrait_monotrait(moments, CONSTRUCTS)["ratio"][0])
    assert frame.loc[0, ["conf_low", "conf_high"]].tolist() == pytest.approx(
        np.quantile(drawn, [0.025, 0.975]).tolist(), rel=1e-9
    )


def test_whole_clusters_are_drawn_where_given(rng: np.random.Generator) -> None:
    once = answers(rng, n=50)
    items = pd.concat([once] * 6, ignore_index=True)
    clusters = np.tile(np.arange(50), 6)
    plain = heterotrait_monotrait_intervals(items, CONSTRUCTS, draws=200, seed=1).iloc[0]
    clustered = heterotrait_monotrait_intervals(items, CONSTRUCTS, draws=200, seed=1, clusters=clusters).iloc[
        0
    ]
    alone = heterotrait_monotrait_intervals(once, CONSTRUCTS, draws=200, seed=1).iloc[0]
    widths = [row["conf_high"] - row["conf_low"] for row in (plain, clustered, alone)]
    assert widths[1] == pytest.approx(widths[2], rel=1e-9)
    assert widths[0] < 0.7 * widths[1]


def test_a_construct_of_one_item_is_refused_alone_and_named_with_its_reason_among_others(
    rng: np.random.Generator,
) -> None:
    single = {"quality": ["a", "b", "c"], "satisfaction": ["d"]}
    with pytest.raises(DataError, match=r"constructs\.satisfaction: one item, at least 2 expected"):
        heterotrait_monotrait(answers(rng), single)
    items = answers(rng)
    frame = heterotrait_monotrait_intervals(items, single, draws=20, seed=1)
    assert frame["ratio"].isna().all()
    R = items.corr().to_numpy()
    taken_as_one = R[3, :3].mean() / np.sqrt(R[np.triu_indices(3, 1)].mean())
    assert frame["undefined"][0] == (
        "one item measures 'satisfaction'; with its answers taken as free of error the ratio would be "
        f"{taken_as_one:.3f}"
    )
    assert {row["judgement"] for row in judged_ratios(frame)} == {""}


def test_too_few_resamples_with_a_ratio_leave_no_interval(rng: np.random.Generator) -> None:
    items = answers(rng, n=40, correlation=0.3)
    frame = heterotrait_monotrait_intervals(items, CONSTRUCTS, draws=200, seed=1)
    row = frame[frame["measure"] == "htmt2"].iloc[0]
    assert np.isfinite(row["ratio"])
    assert np.isnan(row["conf_low"])
    assert row["n_draws"] < 190
    assert row["undefined"] == (
        f"the ratio exists in {row['n_draws']} of 200 resamples, too few for an interval"
    )


def test_a_ratio_is_judged_by_the_upper_end_against_three_thresholds() -> None:
    row = {"measure": "htmt", "left": "a", "right": "b", "ratio": 0.8, "conf_low": 0.7, "conf_high": 0.88}
    frame = rules_frame(judged_ratios(pd.DataFrame([row, row | {"conf_high": 1.02}])))
    assert frame["rule"].tolist() == ["htmt_strict", "htmt_lenient", "htmt_inference"] * 2
    assert frame["threshold"].tolist() == [0.85, 0.9, 1.0] * 2
    assert frame["judgement"].tolist() == ["warn", "pass", "pass", "fail", "fail", "fail"]
    assert frame["estimate"].eq(0.8).all()
    bare = judged_ratios(pd.DataFrame([row | {"conf_low": np.nan, "conf_high": np.nan}]))
    assert [one["judgement"] for one in bare] == ["pass", "pass", "pass"]


def test_an_unreversed_item_is_named_since_absolute_values_hide_it(rng: np.random.Generator) -> None:
    items = answers(rng)
    turned = items.assign(a=-items["a"])
    with pytest.warns(ServicefxWarning, match="'a' correlates -0.*Turn the item") as caught:
        frame = heterotrait_monotrait(turned, CONSTRUCTS)
    assert len(caught) == 1
    assert frame["ratio"][0] == pytest.approx(heterotrait_monotrait(items, CONSTRUCTS)["ratio"][0], rel=1e-12)
    (problem,) = negative_items(turned, CONSTRUCTS)
    assert problem.where == "constructs.quality"
    assert negative_items(items, CONSTRUCTS) == ()
    two = {"quality": ["a", "b"], "satisfaction": ["d", "e"]}
    assert [problem.found[:3] for problem in negative_items(turned, two)] == ["'a'", "'b'"]


FAULTS = [
    ({"quality": ["a", "bb"], "satisfaction": ["d", "e"]}, r"item 'bb' is not in the data \(closest: 'b'\)"),
    (
        {"quality": ["a", "b"], "satisfaction": ["a", "e"]},
        r"constructs\.satisfaction: 'a' is in 'quality' too",
    ),
    ({"quality": ["a", "a"], "satisfaction": ["d", "e"]}, "'a' stands there twice"),
    ({"quality": [], "satisfaction": ["d", "e"]}, r"constructs\.quality: no item, at least 2 expected"),
    ({"quality": "ab", "satisfaction": ["d", "e"]}, "item 'ab' is not in the data"),
    ({}, "constructs: there are none"),
]


@pytest.mark.parametrize(("constructs", "message"), FAULTS)
def test_a_faulty_mapping_is_refused_by_name(
    constructs: dict[str, list[str]], message: str, rng: np.random.Generator
) -> None:
    with pytest.raises(DataError, match=message):
        heterotrait_monotrait(answers(rng), constructs)


def test_all_faults_of_a_mapping_are_told_at_once(rng: np.random.Generator) -> None:
    with pytest.raises(DataError) as caught:
        heterotrait_monotrait(answers(rng), {"quality": ["a", "x"], "satisfaction": ["d"]})
    assert len(caught.value.problems) == 2


def test_columns_that_bear_no_ratio_are_refused_by_name(rng: np.random.Generator) -> None:
    items = answers(rng, n=30)
    cases = [
        (items.assign(a=3.0), "column 'a': holds the same value in every row"),
        (items.assign(b=items["a"]), "column 'b': repeats 'a'"),
        (items.assign(a=items["b"] + items["c"]), "'a', 'b', 'c' add up to one another"),
        (items.assign(a="x"), "column 'a': holds text"),
        (items.assign(a=np.nan), r"0 complete rows \(30 have a gap\) to 6 items"),
        (items.head(6), "6 complete rows to 6 items, more rows than items expected"),
    ]
    for frame, message in cases:
        with pytest.raises(DataError, match=message):
            heterotrait_monotrait(frame, CONSTRUCTS)


def test_an_item_constant_in_many_resamples_does_not_crash_them(rng: np.random.Generator) -> None:
    items = answers(rng, n=60).assign(a=np.r_[1.0, np.zeros(59)])
    frame = heterotrait_monotrait_intervals(items, CONSTRUCTS, draws=100, seed=1)
    assert frame["n_draws"][0] < 95
    assert "too few for an interval" in frame["undefined"][0]


def test_moments_cannot_be_resampled_and_weights_need_rows(rng: np.random.Generator) -> None:
    items = answers(rng)
    with pytest.raises(DataError, match="moments cannot be resampled, rows expected"):
        heterotrait_monotrait_intervals(Moments.from_frame(items), CONSTRUCTS, seed=1)  # type: ignore[arg-type]
    shifted = pd.Series(1.0, index=items.index + 1)
    with pytest.raises(DataError, match="their index is not that of the items"):
        heterotrait_monotrait_intervals(items, CONSTRUCTS, seed=1, draws=10, weights=shifted)
    with pytest.raises(DataError, match="2 weights for 300 rows"):
        heterotrait_monotrait_intervals(items, CONSTRUCTS, seed=1, draws=10, weights=[1.0, 2.0])


@pytest.mark.external
def test_servqual_durables_fires(shared_data: Path) -> None:
    items = pd.read_csv(shared_data / "servqual_durables" / "servqual_durables.csv")
    constructs = {name: [f"a{at:02d}" for at in numbers] for name, numbers in DIMENSIONS.items()}
    frame = heterotrait_monotrait_intervals(items, constructs, draws=500, seed=1)
    rules = rules_frame(judged_ratios(frame[frame["measure"] == "htmt"]))
    failed = rules[(rules["rule"] == "htmt_strict") & (rules["judgement"] == "fail")]["subject"].tolist()
    assert failed == [
        "reliability, responsiveness",
        "responsiveness, assurance",
        "responsiveness, empathy",
        "assurance, empathy",
    ]
    assert rules[rules["subject"].str.startswith("tangibles")]["judgement"].eq("pass").all()


@pytest.mark.external
def test_printed_correlations_of_babakus_and_boller_tell_two_dimensions_not_apart(shared_data: Path) -> None:
    printed = pd.read_csv(shared_data / "servqual_bb1992" / "correlations.csv", index_col=0)
    moments = Moments.from_correlation(printed, np.ones(22), 502)
    constructs = {name: [f"Q{at}" for at in numbers] for name, numbers in DIMENSIONS.items()}
    ratios = heterotrait_monotrait(moments, constructs).set_index(["left", "right"])["ratio"]
    assert ratios.idxmax() == ("responsiveness", "empathy")
    assert ratios.max() > 0.98

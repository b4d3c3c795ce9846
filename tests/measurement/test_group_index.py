from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.answers import mean_of
from servicefx.measurement.dimension_weights import derived_weights, equal_weights, stated_weights
from servicefx.measurement.group_index import index_scores, lie_within, quality_index_of
from servicefx.values.glossary import GLOSSARY

SCALES = {"speed": (1.0, 7.0), "care": (0.0, 10.0)}
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high"]


def drawn(rng: np.random.Generator, n_outlets: int = 40, each: int = 10) -> pd.DataFrame:
    outlet = np.repeat(np.arange(n_outlets), each)
    quality = rng.normal(0, 0.6, n_outlets)[outlet] + rng.normal(0, 0.8, len(outlet))
    speed = np.clip(4 + quality + rng.normal(0, 0.5, len(outlet)), 1, 7)
    care = np.clip(6 + 1.5 * quality + rng.normal(0, 1, len(outlet)), 0, 10)
    points = np.clip(60 + 8 * quality + rng.normal(0, 10, len(outlet)), 0, 100)
    return pd.DataFrame(
        {
            "outlet": outlet, "firm": outlet // 4, "channel": rng.choice(["web", "shop"], len(outlet)),
            "speed": speed, "care": care, "p_speed": points, "p_care": 100 - points,
            "satisfaction": 4 + quality + 0.3 * (speed - 4) + rng.normal(0, 0.8, len(outlet)),
        }
    )  # fmt: skip


def index_of(data: pd.DataFrame, weighting: str, **options: object) -> pd.DataFrame:
    scores = data[["speed", "care"]]
    weights = {
        "equal": lambda: equal_weights(scores),
        "stated": lambda: stated_weights(data[["p_speed", "p_care"]].set_axis(["speed", "care"], axis=1)),
        "relative": lambda: derived_weights(scores, data["satisfaction"]),
    }[weighting]()
    found = quality_index_of(scores, SCALES, weights, **options)  # type: ignore[arg-type]
    return found.index.set_index(["segment", "group"])


def test_equal_weights_give_the_clustered_mean_of_each_persons_index(rng) -> None:
    data = drawn(rng)
    weight = pd.Series(rng.uniform(0.5, 2, len(data)))
    options = {"weights": weight, "clusters": data["outlet"]}
    found = index_of(data, "equal", segments=data[["channel"]], **options)
    own = index_scores(data[["speed", "care"]], SCALES, np.array([0.5, 0.5]))
    for key, here in ((("", ""), own.notna()), (("channel", "web"), data["channel"] == "web")):
        plain = mean_of(own.where(here), **options)
        expected = [getattr(plain, name) for name in NUMBERS]
        assert found.loc[key, NUMBERS].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("weighting", ["stated", "relative"])
def test_the_error_is_that_of_leaving_out_one_cluster_at_a_time(weighting, rng) -> None:
    data = drawn(rng, 80, 6)
    options = {"segments": data[["channel"]], "clusters": data["outlet"]}
    found = index_of(data, weighting, **options)["std_error"]
    left_out = []
    for outlet in range(80):
        rest = data[data["outlet"] != outlet]
        left_out.append(
            index_of(rest, weighting, segments=rest[["channel"]], clusters=rest["outlet"])["estimate"]
        )
    jackknife = np.sqrt(79 / 80 * ((pd.DataFrame(left_out) - np.mean(left_out, axis=0)) ** 2).sum())
    assert found.to_numpy() == pytest.approx(jackknife.loc[found.index].to_numpy(), rel=0.04)  # terms of 1/G


def test_uncertain_weights_are_part_of_the_interval(rng) -> None:
    data = drawn(rng)
    data["care"] = np.clip(data["care"] - 4, 0, 10)  # dimensions apart, so that weights matter
    points = data[["p_speed", "p_care"]].set_axis(["speed", "care"], axis=1)
    stated, scores = stated_weights(points), data[["speed", "care"]]
    own = index_scores(scores, SCALES, stated.shares)
    fixed = mean_of(own, clusters=data["outlet"]).std_error
    found = quality_index_of(scores, SCALES, stated, clusters=data["outlet"]).index
    assert found["std_error"].iloc[0] > 1.01 * fixed


def test_inside_an_outlet_its_customers_are_the_sample(rng) -> None:
    data = drawn(rng)
    found = index_of(data, "equal", segments=data[["outlet"]], clusters=data["outlet"])
    own = index_scores(data[["speed", "care"]], SCALES, np.array([0.5, 0.5]))
    plain = mean_of(own[data["outlet"] == 3])
    row = found.loc[("outlet", "3")]
    assert row["std_error"] == pytest.approx(plain.std_error)
    assert row["caution"] == "fewer than 30 answers"
    assert row["undefined"] == ""


def test_inside_a_firm_its_outlets_are_the_sample_where_named(rng) -> None:
    data = drawn(rng)
    options = {"segments": data[["firm"]], "clusters": data["firm"]}
    found = index_of(data, "equal", within={"firm": data["outlet"]}, **options)
    own = index_scores(data[["speed", "care"]], SCALES, np.array([0.5, 0.5]))
    here = data["firm"] == 2
    plain = mean_of(own[here], clusters=data.loc[here, "outlet"])
    assert found.loc[("firm", "2"), NUMBERS[:2]].tolist() == pytest.approx([plain.estimate, plain.std_error])


def test_a_group_that_shares_one_cluster_by_chance_has_no_interval(rng) -> None:
    data = drawn(rng)
    data.loc[data["outlet"] == 5, "channel"] = "fax"
    data.loc[data["outlet"] == 6, "channel"] = ["web", "shop"] * 5
    row = index_of(data, "equal", segments=data[["channel"]], clusters=data["outlet"]).loc[("channel", "fax")]
    assert row["undefined"] == "all answers come from one cluster"
    assert np.isfinite(row["estimate"])
    assert np.isnan(row["std_error"])


def test_groups_of_one_of_none_and_of_one_opinion_say_so(rng) -> None:
    data = drawn(rng, 4, 10)
    data["group"] = ["a"] + ["b"] * 3 + ["c"] * 3 + ["d"] * 33
    data.loc[1:3, ["speed", "care"]] = [5.0, 5.0]
    data.loc[4:6, "care"] = np.nan
    result = quality_index_of(
        data[["speed", "care"]], SCALES, equal_weights(data[["speed", "care"]]), segments=data[["group"]]
    )
    rows = result.index.set_index("group")
    assert rows.loc[["a", "b", "c", "d"], "undefined"].tolist() == [
        "one answer",
        "all answers are the same, so nothing says how they spread",
        "nobody answered every dimension",
        "",
    ]
    assert rows.loc[["a", "b", "c"], "std_error"].isna().all()
    assert rows.loc["d", "caution"] == ""
    assert result.dropped == {"not every dimension answered": 3}
    assert (set(result.index) | set(result.weights) | set(result.norms)) <= set(GLOSSARY)


def test_numbers_are_ordered_by_size_and_intervals_end_at_the_scale(rng) -> None:
    data = drawn(rng, 12, 5)
    data.loc[data["outlet"] == 11, ["speed", "care"]] = [[7.0, 10.0]] * 4 + [[1.0, 10.0]]
    rows = index_of(data, "equal", segments=data[["outlet"]])
    assert [group for segment, group in rows.index if segment == "outlet"] == [str(k) for k in range(12)]
    assert rows.loc[("outlet", "11"), "conf_high"] == 100.0


def test_scale_and_direction_are_read_from_the_ends() -> None:
    scores = pd.DataFrame({"speed": [1.0, 7.0, 4.0], "care": [0.0, 10.0, 5.0]})
    assert index_scores(scores, SCALES, np.array([0.3, 0.7])).tolist() == pytest.approx([0.0, 100.0, 50.0])


def test_groups_lie_within_clusters_where_none_has_two() -> None:
    assert lie_within(pd.Series(["a", "a", "b"]), pd.Series([1, 1, 1]))
    assert not lie_within(pd.Series(["a", "a", "b"]), pd.Series([1, 2, 1]))


def test_scores_without_a_scale_or_of_other_dimensions_are_refused(rng) -> None:
    scores = drawn(rng)[["speed", "care"]]
    with pytest.raises(DataError, match=r"'care' has no scale"):
        quality_index_of(scores, {"speed": (1.0, 7.0)}, equal_weights(scores))
    with pytest.raises(DataError, match="weights of speed for scores of speed, care"):
        quality_index_of(scores, SCALES, equal_weights(scores[["speed"]]))


@pytest.mark.slow
@pytest.mark.parametrize("weighting", ["stated", "relative"])
def test_the_interval_covers_the_truth_as_often_as_it_says(weighting, rng) -> None:
    truth = index_of(drawn(rng, 200_000, 2), weighting)["estimate"].iloc[0]
    hits = 0
    for _ in range(1000):
        data = drawn(rng, 50, 6)
        row = index_of(data, weighting, clusters=data["outlet"]).iloc[0]
        hits += row["conf_low"] <= truth <= row["conf_high"]
    assert 0.926 <= hits / 1000 <= 0.971  # two-sided 99.9 % binomial band

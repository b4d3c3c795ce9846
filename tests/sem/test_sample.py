from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import DataError
from servicefx.moments.moments import Moments
from servicefx.sem.sample import read_sample


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    data = pd.DataFrame(rng.normal(size=(40, 3)), columns=["a", "b", "c"])
    return data.assign(city=np.where(np.arange(40) < 10, "Wien", "Graz"), w=np.arange(1.0, 41.0))


def test_rows_with_gaps_are_counted_as_dropped_or_kept() -> None:
    data = frame()
    data.loc[[0, 1], "a"] = np.nan
    data.loc[1, ["b", "c"]] = np.nan
    plain = read_sample(data, ["a", "b", "c"])
    assert (plain.n_obs, plain.dropped) == (38, {"an item of the model is missing": 2})
    kept = read_sample(data, ["a", "b", "c"], keep_gaps=True)
    assert (kept.n_obs, kept.dropped) == (39, {"every item is missing": 1})
    held = read_sample(data, ["a", "b", "c"], keep_gaps=True, complete=["a"])
    assert held.dropped == {"every item is missing": 1, "a fixed covariate is missing": 1}


def test_groups_stand_in_order_of_appearance_and_lose_rows_without_a_value() -> None:
    data = frame()
    data.loc[20, "city"] = None
    sample = read_sample(data, ["b", "a"], group="city")
    assert sample.labels == ("Wien", "Graz")
    assert [group.n_obs for group in sample.groups] == [10, 29]
    assert sample.dropped == {"the group 'city' is missing": 1}
    graz = sample.groups[1].moments
    assert graz is not None
    assert graz.names == ("b", "a")
    expected = Moments.from_frame(data[data.city == "Graz"][["b", "a"]])
    np.testing.assert_allclose(graz.cov, expected.cov, rtol=1e-12)


def test_moments_of_large_numbers_and_many_blocks_keep_their_digits() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(50_000, 2))
    far = pd.DataFrame(values + 1e7, columns=["a", "b"])
    moments = read_sample(far, ["a", "b"]).groups[0].moments
    assert moments is not None
    np.testing.assert_allclose(moments.cov, np.cov(values.T, ddof=0), rtol=1e-7, atol=1e-9)


def test_weights_sum_to_the_rows_of_all_groups() -> None:
    sample = read_sample(frame(), ["a", "b"], weights="w", group="city")
    weights = [group.weights for group in sample.groups]
    assert sum(float(w.sum()) for w in weights if w is not None) == pytest.approx(40)
    single = read_sample(frame(), ["a", "b"], weights="w").groups[0].moments
    assert single is not None
    expected = np.average(frame()[["a", "b"]], axis=0, weights=frame()["w"])
    np.testing.assert_allclose(single.mean, expected)


def test_every_numeric_kind_of_column_is_read() -> None:
    data = frame()
    data["b"] = (data["b"] > 0).astype(bool)
    data["c"] = pd.array(np.arange(40) % 5, dtype="Int64")
    data["d"] = pd.Categorical(np.where(np.arange(40) % 3, "high", "low"), ["low", "high"], ordered=True)
    data["e"] = pd.Categorical(np.arange(40) % 4 * 10, ordered=True)
    sample = read_sample(data, ["a", "b", "c", "d", "e"])
    values = sample.groups[0].values
    assert values is not None
    assert set(values[:, 3]) == {1.0, 2.0}
    assert set(values[:, 4]) == {0.0, 10.0, 20.0, 30.0}
    data.loc[3, "c"] = pd.NA
    assert read_sample(data, ["a", "c"]).n_obs == 39


def test_a_mapping_is_a_group_an_entry() -> None:
    data = frame()
    parts = {"one": data[:15], "two": data[15:]}
    sample = read_sample(parts, ["a", "b"])
    assert sample.labels == ("one", "two")
    assert [group.n_obs for group in sample.groups] == [15, 25]
    with pytest.raises(DataError, match="the data already come by group"):
        read_sample(parts, ["a", "b"], group="city")
    with pytest.raises(DataError, match="the mapping holds no group"):
        read_sample({}, ["a", "b"])


def test_clusters_of_two_tables_are_not_mixed_up() -> None:
    data = frame().assign(k=np.arange(40) % 4)
    sample = read_sample({"one": data[:15], "two": data[15:]}, ["a", "b"], cluster="k")
    codes = [set(group.clusters.tolist()) for group in sample.groups if group.clusters is not None]
    assert not codes[0] & codes[1]


def test_weights_of_tables_are_those_of_groups() -> None:
    data = frame()
    joint = sem.fit("b ~ a", data, weights="w", group="city", group_equal=["regressions"])
    tables = {str(name): part for name, part in data.groupby("city", sort=False)}
    split = sem.fit("b ~ a", tables, weights="w", group_equal=["regressions"])
    np.testing.assert_allclose(split.theta, joint.theta, rtol=1e-7)
    np.testing.assert_allclose(split.vcov, joint.vcov, rtol=1e-6)

"""What must hold of group comparisons whatever the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.pls.groups.comparison import compare_groups
from servicefx.pls.groups.difference_tests import adjusted_p_values, henseler_test, share_not_larger
from servicefx.pls.groups.grouped import grouped
from servicefx.pls.groups.micom import micom
from servicefx.pls.groups.pair_tests import group_draws
from servicefx.pls.groups.permutation import observed_statistics, pair_statistics, permutation_blocks
from servicefx.values.glossary import GLOSSARY

MODEL = "q =~ q1 + q2; v =~ v1; s <~ s1 + s2; v ~ q; s ~ q + v"
NUMBERS = ["estimate", "critical", "p_value", "n_draws"]


def survey(n: int = 120, groups: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(9)
    q = rng.normal(size=n)
    v = 0.6 * q + rng.normal(size=n)
    s = 0.5 * q + 0.3 * v + rng.normal(size=n)
    noise = rng.normal(size=(n, 4))
    items = {
        "q1": q + noise[:, 0],
        "q2": q + noise[:, 1],
        "v1": v,
        "s1": s + noise[:, 2],
        "s2": s + noise[:, 3],
    }
    return pd.DataFrame(items | {"channel": np.array(["app", "shop", "web"])[np.arange(n) % groups]})


def compared(data: pd.DataFrame, **options: object) -> pd.DataFrame:
    return compare_groups(MODEL, data, "channel", method="all", permutations=40, draws=40, **options)


def test_the_order_of_groups_turns_signs_and_nothing_else():
    data = survey()
    ours, turned = compared(data), compared(data, groups=("shop", "app"))
    assert turned["group_left"].eq("shop").all()
    for name in ("difference", "statistic"):
        np.testing.assert_allclose(turned[name], -ours[name], atol=1e-9)
    for low, high in (("conf_low", "conf_high"), ("null_low", "null_high")):
        np.testing.assert_allclose(turned[low], -ours[high], atol=1e-9)
    for name in ("p_value", "p_adjusted", "std_error", "df"):
        np.testing.assert_allclose(turned[name], ours[name], atol=1e-9)
    np.testing.assert_array_equal(turned["estimate_left"], ours["estimate_right"])
    first, second = (
        micom(MODEL, data, "channel", permutations=40, groups=order)
        for order in (("app", "shop"), ("shop", "app"))
    )
    np.testing.assert_allclose(first.compositional[NUMBERS], second.compositional[NUMBERS], atol=1e-9)
    np.testing.assert_allclose(first.equality["estimate"], -second.equality["estimate"], atol=1e-9)
    assert list(first.verdicts["verdict"]) == list(second.verdicts["verdict"])


def test_threads_change_nothing_and_seeds_do():
    data = survey()
    one = compare_groups(MODEL, data, "channel", method="all", permutations=450, draws=450)
    two = compare_groups(MODEL, data, "channel", method="all", permutations=450, draws=450, jobs=2)
    pd.testing.assert_frame_equal(one, two)
    first = micom(MODEL, data, "channel", permutations=450)
    pd.testing.assert_frame_equal(
        first.equality, micom(MODEL, data, "channel", permutations=450, jobs=2).equality
    )
    other = micom(MODEL, data, "channel", permutations=450, seed=1)
    assert not first.equality["p_value"].equals(other.equality["p_value"])
    pd.testing.assert_series_equal(first.equality["estimate"], other.equality["estimate"])


def test_more_permutations_leave_the_first_ones_as_they_were():
    (pair,) = grouped(MODEL, survey(), "channel").pairs()
    few, many = (
        np.concatenate([block.divisions() for block in permutation_blocks(pair, number, 3, "data")])
        for number in (200, 410)
    )
    np.testing.assert_array_equal(many[:200], few)
    assert len(many) == 410
    assert (many.sum(axis=1) == pair.n_left).all()


def test_group_estimates_are_the_fits_of_the_groups():
    data = survey()
    frame = compare_groups(
        MODEL, data, "channel", quantities=("paths", "loadings", "weights"), permutations=19
    )
    for label, column in (("app", "estimate_left"), ("shop", "estimate_right")):
        fit = pls.fit(MODEL, data[data["channel"] == label])
        for quantity, expected in (("path", fit.paths), ("loading", fit.loadings), ("weight", fit.weights)):
            found = frame.loc[frame["quantity"] == quantity, column]
            np.testing.assert_allclose(found, expected["estimate"], atol=1e-8)


@pytest.mark.parametrize("missing", ["listwise", "mean", "em"])
def test_gaps_are_treated_in_every_group_as_in_a_fit_of_it(missing):
    data = survey()
    data.loc[[3, 10, 17], "q1"] = np.nan
    fit = pls.fit(MODEL, data, missing=missing)
    frame = compare_groups(fit, data, "channel", permutations=19)
    left = pls.fit(MODEL, data[data["channel"] == "app"], missing=missing)
    np.testing.assert_allclose(frame["estimate_left"], left.paths["estimate"], atol=1e-6)
    assert frame["n_left"].iloc[0] == left.n_obs


def test_each_permutation_is_the_fits_of_its_two_parts():
    data = survey()
    asked = grouped(MODEL, data, "channel")
    (pair,) = asked.pairs()
    (block,) = permutation_blocks(pair, 3, 0, "data")
    found = pair_statistics(asked, pair, block.divisions(), ("paths",))
    for at, rows in enumerate(block.divisions()):
        for values, part in ((found.left, rows), (found.right, ~rows)):
            np.testing.assert_allclose(values[at], pls.fit(MODEL, data[part]).paths["estimate"], atol=1e-8)


def test_rows_without_a_group_are_left_out_and_counted():
    data = survey()
    holes = data.assign(channel=data["channel"].where(data.index % 10 > 0))
    found = micom(MODEL, holes, "channel", permutations=19)
    assert dict(found.dropped) == {"no 'channel'": 12}
    without = micom(MODEL, holes.dropna(), "channel", permutations=19)
    pd.testing.assert_frame_equal(found.equality, without.equality)
    named = micom(MODEL, survey(150, 3), "channel", permutations=19, groups=("web", "app"))
    assert dict(named.dropped) == {"another 'channel'": 50}
    assert list(named.counts) == ["web", "app"]


def test_scales_of_items_do_not_matter():
    data = survey()
    scaled = data.assign(q1=10 * data["q1"] + 50, s2=data["s2"] / 7)
    ours, theirs = (micom(MODEL, each, "channel", permutations=40) for each in (data, scaled))
    np.testing.assert_allclose(ours.compositional[NUMBERS], theirs.compositional[NUMBERS], atol=1e-9)
    np.testing.assert_allclose(ours.equality["estimate"], theirs.equality["estimate"], atol=1e-9)


def test_a_construct_of_one_item_is_its_own_composite():
    found = micom(MODEL, survey(), "channel", permutations=19)
    row = found.compositional.set_index("construct").loc["v"]
    assert row["estimate"] == 1.0
    assert np.isnan(row["p_value"])
    assert row["undefined"] == "one item: it is its own composite in every group"
    assert found.verdicts.set_index("construct").loc["v", "verdict"] in ("full", "partial")


def test_a_number_that_cannot_differ_has_no_test_and_says_so():
    frame = compare_groups(
        MODEL, survey(), "channel", method="all", quantities=("loadings",), permutations=19, draws=20
    )
    single = frame[(frame["lhs"] == "v") & (frame["rhs"] == "v1")]
    assert len(single) == 4
    assert single["p_value"].isna().all()
    assert single["undefined"].eq("the number is the same in every draw").all()
    assert frame.loc[frame["lhs"] == "q", "p_value"].notna().all()


def test_three_groups_are_compared_pair_by_pair_with_corrected_p_values():
    data = survey(180, 3)
    frame = compare_groups(MODEL, data, "channel", permutations=99)
    pairs = [("app", "shop"), ("app", "web"), ("shop", "web")]
    assert list(zip(frame["group_left"], frame["group_right"], strict=True))[::3] == pairs
    one = frame[(frame["lhs"] == "s") & (frame["rhs"] == "q")]
    np.testing.assert_allclose(one["p_adjusted"], adjusted_p_values(one["p_value"].to_numpy(), "holm"))
    assert any("corrected by holm" in note for note in frame.attrs["notes"])
    found = micom(MODEL, data, "channel", permutations=19)
    assert len(found.verdicts) == 9
    assert any("without correction" in note for note in found.notes)


def test_corrections_are_those_of_the_textbook():
    p = np.array([0.01, np.nan, 0.02, 0.025, 0.9])
    # Holm by hand: 4 x .01, 3 x .02, 2 x .025 (not below the one before), 1 x .9
    np.testing.assert_allclose(adjusted_p_values(p, "holm"), [0.04, np.nan, 0.06, 0.06, 0.9])
    np.testing.assert_allclose(adjusted_p_values(p, "bonferroni"), [0.04, np.nan, 0.08, 0.1, 1.0])
    np.testing.assert_allclose(adjusted_p_values(p, "sidak"), 1 - (1 - p) ** 4)
    np.testing.assert_array_equal(adjusted_p_values(p, "none"), p)


def test_henselers_share_and_interval_are_those_of_all_pairs_counted_one_by_one(rng):
    a, b = rng.normal(0.3, 1, 60), rng.normal(0, 1, 50)
    mirrored = np.subtract.outer(2 * a.mean() - a, 2 * b.mean() - b).ravel()
    assert share_not_larger(a, b) == np.mean(mirrored <= 0)
    ties = np.array([1.0, 2.0, 3.0])
    assert share_not_larger(ties, ties) == 6 / 9
    found = henseler_test(a[:, None], b[:, None], 0.9)
    ends = np.quantile(mirrored, [0.05, 0.95], method="inverted_cdf")
    np.testing.assert_allclose([found.low[0], found.high[0]], ends, atol=1e-9)
    holes = np.append(a, [np.nan])[:, None]
    np.testing.assert_allclose(henseler_test(holes, b[:, None], 0.9).p_value, found.p_value)


def test_groups_are_resampled_independently():
    twice = pd.concat([survey(60), survey(60)], ignore_index=True).assign(channel=["a"] * 60 + ["b"] * 60)
    asked = grouped(MODEL, twice, "channel")
    left, right = (
        group_draws(asked, label, ("paths",), draws=200, seed=0, analysis_id="data", jobs=1).values
        for label in ("a", "b")
    )
    np.testing.assert_allclose(left.mean(axis=0), right.mean(axis=0), atol=0.05)
    for at in range(3):
        assert abs(np.corrcoef(left[:, at], right[:, at])[0, 1]) < 0.25  # 3.5 errors of 200 draws


def test_clusters_within_groups_change_places_as_wholes():
    data = survey()
    clusters = np.where(data["channel"] == "app", 0, 100) + np.arange(120) // 8
    (pair,) = grouped(MODEL, data, "channel", clusters=clusters).pairs()
    assert pair.nested
    (block,) = permutation_blocks(pair, 60, 0, "data")
    for rows in block.divisions():
        assert all(len(set(rows[clusters == cluster])) == 1 for cluster in set(clusters))
        assert len(set(clusters[rows])) == 15
    frame = compare_groups(
        MODEL, data, "channel", method="welch", draws=40, clusters=clusters, quantities=("paths",)
    )
    rows = compare_groups(MODEL, data, "channel", method="welch", draws=40)
    assert (frame["df"] < 30).all()  # 15 clusters a group
    assert (rows["df"] > 60).all()


def test_rows_change_places_within_clusters_that_hold_both_groups():
    data = survey()
    clusters = np.random.default_rng(1).permutation(np.arange(120) // 10)
    (pair,) = grouped(MODEL, data, "channel", clusters=clusters).pairs()
    assert not pair.nested
    (block,) = permutation_blocks(pair, 60, 0, "data")
    found = block.divisions()
    for cluster in range(12):
        inside = clusters == cluster
        assert (found[:, inside].sum(axis=1) == pair.first[inside].sum()).all()
        assert len(np.unique(found[:, inside], axis=0)) > 1
        share = pair.first[inside].mean()
        assert (np.abs(found[:, inside].mean(axis=0) - share) < 0.3).all()


def test_second_order_constructs_are_tested_as_composites_of_all_items_below():
    data = survey(200).rename(columns={"v1": "x"})
    model = "whole =~ q + s; q =~ q1 + q2; s =~ s1 + s2; y =~ x; y ~ whole"
    asked = grouped(model, data, "channel")
    (pair,) = asked.pairs()
    c = observed_statistics(asked, pair).composition[0]
    at = asked.fit.model.constructs.index("whole")
    parts = [pls.fit(model, data[data["channel"] == label]) for label in ("app", "shop")]
    z = (data[["q1", "q2", "s1", "s2"]] - data[["q1", "q2", "s1", "s2"]].mean()) / data[
        ["q1", "q2", "s1", "s2"]
    ].std()
    composites = []
    for fit in parts:
        weight = fit.weights.set_index(["construct", "item"])["estimate"]
        own = [
            weight["whole", part] * weight[part, item]
            for part, items in (("q", ("q1", "q2")), ("s", ("s1", "s2")))
            for item in items
        ]
        composites.append(z.to_numpy() @ np.array(own))
    assert c[at] == pytest.approx(np.corrcoef(*composites)[0, 1], abs=1e-9)


def test_products_are_compared_though_not_tested_for_invariance():
    model = "q =~ q1 + q2; v =~ v1; s =~ s1 + s2; s ~ q + v + q:v"
    data = survey()
    frame = compare_groups(model, data, "channel", permutations=19)
    left = pls.fit(model, data[data["channel"] == "app"]).paths
    np.testing.assert_allclose(frame["estimate_left"], left["estimate"], atol=1e-8)
    assert frame["rhs"].tolist() == ["q", "v", "q:v"]
    assert micom(model, data, "channel", permutations=19).verdicts["construct"].tolist() == ["q", "v", "s"]


def test_cautions_name_constructs_that_are_composed_differently():
    rng = np.random.default_rng(1)
    data = survey(400)
    right = data["channel"] == "shop"
    data.loc[right, "s1"] = rng.normal(size=right.sum())  # only s2 measures s there
    frame = compare_groups(MODEL, data, "channel", permutations=199)
    named = "'s' composed differently in the two groups (MICOM step 2)"
    assert frame.loc[frame["lhs"] == "s", "caution"].eq(named).all()
    assert frame.loc[frame["lhs"] == "v", "caution"].eq("").all()
    explaining = survey(400)
    explaining.loc[right, "q1"] = rng.normal(size=right.sum())
    other = compare_groups(MODEL, explaining, "channel", permutations=199).set_index("rhs")["caution"]
    assert other["q"].str.startswith("'q' composed").all()
    assert other["v"] == ""
    welch = compare_groups(MODEL, data, "channel", method="welch", draws=30)
    assert any("was not tested" in note for note in welch.attrs["notes"])
    assert welch["caution"].eq("").all()
    given = micom(MODEL, data, "channel", permutations=199)
    assert given.varying("shop", "app") == ("s",)
    known = compare_groups(MODEL, data, "channel", method="welch", draws=30, invariance=given)
    assert known.loc[known["lhs"] == "s", "caution"].eq(named).all()


def test_frames_have_glossary_columns_and_never_a_bare_nan():
    found = micom(MODEL, survey(), "channel", permutations=19)
    frame = compared(survey())
    for each in (found.compositional, found.equality, found.verdicts, frame):
        assert set(each.columns) <= set(GLOSSARY)
    assert frame.loc[frame["p_value"].isna(), "undefined"].ne("").all()
    assert found.equality.loc[found.equality["p_value"].isna(), "undefined"].ne("").all()
    assert repr(found).startswith("Micom: channel (app 60, shop 60), 19 permutations:")
    assert len(found.configural) == 4

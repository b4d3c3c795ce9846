from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.measurement.invariance import Invariance, measurement_invariance
from servicefx.values.glossary import GLOSSARY

CONSTRUCTS = {"f": ["x1", "x2", "x3", "x4"], "g": ["x5", "x6", "x7", "x8"]}
ITEMS = [item for own in CONSTRUCTS.values() for item in own]


def rows(
    n: int = 600,
    *,
    groups: tuple[Any, ...] = ("A", "B"),
    seed: int = 5,
    mean: float = 0.4,
    intercepts: dict[str, float] | None = None,
    loadings: dict[str, float] | None = None,
) -> pd.DataFrame:
    """Two constructs; in the last group f lies higher by ``mean``, and items may be off."""
    rng = np.random.default_rng(seed)
    member = rng.integers(0, len(groups), n)
    last = member == len(groups) - 1
    f = rng.normal(size=n) + mean * last
    g = 0.5 * f + rng.normal(size=n)
    values = pd.DataFrame(index=range(n))
    for item in ITEMS:
        score = f if item in CONSTRUCTS["f"] else g
        slope = 0.8 + (loadings or {}).get(item, 0.0) * last
        values[item] = 4 + slope * score + 0.6 * rng.normal(size=n) + (intercepts or {}).get(item, 0.0) * last
    values["place"] = pd.Series([groups[at] for at in member], dtype=object)
    return values


def steps(found: Invariance) -> list[str]:
    return list(found.ladder["level"])


def test_what_holds_needs_no_release() -> None:
    found = measurement_invariance(rows(), CONSTRUCTS, "place")
    assert steps(found) == ["configural", "metric", "scalar", "strict", "means"]
    assert list(found.ladder["judgement"]) == ["pass", "pass", "pass", "pass", ""]
    assert found.released.empty
    assert found.problems == ()
    means = found.latent_means.set_index("construct")
    assert means.loc["f", "estimate"] == pytest.approx(0.4, abs=3 * means.loc["f", "std_error"])
    assert means.loc["f", "points"] == pytest.approx(0.8 * means.loc["f", "estimate"], rel=0.1)
    assert means.loc["f", "n_obs"] == found.counts["B"]
    assert set(found.rules["source"].str.slice(0, 4)) >= {"Chen", "Cheu", "Hu &"}


def test_frames_speak_the_glossary_and_travel() -> None:
    found = measurement_invariance(rows(intercepts={"x3": 0.8}), CONSTRUCTS, "place")
    for frame in (found.ladder, found.released, found.latent_means, found.rules):
        assert set(frame.columns) <= set(GLOSSARY)
    again = pickle.loads(pickle.dumps(found))
    pd.testing.assert_frame_equal(again.ladder, found.ladder)


def test_an_intercept_and_a_loading_that_are_off_are_found_and_the_rest_is_compared() -> None:
    data = rows(1500, intercepts={"x3": 0.8}, loadings={"x6": 0.6})
    found = measurement_invariance(data, CONSTRUCTS, "place")
    assert steps(found) == [
        "configural", "metric", "partial metric", "scalar", "partial scalar", "strict", "means",
    ]  # fmt: skip
    released = found.released
    assert list(zip(released["level"], released["item"], released["parameter"], strict=True)) == [
        ("metric", "x6", "loading"),
        ("scalar", "x3", "intercept"),
    ]
    assert list(released["group"]) == ["B", "B"]
    assert (released["p_value"] < 1e-6).all()
    assert released["expected_change"][1] == pytest.approx(0.8, rel=0.2)
    means = found.latent_means.set_index("construct")
    assert list(means["n_items"]) == [3, 3]
    assert means.loc["f", "estimate"] == pytest.approx(0.4, abs=3 * means.loc["f", "std_error"])


def test_without_partial_a_level_that_fails_leaves_no_means() -> None:
    found = measurement_invariance(rows(intercepts={"x3": 0.8}), CONSTRUCTS, "place", partial=False)
    assert steps(found) == ["configural", "metric", "scalar", "strict"]
    assert found.ladder["judgement"][2] == "fail"
    assert found.latent_means["estimate"].isna().all()
    assert set(found.latent_means["undefined"]) == {"the scalar level does not hold"}
    assert found.undefined["f, B"] == "the scalar level does not hold"


def test_a_construct_with_too_few_equal_items_is_refused_by_name_and_the_other_is_compared() -> None:
    off = {"x1": 0.9, "x2": -0.8, "x3": 0.5}
    found = measurement_invariance(rows(1500, intercepts=off), CONSTRUCTS, "place", criterion="chi2")
    means = found.latent_means.set_index("construct")
    assert np.isnan(means.loc["f", "estimate"])
    assert means.loc["f", "undefined"] == "fewer than 2 items with equal intercepts are left in group 'B'"
    assert np.isfinite(means.loc["g", "estimate"])
    gone = found.released[found.released["index"].isna()]
    assert gone["undefined"].str.contains("fewer than 2 equal items of 'f' are left").all()
    assert set(found.released["item"]) == set(CONSTRUCTS["f"])
    assert found.ladder.set_index("level").loc["partial scalar", "judgement"] in ("pass", "warn")


def test_the_reference_itself_may_be_the_odd_one_of_three() -> None:
    data = rows(1800, groups=("a", "b", "c"), intercepts={"x3": 0.9})
    found = measurement_invariance(data, CONSTRUCTS, "place", reference="c")
    assert list(found.counts) == ["c", "a", "b"]
    assert list(zip(found.released["item"], found.released["group"], strict=True)) == [("x3", "c")]
    means = found.latent_means.set_index(["construct", "group"])
    for group in ("a", "b"):
        assert means.loc[("f", group), "estimate"] == pytest.approx(-0.4, abs=0.2)
        assert means.loc[("f", group), "reference"] == "c"
        assert means.loc[("f", group), "n_items"] == 3


def test_row_order_and_item_order_change_nothing() -> None:
    data = rows(intercepts={"x3": 0.8})
    one = measurement_invariance(data, CONSTRUCTS, "place")
    turned = {name: list(reversed(own)) for name, own in CONSTRUCTS.items()}
    other = measurement_invariance(data.sample(frac=1, random_state=1), turned, "place")
    for name in ("cfi", "chi2", "delta_cfi", "p_value"):
        np.testing.assert_allclose(other.ladder[name], one.ladder[name], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(other.latent_means["estimate"], one.latent_means["estimate"], atol=1e-6)


def test_the_reference_turns_the_sign_and_not_the_fit() -> None:
    data = rows()
    one = measurement_invariance(data, CONSTRUCTS, "place", estimator="ml")
    other = measurement_invariance(data, CONSTRUCTS, "place", estimator="ml", reference="B")
    np.testing.assert_allclose(other.ladder["chi2"], one.ladder["chi2"], rtol=1e-7)
    np.testing.assert_allclose(other.latent_means["points"], -one.latent_means["points"], atol=1e-6)


@pytest.mark.parametrize(
    ("groups", "labels"),
    [
        (("门店", "网上"), ["网上", "门店"]),
        ((2, 10), ["2", "10"]),
        ((1.0, 2.0), ["1", "2"]),
        ((True, False), ["False", "True"]),
    ],
)
def test_groups_may_be_text_or_numbers(groups: tuple[Any, ...], labels: list[str]) -> None:
    found = measurement_invariance(rows(groups=groups), CONSTRUCTS, "place")
    assert list(found.counts) == sorted(labels) if "门店" in labels else list(found.counts) == labels
    assert set(found.latent_means["group"]) == set(list(found.counts)[1:])


def test_categories_give_the_order_and_a_series_the_groups() -> None:
    data = rows(groups=("low", "high"))
    group = pd.Categorical(data["place"], categories=["low", "high", "none"], ordered=True)
    found = measurement_invariance(data[ITEMS], CONSTRUCTS, pd.Series(group, index=range(5, 605)))
    assert list(found.counts) == ["low", "high"]


def test_gaps_are_counted_by_reason() -> None:
    data = rows()
    data.loc[:6, "place"] = None
    data.loc[5:9, "x2"] = np.nan
    found = measurement_invariance(data, CONSTRUCTS, "place")
    assert found.dropped == {"an item is missing": 5, "the group is missing": 5}
    assert sum(found.counts.values()) == 590
    kept = measurement_invariance(data, CONSTRUCTS, "place", missing="fiml")
    assert kept.dropped == {"the group is missing": 7}
    assert kept.settings["missing"] == "fiml"


def test_clusters_and_weights_reach_the_fit() -> None:
    data = rows().assign(outlet=np.arange(600) % 40, weight=1 + np.arange(600) % 3)
    plain = measurement_invariance(data, CONSTRUCTS, "place")
    clustered = measurement_invariance(data, CONSTRUCTS, "place", cluster="outlet")
    weighted = measurement_invariance(data, CONSTRUCTS, "place", weights=data["weight"])
    assert "40" in clustered.fits["scalar"].solution.error_kind
    assert clustered.latent_means["estimate"][0] == pytest.approx(plain.latent_means["estimate"][0])
    assert clustered.latent_means["std_error"][0] != plain.latent_means["std_error"][0]
    assert weighted.latent_means["estimate"][0] != plain.latent_means["estimate"][0]


def test_a_difference_that_cfi_overlooks_is_named() -> None:
    found = measurement_invariance(rows(4000, intercepts={"x3": 0.15}), CONSTRUCTS, "place")
    assert found.released.empty
    flagged = [problem for problem in found.problems if "'x3' in group 'B' still differs" in problem.found]
    assert len(flagged) == 1
    by_chi2 = measurement_invariance(
        rows(4000, intercepts={"x3": 0.15}), CONSTRUCTS, "place", criterion="chi2"
    )
    assert list(by_chi2.released["item"]) == ["x3"]
    assert "p-value" in by_chi2.settings["fails"]


def test_one_construct_of_three_items_starts_without_a_test() -> None:
    found = measurement_invariance(rows(), {"f": ["x1", "x2", "x3"]}, "place")
    first = found.ladder.iloc[0]
    assert (first["df"], first["chi2"], first["cfi"]) == (0, 0, 1)
    assert np.isfinite(found.ladder["p_value"][1])


def test_a_level_that_is_not_identified_is_a_row_with_its_reason() -> None:
    found = measurement_invariance(rows(), {"f": ["x1", "x2"]}, "place")
    assert np.isnan(found.ladder["chi2"][0])
    assert "degrees of freedom" in found.undefined["configural"]
    assert steps(found)[0] == "configural"


def test_answers_of_two_and_five_categories_climb_together() -> None:
    data = rows(1200)
    cuts = {item: [4.0] if item in ("x1", "x5") else [2.8, 3.6, 4.4, 5.2] for item in ITEMS}
    codes = data[ITEMS].apply(lambda column: pd.Series(np.digitize(column, cuts[str(column.name)])))
    found = measurement_invariance(codes.assign(place=data["place"]), CONSTRUCTS, "place", ordered=True)
    assert steps(found) == ["configural", "threshold", "metric", "scalar", "means"]
    # six items: 4 thresholds less scale and intercept; 6 loadings less 2 variances; scalar: 6 intercepts and
    # the 2 thresholds and loadings of two-answer items, less their scales and the 2 means
    assert list(found.ladder["df_diff"][1:4]) == [12, 4, 6]
    assert set(found.ladder["judgement"][1:4]) <= {"pass", "warn"}
    assert (found.latent_means["undefined"] == "points: ordered answers have none").all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"items": rows().groupby("place").head(12)}, r"'A': 12 rows for 8 items and 25 parameters a group"),
        ({"items": rows().groupby("place").head(12)}, r"rows used: 'A' 12, 'B' 12"),
        ({"items": rows().assign(place="A")}, "'place' holds one value"),
        ({"items": rows().assign(x3=lambda d: d["x3"].where(d["place"] == "A", 1))}, "group 'B': 'x3' has"),
        ({"constructs": {"f": ["x1"]}}, "construct 'f': has 1 item, at least 2 expected"),
        ({"constructs": {}}, "there are none"),
        ({"constructs": {"f": ["x1", "x2"], "g": ["x2", "x3"]}}, "'x2' is an item of 'f' already"),
        ({"constructs": {"x1": ["x1", "x2", "x3"]}}, "the name of an item as well"),
        ({"constructs": {"f": ["x1", "x2", "y3"]}}, "column 'y3': is not in the data"),
        ({"group": "plaec"}, r"'plaec' is not in the data \(closest: 'place'\)"),
        ({"group": pd.Series(["A", "B"])}, "has 2 values for 600 rows"),
        ({"reference": "C"}, "'C' is no value of 'place'"),
        ({"estimator": "wls"}, "'wls' is not known"),
        ({"estimator": "wlsmv"}, "'wlsmv' is for ordered answers"),
        ({"ordered": True, "estimator": "mlr"}, "'mlr' is for numbers"),
        ({"ordered": ["x1"]}, "either all ordered or all numbers"),
        ({"ordered": ["z1"]}, "'z1' is no item"),
        ({"missing": "mean"}, "'mean' is not known"),
        ({"criterion": "rmsea"}, "'rmsea' is not known"),
        ({"cfi_fall": 2.0}, "cfi_fall: 2.0 is not between 0 and 1"),
        ({"level": 95}, "level: 95 is not between 0 and 1"),
        ({"items": rows(groups=(1, "1"))}, "'1' stands as text and as a number"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused_in_the_readers_words(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"items": rows(), "constructs": CONSTRUCTS, "group": "place"} | change
    with pytest.raises((StudyError, DataError), match=message):
        measurement_invariance(**given)


def test_an_answer_nobody_gives_in_one_group_is_named() -> None:
    data = rows()
    codes = data[ITEMS].apply(lambda column: pd.Series(np.digitize(column, [3, 4, 5]) + 1))
    codes.loc[(data["place"] == "B") & (codes["x2"] == 4), "x2"] = 3
    with pytest.raises(DataError, match="group 'B': nobody answered '4' to 'x2', which another group did"):
        measurement_invariance(codes.assign(place=data["place"]), CONSTRUCTS, "place", ordered=True)

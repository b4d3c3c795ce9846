"""The bent line: laws that hold whatever the data, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError
from servicefx.models.gap import GapFit, compare_gap_forms, compare_kink_places, fit_gap
from servicefx.moments.resample_index import resample_counts

KINDS = ["straight line", "losses", "gains", "losses less gains", "losses over gains", "jump"]


def survey(n: int = 400, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    expectation = np.clip(rng.normal(5, 0.8, n), 1, 7)
    perception = np.clip(rng.normal(4.7, 1.0, n), 1, 7)
    gap = perception - expectation
    content = 5 + 0.8 * np.minimum(gap, 0) + 0.4 * np.maximum(gap, 0) + rng.normal(0, 0.5, n)
    return pd.DataFrame(
        {"content": content, "care": gap, "perception": perception, "expectation": expectation,
         "age": rng.normal(40, 10, n), "outlet": np.arange(n) % 40}
    )  # fmt: skip


def slope(fit: GapFit, kind: str, column: str = "estimate") -> float:
    rows = fit.slopes.set_index(["construct", "kind"])
    return float(rows.loc[(fit.gaps[0], kind), column])


def test_a_straight_relation_has_one_slope_and_no_kink():
    data = survey()
    data["content"] = 5 + 0.7 * data["care"] + 1e-7 * data["age"]
    fit = fit_gap(data, "content", ["care"], draws=20)
    assert [slope(fit, kind) for kind in KINDS] == pytest.approx([0.7, 0.7, 0.7, 0, 1, 0], abs=1e-5)


def test_the_mirrored_gap_swaps_losses_and_gains():
    data = survey()
    fit = fit_gap(data, "content", ["care"], draws=20)
    mirrored = fit_gap(data.assign(care=-data["care"]), "content", ["care"], draws=20)
    assert slope(mirrored, "gains") == pytest.approx(-slope(fit, "losses"))
    assert slope(mirrored, "losses less gains") == pytest.approx(slope(fit, "losses less gains"))
    assert slope(mirrored, "losses over gains") == pytest.approx(1 / slope(fit, "losses over gains"))
    assert slope(mirrored, "jump") == pytest.approx(-slope(fit, "jump"))


def test_a_longer_scale_of_the_outcome_stretches_slopes_and_leaves_ratio_and_tests():
    data = survey()
    fit = fit_gap(data, "content", ["care"], ["age"], draws=20)
    longer = fit_gap(data.assign(content=10 * data["content"]), "content", ["care"], ["age"], draws=20)
    for kind in KINDS:
        factor = 1 if kind == "losses over gains" else 10
        assert slope(longer, kind) == pytest.approx(factor * slope(fit, kind))
        assert slope(longer, kind, "conf_low") == pytest.approx(factor * slope(fit, kind, "conf_low"))
    assert slope(longer, "losses less gains", "p_value") == pytest.approx(
        slope(fit, "losses less gains", "p_value"), rel=1e-8
    )


def test_slopes_are_losses_and_gains_of_the_line_that_made_the_data():
    fit = fit_gap(survey(4000), "content", ["care"], draws=50)
    for kind, truth in (("losses", 0.8), ("gains", 0.4), ("losses less gains", 0.4), ("jump", 0.0)):
        assert abs(slope(fit, kind) - truth) < 4 * slope(fit, kind, "std_error")
    assert slope(fit, "losses over gains", "conf_low") < 2 < slope(fit, "losses over gains", "conf_high")
    # the one slope of a line through both sides lies between them
    assert slope(fit, "gains") < slope(fit, "straight line") < slope(fit, "losses")


def test_effects_carry_the_shared_draws_of_rows_with_a_gap_left_out():
    data = survey()
    data.loc[[3, 50], "care"] = np.nan
    data.loc[7, "content"] = np.nan
    counts = resample_counts(len(data), 30, 1, "data")
    fit = fit_gap(data, "content", ["care"], counts=counts, source="shared")
    known = data.dropna()
    small = fit_gap(known, "content", ["care"], counts=counts[:, known.index], source="shared")
    assert fit.effects["care", "losses"].draws == pytest.approx(small.effects["care", "losses"].draws)
    kink = fit.effects["care", "losses"] - fit.effects["care", "gains"]
    assert kink.draws == pytest.approx(fit.effects["care", "losses less gains"].draws)
    assert fit.dropped == {"content missing": 1, "care missing": 2}
    assert fit.effects["care", "losses"].design == "association"


def test_draws_spread_as_the_errors_say_with_clusters_and_weights():
    data = survey(2000, seed=5)
    data["content"] += np.random.default_rng(1).normal(0, 0.4, 40)[data["outlet"]]
    data["care"] += np.random.default_rng(2).normal(0, 0.4, 40)[data["outlet"]]
    weights = pd.Series(np.random.default_rng(4).uniform(0.5, 2, 2000), name="weight")
    fit = fit_gap(
        data, "content", ["care"], ["age"], clusters=data["outlet"], weights=weights, draws=600, seed=2
    )
    assert fit.estimates.covariance_kind == "cluster: outlet (40)"
    for kind in KINDS[:4]:
        assert fit.effects["care", kind].std_error == pytest.approx(slope(fit, kind, "std_error"), rel=0.15)
    assert fit.effects["care", "losses"].design == "adjusted"
    assert "40" not in fit.effects["care", "losses"].draw_source[0]
    assert "clusters of 'outlet'" in fit.effects["care", "losses"].draw_source[0]


def test_a_seed_repeats_and_another_differs():
    first, again, other = (
        fit_gap(survey(), "content", ["care"], draws=20, seed=seed).effects["care", "losses"].draws
        for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert not (first == other).all()


def test_the_curve_bends_at_the_kink_and_bears_the_slopes():
    fit = fit_gap(survey(), "content", ["care"], ["age"], draws=20, at=-0.5)
    curve = fit.curve.set_index("gap")["estimate"]
    assert -0.5 in curve.index
    left, right = curve.loc[:-0.5], curve.loc[-0.5:]
    for part, kind in ((left, "losses"), (right, "gains")):
        steps = np.diff(part.to_numpy()) / np.diff(part.index.to_numpy())
        assert steps == pytest.approx(slope(fit, kind))
    assert (fit.curve["conf_low"] < fit.curve["conf_high"]).all()
    several = fit_gap(
        survey().assign(speed=lambda x: x["age"] / 10 - 4), "content", ["care", "speed"], draws=20
    )
    assert several.curve.empty


@pytest.mark.parametrize(
    ("shift", "counted"),
    [
        (
            20,
            "0 of 400 rows lie below 0, 400 above and 0 at it: with nobody below there is no slope of losses",
        ),
        (
            -20,
            "400 of 400 rows lie below 0, 0 above and 0 at it: with nobody above there is no slope of gains",
        ),
    ],
)
def test_an_empty_side_is_refused_with_the_counts(shift: float, counted: str):
    data = survey()
    data["care"] += shift
    with pytest.raises(DataError, match=counted):
        fit_gap(data, "content", ["care"], draws=20)


def test_one_person_on_a_side_decides_it_alone_and_is_refused():
    data = survey()
    data["care"] = -data["care"].abs() - 0.1
    data.loc[4, "care"] = 1.0
    with pytest.raises(IdentificationError, match="row 5 of those used decides a coefficient alone"):
        fit_gap(data, "content", ["care"], draws=20)


def test_perception_and_expectation_both_held_leave_no_slope():
    with pytest.raises(IdentificationError, match="can be computed exactly from the others: 'expectation'"):
        fit_gap(survey(), "content", ["care"], ["perception", "expectation"], draws=20)


def test_a_constant_gap_and_text_are_refused():
    data = survey()
    with pytest.raises(DataError, match="'care' has the same value in all 400 rows"):
        fit_gap(data.assign(care=1.0), "content", ["care"], draws=20)
    with pytest.raises(DataError, match="column 'care' holds text"):
        fit_gap(data.assign(care="low"), "content", ["care"], draws=20)
    with pytest.raises(DataError, match=r"column 'caer' is not in the data \(closest: 'care'\)"):
        fit_gap(data, "content", ["caer"], draws=20)


def test_a_jump_that_cannot_be_told_from_the_slopes_says_so():
    data = survey()
    data["care"] = np.where(data["care"] < 0, data["care"], 1.0)  # one gap only on the side of gains
    fit = fit_gap(data, "content", ["care"], draws=20)
    row = fit.slopes.set_index("kind").loc["jump"]
    assert np.isnan(row["estimate"])
    assert row["undefined"] == "a jump cannot be told from the slopes: too few different gaps on one side"


def test_counts_without_their_name_are_refused():
    data = survey()
    with pytest.raises(ValueError, match="belong together"):
        fit_gap(data, "content", ["care"], counts=np.ones((5, 400), dtype=np.float32))
    with pytest.raises(ValueError, match="counts of 10 rows for data of 400"):
        fit_gap(data, "content", ["care"], counts=np.ones((5, 10), dtype=np.float32), source="x")


def test_places_rank_by_fit_and_leave_empty_sides_with_a_reason():
    data = survey(4000)
    data["content"] = 5 + 0.8 * np.minimum(data["care"] + 0.5, 0) + 0.1 * data["care"]
    data["content"] += np.random.default_rng(0).normal(0, 0.3, len(data))
    places = compare_kink_places(data, "content", "care", (-20.0, -1.0, -0.5, 0.0, 20.0)).set_index("at")
    assert places["delta_aic"].idxmin() == -0.5
    assert places.loc[-0.5, "estimate"] == pytest.approx(0.8, abs=0.1)
    assert places.loc[-20.0, "undefined"].startswith("0 of 4000 rows lie below -20")
    assert np.isnan(places.loc[20.0, "aic"])
    assert places.loc[0.0, "n_below"] + places.loc[0.0, "n_above"] == 4000


def test_few_clusters_leave_no_test_of_several_dimensions_at_once():
    data = survey(120).assign(waiting=np.random.default_rng(5).normal(size=120))
    clusters = pd.Series(np.arange(120) % 2, name="outlet")
    fit = fit_gap(data, "content", ["care", "waiting"], clusters=clusters, draws=20)
    assert np.isnan(fit.joint[["statistic", "p_value"]].to_numpy(dtype=float)).all()
    assert np.isfinite(fit.slopes.set_index("kind").loc["losses", "estimate"]).all()


@pytest.mark.parametrize("n_clusters", [2, 3])
def test_forms_tested_by_more_numbers_than_clusters_allow_are_not_tested(n_clusters: int):
    rng = np.random.default_rng(6)
    data = pd.DataFrame(np.round(rng.uniform(1, 7, (200, 2)), 1), columns=["wanted", "got"])
    data["content"] = data["got"] + rng.normal(size=200)
    forms = compare_gap_forms(
        data, "content", "wanted", "got", scale=(1, 7), clusters=pd.Series(np.arange(200) % n_clusters)
    ).set_index("model")
    wide = forms["undefined"].str.contains("too few clusters")
    assert wide[["difference", "absolute difference"]].all()  # tested by three numbers and more
    assert np.isnan(forms.loc[wide, "p_value"]).all()
    assert np.isfinite(forms.loc["second-order surface", "p_value"])  # one number

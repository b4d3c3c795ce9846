"""Who is asked about the handling of a complaint, and what is refused in the reader's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError
from servicefx.models.recovery import (
    Complaints,
    compare_answers,
    complaint_counts,
    corrected_for_selection,
    failure_buffer,
    fit_handling,
    fit_selection,
    fit_weighted,
    read_complaints,
    recovery_paradox,
    who_complained,
    worst_case_bounds,
)
from servicefx.models.recovery.likelihood import likelihood_of
from servicefx.moments.resample_index import resample_counts


def frame(n: int = 400, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    z, x = rng.normal(size=n), rng.normal(size=n)
    failed = (rng.random(n) < 0.6).astype(float)
    complained = (rng.random(n) < 1 / (1 + np.exp(-(failed + 0.8 * z - 0.5)))).astype(float)
    handling = np.clip(np.round(4.5 + rng.normal(size=n)), 1, 7)
    y = 3 + 0.4 * handling * complained + 0.3 * x - failed + rng.normal(size=n)
    told = np.where(complained == 1, handling, np.nan)
    return pd.DataFrame(
        {"y": y, "handling": told, "x": x, "z": z, "failed": failed, "complained": complained}
    )


def complaints_of(data: pd.DataFrame, **changes: Any) -> Complaints:
    told: dict[str, Any] = {"complained": "complained", "handling": "handling", "failure": "failed"} | changes
    return read_complaints(data, **told)


def test_handling_told_by_people_who_did_not_complain_is_counted_and_not_used() -> None:
    data = frame()
    silent = data.index[data["complained"] == 0][:7]
    also = data.copy()
    also.loc[silent, "handling"] = 7.0
    complaints, plain = complaints_of(also), complaints_of(data)
    assert (complaints.n_unasked, plain.n_unasked) == (7, 0)
    for covariates in ([], ["x"]):
        one = fit_handling(complaints, "y", covariates).estimates
        other = fit_handling(plain, "y", covariates).estimates
        assert one.n_obs == other.n_obs
        assert one.coefficients.tolist() == other.coefficients.tolist()
    assert complaint_counts(complaints).equals(complaint_counts(plain))


def test_complainers_who_do_not_say_how_it_was_handled_are_counted() -> None:
    data = frame()
    quiet = data.index[data["complained"] == 1][:5]
    data.loc[quiet, "handling"] = np.nan
    complaints = complaints_of(data)
    assert complaints.n_unanswered == 5
    assert fit_handling(complaints, "y").estimates.n_obs == complaints.n_complained - 5
    counts = complaint_counts(complaints).set_index("customers")
    assert counts.loc["everybody", "n_handled"] == complaints.n_complained - 5
    assert counts.loc[["failure", "no_failure"], "n_obs"].sum() == counts.loc["everybody", "n_obs"]


def test_rows_that_do_not_say_whether_they_complained_are_dropped_with_the_reason() -> None:
    data = frame()
    data.loc[:3, "complained"] = np.nan
    data.loc[10:11, "failed"] = np.nan
    complaints = complaints_of(data)
    assert dict(complaints.dropped) == {"complained missing": 4, "failed missing": 2}
    assert len(complaints.frame) == 394


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"complained": 0.0}, "nobody complained: 'complained' is 0 in all 400 rows"),
        ({"complained": 2.0}, "column 'complained' holds values other than 0 and 1: 2"),
        ({"failed": 0.5}, "column 'failed' holds values other than 0 and 1: 0.5"),
        ({"failed": 0.0}, "'failed' is 0 in all 400 rows: no failure hit anybody"),
        ({"handling": np.nan}, "none of the .* complainers answered 'handling'"),
    ],
)
def test_what_cannot_be_asked_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        complaints_of(frame().assign(**change))


def test_an_unknown_column_is_named_with_the_closest() -> None:
    with pytest.raises(DataError, match=r"column 'complaned' is not in the data \(closest: 'complained'\)"):
        complaints_of(frame(), complained="complaned")
    with pytest.raises(DataError, match="column 'xx' is not in the data"):
        fit_handling(complaints_of(frame()), "y", ["xx"])


def everybody_complained() -> pd.DataFrame:
    data = frame()
    return data.assign(complained=1.0, handling=data["handling"].fillna(4.0))


def test_where_everybody_complained_the_plain_answer_stands_and_the_others_say_why_not() -> None:
    table = compare_answers(complaints_of(everybody_complained()), "y", ["x"], ["z"]).table.set_index(
        "series"
    )
    assert table.loc["complainers", "undefined"] == ""
    assert table.loc["weighted", "undefined"] == "everybody complained, so nobody can be weighted"
    for series in ("two_step", "maximum_likelihood"):
        assert table.loc[series, "undefined"] == "everybody complained, so there is no selection"
        assert np.isnan(table.loc[series, "estimate"])


def test_perfect_prediction_of_complaints_is_a_reason_not_a_number() -> None:
    data = frame()
    data["z"] = data["complained"] * 2 + data["x"] * 0.01
    table = compare_answers(complaints_of(data), "y", [], ["z"]).table.set_index("series")
    assert np.isfinite(table.loc["complainers", "estimate"])
    for series in ("weighted", "two_step", "maximum_likelihood"):
        assert "perfectly" in table.loc[series, "undefined"]
        assert np.isnan(table.loc[series, "estimate"])


def test_without_predictors_nothing_is_carried_beyond_complainers() -> None:
    table = compare_answers(complaints_of(frame()), "y", [], []).table.set_index("series")
    assert "no predictor of complaining is named" in table.loc["weighted", "undefined"]
    assert table.loc["two_step", "undefined"] == "no predictor of complaining is named"


def test_without_an_exclusion_restriction_the_selection_model_says_what_it_rests_on() -> None:
    fit = corrected_for_selection(complaints_of(frame(2000)), "y", ["x"], ["x"])
    assert fit.excluded == ()
    assert any("no exclusion restriction" in text for text in fit.cautions)
    assert any("no exclusion restriction" in text for text in fit.estimates.assumptions)


def test_a_weak_exclusion_restriction_is_said() -> None:
    data = frame(600)
    data["noise"] = np.random.default_rng(1).normal(size=600)
    fit = corrected_for_selection(complaints_of(data), "y", ["x"], ["noise"])
    assert fit.excluded == ("noise",)
    assert any("tell little about who complains" in text for text in fit.cautions)


def test_survey_weights_are_refused_by_selection_models_and_used_by_the_others() -> None:
    data = frame(800)
    weights = pd.Series(np.random.default_rng(2).uniform(0.5, 3, 800), name="w")
    complaints = complaints_of(data, weights=weights)
    table = compare_answers(complaints, "y", ["x"], ["z"]).table.set_index("series")
    plain = compare_answers(complaints_of(data), "y", ["x"], ["z"]).table.set_index("series")
    assert table.loc["two_step", "undefined"] == "survey weights 'w' cannot be used by this estimator"
    for series in ("complainers", "weighted"):
        assert table.loc[series, "estimate"] != plain.loc[series, "estimate"]


def test_selection_is_refused_in_words() -> None:
    data = frame()
    with pytest.raises(DataError, match="holds gaps or values other than 0 and 1"):
        fit_selection(data.assign(complained=np.nan), "y", ["x"], "complained", ["z"])
    with pytest.raises(DataError, match="'complained' is 1 in all 400 rows: there is no selection"):
        fit_selection(data.assign(complained=1.0), "y", ["x"], "complained", ["z"])
    gaps = data.assign(handling=data["handling"].where(data["x"] > 0))
    with pytest.raises(DataError, match="gaps among the selected in 'handling'"):
        fit_selection(gaps, "y", ["handling"], "complained", ["z"])
    with pytest.raises(ValueError, match="method must be"):
        fit_selection(data, "y", ["x"], "complained", ["z"], method="three_step")


def test_a_trim_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="trim must lie in"):
        fit_weighted(complaints_of(frame()), "y", ["x"], ["z"], trim=0.3)


def test_draws_of_the_two_steps_are_the_fits_of_their_resamples() -> None:
    data = frame(300)
    counts = resample_counts(300, 6, 1, "t")
    for covariates in ([], ["x"]):
        complaints = complaints_of(data, counts=counts, failure=None)
        fit = corrected_for_selection(complaints, "y", covariates, ["z"])
        weighted = fit_weighted(complaints, "y", covariates, ["z"], trim=0.9)
        assert fit.draws is not None
        assert weighted.effect is not None
        for number, row in enumerate(counts.astype(int)):
            again = data.loc[np.repeat(data.index, row)].reset_index(drop=True)
            told = complaints_of(again, failure=None)
            theirs = corrected_for_selection(told, "y", covariates, ["z"]).estimates.coefficients
            assert fit.draws[number] == pytest.approx(theirs, rel=1e-6)
            theirs = fit_weighted(told, "y", covariates, ["z"], trim=0.9).estimates.coefficients[0]
            assert weighted.effect.draws[number] == pytest.approx(theirs, rel=1e-5)  # float32 weights


def test_draws_under_survey_weights_use_them() -> None:
    data = frame(300).assign(w=np.random.default_rng(5).uniform(0.2, 4, 300))
    counts = resample_counts(300, 4, 1, "t")
    fit = fit_weighted(complaints_of(data, counts=counts, weights=data["w"], failure=None), "y", ["x"], ["z"])
    assert fit.effect is not None
    for number, row in enumerate(counts.astype(int)):
        again = data.loc[np.repeat(data.index, row)].reset_index(drop=True)
        told = complaints_of(again, weights=again["w"], failure=None)
        theirs = fit_weighted(told, "y", ["x"], ["z"]).estimates.coefficients[0]
        assert fit.effect.draws[number] == pytest.approx(theirs, rel=1e-4)  # float32 weights


def test_a_failure_that_hit_some_complainers_is_held_among_all_of_them() -> None:
    complaints = complaints_of(frame())
    table = compare_answers(complaints, "y", ["x"], ["z"]).table.set_index("series")
    held = fit_handling(complaints, "y", ["x", "failed"]).estimates
    assert table.loc["complainers", "estimate"] == held.coefficient("handling")
    only = fit_handling(complaints, "y", ["x"], only_failures=True).estimates
    assert table.loc["complainers_failure", "estimate"] == only.coefficient("handling")
    assert only.n_obs < held.n_obs


def test_slopes_and_curvature_of_the_likelihood_are_its_differences(rng: np.random.Generator) -> None:
    chosen = rng.random(60) < 0.6
    w = np.column_stack([rng.normal(size=(60, 2)), np.ones(60)])
    x = np.column_stack([rng.normal(size=(int(chosen.sum()), 2)), np.ones(chosen.sum())])
    y, theta = rng.normal(size=len(x)), rng.normal(size=8) * 0.5
    _, scores, hessian = likelihood_of(theta, y, x, w, chosen)
    step = 1e-5
    sides = [
        [likelihood_of(theta + sign * step * unit, y, x, w, chosen) for sign in (1, -1)] for unit in np.eye(8)
    ]
    slopes = [(up[0] - down[0]) / (2 * step) for up, down in sides]
    curvature = [(up[1].sum(axis=0) - down[1].sum(axis=0)) / (2 * step) for up, down in sides]
    assert scores.sum(axis=0) == pytest.approx(slopes, abs=1e-6)
    assert hessian == pytest.approx(np.array(curvature), abs=1e-6)


def test_effects_of_complainers_have_draws_of_their_own_rows() -> None:
    data = frame(300)
    counts = resample_counts(300, 4, 1, "t")
    effect = fit_handling(complaints_of(data, counts=counts), "y", ["x"]).effect
    assert effect is not None
    for number, row in enumerate(counts.astype(int)):
        again = complaints_of(data.loc[np.repeat(data.index, row)].reset_index(drop=True))
        theirs = fit_handling(again, "y", ["x"]).estimates.coefficients[0]
        assert effect.draws[number] == pytest.approx(theirs, rel=1e-6)


def test_order_of_rows_and_units_change_only_what_they_should() -> None:
    data = frame(600)
    shuffled = data.sample(frac=1, random_state=4).reset_index(drop=True)
    scaled = data.assign(y=data["y"] * 1000, x=data["x"] * 0.001)
    tables = [
        compare_answers(complaints_of(one), "y", ["x"], ["z"]).table.set_index("series")["estimate"]
        for one in (data, shuffled, scaled)
    ]
    assert tables[1].to_numpy() == pytest.approx(tables[0].to_numpy(), rel=1e-6)
    assert tables[2].to_numpy() / 1000 == pytest.approx(tables[0].to_numpy(), rel=1e-5)


def test_without_selection_on_what_is_unmeasured_all_answers_agree() -> None:
    rng = np.random.default_rng(8)
    data = frame(20_000).assign(failed=1.0)
    data["y"] = 3 + 0.4 * data["handling"].fillna(0) + 0.3 * data["x"] + rng.normal(size=20_000)
    found = compare_answers(complaints_of(data), "y", ["x"], ["z"])
    assert found.table["estimate"].to_numpy() == pytest.approx(0.4, abs=0.05)
    assert found.weighted is not None
    assert found.weighted.balance["after"].abs().max() < 0.02
    assert found.weighted.balance["before"].abs().max() > 0.1


def test_bounds_hold_the_scale_and_meet_where_nobody_kept_silent() -> None:
    data = frame().assign(y=4.0 + frame()["x"].clip(-3, 3))
    row = worst_case_bounds(complaints_of(data), ["y"], [(1, 7)]).iloc[0]
    assert 1 <= row["low"] < row["mean_complainers"] < row["high"] <= 7
    assert row["conf_low"] < row["low"]
    assert row["conf_high"] > row["high"]
    silent = row["n_silent"] / (row["n_silent"] + row["n_complainers"])
    assert row["high"] - row["low"] == pytest.approx(6 * silent)
    with pytest.raises(DataError, match="answers outside 4 to 5"):
        worst_case_bounds(complaints_of(data), ["y"], [(4, 5)])
    with pytest.raises(DataError, match="expected a lowest answer below the highest"):
        worst_case_bounds(complaints_of(data), ["y"], [(7, 1)])


def test_a_band_of_a_handful_has_a_reason_and_no_verdict() -> None:
    data = frame(200)
    data["handling"] = data["handling"].clip(upper=5.0)
    top = data.index[(data["complained"] == 1) & (data["failed"] == 1)][:3]
    data.loc[top, "handling"] = 7.0
    found = recovery_paradox(complaints_of(data), "y", ["x"], scale=(1, 7))
    row = found.bands.set_index("customers").loc["excellent"]
    assert row["undefined"] == "3 complainers, at least 10 expected"
    assert np.isnan(row["estimate"])
    assert row["n_obs"] == 3
    assert found.verdict == "undecided"


@pytest.mark.parametrize(
    ("lift", "verdict"), [(2.0, "supported"), (-2.0, "contradicted"), (0.0, "undecided")]
)
def test_verdicts_of_the_paradox(lift: float, verdict: str) -> None:
    rng = np.random.default_rng(12)
    data = frame(1200)
    told = data["handling"].fillna(4.0)
    hit = data["failed"] * data["complained"]
    data["y"] = 5 + 0.3 * data["x"] + hit * np.where(told >= 6, lift, -1.0) + rng.normal(size=1200)
    found = recovery_paradox(complaints_of(data), "y", ["x"], scale=(1, 7))
    assert found.verdict == verdict
    assert found.n_aside == int((data["complained"] * (1 - data["failed"])).sum())


def test_where_handling_changes_nothing_there_is_no_way_back() -> None:
    rng = np.random.default_rng(13)
    data = frame(600)
    hit = data["failed"] * data["complained"]
    falling = 5 - hit * (1 + 0.3 * data["handling"].fillna(0)) + rng.normal(size=600)
    reach = recovery_paradox(complaints_of(data.assign(y=falling)), "y", scale=(1, 7)).reach
    assert "do not stand higher" in reach.undefined
    assert np.isnan(reach.estimate)
    flat = 5 - hit * (1 - 0.01 * data["handling"].fillna(0)) + rng.normal(size=600)
    reach = recovery_paradox(complaints_of(data.assign(y=flat)), "y", scale=(1, 7)).reach
    assert reach.undefined or (reach.conf_low, reach.conf_high) == (-np.inf, np.inf)


def test_a_cut_in_the_lower_half_is_refused() -> None:
    with pytest.raises(DataError, match="excellent handling from 3, expected above 4 and up to 7"):
        recovery_paradox(complaints_of(frame()), "y", scale=(1, 7), cut=3)


def test_a_buffer_needs_a_recorded_failure_that_spared_some() -> None:
    with pytest.raises(IdentificationError, match="no failure is recorded"):
        failure_buffer(complaints_of(frame(), failure=None), "y", "z")
    with pytest.raises(IdentificationError, match="a failure hit everybody"):
        failure_buffer(complaints_of(frame().assign(failed=1.0)), "y", "z")


def test_terms_that_cannot_be_compared_keep_their_reason() -> None:
    data = frame().assign(still=1.0)
    table = who_complained(complaints_of(data), ["x", "still"]).set_index("term")
    assert table.loc["x", "undefined"] == ""
    assert "the same value in all" in table.loc["still", "undefined"]
    assert np.isnan(table.loc["still", "difference"])

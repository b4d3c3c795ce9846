"""Complaints and recovery against gretl's heckit, and against lm, glm and sandwich."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.models.recovery import (
    Complaints,
    SelectionFit,
    failure_buffer,
    fit_handling,
    fit_selection,
    fit_weighted,
    read_complaints,
    recovery_paradox,
    who_complained,
    worst_case_bounds,
)
from servicefx.models.recovery.two_steps import MILLS

CLOSED_FORM = 1e-8
SEARCHED = 1e-6  # gretl stops its search when a step changes the likelihood by 1e-9 or so
ROOT = 1e-8
NAMES = {"h": "h", "x": "x", "constant": "constant", MILLS: "mills"}

Golden = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def data(golden: Golden) -> pd.DataFrame:
    return golden("recovery/data.csv")


@pytest.fixture(scope="module")
def theirs(golden: Golden) -> Callable[[str], pd.Series]:
    rows = golden("recovery/expected.csv")
    return lambda case: rows[rows["case"] == case].set_index("name")["value"]


def complaints_of(data: pd.DataFrame, *, clusters: bool = False, weights: bool = False) -> Complaints:
    return read_complaints(
        data, complained="complained", handling="h", failure="failed",
        clusters=data["outlet"] if clusters else None, weights=data["weight"] if weights else None,
    )  # fmt: skip


def check(fit: SelectionFit, expected: pd.Series, tolerance: float) -> None:
    table = fit.estimates.table().set_index("term")
    for term, name in NAMES.items():
        if term in table.index:
            assert table.loc[term, "estimate"] == pytest.approx(expected[name], rel=tolerance)
            assert table.loc[term, "std_error"] == pytest.approx(expected[f"error {name}"], rel=tolerance)
    for term, row in fit.selection.table().set_index("term").iterrows():
        if f"s {term}" in expected:
            assert row["estimate"] == pytest.approx(expected[f"s {term}"], rel=tolerance)
            assert row["std_error"] == pytest.approx(expected[f"error s {term}"], rel=tolerance)


def test_two_steps_are_those_of_gretl(data: pd.DataFrame, theirs: Callable[[str], pd.Series]) -> None:
    fit = fit_selection(data, "y", ["h", "x"], "complained", ["x", "z", "v"])
    expected = theirs("two_step")
    check(fit, expected, SEARCHED)
    assert fit.sigma == pytest.approx(expected["sigma"], rel=CLOSED_FORM)
    assert fit.rho == pytest.approx(expected["rho"], rel=CLOSED_FORM)
    assert fit.test_statistic == pytest.approx(expected["t of the ratio"], rel=CLOSED_FORM)
    assert fit.inflation == pytest.approx(expected["inflation"], rel=CLOSED_FORM)
    assert (fit.n_obs, fit.n_selected) == (500, int(data["complained"].sum()))


def test_two_steps_without_an_exclusion_restriction_are_those_of_gretl(
    data: pd.DataFrame, theirs: Callable[[str], pd.Series]
) -> None:
    fit = fit_selection(data, "y", ["h", "x"], "complained", ["x"])
    check(fit, theirs("two_step without exclusion"), SEARCHED)
    assert fit.excluded == ()
    assert "nothing but the normal curve" in fit.cautions[0]


@pytest.mark.parametrize("case", ["hc0", "clustered"])
def test_two_steps_with_robust_errors_are_the_stacked_moments(
    case: str, data: pd.DataFrame, theirs: Callable[[str], pd.Series]
) -> None:
    fit = fit_selection(
        data, "y", ["h", "x"], "complained", ["x", "z", "v"], covariance="robust",
        clusters=data["outlet"] if case == "clustered" else None,
    )  # fmt: skip
    expected = theirs(f"two_step {case}")
    table = fit.estimates.table().set_index("term")
    for term, name in NAMES.items():
        assert table.loc[term, "estimate"] == pytest.approx(expected[name], rel=CLOSED_FORM)
        assert table.loc[term, "std_error"] == pytest.approx(expected[f"error {name}"], rel=1e-7)


@pytest.mark.parametrize("case", ["maximum_likelihood", "robust", "cluster"])
def test_maximum_likelihood_is_that_of_gretl(
    case: str, data: pd.DataFrame, theirs: Callable[[str], pd.Series]
) -> None:
    fit = fit_selection(
        data, "y", ["h", "x"], "complained", ["x", "z", "v"], method="maximum_likelihood",
        covariance="classical" if case == "maximum_likelihood" else "robust",
        clusters=data["outlet"] if case == "cluster" else None,
    )  # fmt: skip
    check(fit, theirs(case), SEARCHED)
    if case == "maximum_likelihood":
        expected = theirs(case)
        assert fit.sigma == pytest.approx(expected["sigma"], rel=SEARCHED)
        assert fit.rho == pytest.approx(expected["rho"], rel=SEARCHED)
        assert fit.estimates.fit_measures["logl"] == pytest.approx(expected["logl"], abs=1e-8)
        ratio = 2 * (expected["logl"] - expected["logl of independent equations"])
        assert fit.test_statistic == pytest.approx(ratio, abs=1e-7)


@pytest.mark.parametrize("clusters", [False, True])
def test_effect_among_complainers_is_that_of_lm(
    clusters: bool, data: pd.DataFrame, theirs: Callable[[str], pd.Series]
) -> None:
    fit = fit_handling(complaints_of(data, clusters=clusters), "y", ["x", "failed"]).estimates
    expected = theirs("complainers cluster" if clusters else "complainers hc3")
    row = fit.table().set_index("term").loc["h"]
    assert row["estimate"] == pytest.approx(expected["h"], rel=CLOSED_FORM)
    assert row["std_error"] == pytest.approx(expected["error h"], rel=CLOSED_FORM)


def test_survey_weights_among_complainers_are_those_of_lm(
    data: pd.DataFrame, theirs: Callable[[str], pd.Series]
) -> None:
    fit = fit_handling(complaints_of(data, weights=True), "y", ["x", "failed"]).estimates
    assert fit.coefficient("h") == pytest.approx(theirs("complainers weighted")["h"], rel=CLOSED_FORM)


@pytest.mark.parametrize("trim", [1.0, 0.9])
@pytest.mark.parametrize("case", ["plain", "survey"])
def test_inverse_probability_weights_are_those_written_out(
    case: str, trim: float, data: pd.DataFrame, theirs: Callable[[str], pd.Series]
) -> None:
    complaints = complaints_of(data, weights=case == "survey")
    fit = fit_weighted(complaints, "y", ["x"], ["z", "v"], trim=trim)
    expected, logit = theirs(f"weighted {case} {trim:g}"), theirs(f"weighted {case}")
    assert fit.selection.coefficient("z") == pytest.approx(logit["logit z"], rel=1e-6)  # float32 weights
    assert fit.overlap["low"].min() == pytest.approx(logit["lowest"], rel=1e-6)
    assert fit.overlap["high"].max() == pytest.approx(logit["highest"], rel=1e-6)
    assert fit.estimates.coefficient("h") == pytest.approx(expected["h"], rel=1e-6)
    assert fit.n_effective == pytest.approx(expected["effective"], rel=1e-6)
    assert fit.n_trimmed == expected["cut"]
    balance = fit.balance.set_index("term").loc["z"]
    assert balance["before"] == pytest.approx(expected["before z"], rel=CLOSED_FORM)
    assert balance["after"] == pytest.approx(expected["after z"], abs=1e-7)


def test_who_complained_is_a_regression_on_complaining(
    data: pd.DataFrame, theirs: Callable[[str], pd.Series]
) -> None:
    row = who_complained(complaints_of(data), ["y"]).iloc[0]
    expected = theirs("who")
    assert row["difference"] == pytest.approx(expected["difference"], rel=CLOSED_FORM)
    assert row["mean_complainers"] - row["mean_silent"] == pytest.approx(row["difference"])
    half = (row["conf_high"] - row["conf_low"]) / 2
    n = int(row["n_complainers"] + row["n_silent"])
    from scipy.stats import t

    assert half == pytest.approx(t.ppf(0.975, n - 2) * expected["error"], rel=CLOSED_FORM)


def test_worst_case_bounds_and_their_interval(data: pd.DataFrame, theirs: Callable[[str], pd.Series]) -> None:
    row = worst_case_bounds(complaints_of(data), ["y"], [(-2.0, 16.0)]).iloc[0]
    expected = theirs("bounds")
    for name in ("low", "high"):
        assert row[name] == pytest.approx(expected[name], rel=CLOSED_FORM)
    for name in ("conf_low", "conf_high"):
        assert row[name] == pytest.approx(expected[name], rel=1e-6)  # hc1 and n - 1 are the same here


def test_recovery_paradox_by_bands_and_along_the_line(
    data: pd.DataFrame, theirs: Callable[[str], pd.Series]
) -> None:
    found = recovery_paradox(complaints_of(data), "y", ["x"], scale=(1.0, 7.0), cut=5.5)
    bands, expected = found.bands.set_index("customers"), theirs("bands")
    for name in ("poor", "fair", "excellent"):
        assert bands.loc[name, "estimate"] == pytest.approx(expected[name], rel=CLOSED_FORM)
        assert bands.loc[name, "std_error"] == pytest.approx(expected[f"error {name}"], rel=CLOSED_FORM)
        assert bands.loc[name, "difference"] == pytest.approx(expected[f"raw {name}"], rel=CLOSED_FORM)
        assert bands.loc[name, "mean"] == pytest.approx(expected[f"mean {name}"], rel=CLOSED_FORM)
    line = theirs("line")
    assert found.estimates.coefficients[:2] == pytest.approx([line["at"], line["slope"]], rel=CLOSED_FORM)
    assert found.reach.estimate == pytest.approx(line["reach"], rel=CLOSED_FORM)
    ends = (found.reach.conf_low, found.reach.conf_high)
    assert ends == pytest.approx((line["reach low"], line["reach high"]), rel=ROOT)
    at_middle = found.curve[np.isclose(found.curve["score"], 4.0)]["estimate"].iloc[0]
    assert at_middle == pytest.approx(line["at"], rel=CLOSED_FORM)


def test_buffer_of_a_failure_is_an_interaction(
    data: pd.DataFrame, theirs: Callable[[str], pd.Series]
) -> None:
    found = failure_buffer(complaints_of(data, clusters=True), "y", "z", ["x"])
    expected = theirs("buffer")
    row = found.product.iloc[0]
    assert row["estimate"] == pytest.approx(expected["product"], rel=CLOSED_FORM)
    assert row["std_error"] == pytest.approx(expected["error"], rel=CLOSED_FORM)
    slopes = found.slopes.set_index("at")["estimate"]
    line = np.polyfit(slopes.index.to_numpy(), slopes.to_numpy(), 1)
    assert np.polyval(line, 1.0) == pytest.approx(expected["slope at 1"], rel=CLOSED_FORM)

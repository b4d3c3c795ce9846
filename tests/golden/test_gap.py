"""Losses, gains, surfaces and forms against lm() and matrices written out in R."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.models.gap import (
    GapFit,
    GapSurface,
    compare_gap_forms,
    compare_kink_places,
    fit_gap,
    fit_surface,
)
from servicefx.models.gap.shape import AXES

EXACT = {"rel": 1e-8, "abs": 1e-11}
DERIVATIVE = {"rel": 1e-6}  # central differences in R
ROOT = {"rel": 1e-7}  # uniroot
TESTED = ("estimate", "std_error", "p_value", "conf_low", "conf_high")
SCALE = (1.0, 7.0)


@pytest.fixture(scope="module")
def data(golden: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    frame = golden("gap/data.csv")
    return frame.assign(care=frame["care_p"] - frame["care_e"], speed=frame["speed_p"] - frame["speed_e"])


@pytest.fixture(scope="module")
def expected(golden: Callable[[str], pd.DataFrame]) -> pd.Series:
    return golden("gap/expected.csv").set_index(["case", "term", "measure"])["value"]


def lattice(n: int) -> np.ndarray:
    """Four resamples that a formula gives to R as well."""
    steps = np.add.outer(np.arange(1, 5) * 104729, np.arange(1, n + 1) * 7919)
    return (steps % 13 % 4).astype(np.float32)


def options(case: str, data: pd.DataFrame) -> dict[str, object]:
    found: dict[str, object] = {"counts": lattice(len(data)), "source": "a lattice"}
    if "clustered" in case:
        found |= {"clusters": data["outlet"], "weights": data["weight"]}
    return found


KINKS = {
    "plain": (["care"], [], 0.0),
    "held": (["care", "speed"], ["care_p", "age"], 0.0),
    "clustered": (["care"], ["care_p", "age"], 0.0),
    "elsewhere": (["care"], [], -0.5),
}


@pytest.fixture(scope="module", params=KINKS)
def kink(request: pytest.FixtureRequest, data: pd.DataFrame) -> tuple[str, GapFit]:
    gaps, held, at = KINKS[request.param]
    return request.param, fit_gap(data, "content", gaps, held, at=at, **options(request.param, data))


def test_slopes_on_both_sides_are_those_of_the_regressions(
    kink: tuple[str, GapFit], expected: pd.Series
) -> None:
    case, fit = kink
    rows = fit.slopes.set_index(["construct", "kind"])
    for gap in fit.gaps:
        for kind in ("straight line", "losses", "gains", "losses less gains", "jump"):
            for measure in TESTED:
                value = expected[case, f"{gap} {kind}", measure]
                assert rows.loc[(gap, kind), measure] == pytest.approx(value, **EXACT), (gap, kind, measure)
    assert fit.estimates.fit_measures["r_squared"] == pytest.approx(expected[case, "r2", "estimate"], **EXACT)


def test_the_ratio_of_losses_to_gains_has_fiellers_interval_or_none(
    kink: tuple[str, GapFit], expected: pd.Series
) -> None:
    case, fit = kink
    row = fit.slopes.set_index(["construct", "kind"]).loc[("care", "losses over gains")]
    assert row["estimate"] == pytest.approx(expected[case, "ratio", "estimate"], rel=1e-6)
    ends = [expected[case, "ratio", name] for name in ("conf_low", "conf_high")]
    if np.isnan(ends).any():
        assert np.isnan([row["conf_low"], row["conf_high"]]).all()
        assert "the denominator may be 0" in row["undefined"]
        assert fit.effects["care", "losses over gains"].undefined == row["undefined"]
        assert np.isnan(fit.effects["care", "losses over gains"].interval()).all()
    else:
        assert [row["conf_low"], row["conf_high"]] == pytest.approx(ends, **ROOT)


def test_the_joint_test_of_all_kinks_is_walds(kink: tuple[str, GapFit], expected: pd.Series) -> None:
    case, fit = kink
    for measure in ("statistic", "p_value"):
        assert fit.joint[measure].iloc[0] == pytest.approx(expected[case, "joint", measure], rel=1e-7)


def test_draws_are_regressions_on_the_same_resamples(kink: tuple[str, GapFit], expected: pd.Series) -> None:
    case, fit = kink
    for kind in ("losses", "gains"):
        theirs = [expected[case, f"resample {j}", kind] for j in range(1, 5)]
        assert fit.effects["care", kind].draws == pytest.approx(theirs, rel=1e-7, abs=1e-10)


def test_a_kink_put_elsewhere_is_the_regression_bent_there(data: pd.DataFrame, expected: pd.Series) -> None:
    rows = compare_kink_places(data, "content", "care", (-0.5, 0.0)).set_index("at")
    for at, case in ((-0.5, "elsewhere"), (0.0, "plain")):
        for measure in TESTED:
            value = expected[case, "care losses less gains", measure]
            assert rows.loc[at, measure] == pytest.approx(value, **EXACT)
        assert rows.loc[at, "r2"] == pytest.approx(expected[case, "r2", "estimate"], **EXACT)
    for measure in ("logl", "aic"):
        value = expected["forms plain", "difference with a kink", measure]
        assert rows.loc[0.0, measure] == pytest.approx(value, **EXACT)


SURFACES = {
    "surface plain": ([], None),
    "surface clustered": (["speed_p", "age"], None),
    "surface centred at 5": ([], 5.0),
}


@pytest.fixture(scope="module", params=SURFACES)
def surface(request: pytest.FixtureRequest, data: pd.DataFrame) -> tuple[str, GapSurface]:
    held, centre = SURFACES[request.param]
    fit = fit_surface(
        data, "content", "care_e", "care_p", held, scale=SCALE, centre=centre, **options(request.param, data)
    )
    return request.param, fit


def test_coefficients_slopes_and_curvatures_are_those_of_the_regression(
    surface: tuple[str, GapSurface], expected: pd.Series
) -> None:
    case, fit = surface
    names = [f"b{place}" for place in range(1, 6)]
    rows = pd.concat([fit.coefficients.iloc[:5].assign(term=names), fit.slopes]).set_index("term")
    for term in (*names, "a1", "a2", "a3", "a4", "a5"):
        for measure in TESTED:
            value = expected[case, term, measure]
            assert rows.loc[term, measure] == pytest.approx(value, **EXACT), (term, measure)


def test_stationary_point_and_axes_are_those_of_the_printed_formulas(
    surface: tuple[str, GapSurface], expected: pd.Series
) -> None:
    case, fit = surface
    rows = fit.axes.set_index("term")
    known = 0
    for term in AXES:
        assert rows.loc[term, "estimate"] == pytest.approx(expected[case, term, "estimate"], rel=1e-8)
        if not rows.loc[term, "undefined"]:
            known += 1
            for measure in ("std_error", "conf_low", "conf_high"):
                value = expected[case, term, measure]
                assert rows.loc[term, measure] == pytest.approx(value, **DERIVATIVE), (term, measure)
    assert known >= 6


def test_heights_of_the_surface_are_predictions(
    surface: tuple[str, GapSurface], expected: pd.Series, data: pd.DataFrame
) -> None:
    case, fit = surface
    beyond = SURFACES[case][0]
    weight = data["weight"] if "clustered" in case else None
    for e, p in ((3.0, 5.0), (5.5, 2.0)):
        x, y = e - fit.centre, p - fit.centre
        held = [float(np.average(data[name], weights=weight)) for name in beyond]
        ours = np.array([x, y, x**2, x * y, y**2, *held, 1.0]) @ fit.estimates.coefficients
        assert ours == pytest.approx(expected[case, f"height ({e:g} {p:g})", "estimate"], **EXACT)
    first = fit.grid.iloc[0]
    x, y = first["expectation"] - fit.centre, first["perception"] - fit.centre
    held = [float(np.average(data[name], weights=weight)) for name in beyond]
    ours = np.array([x, y, x**2, x * y, y**2, *held, 1.0]) @ fit.estimates.coefficients
    assert first["estimate"] == pytest.approx(ours, **EXACT)


def test_surface_draws_are_regressions_on_the_same_resamples(
    surface: tuple[str, GapSurface], expected: pd.Series
) -> None:
    case, fit = surface
    for name in ("a1", "a4"):
        theirs = [expected[case, f"resample {j}", name] for j in range(1, 5)]
        assert fit.effects[name].draws == pytest.approx(theirs, rel=1e-7, abs=1e-10)


@pytest.mark.parametrize("case", ["forms plain", "forms clustered"])
def test_forms_have_the_likelihoods_and_wald_tests_of_lm(
    case: str, data: pd.DataFrame, expected: pd.Series
) -> None:
    chosen = {"clusters": data["outlet"], "weights": data["weight"]} if "clustered" in case else {}
    rows = compare_gap_forms(data, "content", "care_e", "care_p", scale=SCALE, **chosen).set_index("model")
    assert len(rows) == 9
    for model in rows.index:
        for measure in ("n_parameters", "logl", "aic", "bic", "r2"):
            value = expected[case, model, measure]
            assert rows.loc[model, measure] == pytest.approx(value, **EXACT), (model, measure)
        if rows.loc[model, "against"]:
            for measure in ("statistic", "p_value"):
                value = expected[case, model, measure]
                assert rows.loc[model, measure] == pytest.approx(value, rel=1e-7), (model, measure)
    assert rows["bic"].is_monotonic_increasing
    assert rows["delta_aic"].min() == 0

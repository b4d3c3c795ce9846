"""Interactions, simple slopes and Johnson-Neyman regions against R, and a printed example."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.models.moderation import fit_interaction, johnson_neyman, simple_slopes, slope_differences

CLOSED_FORM = 1e-9
TAIL = 1e-7  # of p-values, relative: R's pt against scipy's stdtr
PLACE = 1e-7  # uniroot's tolerance is 1e-12 of the interval, the error of t there 1e-10
TWO_WAY = ("classical", "hc3", "cluster", "weighted")

Golden = Callable[[str], pd.DataFrame]


def options(case: str, data: pd.DataFrame) -> dict[str, object]:
    return {
        "classical": {"covariance": "classical"},
        "hc3": {"covariance": "hc3"},
        "cluster": {"clusters": data["outlet"]},
        "weighted": {"weights": data["weight"]},
    }[case]


def expected_of(golden: Golden, case: str) -> pd.Series:
    rows = golden("moderation/expected.csv")
    return rows[rows["case"] == case].set_index("name")["value"]


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("case", TWO_WAY)
def test_simple_slopes(golden: Golden, case: str, centre: bool) -> None:
    data, theirs = golden("moderation/data.csv"), expected_of(golden, case)
    fit = fit_interaction(data, "y", "x", "w", ["z"], centre=centre, **options(case, data))
    ours = simple_slopes(fit, at=[2, 4, 6.5])
    for i in range(3):
        row = ours.iloc[i]
        assert row["estimate"] == pytest.approx(theirs[f"slope {i + 1}"], rel=CLOSED_FORM)
        assert row["std_error"] == pytest.approx(theirs[f"error {i + 1}"], rel=CLOSED_FORM)
        assert row["p_value"] == pytest.approx(theirs[f"p {i + 1}"], rel=TAIL)


@pytest.mark.parametrize("case", TWO_WAY)
def test_regions_end_where_the_test_changes_its_mind(golden: Golden, case: str) -> None:
    data, theirs = golden("moderation/data.csv"), expected_of(golden, case)
    low, high = data["w"].min(), data["w"].max()
    for prefix, control in (("", False), ("controlled ", True)):
        found = johnson_neyman(data, "y", "x", "w", ["z"], false_discovery=control, **options(case, data))
        inside = [root for root in found.roots if low < root < high]
        roots = [theirs[f"{prefix}root {i + 1}"] for i in range(int(theirs[f"{prefix}roots"]))]
        assert inside == pytest.approx(roots, abs=PLACE)
        assert found.regions["low"].tolist()[1:] == pytest.approx(roots, abs=PLACE)
        assert found.regions["share"].sum() == pytest.approx(1)
        if control:
            assert found.critical == pytest.approx(theirs["critical"], rel=CLOSED_FORM)
            assert (found.slopes["p_adjusted"] <= 0.05).sum() == theirs["discoveries"]


def test_three_way_slopes_and_their_differences(golden: Golden) -> None:
    data, theirs = golden("moderation/data.csv"), expected_of(golden, "three-way")
    fit = fit_interaction(data, "y", "x", "w", ["z"], second="v")
    ours = simple_slopes(fit, at=[2, 6], second_at=[-1, 1])
    names = [f"{what} {i}" for i in range(1, 5) for what in ("slope", "error")]
    assert ours[["estimate", "std_error"]].to_numpy().ravel() == pytest.approx(theirs[names].tolist())
    pairs = slope_differences(fit, at=[2, 6], second_at=[-1, 1])
    for column, name in (
        ("difference", "difference"), ("std_error", "difference error"), ("p_adjusted", "difference p"),
    ):  # fmt: skip
        assert pairs[column].tolist() == pytest.approx([theirs[f"{name} {k}"] for k in range(1, 7)])


def test_centred_coefficient_is_the_slope_at_the_mean(golden: Golden) -> None:
    data, theirs = golden("moderation/data.csv"), expected_of(golden, "classical")
    fit = fit_interaction(data, "y", "x", "w", ["z"], covariance="classical")
    assert fit.estimates.coefficient("x") == pytest.approx(theirs["centred coefficient of x"])
    assert "terms enter centred ('x' at" in fit.estimates.assumptions[0]


def test_the_printed_example_of_the_interactions_package(golden: Golden) -> None:
    """Income by illiteracy and murder in the US states, as printed in the package's documentation."""
    states = golden("moderation/states.csv")
    fit = fit_interaction(states, "Income", "Illiteracy", "Murder", centre=False)
    coefficients = [fit.estimates.coefficient(name) for name in fit.estimates.terms]
    assert np.round(coefficients, 2).tolist() == [617.34, 146.82, -117.10, 3822.61]
    slopes = simple_slopes(fit, at=[5.420973, 8.685043, 11.949113])
    assert slopes["estimate"].round(2).tolist() == [-17.43, -399.64, -781.85]
    assert slopes["std_error"].round(2).tolist() == [227.37, 158.77, 156.96]
    assert slopes["statistic"].round(2).tolist() == [-0.08, -2.52, -4.98]
    # the package takes the controlled t (2.35) from classical errors, whatever errors the interval uses
    classical = johnson_neyman(states, "Income", "Illiteracy", "Murder", covariance="classical")
    assert round(classical.critical, 2) == 2.35

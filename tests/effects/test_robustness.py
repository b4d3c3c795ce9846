"""Robustness values and E-values against their printed examples and against brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import t as student

from servicefx.effects.e_values import e_value
from servicefx.effects.robustness import (
    _bound,
    adjusted_estimates,
    confounder_bounds,
    contour_grid,
    robustness_value,
)
from servicefx.errors import DataError
from servicefx.values.glossary import GLOSSARY

DARFUR = (0.09731581928495897, 0.02325653780981118, 783)  # Cinelli & Hazlett (2020), table 1


def test_the_darfur_example_of_cinelli_and_hazlett() -> None:
    found = robustness_value(*DARFUR)
    assert round(100 * found.robustness_value, 1) == 13.9
    assert round(100 * found.robustness_value_interval, 1) == 7.6
    assert round(100 * found.partial_r2, 1) == 2.2
    assert found.robustness_value == pytest.approx(0.13878, abs=5e-6)
    assert found.robustness_value_interval == pytest.approx(0.07626, abs=5e-6)
    assert found.partial_r2 == pytest.approx(0.02187, abs=5e-6)


@pytest.mark.parametrize(
    ("multiple", "r2_term", "r2_outcome", "estimate", "error", "t", "low", "high"),
    [
        (1, 0.009164, 0.124641, 0.075220, 0.021873, 3.438904, 0.032283, 0.118158),
        (2, 0.018329, 0.249324, 0.052915, 0.020350, 2.600246, 0.012968, 0.092862),
        (3, 0.027493, 0.374050, 0.030396, 0.018670, 1.628062, -0.006253, 0.067045),
    ],
)
def test_the_darfur_bounds_by_the_covariate_female(
    multiple: float, r2_term: float, r2_outcome: float, estimate: float, error: float, t: float,
    low: float, high: float,
) -> None:  # fmt: skip
    # shares of "female" in the published regressions (783 and 784 degrees of freedom)
    term, outcome, why = _bound(0.009081065190328756, 0.10903391542784283, multiple)
    assert (term, outcome) == pytest.approx((r2_term, r2_outcome), abs=1e-6)
    assert why == ""
    row = adjusted_estimates(*DARFUR, [term], [outcome]).iloc[0]
    ours = row[["estimate", "std_error", "statistic", "conf_low", "conf_high"]].tolist()
    assert ours == pytest.approx([estimate, error, t, low, high], abs=1e-6)


def with_cause(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    n = 120
    z, u = rng.normal(size=(2, n))
    x = 0.5 * z + 0.6 * u + rng.normal(size=n)
    y = 0.4 * x + 0.3 * z + 0.7 * u + rng.normal(size=n)
    full = pd.DataFrame({"y": y, "x": x, "z": z, "u": u})
    return full, full.drop(columns="u")


def fit(data: pd.DataFrame, outcome: str, terms: list[str]) -> tuple[np.ndarray, np.ndarray, float, float]:
    design = np.column_stack([data[terms], np.ones(len(data))])
    b, *_ = np.linalg.lstsq(design, data[outcome], rcond=None)
    rest = data[outcome] - design @ b
    df = len(data) - design.shape[1]
    error = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * (rest @ rest) / df)
    return b, error, df, float(rest @ rest)


def test_adjusted_figures_are_those_of_the_regression_with_the_cause(rng: np.random.Generator) -> None:
    full, short = with_cause(rng)
    b, error, df, squares = fit(short, "y", ["x", "z"])
    long_b, long_error, _, long_squares = fit(full, "y", ["x", "z", "u"])
    term = 1 - fit(full, "x", ["z", "u"])[3] / fit(full, "x", ["z"])[3]
    row = adjusted_estimates(b[0], error[0], df, [term], [1 - long_squares / squares]).iloc[0]
    assert row["estimate"] == pytest.approx(long_b[0], abs=1e-12)
    assert row["std_error"] == pytest.approx(long_error[0], abs=1e-12)
    other = adjusted_estimates(b[0], error[0], df, [term], [0.1], toward_zero=False).iloc[0]
    assert other["estimate"] > b[0]


@pytest.mark.parametrize(("t", "df"), [(3.0, 50), (9.0, 8), (25.0, 12), (60.0, 5), (2.0, 400)])
@pytest.mark.parametrize("reduction", [0.5, 1.0])
def test_no_weaker_cause_moves_the_interval_and_one_as_strong_does(
    t: float, df: float, reduction: float
) -> None:
    found = robustness_value(t, 1.0, df, reduction=reduction)
    critical = student.ppf(0.975, df - 1)

    def lowest(strength: float) -> float:
        """Smallest distance of the interval from the reduced value over causes up to this strength."""
        outcome = np.linspace(0, strength, 4001)
        bias = np.sqrt(df * outcome * strength / (1 - strength))
        error = np.sqrt((1 - outcome) / (1 - strength) * df / (df - 1))
        return float((t - bias - critical * error - (1 - reduction) * t).min())

    if lowest(0.0) <= 0:
        assert found.robustness_value_interval == 0
        return
    expected = brentq(lowest, 0, 1 - 1e-9, xtol=1e-10)
    assert found.robustness_value_interval == pytest.approx(expected, abs=1e-6)


def test_the_contour_passes_through_zero_at_the_robustness_value() -> None:
    value = robustness_value(*DARFUR).robustness_value
    assert adjusted_estimates(*DARFUR, [value], [value])["estimate"].iloc[0] == pytest.approx(0, abs=1e-12)
    grid = contour_grid(*DARFUR, points=5, largest_term=0.2, largest_outcome=0.3)
    assert len(grid) == 25
    assert grid["r2_term"].max() == 0.2
    assert grid["r2_outcome"].max() == 0.3
    assert grid["estimate"].iloc[0] == DARFUR[0]


def test_bounds_that_cannot_be_are_said(rng: np.random.Generator) -> None:
    _, data = with_cause(rng)
    data["strong"] = data["x"] + 0.2 * rng.normal(size=len(data))
    _, table = confounder_bounds(data, "y", "x", ["z", "strong"], ["strong"], multiples=(1, 3))
    assert table["undefined"].str.contains("no cause can be").all()
    assert table["estimate"].isna().all()
    with pytest.raises(DataError, match="'w' is not among the covariates"):
        confounder_bounds(data, "y", "x", ["z"], ["w"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.1, 0.0, 50), "the error above 0"),
        ((np.nan, 0.1, 50), "expected numbers"),
        ((0.1, 0.1, 1), "expected a number above 1"),
    ],
)
def test_figures_that_are_no_regression_are_refused(
    arguments: tuple[float, float, float], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        robustness_value(*arguments)


@pytest.mark.parametrize(
    ("arguments", "options", "value", "limit"),
    [
        ((3.9, 1.8, 8.7), {}, 7.26, 3.00),  # VanderWeele & Ding (2017), bottle feeding
        ((1 / 3.9, 1 / 8.7, 1 / 1.8), {}, 7.26, 3.00),  # the same, told the other way round
        ((0.80, 0.71, 0.91), {}, 1.81, 1.43),
        ((1.3, 0.9, 1.8), {}, 1.3 + np.sqrt(1.3 * 0.3), 1.0),  # the interval holds 1
        ((1.0, 0.8, 1.2), {}, 1.0, 1.0),
        ((4.0, 2.25, 9.0), {"measure": "odds_ratio"}, 2 + np.sqrt(2), 1.5 + np.sqrt(0.75)),
        ((2.0, 1.5, 3.0), {"measure": "odds_ratio", "rare": True}, 2 + np.sqrt(2), 1.5 + np.sqrt(0.75)),
        ((2.0,), {"null": 2.0}, 1.0, 1.0),
        ((4.0, 3.0, 5.0), {"null": 2.0}, 2 + np.sqrt(2), 1.5 + np.sqrt(0.75)),
    ],
)
def test_e_values_are_the_printed_ones(
    arguments: tuple[float, ...], options: dict[str, object], value: float, limit: float
) -> None:
    found = e_value(*arguments, **options)
    assert found.e_value == pytest.approx(value, abs=0.005)
    assert found.e_value_limit == pytest.approx(limit, abs=0.005)


def test_e_values_of_hazards_and_differences_follow_their_formulas() -> None:
    hazard = e_value(0.56, 0.46, 0.69, measure="hazard_ratio")
    ratio = (1 - 0.5 ** np.sqrt(0.56)) / (1 - 0.5 ** np.sqrt(1 / 0.56))
    assert hazard.risk_ratio == pytest.approx(ratio)
    assert hazard.e_value == pytest.approx(1 / ratio + np.sqrt(1 / ratio * (1 / ratio - 1)))
    assert "approximated" in hazard.assumptions[0]
    # VanderWeele & Ding (2017), table 2: exp(0.91 d), interval exp(0.91 d ± 1.78 se)
    difference = e_value(-0.42, measure="standardised_difference", std_error=0.14)
    assert difference.risk_ratio == pytest.approx(np.exp(0.91 * -0.42))
    assert difference.conf_high == pytest.approx(np.exp(0.91 * -0.42 + 1.78 * 0.14), rel=1e-3)
    assert round(difference.e_value, 2) == 2.29


def test_an_e_value_without_an_interval_says_so() -> None:
    table = e_value(2.0).table()
    assert table["undefined"].tolist() == ["", "no interval was given"]
    assert np.isnan(table["estimate"].iloc[1])


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((-2.0,), {}, "expected numbers above 0"),
        ((2.0, 0.0, 3.0), {}, "expected numbers above 0"),
        ((2.0, 2.5, 3.0), {}, "does not hold the estimate 2"),
        ((float("nan"),), {}, "expected numbers"),
        ((2.0,), {"measure": "odd_ratio"}, r"measure 'odd_ratio' is not known \(closest: 'odds_ratio'\)"),
        ((2.0,), {"std_error": 0.1}, "for a standardised difference"),
        ((2.0,), {"null": 0.0}, "expected numbers above 0"),
    ],
)
def test_ratios_that_are_none_are_refused(
    arguments: tuple[float, ...], options: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        e_value(*arguments, **options)


def test_its_tables_speak_the_glossary(rng: np.random.Generator) -> None:
    robustness, bounds = confounder_bounds(with_cause(rng)[1], "y", "x", ["z"], ["z"])
    grid = contour_grid(*DARFUR, points=2)
    for table in (robustness.table(), bounds, grid, e_value(2.0).table()):
        assert set(table.columns) <= set(GLOSSARY)

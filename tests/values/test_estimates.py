"""One fit as a table: published quantiles and p-values, tiny ones too, and shapes refused."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from math import atan, inf, nan, pi, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.values.estimates import COLUMNS, Estimates, critical_value, two_sided_p_value
from servicefx.values.glossary import GLOSSARY

# (level, df, quantile at (1 + level) / 2), to the six decimals of printed tables of Student's t.
QUANTILES = [
    (0.95, 1, 12.706205),
    (0.95, 2, 4.302653),
    (0.95, 5, 2.570582),
    (0.95, 10, 2.228139),
    (0.95, 30, 2.042272),
    (0.95, 120, 1.979930),
    (0.95, inf, 1.959964),
    (0.90, 10, 1.812461),
    (0.99, 10, 3.169273),
    (0.90, inf, 1.644854),
    (0.99, inf, 2.575829),
]

# (statistic, df, two-sided p) by mpmath 1.3 with 40 digits:
# betainc(df/2, 1/2, 0, df/(df + t^2), regularized=True), for the normal erfc(z/sqrt(2)).
TINY = [
    (12.0, 500.0, 2.4864512784618450398e-29),
    (40.0, 30.0, 1.3726045194406402787e-27),
    (12.0, inf, 3.5529642241553579954e-33),
    (37.0, inf, 1.1451142445049153645e-299),
]


def cars() -> Estimates:
    """What R prints for ``coef(summary(lm(dist ~ speed, cars)))`` and ``vcov`` of the same fit."""
    cross = -2.658823
    return Estimates(
        estimator="OLS",
        outcome="dist",
        terms=("(Intercept)", "speed"),
        coefficients=np.array([-17.579095, 3.932409]),
        covariance=np.array([[6.7584402**2, cross], [cross, 0.4155128**2]]),
        covariance_kind="nonrobust",
        df=48,
        n_obs=50,
    )


def one_term(**changed: Any) -> Estimates:
    """Half a point per point, standard error 0.1, 98 degrees of freedom, with what is changed."""
    settings: dict[str, Any] = {
        "estimator": "OLS",
        "outcome": "satisfaction",
        "terms": ("empathy",),
        "coefficients": np.array([0.5]),
        "covariance": np.array([[0.01]]),
        "covariance_kind": "hc3",
        "df": 98.0,
        "n_obs": 100,
    }
    return Estimates(**(settings | changed))


@pytest.mark.parametrize(("level", "df", "quantile"), QUANTILES)
def test_critical_values_are_those_of_printed_tables(level: float, df: float, quantile: float) -> None:
    assert critical_value(level, df) == pytest.approx(quantile, abs=5.1e-7)  # printed to six decimals


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 95, nan])
def test_a_level_outside_zero_and_one_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=f"level must lie strictly between 0 and 1, not {level!r}"):
        critical_value(level)


@pytest.mark.parametrize("df", [0.0, -3.0, nan])
def test_no_degrees_of_freedom_no_critical_value(df: float) -> None:
    assert np.isnan(critical_value(0.95, df))


@pytest.mark.parametrize(("statistic", "df", "p_value"), TINY)
def test_tiny_p_values_do_not_round_to_zero(statistic: float, df: float, p_value: float) -> None:
    # 1 - cdf would give exactly 0 here: doubles near 1 are 1e-16 apart
    either_side = two_sided_p_value(np.array([statistic, -statistic]), df)
    assert either_side == pytest.approx([p_value, p_value], rel=1e-11, abs=0)


@pytest.mark.parametrize("statistic", [0.0, 0.3, 1.0, 2.5, 20.0])
def test_p_values_with_one_and_two_degrees_of_freedom_follow_their_closed_forms(statistic: float) -> None:
    one, two = (two_sided_p_value(np.array([statistic]), df)[0] for df in (1.0, 2.0))
    assert one == pytest.approx(1 - 2 / pi * atan(statistic), rel=1e-12)
    assert two == pytest.approx(1 - statistic / sqrt(2 + statistic**2), rel=1e-12)


def test_the_p_value_of_a_missing_statistic_is_missing() -> None:
    assert np.isnan(two_sided_p_value(np.array([nan]), 10.0)).all()
    assert np.isnan(two_sided_p_value(np.array([nan]), inf)).all()


def test_the_critical_value_has_the_p_value_of_its_level() -> None:
    for level in (0.5, 0.9, 0.95, 0.999):
        for df in (1.0, 3.5, 40.0, inf):
            p_value = two_sided_p_value(np.array([critical_value(level, df)]), df)[0]
            assert p_value == pytest.approx(1 - level, rel=1e-9)


def test_the_table_is_the_one_r_prints_for_the_same_fit() -> None:
    expected = pd.DataFrame(
        {
            "outcome": ["dist", "dist"],
            "term": ["(Intercept)", "speed"],
            "estimate": [-17.579095, 3.932409],
            "std_error": [6.7584402, 0.4155128],
            "statistic": [-2.601058, 9.463990],
            "df": [48, 48],
            "p_value": [1.231882e-02, 1.489836e-12],
            "conf_low": [-31.167850, 3.096964],
            "conf_high": [-3.990340, 4.767853],
        }
    )
    # seven printed digits enter the covariance, so six survive
    pd.testing.assert_frame_equal(cars().table(), expected, rtol=2e-6, atol=0, check_dtype=False)


def test_every_table_has_the_same_columns_and_all_are_in_the_glossary() -> None:
    assert tuple(one_term().table().columns) == COLUMNS
    assert set(COLUMNS) <= set(GLOSSARY)


def test_the_level_moves_the_interval_and_nothing_else() -> None:
    wide, narrow = one_term(df=10.0).table(level=0.99), one_term(df=10.0).table(level=0.90)
    pd.testing.assert_frame_equal(wide.iloc[:, :-2], narrow.iloc[:, :-2])
    assert wide.conf_low[0] == pytest.approx(0.5 - 0.1 * 3.169273, abs=1e-7)
    assert narrow.conf_high[0] == pytest.approx(0.5 + 0.1 * 1.812461, abs=1e-7)


def test_infinite_degrees_of_freedom_mean_the_normal() -> None:
    row = one_term(df=inf).table().iloc[0]
    assert row.p_value == pytest.approx(5.7330314375838782335e-7, rel=1e-12, abs=0)  # z = 5, mpmath
    assert row.conf_low == pytest.approx(0.5 - 0.1 * 1.959964, abs=1e-7)


def test_a_fixed_term_keeps_its_estimate_and_has_no_error() -> None:
    row = one_term(covariance=np.array([[nan]])).table().iloc[0]
    assert row.estimate == 0.5
    assert row[["std_error", "statistic", "p_value", "conf_low", "conf_high"]].isna().all()


def test_a_zero_standard_error_gives_no_statistic_instead_of_infinity() -> None:
    row = one_term(covariance=np.array([[0.0]])).table().iloc[0]
    assert np.isnan(row.statistic)
    assert np.isnan(row.p_value)


def test_no_residual_degrees_of_freedom_give_no_p_value_and_no_interval() -> None:
    row = one_term(df=0.0).table().iloc[0]
    assert row.std_error == pytest.approx(0.1)
    assert row[["p_value", "conf_low", "conf_high"]].isna().all()


def test_a_fit_without_terms_has_a_table_without_rows() -> None:
    table = one_term(terms=(), coefficients=np.array([]), covariance=np.zeros((0, 0))).table()
    assert table.shape == (0, len(COLUMNS))


@pytest.mark.parametrize(
    ("changed", "shapes"),
    [
        ({"terms": ("a", "b")}, r"2 terms need .* \(2,\) and covariance \(2, 2\), not \(1,\) and \(1, 1\)"),
        ({"coefficients": np.array([[0.5]])}, r"1 terms need .* not \(1, 1\) and \(1, 1\)"),
        ({"covariance": np.array([0.01])}, r"1 terms need .* not \(1,\) and \(1,\)"),
        ({"covariance": np.zeros((1, 2))}, r"1 terms need .* not \(1,\) and \(1, 2\)"),
    ],
)
def test_shapes_that_do_not_agree_are_refused(changed: dict[str, Any], shapes: str) -> None:
    with pytest.raises(ValueError, match=f"^OLS: {shapes}"):
        one_term(**changed)


def test_a_coefficient_is_found_by_its_term() -> None:
    assert cars().coefficient("speed") == 3.932409


def test_an_unknown_term_is_refused_with_those_the_fit_has() -> None:
    with pytest.raises(
        KeyError, match=r"no term 'sped' in the fit of 'dist' \(terms: \(Intercept\), speed\)"
    ):
        cars().coefficient("sped")


def test_standard_errors_are_the_roots_of_the_diagonal() -> None:
    fit = one_term(terms=("a", "b"), coefficients=np.zeros(2), covariance=np.array([[4.0, 1.0], [1.0, 9.0]]))
    assert fit.std_errors.tolist() == [2.0, 3.0]


def test_a_fit_owns_its_arrays() -> None:
    coefficients, covariance = np.array([0.5]), np.array([[0.01]])
    fit = one_term(coefficients=coefficients, covariance=covariance)
    coefficients[0], covariance[0, 0] = 9.0, 9.0
    assert fit.coefficients.tolist() == [0.5]
    assert fit.covariance.tolist() == [[0.01]]


@pytest.mark.parametrize("name", ["coefficients", "covariance"])
def test_arrays_of_a_fit_are_read_only(name: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        getattr(one_term(), name)[...] = 1.0


def test_fields_of_a_fit_cannot_be_set() -> None:
    with pytest.raises(FrozenInstanceError):
        one_term().n_obs = 7  # type: ignore[misc]


def test_a_fit_survives_pickling() -> None:
    fit = one_term(dropped={"empty row": 2}, undefined={"alpha": "one item"}, assumptions=("linear",))
    back: Estimates = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_frame_equal(back.table(), fit.table())
    assert (back.dropped, back.undefined, back.assumptions) == (fit.dropped, fit.undefined, fit.assumptions)
    assert (back.estimator, back.covariance_kind, back.n_obs) == ("OLS", "hc3", 100)


def test_arrays_are_still_read_only_after_pickling() -> None:
    back: Estimates = pickle.loads(pickle.dumps(one_term()))
    assert not back.coefficients.flags.writeable
    assert not back.covariance.flags.writeable

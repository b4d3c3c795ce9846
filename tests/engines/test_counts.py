from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom, poisson

from servicefx.engines.count_search import count_curve
from servicefx.engines.counts import (
    COUNT_FAMILIES,
    CountFamily,
    count_chances,
    count_draws,
    count_means,
    fit_counts,
    rows_of,
)
from servicefx.errors import DataError, IdentificationError


@pytest.fixture
def survey(rng: np.random.Generator) -> pd.DataFrame:
    x = rng.normal(size=(500, 2))
    mean = np.exp(0.7 + x @ [0.4, -0.3])
    told = rng.poisson(mean * rng.gamma(2.0, 0.5, 500)) * (rng.random(500) > 0.15)
    return pd.DataFrame(x, columns=["a", "b"]).assign(told=told, outlet=np.arange(500) // 10)


@pytest.mark.parametrize("family", COUNT_FAMILIES)
def test_derivatives_are_those_of_the_likelihood(survey: pd.DataFrame, family: CountFamily) -> None:
    rows = rows_of(survey, "told", ["a", "b"], family, inflation=["a"] if family.startswith("zero") else [])
    weights = rows.cells.totals(np.linspace(0.5, 2, 500)[None])
    at = np.array(
        [0.3, -0.2, 0.6, *([0.4, -1.2] if "zero" in family else []), *([-0.5] if rows.dispersed else [])]
    )
    curve = count_curve(rows.cells, weights, at[None])
    step = 1e-5
    moves = [(at + step * unit, at - step * unit) for unit in np.eye(len(at))]
    pairs = [[count_curve(rows.cells, weights, place[None]) for place in both] for both in moves]
    slopes = [(up.logl[0] - down.logl[0]) / (2 * step) for up, down in pairs]
    bends = [(up.gradient[0] - down.gradient[0]) / (2 * step) for up, down in pairs]
    assert curve.gradient[0] == pytest.approx(slopes, rel=1e-5, abs=1e-4)
    assert curve.hessian[0] == pytest.approx(np.array(bends), rel=1e-5, abs=1e-3)


def test_it_is_the_optimum_statsmodels_finds(survey: pd.DataFrame) -> None:
    from statsmodels.discrete.count_model import ZeroInflatedPoisson
    from statsmodels.discrete.discrete_model import NegativeBinomial

    x = survey[["a", "b"]].assign(constant=1.0)
    theirs = NegativeBinomial(survey["told"], x).fit(disp=False, maxiter=200, gtol=1e-9)
    ours = fit_counts(survey, "told", ["a", "b"], "negative_binomial", robust=False)
    assert ours.coefficients == pytest.approx(theirs.params.to_numpy(), abs=1e-4)  # its bfgs stops there
    assert ours.fit_measures["logl"] >= theirs.llf - 1e-9
    zeros = ZeroInflatedPoisson(survey["told"], x).fit(method="newton", disp=False, maxiter=200)
    ours = fit_counts(survey, "told", ["a", "b"], "zero_inflated_poisson", robust=False)
    assert ours.coefficients[[3, 0, 1, 2]] == pytest.approx(zeros.params.to_numpy(), abs=1e-5)
    assert ours.fit_measures["logl"] == pytest.approx(zeros.llf, rel=1e-9)


def test_chances_are_those_of_scipy(survey: pd.DataFrame) -> None:
    values = np.arange(4.0)
    for family in ("poisson", "negative_binomial"):
        rows = rows_of(survey, "told", ["a", "b"], family)
        fit = fit_counts(survey, "told", ["a", "b"], family)
        mean = count_means(rows, fit.coefficients[None])[0][:, None]
        if family == "poisson":
            theirs = poisson.pmf(values, mean)
        else:
            size = 1 / fit.coefficient("dispersion")
            theirs = nbinom.pmf(values, size, size / (size + mean))
        assert count_chances(rows, fit.coefficients, values) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("family", COUNT_FAMILIES)
def test_resamples_are_what_refitting_them_gives(
    survey: pd.DataFrame, family: CountFamily, rng: np.random.Generator
) -> None:
    rounded = survey.assign(a=survey["a"].round(), b=survey["b"].round())  # many rows alike: cells
    for data in (survey, rounded):
        rows = rows_of(data, "told", ["a", "b"], family)
        assert (len(rows.cells.codes) < len(data)) == (data is rounded)
        fit = fit_counts(data, "told", ["a", "b"], family)
        places = rng.integers(0, 500, (3, 500))
        counts = np.array([np.bincount(row, minlength=500) for row in places], dtype=np.float32)
        drawn = count_draws(rows, counts, fit.coefficients)
        for row, draw in zip(places, drawn, strict=True):
            again = fit_counts(data.iloc[row].reset_index(drop=True), "told", ["a", "b"], family)
            assert draw == pytest.approx(again.coefficients, abs=1e-5)


def test_a_weight_of_two_is_two_rows(survey: pd.DataFrame) -> None:
    weight = pd.Series(np.where(survey.index < 100, 2.0, 1.0), name="w")
    twice = pd.concat([survey, survey.iloc[:100]], ignore_index=True)
    for family in COUNT_FAMILIES:
        weighted = fit_counts(survey, "told", ["a", "b"], family, weights=weight)
        assert weighted.coefficients == pytest.approx(
            fit_counts(twice, "told", ["a", "b"], family).coefficients
        )
        assert "bic" not in weighted.fit_measures


def test_units_of_a_term_change_its_coefficient_only(survey: pd.DataFrame) -> None:
    family: CountFamily = "zero_inflated_negative_binomial"
    straight = fit_counts(survey, "told", ["a", "b"], family, inflation=["a"])
    large = fit_counts(survey.assign(a=1e6 * survey["a"]), "told", ["a", "b"], family, inflation=["a"])
    ratio = np.array([1e-6, 1, 1, 1e-6, 1, 1])
    assert large.coefficients == pytest.approx(ratio * straight.coefficients, rel=1e-6)
    assert large.std_errors == pytest.approx(ratio * straight.std_errors, rel=1e-6)


def test_counts_of_little_spread_have_a_dispersion_of_0_and_the_poisson_s_errors(
    rng: np.random.Generator,
) -> None:
    data = pd.DataFrame({"a": rng.normal(size=300)})
    data["told"] = rng.binomial(4, 0.5, 300)
    fit = fit_counts(data, "told", ["a"], "negative_binomial")
    plain = fit_counts(data, "told", ["a"])
    assert fit.coefficient("dispersion") == 0.0
    assert fit.undefined == {"dispersion": "counts spread no more than a Poisson's"}
    assert np.isnan(fit.std_errors[-1])
    assert fit.coefficients[:2] == pytest.approx(plain.coefficients, abs=1e-5)
    assert fit.std_errors[:2] == pytest.approx(plain.std_errors, rel=1e-5)


def test_large_counts_do_not_overflow(rng: np.random.Generator) -> None:
    data = pd.DataFrame({"a": rng.normal(size=300)})
    data["told"] = rng.poisson(np.exp(11 + 0.5 * data["a"]) * rng.gamma(5, 0.2, 300))
    fit = fit_counts(data, "told", ["a"], "negative_binomial")
    assert abs(fit.coefficient("a") - 0.5) < 4 * fit.std_errors[0]
    assert fit.coefficient("dispersion") == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([1, 2, -1, 3, 0, 2], "'told' holds -1 (row 3), expected whole numbers from 0"),
        ([1, 2.5, 0, 3, 0.5, 2], "'told' holds 2.5 and 0.5 (rows 2 and 5), expected whole numbers from 0"),
        ([0, 0, 0, 0, 0, 0], "'told' is 0 in all 6 rows"),
        ([1, np.nan, 0, 3, 1, 2], "'told' has 1 gaps"),
    ],
)
def test_what_is_no_count_is_refused_with_its_rows(column: list[float], said: str) -> None:
    data = pd.DataFrame({"told": column, "a": [1.0, 2, 3, 4, 5, 7]})
    with pytest.raises(DataError, match=re.escape(said)):
        fit_counts(data, "told", ["a"])


def test_without_zeros_nothing_can_explain_them(survey: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no 'told' is 0, so nothing says what makes zeros"):
        fit_counts(survey.assign(told=survey["told"] + 1), "told", ["a"], "zero_inflated_poisson")


def test_a_family_nobody_knows_and_an_exposure_of_0_are_refused(survey: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"'negbin' is no family of counts \(known: 'poisson'"):
        fit_counts(survey, "told", ["a"], "negbin")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="1 of 500 values of 'months' are missing or not above 0"):
        fit_counts(survey.assign(months=[0.0] + [1.0] * 499), "told", ["a"], exposure="months")
    with pytest.raises(DataError, match="column 'month' is not in the data"):
        fit_counts(survey, "told", ["a"], exposure="month")


def test_a_term_whose_rows_are_all_zero_is_named(survey: pd.DataFrame) -> None:
    data = survey.assign(never=(survey.index < 30).astype(float))
    data.loc[data["never"] == 1, "told"] = 0
    for family in ("poisson", "negative_binomial"):
        with pytest.raises(IdentificationError, match="in the rows that 'never' singles out"):
            fit_counts(data, "told", ["a", "never"], family)


def test_a_term_that_is_another_is_refused(survey: pd.DataFrame) -> None:
    with pytest.raises(IdentificationError, match="can be computed exactly"):
        fit_counts(survey.assign(c=2 * survey["a"] + 1), "told", ["a", "c"])

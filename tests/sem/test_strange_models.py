"""Models and data that a search over hundreds of random ones found us wrong in, held to lavaan's numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import DataError
from servicefx.moments.moments import Moments

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
EXPECTED: dict[str, Any] = json.loads((GOLDEN / "strange_models/expected.json").read_text(encoding="utf-8"))
FILES = {
    "holzinger": "sem/data/holzinger.csv",
    "outlets": "robust/data.csv",
    "growth": "sem/data/growth.csv",
    "answers": "strange_models/answers.csv",
}
CASES = [name for name in EXPECTED if name != "near_copy"]
SCORED = [name for name in CASES if "scores" in EXPECTED[name]]
MODIFIED = [name for name in CASES if "modification" in EXPECTED[name]]
MEASURES = {
    "chisq": "chi2", "df": "df", "npar": "n_free", "baseline.chisq": "chi2_baseline",
    "baseline.df": "df_baseline",
    "chisq.scaling.factor": "scaling_factor", "baseline.chisq.scaling.factor": "scaling_factor_baseline",
    "cfi": "cfi", "tli": "tli", "cfi.scaled": "cfi_scaled", "tli.robust": "tli_robust", "rmsea": "rmsea",
    "rmsea.robust": "rmsea_robust", "srmr": "srmr", "logl": "logl", "aic": "aic", "bic": "bic",
}  # fmt: skip
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"


def rows(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / FILES[EXPECTED[name]["data"]])


def fitted(name: str) -> Any:
    told = EXPECTED[name]
    return sem.fit(told["model"], rows(name), **told["arguments"])


def keys(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """What a row is about: a covariance is the same either way round."""
    ends = frame[["lhs", "rhs"]].fillna("").astype(str).to_numpy()
    return [
        (group, *(sorted(pair) if op == "~~" else pair), op)
        for group, op, pair in zip(frame["group"].astype(str), frame["op"], ends, strict=True)
    ]


@pytest.mark.parametrize("name", CASES)
def test_estimates_and_errors_are_lavaans(name: str) -> None:
    fit = fitted(name)
    told = pd.DataFrame(EXPECTED[name]["parameters"])
    ours = fit.parameters.set_index(pd.Index(keys(fit.parameters), tupleize_cols=False))
    ours = ours.loc[pd.Index(keys(told), tupleize_cols=False)]
    assert ours["free"].astype(bool).tolist() == (told["free"] == 1).tolist()
    np.testing.assert_allclose(ours["estimate"], told["est"].astype(float), rtol=1e-6, atol=1e-7)
    free = (told["free"] == 1).to_numpy()
    np.testing.assert_allclose(ours["std_error"][free], told["se"].astype(float)[free], rtol=1e-5)
    known = (told["std.all"].notna() & (told["op"] != "~*~")).to_numpy()
    np.testing.assert_allclose(
        ours["std_all"][known], told["std.all"].astype(float)[known], rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("name", CASES)
def test_measures_are_lavaans(name: str) -> None:
    ours, told = fitted(name).measures, EXPECTED[name]["measures"]
    compared = {lavaans: our for lavaans, our in MEASURES.items() if told.get(lavaans) is not None}
    assert len(compared) >= 9
    for lavaans, our in compared.items():
        # lavaan's own baseline models are not at their minimum to more digits
        relative = 1e-5 if "scal" in our or "robust" in our else 1e-6
        assert ours[our] == pytest.approx(told[lavaans], rel=relative, abs=1e-6), our


def test_standardised_residuals_know_that_means_inform_loadings_too() -> None:
    ours = fitted("free_times").residuals("standardised").to_numpy()
    np.testing.assert_allclose(ours, EXPECTED["free_times"]["residuals"], rtol=1e-5)


@pytest.mark.parametrize("method", ["regression", "bartlett"])
@pytest.mark.parametrize("name", SCORED)
def test_factor_scores_are_lavaans(name: str, method: str) -> None:
    """Covariates that act on constructs and items, with and without modelled means."""
    told = pd.DataFrame(EXPECTED[name]["scores"][method])
    ours = sem.factor_scores(fitted(name), rows(name), method).head(5)
    if name == "second_order" and method == "bartlett":
        # lavaan prints 0 for what has no items of its own: nothing determines an unbiased score
        assert ours["g"].isna().all()
        told = told.drop(columns="g")
    np.testing.assert_allclose(ours[told.columns], told, rtol=1e-5, atol=1e-6)


def test_bartlett_scores_undo_the_errors_of_items_that_have_none() -> None:
    """A change score is measured without error: q - p itself. lavaan 0.6-14 gives something else."""
    generator = np.random.default_rng(5)
    p = generator.normal(3, 1, 200)
    data = pd.DataFrame({"p": p, "q": p + 0.5 - 0.2 * (p - 3) + generator.normal(0, 0.6, 200)})
    fit = sem.fit("q ~ 1*p\nd =~ 1*q\nq ~~ 0*q\nq ~ 0*1\nd ~ 1\np ~ 1\nd ~~ d\np ~~ p\nd ~ p", data)
    for method in ("regression", "bartlett"):
        np.testing.assert_allclose(
            sem.factor_scores(fit, data, method)["d"], data["q"] - data["p"], atol=1e-9
        )


@pytest.mark.parametrize("name", MODIFIED)
def test_modification_indices_are_lavaans(name: str) -> None:
    """Paths among them. Least squares: lavaan 0.6-14 multiplies index and change by (n - 1) / n."""
    fit = fitted(name)
    told = pd.DataFrame(EXPECTED[name]["modification"]).assign(group="")
    told = told[told["mi"].notna() & ~told["lhs"].isin(fit.model.covariates)]
    ours = fit.modification_indices()
    ours = ours.set_index(pd.Index(keys(ours), tupleize_cols=False)).loc[
        pd.Index(keys(told), tupleize_cols=False)
    ]
    scale = 1.0 if fit.estimator == "ml" else fit.n_obs / (fit.n_obs - 1)
    assert len(told) >= 8
    np.testing.assert_allclose(ours["index"], told["mi"] * scale, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours["expected_change"], told["epc"] * scale, rtol=1e-5, atol=1e-6)


def test_an_index_is_about_what_chi2_falls_by() -> None:
    """Up to the quadratic approximation."""
    fit = fitted("chain")
    best = fit.modification_indices().iloc[0]
    freed = sem.fit(f"{EXPECTED['chain']['model']}\n{best['lhs']} {best['op']} {best['rhs']}", rows("chain"))
    fall = fit.measures["chi2"] - freed.measures["chi2"]
    assert best["index"] == pytest.approx(fall, rel=0.2)


def test_near_copies_are_fitted_to_the_last_digit_that_rounding_leaves() -> None:
    """x2 is x1 and noise of a hundredth of its spread; lavaan converges by its own rule."""
    told = EXPECTED["near_copy"]
    names = [f"x{i}" for i in range(1, 7)]
    cov = pd.DataFrame(told["cov"], index=names, columns=names)
    fit = sem.fit(THREE, Moments.from_covariance(cov, 301))
    assert fit.measures["chi2"] == pytest.approx(told["chi2"], abs=1e-5)
    np.testing.assert_allclose(fit.theta[:4], told["loadings"], rtol=1e-5)


@pytest.mark.parametrize("column", [[0.0, 1.0], [False, True]])
def test_scores_find_their_groups_whatever_the_columns_type(column: list[Any]) -> None:
    data = pd.read_csv(GOLDEN / FILES["holzinger"])
    data["g"] = np.array(column)[(data["school"] == "Pasteur").to_numpy().astype(int)]
    by_name = sem.factor_scores(sem.fit(THREE, data, group="school"), data)
    by_number = sem.factor_scores(sem.fit(THREE, data, group="g"), data)
    np.testing.assert_allclose(by_number, by_name, atol=1e-8)


def test_a_year_is_near_enough_to_zero_and_a_column_of_seconds_is_refused_by_name() -> None:
    data = pd.read_csv(GOLDEN / FILES["outlets"])
    model = "f =~ y1 + y2 + y3\nf ~ x1"
    plain = sem.fit(model, data, meanstructure=True)
    year = sem.fit(model, data.assign(x1=data["x1"] + 2010), meanstructure=True)
    assert year.measures["chi2"] == pytest.approx(plain.measures["chi2"], abs=1e-8)
    paths = plain.parameters["op"] != "~1"
    np.testing.assert_allclose(
        year.parameters["std_error"][paths], plain.parameters["std_error"][paths], rtol=1e-6
    )
    with pytest.raises(DataError, match=r"column 'x1': has a mean of 1e\+06, .* standard deviations from 0"):
        sem.fit(model, data.assign(x1=data["x1"] + 1e6), meanstructure=True)
    without_means = sem.fit(model, data.assign(x1=data["x1"] + 1e6))
    assert without_means.measures["chi2"] == pytest.approx(plain.measures["chi2"], abs=1e-5)


def test_means_of_constructs_follow_their_covariates_without_modelled_means() -> None:
    with_means = sem.factor_scores(fitted("direct_effects_means"), rows("direct_effects_means"))
    without = sem.factor_scores(fitted("direct_effects"), rows("direct_effects"))
    np.testing.assert_allclose(without, with_means, atol=1e-6)
    assert not math.isclose(float(without["f"].mean()), 0.0, abs_tol=1e-3)


def test_what_is_fixed_at_zero_is_zero_when_standardised_by_an_improper_variance() -> None:
    """As lavaan prints it."""
    cov = [[1, 0.5, 0.1, 0.1], [0.5, 1, 0.1, -0.2], [0.1, 0.1, 1, -0.3], [0.1, -0.2, -0.3, 1]]
    names = ["a", "b", "c", "d"]
    data = Moments.from_covariance(pd.DataFrame(cov, index=names, columns=names), 500)
    fit = sem.fit("f =~ 1*a + 1*b\ng =~ 1*c + 1*d\nf ~~ 0*g", data)
    table = fit.parameters.set_index(["lhs", "op", "rhs"])
    assert table.loc[("g", "~~", "g"), "estimate"] < 0
    assert table.loc[("f", "~~", "g"), "std_all"] == 0.0
    assert math.isnan(table.loc[("g", "=~", "c"), "std_all"])

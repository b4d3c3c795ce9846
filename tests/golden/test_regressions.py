"""Least squares, means and logits against R's lm, glm and sandwich, table by table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.discrete import fit_logit
from servicefx.engines.linear import fit_ols
from servicefx.measurement.answers import mean_of
from servicefx.models.drivers import fit_direct
from servicefx.models.loyalty import fit_repurchase
from servicefx.study.study import Study
from servicefx.values.estimates import Estimates

CLOSED_FORM = 1e-11  # least squares by QR in R, by pseudo-inverse here; condition numbers below 1e3
NEWTON = 5e-8  # R's errors stand on the weights of its last but one step, ours on those of the last
TAIL = 1e-5  # of log p: at |z| = 26 a relative error e of the statistic moves it by 676 e
NUMBERS = ["estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high"]
TERMS = ["x1", "x2", "x3"]


def check(fit: Estimates, expected: pd.DataFrame, tolerance: float) -> None:
    """Every column of every row, within a share of the larger of the figure and its standard error."""
    ours = fit.table().set_index("term")[NUMBERS].astype(float)
    theirs = expected.set_index("term").loc[list(ours.index), NUMBERS].astype(float)
    assert len(ours) == len(expected)
    scale = np.maximum(theirs.abs(), theirs[["std_error"]].to_numpy())
    assert ours["df"].tolist() == theirs["df"].tolist()
    apart = ((ours - theirs).abs() / scale).drop(columns=["df", "p_value"])
    assert apart.to_numpy().max() < tolerance, apart
    assert np.log(ours["p_value"]).to_numpy() == pytest.approx(np.log(theirs["p_value"]), abs=TAIL)


def rows_of(golden: Callable[[str], pd.DataFrame], case: str, covariance: str) -> pd.DataFrame:
    rows = golden("regressions/expected.csv")
    return rows[(rows["case"] == case) & (rows["covariance"] == covariance)]


def fit_row(golden: Callable[[str], pd.DataFrame], case: str) -> pd.Series:
    return golden("regressions/expected_fit.csv").set_index("case").loc[case]


@pytest.mark.parametrize(
    ("case", "covariance"),
    [("made", kind) for kind in ("classical", "hc1", "hc3", "cluster")]
    + [("made, weighted", kind) for kind in ("hc1", "hc3", "cluster")],
)
def test_least_squares_table_is_that_of_lm_and_sandwich(
    case: str, covariance: str, golden: Callable[[str], pd.DataFrame]
) -> None:
    data = golden("regressions/data.csv")
    fit = fit_ols(
        data,
        "y",
        TERMS,
        covariance=covariance,  # type: ignore[arg-type]
        clusters=data["cluster"] if covariance == "cluster" else None,
        weights=data["weight"] if "weighted" in case else None,
    )
    check(fit, rows_of(golden, case, covariance), CLOSED_FORM)
    row = fit_row(golden, case)
    assert fit.n_obs == row["n_obs"]
    assert fit.fit_measures == {
        "r_squared": pytest.approx(row["r_squared"], rel=CLOSED_FORM),
        "r_squared_adjusted": pytest.approx(row["r_squared_adjusted"], rel=CLOSED_FORM),
    }


def test_drivers_of_the_simulated_study_are_those_of_lm_from_its_raw_items(
    after_sales: Study, golden: Callable[[str], pd.DataFrame]
) -> None:
    terms = ["reliability", "responsiveness", "assurance", "empathy", "tangibles", "response_time"]
    fit = fit_direct(after_sales, "satisfaction", terms, data="customers")
    assert fit.clustered is not None
    check(fit.robust, rows_of(golden, "after_sales", "hc3"), CLOSED_FORM)
    check(fit.clustered, rows_of(golden, "after_sales", "cluster"), CLOSED_FORM)
    assert fit.clustered.covariance_kind == "cluster: firm_id (40)"
    assert fit.clustered.n_obs == fit_row(golden, "after_sales")["n_obs"]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("clustered", [False, True])
def test_mean_is_a_regression_on_the_constant(
    weighted: bool, clustered: bool, golden: Callable[[str], pd.DataFrame]
) -> None:
    data = golden("regressions/data.csv")
    answer = mean_of(
        data["y"],
        weights=data["weight"] if weighted else None,
        clusters=data["cluster"] if clustered else None,
    )
    case = "mean, weighted" if weighted else "mean"
    row = rows_of(golden, case, "cluster" if clustered else "hc1").iloc[0]
    ours = (answer.estimate, answer.std_error, answer.conf_low, answer.conf_high)
    assert ours == pytest.approx(
        tuple(row[["estimate", "std_error", "conf_low", "conf_high"]]), rel=CLOSED_FORM
    )


@pytest.mark.parametrize("covariance", ["hc0", "cluster"])
def test_logit_table_is_that_of_glm_and_sandwich(
    covariance: str, golden: Callable[[str], pd.DataFrame]
) -> None:
    data = golden("regressions/data.csv")
    clusters = data["cluster"] if covariance == "cluster" else None
    fit = fit_logit(data, "answer", TERMS, clusters=clusters)
    check(fit, rows_of(golden, "logit, made", covariance), NEWTON)
    row = fit_row(golden, "logit, made")
    assert fit.fit_measures == {
        "logl": pytest.approx(row["logl"], rel=CLOSED_FORM),
        "pseudo_r_squared": pytest.approx(row["pseudo_r_squared"], rel=NEWTON),
    }


def test_repurchase_logit_and_its_mean_changes_are_those_of_glm(
    after_sales: Study, golden: Callable[[str], pd.DataFrame]
) -> None:
    fit = fit_repurchase(after_sales, "repurchase", ["loyalty", "satisfaction"])
    check(fit.estimates, rows_of(golden, "logit, after_sales", "cluster"), NEWTON)
    one = np.ones(len(fit.draws))
    for row in rows_of(golden, "logit, after_sales", "mean change").itertuples():
        estimate, draws = fit.change({row.term: (1.0, one)})
        assert estimate == pytest.approx(row.estimate, rel=NEWTON)
        assert abs(draws.mean() - estimate) < 5 * draws.std() / np.sqrt(len(draws)) + 0.05 * draws.std()

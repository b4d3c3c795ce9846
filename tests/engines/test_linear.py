from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.linear import fit_ols
from servicefx.errors import DataError, IdentificationError


@pytest.fixture
def data(rng: np.random.Generator) -> pd.DataFrame:
    frame = pd.DataFrame(rng.standard_normal((60, 2)), columns=["等待 时间", "x"])
    return frame.assign(y=0.5 * frame["x"] + rng.standard_normal(60), outlet=np.arange(60) % 12)


def test_constant_is_last_and_names_with_spaces_and_chinese_pass(data: pd.DataFrame) -> None:
    fit = fit_ols(data, "y", ["等待 时间", "x"])
    assert fit.terms == ("等待 时间", "x", "constant")
    assert (fit.covariance_kind, fit.df, fit.n_obs, fit.estimator) == ("hc3", 57, 60, "OLS")


def test_clustered_fit_says_how_many_clusters_and_takes_their_degrees_of_freedom(data: pd.DataFrame) -> None:
    fit = fit_ols(data, "y", ["x"], covariance="cluster", clusters=data["outlet"])
    assert (fit.covariance_kind, fit.df) == ("cluster: outlet (12)", 11)


def test_every_row_its_own_cluster_is_hc1(data: pd.DataFrame) -> None:
    alone = fit_ols(data, "y", ["x"], covariance="cluster", clusters=pd.Series(range(60), name="row"))
    assert alone.covariance == pytest.approx(fit_ols(data, "y", ["x"], covariance="hc1").covariance)


def test_hc3_by_hand(data: pd.DataFrame) -> None:
    x = np.column_stack([data["x"], np.ones(60)])
    bread = np.linalg.inv(x.T @ x)
    residual = data["y"] - x @ bread @ x.T @ data["y"]
    leverage = np.einsum("ij,jk,ik->i", x, bread, x)
    meat = (x.T * (residual / (1 - leverage)).to_numpy() ** 2) @ x
    assert fit_ols(data, "y", ["x"]).covariance == pytest.approx(bread @ meat @ bread, rel=1e-10)


def test_weighted_fit_with_classical_errors_is_refused_by_name(data: pd.DataFrame) -> None:
    message = (
        "regression of 'y': survey weights 'gewicht' with classical errors, which treat them as precisions\n"
        "    Ask for covariance='hc3', 'hc1' or 'cluster'."
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        fit_ols(data, "y", ["x"], covariance="classical", weights=pd.Series(1.0, range(60), name="gewicht"))


def test_clustered_errors_without_clusters_are_refused(data: pd.DataFrame) -> None:
    with pytest.raises(
        DataError, match=r"^regression of 'y': clustered errors without clusters\n    Give clusters=\.$"
    ):
        fit_ols(data, "y", ["x"], covariance="cluster")


def test_hc3_refuses_a_row_that_decides_a_coefficient_alone(data: pd.DataFrame) -> None:
    only = data.assign(only=(data.index == 7).astype(float))
    message = (
        "regression of 'y': row 8 of those used decides a coefficient alone, which leaves no error to "
        "estimate\n    Remove the term that only this row answers differently, or add rows."
    )
    with pytest.raises(IdentificationError, match=f"^{re.escape(message)}$"):
        fit_ols(only, "y", ["x", "only"])
    assert np.isfinite(fit_ols(only, "y", ["x", "only"], covariance="hc1").std_errors).all()


def test_weights_of_zero_are_refused(data: pd.DataFrame) -> None:
    weights = pd.Series(1.0, range(60), name="w")
    weights.iloc[3] = 0.0
    with pytest.raises(DataError, match="weights 'w': 1 of 60 weights are missing or not above 0"):
        fit_ols(data, "y", ["x"], weights=weights)

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from servicefx.engines.discrete import fit_logit, logit_draws
from servicefx.errors import DataError, IdentificationError

SEPARATED = (
    "logit of 'buys': the terms separate the two answers perfectly\n"
    "    Remove the term that does, or add rows."
)


@pytest.fixture
def data(rng: np.random.Generator) -> pd.DataFrame:
    x = rng.standard_normal(300)
    buys = (rng.random(300) < expit(0.3 + 0.8 * x)).astype(float)
    return pd.DataFrame({"buys": buys, "x": x, "outlet": np.arange(300) % 30})


def test_fit_stands_at_the_maximum_of_the_likelihood(data: pd.DataFrame) -> None:
    fit = fit_logit(data, "buys", ["x"])
    x = np.column_stack([data["x"], np.ones(300)])
    assert x.T @ (data["buys"] - expit(x @ fit.coefficients)) == pytest.approx([0, 0], abs=1e-8)
    assert (fit.df, fit.covariance_kind, fit.terms) == (float("inf"), "hc0", ("x", "constant"))


def test_clustered_covariance_carries_the_factor_of_maximum_likelihood(data: pd.DataFrame) -> None:
    fit = fit_logit(data, "buys", ["x"], clusters=data["outlet"])
    x = np.column_stack([data["x"], np.ones(300)])
    share = expit(x @ fit.coefficients)
    bread = np.linalg.inv((x.T * (share * (1 - share))) @ x)
    scores = pd.DataFrame(x * (data["buys"].to_numpy() - share)[:, None]).groupby(data["outlet"]).sum()
    by_hand = bread @ scores.T.to_numpy() @ scores.to_numpy() @ bread * 30 / 29
    assert fit.covariance == pytest.approx(by_hand, rel=1e-7)
    assert fit.covariance_kind == "cluster: outlet (30)"


def test_perfect_separation_is_refused(data: pd.DataFrame) -> None:
    with pytest.raises(IdentificationError, match=f"^{re.escape(SEPARATED)}$"):
        fit_logit(data.assign(buys=(data["x"] > 0.2).astype(float)), "buys", ["x"])


@pytest.mark.parametrize("rows", [2, 20, 100])
def test_quasi_separation_is_refused_by_the_name_of_the_term(data: pd.DataFrame, rows: int) -> None:
    member = (data.index < rows).astype(float)
    frame = data.assign(member=member, buys=data["buys"].where(member == 0, 1.0))
    message = (
        "logit of 'buys': all rows that 'member' singles out give the same answer, so its coefficient has no "
        "finite value\n    Remove the term, or merge its rare answers."
    )
    with pytest.raises(IdentificationError, match=f"^{re.escape(message)}$"):
        fit_logit(frame, "buys", ["x", "member"])


def test_an_outcome_of_other_values_is_refused_with_those_values(data: pd.DataFrame) -> None:
    message = "logit of 'buys': values other than 0 and 1: 2, 7\n    Recode the outcome to 0 and 1."
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        fit_logit(data.assign(buys=np.resize([0.0, 1.0, 7.0, 2.0], 300)), "buys", ["x"])


def test_an_outcome_everybody_shares_is_refused(data: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'buys' has the same value in all 300 rows used"):
        fit_logit(data.assign(buys=1.0), "buys", ["x"])


def test_one_cluster_is_refused(data: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="clusters 'outlet': one cluster only"):
        fit_logit(data, "buys", ["x"], clusters=data["outlet"] * 0)


def test_draws_are_the_fits_of_the_repeated_rows(data: pd.DataFrame, rng: np.random.Generator) -> None:
    counts = rng.multinomial(300, np.full(300, 1 / 300), size=3).astype(np.float32)
    x = np.column_stack([data["x"], np.ones(300)])
    start = fit_logit(data, "buys", ["x"]).coefficients
    draws = logit_draws(data["buys"].to_numpy(copy=True), x, counts, start)
    for row, count in zip(draws, counts, strict=True):
        repeated = data.loc[np.repeat(data.index, count.astype(int))].reset_index(drop=True)
        assert row == pytest.approx(fit_logit(repeated, "buys", ["x"]).coefficients, abs=1e-7)


def test_draws_without_a_maximum_are_missing_and_leave_the_others_alone() -> None:
    x = np.column_stack([[-2.0, -1.0, 1.0, 2.0, -0.5, 0.5], np.ones(6)])
    y = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    separated, fine, one_answer = [2, 1, 2, 1, 0, 0], [1, 1, 1, 1, 1, 1], [3, 3, 0, 0, 0, 0]
    counts = np.array([separated, fine, one_answer], dtype=np.float32)
    start = fit_logit(pd.DataFrame({"y": y, "x": x[:, 0]}), "y", ["x"]).coefficients
    draws = logit_draws(y, x, counts, start)
    assert np.isnan(draws[[0, 2]]).all()
    assert draws[1] == pytest.approx(start, abs=1e-8)

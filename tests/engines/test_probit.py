"""Probit: against statsmodels, on resamples, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from servicefx.engines.probit import fit_probit, probit_draws
from servicefx.errors import DataError, IdentificationError


@pytest.fixture
def frame(rng: np.random.Generator) -> pd.DataFrame:
    data = pd.DataFrame(rng.standard_normal((400, 2)) * [1.0, 30.0] + [0.0, 200.0], columns=["a", "b"])
    data["y"] = (0.5 * data["a"] + 0.01 * data["b"] - 2 + rng.standard_normal(400) > 0).astype(float)
    return data.assign(group=np.arange(400) % 25)


@pytest.mark.parametrize("clustered", [False, True])
def test_it_is_statsmodels_probit(frame: pd.DataFrame, clustered: bool) -> None:
    ours = fit_probit(frame, "y", ["a", "b"], clusters=frame["group"] if clustered else None)
    x = np.column_stack([frame[["a", "b"]], np.ones(400)])
    options = {"cov_type": "HC0"}
    if clustered:
        options = {
            "cov_type": "cluster",
            "cov_kwds": {"groups": frame["group"].to_numpy(), "use_correction": False},
        }
    theirs = sm.Probit(frame["y"].to_numpy(), x).fit(disp=False, tol=1e-12, **options)
    factor = 25 / 24 if clustered else 1.0
    assert ours.coefficients == pytest.approx(theirs.params, rel=1e-8)
    assert ours.covariance == pytest.approx(factor * np.asarray(theirs.cov_params()), rel=1e-6, abs=1e-12)
    assert ours.fit_measures["logl"] == pytest.approx(theirs.llf, rel=1e-10)


def test_draws_are_fits_of_the_resamples(frame: pd.DataFrame, rng: np.random.Generator) -> None:
    fit = fit_probit(frame, "y", ["a", "b"])
    counts = np.array(
        [np.bincount(rng.integers(0, 400, 400), minlength=400) for _ in range(130)], dtype=np.float32
    )
    x = np.column_stack([frame[["a", "b"]], np.ones(400)])
    draws = probit_draws(frame["y"].to_numpy(), x, counts, fit.coefficients)
    for place in (0, 129):
        rows = np.repeat(np.arange(400), counts[place].astype(int))
        again = fit_probit(frame.iloc[rows].reset_index(drop=True), "y", ["a", "b"])
        assert draws[place] == pytest.approx(again.coefficients, rel=1e-7)


def test_a_resample_of_one_answer_has_no_draw(frame: pd.DataFrame) -> None:
    y = frame["y"].to_numpy()
    x = np.column_stack([frame["a"], np.ones(400)])
    counts = np.stack([np.ones(400), (y == 1).astype(float)]).astype(np.float32)
    draws = probit_draws(y, x, counts, np.zeros(2))
    assert np.isnan(draws).any(axis=1).tolist() == [False, True]


def test_other_values_and_perfect_separation_are_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="values other than 0 and 1: 2"):
        fit_probit(frame.assign(y=frame["y"] * 2), "y", ["a"])
    with pytest.raises(IdentificationError, match="the terms separate the two answers perfectly"):
        fit_probit(frame.assign(y=(frame["a"] > 0).astype(float)), "y", ["a", "b"])

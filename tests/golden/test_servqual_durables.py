"""Alphas and regression of the SERVQUAL durables survey, as listed with the shared data (four decimals)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from servicefx.engines.linear import fit_ols
from servicefx.measurement.reliability import reliability_of

PRINTED = 5.1e-5  # four decimals
ITEMS = {
    "tangibles": range(1, 5),
    "reliability": range(5, 10),
    "responsiveness": range(10, 14),
    "assurance": range(14, 18),
    "empathy": range(18, 23),
}
ALPHA = dict(zip(ITEMS, [0.8162, 0.8737, 0.8533, 0.9195, 0.9050], strict=True))
ESTIMATE = dict(zip(ITEMS, [0.2252, 0.2217, 0.2046, 0.0624, 0.2700], strict=True))
STD_ERROR = dict(zip(ITEMS, [0.0365, 0.0420, 0.0506, 0.0503, 0.0460], strict=True))


@pytest.fixture
def answers(shared_data: Path) -> pd.DataFrame:
    return pd.read_csv(shared_data / "servqual_durables" / "servqual_durables.csv")


def columns(dimension: str) -> list[str]:
    return [f"a{number:02d}" for number in ITEMS[dimension]]


@pytest.mark.external
def test_alphas_are_the_listed_ones(answers: pd.DataFrame) -> None:
    ours = {name: reliability_of(answers[columns(name)], name).alpha for name in ITEMS}
    assert ours == pytest.approx(ALPHA, abs=PRINTED)


@pytest.mark.external
def test_satisfaction_on_the_five_means_is_the_listed_regression(answers: pd.DataFrame) -> None:
    means = pd.DataFrame({name: answers[columns(name)].mean(axis=1) for name in ITEMS})
    fit = fit_ols(means.assign(sat=answers["sat"]), "sat", list(ITEMS), covariance="classical")
    table = fit.table().set_index("term")
    assert table["estimate"].drop("constant").to_dict() == pytest.approx(ESTIMATE, abs=PRINTED)
    assert table["std_error"].drop("constant").to_dict() == pytest.approx(STD_ERROR, abs=PRINTED)
    assert table.loc["constant", "estimate"] == pytest.approx(4.176, abs=5.1e-4)
    assert fit.fit_measures["r_squared"] == pytest.approx(0.7695, abs=PRINTED)
    assert fit.n_obs == 411

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import StudyError
from servicefx.sem.invariance import invariance_fits

MODEL = "f =~ x1 + x2 + x3 + x4"


def rows(shift: float = 0.0, n: int = 400) -> pd.DataFrame:
    """Two cities; in the second one item lies off by ``shift``, and the construct's mean is higher."""
    rng = np.random.default_rng(12)
    city = np.arange(n) % 2
    f = rng.normal(size=n) + 0.4 * city
    values = np.outer(f, [1, 0.8, 0.9, 0.7]) + 0.7 * rng.normal(size=(n, 4))
    values[:, 2] += shift * city
    return pd.DataFrame(values, columns=["x1", "x2", "x3", "x4"]).assign(city=np.where(city, "B", "A"))


def test_the_ladder_and_its_differences() -> None:
    table = sem.invariance(MODEL, rows(), group="city")
    assert list(table["level"]) == ["configural", "metric", "scalar", "strict", "means"]
    assert list(table["df"]) == [4, 7, 10, 14, 15]
    assert list(table["df_diff"][1:]) == [3, 3, 4, 1]
    np.testing.assert_allclose(table["chi2_diff"][1:], np.diff(table["chi2"]), rtol=1e-8)
    np.testing.assert_allclose(table["delta_cfi"][1:], np.diff(table["cfi"]), atol=1e-12)
    np.testing.assert_allclose(table["delta_rmsea"][1:], np.diff(table["rmsea"]), atol=1e-12)
    assert table[["delta_cfi", "delta_rmsea", "chi2_diff", "df_diff", "p_value"]].iloc[0].isna().all()
    fine, means = table["p_value"][1:4], table["p_value"][4]
    assert (fine > 0.01).all()
    assert means < 0.01


def test_an_item_that_is_off_in_one_group_breaks_the_scalar_level() -> None:
    table = sem.invariance(MODEL, rows(shift=0.6), group="city").set_index("level")
    assert table.loc["metric", "p_value"] > 0.01
    assert table.loc["scalar", "p_value"] < 1e-6
    assert table.loc["scalar", "delta_cfi"] < -0.01
    partial = sem.invariance(f"{MODEL}\nx3 ~ c(a, b)*1", rows(shift=0.6), group="city").set_index("level")
    assert partial.loc["scalar", "p_value"] > 0.01
    assert partial.loc["scalar", "df_diff"] == 2


def test_robust_levels_are_compared_by_scaled_differences() -> None:
    table = sem.invariance(MODEL, rows(), group="city", estimator="mlr", levels=["configural", "metric"])
    fits = invariance_fits(MODEL, rows(), group="city", estimator="mlr", levels=["configural", "metric"])
    assert table["chi2"].iloc[1] == pytest.approx(fits["metric"].measures["chi2_scaled"])
    expected = sem.compare(*fits.values())["chi2_diff"].iloc[1]
    assert table["chi2_diff"].iloc[1] == pytest.approx(expected)


def test_the_mean_of_the_construct_is_the_difference_of_the_groups() -> None:
    fit = invariance_fits(MODEL, rows(), group="city", levels=["scalar"])["scalar"]
    row = fit.parameters.query("lhs == 'f' and op == '~1'").set_index("group")
    assert row.loc["A", "estimate"] == 0.0
    assert row.loc["B", "estimate"] == pytest.approx(0.4, abs=3 * row.loc["B", "std_error"])


def test_wrong_ladders_are_refused() -> None:
    with pytest.raises(StudyError, match="'weak' is not known"):
        sem.invariance(MODEL, rows(), group="city", levels=["weak"])
    with pytest.raises(StudyError, match="no grouping column is named"):
        sem.invariance(MODEL, rows())
    with pytest.raises(StudyError, match=r"holds one value|there is one group"):
        sem.invariance(MODEL, rows().assign(city="A"), group="city")
    with pytest.raises(StudyError, match="holds one value"):
        sem.invariance(MODEL, rows().assign(city="A"), group="city", levels=["configural"])

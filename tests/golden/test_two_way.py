"""Panel regressions against R's plm (and lm with dummies, weighted), and against printed figures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.panel import fit_two_way
from servicefx.models.over_time import fit_over_time
from servicefx.study.study import Study
from servicefx.values.estimates import Estimates

CLOSED_FORM = 1e-11  # plm sweeps by iterated or projected means, linearmodels by another order of operations
TAIL = 1e-8  # p-values of |t| near 50 magnify a relative error of the statistic
NUMBERS = ["estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high"]


def check(fit: Estimates, golden: Callable[[str], pd.DataFrame], case: str) -> None:
    expected = golden("two_way/expected.csv").query("case == @case")
    ours, theirs = fit.table()[NUMBERS].astype(float), expected[NUMBERS].reset_index(drop=True).astype(float)
    tail = ["p_value"]
    pd.testing.assert_frame_equal(ours.drop(columns=tail), theirs.drop(columns=tail), rtol=CLOSED_FORM)
    pd.testing.assert_frame_equal(ours[tail], theirs[tail], rtol=TAIL, atol=0.0)
    row = golden("two_way/expected_fit.csv").set_index("case").loc[case]
    assert fit.n_obs == row["n_obs"]
    assert dict(fit.fit_measures) == pytest.approx(
        row[["n_units", "n_periods", "r_squared_within"]].to_dict(), rel=CLOSED_FORM
    )


@pytest.fixture(scope="module")
def grunfeld() -> pd.DataFrame:
    """Ten firms over 1935-1954, in the copy statsmodels ships as public domain (its eleventh left out)."""
    from statsmodels.datasets import grunfeld as source

    frame = source.load_pandas().data
    return frame[frame["firm"] != "American Steel"].reset_index(drop=True)


def unbalanced(grunfeld: pd.DataFrame) -> pd.DataFrame:
    kept = (grunfeld["year"] + grunfeld["capital"].round()) % 7 != 0
    return grunfeld[kept].reset_index(drop=True)


def fit_grunfeld(frame: pd.DataFrame, weights: pd.Series | None = None) -> Estimates:
    return fit_two_way(frame, "invest", ["value", "capital"], unit="firm", period="year", weights=weights)


def test_grunfeld_is_that_of_plm_with_the_stated_factor(
    grunfeld: pd.DataFrame, golden: Callable[[str], pd.DataFrame]
) -> None:
    check(fit_grunfeld(grunfeld), golden, "Grunfeld")


def test_grunfeld_two_way_coefficients_are_the_printed_ones(grunfeld: pd.DataFrame) -> None:
    # Baltagi (2013), Econometric Analysis of Panel Data, 5th ed., as listed with the shared data
    assert fit_grunfeld(grunfeld).coefficients == pytest.approx([0.1177159, 0.3579163], abs=5e-8)


def test_unbalanced_panel_is_that_of_plm(
    grunfeld: pd.DataFrame, golden: Callable[[str], pd.DataFrame]
) -> None:
    check(fit_grunfeld(unbalanced(grunfeld)), golden, "Grunfeld, unbalanced")


def test_weighted_unbalanced_panel_is_that_of_lm_with_dummies(
    grunfeld: pd.DataFrame, golden: Callable[[str], pd.DataFrame]
) -> None:
    frame = unbalanced(grunfeld)
    weights = (1 + frame["year"] % 3 + frame["value"] / 1000).rename("w")
    check(fit_grunfeld(frame, weights), golden, "Grunfeld, unbalanced, weighted")


def test_firms_of_the_simulated_study_are_those_of_plm(
    after_sales: Study, golden: Callable[[str], pd.DataFrame]
) -> None:
    fit = fit_over_time(after_sales, "market_share", data="firms")
    assert fit.terms == ("relative_service",)
    check(fit, golden, "after_sales, market share")


def test_lagged_term_is_the_one_plm_makes(after_sales: Study, golden: Callable[[str], pd.DataFrame]) -> None:
    fit = fit_over_time(after_sales, "satisfaction", data="firms")
    assert fit.terms == ("service_spending (lag 1)",)
    assert fit.dropped == {"service_spending (lag 1) missing": 40}
    check(fit, golden, "after_sales, lag")


def log(column: pd.Series) -> pd.Series:
    """Logarithm, missing where nothing was reported (zeros)."""
    return np.log(column.where(column > 0))


@pytest.fixture
def airlines(shared_data: object) -> pd.DataFrame:
    return pd.read_csv(f"{shared_data}/us_airlines/us_airlines_quarterly.csv")


@pytest.mark.external
def test_airline_complaints_are_the_listed_two_way_figures(airlines: pd.DataFrame) -> None:
    columns = {
        "complaints": log(airlines["totalcomplaint"]),
        "mishandled": log(airlines["pper1000"]),
        "carrier_delay": log(airlines["aircarrierdelay"]),
        "passengers": log(airlines["revpaxenplaned"]),
        "load_factor": log(airlines["lfp"]),
    }
    frame = pd.DataFrame(columns | {"airline": airlines["airline"], "quarter": airlines["yearq"]}).dropna()
    fit = fit_two_way(frame, "complaints", list(columns)[1:], unit="airline", period="quarter")
    assert fit.n_obs == 964
    # printed with three decimals
    assert fit.coefficients == pytest.approx([0.420, 0.547, 0.631, 1.469], abs=5.1e-4)
    assert fit.std_errors == pytest.approx([0.207, 0.091, 0.180, 0.742], abs=5.1e-4)


@pytest.mark.external
def test_airline_margins_show_no_link_to_service_within_carriers(airlines: pd.DataFrame) -> None:
    columns = {
        "margin": airlines["op_profit_loss"] / airlines["op_revenues"].where(airlines["op_revenues"] > 0),
        "complaints": log(airlines["totalcomplaint"]),
        "mishandled": log(airlines["pper1000"]),
        "on_time": log(airlines["ontime"] / airlines["totalrecords"]),
    }
    frame = pd.DataFrame(columns | {"airline": airlines["airline"], "quarter": airlines["yearq"]}).dropna()
    table = fit_two_way(frame, "margin", list(columns)[1:], unit="airline", period="quarter").table()
    assert ((table["conf_low"] < 0) & (table["conf_high"] > 0)).all()

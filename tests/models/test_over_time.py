from __future__ import annotations

import re
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.models.over_time import fit_over_time, panel_files, period_numbers

PERIODS = {
    "whole numbers with a hole": ([1, 2, 10, 24], [0, 1, 9, 23]),
    "numbers read as text": (["1", "2", "10", "9"], [0, 1, 9, 8]),
    "years as numbers with a decimal point": ([2019.0, 2020.0, 2022.0], [0, 1, 3]),
    "a survey every second year": ([2010, 2012, 2016], [0, 1, 3]),
    "year and month in one number": ([202411, 202412, 202501], [0, 1, 2]),
    "year and quarter in one number": ([20041, 20044, 20051], [0, 3, 4]),
    "quarters": (["2024Q3", "2024 Q4", "2025-Q2"], [0, 1, 3]),
    "halves": (["2019H1", "2019h2", "2020H2"], [0, 1, 3]),
    "months": (["2024-12", "2025-01", "2025-03"], [0, 1, 3]),
    "quarterly dates": (["2024-01-01", "2024-04-01", "2025-01-01"], [0, 1, 4]),
    "one period": ([2019, 2019], [0, 0]),
}


@pytest.mark.parametrize("case", PERIODS)
def test_periods_are_counted_in_steps_with_holes_kept(case: str) -> None:
    periods, numbers = PERIODS[case]
    assert period_numbers(pd.Series(periods)).tolist() == numbers


@pytest.mark.parametrize(
    "periods",
    [["Week 2", "Week 10"], ["Q1 2024", "Q2 2024"], ["2024Q5", "2024Q1"], ["2024-01-01", "2024-01-08"]],
)
def test_texts_that_do_not_say_their_order_are_refused(periods: list[str]) -> None:
    message = (
        f"column 'wave': periods such as '{periods[0]}', '{periods[1]}' do not say which comes before which, "
        "but a path has a lag\n    Number the periods 1, 2, 3 …, or write them as 2025, 2025Q1 or 2025-01."
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        period_numbers(pd.Series(periods, name="wave"))


def test_effect_within_firms_is_found(made: ModuleType) -> None:
    table = fit_over_time(made.firm_panel(), "profit", data="firms").table()
    assert table["term"].tolist() == ["satisfaction"]
    assert table["conf_low"].iloc[0] < 0.5 < table["conf_high"].iloc[0]


def lagged(made: ModuleType, frame: pd.DataFrame):  # type: ignore[no-untyped-def]
    paths = [{"from": "satisfaction", "to": "profit", "lag": lag} for lag in (0, 1)]
    return fit_over_time(made.firm_panel(frame, paths=paths), "profit", data="firms")


def test_lag_is_the_period_before_of_the_same_firm(made: ModuleType) -> None:
    fit = lagged(made, made.panel_frame())
    assert fit.terms == ("satisfaction", "satisfaction (lag 1)")
    assert fit.dropped == {"satisfaction (lag 1) missing": 30}
    assert fit.coefficients == pytest.approx([0.5, 0.3], abs=4 * fit.std_errors.max())


def test_a_period_nobody_was_seen_in_is_not_skipped_over(made: ModuleType) -> None:
    frame = made.panel_frame()
    fit = lagged(made, frame[frame["quarter"] != 4].reset_index(drop=True))
    assert fit.dropped == {"satisfaction (lag 1) missing": 60}
    assert fit.coefficients == pytest.approx([0.5, 0.3], abs=4 * fit.std_errors.max())


def test_a_quarter_one_firm_misses_costs_that_firm_the_next_one_too(made: ModuleType) -> None:
    frame = made.panel_frame()
    gone = (frame["firm"] == "F3") & (frame["quarter"] == 5)
    assert lagged(made, frame[~gone].reset_index(drop=True)).dropped == {"satisfaction (lag 1) missing": 31}


@pytest.mark.parametrize("order", ["shuffled", "by quarter"])
def test_order_of_rows_does_not_matter(made: ModuleType, order: str) -> None:
    frame = made.panel_frame()
    other = frame.sample(frac=1, random_state=3) if order == "shuffled" else frame.sort_values("quarter")
    one, two = lagged(made, frame), lagged(made, other.reset_index(drop=True))
    assert two.coefficients == pytest.approx(one.coefficients, rel=1e-10)
    assert two.covariance == pytest.approx(one.covariance, rel=1e-9)


def test_periods_past_the_ninth_follow_the_ninth(made: ModuleType) -> None:
    """As text "10" would stand between "1" and "2"."""
    frame = made.panel_frame(periods=12)
    number, text = lagged(made, frame), lagged(made, frame.assign(quarter=frame["quarter"].astype(str)))
    assert text.coefficients == pytest.approx(number.coefficients, rel=1e-12)


def test_errors_name_the_column_of_the_file(made: ModuleType) -> None:
    fit = fit_over_time(made.firm_panel(), "profit", data="firms")
    assert (fit.covariance_kind, fit.df) == ("cluster: firm (30)", 29)


def test_a_file_without_periods_is_refused(made: ModuleType) -> None:
    study = made.firm_panel(data={"firms": {"unit": "firm"}})
    assert panel_files(study) == ()
    with pytest.raises(
        DataError, match=r"^study\.toml: data\.firms: a panel needs 'unit' and 'period'\n    Name both\.$"
    ):
        fit_over_time(study, "profit", data="firms")


def test_an_outcome_without_paths_is_refused(made: ModuleType) -> None:
    message = r"^study\.toml: paths: no path leads to 'satisfaction' in data\.firms\n    Add \[\[paths\]\]\.$"
    with pytest.raises(StudyError, match=message):
        fit_over_time(made.firm_panel(), "satisfaction", data="firms")


def test_a_term_that_never_changes_in_a_firm_is_refused(made: ModuleType) -> None:
    frame = made.panel_frame()
    frame["satisfaction"] = frame.groupby("firm")["satisfaction"].transform("mean")
    with pytest.raises(
        IdentificationError, match="'satisfaction' does not vary within 'firm' once 'quarter' is held"
    ):
        fit_over_time(made.firm_panel(frame), "profit", data="firms")


def test_missing_scores_are_counted_beside_rows_alone(made: ModuleType) -> None:
    frame = made.panel_frame()
    frame.loc[(frame["firm"] == "F3") & (frame["quarter"] > 1), "profit"] = np.nan
    fit = fit_over_time(made.firm_panel(frame), "profit", data="firms")
    assert fit.dropped == {"profit missing": 7, "only row of its unit or period": 1}
    assert fit.df == 28

"""The second program agrees where it is right, and is not asked where it is not."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.engines.second_opinion import COLUMNS, second_opinion
from servicefx.moments.moments import Moments

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = [("holzinger", "cfa"), ("holzinger", "paths"), ("holzinger", "second_order")]
CASES.append(("political_democracy", "bollen"))
HOLZINGER = "visual =~ x1 + x2 + x3; textual =~ x4 + x5 + x6; speed =~ x7 + x8 + x9"
AGREEMENT = 1e-5  # seen are 5e-7 at most; 1e-4 is what is promised


def data(case: str = "holzinger") -> pd.DataFrame:
    return pd.read_csv(GOLDEN / case / "data.csv")


@pytest.mark.parametrize("units", [1.0, 1000.0])
@pytest.mark.parametrize(("case", "model"), CASES)
def test_two_programs_agree_whatever_the_units(case: str, model: str, units: float) -> None:
    frame = data(case)
    frame[frame.columns[-1]] *= units  # no value is fixed in its units
    fit = sem.fit((GOLDEN / case / f"{model}.lav").read_text(), frame, estimator="mlr")
    opinion = second_opinion(fit)
    assert opinion.available, opinion.reason
    assert opinion.largest_difference < AGREEMENT
    assert tuple(opinion.table.columns) == COLUMNS
    assert len(opinion.table) == fit.measures["n_free"]
    assert opinion.largest_difference == np.abs(opinion.table["other"] - opinion.table["estimate"]).max()


@pytest.mark.parametrize(
    "choices", [{"std_lv": True}, {"orthogonal": True}, {"meanstructure": True}, {"estimator": "mlm"}]
)
def test_two_programs_agree_under_other_choices(choices: dict[str, Any]) -> None:
    opinion = second_opinion(sem.fit(HOLZINGER, data(), **choices))
    assert opinion.available, opinion.reason
    assert opinion.largest_difference < AGREEMENT


def test_two_programs_agree_on_moments_alone() -> None:
    moments = Moments.from_frame(data()[[f"x{i}" for i in range(1, 10)]])
    assert second_opinion(sem.fit(HOLZINGER, moments)).largest_difference < AGREEMENT


def test_a_wrong_estimate_is_seen() -> None:
    fit = sem.fit(HOLZINGER, data())
    theta = fit.theta.copy()
    theta[0] += 0.01
    wrong = replace(fit, solution=replace(fit.solution, theta=theta), _known={})
    assert second_opinion(wrong).largest_difference == pytest.approx(0.01, rel=0.1)


def test_a_program_that_stops_short_gives_no_difference() -> None:
    fit = sem.fit(HOLZINGER, data())
    better = replace(fit.solution, test=replace(fit.solution.test, chi2=fit.solution.test.chi2 - 1.0))
    opinion = second_opinion(replace(fit, solution=better, _known={}))
    assert (opinion.available, opinion.reason) == (False, "the second program stopped short of the minimum")
    assert np.isnan(opinion.largest_difference)
    assert list(opinion.table.columns) == list(COLUMNS)
    assert opinion.table.empty


def with_gaps() -> pd.DataFrame:
    frame = data()
    frame.loc[:9, "x1"] = np.nan
    return frame


REFUSED: list[tuple[str, pd.DataFrame, dict[str, Any], str]] = [
    ("x1 ~ x2 + x3", data(), {}, "'x1' is observed and stands in the model by itself"),
    ("f =~ x1 + x2 + x3 + x4; f ~ ageyr", data(), {}, "'ageyr' is observed"),
    (HOLZINGER, data().assign(g=[1, 2] * 150 + [1]), {"group": "g"}, "the model compares groups"),
    (HOLZINGER, with_gaps(), {"missing": "fiml"}, "answers are missing"),
    (HOLZINGER, data(), {"estimator": "gls"}, "the estimator is 'gls'"),
    (HOLZINGER + "; x1 ~ 0*1", data(), {}, "the model restricts means"),
    ("f =~ x1 + a*x2 + a*x3 + x4", data(), {}, "parameters are held equal in the units of the data"),
    ("f =~ x1 + a*x2 + b*x3 + x4; a == b^2", data(), {}, "parameters are held equal"),
    ("f =~ x1 + x2 + x3", data(), {}, "the model fits perfectly"),
]


@pytest.mark.parametrize(("model", "frame", "choices", "reason"), REFUSED)
def test_where_the_second_program_is_not_right_the_reason_is_said(
    model: str, frame: pd.DataFrame, choices: dict[str, Any], reason: str
) -> None:
    opinion = second_opinion(sem.fit(model, frame, **choices))
    assert not opinion.available
    assert opinion.reason.startswith(reason)
    assert opinion.table.empty


def test_full_information_without_a_gap_is_asked() -> None:
    assert second_opinion(sem.fit(HOLZINGER, data(), missing="fiml")).available


def test_the_engine_leaves_no_trace_in_the_log_of_the_process(capfd: pytest.CaptureFixture[str]) -> None:
    fit = sem.fit(HOLZINGER, data())
    handlers, level = list(logging.getLogger().handlers), logging.root.manager.disable
    second_opinion(fit)
    assert logging.getLogger().handlers == handlers
    assert logging.root.manager.disable == level
    assert capfd.readouterr() == ("", "")

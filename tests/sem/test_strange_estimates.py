"""Ordered and incomplete data that a search over random models found us wrong in, held to lavaan."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import StudyError
from servicefx.sem.invariance import invariance_fits

GOLDEN = Path(__file__).resolve().parents[1] / "golden/strange_estimates"
EXPECTED: dict[str, Any] = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
CASES = [name for name in EXPECTED if name != "strict_step"]
MEASURES = {
    "chisq": "chi2", "df": "df", "npar": "n_free", "cfi": "cfi", "rmsea": "rmsea", "srmr": "srmr",
    "chisq.scaled": "chi2_scaled", "cfi.robust": "cfi_robust", "tli.robust": "tli_robust",
    "rmsea.robust": "rmsea_robust", "rmsea.ci.upper.robust": "rmsea_robust_high",
}  # fmt: skip
FOUR = [f"x{i}" for i in range(1, 5)]


def answers() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "answers.csv")


def fitted(name: str) -> Any:
    return sem.fit(data=answers(), **{"estimator": "wlsmv", **EXPECTED[name]["arguments"]})


@pytest.mark.parametrize("name", CASES)
def test_estimates_and_errors_are_lavaans(name: str) -> None:
    told = pd.DataFrame(EXPECTED[name]["parameters"]).fillna({"rhs": ""})
    ours = fitted(name).parameters.set_index(["group", "lhs", "op", "rhs"])
    for row in told.itertuples():
        found = ours.loc[(row.group, row.lhs, row.op, row.rhs)]
        assert found["estimate"] == pytest.approx(row.est, rel=2e-5, abs=2e-5)
        if row.se > 0:
            assert found["std_error"] == pytest.approx(row.se, rel=1e-4)


@pytest.mark.parametrize("name", CASES)
def test_measures_are_lavaans(name: str) -> None:
    measures = fitted(name).measures
    for theirs, told in EXPECTED[name]["measures"].items():
        if told is not None:
            assert measures[MEASURES[theirs]] == pytest.approx(told, rel=1e-4, abs=1e-5), theirs


@pytest.mark.parametrize("name", ["thresholds_of_mixed", "strict_theta"])
def test_robust_measures_that_are_not_known_are_left_out_with_a_reason(name: str) -> None:
    fit = fitted(name)
    for measure in ("cfi_robust", "tli_robust", "rmsea_robust", "rmsea_robust_high"):
        assert math.isnan(fit.measures[measure])
        assert "thresholds are not shared" in fit.undefined[measure]


def test_equal_residuals_of_responses_are_a_step_of_their_own() -> None:
    choices = {"estimator": "wlsmv", "ordered": FOUR, "parameterization": "theta", "group": "school"}
    fits = [
        sem.fit("f =~ x1 + x2 + x3 + x4", answers(), group_equal=equal, **choices)  # type: ignore[arg-type]
        for equal in (["loadings", "thresholds"], ["loadings", "thresholds", "residuals"])
    ]
    step = sem.compare(*fits).iloc[1]
    assert step["chi2_diff"] == pytest.approx(EXPECTED["strict_step"]["chi2_diff"], rel=1e-4)
    assert step["df_diff"] == EXPECTED["strict_step"]["df_diff"]


def test_columns_of_ordered_categories_climb_the_ladder_of_ordered_items() -> None:
    frame = answers()
    plain = invariance_fits("f =~ x1 + x2 + x3 + x4", frame, group="school", estimator="wlsmv", ordered=FOUR)
    for item in FOUR:
        frame[item] = pd.Categorical(frame[item], ordered=True)
    found = invariance_fits("f =~ x1 + x2 + x3 + x4", frame, group="school", estimator="wlsmv")
    assert list(found) == list(plain) == ["configural", "threshold", "scalar"]
    for level, fit in found.items():
        assert fit.measures["chi2"] == pytest.approx(plain[level].measures["chi2"])


def test_thresholds_of_two_categories_are_not_tested_alone() -> None:
    rng = np.random.default_rng(5)
    latent = rng.normal(size=(800, 1))
    frame = pd.DataFrame(
        (latent + rng.normal(size=(800, 4)) > [-1, -0.4, 0.5, 1.2]).astype(int), columns=FOUR
    )
    frame["school"] = np.repeat(["a", "b"], 400)
    found = invariance_fits("f =~ x1 + x2 + x3 + x4", frame, group="school", estimator="wlsmv", ordered=FOUR)
    assert list(found) == ["configural", "scalar"]


def test_a_row_that_does_not_determine_a_construct_has_no_bartlett_score() -> None:
    rng = np.random.default_rng(11)
    times = np.arange(4.0)
    level, slope = rng.normal(size=(2, 200, 1)) + np.array([5.0, 1.0]).reshape(2, 1, 1)
    frame = pd.DataFrame(
        level + slope * times + rng.normal(size=(200, 4)), columns=[f"t{k}" for k in range(1, 5)]
    )
    for k in range(1, 5):
        frame[f"c{k}"] = rng.normal(size=200)
        frame[f"t{k}"] += 0.3 * frame[f"c{k}"]
    frame.loc[:39, ["t2", "t3", "t4"]] = np.nan
    growth = (
        "i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4\ns =~ 0*t1 + 1*t2 + 2*t3 + 3*t4\ni ~ 1\ns ~ 1\nt1 ~ 0*1 + c1\n"
        "t2 ~ 0*1 + c2\nt3 ~ 0*1 + c3\nt4 ~ 0*1 + c4"
    )
    scores = sem.factor_scores(sem.fit(growth, frame, missing="fiml"), frame, "bartlett")
    assert scores.loc[:39, "s"].isna().all()
    assert scores.loc[:39, "i"].abs().max() < 20
    assert scores.loc[40:].notna().all(axis=None)


@pytest.mark.parametrize(
    ("line", "parameterization", "words"),
    [
        ("x1 ~~ 0.3*x1", "delta", "'x1 ~~ x1' has a value or label"),
        ("x1 ~~ e*x1\nx2 ~~ e*x2", "delta", "'x2 ~~ x2' has a value or label"),
        ("x1 ~~ e*x1\nq := 1 - e", "delta", "Choose parameterization='theta'"),
        ("x1 ~*~ 2*x1", "theta", "Choose parameterization='delta'"),
    ],
)
def test_values_for_what_follows_from_the_rest_are_refused(
    line: str, parameterization: str, words: str
) -> None:
    with pytest.raises(StudyError, match=words):
        sem.fit(
            f"f =~ x1 + x2 + x3 + x4\n{line}",
            answers(),
            ordered=FOUR,
            estimator="wlsmv",
            parameterization=parameterization,
        )


def test_a_named_residual_variance_that_follows_from_the_rest_changes_nothing() -> None:
    model = "f =~ x1 + x2 + x3 + x4"
    plain, named = (
        sem.fit(text, answers(), ordered=FOUR, estimator="wlsmv") for text in (model, model + "\nx1 ~~ x1")
    )
    assert named.measures["chi2"] == pytest.approx(plain.measures["chi2"])
    assert named.measures["df"] == plain.measures["df"]


def test_a_covariate_of_ordered_categories_is_a_number_unless_named() -> None:
    frame = answers()
    told = sem.fit("f =~ x1 + x2 + x3\nf ~ x9", frame, estimator="wlsmv", ordered=FOUR[:3])
    for item in (*FOUR, "x9"):
        frame[item] = pd.Categorical(frame[item], ordered=True)
    found = sem.fit("f =~ x1 + x2 + x3\nf ~ x9", frame, estimator="wlsmv")
    assert found.model.ordered == ("x1", "x2", "x3")
    assert found.measures["chi2"] == pytest.approx(told.measures["chi2"])


@pytest.mark.parametrize("covariate", ["", "\nf ~ age"])
def test_standardised_errors_of_an_ordered_mediator_are_those_of_theta(covariate: str) -> None:
    """Both parametrisations are one model: what follows the mediator varies as its residual variance does."""
    model = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nx7 ~ f\ng ~ x7\nx8 ~ g + x7" + covariate
    ordered = ["x1", "x2", "x4", "x7", "x8"]
    delta, theta = (
        sem.fit(model, answers(), ordered=ordered, estimator="wlsmv", parameterization=shape).parameters
        for shape in ("delta", "theta")
    )
    chosen = delta["op"].isin(["=~", "~", "~~"])
    for column in ("std_all", "std_all_error"):
        np.testing.assert_allclose(delta[column][chosen], theta[column][chosen], rtol=0, atol=1e-6)

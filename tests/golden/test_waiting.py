"""The kink regression against brute force in R: lm() at every threshold, lm() in every bootstrap sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from servicefx.models.waiting.forms import compare_forms
from servicefx.models.waiting.inference import inverted_test, kink_covariance, supremum_test
from servicefx.models.waiting.kink import KinkFit, fit_kink
from servicefx.models.waiting.rows import WaitRows, wait_rows

LOW, HIGH = 8.0, 45.0
MINIMUM = (
    2e-5  # optimise() stops where the sum of squares moves by less than rounding: |g - best| ~ sqrt(eps) g
)
SQUARES = 1e-9  # at a minimum the sum of squares is flat, so its error is the square of that
DERIVATIVE = 2e-4  # numerical second derivatives in R
CASES = ("plain", "covariates", "weights and clusters")


@dataclass
class Case:
    name: str
    rows: WaitRows
    fit: KinkFit
    expected: pd.Series
    multipliers: np.ndarray

    @property
    def clustered(self) -> bool:
        return self.rows.clusters is not None

    def draws(self, name: str) -> list[float]:
        return [self.expected[f"{name} {j}"] for j in range(1, 13)]


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, golden: Callable[[str], pd.DataFrame]) -> Case:
    data = golden("waiting/data.csv")
    expected = golden("waiting/expected.csv")
    expected = expected[expected["case"] == request.param].set_index("name")["value"]
    covariates = () if request.param == "plain" else ("age", "online")
    clustered = request.param == "weights and clusters"
    rows = wait_rows(
        data, "satisfaction", "wait", covariates,
        data["outlet"] if clustered else None, data["weight"] if clustered else None,
    )  # fmt: skip
    size = rows.n_clusters if clustered else len(data)
    lattice = np.add.outer(np.arange(1, 13) * 104729, np.arange(1, size + 1) * 7919)
    drawn = ndtri(((lattice + 12345) % 99991 + 0.5) / 99991)
    multipliers = drawn[:, rows.clusters] if clustered else drawn[:, rows.positions]
    return Case(request.param, rows, fit_kink(rows, LOW, HIGH), expected, multipliers)


def test_threshold_and_slopes_are_those_of_the_best_of_all_regressions(case: Case) -> None:
    assert case.fit.threshold == pytest.approx(case.expected["threshold"], rel=MINIMUM)
    before, beyond = case.fit.slopes
    assert before == pytest.approx(case.expected["before"], rel=1e-3, abs=1e-6)
    assert beyond == pytest.approx(case.expected["beyond"], rel=1e-5)


def test_sup_f_and_the_profile_are_those_of_the_regressions(case: Case) -> None:
    fit = case.fit
    bend = supremum_test(fit.design, fit.outcome, fit.where, [case.multipliers], clustered=case.clustered)
    assert bend.statistic == pytest.approx(case.expected["sup_f"], rel=SQUARES)
    for wait in (12, 20, 30, 40):
        at = np.array([(wait - fit.x_centre) / fit.x_scale])
        residual = fit.design.residuals(fit.outcome[None])
        best = fit.design.best(residual, fit.where).gain[0]
        fall = best - fit.design.gain_at(residual, at)[0, 0]
        left = (residual**2).sum() - best
        profile = len(fit.outcome) * fall / left
        assert profile == pytest.approx(case.expected[f"profile {wait}"], rel=1e-7)


def test_bootstrap_draws_are_those_of_regressions_on_the_same_multipliers(case: Case) -> None:
    fit, ours = case.fit, [case.multipliers]
    bend = supremum_test(fit.design, fit.outcome, fit.where, ours, clustered=case.clustered)
    assert bend.draws == pytest.approx(case.draws("null"), rel=1e-7, abs=1e-9)
    inversion = inverted_test(fit.design, fit.outcome, fit.fitted, fit.scaled_threshold, fit.where, ours, 0.9)
    # R's "ĝ" is off by MINIMUM, and the statistic at ĝ is steep where the draw's own best is far away
    assert inversion.draws == pytest.approx(case.draws("at estimate"), rel=1e-4, abs=1e-6)


def test_resamples_are_weighted_regressions_at_their_own_best_threshold(case: Case) -> None:
    rows = case.rows
    lattice = np.add.outer(np.arange(1, 13) * 104729, np.arange(1, len(rows.x) + 1) * 7919)
    counts = (lattice % 13 % 4).astype(np.float32)[:, rows.positions]
    thresholds, coefficients = case.fit.resampled(counts)
    slope = case.fit.y_scale / case.fit.x_scale
    before, change = coefficients[:, 1] * slope, coefficients[:, -1] * slope
    at = thresholds * case.fit.x_scale + case.fit.x_centre
    assert at == pytest.approx(case.draws("resample"), rel=5 * MINIMUM)
    assert before == pytest.approx(case.draws("resample before"), rel=1e-3, abs=1e-6)
    assert before + change == pytest.approx(case.draws("resample beyond"), rel=1e-4, abs=1e-6)


def test_errors_are_the_sandwich_of_numerical_derivatives(case: Case) -> None:
    if case.name == "plain":  # its threshold is one of the waits, where R has no numerical derivative
        assert np.isclose(case.rows.x, case.fit.threshold, rtol=1e-12).any()
        return
    rows, fit = case.rows, case.fit
    held = np.column_stack([np.ones(len(rows.x)), rows.z])
    covariance = kink_covariance(
        rows.x, held, fit.threshold, fit.slopes, fit.residual, rows.weights, rows.clusters
    )
    errors = np.sqrt(np.diag(covariance))[[0, 1, -1]]
    expected = [case.expected[f"error {name}"] for name in ("before", "beyond", "threshold")]
    assert errors == pytest.approx(expected, rel=DERIVATIVE)


def test_forms_have_the_likelihoods_and_criteria_of_lm(golden: Callable[[str], pd.DataFrame]) -> None:
    data = golden("waiting/data.csv")
    forms = compare_forms(data, "satisfaction", "wait", ["age", "online"], search=(LOW, HIGH))
    expected = golden("waiting/forms.csv").set_index("model").loc[forms["model"]]
    assert len(forms) == 7
    assert forms["bic"].is_monotonic_increasing
    for name in ("n_parameters", "logl", "aic", "bic", "r2"):
        assert forms[name].to_numpy() == pytest.approx(expected[name].to_numpy(), rel=1e-9), name

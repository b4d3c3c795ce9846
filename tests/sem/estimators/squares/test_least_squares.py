"""Least squares on continuous items against lavaan, against numerical derivatives, and on refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from servicefx.errors import ConvergenceError, DataError
from servicefx.moments.moments import Moments
from servicefx.sem.choices import Choices
from servicefx.sem.estimation import fit, prepared
from servicefx.sem.estimators.search import units_of
from servicefx.sem.estimators.squares.least_squares import fit_least_squares
from servicefx.sem.estimators.squares.moment_rows import continuous_rows
from servicefx.sem.estimators.squares.moment_vector import MomentStructure
from servicefx.sem.estimators.squares.moment_weights import (
    distribution_free_gamma,
    normal_gamma,
    normal_weight,
)
from servicefx.sem.estimators.squares.quadratic import Quadratic
from servicefx.sem.sem_fit import SemFit
from servicefx.sem.structure.matrices import implied
from servicefx.syntax.parser import parse_model

GOLDEN = Path(__file__).parents[3] / "golden" / "least_squares"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/case.json"))
HS = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
CHI2 = {"uls": 72.098, "gls": 77.471, "wls": 83.319, "dwls": 43.902}
BASELINE = {"uls": 1880.152, "gls": 277.991, "wls": 387.585, "dwls": 875.815}
"""lavaan 0.6-14's, HolzingerSwineford1939, three factors."""
ESTIMATES = 1e-5
"""Relative, of estimates and errors, where lavaan's gradient is below 1e-5 (WLS in groups stops there)."""
TESTS = 1e-7
"""Relative, of chi2."""


@pytest.fixture(scope="module")
def holzinger() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "data.csv")


def answer(case: str, frame: pd.DataFrame) -> tuple[SemFit, pd.DataFrame, dict[str, float]]:
    described = json.loads((GOLDEN / case / "case.json").read_text())
    data = frame.assign(x1=frame.x1 * 10) if described["data"].startswith("scaled:") else frame
    if described["arguments"]["estimator"] == "wlsmv":
        fitted = continuous_wlsmv(described["model"], data, described["arguments"])
    else:
        fitted = fit(described["model"], data, **described["arguments"])
    table = pd.read_csv(GOLDEN / case / "parameters.csv", dtype={"group": str, "rhs": str, "label": str})
    table = table.fillna({"group": "", "rhs": "", "label": ""})
    return fitted, table, json.loads((GOLDEN / case / "measures.json").read_text())


def continuous_wlsmv(model: str, data: pd.DataFrame, arguments: dict[str, Any]) -> SemFit:
    """`fit` with DWLS, the task then handed over as one of WLSMV."""
    fitted = fit(model, data, **arguments | {"estimator": "dwls"})
    task = prepared(parse_model(model), data, fitted.choices)
    return replace(fitted, solution=fit_least_squares(replace(task, estimator="wlsmv")))


def free_values(fitted: SemFit, table: pd.DataFrame) -> pd.DataFrame:
    """Lavaan's free rows beside our values and errors."""
    groups = fitted.model.groups
    position = {
        (groups[p.group], p.lhs, p.op, p.rhs): p.position for p in fitted.model.parameters if p.position >= 0
    }
    free = table[table.free == 1]
    at = [position[key] for key in zip(free.group, free.lhs, free.op, free.rhs, strict=True)]
    assert len(at) == len(position)
    error = np.sqrt(np.diag(fitted.vcov))
    return pd.DataFrame(
        {"est": free.est, "se": free.se, "ours": fitted.theta[at], "error": error[at]}, dtype=np.float64
    )


@pytest.mark.parametrize("case", CASES)
def test_estimates_errors_and_tests_are_lavaans(case: str, holzinger: pd.DataFrame) -> None:
    fitted, table, measures = answer(case, holzinger)
    values = free_values(fitted, table)
    np.testing.assert_allclose(values.ours, values.est, rtol=ESTIMATES, atol=ESTIMATES * values.se.max())
    # lavaan takes second derivatives of (n - 1) / n F, and divides their inverse by n - 1 all the same
    extra = np.sqrt(301 / 300) if case == "gls_observed" else 1.0
    np.testing.assert_allclose(values.error * extra, values.se, rtol=ESTIMATES)
    test, baseline = fitted.solution.test, fitted.solution.baseline
    assert baseline is not None
    assert (test.df, baseline.df) == (measures["df"], measures["baseline.df"])
    np.testing.assert_allclose(test.chi2, measures["chisq"], rtol=TESTS)
    np.testing.assert_allclose(baseline.chi2, measures["baseline.chisq"], rtol=TESTS)
    assert ("chisq.scaled" in measures) == (test.scaling_factor is not None)
    if test.scaling_factor is not None:
        assert test.chi2_scaled == pytest.approx(measures["chisq.scaled"], rel=1e-6)
        assert test.factor == pytest.approx(measures["chisq.scaling.factor"], rel=1e-6)
        assert baseline.chi2_scaled == pytest.approx(measures["baseline.chisq.scaled"], rel=1e-6)


@pytest.mark.parametrize("estimator", CHI2)
@pytest.mark.parametrize("means", [False, True])
def test_holzingers_three_factors_have_the_known_chi2(
    estimator: str, means: bool, holzinger: pd.DataFrame
) -> None:
    solution = fit(HS, holzinger, estimator=estimator, meanstructure=means).solution
    assert solution.test.chi2 == pytest.approx(CHI2[estimator], abs=5e-4)
    assert solution.baseline is not None
    assert solution.baseline.chi2 == pytest.approx(BASELINE[estimator], abs=1e-3) or estimator == "dwls"
    assert solution.test.df == 24
    assert solution.n_scale == 300
    assert np.isnan(solution.logl)
    assert solution.test.follows_chi2 == (estimator != "uls")
    assert solution.error_kind.startswith("expected information, ")


@pytest.mark.parametrize("estimator", ["uls", "gls"])
def test_moments_give_what_rows_give(estimator: str, holzinger: pd.DataFrame) -> None:
    columns = [f"x{at}" for at in range(1, 10)]
    values = holzinger[columns].to_numpy()
    moments = Moments(
        names=tuple(columns), n_obs=len(values), mean=values.mean(axis=0), cov=np.cov(values.T, bias=True)
    )
    rows, short = fit(HS, holzinger, estimator=estimator), fit(HS, moments, estimator=estimator)
    np.testing.assert_allclose(short.theta, rows.theta, rtol=1e-8)
    np.testing.assert_allclose(short.vcov, rows.vcov, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("estimator", ["gls", "wls", "dwls"])
def test_units_of_an_item_change_nothing_but_its_own_values(estimator: str, holzinger: pd.DataFrame) -> None:
    plain = fit(HS, holzinger, estimator=estimator)
    other = fit(HS, holzinger.assign(x2=holzinger.x2 * 1e4), estimator=estimator)
    assert other.solution.test.chi2 == pytest.approx(plain.solution.test.chi2, rel=1e-8)
    by = np.ones(len(plain.theta))
    for at, parameter in enumerate(plain.model.first):
        by[at] = 1e4 ** ((parameter.lhs == "x2") + (parameter.rhs == "x2"))
    np.testing.assert_allclose(other.theta, plain.theta * by, rtol=1e-7)
    np.testing.assert_allclose(np.diag(other.vcov), np.diag(plain.vcov) * by**2, rtol=1e-7)


@pytest.mark.parametrize("size", [0.05, 0.3, 4.0])
def test_unit_weights_reach_their_minimum_whatever_the_units(size: float, holzinger: pd.DataFrame) -> None:
    data = holzinger.assign(x2=holzinger.x2 * size)
    fitted = fit(HS, data, estimator="uls")
    cov = data[list(fitted.model.items)].cov().to_numpy()

    def discrepancy(theta: NDArray[np.float64]) -> float:
        gap = np.tril(cov - implied(fitted.solution.layout, theta).sigma[0])
        return float((gap**2).sum())

    best = discrepancy(fitted.theta)
    assert 300 * best == pytest.approx(fitted.solution.test.chi2, rel=1e-9)
    for at, value in enumerate(fitted.theta):
        step = np.zeros(len(fitted.theta))
        step[at] = 1e-4 * abs(value)
        up, down = discrepancy(fitted.theta + step), discrepancy(fitted.theta - step)
        assert abs(up - down) < 1e-4 * abs(up + down - 2 * best) + 1e-13 * best


def test_unit_weights_refuse_units_that_are_too_far_apart_by_name(holzinger: pd.DataFrame) -> None:
    with pytest.raises(ConvergenceError, match=r"those of 'x2' .* times those of 'x\d', .*\n.*similar units"):
        fit(HS, holzinger.assign(x2=holzinger.x2 * 1e4), estimator="uls")


@pytest.mark.parametrize("model", [HS, HS + "\ntextual ~ visual\nx9 ~ x1"])
@pytest.mark.parametrize("estimator", ["gls", "uls"])
def test_slopes_and_curvature_are_those_of_the_discrepancy(
    model: str, estimator: str, holzinger: pd.DataFrame
) -> None:
    choices = Choices(estimator="gls", group="school", group_equal=("loadings", "intercepts"))
    task = prepared(parse_model(model), holzinger, choices)
    cov = np.array([g.moments.cov for g in task.sample.groups if g.moments is not None])
    mean = np.array([g.moments.mean for g in task.sample.groups if g.moments is not None])
    units = units_of(task, cov, mean)
    structure = MomentStructure.continuous(units.scaled, units.mean)
    rows = structure.rows
    sample = np.zeros((2, rows.size))
    sample[:, rows.pair] = units.cov[:, rows.left, rows.right]
    weight = tuple(
        normal_weight(one, rows) if estimator == "gls" else np.ones(rows.size) for one in units.cov
    )
    discrepancy = Quadratic(structure=structure, sample=sample, weight=weight, share=np.array([0.4, 0.6]))
    theta = np.random.default_rng(1).uniform(0.4, 0.8, task.model.n_positions)
    _, state = discrepancy.evaluate(theta)
    assert state is not None
    gradient, hessian = discrepancy.derivatives(state, exact=True)
    h = 1e-6
    slopes, curved = np.empty_like(theta), np.empty_like(hessian)
    for at in range(len(theta)):
        step = np.zeros_like(theta)
        step[at] = h
        (up, up_state), (down, down_state) = (
            discrepancy.evaluate(theta + step),
            discrepancy.evaluate(theta - step),
        )
        assert up_state is not None
        assert down_state is not None
        slopes[at] = (up - down) / (4 * h)
        difference = discrepancy.derivatives(up_state, exact=True)[0]
        curved[at] = (difference - discrepancy.derivatives(down_state, exact=True)[0]) / (2 * h)
    np.testing.assert_allclose(gradient, slopes, atol=2e-7 * np.abs(slopes).max())
    np.testing.assert_allclose(hessian, curved, atol=2e-7 * np.abs(curved).max())


def test_delta_holds_derivatives_of_the_moments_in_the_users_units(holzinger: pd.DataFrame) -> None:
    data = holzinger.assign(x2=holzinger.x2 * 1000)
    fitted = fit(HS, data, estimator="gls", meanstructure=True)
    rows = continuous_rows(9, means=True)
    delta = np.asarray(fitted.solution.extra["delta"])

    def moments(theta: NDArray[np.float64]) -> NDArray[np.float64]:
        sigma = implied(fitted.solution.layout, theta).sigma[0]
        cov = sigma[:9, :9] - np.outer(sigma[:9, 9], sigma[:9, 9])
        return np.concatenate([sigma[:9, 9], cov[rows.left, rows.right]])

    for at, value in enumerate(fitted.theta):
        step = np.zeros(len(fitted.theta))
        step[at] = 1e-5 * abs(value)
        numerical = (moments(fitted.theta + step) - moments(fitted.theta - step)) / (2 * step[at])
        scale = np.abs(delta[:, at]).max()
        np.testing.assert_allclose(delta[:, at], numerical, atol=1e-4 * scale)


def test_normal_weight_inverts_the_normal_covariance_of_moments() -> None:
    factor = np.random.default_rng(2).normal(size=(4, 6))
    cov = factor @ factor.T
    rows = continuous_rows(4, means=True)
    product = normal_weight(cov, rows) @ normal_gamma(cov, rows)
    np.testing.assert_allclose(product, np.eye(rows.size), atol=1e-10)


def test_distribution_free_covariance_of_normal_rows_is_the_normal_one() -> None:
    rng = np.random.default_rng(3)
    cov = np.array([[2.0, 0.8, 0.2], [0.8, 1.0, 0.3], [0.2, 0.3, 1.5]])
    values = rng.multivariate_normal(np.zeros(3), cov, size=200_000)
    rows = continuous_rows(3, means=True)
    none = np.empty(0, dtype=np.intp)
    found = distribution_free_gamma(values, rows, none)
    expected = normal_gamma(np.cov(values.T), rows)
    size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(found / size, expected / size, atol=0.03)


def test_weights_of_all_moments_need_more_rows_than_moments(holzinger: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"45 rows for the 45 moments of 9 items.*more rows than moments"):
        fit(HS, holzinger[:45], estimator="wls")
    assert fit(HS, holzinger[:60], estimator="wls").solution.test.df == 24


def test_weights_of_all_moments_name_what_depends_on_each_other(holzinger: pd.DataFrame) -> None:
    data = holzinger.assign(x3=(holzinger.x3 > 2).astype(float))
    with pytest.raises(DataError, match=r"1 of 54 moments follow from the others"):
        fit(HS, data, estimator="wls", meanstructure=True)
    assert fit(HS, data, estimator="dwls", meanstructure=True).solution.test.df == 24


def test_too_many_items_are_refused_before_memory_runs_out() -> None:
    rng = np.random.default_rng(4)
    names = [f"x{at}" for at in range(185)]
    frame = pd.DataFrame(rng.normal(size=(400, 1)) + rng.normal(size=(400, 185)), columns=names)
    with pytest.raises(DataError, match=r"185 items have 17205 moments, whose weights take 2\.2 GB"):
        fit("f =~ " + " + ".join(names), frame, estimator="dwls")


def test_a_model_that_is_saturated_has_chi2_zero(holzinger: pd.DataFrame) -> None:
    solution = fit("f =~ x1 + x2 + x3", holzinger, estimator="gls").solution
    assert (solution.test.chi2, solution.test.df) == (0.0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["uls", "dwls"])
def test_sandwich_errors_cover_where_conventional_ones_do_not(estimator: str) -> None:
    rng = np.random.default_rng(5)
    hit, conventional, draws = 0, 0, 1000
    for _ in range(draws):
        f = rng.normal(size=(400, 1))
        x = f * [1.0, 0.8, 0.6, 0.9] + rng.normal(size=(400, 4)) * [0.5, 0.8, 1.0, 0.6]
        frame = pd.DataFrame(x * [1.0, 3.0, 1.0, 0.3], columns=list("abcd"))
        fitted = fit("f =~ a + b + c + d", frame, estimator=estimator)
        vcov = np.asarray(fitted.solution.extra["vcov_sandwich"])
        off = abs(fitted.theta[0] - 2.4)
        hit += off < 1.96 * np.sqrt(vcov[0, 0])
        conventional += off < 1.96 * np.sqrt(fitted.vcov[0, 0])
    assert 0.926 <= hit / draws <= 0.971
    assert not 0.926 <= conventional / draws <= 0.971


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["gls", "wls"])
def test_estimates_recover_and_tests_reject_as_often_as_they_say(estimator: str) -> None:
    rng = np.random.default_rng(6)
    n, draws = 2000, 1000
    truth = np.array([0.8, 0.6, 0.9])
    loadings, rejected, covered = [], 0, 0
    for _ in range(draws):
        x = rng.normal(size=(n, 1)) * [1.0, *truth] + rng.normal(size=(n, 4)) * 0.7
        fitted = fit("f =~ a + b + c + d", pd.DataFrame(x, columns=list("abcd")), estimator=estimator)
        loadings.append(fitted.theta[:3])
        covered += abs(fitted.theta[0] - 0.8) < 1.96 * np.sqrt(fitted.vcov[0, 0])
        rejected += fitted.solution.test.chi2 > 5.991
    error = np.std(loadings, axis=0) / np.sqrt(draws)
    assert (np.abs(np.mean(loadings, axis=0) - truth) < 4 * error + 1e-3).all()
    assert 0.926 <= covered / draws <= 0.971
    assert 0.029 <= rejected / draws <= 0.074


def test_shares_of_groups_are_rows_less_one(holzinger: pd.DataFrame) -> None:
    whole = fit(HS, holzinger, estimator="gls", group="school")
    parts = [fit(HS, part, estimator="gls", meanstructure=True) for _, part in holzinger.groupby("school")]
    total = sum(part.solution.test.chi2 for part in parts)
    assert whole.solution.test == replace(whole.solution.test, chi2=pytest.approx(total, rel=1e-9), df=48)

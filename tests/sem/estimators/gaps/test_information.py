"""Derivatives and information of rows with gaps, against finite differences of the likelihood itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from servicefx.moments.patterns import MissingPatterns, expectation, missing_patterns
from servicefx.moments.saturated import saturated_moments
from servicefx.sem.choices import Choices
from servicefx.sem.estimation import prepared
from servicefx.sem.estimators.gaps import information as missing_information
from servicefx.sem.estimators.gaps.gap_likelihood import MissingLikelihood, in_units
from servicefx.sem.estimators.gaps.whitening import Whitening, saturated_information, saturated_scores
from servicefx.sem.estimators.search import units_of
from servicefx.sem.structure.starts import start_values
from servicefx.syntax.parser import parse_model

Floats = NDArray[np.float64]
MODEL = "f =~ y1 + a*y2 + y3\ng =~ y4 + a*y5 + y6\ng ~ f\ny3 ~~ y6"


@pytest.fixture
def frame(rng: np.random.Generator) -> pd.DataFrame:
    """Two groups of rows, some complete, a third of two items missing in others, many rows of one pattern."""
    f = rng.normal(size=240)
    y = f[:, None] * np.array([1, 0.8, 0.7, 0.5, 0.4, 0.5]) + rng.normal(size=(240, 6)) + 3
    y[rng.random((240, 6)) < 0.2] = np.nan
    y[:60, 1] = np.nan
    y[60:80] = f[60:80, None] + rng.normal(size=(20, 6))
    return pd.DataFrame(y, columns=[f"y{i}" for i in range(1, 7)]).assign(
        side=np.where(np.arange(240) % 3, "left", "right")
    )


@pytest.fixture(params=[None, "side"])
def likelihood_at(request: pytest.FixtureRequest, frame: pd.DataFrame) -> tuple[MissingLikelihood, Floats]:
    """A likelihood, and free values that are not its maximum."""
    choices = Choices(missing="fiml", group=request.param)
    task = prepared(parse_model(MODEL), frame.dropna(how="all", subset=frame.columns[:6]), choices)
    rows = [missing_patterns(g.values, task.model.items) for g in task.sample.groups if g.values is not None]
    saturated = [saturated_moments(one) for one in rows]
    units = units_of(task, np.array([s.cov for s in saturated]), np.array([s.mean for s in saturated]))
    scaled = [in_units(one, units.scale[:6]) for one in rows]
    likelihood = MissingLikelihood.of(units.scaled, scaled, saturated)
    start = start_values(task.model, units.scaled, units.cov, units.mean, units.unit)
    return likelihood, start + 0.05


def slopes(function, at: Floats, step: float = 1e-5) -> Floats:  # type: ignore[no-untyped-def]
    """Central differences, one row an argument."""
    return np.array(
        [(function(at + step * unit) - function(at - step * unit)) / (2 * step) for unit in np.eye(len(at))]
    )


def test_gradient_hessian_and_scores_are_derivatives(likelihood_at: tuple[MissingLikelihood, Floats]) -> None:
    likelihood, theta = likelihood_at
    _, state = likelihood.evaluate(theta)
    assert state is not None
    gradient, hessian = likelihood.derivatives(state, exact=True)
    np.testing.assert_allclose(gradient, slopes(lambda x: likelihood.evaluate(x)[0] / 2, theta), atol=1e-8)
    np.testing.assert_allclose(likelihood.gradient(state), gradient, atol=1e-12)

    def gradient_of(x: Floats) -> Floats:
        _, there = likelihood.evaluate(x)
        assert there is not None
        return likelihood.gradient(there)

    np.testing.assert_allclose(hessian, slopes(gradient_of, theta), atol=1e-7)
    scores = np.concatenate(likelihood.scores(theta))
    np.testing.assert_allclose(-scores.mean(axis=0), gradient, atol=1e-12)


def test_many_rows_of_a_pattern_and_small_blocks_change_nothing(
    likelihood_at: tuple[MissingLikelihood, Floats], monkeypatch: pytest.MonkeyPatch
) -> None:
    likelihood, theta = likelihood_at
    whole = likelihood.information(theta, observed=True)
    monkeypatch.setattr(missing_information, "_BLOCK", 100)
    np.testing.assert_allclose(likelihood.information(theta, observed=True), whole, atol=1e-12)


def test_expected_information_is_what_scores_of_drawn_rows_vary_by(rng: np.random.Generator) -> None:
    n, reps = 400, 300
    holes = rng.random((n, 3)) < 0.3
    holes[holes.all(axis=1)] = False
    cov = np.array([[1.0, 0.5, 0.3], [0.5, 1.2, 0.2], [0.3, 0.2, 0.8]])
    meat: Floats = np.zeros((9, 9))
    information: Floats = np.zeros((9, 9))
    for _ in range(reps):
        values = np.where(holes, np.nan, rng.multivariate_normal(np.zeros(3), cov, size=n))
        at = Whitening.of(missing_patterns(values, list("abc")), np.zeros(3), cov, ())
        scores = saturated_scores(at)
        meat += scores.T @ scores / n / reps
        information = saturated_information(at, observed=False)
    np.testing.assert_allclose(meat, information, atol=0.03)  # 3 standard errors of a mean over 120,000 rows


def test_saturated_information_is_the_second_derivative_of_the_likelihood(frame: pd.DataFrame) -> None:
    rows = missing_patterns(frame.iloc[:, :4].dropna(how="all"), list(frame.columns[:4]))
    found = saturated_moments(rows)
    at = Whitening.of(rows, found.mean, found.cov, ())
    row, column = at.pairs

    def half(point: Floats) -> float:
        change = np.zeros((4, 4))
        change[row, column] = change[column, row] = point[4:] / at.sizes
        mean = found.mean + rows.scale * (at.root @ point[:4])
        cov = at.root @ (np.eye(4) + change) @ at.root.T * np.outer(rows.scale, rows.scale)
        return expectation(rows, mean, cov).half_discrepancy

    zero: Floats = np.zeros(14)
    np.testing.assert_allclose(slopes(half, zero), 0.0, atol=1e-8)
    curvature = slopes(lambda x: slopes(half, x, 1e-4), zero, 1e-4)
    np.testing.assert_allclose(saturated_information(at, observed=True), curvature, atol=1e-5)
    np.testing.assert_allclose(saturated_scores(at).mean(axis=0), 0.0, atol=1e-9)


def complete(frame: pd.DataFrame) -> MissingPatterns:
    """The complete rows."""
    return missing_patterns(frame.iloc[:, :4].dropna(), list(frame.columns[:4]))


@pytest.mark.parametrize("observed", [True, False])
def test_complete_rows_have_the_identity_for_information(frame: pd.DataFrame, observed: bool) -> None:
    rows = complete(frame)
    found = saturated_moments(rows)
    for held in ((), (2,), (0, 3)):
        at = Whitening.of(rows, found.mean, found.cov, held)
        information = saturated_information(at, observed=observed)
        size = 14 - len(held) * (len(held) + 3) // 2
        np.testing.assert_allclose(information, np.eye(size), atol=1e-9)

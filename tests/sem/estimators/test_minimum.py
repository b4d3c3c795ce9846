from __future__ import annotations

import numpy as np
import pytest

from servicefx import sem
from servicefx.errors import ConvergenceError
from servicefx.sem.estimators.minimum import minimised, solved
from servicefx.sem.population import drawn_moments, stated_moments
from servicefx.syntax.parser import parse_model

Floats = np.ndarray


class Bowl:
    """F = sum (theta - target)^2."""

    def __init__(self, target: list[float]) -> None:
        self.target = np.array(target)

    def evaluate(self, theta: Floats) -> tuple[float, Floats | None]:
        return float(((theta - self.target) ** 2).sum()), theta

    def derivatives(self, state: Floats, *, exact: bool) -> tuple[Floats, Floats]:  # noqa: ARG002
        return state - self.target, np.eye(len(state))


def circle(theta: Floats) -> tuple[Floats, Floats]:
    return np.array([theta @ theta - 4.0]), 2.0 * theta[None, :]


def test_a_minimum_is_found_and_told() -> None:
    found = minimised(Bowl([3.0, -1.0]), np.zeros(2))
    assert found.converged
    np.testing.assert_allclose(found.theta, [3, -1])


def test_a_curved_equality_is_met_in_few_steps() -> None:
    """The nearest point of a circle: without the constraint's own curvature the last steps are slow."""
    found = minimised(Bowl([3.0, 4.0]), np.array([2.0, 0.5]), circle)
    assert found.converged
    np.testing.assert_allclose(found.theta, [1.2, 1.6], atol=1e-8)
    assert found.n_iterations <= 13
    # gradient of F / 2 plus multiplier times the constraint's slope is 0
    assert found.multipliers[0] * 2 * found.theta == pytest.approx(np.array([3.0, 4.0]) - found.theta)


def test_equalities_of_a_model_are_met_in_few_steps() -> None:
    population = stated_moments(parse_model("f =~ 0.8*x1 + 0.7*x2 + 0.5*x3 + 0.6*x4\nx3 ~~ 0.3*x4"))
    data = drawn_moments(population, 200, np.random.default_rng(1))
    fit = sem.fit("f =~ x1 + a*x2 + b*x3 + c*x4\na*b == c\nexp(b) == a + 1", data)
    assert fit.solution.n_iterations <= 12
    a, b, c = (fit.theta[fit.model.labels[name]] for name in "abc")
    assert (a * b, np.exp(b)) == pytest.approx((c, a + 1), abs=1e-8)


def test_a_start_where_nothing_exists_is_told() -> None:
    with pytest.raises(ConvergenceError, match="no start values give covariances that data can have"):
        sem.fit(
            "f =~ 1*x1 + 1*x2\ng =~ 1*x3 + 1*x4\nf ~~ 1*f\ng ~~ 1*g\nf ~~ 3*g\nx1 ~~ 0.1*x1\nx2 ~~ 0.1*x2\n"
            "x3 ~~ 0.1*x3\nx4 ~~ a*x4",
            drawn_moments(stated_moments(parse_model("f =~ 0.8*x1 + 0.7*x2 + 0.5*x3 + 0.6*x4")), 90,
                          np.random.default_rng(1)),
        )  # fmt: skip


def test_solved_needs_a_positive_definite_matrix() -> None:
    assert solved(np.array([[1.0, 2.0], [2.0, 1.0]]), np.ones(2)) is None
    np.testing.assert_allclose(solved(2 * np.eye(2), np.ones(2)), [0.5, 0.5])

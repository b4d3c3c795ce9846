import numpy as np
import pytest

from servicefx.sem.implied import discrepancy, discrepancy_gradient, expected_information, implied
from servicefx.sem.model import complete_model
from servicefx.sem.scoring import all_values
from servicefx.syntax.parser import parse_model

MODEL = complete_model(
    parse_model("f =~ x1 + x2 + x3; g =~ y1 + y2 + y3; h =~ f + 0.8*g; z =~ z1; h ~ z; x1 ~~ y1")
)
P, Q = len(MODEL.items), len(MODEL.free)


@pytest.fixture
def free() -> np.ndarray:
    rng = np.random.default_rng(2)
    start = rng.uniform(0.4, 0.9, Q)
    return np.where([c.op == "~~" and c.lhs != c.rhs for c in MODEL.free], 0.1, start)


def sigma(free: np.ndarray) -> np.ndarray:
    return implied(MODEL, all_values(MODEL, free)).sigma


def derivatives(free: np.ndarray) -> np.ndarray:
    step = 1e-6
    return np.array([(sigma(free + step * e) - sigma(free - step * e)) / (2 * step) for e in np.eye(Q)])


def test_implied_covariances_are_those_of_the_equations_written_out():
    small = complete_model(parse_model("f =~ x1 + x2; g =~ y1; g ~ f"))
    values = {"f =~ x2": 0.5, "g ~ f": 2.0, "x1 ~~ x1": 1.0, "x2 ~~ x2": 3.0, "f ~~ f": 4.0, "g ~~ g": 5.0}
    at = implied(small, np.array([values.get(cell.text, cell.fixed) for cell in small.cells]))
    np.testing.assert_allclose(at.sigma, [[5, 2, 8], [2, 4, 4], [8, 4, 21]])


def test_the_gradient_is_the_slope_of_half_the_discrepancy(free):
    sample = np.cov(np.random.default_rng(3).normal(size=(P, 40)))
    at = implied(MODEL, all_values(MODEL, free))
    step = 1e-6
    slopes = [
        (discrepancy(sample, sigma(free + step * e)) - discrepancy(sample, sigma(free - step * e)))
        / (4 * step)
        for e in np.eye(Q)
    ]
    # central differences lose half the digits
    np.testing.assert_allclose(discrepancy_gradient(MODEL, at, sample), slopes, rtol=1e-6, atol=1e-8)


def test_the_information_is_half_the_trace_of_products(free):
    inverse = np.linalg.inv(sigma(free))
    parts = [inverse @ d for d in derivatives(free)]
    expected = [[0.5 * np.trace(a @ b) for b in parts] for a in parts]
    at = implied(MODEL, all_values(MODEL, free))
    np.testing.assert_allclose(expected_information(MODEL, at), expected, rtol=1e-6, atol=1e-8)


def test_the_discrepancy_of_a_matrix_from_itself_is_zero(free):
    assert discrepancy(sigma(free), sigma(free)) == pytest.approx(0, abs=1e-12)


def test_an_improper_matrix_is_infinitely_far():
    assert discrepancy(np.eye(2), np.array([[1.0, 2.0], [2.0, 1.0]])) == np.inf

"""Corrections of composites for their items' errors: formulas, limits, and what is not admissible."""

from __future__ import annotations

import numpy as np
import pytest

from servicefx import pls
from servicefx.moments.moments import Moments
from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.consistent import corrected_correlations, is_admissible, rho_a
from servicefx.pls.criteria.fit_measures import implied_correlations
from servicefx.pls.model import pls_model
from servicefx.pls.solution import PlsChoices, solve
from servicefx.syntax.parser import parse_model

MODEL = "x =~ x1 + x2 + x3; m =~ m1 + m2 + m3; y =~ y1 + y2 + y3; m ~ x; y ~ x + m"
NAMES = [f"{construct}{i}" for construct in "xmy" for i in (1, 2, 3)]
LOADINGS = np.array([[0.9, 0.7, 0.5], [0.8, 0.6, 0.7], [0.6, 0.9, 0.75]])
FACTORS = np.array([[1.0, 0.5, 0.44], [0.5, 1.0, 0.58], [0.44, 0.58, 1.0]])  # paths .5, .2, .48


def correlations(loadings: np.ndarray = LOADINGS, between: np.ndarray = FACTORS) -> np.ndarray:
    own = np.zeros((9, 3))
    for j in range(3):
        own[3 * j : 3 * j + 3, j] = loadings[j]
    R = own @ between @ own.T
    np.fill_diagonal(R, 1.0)
    return R


def moments(R: np.ndarray, sd: np.ndarray | float = 1.0) -> Moments:
    sd = np.broadcast_to(np.asarray(sd, dtype=float), len(R))
    return Moments.from_covariance(R * np.outer(sd, sd), 300, names=NAMES[: len(R)])


def test_rho_a_of_weights_proportional_to_loadings_is_the_squared_correlation_with_the_factor():
    loadings = np.array([0.9, 0.7, 0.5, 0.3])
    R = np.outer(loadings, loadings)
    np.fill_diagonal(R, 1.0)
    weights = loadings / np.sqrt(loadings @ R @ loadings)
    expected = (weights @ loadings) ** 2
    assert rho_a(R[None], weights[None])[0] == pytest.approx(expected, rel=1e-12)


def test_rho_a_does_not_depend_on_units():
    sd = np.array([1.0, 20.0, 0.3, 5.0])
    loadings = sd * np.array([0.9, 0.7, 0.5, 0.3])
    S = np.outer(loadings, loadings)
    np.fill_diagonal(S, sd**2)
    weights = loadings / np.sqrt(loadings @ S @ loadings)
    expected = (weights @ loadings) ** 2
    assert rho_a(S[None], weights[None])[0] == pytest.approx(expected, rel=1e-12)


def test_rho_a_of_parallel_items_is_alpha():
    R = np.full((5, 5), 0.4) + 0.6 * np.eye(5)
    weights = np.full(5, 1 / np.sqrt(R.sum()))
    assert rho_a(R[None], weights[None])[0] == pytest.approx(5 / 4 * (1 - 5 / R.sum()), rel=1e-12)


def test_one_item_has_no_rho_a_and_opposed_items_a_negative_one():
    assert np.isnan(rho_a(np.ones((2, 1, 1)), np.ones((2, 1)))).all()
    R = np.array([[[1.0, -0.3], [-0.3, 1.0]]])
    assert rho_a(R, np.array([[0.8, 0.8]]))[0] < 0


def test_corrected_correlations_are_divided_by_the_roots_of_reliabilities():
    R = np.array([[[1.0, 0.4], [0.4, 1.0]]])
    found = corrected_correlations(R, np.array([[0.64, 1.0]]))
    np.testing.assert_allclose(found[0], [[1.0, 0.5], [0.5, 1.0]], rtol=1e-12)
    assert np.isnan(corrected_correlations(R, np.array([[-0.1, 1.0]]))[0, 0, 1])


@pytest.mark.parametrize(
    ("between", "reliability", "loading", "fine"),
    [
        (0.5, 0.8, 0.7, True),
        (1.0, 0.8, 0.7, False),  # singular
        (1.2, 0.8, 0.7, False),
        (0.5, 1.0, 0.7, True),
        (0.5, 1.01, 0.7, False),
        (0.5, 0.0, 0.7, False),
        (0.5, np.nan, 0.7, False),
        (0.5, 0.8, -1.01, False),
        (0.5, 0.8, 1.0, True),
        (np.nan, 0.8, 0.7, False),
    ],
)
def test_what_common_factors_can_have_given_is_admissible(between, reliability, loading, fine):
    R = np.array([[[1.0, between], [between, 1.0]]])
    found = is_admissible(R, np.array([[0.9, reliability]]), np.array([[0.5, loading]]))
    assert found.tolist() == [fine]


def test_correlations_below_one_that_no_variables_have_are_not_admissible():
    R = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    assert not is_admissible(R[None], np.ones((1, 3)), np.ones((1, 3)))[0]


@pytest.mark.parametrize("scheme", ["path", "factorial", "centroid"])
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("sd", [1.0, np.array([1, 2, 0.5, 3, 1, 1, 0.2, 1, 4.0])], ids=["equal", "unequal"])
def test_common_factors_come_back_exactly_whatever_the_units(scheme, scaled, sd):
    fit = pls.fit(MODEL, moments(correlations(), sd), consistent=True, scaled=scaled, scheme=scheme)
    np.testing.assert_allclose(fit.paths["estimate"], [0.5, 0.2, 0.48], atol=1e-8)
    np.testing.assert_allclose(fit.loadings["estimate"], LOADINGS.ravel(), atol=1e-8)
    np.testing.assert_allclose(fit.correlations, FACTORS, atol=1e-8)
    assert fit.solution.admissible[0]
    assert fit.measures["srmr"] == pytest.approx(0, abs=1e-8)
    assert fit.measures["d_g_estimated"] == pytest.approx(0, abs=1e-8)
    # the reliability is the squared correlation of each composite with its factor
    for construct, value in zip("xmy", fit.reliability["rho_a"], strict=True):
        rows = fit.weights["construct"] == construct
        unit = 1.0 if scaled else fit.base.sd[0][rows]
        own = fit.weights["estimate"][rows] * unit @ LOADINGS["xmy".index(construct)]
        assert value == pytest.approx(own**2, rel=1e-8)


def test_reflective_constructs_in_mode_b_are_composites_also_in_the_implied_correlations():
    fit = pls.fit(MODEL, moments(correlations()), consistent=True, mode={"m": "B"})
    R = implied_correlations(fit, fit.solution, "saturated")[0]
    np.testing.assert_allclose(R[3:6, 3:6], correlations()[3:6, 3:6], atol=1e-12)
    assert np.isnan(fit.reliability.set_index("construct")["rho_a"]["m"])
    np.testing.assert_allclose(R[:3, :3], correlations()[:3, :3], atol=1e-7)


def told(fit: pls.PlsFit) -> str:
    return "; ".join(problem.found for problem in fit.problems if problem.where == "PLSc")


def test_a_corrected_correlation_beyond_one_is_kept_and_told():
    R = correlations(between=np.array([[1.0, 1.1, 0.5], [1.1, 1.0, 0.6], [0.5, 0.6, 1.0]]))
    fit = pls.fit(MODEL, moments(R), consistent=True)
    assert not fit.solution.admissible[0]
    assert fit.correlations.loc["x", "m"] == pytest.approx(1.1, abs=1e-8)
    assert fit.paths["estimate"][0] == pytest.approx(1.1, abs=1e-8)
    np.testing.assert_allclose(
        fit.paths["estimate"][1:], np.linalg.solve([[1, 1.1], [1.1, 1]], [0.5, 0.6]), atol=1e-7
    )
    assert "'x' and 'm' correlate 1.10 after correction, beyond 1" in told(fit)


def test_a_loading_and_a_reliability_beyond_one_are_told():
    R = np.full((4, 4), 0.45) + 0.55 * np.eye(4)
    R[0, 1] = R[1, 0] = 0.9  # far more than the loadings on b ask for
    R[0, 2:] = R[2:, 0] = 0.5
    R[1, 2:] = R[2:, 1] = 0.2
    made = Moments.from_covariance(R, 200, names=["a1", "a2", "b1", "b2"])
    fit = pls.fit("a =~ a1 + a2; b =~ b1 + b2; b ~ a", made, consistent=True)
    weights = np.array([0.5, 0.2]) / np.sqrt(0.25 + 0.04 + 2 * 0.1 * 0.9)
    reliability = (weights @ weights) ** 2 * 0.9 / np.prod(weights)
    assert fit.reliability["rho_a"][0] == pytest.approx(reliability, rel=1e-8)
    loading = weights[0] * np.sqrt(reliability) / (weights @ weights)
    assert fit.loadings["estimate"][0] == pytest.approx(loading, rel=1e-8)
    assert not fit.solution.admissible[0]
    assert f"the reliability rho_A of 'a' is {reliability:.2f}, beyond 1" in told(fit)
    assert f"the loading of 'a1' on 'a' is {loading:.2f}, beyond 1" in told(fit)


def test_correlations_that_no_factors_have_are_told_even_with_none_beyond_one():
    between = np.array([[1.0, 0.8, -0.35], [0.8, 1.0, 0.45], [-0.35, 0.45, 1.0]])
    assert np.linalg.eigvalsh(between)[0] < 0
    fit = pls.fit(MODEL, moments(correlations(0.6 * np.ones((3, 3)), between)), consistent=True)
    assert (fit.correlations.abs() <= 1).all(axis=None)
    assert not fit.solution.admissible[0]
    assert "are those of no common factors" in told(fit)


def test_composed_constructs_and_single_items_are_left_as_they_are():
    text = "x <~ x1 + x2 + x3; m =~ m1; y =~ y1 + y2 + y3; m ~ x; y ~ x + m"
    corrected, plain = (pls.fit(text, moments(correlations()), consistent=c) for c in (True, False))
    assert corrected.paths["estimate"][0] == pytest.approx(plain.paths["estimate"][0], rel=1e-12)
    assert corrected.correlations.loc["x", "m"] == pytest.approx(plain.correlations.loc["x", "m"])
    root = np.sqrt(corrected.reliability.set_index("construct")["rho_a"]["y"])
    assert corrected.correlations.loc["x", "y"] == pytest.approx(plain.correlations.loc["x", "y"] / root)


def test_samples_whose_first_stage_has_no_correction_have_no_answer():
    # what `fit` refuses stands as a gap in a batch, such as that of a bootstrap
    block = np.array([0, 0, 1, 1, 2, 2])
    sound = np.where(block[:, None] == block, 0.5, 0.3) + 0.5 * np.eye(6)
    R = sound.copy()
    R[0, 1] = R[1, 0] = -0.3
    names = ("a1", "a2", "c1", "c2", "b1", "b2")
    base = BaseMoments(
        items=names, pairs=(), covariance=np.stack([R, sound]), mean=np.zeros((2, 6)), origin=np.zeros(6)
    )
    for op in ("=~", "<~"):
        table = parse_model(f"a =~ a1 + a2; c =~ c1 + c2; h {op} a + c; b =~ b1 + b2; b ~ h")
        solution = solve(pls_model(table), base, PlsChoices(consistent=True))
        assert np.isnan(solution.paths[0]).all()
        assert np.isfinite(solution.paths[1]).all()
        assert not solution.admissible[0]

"""Normal equations of many resamples: each is what numpy makes of that resample alone."""

from __future__ import annotations

import numpy as np
import pytest

from servicefx.engines.normal_equations import row_products, solved_equations


def test_every_resample_has_its_own_cross_products_and_solution(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(30, 3)) * [1.0, 1e4, 1e-3], rng.normal(size=30)
    weights = rng.uniform(0.5, 2, (5, 30))
    grams = row_products(x).summed(weights)
    solved = solved_equations(grams, (weights * y) @ x, 1e-11)
    for weight, gram, answer in zip(weights, grams, solved, strict=True):
        assert gram == pytest.approx((x.T * weight) @ x)
        root = np.sqrt(weight)
        assert answer == pytest.approx(np.linalg.lstsq(x * root[:, None], y * root)[0], rel=1e-8)


def test_what_has_no_solution_has_none_and_leaves_the_others_alone() -> None:
    good = np.array([[2.0, 1.0], [1.0, 2.0]])
    grams = np.stack([good, np.ones((2, 2)), np.diag([1.0, 0.0]), np.full((2, 2), np.inf), good])
    moments = np.array([[3.0, 3.0], [1.0, 1.0], [1.0, 0.0], [1.0, 1.0], [np.nan, 1.0]])
    solved = solved_equations(grams, moments, 1e-11)
    assert solved[0] == pytest.approx([1.0, 1.0])
    assert np.isnan(solved[1:]).all()


def test_the_least_eigenvalue_is_judged_whatever_the_units() -> None:
    scale = np.diag([1.0, 1e6])
    gram = (scale @ np.array([[1.0, 1 - 1e-5], [1 - 1e-5, 1.0]]) @ scale)[None]
    moments = np.ones((1, 2))
    assert np.isfinite(solved_equations(gram, moments, 1e-6)).all()
    assert np.isnan(solved_equations(gram, moments, 1e-4)).all()

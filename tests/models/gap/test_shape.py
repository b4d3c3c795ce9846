"""When a surface has no axes, and which numbers of its axes have no interval."""

from __future__ import annotations

import numpy as np
import pytest

from servicefx.models.gap.shape import AXES, axes, axes_gradient, unclear

SMALL = 1e-6 * np.eye(5)
INFINITE = float("inf")


def reasons(b: list[float], covariance: np.ndarray = SMALL) -> dict[str, str]:
    return {name: why.split(":")[0] for name, why in unclear(np.array(b), covariance, INFINITE, 0.95).items()}


def test_a_saddle_off_the_lines_has_everything():
    assert reasons([0.2, -0.1, 0.3, 0.2, -0.4]) == {}


def test_axes_exist_once_curvatures_differ_by_more_than_f_of_two():
    """With var(b3 - b5) = 2 s², Wald's F is d² / (4 s²), to be held against F(.95; 2, inf) = 2.9957."""
    for f, none in ((2.98, True), (3.01, False)):
        b = np.array([0.1, 0.2, -0.2 + np.sqrt(4 * f) * 0.01, 0.0, -0.2])
        found = unclear(b, 1e-4 * np.eye(5), INFINITE, 0.95)
        assert ("curve alike in all directions" in found.get("p11", "")) is none


def test_fewer_degrees_of_freedom_ask_for_more():
    b = np.array([0.1, 0.2, -0.2 + np.sqrt(4 * 3.5) * 0.01, 0.0, -0.2])
    assert "p11" not in unclear(b, 1e-4 * np.eye(5), INFINITE, 0.95)
    assert "p11" in unclear(b, 1e-4 * np.eye(5), 10, 0.95)  # F(.95; 2, 10) = 4.10


def test_a_trough_along_agreement_has_no_place_for_its_first_axis():
    found = reasons([0.0, 0.0, 0.3, -0.6, 0.3])  # 0.3 (x - y)²: curved across y = x, flat along it
    assert found["x0"].startswith("the surface may have no stationary point")
    assert found["p10"].startswith("the surface may not curve across this axis")
    assert "p20" not in found
    assert "p11" not in found


def test_a_first_axis_along_disagreement_has_no_lateral_shift():
    found = reasons([0.2, -0.1, 0.1, -0.5, 0.1])
    assert found == {
        "shift": "the first axis may run along the line of disagreement, so that they never cross"
    }


@pytest.mark.parametrize(("b3", "b5", "axis"), [(-0.4, -0.1, "p11"), (-0.1, -0.4, "p21")])
def test_the_axis_that_may_stand_upright_is_the_steep_one(b3: float, b5: float, axis: str):
    found = reasons([0.1, 0.1, b3, 0.0, b5])
    assert found[axis] == "the axis may run upright, with no finite slope"
    assert {"p11", "p21"} - set(found) == {"p11", "p21"} - {axis}


def test_derivatives_are_those_of_small_steps():
    rng = np.random.default_rng(2)
    for b in rng.normal(size=(20, 5)):
        step = 1e-6
        moved = np.array(
            [(axes(b + step * unit) - axes(b - step * unit)) / (2 * step) for unit in np.eye(5)]
        ).T
        assert axes_gradient(b) == pytest.approx(moved, rel=1e-4, abs=1e-5)
    assert axes_gradient(b).shape == (len(AXES), 5)

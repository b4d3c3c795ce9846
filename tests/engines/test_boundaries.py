from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from servicefx.engines.boundaries import boundary_curve, expected_tallies

ODDS = np.array([[2.0, 0.5, -1.0], [0.1, -0.2, -3.0], [40.0, 38.0, 36.0]])
TALLIES = np.array([[1.0, 2.0, 0.0, 3.0], [0.0, 4.0, 1.0, 1.0], [2.0, 0.0, 1.0, 0.0]])


def test_derivatives_are_those_of_the_likelihood() -> None:
    curve = boundary_curve(ODDS, TALLIES)
    step = 1e-5
    for row in range(3):
        for at in range(3):
            move = np.zeros_like(ODDS)
            move[row, at] = step
            up, down = boundary_curve(ODDS + move, TALLIES), boundary_curve(ODDS - move, TALLIES)
            assert (up.logl - down.logl) / (2 * step) == pytest.approx(
                curve.first[row, at], rel=1e-6, abs=1e-6
            )
            bend = (up.first - down.first) / (2 * step)
            assert bend[row, at] == pytest.approx(curve.second[row, at], rel=1e-5, abs=1e-6)
            if at < 2:
                assert bend[row, at + 1] == pytest.approx(curve.across[row, at], rel=1e-5, abs=1e-6)


def test_chances_far_out_keep_their_digits() -> None:
    # at log odds of 40 the two boundaries' chances agree to 17 digits, their difference does not vanish
    curve = boundary_curve(np.array([[40.0, 38.0]]), np.array([[0.0, 1.0, 0.0]]))
    assert float(curve.logl) == pytest.approx(np.log(expit(-38.0) - expit(-40.0)), rel=1e-12)


def test_boundaries_that_cross_under_an_answer_have_no_likelihood() -> None:
    assert boundary_curve(np.array([[0.0, 1.0]]), np.array([[1.0, 1.0, 1.0]])).logl == -np.inf
    assert np.isfinite(boundary_curve(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0, 1.0]])).logl)


def test_expected_tallies_sum_to_the_rows() -> None:
    found = expected_tallies(ODDS, np.array([6.0, 6.0, 3.0]))
    assert found.sum(axis=1) == pytest.approx([6.0, 6.0, 3.0])
    assert found[0, 0] == pytest.approx(6 * expit(-2.0))

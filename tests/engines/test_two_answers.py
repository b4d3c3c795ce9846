"""Outcomes of 0 and 1: what is refused, and Newton steps on a likelihood with a known maximum."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from servicefx.engines.two_answers import check_two_answers, newton_draws, separated
from servicefx.errors import DataError

Floats = NDArray[np.float64]


def test_other_values_are_named_up_to_five() -> None:
    check_two_answers(np.array([0.0, 1.0, 1.0]), "logit of 'y'")
    with pytest.raises(DataError, match=r"logit of 'y': values other than 0 and 1: -1, 2, 3, 4, 5\n"):
        check_two_answers(np.array([0.0, 6.0, 5.0, 4.0, 3.0, 2.0, -1.0]), "logit of 'y'")


def test_the_refusal_of_separation_says_where_and_what_to_do() -> None:
    problem = separated("probit of 'y'").problems[0]
    assert (problem.where, problem.remedy) == ("probit of 'y'", "Remove the term that does, or add rows.")


def test_a_quadratic_likelihood_is_solved_in_every_resample(rng: np.random.Generator) -> None:
    x = np.column_stack([rng.normal(size=40), np.ones(40)])
    y = x @ [2.0, -1.0] + rng.normal(size=40)
    counts = rng.multinomial(40, [1 / 40] * 40, size=130).astype(np.float32)

    def derivatives(index: Floats, block: Floats) -> tuple[Floats, Floats]:
        return block * (y - index), block

    def solved(information: Floats, gradient: Floats) -> Floats:
        return np.linalg.solve(information, gradient[..., None])[..., 0]

    draws = newton_draws(x, counts, np.zeros(2), derivatives, solved, steps=3, done=1e-8)
    for place in (0, 129):
        weight = counts[place].astype(float)
        expected = np.linalg.solve((x.T * weight) @ x, (x.T * weight) @ y)
        assert draws[place] == pytest.approx(expected, rel=1e-9)


def test_a_resample_that_has_not_settled_has_no_coefficients() -> None:
    x, counts = np.ones((3, 1)), np.ones((2, 3), dtype=np.float32)

    def derivatives(index: Floats, block: Floats) -> tuple[Floats, Floats]:
        return block + 0 * index, block

    def solved(information: Floats, gradient: Floats) -> Floats:
        return gradient + 0 * information[:, 0]

    still = newton_draws(x, counts, np.zeros(1), derivatives, solved, steps=4, done=1e-8)
    assert np.isnan(still).all()

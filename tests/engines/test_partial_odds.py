from __future__ import annotations

import numpy as np
import pytest

from servicefx.engines.partial_odds import fit_partial_odds, score_statistic
from servicefx.errors import ServicefxError

WHERE = "parallel lines of 'y'"


@pytest.fixture
def answers(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = rng.normal(size=(600, 2))
    codes = np.digitize(x @ [0.8, -0.4] + rng.logistic(size=600), [-1, 0.5, 2])
    tallies = np.eye(4)[codes]
    none = np.zeros(2, dtype=bool)
    start = np.r_[0.8, -0.4, -1.0, 0.5, 2.0]
    fit = fit_partial_odds(x, tallies, none, start, WHERE)
    return x, tallies, np.r_[fit.slopes[0], fit.thresholds]


def test_with_no_slope_free_it_is_the_ordered_logit(
    answers: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    import pandas as pd

    from servicefx.engines.ordered import fit_ordered_logit

    x, tallies, at = answers
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(y=tallies.argmax(axis=1).astype(float))
    other = fit_ordered_logit(frame, "y", ["a", "b"], robust=False)
    assert at == pytest.approx(other.coefficients, abs=1e-7)


def test_a_slope_more_never_lowers_the_likelihood(
    answers: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    x, tallies, at = answers
    logls = [
        fit_partial_odds(x, tallies, np.array(free), at, WHERE).logl
        for free in ([False, False], [True, False], [True, True])
    ]
    assert logls == sorted(logls)


def test_rows_counted_are_rows_written_out(answers: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    x, tallies, at = answers
    free = np.array([True, False])
    twice = fit_partial_odds(x, 2 * tallies, free, at, WHERE)
    written = fit_partial_odds(np.vstack([x, x]), np.vstack([tallies, tallies]), free, at, WHERE)
    assert twice.slopes == pytest.approx(written.slopes, abs=1e-8)
    assert score_statistic(x, 2 * tallies, at) == pytest.approx(2 * score_statistic(x, tallies, at))


def test_a_slope_without_a_finite_value_is_refused() -> None:
    x = np.linspace(-2, 2, 60)[:, None]
    tallies = np.eye(3)[(x[:, 0] > -0.5).astype(int) + (x[:, 0] > 0.7)]
    with pytest.raises(ServicefxError, match=r"no finite value|cross"):
        fit_partial_odds(x, tallies, np.array([True]), np.r_[1.0, -0.5, 0.7], WHERE)

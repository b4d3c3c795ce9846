from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from servicefx.errors import ConvergenceError, IdentificationError
from servicefx.measurement.factor_model import fit_one_factor

REPEATED = "an item can be computed exactly from the others\n    Remove the repeated item."


def implied(loadings: list[float]) -> NDArray[np.float64]:
    vector = np.array(loadings)
    return np.outer(vector, vector) + np.diag(1 - vector**2)


@pytest.mark.parametrize(
    "truth",
    [[0.9, 0.5, 0.2], [0.8, 0.7, 0.6, 0.5], [0.99, 0.3, 0.3, 0.3, 0.3], [0.6, -0.4, 0.7, 0.5], [0.7] * 9],
)
def test_recovers_the_loadings_of_a_matrix_that_fits_exactly(truth: list[float]) -> None:
    fit = fit_one_factor(implied(truth))
    assert fit.loadings == pytest.approx(truth, abs=1e-8)
    assert fit.uniquenesses == pytest.approx(1 - np.array(truth) ** 2, abs=1e-8)
    assert fit.discrepancy == pytest.approx(0, abs=1e-12)


def test_stands_at_a_minimum_when_the_model_does_not_fit(rng: np.random.Generator) -> None:
    noise = rng.standard_normal((200, 4)) + 0.8 * rng.standard_normal((200, 1))
    noise[:, 3] += 0.7 * noise[:, 2]
    S = np.corrcoef(noise, rowvar=False)
    fit = fit_one_factor(S)

    def discrepancy(loadings: NDArray[np.float64], psi: NDArray[np.float64]) -> float:
        sigma = np.outer(loadings, loadings) + np.diag(psi)
        return float(
            np.linalg.slogdet(sigma)[1] + np.trace(np.linalg.solve(sigma, S)) - np.linalg.slogdet(S)[1] - 4
        )

    best = discrepancy(fit.loadings, fit.uniquenesses)
    assert best == pytest.approx(fit.discrepancy, rel=1e-9)
    assert fit.discrepancy > 0.01
    for _ in range(50):
        moved = discrepancy(
            fit.loadings + 0.02 * rng.standard_normal(4), fit.uniquenesses + 0.02 * rng.standard_normal(4)
        )
        assert moved > best


def test_three_items_beyond_one_are_a_heywood_case_with_a_negative_uniqueness() -> None:
    S = np.array([[1, 0.8, 0.7], [0.8, 1, 0.4], [0.7, 0.4, 1]])
    fit = fit_one_factor(S)
    # three items have a closed form: l1² = r12 r13 / r23
    assert fit.loadings[0] == pytest.approx(np.sqrt(0.8 * 0.7 / 0.4), rel=1e-8)
    assert fit.uniquenesses[0] == pytest.approx(1 - 1.4, rel=1e-7)


def test_two_items_share_the_root_of_their_correlation() -> None:
    fit = fit_one_factor(np.array([[1.0, 0.49], [0.49, 1.0]]))
    assert fit.loadings == pytest.approx([0.7, 0.7])
    assert fit.uniquenesses == pytest.approx([0.51, 0.51])


@pytest.mark.parametrize(
    ("S", "message"),
    [
        ([[1.0]], "one item has no loading to estimate\n    Add items."),
        ([[1.0, 1.0], [1.0, 1.0]], REPEATED),
        ([[1.0, 0.5, 1.0], [0.5, 1.0, 0.5], [1.0, 0.5, 1.0]], REPEATED),
        (
            [[1.0, -0.2], [-0.2, 1.0]],
            "its two items correlate -0.20, not positively\n    Check for a reversed item.",
        ),
        (
            [[1.0, 0.0], [0.0, 1.0]],
            "its two items correlate 0.00, not positively\n    Check for a reversed item.",
        ),
    ],
)
def test_refuses_what_has_no_loadings(S: list[list[float]], message: str) -> None:
    with pytest.raises(IdentificationError, match=f"^factor model of 'trust': {re.escape(message)}$"):
        fit_one_factor(np.array(S), "trust")


def test_a_matrix_no_factor_reproduces_is_refused_by_name() -> None:
    # correlations of noise: the likelihood rises for ever as one loading grows
    S = np.eye(4)
    S[np.triu_indices(4, 1)] = [-0.015, 0.158, -0.297, -0.179, 0.019, 0.285]
    S = S + np.triu(S, 1).T
    message = (
        "factor model of 'trust': no maximum of the likelihood was found\n"
        "    Check whether its items belong together."
    )
    with pytest.raises(ConvergenceError, match=f"^{re.escape(message)}$"):
        fit_one_factor(S, "trust")

from __future__ import annotations

import numpy as np
import pytest

from servicefx.errors import IdentificationError
from servicefx.measurement.reliability import cronbach_alpha, mcdonald_omega

LOADINGS = np.array([0.9, 0.7, 0.5, 0.4])
TRUTH = np.outer(LOADINGS, LOADINGS) + np.diag([0.3, 0.5, 0.6, 0.9])
OMEGA = LOADINGS.sum() ** 2 / TRUTH.sum()


@pytest.mark.parametrize("convention", ["implied", "observed"])
def test_omega_of_a_one_factor_population_is_its_reliability_and_alpha_is_below(convention: str) -> None:
    assert mcdonald_omega(TRUTH, convention=convention) == pytest.approx(OMEGA, rel=1e-9)
    assert cronbach_alpha(TRUTH) < OMEGA


def test_omega_of_equal_loadings_is_alpha() -> None:
    S = 0.5 + np.diag([0.5, 0.8, 1.1, 0.2])
    assert mcdonald_omega(S) == pytest.approx(cronbach_alpha(S), rel=1e-9)


def test_omega_is_that_of_the_sum_in_the_items_units() -> None:
    scale = np.array([1, 10, 1e3, 1e-3])
    scaled = TRUTH * np.outer(scale, scale)
    common = (scale * LOADINGS).sum() ** 2
    assert mcdonald_omega(scaled) == pytest.approx(common / scaled.sum(), rel=1e-8)
    corr = mcdonald_omega(scaled, convention="psych")
    assert corr == pytest.approx(mcdonald_omega(TRUTH, convention="psych"), rel=1e-8)


def test_omega_of_two_items_is_alpha() -> None:
    S = np.array([[2.0, 0.6], [0.6, 1.0]])
    assert mcdonald_omega(S) == pytest.approx(cronbach_alpha(S), rel=1e-12)


REFUSED = {
    "heywood": (np.array([[1.0, 0.2, 0.6], [0.2, 1.0, 0.7], [0.6, 0.7, 1.0]]), "Heywood case: 'item 3'"),
    "two that disagree": (np.array([[1.0, -0.3], [-0.3, 1.0]]), "two items correlate -0.30, not positively"),
    "a repeated item": (TRUTH[np.ix_([0, 1, 1], [0, 1, 1])], "computed exactly from the others"),
    "two, heywood": (np.array([[4.0, 1.2], [1.2, 1.0]]), "Heywood case: 'item 2'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_items_without_an_admissible_factor_are_refused_with_the_reason(case: str) -> None:
    S, message = REFUSED[case]
    with pytest.raises(IdentificationError, match=message):
        mcdonald_omega(S)


def test_an_unknown_convention_is_refused() -> None:
    with pytest.raises(ValueError, match="'lavaan' is not known"):
        mcdonald_omega(TRUTH, convention="lavaan")

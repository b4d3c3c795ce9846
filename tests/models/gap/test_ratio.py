"""Fieller's interval: its ends are the ratios at the edge of rejection, or there are none."""

from __future__ import annotations

import numpy as np
import pytest

from servicefx.models.gap.ratio import fieller_interval
from servicefx.values.estimates import critical_value

COVARIANCE = np.array([[0.04, 0.01], [0.01, 0.02]])


def statistic(ratio: float, above: float, below: float) -> float:
    contrast = np.array([1.0, -ratio])
    return abs(above - ratio * below) / float(np.sqrt(contrast @ COVARIANCE @ contrast))


@pytest.mark.parametrize(("above", "below"), [(2.0, 1.0), (-2.0, 1.0), (2.0, -1.0), (0.0, 1.0), (0.1, 3.0)])
@pytest.mark.parametrize("df", [5.0, float("inf")])
def test_ends_are_ratios_at_the_edge_of_rejection(above: float, below: float, df: float):
    found = fieller_interval(above, below, COVARIANCE, df, 0.9)
    assert not found.unbounded
    assert found.low < above / below < found.high
    for end in (found.low, found.high):
        assert statistic(end, above, below) == pytest.approx(critical_value(0.9, df))


def test_the_inverted_ratio_has_the_inverted_interval():
    found = fieller_interval(2.0, 1.0, COVARIANCE, 50)
    turned = fieller_interval(1.0, 2.0, COVARIANCE[::-1, ::-1], 50)
    assert (turned.low, turned.high) == pytest.approx((1 / found.high, 1 / found.low))


def test_a_denominator_that_may_be_zero_leaves_all_but_a_stretch():
    found = fieller_interval(3.0, 0.1, COVARIANCE, float("inf"))
    assert np.isnan([found.low, found.high]).all()
    _, low, high = (
        float(part.split(" ")[0])
        for part in ("0 ", *found.unbounded.split("ratios up to ")[1].split("and from "))
    )
    for end in (low, high):
        assert statistic(end, 3.0, 0.1) == pytest.approx(1.96, abs=0.02)  # ends are said to three digits
    assert statistic((low + high) / 2, 3.0, 0.1) > 1.96  # what lies between is rejected


def test_two_numbers_that_may_both_be_zero_leave_every_ratio():
    found = fieller_interval(0.1, 0.1, COVARIANCE, 30)
    assert found.unbounded == "the denominator may be 0: any ratio fits"


def test_a_denominator_exactly_at_the_edge_leaves_one_side():
    edge = critical_value(0.95) * np.sqrt(0.02)
    found = fieller_interval(3.0, float(edge), COVARIANCE, float("inf"))
    assert "the denominator may be 0" in found.unbounded or found.high > 1e6

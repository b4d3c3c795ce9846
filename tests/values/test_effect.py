"""One answer and its joint draws: sums, products and ratios keep the uncertainty they share."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from math import isnan, nan
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from servicefx.values.effect import DESIGNS, INDEPENDENT_FILES, Effect

N_DRAWS = 1001
EVEN = np.linspace(0.0, 1000.0, N_DRAWS)  # quantile q is 1000 q


def effect(**changed: Any) -> Effect:
    """A plain effect on the customers' resamples, with what is changed."""
    settings: dict[str, Any] = {
        "estimand": "change in satisfaction per point of empathy",
        "unit": "points of 1-7",
        "estimate": 500.0,
        "draws": EVEN,
        "draw_source": ("customers",),
    }
    return Effect(**(settings | changed))


@pytest.fixture
def pair() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two strongly correlated sets of draws of one resample."""
    rng = np.random.default_rng(7)
    shared = rng.normal(size=N_DRAWS)
    return 2 + shared + 0.1 * rng.normal(size=N_DRAWS), 3 + shared + 0.1 * rng.normal(size=N_DRAWS)


@pytest.mark.parametrize(
    ("level", "low", "high"), [(0.95, 25.0, 975.0), (0.90, 50.0, 950.0), (0.5, 250.0, 750.0)]
)
def test_the_interval_holds_the_middle_share_of_the_draws(level: float, low: float, high: float) -> None:
    assert effect().interval(level) == pytest.approx((low, high))


def test_the_order_of_the_draws_does_not_move_the_interval() -> None:
    shuffled = np.random.default_rng(1).permutation(EVEN)
    assert effect(draws=shuffled).interval() == effect().interval()


@pytest.mark.parametrize("level", [0.0, 1.0, 95, nan])
def test_a_level_outside_zero_and_one_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=f"level must lie strictly between 0 and 1, not {level!r}"):
        effect().interval(level)


def test_failed_draws_are_counted_and_left_out() -> None:
    with_gaps = effect(draws=np.concatenate([EVEN, [nan, nan, nan]]))
    assert with_gaps.n_failed == 3
    assert with_gaps.interval() == effect().interval()
    assert with_gaps.std_error == effect().std_error


@pytest.mark.parametrize("draws", [[], [1.0], [nan, nan], [1.0, nan]])
def test_fewer_than_two_answers_give_no_interval_and_no_error(draws: list[float]) -> None:
    few = effect(draws=np.array(draws))
    assert all(isnan(end) for end in few.interval())
    assert isnan(few.std_error)


def test_the_standard_error_divides_by_one_less_than_the_draws() -> None:
    assert effect(draws=np.array([1.0, 2.0, 3.0, 4.0])).std_error == pytest.approx((5 / 3) ** 0.5)


def test_an_effect_minus_itself_is_zero_without_uncertainty() -> None:
    nothing = effect() - effect()
    assert nothing.estimate == 0
    assert nothing.interval() == (0.0, 0.0)
    assert nothing.std_error == 0
    assert INDEPENDENT_FILES not in nothing.assumptions


def test_an_effect_over_itself_is_one_without_uncertainty() -> None:
    ratio = effect(draws=EVEN + 1) / effect(draws=EVEN + 1)
    assert (ratio.estimate, ratio.interval()) == (1.0, (1.0, 1.0))


@pytest.mark.parametrize(
    ("operation", "sign", "unit"),
    [
        (np.add, "+", "CNY"),
        (np.subtract, "-", "CNY"),
        (np.multiply, "×", "CNY × CNY"),
        (np.divide, "/", "CNY / CNY"),
    ],
)
def test_arithmetic_works_row_by_row(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]], operation: np.ufunc, sign: str, unit: str
) -> None:
    left = effect(estimand="a", unit="CNY", estimate=2.0, draws=pair[0])
    right = effect(estimand="b", unit="CNY", estimate=3.0, draws=pair[1])
    both = {"+": left + right, "-": left - right, "×": left * right, "/": left / right}[sign]
    np.testing.assert_array_equal(both.draws, operation(*pair))
    assert both.estimate == operation(2.0, 3.0)
    assert (both.estimand, both.unit, both.draw_source) == (f"(a) {sign} (b)", unit, ("customers",))


def test_a_difference_keeps_the_uncertainty_the_two_share(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    left, right = effect(draws=pair[0]), effect(draws=pair[1])
    covariance = float(np.cov(*pair)[0, 1])
    joint = (left.std_error**2 + right.std_error**2 - 2 * covariance) ** 0.5
    assert (left - right).std_error == pytest.approx(joint, rel=1e-10)  # same numbers, other rounding
    assert (left - right).std_error < 0.2 * left.std_error  # as independent it would be 1.4 times


@pytest.mark.parametrize(
    ("combined", "estimate", "first"),
    [
        (lambda a: a + 10, 510.0, 10.0),
        (lambda a: 10 + a, 510.0, 10.0),
        (lambda a: a - 10, 490.0, -10.0),
        (lambda a: a * 2, 1000.0, 0.0),
        (lambda a: 2 * a, 1000.0, 0.0),
        (lambda a: np.float64(2) * a, 1000.0, 0.0),
        (lambda a: a / 4, 125.0, 0.0),
        (lambda a: -a, -500.0, 0.0),
    ],
)
def test_a_number_shifts_or_scales_every_draw(
    combined: Callable[[Effect], Effect], estimate: float, first: float
) -> None:
    changed = combined(effect())
    assert changed.estimate == estimate
    assert changed.draws[0] == first
    assert (changed.unit, changed.estimand) == (effect().unit, effect().estimand)


def test_effects_can_be_summed() -> None:
    assert sum([effect(), effect(), effect()], start=0.0).estimate == 1500  # type: ignore[union-attr]


def test_unequal_lengths_are_not_combined() -> None:
    with pytest.raises(
        ValueError,
        match=r"cannot combine 1001 draws of 'a' with 3 of 'b': draw both with the same number of draws",
    ):
        effect(estimand="a") + effect(estimand="b", draws=np.array([1.0, 2.0, 3.0]))


def test_effects_of_different_files_say_they_are_taken_as_independent() -> None:
    customers, firms = effect(), effect(draw_source=("firms",), assumptions=("parallel trends",))
    both = customers * firms
    assert both.draw_source == ("customers", "firms")
    assert both.assumptions == ("parallel trends", INDEPENDENT_FILES)


def test_the_independence_of_files_is_said_once() -> None:
    customers, firms, outlets = (effect(draw_source=(name,)) for name in ("customers", "firms", "outlets"))
    assert ((customers + firms) + outlets).assumptions == (INDEPENDENT_FILES,)
    assert ((customers + firms) + (firms + outlets)).assumptions == (INDEPENDENT_FILES,)


def test_assumptions_of_both_are_kept_once_each_in_order() -> None:
    left, right = (
        effect(assumptions=("linear", "no spillover")),
        effect(assumptions=("no spillover", "stable")),
    )
    assert (left + right).assumptions == ("linear", "no spillover", "stable")


@pytest.mark.parametrize("stronger", DESIGNS)
@pytest.mark.parametrize("weaker", DESIGNS)
def test_the_weaker_design_wins(weaker: str, stronger: str) -> None:
    expected = min(weaker, stronger, key=DESIGNS.index)
    assert (effect(design=weaker) + effect(design=stronger)).design == expected
    assert (effect(design=stronger) / effect(design=weaker)).design == expected


def test_designs_run_from_the_weakest_claim_to_the_strongest() -> None:
    assert DESIGNS == (
        "association",
        "adjusted",
        "within_unit",
        "instrument",
        "difference_in_differences",
        "randomised",
    )


def test_a_draw_over_zero_is_a_draw_without_an_answer() -> None:
    ratio = effect() / effect(estimate=5.0, draws=np.where(EVEN < 2, 0.0, 5.0))  # the first two are 0
    assert ratio.n_failed == 2
    assert np.isfinite(ratio.interval()).all()


def test_a_failed_draw_stays_failed_in_whatever_it_enters() -> None:
    broken = EVEN.copy()
    broken[4] = nan
    assert np.flatnonzero(np.isnan((effect() + effect(draws=broken)).draws)).tolist() == [4]


def test_why_a_number_does_not_exist_is_carried_on() -> None:
    missing = effect(estimate=nan, undefined="no complaints")
    assert (effect() + missing).undefined == "no complaints"
    assert (missing * 2).undefined == "no complaints"
    assert isnan((effect() + missing).estimate)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"draws": np.zeros((2, 3))}, r"draws of 'change in .*' must have shape \(n_draws,\), not \(2, 3\)"),
        ({"draws": np.float64(1)}, r"must have shape \(n_draws,\), not \(\)"),
        (
            {"design": "causal"},
            "design 'causal' is not one of association, adjusted, within_unit, instrument",
        ),
        ({"draw_source": ()}, "'change in .*' does not say which resamples its draws stand on"),
        ({"draw_source": ("",)}, "does not say which resamples"),
    ],
)
def test_an_effect_that_is_not_one_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        effect(**changed)


def test_sources_are_sorted_and_named_once() -> None:
    assert effect(draw_source=("firms", "customers", "firms")).draw_source == ("customers", "firms")


def test_draws_are_a_read_only_copy() -> None:
    mine = EVEN.copy()
    held = effect(draws=mine)
    mine[0] = -1.0
    assert held.draws[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        held.draws[0] = 1.0
    for made in (held + held, held * 2, held.renamed("other")):
        assert not made.draws.flags.writeable


def test_fields_of_an_effect_cannot_be_set() -> None:
    with pytest.raises(FrozenInstanceError):
        effect().estimate = 1.0  # type: ignore[misc]


def test_renaming_keeps_the_numbers() -> None:
    renamed = effect().renamed("worth of a point", "CNY")
    assert (renamed.estimand, renamed.unit, renamed.estimate) == ("worth of a point", "CNY", 500.0)
    np.testing.assert_array_equal(renamed.draws, EVEN)
    assert effect().renamed("again").unit == "points of 1-7"


def test_an_effect_survives_pickling() -> None:
    sent = effect(design="within_unit", assumptions=("linear",), undefined="")
    back: Effect = pickle.loads(pickle.dumps(sent))
    for name in ("estimand", "unit", "estimate", "draw_source", "design", "assumptions", "undefined"):
        assert getattr(back, name) == getattr(sent, name)
    np.testing.assert_array_equal(back.draws, sent.draws)
    assert (back - sent).interval() == (0.0, 0.0)


def test_draws_are_still_read_only_after_pickling() -> None:
    back: Effect = pickle.loads(pickle.dumps(effect()))
    assert not back.draws.flags.writeable


def test_an_effect_over_the_number_zero_has_no_answer_and_says_why() -> None:
    ratio = effect() / 0
    assert isnan(ratio.estimate)
    assert ratio.undefined
    assert not np.isinf(ratio.draws).any()


def test_an_effect_over_an_estimate_of_zero_has_no_answer_and_says_why() -> None:
    ratio = effect() / effect(estimate=0.0, draws=EVEN + 1)
    assert isnan(ratio.estimate)
    assert ratio.undefined

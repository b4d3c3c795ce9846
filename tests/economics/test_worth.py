from __future__ import annotations

import numpy as np
import pytest

from servicefx.economics.worth import annuity_factor, worth_of
from servicefx.values.effect import INDEPENDENT_FILES, Effect

# Brealey, Myers & Allen, Principles of Corporate Finance, appendix table 3 (annuity factors, printed digits)
ANNUITY = {(0.05, 10): 7.722, (0.08, 20): 9.818, (0.10, 3): 2.487, (0.12, 5): 3.605, (0.01, 1): 0.990}


@pytest.mark.parametrize(("rate", "years"), ANNUITY)
def test_annuity_factor_is_the_printed_one(rate: float, years: int) -> None:
    assert annuity_factor(rate, 1, years) == pytest.approx(ANNUITY[rate, years], abs=5.1e-4)


def test_annuity_at_no_interest_counts_periods() -> None:
    assert annuity_factor(0.0, 4, 8) == 8.0


def test_quarters_compound_to_the_year() -> None:
    quarterly = (1.08**0.25) - 1
    assert annuity_factor(0.08, 4, 8) == pytest.approx((1 - (1 + quarterly) ** -8) / quarterly, rel=1e-12)


def test_negative_interest_makes_later_money_worth_more() -> None:
    assert annuity_factor(-0.02, 1, 2) == pytest.approx(1 / 0.98 + 1 / 0.98**2)


def effect(value: float, draws: list[float], source: str = "a", unit: str = "CNY per period") -> Effect:
    return Effect(
        estimand=source,
        unit=unit,
        estimate=value,
        draws=np.array(draws),
        draw_source=(source,),
        design="adjusted",
    )


def worth(benefit: Effect, cost: Effect, once: float = 0.0, rate: float = 0.1, horizon: int = 3):  # type: ignore[no-untyped-def]
    return worth_of(
        benefit, cost, once=once, discount_rate=rate, periods_per_year=1, horizon=horizon, currency="CNY"
    )


def test_net_present_value_is_the_textbook_one() -> None:
    # 1,000 now for 500 at the end of each of three years at 10 %: 243.43
    answer = worth(effect(500, [500, 400]), effect(0, [0, 0], "b"), once=1000)
    assert answer.net_present_value.estimate == pytest.approx(243.43, abs=0.005)
    assert answer.net_present_value.draws == pytest.approx([243.43, 400 * 2.486852 - 1000], abs=0.005)
    assert answer.benefit_cost_ratio.estimate == pytest.approx(1.24343, abs=5e-6)
    assert answer.probability_positive == 0.5
    assert (answer.net_present_value.unit, answer.benefit_cost_ratio.unit) == ("CNY", "ratio")


def test_ratio_and_difference_use_the_same_draws() -> None:
    benefit, cost = effect(100, [90, 110, 130]), effect(80, [95, 80, 65], "b")
    answer = worth(benefit, cost, rate=0.0)
    assert answer.net_present_value.draws == pytest.approx([-15, 90, 195])
    assert answer.benefit_cost_ratio.draws == pytest.approx([90 / 95, 110 / 80, 130 / 65])
    assert answer.probability_positive == pytest.approx(2 / 3)
    assert INDEPENDENT_FILES in answer.net_present_value.assumptions


def test_a_plan_that_costs_nothing_has_no_ratio_and_says_why() -> None:
    answer = worth(effect(100, [90, 110]), effect(0, [0, 0], "b"))
    assert np.isnan(answer.benefit_cost_ratio.estimate)
    assert answer.benefit_cost_ratio.undefined == "the plan costs nothing"
    assert answer.benefit_cost_ratio.n_failed == 2
    assert answer.net_present_value.estimate == pytest.approx(100 * 2.486852, abs=1e-3)


def test_draws_without_an_answer_do_not_count_in_the_probability() -> None:
    answer = worth(effect(100, [90, np.nan, 10]), effect(50, [50, 50, 50], "b"))
    assert answer.probability_positive == 0.5
    assert answer.net_present_value.n_failed == 1
    nothing = worth(effect(100, [np.nan] * 2), effect(50, [50, 50], "b"))
    assert np.isnan(nothing.probability_positive)


def test_the_plan_s_assumptions_travel_with_its_worth() -> None:
    answer = worth(effect(100, [90, 110]), effect(80, [95, 80], "b"))
    for result in (answer.net_present_value, answer.benefit_cost_ratio):
        assert "the change lasts over the whole horizon and starts at once" in result.assumptions
        assert result.design == "adjusted"

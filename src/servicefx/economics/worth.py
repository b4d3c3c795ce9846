"""Worth of a plan: net present value and benefit-cost ratio as distributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servicefx.economics.lines import PER_PERIOD
from servicefx.values.effect import Effect

__all__ = ["Worth", "annuity_factor", "worth_of"]


def annuity_factor(discount_rate: float, periods_per_year: float, horizon: int) -> float:
    """Present value of one unit at the end of each period.

    Parameters
    ----------
    discount_rate : float
        A year, > -1.
    periods_per_year : float
        4 for quarters.
    horizon : int
        Periods.

    Returns
    -------
    float
        Sum over t = 1..horizon of (1 + rate a period)^-t.

    Examples
    --------
    >>> round(annuity_factor(0.05, 1, 10), 6), annuity_factor(0.0, 4, 8)
    (7.721735, 8.0)
    """
    rate = (1 + discount_rate) ** (1 / periods_per_year) - 1
    return float(np.sum((1 + rate) ** -np.arange(1.0, horizon + 1)))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Worth:
    """What a plan is worth.

    Attributes
    ----------
    benefit, cost : Effect
        Present values, in the study's currency.
    net_present_value : Effect
        Benefit minus cost.
    benefit_cost_ratio : Effect
        Benefit over cost; undefined where nothing is spent.
    probability_positive : float
        Share of draws with a positive net present value.
    """

    benefit: Effect
    cost: Effect
    net_present_value: Effect
    benefit_cost_ratio: Effect
    probability_positive: float


def worth_of(
    benefit: Effect,
    cost: Effect,
    *,
    once: float,
    discount_rate: float,
    periods_per_year: float,
    horizon: int,
    currency: str,
) -> Worth:
    """Net present value and benefit-cost ratio of a plan from joint draws.

    Parameters
    ----------
    benefit, cost : Effect
        Currency a period, at each period's end.
    once : float
        Paid at the start, in currency.
    discount_rate : float
        A year.
    periods_per_year : float
        Periods in a year.
    horizon : int
        Periods.
    currency : str
        For the unit.

    Returns
    -------
    Worth

    References
    ----------
    Boardman, Greenberg, Vining & Weimer (2018), Cost-Benefit Analysis, 5th ed., ch. 9.
    """
    factor = annuity_factor(discount_rate, periods_per_year, horizon)
    over = f"over {horizon} periods at {discount_rate:.1%} a year"
    gains = (benefit * factor).renamed(f"present value of {benefit.estimand}, {over}", currency)
    costs = (cost * factor + once).renamed(f"present value of {cost.estimand}, {over}", currency)
    net = (gains - costs).renamed(f"net present value of the plan, {over}", currency)
    ratio = (gains / costs).renamed(f"benefit-cost ratio of the plan, {over}", "ratio")
    ratio = _stated(ratio, why="" if costs.estimate > 0 else "the plan costs nothing")
    known = net.draws[~np.isnan(net.draws)]
    return Worth(
        benefit=gains,
        cost=costs,
        net_present_value=_stated(net),
        benefit_cost_ratio=ratio,
        probability_positive=float(np.mean(known > 0)) if known.size else float("nan"),
    )


def _stated(effect: Effect, why: str = "") -> Effect:
    """The effect with the plan's assumptions, undefined where a reason is given."""
    return Effect(
        estimand=effect.estimand,
        unit=effect.unit,
        estimate=float("nan") if why else effect.estimate,
        draws=effect.draws,
        draw_source=effect.draw_source,
        design=effect.design,
        assumptions=(*effect.assumptions, *(a for a in PER_PERIOD if a not in effect.assumptions)),
        undefined=why or effect.undefined,
    )

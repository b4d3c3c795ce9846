"""Benefit and cost lines: what a period brings and takes, as effects with draws."""

from __future__ import annotations

import numpy as np

from servicefx.values.effect import Effect

__all__ = ["PER_PERIOD", "cost_line", "retention_line"]

PER_PERIOD = (
    "the same customers are at stake in every period, and a customer kept counts in that period only",
    "the change lasts over the whole horizon and starts at once",
)


def retention_line(change: Effect, *, customers: float, margin: float, currency: str) -> Effect:
    """Money a period from customers who stay because of a change.

    Parameters
    ----------
    change : Effect
        Change of the share who buy again, in share of customers.
    customers : float
        Customers at stake a period.
    margin : float
        Contribution of one customer who buys again, per period, in the study's currency.
    currency : str
        For the unit.

    Returns
    -------
    Effect
        In currency a period.
    """
    money = change * (customers * margin)
    unit = f"{currency} per period"
    return money.renamed(f"retention benefit a period from {change.estimand}", unit)


def cost_line(
    *, line: str, amount: float, relative_sd: float, currency: str, seed: int, n_draws: int
) -> Effect:
    """Money a period that a plan costs, with its own uncertainty.

    Parameters
    ----------
    line : str
        Cost line id (theory: labour, material, facility, communication, management).
    amount : float
        Expected cost a period, >= 0, in the study's currency.
    relative_sd : float
        Standard deviation over amount, >= 0; 0 means known.
    currency : str
        For the unit.
    seed, n_draws : int
        Study seed; as many draws as the effects it is set against.

    Returns
    -------
    Effect
        Log-normal draws with mean ``amount``, on a stream of their own.
    """
    rng = np.random.default_rng([seed, *f"cost:{line}".encode()])
    sigma2 = np.log1p(relative_sd**2)
    draws = amount * np.exp(np.sqrt(sigma2) * rng.standard_normal(n_draws) - sigma2 / 2)
    return Effect(
        estimand=f"{line} cost a period",
        unit=f"{currency} per period",
        estimate=amount,
        draws=draws,
        draw_source=(f"plan: {line} cost, log-normal with relative sd {relative_sd:g}, seed {seed}",),
        design="randomised",
        assumptions=(f"the {line} cost is what the study file states, sd {relative_sd:.0%} of it",),
    )

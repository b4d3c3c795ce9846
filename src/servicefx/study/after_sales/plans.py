"""The truth of the simulated after-sales study: what interventions do, as paired differences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.study.after_sales.mechanisms import Intervention
from servicefx.study.after_sales.observed import UNITS
from servicefx.study.after_sales.parameters import DIMENSIONS
from servicefx.study.after_sales.structure import TruthRow, columns_of

__all__ = ["CUSTOMERS_SERVED", "MARGIN", "PLANS", "SPENDING", "Plan", "planned_rows", "spent_rows"]

CUSTOMERS_SERVED, MARGIN = 50_000, 300.0
"""As in the study's ``[money.benefit]``: customers, and CNY per retained customer and quarter."""


class Plan(NamedTuple):
    """An intervention in words and in deed, and where its effect is read."""

    hypothesis: str
    quantity: str
    wording: str
    change: Intervention
    outcomes: tuple[str, ...]
    among: str = ""


def _in_time(hours: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.minimum(hours, 24.0)


def _tenth_more(spending: NDArray[np.float64]) -> NDArray[np.float64]:
    return spending * 1.1


_CHAIN = ("satisfaction", "loyalty", "repurchase")
_BY_HALF_A_SCORE = "+0.545 (its score +0.5)"

PLANS: tuple[Plan, ...] = (
    Plan("H1b", "responsiveness", "+0.5", 0.5, ("responsiveness", *_CHAIN, "trust", "margin")),
    Plan("H1b", "responsiveness", _BY_HALF_A_SCORE, 0.545, ("responsiveness", *_CHAIN, "margin")),
    Plan("H1a", "reliability", "+0.5", 0.5, ("reliability", *_CHAIN, "trust")),
    Plan("H1c", "assurance", "+0.5", 0.5, ("assurance", *_CHAIN, "trust")),
    Plan("H1d", "empathy", "+0.5", 0.5, ("empathy", *_CHAIN, "trust")),
    Plan("H1e", "tangibles", "+0.5", 0.5, ("tangibles", *_CHAIN)),
    Plan("H3", "process", "+0.5", 0.5, ("process", *DIMENSIONS, *_CHAIN)),
    Plan("H4", "satisfaction", "+0.5", 0.5, (*_CHAIN, "word_of_mouth", "people_told")),
    Plan("H6", "trust", "+0.5", 0.5, ("trust", "loyalty", "repurchase")),
    Plan("H9", "complaint_handling", "+0.5", 0.5, ("complaint_handling", *_CHAIN), "complained"),
    Plan("H15", "first_response_hours", "at most 24", _in_time, ("first_response_hours", *_CHAIN)),
)
"""Interventions on customers; constructs are moved on their 1-7 metric, before any question is asked."""

SPENDING = Plan(
    "H16",
    "service_spending",
    "x 1.1 from quarter 1 on",
    _tenth_more,
    ("service_level", "satisfaction", "retention", "profit"),
)
"""The intervention on firms: a tenth more spent on service, for good."""


def planned_rows(plan: Plan, before: pd.DataFrame, after: pd.DataFrame) -> Iterator[TruthRow]:
    """Mean difference of each outcome between the world changed and the world as it is.

    Parameters
    ----------
    plan : Plan
        One of `PLANS`.
    before, after : DataFrame
        `score_frame` of the same customers without and with the intervention.

    Yields
    ------
    dict
        Rows of the truth file; margin is `CUSTOMERS_SERVED` times `MARGIN` times the change in repurchase.
    """
    is_asked = before[plan.among] > 0 if plan.among else np.ones(len(before), dtype=bool)
    group = "customers who complained" if plan.among else "all customers"
    for outcome in plan.outcomes:
        column = "repurchase" if outcome == "margin" else outcome
        change = float((after.loc[is_asked, column] - before.loc[is_asked, column]).mean())
        what = f"change in the mean of {outcome}"
        if outcome == "margin":
            change *= CUSTOMERS_SERVED * MARGIN
            what = f"margin won a quarter among {CUSTOMERS_SERVED} customers at {MARGIN:g} CNY each"
        estimand = f"{what} if {plan.quantity} of {group} were moved ({plan.wording})"
        unit = "CNY a quarter" if outcome == "margin" else UNITS.get(outcome, "points of 1-7")
        yield _row(plan, outcome, columns_of(plan.quantity, column), change, unit, estimand)


def spent_rows(before: pd.DataFrame, after: pd.DataFrame) -> Iterator[TruthRow]:
    """Mean difference of the firms' accounts under `SPENDING`, at once and after it has built up.

    Parameters
    ----------
    before, after : DataFrame
        The same firms' panel without and with the intervention.

    Yields
    ------
    dict
        Rows of the truth file, for quarters 1, 4 and 24.
    """
    for quarter in (1, 4, 24):
        rows = before["quarter"] == quarter
        for outcome in SPENDING.outcomes:
            change = float((after.loc[rows, outcome] - before.loc[rows, outcome]).mean())
            estimand = f"change in the firms' mean {outcome} in quarter {quarter} ({SPENDING.wording})"
            unit = UNITS.get(outcome, "points of 1-7")
            columns = f"{SPENDING.quantity} {outcome}"
            row = _row(SPENDING, outcome, columns, change, unit, estimand)
            yield row | {"model": f"{row['model']} (read in quarter {quarter})"}


def _row(plan: Plan, outcome: str, columns: str, change: float, unit: str, estimand: str) -> TruthRow:
    return {
        "hypothesis": plan.hypothesis,
        "kind": "intervention",
        "model": f"intervene: {plan.quantity} {plan.wording}",
        "outcome": outcome,
        "term": plan.quantity,
        "columns": columns,
        "estimate": change,
        "mc_error": 0.0,
        "unit": unit,
        "estimand": estimand,
    }

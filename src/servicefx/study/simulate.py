"""The simulated after-sales study: customers and firms drawn from a known truth, with interventions."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError
from servicefx.study.after_sales.customers import simulate_customers
from servicefx.study.after_sales.firms import Firms, simulate_firms
from servicefx.study.after_sales.items import LIKERT_ITEMS, answer_items
from servicefx.study.after_sales.mechanisms import Intervention, Mechanisms
from servicefx.study.after_sales.parameters import (
    COST_LINES,
    CUSTOMER_QUANTITIES,
    FIRM_QUANTITIES,
    FIRMS_PER_MARKET,
    OUTLETS_PER_FIRM,
)

__all__ = ["QUANTITIES", "SEED", "SimulatedStudy", "after_sales_files", "simulate"]

SEED = 20260101
"""Of the committed data."""

QUANTITIES = (*FIRM_QUANTITIES, *CUSTOMER_QUANTITIES)
"""What `simulate` can intervene on, in causal order."""

FIRM_DECIMALS = {
    "service_spending": 2,
    "revenue": 2,
    "profit": 2,
    "market_share": 5,
    "retention": 4,
    "acquisition_cost": 2,
    "rival_service": 4,
    "relative_service": 4,
    "service_level": 4,
    "satisfaction": 4,
    "failure_cost": 2,
    "employee_satisfaction": 4,
}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SimulatedStudy:
    """A study drawn from known parameters.

    Attributes
    ----------
    customers : DataFrame, one row a customer
        The survey as it would be exported: answers 1-7 with blanks, reversed items not yet turned.
    firms : DataFrame, one row a firm and quarter
        The accounts, sorted by firm, then quarter.
    """

    customers: pd.DataFrame
    firms: pd.DataFrame


def simulate(
    n_customers: int = 6000,
    seed: int = SEED,
    intervene: Mapping[str, Intervention] | None = None,
    *,
    n_firms: int = 40,
    n_quarters: int = 24,
) -> SimulatedStudy:
    """Draw the after-sales study, as it is or as it would be under an intervention.

    Each mechanism draws from its own stream, so an intervention changes what it causes and nothing else:
    the same seed with and without ``intervene`` gives every customer twice, and the difference is the causal
    effect. Firms pass on to their customers the service level of the quarter; interventions on customers do
    not travel back to the firms' accounts.

    Parameters
    ----------
    n_customers : int
        At least 1.
    seed : int
        At least 0.
    intervene : mapping of str to float or callable, optional
        Quantity (one of `QUANTITIES`) -> what is added to it, or a function from its values to new ones.
        Constructs are moved in points of their 1-7 metric before any question is asked, so a score, with
        its rounding and the ends of its scale, moves a little less; other quantities in their own unit.
        A function receives the values of all customers, or of all firms in one quarter (costs, market share
        and retention: in all quarters).
    n_firms : int
        A multiple of 5: firms compete in markets of five. Each has five outlets.
    n_quarters : int
        At least 1.

    Returns
    -------
    SimulatedStudy

    Raises
    ------
    StudyError
        If a size does not fit or a quantity to intervene on is not known.

    Examples
    --------
    >>> study = simulate(200, seed=1, n_firms=5)
    >>> changed = simulate(200, seed=1, n_firms=5, intervene={"responsiveness": 0.5})
    >>> bool((changed.customers["rel1"].dropna() == study.customers["rel1"].dropna()).all())
    True
    >>> bool(changed.customers["sat1"].mean() > study.customers["sat1"].mean())
    True
    """
    _check_sizes(n_customers, n_firms, n_quarters)
    mechanisms = Mechanisms(seed, intervene or {}, QUANTITIES)
    firms = simulate_firms(mechanisms, n_firms, n_quarters)
    world = simulate_customers(mechanisms, firms, n_customers)
    return SimulatedStudy(
        customers=_customer_frame(world, answer_items(mechanisms, world), n_firms),
        firms=_firm_frame(firms, n_firms),
    )


def after_sales_files(seed: int = SEED) -> dict[str, bytes]:
    """The two data files of the study `after_sales`, byte for byte as committed under the default seed.

    Returns
    -------
    dict of str to bytes
        File name -> UTF-8 CSV, every line ended by a line feed alone; blanks are missing answers.
    """
    study = simulate(seed=seed)
    return {
        "after_sales_customers.csv": _csv(study.customers),
        "after_sales_firms.csv": _csv(study.firms),
    }


def _check_sizes(n_customers: int, n_firms: int, n_quarters: int) -> None:
    """Refuse sizes the structure cannot have."""
    problems = []
    if n_customers < 1:
        problems.append(("n_customers", n_customers, "a whole number from 1"))
    if n_firms < FIRMS_PER_MARKET or n_firms % FIRMS_PER_MARKET:
        problems.append(("n_firms", n_firms, f"a multiple of {FIRMS_PER_MARKET} (firms of a market)"))
    if n_quarters < 1:
        problems.append(("n_quarters", n_quarters, "a whole number from 1"))
    if problems:
        raise StudyError(
            *(
                Problem(f"simulate({name}=…)", f"{value}; expected {expected}", "Change the number.")
                for name, value, expected in problems
            )
        )


def _identifiers(prefix: str, numbers: NDArray[np.int64], count: int) -> NDArray[np.object_]:
    """``F01``, ``F02``, … for positions 0, 1, …, of equal width."""
    width = len(str(count))
    names = np.array([f"{prefix}{number:0{width}d}" for number in range(1, count + 1)], dtype=object)
    return names[numbers]


def _customer_frame(
    world: dict[str, NDArray[np.float64]], answers: pd.DataFrame, n_firms: int
) -> pd.DataFrame:
    """The survey as exported, identifiers first."""
    n_customers = len(answers)
    quarter = world["quarter"].astype(np.int64)
    head = {
        "customer_id": _identifiers("C", np.arange(n_customers), n_customers),
        "outlet_id": _identifiers("O", world["outlet"].astype(np.int64), n_firms * OUTLETS_PER_FIRM),
        "firm_id": _identifiers("F", world["firm"].astype(np.int64), n_firms),
        "outlet_type": np.where(world["is_outsourced"] > 0, "outsourced", "own"),
        "channel": np.where(world["is_online"] > 0, "online", "offline"),
        "product_complexity": world["product_complexity"].astype(np.int64),
        "tenure_years": np.round(world["tenure_years"], 1),
        "quarter": quarter,
        "year": (quarter - 1) // 4 + 1,
    }
    advocacy = (world["word_of_mouth"] - 1.0) * 10.0 / 6.0 + 0.7
    tail = {
        "nps": np.clip(np.rint(advocacy), 0.0, 10.0).astype(np.int64),
        "people_told": world["people_told"].astype(np.int64),
        "repurchase": world["repurchase"].astype(np.int64),
        "first_response_hours": np.round(world["first_response_hours"], 2),
        "service_failure": world["service_failure"].astype(np.int64),
        "complained": world["complained"].astype(np.int64),
    }
    return pd.DataFrame(head | {item: answers[item].to_numpy() for item in answers} | tail)


def _firm_frame(firms: Firms, n_firms: int) -> pd.DataFrame:
    """The accounts as exported, rounded column by column."""
    panel = firms.panel
    frame = {"firm_id": _identifiers("F", panel["firm"].to_numpy(), n_firms), "quarter": panel["quarter"]}
    frame |= {line: panel[line].round(2) for line in COST_LINES}
    frame |= {name: panel[name].round(decimals) for name, decimals in FIRM_DECIMALS.items()}
    frame |= {name: panel[name] for name in ("firm_strategy", "market_stage", "product_complexity")}
    return pd.DataFrame(frame)


def _csv(frame: pd.DataFrame) -> bytes:
    """Comma-separated UTF-8: answers without decimals, other numbers as rounded."""
    answers = [item for item in LIKERT_ITEMS if item in frame]
    text = io.StringIO()
    frame.astype(dict.fromkeys(answers, "Int64")).to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode()

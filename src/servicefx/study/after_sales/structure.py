"""The truth of the simulated after-sales study, first part: its structural values, listed by hypothesis."""

from __future__ import annotations

from servicefx.study.after_sales.items import SCALES, item_names
from servicefx.study.after_sales.parameters import CUSTOMER, DIMENSIONS, FIRM

__all__ = ["OF_CAUSE", "TruthRow", "columns_of", "structural_rows"]

TruthRow = dict[str, str | float]
"""One row of the truth file."""

SINGLE_COLUMNS = {
    "word_of_mouth": "nps",
    "tenure": "tenure_years",
    "hours_beyond": "first_response_hours",
    "hours_within": "first_response_hours",
    "dissatisfied": "satisfaction",
    "satisfied": "satisfaction",
    "highly_satisfied": "satisfaction",
    "log_tenure": "tenure_years",
}
"""Quantities under another name in the data."""

OF_OUTCOME = {
    **dict.fromkeys(DIMENSIONS, "H3"),
    "perceived_value": "H8",
    "trust": "H6",
    "word_of_mouth": "H5",
    "people_told": "H5",
    "repurchase": "H4",
    "loyalty": "H4",
    "service_level": "H14",
    "employee_satisfaction": "H12",
    "market_share": "H17",
    "retention": "",
    "failure_cost": "H11",
    "acquisition_cost": "H11",
}
OF_CAUSE = {
    "reliability": "H1a",
    "responsiveness": "H1b",
    "assurance": "H1c",
    "empathy": "H1d",
    "tangibles": "H1e",
    "gap_gain": "H2",
    "gap_loss": "H2",
    "perceived_value": "H8",
    "hours_beyond": "H15",
    "service_failure": "H9",
    "complaint_handling": "H9",
}
SETTINGS = {
    "tolerated_hours": (
        "H15",
        "satisfaction",
        "first_response_hours",
        "hours",
        "the wait beyond which satisfaction falls",
    ),
    "stock_persistence": (
        "H16",
        "service_level",
        "service_spending",
        "share",
        "what of the stock of log spending is left after a quarter",
    ),
    "spending_reference": (
        "H14",
        "service_level",
        "service_spending",
        "thousand CNY a quarter",
        "spending at which the stock of log spending of a firm of average size rests at zero",
    ),
    "satisfaction_persistence": (
        "H16",
        "firm_satisfaction",
        "firm_satisfaction",
        "share",
        "what of last quarter's deviation of a firm's satisfaction stays",
    ),
    "margin": (
        "H14",
        "profit",
        "revenue",
        "share of revenue",
        "margin before service, failure and acquisition cost",
    ),
}
UNITS = {
    "repurchase": "log-odds per point",
    "people_told": "log people per point",
    "market_share": "share of the market per point",
    "retention": "share of customers per point",
    "failure_cost": "thousand CNY a quarter per point",
    "acquisition_cost": "CNY a new customer per point",
}


def columns_of(*names: str) -> str:
    """Columns of the data that measure the quantities named, separated by spaces.

    Examples
    --------
    >>> columns_of("trust", "tenure")
    'tru1 tru2 tru3 tenure_years'
    """
    columns: list[str] = []
    for name in names:
        parts = name.split("*")
        if len(parts) == 1 and name in ("gap_gain", "gap_loss"):
            for dimension in DIMENSIONS:
                columns += item_names(dimension) + item_names(dimension, expectation=True)
        elif len(parts) == 1 and name == "service_quality":
            columns += columns_of(*DIMENSIONS).split()
        elif len(parts) == 1:
            column = SINGLE_COLUMNS.get(name, name)
            columns += item_names(column) if column in SCALES else [column]
        else:
            columns += columns_of(*parts).split()
    return " ".join(dict.fromkeys(columns))


def structural_rows() -> list[TruthRow]:
    """Every structural value of the customers, then of the firms, as it stands in the simulator.

    Returns
    -------
    list of dict
        Rows of the truth file; constructs are latent, on their 1-7 metric, so scores built from items with
        measurement error follow them with attenuated slopes.
    """
    rows = [_customer_row(name, value) for name, value in CUSTOMER.items() if "->" in name]
    rows += [_firm_row(name, value) for name, value in FIRM.items() if "->" in name]
    rows += [_setting_row(name, (CUSTOMER | FIRM)[name]) for name in SETTINGS]
    return rows


def _customer_row(name: str, value: float) -> TruthRow:
    cause, outcome = name.split("->")
    unit = UNITS.get(outcome, "points per point")
    unit = {
        "hours_beyond": "points per hour",
        "service_failure": "points",
        "service_failure*tenure": "points per standard deviation of log tenure",
        "tenure": "points per standard deviation of log tenure",
    }.get(cause, unit)
    return _row(_customer_hypothesis(cause, outcome), outcome, cause, value, unit, columns_of(cause, outcome))


def _customer_hypothesis(cause: str, outcome: str) -> str:
    """Interactions and recovery go by their cause, trust and satisfaction as outcomes by their own."""
    if "*" in cause:
        return "H19" if cause == "service_failure*tenure" else "H18"
    if cause in ("complaint_handling", "tenure"):
        return "H9" if cause == "complaint_handling" else ""
    if (cause, outcome) == ("trust", "loyalty"):
        return "H6"
    return OF_OUTCOME.get(outcome) or OF_CAUSE[cause]


def _firm_row(name: str, value: float) -> TruthRow:
    cause, outcome = name.split("->")
    hypothesis = "H12" if cause == "employee_satisfaction" else OF_OUTCOME.get(outcome, "H1")
    unit = UNITS.get(outcome, "points per unit of log spending" if cause == "stock" else "points per point")
    columns = f"{'service_spending' if cause == 'stock' else cause} {outcome}"
    latent = {"satisfaction": "firm_satisfaction"}
    return _row(hypothesis, latent.get(outcome, outcome), latent.get(cause, cause), value, unit, columns)


def _setting_row(name: str, value: float) -> TruthRow:
    hypothesis, outcome, term, unit, estimand = SETTINGS[name]
    columns = columns_of(term, outcome).replace("firm_satisfaction", "satisfaction")
    row = _row(hypothesis, outcome, term, value, unit, columns)
    return row | {"model": f"structure: {name}", "estimand": estimand}


def _row(hypothesis: str, outcome: str, term: str, value: float, unit: str, columns: str) -> TruthRow:
    return {
        "hypothesis": hypothesis,
        "kind": "structural",
        "model": "structure",
        "outcome": outcome,
        "term": term,
        "columns": columns,
        "estimate": value,
        "mc_error": 0.0,
        "unit": unit,
        "estimand": f"direct effect of {term} on {outcome} in the structure that made the data",
    }

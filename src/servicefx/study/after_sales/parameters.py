"""The parameters of the simulated after-sales study: everything that is true in it."""

from __future__ import annotations

__all__ = [
    "ANTECEDENTS",
    "BURN_IN",
    "COST_LINES",
    "CUSTOMER",
    "CUSTOMER_QUANTITIES",
    "DIMENSIONS",
    "FIRM",
    "FIRMS_PER_MARKET",
    "FIRM_QUANTITIES",
    "OUTLETS_PER_FIRM",
]

OUTLETS_PER_FIRM = 5
DIMENSIONS = ("tangibles", "reliability", "responsiveness", "assurance", "empathy")
ANTECEDENTS = ("staff_quality", "process", "technical_support")

CUSTOMER_QUANTITIES = (
    "first_response_hours",
    *ANTECEDENTS,
    *DIMENSIONS,
    "expectation",
    "perceived_value",
    "service_failure",
    "complained",
    "complaint_handling",
    "satisfaction",
    "trust",
    "loyalty",
    "word_of_mouth",
    "people_told",
    "repurchase",
)
"""What may be intervened on, in causal order. Constructs are shifted in points of their 1-7 metric before
any question is asked; ``expectation`` shifts what is expected of all five dimensions."""

CUSTOMER: dict[str, float] = {
    # H3: what the firm does -> the five dimensions, points per point
    "staff_quality->tangibles": 0.20,
    "process->tangibles": 0.15,
    "technical_support->tangibles": 0.30,
    "staff_quality->reliability": 0.20,
    "process->reliability": 0.40,
    "technical_support->reliability": 0.25,
    "staff_quality->responsiveness": 0.30,
    "process->responsiveness": 0.45,
    "technical_support->responsiveness": 0.10,
    "staff_quality->assurance": 0.45,
    "process->assurance": 0.10,
    "technical_support->assurance": 0.30,
    "staff_quality->empathy": 0.55,
    "process->empathy": 0.20,
    "technical_support->empathy": 0.10,
    # H1a-e: weights for everyday products
    "reliability->satisfaction": 0.20,
    "responsiveness->satisfaction": 0.26,
    "assurance->satisfaction": 0.08,
    "empathy->satisfaction": 0.16,
    "tangibles->satisfaction": 0.05,
    # H18: added for complex products
    "responsiveness*product_complexity->satisfaction": -0.12,
    "empathy*product_complexity->satisfaction": -0.06,
    "reliability*product_complexity->satisfaction": 0.06,
    "technical_support*product_complexity->satisfaction": 0.15,
    # H2: mean gap (perception - expectation over the five dimensions), gains and losses apart
    "gap_gain->satisfaction": 0.08,
    "gap_loss->satisfaction": -0.25,  # per point of shortfall
    # H8
    "service_quality->perceived_value": 0.65,
    "perceived_value->satisfaction": 0.12,
    # H15: hours to the first answer; nothing within the tolerated wait
    "tolerated_hours": 24.0,
    "hours_beyond->satisfaction": -0.030,
    # H19, H9: a failure, its buffer, and recovery
    "service_failure->satisfaction": -0.70,
    "service_failure*tenure->satisfaction": 0.15,  # per standard deviation of log tenure
    "complaint_handling->satisfaction": 0.30,  # complainers only
    "complaint_handling->loyalty": 0.12,  # complainers only, beside the way through satisfaction
    # H6
    "assurance->trust": 0.30,
    "reliability->trust": 0.28,
    "empathy->trust": 0.12,
    # H4, H6
    "satisfaction->loyalty": 0.55,
    "trust->loyalty": 0.30,
    "tenure->loyalty": 0.10,
    "loyalty->repurchase": 0.85,  # log-odds per point
    "satisfaction->repurchase": 0.30,  # log-odds per point
    # H5
    "satisfaction->word_of_mouth": 0.60,
    "loyalty->word_of_mouth": 0.40,
    "dissatisfied->people_told": 0.45,  # log people per point below 4.5
    "satisfied->people_told": 0.25,  # log people per point above 4.5
}
"""Structural values of the customer survey, cause->outcome."""

FIRMS_PER_MARKET = 5
BURN_IN = 12
"""Quarters run before the first one kept, so that the panel starts in its steady state."""

FIRM_QUANTITIES = (
    "service_spending",
    "service_level",
    "employee_satisfaction",
    "firm_satisfaction",
    "market_share",
    "retention",
    "failure_cost",
    "acquisition_cost",
)
"""What may be intervened on, in causal order; from the first quarter kept, not in the burn-in."""

FIRM: dict[str, float] = {
    # service stock: log spending builds up and wears off (H14 diminishing returns, H16 build-up)
    "stock_persistence": 0.60,
    "spending_reference": 2000.0,  # thousand CNY a quarter at which the stock rests at 0
    "stock->service_level": 0.80,
    "employee_satisfaction->service_level": 0.15,  # of the quarter before (H12)
    "service_level->employee_satisfaction": 0.40,  # of the quarter before (H12)
    "satisfaction_persistence": 0.45,  # H16: part of last quarter's deviation stays
    "service_level->satisfaction": 0.50,
    "relative_service->market_share": 0.030,  # H17, share of the market per point
    "satisfaction->retention": 0.060,  # share of customers per point
    "satisfaction->failure_cost": -110.0,  # H11, thousand CNY a quarter per point
    "satisfaction->acquisition_cost": -45.0,  # H11, CNY a new customer per point
    "margin": 0.22,  # of revenue, before service and failure cost
}
"""Structural values of the panel."""

COST_LINES = {
    "labour_cost": 0.46,
    "material_cost": 0.22,
    "facility_cost": 0.14,
    "communication_cost": 0.06,
    "management_cost": 0.12,
}
"""Cost line -> its average share of service spending."""

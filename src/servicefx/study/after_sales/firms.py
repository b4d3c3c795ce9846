"""The firms of the simulated after-sales study: a firm-by-quarter panel with lags and build-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.study.after_sales.mechanisms import Mechanisms
from servicefx.study.after_sales.parameters import BURN_IN, COST_LINES, FIRM, FIRMS_PER_MARKET

__all__ = ["Firms", "simulate_firms"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Firms:
    """The simulated firms.

    Attributes
    ----------
    panel : DataFrame, n_firms x n_quarters rows
        Sorted by firm, then quarter; unrounded.
    service_level : ndarray, shape (n_quarters, n_firms)
        On the 1-7 metric; what customers of the firm meet in that quarter.
    is_complex : ndarray of bool, shape (n_firms,)
        Whether the firm mainly sells costly, complex products.
    """

    panel: pd.DataFrame
    service_level: Array
    is_complex: NDArray[np.bool_]


def simulate_firms(mechanisms: Mechanisms, n_firms: int, n_quarters: int) -> Firms:
    """Firms over quarters, from spending to profit.

    A standing of the firm ("brand"), fixed in time and not in the data, raises spending, service and
    satisfaction as well as retention and market share and lowers the costs: pooled regressions are biased,
    regressions within firm and quarter are not.

    Parameters
    ----------
    mechanisms : Mechanisms
        Streams and interventions.
    n_firms : int
        Multiple of `FIRMS_PER_MARKET`; rivals are the other firms of the market.
    n_quarters : int
        Quarters kept.

    Returns
    -------
    Firms
    """
    brand = mechanisms.stream("firm_brand").standard_normal(n_firms)
    is_differentiating = mechanisms.stream("firm_strategy").random(n_firms) < 0.45
    is_complex = mechanisms.stream("firm_product_complexity").random(n_firms) < 0.5
    size = np.exp(0.25 * mechanisms.stream("firm_size").standard_normal(n_firms))
    spending = _spending(mechanisms, brand, is_differentiating, size, n_quarters)
    level, staff_mood, satisfaction = _service(mechanisms, spending, brand, size, n_quarters)
    panel = {
        "service_spending": spending[BURN_IN:],
        "employee_satisfaction": staff_mood,
        "service_level": level,
        "satisfaction": satisfaction,
        **_relative(level),
    }
    panel |= _outcomes(mechanisms, panel, brand, size)
    panel |= _cost_lines(mechanisms, panel["service_spending"])
    panel |= _accounts(mechanisms, panel)
    fixed = {
        "firm_strategy": np.where(is_differentiating, "differentiation", "cost"),
        "product_complexity": is_complex.astype(np.int64),
    }
    frame = _long_frame(panel, fixed, _market_stage(mechanisms, n_firms, n_quarters))
    return Firms(panel=frame, service_level=level, is_complex=is_complex)


def _persistent(rng: np.random.Generator, shape: tuple[int, int], persistence: float) -> Array:
    """First-order autoregressive noise with unit variance, quarters down."""
    noise = rng.standard_normal(shape)
    series = np.empty(shape)
    series[0] = noise[0]
    for quarter in range(1, shape[0]):
        series[quarter] = persistence * series[quarter - 1] + np.sqrt(1 - persistence**2) * noise[quarter]
    return series


def _quarter_effect(mechanisms: Mechanisms, quantity: str, n_quarters: int, sd: float) -> Array:
    """A shock all firms share, shape (n_quarters, 1)."""
    return sd * mechanisms.stream(f"quarter:{quantity}").standard_normal((n_quarters, 1))


def _spending(
    mechanisms: Mechanisms, brand: Array, differentiates: NDArray[np.bool_], size: Array, kept: int
) -> Array:
    """Service spending in thousand CNY a quarter; well-regarded and differentiating firms spend more."""
    shape = (BURN_IN + kept, brand.size)
    drift = 0.30 * _persistent(mechanisms.stream("service_spending"), shape, 0.6)
    shared = _quarter_effect(mechanisms, "service_spending", shape[0], 0.06)
    log_spending = np.log(FIRM["spending_reference"] * size) - 0.06 + drift + shared
    log_spending += 0.15 * brand + 0.20 * (differentiates - 0.45)
    spending = np.exp(log_spending)
    spending[BURN_IN:] = mechanisms.settle("service_spending", spending[BURN_IN:])
    return np.maximum(spending, 1.0)


def _service(
    mechanisms: Mechanisms, spending: Array, brand: Array, size: Array, kept: int
) -> tuple[Array, Array, Array]:
    """Service level, employee satisfaction and customer satisfaction, quarter by quarter."""
    shape = spending.shape
    noise = {
        name: sd * mechanisms.stream(name).standard_normal(shape)
        + _quarter_effect(mechanisms, name, shape[0], 0.06)
        for name, sd in (
            ("service_level", 0.20),
            ("employee_satisfaction", 0.20),
            ("firm_satisfaction", 0.12),
        )
    }
    levels, moods, satisfactions = (np.empty(shape) for _ in range(3))
    stock, mood, deviation = np.zeros(brand.size), 0.2 * brand, np.zeros(brand.size)
    service = 0.20 * brand
    intensity = np.log(spending / (FIRM["spending_reference"] * size))
    for quarter in range(shape[0]):
        is_kept = quarter >= shape[0] - kept
        previous_service, previous_mood = service, mood
        stock = FIRM["stock_persistence"] * stock + (1 - FIRM["stock_persistence"]) * intensity[quarter]
        level = 5.0 + 0.20 * brand + FIRM["stock->service_level"] * stock + noise["service_level"][quarter]
        level += FIRM["employee_satisfaction->service_level"] * (previous_mood - 0.2 * brand)
        level = mechanisms.settle("service_level", level) if is_kept else level
        service = level - 5.0
        felt = 4.8 + 0.2 * brand + noise["employee_satisfaction"][quarter]
        felt += FIRM["service_level->employee_satisfaction"] * (previous_service - 0.20 * brand)
        felt = mechanisms.settle("employee_satisfaction", felt) if is_kept else felt
        mood = felt - 4.8
        deviation = FIRM["satisfaction_persistence"] * deviation
        deviation += FIRM["service_level->satisfaction"] * service + noise["firm_satisfaction"][quarter]
        rated = 4.9 + 0.10 * brand + deviation
        rated = mechanisms.settle("firm_satisfaction", rated) if is_kept else rated
        deviation = rated - 4.9 - 0.10 * brand
        levels[quarter], moods[quarter], satisfactions[quarter] = level, felt, rated
    return levels[-kept:], moods[-kept:], satisfactions[-kept:]


def _relative(level: Array) -> dict[str, Array]:
    """Rivals' mean service level in the firm's market, and the own level minus it (H17)."""
    markets = level.reshape(level.shape[0], -1, FIRMS_PER_MARKET)
    others = (markets.sum(axis=2, keepdims=True) - markets) / (FIRMS_PER_MARKET - 1)
    rival = others.reshape(level.shape)
    return {"rival_service": rival, "relative_service": level - rival}


def _outcomes(mechanisms: Mechanisms, panel: dict[str, Array], brand: Array, size: Array) -> dict[str, Array]:
    """Market share, retention, failure and acquisition cost: linear, with firm and quarter effects."""
    shape = panel["satisfaction"].shape
    causes = {
        "market_share": ("relative_service", 0.0, 0.15, 0.018 * brand, 0.006, 0.002),
        "retention": ("satisfaction", 4.9, 0.80, 0.020 * brand, 0.012, 0.006),
        "failure_cost": ("satisfaction", 4.9, 900.0, 150.0 * (size - 1.0) - 40.0 * brand, 45.0, 20.0),
        "acquisition_cost": ("satisfaction", 4.9, 420.0, -18.0 * brand, 20.0, 10.0),
    }
    outcomes = {}
    for name, (cause, centre, level, firm_effect, sd, quarter_sd) in causes.items():
        noise = sd * _persistent(mechanisms.stream(name), shape, 0.3)
        noise += _quarter_effect(mechanisms, name, shape[0], quarter_sd)
        value = level + firm_effect + FIRM[f"{cause}->{name}"] * (panel[cause] - centre) + noise
        outcomes[name] = mechanisms.settle(name, value)
    return outcomes


def _cost_lines(mechanisms: Mechanisms, spending: Array) -> dict[str, Array]:
    """The five cost lines, in thousand CNY rounded to 10 CNY, and their exact sum."""
    weights = {
        line: share * np.exp(0.10 * mechanisms.stream(line).standard_normal(spending.shape))
        for line, share in COST_LINES.items()
    }
    total = np.sum(list(weights.values()), axis=0)
    lines = {line: np.round(spending * weight / total, 2) for line, weight in weights.items()}
    return lines | {"service_spending": np.sum(list(lines.values()), axis=0)}


def _accounts(mechanisms: Mechanisms, panel: dict[str, Array]) -> dict[str, Array]:
    """Revenue and profit in thousand CNY a quarter; retained customers buy more."""
    shape = panel["market_share"].shape
    growth = 1.0 + 0.01 * np.arange(shape[0])[:, None]
    shock = np.exp(0.03 * mechanisms.stream("revenue").standard_normal(shape))
    revenue = 200_000.0 * growth * panel["market_share"] * (0.6 + 0.5 * panel["retention"]) * shock
    new_customers = 40_000.0 * panel["market_share"] * (1.0 - panel["retention"])
    winning = panel["acquisition_cost"] * new_customers / 1000.0
    profit = FIRM["margin"] * revenue - panel["service_spending"] - panel["failure_cost"] - winning
    return {"revenue": revenue, "profit": profit}


def _market_stage(mechanisms: Mechanisms, n_firms: int, n_quarters: int) -> NDArray[np.str_]:
    """Stage of each firm's market by quarter: entry, then rivalry, then maturity."""
    n_markets = n_firms // FIRMS_PER_MARKET
    starts = mechanisms.stream("market_stage").integers(3, (9, 13), size=(n_markets, 2))
    rivalry = np.repeat(starts[:, 0], FIRMS_PER_MARKET)
    maturity = rivalry + np.repeat(starts[:, 1], FIRMS_PER_MARKET)
    quarter = np.arange(1, n_quarters + 1)[:, None]
    return np.where(quarter <= rivalry, "entry", np.where(quarter <= maturity, "rivalry", "maturity"))


def _long_frame(
    panel: dict[str, Array], fixed: dict[str, NDArray[np.generic]], stage: NDArray[np.str_]
) -> pd.DataFrame:
    """One row a firm and quarter, sorted by firm, then quarter."""
    n_quarters, n_firms = stage.shape
    frame = {
        "firm": np.repeat(np.arange(n_firms), n_quarters),
        "quarter": np.tile(np.arange(1, n_quarters + 1), n_firms),
    }
    frame |= {name: values.T.ravel() for name, values in panel.items()}
    frame |= {name: np.repeat(values, n_quarters) for name, values in fixed.items()}
    return pd.DataFrame(frame | {"market_stage": stage.T.ravel()})

"""The customers of the simulated after-sales study: what they feel, before any question is asked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, pdtr, pdtrik

from servicefx.study.after_sales.firms import Firms
from servicefx.study.after_sales.mechanisms import Mechanisms, skewed
from servicefx.study.after_sales.parameters import ANTECEDENTS, CUSTOMER, DIMENSIONS, OUTLETS_PER_FIRM

__all__ = ["simulate_customers"]

Array = NDArray[np.float64]


class Place(NamedTuple):
    """Where and when each customer was served."""

    outlet: NDArray[np.int64]
    firm: NDArray[np.int64]
    is_outsourced: NDArray[np.bool_]
    quarter: NDArray[np.int64]
    service: Array
    n_firms: int


def simulate_customers(mechanisms: Mechanisms, firms: Firms, n_customers: int) -> dict[str, Array]:
    """One structure from the outlet to the next purchase.

    Parameters
    ----------
    mechanisms : Mechanisms
        Streams and interventions.
    firms : Firms
        Whose service level of the quarter the customers meet.
    n_customers : int
        How many are asked.

    Returns
    -------
    dict of str to ndarray, shape (n_customers,)
        Every quantity, unrounded: constructs on their 1-7 metric (not cut off at its ends), traits as 0/1,
        ``outlet``, ``firm`` and ``quarter`` as whole numbers, ``<dimension>_e`` what was expected.
    """
    place = _place(mechanisms, firms, n_customers)
    world = _traits(mechanisms, firms, place)
    world |= _antecedents(mechanisms, place, world)
    world |= _dimensions(mechanisms, place, world)
    world |= _value_and_trust(mechanisms, place, world)
    world |= _failure_and_recovery(mechanisms, world)
    world["satisfaction"] = mechanisms.settle("satisfaction", _satisfaction(mechanisms, place, world))
    world |= _consequences(mechanisms, world)
    return world


def _place(mechanisms: Mechanisms, firms: Firms, n_customers: int) -> Place:
    """Customers spread over outlets of unequal size and over quarters."""
    n_quarters, n_firms = firms.service_level.shape
    n_outlets = n_firms * OUTLETS_PER_FIRM
    outlet_firm = np.repeat(np.arange(n_firms), OUTLETS_PER_FIRM)
    is_outsourced = mechanisms.stream("outlet_type").random(n_outlets) < 0.45
    weight = mechanisms.stream("outlet_size").standard_gamma(4.0, n_outlets) + 0.5
    cumulative = np.cumsum(weight / weight.sum())
    drawn = np.searchsorted(cumulative, mechanisms.stream("outlet").random(n_customers))
    outlet = np.minimum(drawn, n_outlets - 1).astype(np.int64)
    quarter = mechanisms.stream("quarter").integers(1, n_quarters + 1, n_customers)
    firm = outlet_firm[outlet]
    service = firms.service_level[quarter - 1, firm] - 5.0
    return Place(outlet, firm, is_outsourced[outlet], quarter, service, n_firms)


def _of_outlet(mechanisms: Mechanisms, place: Place, quantity: str, sd: float) -> Array:
    """What all customers of an outlet share, shape (n_customers,)."""
    n_outlets = place.n_firms * OUTLETS_PER_FIRM
    return sd * mechanisms.stream(f"outlet:{quantity}").standard_normal(n_outlets)[place.outlet]


def _of_firm(mechanisms: Mechanisms, place: Place, quantity: str, sd: float) -> Array:
    """What all customers of a firm share beyond its service level, shape (n_customers,)."""
    return sd * mechanisms.stream(f"firm:{quantity}").standard_normal(place.n_firms)[place.firm]


def _traits(mechanisms: Mechanisms, firms: Firms, place: Place) -> dict[str, Array]:
    """Channel, product, tenure and the wait for the first answer."""
    n = place.outlet.size
    online = (mechanisms.stream("channel").random(n) < 0.4).astype(float)
    share_complex = np.where(firms.is_complex[place.firm], 0.7, 0.3)
    is_complex = (mechanisms.stream("product_complexity").random(n) < share_complex).astype(float)
    tenure_z = mechanisms.stream("tenure_years").standard_normal(n)
    log_hours = np.log(17.0) + 0.62 * mechanisms.stream("first_response_hours").standard_normal(n)
    log_hours += _of_outlet(mechanisms, place, "first_response_hours", 0.12)
    log_hours += 0.08 * place.is_outsourced - 0.10 * online
    return {
        "outlet": place.outlet.astype(float),
        "firm": place.firm.astype(float),
        "quarter": place.quarter.astype(float),
        "is_outsourced": place.is_outsourced.astype(float),
        "is_online": online,
        "product_complexity": is_complex,
        "tenure_z": tenure_z,
        "tenure_years": np.exp(1.2 + 0.6 * tenure_z),
        "first_response_hours": mechanisms.settle("first_response_hours", np.exp(log_hours)),
    }


def _antecedents(mechanisms: Mechanisms, place: Place, world: dict[str, Array]) -> dict[str, Array]:
    """Staff, process and technical support as the customer met them (H3)."""
    n = place.outlet.size
    contact = 0.55 * skewed(mechanisms.stream("contact"), n)
    outsourced, year = world["is_outsourced"], (world["quarter"] - 1) // 4
    offset = {
        "staff_quality": -0.10 * outsourced,
        "process": -0.25 * outsourced + 0.10 * world["is_online"],
        "technical_support": 0.05 * (year - 2.5),
    }
    return {
        name: mechanisms.settle(
            name,
            5.2
            + 0.6 * place.service
            + contact
            + offset[name]
            + _of_outlet(mechanisms, place, name, 0.22)
            + 0.62 * skewed(mechanisms.stream(name), n),
        )
        for name in ANTECEDENTS
    }


def _dimensions(mechanisms: Mechanisms, place: Place, world: dict[str, Array]) -> dict[str, Array]:
    """The five dimensions as perceived, and as expected before."""
    n = place.outlet.size
    level = dict(zip(DIMENSIONS, (5.3, 5.1, 5.0, 5.3, 5.0), strict=True))
    hoped = 0.35 * mechanisms.stream("expectation").standard_normal(n)
    impression = 0.38 * skewed(mechanisms.stream("impression"), n)
    dimensions = {}
    for name in DIMENSIONS:
        perceived = level[name] + _of_outlet(mechanisms, place, name, 0.12)
        perceived = perceived + impression + 0.55 * skewed(mechanisms.stream(name), n)
        for cause in ANTECEDENTS:
            perceived = perceived + CUSTOMER[f"{cause}->{name}"] * (world[cause] - 5.2)
        expected = level[name] + 0.6 + hoped + 0.5 * skewed(mechanisms.stream(f"{name}_e"), n)
        dimensions[name] = mechanisms.settle(name, perceived)
        dimensions[f"{name}_e"] = mechanisms.settle("expectation", expected)
    return dimensions


def _value_and_trust(mechanisms: Mechanisms, place: Place, world: dict[str, Array]) -> dict[str, Array]:
    """Perceived value (H8) and trust (H6), both made by the dimensions."""
    n = place.outlet.size
    quality = np.mean([world[name] for name in DIMENSIONS], axis=0) - 5.1
    value = 4.9 + CUSTOMER["service_quality->perceived_value"] * quality
    value = value + 0.75 * skewed(mechanisms.stream("perceived_value"), n)
    trust = 5.0 + _of_firm(mechanisms, place, "trust", 0.10)
    trust = trust + 0.62 * skewed(mechanisms.stream("trust"), n)
    for name in ("assurance", "reliability", "empathy"):
        trust = trust + CUSTOMER[f"{name}->trust"] * (world[name] - 5.1)
    return {
        "perceived_value": mechanisms.settle("perceived_value", value),
        "trust": mechanisms.settle("trust", trust),
    }


def _happens(mechanisms: Mechanisms, event: str, log_odds: Array) -> Array:
    """Whether an event occurs, 0 or 1, from one uniform number a customer."""
    occurs = mechanisms.stream(event).random(log_odds.size) < expit(log_odds)
    return mechanisms.settle(event, occurs.astype(float))


def _failure_and_recovery(mechanisms: Mechanisms, world: dict[str, Array]) -> dict[str, Array]:
    """Whether a service failure happened, whether the customer complained, and how that was handled (H9)."""
    failed = _happens(mechanisms, "service_failure", -1.5 - 0.5 * (world["reliability"] - 5.1))
    complained = _happens(
        mechanisms, "complained", np.where(failed > 0, 0.4 + 0.3 * world["is_online"], -3.2)
    )
    handling = 4.6 + 0.35 * (world["staff_quality"] - 5.2) + 0.35 * (world["process"] - 5.2)
    handling = handling + 0.95 * skewed(mechanisms.stream("complaint_handling"), failed.size)
    return {
        "service_failure": failed,
        "complained": complained,
        "complaint_handling": mechanisms.settle("complaint_handling", handling),
    }


def _satisfaction(mechanisms: Mechanisms, place: Place, world: dict[str, Array]) -> Array:
    """Satisfaction from everything before it (H1, H2, H8, H9, H15, H18, H19)."""
    is_complex = world["product_complexity"]
    gap = np.mean([world[name] - world[f"{name}_e"] for name in DIMENSIONS], axis=0)
    satisfaction = 5.45 + 0.42 * skewed(mechanisms.stream("satisfaction"), gap.size)
    satisfaction = satisfaction + _of_outlet(mechanisms, place, "satisfaction", 0.14)
    satisfaction = satisfaction + _of_firm(mechanisms, place, "satisfaction", 0.10)
    for name in DIMENSIONS:
        extra = CUSTOMER.get(f"{name}*product_complexity->satisfaction", 0.0)
        weight = CUSTOMER[f"{name}->satisfaction"] + extra * is_complex
        satisfaction = satisfaction + weight * (world[name] - 5.1)
    support = is_complex * (world["technical_support"] - 5.2)
    satisfaction += CUSTOMER["technical_support*product_complexity->satisfaction"] * support
    satisfaction += CUSTOMER["gap_gain->satisfaction"] * np.maximum(gap, 0.0)
    satisfaction += CUSTOMER["gap_loss->satisfaction"] * np.maximum(-gap, 0.0)
    satisfaction += CUSTOMER["perceived_value->satisfaction"] * (world["perceived_value"] - 4.9)
    beyond = np.maximum(world["first_response_hours"] - CUSTOMER["tolerated_hours"], 0.0)
    satisfaction += CUSTOMER["hours_beyond->satisfaction"] * beyond
    buffered = CUSTOMER["service_failure*tenure->satisfaction"] * world["tenure_z"]
    satisfaction += world["service_failure"] * (CUSTOMER["service_failure->satisfaction"] + buffered)
    recovered = world["complained"] * (world["complaint_handling"] - 4.6)
    return np.asarray(satisfaction + CUSTOMER["complaint_handling->satisfaction"] * recovered)


def _consequences(mechanisms: Mechanisms, world: dict[str, Array]) -> dict[str, Array]:
    """Loyalty, repurchase, recommendation and people told (H4, H5, H6, H9)."""
    satisfaction = world["satisfaction"]
    loyalty = 4.8 + 0.60 * skewed(mechanisms.stream("loyalty"), satisfaction.size)
    loyalty += CUSTOMER["satisfaction->loyalty"] * (satisfaction - 5.0)
    loyalty += CUSTOMER["trust->loyalty"] * (world["trust"] - 5.0)
    loyalty += CUSTOMER["tenure->loyalty"] * world["tenure_z"]
    recovered = world["complained"] * (world["complaint_handling"] - 4.6)
    loyalty = mechanisms.settle("loyalty", loyalty + CUSTOMER["complaint_handling->loyalty"] * recovered)
    log_odds = 0.30 + CUSTOMER["loyalty->repurchase"] * (loyalty - 4.8)
    log_odds += CUSTOMER["satisfaction->repurchase"] * (satisfaction - 5.0)
    advocacy = CUSTOMER["satisfaction->word_of_mouth"] * satisfaction
    advocacy += CUSTOMER["loyalty->word_of_mouth"] * loyalty
    advocacy += 0.70 * mechanisms.stream("word_of_mouth").standard_normal(satisfaction.size)
    return {
        "loyalty": loyalty,
        "repurchase": _happens(mechanisms, "repurchase", log_odds),
        "word_of_mouth": mechanisms.settle("word_of_mouth", advocacy),
        "people_told": mechanisms.settle("people_told", _people_told(mechanisms, satisfaction)),
    }


def _people_told(mechanisms: Mechanisms, satisfaction: Array) -> Array:
    """Overdispersed counts, highest among the dissatisfied, lowest among the indifferent."""
    rng = mechanisms.stream("people_told")
    felt = np.clip(satisfaction, 1.0, 7.0)
    log_mean = np.log(1.9) + CUSTOMER["dissatisfied->people_told"] * np.maximum(4.5 - felt, 0.0)
    log_mean += CUSTOMER["satisfied->people_told"] * np.maximum(felt - 4.5, 0.0)
    mean = np.exp(log_mean) * rng.standard_gamma(2.5, felt.size) / 2.5
    uniform = rng.random(felt.size)
    is_none = uniform <= pdtr(0.0, mean)
    return np.where(is_none, 0.0, np.ceil(pdtrik(np.where(is_none, 0.5, uniform), mean)))

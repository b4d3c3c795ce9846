"""E-values: how strong, as a risk ratio, an unmeasured cause would have to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from servicefx.errors import DataError, Problem, closest

__all__ = ["MEASURES", "EValue", "Measure", "e_value"]

Measure = Literal["risk_ratio", "odds_ratio", "hazard_ratio", "standardised_difference"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
_DIFFERENCE = 0.91
_RARE = "the outcome is rare (below 15 %), so that the ratio stands for a risk ratio"
_COMMON_ODDS = "a common outcome: the risk ratio is taken as the square root of the odds ratio"
_COMMON_HAZARD = "a common outcome: the risk ratio is approximated from the hazard ratio"
_DIFFERENCES = "the risk ratio is taken as exp(0.91 · difference) of an outcome split at its middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class EValue:
    """Smallest strength of an unmeasured cause that explains an association away.

    Attributes
    ----------
    risk_ratio, conf_low, conf_high : float
        The association as a risk ratio and its interval (NaN where none was given).
    e_value : float
        Risk ratio, [1, inf): the cause must be tied to both the term and the outcome at least this strongly,
        beyond the covariates held, to move the estimate to the null.
    e_value_limit : float
        The same for the limit of the interval nearer to the null; 1 where the interval holds the null, NaN
        where there is no interval.
    null : float
        Risk ratio the estimate is to be moved to, 1 by default.
    assumptions : tuple of str
        How other measures became risk ratios.
    """

    risk_ratio: float
    conf_low: float
    conf_high: float
    e_value: float
    e_value_limit: float
    null: float
    assumptions: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """``measure, estimate, undefined``: both E-values."""
        why = "" if np.isfinite(self.e_value_limit) else "no interval was given"
        return pd.DataFrame(
            {
                "measure": ["E-value of the estimate", "E-value of the interval's limit nearer to the null"],
                "estimate": [self.e_value, self.e_value_limit],
                "undefined": ["", why],
            }
        )


def e_value(
    estimate: float,
    conf_low: float | None = None,
    conf_high: float | None = None,
    *,
    measure: Measure = "risk_ratio",
    rare: bool = False,
    std_error: float | None = None,
    null: float = 1.0,
) -> EValue:
    """How strong an unmeasured cause must be to explain a ratio away.

    Parameters
    ----------
    estimate : float
        Ratio > 0, or a difference in standard deviations of the outcome.
    conf_low, conf_high : float, optional
        Its interval; one end alone will do.
    measure : {"risk_ratio", "odds_ratio", "hazard_ratio", "standardised_difference"}
        What the estimate is.
    rare : bool
        Whether the outcome is rare (below 15 % at the end of follow-up): odds and hazard ratios then stand
        for risk ratios.
    std_error : float, optional
        Of a standardised difference, in place of its interval (95 %).
    null : float
        Risk ratio to be moved to, > 0.

    Returns
    -------
    EValue

    Raises
    ------
    DataError
        If a ratio is not above 0, the interval does not hold the estimate, or the measure is unknown.

    Notes
    -----
    ``RR + √(RR (RR − 1))`` for RR ≥ 1, of 1/RR below, of RR / null in general.

    References
    ----------
    VanderWeele & Ding (2017), Annals of Internal Medicine 167, 268-274. doi:10.7326/M16-2607

    Examples
    --------
    >>> found = e_value(3.9, 1.8, 8.7)
    >>> round(found.e_value, 2), round(found.e_value_limit, 2)
    (7.26, 3.0)
    """
    where = "E-value"
    if measure not in MEASURES:
        found = f"measure '{measure}' is not known{closest(measure, MEASURES)}"
        raise DataError(Problem(where, found, "Name one of these."))
    low = np.nan if conf_low is None else float(conf_low)
    high = np.nan if conf_high is None else float(conf_high)
    ratio = measure != "standardised_difference"
    if std_error is not None:
        if ratio or conf_low is not None or conf_high is not None:
            found = "a standard error is understood for a standardised difference without an interval only"
            raise DataError(Problem(where, found, "Give the interval of the ratio."))
        if not (np.isfinite(std_error) and std_error >= 0):
            raise DataError(Problem(where, f"standard error {std_error:g}", "Give a number of at least 0."))
        low, high = estimate - 1.96 * std_error, estimate + 1.96 * std_error
    given = [value for value in (estimate, low, high) if not np.isnan(value)]
    if np.isnan(estimate) or not np.isfinite(given).all():
        found = f"estimate {estimate:g}, interval {low:g} to {high:g}, expected numbers"
        raise DataError(Problem(where, found, "Give the numbers as they were printed."))
    if (ratio and min(given) <= 0) or not (np.isfinite(null) and null > 0):
        found = f"ratios of {', '.join(f'{value:g}' for value in given)} and a null of {null:g}, "
        found += "expected numbers above 0"
        raise DataError(Problem(where, found, "Give ratios, not their logarithms."))
    if low > estimate or high < estimate:
        found = f"the interval from {low:g} to {high:g} does not hold the estimate {estimate:g}"
        raise DataError(Problem(where, found, "Check the interval."))
    ratios = [float(_risk_ratio(value, measure, rare)) for value in (estimate, low, high)]
    return EValue(
        risk_ratio=ratios[0],
        conf_low=ratios[1],
        conf_high=ratios[2],
        e_value=_strength(ratios[0] / null),
        e_value_limit=_limit(ratios, null),
        null=null,
        assumptions=_assumptions(measure, rare),
    )


def _risk_ratio(value: float, measure: Measure, rare: bool) -> float:
    if measure == "standardised_difference":
        return float(np.exp(_DIFFERENCE * value))
    if measure == "risk_ratio" or rare or np.isnan(value):
        return value
    if measure == "odds_ratio":
        return float(np.sqrt(value))
    return float((1 - 0.5 ** np.sqrt(value)) / (1 - 0.5 ** np.sqrt(1 / value)))


def _strength(ratio: float) -> float:
    ratio = max(ratio, 1 / ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def _limit(ratios: list[float], null: float) -> float:
    """Of the limit nearer to the null; 1 where the interval reaches it."""
    estimate, low, high = ratios
    if estimate == null:
        return 1.0
    near = low if estimate > null else high
    if np.isnan(near):
        return float("nan")
    crossed = near <= null if estimate > null else near >= null
    return 1.0 if crossed else _strength(near / null)


def _assumptions(measure: Measure, rare: bool) -> tuple[str, ...]:
    if measure == "standardised_difference":
        return (_DIFFERENCES,)
    if measure == "risk_ratio":
        return ()
    if rare:
        return (_RARE,)
    return (_COMMON_ODDS,) if measure == "odds_ratio" else (_COMMON_HAZARD,)

"""Verdicts: what the interval says of a claim or a predicted sign, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from servicefx.measurement.answers import MeanEstimate, share_of

__all__ = ["BuysAgain", "Verdict", "claim_k2", "sign_verdict", "verdict_against"]

Verdict = Literal["supported", "contradicted", "undecided"]


def verdict_against(conf_low: float, conf_high: float, target_low: float, target_high: float) -> Verdict:
    """What an interval says of a claimed range.

    Parameters
    ----------
    conf_low, conf_high : float
        Interval of the estimate.
    target_low, target_high : float
        The claim; an infinite end means "or more", "or less".

    Returns
    -------
    str
        Supported if the interval lies inside the range, contradicted if wholly outside, else undecided;
        undecided where there is no interval.

    Examples
    --------
    >>> verdict_against(0.62, 0.68, 0.60, 0.70), verdict_against(0.85, 0.95, 0.90, float("inf"))
    ('supported', 'undecided')
    """
    if not (np.isfinite(conf_low) and np.isfinite(conf_high)):
        return "undecided"
    if target_low <= conf_low and conf_high <= target_high:
        return "supported"
    if conf_high < target_low or conf_low > target_high:
        return "contradicted"
    return "undecided"


def sign_verdict(conf_low: float, conf_high: float, sign: str) -> Verdict:
    """What an interval says of a predicted sign.

    Parameters
    ----------
    conf_low, conf_high : float
        Interval of the estimate.
    sign : {"+", "-"}
        Prediction; anything else predicts no sign.

    Returns
    -------
    str
        Supported if the interval lies on the predicted side of 0, contradicted if on the other.

    Examples
    --------
    >>> sign_verdict(0.1, 0.3, "+"), sign_verdict(0.1, 0.3, "-"), sign_verdict(-0.1, 0.3, "+")
    ('supported', 'contradicted', 'undecided')
    """
    if not (np.isfinite(conf_low) and np.isfinite(conf_high)) or sign not in ("+", "-"):
        return "undecided"
    if conf_low > 0:
        return "supported" if sign == "+" else "contradicted"
    if conf_high < 0:
        return "supported" if sign == "-" else "contradicted"
    return "undecided"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BuysAgain:
    """Shares buying again by how satisfied they are, and the cut-offs that say so.

    Attributes
    ----------
    satisfied, highly_satisfied : MeanEstimate
        Share buying again of those at or above the first cut-off and below the second; and of those at or
        above the second.
    cut_satisfied, cut_highly, cut_buys : float
        Cut-offs, in points of the satisfaction score and of the outcome.
    """

    satisfied: MeanEstimate
    highly_satisfied: MeanEstimate
    cut_satisfied: float
    cut_highly: float
    cut_buys: float


def claim_k2(
    satisfaction: pd.Series,
    buys: pd.Series,
    *,
    cut_satisfied: float,
    cut_highly: float,
    cut_buys: float,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> BuysAgain:
    """Share buying again among satisfied and highly satisfied customers. Answers K2.

    Parameters
    ----------
    satisfaction : Series, length n
        Score; gaps are not used.
    buys : Series, length n
        What counts as buying again is a value of ``cut_buys`` or more; gaps are not used.
    cut_satisfied, cut_highly, cut_buys : float
        Cut-offs, part of the claim.
    weights, clusters, level
        As `servicefx.measurement.answers.share_of`.

    Returns
    -------
    BuysAgain
        Shares in [0, 1] with Wilson intervals at the effective sample size.
    """
    again = (buys >= cut_buys).astype(float).where(buys.notna() & satisfaction.notna())
    highly = satisfaction >= cut_highly
    satisfied = (satisfaction >= cut_satisfied) & ~highly
    return BuysAgain(
        satisfied=share_of(again[satisfied], weights=weights, clusters=clusters, level=level),
        highly_satisfied=share_of(again[highly], weights=weights, clusters=clusters, level=level),
        cut_satisfied=cut_satisfied,
        cut_highly=cut_highly,
        cut_buys=cut_buys,
    )

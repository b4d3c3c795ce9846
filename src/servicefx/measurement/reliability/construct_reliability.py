"""Alpha, composite reliability, variance extracted and loadings of one construct, for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servicefx.errors import ServicefxError
from servicefx.measurement.factor_model import fit_one_factor
from servicefx.measurement.reliability.alpha import cronbach_alpha, cronbach_alpha_interval
from servicefx.measurement.reliability.omega import composite_reliability, extracted_variance_of_loadings

__all__ = ["Reliability", "reliability_of"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reliability:
    """Reliability of one construct's score; every number that does not exist has its reason.

    Attributes
    ----------
    n_items, n_obs : int
        Items, and persons who answered all of them.
    alpha, alpha_low, alpha_high : float
        Cronbach's alpha with Feldt's interval.
    composite_reliability, average_variance_extracted : float
        From one-factor maximum-likelihood loadings.
    loadings : mapping of str to float
        Item -> standardised loading; empty where there are none.
    undefined : mapping of str to str
        Name -> why it is NaN.
    flags : tuple of str
        What the reader should know (Heywood item, negative loading, two items).
    """

    n_items: int
    n_obs: int
    alpha: float
    alpha_low: float
    alpha_high: float
    composite_reliability: float
    average_variance_extracted: float
    loadings: Mapping[str, float]
    undefined: Mapping[str, str]
    flags: tuple[str, ...]


def reliability_of(
    items: pd.DataFrame, name: str, *, weights: pd.Series | None = None, level: float = 0.95
) -> Reliability:
    """Reliability and convergent validity of one construct from its items.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Answers, reversed items turned. Persons with a gap are not used.
    name : str
        The construct, for messages.
    weights : Series, length n
        Survey weights > 0; the covariance is weighted, the interval uses the unweighted count.
    level : float
        Of alpha's interval.

    Returns
    -------
    Reliability
    """
    complete = items.dropna().astype(float)
    p, n = items.shape[1], len(complete)
    reason = "one item" if p < 2 else f"{n} complete answers" if n < 3 else ""
    if not reason and (complete.nunique() < 2).any():
        reason = "constant item: " + ", ".join(str(c) for c in complete.columns[complete.nunique() < 2])
    nan = float("nan")
    if reason:
        names = ("alpha", "composite_reliability", "average_variance_extracted")
        return Reliability(
            n_items=p, n_obs=n, alpha=nan, alpha_low=nan, alpha_high=nan, composite_reliability=nan,
            average_variance_extracted=nan, loadings={}, undefined=dict.fromkeys(names, reason), flags=(),
        )  # fmt: skip
    w = None if weights is None else weights.loc[complete.index].to_numpy(dtype=float, copy=True)
    covariance = np.cov(complete.to_numpy(copy=True), rowvar=False, aweights=w)
    sds = np.sqrt(np.diag(covariance))
    alpha = cronbach_alpha(covariance)
    low, high = cronbach_alpha_interval(alpha, n, p, level)
    loadings: dict[str, float] = {}
    undefined: dict[str, str] = {} if np.isfinite(alpha) else {"alpha": "the sum score does not vary"}
    flags: list[str] = []
    cr = ave = nan
    try:
        factor = fit_one_factor(covariance / np.outer(sds, sds), name)
    except ServicefxError as refusal:
        why = refusal.problems[0].found if n > p else f"{n} complete answers to {p} items"
        undefined |= {"composite_reliability": why, "average_variance_extracted": why}
    else:
        loadings = {
            str(item): float(value) for item, value in zip(items.columns, factor.loadings, strict=True)
        }
        heywood = [item for item, psi in zip(loadings, factor.uniquenesses, strict=True) if psi <= 0]
        flags = [f"'{item}' has a loading beyond 1 (Heywood case)" for item in heywood]
        flags += [
            f"'{item}' loads negatively: check for a reversed item" for item, v in loadings.items() if v < 0
        ]
        if p == 2:
            flags.append("two items: loadings held equal")
        if heywood:
            why = f"Heywood case: '{heywood[0]}'"
            undefined |= {"composite_reliability": why, "average_variance_extracted": why}
        else:
            cr, ave = composite_reliability(factor.loadings), extracted_variance_of_loadings(factor.loadings)
    return Reliability(
        n_items=p, n_obs=n, alpha=alpha, alpha_low=low, alpha_high=high, composite_reliability=cr,
        average_variance_extracted=ave, loadings=loadings, undefined=undefined, flags=tuple(flags),
    )  # fmt: skip

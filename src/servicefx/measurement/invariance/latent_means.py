"""Differences of the constructs' means between groups, where enough items measure alike."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from servicefx.measurement.invariance.equalities import Equalities
from servicefx.measurement.invariance.partial import LEAST
from servicefx.sem.sem_fit import SemFit

__all__ = ["MEAN_COLUMNS", "latent_means"]

Floats = NDArray[np.float64]
MEAN_COLUMNS = (
    "construct", "group", "reference", "estimate", "std_error", "p_value", "conf_low", "conf_high", "points",
    "points_error", "n_items", "n_obs", "undefined",
)  # fmt: skip


def latent_means(
    fit: SemFit | None,
    equalities: Equalities,
    refused: Mapping[tuple[str, int], str],
    counts: Mapping[str, int],
    *,
    reason: str = "",
    level: float = 0.95,
) -> pd.DataFrame:
    """How much higher a construct lies in a group than in the reference.

    Parameters
    ----------
    fit : SemFit or None
        The last model with equal intercepts; None where there is none.
    equalities : Equalities
        Of that model.
    refused : mapping of (str, int) to str
        Constructs and groups without enough equal items, and why.
    counts : mapping of str to int
        Rows of each group.
    reason : str
        Why no means are compared at all; empty if they are.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        One row a construct and group but the reference; columns `MEAN_COLUMNS`.

    Notes
    -----
    The construct has mean 0 and variance 1 in the reference, so that its mean elsewhere is the difference in
    standard deviations of the reference. ``points`` is that times the mean loading of the items whose loading
    and intercept are equal: the difference of their means that the construct accounts for.
    """
    rows = []
    reference = equalities.groups[0]
    for construct in equalities.constructs:
        for g, label in list(enumerate(equalities.groups))[1:]:
            row: dict[str, object] = dict.fromkeys(MEAN_COLUMNS, math.nan)
            alike = equalities.in_common("intercept", construct, 0, g)
            why = reason or refused.get((construct, 0), "") or refused.get((construct, g), "")
            if not why and len(alike) < LEAST:
                why = f"{len(alike)} items with equal loadings and intercepts, at least {LEAST} expected"
            row |= {
                "construct": construct, "group": label, "reference": reference, "n_items": len(alike),
                "n_obs": counts[label], "undefined": why,
            }  # fmt: skip
            if not why and fit is not None:
                row |= _difference(fit, construct, g, alike, level)
                if equalities.categories:
                    row |= {"points": math.nan, "points_error": math.nan}
                    row["undefined"] = "points: ordered answers have none"
            rows.append(row)
    return pd.DataFrame(rows, columns=list(MEAN_COLUMNS))


def _difference(
    fit: SemFit, construct: str, group: int, alike: tuple[str, ...], level: float
) -> dict[str, object]:
    position = {(p.op, p.lhs, p.rhs): p.position for p in fit.model.of_group(group)}
    at = position["~1", construct, ""]
    loadings = [position["=~", construct, item] for item in alike]
    own = [
        position["=~", construct, p.rhs]
        for p in fit.model.of_group(group)
        if (p.op, p.lhs) == ("=~", construct)
    ]
    sign = -1.0 if fit.theta[own].sum() < 0 else 1.0
    difference = sign * float(fit.theta[at])
    std_error = float(np.sqrt(fit.vcov[at, at]))
    slope = sign * float(fit.theta[loadings].mean())
    gradient = np.zeros(len(fit.theta))
    gradient[at] = sign * slope
    gradient[loadings] += sign * difference / len(loadings)
    reach = float(ndtri((1 + level) / 2)) * std_error
    return {
        "estimate": difference,
        "std_error": std_error,
        "p_value": float(2 * ndtr(-abs(difference) / std_error)),
        "conf_low": difference - reach,
        "conf_high": difference + reach,
        "points": difference * slope,
        "points_error": float(np.sqrt(gradient @ fit.vcov @ gradient)),
    }

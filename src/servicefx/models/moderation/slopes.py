"""Simple slopes of an interaction, and which of them differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.models.moderation.interaction import Interaction
from servicefx.pls.groups.difference_tests import adjusted_p_values
from servicefx.values.estimates import Estimates, critical_value, two_sided_p_value

__all__ = ["simple_slopes", "slope_differences"]

Floats = NDArray[np.float64]


def _points(fit: Interaction, name: str, at: Sequence[float] | None) -> list[float]:
    """Given values; or both of two; or mean and one standard deviation either side."""
    if at is not None:
        if not len(at) or not np.isfinite(at).all():
            found = f"values {list(at)} of '{name}', expected numbers"
            raise DataError(Problem(f"simple slopes of '{fit.term}'", found, "Give at least one number."))
        return [float(value) for value in at]
    values = fit.observed[name]
    if len(values) == 2:
        return [float(value) for value in values]
    mean = float(values @ fit.shares[name])
    return [mean - fit.spread[name], mean, mean + fit.spread[name]]


def simple_slopes(
    fit: Interaction,
    *,
    at: Sequence[float] | None = None,
    second_at: Sequence[float] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Slope of the term at chosen values of its moderator (or of both).

    Parameters
    ----------
    fit : Interaction
        From `fit_interaction`.
    at, second_at : sequence of float, optional
        Values of the first and second moderator, in their own units; by default both values of a 0/1
        column, else the mean and one standard deviation either side.
    level : float

    Returns
    -------
    DataFrame
        One row a value or pair: ``term, moderator, at, second, second_at, estimate, std_error, statistic, df,
        p_value, conf_low, conf_high, caution``; in units of the outcome per unit of the term. ``second`` is
        "" and ``second_at`` NaN with one moderator. ``caution`` says where a value was not observed.

    Examples
    --------
    >>> from servicefx.models.moderation import fit_interaction
    >>> table = pd.DataFrame({"y": [1.0, 2, 2, 5, 1, 4, 3, 8], "x": [0.0, 1, 0, 1, 2, 3, 2, 3],
    ...                       "w": [0.0, 0, 1, 1, 0, 0, 1, 1]})
    >>> simple_slopes(fit_interaction(table, "y", "x", "w"))["estimate"].round(2).tolist()
    [0.8, 1.6]
    """
    chosen = [_points(fit, fit.moderators[0], at)]
    if len(fit.moderators) == 2:
        chosen.append(_points(fit, fit.moderators[1], second_at))
    elif second_at is not None:
        found = "values of a second moderator, but the model has one"
        raise DataError(
            Problem(f"simple slopes of '{fit.term}'", found, "Fit it with 'second', or leave them.")
        )
    points: list[tuple[float, ...]] = list(product(*chosen))
    gradients = np.array([fit.gradient(point) for point in points])
    estimate, error, statistic, p_value = _tested(fit.estimates, gradients)
    half = critical_value(level, fit.estimates.df) * error
    return pd.DataFrame(
        {
            "term": fit.term,
            "moderator": fit.moderators[0],
            "at": [point[0] for point in points],
            "second": fit.moderators[1] if len(fit.moderators) == 2 else "",
            "second_at": [point[1] if len(point) == 2 else np.nan for point in points],
            "estimate": estimate,
            "std_error": error,
            "statistic": statistic,
            "df": fit.estimates.df,
            "p_value": p_value,
            "conf_low": estimate - half,
            "conf_high": estimate + half,
            "caution": [_beyond(fit, point) for point in points],
        }
    )


def _tested(fit: Estimates, gradients: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Contrasts with errors, statistics and p-values, each of shape (rows,)."""
    estimate = gradients @ fit.coefficients
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", gradients, fit.covariance, gradients), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(error > 0, estimate / error, np.nan)
    return estimate, error, statistic, two_sided_p_value(statistic, fit.df)


def _beyond(fit: Interaction, point: Sequence[float]) -> str:
    outside = []
    for name, value in zip(fit.moderators, point, strict=True):
        low, high = fit.observed[name][[0, -1]]
        if not low <= value <= high:
            outside.append(f"'{name}' was observed from {low:.4g} to {high:.4g} only")
    return "; ".join(outside)


def slope_differences(
    fit: Interaction,
    *,
    at: Sequence[float] | None = None,
    second_at: Sequence[float] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Which simple slopes of an interaction differ: every pair, with p-values corrected by Holm.

    Parameters
    ----------
    fit, at, second_at, level
        As `simple_slopes`; by default one standard deviation below and above each moderator.

    Returns
    -------
    DataFrame
        ``left, right, difference, std_error, statistic, df, p_value, p_adjusted, conf_low, conf_high``; left
        less right.

    References
    ----------
    Dawson & Richter (2006), J. Applied Psychology 91, 917-926 (three-way slope difference tests).
    """
    given = (at, second_at)
    chosen = []
    for name, values in zip(fit.moderators, given, strict=False):
        values_here = _points(fit, name, values)
        chosen.append([values_here[0], values_here[-1]] if values is None else values_here)
    points: list[tuple[float, ...]] = list(product(*chosen))
    names = [
        ", ".join(f"{name} = {value:.4g}" for name, value in zip(fit.moderators, point, strict=True))
        for point in points
    ]
    gradients = [fit.gradient(point) for point in points]
    pairs = list(combinations(range(len(points)), 2))
    if not pairs:
        found = "one value of the moderator, at least two expected"
        raise DataError(Problem(f"slope differences of '{fit.term}'", found, "Give another value."))
    contrasts = np.array([gradients[i] - gradients[j] for i, j in pairs])
    estimate, error, statistic, p_value = _tested(fit.estimates, contrasts)
    half = critical_value(level, fit.estimates.df) * error
    return pd.DataFrame(
        {
            "left": [names[i] for i, _ in pairs],
            "right": [names[j] for _, j in pairs],
            "difference": estimate,
            "std_error": error,
            "statistic": statistic,
            "df": fit.estimates.df,
            "p_value": p_value,
            "p_adjusted": adjusted_p_values(p_value, "holm"),
            "conf_low": estimate - half,
            "conf_high": estimate + half,
        }
    )

"""Whether slopes differ between groups: for every driver, for all of them, and pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc
from scipy.stats import false_discovery_control

from servicefx.pls.groups.difference_tests import adjusted_p_values
from servicefx.values.estimates import Estimates, critical_value, two_sided_p_value

__all__ = ["Adjustment", "corrected", "joint_tests", "slope_differences"]

Floats = NDArray[np.float64]
Adjustment = Literal["holm", "fdr"]
_SINGULAR = 1e-12


def corrected(p_values: Floats, adjustment: Adjustment) -> Floats:
    """P-values corrected for their number, NaN kept.

    Parameters
    ----------
    p_values : ndarray, shape (t,)
    adjustment : {"holm", "fdr"}

    Examples
    --------
    >>> corrected(np.array([0.01, 0.04, 0.03]), "fdr").round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    if adjustment not in ("holm", "fdr"):
        raise ValueError(f"adjustment must be 'holm' or 'fdr', not {adjustment!r}")
    known = np.isfinite(p_values)
    answer = np.full(len(p_values), np.nan)
    if known.any():
        kept = p_values[known]
        answer[known] = (
            adjusted_p_values(kept, "holm") if adjustment == "holm" else false_discovery_control(kept)
        )
    return answer


def joint_tests(
    fit: Estimates, drivers: Sequence[str], groups: Sequence[str], between: str, adjustment: Adjustment
) -> pd.DataFrame:
    """F tests of Wald that slopes are the same in all groups.

    Parameters
    ----------
    fit : Estimates
        With terms ``driver + between + group``.
    drivers, groups : sequence of str
    between : str
    adjustment : {"holm", "fdr"}
        Over drivers; the test of all of them is not corrected.

    Returns
    -------
    DataFrame
        ``term, f_statistic, df, df_residual, p_value, p_adjusted, undefined``; the last row, ``"all"``, for
        all.
    """
    contrasts = []
    for driver in drivers:
        contrast = np.zeros((len(groups) - 1, len(fit.terms)))
        contrast[:, fit.terms.index(f"{driver}{between}{groups[0]}")] = -1.0
        for row, group in enumerate(groups[1:]):
            contrast[row, fit.terms.index(f"{driver}{between}{group}")] = 1.0
        contrasts.append(contrast)
    rows = [
        _tested(fit, contrast, driver)
        for driver, contrast in zip((*drivers, "all"), [*contrasts, np.vstack(contrasts)], strict=True)
    ]
    table = pd.DataFrame(rows)
    p_values = table["p_value"].to_numpy(dtype=float, copy=True)
    table.insert(5, "p_adjusted", [*corrected(p_values[:-1], adjustment), np.nan])
    return table


def _tested(fit: Estimates, contrast: Floats, term: str) -> dict[str, float | str]:
    difference = contrast @ fit.coefficients
    spread = contrast @ fit.covariance @ contrast.T
    df = len(contrast)
    size = np.sqrt(np.diag(spread))
    row: dict[str, float | str] = {"term": term, "f_statistic": np.nan, "df": float(df)}
    row |= {"df_residual": float(fit.df), "p_value": np.nan, "undefined": ""}
    few = fit.covariance_kind.startswith("cluster") and df > fit.df
    if few or not (size > 0).all() or np.linalg.eigvalsh(spread / np.outer(size, size))[0] < _SINGULAR:
        why = f"{df} differences at once are too many for {fit.df + 1:.0f} clusters"
        return row | {"undefined": why if few else "the slopes of some group cannot be told apart"}
    f_statistic = float(difference @ np.linalg.solve(spread, difference)) / df
    return row | {"f_statistic": f_statistic, "p_value": float(fdtrc(df, fit.df, f_statistic))}


def slope_differences(
    fit: Estimates,
    drivers: Sequence[str],
    groups: Sequence[str],
    between: str,
    adjustment: Adjustment,
    level: float,
) -> pd.DataFrame:
    """Differences of slopes between every two groups, left less right.

    Parameters
    ----------
    fit, drivers, groups, between
        As `joint_tests`.
    adjustment : {"holm", "fdr"}
        Over all drivers and pairs.
    level : float
        Of the intervals, which are not corrected.

    Returns
    -------
    DataFrame
        ``term, group_left, group_right, difference, std_error, p_value, p_adjusted, conf_low, conf_high``.
    """
    labels, contrasts = [], []
    for driver in drivers:
        for left, right in combinations(groups, 2):
            contrast = np.zeros(len(fit.terms))
            contrast[fit.terms.index(f"{driver}{between}{left}")] = 1.0
            contrast[fit.terms.index(f"{driver}{between}{right}")] = -1.0
            labels.append((driver, left, right))
            contrasts.append(contrast)
    matrix = np.array(contrasts)
    difference = matrix @ fit.coefficients
    error = np.sqrt(np.einsum("ti,ij,tj->t", matrix, fit.covariance, matrix))
    p_values = two_sided_p_value(difference / error, fit.df)
    half = critical_value(level, fit.df) * error
    table = pd.DataFrame(labels, columns=["term", "group_left", "group_right"])
    return table.assign(
        difference=difference,
        std_error=error,
        p_value=p_values,
        p_adjusted=corrected(p_values, adjustment),
        conf_low=difference - half,
        conf_high=difference + half,
    )

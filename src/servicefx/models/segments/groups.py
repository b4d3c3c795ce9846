"""What matters in each of several known groups: every driver's slope, and whether the slopes differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.linear import fit_ols
from servicefx.errors import DataError, Problem
from servicefx.models.drivers.regression import HELD, MEASURED
from servicefx.models.drivers.rows import DriverRows, driver_rows
from servicefx.models.frame_draws import resamples_said
from servicefx.models.segments.group_effects import BETWEEN, group_draws, group_effects
from servicefx.models.segments.group_rows import dropped_rows, fitted_groups, group_labels
from servicefx.models.segments.group_tests import Adjustment, joint_tests, slope_differences
from servicefx.moments.resample_index import resample_counts
from servicefx.values.effect import Effect
from servicefx.values.estimates import Estimates

__all__ = ["GroupSlopes", "slopes_by_group"]

Floats = NDArray[np.float64]
_MOST_TOLD = 5
"""Groups too small that a refusal lists."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GroupSlopes:
    """Slopes of known groups.

    Attributes
    ----------
    segment : str
        Column whose values are the groups.
    groups : tuple of str
        In order; those too small to be fitted are in ``undefined``.
    estimates : Estimates
        One regression with a constant and slopes of every group; terms ``"driver | group"`` are slopes.
    slopes : DataFrame
        ``segment, group, term, estimate, std_error, p_value, conf_low, conf_high, n_obs, undefined``: one
        row a group and driver.
    tests : DataFrame
        ``segment, term, f_statistic, df, df_residual, p_value, p_adjusted, undefined``: whether a driver's
        slope is the same in all groups, then (``"all"``) whether all drivers' are; F tests of Wald.
    differences : DataFrame
        ``segment, term, group_left, group_right, difference, std_error, p_value, p_adjusted, conf_low,
        conf_high``: left less right, p-values corrected over all drivers and pairs.
    effects : mapping of (group, driver) to Effect
        Slopes with their draws; empty where none were asked for.
    undefined : mapping of str to str
        Group -> why it is left out.
    """

    segment: str
    groups: tuple[str, ...]
    estimates: Estimates
    slopes: pd.DataFrame
    tests: pd.DataFrame
    differences: pd.DataFrame
    effects: Mapping[tuple[str, str], Effect]
    undefined: Mapping[str, str]


def slopes_by_group(
    data: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    by: str,
    covariates: Sequence[str] = (),
    *,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    draws: int = 0,
    seed: int = 0,
    data_id: str = "data",
    counts: NDArray[np.float32] | None = None,
    source: str = "",
    unit: str = "points per point",
    adjustment: Adjustment = "holm",
    level: float = 0.95,
) -> GroupSlopes:
    """Regression with the group interacting with every driver. Answers H18 for groups one can name.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Rows with a gap in a column used, or without a group, are left out and counted.
    outcome : str
        Column explained.
    drivers : sequence of str
        Columns whose slopes are compared.
    by : str
        Column of 2 to 20 groups, text or numbers.
    covariates : sequence of str
        Columns held, with one slope for all groups.
    clusters, weights : Series of length n, optional
        Dependence groups (clustered errors, else HC3); survey weights > 0.
    draws : int
        Bootstrap resamples for `GroupSlopes.effects`; 0 makes none.
    seed, data_id
        Of the resamples.
    counts : ndarray, shape (draws, n), optional
        Resamples drawn already, beside the rows of ``data``; ``source`` then says which.
    source : str
        Name of the resamples in the effects.
    unit : str
        Unit of the slopes in the effects.
    adjustment : {"holm", "fdr"}
        Against finding differences by chance: Holm (any), or the false discovery rate of Benjamini and
        Hochberg.
    level : float
        Of the intervals, which are not corrected.

    Returns
    -------
    GroupSlopes

    Raises
    ------
    DataError
        If a column is absent, text, constant, ``by`` has fewer than 2 or more than 20 groups, or fewer than
        two groups have the rows for slopes of their own.
    IdentificationError
        As `servicefx.engines.linear.fit_ols`.

    Notes
    -----
    Slopes of different groups compare in the outcome's units. Groups with fewer rows than three times their
    coefficients, or in which a driver does not vary by itself, are left out; ``undefined`` says why.

    References
    ----------
    Chow (1960), Econometrica 28, 591-605, with robust errors; Holm (1979), Scandinavian J. Statistics 6,
    65-70.
    """
    where = f"drivers of '{outcome}' by '{by}'"
    labels = group_labels(data, by, where)
    if by in (outcome, *drivers, *covariates):
        found = f"'{by}' has two parts at once"
        raise DataError(Problem(where, found, "Name the groups by another column."))
    fitted, left_out = fitted_groups(data, labels, outcome, drivers, covariates)
    if len(fitted) < 2:
        found = "fewer than two groups can be fitted: "
        found += "; ".join(f"'{name}' {why}" for name, why in list(left_out.items())[:_MOST_TOLD])
        if len(left_out) > _MOST_TOLD:
            found += f"; and {len(left_out) - _MOST_TOLD} more"
        raise DataError(Problem(where, found, "Merge groups, or compare fewer drivers."))
    member = labels.isin(fitted).to_numpy()
    place = np.flatnonzero(member)
    rows = driver_rows(
        data.iloc[place], outcome, drivers, covariates,
        weights=None if weights is None else weights.iloc[place],
        clusters=None if clusters is None else clusters.iloc[place],
    )  # fmt: skip
    group = labels.iloc[place[rows.positions]].to_numpy()
    fit = _fit(rows, group, fitted, dropped_rows(labels, by, left_out) | dict(rows.dropped))
    tests = joint_tests(fit, rows.drivers, fitted, BETWEEN, adjustment)
    differences = slope_differences(fit, rows.drivers, fitted, BETWEEN, adjustment, level)
    effects: dict[tuple[str, str], Effect] = {}
    if draws or counts is not None:
        if counts is None:
            counts = resample_counts(len(data), draws, seed, data_id, clusters)
            source = source or f"{data_id}: {resamples_said(draws, clusters, seed)}"
        drawn = group_draws(rows, group, fitted, counts[:, place[rows.positions]])
        effects = group_effects(rows, fit, fitted, by, drawn, source or data_id, unit)
    return GroupSlopes(
        segment=by,
        groups=fitted,
        estimates=fit,
        slopes=_slopes(rows, fit, fitted, group, by, level),
        tests=tests.assign(segment=by)[["segment", *tests.columns]],
        differences=differences.assign(segment=by)[["segment", *differences.columns]],
        effects=effects,
        undefined=left_out,
    )


def _fit(
    rows: DriverRows, group: NDArray[np.object_], groups: tuple[str, ...], dropped: dict[str, int]
) -> Estimates:
    """One regression with every group's own constant and slopes, drivers centred."""
    frame = rows.frame[[rows.outcome, *rows.covariates]].copy()
    for name in groups[1:]:
        frame[f"constant{BETWEEN}{name}"] = (group == name).astype(float)
    for driver in rows.drivers:
        centred = rows.frame[driver] - float(rows.frame[driver].mean())
        for name in groups:
            frame[f"{driver}{BETWEEN}{name}"] = centred * (group == name)
    fit = fit_ols(
        frame, rows.outcome, [str(name) for name in frame.columns[1:]],
        covariance="hc3" if rows.clusters is None else "cluster",
        clusters=rows.clusters, weights=rows.weights,
    )  # fmt: skip
    linear = "within a group the outcome is linear in every driver"
    return replace(fit, dropped=dropped, assumptions=(HELD, MEASURED, linear))


def _slopes(
    rows: DriverRows,
    fit: Estimates,
    groups: tuple[str, ...],
    group: NDArray[np.object_],
    by: str,
    level: float,
) -> pd.DataFrame:
    table = fit.table(level=level).set_index("term")
    records = []
    for name in groups:
        for driver in rows.drivers:
            row = table.loc[f"{driver}{BETWEEN}{name}"]
            records.append(
                {
                    "segment": by,
                    "group": name,
                    "term": driver,
                    **row[["estimate", "std_error", "p_value", "conf_low", "conf_high"]].to_dict(),
                    "n_obs": int((group == name).sum()),
                }
            )
    return pd.DataFrame(records)

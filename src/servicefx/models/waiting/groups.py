"""Tolerated waits of segments or channels, and whether they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.models.frame_draws import cluster_labels, resamples_said
from servicefx.models.frame_rows import check_present
from servicefx.models.waiting.threshold import ThresholdFit, fit_threshold
from servicefx.moments.resample_index import resample_counts
from servicefx.pls.groups.difference_tests import adjusted_p_values

__all__ = ["ThresholdGroups", "thresholds_by"]

_MOST_GROUPS = 20


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ThresholdGroups:
    """Thresholds of groups on one set of resamples.

    Attributes
    ----------
    segment : str
        Column whose values are the groups.
    fits : mapping of str to ThresholdFit
        Group -> its fit; groups that could not be fitted are absent.
    thresholds : DataFrame
        ``group, n_obs, estimate, conf_low, conf_high, sup_f, p_value, undefined``; the interval by test
        inversion, the p-value of the sup-F test.
    slopes : DataFrame
        ``group`` and the columns of `ThresholdFit.slopes`.
    differences : DataFrame
        Pairs: ``group_left, group_right, difference, conf_low, conf_high, p_value, p_adjusted``: thresholds,
        left less right, on the shared resamples, p-values corrected by Holm.
    """

    segment: str
    fits: Mapping[str, ThresholdFit]
    thresholds: pd.DataFrame
    slopes: pd.DataFrame
    differences: pd.DataFrame


def thresholds_by(
    data: pd.DataFrame,
    outcome: str,
    wait: str,
    by: str,
    covariates: Sequence[str] = (),
    *,
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    draws: int = 1000,
    seed: int = 0,
    data_id: str = "data",
    counts: NDArray[np.float32] | None = None,
    source: str | None = None,
    level: float = 0.95,
    **options: Any,
) -> ThresholdGroups:
    """Tolerated wait of every segment or channel.

    Parameters
    ----------
    data, outcome, wait, covariates, clusters, weights, draws, seed, data_id, counts, source, level
        As `fit_threshold`.
    by : str
        Column of 2 to 20 groups; rows without one are not used.
    **options
        ``search, trim, wait_unit, outcome_unit`` of `fit_threshold`.

    Returns
    -------
    ThresholdGroups

    Raises
    ------
    DataError
        If ``by`` is absent, or has fewer than 2 or more than 20 groups.
    """
    where = f"threshold of '{wait}' for '{outcome}' by '{by}'"
    check_present(data, [by], where)
    groups = sorted(data[by].dropna().unique().tolist(), key=lambda value: (isinstance(value, str), value))
    if not 2 <= len(groups) <= _MOST_GROUPS:
        found = f"'{by}' has {len(groups)} groups, expected 2 to {_MOST_GROUPS}"
        raise DataError(Problem(where, found, "Name a column of segments or channels."))
    if counts is None:
        source = f"{data_id}: {resamples_said(draws, clusters, seed)}"
        counts = resample_counts(len(data), draws, seed, data_id, cluster_labels(clusters))
    fits: dict[str, ThresholdFit] = {}
    rows, slopes = [], []
    for group in groups:
        member = (data[by] == group).fillna(False).to_numpy(dtype=bool)
        name = _name(group)
        try:
            fit = fit_threshold(
                data[member], outcome, wait, covariates,
                clusters=None if clusters is None else clusters[member],
                weights=None if weights is None else weights[member],
                draws=draws, seed=seed, counts=counts[:, member], source=source, level=level, **options,
            )  # fmt: skip
        except (DataError, IdentificationError) as refusal:
            found = refusal.problems[0].found
            rows.append({"group": name, "n_obs": int(member.sum()), "undefined": found})
            continue
        fits[name] = fit
        first, test = fit.intervals.iloc[0], fit.test.iloc[0]
        row = {"group": name, "n_obs": fit.n_obs, "estimate": fit.threshold.estimate, "undefined": ""}
        row |= {"conf_low": first["conf_low"], "conf_high": first["conf_high"]}
        rows.append(row | {"sup_f": test["sup_f"], "p_value": test["p_value"]})
        slopes.append(fit.slopes.assign(group=name))
    columns = ["group", "n_obs", "estimate", "conf_low", "conf_high", "sup_f", "p_value", "undefined"]
    joined = pd.concat(slopes, ignore_index=True) if slopes else pd.DataFrame({"group": []})
    return ThresholdGroups(
        segment=by,
        fits=fits,
        thresholds=pd.DataFrame(rows).reindex(columns=columns),
        slopes=joined[["group", *(name for name in joined.columns if name != "group")]],
        differences=_differences(fits, level),
    )


def _name(group: object) -> str:
    """A group in words; whole numbers, which gaps turn into floats, without a point."""
    return str(int(group)) if isinstance(group, float) and group.is_integer() else str(group)


def _differences(fits: Mapping[str, ThresholdFit], level: float) -> pd.DataFrame:
    """Every pair of groups, left less right."""
    rows = []
    for left, right in combinations(fits, 2):
        gap = fits[left].threshold - fits[right].threshold
        low, high = gap.interval(level)
        known = gap.draws[np.isfinite(gap.draws)]
        tail = min(int((known <= 0).sum()), int((known >= 0).sum()))
        p_value = min(1.0, 2 * (tail + 1) / (len(known) + 1))
        rows.append((left, right, gap.estimate, low, high, p_value))
    columns = ["group_left", "group_right", "difference", "conf_low", "conf_high", "p_value"]
    table = pd.DataFrame(rows, columns=columns)
    table["p_adjusted"] = adjusted_p_values(table["p_value"].to_numpy(dtype=float), "holm")
    return table

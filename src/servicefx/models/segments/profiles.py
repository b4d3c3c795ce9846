"""Who is in a latent class: how surely customers are assigned, and what else they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.models.frame_rows import check_present
from servicefx.models.segments.class_frames import class_names
from servicefx.models.segments.group_rows import group_name
from servicefx.models.segments.latent_classes import LatentClasses, class_posteriors
from servicefx.values.estimates import critical_value

__all__ = ["class_assignment", "class_profiles"]

Floats = NDArray[np.float64]
_MANY_GROUPS = 20
_CONFUSED = 0.05
"""Least singular value of assignments by classes: below, there is no way back from one to the other."""


def class_assignment(
    fit: LatentClasses,
    data: pd.DataFrame,
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
) -> pd.DataFrame:
    """How surely customers go to the class that is likeliest for them.

    Parameters
    ----------
    fit : LatentClasses
    data, weights, clusters
        What it was fitted to.

    Returns
    -------
    DataFrame
        One row a class of assignment: ``group, n_assigned, assigned_share, share`` (the model's size),
        ``mean_posterior`` (mean chance of those assigned to belong there), ``wrong_share`` (of those
        assigned, who belong elsewhere: 1 less that). ``"all"`` sums over classes.
    """
    chances, weight = _chances(fit, data, weights, clusters)
    assigned = chances.argmax(axis=1)
    rows = []
    for k, name in enumerate([*class_names(fit.n_classes), "all"]):
        member = np.ones(len(assigned), dtype=bool) if name == "all" else assigned == k
        held = weight[member]
        own = chances[member, assigned[member]]
        mean = float(held @ own / held.sum()) if member.any() else np.nan
        rows.append(
            {
                "group": name,
                "n_assigned": int(member.sum()),
                "assigned_share": float(held.sum() / weight.sum()),
                "share": 1.0 if name == "all" else float(fit.shares[k]),
                "mean_posterior": mean,
                "wrong_share": 1 - mean,
                "undefined": "" if member.any() else "nobody is assigned to it",
            }
        )
    return pd.DataFrame(rows)


def class_profiles(
    fit: LatentClasses,
    data: pd.DataFrame,
    columns: Sequence[str],
    *,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Shares of groups, and means of numbers, in every class, corrected for wrong assignment.

    Parameters
    ----------
    fit : LatentClasses
    data, weights, clusters
        What it was fitted to; ``data`` holds the columns too.
    columns : sequence of str
        Text, 0/1, or columns of at most 20 values: shares of each value; other numbers: their mean.
    level : float
        Of the intervals, which take the classification as known and allow for clusters.

    Returns
    -------
    DataFrame
        ``group, segment, answer, measure`` (``"share"`` or ``"mean"``), ``estimate, conf_low, conf_high,
        unadjusted, overall, n_obs, undefined``: ``segment`` is the column and ``answer`` its value;
        ``unadjusted`` is the figure among those assigned to the class, ``overall`` that of all rows.

    Raises
    ------
    DataError
        If a column is not in the data.

    Notes
    -----
    Three steps: classes, assignment to the likeliest, profiles. Assignment errs, which pulls the profiles of
    classes towards each other; the rows are reweighted by the inverse of the table of assignment by class.
    A share may then fall outside [0, 1], which says that the column and the model of the classes disagree.

    References
    ----------
    Bolck, Croon & Hagenaars (2004), Political Analysis 12, 3-27; Vermunt (2010), Political Analysis 18,
    450-469, sec. 3.
    """
    check_present(data, columns, "profiles of latent classes")
    chances, weight = _chances(fit, data, weights, clusters)
    used = class_posteriors(fit, data, weights=weights, clusters=clusters).notna().all(axis=1).to_numpy()
    codes = None if clusters is None else pd.factorize(clusters.to_numpy()[used])[0]
    plain = np.eye(fit.n_classes)[chances.argmax(axis=1)]
    corrected, why = _reweighted(chances, plain, weight)
    rows = []
    for name in columns:
        for answer, values in _answers(data[name].iloc[np.flatnonzero(used)]):
            there = np.isfinite(values)
            whole = float(weight[there] @ values[there] / weight[there].sum()) if there.any() else np.nan
            for k, group in enumerate(class_names(fit.n_classes)):
                row = _profile(values, there, corrected[:, k] * weight, codes, level)
                raw = _profile(values, there, plain[:, k] * weight, codes, level)
                reason = why or ("" if np.isfinite(row[0]) else "nobody in the class has this answer there")
                rows.append(
                    {
                        "group": group, "segment": name, "answer": answer,
                        "measure": "share" if answer else "mean",
                        "estimate": row[0], "conf_low": row[1], "conf_high": row[2],
                        "unadjusted": raw[0], "overall": whole, "n_obs": int(there.sum()),
                        "undefined": reason,
                    }
                )  # fmt: skip
    columns_out = ["group", "segment", "answer", "measure", "estimate", "conf_low", "conf_high", "unadjusted"]
    return pd.DataFrame(rows, columns=[*columns_out, "overall", "n_obs", "undefined"])


def _chances(
    fit: LatentClasses, data: pd.DataFrame, weights: pd.Series | None, clusters: pd.Series | None
) -> tuple[Floats, Floats]:
    """Posteriors of the rows used, (n, K), and their weights, (n,)."""
    chances = class_posteriors(fit, data, weights=weights, clusters=clusters).to_numpy(dtype=float)
    used = np.isfinite(chances).all(axis=1)
    weight = np.ones(int(used.sum())) if weights is None else weights.to_numpy(dtype=float)[used]
    return chances[used], weight / weight.mean()


def _reweighted(chances: Floats, assigned: Floats, weight: Floats) -> tuple[Floats, str]:
    """Weights of rows in classes, (n, K), that undo wrong assignment; NaN with a reason if none do."""
    size = chances.T @ weight
    table = (chances * weight[:, None]).T @ assigned / size[:, None]  # class, assignment
    if np.linalg.svd(table, compute_uv=False)[-1] < _CONFUSED:
        nothing = np.full(chances.shape, np.nan)
        return nothing, "the classes are assigned too poorly to correct for it"
    return assigned @ np.linalg.inv(table), ""


def _answers(column: pd.Series) -> list[tuple[str, Floats]]:
    """Values of a column as 0/1 columns, or the column itself where it is a number of many values."""
    numeric = pd.api.types.is_numeric_dtype(column)
    values = column.dropna().unique().tolist()
    if numeric and len(values) > _MANY_GROUPS:
        return [("", column.to_numpy(dtype=float, na_value=np.nan))]
    gap = column.isna().to_numpy()
    ordered = sorted(values, key=lambda value: (isinstance(value, str), value))
    return [
        (
            group_name(value),
            np.where(gap, np.nan, (column == value).to_numpy(dtype=float, na_value=0.0)),
        )
        for value in ordered
    ]


def _profile(
    values: Floats, known: NDArray[np.bool_], weight: Floats, codes: NDArray[np.intp] | None, level: float
) -> tuple[float, float, float]:
    """Weighted mean and its interval by linearisation, clusters allowed for."""
    held = weight[known]
    total = held.sum()
    if not np.isfinite(total) or total <= 0:
        return float("nan"), float("nan"), float("nan")
    mean = float(held @ values[known] / total)
    score = held * (values[known] - mean) / total
    if codes is None:
        error = float(np.sqrt(score @ score))
    else:
        sums = np.bincount(codes[known], weights=score)
        groups = len(np.unique(codes[known]))
        error = float(np.sqrt(sums @ sums * groups / max(groups - 1, 1)))
    half = critical_value(level) * error
    return mean, mean - half, mean + half

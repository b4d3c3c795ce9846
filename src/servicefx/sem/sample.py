"""Sample: a model's columns, read from a frame, from moments or from groups of either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, closest
from servicefx.moments.moments import Moments
from servicefx.sem.columns import numbers

__all__ = ["GroupSample", "Sample", "SemData", "group_label", "numbers", "read_sample"]

Floats = NDArray[np.float64]
SemData = pd.DataFrame | Moments | Mapping[str, pd.DataFrame] | Mapping[str, Moments]
"""What a model is fitted to."""
_BY_TEXT = "Rename the columns: frame.columns = frame.columns.map(str)."


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GroupSample:
    """One group's data; rows live only as long as a fit is being made.

    Attributes
    ----------
    label : str
        Value of the grouping column as text; "" where there is one group.
    n_obs : int
        Rows used, or those behind the moments.
    moments : Moments or None
        In the order of the sample's names; None where gaps or ordered items leave no plain moments.
    values : ndarray, shape (n, p), or None
        Rows; NaN at gaps where these are kept. None where only moments are known.
    frame : DataFrame or None
        The same rows with their own dtypes, where items are ordered.
    weights : ndarray, shape (n,), or None
        Sampling weights that sum to n over all groups.
    clusters : ndarray of int, shape (n,), or None
        Codes, shared by the groups.
    """

    label: str
    n_obs: int
    moments: Moments | None
    values: Floats | None = None
    frame: pd.DataFrame | None = None
    weights: Floats | None = None
    clusters: NDArray[np.intp] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sample:
    """A model's data, group by group.

    Attributes
    ----------
    names : tuple of str, length p
        Columns.
    groups : tuple of GroupSample
        In order of first appearance.
    dropped : mapping of str to int
        Rows not used, by reason.
    cluster : str
        Column of the clusters, "" without.
    mean_weight : float
        What one unit of the weights was in the data.
    """

    names: tuple[str, ...]
    groups: tuple[GroupSample, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)
    cluster: str = ""
    mean_weight: float = 1.0

    @property
    def n_obs(self) -> int:
        """Rows of all groups."""
        return sum(group.n_obs for group in self.groups)

    @property
    def labels(self) -> tuple[str, ...]:
        """The groups' labels."""
        return tuple(group.label for group in self.groups)


def read_sample(
    data: SemData,
    names: Sequence[str],
    *,
    group: str | None = None,
    keep_gaps: bool = False,
    complete: Sequence[str] = (),
    ordered: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
) -> Sample:
    """Take a model's columns from its data.

    Parameters
    ----------
    data : DataFrame, Moments, or mapping of str to either
        A mapping holds one entry a group.
    names : sequence of str
        The model's p observed columns.
    group, weights, cluster : str, optional
        Columns of a frame: the group compared, sampling weights (> 0), units that rows are drawn in.
    keep_gaps : bool
        Keep rows that have at least one of the columns; otherwise only complete rows are used.
    complete : sequence of str
        Columns that must be there even with ``keep_gaps`` (fixed covariates).
    ordered : sequence of str
        Columns whose values are ordered categories.

    Returns
    -------
    Sample

    Raises
    ------
    DataError
        If a column is absent or holds text, a constant, infinite values, no rows remain, a weight is not
        positive, or rows are asked of moments.
    """
    wanted = tuple(names)
    if isinstance(data, Mapping):
        if group is not None:
            found = f"'{group}' is named, and the data already come by group"
            raise DataError(Problem("group", found, "Leave 'group' out."))
        parts = [
            read_sample(
                part, wanted, keep_gaps=keep_gaps, complete=complete, ordered=ordered, weights=weights,
                cluster=cluster,
            )
            for part in data.values()
        ]  # fmt: skip
        return _joined(wanted, [str(label) for label in data], parts, cluster or "")
    if isinstance(data, Moments):
        _refuse_columns(group, weights, cluster, ordered, keep_gaps)
        moments = data.subset(wanted) if data.names != wanted else data
        _check_spread(wanted, np.diag(moments.cov), "")
        return Sample(names=wanted, groups=(GroupSample(label="", n_obs=moments.n_obs, moments=moments),))
    if not isinstance(data, pd.DataFrame):
        found = f"a {type(data).__name__}, where a DataFrame, Moments or a mapping of groups is expected"
        raise DataError(Problem("data", found, "Make a DataFrame of it."))
    return _from_frame(
        data, wanted, group=group, keep_gaps=keep_gaps, complete=complete, ordered=ordered, weights=weights,
        cluster=cluster,
    )  # fmt: skip


def _from_frame(
    frame: pd.DataFrame,
    names: tuple[str, ...],
    *,
    group: str | None,
    keep_gaps: bool,
    complete: Sequence[str],
    ordered: Sequence[str],
    weights: str | None,
    cluster: str | None,
) -> Sample:
    asked = [*names, *(column for column in (group, weights, cluster) if column is not None)]
    _check_columns(frame, asked)
    values = numbers(frame, names)
    gaps = np.isnan(values)
    keep: NDArray[np.bool_]
    dropped: dict[str, int] = {}
    if keep_gaps:
        needed = [names.index(column) for column in complete if column in names]
        lost = gaps.all(axis=1)
        dropped["every item is missing"] = int(lost.sum())
        no_covariate = gaps[:, needed].any(axis=1) & ~lost
        dropped["a fixed covariate is missing"] = int(no_covariate.sum())
        keep = np.asarray(~(lost | no_covariate))
    else:
        keep = np.asarray(~gaps.any(axis=1))
        dropped["an item of the model is missing"] = int((~keep).sum())
    for role, column in (("group", group), ("cluster", cluster), ("weight", weights)):
        if column is not None:
            absent = frame[column].isna().to_numpy() & keep
            dropped[f"the {role} '{column}' is missing"] = int(absent.sum())
            keep &= ~absent
    weight, mean_weight = (None, 1.0) if weights is None else _weights(frame[weights], keep)
    codes = None if cluster is None else pd.factorize(frame[cluster][keep])[0].astype(np.intp)
    used = values[keep]
    rows: pd.DataFrame | None = frame[list(names)][keep] if ordered else None
    if group is None:
        members: list[tuple[str, NDArray[np.bool_] | slice]] = [("", slice(None))]
    else:
        labels = frame[group][keep]
        members = [(group_label(value), (labels == value).to_numpy()) for value in labels.unique()]
    if not len(used):
        raise DataError(Problem("data", "no row has all columns of the model", "Look at the missing values."))
    groups = tuple(
        _group(
            label,
            names,
            used[member],
            None if weight is None else weight[member],
            None if codes is None else codes[member],
            None if rows is None else rows[member],
            keep_gaps=keep_gaps,
            ordered=ordered,
        )
        for label, member in members
    )
    return Sample(
        names=names,
        groups=groups,
        dropped={reason: count for reason, count in dropped.items() if count},
        cluster=cluster or "",
        mean_weight=mean_weight,
    )


def _group(
    label: str,
    names: tuple[str, ...],
    values: Floats,
    weights: Floats | None,
    clusters: NDArray[np.intp] | None,
    frame: pd.DataFrame | None,
    *,
    keep_gaps: bool,
    ordered: Sequence[str],
) -> GroupSample:
    moments = None
    where = f"group '{label}': " if label else ""
    if len(values) < 2:
        remedy = "Add rows, or leave the group out." if label else "Add rows."
        raise DataError(Problem(f"{where}data", "1 row, at least 2 expected", remedy))
    if not keep_gaps and not ordered:
        shift = values[: min(len(values), 1000)].mean(axis=0)
        mean, cov = _moments(values, shift, weights)
        moments = Moments(names=names, n_obs=len(values), mean=mean, cov=cov)
    if keep_gaps:
        with np.errstate(invalid="ignore"):
            held = [column[~np.isnan(column)] for column in values.T]
            variance = np.array([np.var(column) if len(column) else np.inf for column in held])
        _check_spread(names, variance, where)
    elif moments is not None:
        _check_spread(names, np.diag(moments.cov), where, np.abs(values).max(axis=0))
    return GroupSample(
        label=label,
        n_obs=len(values),
        moments=moments,
        values=values,
        frame=frame,
        weights=weights,
        clusters=clusters,
    )


def _moments(values: Floats, shift: Floats, weights: Floats | None) -> tuple[Floats, Floats]:
    """Means and covariances (denominator n, or the weights' sum) by row blocks."""
    p = values.shape[1]
    total, sums, products = 0.0, np.zeros(p), np.zeros((p, p))
    for begin in range(0, len(values), 16384):
        part = values[begin : begin + 16384] - shift
        heavy = part if weights is None else part * weights[begin : begin + 16384, None]
        total += len(part) if weights is None else float(weights[begin : begin + 16384].sum())
        sums += heavy.sum(axis=0)
        products += heavy.T @ part
    step = sums / total
    return shift + step, products / total - np.outer(step, step)


def _check_columns(frame: pd.DataFrame, names: Sequence[str]) -> None:
    known = [str(column) for column in frame.columns]
    present = set(frame.columns)
    absent = [name for name in dict.fromkeys(names) if name not in present]
    if absent:
        raise DataError(
            *(
                Problem(f"column '{name}'", "is named by a number in the data, not by text", _BY_TEXT)
                if name in known
                else Problem(
                    f"column '{name}'", f"is not in the data{closest(name, known)}", "Correct the model."
                )
                for name in absent
            )
        )
    if not frame.columns.is_unique:
        twice = [name for name in dict.fromkeys(names) if known.count(name) > 1]
        if twice:
            raise DataError(
                *(Problem(f"column '{name}'", "stands more than once", "Rename one.") for name in twice)
            )


def _check_spread(names: Sequence[str], variance: Floats, where: str, largest: Floats | None = None) -> None:
    size = np.zeros(len(names)) if largest is None else largest
    flat = [
        name for name, var, big in zip(names, variance, size, strict=True) if not var > (1e-12 * big) ** 2
    ]
    if flat:
        raise DataError(
            *(
                Problem(f"{where}column '{name}'", "holds the same value in every row", "Leave it out.")
                for name in flat
            )
        )


def _weights(column: pd.Series, keep: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Weights that sum to the rows kept, and what one unit of them was."""
    weight = np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan)[keep], dtype=np.float64)
    bad = int((~(np.isfinite(weight) & (weight > 0))).sum())
    if bad:
        found = f"{bad} of {len(weight)} weights are not above 0"
        raise DataError(Problem(f"weights '{column.name}'", found, "Correct or drop these rows."))
    mean = float(weight.mean()) if len(weight) else 1.0
    return np.asarray(weight / mean, dtype=np.float64), mean


def group_label(value: object) -> str:
    """A value of the grouping column as text: whole numbers without decimals."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _joined(names: tuple[str, ...], labels: list[str], parts: list[Sample], cluster: str) -> Sample:
    if not parts:
        raise DataError(Problem("data", "the mapping holds no group", "Give at least one."))
    dropped: dict[str, int] = {}
    groups = []
    begun = 0
    mean = sum(part.n_obs * part.mean_weight for part in parts) / sum(part.n_obs for part in parts)
    for label, part in zip(labels, parts, strict=True):
        for reason, count in part.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + count
        one = part.groups[0]
        codes = None if one.clusters is None else one.clusters + begun
        begun += 0 if codes is None else int(one.clusters.max()) + 1 if one.clusters is not None else 0
        weight = None if one.weights is None else one.weights * (part.mean_weight / mean)
        groups.append(replace(one, label=label, clusters=codes, weights=weight))
    return Sample(names=names, groups=tuple(groups), dropped=dropped, cluster=cluster)


def _refuse_columns(
    group: str | None, weights: str | None, cluster: str | None, ordered: Sequence[str], gaps: bool
) -> None:
    asked = [
        (group is not None, "groups", "Give a mapping of group to Moments."),
        (weights is not None, "sampling weights", "Use them when making the moments."),
        (cluster is not None, "clusters", "Give the rows."),
        (bool(ordered), "ordered items", "Give the rows."),
        (gaps, "rows with gaps (missing='fiml')", "Give the rows."),
    ]
    problems = [
        Problem("data", f"{what} need the rows, and only moments are given", remedy)
        for needed, what, remedy in asked
        if needed
    ]
    if problems:
        raise DataError(*problems)

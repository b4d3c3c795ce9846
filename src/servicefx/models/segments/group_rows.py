"""Groups of a column: their names, which of them can have slopes of their own, and rows lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from servicefx.engines.design_matrix import redundant_terms
from servicefx.errors import DataError, Problem
from servicefx.models.frame_rows import check_present

__all__ = ["dropped_rows", "fitted_groups", "group_labels", "group_name"]

_MOST_GROUPS = 20


def group_labels(data: pd.DataFrame, by: str, where: str) -> pd.Series:
    """Name of every row's group, whole numbers without decimals; None where it is missing."""
    check_present(data, [by], where)
    values = data[by].dropna().unique().tolist()
    if not 2 <= len(values) <= _MOST_GROUPS:
        found = f"'{by}' has {len(values)} groups, expected 2 to {_MOST_GROUPS}"
        remedy = "Name a column of groups; a number that moderates slopes belongs under moderators of a path."
        raise DataError(Problem(where, found, remedy))
    names = {value: group_name(value) for value in values}
    if len(set(names.values())) < len(names):
        names = {value: repr(value) for value in values}
    order = sorted(values, key=lambda value: (isinstance(value, str), value))
    kind = pd.CategoricalDtype([names[value] for value in order], ordered=True)
    return data[by].map(names).astype(kind)


def group_name(value: object) -> str:
    """A group in words: whole numbers in full, others to six digits.

    Examples
    --------
    >>> [group_name(value) for value in (2.0, 1000001, 1000001.0, 2.5, 8 / 3, "north")]
    ['2', '1000001', '1000001', '2.5', '2.66667', 'north']
    """
    if not isinstance(value, int | float):
        return str(value)
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def fitted_groups(
    data: pd.DataFrame, labels: pd.Series, outcome: str, drivers: Sequence[str], covariates: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Groups in which every driver can have a slope, and why the others are not."""
    there = [name for name in (outcome, *drivers, *covariates) if name in data.columns]
    numeric = [name for name in drivers if name in there and pd.api.types.is_numeric_dtype(data[name])]
    complete = data[there].notna().all(axis=1)
    fewest = 3 * (len(drivers) + 1)
    kept, left_out = [], {}
    for name in labels.cat.categories:
        member = (complete & (labels == name)).to_numpy()
        n = int(member.sum())
        if n < fewest:
            left_out[str(name)] = f"has {n} complete rows, at least {fewest} expected"
            continue
        own = data[numeric].to_numpy(dtype=float, na_value=np.nan)[member]
        still = [driver for driver, column in zip(numeric, own.T, strict=True) if np.ptp(column) == 0]
        same = still or redundant_terms(own, numeric)
        if same and len(numeric) == len(drivers) and not _everywhere(data, complete, numeric):
            said = "has one value only of" if still else "has only what other drivers tell already of"
            left_out[str(name)] = f"{said} '{same[0]}'"
        else:
            kept.append(str(name))
    return tuple(kept), left_out


def _everywhere(data: pd.DataFrame, complete: pd.Series, drivers: Sequence[str]) -> bool:
    """Whether drivers tell too little in all rows already, which is no fault of a group."""
    rows = data.loc[complete, list(drivers)].to_numpy(dtype=float, na_value=np.nan)
    return bool((np.ptp(rows, axis=0) == 0).any() or redundant_terms(rows, list(drivers)))


def dropped_rows(labels: pd.Series, by: str, left_out: Mapping[str, str]) -> dict[str, int]:
    """Rows without a group, or of groups left out, by reason."""
    lost = {f"{by} missing": int(labels.isna().sum())}
    lost |= {f"group '{name}' of '{by}' is left out": int((labels == name).sum()) for name in left_out}
    return {why: n for why, n in lost.items() if n}

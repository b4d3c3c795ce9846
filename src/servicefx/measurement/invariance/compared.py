"""Compared: the rows of the groups, read and checked before any model is fitted to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.sem.columns import numbers
from servicefx.sem.sample import group_label

__all__ = ["Compared", "compared"]

_OWN = {"group": "compared group", "cluster": "sampling cluster", "weights": "sampling weight"}
"""Columns of the frame handed to `servicefx.sem.fit`, beside the items."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Compared:
    """What the groups are compared by.

    Attributes
    ----------
    frame : DataFrame
        The items, then columns of group, cluster and weight where there are any; group by group, the
        reference first.
    constructs : mapping of str to tuple of str
        Construct -> its items.
    groups : tuple of str
        Labels, the reference first.
    counts : mapping of str to int
        Rows used of each group.
    categories : mapping of str to int
        Ordered items -> number of answer categories; empty where items are numbers.
    columns : mapping of str to str
        ``group``, and ``cluster`` and ``weights`` where they are given: names of columns of the frame.
    dropped : mapping of str to int
        Rows not used, by reason.
    """

    frame: pd.DataFrame
    constructs: Mapping[str, tuple[str, ...]]
    groups: tuple[str, ...]
    counts: Mapping[str, int]
    categories: Mapping[str, int]
    columns: Mapping[str, str]
    dropped: Mapping[str, int]

    @property
    def n_obs(self) -> int:
        """Rows used."""
        return sum(self.counts.values())


def compared(
    items: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    group: str | pd.Series,
    *,
    reference: object = None,
    ordered: Sequence[str] | bool = (),
    cluster: str | pd.Series | None = None,
    weights: str | pd.Series | None = None,
    keep_gaps: bool = False,
) -> Compared:
    """Read and check what `measurement_invariance` is given; arguments and errors as there."""
    held = _constructs(constructs)
    names = [item for own in held.values() for item in own]
    asked = {"group": group, "cluster": cluster, "weights": weights}
    frame, labels = _read(items, names, asked)
    shared = [construct for construct in held if construct in frame.columns]
    if shared:
        found = f"'{shared[0]}' is the name of an item as well"
        raise StudyError(Problem("constructs", found, "Rename the construct."))
    values = numbers(frame, names)
    frame, dropped = _rows_used(frame, values, keep_gaps=keep_gaps)
    order = _order(labels["group"][frame.index], reference, str(getattr(group, "name", group)))
    position = {label: at for at, label in enumerate(order)}
    place = frame[_OWN["group"]].map(position).to_numpy()
    frame = frame.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)
    members = frame[_OWN["group"]]
    counts = {label: int((members == label).sum()) for label in order}
    ordinal = _ordered(ordered, names)
    _check_counts(counts, held, ordinal)
    _check_constant(frame, names, order)
    categories = _categories(frame, [item for item in names if item in ordinal], order)
    columns = {role: _OWN[role] for role, given in asked.items() if given is not None}
    stated = str(labels["cluster"].name) if "cluster" in labels else ""
    if stated not in {"", "None", *frame.columns, *held}:  # messages then speak of the reader's own column
        frame, columns = frame.rename(columns={_OWN["cluster"]: stated}), columns | {"cluster": stated}
    return Compared(
        frame=frame,
        constructs=held,
        groups=order,
        counts=counts,
        categories=categories,
        columns=columns,
        dropped=dropped,
    )


def _constructs(constructs: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The constructs with their items, each item of one construct, at least two a construct."""
    if not constructs:
        raise StudyError(Problem("constructs", "there are none", "Name at least one with its items."))
    held = {
        str(name): (own,) if isinstance(own, str) else tuple(str(item) for item in own)
        for name, own in constructs.items()
    }
    problems = [
        Problem(
            f"construct '{name}'",
            f"has {len(own)} item{'' if len(own) == 1 else 's'}, at least 2 expected",
            "Add items, or leave the construct out.",
        )
        for name, own in held.items()
        if len(own) < 2
    ]
    owner: dict[str, str] = {}
    for name, own in held.items():
        for item in own:
            if item in owner:
                found = f"'{item}' is an item of '{owner[item]}' already"
                problems.append(Problem(f"construct '{name}'", found, "Give each item one construct."))
            owner.setdefault(item, name)
    if problems:
        raise StudyError(*problems)
    return held


def _read(
    items: pd.DataFrame, names: Sequence[str], asked: Mapping[str, str | pd.Series | None]
) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """The items with columns of group, cluster and weight beside them, and these as they were given."""
    known = [str(column) for column in items.columns]
    absent = [name for name in names if name not in set(items.columns)]
    problems = [
        Problem(f"column '{name}'", f"is not in the data{closest(name, known)}", "Correct the item.")
        for name in absent
    ]
    given: dict[str, pd.Series] = {}
    for role, source in asked.items():
        if source is None:
            continue
        if isinstance(source, str):
            if source not in set(items.columns):
                found = f"'{source}' is not in the data{closest(source, known)}"
                problems.append(Problem(role, found, "Name a column of the data."))
                continue
            source = items[source]
        if len(source) != len(items):
            found = f"has {len(source)} values for {len(items)} rows"
            problems.append(Problem(role, found, "Give one value a row."))
            continue
        given[role] = pd.Series(source.array, name=source.name)
    if problems:
        raise DataError(*problems)
    frame = items[list(names)].reset_index(drop=True)
    for role, values in given.items():
        frame[_OWN[role]] = values if role != "group" else _labels(values)
    return frame, given


def _labels(values: pd.Series) -> pd.Series:
    """Values of the grouping column as text, missing ones kept."""
    known = {value: group_label(value) for value in values.dropna().unique()}
    alike: dict[str, list[object]] = {}
    for value, label in known.items():
        alike.setdefault(label, []).append(value)
    twice = next((label for label, same in alike.items() if len(same) > 1), None)
    if twice is not None:
        found = f"'{twice}' stands as text and as a number"
        raise DataError(Problem("group", found, "Write each group in one way."))
    text = [known.get(value) if not pd.isna(value) else None for value in values]
    return pd.Series(text, dtype=object)


def _rows_used(
    frame: pd.DataFrame, values: np.ndarray, *, keep_gaps: bool
) -> tuple[pd.DataFrame, dict[str, int]]:
    gaps = np.isnan(values)
    lost = gaps.all(axis=1) if keep_gaps else gaps.any(axis=1)
    dropped = {"every item is missing" if keep_gaps else "an item is missing": int(lost.sum())}
    for role, column in _OWN.items():
        if column in frame.columns:
            absent = frame[column].isna().to_numpy() & ~lost
            dropped[f"the {'weight' if role == 'weights' else role} is missing"] = int(absent.sum())
            lost = lost | absent
    used = frame[~lost]
    if used.empty:
        raise DataError(Problem("data", "no row has all items and a group", "Look at the missing values."))
    return used, {reason: count for reason, count in dropped.items() if count}


def _order(values: pd.Series, reference: object, where: str) -> tuple[str, ...]:
    """The groups' labels: the reference, then the order of the categories, of numbers or of text."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        present = set(values.dropna())
        found = [value for value in values.cat.categories if value in present]
    else:
        distinct = list(values.dropna().unique())
        try:
            found = sorted(distinct)
        except TypeError:
            found = sorted(distinct, key=group_label)
    labels = [group_label(value) for value in found]
    if len(labels) < 2:
        text = f"'{where}' holds one value ('{labels[0]}') in the rows used, at least 2 groups expected"
        raise StudyError(Problem("group", text, "Choose a column with more groups."))
    if reference is None:
        return tuple(labels)
    first = group_label(reference)
    if first not in labels:
        text = f"'{first}' is no value of '{where}'{closest(first, labels)}"
        raise StudyError(Problem("reference", text, "Name one of the groups."))
    return (first, *(label for label in labels if label != first))


def _ordered(ordered: Sequence[str] | bool, names: Sequence[str]) -> frozenset[str]:
    if isinstance(ordered, bool):
        return frozenset(names) if ordered else frozenset()
    named = (ordered,) if isinstance(ordered, str) else tuple(str(item) for item in ordered)
    absent = [item for item in named if item not in names]
    if absent:
        raise StudyError(
            *(
                Problem("ordered", f"'{item}' is no item{closest(item, names)}", "Correct it.")
                for item in absent
            )
        )
    some = [item for item in names if item not in named]
    if named and some:
        found = f"'{some[0]}' is not named, and items are either all ordered or all numbers"
        raise StudyError(Problem("ordered", found, "Name all items, or none."))
    return frozenset(named)


def _check_counts(
    counts: Mapping[str, int], constructs: Mapping[str, Sequence[str]], ordinal: frozenset[str]
) -> None:
    """Refuse groups with no more rows than the model has parameters in each."""
    p, m = sum(len(own) for own in constructs.values()), len(constructs)
    free = (2 if ordinal else 3) * p + m * (m - 1) // 2  # at least one threshold an ordered item
    listed = ", ".join(f"'{label}' {count}" for label, count in counts.items())
    problems = [
        Problem(
            f"group '{label}'",
            f"{count} row{'' if count == 1 else 's'} for {p} items and {free} parameters a group, more rows "
            f"than parameters expected (rows used: {listed})",
            "Join groups, leave the group out, or compare fewer items.",
        )
        for label, count in counts.items()
        if count <= max(free, p)
    ]
    if problems:
        raise DataError(*problems)


def _check_constant(frame: pd.DataFrame, names: Sequence[str], groups: Sequence[str]) -> None:
    values = numbers(frame, names)
    members = frame[_OWN["group"]].to_numpy()
    problems = []
    for label in groups:
        own = values[members == label]
        for at, name in enumerate(names):
            answered = own[~np.isnan(own[:, at]), at]
            if not len(answered) or np.ptp(answered) == 0:
                found = (
                    f"'{name}' has {'the same value in every row' if len(answered) else 'no answer'}, "
                    "so that it measures nothing there"
                )
                problems.append(Problem(f"group '{label}'", found, f"Leave '{name}' or the group out."))
    if problems:
        raise DataError(*problems)


def _categories(frame: pd.DataFrame, ordinal: Sequence[str], groups: Sequence[str]) -> dict[str, int]:
    """How many categories each ordered item has; refuses those that a group does not use."""
    members = frame[_OWN["group"]].to_numpy()
    counts: dict[str, int] = {}
    problems = []
    for item in ordinal:
        column = frame[item]
        known = column.dropna().unique()
        counts[item] = len(known)
        for label in groups:
            answered = set(column[members == label].dropna())
            absent = [value for value in known if value not in answered]
            if absent:
                listed = ", ".join(f"'{text}'" for text in sorted(group_label(value) for value in absent))
                found = f"nobody answered {listed} to '{item}', which another group did"
                remedy = f"Join categories of '{item}' in all groups, or treat answers as numbers."
                problems.append(Problem(f"group '{label}'", found, remedy))
    if problems:
        raise DataError(*problems)
    return counts

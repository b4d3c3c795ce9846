"""Grouped: the rows of the groups to be compared, read and checked before anything is estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, IdentificationError, Problem, StudyError, closest
from servicefx.pls.estimation import fit_model
from servicefx.pls.model import PlsModel, pls_model
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.sample import PlsSample, sample_of
from servicefx.pls.solution import PlsChoices, Solution, solve
from servicefx.sem.sample import group_label
from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import ParameterTable

__all__ = ["LEAST_ROWS", "Grouped", "Pair", "grouped"]

LEAST_ROWS = 20
"""Rows below which a group is refused: weights of fewer people are mostly noise, resamples mostly repeats."""
_MOST_GROUPS = 20
_PER_REGRESSOR = 10
"""Rows a regressor of the largest regression, below which a note (Barclay, Higgins & Thompson 1995)."""

Flags = NDArray[np.bool_]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pair:
    """Two groups and their rows.

    Attributes
    ----------
    left, right : str
        Labels; differences are left less right.
    sample : PlsSample
        The n used rows of both, in the order of the data.
    first : ndarray of bool, shape (n,)
        Which of them are of the left group.
    clusters : ndarray of int, shape (n,), or None
        Rank of each row's cluster among those of the pair.
    """

    left: str
    right: str
    sample: PlsSample
    first: Flags
    clusters: Codes | None = None

    @property
    def n_left(self) -> int:
        """Rows of the left group."""
        return int(self.first.sum())

    @property
    def n_right(self) -> int:
        """Rows of the right group."""
        return int((~self.first).sum())

    @property
    def nested(self) -> bool:
        """Whether every cluster lies within one group; so where there are no clusters."""
        if self.clusters is None:
            return True
        return not set(self.clusters[self.first]) & set(self.clusters[~self.first])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Grouped:
    """The groups to be compared.

    Attributes
    ----------
    column : str
        Of the data, that tells the groups apart.
    labels : tuple of str
        Groups in the order of comparison.
    fit : PlsFit
        Of all their rows together.
    sample : PlsSample
        Those rows, n of them, whether used or not.
    code : ndarray of int, shape (n,)
        Place of each row's group among the labels.
    counts : mapping of str to int
        Used rows of each group.
    dropped : mapping of str to int
        Rows not used, by reason.
    clusters : ndarray of int, shape (n,), or None
    cautions : tuple of Problem
        What makes a comparison of these groups doubtful though possible.
    """

    column: str
    labels: tuple[str, ...]
    fit: PlsFit
    sample: PlsSample
    code: Codes
    counts: Mapping[str, int]
    dropped: Mapping[str, int]
    clusters: Codes | None
    cautions: tuple[Problem, ...]

    def pairs(self) -> tuple[Pair, ...]:
        """Every two groups, in the order of the labels."""
        return tuple(self._pair(left, right) for left, right in combinations(range(len(self.labels)), 2))

    def rows_of(self, label: str) -> tuple[PlsSample, Codes | None]:
        """The used rows of one group, and their clusters."""
        rows = self.sample.used & (self.code == self.labels.index(label))
        return _part(self.sample, rows), None if self.clusters is None else _ranks(self.clusters[rows])

    def solution_of(self, label: str) -> Solution:
        """The model's solution in one group (B = 1).

        Raises
        ------
        IdentificationError
            If there is none.
        """
        sample, _ = self.rows_of(label)
        found = solve(self.fit.model, sample.moments(), self.fit.choices)
        if found.converged[0] and not np.isnan(found.paths).any():
            return found
        told = "the model has no answer in it: its weights or regressions do not settle"
        if found.converged[0] and self.fit.choices.consistent:
            told = "the model has no answer in it: the corrected correlations are not those of any factors"
        remedy = "Look for items or constructs that repeat one another there, or simplify the model."
        raise IdentificationError(Problem(f"group '{label}' of '{self.column}'", told, remedy))

    def _pair(self, left: int, right: int) -> Pair:
        rows = self.sample.used & np.isin(self.code, (left, right))
        return Pair(
            left=self.labels[left],
            right=self.labels[right],
            sample=_part(self.sample, rows),
            first=self.code[rows] == left,
            clusters=None if self.clusters is None else _ranks(self.clusters[rows]),
        )


def grouped(
    model: PlsFit | ParameterTable | str,
    data: pd.DataFrame,
    group: str,
    *,
    groups: Sequence[object] | None = None,
    clusters: ArrayLike | pd.Series | None = None,
    level: float | None = None,
) -> Grouped:
    """Read the groups of a frame and fit the model to all of them together.

    Parameters
    ----------
    model : PlsFit, ParameterTable or str
        A fit hands on its model and choices; text is fitted by the default choices of `servicefx.pls.fit`.
    data : DataFrame, shape (n, >= p + 1)
        Items and the column of groups.
    group : str
        That column. Rows without a group are left out and counted.
    groups : sequence, optional
        Labels to compare, in this order; by default all, sorted (categories in their own order).
    clusters : array_like, shape (n,), optional
        Rows of one cluster are not independent.
    level : float, optional
        By default that of the fit.

    Returns
    -------
    Grouped

    Raises
    ------
    StudyError
        If the group is an item, or a label is not known.
    DataError
        If the column is absent, holds fewer than two groups or more than twenty, a group is too small, or an
        item does not vary within a group; all such groups and items are named.
    """
    if not isinstance(data, pd.DataFrame):
        found = f"a {type(data).__name__}, but groups are compared by their rows"
        raise DataError(Problem("data", found, "Give the rows as a DataFrame."))
    chosen, choices, level = _asked(model, level)
    labels, code, gaps, others = _labels(data, group, groups, chosen)
    kept = code >= 0
    frame = data.loc[kept, list(chosen.items)] if set(chosen.items) <= set(data.columns) else data.loc[kept]
    sample = sample_of(chosen, frame, choices.missing)
    code = code[kept]
    counts = {label: int((sample.used & (code == at)).sum()) for at, label in enumerate(labels)}
    _check_sizes(group, counts, chosen)
    _check_items(group, labels, code, sample)
    fit = fit_model(chosen, frame, choices, level)
    dropped = {f"no '{group}'": gaps, f"another '{group}'": others} | dict(fit.dropped)
    return Grouped(
        column=group,
        labels=labels,
        fit=fit,
        sample=sample,
        code=code,
        counts=counts,
        dropped={reason: count for reason, count in dropped.items() if count},
        clusters=None if clusters is None else _cluster_codes(clusters, len(data))[kept],
        cautions=_small(group, counts, chosen),
    )


def _asked(model: PlsFit | ParameterTable | str, level: float | None) -> tuple[PlsModel, PlsChoices, float]:
    if isinstance(model, PlsFit):
        chosen, choices, own = model.model, model.choices, model.level
    else:
        table = parse_model(model, products=True) if isinstance(model, str) else model
        chosen, choices, own = pls_model(table), PlsChoices(), 0.95
    level = own if level is None else level
    if not 0 < level < 1:
        raise StudyError(Problem("level", f"{level} is not between 0 and 1", "Choose e.g. 0.95."))
    return chosen, choices, float(level)


def _labels(
    data: pd.DataFrame, group: str, groups: Sequence[object] | None, model: PlsModel
) -> tuple[tuple[str, ...], Codes, int, int]:
    """Labels, each row's place among them (-1 for none), rows without a group, and rows of other groups."""
    where = f"group column '{group}'"
    known = [str(name) for name in data.columns]
    if not isinstance(group, str):
        found = f"a {type(group).__name__}, the name of a column of the data expected"
        raise StudyError(Problem("group", found, "Write e.g. group='channel', with that column in the data."))
    if group not in data.columns:
        found = f"not in the data{closest(group, known)}"
        raise DataError(Problem(where, found, "Correct the name."))
    if known.count(group) > 1:
        raise DataError(Problem(where, "stands more than once in the data", "Rename one."))
    if group in model.items:
        found = "an item of the model too: groups would be compared by what divides them"
        raise StudyError(Problem(where, found, "Leave the item out of the model, or choose another column."))
    column = data[group]
    there = column.notna().to_numpy(dtype=np.bool_)
    text = column.map(group_label, na_action="ignore").to_numpy(dtype=object)
    present = [group_label(value) for value in _sorted_values(column[there])]
    present = list(dict.fromkeys(present))
    if len(present) < 2:
        told = f"only the group '{present[0]}'" if present else "no answer in any row"
        found = f"{told}, two groups or more expected"
        raise DataError(Problem(where, found, "Choose a column that tells groups apart."))
    labels = tuple(present) if groups is None else _chosen(groups, present, where)
    if len(labels) > _MOST_GROUPS:
        found = f"{len(labels)} different values, at most {_MOST_GROUPS} groups expected"
        raise DataError(Problem(where, found, "Recode it to fewer groups, or name some with 'groups'."))
    place = {label: at for at, label in enumerate(labels)}
    code = np.array([place.get(value, -1) if here else -1 for value, here in zip(text, there, strict=True)])
    gaps = int((~there).sum())
    return labels, code.astype(np.intp), gaps, int((code < 0).sum()) - gaps


def _sorted_values(column: pd.Series) -> list[object]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [value for value in column.cat.categories if (column == value).any()]
    values = list(column.unique())
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=str)


def _chosen(groups: Sequence[object], present: list[str], where: str) -> tuple[str, ...]:
    if isinstance(groups, str):
        raise StudyError(Problem("groups", f"the text '{groups}', a list of labels expected", "Make it one."))
    asked = [group_label(value) for value in groups]
    unknown = [label for label in asked if label not in present]
    if unknown:
        raise StudyError(
            *(
                Problem("groups", f"'{label}' is no value of {where}{closest(label, present)}", "Correct it.")
                for label in unknown
            )
        )
    if len(asked) < 2 or len(set(asked)) < len(asked):
        found = f"{', '.join(asked) or 'none'} given, two different groups or more expected"
        raise StudyError(Problem("groups", found, "Name each group once."))
    return tuple(asked)


def _check_sizes(group: str, counts: Mapping[str, int], model: PlsModel) -> None:
    least = max(LEAST_ROWS, _largest_regression(model) + 2)
    problems = [
        Problem(
            f"group '{label}' of '{group}'",
            f"{count} rows with answers, at least {least} expected to estimate the model in it",
            "Merge it with another group, or leave it out with 'groups'.",
        )
        for label, count in counts.items()
        if count < least
    ]
    if problems:
        raise DataError(*problems)


def _small(group: str, counts: Mapping[str, int], model: PlsModel) -> tuple[Problem, ...]:
    """Groups that are small for the model, though not too small to estimate it."""
    largest = _largest_regression(model)
    found = []
    for label, count in counts.items():
        where = f"group '{label}' of '{group}'"
        if count < len(model.items):
            told = f"{count} rows for {len(model.items)} items"
            found.append(Problem(where, told, "Read its estimates with care."))
        elif count < _PER_REGRESSOR * largest:
            told = f"{count} rows for a regression on {largest}, {_PER_REGRESSOR} for each advised"
            found.append(Problem(where, told, "Read its estimates with care."))
    return tuple(found)


def _largest_regression(model: PlsModel) -> int:
    terms = [len(model.terms(outcome)) for outcome in model.outcomes]
    composed = [len(model.blocks[name]) for name in model.constructs if model.modes[name] == "B"]
    return max([1, *terms, *composed])


def _check_items(group: str, labels: tuple[str, ...], code: Codes, sample: PlsSample) -> None:
    problems = []
    for at, label in enumerate(labels):
        rows = sample.used & (code == at)
        for item, values, there in zip(
            sample.items, sample.deviations[rows].T, sample.answered[rows].T, strict=True
        ):
            answers = values[there]
            if len(answers) and np.ptp(answers) > 1e-12:
                continue
            told = f"holds the same value in all {len(answers)} answers" if len(answers) else "has no answer"
            where = f"group '{label}' of '{group}', item '{item}'"
            problems.append(Problem(where, told, "Leave the item out of the model, or the group out."))
    if problems:
        raise DataError(*problems)


def _cluster_codes(clusters: ArrayLike | pd.Series, n_rows: int) -> Codes:
    labels = pd.Series(clusters)
    if len(labels) != n_rows:
        found = f"{len(labels)} labels for {n_rows} rows"
        raise DataError(Problem("clusters", found, "State one a row."))
    codes = pd.factorize(labels, sort=True)[0]
    if (codes < 0).any():
        found = f"{int((codes < 0).sum())} of {n_rows} rows belong to no cluster"
        raise DataError(Problem("clusters", found, "Fill the cluster column, or drop these rows."))
    return np.asarray(codes, dtype=np.intp)


def _ranks(codes: Codes) -> Codes:
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.intp)


def _part(sample: PlsSample, rows: Flags) -> PlsSample:
    """Some rows of a sample, measured from the same point as all of them."""
    return replace(
        sample, deviations=sample.deviations[rows], answered=sample.answered[rows], used=sample.used[rows]
    )

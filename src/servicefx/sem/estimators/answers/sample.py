"""Sample moments of ordered items by group, checked against the model, and where its thresholds stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.moments.moments import Moments
from servicefx.moments.ordinal import OrdinalMoments, ordinal_moments
from servicefx.sem.estimators.answers.given_covariates import GivenMoments, given_moments
from servicefx.sem.estimators.squares.moment_rows import MomentRows, rows_of
from servicefx.sem.estimators.squares.moment_vector import MomentStructure
from servicefx.sem.estimators.squares.moment_weights import check_memory
from servicefx.sem.estimators.task import Task
from servicefx.sem.structure.layout import Layout

__all__ = ["OrderedSample", "ordered_sample", "ordered_structure"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OrderedSample:
    """Moments of ordered and continuous items, group by group, in the users' units.

    Attributes
    ----------
    rows : MomentRows
        Of the k moments, the same in every group.
    vector : ndarray, shape (G, k)
        Thresholds and means by item, variances, covariances by column.
    gamma : tuple of ndarray, shape (k, k)
        Covariance of sqrt(n) times each group's vector.
    counts : ndarray, shape (G,)
        Rows.
    cov, mean : ndarray, shapes (G, p, p) and (G, p)
        Of latent responses and continuous items.
    thresholds : tuple of ndarray, shape (t,)
        Item by item.
    problems : tuple of Problem
        Sparse tables, correlations at their bound, correlations that no data can have.
    """

    rows: MomentRows
    vector: Floats
    gamma: tuple[Floats, ...]
    counts: Floats
    cov: Floats
    mean: Floats
    thresholds: tuple[Floats, ...]
    problems: tuple[Problem, ...]

    def moments(self, names: tuple[str, ...]) -> tuple[Moments, ...]:
        """As moments; correlations that no data can have are moved to the nearest ones that some can."""
        groups = zip(self.counts, self.mean, self.cov, strict=True)
        return tuple(
            Moments(names=names, n_obs=int(n), mean=mean, cov=_possible(cov)) for n, mean, cov in groups
        )


def ordered_sample(task: Task) -> OrderedSample:
    """Thresholds, latent correlations and their sampling covariance in every group of a task.

    Parameters
    ----------
    task : Task
        With rows and ordered items.

    Returns
    -------
    OrderedSample

    Raises
    ------
    DataError
        If a group lacks a category of an item, naming both; if moments take too much memory; or as
        `servicefx.moments.ordinal.ordinal_moments`.
    """
    model = task.model
    frames = []
    for group in task.sample.groups:
        if group.frame is None:
            found = "ordered items need the rows, and only moments are given"
            raise DataError(Problem(_where(group.label), found, "Give the rows."))
        frames.append(group.frame[list(model.items)])
    if model.covariates:
        return _given(task, [given_moments(one, model.ordered, model.covariates) for one in frames])
    parts = [ordinal_moments(one, model.ordered) for one in frames]
    _check_categories(task, [part.levels for part in parts])
    rows, kept = rows_of(parts[0].kinds, parts[0].index, means=model.means)
    check_memory(task.where, rows, len(model.items))
    whole = len(kept) == len(parts[0].kinds)
    gamma = tuple(part.gamma if whole else part.gamma[np.ix_(kept, kept)] for part in parts)
    problems = [
        p for group, part in zip(task.sample.groups, parts, strict=True) for p in _flags(group.label, part)
    ]
    return OrderedSample(
        rows=rows,
        vector=np.array([part.vector[kept] for part in parts]),
        gamma=gamma,
        counts=np.array([part.n_obs for part in parts], dtype=np.float64),
        cov=np.array([part.cov for part in parts]),
        mean=np.array([part.mean for part in parts]),
        thresholds=tuple(np.concatenate(part.thresholds) for part in parts),
        problems=tuple(problems),
    )


def _given(task: Task, parts: Sequence[GivenMoments]) -> OrderedSample:
    """Moments given fixed covariates."""
    _check_categories(task, [part.levels for part in parts])
    rows = parts[0].rows
    check_memory(task.where, rows, len(task.model.items))
    return OrderedSample(
        rows=rows,
        vector=np.array([part.vector for part in parts]),
        gamma=tuple(part.gamma for part in parts),
        counts=np.array([group.n_obs for group in task.sample.groups], dtype=np.float64),
        cov=np.array([part.cov for part in parts]),
        mean=np.array([part.mean for part in parts]),
        thresholds=tuple(part.thresholds for part in parts),
        problems=tuple(
            _one_correlation(_prefix(group.label), left, right)
            for group, part in zip(task.sample.groups, parts, strict=True)
            for left, right in part.at_bound
        ),
    )


def ordered_structure(task: Task, layout: Layout, sample: OrderedSample, scale: Floats) -> MomentStructure:
    """How the moments follow from the free values of a task.

    Parameters
    ----------
    task : Task
        With ordered items.
    layout : Layout
        Of the task, in the units of the search; ordered items have unit 1 there.
    sample : OrderedSample
        Of the same task, in the users' units.
    scale : ndarray, shape (v,)
        What variables are divided by for the search.
    """
    rows = sample.rows
    model = task.model
    groups, p = len(model.groups), len(model.items)
    place = {name: at for at, name in enumerate(model.items)}
    begins = {
        int(item): int(np.flatnonzero(rows.threshold_item == item)[0]) for item in set(rows.threshold_item)
    }
    t = len(rows.threshold)
    threshold_position, threshold_fixed = np.full((groups, t), -1), np.zeros((groups, t))
    scaling_position, scaling_fixed = np.full((groups, p), -1), np.ones((groups, p))
    for parameter in model.parameters:
        if parameter.op == "|":
            at = begins[place[parameter.lhs]] + int(parameter.rhs[1:]) - 1
            threshold_position[parameter.group, at] = parameter.position
            threshold_fixed[parameter.group, at] = 0.0 if parameter.fixed is None else parameter.fixed
        elif parameter.op == "~*~":
            at = place[parameter.lhs]
            scaling_position[parameter.group, at] = parameter.position
            scaling_fixed[parameter.group, at] = 1.0 if parameter.fixed is None else parameter.fixed
    shift = np.zeros((groups, p))
    shift[:, rows.mean_item] = sample.vector[:, rows.mean] / scale[rows.mean_item]
    return MomentStructure(
        layout=layout,
        rows=rows,
        shift=shift if model.means else None,
        ordered=np.isin(model.items, model.ordered),
        unit_variance=model.parameterization == "delta",
        threshold_position=threshold_position,
        threshold_fixed=threshold_fixed,
        scaling_position=scaling_position,
        scaling_fixed=scaling_fixed,
        column=np.arange(layout.n_free),
    )


def _check_categories(task: Task, levels: Sequence[tuple[tuple[object, ...], ...]]) -> None:
    """Refuse groups in which a category of another group does not occur."""
    problems = []
    for at, name in enumerate(task.model.items):
        if name not in task.model.ordered:
            continue
        known = {value: None for part in levels for value in part[at]}
        for group, part in zip(task.sample.groups, levels, strict=True):
            absent = [value for value in known if value not in part[at]]
            if absent:
                listed = ", ".join(f"'{value}'" for value in absent)
                found = f"nobody answered {listed} to '{name}', which others did"
                problems.append(
                    Problem(_where(group.label), found, f"Join categories of '{name}' in all groups.")
                )
    if problems:
        raise DataError(*problems)


def _flags(label: str, part: OrdinalMoments) -> list[Problem]:
    where = _prefix(label)
    sizes = dict(zip(part.names, (len(levels) for levels in part.levels), strict=True))
    problems = [
        Problem(
            f"{where}'{left}' by '{right}'",
            f"{cells} of {sizes[left] * sizes[right]} pairs of answers do not occur",
            "Read their correlation with care, or join rare categories.",
        )
        for left, right, cells in part.sparse
    ]
    problems += [_one_correlation(where, left, right) for left, right in part.at_bound]
    sd = np.sqrt(np.diag(part.cov))
    least = float(np.linalg.eigvalsh(part.cov / np.outer(sd, sd))[0])
    if least < 0:
        found = f"no data can have all of them at once (smallest eigenvalue {least:.3g})"
        problems.append(Problem(f"{where}latent correlations", found, "Add rows, or leave out items alike."))
    return problems


def _one_correlation(where: str, left: str, right: str) -> Problem:
    found = "the correlation of the responses behind them is 1 in size, as far as the answers tell"
    return Problem(f"{where}'{left}' by '{right}'", found, "Leave one of them out.")


def _prefix(label: str) -> str:
    return f"group '{label}': " if label else ""


def _possible(cov: Floats) -> Floats:
    """Covariances with the negative eigenvalues of their correlations at 0, variances kept."""
    sd = np.sqrt(np.diag(cov))
    values, vectors = np.linalg.eigh(cov / np.outer(sd, sd))
    if values[0] >= 0:
        return cov
    near = (vectors * values.clip(min=0.0)) @ vectors.T
    near /= np.sqrt(np.outer(np.diag(near), np.diag(near)))
    return np.asarray(near * np.outer(sd, sd), dtype=np.float64)


def _where(label: str) -> str:
    return f"group '{label}'" if label else "data"

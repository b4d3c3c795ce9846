"""Clusters that rows were drawn in: how many, what their errors are multiplied by, what to be warned of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.sem.estimators.task import Task

__all__ = ["FEW_CLUSTERS", "cluster_count", "cluster_problems", "small_sample_factor"]

FEW_CLUSTERS = 30
"""Below this many clusters, errors that rest on their number are too small more often than not."""


def cluster_count(task: Task) -> int | None:
    """Clusters in the rows used; None where rows are not clustered.

    A cluster with rows in several groups counts once.

    Raises
    ------
    DataError
        If a group has only one.
    """
    counts = {
        group.label: len(np.unique(group.clusters))
        for group in task.sample.groups
        if group.clusters is not None
    }
    alone = [label for label, count in counts.items() if count < 2]
    if alone:
        column = task.sample.cluster
        raise DataError(
            *(
                Problem(
                    f"group '{label}': column '{column}'" if label else f"column '{column}'",
                    "holds 1 cluster, at least 2 expected",
                    "Name a column with more clusters, or leave 'cluster' out.",
                )
                for label in alone
            )
        )
    codes = [group.clusters for group in task.sample.groups if group.clusters is not None]
    return len(np.unique(np.concatenate(codes))) if codes else None


def cluster_problems(task: Task, clusters: int | None) -> tuple[Problem, ...]:
    """Flags for errors that rest on too few clusters, or on clusters split between groups."""
    if clusters is None:
        return ()
    where, free = f"column '{task.sample.cluster}'", task.model.n_positions
    found = []
    if clusters < FEW_CLUSTERS:
        few = f"holds {clusters} clusters, at least {FEW_CLUSTERS} expected: errors are likely too small"
        found.append(Problem(where, few, "Read the tests with caution, or add clusters."))
    if clusters <= free:
        fewer = f"holds {clusters} clusters for {free} free parameters: their joint errors are not determined"
        found.append(Problem(where, fewer, "Test few parameters at a time, or simplify the model."))
    each = [np.unique(group.clusters) for group in task.sample.groups if group.clusters is not None]
    shared = sum(len(one) for one in each) - clusters
    if shared:
        split = "has clusters with rows in several groups, whose dependence across groups is not counted"
        found.append(Problem(where, split, "Read comparisons of groups with caution."))
    return tuple(found)


def small_sample_factor(clusters: NDArray[np.intp] | None) -> float:
    """J / (J - 1) for the J different codes of one group's rows; 1 without clusters."""
    if clusters is None:
        return 1.0
    count = len(np.unique(clusters))
    return count / (count - 1)

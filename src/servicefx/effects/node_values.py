"""What was measured of a graph's nodes, and how much of each score is error of its items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.effects.study_graph import StudyGraph
from servicefx.engines.design_matrix import checked_weights
from servicefx.errors import DataError
from servicefx.models.sample import numeric_columns
from servicefx.study.study import Study

__all__ = ["ErrorKind", "NodeValues", "node_values", "values_of"]

Floats = NDArray[np.float64]
ErrorKind = Literal["none", "items", "unknown"]
"""Taken as exact; told by how a construct's items disagree; one answer on a scale, or no common score."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NodeValues:
    """Values of nodes row by row, with the error variance of each.

    Attributes
    ----------
    names : tuple of str
        Nodes with values.
    scores : ndarray, shape (n, p)
        NaN where there is none.
    noise : ndarray, shape (n, p)
        What each row says of the error variance of the score, whose mean it is; 0 where a node is taken as
        exact.
    error : mapping of str to str
        Node -> kind of error.
    reliability : mapping of str to float
        Share of a score's variance that is not error of its items: 1 where exact, NaN where unknown.
    weights : ndarray, shape (n,)
        Mean 1; NaN where unknown.
    clusters : ndarray of int, shape (n,), or None
        Codes; -1 where unknown.
    refused : mapping of str to str
        Nodes without values -> why.
    """

    names: tuple[str, ...]
    scores: Floats
    noise: Floats
    error: Mapping[str, ErrorKind]
    reliability: Mapping[str, float]
    weights: Floats
    clusters: NDArray[np.intp] | None
    refused: Mapping[str, str]


def node_values(study: Study, graph: StudyGraph) -> NodeValues:
    """Values of the measured nodes of a study's graph.

    Parameters
    ----------
    study : Study
    graph : StudyGraph

    Returns
    -------
    NodeValues
        A construct of several reflective items is its score; a column of two texts is 0 and 1; one of more
        texts is refused, since one number does not hold it.

    Raises
    ------
    DataError
        If a node is neither a construct measured in the graph's data file nor a column of it, or weights are
        not above 0.
    """
    columns: dict[str, pd.Series] = {}
    items: dict[str, pd.DataFrame] = {}
    unknown: list[str] = []
    refused: dict[str, str] = {}
    for name in graph.graph.observed:
        if name in study.spec.constructs or name in study.frames[graph.data].columns:
            try:
                found = numeric_columns(study, graph.data, [name])
            except DataError as refusal:
                refused[name] = refusal.problems[0].found
                continue
        else:
            numeric_columns(study, graph.data, [name])  # says what it is not
        if found.shape[1] > 1:
            refused[name] = f"{found.shape[1] + 1} groups, which one number does not hold"
            continue
        columns[name] = found.iloc[:, 0]
        if name not in study.spec.constructs or study.data_of(name) != graph.data:
            continue
        several = study.items(name).shape[1] > 1
        if several and study.spec.constructs[name].mode == "reflective":
            items[name] = study.items(name)
        elif several or study.scale_of(name) is not None:
            unknown.append(name)
    return values_of(
        pd.DataFrame(columns),
        items,
        unknown=tuple(unknown),
        clusters=study.clusters(graph.data),
        weights=study.weights(graph.data),
        refused=refused,
    )


def values_of(
    scores: pd.DataFrame,
    items: Mapping[str, pd.DataFrame] | None = None,
    *,
    unknown: tuple[str, ...] = (),
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    refused: Mapping[str, str] | None = None,
) -> NodeValues:
    """Node values from a frame of scores and the items behind some of them.

    Parameters
    ----------
    scores : DataFrame, shape (n, p)
        Numeric, one column a node, gaps NaN.
    items : mapping of str to DataFrame of n rows, optional
        Node -> the items whose mean (of those answered) is its score.
    unknown : tuple of str
        Nodes whose error nothing tells.
    clusters, weights : Series, length n, optional
    refused : mapping of str to str, optional

    Returns
    -------
    NodeValues

    Notes
    -----
    The error variance of a mean of k items is the variance of a person's answers about their own mean, each
    item less its mean over all persons, over k: items of one construct are taken to differ by difficulty and
    by independent error only (essential tau-equivalence), as Cronbach's alpha does, which the reliability is
    where no answer is missing. Gaps are taken to depend on nothing; what the answered items' difficulty adds
    to a score with gaps counts as error too. A construct of which nobody answered two items is unknown.
    """
    items = {} if items is None else items
    names = tuple(str(name) for name in scores.columns)
    values = scores.to_numpy(dtype=float, copy=True)
    noise = np.zeros_like(values)
    n = len(values)
    weight = np.ones(n)
    if weights is not None:
        known = weights.notna().to_numpy()
        weight = np.full(n, np.nan)
        weight[known] = checked_weights(weights[known], int(known.sum()), "graph")
        weight /= np.nanmean(weight)
    for name, answers in items.items():
        found = _noise(answers.to_numpy(dtype=float, copy=True), weight)
        if np.isnan(found).all():
            unknown = (*unknown, name)
        else:
            noise[:, names.index(name)] = np.where(np.isnan(values[:, names.index(name)]), 0.0, found)
    reliability = {}
    for place, name in enumerate(names):
        own, error = values[:, place], noise[:, place]
        spread = _mean((own - _mean(own, weight)) ** 2, weight)
        share = 1 - _mean(np.where(np.isnan(own), np.nan, error), weight) / spread if spread > 0 else np.nan
        reliability[name] = np.nan if name in unknown else float(share)
    kinds: dict[str, ErrorKind] = {
        name: "unknown" if name in unknown else "items" if name in items else "none" for name in names
    }
    return NodeValues(
        names=names,
        scores=values,
        noise=noise,
        error=kinds,
        reliability=reliability,
        weights=weight,
        clusters=None if clusters is None else pd.factorize(clusters)[0].astype(np.intp),
        refused=dict(refused or {}),
    )


def _noise(answers: Floats, weight: Floats) -> Floats:
    """Error variance of every row's mean answer, shape (n,); NaN where none was answered, or none two times.

    Its mean is that of v / k + g, v the mean over rows with two answers or more of the variance about their
    own mean, k how many were answered, g what the difficulty of those answered adds; row by row it is what
    this mean owes to the row, so that its sampling error is that of a mean.
    """
    answered = ~np.isnan(answers)
    weight = np.where(np.isnan(weight), 0.0, weight)
    shared = weight[:, None] * answered
    difficulty = (np.where(answered, answers, 0.0) * shared).sum(axis=0)
    difficulty = difficulty / np.maximum(shared.sum(axis=0), 1e-300)
    k = answered.sum(axis=1)
    counted, told = weight * (k > 0), weight * (k > 1)
    if not told.sum() > 0:
        return np.full(len(answers), np.nan)
    rest = np.where(answered, answers - difficulty, 0.0)
    within = (rest**2).sum(axis=1) - rest.sum(axis=1) ** 2 / np.maximum(k, 1)
    within = np.where(k > 1, within / np.maximum(k - 1, 1), 0.0)
    v = float((told * within).sum() / told.sum())
    share = 1 / np.maximum(k, 1)
    mean_share = float((counted * share).sum() / counted.sum())
    owed = np.where(k > 1, within - v, 0.0) * mean_share * float(counted.sum() / told.sum())
    of_gaps = (answered * difficulty).sum(axis=1) * share
    of_gaps = of_gaps - float((counted * of_gaps).sum() / counted.sum())
    return np.asarray(np.where(k > 0, owed + v * share + of_gaps**2, np.nan), dtype=np.float64)


def _mean(values: Floats, weight: Floats) -> float:
    """Weighted mean of what is known."""
    known = ~np.isnan(values) & ~np.isnan(weight)
    return float(np.average(values[known], weights=weight[known])) if known.any() else float("nan")

"""The complete rows a mediation stands on, from a frame or a study, with their resamples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import checked_clusters, checked_weights
from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.models.chain import counts_of, stream_of
from servicefx.models.frame_draws import cluster_labels, resamples_said
from servicefx.models.frame_rows import check_columns, check_named_once, check_varying, frame_rows
from servicefx.models.sample import numeric_columns, reference_groups, sample_of
from servicefx.moments.resample_index import resample_counts
from servicefx.study.question_roles import question_home
from servicefx.study.study import Study

__all__ = ["MediationRows", "mediation_rows"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MediationRows:
    """Complete rows of everything a mediation names, and the resamples of them.

    Attributes
    ----------
    source, outcome : str
        Columns of ``frame``.
    mediators, covariates : tuple of str
        Columns; a covariate of text stands as its 0/1 columns.
    moderator : str or None
    frame : DataFrame, shape (n, m)
        Floats.
    clusters, weights : Series of length n, or None
    counts : ndarray, shape (draws, n)
        How often each row stands in each resample.
    draw_source : str
        Which resamples.
    dropped : mapping of str to int
        Rows not used, by reason.
    references : tuple of str
        What columns of text are compared with.
    """

    source: str
    mediators: tuple[str, ...]
    outcome: str
    moderator: str | None
    covariates: tuple[str, ...]
    frame: pd.DataFrame
    clusters: pd.Series | None
    weights: pd.Series | None
    counts: NDArray[np.float32]
    draw_source: str
    dropped: Mapping[str, int]
    references: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """Place of a message."""
        return f"mediation of '{self.source}' on '{self.outcome}'"

    @property
    def shares(self) -> NDArray[np.float64]:
        """Weight of every row, shape (n,), summing to 1."""
        if self.weights is None:
            return np.full(len(self.frame), 1 / len(self.frame))
        weight = self.weights.to_numpy(dtype=float, copy=True)
        return np.asarray(weight / weight.sum(), dtype=np.float64)

    def values(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Columns side by side, shape (n, k)."""
        return self.frame[list(names)].to_numpy(dtype=np.float64, copy=True)


def mediation_rows(
    data: pd.DataFrame | Study,
    *,
    source: str,
    mediators: Sequence[str],
    outcome: str,
    moderator: str | None = None,
    covariates: Sequence[str] = (),
    draws: int | None = None,
    seed: int | None = None,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    file: str | None = None,
) -> MediationRows:
    """Rows in which everything named is known.

    Parameters
    ----------
    data : DataFrame, shape (n, m), or Study
        Of a study: scores of constructs and columns of one data file, with its weights and clusters.
    source, outcome : str
    mediators, covariates : sequence of str
    moderator : str, optional
    draws : int, optional
        Resamples; by default 1000, of a study as many as it states.
    seed : int, optional
        By default 0, of a study its own.
    weights, clusters : Series of length n, optional
        Row by row beside a frame.
    file : str, optional
        Data file of a study; by default the first that measures the constructs named.

    Returns
    -------
    MediationRows

    Raises
    ------
    DataError
        If a column is absent, stands twice on the way, is text or constant, or too few rows are complete.
    StudyError
        If weights or clusters come beside a study, or draws or seed are below 0.
    """
    where = f"mediation of '{source}' on '{outcome}'"
    for name, number in (("draws", draws), ("seed", seed)):
        if number is not None and (number < 0 or number != int(number)):
            found = f"{number}, a whole number from 0 expected"
            raise StudyError(Problem(f"{where}, {name}", found, "Choose e.g. draws=1000, seed=1."))
    if isinstance(covariates, str):
        found = f"covariates is the text '{covariates}', expected a list"
        raise DataError(Problem(where, found, f"Write ['{covariates}']."))
    roles = [source, *mediators, outcome, *([] if moderator is None else [moderator]), *covariates]
    check_named_once(roles, where, "Name different columns.", "these")
    if isinstance(data, Study):
        if weights is not None or clusters is not None:
            found = "weights or clusters beside a study, which declares its own"
            raise StudyError(Problem(where, found, "Declare them in the study file."))
        rows = _of_study(data, roles, source, mediators, outcome, moderator, covariates, draws, seed, file)
    else:
        rows = _of_frame(
            data, roles, source, mediators, outcome, moderator, covariates, draws, seed, weights, clusters
        )
    _check_values(rows)
    return rows


def _of_study(
    study: Study,
    roles: Sequence[str],
    source: str,
    mediators: Sequence[str],
    outcome: str,
    moderator: str | None,
    covariates: Sequence[str],
    draws: int | None,
    seed: int | None,
    file: str | None,
) -> MediationRows:
    where = f"mediation of '{source}' on '{outcome}'"
    data = question_home(study.spec, file, (*mediators, outcome))
    if file is not None and file not in study.frames:
        found = f"there is no data file '{file}'{closest(file, study.frames)}"
        raise StudyError(Problem(where, found, "Name a [data] table of the study file."))
    if data is None:
        found = "no data file measures " + ", ".join(f"'{name}'" for name in (*mediators, outcome))
        raise DataError(Problem(where, found, "Name constructs that one file measures."))
    widths = {name: [str(c) for c in numeric_columns(study, data, [name])] for name in roles}
    for name in roles:
        if name not in covariates and len(widths[name]) != 1:
            found = f"'{name}' is text of {len(widths[name]) + 1} groups, expected a number or two groups"
            raise DataError(Problem(where, found, "Code it as a number, or merge groups."))
    sample = sample_of(study, data, roles)
    draws = study.draws if draws is None else draws
    seed = study.seed if seed is None else seed
    counts = np.zeros((0, len(sample.frame)), dtype=np.float32)
    groups = study.clusters(data)
    if draws:
        stream = stream_of(study, data)
        shared = resample_counts(len(study.frames[data]), draws, seed, stream, groups)
        counts = counts_of(shared, study, sample)
    return MediationRows(
        source=widths[source][0],
        mediators=tuple(widths[name][0] for name in mediators),
        outcome=widths[outcome][0],
        moderator=None if moderator is None else widths[moderator][0],
        covariates=tuple(column for name in covariates for column in widths[name]),
        frame=sample.frame.reset_index(drop=True),
        clusters=None if sample.clusters is None else sample.clusters.reset_index(drop=True),
        weights=None if sample.weights is None else sample.weights.reset_index(drop=True),
        counts=counts,
        draw_source=f"{stream_of(study, data)}: {resamples_said(draws, groups, seed)}",
        dropped=sample.dropped,
        references=reference_groups(study, data, roles),
    )


def _of_frame(
    data: pd.DataFrame,
    roles: Sequence[str],
    source: str,
    mediators: Sequence[str],
    outcome: str,
    moderator: str | None,
    covariates: Sequence[str],
    draws: int | None,
    seed: int | None,
    weights: pd.Series | None,
    clusters: pd.Series | None,
) -> MediationRows:
    where = f"mediation of '{source}' on '{outcome}'"
    check_columns(data, roles, where, recode="Code it as 0 and 1, or as numbers.")
    known = frame_rows(data, roles, where, clusters=clusters, weights=weights)
    places = known.positions
    draws, seed = 1000 if draws is None else draws, 0 if seed is None else seed
    counts = np.zeros((0, len(places)), dtype=np.float32)
    labels = cluster_labels(clusters)
    several = labels is None or len(labels.unique()) > 1
    if draws and len(places) and several:  # what is refused is refused below, in this question's words
        labels = None if labels is None else labels.reset_index(drop=True)
        counts = resample_counts(len(data), draws, seed, "data", labels)[:, places]
    return MediationRows(
        source=source,
        mediators=tuple(mediators),
        outcome=outcome,
        moderator=moderator,
        covariates=tuple(covariates),
        frame=known.frame,
        clusters=known.clusters,
        weights=None if known.weights is None else known.weights.astype(float),
        counts=counts,
        draw_source=f"data: {resamples_said(draws, clusters, seed)}",
        dropped=known.dropped,
    )


def _check_values(rows: MediationRows) -> None:
    """Refuse too few rows, infinite or constant columns, weights and clusters that are none."""
    n, k = rows.frame.shape
    if n < k + 2:
        found = f"{n} rows have all of these columns, at least {k + 2} expected"
        raise DataError(Problem(rows.where, found, "Add rows, or ask about fewer columns at once."))
    check_varying(rows.frame, rows.where, "Leave it out.")
    if rows.weights is not None:
        checked_weights(rows.weights, n, rows.outcome)
    if rows.clusters is not None:
        checked_clusters(rows.clusters, n, rows.outcome)

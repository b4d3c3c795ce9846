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
from servicefx.models.sample import numeric_columns, reference_groups, sample_of
from servicefx.models.waiting.rows import cluster_labels
from servicefx.moments.resample_index import resample_counts
from servicefx.study.question_roles import question_home
from servicefx.study.study import Study

__all__ = ["MediationRows", "mediation_rows"]

_ROUNDING = 1e-13
"""A range below this share of the largest value is rounding, not variation."""


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
    twice = sorted({name for name in roles if roles.count(name) > 1})
    if twice:
        found = "these have two parts at once: " + ", ".join(f"'{name}'" for name in twice)
        raise DataError(Problem(where, found, "Name different columns."))
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
    unit = "rows" if groups is None else f"clusters of '{groups.name}'"
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
        draw_source=f"{stream_of(study, data)}: {draws} resamples of {unit}, seed {seed}",
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
    problems = []
    for name in roles:
        if name not in data.columns:
            found = f"column '{name}' is not in the data{closest(name, map(str, data.columns))}"
            problems.append(Problem(where, found, "Correct the name."))
        elif not pd.api.types.is_numeric_dtype(data[name]):
            found = f"column '{name}' holds text, expected numbers"
            problems.append(Problem(where, found, "Code it as 0 and 1, or as numbers."))
    if problems:
        raise DataError(*problems)
    columns = data[list(roles)].astype(float).reset_index(drop=True)
    missing = {f"{name} missing": columns[name].isna().to_numpy() for name in roles}
    for kind, series in (("cluster", clusters), ("weight", weights)):
        if series is None:
            continue
        if len(series) != len(data):
            found = f"{len(series)} {kind}s for {len(data)} rows"
            raise DataError(Problem(where, found, f"Give one {kind} a row."))
        missing[f"{kind} '{series.name}' missing"] = series.isna().to_numpy()
    complete, dropped = np.ones(len(data), dtype=bool), {}
    for reason, gaps in missing.items():
        lost = int((complete & gaps).sum())
        if lost:
            dropped[reason] = lost
        complete &= ~gaps
    places = np.flatnonzero(complete)
    draws, seed = 1000 if draws is None else draws, 0 if seed is None else seed
    counts = np.zeros((0, len(places)), dtype=np.float32)
    labels = cluster_labels(clusters)
    several = labels is None or len(labels.unique()) > 1
    if draws and len(places) and several:  # what is refused is refused below, in this question's words
        labels = None if labels is None else labels.reset_index(drop=True)
        counts = resample_counts(len(data), draws, seed, "data", labels)[:, places]
    unit = "rows" if clusters is None else f"clusters of '{clusters.name}'"
    return MediationRows(
        source=source,
        mediators=tuple(mediators),
        outcome=outcome,
        moderator=moderator,
        covariates=tuple(covariates),
        frame=columns.iloc[places].reset_index(drop=True),
        clusters=None if clusters is None else clusters.iloc[places].reset_index(drop=True),
        weights=None if weights is None else weights.iloc[places].reset_index(drop=True).astype(float),
        counts=counts,
        draw_source=f"data: {draws} resamples of {unit}, seed {seed}",
        dropped=dropped,
    )


def _check_values(rows: MediationRows) -> None:
    """Refuse too few rows, infinite or constant columns, weights and clusters that are none."""
    n, k = rows.frame.shape
    if n < k + 2:
        found = f"{n} rows have all of these columns, at least {k + 2} expected"
        raise DataError(Problem(rows.where, found, "Add rows, or ask about fewer columns at once."))
    values = rows.frame.to_numpy(dtype=float, copy=True)
    infinite = [name for name, bad in zip(rows.frame, np.isinf(values).any(axis=0), strict=True) if bad]
    if infinite:
        found = "infinite values in " + ", ".join(f"'{name}'" for name in infinite)
        raise DataError(Problem(rows.where, found, "Replace them by a number or a gap."))
    still = np.ptp(values, axis=0) <= _ROUNDING * np.abs(values).max(axis=0)
    problems = [
        Problem(rows.where, f"'{name}' has the same value in all {n} rows used", "Leave it out.")
        for name, flat in zip(rows.frame, still, strict=True)
        if flat
    ]
    if problems:
        raise DataError(*problems)
    if rows.weights is not None:
        checked_weights(rows.weights, n, rows.outcome)
    if rows.clusters is not None:
        checked_clusters(rows.clusters, n, rows.outcome)

"""The model in which nothing but covariates covaries, from rows with gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.moments.patterns import missing_patterns
from servicefx.moments.saturated import Saturated, saturated_moments
from servicefx.sem.estimators.gaps.gap_likelihood import in_units
from servicefx.sem.estimators.gaps.saturated_parts import Grouping, saturated_parts
from servicefx.sem.estimators.gaps.whitening import Whitening
from servicefx.sem.estimators.task import Task

__all__ = ["Baseline", "baseline_of", "baseline_trace", "covariate_half"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Baseline:
    """The baseline of one group, in the scale of the patterns' values and less their centre.

    Attributes
    ----------
    mean, cov : ndarray, shapes (p,) and (p, p)
        Of each column's own values; saturated ones among covariates.
    half_discrepancy : float
        Per row.
    covariates : Whitening or None
        The covariates' own rows, where there are covariates.
    kept : ndarray of bool, shape (n,)
        Rows that hold one of these.
    """

    mean: Floats
    cov: Floats
    half_discrepancy: float
    covariates: Whitening | None
    kept: NDArray[np.bool_]


def baseline_of(task: Task, at: Whitening) -> Baseline:
    """The baseline of one group, in closed form but for covariates with gaps.

    Parameters
    ----------
    task : Task
        Names the covariates, which lie side by side in the baseline whether or not they are held fixed.
    at : Whitening
        Rows and saturated moments.
    """
    patterns = at.patterns
    values, n = patterns.values, patterns.n_obs
    there = ~patterns.missing
    mean = values.sum(axis=0) / there.sum(axis=0)
    variance = (np.where(there, values - mean, 0.0) ** 2).sum(axis=0) / there.sum(axis=0)
    cov = np.diag(variance)
    loose = [name in task.model.exogenous for name in task.model.items]
    rest = np.flatnonzero(~np.array(loose))
    half = float(there.mean(axis=0)[rest] @ (np.log(variance[rest]) + 1.0)) / 2.0
    if not any(loose):
        return Baseline(
            mean=mean, cov=cov, half_discrepancy=half, covariates=None, kept=np.ones(n, dtype=np.bool_)
        )
    among = np.flatnonzero(loose)
    kept = np.asarray(there[:, among].any(axis=1), dtype=np.bool_)
    own, saturated = _covariates(task, at, among, kept)
    mean[among] = saturated.mean
    cov[np.ix_(among, among)] = saturated.cov
    half += saturated.half_discrepancy * float(kept.sum()) / n
    return Baseline(mean=mean, cov=cov, half_discrepancy=half, covariates=own, kept=kept)


def _covariates(
    task: Task, at: Whitening, among: NDArray[np.intp], kept: NDArray[np.bool_]
) -> tuple[Whitening, Saturated]:
    """Saturated moments of the covariates alone, from the rows that hold any."""
    patterns = at.patterns
    values = np.where(patterns.missing, np.nan, patterns.values)[np.ix_(kept, among)]
    names = [task.model.items[j] for j in among]
    rows = missing_patterns(values, names)
    saturated = saturated_moments(rows)
    held = [at for at, name in enumerate(names) if name in task.model.covariates]
    whitened = Whitening.of(in_units(rows, np.ones(len(names))), saturated.mean, saturated.cov, held)
    return whitened, saturated


def covariate_half(task: Task, cov: Floats) -> float:
    """Half the discrepancy of the fixed covariates alone, per row, given all covariances (p, p)."""
    fixed = [task.model.items.index(name) for name in task.model.covariates]
    if not fixed:
        return 0.0
    return float(np.linalg.slogdet(cov[np.ix_(fixed, fixed)])[1] + len(fixed)) / 2.0


def baseline_trace(
    task: Task, at: Whitening, baseline: Baseline, grouping: Grouping, *, observed: bool
) -> float:
    """Trace of the meat over the information of one group's baseline, fixed covariates left out."""
    patterns = at.patterns
    rest = [j for j, name in enumerate(task.model.items) if name not in task.model.exogenous]
    there = ~patterns.missing[:, rest]
    sd = np.sqrt(np.diag(baseline.cov)[rest])
    deviation = np.where(there, (patterns.values[:, rest] - baseline.mean[rest]) / sd, 0.0)
    first = grouping.summed(deviation)
    second = grouping.summed(np.where(there, deviation**2 - 1.0, 0.0))
    squares = (first**2).sum(axis=0) + (second**2).sum(axis=0) / 2.0
    trace = float((squares / there.mean(axis=0)).sum()) / patterns.n_obs
    if baseline.covariates is not None and len(task.model.exogenous) > len(task.model.covariates):
        codes = None if grouping.clusters is None else grouping.clusters[baseline.kept]
        parts = saturated_parts(
            [baseline.covariates], observed=observed, groupings=[Grouping(clusters=codes)]
        )
        trace += parts[0].trace
    return trace

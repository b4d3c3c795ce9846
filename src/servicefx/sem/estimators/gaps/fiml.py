"""Full-information maximum likelihood from rows with gaps: plain, robust or clustered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import ConvergenceError, DataError, Problem
from servicefx.moments.moments import Moments
from servicefx.moments.patterns import MissingPatterns, missing_patterns
from servicefx.moments.saturated import Saturated, saturated_moments
from servicefx.sem.estimators.complete import degrees_of_freedom
from servicefx.sem.estimators.gaps.baseline import covariate_half
from servicefx.sem.estimators.gaps.four_tests import tests_of
from servicefx.sem.estimators.gaps.gap_likelihood import MissingLikelihood, in_units
from servicefx.sem.estimators.gaps.polishing import polished
from servicefx.sem.estimators.gaps.saturated_parts import Grouping
from servicefx.sem.estimators.gaps.whitening import Whitening
from servicefx.sem.estimators.likelihood import Likelihood, target_of
from servicefx.sem.estimators.minimum import Minimum
from servicefx.sem.estimators.robust.clusters import cluster_count, cluster_problems
from servicefx.sem.estimators.search import Units, inverse_information, searched, units_of
from servicefx.sem.estimators.task import Solution, Task
from servicefx.sem.structure.constraints import constraint_of

__all__ = ["fit_missing"]

Floats = NDArray[np.float64]
_CLOSE = 1e-4
"""Slope at which the search on the saturated moments, which only gives a start, may stop."""


def fit_missing(task: Task) -> Solution:
    """Fit by full-information maximum likelihood to rows with gaps.

    Parameters
    ----------
    task : Task
        With estimator ``ml`` or ``mlr``; means are modelled, fixed covariates have no gaps.

    Returns
    -------
    Solution
        chi2 is twice what the saturated log-likelihood is above the model's. ``moments`` are the saturated
        ones, ``robust_test`` and ``robust_baseline`` what robust CFI, TLI and RMSEA are made of, and
        ``extra["pattern_counts"]`` holds for each group (missing columns, rows) pairs, and
        ``extra["expected_moments"]``, shape (G, p + 1, p + 1), the second moments of (x - ``shift``, 1) that
        the rows and the estimates lead to expect.

    Raises
    ------
    DataError
        If rows are weighted, a column holds nothing, or two columns are never seen together.
    IdentificationError, ConvergenceError
        As `servicefx.sem.estimators.search.searched`.

    References
    ----------
    Arbuckle (1996), in Marcoulides & Schumacker, Advanced Structural Equation Modeling, 243-277.
    Yuan & Bentler (2000), Sociol. Methodol. 30, 165-200. Savalei (2010), Psychol. Methods 15, 352-367.
    Zhang & Savalei (2023), Psychol. Methods 28, 263-283.
    """
    patterns, groupings = _rows(task)
    clusters = cluster_count(task)
    saturated = _saturated(task, patterns)
    units = units_of(
        task, np.array([one.cov for one in saturated]), np.array([one.mean for one in saturated])
    )
    patterns = tuple(in_units(one, units.scale[: len(task.model.items)]) for one in patterns)
    likelihood = MissingLikelihood.of(units.scaled, patterns, saturated)
    found = _found(task, units, likelihood)
    constraint = constraint_of(task.model, units.unit)
    jacobian = None if constraint is None else constraint(found.theta)[1]
    information = likelihood.information(found.theta, observed=task.information == "observed")
    inverse = inverse_information(task, information, jacobian)
    n = task.sample.n_obs
    vcov, kind, trace = inverse / n, f"{task.information} information", float("nan")
    robust = task.estimator == "mlr" or clusters is not None
    if robust:
        meat = _meat(likelihood, found.theta, groupings)
        vcov, trace = inverse @ meat @ inverse / n, float(np.vdot(inverse, meat))
        kind = "robust (Huber-White)" if clusters is None else f"clusters: {task.sample.cluster} ({clusters})"
    df = degrees_of_freedom(task, jacobian)
    chi2 = max(n * found.value, 0.0) if df else 0.0
    held = [task.model.items.index(name) for name in task.model.covariates]
    tests = tests_of(
        task,
        likelihood,
        found.theta,
        [Whitening.of(rows, one.mean, one.cov, held) for rows, one in zip(patterns, saturated, strict=True)],
        chi2=chi2,
        df=df,
        jacobian=jacobian,
        groupings=groupings if robust else None,
        model_trace=trace,
    )
    logl_saturated = _saturated_log_likelihood(task, patterns, saturated)
    size = np.append(units.scale[: len(task.model.items)], 1.0)
    return Solution(
        theta=found.theta * units.unit,
        vcov=vcov * np.outer(units.unit, units.unit),
        error_kind=kind,
        layout=units.layout,
        moments=tuple(
            Moments(names=task.model.items, n_obs=rows.n_obs, mean=one.mean, cov=one.cov)
            for rows, one in zip(patterns, saturated, strict=True)
        ),
        test=tests.test,
        baseline=tests.baseline,
        robust_test=tests.robust_test,
        robust_baseline=tests.robust_baseline,
        logl=logl_saturated - chi2 / 2,
        logl_saturated=logl_saturated,
        problems=cluster_problems(task, clusters),
        extra={
            "pattern_counts": tuple(_pattern_counts(one) for one in patterns),
            "expected_moments": likelihood.expected_moments(found.theta) * np.outer(size, size),
            "shift": likelihood.shift * size[:-1],
        },
        n_iterations=found.n_iterations,
    )


def _rows(task: Task) -> tuple[tuple[MissingPatterns, ...], tuple[Grouping, ...]]:
    """Every group's rows sorted by pattern, and how they add up to independent ones."""
    patterns, groupings = [], []
    for group in task.sample.groups:
        if group.weights is not None:
            found = "are not used with missing='fiml'"
            raise DataError(Problem("weights", found, "Choose missing='listwise', or leave the weights out."))
        if group.values is None:
            found = "'fiml' needs the rows, and only moments are given"
            raise DataError(Problem("data", found, "Give the rows, or choose missing='listwise'."))
        try:
            patterns.append(missing_patterns(group.values, task.model.items))
        except DataError as error:
            raise DataError(*_in_group(group.label, error.problems)) from error
        groupings.append(Grouping(clusters=group.clusters))
    return tuple(patterns), tuple(groupings)


def _saturated(task: Task, patterns: Sequence[MissingPatterns]) -> tuple[Saturated, ...]:
    """Saturated moments of every group; what stands against them is said with the group's name."""
    found = []
    for group, rows in zip(task.sample.groups, patterns, strict=True):
        try:
            found.append(saturated_moments(rows))
        except DataError as error:
            raise DataError(*_in_group(group.label, error.problems)) from error
        except ConvergenceError as error:
            raise ConvergenceError(*_in_group(group.label, error.problems)) from error
    return tuple(found)


def _in_group(label: str, problems: Sequence[Problem]) -> list[Problem]:
    """The same problems, placed in a group where there are several."""
    where = f"group '{label}': " if label else ""
    return [Problem(f"{where}{one.where}", one.found, one.remedy) for one in problems]


def _found(task: Task, units: Units, likelihood: MissingLikelihood) -> Minimum:
    """The minimum, looked for from the fit to the saturated moments."""
    counts = [group.n_obs for group in task.sample.groups]
    target = target_of(
        list(units.cov), list(units.mean) if units.mean is not None else None, counts, with_means=True
    )
    try:
        start = searched(task, units, Likelihood.of(units.scaled, target), tolerance=_CLOSE).theta
    except ConvergenceError:
        return searched(task, units, likelihood)
    if not task.model.constraints:
        near = polished(likelihood, start)
        if near.converged:
            return near
        start = near.theta if np.isfinite(near.value) else start
    return searched(task, units, likelihood, start=start)


def _meat(likelihood: MissingLikelihood, theta: Floats, groupings: Sequence[Grouping]) -> Floats:
    """Cross-products of the independent scores over n, shape (q, q)."""
    n = sum(one.n_obs for one in likelihood.patterns)
    summed = (by.summed(own) for by, own in zip(groupings, likelihood.scores(theta), strict=True))
    return np.asarray(sum(one.T @ one for one in summed) / n, dtype=np.float64)


def _saturated_log_likelihood(
    task: Task, patterns: Sequence[MissingPatterns], saturated: Sequence[Saturated]
) -> float:
    """Of the rows at the saturated moments, given fixed covariates."""
    total = 0.0
    for rows, one in zip(patterns, saturated, strict=True):
        values = rows.n_values - rows.n_obs * len(task.model.covariates)
        total -= rows.n_obs * (one.half_discrepancy - covariate_half(task, one.cov))
        total -= values * np.log(2 * np.pi) / 2
    return float(total)


def _pattern_counts(patterns: MissingPatterns) -> tuple[tuple[tuple[int, ...], int], ...]:
    """(missing columns, rows) of every pattern, most rows first."""
    counts: Counter[tuple[int, ...]] = Counter()
    complete = int((~patterns.missing.any(axis=1)).sum())
    if complete:
        counts[()] = complete
    for group in patterns.groups:
        for missing, count in zip(group.missing.tolist(), group.counts.tolist(), strict=True):
            counts[tuple(missing)] += int(count)
    return tuple(counts.most_common())

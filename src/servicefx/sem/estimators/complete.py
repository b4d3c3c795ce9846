"""Maximum likelihood from complete data: estimates, errors, tests; plain, robust, clustered or weighted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem
from servicefx.moments.moments import Moments
from servicefx.sem.estimators.likelihood import Likelihood, target_of
from servicefx.sem.estimators.search import inverse_information, searched, units_of
from servicefx.sem.estimators.task import Solution, Task
from servicefx.sem.reading.measures import ModelTest
from servicefx.sem.reading.moment_measures import baseline_test as normal_baseline
from servicefx.sem.reading.moment_measures import normal_log_likelihood
from servicefx.sem.structure.constraints import constraint_of
from servicefx.sem.structure.counting import moments_and_free

__all__ = ["baseline_test", "degrees_of_freedom", "fit_complete", "saturated_log_likelihood"]

Floats = NDArray[np.float64]


def fit_complete(task: Task) -> Solution:
    """Fit by normal-theory maximum likelihood to complete rows or moments.

    Parameters
    ----------
    task : Task
        With estimator ``ml``, ``mlm`` or ``mlr``.

    Returns
    -------
    Solution
        chi2 is n F. Plain errors are the inverse information; robust ones those of
        `servicefx.sem.estimators.robust.sandwich`.

    Raises
    ------
    IdentificationError, ConvergenceError
        As `servicefx.sem.estimators.search.searched`.
    """
    groups = task.sample.groups
    moments = tuple(group.moments for group in groups if group.moments is not None)
    cov = np.array([one.cov for one in moments])
    mean = None if any(one.mean is None for one in moments) else np.array([one.mean for one in moments])
    units = units_of(task, cov, mean)
    with_means = task.model.means
    counts = _counts(task)
    target = target_of(
        list(units.cov), None if units.mean is None else list(units.mean), counts, with_means=with_means
    )
    likelihood = Likelihood.of(units.scaled, target)
    found = searched(task, units, likelihood)
    constraint = constraint_of(task.model, units.unit)
    jacobian = None if constraint is None else constraint(found.theta)[1]
    observed = task.information == "observed"
    information = found.hessian if observed else None
    if information is None:
        information = likelihood.information(found.theta, observed=observed)
    scaled_inverse = inverse_information(task, information, jacobian)
    n = task.sample.n_obs
    df = degrees_of_freedom(task, jacobian)
    test = ModelTest(chi2=max(n * found.value, 0.0) if df else 0.0, df=df)
    baseline = baseline_test(task, moments)
    vcov, kind = scaled_inverse / n, f"{task.information} information"
    problems: tuple[Problem, ...] = ()
    if task.estimator in ("mlm", "mlr") or _has_design(task):
        from servicefx.sem.estimators.robust.sandwich import robust_parts

        parts = robust_parts(task, units, likelihood, found.theta, jacobian, inverse=scaled_inverse)
        vcov, kind, problems = parts.vcov, parts.error_kind, parts.problems
        test = ModelTest(chi2=test.chi2, df=df, scaling_factor=parts.scaling_factor)
        baseline = ModelTest(chi2=baseline.chi2, df=baseline.df, scaling_factor=parts.scaling_factor_baseline)
    saturated = saturated_log_likelihood(task, moments)
    return Solution(
        theta=found.theta * units.unit,
        vcov=vcov * np.outer(units.unit, units.unit),
        error_kind=kind,
        layout=units.layout,
        moments=moments,
        test=test,
        baseline=baseline,
        logl=saturated - test.chi2 / 2,
        logl_saturated=saturated,
        problems=problems,
        counts=tuple(_counts(task)),
        n_iterations=found.n_iterations,
    )


def degrees_of_freedom(task: Task, jacobian: Floats | None) -> int:
    """Distinct moments of what is not held fixed, less free values, plus independent constraints."""
    moments, free = moments_and_free(task.model)
    if jacobian is None:
        return moments - free
    return moments - task.model.n_positions + int(np.linalg.matrix_rank(jacobian))


def baseline_test(task: Task, moments: tuple[Moments, ...]) -> ModelTest:
    """The model in which only covariates covary, from sample moments of each group."""
    fixed = [task.model.items.index(name) for name in task.model.exogenous]
    return normal_baseline([one.cov for one in moments], _counts(task), fixed_x=fixed)


def saturated_log_likelihood(task: Task, moments: tuple[Moments, ...]) -> float:
    """Normal log-likelihood of the sample at its own moments, given fixed covariates."""
    fixed = [task.model.items.index(name) for name in task.model.covariates]
    return sum(
        normal_log_likelihood(one.cov, one.cov, count, fixed_x=fixed)
        for one, count in zip(moments, _counts(task), strict=True)
    )


def _counts(task: Task) -> list[float]:
    """Rows of each group, or the sum of their weights."""
    return [float(one.n_obs if one.weights is None else one.weights.sum()) for one in task.sample.groups]


def _has_design(task: Task) -> bool:
    """Whether rows were drawn in clusters or with weights."""
    return any(one.clusters is not None or one.weights is not None for one in task.sample.groups)

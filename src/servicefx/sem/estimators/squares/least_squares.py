"""Least squares for continuous items: unweighted, generalised, with full or diagonal weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.moments.moments import Moments
from servicefx.sem.estimators.complete import degrees_of_freedom
from servicefx.sem.estimators.search import inverse_information, units_of
from servicefx.sem.estimators.squares.balanced import searched_evenly
from servicefx.sem.estimators.squares.laws import (
    baseline_traces,
    least_baseline,
    shifted_test,
    spread_of,
)
from servicefx.sem.estimators.squares.moment_rows import MomentRows, exogenous_items
from servicefx.sem.estimators.squares.moment_vector import MomentStructure
from servicefx.sem.estimators.squares.moment_weights import (
    check_memory,
    distribution_free_gamma,
    given_fixed,
    normal_gamma,
    normal_weight,
)
from servicefx.sem.estimators.squares.quadratic import Quadratic
from servicefx.sem.estimators.task import Solution, Task
from servicefx.sem.reading.model_test import ModelTest
from servicefx.sem.structure.constraints import constraint_of

__all__ = ["fit_least_squares"]

Floats = NDArray[np.float64]
_WEIGHT = {
    "uls": "unit weights",
    "gls": "normal weights",
    "wls": "distribution-free weights",
    "dwls": "diagonal distribution-free weights",
    "wlsmv": "robust (sandwich of distribution-free moments)",
}


def fit_least_squares(task: Task) -> Solution:
    r"""Fit means and covariances of continuous items by least squares.

    Parameters
    ----------
    task : Task
        With estimator ``uls``, ``gls``, ``wls``, ``dwls`` or ``wlsmv``; the last three need rows.

    Returns
    -------
    Solution
        ``moments`` have denominator n - 1, as they are fitted; chi2 is :math:`\sum_g (n_g - 1) F_g`. Errors
        are those of :math:`(\Delta' W \Delta)^{-1}`, right where W is the inverse covariance of the moments:
        under normality for GLS, in large samples for WLS. ULS and DWLS have them too, as in lavaan; there
        they are a convention, and ``extra["vcov_sandwich"]`` holds the covariance that allows for W (under
        normality for ULS, any distribution for DWLS). ``extra`` further holds ``gamma`` and ``weight``, one
        matrix a group, and ``delta``, the derivatives of all groups' moments by the free values: means where
        they are modelled, variances, covariances by column. WLSMV is DWLS with the sandwich's errors and the
        scaled-and-shifted test.

    Raises
    ------
    DataError
        If WLS has no more rows than moments, or a matrix of all moments would not fit into memory.
    IdentificationError, ConvergenceError
        As `servicefx.sem.estimators.search.searched`.

    References
    ----------
    Browne (1974), S. Afr. Stat. J. 8, 1-24; Browne (1984), Br. J. Math. Stat. Psychol. 37, 62-83.
    """
    moments = _moments(task)
    counts = np.array([one.n_obs for one in moments], dtype=np.float64) - 1.0
    share = counts / counts.sum()
    cov = np.array([one.cov for one in moments])
    mean = np.array([one.mean for one in moments]) if task.model.means else None
    units = units_of(task, cov, mean)
    structure = MomentStructure.continuous(units.scaled, units.mean)
    rows = structure.rows
    check_memory(task.where, rows, len(task.model.items))
    size = rows.scale(units.scale[: len(task.model.items)])
    gamma, weight = _weights(task, rows, moments)
    sample = np.zeros((len(moments), rows.size))
    sample[:, rows.pair] = units.cov[:, rows.left, rows.right]
    discrepancy = Quadratic(
        structure=structure,
        sample=sample,
        weight=tuple(one * (size**2 if one.ndim == 1 else np.outer(size, size)) for one in weight),
        share=share,
    )
    theta, n_iterations = searched_evenly(task, units, discrepancy)
    value, state = discrepancy.evaluate(theta)
    assert state is not None
    constraint = constraint_of(task.model, units.unit)
    restricted = None if constraint is None else constraint(theta)[1]
    observed = task.information == "observed"
    by_rows = replace(discrepancy, share=(counts + 1.0) / task.sample.n_obs)
    information = by_rows.derivatives(state, exact=observed)[1]
    inverse = inverse_information(task, information, restricted)
    jacobian = structure.jacobian(state.at)
    in_units = [one / np.outer(size, size) for one in gamma]
    robust = task.estimator == "wlsmv"
    spread = spread_of(jacobian, discrepancy.weight, in_units, by_rows.share, inverse, traces=robust)
    sandwich = inverse @ spread.meat @ inverse
    outer = np.outer(units.unit, units.unit) / counts.sum()
    df = degrees_of_freedom(task, restricted)
    follows = task.estimator != "uls"
    bare = np.array([_vector(one, rows) for one in moments])
    fixed, exogenous = rows.among(_fixed(task)), rows.among(exogenous_items(task.model))
    baseline = least_baseline(rows, bare, weight, counts, fixed, exogenous)
    test = ModelTest(chi2=float(counts.sum() * value) if df else 0.0, df=df)
    if robust:
        test = shifted_test(test.chi2, df, spread.trace, spread.trace_squared)
        apart = rows.apart & ~fixed & ~exogenous
        baseline = shifted_test(baseline.chi2, baseline.df, *baseline_traces(apart, weight, gamma))
    return Solution(
        theta=theta * units.unit,
        vcov=(sandwich if robust else inverse) * outer,
        error_kind=_WEIGHT[task.estimator]
        if robust
        else f"{task.information} information, {_WEIGHT[task.estimator]}",
        layout=units.layout,
        moments=moments,
        test=replace(test, follows_chi2=follows),
        baseline=replace(baseline, follows_chi2=follows),
        n_scale=float(counts.sum()),
        problems=_flags(task),
        extra={
            "gamma": gamma,
            "weight": tuple(np.diag(one) if one.ndim == 1 else one for one in weight),
            "delta": np.vstack(jacobian) * np.tile(size, len(moments))[:, None] / units.unit,
            "vcov_sandwich": sandwich * outer,
        },
        n_iterations=n_iterations,
    )


def _flags(task: Task) -> tuple[Problem, ...]:
    """What a reader may not expect of the choice."""
    if task.estimator == "wlsmv":
        found = "'wlsmv' without ordered items takes every answer for a number"
        return (Problem("ordered", found, "Name the ordered items, or choose mlr for numbers."),)
    if task.estimator in ("uls", "dwls"):
        found = (
            f"standard errors of '{task.estimator}' take the sample moments for independent of each other, "
            "which they are not"
        )
        return (Problem("estimator", found, "Choose wlsmv or mlr where errors matter."),)
    return ()


def _moments(task: Task) -> tuple[Moments, ...]:
    """Each group's, with denominator n - 1."""
    found = [group.moments for group in task.sample.groups if group.moments is not None]
    return tuple(replace(one, cov=one.cov * (one.n_obs / (one.n_obs - 1))) for one in found)


def _vector(moments: Moments, rows: MomentRows) -> Floats:
    """A group's moments in the order of the rows; means, which no baseline restricts, are left at 0."""
    vector = np.zeros(rows.size)
    vector[rows.pair] = moments.cov[rows.left, rows.right]
    return vector


def _fixed(task: Task) -> NDArray[np.intp]:
    """Places of the items held fixed."""
    return np.flatnonzero(np.isin(task.model.items, task.model.covariates))


def _weights(
    task: Task, rows: MomentRows, moments: tuple[Moments, ...]
) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
    """Covariances of the moments (k, k) and weights (k, k) or (k,), by group, in the users' units."""
    gammas, weights = [], []
    fixed = _fixed(task)
    held = rows.among(fixed)
    for group, one in zip(task.sample.groups, moments, strict=True):
        if task.estimator in ("uls", "gls"):
            gamma = given_fixed(normal_gamma(one.cov, rows), held)
            weight = np.ones(rows.size) if task.estimator == "uls" else normal_weight(one.cov, rows)
        else:
            if group.values is None:
                found = f"'{task.estimator}' needs the rows, and only moments are given"
                raise DataError(Problem(_where(group.label), found, "Give the rows, or choose gls or uls."))
            if task.estimator == "wls":
                _check_rows(task, int((~held).sum()), group.label, group.n_obs)
            gamma = distribution_free_gamma(group.values, rows, fixed)
            if task.estimator == "wls":
                weight = np.zeros_like(gamma)
                weight[np.ix_(~held, ~held)] = _inverse(gamma[np.ix_(~held, ~held)], group.label)
            else:
                weight = np.zeros(rows.size)
                weight[~held] = 1.0 / np.diag(gamma)[~held]
        gammas.append(gamma)
        weights.append(weight)
    return tuple(gammas), tuple(weights)


def _inverse(gamma: Floats, label: str) -> Floats:
    """Inverse of a covariance of moments, or a refusal where they depend on each other."""
    sd = np.sqrt(np.diag(gamma))
    values, vectors = np.linalg.eigh(gamma / np.outer(sd, sd))
    if not values[0] > 1e-12 * values[-1]:
        found = f"{int((values <= 1e-12 * values[-1]).sum())} of {len(values)} moments follow from the others"
        remedy = "Choose dwls or ml, or leave out columns of few values."
        raise DataError(Problem(_where(label), found, remedy))
    return np.asarray((vectors / values) @ vectors.T / np.outer(sd, sd), dtype=np.float64)


def _check_rows(task: Task, n_moments: int, label: str, n_obs: int) -> None:
    if n_obs <= n_moments:
        found = (
            f"{n_obs} rows for the {n_moments} moments of {len(task.model.items)} items, "
            "whose weights need more rows than moments"
        )
        raise DataError(Problem(_where(label), found, "Add rows, leave items out, or choose dwls or ml."))


def _where(label: str) -> str:
    return f"group '{label}'" if label else "data"

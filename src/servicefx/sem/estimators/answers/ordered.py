"""Ordered items, alone or with continuous ones: least squares on thresholds and latent covariances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, StudyError
from servicefx.sem.estimators.answers.correlation_tests import Correlations, correlation_tests
from servicefx.sem.estimators.answers.laws import OrderedLaws, laws_of
from servicefx.sem.estimators.answers.sample import OrderedSample, ordered_sample, ordered_structure
from servicefx.sem.estimators.complete import degrees_of_freedom
from servicefx.sem.estimators.search import Units, units_of
from servicefx.sem.estimators.squares.balanced import searched_evenly, searched_section
from servicefx.sem.estimators.squares.laws import (
    baseline_traces,
    least_baseline,
    shared_block,
    shifted_test,
)
from servicefx.sem.estimators.squares.moment_rows import exogenous_items
from servicefx.sem.estimators.squares.moment_vector import MomentState, MomentStructure
from servicefx.sem.estimators.squares.quadratic import Quadratic, weighted
from servicefx.sem.estimators.task import Solution, Task
from servicefx.sem.reading.model_test import ModelTest
from servicefx.sem.structure.constraints import constraint_of
from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.starts import start_values

__all__ = ["fit_ordered"]

Floats = NDArray[np.float64]
_ERRORS = {
    "wlsmv": "robust (sandwich of polychoric moments)",
    "dwls": "expected information, diagonal weights",
    "uls": "expected information, unit weights",
    "wls": "expected information, full weights",
}
_RESIDUAL_SHARE = 0.5
"""Of a latent response's variance, at the start under theta."""


def fit_ordered(task: Task) -> Solution:
    r"""Fit a model of ordered items by least squares on thresholds and latent covariances.

    Parameters
    ----------
    task : Task
        With ordered items, rows, and estimator ``wlsmv`` (diagonal weights, robust errors, scaled-and-shifted
        test), ``dwls``, ``uls`` or ``wls`` (plain errors and test).

    Returns
    -------
    Solution
        ``moments`` are those of the latent responses (variance 1) and the continuous items; where no data can
        have all these correlations at once, the nearest that some can. ``thresholds`` are the sample's.
        ``layout`` holds the residual variances that follow from the others (delta): `implied` is right at
        ``theta``. ``extra`` holds

        - ``computed``: place in ``model.parameters`` -> value, for residual variances (delta) or scalings
          (theta) that follow from the others;
        - ``implied_thresholds``, ``scaling``: of each group, shapes (t,) and (p,): thresholds implied for
          responses of variance 1, and what latent responses are multiplied by to have it;
        - ``vector``, ``gamma``, ``weight`` by group, and ``delta``, the derivatives of all groups' moments by
          the free values: thresholds and means by item, variances, covariances by column; no rows.

        With fixed covariates all moments are given these: slopes stand before the variances, thresholds are
        those where covariates are 0, and it is the residual responses, given them, that have variance 1.

    Raises
    ------
    StudyError
        If observed information is asked for.
    DataError
        If a group lacks a category, or full weights need more rows than there are.
    IdentificationError, ConvergenceError
        As `servicefx.sem.estimators.search.searched`.

    References
    ----------
    Muthén (1984), Psychometrika 49, 115-132; Asparouhov & Muthén (2010), Simple second order chi-square
    correction, Mplus technical appendix.
    """
    if task.information == "observed":
        found = "'observed' is for likelihoods and continuous items"
        raise StudyError(Problem("information", found, "Leave it out with ordered items."))
    sample = ordered_sample(task)
    units = units_of(task, sample.cov, sample.mean)
    size = sample.rows.scale(units.scale[: len(task.model.items)])
    structure = ordered_structure(task, _layout(task, units), sample, units.scale)
    discrepancy = _discrepancy(task, sample, structure, size)
    profiled = _profiled(task, discrepancy)
    start = _start(task, units, structure, sample)
    if profiled is None:
        theta, n_iterations = searched_evenly(task, units, discrepancy, start)
    else:
        theta, n_iterations = searched_section(task, units, profiled, start)
        theta = _with_thresholds(structure, sample, theta)
    _, state = discrepancy.evaluate(theta)
    assert state is not None
    constraint = constraint_of(task.model, units.unit)
    restricted = None if constraint is None else constraint(theta)[1]
    scaled_gamma = sample.gamma
    if (size != 1.0).any():
        scaled_gamma = tuple(one / np.outer(size, size) for one in sample.gamma)
    laws = laws_of(task, discrepancy, profiled, state.at, scaled_gamma, restricted)
    n_scale = float((sample.counts - 1.0).sum())
    df = degrees_of_freedom(task, restricted)
    chi2 = float((sample.counts - 1.0) @ discrepancy.by_group(state)) if df else 0.0
    robust, robust_baseline = _robust(task, sample, discrepancy, state.at, laws, df)
    return Solution(
        theta=theta * units.unit,
        vcov=laws.vcov * np.outer(units.unit, units.unit),
        error_kind=_ERRORS[task.estimator],
        layout=_filled_layout(units.layout, structure, state.at),
        moments=sample.moments(task.model.items),
        test=_test(task, chi2, df, laws),
        baseline=_baseline(task, sample, discrepancy, scaled_gamma),
        robust_test=robust,
        robust_baseline=robust_baseline,
        n_scale=n_scale,
        thresholds=sample.thresholds,
        problems=sample.problems,
        extra={
            "computed": _computed(task, state.at),
            "implied_thresholds": tuple(state.at.vector[:, sample.rows.threshold]),
            "scaling": tuple(state.at.scaling),
            "vector": tuple(sample.vector),
            "gamma": sample.gamma,
            "weight": tuple(_full(one, size) for one in discrepancy.weight),
            "delta": np.vstack(laws.jacobian) * np.tile(size, len(sample.counts))[:, None] / units.unit,
            "discrepancy": discrepancy,
            "scale": units.scale,
            "unit": units.unit,
        },
        n_iterations=n_iterations,
    )


def _layout(task: Task, units: Units) -> Layout:
    """In the units of the search; given fixed covariates, these have no variance of their own."""
    return task.layout.scaled(units.scale, units.unit) if task.model.covariates else units.scaled


def _discrepancy(task: Task, sample: OrderedSample, structure: MomentStructure, size: Floats) -> Quadratic:
    rows = sample.rows
    weights: list[Floats] = []
    for group, gamma in zip(task.sample.groups, sample.gamma, strict=True):
        if task.estimator == "uls":
            weights.append(size**2)
        elif task.estimator == "wls":
            if group.n_obs <= rows.size:
                where = f"group '{group.label}'" if group.label else "data"
                found = (
                    f"{group.n_obs} rows for the {rows.size} thresholds, correlations and other moments of "
                    f"{len(task.model.items)} items, whose weights need more rows than moments"
                )
                raise DataError(Problem(where, found, "Add rows, leave items out, or choose wlsmv."))
            weights.append(np.linalg.inv(gamma) * np.outer(size, size))
        else:
            weights.append(size**2 / np.diag(gamma))
    target = sample.vector / size
    if structure.shift is not None:
        target[:, rows.mean] = 0.0
    return Quadratic(
        structure=structure,
        sample=target,
        weight=tuple(weights),
        share=(sample.counts - 1.0) / (sample.counts - 1.0).sum(),
    )


def _profiled(task: Task, discrepancy: Quadratic) -> Quadratic | None:
    """The same without thresholds, where each is free on its own and so fits perfectly; None otherwise."""
    thresholds = [parameter for parameter in task.model.parameters if parameter.op == "|"]
    positions = [parameter.position for parameter in thresholds]
    shared = any(parameter.label for parameter in thresholds) or len(set(positions)) < len(positions)
    if shared or min(positions) < 0 or any(one.ndim == 2 for one in discrepancy.weight):
        return None
    structure = discrepancy.structure
    rows, kept = structure.rows.without_thresholds()
    column = np.full(task.model.n_positions, -1)
    free = np.setdiff1d(np.arange(task.model.n_positions), positions)
    column[free] = np.arange(len(free))
    groups = len(discrepancy.sample)
    return replace(
        discrepancy,
        structure=replace(
            structure,
            rows=rows,
            threshold_position=np.empty((groups, 0), dtype=np.intp),
            threshold_fixed=np.empty((groups, 0)),
            column=column,
        ),
        sample=discrepancy.sample[:, kept],
        weight=tuple(one[kept] for one in discrepancy.weight),
    )


def _start(task: Task, units: Units, structure: MomentStructure, sample: OrderedSample) -> Floats:
    """Start values with thresholds that fit, at least before they are shared; the reader's own are kept."""
    wide = np.ones(len(task.model.items))
    if not structure.unit_variance:
        wide[structure.ordered] = _RESIDUAL_SHARE**-0.5
    cov = units.cov * np.multiply.outer(wide, wide)
    theta = start_values(task.model, units.scaled, cov, units.mean, units.unit)
    free = structure.scaling_position >= 0
    theta[structure.scaling_position[free]] = structure.scaling_fixed[free]
    theta = _with_thresholds(structure, sample, theta)
    for parameter in task.model.parameters:
        if parameter.start is not None and parameter.op in ("|", "~*~") and parameter.position >= 0:
            theta[parameter.position] = parameter.start
    return theta


def _with_thresholds(structure: MomentStructure, sample: OrderedSample, theta: Floats) -> Floats:
    """The free values with thresholds that fit the sample; shared ones at the mean of what fits each."""
    at = structure.at(theta)
    item = structure.rows.threshold_item
    fitting = np.array(sample.thresholds)
    if at is not None:
        fitting = fitting / at.scaling[:, item] + at.mean[:, item]
    free = structure.threshold_position >= 0
    position = structure.threshold_position[free]
    total, count = np.zeros(len(theta)), np.zeros(len(theta))
    np.add.at(total, position, fitting[free])
    np.add.at(count, position, 1.0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1.0), theta), dtype=np.float64)


def _filled_layout(layout: Layout, structure: MomentStructure, at: MomentState) -> Layout:
    """The layout in the users' units with computed residual variances in their cells."""
    if not structure.unit_variance:
        return layout
    base = layout.base_symmetric.copy()
    own = np.flatnonzero(structure.ordered)
    base[:, own, own] = at.residual[:, own]
    return replace(layout, base_symmetric=base)


def _computed(task: Task, at: MomentState) -> dict[int, float]:
    """Values of the parameters that follow from the others."""
    items = task.model.items
    return {
        place: float((at.residual if p.op == "~~" else at.scaling)[p.group, items.index(p.lhs)])
        for place, p in enumerate(task.model.parameters)
        if p.computed
    }


def _full(weight: Floats, size: Floats) -> Floats:
    """A weight as a matrix in the users' units."""
    return np.diag(weight / size**2) if weight.ndim == 1 else weight / np.outer(size, size)


def _test(task: Task, chi2: float, df: int, laws: OrderedLaws) -> ModelTest:
    if task.estimator != "wlsmv":
        return ModelTest(chi2=chi2, df=df, follows_chi2=task.estimator != "uls")
    return shifted_test(chi2, df, laws.trace, laws.trace_squared)


def _robust(
    task: Task, sample: OrderedSample, discrepancy: Quadratic, at: MomentState, laws: OrderedLaws, df: int
) -> tuple[ModelTest, ModelTest] | tuple[None, None]:
    """What robust measures rest on: known for only ordered items with free thresholds, else NaN."""
    if task.estimator != "wlsmv":
        return None, None
    rows, scaling = sample.rows, at.scaling
    if laws.inverse is None or not discrepancy.structure.ordered.all():
        unknown = ModelTest(chi2=float("nan"), df=df, scaling_factor=float("nan"))
        return unknown, unknown
    groups = [
        Correlations(
            n_obs=int(count),
            sample=sample.cov[g],
            implied=at.cov[g] * np.outer(scaling[g], scaling[g]),
            gamma=shared_block(sample.gamma[g], rows.pair, rows.pair),
            jacobian=laws.inner[g],
            heavy=weighted(discrepancy.weight[g][rows.pair], laws.inner[g]),
            pulled=laws.pulled[g],
        )
        for g, count in enumerate(sample.counts)
    ]
    return correlation_tests(rows, groups, laws.inverse, df)


def _baseline(
    task: Task, sample: OrderedSample, discrepancy: Quadratic, gamma: tuple[Floats, ...]
) -> ModelTest:
    rows = sample.rows
    none = np.zeros(rows.size, dtype=np.bool_)
    exogenous = rows.among(exogenous_items(task.model))
    plain = least_baseline(rows, discrepancy.sample, discrepancy.weight, sample.counts - 1.0, none, exogenous)
    if task.estimator != "wlsmv":
        return replace(plain, follows_chi2=task.estimator != "uls")
    trace, trace_squared = baseline_traces(rows.apart & ~exogenous, discrepancy.weight, gamma)
    return shifted_test(plain.chi2, plain.df, trace, trace_squared)

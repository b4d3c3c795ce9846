"""Gradient and expected information of a fit's discrepancy in a wider model: what score tests are made of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.estimators.likelihood import Likelihood, MomentTarget, target_of
from servicefx.sem.estimators.squares.moment_vector import MomentStructure
from servicefx.sem.estimators.squares.quadratic import Quadratic
from servicefx.sem.structure.derivatives import carried, second
from servicefx.sem.structure.layout import Layout, layout_of
from servicefx.sem.structure.sem_model import SemModel

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["score_and_information", "score_rows"]

Floats = NDArray[np.float64]


def score_and_information(fit: SemFit, extended: SemModel, values: Floats) -> tuple[Floats, Floats]:
    """Gradient of F / 2 and expected information of one row, in a model with more free values than the fit's.

    Parameters
    ----------
    fit : SemFit
        Of q free values.
    extended : SemModel
        The fit's model with k further positions, numbered from q: parameters that are fixed in the fit, or
        that it holds equal to others.
    values : ndarray, shape (k,)
        What the fit holds them at.

    Returns
    -------
    tuple of ndarray, shapes (q + k,) and (q + k, q + k)

    Notes
    -----
    Under FIML the gradient is exact, and the information that expected given which values are missing. Least
    squares has Gauss and Newton's Hessian in the information's place.
    """
    layout = replace(
        layout_of(extended),
        base_directed=fit.solution.layout.base_directed,
        base_symmetric=fit.solution.layout.base_symmetric,
    )
    layout = _emptied(layout, fit.model.n_positions)
    theta = np.concatenate([fit.theta, values])
    if fit.choices.missing == "fiml":
        return _with_gaps(fit, layout, theta)
    if fit.model.ordered:
        return _of_answers(fit, extended, layout, theta)
    if fit.estimator not in ("ml", "mlm", "mlr"):
        return _of_squares(fit, layout, theta)
    return _of_moments(fit, layout, theta)


def score_rows(fit: SemFit) -> float:
    """What a squared gradient over its information is multiplied by to be a chi-square."""
    if fit.solution.n_scale is None or fit.model.ordered:
        return float(fit.n_obs)
    return fit.solution.n_scale


def _emptied(layout: Layout, q: int) -> Layout:
    """The base without the cells whose positions are new."""
    directed, symmetric = layout.base_directed.copy(), layout.base_symmetric.copy()
    for g in range(layout.n_groups):
        for at in np.flatnonzero(layout.position[g] >= q):
            row, column = layout.row[at], layout.column[at]
            if layout.directed[at]:
                directed[g, row, column] = 0.0
            else:
                symmetric[g, row, column] = symmetric[g, column, row] = 0.0
    return replace(layout, base_directed=directed, base_symmetric=symmetric)


def _of_moments(fit: SemFit, layout: Layout, theta: Floats) -> tuple[Floats, Floats]:
    """By maximum likelihood from sample moments."""
    moments = fit.solution.moments
    means = [m.mean for m in moments if m.mean is not None]
    target = target_of(
        [m.cov for m in moments],
        means if fit.model.means else None,
        list(fit.weight_by_group),
        with_means=fit.model.means,
    )
    likelihood = Likelihood.of(layout, target)
    _, state = likelihood.evaluate(theta)
    if state is None:
        raise ValueError("implied covariances are not positive definite at the estimates")
    return likelihood.derivatives(state, exact=False)


def _of_answers(fit: SemFit, extended: SemModel, layout: Layout, theta: Floats) -> tuple[Floats, Floats]:
    """For ordered items, from the thresholds and correlations the fit rests on."""
    extra: Any = fit.solution.extra
    discrepancy: Quadratic = extra["discrepancy"]
    unit = np.concatenate([extra["unit"], np.ones(len(theta) - len(extra["unit"]))])
    scaled = layout.scaled(extra["scale"], unit)
    held = replace(
        scaled,
        base_directed=np.where(scaled.base_directed == 0, 0.0, discrepancy.structure.layout.base_directed),
        base_symmetric=np.where(scaled.base_symmetric == 0, 0.0, discrepancy.structure.layout.base_symmetric),
    )
    structure = replace(
        _with_new_thresholds(discrepancy.structure, extended, fit.model.n_positions),
        layout=held,
        column=np.arange(len(theta)),
    )
    wider = replace(discrepancy, structure=structure)
    _, state = wider.evaluate(theta / unit)
    if state is None:
        raise ValueError("implied moments do not exist at the estimates")
    gradient, information = wider.own_derivatives(state)
    gradient *= (fit.solution.n_scale or fit.n_obs) / fit.n_obs  # (n - 1) F is what lavaan scores
    return gradient / unit, information / np.outer(unit, unit)


def _with_new_thresholds(structure: MomentStructure, extended: SemModel, q: int) -> MomentStructure:
    """The structure with thresholds that have new positions; they stand item by item."""
    new = [p for p in extended.parameters if p.op == "|" and p.position >= q]
    if not new:
        return structure
    position = structure.threshold_position.copy()
    for parameter in new:
        own = np.flatnonzero(structure.rows.threshold_item == extended.items.index(parameter.lhs))
        position[parameter.group, own[int(parameter.rhs[1:]) - 1]] = parameter.position
    return replace(structure, threshold_position=position)


def _with_gaps(fit: SemFit, layout: Layout, theta: Floats) -> tuple[Floats, Floats]:
    """Under FIML: the exact gradient, and the information expected given the patterns of gaps."""
    extra: Any = fit.solution.extra
    counts = np.array(fit.n_by_group, dtype=np.float64)
    share = counts / counts.sum()
    target = MomentTarget(
        second=extra["expected_moments"], shift=extra["shift"], share=share, n_obs=fit.n_obs
    )
    likelihood = Likelihood(layout=layout, target=target, log_determinant=np.zeros(len(counts)))
    _, state = likelihood.evaluate(theta)
    if state is None:
        raise ValueError("implied covariances are not positive definite at the estimates")
    gradient = likelihood.derivatives(state, exact=False)[0]
    columns = carried(layout, state.at)
    c = len(layout.row)
    information = np.zeros((layout.n_groups, c, c))
    for g, patterns in enumerate(extra["pattern_counts"]):
        for gone, rows in patterns:
            seen = np.setdiff1d(np.arange(layout.n_observed), gone)
            sigma = state.at.sigma[g][np.ix_(seen, seen)]
            inner = columns[g][seen].T @ np.linalg.solve(sigma, columns[g][seen])
            information[g] += (0.5 * share[g] * rows / counts[g]) * second(layout, inner[None])[0]
    return gradient, layout.gathered_pairs(information)


def _of_squares(fit: SemFit, layout: Layout, theta: Floats) -> tuple[Floats, Floats]:
    """By least squares on continuous items."""
    moments = fit.solution.moments
    shift = np.array([m.mean for m in moments]) if fit.model.means else None
    structure = MomentStructure.continuous(layout, shift)
    rows = structure.rows
    cov = np.array([m.cov for m in moments])
    sample = np.zeros((len(moments), rows.size))
    sample[:, rows.pair] = cov[:, rows.left, rows.right]
    counts = np.array(fit.n_by_group, dtype=np.float64) - 1.0
    weight: Any = fit.solution.extra["weight"]
    squares = Quadratic(structure=structure, sample=sample, weight=weight, share=counts / counts.sum())
    _, state = squares.evaluate(theta)
    if state is None:
        raise ValueError("the model implies no moments at the estimates")
    return squares.derivatives(state, exact=False)

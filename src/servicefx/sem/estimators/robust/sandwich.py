"""Robust errors and scaled tests of maximum likelihood: MLM, MLR, clusters and sampling weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.sem.estimators.complete import degrees_of_freedom
from servicefx.sem.estimators.likelihood import Likelihood, LikelihoodState
from servicefx.sem.estimators.robust.casewise import CasewiseScores, Rows, score_products
from servicefx.sem.estimators.robust.clusters import cluster_count, cluster_problems, small_sample_factor
from servicefx.sem.estimators.robust.scaled_tests import explained_part, scaled_traces
from servicefx.sem.estimators.search import Units, inverse_information
from servicefx.sem.estimators.task import Task
from servicefx.sem.structure.derivatives import carried
from servicefx.sem.structure.layout import Layout

__all__ = ["RobustParts", "robust_parts"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RobustParts:
    """What does not rest on normal data.

    Attributes
    ----------
    vcov : ndarray, shape (q, q)
        Sampling covariance of the unit-scaled free values.
    error_kind : str
        ``robust (Satorra-Bentler)``, ``robust (Huber-White)``, ``clusters: <column> (<count>)``,
        ``sampling weights``.
    scaling_factor, scaling_factor_baseline : float
        The test statistics divided by these are scaled; NaN without degrees of freedom.
    problems : tuple of Problem
        Few clusters, or clusters split between groups.
    """

    vcov: Floats
    error_kind: str
    scaling_factor: float
    scaling_factor_baseline: float
    problems: tuple[Problem, ...] = ()


def robust_parts(
    task: Task,
    units: Units,
    likelihood: Likelihood,
    theta: Floats,
    jacobian: Floats | None,
    *,
    inverse: Floats | None = None,
) -> RobustParts:
    r"""Errors and scaling factors at a minimum of the likelihood.

    Parameters
    ----------
    task : Task
        Estimator ``mlm``; or ``mlr``, which ``ml`` with clusters or weights is treated as.
    units : Units
        Of the same task.
    likelihood : Likelihood
        Over q unit-scaled free values.
    theta : ndarray, shape (q,)
        The minimum.
    jacobian : ndarray, shape (m, q), or None
        Of the constraints there.
    inverse : ndarray, shape (q, q), optional
        Inverse information of the kind the task names, where it is known already.

    Returns
    -------
    RobustParts

    Raises
    ------
    DataError
        If there are no rows, or a group has only one cluster.
    IdentificationError
        As `servicefx.sem.estimators.search.inverse_information`.

    Notes
    -----
    Errors are :math:`A^{-1} B A^{-1} / n`.

    MLM (Satorra & Bentler 1994, in von Eye & Clogg, Latent variables analysis, 399-419): A is the expected
    information, B the covariance of :math:`\Delta' W (x, vech\, d d')`, with d about the sample means (fixed
    covariates being constants) and W of the implied moments; the factor is :math:`tr(U \Gamma) / df`.

    MLR (Yuan & Bentler 2000, Sociol. Methodol. 30, 165-200; Asparouhov & Muthén 2005): A is the observed
    information, B the cross-products of casewise scores, weighted, and summed within each of a group's J
    clusters, times J / (J - 1); the factor is :math:`(tr\, B_1 A_1^{-1} - tr\, B A^{-1}) / df`, 1 being the
    saturated model. With clusters, means that are not modelled count as free ones in both traces.
    """
    _, state = likelihood.evaluate(theta)
    if state is None:
        raise ValueError("no errors where the implied covariances are not positive definite")
    clusters = cluster_count(task)
    normal = task.estimator == "mlm"
    observed = not normal and (task.estimator == "ml" or task.information == "observed")
    if inverse is None or observed != (task.information == "observed"):
        inverse = inverse_information(task, likelihood.derivatives(state, exact=observed)[1], jacobian)
    bread = inverse
    rows = _rows(task)
    n = task.sample.n_obs
    fixed = [task.model.items.index(name) for name in task.model.covariates]
    exogenous = [task.model.items.index(name) for name in task.model.exogenous]
    meat = _meat(likelihood, state, units, rows, fixed, normal=normal) / n
    p = len(task.model.items)
    traces = [
        scaled_traces(
            one,
            units.cov[g],
            state.inverse[g][:p, :p],
            units.scale[:p],
            fixed,
            exogenous=exogenous,
            normal=normal,
            means=task.model.means,
            saturated_means=clusters is not None,
        )
        for g, one in enumerate(rows)
    ]
    factors = [small_sample_factor(one.clusters) for one in rows]
    own = float(np.vdot(meat, bread))
    model = sum(factor * part.model for factor, part in zip(factors, traces, strict=True)) - own
    baseline = sum(factor * part.baseline for factor, part in zip(factors, traces, strict=True))
    df = degrees_of_freedom(task, jacobian)
    together = len(exogenous) * (len(exogenous) - 1) // 2
    df_baseline = len(rows) * (p * (p - 1) // 2 - together)
    return RobustParts(
        vcov=bread @ meat @ bread / n,
        error_kind=_error_kind(task, clusters),
        scaling_factor=model / df if df else float("nan"),
        scaling_factor_baseline=baseline / df_baseline if df_baseline else float("nan"),
        problems=cluster_problems(task, clusters),
    )


def _rows(task: Task) -> list[Rows]:
    """The rows of every group."""
    found = []
    for group in task.sample.groups:
        if group.values is None or group.moments is None or group.moments.mean is None:
            raise DataError(
                Problem("data", "robust errors need the rows, and only moments are given", "Give the rows.")
            )
        found.append(Rows.of(group.values, group.moments.mean, group.weights, group.clusters))
    return found


def _meat(
    likelihood: Likelihood,
    state: LikelihoodState,
    units: Units,
    rows: list[Rows],
    fixed: list[int],
    *,
    normal: bool,
) -> Floats:
    """Cross-products of the scores of all rows by free value, shape (q, q)."""
    layout = likelihood.layout
    columns = carried(layout, state.at)
    cells = np.empty((layout.n_groups, len(layout.row), len(layout.row)))
    for g, one in enumerate(rows):
        if normal:
            scores = _moment_scores(layout, columns[g], state.inverse[g], units.scale, units.cov[g], fixed)
        else:
            scores = _likelihood_scores(layout, columns[g], state.inverse[g], units.scale)
        cells[g] = score_products(one, scores) * small_sample_factor(one.clusters)
    return layout.gathered_pairs(cells * (layout.share[:, None] * layout.share))


def _likelihood_scores(layout: Layout, columns: Floats, inverse: Floats, scale: Floats) -> CasewiseScores:
    """Derivatives of a row's log-likelihood by cell (but for the cells' share)."""
    p = layout.n_items
    full = inverse @ columns
    known = columns.T @ full
    return CasewiseScores(
        weight=full[:p] / scale[:p, None],
        offset=np.zeros(full.shape[1]) if layout.constant is None else full[p],
        left=layout.left,
        right=layout.right,
        expected=known[layout.left, layout.right],
    )


def _moment_scores(
    layout: Layout, columns: Floats, inverse: Floats, scale: Floats, cov: Floats, fixed: list[int]
) -> CasewiseScores:
    """Derivatives of means and covariances by cell, times W (d, vech d d'), less its mean.

    Moments of fixed covariates are constants: what regressions on them explain of d d' is taken off.
    """
    p = layout.n_items
    full = (inverse @ columns)[:p]
    offset = np.zeros(full.shape[1]) if layout.constant is None else columns[p]
    known = full.T @ cov @ full
    given = None
    if fixed:
        given = explained_part(cov, fixed).T @ full
        known -= given.T @ cov @ given
    else:
        known += np.outer(offset, offset)
    return CasewiseScores(
        weight=full / scale[:p, None],
        offset=offset,
        left=layout.left,
        right=layout.right,
        expected=known[layout.left, layout.right],
        given=None if given is None else given / scale[:p, None],
    )


def _error_kind(task: Task, clusters: int | None) -> str:
    """How the errors came about."""
    if task.estimator == "mlm":
        return "robust (Satorra-Bentler)"
    kinds = [] if clusters is None else [f"clusters: {task.sample.cluster} ({clusters})"]
    if any(group.weights is not None for group in task.sample.groups):
        kinds.append("sampling weights")
    return ", ".join(kinds) or "robust (Huber-White)"

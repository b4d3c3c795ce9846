"""Laws of least squares on ordered items: sampling covariance of the estimates, traces for the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.estimators.minimum import solved
from servicefx.sem.estimators.search import inverse_information
from servicefx.sem.estimators.squares.laws import shared_block, spread_of
from servicefx.sem.estimators.squares.moment_vector import MomentState
from servicefx.sem.estimators.squares.quadratic import Quadratic, weighted
from servicefx.sem.estimators.task import Task

__all__ = ["OrderedLaws", "laws_of"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_RANK = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OrderedLaws:
    """What sampling does to estimates and test.

    Attributes
    ----------
    vcov : ndarray, shape (q, q)
        Sampling covariance of the free values.
    trace, trace_squared : float
        Of U Gamma and its square; NaN without a scaled test.
    jacobian : list of ndarray, shape (k, q)
        Derivatives of each group's moments by the free values.
    inner, pulled : list of ndarray
        Where thresholds fit perfectly: derivatives of the other moments by the other free values, and Gamma W
        times these; else empty.
    inverse : ndarray or None
        Of the information about the values behind `inner`, along the constraints.
    """

    vcov: Floats
    trace: float
    trace_squared: float
    jacobian: list[Floats]
    inner: list[Floats] = field(default_factory=list)
    pulled: list[Floats] = field(default_factory=list)
    inverse: Floats | None = None


def laws_of(
    task: Task,
    discrepancy: Quadratic,
    profiled: Quadratic | None,
    at: MomentState,
    gamma: Sequence[Floats],
    restricted: Floats | None,
) -> OrderedLaws:
    """Laws of the minimum of a discrepancy.

    Parameters
    ----------
    task : Task
        Robust errors and traces with ``wlsmv``; plain errors otherwise.
    discrepancy : Quadratic
        Of all moments.
    profiled : Quadratic or None
        The same without thresholds, where these fit perfectly.
    at : MomentState
        At the minimum.
    gamma : sequence of ndarray, shape (k, k)
        In the units of the search.
    restricted : ndarray, shape (m, q), or None
        Jacobian of the constraints.
    """
    jacobian = discrepancy.structure.jacobian(at)
    share = np.array([group.n_obs for group in task.sample.groups]) / task.sample.n_obs
    n = float(task.sample.n_obs - len(share))
    robust = task.estimator == "wlsmv"
    if profiled is None or not robust:
        information = _information(jacobian, discrepancy.weight, share)
        inverse = inverse_information(task, information, restricted)
        if not robust:
            return OrderedLaws(vcov=inverse / n, trace=np.nan, trace_squared=np.nan, jacobian=jacobian)
        spread = spread_of(jacobian, discrepancy.weight, gamma, share, inverse)
        vcov = inverse @ spread.meat @ inverse / n
        return OrderedLaws(
            vcov=vcov, trace=spread.trace, trace_squared=spread.trace_squared, jacobian=jacobian
        )
    rows = discrepancy.structure.rows
    _, kept = rows.without_thresholds()
    free = np.flatnonzero(profiled.structure.column >= 0)
    inner = [one[np.ix_(kept, free)] for one in jacobian]
    inverse = _inverse(task, _information(inner, profiled.weight, share), free, restricted)
    within = [shared_block(one, kept, kept) for one in gamma]
    spread = spread_of(inner, profiled.weight, within, share, inverse)
    vcov = np.zeros((len(profiled.structure.column),) * 2)
    outer = inverse @ spread.meat @ inverse / n
    vcov[np.ix_(free, free)] = outer
    _set_thresholds(vcov, outer, discrepancy, profiled, at, jacobian, inner, gamma, inverse, share * n)
    return OrderedLaws(
        vcov=vcov,
        trace=spread.trace,
        trace_squared=spread.trace_squared,
        jacobian=jacobian,
        inner=inner,
        pulled=spread.pulled,
        inverse=inverse,
    )


def _information(jacobian: Sequence[Floats], weight: Sequence[Floats], share: Floats) -> Floats:
    parts = zip(jacobian, weight, share, strict=True)
    return np.asarray(sum(part * (D.T @ weighted(W, D)) for D, W, part in parts), dtype=np.float64)


def _inverse(task: Task, information: Floats, free: Places, restricted: Floats | None) -> Floats:
    """Inverse of the information about all but thresholds, or a refusal by name."""
    diagonal = np.diag(information)
    if restricted is None and (diagonal > 0).all():
        sd = np.sqrt(diagonal)
        scaled = information / np.outer(sd, sd)
        found = solved(scaled, np.eye(len(scaled)))
        # 1 / |inverse| bounds the smallest eigenvalue from below
        if found is not None and np.linalg.norm(found) * _RANK < 1.0:
            return np.asarray(found / np.outer(sd, sd), dtype=np.float64)
    q = task.model.n_positions
    whole = np.eye(q)
    whole[np.ix_(free, free)] = information
    return inverse_information(task, whole, restricted)[np.ix_(free, free)]


def _set_thresholds(
    vcov: Floats,
    outer: Floats,
    discrepancy: Quadratic,
    profiled: Quadratic,
    at: MomentState,
    jacobian: Sequence[Floats],
    inner: Sequence[Floats],
    gamma: Sequence[Floats],
    inverse: Floats,
    counts: Floats,
) -> None:
    """Fill in the covariances of thresholds, each d (tau - mean) being the sample's own threshold."""
    structure, rows = discrepancy.structure, discrepancy.structure.rows
    _, kept = rows.without_thresholds()
    free = np.flatnonzero(profiled.structure.column >= 0)
    n = float(counts.sum())
    slopes, crosses, stretched = [], [], []
    for g, (D, W) in enumerate(zip(inner, profiled.weight, strict=True)):
        slopes.append(jacobian[g][np.ix_(rows.threshold, free)])
        crosses.append(shared_block(gamma[g], rows.threshold, kept) @ weighted(W, D) @ inverse / n)
        stretched.append(1.0 / at.scaling[g][rows.threshold_item])
    for g, count in enumerate(counts):
        own = structure.threshold_position[g]
        with_rest = stretched[g][:, None] * (crosses[g] - slopes[g] @ outer)
        vcov[np.ix_(own, free)] = with_rest
        vcov[np.ix_(free, own)] = with_rest.T
        for h in range(g + 1):
            part = slopes[g] @ outer @ slopes[h].T - crosses[g] @ slopes[h].T - slopes[g] @ crosses[h].T
            if g == h:
                part += shared_block(gamma[g], rows.threshold, rows.threshold) / count
            part *= stretched[g][:, None] * stretched[h]
            other = structure.threshold_position[h]
            vcov[np.ix_(own, other)] = part
            vcov[np.ix_(other, own)] = part.T

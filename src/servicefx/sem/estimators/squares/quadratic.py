"""The least-squares discrepancy of moments and its derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.estimators.squares.moment_vector import MomentState, MomentStructure
from servicefx.sem.structure.derivatives import curvature
from servicefx.sem.structure.matrices import Implied, implied

__all__ = ["Quadratic", "QuadraticState", "weighted"]

Floats = NDArray[np.float64]


def weighted(weight: Floats, right: Floats) -> Floats:
    """Weight times a vector or matrix; a weight of shape (k,) is a diagonal."""
    if weight.ndim == 2:
        return np.asarray(weight @ right, dtype=np.float64)
    return weight * right if right.ndim == 1 else weight[:, None] * right


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QuadraticState:
    """Free values (q,), implied moments, and the sample's less these, shape (G, k)."""

    theta: Floats
    at: MomentState
    gap: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Quadratic:
    r"""The discrepancy :math:`F = \sum_g w_g (s_g - \sigma_g)' W_g (s_g - \sigma_g)`.

    Attributes
    ----------
    structure : MomentStructure
        Of q free values.
    sample : ndarray, shape (G, k)
        s: sample moments, means less the structure's shift.
    weight : tuple of ndarray, shape (k,) or (k, k)
        W: diagonals, or full matrices.
    share : ndarray, shape (G,)
        w: rows of each group over all rows.
    """

    structure: MomentStructure
    sample: Floats
    weight: tuple[Floats, ...]
    share: Floats

    def evaluate(self, theta: Floats) -> tuple[float, QuadraticState | None]:
        """F at free values, and what its derivatives need; ``(inf, None)`` where F does not exist."""
        at = self.structure.at(theta)
        if at is None:
            return np.inf, None
        state = QuadraticState(theta=theta, at=at, gap=self.sample - at.vector)
        value = float(self.share @ self.by_group(state))
        return (value, state) if np.isfinite(value) else (np.inf, None)

    def by_group(self, state: QuadraticState) -> Floats:
        """Each group's own F, shape (G,)."""
        pairs = zip(state.gap, self.weight, strict=True)
        return np.array([float(gap @ weighted(weight, gap)) for gap, weight in pairs])

    def derivatives(self, state: QuadraticState, *, exact: bool) -> tuple[Floats, Floats]:
        """Gradient (q,) and Hessian (q, q) of F / 2.

        The Hessian is Gauss and Newton's; ``exact`` adds the curvature of the moments where every item is
        continuous.
        """
        structure = self.structure
        q = len(state.theta)
        free = np.flatnonzero(structure.column >= 0)
        slope, inner = self.own_derivatives(state)
        if len(free) == q:
            gradient, hessian = slope, inner
        else:  # the rest neither moves nor matters
            gradient, hessian = np.zeros(q), np.eye(q)
            gradient[free] = slope
            hessian[np.ix_(free, free)] = inner
        if exact and not structure.ordered.any():
            hessian = hessian - self._bent(state)
        return gradient, hessian

    def own_derivatives(self, state: QuadraticState) -> tuple[Floats, Floats]:
        """Gradient and Gauss and Newton's Hessian by the free values that have a column."""
        structure = self.structure
        size = int(structure.column.max(initial=-1)) + 1
        slope, inner = np.zeros(size), np.zeros((size, size))
        groups = zip(structure.jacobian(state.at), state.gap, self.weight, self.share, strict=True)
        for jacobian, gap, weight, share in groups:
            heavy = weighted(weight, jacobian)
            slope -= share * (heavy.T @ gap)
            inner += share * (jacobian.T @ heavy)
        return slope, inner

    def _bent(self, state: QuadraticState) -> Floats:
        """Sum of the weighted gaps times the second derivatives of the moments, (q, q)."""
        layout, rows = self.structure.layout, self.structure.rows
        p, size = layout.n_items, layout.n_observed
        lifted = np.zeros((layout.n_groups, size, size))
        within = np.zeros((layout.n_groups, p, p))
        for g in range(layout.n_groups):
            pull = weighted(self.weight[g], state.gap[g])
            within[g][rows.left, rows.right] = pull[rows.pair]
            within[g] += within[g].T
            lifted[g, :p, :p] = within[g]
            if layout.constant is not None:
                by_mean = pull[rows.mean] - within[g] @ state.at.mean[g]
                lifted[g, :p, p] = lifted[g, p, :p] = by_mean
        at: Implied = implied(layout, state.theta, shift=self.structure.shift)
        every = np.concatenate([at.carry, np.swapaxes(at.cross, -1, -2)], axis=-1)
        inner = np.swapaxes(every, -1, -2) @ lifted @ every
        bent = layout.gathered_pairs(curvature(layout, at, inner) * self.share[:, None, None])
        if layout.constant is not None:
            for g, jacobian in enumerate(self.structure.jacobian(state.at)):
                of_mean = jacobian[rows.mean]
                bent = bent - self.share[g] * (of_mean.T @ within[g] @ of_mean)
        return bent

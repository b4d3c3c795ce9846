"""Normal-theory maximum likelihood from moments: the discrepancy, its derivatives, its information."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from servicefx.sem.structure.derivatives import carried, curvature, first, second
from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.matrices import Implied, implied

__all__ = ["Likelihood", "LikelihoodState", "MomentTarget", "inverse_and_log_determinant", "target_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MomentTarget:
    """Sample moments as the discrepancies use them; P = p, or p + 1 with the constant.

    Attributes
    ----------
    second : ndarray, shape (G, P, P)
        Covariances with denominator n; with means a last row and column of 0 and a 1.
    shift : ndarray, shape (G, p), or None
        Sample means.
    share : ndarray, shape (G,)
        n of each group over all n.
    n_obs : int
        Rows of all groups.
    """

    second: Floats
    shift: Floats | None
    share: Floats
    n_obs: int


def target_of(
    covs: list[Floats], means: list[Floats] | None, n_obs: Sequence[float], *, with_means: bool
) -> MomentTarget:
    """Put the moments of every group together.

    Parameters
    ----------
    covs : list of ndarray, shape (p, p)
        One a group, denominator n.
    means : list of ndarray, shape (p,), or None
        Needed where means are modelled.
    n_obs : sequence of float
        Rows of each group, or the sum of their weights.
    with_means : bool
        Whether the constant is carried.
    """
    p, groups = len(covs[0]), len(covs)
    size = p + with_means
    stacked = np.zeros((groups, size, size))
    stacked[:, :p, :p] = np.array(covs)
    if with_means:
        stacked[:, p, p] = 1.0
    counts = np.array(n_obs, dtype=np.float64)
    shift = np.array(means) if with_means and means is not None else None
    total = float(counts.sum())
    return MomentTarget(second=stacked, shift=shift, share=counts / total, n_obs=round(total))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LikelihoodState:
    """Implied matrices and the inverses of sigma, shape (G, P, P), at one set of free values."""

    at: Implied
    inverse: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Likelihood:
    r"""The maximum-likelihood discrepancy of a layout and sample moments.

    :math:`F = \sum_g w_g (\log|\Sigma_g| + tr(S_g \Sigma_g^{-1}) + d_g'\Sigma_g^{-1}d_g - \log|S_g| - p)`,
    with d the difference of sample and implied means (Jöreskog 1967, Psychometrika 32, 443-482). The constant
    in the second moments carries the means: determinant and trace of the larger matrices give the same F.
    """

    layout: Layout
    target: MomentTarget
    log_determinant: Floats
    """Of each group's sample covariances, shape (G,)."""

    @classmethod
    def of(cls, layout: Layout, target: MomentTarget) -> Likelihood:
        """With the determinants of the sample worked out once."""
        return cls(layout=layout, target=target, log_determinant=np.linalg.slogdet(target.second)[1])

    def evaluate(self, theta: Floats) -> tuple[float, LikelihoodState | None]:
        """F and what its derivatives need; ``(inf, None)`` where a sigma is not positive definite."""
        try:
            at = implied(self.layout, theta, shift=self.target.shift)
        except np.linalg.LinAlgError:
            return np.inf, None
        found = inverse_and_log_determinant(at.sigma)
        if found is None:
            return np.inf, None
        inverse, log_determinant = found
        trace = np.einsum("gij,gij->g", self.target.second, inverse)
        by_group = log_determinant + trace - self.log_determinant - self.layout.n_observed
        value = float(self.target.share @ by_group)
        return (value, LikelihoodState(at=at, inverse=inverse)) if np.isfinite(value) else (np.inf, None)

    def derivatives(self, state: LikelihoodState, *, exact: bool) -> tuple[Floats, Floats]:
        """Gradient (q,) and (expected or exact) Hessian (q, q) of F / 2."""
        layout, at, inverse = self.layout, state.at, state.inverse
        share = self.target.share[:, None, None]
        weight = inverse - inverse @ self.target.second @ inverse
        if not exact:
            columns = carried(layout, at)
            gradient = layout.gathered(first(layout, columns, weight) * share[..., 0])
            inner = np.swapaxes(columns, -1, -2) @ inverse @ columns
            return gradient, layout.gathered_pairs(0.5 * second(layout, inner) * share)
        every = carried(layout, at, every=True)
        crossed = np.swapaxes(every, -1, -2) @ weight @ every
        used = layout.used
        of_weight = crossed[:, used[:, None], used]
        columns = every[..., used]
        inner = np.swapaxes(columns, -1, -2) @ inverse @ columns
        by_cell = layout.share * of_weight[..., layout.left, layout.right]
        hessian = (
            0.5 * second(layout, inner) - second(layout, of_weight, inner) + curvature(layout, at, crossed)
        )
        return layout.gathered(by_cell * share[..., 0]), layout.gathered_pairs(hessian * share)

    def information(self, theta: Floats, *, observed: bool = False) -> Floats:
        """Expected (or observed) information of one row about the free values, shape (q, q)."""
        _, state = self.evaluate(theta)
        if state is None:
            raise ValueError("no information where the implied covariances are not positive definite")
        return self.derivatives(state, exact=observed)[1]


def inverse_and_log_determinant(sigma: Floats) -> tuple[Floats, Floats] | None:
    """Inverses (G, P, P) and log determinants (G,); None where one is not positive definite."""
    inverse = np.empty_like(sigma)
    log_determinant = np.empty(len(sigma))
    for g in range(len(sigma)):
        root, failed = lapack.dpotrf(sigma[g], lower=1, clean=1)
        if failed:
            return None
        half, failed = lapack.dpotri(root, lower=1)
        if failed:
            return None
        lower = np.tril(half, -1)
        inverse[g] = lower + lower.T
        np.fill_diagonal(inverse[g], half.diagonal())
        log_determinant[g] = 2.0 * np.log(root.diagonal()).sum()
    return inverse, log_determinant

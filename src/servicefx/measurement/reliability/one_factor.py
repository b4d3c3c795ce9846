"""One-factor maximum likelihood for many covariance matrices at once, and its derivative in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["OneFactorBatch", "covariance_slope", "fit_one_factor_batch"]

Floats = NDArray[np.float64]
_GRADIENT = 1e-10
"""Slope of the discrepancy in a log uniqueness at which a matrix is solved."""
_STEEP = 1e-6
"""Slope in a uniqueness itself above which a flat log uniqueness is on its way to zero, not at a minimum."""
_COLLAPSED = np.log(1e-7)
"""Log share of an item's variance below which its uniqueness has run to the boundary (Heywood case)."""
_SINGULAR = 1e-10
"""Smallest eigenvalue of a correlation matrix below which an item can be computed from the others."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OneFactorBatch:
    """One-factor solutions of b covariance matrices of p items, in the items' units.

    Attributes
    ----------
    loadings, uniquenesses : ndarray, shape (b, p)
        The loadings' sum is positive; NaN rows where there is no admissible solution.
    solved : ndarray of bool, shape (b,)
    singular : ndarray of bool, shape (b,)
        An item does not vary or can be computed exactly from the others.
    heywood : ndarray of int, shape (b,)
        Position of the item whose uniqueness ran to zero (or below: two items); -1 where none did.
    values : ndarray, shape (b, p)
        Eigenvalues of the covariances divided by the roots of the uniquenesses, ascending; for p > 2.
    vectors : ndarray, shape (b, p, p)
        Their eigenvectors, as columns.
    """

    loadings: Floats
    uniquenesses: Floats
    solved: NDArray[np.bool_]
    singular: NDArray[np.bool_]
    heywood: NDArray[np.intp]
    values: Floats
    vectors: Floats


def fit_one_factor_batch(covariances: Floats, *, max_iterations: int = 200) -> OneFactorBatch:
    r"""Maximum-likelihood loadings of items on one common factor, for every covariance matrix.

    Parameters
    ----------
    covariances : ndarray, shape (b, p, p)
        Of p >= 2 items. With two items the loadings are held equal in the items' units.
    max_iterations : int
        Newton steps before a matrix counts as not solved.

    Returns
    -------
    OneFactorBatch

    Notes
    -----
    With the loadings maximised out, the discrepancy of the uniquenesses is
    :math:`f = \sum_{m > 1} (\gamma_m - \log \gamma_m - 1)`, :math:`\gamma` being the eigenvalues of
    :math:`\Psi^{-1/2} S \Psi^{-1/2}` in descending order; Newton's method in :math:`\log \psi` uses the exact
    second derivatives (Clarke's), where these are positive definite.

    References
    ----------
    Jöreskog (1967), Psychometrika 32, 443-482; Clarke (1970), Br. J. Math. Stat. Psychol. 23, 43-52.
    """
    S = np.asarray(covariances, dtype=np.float64)
    b, p = S.shape[0], S.shape[-1]
    if p < 2:
        raise ValueError(f"one factor needs at least 2 items, not {p}")
    variance = np.diagonal(S, axis1=1, axis2=2)
    varies: NDArray[np.bool_] = np.asarray((variance > 0).all(axis=1) & np.isfinite(S).all(axis=(1, 2)))
    sd = np.sqrt(np.where(varies[:, None], variance, 1.0))
    R = np.where(varies[:, None, None], S, np.eye(p)) / (sd[:, :, None] * sd[:, None, :])
    singular = ~varies | (np.linalg.eigvalsh(R)[:, 0] < _SINGULAR)
    if p == 2:
        return _two_items(S, singular)
    theta = np.zeros((b, p))
    solved, heywood = np.zeros(b, dtype=np.bool_), np.full(b, -1, dtype=np.intp)
    regular = np.flatnonzero(~singular)
    least = np.full(b, np.inf)
    for start in _starts(R[regular]):
        reached = np.zeros((b, p))
        reached[regular] = start
        found, ran_off, value = _minimise(R, reached, regular, max_iterations)
        better = np.isfinite(value) & (value < least - 1e-9)
        theta[better], solved[better], heywood[better] = reached[better], found[better], ran_off[better]
        least[better] = value[better]
    values, vectors = _eigen(R, theta)
    size = np.sqrt(np.clip(values[:, -1] - 1, 0, None))
    solved &= size > 0
    loadings = np.exp(theta / 2) * vectors[:, :, -1] * size[:, None] * sd
    loadings *= np.where(loadings.sum(axis=1) < 0, -1.0, 1.0)[:, None]
    nothing = ~solved[:, None]
    return OneFactorBatch(
        loadings=np.where(nothing, np.nan, loadings),
        uniquenesses=np.where(nothing, np.nan, np.exp(theta) * sd**2),
        solved=solved,
        singular=singular,
        heywood=heywood,
        values=values,
        vectors=vectors,
    )


def _two_items(S: Floats, singular: NDArray[np.bool_]) -> OneFactorBatch:
    shared = S[:, 0, 1]
    unique = np.diagonal(S, axis1=1, axis2=2) - shared[:, None]
    heywood = np.where((unique <= 0).any(axis=1) & ~singular, unique.argmin(axis=1), -1)
    solved = (shared > 0) & (heywood < 0) & ~singular
    loadings = np.sqrt(np.where(solved, shared, np.nan))[:, None] * np.ones(2)
    return OneFactorBatch(
        loadings=loadings,
        uniquenesses=np.where(solved[:, None], unique, np.nan),
        solved=solved,
        singular=singular,
        heywood=heywood,
        values=np.empty((len(S), 0)),
        vectors=np.empty((len(S), 0, 0)),
    )


def _starts(R: Floats) -> tuple[Floats, Floats]:
    """Log uniquenesses to start from, shape (b, p): from multiple correlations, and from one component.

    Two items that nearly repeat one another make a minimum of their own; the lower of the two is the answer.
    """
    p = R.shape[-1]
    multiple = np.log(1 - 0.5 / p) - np.log(np.diagonal(np.linalg.inv(R), axis1=1, axis2=2))
    values, vectors = np.linalg.eigh(R)
    component = np.log(np.maximum(1 - values[:, -1:] * vectors[:, :, -1] ** 2, 0.05))
    return np.asarray(multiple, dtype=np.float64), np.asarray(component, dtype=np.float64)


def _eigen(R: Floats, theta: Floats) -> tuple[Floats, Floats]:
    root = np.exp(-theta / 2)
    values, vectors = np.linalg.eigh(R * root[:, :, None] * root[:, None, :])
    return values, vectors


def _minimise(
    R: Floats, theta: Floats, active: NDArray[np.intp], max_iterations: int
) -> tuple[NDArray[np.bool_], NDArray[np.intp], Floats]:
    """Move log uniquenesses, in place, to a minimum: which rows got there, whose item ran off, discrepancy.

    The discrepancy is infinite where neither happened.
    """
    solved = np.zeros(len(R), dtype=np.bool_)
    heywood = np.full(len(R), -1, dtype=np.intp)
    best = np.full(len(R), np.inf)
    step = np.zeros_like(theta)
    for _ in range(max_iterations):
        if not active.size:
            break
        values, vectors = _eigen(R[active], theta[active])
        rest = np.clip(values[:, :-1], 1e-300, None)
        now = (rest - np.log(rest) - 1).sum(axis=1)
        worse = now > best[active] + 1e-12 * np.maximum(1.0, best[active])
        back = active[worse]
        step[back] /= 4
        theta[back] -= 3 * step[back]
        fine, at = ~worse, active[~worse]
        gradient, hessian = _slopes(values[fine], vectors[fine])
        best[at] = now[fine]
        ran_off = theta[at].min(axis=1) < _COLLAPSED
        heywood[at[ran_off]] = theta[at[ran_off]].argmin(axis=1)
        flat = (np.abs(gradient).max(axis=1) < _GRADIENT) & ~ran_off
        steep = gradient * np.exp(-theta[at])
        sinking = flat & (steep.max(axis=1) > _STEEP)
        done = flat & ~sinking
        solved[at[done]] = True
        on = ~(ran_off | done)
        going = at[on]
        if going.size:
            move = -np.linalg.solve(hessian[on], gradient[on][:, :, None])[:, :, 0]
            longest = np.abs(move).max(axis=1, keepdims=True)
            move *= np.minimum(1.0, 2.0 / np.where(longest > 0, longest, 1.0))
            lost = np.flatnonzero(sinking[on])
            move[lost] = 0.0
            move[lost, steep[on][lost].argmax(axis=1)] = -2.0
            step[going] = move
            theta[going] += step[going]
        active = np.concatenate((going, back))
    return solved, heywood, np.where(solved | (heywood >= 0), best, np.inf)


def _slopes(values: Floats, vectors: Floats) -> tuple[Floats, Floats]:
    """Gradient (b, p) and second derivatives (b, p, p) in the log uniquenesses, the latter made definite."""
    rest, first = vectors[:, :, :-1], vectors[:, :, -1]
    low, top = values[:, :-1], values[:, -1:]
    gradient = ((1 - low)[:, None, :] * rest**2).sum(axis=2)
    turned = np.swapaxes(rest, 1, 2)
    projector = rest @ turned
    residual = (rest * low[:, None, :]) @ turned
    apart = np.where(top - low > 1e-12, top - low, 1e-12)
    bend = (rest * ((1 - low) * (top + low) / apart)[:, None, :]) @ turned
    exact = residual * projector + bend * (first[:, :, None] * first[:, None, :])
    definite = np.linalg.eigvalsh(exact)[:, 0] > 1e-10 * np.trace(exact, axis1=1, axis2=2)
    ridge = 1e-9 * np.eye(values.shape[1])
    return gradient, np.where(definite[:, None, None], exact, projector**2 + ridge)


def covariance_slope(fit: OneFactorBatch, by_loading: Floats, by_uniqueness: Floats) -> Floats:
    """Derivative in the covariances of a number computed from loadings and uniquenesses.

    Parameters
    ----------
    fit : OneFactorBatch
        Of b matrices.
    by_loading, by_uniqueness : ndarray, shape (b, p)
        Derivatives of the number in each loading and each uniqueness, both in the items' units.

    Returns
    -------
    ndarray, shape (b, p, p)
        Symmetric G: the number moves by sum(G * dS) as the covariances move by a symmetric dS. NaN where the
        solution is.

    Notes
    -----
    Implicit differentiation of the stationary point, so that influence functions made from it give the
    distribution-free sandwich error with observed information.
    """
    b, p = fit.loadings.shape
    if p == 2:
        G = np.zeros((b, 2, 2))
        G[:, 0, 0], G[:, 1, 1] = by_uniqueness.T
        shared = (by_loading / (2 * fit.loadings)).sum(axis=1) - by_uniqueness.sum(axis=1)
        G[:, 0, 1] = G[:, 1, 0] = shared / 2
        return G
    good = np.flatnonzero(fit.solved)
    G = np.full((b, p, p), np.nan)
    values, vectors = fit.values[good], fit.vectors[good]
    psi, loadings = fit.uniquenesses[good], fit.loadings[good]
    root = np.sqrt(psi)
    top = values[:, -1:]
    size = np.sqrt(top - 1)
    sign = np.sign((vectors[:, :, -1] * loadings).sum(axis=1))[:, None]
    turned = np.swapaxes(vectors, 1, 2)
    pull = (turned @ (sign * root * by_loading[good])[:, :, None])[:, :, 0]
    apart = np.where(top - values > 0, top - values, 1.0)
    direct = np.zeros((len(good), p, p))
    direct[:, -1, :] = direct[:, :, -1] = pull * size / (2 * apart)
    direct[:, -1, -1] = pull[:, -1] / (2 * size[:, 0])
    # what the number loses by moving a log uniqueness with the covariances held
    scaled = vectors @ (direct * (values[:, :, None] + values[:, None, :])) @ turned
    by_log = 0.5 * by_loading[good] * loadings + by_uniqueness[good] * psi
    by_log -= 0.5 * np.einsum("bii->bi", scaled)
    _, hessian = _slopes(values, vectors)
    u = np.linalg.solve(hessian, by_log[:, :, None])[:, :, 0]
    inner = turned @ (u[:, :, None] * vectors)
    through = -inner
    edge = -(1 - values) / apart * inner[:, :, -1]
    through[:, :, -1] = through[:, -1, :] = edge
    through[:, -1, -1] = 0.0
    whole = vectors @ (direct - through) @ turned
    G[good] = whole / (root[:, :, None] * root[:, None, :])
    return G

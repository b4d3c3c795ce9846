"""rho_A: reliability of composites whose weights come from how items go with the other constructs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["mode_a_weights", "rho_a", "rho_a_of"]

Floats = NDArray[np.float64]


def rho_a(correlation: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    r"""Reliability of a weighted score of reflective items (rho_A).

    Parameters
    ----------
    correlation : ndarray, shape (p, p)
        Of the items.
    weights : ndarray, shape (p,)
        Outer weights of the composite, any scale.

    Returns
    -------
    float
        Squared correlation of score and construct; may leave [0, 1] in small samples. NaN for one item, or
        where the weights leave nothing between items.

    Notes
    -----
    :math:`\rho_A = (w'w)^2 \cdot w'(S - \mathrm{diag} S)w / w'(ww' - \mathrm{diag}(ww'))w` with w scaled to
    :math:`w'Sw = 1`. Consistent where w is proportional to the loadings, as PLS Mode A weights are in a
    common-factor model with other constructs.

    References
    ----------
    Dijkstra & Henseler (2015), MIS Quarterly 39, 297-316, eq. 3. doi:10.25300/MISQ/2015/39.2.02

    Examples
    --------
    >>> loadings = np.array([0.8, 0.7, 0.6])
    >>> R = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    >>> round(rho_a(R, loadings), 4)
    0.7575
    """
    return float(
        rho_a_of(np.asarray(correlation, dtype=np.float64), np.asarray(weights, dtype=np.float64))[()]
    )


def rho_a_of(correlations: Floats, weights: Floats) -> Floats:
    """rho_A of every correlation matrix (..., p, p) and weight vector (..., p)."""
    size = (weights**2).sum(axis=-1)
    score = np.einsum("...i,...ij,...j->...", weights, correlations, weights)
    diagonal = np.diagonal(correlations, axis1=-2, axis2=-1)
    between = score - (weights**2 * diagonal).sum(axis=-1)
    cross = size**2 - (weights**4).sum(axis=-1)
    there = (score > 0) & (cross > 1e-12 * size**2)
    scale = np.where(there, score, 1.0)
    # w scaled by 1 / sqrt(score): (w'w)^2 by score^-2, between by score^-1, cross by score^-2
    return np.asarray(
        np.where(there, size**2 * between / (np.where(there, cross, 1.0) * scale), np.nan), dtype=np.float64
    )


def mode_a_weights(
    correlations: Floats, blocks: tuple[NDArray[np.intp], ...], *, max_iterations: int = 300
) -> Floats:
    """PLS Mode A weights with every construct tied to every other (factorial scheme).

    Parameters
    ----------
    correlations : ndarray, shape (b, p, p)
        Of all items.
    blocks : tuple of ndarray of int
        Positions of each construct's items; two constructs at least.
    max_iterations : int
        Steps before a matrix counts as not solved.

    Returns
    -------
    ndarray, shape (b, p)
        Weights of standardised scores; NaN rows where the steps did not settle (1e-10).
    """
    member = np.zeros((correlations.shape[1], len(blocks)))
    for number, block in enumerate(blocks):
        member[block, number] = 1.0
    b = len(correlations)
    weights = np.zeros((b, correlations.shape[1]))
    weights[:] = member.sum(axis=1)
    result = np.full_like(weights, np.nan)
    active = np.flatnonzero(np.isfinite(correlations).all(axis=(1, 2)))
    R, w = correlations[active], _scaled(weights[active], correlations[active], member)
    for _ in range(max_iterations):
        if not active.size:
            break
        onto = R @ (w[:, :, None] * member)
        inner = np.swapaxes(w[:, :, None] * member, 1, 2) @ onto
        inner[:, np.arange(len(blocks)), np.arange(len(blocks))] = 0.0
        new = _scaled(((onto @ inner) * member).sum(axis=2), R, member)
        settled = np.abs(np.abs(new) - np.abs(w)).max(axis=1) < 1e-10
        result[active[settled]] = new[settled]
        active, R, w = active[~settled], R[~settled], new[~settled]
    return result


def _scaled(weights: Floats, R: Floats, member: Floats) -> Floats:
    """Weights of scores with variance 1, by block."""
    spread = weights[:, :, None] * member
    variance = np.einsum("bpk,bpk->bk", spread, R @ spread)
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = (spread / np.sqrt(variance)[:, None, :]).sum(axis=2)
    known: Floats = np.nan_to_num(scaled)
    return known

"""Derivatives of functions of the implied moments, gathered cell by cell from small products.

Every free cell changes sigma by a matrix of rank two, c (u w' + w u'), with u and w among the columns of
[carry, cross']; nothing of the size of all pairs of covariances is formed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.matrices import Implied

__all__ = ["carried", "curvature", "first", "jacobian", "second"]

Floats = NDArray[np.float64]


def carried(layout: Layout, at: Implied, *, every: bool = False) -> Floats:
    """The columns u and w are taken from: (..., G, P, k), or all 2 v of them."""
    columns = np.concatenate([at.carry, np.swapaxes(at.cross, -1, -2)], axis=-1)
    return columns if every else np.asarray(columns[..., layout.used], dtype=np.float64)


def first(layout: Layout, columns: Floats, weight: Floats) -> Floats:
    """Half of tr(weight dsigma) for every cell: shapes (..., G, P, k) and (..., G, P, P) -> (..., G, c)."""
    inner = np.swapaxes(columns, -1, -2) @ weight @ columns
    return np.asarray(layout.share * inner[..., layout.left, layout.right], dtype=np.float64)


def second(layout: Layout, inner: Floats, other: Floats | None = None) -> Floats:
    """The trace tr(M dsigma_a K dsigma_b) for all pairs of cells, symmetric in M and K.

    Parameters
    ----------
    layout : Layout
        With c cells.
    inner, other : ndarray, shape (G, k, k)
        ``columns' M columns`` and ``columns' K columns``; K is M where only one is given.

    Returns
    -------
    ndarray, shape (G, c, c)
    """
    k = inner.shape[-1]
    c = len(layout.row)
    lead = inner.shape[:-2]
    flat = inner.reshape(*lead, k * k)
    left, right = layout.left, layout.right
    across = (left[:, None] * k + right).ravel()
    ll = (left[:, None] * k + left).ravel()
    rr = (right[:, None] * k + right).ravel()

    def take(source: Floats, places: NDArray[np.intp]) -> Floats:
        return np.asarray(source.take(places, axis=-1).reshape(*lead, c, c), dtype=np.float64)

    if other is None:
        crossed = take(flat, across)
        result = take(flat, ll) * take(flat, rr)
        result += crossed * np.swapaxes(crossed, -1, -2)
        result *= 2.0
    else:
        flat_other = other.reshape(*lead, k * k)
        crossed = take(flat, across) * np.swapaxes(take(flat_other, across), -1, -2)
        result = take(flat, ll) * take(flat_other, rr) + take(flat, rr) * take(flat_other, ll)
        result += crossed + np.swapaxes(crossed, -1, -2)
    result *= layout.share[:, None] * layout.share
    return np.asarray(result, dtype=np.float64)


def curvature(layout: Layout, at: Implied, inner: Floats) -> Floats:
    """Half of tr(M d2sigma) for all pairs of cells, shape (G, c, c).

    Parameters
    ----------
    layout : Layout
        With c cells.
    at : Implied
        Without leading axes.
    inner : ndarray, shape (G, 2 v, 2 v)
        ``columns' M columns`` over every column (``carried(..., every=True)``).
    """
    v = layout.n_variables
    groups, c = at.total.shape[-3], len(layout.row)
    result = np.zeros((groups, c, c))
    a, s = np.flatnonzero(layout.directed), np.flatnonzero(~layout.directed)
    i, j = layout.row[a], layout.column[a]
    k, ell = layout.row[s], layout.column[s]
    for g in range(groups):
        total, weight = at.total[g], inner[g]
        full = total @ at.symmetric[g] @ total.T
        half = total[j[None, :], i[:, None]] * weight[i[None, :], v + j[:, None]]
        result[g][np.ix_(a, a)] = half + half.T + full[np.ix_(j, j)] * weight[np.ix_(i, i)]
        mixed = total[np.ix_(j, k)] * weight[np.ix_(i, ell)] + total[np.ix_(j, ell)] * weight[np.ix_(i, k)]
        mixed *= layout.share[s]
        result[g][np.ix_(a, s)] = mixed
        result[g][np.ix_(s, a)] = mixed.T
    return result


def jacobian(layout: Layout, at: Implied) -> Floats:
    """Derivatives of sigma by cell: (G, P, P, c)."""
    columns = carried(layout, at)
    u = columns[..., layout.left] * layout.share
    w = columns[..., layout.right]
    outer = u[:, :, None, :] * w[:, None, :, :]
    return np.asarray(outer + np.swapaxes(outer, 1, 2), dtype=np.float64)

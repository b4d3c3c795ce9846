"""R² of every set of drivers, and of orders of entry, for many correlation matrices at once."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "balanced_orders",
    "entry_increments",
    "explained_by_subsets",
    "increments_in_order",
    "shapley_weights",
    "size_weights",
]

Floats = NDArray[np.float64]
_NOTHING_LEFT = 1e-10
"""A driver whose share of variance not explained by those before it is below this adds nothing."""
_CELLS = 2_000_000
"""Cells of the largest array made on the way: 16 MB."""
_CACHED = 60_000
"""Cells that stay in a processor's cache."""


def explained_by_subsets(correlations: Floats) -> Floats:
    """R² of the outcome on every subset of the drivers.

    Parameters
    ----------
    correlations : ndarray, shape (m, p + 1, p + 1)
        Correlation matrices, the outcome first; drivers may be collinear, even copies of each other.

    Returns
    -------
    ndarray, shape (2**p, m)
        Subset s holds driver j where bit j of s is set; in [0, 1] up to rounding, the empty set 0.

    Notes
    -----
    Drivers are taken one after the other: the residual covariances of all later variables given a subset
    yield those of the subset with the driver by one elimination, so that a subset costs one step, not one
    inversion. A driver that the subset already determines adds nothing, as in any projection.

    Examples
    --------
    >>> one = np.array([[[1.0, 0.6, 0.3], [0.6, 1.0, 0.0], [0.3, 0.0, 1.0]]])
    >>> explained_by_subsets(one)[:, 0].round(2).tolist()
    [0.0, 0.36, 0.09, 0.45]
    """
    m, p = len(correlations), correlations.shape[1] - 1
    out = np.empty((2**p, m))
    step = max(1, _CELLS // 2**p)
    for start in range(0, m, step):
        out[:, start : start + step] = _explained(correlations[start : start + step])
    return out


def _explained(correlations: Floats) -> Floats:
    """One block of `explained_by_subsets`: later variables lead, subsets and matrices follow."""
    left = np.ascontiguousarray(correlations.transpose(1, 2, 0))[:, :, None, :]
    p = len(left) - 1
    for _ in range(p):
        # the outcome stands first, the driver to be taken second, later drivers behind
        pivot = left[1, 1]
        kept = np.r_[0, 2 : len(left)]
        size, (subsets, matrices) = len(kept), pivot.shape
        after = np.empty((size, size, 2 * subsets, matrices))
        after[:, :, :subsets] = left[np.ix_(kept, kept)]
        there = pivot > _NOTHING_LEFT
        inverse = np.where(there, 1.0 / np.where(there, pivot, 1.0), 0.0)
        column = left[kept, 1]
        for row in range(size):
            scaled = column[row] * inverse
            for other in range(row, size):
                np.multiply(scaled, column[other], out=after[row, other, subsets:])
                np.subtract(
                    after[row, other, :subsets],
                    after[row, other, subsets:],
                    out=after[row, other, subsets:],
                )
                if other > row:
                    after[other, row, subsets:] = after[row, other, subsets:]
        left = after
    return np.asarray(1.0 - left[0, 0], dtype=np.float64)


def shapley_weights(p: int) -> Floats:
    """Weights of the subsets' R² in each driver's average increment, shape (p, 2**p).

    A driver's row holds (|s|-1)! (p-|s|)! / p! at subsets with it and -|s|! (p-|s|-1)! / p! at those without
    it; the rows add up to +1 at the full set, -1 at the empty one, 0 elsewhere.

    Examples
    --------
    >>> shapley_weights(2).tolist()
    [[-0.5, 0.5, -0.5, 0.5], [-0.5, -0.5, 0.5, 0.5]]
    """
    return np.asarray(size_weights(p).mean(axis=1), dtype=np.float64)


def size_weights(p: int) -> Floats:
    """Weights of the subsets' R² in a driver's mean increment to subsets of each size.

    Returns
    -------
    ndarray, shape (p, p, 2**p)
        Driver, number of drivers already there (0 to p - 1), subset.
    """
    subsets = np.arange(2**p)
    members = (subsets[:, None] >> np.arange(p)) & 1
    sizes = members.sum(axis=1)
    ways = np.array([comb(p - 1, size) for size in range(p)], dtype=np.float64)
    weights = np.zeros((p, p, 2**p))
    for driver in range(p):
        inside = members[:, driver] == 1
        weights[driver, sizes[inside] - 1, subsets[inside]] = 1.0 / ways[sizes[inside] - 1]
        weights[driver, sizes[~inside], subsets[~inside]] = -1.0 / ways[sizes[~inside]]
    return weights


def entry_increments(correlations: Floats, orders: NDArray[np.intp]) -> Floats:
    """Mean increment of R² of each driver over given orders of entry.

    Parameters
    ----------
    correlations : ndarray, shape (m, p + 1, p + 1)
        The outcome first; drivers may be collinear.
    orders : ndarray of int, shape (n_blocks, n_orders, p)
        Each row holds 0 to p - 1 once.

    Returns
    -------
    ndarray, shape (m, n_blocks, p)
        Means over the orders of a block; each sums to R².
    """
    n_blocks, n_orders, p = orders.shape
    rows = orders.reshape(-1, p)
    answer = np.empty((len(correlations), n_blocks, p))
    step = max(1, _CACHED // (p + 1) ** 2)
    gains = np.empty((len(rows), p))
    for at, correlation in enumerate(correlations):
        for start in range(0, len(rows), step):
            gains[start : start + step] = _gains(correlation, rows[start : start + step])
        answer[at] = gains.reshape(n_blocks, n_orders, p).mean(axis=1)
    return answer


def balanced_orders(p: int, n_blocks: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Random orders of entry in which every driver stands equally often at every place.

    Returns
    -------
    ndarray of int, shape (n_blocks, 2 p, p)
        A block is a random order, its cyclic shifts, and all of them reversed: the place explains most of
        what an increment depends on, so balancing it leaves little to chance.
    """
    first = np.array([rng.permutation(p) for _ in range(n_blocks)], dtype=np.intp)
    shifts = (np.arange(p)[:, None] + np.arange(p)) % p
    turned = first[:, shifts]
    return np.concatenate([turned, turned[:, :, ::-1]], axis=1)


def increments_in_order(correlations: Floats, order: NDArray[np.intp]) -> Floats:
    """What each driver adds to R² in one order of entry, for all matrices at once.

    Parameters
    ----------
    correlations : ndarray, shape (m, p + 1, p + 1)
        The outcome first; drivers may be collinear.
    order : ndarray of int, shape (p,)
        Holds 0 to p - 1 once.

    Returns
    -------
    ndarray, shape (m, p)
        By driver, not by place; each row sums to R².
    """
    places = np.r_[order + 1, 0]
    left = np.ascontiguousarray(correlations[:, places[:, None], places].transpose(1, 2, 0))
    answer = np.empty((len(correlations), len(order)))
    answer[:, order] = _eliminated(left).T
    return answer


def _gains(correlation: Floats, orders: NDArray[np.intp]) -> Floats:
    """What each driver adds to R² in each order, shape (n_orders, p)."""
    n, p = orders.shape
    places = np.column_stack([orders + 1, np.zeros(n, dtype=np.intp)]).T
    gains = np.empty((n, p))
    entered = _eliminated(correlation[places[:, None, :], places[None, :, :]])
    gains[np.arange(n)[:, None], orders] = entered.T
    return gains


def _eliminated(left: Floats) -> Floats:
    """What each variable but the last adds to the explained variance of the last, shape (p, n).

    ``left`` are n covariance matrices, shape (p + 1, p + 1, n); a pivot of nothing adds nothing.
    """
    gains = np.empty((len(left) - 1, left.shape[2]))
    for step in range(len(gains)):
        pivot = left[0, 0]
        there = pivot > _NOTHING_LEFT
        scaled = left[0, 1:] * np.where(there, 1.0 / np.where(there, pivot, 1.0), 0.0)
        gains[step] = scaled[-1] * left[0, -1]
        left = left[1:, 1:] - scaled[:, None, :] * left[0, None, 1:]
    return gains

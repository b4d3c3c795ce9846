"""Weighted cross-products of all resamples at once, and the equations they stand in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RowProducts", "row_products", "solved_equations"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RowProducts:
    """Products of every two columns in every row, so that a block of resamples costs one matrix product.

    Attributes
    ----------
    products : ndarray, shape (n, k (k + 1) / 2)
    left, right : ndarray of int
        Which two columns each is of.
    k : int
        Columns.
    """

    products: Floats
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    k: int

    def summed(self, weights: Floats) -> Floats:
        """Cross-products of the columns under the weights of every resample, (b, n) -> (b, k, k)."""
        answer = np.empty((len(weights), self.k, self.k))
        answer[:, self.left, self.right] = weights @ self.products
        answer[:, self.right, self.left] = answer[:, self.left, self.right]
        return answer


def row_products(x: Floats) -> RowProducts:
    """Products of every two columns of x, shape (n, k), and of each with itself."""
    left, right = np.triu_indices(x.shape[1])
    return RowProducts(products=x[:, left] * x[:, right], left=left, right=right, k=x.shape[1])


def solved_equations(grams: Floats, moments: Floats, least: float) -> Floats:
    """Solutions of a block of normal equations.

    Parameters
    ----------
    grams, moments : ndarray, shapes (b, k, k) and (b, k)
        Symmetric; not finite where a resample has none.
    least : float
        Smallest eigenvalue of a matrix scaled to a diagonal of ones that is not called singular.

    Returns
    -------
    ndarray, shape (b, k)
        NaN rows where a matrix is singular or something is not finite.
    """
    answer = np.full_like(moments, np.nan)
    known = np.asarray(np.isfinite(grams).all(axis=(1, 2)) & np.isfinite(moments).all(axis=1))
    size = np.sqrt(np.einsum("bii->bi", np.where(known[:, None, None], grams, 0.0)))
    some = np.flatnonzero(known & (size > 0).all(axis=1))
    unit = grams[some] / (size[some, :, None] * size[some, None, :])
    regular = np.linalg.eigvalsh(unit)[:, 0] > least
    chosen = some[regular]
    right = (moments[chosen] / size[chosen])[:, :, None]
    answer[chosen] = np.linalg.solve(unit[regular], right)[:, :, 0] / size[chosen]
    return answer

"""Thresholds of ordinal columns, what one answer does to them, and the tables of all pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from servicefx.moments.bivariate import normal_pdf

__all__ = ["Thresholds", "thresholds"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
_INFINITY = 40.0
"""Threshold of categories a column does not have: the density there is exactly zero."""
_ROWS = 65536
"""Rows counted at once."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Thresholds:
    """Thresholds of q ordinal columns with up to K categories.

    Attributes
    ----------
    tau : ndarray, shape (q, K - 1)
        On the standard normal scale; 40 beyond a column's own.
    n_levels : ndarray of int, shape (q,)
    influence : ndarray, shape (q, K - 1, K)
        Influence on a threshold of one answer in each category; 0 beyond a column's own.
    tables : ndarray, shape (q (q - 1) / 2, K, K)
        Counts of the pairs (later column x earlier column), pairs below the diagonal column by column.
    """

    tau: Floats
    n_levels: Codes
    influence: Floats
    tables: Floats


def thresholds(codes: Codes, n_levels: Codes) -> Thresholds:
    r"""Thresholds, their influence functions, and the tables of all pairs.

    Parameters
    ----------
    codes : ndarray of int, shape (q, n)
        Categories 0, 1, … of each column, all observed.
    n_levels : ndarray of int, shape (q,)

    Returns
    -------
    Thresholds
        :math:`\tau_t = \Phi^{-1}(\hat P(y \le t))`, of which one answer's influence is
        :math:`(1[y \le t] - \hat P(y \le t)) / \phi(\tau_t)`.

    References
    ----------
    Olsson (1979), Psychometrika 44, 443-460 (two-step estimation).
    """
    q, n = codes.shape
    most = int(n_levels.max())
    counts = _cross_counts(codes, most)
    share = np.cumsum(np.einsum("iaia->ia", counts), axis=1)[:, :-1] / n
    own = np.arange(most - 1) < (n_levels - 1)[:, None]
    tau = np.where(own, ndtri(np.where(own, share, 0.5)), _INFINITY)
    height = np.where(own, normal_pdf(tau), np.inf)
    below = np.arange(most) <= np.arange(most - 1)[:, None]
    influence = (below - share[:, :, None]) / height[:, :, None]
    earlier, later = np.triu_indices(q, 1)
    return Thresholds(tau=tau, n_levels=n_levels, influence=influence, tables=counts[later, :, earlier])


def _cross_counts(codes: Codes, most: int) -> Floats:
    """Counts of every pair of categories of every pair of columns, shape (q, K, q, K)."""
    q, n = codes.shape
    total = np.zeros((q * most, q * most))
    category = np.arange(most)[:, None]
    for start in range(0, n, _ROWS):
        hot = (codes[:, None, start : start + _ROWS] == category).astype(np.float32).reshape(q * most, -1)
        total += hot @ hot.T  # whole numbers below 2**24: exact in single precision
    return total.reshape(q, most, q, most)

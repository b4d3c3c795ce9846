"""Regressions told by correlations alone, those of many samples at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["eliminated", "inverses", "path_coefficients"]

Floats = NDArray[np.float64]
_SINGULAR = 1e-10
"""Pivot, or share of the largest eigenvalue, below which correlations have no inverse."""


def path_coefficients(correlations: Floats, terms: tuple[int, ...], outcome: int) -> Floats:
    """Standardised regression of one composite on others.

    Parameters
    ----------
    correlations : ndarray, shape (B, K, K)
        Of the composites.
    terms : tuple of int, length t
        At least one.
    outcome : int
        What is explained.

    Returns
    -------
    ndarray, shape (B, t)
        NaN where the terms cannot be told apart.
    """
    at = list(terms)
    among = np.ascontiguousarray(correlations[:, at][:, :, at].transpose(1, 2, 0))
    return eliminated(among, correlations[:, at, outcome].T).T


def eliminated(among: Floats, right: Floats) -> Floats:
    """Coefficients of a batch of small regressions, by elimination on all of them at once.

    Parameters
    ----------
    among : ndarray, shape (t, t, B)
        Correlations of the terms; the samples stand last so that sums run along them.
    right : ndarray, shape (t, B)
        Correlations with the outcome.

    Returns
    -------
    ndarray, shape (t, B)
        NaN where the terms cannot be told apart: one of them is known from those before it. Corrected
        correlations beyond 1 have solutions too; `Solution.admissible` tells them.
    """
    t = len(right)
    rows = np.concatenate([among, right[:, None]], axis=1)
    for i in range(t):
        pivot = np.where(np.abs(rows[i, i]) > _SINGULAR, rows[i, i], np.nan)
        rows[i, i:] /= pivot
        for below in range(i + 1, t):
            rows[below, i + 1 :] -= rows[below, i] * rows[i, i + 1 :]
    answer = np.empty_like(right)
    for i in reversed(range(t)):
        answer[i] = rows[i, t] - np.einsum("jb,jb->b", rows[i, i + 1 : t], answer[i + 1 :])
    return answer


def inverses(correlation: Floats) -> Floats:
    """Inverses of a batch of correlation matrices, shape (B, p, p).

    NaN where a matrix holds a gap or is singular, for its size: its columns cannot be told apart.
    """
    found = np.full(correlation.shape, np.nan)
    regular: NDArray[np.bool_] = np.asarray(np.isfinite(correlation).all(axis=(1, 2)), dtype=np.bool_)
    values = np.linalg.eigvalsh(correlation[regular])
    regular[regular] = values[:, 0] > _SINGULAR * values[:, -1]
    found[regular] = np.linalg.inv(correlation[regular])
    return found

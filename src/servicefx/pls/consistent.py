"""Consistent PLS: what composites say of the common factors behind their items."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["corrected_correlations", "is_admissible", "rho_a"]

Floats = NDArray[np.float64]
_NEARLY = 1e-9
"""How far beyond 1 rounding may carry a number."""


def rho_a(correlation: Floats, weights: Floats) -> Floats:
    """Reliability of Mode A composites as measures of one common factor.

    Parameters
    ----------
    correlation : ndarray, shape (B, p, p)
        Of one construct's items; covariances where these entered unstandardised.
    weights : ndarray, shape (B, p)
        Mode A, of the items as they entered, the composite having variance 1.

    Returns
    -------
    ndarray, shape (B,)
        In [0, 1] where the items agree; below 0 or above 1 where they do not measure one factor; NaN for
        one item.

    References
    ----------
    Dijkstra & Henseler (2015), MIS Quarterly 39, 297-316, eq. 3. doi:10.25300/MISQ/2015/39.2.02
    """
    if correlation.shape[-1] < 2:
        return np.full(len(correlation), np.nan)
    square = np.einsum("bp,bp->b", weights, weights)
    diagonal = np.einsum("bpp,bp,bp->b", correlation, weights, weights)
    common = np.einsum("bpq,bp,bq->b", correlation, weights, weights) - diagonal
    with np.errstate(invalid="ignore", divide="ignore"):
        found = square**2 * common / (square**2 - np.einsum("bp->b", weights**4))
    return np.asarray(found, dtype=np.float64)


def corrected_correlations(correlations: Floats, reliability: Floats) -> Floats:
    """Correlations of the constructs behind composites.

    Parameters
    ----------
    correlations : ndarray, shape (B, K, K)
        Of the composites.
    reliability : ndarray, shape (B, K)
        1 for a composite that stands for itself.

    Returns
    -------
    ndarray, shape (B, K, K)
        Diagonal 1; NaN where a reliability is not above 0.

    References
    ----------
    Dijkstra & Henseler (2015), eq. 6.
    """
    root = np.sqrt(np.where(reliability > 0, reliability, np.nan))
    corrected = correlations / (root[:, :, None] * root[:, None, :])
    at = np.arange(correlations.shape[-1])
    corrected[:, at, at] = 1.0
    return np.asarray(corrected, dtype=np.float64)


def is_admissible(correlations: Floats, reliability: Floats, loadings: Floats) -> NDArray[np.bool_]:
    """Which solutions could be those of common factors.

    Parameters
    ----------
    correlations : ndarray, shape (B, K, K)
        Of the constructs, corrected.
    reliability : ndarray, shape (B, K)
        1 for composites that stand for themselves.
    loadings : ndarray, shape (B, q)
        Of the columns on their own construct.

    Returns
    -------
    ndarray of bool, shape (B,)
        False where a reliability is outside (0, 1], a loading or correlation beyond 1, or the correlations
        are not positive definite.
    """
    finite = np.isfinite(correlations).all(axis=(1, 2)) & np.isfinite(loadings).all(axis=1)
    sound = (reliability > 0).all(axis=1) & (reliability <= 1 + _NEARLY).all(axis=1)
    sound &= (np.abs(loadings) <= 1 + _NEARLY).all(axis=1)
    sound &= (np.abs(correlations) <= 1 + _NEARLY).all(axis=(1, 2))
    fine = np.array(finite & sound, dtype=np.bool_)
    fine[fine] = np.linalg.eigvalsh(correlations[fine])[:, 0] > 0
    return fine

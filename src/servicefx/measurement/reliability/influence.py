"""Standard errors and intervals of numbers computed from covariances: delta method and bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from servicefx.measurement.reliability.item_covariance import item_covariance
from servicefx.measurement.reliability.one_factor import OneFactorBatch, covariance_slope
from servicefx.sem.resampling.intervals import acceleration_of, interval

__all__ = [
    "bootstrap_interval",
    "delta_interval",
    "factor_slope",
    "influence_values",
    "matrix_slope",
    "standard_error",
    "summed_by_cluster",
]

Floats = NDArray[np.float64]
OfMatrix = Callable[[NDArray[np.inexact]], NDArray[np.inexact]]
OfFactor = Callable[[NDArray[np.inexact], NDArray[np.inexact]], NDArray[np.inexact]]
_STEP = 1e-30
"""Complex step: the derivative is exact to rounding."""


def matrix_slope(of_matrix: OfMatrix, S: Floats) -> Floats:
    """Derivative of a number in the covariances it is computed from.

    Parameters
    ----------
    of_matrix : callable
        From matrices (m, p, p), complex ones too, to numbers (m,).
    S : ndarray, shape (p, p)

    Returns
    -------
    ndarray, shape (p, p)
        Symmetric G: the number moves by sum(G * dS) as S moves by a symmetric dS.
    """
    row, column = np.tril_indices(len(S))
    moved = np.repeat(S[None].astype(np.complex128), len(row), axis=0)
    at = np.arange(len(row))
    moved[at, row, column] += _STEP * 1j
    off = row != column
    moved[at[off], column[off], row[off]] += _STEP * 1j
    slope = np.asarray(of_matrix(moved)).imag / _STEP
    G = np.zeros_like(S)
    G[row, column] = G[column, row] = np.where(off, slope / 2, slope)
    return G


def factor_slope(of_factor: OfFactor, fit: OneFactorBatch) -> Floats:
    """Derivative, shape (p, p), in the covariances of a number made from the first one-factor solution."""
    loadings, psi = fit.loadings[0], fit.uniquenesses[0]
    step = _STEP * 1j * np.eye(len(psi))
    by_loading = np.asarray(of_factor(loadings + step, psi + 0 * step)).imag / _STEP
    by_uniqueness = np.asarray(of_factor(loadings + 0 * step, psi + step)).imag / _STEP
    slope: Floats = covariance_slope(fit, by_loading[None], by_uniqueness[None])[0]
    return slope


def influence_values(values: Floats, slope: Floats, weights: Floats | None = None) -> Floats:
    """What each row adds to a number, shape (n,), its weight included; they sum to zero.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Complete rows.
    slope : ndarray, shape (p, p)
        Of the number in the covariances.
    weights : ndarray, shape (n,), optional
        Survey weights.
    """
    share = np.full(len(values), 1 / len(values)) if weights is None else weights / weights.sum()
    centred = values - share @ values
    own = ((centred @ slope) * centred).sum(axis=1)
    return np.asarray(share * (own - float((slope * item_covariance(values, weights)).sum())), np.float64)


def summed_by_cluster(influence: Floats, clusters: NDArray[np.intp] | None) -> Floats:
    """Influence of each cluster, shape (g,), or of each row where rows are independent."""
    if clusters is None:
        return influence
    return np.asarray(np.bincount(clusters, weights=influence), dtype=np.float64)


def standard_error(influence: Floats) -> float:
    """Distribution-free standard error from influence values of independent rows or clusters."""
    return float(np.sqrt((influence**2).sum()))


def delta_interval(estimate: float, std_error: float, level: float) -> tuple[float, float]:
    """Interval of a reliability from its standard error, symmetric in log(1 - reliability).

    The upper end stays below 1. Bonett (2002), J. Educ. Behav. Stat. 27, 335-340 (the transformation).
    """
    if not (np.isfinite(estimate) and np.isfinite(std_error)) or estimate >= 1:
        return float("nan"), float("nan")
    reach = float(ndtri((1 + level) / 2)) * std_error / (1 - estimate)
    return float(1 - (1 - estimate) * np.exp(reach)), float(1 - (1 - estimate) * np.exp(-reach))


def bootstrap_interval(
    draws: Floats, estimate: float, kind: Literal["percentile", "bc", "bca"], level: float, influence: Floats
) -> tuple[float, float]:
    """Interval from the draws that exist; ``influence`` gives the acceleration of ``bca``."""
    known = draws[np.isfinite(draws)]
    acceleration = float(acceleration_of(influence[:, None].copy())[0]) if kind == "bca" else 0.0
    return interval(known, estimate, kind, level, acceleration)

"""Sampling covariances of means and covariances, and the weights of least squares made of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.sem.estimators.squares.moment_rows import MomentRows

__all__ = ["check_memory", "distribution_free_gamma", "given_fixed", "normal_gamma", "normal_weight"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_ROWS = 2048
_MOST_BYTES = 2**31


def check_memory(where: str, rows: MomentRows, n_items: int) -> None:
    """Refuse more moments than a square matrix of them may take memory.

    Raises
    ------
    DataError
        Above 2 GB.
    """
    size = 8 * rows.size**2
    if size > _MOST_BYTES:
        found = f"{n_items} items have {rows.size} moments, whose weights take {size / 2**30:.1f} GB"
        raise DataError(Problem(where, found, "Choose ml, or leave items out."))


def normal_gamma(cov: Floats, rows: MomentRows) -> Floats:
    """Covariance of sqrt(n) times the moments under normality, shape (k, k), from covariances (p, p)."""
    gamma = np.zeros((rows.size, rows.size))
    a, b = rows.left, rows.right
    gamma[np.ix_(rows.pair, rows.pair)] = (
        cov[np.ix_(a, a)] * cov[np.ix_(b, b)] + cov[np.ix_(a, b)] * cov[np.ix_(b, a)]
    )
    gamma[np.ix_(rows.mean, rows.mean)] = cov[np.ix_(rows.mean_item, rows.mean_item)]
    return gamma


def normal_weight(cov: Floats, rows: MomentRows) -> Floats:
    """Inverse of `normal_gamma`, without inverting anything larger than the covariances.

    Parameters
    ----------
    cov : ndarray, shape (p, p)
        Positive definite.
    rows : MomentRows
        Of continuous items.

    Returns
    -------
    ndarray, shape (k, k)

    References
    ----------
    Browne (1974), S. Afr. Stat. J. 8, 1-24.
    """
    inverse = np.asarray(np.linalg.inv(cov), dtype=np.float64)
    share = np.where(rows.left == rows.right, 0.5, 1.0)
    weight = normal_gamma(inverse, rows)
    weight[rows.pair] *= share[:, None]
    weight[:, rows.pair] *= share
    return weight


def distribution_free_gamma(values: Floats, rows: MomentRows, fixed: Places) -> Floats:
    """Covariance of sqrt(n) times the moments whatever the distribution of the rows.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Complete rows, in any units.
    rows : MomentRows
        Of continuous items.
    fixed : ndarray of int
        Items held fixed: covariances are given their values, 0 for their own moments.

    Returns
    -------
    ndarray, shape (k, k)
        Denominator n.

    Notes
    -----
    Products of deviations, less (with fixed items) the products of what fixed items predict linearly.

    References
    ----------
    Browne (1984), Br. J. Math. Stat. Psychol. 37, 62-83, eq. 2.4.
    """
    n = len(values)
    centre = values.mean(axis=0)
    cov = np.cov(values, rowvar=False, bias=True).reshape(len(centre), -1)
    slopes = np.linalg.solve(cov[np.ix_(fixed, fixed)], cov[fixed])
    expected = cov - cov[:, fixed] @ slopes
    total = np.zeros((rows.size, rows.size))
    for begin in range(0, n, _ROWS):
        part = values[begin : begin + _ROWS] - centre
        out = np.empty((len(part), rows.size))
        out[:, rows.mean] = part[:, rows.mean_item]
        out[:, rows.pair] = part[:, rows.left] * part[:, rows.right]
        if len(fixed):
            predicted = part[:, fixed] @ slopes
            out[:, rows.mean] -= predicted[:, rows.mean_item]
            out[:, rows.pair] -= predicted[:, rows.left] * predicted[:, rows.right]
        out[:, rows.pair] -= expected[rows.left, rows.right]
        total += out.T @ out
    total /= n
    held = rows.among(fixed)
    total[held], total[:, held] = 0.0, 0.0
    return total


def given_fixed(gamma: Floats, held: NDArray[np.bool_]) -> Floats:
    """Covariance of moments given those that are held, whose own become 0."""
    if not held.any():
        return gamma
    rest = ~held
    within = np.linalg.solve(gamma[np.ix_(held, held)], gamma[np.ix_(held, rest)])
    out = np.zeros_like(gamma)
    out[np.ix_(rest, rest)] = gamma[np.ix_(rest, rest)] - gamma[np.ix_(rest, held)] @ within
    return out

"""Bootstrap resamples as count weights, and the statistics of all of them by matrix products."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem

__all__ = [
    "complete_rows", "resampled_covariances", "resampled_least_squares", "resampled_means",
    "resampled_products", "row_weights",
]  # fmt: skip

Floats = NDArray[np.float64]
_BLOCK_CELLS = 2_000_000
"""Cells of the largest array made on the way: 16 MB in double precision."""
_ROUNDING = 1e-12
"""A variance below this share of the mean square is what rounding leaves of a column that does not vary."""
_SINGULAR = 1e-11
"""Smallest eigenvalue of a unit-diagonal cross-product matrix below which a resample has no answer."""


def resampled_means(
    values: ArrayLike, counts: NDArray[np.float32], weights: ArrayLike | None = None
) -> Floats:
    """Column means of every resample, over the values that are there.

    Parameters
    ----------
    values : array_like, shape (n,) or (n, k)
        NaN is not counted, in the mean or in its denominator.
    counts : ndarray, shape (draws, n)
        From `resample_counts`.
    weights : array_like, shape (n,), optional
        Survey weights, > 0.

    Returns
    -------
    ndarray, shape (draws, k)
        In the units of the columns; NaN where a resample holds no value of a column.
    """
    columns = np.array(values, dtype=np.float64)
    columns = columns.reshape(len(columns), -1)
    there = np.isfinite(columns).astype(np.float64)
    weight = row_weights(weights, len(columns))
    base = np.nanmean(np.where(there > 0, columns, np.nan), axis=0) if there.any(axis=0).all() else 0.0
    centred = np.where(there > 0, columns - base, 0.0)
    sums = _weighted_sums(np.hstack([centred, there]) * weight, counts)
    k = columns.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[:, :k] / sums[:, k:] + base, dtype=np.float64)


def resampled_covariances(
    values: ArrayLike, counts: NDArray[np.float32], weights: ArrayLike | None = None
) -> Floats:
    """Covariance matrix (denominator n) of every resample.

    Parameters
    ----------
    values : array_like, shape (n, p)
        Complete rows.
    counts : ndarray, shape (draws, n)
        From `resample_counts`.
    weights : array_like, shape (n,), optional
        Survey weights, > 0.

    Returns
    -------
    ndarray, shape (draws, p, p)
        In products of the columns' units; exactly 0 for a column that does not vary in a resample.

    Raises
    ------
    DataError
        If a value is missing.
    """
    matrix = complete_rows(values, "values")
    centre = matrix.mean(axis=0)
    sd = matrix.std(axis=0)
    sd = np.where(sd > 0, sd, 1.0)
    ones = np.ones((len(matrix), 1))
    products = resampled_products(np.hstack([ones, (matrix - centre) / sd]), counts, weights)
    total = products[:, :1, :1]
    mean = products[:, 0, 1:] / total[:, 0]
    squares = products[:, 1:, 1:] / total
    cov = squares - mean[:, :, None] * mean[:, None, :]
    at = np.arange(cov.shape[1])
    still = cov[:, at, at] <= _ROUNDING * squares[:, at, at]
    cov[still[:, :, None] | still[:, None, :]] = 0.0
    return np.asarray(cov * np.outer(sd, sd), dtype=np.float64)


def resampled_least_squares(
    y: ArrayLike, X: ArrayLike, counts: NDArray[np.float32], weights: ArrayLike | None = None
) -> Floats:
    """Regression coefficients of every resample.

    Parameters
    ----------
    y : array_like, shape (n,)
        Outcome, complete.
    X : array_like, shape (n, k)
        Terms, complete; a constant term is a column of ones. Nothing is added.
    counts : ndarray, shape (draws, n)
        From `resample_counts`.
    weights : array_like, shape (n,), optional
        Survey weights, > 0: weighted least squares in every resample.

    Returns
    -------
    ndarray, shape (draws, k)
        In units of the outcome per unit of the term; a row is NaN where its resample cannot tell the
        terms apart.

    Raises
    ------
    DataError
        If a value is missing.

    Notes
    -----
    Cross-products of the columns, centred (where a constant term is there) and scaled for
    conditioning, are summed by one matrix product with the counts; each resample then costs one
    k × k solution. The coefficients are returned in the columns' own units.
    """
    terms = complete_rows(X, "X")
    outcome = complete_rows(y, "y")
    n, k = terms.shape
    if outcome.shape != (n, 1):
        raise ValueError(f"{n} rows of X need an outcome of shape ({n},), not {np.shape(y)}")
    data = np.hstack([terms, outcome])
    spans = np.ptp(terms, axis=0)
    constant = next((j for j in range(k) if spans[j] == 0 and terms[0, j] != 0), None)
    centre = np.zeros(k + 1)
    if constant is not None:
        centre = data.mean(axis=0)
        centre[constant] = 0.0
    data -= centre
    scale = np.sqrt(np.mean(data**2, axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    products = resampled_products(data / scale, counts, weights)
    solved = _solved(products[:, :k, :k], products[:, :k, k])
    coefficients = solved * (scale[k] / scale[:k])
    if constant is not None:
        shift = centre[k] - np.delete(coefficients, constant, axis=1) @ np.delete(centre[:k], constant)
        coefficients[:, constant] += shift / terms[0, constant]
    return coefficients


def _solved(gram: Floats, moments: Floats) -> Floats:
    """Solve every normal equation; NaN rows where it is singular."""
    draws, k = moments.shape
    answer = np.full((draws, k), np.nan)
    size = np.sqrt(np.einsum("bii->bi", gram))
    filled = (size > 0).all(axis=1)
    size = np.where(size > 0, size, 1.0)
    unit = gram / (size[:, :, None] * size[:, None, :])
    regular = filled & (np.linalg.eigvalsh(unit)[:, 0] > _SINGULAR)
    if regular.any():
        right = (moments / size)[regular][:, :, None]
        answer[regular] = np.linalg.solve(unit[regular], right)[:, :, 0] / size[regular]
    return answer


def resampled_products(
    columns: Floats, counts: NDArray[np.float32], weights: ArrayLike | None = None
) -> Floats:
    """Sum over rows of count · weight · x x' in every resample, shape (draws, p, p).

    Parameters
    ----------
    columns : ndarray, shape (n, p)
        Complete; centred near zero, for conditioning.
    counts : ndarray, shape (draws, n)
        From `resample_counts`.
    weights : array_like, shape (n,), optional
        Survey weights, > 0.
    """
    n, p = columns.shape
    weight = row_weights(weights, n)
    upper = np.triu_indices(p)
    draws = len(counts)
    sums = np.zeros((draws, len(upper[0])))
    for rows in _row_blocks(n, max(draws, len(upper[0]))):
        part = columns[rows]
        sums += counts[:, rows].astype(np.float64) @ (part[:, upper[0]] * part[:, upper[1]] * weight[rows])
    products = np.empty((draws, p, p))
    products[:, upper[0], upper[1]] = sums
    products[:, upper[1], upper[0]] = sums
    return products


def _weighted_sums(columns: Floats, counts: NDArray[np.float32]) -> Floats:
    sums = np.zeros((len(counts), columns.shape[1]))
    for rows in _row_blocks(len(columns), max(len(counts), columns.shape[1])):
        sums += counts[:, rows].astype(np.float64) @ columns[rows]
    return sums


def _row_blocks(n: int, width: int) -> Iterator[slice]:
    step = max(1, _BLOCK_CELLS // max(1, width))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def row_weights(weights: ArrayLike | None, n: int) -> Floats:
    """Weights as a column, shape (n, 1), ones where there are none; refused where one is not above 0."""
    if weights is None:
        return np.ones((n, 1))
    weight = np.array(weights, dtype=np.float64)
    if weight.shape != (n,) or not (np.isfinite(weight) & (weight > 0)).all():
        raise DataError(
            Problem("weights", f"{n} weights above 0 expected", "Correct them, or drop the rows without one.")
        )
    return weight[:, None]


def complete_rows(values: ArrayLike, what: str) -> Floats:
    """Values as floats, shape (n, p); refused where one is missing."""
    matrix = np.array(values, dtype=np.float64)
    matrix = matrix.reshape(len(matrix), -1)
    gaps = int((~np.isfinite(matrix).all(axis=1)).sum())
    if gaps:
        found = f"{gaps} of {len(matrix)} rows are incomplete"
        raise DataError(
            Problem(f"resampling, '{what}'", found, "Drop the incomplete rows first, and say so.")
        )
    return matrix

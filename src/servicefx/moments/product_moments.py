"""Means and covariances of thousands of resamples: counts in seeded blocks, one matrix product a block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from servicefx.moments.resample import complete_rows, row_weights

__all__ = ["ProductMoments"]

Floats = NDArray[np.float64]
Counts = NDArray[np.uint8]
_EXACT = 2**24
"""Whole numbers below this size, and sums of them, are exact in single precision."""
_CACHED_CELLS = 16_000_000
"""Products of rows are kept between blocks up to this many cells: 64 MB in single precision."""
_MOST_ROWS, _LEAST_ROWS = 4096, 512
"""Rows multiplied at once; fewer than most where their sums would leave the exact range."""


class ProductMoments:
    """Rows of a data file, ready for the means and covariances of any resample of them.

    Where all values are whole numbers and small enough (answers to Likert items), products are summed in
    single precision, twice as fast; the sums are then exact, the same bits as in double precision.

    Parameters
    ----------
    values : array_like, shape (n, p)
        Complete rows, in any units; linear transformations of the data (Bollen & Stine 1992) included.
    weights : array_like, shape (n,), optional
        Survey weights, > 0; a row counts as often as it was drawn, times its weight.

    Raises
    ------
    DataError
        If a value is missing or a weight is not above 0.

    Examples
    --------
    >>> rows = ProductMoments([[1.0, 2.0], [2.0, 4.0], [4.0, 3.0]])
    >>> mean, cov = rows.moments(np.array([[1, 1, 1], [2, 1, 0]], dtype=np.uint8))
    >>> mean[0].round(2).tolist(), cov[1].round(2).tolist()
    ([2.33, 3.0], [[0.22, 0.44], [0.44, 0.89]])
    """

    __slots__ = ("_centre", "_centred", "_kept", "_largest", "_rows", "_scale", "_weight")

    def __init__(self, values: ArrayLike, weights: ArrayLike | None = None) -> None:
        matrix = complete_rows(values, "values")
        n, p = matrix.shape
        self._weight = None if weights is None else row_weights(weights, n)
        whole = self._weight is None and bool((matrix == np.round(matrix)).all())
        self._centre = np.round(np.median(matrix, axis=0)) if whole else matrix.mean(axis=0)
        self._centred = matrix - self._centre
        self._scale = np.ones(p)
        self._rows = _MOST_ROWS
        self._largest = float(np.abs(self._centred).max(initial=0.0)) ** 2
        if whole and self._largest * _LEAST_ROWS < _EXACT / 2:
            self._rows = min(_MOST_ROWS, int(_EXACT / 2 / max(1.0, self._largest)))
        else:
            self._largest = np.inf
            spread = np.abs(self._centred).max(axis=0, initial=0.0)
            self._scale = np.exp2(np.floor(np.log2(np.where(spread > 0, spread, 1.0))))
            self._centred /= self._scale
        self._kept: list[NDArray[np.floating]] = []
        if n * (p + p * (p + 1) // 2) <= _CACHED_CELLS:
            self._kept = [self._products(rows) for rows in self._row_blocks()]

    @property
    def single_precision(self) -> bool:
        """Whether sums are made in single precision, exactly."""
        return bool(np.isfinite(self._largest))

    def moments(self, counts: NDArray[np.unsignedinteger | np.floating]) -> tuple[Floats, Floats]:
        """Means and covariances of every resample.

        Parameters
        ----------
        counts : ndarray, shape (draws, n)
            From `ResampleBlock.counts` or `resample_counts`; whole numbers.

        Returns
        -------
        mean : ndarray, shape (draws, p)
            In the columns' units.
        cov : ndarray, shape (draws, p, p)
            In products of the columns' units; the denominator is the sum of the counts (times weights).
        """
        n, p = self._centred.shape
        if counts.ndim != 2 or counts.shape[1] != n:
            raise ValueError(f"{n} rows need counts of shape (draws, {n}), not {counts.shape}")
        sums = np.zeros((len(counts), p + p * (p + 1) // 2))
        total = np.zeros(len(counts))
        for at, rows in enumerate(self._row_blocks()):
            products = self._kept[at] if self._kept else self._products(rows)
            drawn = counts[:, rows].astype(products.dtype)
            size = (
                drawn.sum(axis=1, dtype=np.float64) if self._weight is None else drawn @ self._weight[rows, 0]
            )
            total += size
            if self.single_precision and size.max() * self._largest >= _EXACT:
                sums += drawn.astype(np.float64) @ products
            else:
                sums += drawn @ products
        sums /= total[:, None]
        mean = sums[:, :p]
        left, right = np.tril_indices(p)
        half = (sums[:, p:] - mean[:, left] * mean[:, right]) * (self._scale[left] * self._scale[right])
        cov = np.empty((len(counts), p, p))
        cov[:, left, right] = half
        cov[:, right, left] = half
        return mean * self._scale + self._centre, cov

    def _row_blocks(self) -> Iterator[slice]:
        n = len(self._centred)
        return (slice(start, min(start + self._rows, n)) for start in range(0, n, self._rows))

    def _products(self, rows: slice) -> NDArray[np.floating]:
        """Rows and the products of their values, shape (rows, p + p (p + 1) / 2), times their weights."""
        kind = np.float32 if self.single_precision else np.float64
        part = self._centred[rows].astype(kind)
        p = part.shape[1]
        products = np.empty((len(part), p + p * (p + 1) // 2), dtype=kind)
        products[:, :p] = part
        start = p
        for column in range(p):
            np.multiply(
                part[:, : column + 1],
                part[:, column, None],
                out=products[:, start : start + column + 1],
            )
            start += column + 1
        if self._weight is not None:
            products *= self._weight[rows].astype(kind)
        return products

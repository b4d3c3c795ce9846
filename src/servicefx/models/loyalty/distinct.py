"""Rows that say the same, counted once: what makes a thousand resamples cheap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DistinctRows", "distinct_rows"]

Floats = NDArray[np.float64]
_DIGITS = 10
"""Scores that agree to these digits are one: means of items differ by rounding."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DistinctRows:
    """Different rows of a table and which of them every row is.

    Attributes
    ----------
    values : ndarray, shape (u, p)
        The different rows.
    codes : ndarray of int, shape (n,)
        Which of them each row is.
    """

    values: Floats
    codes: NDArray[np.intp]

    def summed(self, columns: NDArray[np.floating]) -> Floats:
        """Sum what stands row by row over equal rows, shape (draws, n) to (draws, u)."""
        order = np.argsort(self.codes, kind="stable")
        starts = np.searchsorted(self.codes[order], np.arange(len(self.values)))
        found = np.add.reduceat(columns[:, order], starts, axis=1, dtype=np.float64)
        return np.asarray(found, dtype=np.float64)


def distinct_rows(values: Floats) -> DistinctRows:
    """The different rows of a table, shape (n, p), in rising order.

    Examples
    --------
    >>> rows = distinct_rows(np.array([[1.0], [0.1 + 0.2], [0.3]]))
    >>> len(rows.values), rows.codes.tolist()
    (2, [1, 0, 0])
    """
    spread = np.ptp(values, axis=0)
    scaled = np.round(values / np.where(spread > 0, spread, 1.0), _DIGITS) + 0.0
    _, first, codes = np.unique(scaled, axis=0, return_index=True, return_inverse=True)
    return DistinctRows(values=values[first], codes=np.asarray(codes, dtype=np.intp).reshape(-1))

"""Matrices as papers print them: whole, or one triangle, as frame, numbers or text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.moments.checks import check_matrix, refusal

__all__ = ["Printed", "named_matrix"]

Floats = NDArray[np.float64]
Printed = pd.DataFrame | ArrayLike | str
"""A frame; p rows of p numbers, or of 1, 2, ..., p; or the same as text, one row a line or all in one."""


def named_matrix(matrix: Printed, names: Sequence[str] | None) -> tuple[Floats, tuple[str, ...]]:
    """A symmetric matrix and the names of its columns.

    Parameters
    ----------
    matrix : DataFrame, array_like or str
        p columns; either triangle may be missing (absent, blank or NaN), the diagonal may not.
    names : sequence of str, length p, optional
        Needed where the matrix is not a frame.

    Returns
    -------
    ndarray, shape (p, p)
        Both triangles filled.
    tuple of str
        Its columns.

    Raises
    ------
    DataError
        If the numbers are not as many as p columns need, the triangles differ, or no data can have
        produced it.

    Examples
    --------
    >>> named_matrix("4.0   1.5 9.0", ["x", "y"])[0].tolist()
    [[4.0, 1.5], [1.5, 9.0]]
    """
    if isinstance(matrix, pd.DataFrame):
        labels = tuple(str(column) for column in matrix.columns)
        rows = tuple(str(row) for row in matrix.index)
        if not isinstance(matrix.index, pd.RangeIndex) and rows != labels:
            raise refusal("matrix", "rows and columns carry different names", "Order both the same way.")
        values = matrix.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64, copy=True)
    elif names is None:
        raise TypeError("names are needed where the matrix is not a DataFrame")
    else:
        labels = tuple(str(name) for name in names)
        values = _square(_rows(matrix), len(labels))
    if values.shape != (len(labels), len(labels)):
        shape = " × ".join(str(size) for size in values.shape)
        raise refusal("matrix", f"{shape} numbers for {len(labels)} columns", "Print one row a column.")
    whole = _mirrored(values)
    check_matrix(labels, whole, None)
    return whole, labels


def _rows(matrix: ArrayLike | str) -> list[list[float]]:
    """Rows of any lengths."""
    if isinstance(matrix, str):
        lines = [line.replace(",", " ").split() for line in matrix.splitlines() if line.strip()]
        try:
            return [[float(number) for number in line] for line in lines]
        except ValueError as error:
            found = f"{str(error).rpartition(':')[2].strip()} is not a number"
            raise refusal("matrix", found, "Write numbers only, one row a line.") from None
    rows: list[Any] = (
        list(np.asarray(matrix)) if isinstance(matrix, np.ndarray) else list(cast("Any", matrix))
    )
    if all(np.ndim(row) == 0 for row in rows):
        return [[float(number) for number in rows]]
    return [[float(number) for number in row] for row in rows]


def _square(rows: list[list[float]], p: int) -> Floats:
    """Rows as a square, NaN where one triangle is not printed; a triangle may stand in one line."""
    flat = [number for row in rows for number in row]
    lengths = [len(row) for row in rows]
    values = np.full((p, p), np.nan)
    if lengths == [p] * p:
        return np.array(rows, dtype=np.float64)
    if lengths == [p * p]:
        return np.array(flat, dtype=np.float64).reshape(p, p)
    if len(flat) == p * (p + 1) // 2 and lengths == list(range(p, 0, -1)) and p > 1:
        values[np.triu_indices(p)] = flat
        return values
    if len(flat) == p * (p + 1) // 2:
        values[np.tril_indices(p)] = flat
        return values
    shape = f"{len(rows)} × {lengths[0]}" if len(set(lengths)) == 1 and rows else f"{len(flat)}"
    found = f"{shape} numbers for {p} columns, {p} × {p} or (one triangle) {p * (p + 1) // 2} expected"
    raise refusal("matrix", found, "Print one row a column.")


def _mirrored(values: Floats) -> Floats:
    """Fill a triangle that is missing as a whole from the other."""
    gaps = np.isnan(values)
    lower, upper = np.tril_indices(len(values), -1), np.triu_indices(len(values), 1)
    if len(values) > 1 and gaps[upper].all() and not gaps[lower].any():
        return np.where(gaps, values.T, values)
    if len(values) > 1 and gaps[lower].all() and not gaps[upper].any():
        return np.where(gaps, values.T, values)
    return values

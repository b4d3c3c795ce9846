"""Clusters of rows as numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem

__all__ = ["check_labels", "cluster_codes"]


def check_labels(where: str, n_labels: int, n_rows: int) -> None:
    """Raise `DataError` where there is not one label a row."""
    if n_labels != n_rows:
        found = f"{n_labels} labels for {n_rows} rows"
        raise DataError(Problem(where, found, "Give one label a row of the data."))


def cluster_codes(clusters: ArrayLike | pd.Series, n_rows: int) -> NDArray[np.intp]:
    """Rank of each row's cluster among the sorted labels.

    Parameters
    ----------
    clusters : array_like, shape (n_rows,)
    n_rows : int

    Returns
    -------
    ndarray of int, shape (n_rows,)
        From 0.

    Raises
    ------
    DataError
        If labels and rows do not match, or a row belongs to no cluster.

    Examples
    --------
    >>> cluster_codes(["south", "north", "south"], 3).tolist()
    [1, 0, 1]
    """
    labels = pd.Series(clusters)
    check_labels("clusters", len(labels), n_rows)
    codes = pd.factorize(labels, sort=True)[0]
    if (codes < 0).any():
        found = f"{int((codes < 0).sum())} of {n_rows} rows belong to no cluster"
        raise DataError(Problem("clusters", found, "Fill the cluster column, or drop these rows."))
    return np.asarray(codes, dtype=np.intp)

"""The resamples an answer from a frame stands on: given with their name, or drawn and named here."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.moments.resample_index import resample_counts

__all__ = ["check_paired", "cluster_labels", "given_or_drawn", "labels_of_all", "resamples_said"]

Counts = NDArray[np.float32]


def resamples_said(draws: int, clusters: pd.Series | None, seed: int) -> str:
    """What was drawn, in words.

    Examples
    --------
    >>> resamples_said(1000, pd.Series(["north", "south"], name="dealer"), 7)
    "1000 resamples of clusters of 'dealer', seed 7"
    """
    unit = "rows" if clusters is None else f"clusters of '{clusters.name}'"
    return f"{draws} resamples of {unit}, seed {seed}"


def cluster_labels(clusters: pd.Series | None) -> pd.Series | None:
    """Labels to resample by: as they are, or, where some have none, as texts, those rows one more cluster."""
    if clusters is None or not clusters.isna().any():
        return clusters
    return clusters.astype(object).where(clusters.notna(), "").astype(str)


def labels_of_all(clusters: pd.Series | None) -> pd.Series | None:
    """Labels to resample by, in their own order, never as texts; rows without one are one more cluster."""
    return None if clusters is None else clusters.astype(object).where(clusters.notna(), "")


def check_paired(counts: Counts | None, source: str | None) -> None:
    """Refuse resamples without a name, and a name without resamples."""
    if (counts is None) != (source is None):
        raise ValueError("counts= and source= belong together: give both or neither")


def given_or_drawn(
    n_rows: int,
    counts: Counts | None,
    source: str | None,
    *,
    draws: int,
    seed: int,
    data_id: str,
    clusters: pd.Series | None,
    labels: pd.Series | None,
) -> tuple[Counts, str]:
    """The resamples given (`check_paired`), or those drawn here, and which they are.

    Parameters
    ----------
    n_rows : int
        Rows of the data, used or not.
    counts : ndarray, shape (draws, n_rows), optional
        Shared resamples.
    source : str, optional
        What they are.
    draws, seed, data_id
        Of the resamples drawn, as `servicefx.moments.resample_index.resample_counts`.
    clusters : Series of length n_rows, or None
        Whose name is told.
    labels : Series of length n_rows, or None
        By which whole clusters are drawn: ``clusters``, or `cluster_labels` or `labels_of_all` of them.

    Returns
    -------
    tuple of ndarray of float32, shape (draws, n_rows), and str
    """
    if counts is None:
        drawn = resample_counts(n_rows, draws, seed, data_id, labels)
        return drawn, f"{data_id}: {resamples_said(draws, clusters, seed)}"
    if counts.shape[1] != n_rows:
        raise ValueError(f"counts of {counts.shape[1]} rows for data of {n_rows}")
    return counts, str(source)

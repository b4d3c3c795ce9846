"""Which errors a maximum-likelihood fit carries, and the sandwich of its scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import checked_clusters, checked_weights

__all__ = ["Sandwich", "mean_one_weights", "sandwich_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sandwich:
    """Kind of errors and what it takes to compute them.

    Attributes
    ----------
    kind : str
        ``"classical"``, ``"hc0"`` or ``"cluster: name (number)"``.
    factor : float
        G/(G-1) with clusters, the factor of maximum likelihood; else 1.
    groups : ndarray of int, shape (n,), or None
        Cluster of every row, from 0.
    """

    kind: str
    factor: float
    groups: NDArray[np.intp] | None

    def summed(self, scores: Floats) -> Floats:
        """Scores summed by cluster, shape (G, k); of every row, shape (n, k), where there are none."""
        if self.groups is None:
            return scores
        return np.column_stack([np.bincount(self.groups, weights=column) for column in scores.T])

    def covariance(self, bread: Floats, scores: Floats) -> Floats:
        """Covariance of coefficients, shape (k, k).

        Parameters
        ----------
        bread : ndarray, shape (k, k)
            Inverse of the information; with classical errors the answer.
        scores : ndarray, shape (n, k)
            Gradient of every row's log-likelihood, times its weight.
        """
        if self.kind == "classical":
            return bread
        scores = self.summed(scores)
        return np.asarray(self.factor * bread @ scores.T @ scores @ bread, dtype=np.float64)


def sandwich_of(clusters: pd.Series | None, n_obs: int, outcome: str, *, robust: bool = True) -> Sandwich:
    """Clustered errors where there are clusters, else robust (HC0) or classical ones.

    Raises
    ------
    DataError
        As `servicefx.engines.design_matrix.checked_clusters`.
    """
    if clusters is None:
        return Sandwich(kind="hc0" if robust else "classical", factor=1.0, groups=None)
    groups, n_clusters, name = checked_clusters(clusters, n_obs, outcome)
    return Sandwich(
        kind=f"cluster: {name} ({n_clusters})", factor=n_clusters / (n_clusters - 1), groups=groups
    )


def mean_one_weights(weights: pd.Series | None, n_obs: int, outcome: str) -> Floats:
    """Survey weights scaled to mean 1, shape (n_obs,); ones where there are none.

    Raises
    ------
    DataError
        As `servicefx.engines.design_matrix.checked_weights`.
    """
    if weights is None:
        return np.ones(n_obs)
    weight = checked_weights(weights, n_obs, outcome)
    return np.asarray(weight / weight.mean(), dtype=np.float64)

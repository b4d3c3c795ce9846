"""Sampling covariance of a mixture's coefficients and shares, and draws that line up with other analyses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.models.segments.class_rows import ClassRows
from servicefx.models.segments.information import free_parameters, information, row_scores
from servicefx.models.segments.mixture import ClassData

__all__ = ["ClassCovariance", "class_covariance", "influence_draws"]

Floats = NDArray[np.float64]
_FLAT = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassCovariance:
    """Covariances of coefficients (class by class, drivers then constant), then of the K shares.

    Attributes
    ----------
    robust : ndarray, shape (K · p + K, K · p + K)
        Sandwich: inverse observed information around the scores of rows, or of clusters; holds where the
        errors are not normal, for the mixture that fits best.
    information : ndarray, same shape
        Inverse observed information, right if the mixture is.
    kind : str
        Of the robust one: ``"sandwich"``, ``"cluster: outlet_id (200)"``.
    undefined : str
        Why both are NaN; empty where they are not.
    """

    robust: Floats
    information: Floats
    kind: str
    undefined: str


def class_covariance(rows: ClassRows, data: ClassData, parameters: Floats) -> ClassCovariance:
    """Covariances of one fit.

    Parameters
    ----------
    rows : ClassRows
    data : ClassData
    parameters : ndarray, shape (K, p + 1 + q)
        At the maximum.

    Notes
    -----
    Clusters carry the factor G / (G - 1). Shares are the mean chance of the rows before their outcome is
    seen; columns that tell membership are taken as fixed.
    """
    clusters = rows.rows.clusters
    kind = "sandwich"
    codes = None
    if clusters is not None:
        labels, codes = np.unique(clusters.astype(str).to_numpy(), return_inverse=True)
        kind = f"cluster: {clusters.name} ({len(labels)})"
    wide = _natural(rows, data, parameters)
    bread = _bread(data, parameters)
    if bread is None:
        nothing = np.full((len(wide), len(wide)), np.nan)
        why = "the likelihood is flat there: some class rests on too few rows"
        return ClassCovariance(robust=nothing, information=nothing.copy(), kind=kind, undefined=why)
    scores = row_scores(data, parameters) * data.weights
    if codes is not None:
        groups = int(codes.max()) + 1
        sums = np.zeros((groups, len(scores)))
        np.add.at(sums, codes, scores.T)
        meat = sums.T @ sums * groups / (groups - 1)
    else:
        meat = scores @ scores.T
    return ClassCovariance(
        robust=wide @ bread @ meat @ bread @ wide.T,
        information=wide @ bread @ wide.T,
        kind=kind,
        undefined="",
    )


def influence_draws(
    rows: ClassRows, data: ClassData, parameters: Floats, estimates: Floats, counts: NDArray[np.float32]
) -> Floats:
    """Coefficients and shares of every resample to first order, shape (draws, K · p + K).

    Parameters
    ----------
    rows, data, parameters
        As `class_covariance`.
    estimates : ndarray, shape (K · p + K,)
        Coefficients class by class, then shares.
    counts : ndarray, shape (draws, n)
        Resamples at the rows used.

    Returns
    -------
    ndarray
        Estimates plus inverse information times the resample's sum of scores: no refit, so labels cannot
        switch, and the draws line up with those of other analyses. NaN where the covariance is undefined.
    """
    bread = _bread(data, parameters)
    if bread is None:
        return np.full((len(counts), len(estimates)), np.nan)
    scores = row_scores(data, parameters) * data.weights
    moved = np.asarray(counts, dtype=np.float64) @ scores.T
    wide = _natural(rows, data, parameters)
    return np.asarray(estimates + moved @ bread @ wide.T, dtype=np.float64)


def _bread(data: ClassData, parameters: Floats) -> Floats | None:
    """Inverse observed information of the free parameters, spread over all of them, shape (P, P)."""
    found = information(data, parameters)
    free = free_parameters(data, parameters, found.score)
    observed = free.T @ found.observed @ free
    size = np.sqrt(np.abs(np.diag(observed)))
    if not (size > 0).all():
        return None
    unit = observed / np.outer(size, size)
    if np.linalg.eigvalsh(unit)[0] <= _FLAT:
        return None
    inverse = np.linalg.inv(unit) / np.outer(size, size)
    return np.asarray(free @ inverse @ free.T, dtype=np.float64)


def _natural(rows: ClassRows, data: ClassData, parameters: Floats) -> Floats:
    """Derivatives of coefficients in natural units and of shares by the parameters, (K · p + K, P)."""
    p = data.n_terms
    classes, width = parameters.shape
    block = np.zeros((p, width))
    at = np.arange(p - 1)
    block[at, at + 1] = rows.spread / rows.scale
    block[p - 1, 0] = rows.spread
    block[p - 1, 1:p] = -rows.spread * rows.centre / rows.scale
    wide = np.zeros((classes * p + classes, classes * width))
    wide[: classes * p] = np.kron(np.eye(classes), block)
    odds = parameters[:, p + 1 :] @ data.membership
    prior = np.exp(odds - odds.max(axis=0))
    prior /= prior.sum(axis=0)
    for k in range(classes):
        for j in range(classes):
            slope = prior[k] * ((k == j) - prior[j]) * data.weights
            wide[classes * p + k, j * width + p + 1 : (j + 1) * width] = data.membership @ slope / data.n_obs
    return wide

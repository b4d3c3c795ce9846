"""Covariances of the sample, of every resample and without each row, and the paths they imply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.models.mediation.rows import MediationRows
from servicefx.moments.resample import resampled_covariances

__all__ = ["Equations", "MediationMoments", "Paths", "left_out_covariances", "mediation_moments", "paths_of"]

Floats = NDArray[np.float64]
Equations = Sequence[tuple[str, tuple[str, ...]]]
"""Outcome and terms of every regression, constants aside."""

_SINGULAR = 1e-11
"""Smallest eigenvalue of the terms' correlations below which they cannot be told apart."""
_AT_ONCE = 4000
"""Matrices of rows left out that are held at once."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MediationMoments:
    """Covariances (denominator n) of a design, of the sample and of every resample.

    Attributes
    ----------
    names : tuple of str, length p
    cov : ndarray, shape (p, p)
    covs : ndarray, shape (draws, p, p)
    """

    names: tuple[str, ...]
    cov: Floats
    covs: Floats


class Paths:
    """Coefficients and spreads of a batch of covariance matrices; zero where an equation lacks a term.

    Attributes
    ----------
    size : int
        Matrices in the batch.
    """

    def __init__(self, names: Sequence[str], covs: Floats, slopes: Mapping[tuple[str, str], Floats]) -> None:
        self.size = len(covs)
        self._names = tuple(names)
        self._covs = covs
        self._slopes = dict(slopes)

    def step(self, term: str, outcome: str) -> Floats:
        """Coefficient of a term in the equation of an outcome, shape (size,)."""
        found = self._slopes.get((term, outcome))
        return np.zeros(self.size) if found is None else found

    def sd(self, name: str) -> Floats:
        """Standard deviation of a column (denominator n), shape (size,)."""
        place = self._names.index(name)
        return np.asarray(np.sqrt(self._covs[:, place, place]), dtype=np.float64)

    def residual_covariance(self, outcomes: Sequence[str]) -> Floats:
        """Covariance of the errors of several equations, denominator n, shape (size, k, k)."""
        weights = np.zeros((self.size, len(self._names), len(outcomes)))
        for column, outcome in enumerate(outcomes):
            weights[:, self._names.index(outcome), column] = 1.0
            for (term, explained), slope in self._slopes.items():
                if explained == outcome:
                    weights[:, self._names.index(term), column] = -slope
        return np.asarray(np.swapaxes(weights, 1, 2) @ self._covs @ weights, dtype=np.float64)


def paths_of(names: Sequence[str], covs: Floats, equations: Equations) -> Paths:
    """Least squares of every equation in every matrix of a batch.

    Parameters
    ----------
    names : sequence of str, length p
    covs : ndarray, shape (b, p, p)
    equations : sequence of (outcome, terms)

    Returns
    -------
    Paths
        NaN where a matrix cannot tell the terms of an equation apart.
    """
    slopes: dict[tuple[str, str], Floats] = {}
    for outcome, terms in equations:
        at = [names.index(term) for term in terms]
        inner = covs[:, at][:, :, at]
        size = np.sqrt(np.einsum("bii->bi", inner))
        varies = (size > 0).all(axis=1)
        size = np.where(size > 0, size, 1.0)
        unit = inner / (size[:, :, None] * size[:, None, :])
        regular = varies & (np.linalg.eigvalsh(unit)[:, 0] > _SINGULAR)
        solved = np.full((len(covs), len(at)), np.nan)
        if regular.any():
            right = (covs[:, at, names.index(outcome)] / size)[regular][:, :, None]
            solved[regular] = np.linalg.solve(unit[regular], right)[:, :, 0] / size[regular]
        slopes |= {(term, outcome): solved[:, column] for column, term in enumerate(terms)}
    return Paths(names, covs, slopes)


def mediation_moments(rows: MediationRows, design: pd.DataFrame) -> MediationMoments:
    """Covariances of a design's columns, of the sample and of every resample of its rows."""
    values = design.to_numpy(dtype=np.float64, copy=True)
    shares = rows.shares
    centred = values - shares @ values
    weight = None if rows.weights is None else rows.weights.to_numpy(dtype=float, copy=True)
    p = values.shape[1]
    covs = resampled_covariances(values, rows.counts, weight) if len(rows.counts) else np.zeros((0, p, p))
    return MediationMoments(
        names=tuple(str(name) for name in design.columns),
        cov=np.asarray((centred * shares[:, None]).T @ centred, dtype=np.float64),
        covs=covs,
    )


def left_out_covariances(rows: MediationRows, design: pd.DataFrame) -> Iterator[Floats]:
    """Covariances without one row each, or without one cluster each, shape (some, p, p).

    Notes
    -----
    With the weighted sums S of products and s of values about the mean, leaving out a group g gives
    ``(S - S_g) / (1 - w_g)`` less the product of the remaining means: the jackknife without refits.
    """
    values = design.to_numpy(dtype=np.float64, copy=True)
    shares = rows.shares
    centred = values - shares @ values
    total = (centred * shares[:, None]).T @ centred
    if rows.clusters is None:
        for start in range(0, len(values), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            part, weight = centred[some], shares[some]
            products = part[:, :, None] * (part * weight[:, None])[:, None, :]
            yield _without(total, products, part * weight[:, None], weight)
        return
    codes = pd.factorize(rows.clusters)[0]
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    weight = np.add.reduceat(shares[order], starts)
    sums = np.add.reduceat((centred * shares[:, None])[order], starts, axis=0)
    grams = np.array(
        [(centred[part] * shares[part][:, None]).T @ centred[part] for part in np.split(order, starts[1:])]
    )
    yield _without(total, grams, sums, weight)


def _without(total: Floats, products: Floats, sums: Floats, weight: Floats) -> Floats:
    left = (1.0 - weight)[:, None]
    mean = -sums / left
    return np.asarray((total - products) / left[:, :, None] - mean[:, :, None] * mean[:, None, :])

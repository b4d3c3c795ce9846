"""Moments of many resamples as the refits use them, and the shape of what computes their slopes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.matrices import with_sample

__all__ = ["Form", "Resampled", "definite", "inverses", "resampled"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp] | NDArray[np.bool_] | slice


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Resampled:
    """Moments of b resamples, in the units of the search.

    Attributes
    ----------
    cov : ndarray, shape (b, G, p, p)
        Denominator n.
    mean : ndarray, shape (b, G, p), or None
        Where means are modelled.
    share : ndarray, shape (b, G)
        Weight of each group.
    layout : Layout
        Fixed covariates held at each resample's own moments.
    """

    cov: Floats
    mean: Floats | None
    share: Floats
    layout: Layout

    def at(self, rows: Rows) -> Resampled:
        """Some of the resamples."""
        layout = self.layout
        if len(layout.sampled):
            layout = replace(
                layout,
                base_directed=layout.base_directed[rows],
                base_symmetric=layout.base_symmetric[rows],
            )
        return Resampled(
            cov=self.cov[rows],
            mean=None if self.mean is None else self.mean[rows],
            share=self.share[rows],
            layout=layout,
        )


def resampled(layout: Layout, cov: Floats, mean: Floats, total: Floats) -> Resampled:
    """Hold fixed covariates at the resamples' moments; ``total`` (b, G) are rows or sums of weights."""
    means = mean if layout.constant is not None else None
    return Resampled(
        cov=cov,
        mean=means,
        share=total / total.sum(axis=1, keepdims=True),
        layout=with_sample(layout, means, cov),
    )


class Form(Protocol):
    """One way to work out what the likelihood's refits need."""

    def gradient(self, theta: Floats, target: Resampled) -> Floats:
        """Gradient of F / 2 by free value, (b, q), at values (b, q)."""

    def variances(self, theta: Floats, target: Resampled) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Implied and residual variances of all variables, (b, G, v); where sigma is positive definite."""


def definite(matrices: Floats) -> NDArray[np.bool_]:
    """Which of many symmetric matrices (b, G, ., .) are positive definite in all groups, shape (b,)."""
    lead = matrices.shape[:2]
    flat = matrices.reshape(-1, *matrices.shape[2:])
    try:
        np.linalg.cholesky(flat)
        fine = np.isfinite(np.einsum("bii->b", flat))
    except np.linalg.LinAlgError:
        fine = np.array([_is_definite(matrix) for matrix in flat], dtype=np.bool_)
    return np.asarray(fine.reshape(lead).all(axis=1), dtype=np.bool_)


def _is_definite(matrix: Floats) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return bool(np.isfinite(matrix).all())


def inverses(matrices: Floats) -> Floats:
    """Inverses of many square matrices; NaN where one is singular, which leaves the others as they are."""
    try:
        return np.asarray(np.linalg.inv(matrices), dtype=np.float64)
    except np.linalg.LinAlgError:
        found = np.full_like(matrices, np.nan)
        for at in np.ndindex(matrices.shape[:-2]):
            try:
                found[at] = np.linalg.inv(matrices[at])
            except np.linalg.LinAlgError:
                continue
        return found

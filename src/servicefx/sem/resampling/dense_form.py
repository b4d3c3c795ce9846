"""Slopes of the likelihood for many resamples, for any model: sigma is inverted as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.resampling.target import Resampled, definite, inverses
from servicefx.sem.structure.derivatives import carried, first
from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.matrices import implied

__all__ = ["DenseForm"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DenseForm:
    r"""Gradients by :math:`M = \Sigma^{-1} - \Sigma^{-1} S \Sigma^{-1}`, of order p³ a resample.

    Attributes
    ----------
    layout : Layout
        In the units of the search.
    """

    layout: Layout

    def gradient(self, theta: Floats, target: Resampled) -> Floats:
        """Gradient of F / 2 by free value, (b, q), at values (b, q)."""
        at = implied(target.layout, theta, shift=target.mean)
        inverse = inverses(at.sigma)
        weight = inverse - inverse @ self.second(target) @ inverse
        columns = carried(target.layout, at)
        cells = first(target.layout, columns, weight)
        return target.layout.gathered(cells * target.share[:, :, None])

    def variances(self, theta: Floats, target: Resampled) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Implied and residual variances of all variables, (b, G, v); where sigma is positive definite."""
        at = implied(target.layout, theta, shift=target.mean)
        symmetric, constant = at.symmetric, self.layout.constant
        residual = np.einsum("bgii->bgi", symmetric).copy()
        if constant is not None:
            symmetric = symmetric.copy()
            symmetric[..., constant, constant] = 0.0
        variance = np.asarray(((at.total @ symmetric) * at.total).sum(axis=-1), dtype=np.float64)
        if constant is not None:
            variance[..., constant] = 1.0
        return variance, residual, definite(at.sigma)

    def second(self, target: Resampled) -> Floats:
        """Sample moments about the sample means (b, G, P, P), with the constant where means are modelled."""
        if target.mean is None:
            return target.cov
        p = self.layout.n_items
        stacked = np.zeros((*target.cov.shape[:-2], p + 1, p + 1))
        stacked[..., :p, :p] = target.cov
        stacked[..., p, p] = 1.0
        return stacked

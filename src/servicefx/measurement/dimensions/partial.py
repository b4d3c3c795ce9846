"""Velicer's minimum average partial: components that leave the least correlation behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.measurement.dimensions.item_correlations import (
    CorrelationKind,
    check_positive_definite,
    item_correlations,
)
from servicefx.moments.moments import Moments

__all__ = ["PartialAnalysis", "minimum_average_partial"]

Floats = NDArray[np.float64]
_SPENT = 1e-12
"""Share of an item's variance below which nothing is left to correlate."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PartialAnalysis:
    """How many components to take out before what is left is each item's own.

    Attributes
    ----------
    table : DataFrame
        One row a number of components taken out, ``n_components`` from 0: ``average_squared`` and
        ``average_fourth`` power of the partial correlations left, in [0, 1]; ``undefined``.
    n_factors : int
        Where the average squared partial is least (Velicer 1976); may be 0.
    n_factors_fourth : int
        Where the average fourth power is least (Velicer, Eaton & Fava 2000).
    correlation : {"pearson", "polychoric"}
    n_obs, dropped : int
        Complete rows, and rows left out for a gap.
    flags : tuple of str
        What makes latent correlations doubtful.
    """

    table: pd.DataFrame
    n_factors: int
    n_factors_fourth: int
    correlation: CorrelationKind
    n_obs: int
    dropped: int
    flags: tuple[str, ...]


def minimum_average_partial(
    items: pd.DataFrame | Moments,
    *,
    correlation: CorrelationKind = "pearson",
    ordered: Sequence[str] | None = None,
    weights: pd.Series | None = None,
) -> PartialAnalysis:
    r"""Number of components after which the average partial correlation of the items is least.

    Parameters
    ----------
    items : DataFrame, shape (n, p), or Moments
        At least three items, reversed ones turned. Rows with a gap are not used, and counted.
    correlation : {"pearson", "polychoric"}
    ordered : sequence of str, optional
        The ordered columns, for polychoric correlations; all by default.
    weights : Series, length n, optional
        Survey weights > 0; with pearson only.

    Returns
    -------
    PartialAnalysis

    Raises
    ------
    DataError
        As `item_correlations`; or if polychoric correlations are not positive definite.

    Notes
    -----
    With :math:`C_m = R - A_m A_m'`, :math:`A_m` the loadings of the first m components, and
    :math:`r_{ij.m}` the correlations of :math:`C_m`: the mean of :math:`r_{ij.m}^2` (or its square) over
    i ≠ j, for m = 0 … p - 1.

    References
    ----------
    Velicer (1976), Psychometrika 41, 321-327, eq. 4; Velicer, Eaton & Fava (2000), in Goffin & Helmes,
    Problems and Solutions in Human Assessment, 41-71; O'Connor (2000), Behav. Res. Methods 32, 396-402.

    Examples
    --------
    >>> truth = np.kron(np.eye(2), np.full((4, 4), 0.5)) + 0.5 * np.eye(8)
    >>> printed = Moments.from_correlation(truth, np.ones(8), 300, names=list("abcdefgh"))
    >>> minimum_average_partial(printed).n_factors
    2
    """
    found = item_correlations(items, correlation=correlation, ordered=ordered, weights=weights)
    check_positive_definite(found)
    rest, p = found.correlation.copy(), len(found.names)
    values, vectors = np.linalg.eigh(rest)
    squared, fourth, reasons = np.full(p, np.nan), np.full(p, np.nan), [""] * p
    off = ~np.eye(p, dtype=np.bool_)
    for m in range(p):
        if m:
            rest = rest - values[p - m] * np.outer(vectors[:, p - m], vectors[:, p - m])
        variance = np.diag(rest)
        if variance.min() < _SPENT:
            reasons[m] = f"nothing is left of '{found.names[int(variance.argmin())]}'"
            continue
        partial = (rest**2 / np.outer(variance, variance))[off]
        squared[m], fourth[m] = partial.mean(), (partial**2).mean()
    return PartialAnalysis(
        table=pd.DataFrame(
            {
                "n_components": np.arange(p),
                "average_squared": squared,
                "average_fourth": fourth,
                "undefined": reasons,
            }
        ),
        n_factors=int(np.nanargmin(squared)),
        n_factors_fourth=int(np.nanargmin(fourth)),
        correlation=correlation,
        n_obs=found.n_obs,
        dropped=found.dropped,
        flags=found.flags,
    )

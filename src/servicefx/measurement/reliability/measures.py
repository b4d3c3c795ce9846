"""The measures that are computed from one construct's covariances, by name, for one matrix or many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from servicefx.measurement.reliability.alpha import alpha_of
from servicefx.measurement.reliability.item_covariance import correlations_of
from servicefx.measurement.reliability.omega import composite_of, omega_of
from servicefx.measurement.reliability.one_factor import fit_one_factor_batch
from servicefx.measurement.reliability.split_half import lambda6_of, odd_even_of

__all__ = ["FACTOR", "MEASURES", "drawn_measures", "of_matrix"]

Floats = NDArray[np.float64]
OfMatrix = Callable[[NDArray[np.inexact]], NDArray[np.inexact]]
OfFactor = Callable[[NDArray[np.inexact], NDArray[np.inexact]], NDArray[np.inexact]]


def _standardised_alpha(covariances: NDArray[np.inexact]) -> NDArray[np.inexact]:
    return alpha_of(correlations_of(covariances))


_MATRIX: dict[str, OfMatrix] = {
    "alpha": alpha_of,
    "alpha_standardised": _standardised_alpha,
    "split_half": odd_even_of,
    "lambda6": lambda6_of,
}
FACTOR: dict[str, OfFactor] = {"omega": omega_of, "composite_reliability": composite_of}
"""Measures of loadings and uniquenesses in the items' units."""
MEASURES = ("alpha", "alpha_standardised", "omega", "composite_reliability", "split_half", "lambda6")


def of_matrix(measure: str, p: int) -> OfMatrix | None:
    """A measure as a function of matrices (..., p, p); None where it needs a one-factor solution.

    Composite reliability of two items holds their standardised loadings equal: it is standardised alpha.
    """
    if measure == "composite_reliability" and p == 2:
        return _standardised_alpha
    return _MATRIX.get(measure)


def drawn_measures(covariances: Floats) -> dict[str, Floats]:
    """Every measure of every covariance matrix (b, p, p), shape (b,); NaN where it does not exist."""
    p = covariances.shape[-1]
    fit = fit_one_factor_batch(covariances)
    regular = np.where(fit.singular[:, None, None], np.eye(p), covariances)
    drawn: dict[str, Floats] = {}
    for measure in MEASURES:
        of = of_matrix(measure, p)
        if of is None:
            values = FACTOR[measure](fit.loadings, fit.uniquenesses)
        else:
            values = np.where(fit.singular, np.nan, of(regular))
            if measure in FACTOR:
                values = np.where(covariances[:, 0, 1] > 0, values, np.nan)
        drawn[measure] = np.asarray(values, dtype=np.float64)
    return drawn

"""Contrasts of a regression and of its resamples, as rows of a table and as effects with joint draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.linear import Covariance, fit_ols
from servicefx.models.drivers.rows import DriverRows
from servicefx.models.frame_draws import check_paired, given_or_drawn
from servicefx.moments.resample import resampled_least_squares
from servicefx.values.estimates import Estimates, critical_value, two_sided_p_value

__all__ = ["DrawnFit", "Resamples", "drawn_fit", "resamples_of", "wald_statistic"]

Floats = NDArray[np.float64]
_APART = 1e-8
"""Smallest singular value of the correlations of contrasts that can be told apart."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Resamples:
    """Which resamples the draws stand on.

    Attributes
    ----------
    counts : ndarray, shape (n_draws, n)
        How often every row used stands in every resample.
    source : str
        Their name.
    """

    counts: NDArray[np.float32]
    source: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DrawnFit:
    """A regression and the same regression in every resample.

    Attributes
    ----------
    estimates : Estimates
    draws : ndarray, shape (n_draws, k)
        Coefficients, in the order of its terms; NaN where a resample cannot tell them apart.
    """

    estimates: Estimates
    draws: Floats

    def weights(self, terms: Mapping[str, float]) -> Floats:
        """Weights of the coefficients in a contrast, shape (k,): those named, the others 0."""
        row = np.zeros(len(self.estimates.terms))
        for term, weight in terms.items():
            row[self.estimates.terms.index(term)] = weight
        return row

    def contrast(self, weights: Floats, level: float) -> dict[str, float]:
        """Estimate, error, test and interval of a weighted sum of coefficients."""
        fit = self.estimates
        estimate = float(weights @ fit.coefficients)
        error = float(np.sqrt(max(float(weights @ fit.covariance @ weights), 0.0)))
        statistic = estimate / error if error > 0 else float("nan")
        half = critical_value(level, fit.df) * error
        return {
            "estimate": estimate,
            "std_error": error,
            "statistic": statistic,
            "df": fit.df,
            "p_value": float(two_sided_p_value(np.array([statistic]), fit.df)[0]),
            "conf_low": estimate - half,
            "conf_high": estimate + half,
        }


def resamples_of(
    rows: DriverRows,
    *,
    draws: int,
    seed: int,
    data_id: str,
    clusters: pd.Series | None,
    counts: NDArray[np.float32] | None,
    source: str | None,
) -> Resamples:
    """The shared resamples at the rows used: those given, or drawn here.

    Parameters
    ----------
    rows : DriverRows
    draws, seed, data_id
        Of the resamples drawn here, where none are given.
    clusters : Series, optional
        Beside the data given, before rows were left out.
    counts : ndarray, shape (n_draws, n of the data), optional
        Shared resamples; then ``source`` says what they are.
    source : str, optional
        Draw source of ``counts``.
    """
    check_paired(counts, source)
    counts, source = given_or_drawn(
        rows.n_rows, counts, source, draws=draws, seed=seed, data_id=data_id, clusters=clusters,
        labels=None if clusters is None else clusters.reset_index(drop=True),
    )  # fmt: skip
    if rows.n_obs < rows.n_rows:
        counts = counts[:, rows.positions]
    return Resamples(counts=counts, source=source)


def drawn_fit(
    design: pd.DataFrame,
    terms: Sequence[str],
    rows: DriverRows,
    covariance: Covariance,
    resamples: Resamples | None,
) -> DrawnFit:
    """Least squares of the rows' outcome on terms, here and in every resample.

    Parameters
    ----------
    design : DataFrame, shape (n, m)
        Outcome, terms.
    terms : sequence of str
    rows : DriverRows
        Say outcome, clusters and weights; clusters mean clustered errors.
    covariance : str
        Kind of error without clusters.
    resamples : Resamples, optional
        Without them no draws are made.
    """
    fit = fit_ols(
        design,
        rows.outcome,
        terms,
        covariance=covariance if rows.clusters is None else "cluster",
        clusters=rows.clusters,
        weights=rows.weights,
    )
    if resamples is None:
        return DrawnFit(estimates=fit, draws=np.empty((0, len(fit.terms))))
    x = np.column_stack([design[list(terms)].to_numpy(dtype=float, copy=True), np.ones(len(design))])
    weights = None if rows.weights is None else rows.weights.to_numpy(dtype=float, copy=True)
    outcome = design[rows.outcome].to_numpy(dtype=float, copy=True)
    drawn = resampled_least_squares(outcome, x, resamples.counts, weights)
    return DrawnFit(estimates=fit, draws=drawn)


def wald_statistic(apart: Floats, spread: Floats) -> float:
    """Wald's F that several contrasts are all zero; NaN where their errors cannot be told apart.

    Clustered errors of G clusters hold G - 1 contrasts apart and no more.

    Parameters
    ----------
    apart : ndarray, shape (m,)
        Estimated contrasts.
    spread : ndarray, shape (m, m)
        Their covariance.
    """
    size = np.sqrt(np.diag(spread))
    if not (size > 0).all() or np.linalg.matrix_rank(spread / np.outer(size, size), tol=_APART) < len(apart):
        return float("nan")
    return float(apart @ np.linalg.solve(spread, apart)) / len(apart)

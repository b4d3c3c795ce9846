"""The kink regression as fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import IdentificationError, Problem
from servicefx.models.waiting.rows import WaitRows
from servicefx.models.waiting.search import KinkDesign, Stretches, resampled_kinks, stretches

__all__ = ["KinkFit", "fit_kink"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KinkFit:
    """Least squares in centred and scaled columns, for conditioning.

    Attributes
    ----------
    design : KinkDesign
    where : Stretches
        Where the threshold was sought, scaled.
    outcome, fitted : ndarray, shape (n,)
        Scaled.
    terms : ndarray, shape (n, k)
        Constant, wait, covariates, scaled.
    weights : ndarray, shape (n,)
    scaled_threshold : float
    coefficients : ndarray, shape (k + 1,)
        Of the terms and of (x - g)+, scaled.
    x_centre, x_scale, y_centre, y_scale : float
        What was taken away and divided by.
    """

    design: KinkDesign
    where: Stretches
    outcome: Floats
    fitted: Floats
    terms: Floats
    weights: Floats
    scaled_threshold: float
    coefficients: Floats
    x_centre: float
    x_scale: float
    y_centre: float
    y_scale: float

    @property
    def threshold(self) -> float:
        """In units of the wait."""
        return self.scaled_threshold * self.x_scale + self.x_centre

    @property
    def slopes(self) -> tuple[float, float]:
        """Before and beyond the threshold, outcome per unit of the wait."""
        slope = self.y_scale / self.x_scale
        before = float(self.coefficients[1])
        return before * slope, (before + float(self.coefficients[-1])) * slope

    @property
    def residual(self) -> Floats:
        """Outcome less fitted, in units of the outcome."""
        return np.asarray((self.outcome - self.fitted) * self.y_scale)

    def resampled(self, counts: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Scaled thresholds and coefficients of resamples of its rows, as `resampled_kinks`."""
        return resampled_kinks(self.outcome, self.terms[:, 1], self.terms, counts, self.weights, self.where)

    def lines(self, at: Floats, thresholds: Floats, coefficients: Floats) -> Floats:
        """Lines over waits, shape (B, g), covariates at their means, in units of the outcome."""
        scaled = (at - self.x_centre) / self.x_scale
        means = np.average(self.terms, axis=0, weights=self.weights)
        means[1] = 0.0
        base = coefficients[:, :-1] @ means
        bent = np.maximum(scaled - thresholds[:, None], 0.0) * coefficients[:, -1:]
        return np.asarray(
            (base[:, None] + coefficients[:, 1:2] * scaled + bent) * self.y_scale + self.y_centre
        )


def fit_kink(rows: WaitRows, low: float, high: float) -> KinkFit:
    """Least squares over slopes, covariates and threshold.

    Parameters
    ----------
    rows : WaitRows
    low, high : float
        Between which the threshold lies, in units of the wait.

    Raises
    ------
    IdentificationError
        If no bend can be told from the covariates, or the line leaves no error.
    """
    terms = np.column_stack([np.ones(len(rows.x)), rows.x, rows.z])
    centre = np.r_[0.0, terms[:, 1:].mean(axis=0)]
    scale = np.r_[1.0, terms[:, 1:].std(axis=0)]
    scaled = (terms - centre) / scale
    y_centre, y_scale = float(rows.y.mean()), float(rows.y.std())
    y = (rows.y - y_centre) / y_scale
    design = KinkDesign.of(scaled[:, 1], scaled, rows.weights)
    where = stretches(design.waits, (low - centre[1]) / scale[1], (high - centre[1]) / scale[1])
    residual = design.residuals(y[None])
    total = float((residual**2).sum())
    best = design.best(residual, where)
    if not np.isfinite(best.threshold[0]):
        found = f"between {low:g} and {high:g} a bend cannot be told from the other terms"
        raise IdentificationError(Problem(rows.where, found, "Hold fewer covariates, or widen the search."))
    at = float(best.threshold[0])
    columns = np.column_stack([scaled, np.maximum(scaled[:, 1] - at, 0.0)])
    solved = np.linalg.lstsq(columns * design.root[:, None], y * design.root, rcond=None)[0]
    coefficients = np.asarray(solved, dtype=np.float64)
    fitted = columns @ coefficients
    if float(rows.weights @ (y - fitted) ** 2) <= 1e-12 * max(total, 1e-12 * len(y)) or total <= 1e-20 * len(
        y
    ):
        found = "the line goes through every row, which leaves no error to judge a bend by"
        raise IdentificationError(
            Problem(rows.where, found, "Check whether the outcome was computed from it.")
        )
    return KinkFit(
        design=design,
        where=where,
        outcome=y,
        fitted=fitted,
        terms=scaled,
        weights=rows.weights,
        scaled_threshold=at,
        coefficients=coefficients,
        x_centre=float(centre[1]),
        x_scale=float(scale[1]),
        y_centre=y_centre,
        y_scale=y_scale,
    )

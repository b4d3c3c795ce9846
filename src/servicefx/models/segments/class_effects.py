"""Slopes of latent classes as answers whose draws line up with other analyses of the same data file."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import CONSTANT
from servicefx.models.drivers.regression import HELD, MEASURED
from servicefx.models.segments.class_covariance import influence_draws
from servicefx.models.segments.class_rows import class_rows
from servicefx.models.segments.latent_classes import LatentClasses
from servicefx.values.effect import Effect

__all__ = ["CLASS_ASSUMPTIONS", "class_effects"]

CLASS_ASSUMPTIONS = (
    HELD,
    MEASURED,
    "within a class the outcome is linear in every driver and its errors are normal",
    "customers of one cluster belong to classes independently of each other",
)


def class_effects(
    fit: LatentClasses,
    data: pd.DataFrame,
    counts: NDArray[np.float32],
    *,
    source: str,
    unit: str = "points per point",
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
) -> dict[tuple[str, str], Effect]:
    """Every class's slopes with draws.

    Parameters
    ----------
    fit : LatentClasses
    data, weights, clusters
        What it was fitted to.
    counts : ndarray, shape (draws, n)
        Resamples beside the rows of ``data``.
    source : str
        Which resamples.
    unit : str
        Of the slopes.

    Returns
    -------
    dict of (class, driver) to Effect
        Draws to first order, not refits: the classes are those of the sample, and labels cannot switch.
    """
    rows = class_rows(
        data, fit.outcome, fit.drivers, fit.membership, fit.n_classes, weights=weights, clusters=clusters
    )
    prepared = rows.data(shared=fit.shared_slopes, floor=fit.floor)
    estimates = np.concatenate([fit.coefficients.ravel(), fit.shares])
    drawn = influence_draws(rows, prepared, fit.parameters, estimates, counts[:, rows.rows.positions])
    width = len(fit.terms)
    return {
        (f"class: {k + 1}", term): Effect(
            estimand=f"slope of {fit.outcome} on {term} in latent class {k + 1}, other drivers held",
            unit=unit,
            estimate=float(fit.coefficients[k, at]),
            draws=drawn[:, k * width + at],
            draw_source=(source,),
            design="adjusted",
            assumptions=CLASS_ASSUMPTIONS,
        )
        for k in range(fit.n_classes)
        for at, term in enumerate(fit.terms)
        if term != CONSTANT
    }

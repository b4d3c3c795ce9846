"""The bootstrap of a path model of composites: resampled correlations, all estimated at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from servicefx.moments.resample import resampled_covariances
from servicefx.moments.resample_index import resample_counts
from servicefx.pls.composites import SCHEMES, Scheme, composites
from servicefx.pls.estimation import item_values
from servicefx.pls.path_draws import PathDraws
from servicefx.pls.pls_fit import PlsFit, all_paths

__all__ = ["bootstrap"]


def bootstrap(
    fit: PlsFit,
    data: pd.DataFrame,
    draws: int,
    seed: int,
    *,
    analysis_id: str = "pls",
    clusters: ArrayLike | pd.Series | None = None,
) -> PathDraws:
    """Bootstrap draws of the paths.

    Parameters
    ----------
    fit : PlsFit
        Fitted to ``data``.
    data : DataFrame, shape (n, >= p)
        The rows it was fitted to; rows with a gap are left out of every resample, as of the fit.
    draws : int
        Resamples.
    seed : int
        The study's seed.
    analysis_id : str
        Name of the data file, so that draws line up with those of other fits on the same rows.
    clusters : array_like, shape (n,), optional
        Whole clusters are drawn where given.

    Returns
    -------
    PathDraws
        In the order of the model's paths; NaN rows where a resample had no answer. Every resample is
        estimated by the sample's rule; no draw is turned afterwards.
    """
    items = fit.model.items
    values, used = item_values(data, items)
    counts = resample_counts(len(values), draws, seed, analysis_id, clusters)[:, used]
    covariance = resampled_covariances(values[used], counts)
    sd = np.sqrt(np.maximum(np.einsum("bii->bi", covariance), 0.0))  # rounding of a constant: -1e-17
    known = (sd > 0).all(axis=1)
    table = np.full((draws, len(fit.model.paths)), np.nan)
    correlation = covariance[known] / (sd[known][:, :, None] * sd[known][:, None, :])
    solution = composites(
        correlation,
        fit.model.design,
        scheme=_scheme(fit),
        tolerance=float(fit.settings["tolerance"]),
        max_iterations=int(fit.settings["max_iterations"]),
    )
    table[known] = all_paths(fit.model, solution.correlations)
    table[np.isnan(table).any(axis=1)] = np.nan
    return PathDraws(
        paths=fit.model.paths,
        draws=table,
        draw_source=(analysis_id,),
        kind="bootstrap: clusters" if clusters is not None else "bootstrap: rows",
    )


def _scheme(fit: PlsFit) -> Scheme:
    return next(scheme for scheme in SCHEMES if scheme == fit.settings["scheme"])

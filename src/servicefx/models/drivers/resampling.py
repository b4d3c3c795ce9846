"""Means and correlations of an outcome and its drivers: of the sample, and of every resample of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.models.drivers.rows import DriverRows, driver_rows
from servicefx.models.waiting.rows import cluster_labels
from servicefx.moments.moments import Moments
from servicefx.moments.resample import resampled_covariances, resampled_means
from servicefx.moments.resample_index import resample_blocks

__all__ = ["DriverMoments", "driver_moments"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DriverMoments:
    """Moments of the outcome (first) and the drivers, with draws of them.

    Attributes
    ----------
    drivers : tuple of str, length p
    mean : ndarray, shape (p + 1,), or None
        None where a printed table has no means.
    cov : ndarray, shape (p + 1, p + 1)
        Denominator n.
    means : ndarray, shape (draws, p + 1)
        Of the resamples; NaN where the mean is not known.
    covs : ndarray, shape (draws, p + 1, p + 1)
    n_obs, n_dropped : int
        Rows used, rows left out for a gap.
    interval : str
        How draws were made; empty without draws.
    rows : DriverRows or None
        None where only moments are known.
    """

    drivers: tuple[str, ...]
    mean: Floats | None
    cov: Floats
    means: Floats
    covs: Floats
    n_obs: int
    n_dropped: int
    interval: str
    rows: DriverRows | None

    @property
    def correlation(self) -> Floats:
        """Of the sample, shape (p + 1, p + 1)."""
        return np.asarray(_correlations(self.cov[None])[0], dtype=np.float64)

    @property
    def correlations(self) -> Floats:
        """Of the resamples, shape (draws, p + 1, p + 1); NaN where a column did not vary."""
        return _correlations(self.covs)


def _correlations(covs: Floats) -> Floats:
    sd = np.sqrt(np.einsum("mjj->mj", covs))
    sd = np.where(sd > 0, sd, np.nan)
    corr = covs / (sd[:, :, None] * sd[:, None, :])
    at = np.arange(corr.shape[1])
    corr[:, at, at] = np.where(np.isnan(sd), np.nan, 1.0)
    return np.asarray(corr, dtype=np.float64)


def driver_moments(
    data: pd.DataFrame | Moments,
    outcome: str,
    drivers: Sequence[str],
    *,
    draws: int,
    seed: int | None,
    weights: pd.Series | None,
    clusters: pd.Series | None,
    analysis_id: str,
) -> DriverMoments:
    """Moments of a frame's complete rows, or those given, with draws.

    Parameters
    ----------
    data : DataFrame, shape (n, m), or Moments
    outcome : str
    drivers : sequence of str, length p
    draws : int
        0 for none. Rows are drawn with replacement (whole clusters where given); of moments alone, samples
        are drawn from the normal distribution that has them.
    seed : int or None
        None counts as 0.
    weights, clusters : Series of length n, or None
    analysis_id : str
        Name of the data file.

    Returns
    -------
    DriverMoments

    Raises
    ------
    DataError
        As `driver_rows`; if draws or seed are below 0; if weights or clusters come with moments.
    """
    number = 0 if seed is None else seed
    for name, value in (("draws", draws), ("seed", number)):
        if value < 0 or value != int(value):
            found = f"{value}, a whole number from 0 expected"
            raise DataError(Problem(name, found, f"Choose e.g. {name}={2000 if name == 'draws' else 1}."))
    if isinstance(data, Moments):
        if weights is not None or clusters is not None:
            found = "weights or clusters beside moments, which hold no rows"
            raise DataError(Problem(f"drivers of '{outcome}'", found, "Give the rows, or neither of them."))
        return _from_moments(data, outcome, drivers, int(draws), number, analysis_id)
    rows = driver_rows(data, outcome, drivers, weights=weights, clusters=clusters)
    values = rows.frame.to_numpy(dtype=float, copy=True)
    weight = None if rows.weights is None else rows.weights.to_numpy(dtype=float, copy=True)
    shares = rows.shares
    mean = shares @ values
    centred = values - mean
    q = values.shape[1]
    means, covs = np.empty((draws, q)), np.empty((draws, q, q))
    interval = ""
    if draws:
        labels = cluster_labels(clusters)
        if labels is not None:
            labels = labels.reset_index(drop=True)
        at = 0
        for block in resample_blocks(rows.n_rows, int(draws), number, analysis_id, labels):
            counts = block.counts()[:, rows.positions].astype(np.float32)
            means[at : at + len(counts)] = resampled_means(values, counts, weight)
            covs[at : at + len(counts)] = resampled_covariances(values, counts, weight)
            at += len(counts)
        unit = "rows" if clusters is None else f"clusters of '{clusters.name}'"
        interval = f"percentiles of {draws} resamples of {unit}, seed {number}"
    return DriverMoments(
        drivers=rows.drivers,
        mean=mean,
        cov=(centred * shares[:, None]).T @ centred,
        means=means,
        covs=covs,
        n_obs=rows.n_obs,
        n_dropped=rows.n_dropped,
        interval=interval,
        rows=rows,
    )


def _from_moments(
    data: Moments, outcome: str, drivers: Sequence[str], draws: int, seed: int, analysis_id: str
) -> DriverMoments:
    """Moments as given, and those of normal samples of the same size (Wishart by Bartlett's factors)."""
    where = f"drivers of '{outcome}'"
    if isinstance(drivers, str) or not drivers:
        raise DataError(Problem(where, "no list of drivers", "Name at least one column as a driver."))
    names = [outcome, *drivers]
    if len(set(names)) < len(names):
        raise DataError(Problem(where, "a column is named twice", "Name each column once."))
    known = data.subset(names)
    q = len(names)
    covs, means = np.empty((draws, q, q)), np.full((draws, q), np.nan)
    interval = ""
    if draws:
        if known.n_obs <= q:
            found = f"{known.n_obs} rows for {q} columns, at least {q + 1} expected to draw samples"
            raise DataError(Problem(where, found, "Ask for draws=0, or for fewer drivers."))
        rng = np.random.default_rng([seed, *analysis_id.encode()])
        eigenvalues, vectors = np.linalg.eigh(known.cov)
        root = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
        factor = np.tril(rng.normal(size=(draws, q, q)), -1)
        at = np.arange(q)
        factor[:, at, at] = np.sqrt(rng.chisquare(known.n_obs - 1 - at, size=(draws, q)))
        half = root @ factor
        covs = half @ half.transpose(0, 2, 1) / known.n_obs
        if known.mean is not None:
            means = known.mean + rng.normal(size=(draws, q)) @ root.T / np.sqrt(known.n_obs)
        interval = f"percentiles of {draws} normal samples with these moments, seed {seed}"
    return DriverMoments(
        drivers=tuple(drivers),
        mean=known.mean,
        cov=known.cov,
        means=means,
        covs=covs,
        n_obs=known.n_obs,
        n_dropped=0,
        interval=interval,
        rows=None,
    )

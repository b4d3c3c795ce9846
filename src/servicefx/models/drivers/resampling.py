"""Means and correlations of an outcome and its drivers: of the sample, and of every resample of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.models.drivers.rows import DriverRows, driver_rows
from servicefx.models.frame_draws import cluster_labels, resamples_said
from servicefx.moments.moments import Moments
from servicefx.moments.resample import resampled_covariances, resampled_means
from servicefx.moments.resample_index import resample_blocks

__all__ = ["DriverMoments", "driver_moments"]

Floats = NDArray[np.float64]
_SINGULAR = 1e-10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DriverMoments:
    """Moments of the outcome (first) and the drivers, with draws of them.

    Attributes
    ----------
    drivers : tuple of str, length p
    covariates : tuple of str
        Columns held: their part is taken out of the outcome and of the drivers, in every draw anew.
    mean : ndarray, shape (p + 1,), or None
        None where a printed table has no means.
    cov : ndarray, shape (p + 1, p + 1)
        Denominator n; of what the covariates leave.
    means : ndarray, shape (draws, p + 1)
        Of the resamples; NaN where the mean is not known.
    covs : ndarray, shape (draws, p + 1, p + 1)
    left : float
        Share of the outcome's variance that the covariates leave; 1 without any.
    lefts : ndarray, shape (draws,)
    n_obs, n_dropped : int
        Rows used, rows left out for a gap.
    interval : str
        How draws were made; empty without draws.
    rows : DriverRows or None
        None where only moments are known.
    """

    drivers: tuple[str, ...]
    covariates: tuple[str, ...]
    mean: Floats | None
    cov: Floats
    means: Floats
    covs: Floats
    left: float
    lefts: Floats
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
    covariates: Sequence[str] = (),
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
    covariates : sequence of str
        Columns held.
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
    IdentificationError
        If the outcome or a driver follows from the columns held.
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
        known = _from_moments(data, outcome, drivers, covariates, int(draws), number, analysis_id)
        return _held(known, outcome)
    rows = driver_rows(data, outcome, drivers, covariates, weights=weights, clusters=clusters)
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
        interval = f"percentiles of {resamples_said(draws, clusters, number)}"
    whole = DriverMoments(
        drivers=rows.drivers,
        covariates=rows.covariates,
        mean=mean,
        cov=(centred * shares[:, None]).T @ centred,
        means=means,
        covs=covs,
        left=1.0,
        lefts=np.ones(draws),
        n_obs=rows.n_obs,
        n_dropped=rows.n_dropped,
        interval=interval,
        rows=rows,
    )
    return _held(whole, outcome)


def _held(whole: DriverMoments, outcome: str) -> DriverMoments:
    """The moments with the covariates, which stand last, taken out of the others."""
    if not whole.covariates:
        return whole
    q = 1 + len(whole.drivers)
    covs, kept = _partial(np.concatenate([whole.cov[None], whole.covs]), q)
    gone = [name for name, share in zip((outcome, *whole.drivers), kept[0], strict=True) if not share > 0]
    if gone:
        found = ", ".join(f"'{name}'" for name in gone) + " follows from what is held: "
        found += ", ".join(f"'{name}'" for name in whole.covariates)
        raise IdentificationError(Problem(f"drivers of '{outcome}'", found, "Hold fewer columns."))
    return replace(
        whole,
        mean=None if whole.mean is None else whole.mean[:q],
        cov=covs[0],
        means=whole.means[:, :q],
        covs=covs[1:],
        left=float(kept[0, 0]),
        lefts=kept[1:, 0],
    )


def _partial(covs: Floats, q: int) -> tuple[Floats, Floats]:
    """Covariances (m, q, q) of the first q columns less their part in the others, and the share kept (m, q).

    What keeps less than rounding is set to 0: it does not vary once the others are held.
    """
    variances = np.einsum("mjj->mj", covs)
    scale = np.divide(1.0, np.sqrt(variances), out=np.zeros_like(variances), where=variances > 0)
    corr = covs * scale[:, :, None] * scale[:, None, :]
    gaps = ~np.isfinite(corr).all(axis=(1, 2))
    corr[gaps] = 0.0
    across = corr[:, :q, q:]
    inverse = np.linalg.pinv(corr[:, q:, q:], rcond=_SINGULAR, hermitian=True)
    left = corr[:, :q, :q] - across @ inverse @ across.transpose(0, 2, 1)
    kept = np.einsum("mjj->mj", left).copy()
    kept[kept < _SINGULAR] = 0.0
    kept[gaps] = np.nan
    sd = np.sqrt(variances[:, :q])
    answer = left * sd[:, :, None] * sd[:, None, :]
    answer *= (kept > 0)[:, :, None] & (kept > 0)[:, None, :]
    answer[gaps] = np.nan
    return np.asarray(answer, dtype=np.float64), np.asarray(kept, dtype=np.float64)


def _from_moments(
    data: Moments,
    outcome: str,
    drivers: Sequence[str],
    covariates: Sequence[str],
    draws: int,
    seed: int,
    analysis_id: str,
) -> DriverMoments:
    """Moments as given, and those of normal samples of the same size (Wishart by Bartlett's factors)."""
    where = f"drivers of '{outcome}'"
    if isinstance(drivers, str) or not drivers:
        raise DataError(Problem(where, "no list of drivers", "Name at least one column as a driver."))
    names = [outcome, *drivers, *covariates]
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
        covariates=tuple(covariates),
        mean=known.mean,
        cov=known.cov,
        means=means,
        covs=covs,
        left=1.0,
        lefts=np.ones(draws),
        n_obs=known.n_obs,
        n_dropped=0,
        interval=interval,
        rows=None,
    )

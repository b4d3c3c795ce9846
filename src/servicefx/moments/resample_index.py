"""Which rows stand in which resample: one shared, seeded index for everything computed from a data file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem

__all__ = ["ResampleBlock", "resample_blocks", "resample_counts"]

Counts = NDArray[np.uint8]
_CELLS = 500_000
"""Rows drawn at a time: 4 MB of them."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ResampleBlock:
    """Some of the resamples of a data file; its counts depend on nothing but what stands here.

    Attributes
    ----------
    number : int
        Place among the blocks, from 0.
    draws : int
        Resamples in it.
    n_obs : int
        Rows of the data file.
    entropy : tuple of int
        Seed of the generator, the block's number last.
    clusters : ndarray of int, shape (n_obs,), or None
        Rank of each row's cluster among the sorted labels.
    """

    number: int
    draws: int
    n_obs: int
    entropy: tuple[int, ...]
    clusters: NDArray[np.int64] | None = None

    def counts(self) -> Counts:
        """How often each row stands in each resample, shape (draws, n_obs), unsigned bytes.

        Notes
        -----
        Takes draws · n_obs bytes. A count above 255 has a chance below 1 / 255! and is not provided for.
        """
        rng = np.random.default_rng(self.entropy)
        size = self.n_obs if self.clusters is None else int(self.clusters.max()) + 1
        drawn = np.empty((self.draws, size), dtype=np.uint8)
        step = max(1, _CELLS // size)
        for begin in range(0, self.draws, step):
            some = drawn[begin : begin + step]
            rows = rng.integers(0, size, size=(len(some), size))  # the same numbers as draw by draw
            rows += np.arange(len(some))[:, None] * size
            some[:] = np.bincount(rows.ravel(), minlength=some.size).reshape(some.shape)
        return drawn if self.clusters is None else drawn[:, self.clusters]


def resample_blocks(
    n_obs: int,
    draws: int,
    seed: int,
    analysis_id: str,
    clusters: ArrayLike | pd.Series | None = None,
    *,
    block: int = 200,
) -> tuple[ResampleBlock, ...]:
    """Bootstrap resamples in blocks that may be worked on in any order, by any number of workers.

    Parameters
    ----------
    n_obs : int
        Rows of the data file.
    draws : int
        Resamples wanted. More of them leave the first ones as they were.
    seed : int
        The study's seed.
    analysis_id : str
        Name of the data file; another name gives another stream.
    clusters : array_like, shape (n_obs,), optional
        Where declared, whole clusters are drawn with replacement; the draw of a cluster depends on its
        rank among the sorted labels, not on the order of the rows.
    block : int
        Resamples a block; part of the seed's meaning, so another size gives other draws.

    Returns
    -------
    tuple of ResampleBlock
        All of ``block`` draws but the last.

    Raises
    ------
    DataError
        If a row has no cluster, or there are fewer than two rows or clusters to draw from.

    Notes
    -----
    The generator of a block is ``default_rng([seed, *analysis_id.encode(), number])``.

    Examples
    --------
    >>> [part.draws for part in resample_blocks(30, 500, seed=1, analysis_id="customers")]
    [200, 200, 100]
    """
    if draws < 1 or block < 1:
        raise ValueError(f"draws and block must be at least 1, not {draws} and {block}")
    if n_obs < 2:
        found = f"{n_obs} rows, at least 2 expected to resample"
        raise DataError(Problem(_where(analysis_id), found, "Add rows to the data."))
    codes = None if clusters is None else _cluster_codes(clusters, n_obs, analysis_id)
    stream = (seed, *analysis_id.encode())
    return tuple(
        ResampleBlock(
            number=number,
            draws=min(block, draws - start),
            n_obs=n_obs,
            entropy=(*stream, number),
            clusters=codes,
        )
        for number, start in enumerate(range(0, draws, block))
    )


def resample_counts(
    n_obs: int, draws: int, seed: int, analysis_id: str, clusters: ArrayLike | pd.Series | None = None
) -> NDArray[np.float32]:
    """How often each row stands in each bootstrap resample: one shared index a data file.

    Whatever is computed from the same counts keeps its joint uncertainty, row by row of the draws.

    Parameters
    ----------
    n_obs : int
        Rows of the data file.
    draws : int
        Resamples wanted.
    seed : int
        The study's seed.
    analysis_id : str
        Name of the data file; another name gives another stream.
    clusters : array_like, shape (n_obs,), optional
        Where declared, whole clusters are drawn with replacement; the draw of a cluster depends on its
        rank among the sorted labels, not on the order of the rows.

    Returns
    -------
    ndarray of float32, shape (draws, n_obs)
        Counts >= 0; a row of them sums to ``n_obs`` without clusters. Takes 4 · draws · n_obs bytes.

    Raises
    ------
    DataError
        If a row has no cluster, or there are fewer than two rows or clusters to draw from.

    Notes
    -----
    The counts of `resample_blocks`, block after block.

    Examples
    --------
    >>> counts = resample_counts(5, 3, seed=1, analysis_id="customers")
    >>> counts.shape, counts.sum(axis=1).tolist()
    ((3, 5), [5.0, 5.0, 5.0])
    """
    blocks = resample_blocks(n_obs, draws, seed, analysis_id, clusters)
    counts = np.empty((draws, n_obs), dtype=np.float32)
    for number, part in enumerate(blocks):
        start = number * blocks[0].draws
        counts[start : start + part.draws] = part.counts()
    return counts


def _where(analysis_id: str) -> str:
    """The data file of a stream such as ``"draws:customers"``."""
    return f"data '{analysis_id.rpartition(':')[2]}'"


def _cluster_codes(clusters: ArrayLike | pd.Series, n_obs: int, analysis_id: str) -> NDArray[np.int64]:
    labels = pd.Series(clusters)
    if len(labels) != n_obs:
        raise ValueError(f"{n_obs} rows need as many cluster labels, not {len(labels)}")
    codes, uniques = pd.factorize(labels, sort=True)
    gaps = int((codes < 0).sum())
    if gaps:
        found = f"{gaps} of {n_obs} rows belong to no cluster"
        raise DataError(Problem(_where(analysis_id), found, "Fill the cluster column, or drop these rows."))
    if len(uniques) < 2:
        found = f"{len(uniques)} cluster, at least 2 expected to resample"
        raise DataError(Problem(_where(analysis_id), found, "Remove 'nested_in', or add clusters."))
    return np.asarray(codes, dtype=np.int64)

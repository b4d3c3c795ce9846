"""Sums over rows, block by block: cross-products of scores and fourth moments, by row or by cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CasewiseScores", "Rows", "fourth_moment_traces", "row_products", "score_products", "summed"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

_CELLS = 64_000
"""Numbers in the widest array of a block: a few such arrays fit into a core's own cache."""
_SMALLEST = 64
"""Rows of a block at least."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rows:
    """One group's rows as the sums below use them.

    Attributes
    ----------
    values : ndarray, shape (n, p)
        In any units.
    centre : ndarray, shape (p,)
        Subtracted: the sample means.
    weights : ndarray, shape (n,), or None
        Each row's score is multiplied by its weight.
    clusters : ndarray of int, shape (n,), or None
        Scores are summed within equal codes first.
    order : ndarray of int, shape (n,), or None
        Brings equal codes together; None without clusters.
    """

    values: Floats
    centre: Floats
    weights: Floats | None = None
    clusters: Codes | None = None
    order: Codes | None = None

    @classmethod
    def of(cls, values: Floats, centre: Floats, weights: Floats | None, clusters: Codes | None) -> Rows:
        """Rows with their clusters brought together."""
        order = None if clusters is None else np.argsort(clusters, kind="stable").astype(np.intp)
        return cls(values=values, centre=centre, weights=weights, clusters=clusters, order=order)

    @property
    def plain(self) -> bool:
        """Whether every row counts once and for itself."""
        return self.weights is None and self.clusters is None

    @property
    def total(self) -> float:
        """Rows, or the sum of their weights."""
        return float(len(self.values) if self.weights is None else self.weights.sum())

    def blocks(self, width: int) -> Iterator[tuple[Floats, Floats | None, Codes | None]]:
        """Deviations (b, p), weights (b,), clusters (b,) of b rows; ``width`` numbers come of each."""
        n = len(self.values)
        size = min(max(_CELLS // max(width, 1), _SMALLEST), n)
        for begin in range(0, n, size):
            chosen = slice(begin, begin + size) if self.order is None else self.order[begin : begin + size]
            yield (
                self.values[chosen] - self.centre,
                None if self.weights is None else self.weights[chosen],
                None if self.clusters is None else self.clusters[chosen],
            )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CasewiseScores:
    """Scores of a row with deviations d: ``z[left] * z[right] - expected``, with ``z = d @ weight + offset``.

    Attributes
    ----------
    weight : ndarray, shape (p, k)
    offset : ndarray, shape (k,)
    left, right : ndarray of int, shape (c,)
    expected : ndarray, shape (c,)
    given : ndarray, shape (p, k), or None
        The same products with ``z = d @ given + offset`` are subtracted: what fixed covariates explain.
    """

    weight: Floats
    offset: Floats
    left: Codes
    right: Codes
    expected: Floats
    given: Floats | None = None

    def of(self, deviations: Floats) -> Floats:
        """Scores by cell, shape (c, b), of rows (b, p)."""
        scores = self._products(deviations, self.weight)
        scores -= self.expected[:, None]
        if self.given is not None:
            scores -= self._products(deviations, self.given)
        return scores

    def _products(self, deviations: Floats, weight: Floats) -> Floats:
        carried = weight.T @ deviations.T
        carried += self.offset[:, None]
        products = carried.take(self.left, axis=0)
        products *= carried.take(self.right, axis=0)
        return products


def score_products(rows: Rows, scores: CasewiseScores) -> Floats:
    """Cross-products of scores, shape (c, c): summed over rows, or over clusters of their sums."""
    c = len(scores.left)
    total = np.zeros((c, c))
    for _, part in summed(rows, scores.of, c):
        total += part @ part.T
    return total


def row_products(rows: Rows) -> Floats:
    """Cross-products of (weighted, within clusters summed) deviations, shape (p, p)."""
    p = len(rows.centre)
    total = np.zeros((p, p))
    for _, part in summed(rows, np.transpose, p):
        total += part @ part.T
    return total


def fourth_moment_traces(
    rows: Rows, roots: Sequence[Floats], cov: Floats, products: Floats, explained: Floats | None = None
) -> Floats:
    r"""Half the sum over rows of :math:`\| R'(d d' - S) R \|^2`, for several R.

    With :math:`R R' = S^{-1}` this is the trace of :math:`B A^{-1}` of the saturated covariances, for plain
    rows :math:`n (b - p) / 2` with Mardia's kurtosis b: no matrix of fourth moments is formed.

    Parameters
    ----------
    rows : Rows
        n rows; weighted ones count with their squared weight, clustered ones by the sum within.
    roots : sequence of ndarray, each of shape (p, r)
        R.
    cov : ndarray, shape (p, p)
        S.
    products : ndarray, shape (p, p)
        `row_products` of the same rows.
    explained : ndarray, shape (p, p), optional
        P: of plain rows, P d d' P' is subtracted from d d'. Then ``cov`` and ``products`` are those of
        d d' - P d d' P'.

    Returns
    -------
    ndarray
        One number a root.
    """
    if rows.clusters is not None:
        return _clustered_traces(rows, roots, cov)
    stacked = np.ascontiguousarray(np.hstack(roots).T)
    given = None if explained is None else stacked @ explained
    fourth = np.zeros(len(roots))
    for deviations, weights, _ in rows.blocks(len(stacked)):
        left = stacked @ deviations.T
        fourth += _squared_sums(left, left, roots, weights)
        if given is not None:
            right = given @ deviations.T
            fourth += _squared_sums(right, right, roots) - 2.0 * _squared_sums(left, right, roots)
    squared_weights = float(len(rows.values) if rows.weights is None else rows.weights @ rows.weights)
    inner = stacked @ cov @ stacked.T
    known = inner * (squared_weights * inner - 2.0 * (stacked @ products @ stacked.T))
    begins = np.cumsum([0, *(root.shape[1] for root in roots[:-1])])
    by_root = np.add.reduceat(np.add.reduceat(known, begins, axis=0), begins, axis=1)
    return np.asarray((fourth + by_root.diagonal()) / 2.0, dtype=np.float64)


def _squared_sums(
    left: Floats, right: Floats, roots: Sequence[Floats], weights: Floats | None = None
) -> Floats:
    """Sum over rows of the squared inner products of two vectors (r, b), a root's part of them at a time."""
    products = left * right
    inner = np.empty((len(roots), products.shape[1]))
    begin = 0
    for at, root in enumerate(roots):
        end = begin + root.shape[1]
        np.add.reduce(products[begin:end], axis=0, out=inner[at])
        begin = end
    if weights is not None:
        inner *= weights
    return np.asarray(np.einsum("sb,sb->s", inner, inner), dtype=np.float64)


def _clustered_traces(rows: Rows, roots: Sequence[Floats], cov: Floats) -> Floats:
    """The same with d d' - S summed within clusters: all pairs of R' d, for a block of rows at a time."""
    pairs = [np.tril_indices(root.shape[1]) for root in roots]
    begins = np.cumsum([0, *(root.shape[1] for root in roots[:-1])])
    left = np.concatenate([begin + one for begin, (one, _) in zip(begins, pairs, strict=True)])
    right = np.concatenate([begin + other for begin, (_, other) in zip(begins, pairs, strict=True)])
    stacked = np.hstack(roots)
    scores = CasewiseScores(
        weight=stacked,
        offset=np.zeros(stacked.shape[1]),
        left=left.astype(np.intp),
        right=right.astype(np.intp),
        expected=(stacked.T @ cov @ stacked)[left, right],
    )
    by_pair = np.zeros(len(left))
    for _, part in summed(rows, scores.of, len(left)):
        by_pair += np.einsum("cb,cb->c", part, part)
    by_pair *= np.where(left == right, 0.5, 1.0)
    first = np.cumsum([0, *(len(one) for one, _ in pairs[:-1])])
    return np.asarray(np.add.reduceat(by_pair, first), dtype=np.float64)


def summed(
    rows: Rows, score: Callable[[Floats], Floats], width: int
) -> Iterator[tuple[Codes | None, Floats]]:
    """Weighted scores (width, b) of b rows; with clusters, their codes (b,) and sums over b whole ones.

    A cluster may run over several blocks of rows: its sum so far waits for the rest.
    """
    waiting: tuple[Codes, Floats] | None = None
    for deviations, weights, clusters in rows.blocks(width):
        part = score(deviations)
        if weights is not None:
            part *= weights
        if clusters is None:
            yield None, part
            continue
        begins = np.flatnonzero(np.concatenate([[True], clusters[1:] != clusters[:-1]]))
        codes, sums = clusters[begins], np.add.reduceat(part, begins, axis=1)
        if waiting is not None:
            if waiting[0][0] == codes[0]:
                sums[:, :1] += waiting[1]
            else:
                yield waiting
        if len(codes) > 1:
            yield codes[:-1], sums[:, :-1]
        waiting = codes[-1:], sums[:, -1:]
    if waiting is not None:
        yield waiting

"""Where the search for latent classes begins: random slopes, and splits the rows themselves suggest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.models.segments.mixture import ClassData, maximised

__all__ = ["class_starts"]

Floats = NDArray[np.float64]
_SPREAD = 0.4
"""Standard deviation of random slopes around those of all rows, in standardised units."""


def class_starts(
    data: ClassData, classes: int, starts: int, seed: int, groups: tuple[NDArray[np.int64], ...] = ()
) -> Floats:
    """Parameters to begin with, shape (S, K, p + 1 + q); none depends on the order of the rows.

    Parameters
    ----------
    data : ClassData
    classes : int
        K, at least 2.
    starts : int
        S. About half are splits, the rest random.
    seed : int
        Of the random ones; more starts leave the first as they were.
    groups : tuple of ndarray of int, shape (n,)
        Known groups, each with K groups numbered from 0: a split for each.

    Notes
    -----
    Splits: rows cut into K equal parts by the residual of a single regression, and by its product with each
    driver, which tells in whom that driver's slope is high. Random ones add normal numbers to the constant
    and slopes of that regression.
    """
    whole = _whole(data)
    splits = [*groups, *_splits(data, whole, classes)][: starts if starts < 3 else (starts + 1) // 2]
    parts = [_of_split(data, whole, split, classes) for split in splits]
    rng = np.random.default_rng([seed, *b"segments", classes])
    p = data.n_terms
    for _ in range(starts - len(parts)):
        drawn = np.repeat(whole[None], classes, axis=0)
        moved = rng.normal(scale=_SPREAD, size=(classes, p))
        moved -= moved.mean(axis=0)
        spread = np.exp(rng.uniform(-0.7, 0.2, classes))
        if data.shared:
            moved[:, 1:] = 0.0
        drawn[:, :p] += moved * np.exp(whole[p])
        drawn[:, p] = np.maximum(drawn[:, p] + np.log(spread), np.log(data.floor))
        parts.append(drawn)
    return np.array(parts)


def _whole(data: ClassData) -> Floats:
    """One regression of all rows, shape (p + 1 + q,)."""
    p, q = data.n_terms, len(data.membership)
    first = np.zeros((1, 1, p + 1 + q))
    return np.asarray(maximised(data, maximised(data, first)[1])[1][0, 0], dtype=np.float64)


def _splits(data: ClassData, whole: Floats, classes: int) -> list[NDArray[np.int64]]:
    p = data.n_terms
    residual = data.columns[p] - whole[:p] @ data.columns[:p]
    scores = [residual, *([] if data.shared else residual * data.columns[1:p]), np.abs(residual)]
    edges = np.arange(1, classes) / classes
    return [np.searchsorted(np.quantile(score, edges), score) for score in scores]


def _of_split(data: ClassData, whole: Floats, split: NDArray[np.int64], classes: int) -> Floats:
    """Classes that own their part of the rows, a tenth of them all alike so that no part is too small."""
    p = data.n_terms
    member = (split == np.arange(classes)[:, None]).astype(float)
    shares = (0.9 * member + 0.1 / classes) * data.weights
    parts = np.empty((classes, len(whole)))
    for k, share in enumerate(shares):
        terms = data.columns[:p] * share
        beta = np.linalg.lstsq(terms @ data.columns[:p].T, terms @ data.columns[p], rcond=None)[0]
        error = share @ (data.columns[p] - beta @ data.columns[:p]) ** 2 / share.sum()
        parts[k, :p] = beta
        parts[k, p] = max(0.5 * np.log(max(error, 1e-300)), np.log(data.floor))
        parts[k, p + 1 :] = 0.0
        parts[k, p + 1] = np.log(share.sum())
    parts[:, p + 1] -= parts[0, p + 1]
    if data.shared:
        parts[:, 1:p] = whole[1:p]
    return parts

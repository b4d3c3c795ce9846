"""Split-half reliability: every way of halving the items, Spearman-Brown, Guttman's lambda 4 and lambda 6."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.measurement.reliability.item_covariance import Items, correlations_of, read_items

__all__ = ["lambda6_of", "odd_even_of", "split_half"]

Floats = NDArray[np.float64]
_SPLITS = 10_000
"""Up to this many splits all are taken, beyond it as many are drawn."""
_MEASURES = ("spearman_brown", "lambda4_max", "lambda4_min", "lambda4_mean", "lambda6")


def split_half(
    items: Items, *, standardised: bool = False, seed: int = 0, weights: ArrayLike | None = None
) -> pd.DataFrame:
    r"""Reliability of the sum score from halves of the items, over all ways to halve them.

    Parameters
    ----------
    items : DataFrame, ndarray or Moments
        Answers, one row a person, reversed items turned; rows with a gap are not used. Or the covariance
        matrix of the items, shape (p, p), as an array or as `Moments`.
    standardised : bool
        Of the sum of standardised items (from correlations), psych's default.
    seed : int
        Of the splits drawn where there are more than 10,000 (from 17 items on); not used below.
    weights : array_like or Series, shape (n,), optional
        Survey weights, > 0, of the rows of a frame; a Series carries their index.

    Returns
    -------
    DataFrame
        Columns ``measure, estimate, n_items, n_splits, undefined``; dimensionless, at most 1. Rows:
        ``spearman_brown`` (odd against even items in the order given, stepped up; halves of unequal length
        by Horst's formula), ``lambda4_max, lambda4_min, lambda4_mean`` (best, worst and mean split:
        :math:`\lambda_4 = 4\,\mathrm{cov}(A, B) / \mathrm{var}(A + B)`), ``lambda6`` (from what each item
        shares with all others).
        NaN with reason for one item, or where an item can be computed from the others (``lambda6``).

    Raises
    ------
    DataError
        As `cronbach_alpha`.

    Notes
    -----
    The best split of a sample lies above the best split of the population, and the more so the more items
    and the fewer persons; the mean over halves of equal length is alpha. With an odd number of items the
    halves differ by one and all splits are taken as they are; psych weighs such halves in its own way, so
    that its best and worst split differ.

    References
    ----------
    Guttman (1945), Psychometrika 10, 255-282; Horst (1951), Educ. Psychol. Meas. 11, 368-371; Revelle &
    Zinbarg (2009), Psychometrika 74, 145-154.

    Examples
    --------
    >>> table = split_half(np.full((4, 4), 0.5) + 0.5 * np.eye(4))
    >>> table.set_index("measure")["estimate"].round(3).to_dict()["lambda4_max"]
    0.8
    """
    found = read_items(items, weights)
    S = correlations_of(found.cov) if standardised else found.cov
    p, total = len(S), float(S.sum())
    nan = float("nan")
    estimates, undefined = dict.fromkeys(_MEASURES, nan), dict.fromkeys(_MEASURES, "")
    n_splits = 0
    if p < 2:
        undefined = dict.fromkeys(_MEASURES, "one item")
    elif total <= 1e-12 * np.trace(S):
        undefined = dict.fromkeys(_MEASURES, "the sum score does not vary")
    else:
        signs = _splits(p, seed)
        n_splits = len(signs)
        lambda4 = 1 - ((signs @ S) * signs).sum(axis=1) / total
        estimates["spearman_brown"] = float(odd_even_of(S)[()])
        estimates |= {"lambda4_max": lambda4.max(), "lambda4_min": lambda4.min()}
        estimates["lambda4_mean"] = lambda4.mean()
        if np.linalg.eigvalsh(correlations_of(S))[0] < 1e-10:
            undefined["lambda6"] = "an item can be computed exactly from the others"
        else:
            estimates["lambda6"] = float(lambda6_of(S)[()])
        if not np.isfinite(estimates["spearman_brown"]):
            undefined["spearman_brown"] = "a half does not vary"
    return pd.DataFrame(
        {
            "measure": _MEASURES,
            "estimate": [float(estimates[name]) for name in _MEASURES],
            "n_items": p,
            "n_splits": n_splits,
            "undefined": [undefined[name] for name in _MEASURES],
        }
    )


def odd_even_of(covariances: NDArray[np.inexact]) -> NDArray[np.inexact]:
    """Correlation of odd and even items stepped up to the whole score, shape (..., p, p) to (...)."""
    p = covariances.shape[-1]
    first, second = covariances[..., 0::2, :], covariances[..., 1::2, :]
    a, b = first[..., 0::2].sum(axis=(-2, -1)), second[..., 1::2].sum(axis=(-2, -1))
    between = first[..., 1::2].sum(axis=(-2, -1))
    there = (a.real > 0) & (b.real > 0)
    r = np.where(there, between, np.nan) / np.sqrt(np.where(there, a * b, 1.0))
    share = ((p + 1) // 2) * (p // 2) / p**2
    left = 1 - r**2
    apart = left.real > 1e-12
    stepped = (r * np.sqrt(r**2 + 4 * left * share) - r**2) / np.where(apart, 2 * share * left, 1.0)
    return np.asarray(np.where(apart, stepped, np.where(r.real > 0, 1.0, np.nan)))


def lambda6_of(covariances: NDArray[np.inexact]) -> NDArray[np.inexact]:
    """Guttman's lambda 6, from what each item shares with all others, shape (..., p, p) to (...)."""
    own = 1 / np.diagonal(np.linalg.inv(covariances), axis1=-2, axis2=-1)
    return np.asarray(1 - own.sum(axis=-1) / covariances.sum(axis=(-2, -1)))


def _splits(p: int, seed: int) -> Floats:
    """Signs of the items in every split, shape (splits, p): each pair of halves once, or drawn."""
    half = p // 2
    even = p % 2 == 0
    count = comb(p - 1, half - 1) if even else comb(p, half)
    if count <= _SPLITS:
        if even:
            chosen = np.array([(0, *rest) for rest in combinations(range(1, p), half - 1)], dtype=np.intp)
        else:
            chosen = np.array(list(combinations(range(p), half)), dtype=np.intp)
    else:
        rng = np.random.default_rng([seed, *b"split_half"])
        chosen = rng.permuted(np.tile(np.arange(p), (_SPLITS, 1)), axis=1)[:, :half]
    signs = np.full((len(chosen), p), -1.0)
    np.put_along_axis(signs, chosen, 1.0, axis=1)
    return signs

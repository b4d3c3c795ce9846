"""What careless answers look like, row by row: one answer throughout, long runs, haste, contradiction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "identical_rows",
    "longest_run",
    "low_outlyingness",
    "pair_distance",
    "response_variability",
    "straight_lined",
]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_MAD_TO_SD = 1.4826
"""A normal's standard deviation over its median absolute deviation."""


def straight_lined(values: Floats, blocks: Sequence[Places], *, least: int = 3) -> Floats:
    """Which blocks of items a person gave one and the same answer throughout.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Answers as ticked, reversed items not turned; NaN at gaps.
    blocks : sequence of ndarray of int, length b
        Places of the items of each block.
    least : int
        Answers in a block below which it is not judged.

    Returns
    -------
    ndarray, shape (n, b)
        1 or 0; NaN where not judged.
    """
    lined = np.full((len(values), len(blocks)), np.nan)
    for place, block in enumerate(blocks):
        part = values[:, block]
        there = ~np.isnan(part)
        low = np.where(there, part, np.inf).min(axis=1, initial=np.inf)
        high = np.where(there, part, -np.inf).max(axis=1, initial=-np.inf)
        lined[:, place] = np.where(there.sum(axis=1) >= least, low == high, np.nan)
    return lined


def longest_run(values: Floats) -> Floats:
    """Longest run of identical answers to consecutive items.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Answers as ticked, in the order of the questionnaire; a gap (NaN) ends a run.

    Returns
    -------
    ndarray, shape (n,)
        Items; 0 where nothing is answered.

    References
    ----------
    Johnson (2005), J. Res. Pers. 39, 103-129. doi:10.1016/j.jrp.2004.09.009

    Examples
    --------
    >>> longest_run(np.array([[3.0, 4, 4, 4, 2], [1, np.nan, 1, 1, 5]]))
    array([3., 2.])
    """
    n, p = values.shape
    run, longest = np.zeros(n), np.zeros(n)
    for place in range(p):
        here = values[:, place]
        goes_on = here == values[:, place - 1] if place else np.zeros(n, dtype=bool)
        run = np.where(np.isnan(here), 0.0, np.where(goes_on, run + 1, 1.0))
        longest = np.maximum(longest, run)
    return longest


def response_variability(values: Floats) -> Floats:
    """Standard deviation of a person's answers across items: near 0 says nearly one answer throughout.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Answers as ticked, on one scale; NaN at gaps.

    Returns
    -------
    ndarray, shape (n,)
        In units of the answers (denominator: answers - 1); NaN with fewer than two answers.

    References
    ----------
    Dunn, Heggestad, Shanock & Theilgard (2018), J. Bus. Psychol. 33, 105-121. doi:10.1007/s10869-016-9479-0

    Examples
    --------
    >>> response_variability(np.array([[1.0, 2, 3], [4, 4, np.nan], [5, np.nan, np.nan]]))
    array([ 1.,  0., nan])
    """
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    centre = np.where(there, values, 0.0).sum(axis=1) / np.maximum(count, 1)
    squares = (np.where(there, values - centre[:, None], 0.0) ** 2).sum(axis=1)
    return np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)


def low_outlyingness(measure: Floats) -> Floats:
    """How far a row lies below the median, in median absolute deviations made comparable to a normal's sd.

    Parameters
    ----------
    measure : ndarray, shape (n,)
        NaN where a row has none.

    Returns
    -------
    ndarray, shape (n,)
        Positive below the median; NaN throughout where half the rows have the same value.

    References
    ----------
    Leys et al. (2013), J. Exp. Soc. Psychol. 49, 764-766. doi:10.1016/j.jesp.2013.03.013
    """
    known = measure[~np.isnan(measure)]
    if not len(known):
        return np.full(measure.shape, np.nan)
    middle = np.median(known)
    spread = _MAD_TO_SD * float(np.median(np.abs(known - middle)))
    return (middle - measure) / spread if spread > 0 else np.full(measure.shape, np.nan)


def pair_distance(values: Floats, pairs: NDArray[np.intp], ranges: Floats) -> Floats:
    """How far apart a person answers items that should agree, as a share of the scale.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Answers with reversed items turned, so that agreement is equal answers; NaN at gaps.
    pairs : ndarray of int, shape (k, 2)
        Places of the two items of each pair.
    ranges : ndarray, shape (p, 2)
        Lowest and highest answer of each item.

    Returns
    -------
    ndarray, shape (n,)
        Mean over the pairs answered, in [0, 1]; NaN where none is.
    """
    if not len(pairs):
        return np.full(len(values), np.nan)
    shares = (values - ranges[:, 0]) / (ranges[:, 1] - ranges[:, 0])
    apart = np.abs(shares[:, pairs[:, 0]] - shares[:, pairs[:, 1]])
    count = (~np.isnan(apart)).sum(axis=1)
    return np.where(count > 0, np.nansum(apart, axis=1) / np.maximum(count, 1), np.nan)


def identical_rows(values: Floats) -> tuple[Floats, Floats]:
    """How many other rows hold exactly the same answers, and how likely chance is to make one.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        NaN at gaps, which must be the same too.

    Returns
    -------
    twins : ndarray, shape (n,)
        Other rows with the same answers.
    chance : ndarray, shape (n,)
        Probability of at least one twin if items were answered independently of one another, each as
        often as in the sample; items of a survey are not, so that the true probability is higher.
    """
    n, p = values.shape
    codes = np.empty((n, p), dtype=np.int32)
    log_share = np.zeros(n)
    for place in range(p):
        codes[:, place], _ = pd.factorize(values[:, place])
        there = codes[:, place] >= 0
        counts = np.bincount(codes[there, place])
        log_share[there] += np.log(counts[codes[there, place]] / max(int(there.sum()), 1))
    rows = np.ascontiguousarray(codes).view(np.dtype((np.void, codes.itemsize * p))).ravel()
    _, inverse, counts = np.unique(rows, return_inverse=True, return_counts=True)
    miss = np.log1p(-np.minimum(np.exp(log_share), 1 - 1e-16))
    return (counts[inverse] - 1).astype(np.float64), -np.expm1((n - 1) * miss)

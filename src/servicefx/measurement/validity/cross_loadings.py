"""Cross-loadings: whether an item goes with its own construct's score more than with any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.measurement.rules import Judged, judge
from servicefx.measurement.validity.item_blocks import item_blocks
from servicefx.moments.moments import Moments

__all__ = ["cross_loadings", "judged_cross_loadings", "score_correlations"]

Floats = NDArray[np.float64]


def cross_loadings(
    items: pd.DataFrame | Moments,
    constructs: Mapping[str, Sequence[str]],
    *,
    weights: ArrayLike | pd.Series | None = None,
) -> pd.DataFrame:
    """Correlation of every item with every construct's score, its own item left out of its own score.

    Parameters
    ----------
    items : DataFrame, shape (n, >= p), or Moments
        Answers, reversed items turned. Rows with a gap are not used.
    constructs : mapping of str to sequence of str
        Construct -> its columns.
    weights : array_like or Series, shape (n,), optional
        Survey weights > 0.

    Returns
    -------
    DataFrame
        ``item, construct`` (the item's own), ``other`` (whose score), ``estimate, undefined``; in [-1, 1],
        p · k rows. The item of a one-item construct has no correlation with the rest of it.

    Raises
    ------
    DataError
        As `heterotrait_monotrait`, one item being enough.

    Notes
    -----
    Scores are unweighted means. An item left in its own score correlates with itself, which is what PLS
    programs report (there with PLS weights: `score_correlations` without ``own``) and why their
    cross-loadings pass so easily. Left out, its own score is shorter by one item than the others
    and so a little less reliable: the rule leans to strictness, most of all with two or three items,
    and therefore warns and never fails.

    References
    ----------
    Chin (1998), in Marcoulides, Modern Methods for Business Research, 295-336 (cross-loadings);
    Nunnally & Bernstein (1994), Psychometric Theory, 3rd ed., ch. 8 (corrected item-total correlations).
    """
    read = item_blocks(items, constructs, weights=weights)
    member = np.zeros((len(read.items), len(read.blocks)))
    for column, block in enumerate(read.blocks):
        member[list(block), column] = 1.0
    found = score_correlations(read.moments.cov, member, own=read.own)
    sizes = [len(block) for block in read.blocks]
    rows = [
        {
            "item": item,
            "construct": read.constructs[home],
            "other": other,
            "estimate": found[i, k],
            "undefined": "one item: nothing is left of its own score" if k == home and sizes[k] == 1 else "",
        }
        for i, (item, home) in enumerate(zip(read.items, read.own, strict=True))
        for k, other in enumerate(read.constructs)
    ]
    return pd.DataFrame(rows, columns=["item", "construct", "other", "estimate", "undefined"])


def score_correlations(
    covariance: ArrayLike, weights: ArrayLike, *, own: NDArray[np.intp] | None = None
) -> Floats:
    """Correlations of items with weighted scores of items.

    Parameters
    ----------
    covariance : array_like, shape (p, p)
        Of the items.
    weights : array_like, shape (p, k)
        Weight of every item in every score.
    own : ndarray of int, shape (p,), optional
        Score from which each item is left out when it is correlated with it.

    Returns
    -------
    ndarray, shape (p, k)
        In [-1, 1]; NaN where a score does not vary.

    Examples
    --------
    >>> score_correlations([[1, 0.5], [0.5, 1]], [[1], [1]], own=np.array([0, 0])).round(6).tolist()
    [[0.5], [0.5]]
    """
    S, W = np.asarray(covariance, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    joint = S @ W
    variance = np.broadcast_to(np.einsum("pk,pk->k", W, joint), joint.shape).copy()
    item_variance = np.diag(S)
    if own is not None:
        at = np.arange(len(S))
        weight = W[at, own]
        variance[at, own] += weight**2 * item_variance - 2 * weight * joint[at, own]
        joint[at, own] -= weight * item_variance
    known = variance > 1e-12 * (item_variance @ W**2)
    with np.errstate(invalid="ignore"):
        return np.asarray(
            joint / np.sqrt(np.where(known, variance, np.nan) * item_variance[:, None]), dtype=np.float64
        )


def judged_cross_loadings(frame: pd.DataFrame) -> list[Judged]:
    """By how much each item's own correlation exceeds its largest other one, in absolute value.

    Parameters
    ----------
    frame : DataFrame
        Of `cross_loadings`.

    Returns
    -------
    list of Judged
        One row an item, its subject ``"item, construct with the largest other correlation"``; none where
        there is one construct.
    """
    rows = []
    for item, part in frame.groupby("item", sort=False):
        values = dict(zip(part["other"], part["estimate"], strict=True))
        own = values.pop(part["construct"].iloc[0])
        known = {other: abs(value) for other, value in values.items() if np.isfinite(value)}
        if known:
            nearest = max(known, key=lambda other: known[other])
            rows.append(judge("cross_loading", f"{item}, {nearest}", float(own) - known[nearest]))
    return rows

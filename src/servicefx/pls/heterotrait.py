"""Heterotrait-monotrait ratios of many correlation matrices at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["heterotrait_monotrait_ratios"]

Floats = NDArray[np.float64]


def heterotrait_monotrait_ratios(
    correlation: ArrayLike, blocks: Sequence[Sequence[int]], *, geometric: bool = False
) -> Floats:
    r"""HTMT, or HTMT2, of every pair of item blocks in every correlation matrix.

    Parameters
    ----------
    correlation : array_like, shape (B, p, p)
        Correlation matrices of the same p items, e.g. those of B resamples.
    blocks : sequence of sequence of int
        Positions of each construct's items; no item in two of them.
    geometric : bool
        Geometric means of the correlations (HTMT2) instead of arithmetic means of absolute values (HTMT).

    Returns
    -------
    ndarray, shape (B, n_pairs)
        Ratios in [0, inf); pairs in the order of ``itertools.combinations`` of the blocks. NaN where a block
        of the pair holds one item, a correlation used is NaN, all correlations within a block are zero or,
        with ``geometric``, a correlation used is not positive.

    Raises
    ------
    ValueError
        If the matrices are not of shape (B, p, p), or an item stands in two blocks.

    Notes
    -----
    With means :math:`r_{AB}` over all pairs between and :math:`r_A, r_B` over all pairs within,
    :math:`r_{AB} / \sqrt{r_A r_B}`. All pairs of blocks come from two matrix products with the p x k
    matrix of membership.

    References
    ----------
    Henseler, Ringle & Sarstedt (2015), J. Acad. Mark. Sci. 43, 115-135. doi:10.1007/s11747-014-0403-8.
    Absolute values: Ringle, Sarstedt, Sinkovics & Sinkovics (2023), Data in Brief 48, 109074 (HTMT+).
    Roemer, Schuberth & Henseler (2021), Ind. Manag. Data Syst. 121, 2637-2650 (HTMT2).

    Examples
    --------
    >>> R = np.array([[1, 0.64, 0.4, 0.4], [0.64, 1, 0.4, 0.4], [0.4, 0.4, 1, 0.25], [0.4, 0.4, 0.25, 1]])
    >>> heterotrait_monotrait_ratios(R[None], [[0, 1], [2, 3]]).round(6).tolist()
    [[1.0]]
    """
    R = np.asarray(correlation, dtype=np.float64)
    if R.ndim != 3 or R.shape[1] != R.shape[2]:
        raise ValueError(f"matrices of shape (B, p, p) expected, not {R.shape}")
    taken = [at for block in blocks for at in block]
    if len(set(taken)) < len(taken):
        raise ValueError("an item stands in two blocks")
    sizes = np.array([len(block) for block in blocks], dtype=np.float64)
    member = np.zeros((R.shape[1], len(sizes)))
    for column, block in enumerate(blocks):
        member[list(block), column] = 1.0
    usable = R > 0 if geometric else np.isfinite(R)
    values = np.log(np.where(usable, R, 1.0)) if geometric else np.abs(np.where(usable, R, 0.0))
    diagonal = np.arange(R.shape[1])
    values[:, diagonal, diagonal] = 0.0
    usable[:, diagonal, diagonal] = True
    used = np.outer(sizes, sizes) - np.diag(sizes)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = member.T @ values @ member / used
        means[member.T @ (~usable).astype(np.float64) @ member > 0] = np.nan
        within = np.einsum("bkk->bk", means)
        left, right = np.triu_indices(len(sizes), 1)
        between = means[:, left, right]
        if geometric:
            return np.asarray(np.exp(between - (within[:, left] + within[:, right]) / 2), dtype=np.float64)
        product = within[:, left] * within[:, right]
        return np.asarray(between / np.sqrt(np.where(product > 0, product, np.nan)), dtype=np.float64)

"""What gaps take from the information of complete rows, and the scores of rows with gaps.

For a row with gaps m, the inverse of sigma for the columns it holds, padded with zeros, is K - R with
R = K_:m C K_m: and C the covariance of the missing columns given the others. Everything below comes from
the few columns of K_:m C^(1/2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.moments.patterns import MissingPatterns, PatternGroup
from servicefx.sem.structure.layout import Layout

__all__ = ["RowsAt", "casewise_scores", "lost_information", "roots_of"]

Floats = NDArray[np.float64]
_BLOCK = 4_000_000
"""Numbers in the largest array made at once."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RowsAt:
    """One group's rows with gaps, as a model sees them.

    Attributes
    ----------
    patterns : MissingPatterns
        n rows of p columns.
    inverse : ndarray, shape (P, P)
        K: inverse of sigma, the constant 1 included.
    conditional : tuple of ndarray, shapes (k, m, m)
        For each group of patterns, C.
    pulls : ndarray, shape (n, P)
        z = (K - R)(x, 1); 0 at a gap.
    """

    patterns: MissingPatterns
    inverse: Floats
    conditional: tuple[Floats, ...]
    pulls: Floats


def roots_of(conditional: Floats) -> Floats:
    """Transposed Cholesky roots, shape (k, m, m)."""
    if conditional.shape[-1] == 1:
        return np.sqrt(conditional)
    return np.asarray(np.swapaxes(np.linalg.cholesky(conditional), -1, -2), dtype=np.float64)


def lost_information(layout: Layout, columns: Floats, rows: RowsAt, *, observed: bool) -> Floats:
    r"""What gaps take from the information of complete rows, per row of the group.

    Parameters
    ----------
    layout : Layout
        With c cells.
    columns : ndarray, shape (P, k)
        As `servicefx.sem.structure.derivatives.carried`, of the group.
    rows : RowsAt
        At the same free values.
    observed : bool
        Less the complete-data Hessian with the expected second moments in the sample's place; otherwise less
        the complete-data expected information.

    Returns
    -------
    ndarray, shape (c, c)

    Notes
    -----
    With D_a the derivative of sigma by cell a, the mean over rows of
    :math:`z'D_a R D_b z + tr(R D_a R D_b) / 2` if observed, else of
    :math:`tr(R D_a K D_b) - tr(R D_a R D_b) / 2`.
    """
    c = len(layout.row)
    total = np.zeros((c, c))
    weights = rows.inverse @ columns
    removed = np.zeros((columns.shape[1], columns.shape[1]))
    for group, conditional in zip(rows.patterns.groups, rows.conditional, strict=True):
        roots = roots_of(conditional)
        for part in _pattern_blocks(group, c):
            loads = roots[part] @ weights[group.missing[part]]
            u, w = loads[..., layout.left] * layout.share, loads[..., layout.right]
            half = _within(u, w, np.sqrt(group.counts[part] / 2.0))
            if observed:
                total += half
                total += _across(layout, u, w, group, part, rows.pulls, columns)
            else:
                total -= half
                heavy = (loads * np.sqrt(group.counts[part])[:, None, None]).reshape(-1, loads.shape[-1])
                removed += heavy.T @ heavy
    if not observed:
        from servicefx.sem.structure.derivatives import second

        total += second(layout, removed[None], (columns.T @ weights)[None])[0]
    return total / rows.patterns.n_obs


def casewise_scores(layout: Layout, columns: Floats, rows: RowsAt) -> Floats:
    """Derivatives of every row's log-likelihood by cell, shape (n, c); parameters as `lost_information`."""
    weights = rows.inverse @ columns
    inner = (columns.T @ weights)[layout.left, layout.right]
    of_rows = rows.pulls @ columns
    scores = of_rows[:, layout.left] * of_rows[:, layout.right]
    scores -= inner
    for group, conditional in zip(rows.patterns.groups, rows.conditional, strict=True):
        loads = roots_of(conditional) @ weights[group.missing]
        back = np.einsum("kmc,kmc->kc", loads[..., layout.left], loads[..., layout.right])
        scores[group.rows] += back[group.pattern]
    scores *= layout.share
    return np.asarray(scores, dtype=np.float64)


def _pattern_blocks(group: PatternGroup, c: int) -> Iterator[slice]:
    """Patterns in blocks whose loads by cell stay small."""
    step = max(1, _BLOCK // (c * group.missing.shape[1] ** 2))
    for begin in range(0, len(group.missing), step):
        yield slice(begin, begin + step)


def _within(u: Floats, w: Floats, weight: Floats) -> Floats:
    """Sum over patterns of weight^2 tr(R D_a R D_b)."""
    m, c = u.shape[1], u.shape[2]
    u, w = u * weight[:, None, None], w
    parts = []
    for i in range(m):
        parts.append(2.0 * u[:, i] * w[:, i])
        for j in range(i):
            parts.append(np.sqrt(2.0) * (u[:, i] * w[:, j] + u[:, j] * w[:, i]))
    stacked = np.concatenate(parts).reshape(-1, c)
    return np.asarray(stacked.T @ stacked, dtype=np.float64)


def _across(
    layout: Layout, u: Floats, w: Floats, group: PatternGroup, part: slice, pulls: Floats, columns: Floats
) -> Floats:
    """Sum over rows of z'D_a R D_b z."""
    m, c = u.shape[1], u.shape[2]
    total = np.zeros((c, c))
    chosen = (group.pattern >= part.start) & (group.pattern < part.start + len(u))
    places, pattern = group.rows[chosen], group.pattern[chosen] - part.start
    of_rows, pattern = _condensed(pulls[places] @ columns, pattern, group.counts[part])
    step = max(1, _BLOCK // (c * m))
    for begin in range(0, len(of_rows), step):
        block, which = of_rows[begin : begin + step], pattern[begin : begin + step]
        left, right = block[:, None, layout.left] * layout.share, block[:, None, layout.right]
        crossed = u[which] * right
        crossed += w[which] * left
        flat = crossed.reshape(-1, c)
        total += flat.T @ flat
    return total


def _condensed(
    of_rows: Floats, pattern: NDArray[np.int64], counts: Floats
) -> tuple[Floats, NDArray[np.int64]]:
    """Rows of each pattern, or where these are many, fewer with the same cross-products."""
    k = of_rows.shape[1]
    many = np.flatnonzero(counts > 2 * k)
    if not len(many):
        return of_rows, pattern
    keep = ~np.isin(pattern, many)
    blocks, labels = [of_rows[keep]], [pattern[keep]]
    for one in many:
        blocks.append(np.asarray(np.linalg.qr(of_rows[pattern == one], mode="r")))
        labels.append(np.full(len(blocks[-1]), one))
    return np.concatenate(blocks), np.concatenate(labels)

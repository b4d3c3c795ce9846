"""Information and scores of the saturated moments of rows with gaps, in whitened coordinates.

In these coordinates means are 0 and covariances the identity; the order is the means, then the lower triangle
of the covariances row by row. Variances are divided by the square root of 2, so that the information of
complete rows is the identity: what gaps take away is the difference from it. Fixed covariates come first,
which keeps their moments apart from all others; these stand nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from servicefx.moments.patterns import CasewiseParts, Expectation, MissingPatterns, expected_in_scale
from servicefx.sem.estimators.gaps.information import roots_of

__all__ = ["Whitening", "saturated_information", "saturated_scores", "whitened_moments"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_BLOCK = 4_000_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Whitening:
    """Saturated moments of one group, and the coordinates they give.

    Attributes
    ----------
    patterns : MissingPatterns
        n rows of p columns.
    n_held : int
        Fixed covariates.
    mean : ndarray, shape (p,)
        Saturated, in the scale of the patterns' values and less their centre.
    root : ndarray, shape (p, p)
        Times its transpose it is the saturated covariances, in the same scale.
    inverse_root : ndarray, shape (p, p)
        Its inverse.
    step : Expectation
        Of the rows at these moments.
    """

    patterns: MissingPatterns
    n_held: int
    mean: Floats
    root: Floats
    inverse_root: Floats
    step: Expectation

    @classmethod
    def of(cls, patterns: MissingPatterns, mean: Floats, cov: Floats, held: Sequence[int]) -> Whitening:
        """From saturated moments in the users' units, and the places of the fixed covariates."""
        scale, p = patterns.scale, len(mean)
        own_mean, own_cov = (mean - patterns.centre) / scale, cov / np.outer(scale, scale)
        order = [*held, *(j for j in range(p) if j not in held)]
        lower = np.linalg.cholesky(own_cov[np.ix_(order, order)])
        root, inverse = np.empty((p, p)), np.empty((p, p))
        root[order] = lower
        inverse[:, order] = scipy.linalg.solve_triangular(lower, np.eye(p), lower=True, check_finite=False)
        return cls(
            patterns=patterns,
            n_held=len(held),
            mean=own_mean,
            root=root,
            inverse_root=inverse,
            step=expected_in_scale(patterns, own_mean, own_cov, full=True),
        )

    @property
    def n_items(self) -> int:
        """Columns: p."""
        return len(self.mean)

    @property
    def pairs(self) -> tuple[Places, Places]:
        """Columns of each covariance, without those of two fixed covariates."""
        row, column = np.tril_indices(self.n_items)
        known = self.n_held * (self.n_held + 1) // 2
        return row[known:], column[known:]

    @property
    def sizes(self) -> Floats:
        """1 for covariances, the square root of 1/2 for variances."""
        row, column = self.pairs
        return np.where(row == column, np.sqrt(0.5), 1.0)

    @property
    def pulls(self) -> Floats:
        """Derivatives of every row's log-likelihood by the whitened means, shape (n, p)."""
        return self.parts.scores @ self.root

    @property
    def parts(self) -> CasewiseParts:
        """Of the expectation, which is asked for in full."""
        parts = self.step.parts
        if parts is None:
            raise ValueError("saturated covariances are not positive definite")
        return parts


def saturated_information(at: Whitening, *, observed: bool) -> Floats:
    """Observed or expected information of one row about the saturated moments, shape (m, m).

    Parameters
    ----------
    at : Whitening
        Of one group; m = p (p + 3) / 2, less the x (x + 3) / 2 moments of fixed covariates.
    observed : bool
        As seen, or as expected given the patterns (then means and covariances are independent).
    """
    p, n = at.n_items, at.patterns.n_obs
    row, column = np.tril_indices(p)
    h = len(row)
    by_mean, by_sum, paired = np.zeros(h), np.zeros((p, h)), np.zeros((h, h))
    pulls = at.pulls
    waiting: list[tuple[Floats, Floats]] = []
    for counts, inverses, rows, pattern in _by_pattern(at):
        folded = inverses.reshape(-1, p * p).take(row * p + column, axis=1)
        by_mean += counts @ folded
        left = (0.5 * counts)[:, None] * folded
        if observed:
            own = pulls[rows]
            starts = np.flatnonzero(np.diff(pattern, prepend=-1))
            by_sum += np.add.reduceat(own, starts).T @ folded
            squares = own.take(row, axis=1)
            squares *= own.take(column, axis=1)
            left = (squares if len(starts) == len(own) else np.add.reduceat(squares, starts)) - left
        waiting.append((left, folded))
        if sum(len(part) for _, part in waiting) * h > _BLOCK:
            paired += _products(waiting)
            waiting.clear()
    if waiting:
        paired += _products(waiting)
    k = at.n_held
    crossed = _crossed(at, by_sum)[k:]
    by_means = by_mean[_places(p)][k:, k:]
    return np.block([[by_means, crossed], [crossed.T, _exchanged(at, paired)]]) / n


def saturated_scores(at: Whitening) -> Floats:
    """Derivatives of every row's log-likelihood by the saturated moments, shape (n, m)."""
    row, column = at.pairs
    pulls = at.pulls
    squares = pulls[:, row] * pulls[:, column]
    for _, inverses, rows, pattern in _by_pattern(at):
        squares[rows] -= inverses.reshape(len(inverses), -1).take(row * at.n_items + column, axis=1)[pattern]
    return np.concatenate([pulls[:, at.n_held :], squares * at.sizes], axis=1)


def whitened_moments(at: Whitening, mean: Floats, cov: Floats) -> Floats:
    """Directions in means (p, c) and covariances (p, p, c) as directions in the coordinates, shape (m, c).

    They leave the moments of fixed covariates as they are.
    """
    row, column = at.pairs
    turned = at.inverse_root @ np.moveaxis(cov, -1, 0) @ at.inverse_root.T
    return np.concatenate([(at.inverse_root @ mean)[at.n_held :], (turned[:, row, column] * at.sizes).T])


def _by_pattern(at: Whitening) -> Iterator[tuple[Floats, Floats, Places, Places]]:
    """Rows a pattern, padded inverses (k, p, p), places of the rows, their patterns; block by block."""
    p = at.n_items
    precision_root = at.inverse_root.T
    complete = np.flatnonzero(~at.patterns.missing.any(axis=1))
    if len(complete):
        zeros = np.zeros(len(complete), dtype=np.intp)
        yield np.array([float(len(complete))]), np.eye(p)[None], complete, zeros
    most = max(1, _BLOCK // (p * p))
    for group, conditional in zip(at.patterns.groups, at.parts.conditional, strict=True):
        ends = np.cumsum(group.counts).astype(np.intp)
        for begin in range(0, len(group.missing), most):
            part = slice(begin, min(begin + most, len(group.missing)))
            loads = roots_of(conditional[part]) @ precision_root[group.missing[part]]
            inverses = np.eye(p) - np.swapaxes(loads, -1, -2) @ loads
            first = 0 if begin == 0 else ends[begin - 1]
            rows = slice(first, ends[part.stop - 1])
            yield group.counts[part], inverses, group.rows[rows], group.pattern[rows] - begin


def _places(p: int) -> Places:
    """Where the covariance of two columns stands in the lower triangle, shape (p, p)."""
    i, j = np.indices((p, p))
    high, low = np.maximum(i, j), np.minimum(i, j)
    return np.asarray(high * (high + 1) // 2 + low, dtype=np.intp)


def _products(parts: list[tuple[Floats, Floats]]) -> Floats:
    """Sum of left' right over parts, in one product."""
    left, right = (np.concatenate(side) for side in zip(*parts, strict=True))
    return np.asarray(left.T @ right, dtype=np.float64)


def _exchanged(at: Whitening, paired: Floats) -> Floats:
    """A_ik B_jl, A_il B_jk, A_jk B_il and A_jl B_ik for pairs (ij), (kl), from sums of products A_. B_."""
    places, h = _places(at.n_items), len(paired)
    (i, j), sizes = at.pairs, at.sizes
    flat = (paired + paired.T).ravel()
    result = np.empty((len(i), len(i)))
    step = max(1, _BLOCK // h)
    for begin in range(0, len(i), step):
        part = slice(begin, begin + step)
        by_i, by_j = places[i[part]], places[j[part]]
        total = flat.take(by_i.take(i, axis=1) * h + by_j.take(j, axis=1))
        total += flat.take(by_i.take(j, axis=1) * h + by_j.take(i, axis=1))
        total *= sizes[part, None] * sizes
        result[part] = total
    return result


def _crossed(at: Whitening, by_sum: Floats) -> Floats:
    """B_jk z_l + B_jl z_k for means j and pairs (kl), from sums of products z_. B_."""
    places = _places(at.n_items)
    k, ell = at.pairs
    return np.asarray((by_sum[ell, places[:, k]] + by_sum[k, places[:, ell]]) * at.sizes, dtype=np.float64)

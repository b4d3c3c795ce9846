"""Least squares over an unknown threshold: exact, for many outcomes or resamples at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Best", "KinkDesign", "Stretches", "best_of", "resampled_kinks", "stretches"]

Floats = NDArray[np.float64]
_SINGULAR = 1e-10
"""What is left of (x - g)+ beside the other terms, as a share of the rows, below which g is no candidate."""
_BLOCK_CELLS = 3_000_000
"""Cells of the largest arrays made on the way: 24 MB in double precision."""


class Stretches(NamedTuple):
    """Where a threshold may lie: between neighbouring waits, in which the criterion is smooth.

    Attributes
    ----------
    left, right : ndarray, shape (m,)
        Ends of every stretch.
    beyond : ndarray of int, shape (m,)
        Which of the different waits is the first beyond the stretch.
    """

    left: Floats
    right: Floats
    beyond: NDArray[np.intp]


class Best(NamedTuple):
    """The best threshold of each of B problems; arrays of shape (B,).

    Attributes
    ----------
    threshold : ndarray
        NaN where no candidate is identified.
    gain : ndarray
        Fall in the sum of squares against no bend at all.
    change : ndarray
        Slope beyond less slope before.
    beyond : ndarray of int
        First of the different waits beyond it.
    """

    threshold: Floats
    gain: Floats
    change: Floats
    beyond: NDArray[np.intp]


class Pieces(NamedTuple):
    """Products of (x - g)+ on each stretch: ``a - g b`` with residuals, ``c - 2 g d + g² e`` with itself."""

    a: Floats
    b: Floats
    c: Floats
    d: Floats
    e: Floats


def stretches(waits: Floats, low: float, high: float) -> Stretches:
    """Stretches between the different waits, shape (M,), rising, that meet [low, high]."""
    left, right = np.maximum(waits[:-1], low), np.minimum(waits[1:], high)
    kept = np.flatnonzero(left < right)
    return Stretches(left[kept], right[kept], (kept + 1).astype(np.intp))


def best_of(pieces: Pieces, where: Stretches, n_obs: float) -> Best:
    """The threshold with the smallest sum of squares, over all stretches.

    On a stretch the fall in the sum of squares is ``(a - g b)² / (c - 2 g d + g² e)``: zero at ``g = a / b``,
    and largest at ``g = (a d - b c) / (a e - b d)`` if that lies inside, else at an end.
    """
    a, b, c, d, e = pieces
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = (a * d - b * c) / (a * e - b * d)
    turn = np.clip(np.where(np.isfinite(turn), turn, where.left), where.left, where.right)
    candidates = [turn, np.broadcast_to(where.left, turn.shape), np.broadcast_to(where.right, turn.shape)]
    at = np.full(turn.shape[:-1], np.nan)
    gain, change = np.full(at.shape, -np.inf), np.full(at.shape, np.nan)
    beyond = np.zeros(at.shape, dtype=np.intp)
    for position, threshold in enumerate(candidates):
        some = slice(-1, None) if position == 2 else slice(None)  # a right end is the next left end
        g = threshold[..., some]
        across = a[..., some] - g * b[..., some]
        own = c[..., some] - g * (2 * d[..., some] - g * e[..., some])
        with np.errstate(divide="ignore", invalid="ignore"):
            fall = np.where(own > _SINGULAR * n_obs, across**2 / own, -np.inf)
        chosen = np.argmax(fall, axis=-1)[..., None]
        value = np.take_along_axis(fall, chosen, -1)[..., 0]
        better = value > gain
        gain = np.where(better, value, gain)
        at = np.where(better, np.take_along_axis(g, chosen, -1)[..., 0], at)
        slope = np.take_along_axis(across, chosen, -1)[..., 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = slope / np.take_along_axis(np.broadcast_to(own, fall.shape), chosen, -1)[..., 0]
        change = np.where(better, slope, change)
        index = chosen[..., 0] + (len(where.left) - 1 if position == 2 else 0)
        beyond = np.where(better, where.beyond[index], beyond)
    return Best(at, gain, change, beyond)


def _suffix(sums: Floats) -> Floats:
    """Sums over this wait and all longer ones, along the last axis."""
    return np.asarray(np.cumsum(sums[..., ::-1], axis=-1)[..., ::-1])


@dataclass(frozen=True, slots=True, eq=False)
class KinkDesign:
    """Terms held, and (x - g)+ for every g, with the terms taken out.

    Attributes
    ----------
    x : ndarray, shape (n,)
        Wait, rising.
    root : ndarray, shape (n,)
        Square roots of the weights.
    basis : ndarray, shape (n, k)
        Orthonormal columns that span the weighted terms.
    waits : ndarray, shape (M,)
        Different waits, rising.
    starts : ndarray of int, shape (M,)
        First row of each.
    """

    x: Floats
    root: Floats
    basis: Floats
    waits: Floats
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, x: Floats, terms: Floats, weights: Floats) -> KinkDesign:
        """From the rising wait, the terms held (shape (n, k), the constant among them) and the weights."""
        root = np.sqrt(weights)
        waits, starts = np.unique(x, return_index=True)
        basis = np.linalg.qr(terms * root[:, None])[0]
        return cls(x, root, basis, waits, starts.astype(np.intp))

    def residuals(self, outcomes: Floats) -> Floats:
        """Weighted outcomes, shape (B, n), less what the terms explain."""
        scaled = outcomes * self.root
        return np.asarray(scaled - (scaled @ self.basis) @ self.basis.T)

    def pieces(self, residuals: Floats, where: Stretches) -> Pieces:
        """Products on every stretch, the first two of shape (B, m), for residuals of shape (B, n)."""
        flat = self._own(where)
        sums = np.add.reduceat(residuals * self.root, self.starts, axis=-1)
        b = _suffix(sums)[..., where.beyond]
        a = _suffix(sums * self.waits)[..., where.beyond]
        return Pieces(a, b, *flat)

    def _own(self, where: Stretches) -> tuple[Floats, Floats, Floats]:
        """``c, d, e`` of every stretch, shape (m,)."""
        sums = np.add.reduceat(np.vstack([self.root**2, self.basis.T * self.root]), self.starts, axis=-1)
        zero, one = _suffix(sums)[:, where.beyond], _suffix(sums * self.waits)[:, where.beyond]
        two = _suffix(sums[0] * self.waits**2)[where.beyond]
        c = two - (one[1:] ** 2).sum(axis=0)
        d = one[0] - (one[1:] * zero[1:]).sum(axis=0)
        e = zero[0] - (zero[1:] ** 2).sum(axis=0)
        return c, d, e

    def best(self, residuals: Floats, where: Stretches) -> Best:
        """Best threshold of every outcome, from residuals of shape (B, n)."""
        return best_of(self.pieces(residuals, where), where, len(self.x))

    def gain_at(self, residuals: Floats, thresholds: Floats) -> Floats:
        """Fall in the sum of squares with a bend at given thresholds, shape (B, G).

        Parameters
        ----------
        residuals : ndarray, shape (B, n)
        thresholds : ndarray, shape (G,)
            Between the second and the second last wait.
        """
        beyond = np.searchsorted(self.waits, thresholds, side="right").astype(np.intp)
        where = Stretches(thresholds, thresholds, beyond)
        a, b, c, d, e = self.pieces(residuals, where)
        own = c - thresholds * (2 * d - thresholds * e)
        return np.asarray((a - thresholds * b) ** 2 / own)


def resampled_kinks(
    y: Floats, x: Floats, terms: Floats, counts: NDArray[np.float32], weights: Floats, where: Stretches
) -> tuple[Floats, Floats]:
    """Threshold and coefficients of every resample of rows.

    Parameters
    ----------
    y, x : ndarray, shape (n,)
        Outcome, and wait, rising; both near mean 0 and standard deviation 1.
    terms : ndarray, shape (n, k)
        Terms held: the constant first, the wait second, both of them; scaled likewise.
    counts : ndarray, shape (draws, n)
        How often each row stands in each resample.
    weights : ndarray, shape (n,)
        Survey weights.
    where : Stretches
        Of the whole sample: every resample searches the same range.

    Returns
    -------
    tuple of ndarray
        Thresholds, shape (draws,), and coefficients of the terms and of (x - g)+, shape (draws, k + 1); NaN
        where a resample cannot tell the terms apart.
    """
    draws, (n, k) = len(counts), terms.shape
    waits, starts = np.unique(x, return_index=True)
    data = np.column_stack([terms, y]) * weights[:, None]
    step = max(1, _BLOCK_CELLS // (max(n, len(waits)) * (k + 3)))
    at, coefficients = np.full(draws, np.nan), np.full((draws, k + 1), np.nan)
    upper = np.triu_indices(k + 1)
    full = np.column_stack([terms, y])
    products = full[:, upper[0]] * full[:, upper[1]] * weights[:, None]
    for begin in range(0, draws, step):
        some = counts[begin : begin + step].astype(np.float64)
        gram = np.empty((len(some), k + 1, k + 1))
        gram[:, upper[0], upper[1]] = gram[:, upper[1], upper[0]] = some @ products
        regular = np.linalg.eigvalsh(gram[:, :k, :k])[:, 0] > _SINGULAR * n
        if not regular.any():
            continue
        some, gram = some[regular], gram[regular]
        sums = np.stack(
            [np.add.reduceat(some * column, starts, axis=1) for column in data.T], axis=1
        )  # (b, k + 1, M)
        zero, one = _suffix(sums)[:, :, where.beyond], _suffix(sums * waits)[:, :, where.beyond]
        two = _suffix(sums[:, 0] * waits**2)[:, where.beyond]
        root = np.linalg.inv(np.linalg.cholesky(gram[:, :k, :k]))
        white_zero, white_one = root @ zero[:, :k], root @ one[:, :k]
        white_y = (root @ gram[:, :k, k:])[:, :, 0]
        pieces = Pieces(
            one[:, k] - np.einsum("bk,bkm->bm", white_y, white_one),
            zero[:, k] - np.einsum("bk,bkm->bm", white_y, white_zero),
            two - np.einsum("bkm,bkm->bm", white_one, white_one),
            one[:, 0] - np.einsum("bkm,bkm->bm", white_one, white_zero),
            zero[:, 0] - np.einsum("bkm,bkm->bm", white_zero, white_zero),
        )
        best = best_of(pieces, where, n)
        chosen = np.searchsorted(where.beyond, best.beyond)
        picked = np.arange(len(chosen))
        kink = white_one[picked, :, chosen] - best.threshold[:, None] * white_zero[picked, :, chosen]
        held = np.einsum("bkj,bk->bj", root, white_y - best.change[:, None] * kink)
        rows = begin + np.flatnonzero(regular)
        at[rows] = best.threshold
        coefficients[rows] = np.column_stack([held, best.change])
    return at, coefficients

"""The maximum of a count's likelihood for many weightings of the same rows at once, by Newton steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.engines.count_densities import CountDensity, count_density

__all__ = [
    "LEAST_DISPERSION",
    "LEAST_ZERO_ODDS",
    "CountCells",
    "CountCurve",
    "count_cells",
    "count_curve",
    "count_maximum",
]

Floats = NDArray[np.float64]

LEAST_DISPERSION = -14.0
"""Log of the smallest alpha searched, 8e-7: below it a negative binomial is a Poisson to seven digits."""
LEAST_ZERO_ODDS = -15.0
"""Smallest constant in the log odds of a certain zero: a chance of 3e-7."""
_BLOCK_CELLS = 200_000
_STEPS = 200
_HALVINGS = 40
_LONGEST = 5.0
"""Longest step of any parameter, terms in standard deviations."""
_GAIN = 1e-13
"""A Newton step that promises less than this share of the log likelihood ends the search."""
_HIDDEN = 1e-9
"""The same where no step rises for rounding."""
_FLATTEST = 1e-10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CountCells:
    """Rows of a count model, those that are alike in everything gathered in one cell.

    Attributes
    ----------
    values : ndarray, shape (u,)
        Different counts.
    codes : ndarray of int, shape (c,)
        Which of them each cell holds.
    x : ndarray, shape (c, k)
        Terms of the mean, the constant last.
    z : ndarray, shape (c, m)
        Terms of the certain zeros, the constant last; no columns where there are none.
    offset : ndarray, shape (c,)
        Added to the log of the mean.
    dispersed : bool
        Whether the count is negative binomial.
    place : ndarray of int, shape (n,)
        Cell of every row.
    """

    values: Floats
    codes: NDArray[np.intp]
    x: Floats
    z: Floats
    offset: Floats
    dispersed: bool
    place: NDArray[np.intp]

    @property
    def n_parameters(self) -> int:
        """Coefficients of the mean, of the zeros, and the log dispersion last."""
        return int(self.x.shape[1] + self.z.shape[1] + self.dispersed)

    def totals(self, weights: NDArray[np.floating]) -> Floats:
        """Row weights of shape (B, n) summed by cell, shape (B, c)."""
        if len(self.codes) == len(self.place):
            return np.asarray(weights[:, np.argsort(self.place)], dtype=np.float64)
        order = np.argsort(self.place, kind="stable")
        starts = np.searchsorted(self.place[order], np.arange(len(self.codes)))
        return np.asarray(np.add.reduceat(weights[:, order], starts, axis=1), dtype=np.float64)

    def parts(self, parameters: Floats) -> tuple[Floats, Floats | None, Floats | None]:
        """Log mean (B, c), log dispersion (B, 1) or None, log odds of a certain zero (B, c) or None."""
        k, m = self.x.shape[1], self.z.shape[1]
        log_mean = parameters[:, :k] @ self.x.T + self.offset
        return (
            log_mean,
            parameters[:, -1:] if self.dispersed else None,
            parameters[:, k : k + m] @ self.z.T if m else None,
        )

    def density(self, parameters: Floats) -> CountDensity:
        """Log probability of every cell, with derivatives, under parameters of shape (B, p)."""
        return count_density(self.values, self.codes, *self.parts(parameters))

    def scores(self, parameters: Floats) -> Floats:
        """Derivatives of every cell's log probability by the parameters of shape (p,), shape (c, p)."""
        found = self.density(parameters[None])
        columns = [found.mean[0][:, None] * self.x]
        if found.zero is not None:
            columns.append(found.zero[0][:, None] * self.z)
        if found.spread is not None:
            columns.append(found.spread[0][:, None])
        return np.hstack(columns)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CountCurve:
    """Log likelihood and derivatives of B weightings, shapes (B,), (B, p) and (B, p, p)."""

    logl: Floats
    gradient: Floats
    hessian: Floats


def count_cells(y: Floats, x: Floats, z: Floats, offset: Floats, *, dispersed: bool) -> CountCells:
    """Cells of rows; every row its own where fewer than half of them repeat another.

    Parameters
    ----------
    y, offset : ndarray, shape (n,)
    x, z : ndarray, shapes (n, k) and (n, m)
        The constant in the last column; ``z`` without columns where no zero is certain.
    dispersed : bool
        Whether the count is negative binomial.
    """
    table = np.column_stack([y, x, z, offset])
    _, first, place = np.unique(table, axis=0, return_index=True, return_inverse=True)
    if 2 * len(first) > len(y):
        first = place = np.arange(len(y))
    values, codes = np.unique(y[first], return_inverse=True)
    return CountCells(
        values=values,
        codes=codes.astype(np.intp),
        x=x[first],
        z=z[first],
        offset=offset[first],
        dispersed=dispersed,
        place=np.asarray(place, dtype=np.intp).ravel(),
    )


def count_maximum(cells: CountCells, weights: Floats, start: Floats) -> tuple[Floats, Floats]:
    """Parameters of highest likelihood under each of B weightings of the cells.

    Parameters
    ----------
    cells : CountCells
        Terms in units in which a step of a few is long.
    weights : ndarray, shape (B, c)
        Weight of every cell, >= 0.
    start : ndarray, shape (p,)

    Returns
    -------
    tuple of ndarray, shapes (B, p) and (B,)
        Parameters and log likelihood; NaN where no maximum was reached. A dispersion or a constant of the
        certain zeros that would fall for ever stands at its least value.

    Notes
    -----
    Likelihoods with certain zeros are not concave: each step is taken along the eigenvectors of the Hessian
    with their eigenvalues made positive, and halved until the likelihood rises.
    """
    parameters = np.full((len(weights), cells.n_parameters), np.nan)
    logl = np.full(len(weights), np.nan)
    block = max(1, _BLOCK_CELLS // len(cells.codes))
    for first in range(0, len(weights), block):
        some = slice(first, first + block)
        parameters[some], logl[some] = _climb(cells, weights[some], start)
    return parameters, logl


def _least(cells: CountCells) -> Floats:
    least = np.full(cells.n_parameters, -np.inf)
    if cells.z.shape[1]:
        least[cells.x.shape[1] + cells.z.shape[1] - 1] = LEAST_ZERO_ODDS
    if cells.dispersed:
        least[-1] = LEAST_DISPERSION
    return least


def _climb(cells: CountCells, weights: Floats, start: Floats) -> tuple[Floats, Floats]:
    """Newton steps of one block; a weighting that has arrived is left alone."""
    least = _least(cells)
    at = np.tile(np.maximum(start, least), (len(weights), 1))
    found, logl = np.full_like(at, np.nan), np.full(len(at), np.nan)
    left = np.arange(len(at))
    for _ in range(_STEPS):
        curve = count_curve(cells, weights[left], at[left])
        step, gain = _step(curve, at[left], least)
        done = gain < _GAIN * (1.0 + np.abs(curve.logl))
        found[left[done]] = np.maximum(at[left[done]] + step[done], least)
        logl[left[done]] = curve.logl[done]
        left, step, gain, before = left[~done], step[~done], gain[~done], curve.logl[~done]
        if not left.size:
            break
        moved, rose = _halved(cells, weights[left], at[left], step, before, least)
        # what a Newton step promises and rounding hides
        there = ~rose & (gain < _HIDDEN * (1.0 + np.abs(before)))
        found[left[there]], logl[left[there]] = at[left[there]], before[there]
        at[left] = moved
        left = left[rose]
    return found, logl


def _halved(
    cells: CountCells, weights: Floats, at: Floats, step: Floats, before: Floats, least: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Steps shortened until the likelihood does not fall; and whether one was found."""
    moved, share = np.maximum(at + step, least), np.ones(len(at))
    waiting = np.arange(len(at))
    for _ in range(_HALVINGS):
        reached = _logl(cells, weights[waiting], moved[waiting])
        fell = ~(reached >= before[waiting] - 1e-12 * np.abs(before[waiting]))
        waiting = waiting[fell]
        if not waiting.size:
            break
        share[waiting] /= 2
        moved[waiting] = np.maximum(at[waiting] + share[waiting, None] * step[waiting], least)
    rose = np.ones(len(at), dtype=bool)
    rose[waiting] = False
    return moved, rose


def _step(curve: CountCurve, at: Floats, least: Floats) -> tuple[Floats, Floats]:
    """Ascending Newton steps and the gain each promises; parameters held at their least value stay."""
    held: NDArray[np.bool_] = np.logical_and(at <= least, curve.gradient <= 0)
    gradient = np.where(held, 0.0, curve.gradient)
    either = held[:, :, None] | held[:, None, :]
    information = np.where(either, 0.0, -curve.hessian)
    information += np.eye(at.shape[1]) * held[:, None, :]
    fine: NDArray[np.bool_] = np.logical_and(
        np.isfinite(information).all(axis=(1, 2)), np.isfinite(gradient).all(axis=1)
    )
    values, vectors = np.linalg.eigh(np.where(fine[:, None, None], information, np.eye(at.shape[1])))
    size = np.abs(values)
    size = np.maximum(size, _FLATTEST * size.max(axis=1, keepdims=True))
    along = np.einsum("bji,bj->bi", vectors, np.where(fine[:, None], gradient, np.nan))
    step = np.einsum("bij,bj->bi", vectors, along / size)
    gain = 0.5 * (along**2 / size).sum(axis=1)
    longest = np.abs(step).max(axis=1, keepdims=True)
    return step * np.minimum(1.0, _LONGEST / np.maximum(longest, 1e-300)), gain


def _logl(cells: CountCells, weights: Floats, parameters: Floats) -> Floats:
    with np.errstate(all="ignore"):
        return np.asarray((weights * cells.density(parameters).logp).sum(axis=1), dtype=np.float64)


def count_curve(cells: CountCells, weights: Floats, parameters: Floats) -> CountCurve:
    """Log likelihood, gradient and Hessian under weights (B, c) and parameters (B, p)."""
    k, m, p = cells.x.shape[1], cells.z.shape[1], cells.n_parameters
    with np.errstate(all="ignore"):
        found = cells.density(parameters)
        gradient, hessian = np.zeros((len(weights), p)), np.zeros((len(weights), p, p))
        mean, zero = slice(0, k), slice(k, k + m)
        gradient[:, mean] = (weights * found.mean) @ cells.x
        _fill(hessian, mean, mean, weights * found.mean_mean, cells.x, cells.x)
        if found.zero is not None and found.zero_zero is not None and found.mean_zero is not None:
            gradient[:, zero] = (weights * found.zero) @ cells.z
            _fill(hessian, zero, zero, weights * found.zero_zero, cells.z, cells.z)
            _fill(hessian, mean, zero, weights * found.mean_zero, cells.x, cells.z)
        if found.spread is not None and found.spread_spread is not None and found.mean_spread is not None:
            gradient[:, -1] = (weights * found.spread).sum(axis=1)
            hessian[:, -1, -1] = (weights * found.spread_spread).sum(axis=1)
            hessian[:, mean, -1] = hessian[:, -1, mean] = (weights * found.mean_spread) @ cells.x
            if found.spread_zero is not None:
                hessian[:, zero, -1] = hessian[:, -1, zero] = (weights * found.spread_zero) @ cells.z
        logl = (weights * found.logp).sum(axis=1)
    return CountCurve(logl=logl, gradient=gradient, hessian=hessian)


def _fill(hessian: Floats, rows: slice, columns: slice, weights: Floats, left: Floats, right: Floats) -> None:
    """Put the weighted cross products of two sets of columns into both places of the Hessians."""
    products = (left[:, :, None] * right[:, None, :]).reshape(len(left), -1)
    block = (weights @ products).reshape(len(weights), left.shape[1], right.shape[1])
    hessian[:, rows, columns] = block
    hessian[:, columns, rows] = np.swapaxes(block, 1, 2)

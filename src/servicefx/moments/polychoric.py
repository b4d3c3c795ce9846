"""Polychoric correlations of all pairs of ordinal columns at once, on their pair tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from servicefx.moments.bivariate import (
    bivariate_normal_cdf,
    bivariate_normal_increment,
    normal_pdf,
)
from servicefx.moments.ordinal_influence import LEAST_PROBABILITY, density_and_bend, pair_influence
from servicefx.moments.ordinal_thresholds import Thresholds

__all__ = ["BOUND", "Polychoric", "bracketed_step", "polychoric"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
BOUND = 0.999
"""Largest absolute latent correlation: a table whose likelihood still rises here is put here and flagged."""
_GRADIENT = 1e-10
"""Score an observation at which a correlation is final."""
_EDGE = 1e-6
"""A correlation this close to the bound and still rising is put there."""
_SHORT = 0.015
"""A step this short moves the distribution values by an increment."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Polychoric:
    """Polychoric correlations of m pairs and what one observation does to them.

    Attributes
    ----------
    later, earlier : ndarray of int, shape (m,)
        Columns of each pair, ``later > earlier``.
    r : ndarray, shape (m,)
    influence : ndarray, shape (m, K, K)
        Influence on ``r`` of one pair of answers (later, earlier), thresholds estimated first.
    at_bound : ndarray of bool, shape (m,)
        True where the likelihood has no maximum within the bound of .999.
    """

    later: Codes
    earlier: Codes
    r: Floats
    influence: Floats
    at_bound: NDArray[np.bool_]


def polychoric(margins: Thresholds, n_obs: int, *, observed: bool = False) -> Polychoric:
    """Polychoric correlations of all pairs, each at the maximum of its own likelihood.

    Parameters
    ----------
    margins : Thresholds
        Of q columns.
    n_obs : int
        Rows.
    observed : bool
        Information for the influence functions from second derivatives instead of products of scores.

    Returns
    -------
    Polychoric
        Of the q (q - 1) / 2 pairs.

    Notes
    -----
    Newton's method in the correlation with thresholds held, inside a bracket that every score narrows.
    A two-by-two table with one empty cell has its maximum at one; as lavaan and Mplus do, half an answer
    is then moved into that cell with the margins kept.

    References
    ----------
    Olsson (1979), Psychometrika 44, 443-460; Muthén (1984), Psychometrika 49, 115-132.
    """
    earlier, later = np.triu_indices(len(margins.tau), 1)
    tables = _half_answers(margins.tables, margins.n_levels, later, earlier)
    r, cell, slope, at_bound = _maximise(tables, margins.tau[later], margins.tau[earlier], n_obs)
    return Polychoric(
        later=later,
        earlier=earlier,
        r=r,
        influence=pair_influence(margins, later, earlier, r, cell, slope, n_obs, observed=observed),
        at_bound=at_bound,
    )


def _half_answers(tables: Floats, n_levels: Codes, later: Codes, earlier: Codes) -> Floats:
    """Tables in which a two-by-two table's only empty cell holds half an answer, margins kept."""
    two = (n_levels[later] == 2) & (n_levels[earlier] == 2)
    empty = (tables[:, :2, :2] == 0).sum(axis=(1, 2))
    at = np.flatnonzero(two & (empty == 1))
    if not at.size:
        return tables
    on_diagonal = (tables[at, 0, 0] == 0) | (tables[at, 1, 1] == 0)
    half = np.where(on_diagonal, 0.5, -0.5)[:, None, None]
    out = tables.copy()
    out[at, :2, :2] += half * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return out


def _first_guess(tables: Floats, tau_later: Floats, tau_earlier: Floats, n_obs: int) -> Floats:
    """Correlation of the codes, corrected for their coarseness as if the thresholds were evenly spaced."""
    code = np.arange(tables.shape[1], dtype=np.float64)
    rows, columns = tables.sum(axis=2) / n_obs, tables.sum(axis=1) / n_obs
    both = np.einsum("mab,a,b->m", tables, code, code, optimize=True) / n_obs
    guess = (both - (rows @ code) * (columns @ code)) / (
        normal_pdf(tau_later).sum(axis=1) * normal_pdf(tau_earlier).sum(axis=1)
    )
    return np.asarray(np.clip(guess, -0.9, 0.9), dtype=np.float64)


def _maximise(
    tables: Floats, tau_later: Floats, tau_earlier: Floats, n_obs: int
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Correlations, cell probabilities, their slopes in the correlation, and which stand at the bound."""
    m = len(tables)
    r = _first_guess(tables, tau_later, tau_earlier, n_obs)
    low, high = np.full(m, -BOUND), np.full(m, BOUND)
    cell, slope = np.empty(tables.shape), np.empty(tables.shape)
    active = np.arange(m)
    below = bivariate_normal_cdf(tau_later, tau_earlier, r)
    edge_later, edge_earlier = ndtr(tau_later), ndtr(tau_earlier)
    for _ in range(100):
        now = r[active]
        grid = _grid(below, edge_later, edge_earlier)
        cell_now, slope_now, score, curvature = _evaluate(tables, tau_later, tau_earlier, now, grid)
        rising = score > 0
        low[active[rising]] = now[rising]
        high[active[~rising]] = now[~rising]
        final = (np.abs(score) <= _GRADIENT * n_obs) | (np.abs(now) >= BOUND)
        final |= high[active] - low[active] < 1e-13
        cell[active[final]], slope[active[final]] = cell_now[final], slope_now[final]
        if final.all():
            break
        on = ~final
        new = bracketed_step(now, score, curvature, low[active], high[active])[on]
        if final.any():
            active, now, below = active[on], now[on], below[on]
            tables, tau_later, tau_earlier = tables[on], tau_later[on], tau_earlier[on]
            edge_later, edge_earlier = edge_later[on], edge_earlier[on]
        r[active] = new
        below = _moved(below, tau_later, tau_earlier, now, new)
    return r, cell, slope, np.abs(r) >= BOUND


def bracketed_step(now: Floats, score: Floats, curvature: Floats, low: Floats, high: Floats) -> Floats:
    """Newton's next correlations; halfway to the end of the bracket where Newton would leave it."""
    uphill = np.where(score > 0, 1.0, -1.0)
    bends = curvature < 0
    new = now - np.where(bends, score, -np.inf * uphill) / np.where(bends, curvature, 1.0)
    inside = (new > low) & (new < high)
    new = np.where(inside, new, (now + np.where(score > 0, high, low)) / 2)
    edge = (BOUND - np.abs(new) < _EDGE) & (new * uphill > 0)
    return np.asarray(np.where(edge, np.sign(new) * BOUND, new), dtype=np.float64)


def _moved(below: Floats, tau_later: Floats, tau_earlier: Floats, now: Floats, new: Floats) -> Floats:
    """Distribution values at the new correlations, from those at the old ones where the way is short."""
    near = (np.abs(new - now) < _SHORT) & (np.maximum(np.abs(new), np.abs(now)) < 0.9)
    if near.all():
        below += bivariate_normal_increment(tau_later, tau_earlier, now, new)
        return below
    if near.any():
        below[near] += bivariate_normal_increment(tau_later[near], tau_earlier[near], now[near], new[near])
    far = ~near
    below[far] = bivariate_normal_cdf(tau_later[far], tau_earlier[far], new[far])
    return below


def _grid(below: Floats, edge_later: Floats, edge_earlier: Floats) -> Floats:
    """Distribution values at all limits from minus to plus infinity, shape (m, K + 1, K + 1)."""
    m, inner, _ = below.shape
    grid = np.zeros((m, inner + 2, inner + 2))
    grid[:, 1:-1, 1:-1] = below
    grid[:, 1:-1, -1], grid[:, -1, 1:-1], grid[:, -1, -1] = edge_later, edge_earlier, 1.0
    return grid


def _evaluate(
    tables: Floats, tau_later: Floats, tau_earlier: Floats, r: Floats, grid: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Cell probabilities, their slopes, and score and second derivative of each log-likelihood."""
    density, bend = density_and_bend(tau_later, tau_earlier, r)
    cell = _cells(grid)
    grid[:, -1, :], grid[:, :, -1] = 0.0, 0.0
    grid[:, 1:-1, 1:-1] = density
    slope = _cells(grid)
    safe = np.maximum(cell, LEAST_PROBABILITY)
    weight = tables / safe
    score = np.einsum("mab,mab->m", weight, slope)
    # second differences of the weights meet the grid's derivatives: no table of second slopes is needed
    stripes = weight[:, :-1] - weight[:, 1:]
    inner = stripes[:, :, :-1] - stripes[:, :, 1:]
    ratio = slope / safe
    curvature = np.einsum("mst,mst->m", inner, bend) - np.einsum("mab,mab,mab->m", tables, ratio, ratio)
    if cell.min(initial=1.0) < LEAST_PROBABILITY:
        lost = ((cell < LEAST_PROBABILITY) & (tables > 0)).any(axis=(1, 2)) & (np.abs(r) > 0.5)
        score = np.where(lost, np.where(r > 0, -np.inf, np.inf), score)
        curvature = np.where(lost, 0.0, curvature)
    return cell, slope, score, curvature


def _cells(grid: Floats) -> Floats:
    """Double differences of a grid of distribution values, shape (m, K + 1, K + 1) to (m, K, K)."""
    stripes = grid[:, 1:] - grid[:, :-1]
    return np.asarray(stripes[:, :, 1:] - stripes[:, :, :-1], dtype=np.float64)

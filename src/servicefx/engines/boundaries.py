"""Likelihood of ordered answers as a function of what lies at each boundary between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = ["Boundaries", "boundary_curve", "expected_tallies"]

Floats = NDArray[np.float64]
_LEAST_CHANCE = 1e-300


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Boundaries:
    """Log-likelihood of tallied answers and its derivatives in the log odds at every boundary.

    Attributes
    ----------
    logl : ndarray, shape (...)
        Summed over rows and answers; -inf where an answer somebody gave has no chance.
    first : ndarray, shape (..., n, m)
        Derivative in the log odds of lying above each boundary.
    second : ndarray, shape (..., n, m)
        Second derivative at the same boundary.
    across : ndarray, shape (..., n, m - 1)
        Second derivative in one boundary and the next.
    """

    logl: Floats
    first: Floats
    second: Floats
    across: Floats


def boundary_curve(odds: Floats, tallies: Floats) -> Boundaries:
    """Likelihood of ordered answers whose log odds of lying above each boundary are given.

    Parameters
    ----------
    odds : ndarray, shape (..., n, m)
        Log odds of an answer above boundary j, falling along the last axis.
    tallies : ndarray, shape (..., n, m + 1)
        How many of each row gave each answer.

    Returns
    -------
    Boundaries

    Notes
    -----
    With G the chance to lie above a boundary, an answer has the chance of the drop between the two
    boundaries around it (McCullagh 1980, J. R. Stat. Soc. B 42, sec. 5).
    """
    above = expit(odds)
    below = expit(-odds)
    # each drop is taken on the side where both chances are small
    inside = np.where(odds[..., 1:] > 0, below[..., 1:] - below[..., :-1], above[..., :-1] - above[..., 1:])
    chance = np.concatenate([below[..., :1], inside, above[..., -1:]], axis=-1)
    crossed = (chance <= 0) & (tallies > 0)
    chance = np.maximum(chance, _LEAST_CHANCE)
    logl = (tallies * np.log(chance)).sum(axis=(-2, -1))
    logl = np.where(crossed.any(axis=(-2, -1)), -np.inf, logl)
    with np.errstate(over="ignore"):  # where boundaries cross; the likelihood says so
        pull = tallies / chance
        bend = pull / chance
    density = above * below
    with np.errstate(invalid="ignore"):
        rise = pull[..., 1:] - pull[..., :-1]
    second = density * (below - above) * rise - density**2 * (bend[..., 1:] + bend[..., :-1])
    across = density[..., :-1] * density[..., 1:] * bend[..., 1:-1]
    return Boundaries(
        logl=np.asarray(logl, dtype=np.float64),
        first=np.asarray(rise * density, dtype=np.float64),
        second=np.asarray(second, dtype=np.float64),
        across=np.asarray(across, dtype=np.float64),
    )


def expected_tallies(odds: Floats, totals: Floats) -> Floats:
    """What the answers of each row are expected to be, shape (..., n, m + 1).

    Parameters
    ----------
    odds : ndarray, shape (..., n, m)
    totals : ndarray, shape (..., n)
        How many stand in each row.
    """
    above = expit(odds)
    ends = np.ones_like(above[..., :1])
    chance = np.concatenate([ends, above], axis=-1) - np.concatenate([above, 0 * ends], axis=-1)
    return np.asarray(totals[..., None] * chance, dtype=np.float64)

"""Means of a curve over rows and over a mediator's normal error, for many resamples at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

__all__ = ["Link", "Spread", "blocks", "curve_mean", "spread_rows"]

Floats = NDArray[np.float64]
Link = Literal["linear", "logit", "probit"]

_BINS = 128
_BLOCK = 100  # resamples handled at once: bounds memory at some arrays of 100 x n floats
_REACH = 6.5
"""Standard deviations of the mediator's error over which is integrated; beyond lies 8e-11 of it."""


class Spread:
    """Where the linear predictor of the rows lies, resample by resample.

    Attributes
    ----------
    places, mass : ndarray, shape (b, bins)
        Places and the share of the rows at each, which sums to 1.
    """

    def __init__(self, places: Floats, mass: Floats) -> None:
        self.places = places
        self.mass = mass


def blocks(n_draws: int) -> Iterator[slice]:
    """Resamples in parts that fit in memory."""
    return (slice(start, min(start + _BLOCK, n_draws)) for start in range(0, n_draws, _BLOCK))


def spread_rows(columns: Floats, slopes: Floats, counts: NDArray[np.float32]) -> Spread:
    """Distribution of a linear predictor over the rows of every resample.

    Parameters
    ----------
    columns : ndarray, shape (n, k)
    slopes : ndarray, shape (b, k)
        Of every resample.
    counts : ndarray, shape (b, n)

    Returns
    -------
    Spread

    Notes
    -----
    Each row's share is split over the four nearest of 128 evenly spaced places by Lagrange's weights, so that
    the mean of any curve over the places is that of its cubic interpolant over the rows: that of a logistic
    curve over a range of 10 comes out to 1e-6 of its height, over one of 4 to 1e-8.
    """
    places, mass = np.empty((len(slopes), _BINS)), np.empty((len(slopes), _BINS))
    for part in blocks(len(slopes)):
        predictor = slopes[part] @ columns.T
        low, high = predictor.min(axis=1), predictor.max(axis=1)
        width = np.maximum(high - low, 1e-9)
        step = width / (_BINS - 4)
        start = low - 1.5 * step
        place = (predictor - start[:, None]) / step[:, None]
        at = np.clip(np.nan_to_num(place).astype(np.intp), 1, _BINS - 3)
        t = place - at
        weight = counts[part].astype(np.float64)
        weight /= weight.sum(axis=1, keepdims=True)
        lagrange = (
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        )
        rows = len(predictor)
        flat = at + _BINS * np.arange(rows)[:, None]
        held = np.zeros(rows * _BINS)
        for shift, share in enumerate(lagrange, start=-1):
            held += np.bincount((flat + shift).ravel(), (share * weight).ravel(), minlength=rows * _BINS)
        mass[part] = held.reshape(rows, _BINS)
        places[part] = start[:, None] + step[:, None] * np.arange(_BINS)
    return Spread(places, mass)


def curve_mean(link: Link, spread: Spread, shift: Floats, sd: Floats) -> Floats:
    """Mean over rows and normal errors of the outcome, shape (b,).

    Parameters
    ----------
    link : {"linear", "logit", "probit"}
    spread : Spread
    shift : ndarray, shape (b,)
        Added to the linear predictor of every row.
    sd : ndarray, shape (b,)
        Standard deviation of the normal error in it, >= 0.

    Notes
    -----
    A probit curve and a line are integrated in closed form. A logistic one is summed over evenly spaced
    places under the normal density; that sum is off by ``exp(-2 pi² / (sd h))`` for a step h, which the step
    keeps below 1e-12.
    """
    places = spread.places + shift[:, None]
    if link == "linear":
        return np.asarray((spread.mass * places).sum(axis=1), dtype=np.float64)
    if link == "probit":
        return np.asarray((spread.mass * ndtr(places / np.sqrt(1 + sd**2)[:, None])).sum(axis=1))
    largest = float(np.nanmax(sd, initial=0.0))
    if largest == 0.0:
        return np.asarray((spread.mass * expit(places)).sum(axis=1), dtype=np.float64)
    step = min(0.5, 2 * np.pi**2 / (28.0 * largest))
    z = step * np.arange(-int(_REACH / step) - 1, int(_REACH / step) + 2)
    density = np.exp(-(z**2) / 2)
    density /= density.sum()
    total = np.zeros(len(places))
    for value, share in zip(z, density, strict=True):
        total += share * (spread.mass * expit(places + (value * sd)[:, None])).sum(axis=1)
    return total

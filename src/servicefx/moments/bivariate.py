"""Distribution function of the bivariate standard normal on grids of limits, many correlations at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

__all__ = ["bivariate_normal_cdf", "bivariate_normal_increment", "normal_pdf"]

Floats = NDArray[np.float64]
_NODES = ((0.3, 6), (0.75, 12), (0.925, 20))
"""Gauss-Legendre nodes that give 1e-15 up to this absolute correlation (Genz 2004)."""
_RULES = {count: np.polynomial.legendre.leggauss(count) for count in (4, 6, 12, 20)}
_FAR = 100.0
"""exp(-100) counts as nothing."""


def normal_pdf(x: Floats) -> Floats:
    """Standard normal density, any shape."""
    return np.asarray(np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi), dtype=np.float64)


def bivariate_normal_cdf(h: Floats, k: Floats, r: Floats) -> Floats:
    """P(X <= h, Y <= k) on a grid for each of several standard bivariate normals.

    Parameters
    ----------
    h : ndarray, shape (m, s)
        Limits of X; finite (40 serves as infinity).
    k : ndarray, shape (m, t)
        Limits of Y.
    r : ndarray, shape (m,)
        Correlations in (-1, 1).

    Returns
    -------
    ndarray, shape (m, s, t)
        Probabilities, absolute error about 1e-15.

    References
    ----------
    Drezner & Wesolowsky (1990), J. Stat. Comput. Simul. 35, 101-107; Genz (2004), Statistics and
    Computing 14, 251-260 (integral over arcsin r; expansion near one).

    Examples
    --------
    >>> zero = np.zeros((1, 1))
    >>> round(float(bivariate_normal_cdf(zero, zero, np.array([0.5]))[0, 0, 0]), 12)
    0.333333333333
    """
    size = np.abs(r)
    out = np.empty((len(r), h.shape[1], k.shape[1]))
    lower = -1.0
    for upper, count in _NODES:
        at = np.flatnonzero((size > lower) & (size <= upper))
        if at.size == len(r):
            return _moderate(h, k, r, count)
        if at.size:
            out[at] = _moderate(h[at], k[at], r[at], count)
        lower = upper
    at = np.flatnonzero(size > lower)
    if at.size:
        out[at] = _near_one(h[at], k[at], r[at])
    return out


def bivariate_normal_increment(h: Floats, k: Floats, start: Floats, stop: Floats) -> Floats:
    """Change of P(X <= h, Y <= k) between two close correlations.

    Parameters
    ----------
    h, k : ndarray, shapes (m, s) and (m, t)
        Limits of X and Y.
    start, stop : ndarray, shape (m,)
        Correlations, at most .9 in absolute value and .02 apart.

    Returns
    -------
    ndarray, shape (m, s, t)
        Absolute error about 1e-15.
    """
    return _integral(h, k, np.arcsin(start), np.arcsin(stop), 4)


def _moderate(h: Floats, k: Floats, r: Floats, count: int) -> Floats:
    """Product of the margins plus the integral of the density from independence."""
    total = _integral(h, k, np.zeros_like(r), np.arcsin(r), count)
    total += ndtr(h)[:, :, None] * ndtr(k)[:, None, :]
    return total


def _integral(h: Floats, k: Floats, start: Floats, stop: Floats, count: int) -> Floats:
    """Integral of the density over the correlation, which is taken as the sine of an angle."""
    half, middle = (stop - start) / 2, (stop + start) / 2
    product = h[:, :, None] * k[:, None, :]
    squares = -0.5 * ((h * h)[:, :, None] + (k * k)[:, None, :])
    total = np.zeros_like(product)
    cell = np.empty_like(product)
    for node, weight in zip(*_RULES[count], strict=True):
        sine = np.sin(middle + half * node)
        np.multiply(product, sine[:, None, None], out=cell)
        cell += squares
        cell *= (1 / (1 - sine * sine))[:, None, None]
        np.exp(cell, out=cell)
        cell *= weight
        total += cell
    total *= (half / (2 * np.pi))[:, None, None]
    return total


def _near_one(h: Floats, k: Floats, r: Floats) -> Floats:
    """Degenerate distribution at |r| = 1 less the integral from r to 1, its leading terms in closed form."""
    sign = np.where(r < 0, -1.0, 1.0)[:, None, None]
    x, y = -h[:, :, None], -sign * k[:, None, :]  # upper-tail form of the reflected pair
    x, y = np.broadcast_arrays(x, y)
    product = x * y
    rest = ((1 - r) * (1 + r))[:, None, None]
    root = np.sqrt(rest)
    gap2 = (x - y) ** 2
    gap = np.sqrt(gap2)
    c, d = (4 - product) / 8, (12 - product) / 16
    near = np.maximum(-(gap2 / rest + product) / 2, -_FAR)
    far = near <= -_FAR
    series = 1 - c * (gap2 - rest) * (1 - d * gap2 / 5) / 3 + c * d * rest * rest / 5
    total = np.where(far, 0.0, root * np.exp(near) * series)
    decay = np.exp(-np.maximum(product, -_FAR) / 2)
    tail = decay * np.sqrt(2 * np.pi) * ndtr(-gap / root) * gap * (1 - c * gap2 * (1 - d * gap2 / 5) / 3)
    total -= np.where(product > -_FAR, tail, 0.0)
    for node, weight in zip(*_RULES[20], strict=True):
        square = (root / 2 * (1 + node)) ** 2
        other = np.sqrt(1 - square)
        exponent = np.maximum(-(gap2 / square + product) / 2, -_FAR)
        exact = np.exp(np.minimum(-product * square / (2 * (1 + other) ** 2), _FAR)) / other
        term = np.exp(exponent) * (exact - (1 + c * square * (1 + d * square)))
        total += np.where(exponent > -_FAR, root / 2 * weight * term, 0.0)
    total /= -2 * np.pi
    positive = total + ndtr(-np.maximum(x, y))
    negative = np.where(y > x, ndtr(y) - ndtr(x), 0.0) - total
    return np.asarray(np.where(sign > 0, positive, np.maximum(negative, 0.0)), dtype=np.float64)

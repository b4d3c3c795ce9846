"""Ordered logit on every row of a shared resample index, by Newton steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = ["ordered_logit_draws"]

Floats = NDArray[np.float64]
_BLOCK = 100  # resamples handled at once: bounds memory at some arrays of 100 x n floats
_NEWTON_STEPS = 20
_STEP_DONE = 1e-8


def ordered_logit_draws(
    codes: NDArray[np.intp], x: Floats, counts: NDArray[np.float32], start: Floats
) -> Floats:
    """Slopes and thresholds of P(answer <= j) = logistic(threshold_j - x slopes) in every resample.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Answers from 0 to m, each of them given by somebody.
    x : ndarray, shape (n, k)
        Terms without a constant.
    counts : ndarray, shape (draws, n)
        How often each row stands in each resample.
    start : ndarray, shape (k + m,)
        The full sample's slopes, then thresholds.

    Returns
    -------
    ndarray, shape (draws, k + m)
        NaN rows where a resample lacks an answer or has no finite maximum.

    Notes
    -----
    The log-likelihood is concave (Pratt 1981, J. Am. Stat. Assoc. 76, 103-106), and its maximum in a resample
    lies near that of the sample; scores and Hessian are those of `servicefx.engines.ordered`.
    """
    m = int(codes.max())
    k = x.shape[1]
    order = np.argsort(codes, kind="stable")
    codes, x, counts = codes[order], x[order], counts[:, order]
    ends = np.searchsorted(codes, np.arange(m + 2))
    answer = np.full((len(counts), k + m), np.nan)
    present = np.column_stack([counts[:, ends[j] : ends[j + 1]].sum(axis=1) > 0 for j in range(m + 1)]).all(
        axis=1
    )
    places = np.flatnonzero(present)
    for first in range(0, len(places), _BLOCK):
        some = places[first : first + _BLOCK]
        answer[some] = _maxima(codes, x, counts[some].astype(np.float64), start, ends)
    return answer


def _maxima(
    codes: NDArray[np.intp], x: Floats, block: Floats, start: Floats, ends: NDArray[np.intp]
) -> Floats:
    k = x.shape[1]
    at = np.tile(start, (len(block), 1))
    step = np.full_like(at, np.inf)
    for _ in range(_NEWTON_STEPS):
        gradient, information = _derivatives(codes, x, block, at, ends)
        step = np.full_like(at, np.nan)
        known = np.asarray(np.isfinite(information).all(axis=(1, 2)))
        if known.any():
            size = np.linalg.eigvalsh(information[known])
            known[known] = size[:, 0] > 1e-12 * np.maximum(size[:, -1], 1e-300)
            step[known] = np.linalg.solve(information[known], gradient[known][..., None])[..., 0]
        at = at + step
        at[~(np.diff(at[:, k:], axis=1) > 0).all(axis=1)] = np.nan  # thresholds that crossed
        if np.nanmax(np.abs(step), initial=0.0) < _STEP_DONE:
            break
    at[~(np.abs(step).max(axis=1) < 1e-5)] = np.nan
    return at


def _derivatives(
    codes: NDArray[np.intp], x: Floats, block: Floats, at: Floats, ends: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Gradient and information of every resample, shapes (b, k + m) and (b, k + m, k + m)."""
    b, k, m = len(block), x.shape[1], len(ends) - 2
    padded = np.column_stack([np.full(b, -np.inf), at[:, k:], np.full(b, np.inf)])
    eta = at[:, :k] @ x.T
    upper, lower = padded[:, codes + 1] - eta, padded[:, codes] - eta
    high, low = expit(upper), expit(lower)
    chance = np.where(lower > 0, expit(-lower) - expit(-upper), high - low)
    chance = np.maximum(chance, 1e-300)
    density_high, density_low = high * (1 - high), low * (1 - low)
    first_high, first_low = density_high / chance, -density_low / chance
    second_high = density_high * (1 - 2 * high) / chance - first_high**2
    second_low = -density_low * (1 - 2 * low) / chance - first_low**2
    mixed = -first_high * first_low
    gradient = np.empty((b, k + m))
    information = np.zeros((b, k + m, k + m))
    gradient[:, :k] = -(block * (first_high + first_low)) @ x
    left, right = np.triu_indices(k)
    curved = -(block * (second_high + 2 * mixed + second_low)) @ (x[:, left] * x[:, right])
    information[:, left, right] = curved
    information[:, right, left] = curved
    for j in range(m):
        here, above = slice(ends[j], ends[j + 1]), slice(ends[j + 1], ends[j + 2])
        gradient[:, k + j] = (block[:, here] * first_high[:, here]).sum(axis=1)
        gradient[:, k + j] += (block[:, above] * first_low[:, above]).sum(axis=1)
        crossed = (block[:, here] * (second_high + mixed)[:, here]) @ x[here]
        crossed += (block[:, above] * (second_low + mixed)[:, above]) @ x[above]
        information[:, :k, k + j] = crossed
        information[:, k + j, :k] = crossed
        own = (block[:, here] * second_high[:, here]).sum(axis=1)
        own += (block[:, above] * second_low[:, above]).sum(axis=1)
        information[:, k + j, k + j] = -own
        if j:
            between = -(block[:, here] * mixed[:, here]).sum(axis=1)
            information[:, k + j, k + j - 1] = between
            information[:, k + j - 1, k + j] = between
    return gradient, information

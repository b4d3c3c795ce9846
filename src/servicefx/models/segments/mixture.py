"""Expectation and maximisation of a mixture of regressions, for many starts or resamples at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClassData", "class_data", "log_likelihoods", "maximised", "posteriors", "upper_triangle"]

Floats = NDArray[np.float64]
_CELLS = 60_000
"""Rows times classes worked on at a time: half a megabyte, which stays in the processor's cache."""
_LOG_ROOT_TWO_PI = 0.5 * np.log(2 * np.pi)
_RIDGE = 1e-11
"""Share of a class's size added to its squares, so that an emptied class has an answer."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassData:
    """Rows of a mixture of regressions, standardised.

    Parameters of S fits travel as one array of shape (S, K, p + 1 + q): for each class its p coefficients
    (constant first), the log of its standard deviation, and q coefficients of the log odds of belonging to it
    rather than to the first class, whose own are zero.

    Attributes
    ----------
    columns : ndarray, shape (p + 1, n)
        Constant, drivers, outcome; drivers and outcome with mean 0 and standard deviation 1.
    products : ndarray, shape (n, m)
        Products of every two of them, times the row's weight.
    membership : ndarray, shape (q, n)
        Constant and standardised columns that tell who belongs where.
    weights : ndarray, shape (n,)
        Survey weights with mean 1.
    floor : float
        Least standard deviation of a class, in standard deviations of the outcome.
    shared : bool
        Whether all classes have the same slopes, so that they differ in constant and spread alone.
    """

    columns: Floats
    products: Floats
    membership: Floats
    weights: Floats
    floor: float
    shared: bool

    @property
    def n_terms(self) -> int:
        """Constant and drivers, p."""
        return len(self.columns) - 1

    @property
    def n_obs(self) -> int:
        """Rows."""
        return int(self.columns.shape[1])


def class_data(
    terms: Floats, outcome: Floats, membership: Floats, weights: Floats, floor: float, shared: bool
) -> ClassData:
    """Rows made ready.

    Parameters
    ----------
    terms : ndarray, shape (n, p - 1)
        Standardised drivers.
    outcome : ndarray, shape (n,)
        Standardised.
    membership : ndarray, shape (n, q - 1)
        Standardised columns that tell who belongs where.
    weights : ndarray, shape (n,)
    floor : float
    shared : bool
        As in `ClassData`.
    """
    ones = np.ones(len(outcome))
    columns = np.vstack([ones, terms.T, outcome])
    left, right = upper_triangle(len(columns))
    return ClassData(
        columns=columns,
        products=np.ascontiguousarray((columns[left] * columns[right] * weights).T),
        membership=np.vstack([ones, membership.T]),
        weights=weights,
        floor=floor,
        shared=shared,
    )


@lru_cache
def upper_triangle(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the upper triangle of a square matrix."""
    return np.triu_indices(size)


def _chunks(data: ClassData, parameters: Floats) -> list[slice]:
    fits, classes = parameters.shape[:2]
    step = max(1, _CELLS // (classes * data.n_obs))
    return [slice(begin, min(begin + step, fits)) for begin in range(0, fits, step)]


def _joint(data: ClassData, parameters: Floats) -> Floats:
    """Log of prior times density of every row in every class, shape (S, K, n)."""
    p = data.n_terms
    sigma = np.exp(parameters[..., p])
    scaled = np.concatenate([-parameters[..., :p], np.ones((*sigma.shape, 1))], axis=-1) / sigma[..., None]
    joint = scaled @ data.columns
    np.square(joint, out=joint)
    joint *= -0.5
    if len(data.membership) == 1:
        odds = parameters[..., p + 1]
        prior = odds - _log_sum(odds, axis=-1)[..., None]
        joint += (prior - parameters[..., p] - _LOG_ROOT_TWO_PI)[..., None]
    else:
        odds = parameters[..., p + 1 :] @ data.membership
        joint += odds - _log_sum(odds, axis=-2)[..., None, :]
        joint -= (parameters[..., p] + _LOG_ROOT_TWO_PI)[..., None]
    return np.asarray(joint, dtype=np.float64)


def _log_sum(values: Floats, axis: int) -> Floats:
    top = values.max(axis=axis, keepdims=True)
    return np.asarray(np.log(np.exp(values - top).sum(axis=axis)) + top.squeeze(axis), dtype=np.float64)


def _shares(joint: Floats) -> tuple[Floats, Floats]:
    """Posterior shares of the classes, made in place, and the log density of every row, (S, n)."""
    top = joint.max(axis=-2)
    joint -= top[..., None, :]
    np.exp(joint, out=joint)
    total = joint.sum(axis=-2)
    joint /= total[..., None, :]
    top += np.log(total)
    return joint, top


def posteriors(data: ClassData, parameters: Floats) -> tuple[Floats, Floats]:
    """Chance of every row to belong to every class, (S, K, n), and its log density, (S, n)."""
    return _shares(_joint(data, parameters))


def log_likelihoods(data: ClassData, parameters: Floats, counts: Floats | None = None) -> Floats:
    """Weighted log likelihood of every fit, shape (S,); ``counts`` as in `maximised`."""
    answer = np.empty(len(parameters))
    for some in _chunks(data, parameters):
        density = posteriors(data, parameters[some])[1]
        answer[some] = _total(density, data.weights, None if counts is None else counts[some])
    return answer


def _total(density: Floats, weights: Floats, counts: Floats | None) -> Floats:
    if counts is not None:
        density = density * counts
    return np.asarray(density @ weights, dtype=np.float64)


def maximised(data: ClassData, parameters: Floats, counts: Floats | None = None) -> tuple[Floats, Floats]:
    """One step of expectation and maximisation: the log likelihood before it, and parameters after it.

    Parameters
    ----------
    data : ClassData
    parameters : ndarray, shape (S, K, p + 1 + q)
        Of every fit.
    counts : ndarray, shape (S, n), optional
        How often every row stands in the resample of each fit.

    Returns
    -------
    tuple of ndarray, shapes (S,) and (S, K, p + 1 + q)
        The likelihood never falls from one step to the next. Parameters are NaN where a class holds fewer
        rows than it has coefficients.

    Notes
    -----
    Expectations cost one matrix product of the coefficients with the rows, maximisation one of the posterior
    shares with the rows' products, and a p × p solution a class. The floor is the exact constrained maximum,
    since the likelihood of one class rises towards its best spread from either side. Log odds with columns
    move by the step of Böhning & Lindsay, which never overshoots.

    References
    ----------
    DeSarbo & Cron (1988), J. Classification 5, 249-282 (EM for mixtures of regressions). Böhning & Lindsay
    (1988), Annals of the Institute of Statistical Mathematics 40, 641-663.
    """
    likelihood, after = np.empty(len(parameters)), np.empty_like(parameters)
    for some in _chunks(data, parameters):
        weight = None if counts is None else counts[some]
        shares, density = posteriors(data, parameters[some])
        likelihood[some] = _total(density, data.weights, weight)
        if weight is not None:
            shares *= weight[:, None, :]
        after[some] = _maximum(data, parameters[some], shares, weight)
    return likelihood, after


def _maximum(data: ClassData, before: Floats, shares: Floats, counts: Floats | None) -> Floats:
    p = data.n_terms
    fits, classes = shares.shape[:2]
    sums = shares.reshape(fits * classes, -1) @ data.products
    squares = np.empty((fits, classes, p + 1, p + 1))
    left, right = upper_triangle(p + 1)
    squares[..., left, right] = squares[..., right, left] = sums.reshape(fits, classes, -1)
    size = squares[..., 0, 0]
    cross = squares[..., :p, p]
    gram = squares[..., :p, :p] + _RIDGE * size[..., None, None] * np.eye(p) + np.finfo(float).tiny
    if data.shared:
        beta = _shared_slopes(gram, cross, np.exp(-2 * before[..., p]))
    else:
        beta = np.asarray(np.linalg.solve(_regular(gram), cross[..., None])[..., 0], dtype=np.float64)
    signed = np.concatenate([-beta, np.ones((fits, classes, 1))], axis=-1)
    error = np.einsum("ski,skij,skj->sk", signed, squares, signed)
    after = np.empty_like(before)
    after[..., :p] = beta
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = 0.5 * np.log(np.maximum(error, 0.0) / size)
        after[..., p] = np.maximum(spread, np.log(data.floor))
        if len(data.membership) == 1:
            after[..., p + 1] = np.log(size) - np.log(size[:, :1])
        else:
            after[..., p + 1 :] = _odds(data, before[..., p + 1 :], shares, counts)
    after[(size < p + 1).any(axis=1)] = np.nan
    return after


def _regular(gram: Floats) -> Floats:
    """The same matrices, the unit matrix in place of those that hold no number."""
    bad = ~np.isfinite(gram).all(axis=(-2, -1)) | (gram[..., 0, 0] <= np.finfo(float).tiny * 4)
    if bad.any():
        gram = gram.copy()
        gram[bad] = np.eye(gram.shape[-1])
    return gram


def _shared_slopes(gram: Floats, cross: Floats, precision: Floats) -> Floats:
    """Coefficients with slopes alike in all classes, given their spreads: the constants are swept out."""
    size = gram[..., 0, 0]
    mean, level = gram[..., 1:, 0] / size[..., None], cross[..., 0] / size
    within = gram[..., 1:, 1:] - size[..., None, None] * mean[..., :, None] * mean[..., None, :]
    moved = cross[..., 1:] - size[..., None] * mean * level[..., None]
    total = np.einsum("sk,skij->sij", precision, within)
    right = np.einsum("sk,ski->si", precision, moved)
    slopes = np.linalg.solve(_regular(total), right[..., None])[..., 0]
    constant = level - np.einsum("ski,si->sk", mean, slopes)
    shape = (*size.shape, slopes.shape[-1])
    return np.concatenate([constant[..., None], np.broadcast_to(slopes[:, None, :], shape)], axis=-1)


def _odds(data: ClassData, odds: Floats, shares: Floats, counts: Floats | None) -> Floats:
    """Log odds after one step that cannot lower the likelihood."""
    values = odds @ data.membership
    prior = np.exp(values - _log_sum(values, axis=-2)[..., None, :])
    if counts is not None:
        prior *= counts[:, None, :]
        gram = np.einsum("qn,sn,rn->sqr", data.membership, counts * data.weights, data.membership)
    else:
        gram = np.broadcast_to(
            (data.membership * data.weights) @ data.membership.T,
            (len(odds), len(data.membership), len(data.membership)),
        )
    gradient = (shares - prior) @ (data.membership * data.weights).T
    step = 2 * np.linalg.solve(gram, gradient.swapaxes(-1, -2)).swapaxes(-1, -2)
    return np.asarray(odds + step - step[:, :1, :], dtype=np.float64)

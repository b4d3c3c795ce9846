"""From starts to maxima: accelerated steps for all of them, Newton's for the last stretch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from servicefx.models.segments.information import free_parameters, information
from servicefx.models.segments.mixture import ClassData, log_likelihoods, maximised

__all__ = ["climbed", "polished"]

Floats = NDArray[np.float64]
_LONGEST = 256.0
_WIDEST = 10.0
"""Log of a spread no class can have: the outcome's own is about 1."""

_LONGEST_STEP = 5.0
"""Newton's steps may go so far in standardised units: beyond, the curve they follow is another."""

_NEWTON = 60
_FLAT = 1e-9
"""Gain of the log likelihood a Newton step promises below which the top is reached."""


def climbed(
    data: ClassData, parameters: Floats, cycles: int, counts: Floats | None = None
) -> tuple[Floats, Floats]:
    """Parameters after so many accelerated cycles from each start, and their log likelihoods.

    Parameters
    ----------
    data : ClassData
    parameters : ndarray, shape (S, K, p + 1 + q)
    cycles : int
        Each costs three steps of expectation and maximisation.
    counts : ndarray, shape (S, n), optional
        As in `maximised`.

    Returns
    -------
    tuple of ndarray, shapes (S, K, p + 1 + q) and (S,)
        Likelihood -inf where a class lost its rows on the way.

    References
    ----------
    Varadhan & Roland (2008), Scandinavian J. Statistics 35, 335-353 (SQUAREM, step length S3); a step that
    would lower the likelihood is not taken.
    """
    p = data.n_terms
    for _ in range(cycles):
        _, first = maximised(data, parameters, counts)
        before, second = maximised(data, first, counts)
        change = first - parameters
        bend = second - first - change
        with np.errstate(divide="ignore", invalid="ignore"):
            length = np.sqrt((change**2).sum(axis=(1, 2)) / (bend**2).sum(axis=(1, 2)))
        length = np.clip(np.nan_to_num(length, nan=1.0), 1.0, _LONGEST)[:, None, None]
        far = parameters + 2 * length * change + length**2 * bend
        far[..., p] = np.clip(far[..., p], np.log(data.floor), _WIDEST)
        reached, third = maximised(data, far, counts)
        keep = np.isfinite(reached) & (reached >= before) & np.isfinite(third).all(axis=(1, 2))
        parameters = np.where(keep[:, None, None], third, second)
    likelihood = log_likelihoods(data, parameters, counts)
    return parameters, np.where(np.isfinite(likelihood), likelihood, -np.inf)


def polished(data: ClassData, parameters: Floats) -> tuple[Floats, float, bool]:
    """One fit brought to the top of the likelihood by damped Newton steps.

    Parameters
    ----------
    data : ClassData
    parameters : ndarray, shape (K, p + 1 + q)

    Returns
    -------
    tuple
        Parameters, log likelihood, whether the top was reached.

    Notes
    -----
    The step solves (observed + λ · complete information) step = score: Newton's for λ = 0, that of the EM
    gradient algorithm (Lange 1995, J. Royal Statistical Society B 57, 425-437) for large λ.
    """
    damping, floor, p = 0.0, np.log(data.floor), data.n_terms
    likelihood = float(log_likelihoods(data, parameters[None])[0])
    for _ in range(_NEWTON):
        found = information(data, parameters)
        free = free_parameters(data, parameters, found.score)
        score = free.T @ found.score
        observed, complete = (free.T @ matrix @ free for matrix in (found.observed, found.complete))
        for _ in range(40):
            step = _solved(observed + damping * complete, score)
            if step is not None:
                if float(score @ step) < _FLAT:
                    return parameters, likelihood, damping < 1
                step *= min(1.0, _LONGEST_STEP / float(np.abs(step).max()))
                moved = parameters + (free @ step).reshape(parameters.shape)
                moved[:, p] = np.maximum(moved[:, p], floor)
                reached = float(log_likelihoods(data, moved[None])[0])
                if np.isfinite(reached) and reached > likelihood:
                    break
            damping = max(4 * damping, 1e-3)
        else:
            return parameters, likelihood, False
        parameters, likelihood = moved, reached
        damping = damping / 10 if damping > 1e-4 else 0.0
    return parameters, likelihood, False


def _solved(matrix: Floats, score: Floats) -> Floats | None:
    """The step, or None where the matrix is not positive definite."""
    try:
        root = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(np.linalg.solve(root.T, np.linalg.solve(root, score)), dtype=np.float64)

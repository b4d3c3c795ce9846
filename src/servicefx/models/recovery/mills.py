"""The inverse Mills ratio, and the two-step estimator of every resample at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from servicefx.engines.normal_equations import row_products, solved_equations

__all__ = ["inverse_mills", "two_step_draws"]

Floats = NDArray[np.float64]
_BLOCK = 100  # resamples handled at once
_SINGULAR = 1e-12
_LOG_ROOT_TAU = 0.5 * np.log(2 * np.pi)


def inverse_mills(index: Floats) -> Floats:
    """Density over distribution of the standard normal, φ(a) / Φ(a), of any shape; stable in both tails.

    Examples
    --------
    >>> inverse_mills(np.array([-40.0, 0.0, 3.0])).round(4).tolist()
    [40.025, 0.7979, 0.0044]
    """
    return np.asarray(np.exp(-0.5 * index**2 - _LOG_ROOT_TAU - log_ndtr(index)), dtype=np.float64)


def two_step_draws(response: Floats, design: Floats, index: Floats, counts: NDArray[np.float32]) -> Floats:
    """Least squares of every resample with its own inverse Mills ratio as a further term.

    Parameters
    ----------
    response : ndarray, shape (n,)
    design : ndarray, shape (n, k)
        Terms, the constant included.
    index : ndarray, shape (draws, n)
        The probit's index of every row in every resample.
    counts : ndarray, shape (draws, n)

    Returns
    -------
    ndarray, shape (draws, k + 1)
        The coefficient of the ratio last; NaN rows where a resample cannot tell the terms apart.
    """
    k = design.shape[1]
    size = np.sqrt((design**2).mean(axis=0))
    x, centre = design / size, response.mean()
    y = response - centre
    products = row_products(x)
    answer = np.full((len(index), k + 1), np.nan)
    for first in range(0, len(index), _BLOCK):
        block = counts[first : first + _BLOCK].astype(np.float64)
        ratio = inverse_mills(index[first : first + _BLOCK])
        gram = np.empty((len(block), k + 1, k + 1))
        gram[:, :k, :k] = products.summed(block)
        gram[:, :k, k] = gram[:, k, :k] = (block * ratio) @ x
        gram[:, k, k] = (block * ratio**2).sum(axis=1)
        moments = np.column_stack([block @ (x * y[:, None]), (block * ratio) @ y])
        answer[first : first + len(block)] = solved_equations(gram, moments, _SINGULAR)
    answer[:, :k] /= size
    constants = np.flatnonzero(np.ptp(design, axis=0) == 0)
    answer[:, constants[0]] += centre / design[0, constants[0]]
    return answer

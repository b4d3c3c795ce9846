"""What models of an outcome of 0 and 1 share: refusals, and Newton steps on all resamples at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from servicefx.engines.normal_equations import row_products
from servicefx.errors import DataError, IdentificationError, Problem

__all__ = ["check_two_answers", "newton_draws", "separated"]

Floats = NDArray[np.float64]
_BLOCK = 100  # resamples handled at once: bounds memory at 100 x n floats
_SETTLED = 1e-5  # Newton: what is left then is of the order of its square


def check_two_answers(y: Floats, where: str) -> None:
    """Refuse an outcome of other values than 0 and 1, naming up to five of them."""
    other = sorted(set(np.unique(y)) - {0.0, 1.0})
    if other:
        shown = ", ".join(f"{value:g}" for value in other[:5])
        found = f"values other than 0 and 1: {shown}"
        raise DataError(Problem(where, found, "Recode the outcome to 0 and 1."))


def separated(where: str) -> IdentificationError:
    """The refusal of terms that tell the two answers apart without fail: no finite maximum exists."""
    found = "the terms separate the two answers perfectly"
    return IdentificationError(Problem(where, found, "Remove the term that does, or add rows."))


def newton_draws(
    x: Floats,
    counts: NDArray[np.float32],
    start: Floats,
    derivatives: Callable[[Floats, Floats], tuple[Floats, Floats]],
    solved: Callable[[Floats, Floats], Floats],
    *,
    steps: int,
    done: float,
) -> Floats:
    """Maximum-likelihood coefficients of every resample, by Newton steps from the full sample's answer.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Terms, the constant included.
    counts : ndarray, shape (draws, n)
        How often each row stands in each resample.
    start : ndarray, shape (k,)
        The full sample's coefficients.
    derivatives : callable
        Index and counts of a block, both (b, n) -> first derivative of the log-likelihood by the index, and
        the negative of the second, both (b, n) and times the counts.
    solved : callable
        Informations (b, k, k) and gradients (b, k) -> steps (b, k), NaN where there is none.
    steps : int
        At the most.
    done : float
        Step below which a whole block stops.

    Returns
    -------
    ndarray, shape (draws, k)
        NaN rows where the last step was not below 1e-5: the resample has no finite maximum.
    """
    products = row_products(x)
    answer = np.empty((len(counts), x.shape[1]))
    for first in range(0, len(counts), _BLOCK):
        block = counts[first : first + _BLOCK].astype(np.float64)
        beta = np.tile(start, (len(block), 1))
        step = np.full_like(beta, np.inf)
        for _ in range(steps):
            slope, curvature = derivatives(beta @ x.T, block)
            step = solved(products.summed(curvature), slope @ x)
            beta = beta + step
            if np.nanmax(np.abs(step), initial=0.0) < done:
                break
        beta[~(np.abs(step).max(axis=1) < _SETTLED)] = np.nan
        answer[first : first + len(block)] = beta
    return answer

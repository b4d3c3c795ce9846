"""The part of R² that each driver is given, by several rules, for many correlation matrices at once."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import IdentificationError, Problem, StudyError, closest
from servicefx.measurement.dimension_weights import relative_weights
from servicefx.models.drivers.subsets import (
    balanced_orders,
    entry_increments,
    explained_by_subsets,
    increments_in_order,
    shapley_weights,
)

__all__ = [
    "EXACT",
    "METHODS",
    "Method",
    "check_method",
    "check_regular",
    "explained_shares",
    "parts",
    "simulated_parts",
]

Floats = NDArray[np.float64]
Method = Literal["lmg", "dominance", "johnson", "first", "last", "pratt"]
METHODS: tuple[Method, ...] = get_args(Method)
EXACT = 15
"""Most drivers whose subsets are all computed; beyond, orders of entry are sampled."""
_CELLS = 4_000_000
_SINGULAR = 1e-9
_BLOCKS = 60
_DRAW_BLOCKS = 3


def check_method(method: str) -> None:
    """Refuse a method that is not one of `METHODS`."""
    if method not in METHODS:
        found = f"'{method}' is not one of them{closest(method, METHODS)}"
        raise StudyError(Problem("method", found, f"Choose among {', '.join(METHODS)}."))


def check_regular(correlation: Floats, method: str, drivers: tuple[str, ...], outcome: str) -> None:
    """Refuse collinear drivers where the rule needs the inverse of their correlations."""
    if method in ("johnson", "pratt", "slope") and np.linalg.eigvalsh(correlation[1:, 1:])[0] < _SINGULAR:
        found = f"{', '.join(repr(name) for name in drivers)} are collinear, and method '{method}' needs "
        found += "drivers that can be told apart"
        remedy = "Choose method='lmg', which takes any drivers, or leave one of them out."
        raise IdentificationError(Problem(f"drivers of '{outcome}'", found, remedy))


def parts(correlations: Floats, method: Method) -> Floats:
    """What each driver is given of R², exactly.

    Parameters
    ----------
    correlations : ndarray, shape (m, p + 1, p + 1)
        The outcome first; p at most `EXACT` for ``lmg`` and ``dominance``.
    method : {"lmg", "dominance", "johnson", "first", "last", "pratt"}

    Returns
    -------
    ndarray, shape (m, p)
        Rows of ``lmg``, ``dominance``, ``johnson`` and ``pratt`` sum to R²; those of ``first`` (squared
        correlations) and ``last`` (what R² loses without the driver) do not. NaN rows where a matrix has
        gaps, or ``johnson`` and ``pratt`` cannot tell the drivers apart.
    """
    m, p = len(correlations), correlations.shape[1] - 1
    answer = np.full((m, p), np.nan)
    known = np.flatnonzero(np.isfinite(correlations).all(axis=(1, 2)))
    if method in ("johnson", "pratt"):
        known = known[np.linalg.eigvalsh(correlations[known, 1:, 1:])[:, 0] >= _SINGULAR]
    some = correlations[known]
    if not len(some):
        return answer
    if method in ("lmg", "dominance"):
        weights = shapley_weights(p)
        step = max(1, _CELLS // 2**p)
        found = np.concatenate(
            [
                (weights @ explained_by_subsets(some[start : start + step])).T
                for start in range(0, len(some), step)
            ]
        )
    elif method == "johnson":
        found = relative_weights(some)
    elif method == "first":
        found = some[:, 0, 1:] ** 2
    elif method == "last":
        found = _last(some)
    else:
        beta = np.linalg.solve(some[:, 1:, 1:], some[:, 1:, :1])[:, :, 0]
        found = beta * some[:, 0, 1:]
    answer[known] = found
    return answer


def _last(correlations: Floats) -> Floats:
    """What R² loses without each driver, shape (m, p)."""
    p = correlations.shape[1] - 1
    answer = np.empty((len(correlations), p))
    for driver in range(p):
        order = np.r_[[other for other in range(p) if other != driver], driver].astype(np.intp)
        answer[:, driver] = increments_in_order(correlations, order)[:, driver]
    return answer


def explained_shares(correlations: Floats) -> Floats:
    """R² on all drivers, shape (m,), whatever their collinearity; NaN where a matrix has gaps."""
    answer = np.full(len(correlations), np.nan)
    known = np.flatnonzero(np.isfinite(correlations).all(axis=(1, 2)))
    order = np.arange(correlations.shape[1] - 1, dtype=np.intp)
    answer[known] = increments_in_order(correlations[known], order).sum(axis=1)
    return answer


def simulated_parts(
    correlation: Floats, correlations: Floats, seed: int, outcome: str
) -> tuple[Floats, Floats, Floats]:
    """LMG of more drivers than `EXACT`, over sampled orders of entry.

    Parameters
    ----------
    correlation : ndarray, shape (p + 1, p + 1)
        Of the sample.
    correlations : ndarray, shape (m, p + 1, p + 1)
        Of its resamples; m may be 0.
    seed : int
    outcome : str
        Names the stream of random numbers.

    Returns
    -------
    estimate : ndarray, shape (p,)
        Sums to R².
    error : ndarray, shape (p,)
        Standard error of the estimate due to sampling the orders.
    draws : ndarray, shape (m, p)
        Each sums to its R²; what the sample's own estimate owes to the few orders used for resamples is
        taken away, so that estimate and draws stand on the same footing.
    """
    p = len(correlation) - 1
    rng = np.random.default_rng([seed, *f"orders:{outcome}".encode()])
    orders = balanced_orders(p, _BLOCKS, rng)
    blocks = entry_increments(correlation[None], orders)[0]
    estimate = blocks.mean(axis=0)
    error = blocks.std(axis=0, ddof=1) / np.sqrt(_BLOCKS)
    draws = np.full((len(correlations), p), np.nan)
    known = np.isfinite(correlations).all(axis=(1, 2))
    if known.any():
        few = entry_increments(correlations[known], orders[:_DRAW_BLOCKS]).mean(axis=1)
        draws[known] = few + (estimate - blocks[:_DRAW_BLOCKS].mean(axis=0))
    return estimate, error, draws

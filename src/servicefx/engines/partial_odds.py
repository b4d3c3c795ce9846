"""Partial proportional odds: an ordered logit in which chosen terms have a slope at every boundary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.engines.boundaries import Boundaries, boundary_curve, expected_tallies
from servicefx.errors import ConvergenceError, IdentificationError, Problem

__all__ = ["PartialOdds", "fit_partial_odds", "score_statistic"]

Floats = NDArray[np.float64]
_STEPS = 100
_SHORTEST = 1e-8
_DONE = 1e-9
_SEPARATED = 15.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PartialOdds:
    """A maximum of the likelihood, slopes free to differ by boundary or not.

    Attributes
    ----------
    slopes : ndarray, shape (m, k)
        Log odds of an answer above boundary j per unit of each term; equal down a column that is not free.
    thresholds : ndarray, shape (m,)
        Of P(answer <= j).
    errors : ndarray, shape (m, k)
        Standard errors of the slopes, from the inverse information.
    logl : float
    n_parameters : int
    """

    slopes: Floats
    thresholds: Floats
    errors: Floats
    logl: float
    n_parameters: int


def fit_partial_odds(
    x: Floats, tallies: Floats, free: NDArray[np.bool_], start: Floats, where: str
) -> PartialOdds:
    """Maximum likelihood of ordered answers with some slopes free to differ by boundary.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Terms without a constant, best in standard deviations.
    tallies : ndarray, shape (n, m + 1)
        How many of each row gave each answer.
    free : ndarray of bool, shape (k,)
        Which terms have a slope of their own at every boundary.
    start : ndarray, shape (k + m,)
        Slopes and thresholds of the model with none free.
    where : str
        The place a refusal names.

    Returns
    -------
    PartialOdds

    Raises
    ------
    IdentificationError
        If a slope has no finite value.
    ConvergenceError
        If the maximum is not reached: with free slopes the boundaries can cross, and the best place may lie
        where they do.

    References
    ----------
    Peterson & Harrell (1990), Appl. Stat. 39, 205-217.
    """
    k, m = x.shape[1], tallies.shape[1] - 1
    designs = _designs(x, m, free)
    at = np.concatenate([start[:k][~free], np.repeat(start[:k][free], m), start[k:]])
    curve = boundary_curve(designs @ at, tallies)
    for _ in range(_STEPS):
        gradient, hessian = _derivatives(designs, curve)
        try:
            step = np.linalg.solve(-hessian, gradient)
        except np.linalg.LinAlgError as exc:
            found = "a slope has no finite value at one of the boundaries"
            raise IdentificationError(Problem(where, found, "Merge rare answers.")) from exc
        share = 1.0
        while share > _SHORTEST:
            reached = boundary_curve(designs @ (at + share * step), tallies)
            if reached.logl >= curve.logl - 1e-12 * abs(curve.logl):
                break
            share /= 2
        else:
            break
        at, curve = at + share * step, reached
        if np.abs(at[:-m]).max() > _SEPARATED:
            found = "a slope has no finite value at one of the boundaries"
            raise IdentificationError(Problem(where, found, "Merge rare answers."))
        if np.abs(step).max() < _DONE * (1 + np.abs(at).max()):
            covariance = np.asarray(np.linalg.inv(-_derivatives(designs, curve)[1]), dtype=np.float64)
            return _unfolded(at, covariance, free, m, float(curve.logl))
    found = "no maximum of the likelihood with slopes of their own at every boundary (the boundaries cross)"
    raise ConvergenceError(Problem(where, found, "Merge rare answers."))


def score_statistic(x: Floats, tallies: Floats, start: Floats) -> float:
    """Score statistic of "no slope differs by boundary", chi-square on k (m - 1).

    Parameters
    ----------
    x, tallies : ndarray
        As `fit_partial_odds`.
    start : ndarray, shape (k + m,)
        The maximum of the model with none free.

    Notes
    -----
    Gradient of the model with all slopes free at the restricted maximum, in the metric of its expected
    information (Peterson & Harrell 1990, sec. 2).
    """
    k, m = x.shape[1], tallies.shape[1] - 1
    free = np.ones(k, dtype=bool)
    designs = _designs(x, m, free)
    odds = designs @ np.concatenate([np.repeat(start[:k], m), start[k:]])
    gradient, _ = _derivatives(designs, boundary_curve(odds, tallies))
    expected = boundary_curve(odds, expected_tallies(odds, tallies.sum(axis=1)))
    _, hessian = _derivatives(designs, expected)
    return float(gradient @ np.linalg.solve(-hessian, gradient))


def _designs(x: Floats, m: int, free: NDArray[np.bool_]) -> Floats:
    """Rows of every boundary, shape (n, m, P): shared slopes, own slopes term by term, thresholds."""
    n = len(x)
    shared, own = x[:, ~free], x[:, free]
    designs = np.zeros((n, m, shared.shape[1] + own.shape[1] * m + m))
    designs[:, :, : shared.shape[1]] = shared[:, None, :]
    for at in range(m):
        designs[:, at, shared.shape[1] + np.arange(own.shape[1]) * m + at] = own
        designs[:, at, designs.shape[2] - m + at] = -1.0
    return designs


def _derivatives(designs: Floats, curve: Boundaries) -> tuple[Floats, Floats]:
    """Gradient and Hessian in the parameters."""
    gradient = np.einsum("nm,nmp->p", curve.first, designs, optimize=True)
    bent = curve.second[:, :, None] * designs
    bent[:, :-1] += curve.across[:, :, None] * designs[:, 1:]
    bent[:, 1:] += curve.across[:, :, None] * designs[:, :-1]
    flat = designs.reshape(-1, designs.shape[2])
    return gradient, flat.T @ bent.reshape(flat.shape)


def _unfolded(at: Floats, covariance: Floats, free: NDArray[np.bool_], m: int, logl: float) -> PartialOdds:
    k = len(free)
    errors = np.sqrt(np.diag(covariance))
    slopes, spread = np.empty((m, k)), np.empty((m, k))
    n_shared = int((~free).sum())
    for target, values in ((slopes, at), (spread, errors)):
        target[:, ~free] = values[:n_shared]
        target[:, free] = values[n_shared : len(at) - m].reshape(-1, m).T
    return PartialOdds(slopes=slopes, thresholds=at[-m:], errors=spread, logl=logl, n_parameters=len(at))

"""One-factor maximum likelihood for the items of one construct."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import ConvergenceError, IdentificationError, Problem

__all__ = ["OneFactor", "fit_one_factor"]

_MAX_STEPS = 500
_GRADIENT = 1e-10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OneFactor:
    """A one-factor solution in the metric of a correlation matrix.

    Attributes
    ----------
    loadings : ndarray, shape (p,)
        Standardised, their sum positive.
    uniquenesses : ndarray, shape (p,)
        1 - loading²; a negative one is a Heywood case.
    discrepancy : float
        Minimum of log|Sigma| + tr(S Sigma^-1) - log|S| - p; >= 0.
    """

    loadings: NDArray[np.float64]
    uniquenesses: NDArray[np.float64]
    discrepancy: float


def fit_one_factor(correlation: NDArray[np.float64], name: str = "construct") -> OneFactor:
    """Maximum-likelihood loadings of items on one common factor.

    Parameters
    ----------
    correlation : ndarray, shape (p, p)
        Correlation matrix of p >= 2 items. With two items the loadings are held equal, since two items
        alone do not tell them apart.
    name : str
        The construct, for messages.

    Returns
    -------
    OneFactor

    Raises
    ------
    IdentificationError
        If there are fewer than two items, the matrix is not positive definite, or two items correlate
        negatively or not at all.
    ConvergenceError
        If Fisher scoring does not reach a gradient of 1e-10.

    Notes
    -----
    Fisher scoring on (loadings, uniquenesses) with step halving. With K = Sigma^-1 and M = K - K S K the
    gradient of F/2 is M l for the loadings and diag(M)/2 for the uniquenesses.

    References
    ----------
    Jöreskog (1967), Psychometrika 32, 443-482. doi:10.1007/BF02289658

    Examples
    --------
    >>> truth = np.array([0.8, 0.7, 0.6])
    >>> matrix = np.outer(truth, truth) + np.diag(1 - truth**2)
    >>> fit_one_factor(matrix).loadings.round(6).tolist()
    [0.8, 0.7, 0.6]
    """
    S = np.asarray(correlation, dtype=np.float64)
    p = len(S)
    where = f"factor model of '{name}'"
    if p < 2:
        raise IdentificationError(Problem(where, "one item has no loading to estimate", "Add items."))
    sign, log_det = np.linalg.slogdet(S)
    if sign <= 0 or np.linalg.eigvalsh(S)[0] < 1e-10:
        raise IdentificationError(
            Problem(where, "an item can be computed exactly from the others", "Remove the repeated item.")
        )
    if p == 2:
        if S[0, 1] <= 0:
            raise IdentificationError(
                Problem(
                    where,
                    f"its two items correlate {S[0, 1]:.2f}, not positively",
                    "Check for a reversed item.",
                )
            )
        loadings = np.full(2, np.sqrt(S[0, 1]))
        return OneFactor(loadings=loadings, uniquenesses=1 - loadings**2, discrepancy=0.0)
    theta = _start(S)
    value = _discrepancy(S, theta, log_det)
    for _ in range(_MAX_STEPS):
        gradient, information = _derivatives(S, theta)
        if np.max(np.abs(gradient)) < _GRADIENT:
            loadings, psi = theta[:p], theta[p:]
            loadings = loadings if loadings.sum() >= 0 else -loadings
            return OneFactor(loadings=loadings, uniquenesses=psi.copy(), discrepancy=max(value, 0.0))
        step = np.linalg.lstsq(information, gradient, rcond=1e-12)[0]
        size = 1.0
        while size > 1e-10:
            trial = theta - size * step
            new = _discrepancy(S, trial, log_det)
            if new < value + 1e-14:
                break
            size /= 2
        theta, value = trial, new
    raise ConvergenceError(
        Problem(
            where,
            f"no maximum of the likelihood after {_MAX_STEPS} steps",
            "Check whether its items belong together.",
        )
    )


def _start(S: NDArray[np.float64]) -> NDArray[np.float64]:
    """First principal component, shrunk, as a start."""
    values, vectors = np.linalg.eigh(S)
    loadings = vectors[:, -1] * np.sqrt(values[-1])
    loadings = np.clip(loadings, -0.9, 0.9) * 0.9
    return np.concatenate([loadings, 1 - loadings**2])


def _discrepancy(S: NDArray[np.float64], theta: NDArray[np.float64], log_det: float) -> float:
    """The likelihood discrepancy; inf outside the positive definite region."""
    p = len(S)
    sigma = np.outer(theta[:p], theta[:p]) + np.diag(theta[p:])
    if np.linalg.eigvalsh(sigma)[0] <= 0:
        return float("inf")
    return float(np.linalg.slogdet(sigma)[1] + np.trace(np.linalg.solve(sigma, S)) - log_det - p)


def _derivatives(
    S: NDArray[np.float64], theta: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gradient of F/2, shape (2p,), and expected information, shape (2p, 2p)."""
    p = len(S)
    loadings = theta[:p]
    K = np.linalg.inv(np.outer(loadings, loadings) + np.diag(theta[p:]))
    M = K - K @ S @ K
    kl = K @ loadings
    cross = K * kl[None, :].T  # row j of the loading block against uniqueness: K_ij (K l)_j
    information = np.block(
        [
            [K * float(loadings @ kl) + np.outer(kl, kl), cross.T],
            [cross, 0.5 * K**2],
        ]
    )
    return np.concatenate([M @ loadings, 0.5 * np.diag(M)]), information

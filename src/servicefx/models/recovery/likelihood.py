"""Likelihood of an outcome under selection, its gradient and Hessian, and the maximum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr

from servicefx.errors import ConvergenceError, IdentificationError, Problem
from servicefx.models.recovery.mills import inverse_mills

__all__ = ["Maximum", "likelihood_of", "maximise", "robust_covariance"]

Floats = NDArray[np.float64]
_LOG_ROOT_TAU = 0.5 * np.log(2 * np.pi)
_STARTS = (-0.8, -0.4, 0.0, 0.4, 0.8)
_BOUND = 4.0
"""Inverse hyperbolic tangent of a correlation of .9993: beyond it the likelihood has no inner maximum."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Maximum:
    """The maximum of the likelihood.

    Attributes
    ----------
    theta : ndarray, shape (k + m + 2,)
        Probit's coefficients, outcome's coefficients, log of the standard deviation, inverse hyperbolic
        tangent of the correlation.
    logl : float
    scores : ndarray, shape (n, k + m + 2)
    hessian : ndarray, shape (k + m + 2, k + m + 2)
        Of the log likelihood.
    """

    theta: Floats
    logl: float
    scores: Floats
    hessian: Floats


def likelihood_of(
    theta: Floats, y: Floats, x: Floats, w: Floats, chosen: NDArray[np.bool_]
) -> tuple[float, Floats, Floats]:
    """Log likelihood, scores of every row and Hessian of a normal model of selection.

    Parameters
    ----------
    theta : ndarray, shape (k + m + 2,)
        As `Maximum`.
    y : ndarray, shape (n_s,)
        Outcome of the selected.
    x : ndarray, shape (n_s, m)
        Its terms.
    w : ndarray, shape (n, k)
        Predictors of selection.
    chosen : ndarray of bool, shape (n,)
        Who is selected.

    Returns
    -------
    tuple of float, ndarray of shape (n, k + m + 2) and ndarray of shape (k + m + 2, k + m + 2)

    Notes
    -----
    With a = w'γ, r = (y - x'β) / σ and τ the inverse hyperbolic tangent of ρ, a selected row gives
    -log σ + log φ(r) + log Φ(a cosh τ + r sinh τ), another one log Φ(-a).
    """
    k, m = w.shape[1], x.shape[1]
    sigma, tau = float(np.exp(theta[-2])), float(theta[-1])
    seen, unseen = w[chosen], w[~chosen]
    c, s = np.cosh(tau), np.sinh(tau)
    a, apart = seen @ theta[:k], unseen @ theta[:k]
    r = (y - x @ theta[k : k + m]) / sigma
    q = a * c + r * s
    logl = float((-theta[-2] - 0.5 * r**2 - _LOG_ROOT_TAU + log_ndtr(q)).sum() + log_ndtr(-apart).sum())
    g, p = inverse_mills(q), a * s + r * c
    h = -g * (g + q)
    by_r = -r + g * s
    scores = np.zeros((len(w), k + m + 2))
    scores[chosen, :k] = (g * c)[:, None] * seen
    scores[chosen, k : k + m] = (-by_r / sigma)[:, None] * x
    scores[chosen, -2] = -1.0 - by_r * r
    scores[chosen, -1] = g * p
    other = -inverse_mills(-apart)
    scores[~chosen, :k] = other[:, None] * unseen
    rr, ra, rt = -1.0 + h * s**2, h * c * s, h * s * p + g * c
    at, tt = h * c * p + g * s, h * p**2 + g * q
    hessian = np.zeros((k + m + 2, k + m + 2))
    hessian[:k, :k] = seen.T @ ((h * c**2)[:, None] * seen)
    hessian[:k, :k] += unseen.T @ ((-other * (other + apart))[:, None] * unseen)
    hessian[:k, k : k + m] = seen.T @ ((-ra / sigma)[:, None] * x)
    hessian[:k, -2] = seen.T @ (-ra * r)
    hessian[:k, -1] = seen.T @ at
    hessian[k : k + m, k : k + m] = x.T @ ((rr / sigma**2)[:, None] * x)
    hessian[k : k + m, -2] = x.T @ ((rr * r + by_r) / sigma)
    hessian[k : k + m, -1] = x.T @ (-rt / sigma)
    hessian[-2, -2] = (rr * r**2 + by_r * r).sum()
    hessian[-2, -1] = (-rt * r).sum()
    hessian[-1, -1] = tt.sum()
    return logl, scores, np.triu(hessian) + np.triu(hessian, 1).T


def maximise(
    y: Floats,
    x: Floats,
    w: Floats,
    chosen: NDArray[np.bool_],
    gamma: Floats,
    slopes: Floats,
    sigma: float,
    rho: float,
    where: str,
) -> Maximum:
    """Highest of the maxima reached from several correlations.

    Parameters
    ----------
    y, x, w, chosen
        As `likelihood_of`; the constants are the last columns of ``x`` and ``w``.
    gamma, slopes : ndarray
        Probit's and two-step coefficients (the ratio's last), to start from.
    sigma, rho : float
        Two-step standard deviation and correlation.
    where : str
        Which model, for the message.

    Raises
    ------
    ConvergenceError
        If no start reaches a maximum.
    IdentificationError
        If the likelihood rises up to a correlation of 1, or is flat at its maximum.
    """
    k, m = w.shape[1], x.shape[1]
    size = np.concatenate([np.sqrt((w**2).mean(axis=0)), np.sqrt((x**2).mean(axis=0)) / y.std()])
    size = np.concatenate([size, [1.0, 1.0]])
    scaled = (y / y.std(), x / np.sqrt((x**2).mean(axis=0)), w / size[:k])
    plain = np.linalg.lstsq(scaled[1], scaled[0], rcond=None)[0]
    left = float(np.log((scaled[0] - scaled[1] @ plain).std()))
    begun = [np.concatenate([gamma * size[:k], plain, [left, np.arctanh(start)]]) for start in _STARTS]
    own = float(np.arctanh(np.clip(rho, -0.95, 0.95)))
    begun.append(
        np.concatenate([gamma * size[:k], slopes[:m] * size[k : k + m], [np.log(sigma / y.std()), own]])
    )
    ended = [_climbed(start, *scaled, chosen) for start in begun]
    reached = [found for found in ended if found is not None]
    if not reached:
        found = "no maximum of the likelihood was reached from six starts"
        raise ConvergenceError(Problem(where, found, "Read the two-step answer, or hold fewer terms."))
    logl, theta = max(reached, key=lambda pair: pair[0])
    if abs(theta[-1]) > _BOUND:
        found = "the likelihood rises up to a correlation of 1 between outcome and selection"
        raise IdentificationError(Problem(where, found, "Name a stronger predictor of selection."))
    _, scores, hessian = likelihood_of(theta, *scaled, chosen)
    if np.linalg.eigvalsh(-hessian)[0] < 1e-9 * len(w):
        found = "the likelihood is flat at its maximum"
        raise IdentificationError(Problem(where, found, "Name a stronger predictor of selection."))
    theta = theta / size
    theta[-2] += np.log(y.std())
    return Maximum(
        theta=theta,
        logl=logl - len(y) * float(np.log(y.std())),
        scores=scores * size,
        hessian=hessian * np.outer(size, size),
    )


def _climbed(
    start: Floats, y: Floats, x: Floats, w: Floats, chosen: NDArray[np.bool_]
) -> tuple[float, Floats] | None:
    """Log likelihood and place of the maximum above a start; None where there is none."""

    def value(theta: Floats) -> float:
        with np.errstate(all="ignore"):
            logl = likelihood_of(theta, y, x, w, chosen)[0]
        return -logl if np.isfinite(logl) else 1e300

    def gradient(theta: Floats) -> Floats:
        return np.asarray(-likelihood_of(theta, y, x, w, chosen)[1].sum(axis=0), dtype=np.float64)

    def curvature(theta: Floats) -> Floats:
        return -likelihood_of(theta, y, x, w, chosen)[2]

    with np.errstate(all="ignore"):
        try:
            found = minimize(
                value, start, jac=gradient, hess=curvature, method="trust-exact",
                options={"maxiter": 200, "gtol": 1e-8 * len(w), "max_trust_radius": 10.0},
            )  # fmt: skip
        except (np.linalg.LinAlgError, ValueError):
            return None
    steep = float(np.abs(gradient(found.x)).max())
    if abs(found.x[-1]) <= _BOUND and not steep < 1e-5 * len(w):
        return None
    return -float(found.fun), np.asarray(found.x, dtype=np.float64)


def robust_covariance(bread: Floats, scores: Floats, groups: NDArray[np.intp]) -> Floats:
    """Sandwich of a bread (k, k) around the products of scores (n, k) summed within groups (n,).

    Examples
    --------
    >>> robust_covariance(np.eye(1), np.array([[1.0], [2.0], [-1.0]]), np.array([0, 0, 1]))
    array([[10.]])
    """
    sums = np.zeros((int(groups.max()) + 1, scores.shape[1]))
    np.add.at(sums, groups, scores)
    return np.asarray(bread @ (sums.T @ sums) @ bread.T, dtype=np.float64)

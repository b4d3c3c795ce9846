"""Unrotated common factors of a correlation matrix: maximum likelihood, minimum residuals, principal axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize

from servicefx.errors import ConvergenceError, Problem
from servicefx.moments.checks import quoted

__all__ = ["EXTRACTIONS", "LOWEST_UNIQUENESS", "Extracted", "ExtractionKind", "discrepancy", "extract"]

Floats = NDArray[np.float64]
ExtractionKind = Literal["ml", "minres", "principal_axis"]
EXTRACTIONS: tuple[ExtractionKind, ...] = get_args(ExtractionKind)
LOWEST_UNIQUENESS = 0.005
"""Bound of R's factanal and psych: an item there is a Heywood case."""
_FLAT = 1e-11
"""Gradient at which uniquenesses are final."""
_ITERATIONS = 5000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Extracted:
    """Unrotated factors.

    Attributes
    ----------
    loadings : ndarray, shape (p, m)
        On uncorrelated factors, largest first.
    uniquenesses : ndarray, shape (p,)
        At least .005 with ``ml`` and ``minres``; with ``principal_axis`` a Heywood case falls below 0.
    """

    loadings: Floats
    uniquenesses: Floats


def extract(
    correlation: NDArray[np.float64],
    n_factors: int,
    method: ExtractionKind = "ml",
    names: Sequence[str] = (),
) -> Extracted:
    r"""Loadings and uniquenesses that best reproduce correlations between different items.

    Parameters
    ----------
    correlation : ndarray, shape (p, p)
        Positive definite with ``ml``.
    n_factors : int
        m >= 1, within Ledermann's bound.
    method : {"ml", "minres", "principal_axis"}
    names : sequence of str, length p
        The items, for messages.

    Returns
    -------
    Extracted

    Raises
    ------
    ConvergenceError
        If no minimum is reached; principal axes often wander off with an item whose communality passes one,
        which is named.

    Notes
    -----
    For given uniquenesses the best loadings are eigenvectors of :math:`\Psi^{-1/2} R \Psi^{-1/2}` (``ml``) or
    of :math:`R - \Psi`, so that only Ψ is searched for, with a last Newton descent that makes it final.
    Principal axes iterate :math:`\psi_i = 1 - h_i^2` instead and end where ``minres`` does.

    References
    ----------
    Jöreskog (1967), Psychometrika 32, 443-482; Harman & Jones (1966), Psychometrika 31, 351-368 (minres);
    Lawley & Maxwell (1971), Factor Analysis as a Statistical Method, 2nd ed., ch. 4.
    """
    S = np.asarray(correlation, dtype=np.float64)
    if method == "principal_axis":
        return _principal_axes(S, n_factors, names or [f"item {at + 1}" for at in range(len(S))])
    evaluate = _likelihood if method == "ml" else _residual
    psi = _search(S, n_factors, evaluate)
    return Extracted(loadings=_loadings(S, psi, n_factors, method), uniquenesses=psi)


def discrepancy(correlation: NDArray[np.float64], implied: NDArray[np.float64]) -> float:
    """log|Sigma| + tr(S Sigma^-1) - log|S| - p, at least 0; both of shape (p, p), positive definite."""
    ratio = np.linalg.solve(implied, correlation)
    return float(np.trace(ratio) - np.linalg.slogdet(ratio)[1] - len(ratio))


def _likelihood(S: Floats, psi: Floats, m: int) -> tuple[float, Floats, Floats]:
    """Discrepancy, its gradient in psi, and an approximate second derivative."""
    root = np.sqrt(psi)
    values, vectors = np.linalg.eigh(S / np.outer(root, root))
    rest, V = values[: len(psi) - m], vectors[:, : len(psi) - m]
    f = float((rest - np.log(rest) - 1).sum())
    gradient = ((1 - rest) * V**2).sum(axis=1) / psi
    return f, gradient, (V @ V.T) ** 2 / np.outer(psi, psi)


def _residual(S: Floats, psi: Floats, m: int) -> tuple[float, Floats, Floats]:
    """Half the sum of squared residuals, its gradient in psi, and an approximate second derivative."""
    values, vectors = np.linalg.eigh(S - np.diag(psi))
    rest, V = values[: len(psi) - m], vectors[:, : len(psi) - m]
    return float(rest @ rest) / 2, -(rest * V**2).sum(axis=1), (V @ V.T) ** 2


def _search(
    S: Floats, m: int, evaluate: Callable[[Floats, Floats, int], tuple[float, Floats, Floats]]
) -> Floats:
    """Uniquenesses at the least discrepancy found from several starts."""
    p = len(S)
    definite = np.linalg.eigvalsh(S)[0] > 1e-8
    first = (
        np.clip((1 - 0.5 * m / p) / np.diag(np.linalg.inv(S)), 0.02, 0.98) if definite else np.full(p, 0.5)
    )
    rng = np.random.default_rng([p, m, *b"extraction"])
    best, least = first, np.inf

    def objective(psi: Floats) -> tuple[float, Floats]:
        return evaluate(S, psi, m)[:2]

    for start in (first, np.full(p, 0.5), rng.uniform(0.1, 0.9, p)):
        found = minimize(
            objective,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(np.full(p, LOWEST_UNIQUENESS), np.ones(p)),
            options={"maxiter": 2000, "maxfun": 20000, "ftol": 1e-15, "gtol": 1e-9},
        )
        if found.fun < least - 1e-10:
            best, least = np.asarray(found.x, dtype=np.float64), float(found.fun)
    return _final(S, best, m, evaluate)


def _final(
    S: Floats, psi: Floats, m: int, evaluate: Callable[[Floats, Floats, int], tuple[float, Floats, Floats]]
) -> Floats:
    """Newton descent among the uniquenesses off the bound, until the gradient is flat."""
    for _ in range(200):
        f, gradient, bend = evaluate(S, psi, m)
        inside = ~((psi <= LOWEST_UNIQUENESS + 1e-9) & (gradient > 0))
        slope = gradient[inside]
        if not slope.size or np.abs(slope).max() < _FLAT:
            return psi
        way = np.zeros(len(psi))
        way[inside] = np.linalg.lstsq(bend[np.ix_(inside, inside)], -slope, rcond=None)[0]
        size = 1.0
        while size > 1e-8:
            new = np.clip(psi + size * way, LOWEST_UNIQUENESS, 1.0)
            if evaluate(S, new, m)[0] <= f + 1e-15:
                break
            size /= 2
        if np.abs(new - psi).max() < 1e-14:
            break
        psi = new
    gradient = evaluate(S, psi, m)[1]
    inside = ~((psi <= LOWEST_UNIQUENESS + 1e-9) & (gradient > 0))
    if np.abs(gradient[inside]).max(initial=0.0) > 1e-5:
        raise _not_found(m)
    return psi


def _loadings(S: Floats, psi: Floats, m: int, method: ExtractionKind) -> Floats:
    scale = np.sqrt(psi) if method == "ml" else np.ones(len(psi))
    target = S / np.outer(scale, scale) if method == "ml" else S - np.diag(psi)
    values, vectors = np.linalg.eigh(target)
    largest, V = values[::-1][:m], vectors[:, ::-1][:, :m]
    common = largest - 1.0 if method == "ml" else largest
    return np.asarray(V * np.sqrt(np.maximum(common, 0.0)) * scale[:, None], dtype=np.float64)


def _principal_axes(S: Floats, m: int, names: Sequence[str]) -> Extracted:
    common = 1 - 1 / np.diag(np.linalg.inv(S)) if np.linalg.eigvalsh(S)[0] > 1e-8 else np.full(len(S), 0.5)
    for _ in range(_ITERATIONS):
        loadings = _loadings(S, 1 - common, m, "principal_axis")
        new = (loadings**2).sum(axis=1)
        done = np.abs(new - common).max() < 1e-10
        common = new
        if done:
            return Extracted(loadings=loadings, uniquenesses=1 - common)
    beyond = [name for name, value in zip(names, common, strict=True) if value > 1]
    raise _not_found(m, f": {quoted(beyond)} would share more than all of its variance" if beyond else "")


def _not_found(m: int, why: str = "") -> ConvergenceError:
    found = f"no solution with {m} factor{'' if m == 1 else 's'} was reached{why}"
    return ConvergenceError(Problem("exploratory factors", found, "Take fewer factors, or another method."))

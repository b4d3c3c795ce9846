"""McDonald's omega, composite reliability and average variance extracted, from one common factor."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import IdentificationError, Problem
from servicefx.measurement.arguments import check_choice
from servicefx.measurement.reliability.item_covariance import Items, correlations_of, read_items
from servicefx.measurement.reliability.one_factor import OneFactorBatch, fit_one_factor_batch

__all__ = [
    "composite_of",
    "composite_reliability",
    "extracted_variance_of_loadings",
    "mcdonald_omega",
    "no_factor_reason",
    "omega_of",
]

Floats = NDArray[np.float64]
Convention = Literal["implied", "observed", "psych"]


def mcdonald_omega(
    items: Items, *, convention: Convention = "implied", weights: ArrayLike | None = None
) -> float:
    r"""Share of the sum score's variance due to the one thing all items measure (omega total).

    Unlike alpha it lets items measure it to different degrees.

    Parameters
    ----------
    items : DataFrame, ndarray or Moments
        Answers, one row a person, reversed items turned; rows with a gap are not used. Or the covariance
        matrix of the items, shape (p, p), as an array or as `Moments`.
    convention : {"implied", "observed", "psych"}
        What the variance of the sum score is: the model's, the sample's, or psych's way (below).
    weights : array_like or Series, shape (n,), optional
        Survey weights, > 0, of the rows of a frame; a Series carries their index.

    Returns
    -------
    float
        At most 1; NaN for one item. With two items their loadings are held equal in the items' units, and
        omega is alpha.

    Raises
    ------
    StudyError
        If the convention is not known.
    DataError
        As `cronbach_alpha`.
    IdentificationError
        If the items have no admissible common factor: one can be computed from the others, two do not
        correlate positively, or a unique variance is not positive (Heywood case, the item named).

    Notes
    -----
    Maximum-likelihood loadings :math:`\lambda` and uniquenesses :math:`\psi` of the covariance matrix S.
    ``implied`` is :math:`(\sum\lambda)^2 / ((\sum\lambda)^2 + \sum\psi)` (semTools' ``omega``, ``compRelSEM``
    with ``obs.var=FALSE``), ``observed`` is :math:`(\sum\lambda)^2 / 1'S1` (semTools' ``omega3``,
    ``compRelSEM``'s default) and ``psych`` is :math:`1 - \sum\psi / 1'R1` in correlations (``omega.tot`` of
    ``psych::omega(nfactors = 1, fm = "ml")``). They differ by the misfit of the one-factor model.

    References
    ----------
    McDonald (1999), Test Theory, p. 89; Bollen (1980), Am. Sociol. Rev. 45, 370-390.

    Examples
    --------
    >>> truth = np.array([0.8, 0.7, 0.6])
    >>> round(mcdonald_omega(np.outer(truth, truth) + np.diag(1 - truth**2)), 4)
    0.7449
    """
    check_choice("convention", convention, get_args(Convention))
    found = read_items(items, weights)
    S = correlations_of(found.cov) if convention == "psych" else found.cov
    if len(S) < 2:
        return float("nan")
    fit = fit_one_factor_batch(S[None])
    reason = no_factor_reason(fit, S, found.names)
    if reason:
        remedy = "Check the items for a reversed or repeated one, or report alpha."
        raise IdentificationError(Problem("one-factor model", reason, remedy))
    loadings, psi = fit.loadings[0], fit.uniquenesses[0]
    if convention == "implied":
        return float(omega_of(loadings, psi)[()])
    if convention == "observed":
        return float(loadings.sum() ** 2 / S.sum())
    return float(1 - psi.sum() / S.sum())


def no_factor_reason(fit: OneFactorBatch, S: Floats, names: tuple[str, ...]) -> str:
    """Why the first matrix of a batch has no admissible one-factor solution; empty where it has."""
    if fit.solved[0]:
        return ""
    if fit.singular[0]:
        return "an item can be computed exactly from the others"
    if fit.heywood[0] >= 0:
        return f"Heywood case: '{names[fit.heywood[0]]}'"
    if len(names) == 2:
        r = S[0, 1] / np.sqrt(S[0, 0] * S[1, 1])
        return f"its two items correlate {r:.2f}, not positively"
    return "no maximum of the likelihood was found"


def omega_of(loadings: NDArray[np.inexact], uniquenesses: NDArray[np.inexact]) -> NDArray[np.inexact]:
    """Omega from loadings and uniquenesses in the items' units, shape (..., p) to (...)."""
    common = loadings.sum(axis=-1) ** 2
    return np.asarray(common / (common + uniquenesses.sum(axis=-1)))


def composite_of(loadings: NDArray[np.inexact], uniquenesses: NDArray[np.inexact]) -> NDArray[np.inexact]:
    """Composite reliability of standardised items, from loadings and uniquenesses in the items' units."""
    variance = loadings**2 + uniquenesses
    return omega_of(loadings / np.sqrt(variance), uniquenesses / variance)


def composite_reliability(loadings: NDArray[np.float64]) -> float:
    """Share of the sum score's variance due to the construct (rho_c), from standardised loadings.

    Parameters
    ----------
    loadings : ndarray, shape (p,)
        Standardised, of items with uncorrelated errors.

    Returns
    -------
    float
        In [0, 1]; NaN for one item.

    References
    ----------
    Fornell & Larcker (1981), J. Marketing Research 18, 39-50, eq. 10. doi:10.1177/002224378101800104

    Examples
    --------
    >>> round(composite_reliability(np.array([0.8, 0.7, 0.6])), 4)
    0.7449
    """
    loadings = np.asarray(loadings, dtype=np.float64)
    if len(loadings) < 2:
        return float("nan")
    common = float(loadings.sum()) ** 2
    return common / (common + float((1 - loadings**2).sum()))


def extracted_variance_of_loadings(loadings: NDArray[np.float64]) -> float:
    """Mean squared standardised loading: the construct's share of its items' variance.

    Parameters
    ----------
    loadings : ndarray, shape (p,)
        Standardised.

    Returns
    -------
    float
        In [0, 1]; NaN for one item.

    References
    ----------
    Fornell & Larcker (1981), eq. 11.

    Examples
    --------
    >>> round(extracted_variance_of_loadings(np.array([0.8, 0.7, 0.6])), 4)
    0.4967
    """
    loadings = np.asarray(loadings, dtype=np.float64)
    return float(np.mean(loadings**2)) if len(loadings) > 1 else float("nan")

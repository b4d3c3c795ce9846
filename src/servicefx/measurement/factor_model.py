"""One-factor maximum likelihood for the items of one construct."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx import sem
from servicefx.errors import ConvergenceError, IdentificationError, Problem, ServicefxError
from servicefx.moments.moments import Moments
from servicefx.syntax.table import Modifier, Operator, ParameterRow, ParameterTable

__all__ = ["OneFactor", "fit_one_factor"]

_ROWS = 1_000_000
"""Rows stated to `sem.fit`: loadings do not depend on their number."""


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
        If `servicefx.sem.fit` finds no minimum.

    Notes
    -----
    Fitted by `servicefx.sem.fit` with the factor's variance fixed at 1, from several starts: two items that
    nearly repeat one another, or hardly correlated ones, make minima beside the lowest.

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
    if np.linalg.eigvalsh(S)[0] < 1e-10:
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
    items = [f"item {at + 1}" for at in range(p)]
    moments = Moments(names=tuple(items), n_obs=_ROWS, mean=None, cov=S)
    fits: list[sem.SemFit] = []
    refusal: ServicefxError | None = None
    for table in (ParameterTable.from_constructs({"factor": items}), *_started(S, items)):
        try:
            fits.append(sem.fit(table, moments, std_lv=True))
        except (ConvergenceError, IdentificationError) as error:
            refusal = error
    if not fits:
        remedy = "Check whether its items belong together."
        raise ConvergenceError(Problem(where, "no maximum of the likelihood was found", remedy)) from refusal
    fit = min(fits, key=lambda one: one.measures["chi2"] + (one is not fits[0]) * _ROWS * 1e-9)
    loadings = fit.theta[:p]
    return OneFactor(
        loadings=loadings if loadings.sum() >= 0 else -loadings,
        uniquenesses=fit.theta[p : 2 * p].copy(),
        discrepancy=fit.measures["chi2"] / _ROWS,
    )


def _started(S: NDArray[np.float64], items: list[str]) -> Iterator[ParameterTable]:
    """The model with starts from the items' multiple correlations, and from their first component."""
    p = len(S)
    values, vectors = np.linalg.eigh(S)
    for psi in (
        (1 - 0.5 / p) / np.diag(np.linalg.inv(S)),
        np.maximum(1 - values[-1] * vectors[:, -1] ** 2, 0.05),
    ):
        root = np.sqrt(psi)
        sizes, ways = np.linalg.eigh(S / np.outer(root, root))
        loadings = root * ways[:, -1] * np.sqrt(max(sizes[-1] - 1, 0.01))
        loadings *= 1.0 if loadings.sum() >= 0 else -1.0
        yield ParameterTable(
            rows=(
                *(_from("factor", "=~", item, start) for item, start in zip(items, loadings, strict=True)),
                *(_from(item, "~~", item, start) for item, start in zip(items, psi, strict=True)),
            )
        )


def _from(lhs: str, op: Operator, rhs: str, start: float) -> ParameterRow:
    return ParameterRow(lhs=lhs, op=op, rhs=rhs, modifiers=(Modifier(start=float(start)),))

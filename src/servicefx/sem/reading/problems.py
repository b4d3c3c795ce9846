"""What makes a solution doubtful, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem
from servicefx.sem.reading.standardised import covariances, standardised
from servicefx.sem.structure.sem_model import Parameter

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["problems_of"]

Floats = NDArray[np.float64]
_BEYOND_ONE = 1 + 1e-6
_ZERO = 1e-8
_HEAVY = 0.3
_ALIKE = 0.95
"""Correlation of two constructs from which they cannot be told apart."""


def problems_of(fit: SemFit) -> tuple[Problem, ...]:
    """Flags of a fit: it stands, and the reader should know.

    Parameters
    ----------
    fit : SemFit

    Returns
    -------
    tuple of Problem
        Negative variances (Heywood cases), covariances of constructs or residuals that are not positive
        definite, standardised values beyond 1, constructs correlated .95 or more, and what the estimator saw
        (few clusters, sparse cells).
    """
    found: list[Problem] = []
    values = standardised(fit)
    size = len(fit.model.parameters) // len(fit.model.groups)
    for g, group in enumerate(fit.model.groups):
        where = f"group '{group}'" if group else "model"
        rows = slice(g * size, (g + 1) * size)
        parameters = fit.model.of_group(g)
        found += _negative(where, parameters, values.values[rows])
        improper = _improper_constructs(fit, where, g)
        found += improper
        found += _improper_residuals(fit, where, g)
        found += _beyond_one(where, parameters, values.all[rows])
        found += _alike(fit, where, g)
    return (*found, *fit.solution.problems)


def _negative(where: str, parameters: tuple[Parameter, ...], values: Floats) -> list[Problem]:
    explained = {p.rhs if p.op == "=~" else p.lhs for p in parameters if p.op in ("=~", "~")}
    return [
        Problem(
            where,
            f"the {'residual variance' if p.lhs in explained else 'variance'} of '{p.lhs}' is estimated as "
            f"{value:.4g}, and a variance is never negative (Heywood case)",
            "Look for an item that does not belong, or for too few rows.",
        )
        for p, value in zip(parameters, values, strict=True)
        if p.op == "~~" and p.lhs == p.rhs and value < 0
    ]


def _improper_constructs(fit: SemFit, where: str, g: int) -> list[Problem]:
    first = fit.solution.layout.n_observed
    names = fit.model.constructs
    involved = _improper(covariances(fit, g)[first:, first:], names)
    if not involved:
        return []
    found = f"the covariances of the constructs are not positive definite, mostly through {involved}"
    return [Problem(where, found, "Join constructs that the items cannot tell apart.")]


def _improper_residuals(fit: SemFit, where: str, g: int) -> list[Problem]:
    """Only where residuals covary: without that a negative variance is named already."""
    p = len(fit.model.items)
    residual = fit.at.symmetric[g][:p, :p]
    sd = np.sqrt(np.abs(np.diag(residual)))
    beyond = [
        (fit.model.items[i], fit.model.items[j])
        for i, j in np.argwhere(np.tril(np.abs(residual) > np.outer(sd, sd) * _BEYOND_ONE, -1))
    ]
    if beyond or not (np.tril(residual, -1) != 0).any() or (np.diag(residual) < 0).any():
        return []
    involved = _improper(residual, fit.model.items)
    if not involved:
        return []
    found = f"the residual covariances of the items are not positive definite, mostly through {involved}"
    return [Problem(where, found, "Remove residual covariances that the data do not bear.")]


def _improper(covariance: Floats, names: tuple[str, ...]) -> str:
    """Names that make a covariance matrix improper, quoted; "" where it is proper."""
    if not len(covariance):
        return ""
    variance = np.diag(covariance)
    held = np.flatnonzero(variance != 0)
    sd = np.sqrt(np.abs(variance[held]))
    values, vectors = np.linalg.eigh(covariance[np.ix_(held, held)] / np.outer(sd, sd))
    if not len(values) or values[0] >= -_ZERO:
        return ""
    heavy = np.abs(vectors[:, 0]) > _HEAVY
    return ", ".join(f"'{names[held[at]]}'" for at in np.flatnonzero(heavy))


def _beyond_one(where: str, parameters: tuple[Parameter, ...], values: Floats) -> list[Problem]:
    return [
        Problem(
            where,
            f"the standardised value of '{p.text}' is {value:.4g}, beyond 1",
            "Look for constructs or items that cannot be told apart.",
        )
        for p, value in zip(parameters, values, strict=True)
        if abs(value) > _BEYOND_ONE and p.op in ("=~", "~", "~~") and not (p.op == "~~" and p.lhs == p.rhs)
    ]


def _alike(fit: SemFit, where: str, g: int) -> list[Problem]:
    """Pairs of constructs correlated .95 or more, that no path or loading joins."""
    first = fit.solution.layout.n_observed
    covariance = covariances(fit, g)[first:, first:]
    variance = np.diag(covariance)
    names = fit.model.constructs
    joined = {frozenset((p.lhs, p.rhs)) for p in fit.model.of_group(g) if p.op == "=~"}
    found = []
    for i in range(len(names)):
        for j in range(i):
            if variance[i] <= 0 or variance[j] <= 0 or frozenset((names[i], names[j])) in joined:
                continue
            correlation = covariance[i, j] / np.sqrt(variance[i] * variance[j])
            if abs(correlation) >= _ALIKE:
                text = f"'{names[j]}' and '{names[i]}' correlate {correlation:.3f}, hardly told apart"
                found.append(Problem(where, text, "Join the two, or ask what distinguishes their items."))
    return found

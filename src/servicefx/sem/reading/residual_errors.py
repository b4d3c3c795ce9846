"""Sampling variances of residuals: of least squares from what it keeps, of robust fits from the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.sem.estimators.squares.moment_rows import MomentRows, continuous_rows
from servicefx.sem.estimators.squares.moment_weights import distribution_free_gamma, normal_weight
from servicefx.sem.reading.summary import implied_moments
from servicefx.sem.sample import SemData, read_sample
from servicefx.sem.structure.constraints import along_constraints
from servicefx.sem.structure.derivatives import jacobian

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["covariance_slopes", "mean_slopes", "robust_variances", "squares_variances"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Moments:
    """What residuals vary by, one entry a group of each: k moments, q free values.

    Attributes
    ----------
    slopes : tuple of ndarray, shape (k, q)
        Derivatives of the moments by the free values.
    weight : tuple of ndarray, shape (k, k)
        Of the moments in what was minimised.
    gamma : tuple of ndarray, shape (k, k)
        Covariances of sqrt(n) times the sample moments.
    """

    rows: MomentRows
    slopes: tuple[Floats, ...]
    weight: tuple[Floats, ...]
    gamma: tuple[Floats, ...]


def squares_variances(fit: SemFit, g: int) -> tuple[Floats, Floats]:
    """Variances of one group's residuals, and of the sample moments themselves, each (p, p).

    Correlations of ordered items have no variance on the diagonal: both are 0 there.
    """
    extra: Any = fit.solution.extra
    rows: MomentRows = (
        extra["discrepancy"].structure.rows
        if fit.model.ordered
        else continuous_rows(len(fit.model.items), means=fit.model.means)
    )
    slopes = tuple(np.split(extra["delta"], len(fit.model.groups)))
    return _variances(
        fit, g, _Moments(rows=rows, slopes=slopes, weight=extra["weight"], gamma=extra["gamma"])
    )


def robust_variances(fit: SemFit, g: int, data: SemData) -> tuple[Floats, Floats]:
    """The same for maximum likelihood from complete rows of any distribution.

    Raises
    ------
    DataError
        If the data are moments, or not those of the fit.
    """
    model = fit.model
    p = len(model.items)
    sample = read_sample(data, model.items, group=fit.choices.group)
    found = {group.label: group for group in sample.groups}
    if tuple(found) != model.groups or tuple(one.n_obs for one in found.values()) != fit.n_by_group:
        text = f"{sample.n_obs} rows can be used, and the fit used {fit.n_obs}"
        raise DataError(Problem("data", text, "Give the data the model was fitted to."))
    rows = continuous_rows(p, means=fit.solution.layout.constant is not None)
    fixed = np.flatnonzero(np.isin(model.items, model.covariates))
    slopes, weight, gamma = [], [], []
    for h, group in enumerate(sample.groups):
        if group.values is None:
            text = "standardised residuals of robust fits need the rows, and only moments are given"
            raise DataError(Problem("data", text, "Give the rows."))
        by_moment = np.zeros((rows.size, model.n_positions))
        of_covariances = fit.solution.layout.by_group(covariance_slopes(fit, h), h)
        by_moment[rows.pair] = of_covariances[rows.left, rows.right]
        if len(rows.mean):
            by_moment[rows.mean] = fit.solution.layout.by_group(mean_slopes(fit, h), h)
        slopes.append(by_moment)
        weight.append(normal_weight(implied_moments(fit, h)[0], rows))
        gamma.append(distribution_free_gamma(group.values, rows, fixed))
    parts = _Moments(rows=rows, slopes=tuple(slopes), weight=tuple(weight), gamma=tuple(gamma))
    return _variances(fit, g, parts)


def covariance_slopes(fit: SemFit, g: int) -> Floats:
    """Derivatives of the implied covariances of one group by cell, (p, p, c): the means' part taken out."""
    layout, p = fit.solution.layout, len(fit.model.items)
    by_cell = jacobian(layout, fit.at)[g]
    if layout.constant is None:
        return np.asarray(by_cell, dtype=np.float64)
    mean, slope = fit.at.sigma[g][:p, p], by_cell[:p, p]
    outer = mean[:, None, None] * slope[None, :, :]
    return np.asarray(by_cell[:p, :p] - outer - np.swapaxes(outer, 0, 1), dtype=np.float64)


def mean_slopes(fit: SemFit, g: int) -> Floats:
    """Derivatives of the implied means of one group by cell, (p, c)."""
    p = len(fit.model.items)
    return np.asarray(jacobian(fit.solution.layout, fit.at)[g][:p, p], dtype=np.float64)


def _variances(fit: SemFit, g: int, parts: _Moments) -> tuple[Floats, Floats]:
    """Diagonal of Q Gamma Q' / n of one group, and of Gamma / n."""
    groups = range(len(fit.model.groups))
    counts = np.array(fit.n_by_group, dtype=np.float64)
    share, rows = counts / counts.sum(), parts.rows
    heavy = [share[h] * parts.weight[h] @ parts.slopes[h] for h in groups]
    pulled = [parts.gamma[h] @ heavy[h] / counts[h] for h in groups]
    inverse = _inverse(fit, np.sum([parts.slopes[h].T @ heavy[h] for h in groups], axis=0))
    meat = np.sum([heavy[h].T @ pulled[h] for h in groups], axis=0)
    spread = np.diag(parts.gamma[g])[rows.pair] / counts[g]
    by_fit = parts.slopes[g][rows.pair] @ inverse
    variance = spread - 2.0 * np.einsum("kq,kq->k", by_fit, pulled[g][rows.pair])
    variance += np.einsum("kq,kq->k", by_fit @ meat, by_fit)
    return _square(fit, rows, variance), _square(fit, rows, spread)


def _inverse(fit: SemFit, information: Floats) -> Floats:
    """Inverse along the constraints, with every free value in units of its own spread."""
    size = np.sqrt(np.diag(information))
    size = np.where(size > 0, size, 1.0)
    basis = along_constraints(fit.model, fit.theta, size)
    inner = basis.T @ (information / np.outer(size, size)) @ basis
    return np.asarray(basis @ np.linalg.solve(inner, basis.T) / np.outer(size, size), dtype=np.float64)


def _square(fit: SemFit, rows: MomentRows, values: Floats) -> Floats:
    p = len(fit.model.items)
    square = np.zeros((p, p))
    square[rows.left, rows.right] = square[rows.right, rows.left] = values
    return square

"""Sampling variances of the residuals of least squares, from the covariance of the moments it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.estimators.moment_rows import MomentRows, continuous_rows
from servicefx.sem.structure.constraints import constraint_of

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["squares_variances"]

Floats = NDArray[np.float64]


def squares_variances(fit: SemFit, g: int) -> tuple[Floats, Floats]:
    """Variances of one group's residuals, and of the sample moments themselves, each (p, p).

    Correlations of ordered items have no variance on the diagonal: both are 0 there.
    """
    extra: Any = fit.solution.extra
    rows = _rows(fit)
    groups = range(len(fit.model.groups))
    counts = np.array(fit.n_by_group, dtype=np.float64)
    share = counts / counts.sum()
    slopes = [extra["delta"][h * rows.size : (h + 1) * rows.size] for h in groups]
    heavy = [share[h] * extra["weight"][h] @ slopes[h] for h in groups]
    pulled = [extra["gamma"][h] @ heavy[h] / counts[h] for h in groups]
    inverse = _inverse(fit, np.sum([slopes[h].T @ heavy[h] for h in groups], axis=0))
    meat = np.sum([heavy[h].T @ pulled[h] for h in groups], axis=0)
    gamma = np.diag(extra["gamma"][g])[rows.pair] / counts[g]
    by_fit = slopes[g][rows.pair] @ inverse
    variance = gamma - 2.0 * np.einsum("kq,kq->k", by_fit, pulled[g][rows.pair])
    variance += np.einsum("kq,kq->k", by_fit @ meat, by_fit)
    return _square(fit, rows, variance), _square(fit, rows, gamma)


def _rows(fit: SemFit) -> MomentRows:
    if fit.model.ordered:
        extra: Any = fit.solution.extra
        rows: MomentRows = extra["discrepancy"].structure.rows
        return rows
    return continuous_rows(len(fit.model.items), means=fit.model.means)


def _inverse(fit: SemFit, information: Floats) -> Floats:
    """Inverse along the constraints, with every free value in units of its own spread."""
    from scipy.linalg import null_space

    size = np.sqrt(np.diag(information))
    size = np.where(size > 0, size, 1.0)
    constraint = constraint_of(fit.model)
    basis = np.eye(len(size)) if constraint is None else null_space(constraint(fit.theta)[1] / size)
    inner = basis.T @ (information / np.outer(size, size)) @ basis
    return np.asarray(basis @ np.linalg.solve(inner, basis.T) / np.outer(size, size), dtype=np.float64)


def _square(fit: SemFit, rows: MomentRows, values: Floats) -> Floats:
    p = len(fit.model.items)
    square = np.zeros((p, p))
    square[rows.left, rows.right] = square[rows.right, rows.left] = values
    return square

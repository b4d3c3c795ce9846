"""What a model implies: covariances, and the gradient and information of the likelihood discrepancy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.model import SemModel

__all__ = ["Implied", "discrepancy", "discrepancy_gradient", "expected_information", "implied"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Implied:
    """A model's matrices at given values; items first, then constructs (m variables, p items).

    Attributes
    ----------
    directed, symmetric : ndarray, shape (m, m)
        Effects of columns on rows, and (residual) covariances.
    covariance : ndarray, shape (m, m)
        Implied covariances of all variables.
    carried : ndarray, shape (p, 2 m)
        How a change in a cell reaches the items: total effects, then implied covariances with them.
    """

    directed: Floats
    symmetric: Floats
    covariance: Floats
    carried: Floats

    @property
    def sigma(self) -> Floats:
        """Implied covariances of the items, shape (p, p)."""
        p = len(self.carried)
        return self.covariance[:p, :p]


def implied(model: SemModel, values: Floats) -> Implied:
    """The matrices of a model at given values.

    Parameters
    ----------
    model : SemModel
        p items and constructs, m together.
    values : ndarray, shape (n_cells,)
        One value a cell, fixed ones included.

    Returns
    -------
    Implied
        With NaN throughout where the effects are circular without end.

    Notes
    -----
    With A the directed effects and S the covariances, :math:`E = (I - A)^{-1}` and all variables have
    covariance :math:`E S E'` (McArdle & McDonald 1984, Br. J. Math. Stat. Psychol. 37, 234-251).
    """
    m, p = len(model.names), len(model.items)
    directed, symmetric = np.zeros((m, m)), np.zeros((m, m))
    for cell, value in zip(model.cells, values, strict=True):
        if cell.op == "~~":
            symmetric[cell.row, cell.column] = symmetric[cell.column, cell.row] = value
        else:
            directed[cell.row, cell.column] = value
    try:
        total = np.linalg.inv(np.eye(m) - directed)
    except np.linalg.LinAlgError:
        total = np.full((m, m), np.nan)
    covariance = total @ symmetric @ total.T
    carried = np.hstack([total[:p], covariance[:p]])
    return Implied(directed=directed, symmetric=symmetric, covariance=covariance, carried=carried)


def discrepancy(sample: Floats, sigma: Floats) -> float:
    r"""Maximum-likelihood discrepancy F of sample and implied covariances; ``inf`` where sigma is improper.

    Parameters
    ----------
    sample, sigma : ndarray, shape (p, p)
        Of the same units; ``sample`` positive definite.

    Returns
    -------
    float
        :math:`\log|\Sigma| + \mathrm{tr}(S\Sigma^{-1}) - \log|S| - p`, in [0, inf].
    """
    try:
        root = np.linalg.cholesky(sigma)
    except np.linalg.LinAlgError:
        return float("inf")
    half = np.linalg.solve(root, np.linalg.cholesky(sample))
    ratio = np.sum(half**2)
    log_determinants = 2.0 * np.sum(np.log(np.diag(root))) - np.linalg.slogdet(sample)[1]
    value = float(log_determinants + ratio - len(sample))
    return value if np.isfinite(value) else float("inf")


def discrepancy_gradient(model: SemModel, at: Implied, sample: Floats) -> Floats:
    r"""Gradient of F / 2 over the free cells.

    Parameters
    ----------
    model : SemModel
        With q free cells.
    at : Implied
        Its matrices at the values asked.
    sample : ndarray, shape (p, p)
        Sample covariances.

    Returns
    -------
    ndarray, shape (q,)
        Per unit of each cell.

    Notes
    -----
    Every cell changes sigma by a matrix of rank two, :math:`c(uw' + wu')`, with u and w columns of
    ``carried``; the gradient gathers from :math:`Q'(K - KSK)Q`, :math:`K = \Sigma^{-1}`.
    """
    left, right, half = _columns(model)
    inverse = np.linalg.inv(at.sigma)
    difference = inverse - inverse @ sample @ inverse
    crossed = at.carried.T @ difference @ at.carried
    return np.asarray(half * crossed[left, right], dtype=np.float64)


def expected_information(model: SemModel, at: Implied) -> Floats:
    """Expected information of one row about the free cells.

    Parameters
    ----------
    model : SemModel
        With q free cells.
    at : Implied
        Its matrices at the values asked.

    Returns
    -------
    ndarray, shape (q, q)
        Its inverse over n is the sampling covariance; it is also the expected Hessian of F / 2.
    """
    left, right, half = _columns(model)
    crossed = at.carried.T @ np.linalg.solve(at.sigma, at.carried)
    parts = crossed[np.ix_(left, left)] * crossed[np.ix_(right, right)]
    parts = parts + crossed[np.ix_(left, right)] * crossed[np.ix_(right, left)]
    return np.asarray(parts * np.outer(half, half), dtype=np.float64)


def _columns(model: SemModel) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """For every free cell: the two columns of ``carried`` and the factor c."""
    m = len(model.names)
    left = [cell.row for cell in model.free]
    right = [cell.column if cell.op == "~~" else m + cell.column for cell in model.free]
    half = [0.5 if cell.op == "~~" and cell.row == cell.column else 1.0 for cell in model.free]
    return np.array(left, dtype=np.intp), np.array(right, dtype=np.intp), np.array(half)

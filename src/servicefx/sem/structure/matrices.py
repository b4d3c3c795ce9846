"""What a model implies at given values: its matrices, over groups and any leading axes of resamples."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.structure.layout import Layout

__all__ = ["Implied", "implied", "with_sample"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Implied:
    """Matrices of a model at given values, shapes (..., G, ., .); v variables, P of them observed.

    Attributes
    ----------
    total : ndarray, shape (..., G, v, v)
        :math:`E = (I - A)^{-1}`: total effects of columns on rows, the constant among them.
    symmetric : ndarray, shape (..., G, v, v)
        S: (residual) covariances.
    carry : ndarray, shape (..., G, P, v)
        Observed rows of E.
    cross : ndarray, shape (..., G, v, P)
        :math:`E S E'`, all variables by observed ones.
    sigma : ndarray, shape (..., G, P, P)
        Implied second moments of what is observed. With means, the last row and column hold the means (less
        ``shift``) and a 1: the determinant is that of the covariances, and the likelihood of rows
        :math:`(x, 1)` is that of x.
    """

    total: Floats
    symmetric: Floats
    carry: Floats
    cross: Floats
    sigma: Floats


def implied(layout: Layout, theta: Floats, *, shift: Floats | None = None) -> Implied:
    r"""The matrices of a model at given values.

    Parameters
    ----------
    layout : Layout
        Of a model with q free values and G groups.
    theta : ndarray, shape (..., q)
        Free values.
    shift : ndarray, shape (..., G, p), optional
        Subtracted from implied means, usually the sample means: nothing but rounding depends on it.

    Returns
    -------
    Implied

    Raises
    ------
    numpy.linalg.LinAlgError
        Where effects are circular without end.

    Notes
    -----
    :math:`\Sigma = J E S E' J'` (McArdle & McDonald 1984, Br. J. Math. Stat. Psychol. 37, 234-251), J
    choosing what is observed. Only variables with effects on others enter the inverse.
    """
    batch = theta.shape[:-1]
    v, observed, parents = layout.n_variables, layout.n_observed, layout.parents
    lead = (*batch, layout.n_groups)
    cells = layout.values(theta)
    directed = np.empty((*lead, v, v))
    directed[...] = layout.base_directed
    symmetric = np.empty((*lead, v, v))
    symmetric[...] = layout.base_symmetric
    in_a = np.flatnonzero(layout.directed)
    in_s = np.flatnonzero(~layout.directed)
    if layout.n_groups == 1 or (layout.position >= 0).all():
        directed[..., layout.row[in_a], layout.column[in_a]] = cells[..., in_a]
        symmetric[..., layout.row[in_s], layout.column[in_s]] = cells[..., in_s]
        symmetric[..., layout.column[in_s], layout.row[in_s]] = cells[..., in_s]
    else:  # a cell may be free in one group and fixed in another
        directed[..., layout.row[in_a], layout.column[in_a]] += cells[..., in_a]
        values = cells[..., in_s]
        off = layout.row[in_s] != layout.column[in_s]
        symmetric[..., layout.row[in_s], layout.column[in_s]] += values
        symmetric[..., layout.column[in_s][off], layout.row[in_s][off]] += values[..., off]
    total = np.zeros((*lead, v, v))
    total[...] = np.eye(v)
    if len(parents):
        by_parent = directed[..., parents]
        inner = np.linalg.inv(np.eye(len(parents)) - by_parent[..., parents, :])
        total[..., parents] += by_parent @ inner
    carry = total[..., :observed, :]
    if shift is not None and layout.constant is not None:
        carry = carry.copy()
        carry[..., : layout.n_items, layout.constant] -= shift
    cross = total @ (symmetric @ np.swapaxes(carry, -1, -2))
    if shift is not None and layout.constant is not None:
        sigma = cross[..., :observed, :].copy()
        sigma[..., : layout.n_items, :] -= shift[..., :, None] * cross[..., layout.constant, None, :]
    else:
        sigma = cross[..., :observed, :]
    return Implied(total=total, symmetric=symmetric, carry=carry, cross=cross, sigma=sigma)


def with_sample(layout: Layout, mean: Floats | None, cov: Floats) -> Layout:
    """The same layout with fixed covariates held at these sample moments.

    Parameters
    ----------
    layout : Layout
        Of p items and G groups.
    mean : ndarray, shape (..., G, p), or None
        Needed where means are modelled.
    cov : ndarray, shape (..., G, p, p)
        Denominator n.

    Returns
    -------
    Layout
        Its ``base_directed`` and ``base_symmetric`` gain the leading axes.
    """
    if not len(layout.sampled):
        return layout
    v = layout.n_variables
    lead = cov.shape[:-2]
    directed, symmetric = np.empty((*lead, v, v)), np.empty((*lead, v, v))
    directed[...], symmetric[...] = layout.base_directed, layout.base_symmetric
    for is_directed, row, column in layout.sampled:
        if is_directed:
            if mean is None:
                raise ValueError("fixed covariates with means need their sample means")
            directed[..., row, column] = mean[..., row]
        else:
            symmetric[..., row, column] = symmetric[..., column, row] = cov[..., row, column]
    return replace(layout, base_directed=directed, base_symmetric=symmetric)

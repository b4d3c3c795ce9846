"""What a sample's fourth moments say about the size of chi2: traces of saturated and baseline models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.estimators.robust.casewise import Rows, fourth_moment_traces, row_products

__all__ = ["ScaledTraces", "explained_part", "scaled_traces"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledTraces:
    """Traces of one group, each a sum over df of what a degree of freedom adds to chi2.

    Attributes
    ----------
    model : float
        Of all moments that are not held fixed; the model's own trace is still to be taken off.
    baseline : float
        Of the model in which only fixed covariates covary, its own trace taken off.
    """

    model: float
    baseline: float


def scaled_traces(
    rows: Rows,
    cov: Floats,
    inverse: Floats,
    scale: Floats,
    fixed: list[int],
    *,
    exogenous: list[int],
    normal: bool,
    means: bool,
    saturated_means: bool,
) -> ScaledTraces:
    r"""The traces behind scaling factors, :math:`O(n p^2)`.

    Parameters
    ----------
    rows : Rows
        n rows in the users' units.
    cov : ndarray, shape (p, p)
        Sample covariances S of items divided by ``scale``.
    inverse : ndarray, shape (p, p)
        Inverse of the implied covariances, scaled likewise.
    scale : ndarray, shape (p,)
        Powers of two.
    fixed : list of int
        Places of fixed covariates: the trace of their own moments is taken off.
    exogenous : list of int
        Places of covariates, fixed or not: they covary in the baseline model as well.
    normal : bool
        Satorra-Bentler: :math:`tr(W \Gamma)` with W of the implied moments. Else Yuan-Bentler:
        :math:`tr(B_1 A_1^{-1})` of the saturated model.
    means : bool
        Whether the model has means.
    saturated_means : bool
        Whether means that it does not have are counted as free ones: with clusters they do not cancel.

    Returns
    -------
    ScaledTraces
    """
    n = rows.total
    user = np.outer(scale, scale)
    explained = explained_part(cov, fixed) if normal and fixed else None
    free = cov if explained is None else cov - explained @ cov @ explained.T
    products = n * free if rows.plain else row_products(rows) / user
    blocks = [
        block for block in (exogenous, *([at] for at in range(len(cov)) if at not in exogenous)) if block
    ]
    separate = [_root(cov, block) for block in blocks]
    if normal:
        roots = [np.linalg.cholesky(inverse), np.hstack(separate), *separate]
    else:
        roots = [_root(cov, list(range(len(cov)))), *separate]
    folded = [root / scale[:, None] for root in roots]
    given = None if explained is None else explained * np.divide.outer(scale, scale)
    found = fourth_moment_traces(rows, folded, free * user, products * user, given) / n
    of_means = np.array([np.vdot(root, products @ root) for root in roots]) / n
    held, n_whole = bool(fixed), len(roots) - len(separate)
    model = found[0] - (found[n_whole] if held else 0.0)
    baseline = found[n_whole - 1] - found[n_whole:].sum()
    if means:
        model += of_means[0] - (of_means[n_whole] if held else 0.0)
    elif saturated_means:
        model += of_means[0] - float(np.vdot(inverse, products)) / n
    if means or saturated_means:
        baseline += of_means[n_whole - 1] - of_means[n_whole:].sum()
    return ScaledTraces(model=float(model), baseline=float(baseline))


def explained_part(cov: Floats, fixed: list[int]) -> Floats:
    """P, shape (p, p): P d is what regressions on the fixed covariates say of a row's deviations d."""
    given = np.zeros_like(cov)
    given[:, fixed] = np.linalg.solve(cov[np.ix_(fixed, fixed)], cov[fixed]).T
    return given


def _root(cov: Floats, block: list[int]) -> Floats:
    """R with R R' the inverse of the covariances of some items, 0 elsewhere, shape (p, r)."""
    root = np.zeros((len(cov), len(block)))
    if len(block) == 1:
        root[block[0], 0] = 1.0 / np.sqrt(cov[block[0], block[0]])
    else:
        root[block] = np.linalg.inv(np.linalg.cholesky(cov[np.ix_(block, block)])).T
    return root

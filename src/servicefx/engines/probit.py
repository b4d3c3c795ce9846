"""Probit by Newton steps, for one sample and for every row of a shared resample index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr

from servicefx.engines.design_matrix import CONSTANT, checked_arrays, checked_clusters
from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.values.estimates import Estimates

__all__ = ["fit_probit", "probit_draws"]

Floats = NDArray[np.float64]
_BLOCK = 100  # resamples handled at once: bounds memory at 100 x n floats
_NEWTON_STEPS = 30
_STEP_DONE = 1e-5  # Newton: what is left then is of the order of its square
_SEPARATED = 8.0  # index per standard deviation that only a likelihood without a maximum reaches
_TAIL = np.sqrt(2.0 / np.pi)


def fit_probit(
    data: pd.DataFrame, outcome: str, terms: Sequence[str], *, clusters: pd.Series | None = None
) -> Estimates:
    """Maximum-likelihood probit of a 0/1 outcome on terms and a constant.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete numeric columns; the outcome holds 0 and 1 only.
    outcome : str
        Column explained.
    terms : sequence of str, length k
        Columns that explain it; the constant is added and reported last.
    clusters : Series, length n, optional
        Dependence group of every row, with the factor G/(G-1); without it errors are robust (HC0).

    Returns
    -------
    Estimates
        Standard deviations of the latent response per unit of the term; normal reference. ``fit_measures``
        hold ``logl``.

    Raises
    ------
    DataError
        If the outcome is not 0/1, or as `servicefx.engines.linear.fit_ols`.
    IdentificationError
        If terms separate the two answers, so that no finite maximum exists.

    Examples
    --------
    >>> data = pd.DataFrame({"y": [0.0, 0, 1, 0, 1, 1], "x": [1.0, 2, 3, 4, 5, 6]})
    >>> fit_probit(data, "y", ["x"]).coefficients.round(3).tolist()
    [0.76, -2.659]
    """
    y, x = checked_arrays(data, outcome, terms)
    where = f"probit of '{outcome}'"
    other = sorted(set(np.unique(y)) - {0.0, 1.0})
    if other:
        shown = ", ".join(f"{value:g}" for value in other[:5])
        found = f"values other than 0 and 1: {shown}"
        raise DataError(Problem(where, found, "Recode the outcome to 0 and 1."))
    centre, spread = x.mean(axis=0), x.std(axis=0)
    z = np.column_stack([(x - centre) / spread, np.ones(len(y))])
    at = probit_draws(y, z, np.ones((1, len(y)), dtype=np.float32), np.zeros(z.shape[1]))[0]
    if not np.all(np.abs(at[:-1]) < _SEPARATED):
        found = "the terms separate the two answers perfectly"
        raise IdentificationError(Problem(where, found, "Remove the term that does, or add rows."))
    index = z @ at
    sign = 2 * y - 1
    slope = sign * _hazard(sign * index)
    bread = np.linalg.inv((z * (slope * (slope + index))[:, None]).T @ z)
    scores, kind, factor = z * slope[:, None], "hc0", 1.0
    if clusters is not None:
        codes, n_clusters, name = checked_clusters(clusters, len(y), outcome)
        scores = np.column_stack([np.bincount(codes, weights=column) for column in scores.T])
        kind, factor = f"cluster: {name} ({n_clusters})", n_clusters / (n_clusters - 1)
    back = np.diag(np.append(1 / spread, 1.0))
    back[-1, :-1] = -centre / spread
    return Estimates(
        estimator="probit",
        outcome=outcome,
        terms=(*terms, CONSTANT),
        coefficients=back @ at,
        covariance=factor * back @ bread @ scores.T @ scores @ bread @ back.T,
        covariance_kind=kind,
        df=float("inf"),
        n_obs=len(y),
        fit_measures={"logl": float(log_ndtr(sign * index).sum())},
    )


def probit_draws(y: Floats, x: Floats, counts: NDArray[np.float32], start: Floats) -> Floats:
    """Probit coefficients of every resample, by Newton steps.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 or 1.
    x : ndarray, shape (n, k)
        Terms, the constant included.
    counts : ndarray, shape (draws, n)
        How often each row stands in each resample.
    start : ndarray, shape (k,)
        The full sample's coefficients.

    Returns
    -------
    ndarray, shape (draws, k)
        NaN rows where a resample has no finite maximum.

    Notes
    -----
    With q = 2y - 1 and l = q φ(q xb) / Φ(q xb), the gradient is x'(counts · l) and the information
    x' (counts · l (l + xb)) x: the log-likelihood is concave (Pratt 1981).
    """
    k = x.shape[1]
    left, right = np.triu_indices(k)
    products = x[:, left] * x[:, right]
    sign = 2 * y - 1
    answer = np.empty((len(counts), k))
    for first in range(0, len(counts), _BLOCK):
        block = counts[first : first + _BLOCK].astype(np.float64)
        beta = np.tile(start, (len(block), 1))
        step = np.full_like(beta, np.inf)
        for _ in range(_NEWTON_STEPS):
            index = beta @ x.T
            slope = sign * _hazard(sign * index)
            information = np.empty((len(block), k, k))
            information[:, left, right] = (block * slope * (slope + index)) @ products
            information[:, right, left] = information[:, left, right]
            step = _solved(information, (block * slope) @ x)
            beta = beta + step
            if np.nanmax(np.abs(step), initial=0.0) < _STEP_DONE:
                break
        beta[~(np.abs(step).max(axis=1) < _STEP_DONE)] = np.nan
        answer[first : first + len(block)] = beta
    return answer


def _hazard(index: Floats) -> Floats:
    """Normal density over distribution function, without loss in the far tail."""
    with np.errstate(over="ignore"):
        return np.asarray(_TAIL / erfcx(-index / np.sqrt(2.0)), dtype=np.float64)


def _solved(information: Floats, gradient: Floats) -> Floats:
    """Newton steps of a block, NaN where a resample's information is singular."""
    steps = np.full_like(gradient, np.nan)
    known = np.asarray(np.isfinite(information).all(axis=(1, 2)))
    if known.any():
        size = np.linalg.eigvalsh(information[known])
        known[known] = size[:, 0] > 1e-12 * np.maximum(size[:, -1], 1e-300)
        steps[known] = np.linalg.solve(information[known], gradient[known][..., None])[..., 0]
    return steps

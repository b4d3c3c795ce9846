"""What fit measures need from the moments: SRMR, normal log-likelihood, the baseline model under ML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from servicefx.sem.reading.model_test import ModelTest

__all__ = ["baseline_test", "normal_log_likelihood", "srmr"]

Floats = NDArray[np.float64]


def srmr(
    sample: Sequence[Floats],
    implied: Sequence[Floats],
    n_obs: Sequence[float],
    *,
    sample_means: Sequence[Floats] | None = None,
    implied_means: Sequence[Floats] | None = None,
) -> float:
    """Standardised root mean square residual: the typical misfit of a correlation.

    Parameters
    ----------
    sample, implied : sequence of ndarray, shape (p, p)
        Covariances, one matrix a group; with ordered items, correlations of the responses behind them.
    n_obs : sequence of float
        Rows of each group.
    sample_means, implied_means : sequence of ndarray, shape (p,), optional
        Given with a mean structure of continuous items, and never with ordered ones.

    Returns
    -------
    float
        In [0, inf), in units of a correlation.

    Notes
    -----
    Residuals are divided by the sample's standard deviations (Bentler 1995, EQS Manual, 271) and their root
    mean square is over the p(p+1)/2 cells, and the p means where there are any. Groups are averaged with
    their share of the rows, after the root.

    Examples
    --------
    >>> S = np.array([[1.0, 0.5], [0.5, 1.0]])
    >>> round(srmr([S], [np.eye(2)], [100]), 4)
    0.2887
    """
    roots = []
    have, want = sample_means or repeat(None), implied_means or repeat(None)
    for S, sigma, mean, mu in zip(sample, implied, have, want, strict=False):
        deviation = np.sqrt(np.diag(S))
        residuals = ((S - sigma) / np.outer(deviation, deviation))[np.tril_indices(len(S))]
        if mean is not None and mu is not None:
            residuals = np.concatenate([residuals, (mean - mu) / deviation])
        roots.append(math.sqrt(float(np.mean(residuals**2))))
    return float(np.average(roots, weights=np.asarray(n_obs, dtype=np.float64)))


def normal_log_likelihood(
    S: Floats,
    sigma: Floats,
    n_obs: float,
    *,
    mean: Floats | None = None,
    mu: Floats | None = None,
    fixed_x: Sequence[int] = (),
) -> float:
    """Log-likelihood of one group's rows under a multivariate normal law.

    Parameters
    ----------
    S, sigma : ndarray, shape (p, p)
        Sample covariances with denominator n, and implied ones.
    n_obs : float
        Rows, or the sum of their weights.
    mean, mu : ndarray, shape (p,), optional
        Sample and implied means; left out, the means are saturated.
    fixed_x : sequence of int
        Places of covariates that the model takes as given; their own likelihood, at their sample moments,
        is subtracted, so that the others' given them remains.

    Returns
    -------
    float
        Sum over rows, natural logarithm; NaN if ``sigma`` is not positive definite.

    Notes
    -----
    logl = -n/2 [p log 2 pi + log|Sigma| + tr(Sigma^-1 S) + (m - mu)' Sigma^-1 (m - mu)]
    (Mardia, Kent & Bibby 1979, Multivariate Analysis, eq. 4.1.8).

    Examples
    --------
    >>> round(normal_log_likelihood(np.eye(2), np.eye(2), 10), 3)
    -28.379
    """
    try:
        factor = np.linalg.cholesky(sigma)
    except np.linalg.LinAlgError:
        return math.nan
    whitened = np.linalg.solve(factor, S)
    distance = float(np.trace(np.linalg.solve(factor, whitened.T)))
    if mean is not None and mu is not None:
        distance += float(np.sum(np.linalg.solve(factor, mean - mu) ** 2))
    log_determinant = 2 * float(np.sum(np.log(np.diag(factor))))
    joint = -n_obs / 2 * (len(S) * math.log(2 * math.pi) + log_determinant + distance)
    if len(fixed_x) == 0:
        return joint
    own = S[np.ix_(fixed_x, fixed_x)]
    return joint - normal_log_likelihood(own, own, n_obs)


def baseline_test(
    sample: Sequence[Floats], n_obs: Sequence[float], *, fixed_x: Sequence[int] = ()
) -> ModelTest:
    """Likelihood-ratio test of the baseline model: no two items covary.

    Parameters
    ----------
    sample : sequence of ndarray, shape (p, p)
        Covariances, one matrix a group.
    n_obs : sequence of float
        Rows of each group.
    fixed_x : sequence of int
        Places of covariates taken as given, which keep all covariances among themselves.

    Returns
    -------
    ModelTest
        ``chi2`` in [0, inf), ``df``; no scaling. ``chi2`` is NaN where a covariance matrix is singular.

    Notes
    -----
    chi2 = -sum n log|R|; with fixed covariates -sum n (log|S| - log|S_xx| - sum log s_yy). Means are free
    and add nothing.

    Examples
    --------
    >>> test = baseline_test([np.array([[1.0, 0.5], [0.5, 1.0]])], [100])
    >>> round(test.chi2, 3), test.df
    (28.768, 1)
    """
    chi2, df = 0.0, 0
    for S, n in zip(sample, n_obs, strict=True):
        p, q = len(S), len(fixed_x)
        outcomes = [place for place in range(p) if place not in set(fixed_x)]
        lost = float(np.sum(np.log(np.diag(S)[outcomes])))
        chi2 += n * (lost + _log_determinant(S[np.ix_(fixed_x, fixed_x)]) - _log_determinant(S))
        df += p * (p - 1) // 2 - q * (q - 1) // 2
    return ModelTest(chi2=chi2 if math.isnan(chi2) else max(chi2, 0.0), df=df)


def _log_determinant(matrix: Floats) -> float:
    sign, logarithm = np.linalg.slogdet(matrix) if len(matrix) else (1.0, 0.0)
    return float(logarithm) if sign > 0 else math.nan

"""Quantile regression by statsmodels, with kernel, clustered or bootstrap errors."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from scipy.stats import norm

from servicefx.engines.design_matrix import CONSTANT, checked_arrays, checked_clusters
from servicefx.engines.normal_equations import row_products, solved_equations
from servicefx.errors import ConvergenceError, DataError, IdentificationError, Problem
from servicefx.moments.resample_index import resample_blocks
from servicefx.values.estimates import Estimates

__all__ = ["fit_quantile", "quantile_draws"]

Floats = NDArray[np.float64]
QuantileErrors = Literal["kernel", "cluster", "bootstrap"]
_STEPS = 100
_BLOCK = 40
_SINGULAR = 1e-11
_SETTLED = 1e-5
_SMALL = 1e-6


def fit_quantile(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    quantile: float = 0.5,
    *,
    covariance: QuantileErrors = "kernel",
    clusters: pd.Series | None = None,
    draws: int = 400,
    seed: int = 0,
    analysis_id: str = "data",
) -> Estimates:
    """Regression of a quantile of an outcome on terms and a constant.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete numeric columns.
    outcome : str
        Column explained. Scores with few different values have ties, at which quantiles jump: prefer least
        squares or an ordered logit there.
    terms : sequence of str, length k
        Columns that explain it; the constant is added and reported last.
    quantile : float
        Strictly between 0 and 1; .5 is the median.
    covariance : {"kernel", "cluster", "bootstrap"}
        Powell's kernel sandwich, which allows the spread to differ from row to row; the same with scores
        summed within clusters; or refits on resampled rows (clusters where given).
    clusters : Series, length n, optional
        Dependence group of every row; given with ``"kernel"``, errors are ``"cluster"``.
    draws, seed, analysis_id
        Of the bootstrap: resamples, the study's seed, name of the data file.

    Returns
    -------
    Estimates
        Coefficients in units of the outcome per unit of the term; normal reference for ``kernel`` and
        ``bootstrap`` without clusters, t with G - 1 degrees of freedom with clusters. ``fit_measures`` hold
        ``quantile``, ``pseudo_r_squared`` (Koenker & Machado) and ``n_exact`` (rows on the fitted line).

    Raises
    ------
    DataError
        If the quantile is not between 0 and 1, or as `fit_ols`.
    IdentificationError
        If terms are collinear, or so many rows lie on the line that no density can be estimated.
    ConvergenceError
        If the fit does not settle.

    Notes
    -----
    statsmodels iterates weighted least squares: coefficients are near the exact vertex (1e-6 of the outcome's
    spread). Its own "robust" errors take one density for all rows, so errors are computed here, with the
    bandwidth of Hall and Sheather and a Gaussian kernel as in R's ``summary(rq, se = "ker")``. With a few
    hundred rows that kernel is wide and the errors are a little too large; the bootstrap's are nearer.

    References
    ----------
    Koenker & Bassett (1978), Econometrica 46, 33-50; Powell (1991), in Barnett et al., Nonparametric and
    Semiparametric Methods, 357-384; Parente & Santos Silva (2016), J. Econometric Methods 5, 1-15 (clusters).
    """
    from statsmodels.regression.quantile_regression import QuantReg
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, IterationLimitWarning

    where = f"quantile regression of '{outcome}'"
    if not 0 < quantile < 1:
        raise DataError(Problem(where, f"quantile {quantile} is not between 0 and 1", "Choose e.g. 0.5."))
    y, x = checked_arrays(data, outcome, terms)
    n, k = x.shape
    centre, spread = x.mean(axis=0), x.std(axis=0)
    size = y.std()
    z = np.column_stack([(x - centre) / spread, np.ones(n)])
    v = (y - y.mean()) / size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", IterationLimitWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        fit = QuantReg(v, z).fit(q=quantile, max_iter=5000, p_tol=1e-8)
    at = np.asarray(fit.params, dtype=np.float64)
    residuals = v - z @ at
    if not np.isfinite(at).all():
        raise ConvergenceError(Problem(where, "the fit does not settle", "Use least squares."))
    codes, df, kind = None, float("inf"), "kernel"
    if clusters is not None:
        codes, n_clusters, name = checked_clusters(clusters, n, outcome)
        kind, df = f"cluster: {name} ({n_clusters})", n_clusters - 1.0
    elif covariance == "cluster":
        raise DataError(Problem(where, "clustered errors without clusters", "Give clusters=."))
    if covariance == "bootstrap":
        found = _bootstrap(v, z, at, quantile, clusters, draws, seed, analysis_id, where)
        kind = f"bootstrap: {draws} resamples of " + ("rows" if clusters is None else "clusters")
    else:
        found = _sandwich(residuals, z, quantile, codes, where)
    back = np.eye(k + 1)
    back[:k, :k] = np.diag(1 / spread)
    back[k, :k] = -centre / spread
    back *= size
    coefficients = back @ at
    coefficients[k] += y.mean()
    n_exact = int((np.abs(residuals) < _SETTLED).sum())
    tied = [f"{n_exact} rows lie on the fitted line (ties), so errors may be too small"]
    loss = _loss(residuals, quantile)
    null = _loss(v - np.quantile(v, quantile), quantile)
    return Estimates(
        estimator="quantile regression",
        outcome=outcome,
        terms=(*terms, CONSTANT),
        coefficients=coefficients,
        covariance=back @ found @ back.T,
        covariance_kind=kind,
        df=df,
        n_obs=n,
        fit_measures={
            "quantile": quantile,
            "pseudo_r_squared": 1 - loss / null,
            "n_exact": float(n_exact),
        },
        assumptions=(
            f"the {quantile:g} quantile of the outcome is linear in every term",
            *(tied if n_exact > k + 1 + n / 100 else []),
        ),
    )


def _loss(residuals: Floats, quantile: float) -> float:
    return float(np.sum(residuals * (quantile - (residuals < 0))))


def _sandwich(
    residuals: Floats, z: Floats, quantile: float, codes: NDArray[np.intp] | None, where: str
) -> Floats:
    """Powell's sandwich; scores summed within clusters where there are any."""
    n = len(residuals)
    width = _bandwidth(n, quantile)
    while quantile - width < 0 or quantile + width > 1:
        width /= 2
    quarter = np.quantile(residuals, [0.25, 0.75])
    scale = min(float(residuals.std(ddof=1)), float(quarter[1] - quarter[0]) / 1.34)
    height = (ndtri(quantile + width) - ndtri(quantile - width)) * scale
    if scale < _SETTLED:
        found = "half of the rows lie on the fitted line, so no density of the answers can be estimated"
        raise IdentificationError(Problem(where, found, "Use least squares or an ordered logit."))
    density = norm.pdf(residuals / height) / height
    try:
        bread = np.linalg.inv((z * density[:, None]).T @ z)
    except np.linalg.LinAlgError as exc:
        found = "no rows near the fitted line in some direction"
        raise IdentificationError(Problem(where, found, "Ask for a quantile nearer to .5.")) from exc
    if codes is None:
        meat = quantile * (1 - quantile) * z.T @ z
    else:
        scores = z * (quantile - (residuals < -_SETTLED))[:, None]  # rows on the line count as above
        sums = np.column_stack([np.bincount(codes, weights=column) for column in scores.T])
        groups = len(sums)
        meat = groups / (groups - 1) * sums.T @ sums
    return np.asarray(bread @ meat @ bread, dtype=np.float64)


def _bandwidth(n: int, quantile: float) -> float:
    """Hall & Sheather (1988), J. R. Stat. Soc. B 50, 381-391."""
    at = float(ndtri(quantile))
    height = float(norm.pdf(at)) ** 2
    return float(n ** (-1 / 3) * ndtri(0.975) ** (2 / 3) * (1.5 * height / (2 * at**2 + 1)) ** (1 / 3))


def _bootstrap(
    v: Floats,
    z: Floats,
    at: Floats,
    quantile: float,
    clusters: pd.Series | ArrayLike | None,
    draws: int,
    seed: int,
    analysis_id: str,
    where: str,
) -> Floats:
    parts = [
        quantile_draws(v, z, block.counts().astype(np.float32), at, quantile)
        for block in resample_blocks(len(v), draws, seed, analysis_id, clusters)
    ]
    drawn = np.concatenate(parts)
    known = drawn[np.isfinite(drawn).all(axis=1)]
    if len(known) < len(drawn) / 2 or len(known) < 2:
        found = f"{len(drawn) - len(known)} of {len(drawn)} resamples have no answer"
        raise IdentificationError(Problem(where, found, "Add rows, or leave out a term."))
    return np.atleast_2d(np.cov(known, rowvar=False))


def quantile_draws(
    y: Floats, x: Floats, counts: NDArray[np.float32], start: Floats, quantile: float
) -> Floats:
    """Coefficients of every resample by iterated weighted least squares, all of a block at once.

    Parameters
    ----------
    y, x : ndarray, shapes (n,) and (n, k)
        Outcome and terms with their constant, in units of about 1.
    counts : ndarray, shape (draws, n)
        How often each row stands in each resample.
    start : ndarray, shape (k,)
        The full sample's coefficients.
    quantile : float

    Returns
    -------
    ndarray, shape (draws, k)
        Within a few hundredths of a standard error of the exact answers, whose spread they share; NaN where a
        resample cannot tell the terms apart.
    """
    products = row_products(x)
    answer = np.empty((len(counts), x.shape[1]))
    for first in range(0, len(counts), _BLOCK):
        block = counts[first : first + _BLOCK].astype(np.float64)
        beta = np.tile(start, (len(block), 1))
        floor = 1e-2
        for _ in range(_STEPS):
            residual = y - beta @ x.T
            weight = block * np.where(residual < 0, 1 - quantile, quantile)
            weight /= np.maximum(np.abs(residual), floor)
            new = solved_equations(products.summed(weight), (weight * y) @ x, _SINGULAR)
            moved = np.nanmax(np.abs(new - beta), initial=0.0)
            beta = new
            if moved < _SETTLED and floor <= _SMALL:
                break
            floor = max(floor / 2, _SMALL)
        answer[first : first + len(block)] = beta
    return answer

"""Logit by statsmodels, and its coefficients on every row of a shared resample index."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from servicefx.engines.design_matrix import CONSTANT, checked_arrays
from servicefx.engines.sandwich import sandwich_of
from servicefx.engines.two_answers import check_two_answers, newton_draws, separated
from servicefx.errors import ConvergenceError, IdentificationError, Problem
from servicefx.values.estimates import Estimates

__all__ = ["fit_logit", "logit_draws"]

_NEWTON_STEPS = 12
_STEP_DONE = 1e-8
_SEPARATED = 15.0  # log odds per standard deviation that only a likelihood without a maximum reaches


def fit_logit(
    data: pd.DataFrame, outcome: str, terms: Sequence[str], *, clusters: pd.Series | None = None
) -> Estimates:
    """Maximum-likelihood logit of a 0/1 outcome on terms and a constant.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete numeric columns; the outcome holds 0 and 1 only.
    outcome : str
        Column explained.
    terms : sequence of str, length k
        Columns that explain it; the constant is added and reported last.
    clusters : Series, length n
        Dependence group of every row, with the factor G/(G-1) of maximum likelihood (Stata's ``logit,
        vce(cluster)``; least squares has a further (n-1)/(n-k)); without it errors are
        heteroskedasticity-robust (HC0), with no factor.

    Returns
    -------
    Estimates
        Log odds per unit of the term; normal reference (``df`` is inf). ``fit_measures`` hold ``logl`` and
        ``pseudo_r_squared`` (McFadden).

    Raises
    ------
    DataError
        If the outcome is not 0/1, or as `fit_ols`.
    IdentificationError
        If a term separates the two answers, for all rows or for those it singles out, so that no finite
        maximum exists.
    ConvergenceError
        If the likelihood's maximum is not reached.
    """
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning

    y, x = checked_arrays(data, outcome, terms)
    where = f"logit of '{outcome}'"
    check_two_answers(y, where)
    x = np.column_stack([x, np.ones(len(y))])
    options: dict[str, object] = {"cov_type": "HC0"}
    sandwich = sandwich_of(clusters, len(y), outcome)
    if sandwich.groups is not None:
        options = {"cov_type": "cluster", "cov_kwds": {"groups": sandwich.groups, "use_correction": False}}
    with warnings.catch_warnings(), np.errstate(over="ignore"):
        # all say what `converged` and the fitted shares say below, and we answer with a refusal instead
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        try:
            fit = Logit(y, x).fit(method="newton", maxiter=100, disp=False, **options)
        except np.linalg.LinAlgError as exc:
            raise separated(where) from exc
    spread = np.abs(np.asarray(fit.params)[:-1]) * x[:, :-1].std(axis=0)
    if not np.all(spread < _SEPARATED):
        raise separated(where)
    if not fit.mle_retvals["converged"]:
        reach = np.abs(np.asarray(fit.params)[:-1]) * np.ptp(x[:, :-1], axis=0)
        if reach.max() > _SEPARATED:
            raise IdentificationError(
                Problem(
                    where,
                    f"all rows that '{terms[int(reach.argmax())]}' singles out give the same answer, so its "
                    "coefficient has no finite value",
                    "Remove the term, or merge its rare answers.",
                )
            )
        raise ConvergenceError(
            Problem(
                where, "no maximum of the likelihood after 100 steps", "Rescale the terms, or remove some."
            )
        )
    return Estimates(
        estimator="logit",
        outcome=outcome,
        terms=(*terms, CONSTANT),
        coefficients=np.asarray(fit.params, dtype=np.float64),
        covariance=sandwich.factor * np.asarray(fit.cov_params(), dtype=np.float64),
        covariance_kind=sandwich.kind,
        df=float("inf"),
        n_obs=len(y),
        fit_measures={"logl": float(fit.llf), "pseudo_r_squared": float(fit.prsquared)},
    )


def logit_draws(
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    counts: NDArray[np.float32],
    start: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Logit coefficients of every resample, by Newton steps from the full sample's answer.

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
    With p = expit(xb) and w = counts · p(1-p), each step solves (x'wx) d = x'(counts · (y-p)); all resamples
    of a block share the products, so a block costs two matrix products a step.
    """

    def derivatives(
        index: NDArray[np.float64], block: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        share = expit(index)
        return block * (y - share), block * share * (1.0 - share)

    return newton_draws(x, counts, start, derivatives, _solved, steps=_NEWTON_STEPS, done=_STEP_DONE)


def _solved(information: NDArray[np.float64], gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Newton steps of a block, NaN where a resample's information is singular."""
    try:
        return np.asarray(np.linalg.solve(information, gradient[..., None])[..., 0])
    except np.linalg.LinAlgError:
        steps = np.full_like(gradient, np.nan)
        for row, (matrix, vector) in enumerate(zip(information, gradient, strict=True)):
            if np.isfinite(matrix).all() and np.linalg.matrix_rank(matrix) == len(vector):
                steps[row] = np.linalg.solve(matrix, vector)
        return steps

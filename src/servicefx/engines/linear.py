"""Linear regression by statsmodels, with heteroskedasticity-robust or cluster-robust errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import CONSTANT, checked_arrays, checked_clusters, checked_weights
from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.values.estimates import Estimates

__all__ = ["fit_ols"]

Covariance = Literal["classical", "hc1", "hc3", "cluster"]

_LEVERAGE = 1 - 1e-10


def fit_ols(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    covariance: Covariance = "hc3",
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> Estimates:
    """Least squares of an outcome on terms and a constant.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete numeric columns.
    outcome : str
        Column explained.
    terms : sequence of str, length k
        Columns that explain it; the constant is added and reported last.
    covariance : {"classical", "hc1", "hc3", "cluster"}
        HC3 divides each squared residual by (1 - leverage)²; ``"cluster"`` needs ``clusters`` and carries
        Stata's small-sample factor G/(G-1) · (n-1)/(n-k-1), with G - 1 degrees of freedom.
    clusters : Series, length n
        Dependence group of every row.
    weights : Series, length n
        Survey weights > 0 (weighted least squares; robust errors only).

    Returns
    -------
    Estimates
        Coefficients in units of the outcome per unit of the term; ``fit_measures`` hold ``r_squared`` and
        ``r_squared_adjusted``.

    Raises
    ------
    DataError
        If columns are missing, have gaps, do not vary, or there are too few rows or clusters.
    IdentificationError
        If terms are linear combinations of each other, or if under HC3 one row alone decides a coefficient
        (its leverage is 1 and its residual 0, so that 0/0 would be reported).

    References
    ----------
    MacKinnon & White (1985), J. Econometrics 29, 305-325 (HC3); Cameron & Miller (2015), J. Human Resources
    50, 317-372, eq. 11 (clusters).

    Examples
    --------
    >>> data = pd.DataFrame({"y": [1.0, 2.0, 2.0, 4.0, 5.0], "x": [1.0, 2.0, 3.0, 4.0, 5.0]})
    >>> fit_ols(data, "y", ["x"], covariance="classical").table().round(3)["estimate"].tolist()
    [1.0, -0.2]
    """
    from statsmodels.regression.linear_model import OLS, WLS

    y, x = checked_arrays(data, outcome, terms)
    n, k = x.shape
    x = np.column_stack([x, np.ones(n)])
    df: float = n - k - 1
    if weights is None:
        model = OLS(y, x)
    else:
        if covariance == "classical":
            raise DataError(
                Problem(
                    f"regression of '{outcome}'",
                    f"survey weights '{weights.name}' with classical errors, which treat them as precisions",
                    "Ask for covariance='hc3', 'hc1' or 'cluster'.",
                )
            )
        model = WLS(y, x, weights=checked_weights(weights, n, outcome))
    if covariance == "hc3":
        _check_leverage(model.wexog, outcome)
    kind: str = covariance
    if covariance == "cluster":
        if clusters is None:
            raise DataError(
                Problem(f"regression of '{outcome}'", "clustered errors without clusters", "Give clusters=.")
            )
        codes, n_clusters, name = checked_clusters(clusters, n, outcome)
        fit = model.fit(
            cov_type="cluster",
            cov_kwds={"groups": codes, "use_correction": True, "df_correction": True},
            use_t=True,
        )
        kind, df = f"cluster: {name} ({n_clusters})", n_clusters - 1
    elif covariance == "classical":
        fit = model.fit()
    else:
        fit = model.fit(cov_type=covariance.upper(), use_t=True)
    return Estimates(
        estimator="OLS" if weights is None else "WLS",
        outcome=outcome,
        terms=(*terms, CONSTANT),
        coefficients=np.asarray(fit.params, dtype=np.float64),
        covariance=np.asarray(fit.cov_params(), dtype=np.float64),
        covariance_kind=kind,
        df=df,
        n_obs=n,
        fit_measures={"r_squared": float(fit.rsquared), "r_squared_adjusted": float(fit.rsquared_adj)},
    )


def _check_leverage(x: NDArray[np.float64], outcome: str) -> None:
    """Refuse rows whose leverage is 1 up to rounding."""
    leverage = (np.linalg.qr(x)[0] ** 2).sum(axis=1)
    alone = np.flatnonzero(leverage > _LEVERAGE)
    if len(alone):
        rows = ", ".join(str(row + 1) for row in alone[:5]) + (", …" if len(alone) > 5 else "")
        raise IdentificationError(
            Problem(
                f"regression of '{outcome}'",
                f"row {rows} of those used decides a coefficient alone, which leaves no error to estimate",
                "Remove the term that only this row answers differently, or add rows.",
            )
        )

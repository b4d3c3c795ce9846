"""Estimates: the coefficients of one fit, their covariance, and the sample they came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

__all__ = ["COLUMNS", "FEW_CLUSTERS", "Estimates", "critical_value", "two_sided_p_value"]

FEW_CLUSTERS = 30
"""Below this many clusters cluster-robust errors tend to be too small (Cameron & Miller 2015, sec. VI)."""

COLUMNS = (
    "outcome",
    "term",
    "estimate",
    "std_error",
    "statistic",
    "df",
    "p_value",
    "conf_low",
    "conf_high",
)
"""Columns of every table of estimates, in this order."""


def critical_value(level: float, df: float = float("inf")) -> float:
    """Two-sided critical value of Student's t, or of the normal when ``df`` is infinite.

    Parameters
    ----------
    level : float
        Confidence level, strictly between 0 and 1.
    df : float
        Degrees of freedom, > 0.

    Returns
    -------
    float
        Quantile at ``(1 + level) / 2``; NaN where ``df`` is not positive.

    Raises
    ------
    ValueError
        If ``level`` is not strictly between 0 and 1.

    Examples
    --------
    >>> round(critical_value(0.95), 3), round(critical_value(0.95, 10), 3)
    (1.96, 2.228)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1, not {level!r}")
    upper = (1 + level) / 2
    if not df > 0:
        return float("nan")
    return float(ndtri(upper)) if np.isinf(df) else float(stdtrit(df, upper))


def two_sided_p_value(statistic: NDArray[np.float64], df: float) -> NDArray[np.float64]:
    """Two-sided p-values from the lower tail, so that tiny ones do not round to zero.

    Parameters
    ----------
    statistic : ndarray, shape (k,)
        Estimate over its standard error.
    df : float
        Degrees of freedom; ``inf`` means the normal.

    Returns
    -------
    ndarray, shape (k,)
        In [0, 1], NaN where the statistic is.
    """
    tail = -np.abs(statistic)
    below = ndtr(tail) if np.isinf(df) else stdtr(df, tail)
    return np.asarray(2.0 * below, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Estimates:
    """Coefficients, their covariance, and the sample they came from.

    Attributes
    ----------
    estimator : str
        What was fitted, e.g. ``"OLS"``.
    outcome : str
        What was explained (column or construct id).
    terms : tuple of str, length k
        What explained it, in order.
    coefficients : ndarray, shape (k,)
        In units of the outcome per unit of the term.
    covariance : ndarray, shape (k, k)
        Sampling covariance of ``coefficients``; NaN where a term was fixed.
    covariance_kind : str
        ``"hc3"``, ``"cluster: outlet_id (200)"``.
    df : float
        Residual degrees of freedom; ``inf`` means the normal is used.
    n_obs : int
        Rows used.
    dropped : mapping of str to int
        Rows not used, by reason.
    fit_measures : mapping of str to float
        ``r_squared``, ``chi2`` and the like.
    undefined : mapping of str to str
        Name -> why it is NaN.
    assumptions : tuple of str
        Under which the numbers mean what they say.

    Raises
    ------
    ValueError
        If the shapes do not agree.

    Examples
    --------
    >>> fit = Estimates(
    ...     estimator="OLS", outcome="satisfaction", terms=("empathy",), coefficients=np.array([0.5]),
    ...     covariance=np.array([[0.01]]), covariance_kind="hc3", df=98, n_obs=100,
    ... )
    >>> fit.table().round(3).iloc[0, 2:4].tolist()
    [0.5, 0.1]
    """

    estimator: str
    outcome: str
    terms: tuple[str, ...]
    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    covariance_kind: str
    df: float
    n_obs: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    fit_measures: Mapping[str, float] = field(default_factory=dict)
    undefined: Mapping[str, str] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        coefficients = np.array(self.coefficients, dtype=np.float64)
        covariance = np.array(self.covariance, dtype=np.float64)
        k = len(self.terms)
        if coefficients.shape != (k,) or covariance.shape != (k, k):
            raise ValueError(
                f"{self.estimator}: {k} terms need coefficients of shape ({k},) and covariance ({k}, {k}), "
                f"not {coefficients.shape} and {covariance.shape}"
            )
        if len(set(self.terms)) != k:
            raise ValueError(
                f"{self.estimator} of '{self.outcome}': a term stands twice in {', '.join(self.terms)}"
            )
        coefficients.setflags(write=False)
        covariance.setflags(write=False)
        object.__setattr__(self, "terms", tuple(self.terms))
        for name in ("dropped", "fit_measures", "undefined"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        object.__setattr__(self, "coefficients", coefficients)
        object.__setattr__(self, "covariance", covariance)

    def __reduce__(self) -> tuple[Callable[[Mapping[str, Any]], Estimates], tuple[dict[str, Any]]]:
        """Rebuild through the constructor, so that copies are checked and read-only too."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        plain = {
            name: dict(value) if isinstance(value, MappingProxyType) else value
            for name, value in values.items()
        }
        return _rebuilt, (plain,)

    @property
    def std_errors(self) -> NDArray[np.float64]:
        """Square roots of the covariance's diagonal, shape (k,); NaN where fixed or negative."""
        variances = np.diag(self.covariance)
        return np.sqrt(np.where(variances >= 0, variances, np.nan))

    def coefficient(self, term: str) -> float:
        """The estimate of one term, in units of the outcome per unit of the term.

        Raises
        ------
        KeyError
            If the fit has no such term; the message lists those it has.
        """
        if term not in self.terms:
            raise KeyError(
                f"no term '{term}' in the fit of '{self.outcome}' (terms: {', '.join(self.terms)})"
            )
        return float(self.coefficients[self.terms.index(term)])

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """Tidy view: one row a term, columns always `COLUMNS`.

        Parameters
        ----------
        level : float
            Confidence level of ``conf_low`` and ``conf_high``.
        """
        errors = self.std_errors
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.where(errors > 0, self.coefficients / errors, np.nan)
        half = critical_value(level, self.df) * errors
        return pd.DataFrame(
            {
                "outcome": self.outcome,
                "term": list(self.terms),
                "estimate": self.coefficients,
                "std_error": errors,
                "statistic": statistic,
                "df": self.df,
                "p_value": two_sided_p_value(statistic, self.df),
                "conf_low": self.coefficients - half,
                "conf_high": self.coefficients + half,
            },
            columns=list(COLUMNS),
        )


def _rebuilt(values: Mapping[str, Any]) -> Estimates:
    return Estimates(**values)

"""How strong an unmeasured cause would have to be: robustness values, bounds, contours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.effects.e_values import EValue, e_value
from servicefx.engines.linear import fit_ols
from servicefx.errors import DataError, Problem
from servicefx.values.estimates import Estimates, critical_value, two_sided_p_value

__all__ = [
    "EValue",
    "Robustness",
    "adjusted_estimates",
    "confounder_bounds",
    "contour_grid",
    "e_value",
    "robustness_value",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """What an unmeasured cause would have to explain to change a conclusion; all numbers are shares, [0, 1].

    Attributes
    ----------
    estimate, std_error, df : float
        The regression coefficient, its classical standard error and residual degrees of freedom.
    reduction : float
        Share of the estimate to be explained away: 1 brings it to zero.
    level : float
        Of the interval meant in ``robustness_value_interval``.
    robustness_value : float
        A cause that explains less than this share of what is left of both the term and the outcome cannot
        reduce the estimate by ``reduction``.
    robustness_value_interval : float
        The same for the interval at ``level`` reaching the reduced value; 0 where it holds it already.
    partial_r2 : float
        Share of the outcome's remaining variance the term explains: a cause that explains all the rest of
        the outcome needs this share of the term to bring the estimate to zero.
    """

    estimate: float
    std_error: float
    df: float
    reduction: float
    level: float
    robustness_value: float
    robustness_value_interval: float
    partial_r2: float

    def table(self) -> pd.DataFrame:
        """The three shares, one row each: ``measure, estimate``."""
        kept = f"{self.reduction:.0%} of the estimate"
        return pd.DataFrame(
            {
                "measure": [
                    f"robustness value, {kept}",
                    f"robustness value, interval at {self.level:.0%}, {kept}",
                    "partial R² of the term with the outcome",
                ],
                "estimate": [self.robustness_value, self.robustness_value_interval, self.partial_r2],
            }
        )


def robustness_value(
    estimate: float, std_error: float, df: float, *, reduction: float = 1.0, level: float = 0.95
) -> Robustness:
    """How strong an unmeasured cause must be to explain an estimate away.

    Parameters
    ----------
    estimate, std_error : float
        A least-squares coefficient and its *classical* standard error, which here only measures the residual
        variance (a robust or clustered error would give another number and a wrong one).
    df : float
        Residual degrees of freedom, > 1.
    reduction : float
        Share of the estimate to be explained away, > 0.
    level : float
        Of the interval.

    Returns
    -------
    Robustness

    Raises
    ------
    DataError
        If a number is not finite, the error not above 0, or df not above 1.

    Notes
    -----
    With Cohen's f = ``reduction · |t| / √df`` the value is ``(√(f⁴ + 4 f²) − f²) / 2``; for the interval f is
    less ``f* = t* / √(df − 1)``. Where that value exceeds 1 − f*², a cause weaker with the outcome than with
    the term is the worst, and ``(f² − f*²) / (1 + f²)`` takes its place, as the words ask for the weakest.

    References
    ----------
    Cinelli & Hazlett (2020), J. Royal Statistical Society B 82, 39-67. doi:10.1111/rssb.12348

    Examples
    --------
    >>> darfur = robustness_value(0.09731582, 0.02325654, 783)
    >>> round(darfur.robustness_value, 4), round(darfur.robustness_value_interval, 4)
    (0.1388, 0.0763)
    """
    _check_fit(estimate, std_error, df)
    if not (np.isfinite(reduction) and reduction > 0):
        found = f"a reduction of {reduction:g}, expected a share above 0"
        raise DataError(Problem("robustness value", found, "Give 1 for 'all of it'."))
    statistic = abs(estimate) / std_error
    f = reduction * statistic / np.sqrt(df)
    limit = critical_value(level, df - 1) / np.sqrt(df - 1)
    return Robustness(
        estimate=float(estimate),
        std_error=float(std_error),
        df=float(df),
        reduction=float(reduction),
        level=level,
        robustness_value=_on_diagonal(f),
        robustness_value_interval=_with_interval(f, limit),
        partial_r2=float(statistic**2 / (statistic**2 + df)),
    )


def _check_fit(estimate: float, std_error: float, df: float) -> None:
    where = "robustness value"
    if not (np.isfinite(estimate) and np.isfinite(std_error) and std_error > 0):
        found = (
            f"estimate {estimate:g} with standard error {std_error:g}, expected numbers, the error above 0"
        )
        raise DataError(Problem(where, found, "Give a fitted coefficient and its classical error."))
    if not df > 1 or not np.isfinite(df):
        found = f"{df:g} residual degrees of freedom, expected a number above 1"
        raise DataError(Problem(where, found, "Add rows, or remove terms."))


def _on_diagonal(f: float) -> float:
    """Solves ``r / √(1 − r) = f``."""
    return float((np.sqrt(f**4 + 4 * f**2) - f**2) / 2)


def _with_interval(f: float, limit: float) -> float:
    if f <= limit:
        return 0.0
    found = _on_diagonal(f - limit)
    if found > 1 - limit**2:
        found = (f**2 - limit**2) / (1 + f**2)
    return float(found)


def adjusted_estimates(
    estimate: float,
    std_error: float,
    df: float,
    r2_term: Sequence[float] | Floats,
    r2_outcome: Sequence[float] | Floats,
    *,
    toward_zero: bool = True,
    level: float = 0.95,
) -> pd.DataFrame:
    """What the estimate would be beside unmeasured causes of given strength.

    Parameters
    ----------
    estimate, std_error, df
        As `robustness_value`.
    r2_term : sequence of float, length m
        Share of the term's remaining variance each cause explains, [0, 1).
    r2_outcome : sequence of float, length m
        Share of the outcome's remaining variance it explains, [0, 1].
    toward_zero : bool
        Whether the cause is taken to have made the estimate larger in size than it should be, or smaller.
    level : float

    Returns
    -------
    DataFrame
        ``r2_term, r2_outcome, estimate, std_error, statistic, p_value, conf_low, conf_high``; df − 1 degrees
        of freedom.

    Raises
    ------
    DataError
        If a share is out of range, or the numbers are none.

    References
    ----------
    Cinelli & Hazlett (2020), sec. 4.
    """
    _check_fit(estimate, std_error, df)
    term, outcome = np.asarray(r2_term, dtype=float), np.asarray(r2_outcome, dtype=float)
    if term.shape != outcome.shape or term.ndim != 1:
        raise ValueError(
            f"as many shares of the term as of the outcome, not {term.shape} and {outcome.shape}"
        )
    if not ((term >= 0) & (term < 1)).all() or not ((outcome >= 0) & (outcome <= 1)).all():
        found = "shares outside [0, 1) for the term or [0, 1] for the outcome"
        raise DataError(Problem("adjusted estimate", found, "Give shares of variance."))
    bias = std_error * np.sqrt(df) * np.sqrt(outcome * term / (1 - term))
    side = np.sign(estimate) if estimate else 1.0
    moved = estimate - side * bias if toward_zero else estimate + side * bias
    error = std_error * np.sqrt((1 - outcome) / (1 - term)) * np.sqrt(df / (df - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(error > 0, moved / error, np.nan)
    half = critical_value(level, df - 1) * error
    return pd.DataFrame(
        {
            "r2_term": term,
            "r2_outcome": outcome,
            "estimate": moved,
            "std_error": error,
            "statistic": statistic,
            "p_value": two_sided_p_value(statistic, df - 1),
            "conf_low": moved - half,
            "conf_high": moved + half,
        }
    )


def contour_grid(
    estimate: float,
    std_error: float,
    df: float,
    *,
    points: int = 41,
    largest_term: float = 0.4,
    largest_outcome: float = 0.4,
    toward_zero: bool = True,
    level: float = 0.95,
) -> pd.DataFrame:
    """Adjusted estimates over a grid of strengths, for a contour figure.

    Parameters
    ----------
    estimate, std_error, df, toward_zero, level
        As `adjusted_estimates`.
    points : int
        Along each axis, at least 2.
    largest_term, largest_outcome : float
        Ends of the axes, in (0, 1).

    Returns
    -------
    DataFrame, points² rows
        As `adjusted_estimates`, ``r2_term`` running fastest.
    """
    if points < 2 or not 0 < largest_term < 1 or not 0 < largest_outcome <= 1:
        raise ValueError("a grid needs at least 2 points and ends strictly between 0 and 1")
    term, outcome = np.meshgrid(np.linspace(0, largest_term, points), np.linspace(0, largest_outcome, points))
    return adjusted_estimates(
        estimate, std_error, df, term.ravel(), outcome.ravel(), toward_zero=toward_zero, level=level
    )


def confounder_bounds(
    data: pd.DataFrame,
    outcome: str,
    term: str,
    covariates: Sequence[str],
    benchmarks: Sequence[str],
    *,
    multiples: Sequence[float] = (1.0, 2.0, 3.0),
    level: float = 0.95,
) -> tuple[Robustness, pd.DataFrame]:
    """Estimates beside unmeasured causes as strong as observed covariates, or several times as strong.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete numeric columns.
    outcome, term : str
        Columns.
    covariates : sequence of str
        Held in the regression; the benchmarks among them.
    benchmarks : sequence of str
        Covariates to compare with, each on its own.
    multiples : sequence of float
        How many times as strong, with term and outcome alike; > 0.
    level : float

    Returns
    -------
    tuple of Robustness and DataFrame
        Of the regression without them; and a row a benchmark and multiple: ``benchmark, multiple, r2_term,
        r2_outcome, estimate, std_error, statistic, p_value, conf_low, conf_high, undefined``.

    Raises
    ------
    DataError, IdentificationError
        As `servicefx.engines.linear.fit_ols`; also if a benchmark is not among the covariates.

    Notes
    -----
    Clusters and weights are not used: shares of variance are those of ordinary least squares.

    References
    ----------
    Cinelli & Hazlett (2020), sec. 4.4.
    """
    where = f"benchmarks for '{term}' on '{outcome}'"
    strangers = [name for name in benchmarks if name not in covariates]
    if strangers or not benchmarks:
        found = f"'{strangers[0]}' is not among the covariates" if strangers else "no benchmark is named"
        raise DataError(Problem(where, found, "Name covariates of the regression."))
    if not all(np.isfinite(k) and k > 0 for k in multiples) or not multiples:
        found = f"multiples {list(multiples)}, expected numbers above 0"
        raise DataError(Problem(where, found, "Give for instance 1, 2 and 3."))
    fit = fit_ols(data, outcome, [term, *covariates], covariance="classical")
    own = fit_ols(data, term, list(covariates), covariance="classical")
    estimate = fit.coefficient(term)
    error = float(fit.std_errors[fit.terms.index(term)])
    shares_outcome, shares_term = _partial_r2(fit), _partial_r2(own)
    table = pd.DataFrame(
        [
            (name, float(multiple), *_bound(shares_term[name], shares_outcome[name], float(multiple)))
            for name in benchmarks
            for multiple in multiples
        ],
        columns=["benchmark", "multiple", "r2_term", "r2_outcome", "undefined"],
    )
    possible = table["undefined"] == ""
    adjusted = adjusted_estimates(
        estimate,
        error,
        fit.df,
        table.loc[possible, "r2_term"].to_numpy(dtype=float),
        table.loc[possible, "r2_outcome"].to_numpy(dtype=float),
        level=level,
    ).set_index(table.index[possible])
    columns = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]
    table[columns] = adjusted[columns].reindex(table.index)
    table = table[["benchmark", "multiple", "r2_term", "r2_outcome", *columns, "undefined"]]
    return robustness_value(estimate, error, fit.df, level=level), table


def _partial_r2(fit: Estimates) -> dict[str, float]:
    """Share of the rest each term explains, from its classical t."""
    squared = (fit.coefficients / fit.std_errors) ** 2
    return dict(zip(fit.terms, (squared / (squared + fit.df)).tolist(), strict=True))


def _bound(term: float, outcome: float, multiple: float) -> tuple[float, float, str]:
    """Shares a cause explains that is ``multiple`` times as strong as a covariate, or why there are none."""
    if multiple * term >= 1 - term:
        why = f"no cause can be {multiple:g} times as strong: it would explain more than all of the term"
        return np.nan, np.nan, why
    bound_term = multiple * term / (1 - term)
    shared = multiple * term**2 / ((1 - multiple * term) * (1 - term))
    if shared >= 1:
        why = f"no cause can be {multiple:g} times as strong as this covariate"
        return np.nan, np.nan, why
    bound_outcome = ((np.sqrt(multiple) + np.sqrt(shared)) / np.sqrt(1 - shared)) ** 2
    bound_outcome *= outcome / (1 - outcome)
    if bound_outcome > 1:
        why = f"no cause can be {multiple:g} times as strong: it would explain more than all of the outcome"
        return np.nan, np.nan, why
    return float(bound_term), float(bound_outcome), ""

"""Scale scores of the simulated after-sales study, and the regressions its truth is stated for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from servicefx.study.after_sales.items import REVERSED_ITEMS, SCALES, item_names
from servicefx.study.after_sales.parameters import CUSTOMER, DIMENSIONS

__all__ = ["PANEL_REGRESSIONS", "REGRESSIONS", "Regression", "fit_panel", "fit_scores", "score_frame"]

Array = NDArray[np.float64]


class Regression(NamedTuple):
    """A regression on scores (or, over firms, on accounts) whose population value belongs to the truth."""

    hypothesis: str
    outcome: str
    terms: tuple[str, ...]
    model: str = "OLS"
    among: str = ""


_D = DIMENSIONS
_MORE_COMPLEX = (
    "product_complexity",
    "responsiveness*product_complexity",
    "empathy*product_complexity",
    "reliability*product_complexity",
    "technical_support*product_complexity",
)

REGRESSIONS: tuple[Regression, ...] = (
    Regression("H1", "satisfaction", _D),
    Regression("H1", "satisfaction", _D, "standardised OLS"),
    Regression("H1", "satisfaction", (*_D, "first_response_hours")),
    Regression("H15", "satisfaction", (*_D, "hours_within", "hours_beyond")),
    Regression("H15", "satisfaction", ("hours_within", "hours_beyond")),
    Regression("H2", "satisfaction", ("gap_gain", "gap_loss")),
    Regression("H18", "satisfaction", (*_D, "technical_support", *_MORE_COMPLEX)),
    Regression("H19", "satisfaction", (*_D, "service_failure", "log_tenure", "service_failure*log_tenure")),
    Regression("H8", "perceived_value", _D),
    Regression("H8", "satisfaction", (*_D, "perceived_value")),
    Regression("H9", "satisfaction", (*_D, "complaint_handling"), among="complained"),
    Regression("H9", "loyalty", ("satisfaction", "trust", "complaint_handling"), among="complained"),
    *(Regression("H3", name, ("staff_quality", "process", "technical_support")) for name in _D),
    Regression("H6", "trust", _D),
    Regression("H4", "loyalty", ("satisfaction",)),
    Regression("H6", "loyalty", ("satisfaction", "trust")),
    Regression("H6", "loyalty", ("satisfaction", "trust"), "standardised OLS"),
    Regression("H6", "loyalty", ("satisfaction", "trust", *_D)),
    *(
        Regression("H4", "repurchase", terms, model)
        for model in ("logit", "OLS")
        for terms in (("satisfaction",), ("satisfaction", *_D), ("satisfaction", "loyalty"), ("loyalty",))
    ),
    Regression("H5", "word_of_mouth", ("satisfaction",)),
)

PANEL_REGRESSIONS: tuple[Regression, ...] = (
    Regression("", "retention", ("satisfaction",), "two-way fixed effects"),
    Regression("", "retention", ("satisfaction",), "pooled OLS"),
    Regression("H17", "market_share", ("relative_service",), "two-way fixed effects"),
    Regression("H17", "market_share", ("relative_service",), "pooled OLS"),
    Regression("H11", "failure_cost", ("satisfaction",), "two-way fixed effects"),
    Regression("H11", "acquisition_cost", ("satisfaction",), "two-way fixed effects"),
    Regression("H14", "satisfaction", ("service_spending of the quarter before",), "two-way fixed effects"),
)


def score_frame(customers: pd.DataFrame) -> pd.DataFrame:
    """Scale scores and single measures of each customer, as a study of them has them.

    Parameters
    ----------
    customers : DataFrame
        As `servicefx.study.simulate.simulate` returns it.

    Returns
    -------
    DataFrame
        One float column a construct: the mean of the answered items, reversed ones turned, if at least half
        are answered, else NaN; expectations as ``<dimension>_e``; the mean gap cut in ``gap_gain`` and
        ``gap_loss`` (both >= 0); hours cut at the tolerated wait.
    """
    turned = customers.assign(**{item: 8.0 - customers[item] for item in REVERSED_ITEMS})
    scores = {name: _score(turned[item_names(name)]) for name in SCALES}
    scores |= {f"{name}_e": _score(turned[item_names(name, expectation=True)]) for name in DIMENSIONS}
    gap = np.mean([scores[name] - scores[f"{name}_e"] for name in DIMENSIONS], axis=0)
    hours = customers["first_response_hours"].to_numpy(np.float64)
    limit = CUSTOMER["tolerated_hours"]
    scores |= {
        "gap_gain": np.maximum(gap, 0.0),
        "gap_loss": np.maximum(-gap, 0.0),
        "hours_within": np.minimum(hours, limit),
        "hours_beyond": np.maximum(hours - limit, 0.0),
        "first_response_hours": hours,
        "log_tenure": np.log(customers["tenure_years"].to_numpy(np.float64).clip(0.1)),
        "word_of_mouth": customers["nps"].to_numpy(np.float64),
    }
    for name in ("product_complexity", "service_failure", "complained", "people_told", "repurchase"):
        scores[name] = customers[name].to_numpy(np.float64)
    return pd.DataFrame(scores)


def _score(items: pd.DataFrame) -> Array:
    """Mean of the answered items where at least half are answered."""
    answers = items.to_numpy(np.float64)
    n_answered = np.sum(~np.isnan(answers), axis=1)
    total = np.nansum(answers, axis=1)
    enough = 2 * n_answered >= answers.shape[1]
    return np.where(enough, total / np.maximum(n_answered, 1), np.nan)


def fit_scores(scores: pd.DataFrame, regression: Regression) -> Iterator[tuple[str, float]]:
    """Terms and coefficients of a regression on scores, plainly computed; rows with a gap are not used.

    Yields
    ------
    tuple of str and float
        Term and coefficient; for ordinary OLS also ``r_squared``.
    """
    rows = scores[scores[regression.among] > 0] if regression.among else scores
    columns = [_column(rows, name) for name in (regression.outcome, *regression.terms)]
    table = np.column_stack(columns)
    table = table[~np.isnan(table).any(axis=1)]
    if regression.model == "standardised OLS":
        table = (table - table.mean(axis=0)) / table.std(axis=0)
    y, x = table[:, 0], np.column_stack([table[:, 1:], np.ones(len(table))])
    beta = _logit(y, x) if regression.model == "logit" else np.linalg.solve(x.T @ x, x.T @ y)
    yield from zip(regression.terms, beta.tolist(), strict=False)
    if regression.model == "OLS":
        yield "r_squared", float(1.0 - np.var(y - x @ beta) / np.var(y))


def _column(scores: pd.DataFrame, name: str) -> Array:
    """A score, or the product of the scores whose names a star joins."""
    factors = [scores[part].to_numpy(np.float64) for part in name.split("*")]
    return np.asarray(np.prod(factors, axis=0), dtype=np.float64)


def _logit(y: Array, x: Array) -> Array:
    """Maximum likelihood by Newton's method."""
    beta = np.zeros(x.shape[1])
    for _ in range(25):
        chance = expit(x @ beta)
        step = np.linalg.solve(x.T @ (x * (chance * (1.0 - chance))[:, None]), x.T @ (y - chance))
        beta = beta + step
        if np.max(np.abs(step)) < 1e-10:
            return beta
    raise AssertionError("the logit of simulated scores did not converge")


def fit_panel(firms: pd.DataFrame, regression: Regression) -> float:
    """Slope of one account on another over firms and quarters (balanced panel).

    Returns
    -------
    float
        With firm and quarter effects taken out of both, or pooled.
    """
    term = regression.terms[0]
    cause = term.removesuffix(" of the quarter before")
    n_quarters = int(firms["quarter"].nunique())
    y = firms[regression.outcome].to_numpy(np.float64).reshape(-1, n_quarters)
    x = firms[cause].to_numpy(np.float64).reshape(-1, n_quarters)
    if cause != term:
        y, x = y[:, 1:], x[:, :-1]
    if regression.model == "two-way fixed effects":
        y, x = (v - v.mean(axis=1, keepdims=True) - v.mean(axis=0) + v.mean() for v in (y, x))
    else:
        y, x = y - y.mean(), x - x.mean()
    return float(np.sum(x * y) / np.sum(x * x))

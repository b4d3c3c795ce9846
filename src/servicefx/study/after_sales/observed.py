"""The truth of the simulated after-sales study: what a study of very many customers and firms would find."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from servicefx.study.after_sales.items import REVERSED_ITEMS, SCALES, item_names
from servicefx.study.after_sales.scores import (
    PANEL_REGRESSIONS,
    REGRESSIONS,
    Regression,
    fit_panel,
    fit_scores,
)
from servicefx.study.after_sales.structure import OF_CAUSE, TruthRow, columns_of

__all__ = ["HIGHLY_SATISFIED", "SATISFIED", "UNITS", "observed_rows"]

SATISFIED, HIGHLY_SATISFIED = 5.0, 6.33
"""Cut-offs of claim K2 on the satisfaction score."""

GROUPS = {
    "satisfied": (SATISFIED, HIGHLY_SATISFIED, "[5, 6.33)"),
    "highly_satisfied": (HIGHLY_SATISFIED, 8.0, "[6.33, 7]"),
    "dissatisfied": (0.0, 4.0, "[1, 4)"),
}
UNITS = {
    "repurchase": "share of customers",
    "people_told": "people",
    "word_of_mouth": "points of 0-10",
    "first_response_hours": "hours",
    "retention": "share of customers",
    "market_share": "share of the market",
    "profit": "thousand CNY a quarter",
    "failure_cost": "thousand CNY a quarter",
    "acquisition_cost": "CNY a new customer",
}
"""Unit of an outcome; those not named here are in points of 1-7."""


def observed_rows(customers: pd.DataFrame, scores: pd.DataFrame, firms: pd.DataFrame) -> list[TruthRow]:
    """Descriptions, score regressions and panel slopes of one simulated world.

    Parameters
    ----------
    customers, firms : DataFrame
        As `servicefx.study.simulate.simulate` returns them.
    scores : DataFrame
        `score_frame` of the customers.

    Returns
    -------
    list of dict
        Rows of the truth file, ``mc_error`` still 0.
    """
    return [*_described(customers, scores), *_regressed(scores), *_panel(firms)]


def _row(model: str, outcome: str, term: str, estimate: float, **words: str) -> TruthRow:
    columns = words.get("columns") or columns_of(outcome)
    return {
        "hypothesis": words.get("hypothesis", ""),
        "kind": "observed_score",
        "model": model,
        "outcome": outcome,
        "term": term,
        "columns": columns,
        "estimate": estimate,
        "mc_error": 0.0,
        "unit": words["unit"],
        "estimand": words["estimand"],
    }


def _described(customers: pd.DataFrame, scores: pd.DataFrame) -> Iterator[TruthRow]:
    """Means, reliabilities, net promoter score, and what customers do by their satisfaction."""
    for name in (*SCALES, "word_of_mouth", "people_told", "repurchase"):
        unit = UNITS.get(name, "points of 1-7")
        yield _row("mean", name, "mean", float(scores[name].mean()), unit=unit, estimand=f"mean of {name}")
    for name in SCALES:
        estimand = f"Cronbach's alpha of the items of {name}, all of them answered"
        yield _row("alpha", name, "alpha", _alpha(customers, name), unit="share", estimand=estimand)
    nps = customers["nps"]
    net = float((nps >= 9).mean() - (nps <= 6).mean())
    words = {"hypothesis": "H5", "unit": "share", "estimand": "share answering 9-10 less share answering 0-6"}
    yield _row("nps", "word_of_mouth", "net_promoter_score", net, **words)
    for claim, outcome in (("K2", "repurchase"), ("K6", "people_told")):
        for group, (low, high, range_) in GROUPS.items():
            is_member = (scores["satisfaction"] >= low) & (scores["satisfaction"] < high)
            words = {
                "hypothesis": claim,
                "columns": columns_of(outcome, "satisfaction"),
                "unit": UNITS[outcome],
                "estimand": f"mean of {outcome} among customers whose satisfaction score lies in {range_}",
            }
            yield _row(
                "by satisfaction", outcome, group, float(scores.loc[is_member, outcome].mean()), **words
            )


def _alpha(customers: pd.DataFrame, construct: str) -> float:
    names = item_names(construct)
    items = customers[names].dropna()
    items = items.assign(**{item: 8.0 - items[item] for item in REVERSED_ITEMS if item in names})
    return float(len(names) / (len(names) - 1) * (1.0 - items.var().sum() / items.sum(axis=1).var()))


def _regressed(scores: pd.DataFrame) -> Iterator[TruthRow]:
    """Coefficients of every score regression."""
    for regression in REGRESSIONS:
        model = f"{regression.model}: {regression.outcome} ~ {' + '.join(regression.terms)}"
        model += f" (among {regression.among})" if regression.among else ""
        for term, value in fit_scores(scores, regression):
            named = (regression.outcome,) if term == "r_squared" else (term, regression.outcome)
            words = {
                "hypothesis": _hypothesis(regression, term),
                "columns": columns_of(*named),
                "unit": _slope_unit(regression, term),
                "estimand": f"what {model} gives for {term} on observed scores, over all customers",
            }
            yield _row(model, regression.outcome, term, value, **words)


def _hypothesis(regression: Regression, term: str) -> str:
    """Of a term: what drives satisfaction has one each."""
    if regression.hypothesis != "H1":
        return regression.hypothesis
    return "H15" if term == "first_response_hours" else OF_CAUSE.get(term, "H1")


def _slope_unit(regression: Regression, term: str) -> str:
    if term == "r_squared":
        return "share"
    if regression.model == "standardised OLS":
        return "standard deviations per standard deviation"
    unit = "log-odds" if regression.model == "logit" else UNITS.get(regression.outcome, "points of 1-7")
    return f"{unit} per unit of the term"


def _panel(firms: pd.DataFrame) -> Iterator[TruthRow]:
    """Slopes over firms and quarters; the pooled ones are biased by the firms' standing."""
    for regression in PANEL_REGRESSIONS:
        term = regression.terms[0]
        cause = term.removesuffix(" of the quarter before")
        model = f"{regression.model}: {regression.outcome} ~ {term}"
        words = {
            "hypothesis": regression.hypothesis,
            "columns": f"{cause} {regression.outcome}",
            "unit": f"{UNITS.get(regression.outcome, 'points of 1-7')} per unit of the term",
            "estimand": f"what {model} gives over all firms there could be, observed for 24 quarters",
        }
        yield _row(model, regression.outcome, term, fit_panel(firms, regression), **words)

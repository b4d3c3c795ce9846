"""The after-sales benefit: a formative index of economic, social and relationship families."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from servicefx import pls
from servicefx.errors import DataError, Problem, StudyError
from servicefx.measurement.rules import Judged, judge, rules_frame
from servicefx.pls.criteria.collinearity import inflation
from servicefx.syntax.table import Operator, ParameterRow, ParameterTable

__all__ = ["INDEX", "BenefitIndex", "benefit_index"]

INDEX = "after_sales_benefit"
"""Id of the index among the constructs."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BenefitIndex:
    """A benefit index with everything a formative construct has to show.

    Attributes
    ----------
    families : DataFrame
        ``construct, estimate, std_error, conf_low, conf_high, p_value, loading, vif, share``: weight of every
        family in the index, its loading, its collinearity with the other families, and its share of the
        index's variance (weight times loading; the shares sum to 1).
    items : DataFrame
        ``construct, item`` and the same columns: weights of items in their families.
    redundancy : DataFrame
        ``outcome, estimate, conf_low, conf_high``: path from the index to each measure of the benefit as a
        whole; standardised, in [-1, 1].
    rules : DataFrame
        Collinearity and redundancy held against their thresholds; see `servicefx.measurement.rules`.
    problems : tuple of Problem
        Negative weights, items without a contribution, resamples without an answer.
    n_obs : int
        Complete rows.
    fit : PlsFit
        The model behind it.
    """

    families: pd.DataFrame
    items: pd.DataFrame
    redundancy: pd.DataFrame
    rules: pd.DataFrame
    problems: tuple[Problem, ...]
    n_obs: int
    fit: pls.PlsFit


def benefit_index(
    items: pd.DataFrame,
    families: Mapping[str, Sequence[str]],
    outcome: Mapping[str, Sequence[str]] | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    jobs: int = 1,
    analysis_id: str = "data",
    clusters: ArrayLike | pd.Series | None = None,
) -> BenefitIndex:
    """Weigh families of benefits into one index.

    Parameters
    ----------
    items : DataFrame, shape (n, >= p)
        Answers, reversed items turned. Rows with a gap are not used.
    families : mapping of str to sequence of str
        Family (``economic``, ``social``, ``relationship``, ...) -> its items; at least two families.
    outcome : mapping of str to sequence of str
        A measure of the benefit as a whole, or what the benefit should bring about -> its items. Without one
        nothing tells the weights of a formative construct, and the index is refused.
    draws : int
        Resamples behind the intervals.
    seed : int
        The study's seed.
    level : float
        Strictly between 0 and 1.
    jobs : int
        Threads.
    analysis_id : str
        Name of the data file.
    clusters : array_like, shape (n,), optional
        Whole clusters are drawn where given.

    Returns
    -------
    BenefitIndex
        Weights standardised, Mode B at both levels, in two disjoint stages; intervals are percentiles of the
        bootstrap.

    Raises
    ------
    StudyError
        If there are fewer than two families, or no outcome.
    DataError
        If an item is absent, constant, holds text or repeats others.

    References
    ----------
    Diamantopoulos & Winklhofer (2001), J. Marketing Research 38, 269-277 (formative indices). Cenfetelli &
    Bassellier (2009), MIS Quarterly 33, 689-708 (weights, collinearity). Hair, Hult, Ringle & Sarstedt
    (2022), A Primer on PLS-SEM, 3rd ed., pp. 143-145 (redundancy: a path of .70 or more to a global measure).
    """
    outcome = outcome or {}
    _check(families, outcome)
    fit = pls.fit(_model(families, outcome), items, second_order="disjoint", level=level)
    drawn = pls.bootstrap(
        fit, items, draws, seed, jobs=jobs, quantities=("paths", "weights"), analysis_id=analysis_id,
        clusters=clusters,
    )  # fmt: skip
    weights = drawn.table(quantity="weight").rename(columns={"lhs": "construct", "rhs": "item"})
    weights["loading"] = fit.loadings["estimate"].to_numpy()
    weights["vif"] = np.concatenate([_inflation(fit, name) for name in fit.model.constructs])
    weights["share"] = weights["estimate"] * weights["loading"]
    columns = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "loading", "vif", "share"]
    of_index = weights[weights["construct"] == INDEX]
    of_items = weights[weights["construct"].isin(list(families))]
    paths = drawn.table(quantity="path").rename(columns={"lhs": "outcome"})
    return BenefitIndex(
        families=of_index.assign(construct=of_index["item"])[["construct", *columns]].reset_index(drop=True),
        items=of_items[["construct", "item", *columns]].reset_index(drop=True),
        redundancy=paths[["outcome", "estimate", "conf_low", "conf_high"]],
        rules=rules_frame([*_collinearity(of_index), *_collinearity(of_items), *_redundancy(paths)]),
        problems=(*_problems(of_index, of_items), *drawn.problems),
        n_obs=fit.n_obs,
        fit=fit,
    )


def _check(families: Mapping[str, Sequence[str]], outcome: Mapping[str, Sequence[str]]) -> None:
    problems = []
    if len(families) < 2:
        found = f"{len(families)} family of benefits, at least two expected"
        problems.append(Problem("benefit index", found, "Name e.g. economic, social and relationship items."))
    if not outcome:
        found = "no measure of the benefit as a whole: nothing tells the weights of a formative index"
        remedy = (
            "Name a global item ('All in all, the service pays'), or what the benefit should bring about."
        )
        problems.append(Problem("benefit index", found, remedy))
    problems += [
        Problem(f"benefit index: '{name}'", "measured by nothing", "List its items, or leave it out.")
        for name, block in [*families.items(), *outcome.items()]
        if not block
    ]
    taken = [name for name in (*families, *outcome) if name == INDEX]
    if taken:
        raise DataError(Problem("benefit index", f"'{INDEX}' is the index itself", "Rename the family."))
    if problems:
        raise StudyError(*problems)


def _model(families: Mapping[str, Sequence[str]], outcome: Mapping[str, Sequence[str]]) -> ParameterTable:
    lines: list[tuple[str, Operator, str]] = [
        (family, "<~", item) for family, block in families.items() for item in block
    ]
    lines += [(INDEX, "<~", family) for family in families]
    lines += [(name, "=~", item) for name, block in outcome.items() for item in block]
    lines += [(name, "~", INDEX) for name in outcome]
    return ParameterTable(rows=tuple(ParameterRow(lhs=lhs, op=op, rhs=rhs) for lhs, op, rhs in lines))


def _inflation(fit: pls.PlsFit, construct: str) -> np.ndarray:
    run, at = fit.solution.measuring(construct)
    block = list(run.stage.design.blocks[at])
    return inflation(run.correlation[0][np.ix_(block, block)])


def _collinearity(weights: pd.DataFrame) -> Iterable[Judged]:
    for row in weights.to_dict("records"):
        yield judge("collinearity", f"{row['construct']}: {row['item']}", float(row["vif"]))


def _redundancy(paths: pd.DataFrame) -> Iterable[Judged]:
    for row in paths.to_dict("records"):
        yield judge(
            "redundancy", f"{INDEX} → {row['outcome']}", float(row["estimate"]), float(row["conf_low"]),
            float(row["conf_high"]),
        )  # fmt: skip


def _problems(of_index: pd.DataFrame, of_items: pd.DataFrame) -> Iterable[Problem]:
    """Weights below zero, and items that neither weigh nor load."""
    for row in [*of_index.to_dict("records"), *of_items.to_dict("records")]:
        where = f"'{row['item']}' in '{row['construct']}'"
        if row["estimate"] < 0 < row["loading"]:
            found = f"its weight is negative ({row['estimate']:.2f}), its loading positive"
            yield Problem(where, found, "Look for entries that repeat it; do not read it as a harm.")
        elif row["conf_low"] < 0 < row["conf_high"] and abs(row["loading"]) < 0.5:
            found = f"neither its weight nor its loading ({row['loading']:.2f}) shows a contribution"
            yield Problem(where, found, "Keep it only if the theory needs it.")

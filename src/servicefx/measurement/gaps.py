"""Scores behind SERVQUAL: perception, expectation and gap of each person, and the rows that average them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from servicefx.errors import DataError, Problem, closest
from servicefx.measurement.answers import mean_of
from servicefx.study.scores import mean_of_answered

__all__ = [
    "ROW_COLUMNS",
    "check_columns",
    "item_rows",
    "lacking",
    "mean_rows",
    "paired_scores",
    "scores_by_dimension",
]

ROW_COLUMNS = (
    "construct", "measure", "estimate", "std_error", "conf_low", "conf_high", "n_obs", "undefined",
)  # fmt: skip


def check_columns(
    answers: pd.DataFrame,
    dimensions: Mapping[str, Sequence[str]],
    expectation: Mapping[str, Sequence[str]],
    importance: Mapping[str, object],
) -> None:
    """Refuse what fits nothing: unknown dimensions and columns, lists of unequal length."""
    problems = []
    for what, given in (("expectation", expectation), ("importance", importance)):
        for name in given:
            if name not in dimensions:
                found = f"'{name}' is not a dimension{closest(name, list(dimensions))}"
                problems.append(Problem(what, found, "Correct the name."))
    for what, lists in (("items", dimensions), ("expectation", expectation)):
        for name, columns in lists.items():
            for column in columns:
                if column not in answers.columns:
                    known = [str(known) for known in answers.columns]
                    found = f"column '{column}' is not there{closest(column, known)}"
                    problems.append(Problem(f"{what} of '{name}'", found, "Correct the name."))
    for name, columns in expectation.items():
        if name in dimensions and len(columns) != len(dimensions[name]):
            found = f"{len(columns)} expectation items for {len(dimensions[name])} items"
            problems.append(Problem(f"expectation of '{name}'", found, "Give one for each item."))
    if problems:
        raise DataError(*problems)


def scores_by_dimension(
    answers: pd.DataFrame, columns: Mapping[str, Sequence[str]], complete: bool
) -> pd.DataFrame:
    """Mean of the answered items of each person and dimension."""
    return pd.DataFrame(
        {name: mean_of_answered(answers[list(items)], complete=complete) for name, items in columns.items()},
        index=answers.index,
        dtype="float64",
    )


def paired_scores(
    answers: pd.DataFrame,
    dimensions: Mapping[str, Sequence[str]],
    expectation: Mapping[str, Sequence[str]],
    complete: bool,
) -> dict[str, pd.DataFrame]:
    """Perception, expectation and gap scores of the pairs both of which are answered."""
    parts: dict[str, dict[str, pd.Series]] = {"perception": {}, "expectation": {}, "gap": {}}
    for name, expected_items in expectation.items():
        perceived = answers[list(dimensions[name])].astype("float64")
        expected = answers[list(expected_items)].astype("float64").set_axis(perceived.columns, axis=1)
        gaps = perceived - expected
        parts["perception"][name] = mean_of_answered(perceived.where(gaps.notna()), complete=complete)
        parts["expectation"][name] = mean_of_answered(expected.where(gaps.notna()), complete=complete)
        parts["gap"][name] = mean_of_answered(gaps, complete=complete)
    return {
        measure: pd.DataFrame(scores, index=answers.index, dtype="float64")
        for measure, scores in parts.items()
        if scores
    }


def lacking(dimensions: Mapping[str, object], given: Mapping[str, object], what: str) -> str:
    """Which dimensions go without something, in words; empty where none does."""
    names = [f"'{name}'" for name in dimensions if name not in given]
    return f"no {what} of {', '.join(names)}" if names else ""


def mean_rows(
    measure: str,
    scores: pd.DataFrame,
    names: Sequence[str] | Mapping[str, object],
    options: Mapping[str, Any],
    *,
    absent: str = "",
    undefined: str = "",
) -> list[dict[str, object]]:
    """One row a dimension: its mean, or why there is none.

    ``absent`` is the reason for a dimension without scores, ``undefined`` a reason for all of them.
    """
    rows: list[dict[str, object]] = []
    for name in names:
        why = undefined or (absent if name not in scores else "")
        values = pd.Series(np.nan, index=scores.index) if why else scores[name]
        rows.append({"construct": name, "measure": measure, **_mean(values, options, why)})
    return rows


def _mean(values: pd.Series, options: Mapping[str, Any], undefined: str) -> dict[str, object]:
    answer = mean_of(values, **options)
    if not undefined and answer.n_obs == 0:
        undefined = "nobody answered"
    elif not undefined and np.isnan(answer.std_error):
        undefined = "one answer" if answer.n_obs == 1 else "all answers come from one cluster"
    return {
        "estimate": answer.estimate,
        "std_error": answer.std_error,
        "conf_low": answer.conf_low,
        "conf_high": answer.conf_high,
        "n_obs": answer.n_obs,
        "undefined": undefined,
    }


def item_rows(
    answers: pd.DataFrame,
    dimensions: Mapping[str, Sequence[str]],
    expectation: Mapping[str, Sequence[str]],
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """Means of every item: perception, and of its pairs expectation and gap."""
    rows = []
    for name, items in dimensions.items():
        pairs = expectation.get(name, [None] * len(items))
        for item, other in zip(items, pairs, strict=True):
            perceived = answers[item].astype("float64")
            parts = {"servperf": perceived}
            if other is not None:
                expected = answers[other].astype("float64")
                both = perceived.notna() & expected.notna()
                parts["perception"] = perceived.where(both)
                parts["expectation"] = expected.where(both)
                parts["gap"] = perceived - expected
            for measure, values in parts.items():
                head = {"construct": name, "item": item, "measure": measure}
                rows.append({**head, **_mean(values, options, "")})
    return pd.DataFrame(rows, columns=["construct", "item", *ROW_COLUMNS[1:]])

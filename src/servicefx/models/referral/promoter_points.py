"""Answers from 0 to 10 as points of a net promoter score, and the groups they are asked of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.study.wording import number, rows_shown, values_shown

__all__ = ["groups_of", "promoter_points"]

Floats = NDArray[np.float64]
PROMOTER, DETRACTOR = 9.0, 6.0
"""Promoters answer 9 or 10, detractors 0 to 6, passives 7 or 8."""


def promoter_points(
    data: pd.DataFrame,
    recommend: str,
    by: Sequence[str],
    weights: pd.Series | None,
    clusters: pd.Series | None,
) -> tuple[Floats, Floats, NDArray[np.intp] | None]:
    """100 for a promoter, -100 for a detractor, 0 for a passive, NaN for a gap; weights; clusters."""
    where = f"net promoter score of '{recommend}'"
    absent = [name for name in (recommend, *by) if name not in data.columns]
    if absent:
        raise DataError(Problem(where, f"column '{absent[0]}' is not in the data", "Correct the name."))
    answers = data[recommend].to_numpy(dtype=float, copy=True)
    known = np.isfinite(answers)
    wrong = known & ((answers < 0) | (answers > 10) | (answers != np.floor(answers)))
    if wrong.any():
        values = values_shown([number(value) for value in dict.fromkeys(answers[wrong])])
        found = (
            f"'{recommend}' holds {values} ({rows_shown(int(at) for at in np.flatnonzero(wrong))}), expected "
        )
        remedy = (
            "Ask how likely customers are to recommend on a scale from 0 to 10, or read its mean instead."
        )
        raise DataError(Problem(where, found + "whole numbers from 0 to 10", remedy))
    if not known.any():
        raise DataError(Problem(where, "nobody answered", "Check the missing codes."))
    points = 100.0 * (answers >= PROMOTER) - 100.0 * (answers <= DETRACTOR)
    w = np.ones(len(points)) if weights is None else weights.to_numpy(dtype=float, copy=True)
    codes = None if clusters is None else pd.factorize(clusters)[0].astype(np.intp)
    return np.where(known, points, np.nan), w, codes


def groups_of(data: pd.DataFrame, by: Sequence[str]) -> list[tuple[str, str, NDArray[np.bool_]]]:
    """Column, group and its rows: everybody first (both empty), then each group of each column, sorted."""
    found = [("", "", np.ones(len(data), dtype=bool))]
    for column in by:
        for value in sorted(data[column].dropna().unique()):
            name = number(value) if isinstance(value, float) else str(value)
            found.append((column, name, (data[column] == value).to_numpy(dtype=bool)))
    return found

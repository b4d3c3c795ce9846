"""What a caller hands over, checked: words to choose from, levels, counts, and columns beside the rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.pls.choice_problems import level_problems
from servicefx.sem.choices import whole_number

__all__ = ["beside_rows", "check_choice", "check_draws", "check_level"]


def check_choice(name: str, value: object, known: Sequence[str]) -> None:
    """Raise StudyError where an argument is none of the words known, listing them."""
    if value not in known:
        found = f"'{value}' is not known{closest(str(value), known)}"
        raise StudyError(Problem(name, found, f"Choose among {', '.join(known)}."))


def check_level(level: object) -> None:
    """Raise StudyError where a level of intervals is not strictly between 0 and 1."""
    problems = level_problems(level)
    if problems:
        raise StudyError(*problems)


def check_draws(draws: object, *, least: int = 0) -> None:
    """Raise StudyError where a number of resamples is not a whole number from ``least``."""
    problems = whole_number("draws", draws, least, "Choose e.g. 1000.")
    if problems:
        raise StudyError(*problems)


def beside_rows(values: ArrayLike | pd.Series, rows: pd.DataFrame, what: str) -> pd.Series:
    """Weights or labels of the rows of a frame, one each, with the frame's index.

    Parameters
    ----------
    values : array_like or Series, shape (n,)
        In the order of the rows; a Series must carry their index, in their order.
    rows : DataFrame, shape (n, .)
    what : str
        What they are, for messages: ``"weights"``.

    Returns
    -------
    Series, shape (n,)
        Gaps are kept.

    Raises
    ------
    DataError
        If there are not as many as rows, or the index is another: then their order says nothing about
        which row each belongs to.
    """
    if np.shape(values) != (len(rows),):
        found = f"{np.size(values)} {what} for {len(rows)} rows"
        raise DataError(Problem(what, found, "Give one a row."))
    if not isinstance(values, pd.Series):
        return pd.Series(np.asarray(values), index=rows.index)
    if not values.index.equals(rows.index):
        found = "their index is not that of the items"
        raise DataError(Problem(what, found, "Take both from the same frame."))
    return values

"""Importance points: what a person gives each dimension of 100, read with an account of what was mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servicefx.errors import DataError, Problem, closest

__all__ = ["POINTS", "ImportancePoints", "importance_points"]

POINTS = 100.0
"""What the points of a person must add up to."""
_ROUNDING = 0.5  # thirds and sevenths written to one decimal


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ImportancePoints:
    """Points of the dimensions that add up to 100 for each person.

    Attributes
    ----------
    points : DataFrame, shape (n, n_dimensions)
        In [0, 100], each row adding up to 100; NaN throughout the row of a person who cannot be used.
    counts : mapping of str to int
        Persons by what was done: ``"points did not add up to 100, rescaled"``,
        ``"blank points read as 0"``; and not used: ``"points missing"``, ``"all points 0"``.
    """

    points: pd.DataFrame
    counts: Mapping[str, int]


def importance_points(
    answers: pd.DataFrame, importance: Mapping[str, str] | Mapping[str, float]
) -> ImportancePoints:
    """Points of each dimension, brought to a sum of 100 a person.

    Parameters
    ----------
    answers : DataFrame, shape (n, p)
        Holds the columns of points where ``importance`` names columns.
    importance : mapping of str to str, or of str to float
        Dimension -> column of points, or the same points for everybody.

    Returns
    -------
    ImportancePoints
        A blank is 0 where the other points add up to 100 by themselves (a dimension left empty because it
        does not matter); otherwise a person with a blank is not used.

    Raises
    ------
    DataError
        If a column is not there, or points are below 0 or not finite, or constant points are all 0.

    References
    ----------
    Parasuraman, Berry & Zeithaml (1991), J. Retailing 67, 420-450 (100 points over the dimensions).

    Examples
    --------
    >>> given = pd.DataFrame({"a": [60.0, 30.0, 100.0], "b": [40.0, 30.0, np.nan]})
    >>> read = importance_points(given, {"speed": "a", "care": "b"})
    >>> read.points.to_numpy().tolist()
    [[60.0, 40.0], [50.0, 50.0], [100.0, 0.0]]
    >>> read.counts["points did not add up to 100, rescaled"]
    1
    """
    given = pd.DataFrame(
        {dimension: _column(answers, value) for dimension, value in importance.items()},
        index=answers.index,
        dtype="float64",
    )
    values = given.to_numpy(dtype=np.float64, copy=True)
    for place, (dimension, value) in enumerate(importance.items()):
        wrong = (values[:, place] < 0) | np.isinf(values[:, place])
        if wrong.any():
            where = f"column '{value}'" if isinstance(value, str) else f"importance of '{dimension}'"
            found = f"{int(wrong.sum())} points are below 0 or infinite, expected 0 to {POINTS:g}"
            raise DataError(Problem(where, found, "Correct the points, or declare a missing code."))
    blank = np.isnan(values)
    total = np.where(blank, 0.0, values).sum(axis=1)
    adds_up = np.abs(total - POINTS) <= _ROUNDING
    some_blank, no_answer = blank.any(axis=1), blank.all(axis=1)
    lost = no_answer | (some_blank & ~adds_up)
    zero = ~lost & (total == 0)
    constant = not any(isinstance(value, str) for value in importance.values())
    if constant and len(values) and zero.all():
        raise DataError(Problem("importance", "all points are 0", f"State points that add up to {POINTS:g}."))
    used = ~lost & ~zero
    points = np.full_like(values, np.nan)
    points[used] = np.where(blank, 0.0, values)[used] * (POINTS / total[used])[:, None]
    counts = {
        f"points did not add up to {POINTS:g}, rescaled": int((used & ~adds_up).sum()),
        "blank points read as 0": int((used & some_blank).sum()),
        "points missing": int(lost.sum()),
        "all points 0": int(zero.sum()),
    }
    return ImportancePoints(
        points=pd.DataFrame(points, index=answers.index, columns=given.columns),
        counts={reason: count for reason, count in counts.items() if count},
    )


def _column(answers: pd.DataFrame, value: str | float) -> pd.Series[float]:
    if not isinstance(value, str):
        return pd.Series(float(value), index=answers.index)
    if value not in answers.columns:
        found = f"column '{value}' is not there{closest(value, [str(name) for name in answers.columns])}"
        raise DataError(Problem("importance", found, "Correct the name."))
    return answers[value].astype("float64")

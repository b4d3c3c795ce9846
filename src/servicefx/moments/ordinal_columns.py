"""Ordinal and continuous columns of a frame as codes and numbers, or a refusal that names the column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, closest
from servicefx.moments.checks import check_collinear, check_not_constant, refusal

__all__ = ["OrdinalColumns", "ordinal_columns"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
_MOST_LEVELS = 100
"""More categories than this are a measurement, not a scale; tables of all pairs would fill the memory."""
_SMALL_RANGE = 1024
"""Integer answers within this range are counted rather than sorted."""
_EXACT = 2**53
"""Whole numbers below this are exact in double precision."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OrdinalColumns:
    """Columns of a frame, ordinal ones coded 0, 1, …, continuous ones as numbers.

    Attributes
    ----------
    names : tuple of str, length p
    ordered : tuple of bool, length p
    levels : tuple of tuples, length p
        Observed categories in order; () for continuous columns.
    codes : ndarray of int, shape (q, n)
        Of the q ordinal columns, in the order of the frame.
    n_levels : ndarray of int, shape (q,)
    values : ndarray, shape (c, n)
        Of the c continuous columns, in the order of the frame.
    """

    names: tuple[str, ...]
    ordered: tuple[bool, ...]
    levels: tuple[tuple[object, ...], ...]
    codes: Codes
    n_levels: NDArray[np.intp]
    values: Floats


def ordinal_columns(frame: pd.DataFrame, ordered: Sequence[str]) -> OrdinalColumns:
    """Codes and numbers of a frame's columns.

    Parameters
    ----------
    frame : DataFrame, shape (n, p)
        Complete rows.
    ordered : sequence of str
        The ordinal columns, in any order.

    Returns
    -------
    OrdinalColumns

    Raises
    ------
    DataError
        Naming every column that is absent, repeated, incomplete, constant, unordered text, or ordinal
        with one category or more than 100; or continuous columns that add up to one another.
    """
    names = tuple(str(name) for name in frame.columns)
    asked = {str(name) for name in ordered}
    _check_names(names, asked)
    if len(frame) < 2:
        raise refusal("rows", f"{len(frame)} complete rows, at least 2 expected", "Add rows to the data.")
    problems: list[Problem] = []
    codes: list[Codes] = []
    values: list[Floats] = []
    levels: list[tuple[object, ...]] = []
    for name, (_, column) in zip(names, frame.items(), strict=True):
        try:
            if name in asked:
                code, found = _coded(name, column)
                codes.append(code)
            else:
                found = ()
                values.append(_numbers(name, column))
            levels.append(found)
        except DataError as fault:
            problems.extend(fault.problems)
    if problems:
        raise DataError(*problems)
    numbers = np.array(values, dtype=np.float64).reshape(len(values), len(frame))
    _check_continuous([name for name in names if name not in asked], numbers)
    return OrdinalColumns(
        names=names,
        ordered=tuple(name in asked for name in names),
        levels=tuple(levels),
        codes=np.array(codes, dtype=np.intp).reshape(len(codes), len(frame)),
        n_levels=np.array([len(found) for found in levels if found], dtype=np.intp),
        values=numbers,
    )


def _check_names(names: tuple[str, ...], asked: set[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    absent = sorted(asked - set(names))
    problems = [
        Problem(f"column '{name}'", "stands more than once", "Name every column once.") for name in twice
    ] + [
        Problem(
            f"ordered: '{name}'",
            f"no such column among those used{closest(name, names)}",
            "Correct the name.",
        )
        for name in absent
    ]
    if problems:
        raise DataError(*problems)


def _check_continuous(names: list[str], values: Floats) -> None:
    if not len(values):
        return
    sd = values.std(axis=1)
    check_not_constant(tuple(names), sd, np.abs(values).max(axis=1))
    if len(values) > 1:
        check_collinear(names, np.array(np.corrcoef(values), dtype=np.float64))


def _coded(name: str, column: pd.Series) -> tuple[Codes, tuple[object, ...]]:
    """Codes 0, 1, … of one ordinal column and its observed categories in order."""
    found: tuple[object, ...]
    kind = column.dtype
    if isinstance(kind, np.dtype) and kind.kind in "iu":
        code, present = _ranked(column.to_numpy().astype(np.intp, copy=False))
        found = tuple(present.tolist())
    elif isinstance(kind, pd.CategoricalDtype) and kind.ordered:
        place = column.cat.codes.to_numpy().astype(np.intp)
        _check_gaps(name, int((place < 0).sum()), len(place))
        code, present = _ranked(place)
        found = tuple(column.cat.categories[at] for at in present.tolist())
    else:
        code, present = _ranked(_numbers(name, column))
        found = tuple(present.tolist())
        if pd.api.types.is_bool_dtype(kind):
            found = tuple(bool(at) for at in found)
    if len(found) < 2:
        text = f"holds only the category '{found[0]}', at least two expected"
        raise refusal(f"column '{name}'", text, "Leave it out of the model.")
    if len(found) > _MOST_LEVELS:
        text = f"holds {len(found)} categories, at most {_MOST_LEVELS} expected of an ordinal column"
        raise refusal(f"column '{name}'", text, "Treat it as continuous, or merge categories.")
    return code, found


def _ranked(number: NDArray[np.intp] | Floats) -> tuple[Codes, NDArray[np.intp] | Floats]:
    """Rank of each value among the distinct ones, and these in increasing order."""
    if number.dtype.kind == "f":
        whole = np.rint(number)
        if np.array_equal(whole, number) and np.abs(whole).max() < _EXACT:
            code, answers = _ranked(np.asarray(whole, dtype=np.intp))
            return code, np.array(answers, dtype=np.float64)
    else:
        least = int(number.min())
        if int(number.max()) - least < _SMALL_RANGE:
            shifted = (number - least).astype(np.intp)
            held = np.bincount(shifted) > 0
            rank = np.cumsum(held) - 1
            present_whole = np.asarray(np.flatnonzero(held) + least, dtype=np.intp)
            return np.asarray(rank[shifted], dtype=np.intp), present_whole
    present, place = np.unique(number, return_inverse=True)
    return np.asarray(place, dtype=np.intp), np.asarray(present, dtype=np.float64)


def _numbers(name: str, column: pd.Series) -> Floats:
    """One column as complete floats; unordered text is refused."""
    where = f"column '{name}'"
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    try:
        number = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        text = "holds text without an order, numbers or an ordered categorical expected"
        raise refusal(where, text, "Recode it as numbers, or state the order of its categories.") from None
    _check_gaps(name, int((~np.isfinite(number)).sum()), len(number))
    return number


def _check_gaps(name: str, gaps: int, rows: int) -> None:
    if gaps:
        found = f"{gaps} of {rows} values are missing, complete rows expected"
        raise refusal(f"column '{name}'", found, "Drop or fill the incomplete rows, and say so.")

"""Faults of columns: texts among numbers, answers outside their scale, nothing told apart, copies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem
from servicefx.study.missing import Answers
from servicefx.study.places import quoted, toml_path
from servicefx.study.roles import Use
from servicefx.study.spec import ScaleSpec
from servicefx.study.wording import number, rows_shown, values_shown

__all__ = ["told_below_zero", "told_out_of_range", "told_sameness", "told_texts"]


def told_texts(
    answers: Answers, column: str, scales: Mapping[str, ScaleSpec], file: str, data: str
) -> list[Problem]:
    """Texts in a column of numbers, with rows and a missing code to declare if they mean no answer."""
    if not answers.not_numbers:
        return []
    found = list(dict.fromkeys(answers.not_numbers.values()))
    scale = next(iter(scales.values()), None)
    expected = f"a number from {number(scale.min)} to {number(scale.max)}" if scale else "a number"
    are = "is" if len(found) == 1 else "are"
    key = column if column.isidentifier() and column.isascii() else f'"{column}"'
    codes = ", ".join(f'"{text}"' for text in found[:5]) + (", …" if len(found) > 5 else "")
    remedy = (
        f"Correct the file, or declare a missing code: missing_in = {{ {key} = [{codes}] }} "
        f"under [{toml_path(('data', data))}]."
    )
    if scale is None and len(found) == 2 and np.isnan(answers.numeric).all():  # yes and no
        remedy = "Recode it to 0 and 1."
    return [
        Problem(
            f"{file}: column '{column}', {rows_shown(answers.not_numbers)}",
            f"{values_shown(found, quote=True)} {are} text, expected {expected}",
            remedy,
        )
    ]


def told_out_of_range(
    values: NDArray[np.float64], column: str, name: str, scale: ScaleSpec, file: str
) -> list[Problem]:
    """Answers below or above their scale, with rows and range."""
    outside = np.flatnonzero((values < scale.min) | (values > scale.max))
    if not outside.size:
        return []
    found = list(dict.fromkeys(values[outside].tolist()))
    shown = [number(value) for value in found]
    codes = ", ".join(shown[:5]) + (", …" if len(shown) > 5 else "")
    ends = f"{number(scale.min)} to {number(scale.max)}"
    lies = "lies" if len(found) == 1 else "lie"
    return [
        Problem(
            f"{file}: column '{column}', {rows_shown(outside.tolist())}",
            f"{values_shown(shown)} {lies} outside scale '{name}' ({ends})",
            f"Correct the file, or declare a missing code: missing = [{codes}] "
            f"under [{toml_path(('scales', name))}].",
        )
    ]


def told_below_zero(values: NDArray[np.float64], column: str, file: str, data: str) -> list[Problem]:
    """Points or seconds below 0, with rows and values."""
    below = np.flatnonzero(values < 0)
    if not below.size:
        return []
    shown = [number(value) for value in dict.fromkeys(values[below].tolist())]
    key = column if column.isidentifier() and column.isascii() else f'"{column}"'
    codes = ", ".join(shown[:5]) + (", …" if len(shown) > 5 else "")
    return [
        Problem(
            f"{file}: column '{column}', {rows_shown(below.tolist())}",
            f"{values_shown(shown)} {'is' if len(shown) == 1 else 'are'} below 0, expected a number from 0",
            f"Correct the file, or declare a missing code: missing_in = {{ {key} = [{codes}] }} "
            f"under [{toml_path(('data', data))}].",
        )
    ]


def told_sameness(
    frame: pd.DataFrame, by_column: Mapping[str, Sequence[Use]], file: str
) -> Iterator[Problem]:
    """Columns without an answer, with one answer only, and columns that are copies of another."""
    first: dict[bytes, str] = {}
    copies: dict[str, list[str]] = {}
    for column, column_uses in by_column.items():
        if not {use.role for use in column_uses} & {"item", "expectation", "measure", "covariate", "group"}:
            continue
        known = frame[column].dropna()
        where = f"{file}: column '{column}'"
        if not len(known):
            yield Problem(
                where,
                f"all {len(frame)} answers are missing",
                "Remove the column from the study file, or correct its missing codes.",
            )
        elif (known == known.iloc[0]).all():
            value = known.iloc[0]
            shown = f"'{value}'" if isinstance(value, str) else number(float(value))
            yield Problem(
                where,
                f"every answer is {shown}, so the column tells nothing apart",
                "Remove the column from the study file, or export it again.",
            )
        elif pd.api.types.is_numeric_dtype(frame[column].dtype):
            original = first.setdefault(frame[column].to_numpy(dtype=np.float64).tobytes(), column)
            if original != column:
                copies.setdefault(original, [original]).append(column)
    for names in copies.values():
        yield Problem(
            f"{file}: columns {quoted(names)}",
            f"all {len(frame)} answers are the same in these columns",
            "Keep one of them in the study file, or export the others again.",
        )

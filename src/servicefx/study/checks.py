"""A raw table beside its study file: cleaned columns, and every fault of the data at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem, closest
from servicefx.study.files import RawTable
from servicefx.study.missing import DECLARED_IN_FILE, Answers, MissingCodes, numbers, texts
from servicefx.study.places import Finding, quoted, toml_path
from servicefx.study.roles import Use, scales_of, uses
from servicefx.study.rows import check_rows
from servicefx.study.spec import DataSpec, ScaleSpec, StudySpec
from servicefx.study.wording import number, rows_shown, values_shown

__all__ = ["Cleaned", "check_data"]

_REMEDIES = {
    "item": "Correct the name, or remove the item.",
    "expectation": "Correct the name, or remove the expectation items.",
    "covariate": "Correct the name, or remove the covariate.",
}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Cleaned:
    """One data file after reading and checking.

    Attributes
    ----------
    frame : DataFrame, shape (n, p)
        Missing codes are NaN, reversed items turned; the index is the row of the file, from 0.
    counts : mapping of str to int
        ``"rows read"``, then rows dropped on reading by reason.
    missing : mapping of str to int
        Answers missing in items and measures, by reason.
    findings : tuple of Finding
        Names of the study file that the data do not have.
    problems : tuple of Problem
        Faults of the data.
    """

    frame: pd.DataFrame
    counts: Mapping[str, int]
    missing: Mapping[str, int]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]


def check_data(table: RawTable, spec: StudySpec, data: str, path_numbers: tuple[int, ...]) -> Cleaned:
    """Clean one data file and say everything that is wrong with it.

    Parameters
    ----------
    table : RawTable
        From `read_table`.
    spec : StudySpec
        The study, or what of it could be understood.
    data : str
        Name of the data file in ``spec.data``.
    path_numbers : tuple of int
        Position in the file of each of ``spec.paths``.

    Returns
    -------
    Cleaned
        With a frame of use only where there are neither findings nor problems.
    """
    file_spec = spec.data[data]
    wanted = uses(spec, data, path_numbers)
    columns = list(table.frame.columns)
    findings = [
        Finding(
            use.place,
            f"column '{use.column}' is not in {table.file}{closest(use.column, columns)}",
            _REMEDIES.get(use.role, "Correct the name, or remove the line."),
            needs_data=True,
        )
        for use in wanted
        if use.column not in table.frame.columns
    ]
    findings += [
        Finding(
            ("data", data, "missing_in", column),
            f"column '{column}' is not in {table.file}{closest(column, columns)}",
            "Correct the name, or remove the line.",
            needs_data=True,
        )
        for column in file_spec.missing_in
        if column not in table.frame.columns
    ]
    by_column: dict[str, list[Use]] = {}
    for use in wanted:
        if use.column in table.frame.columns:
            by_column.setdefault(use.column, []).append(use)
    cleaned: dict[str, pd.Series[Any]] = {}
    missing: dict[str, int] = {}
    faults: dict[str, list[Problem]] = {}
    for column in columns:
        cleaned[column], faults[column] = _column(
            table, column, by_column.get(column, []), spec, data, missing
        )
    frame = pd.DataFrame(cleaned, index=table.frame.index)
    empty = frame[list(by_column)].isna().all(axis=1) if by_column else pd.Series(False, index=frame.index)
    counts = {"rows read": len(frame)}
    if empty.any():
        counts["empty row"] = int(empty.sum())
        frame = frame.loc[~empty]
    problems = [problem for column in columns for problem in faults[column]]
    if file_spec.weights is not None and faults.get(file_spec.weights):
        file_spec = file_spec.model_copy(update={"weights": None})  # said already
    problems += check_rows(frame, file_spec, table.file)
    if len(frame) > 1:
        bad = {column for column in columns if faults[column]}
        problems += _sameness(frame, {c: u for c, u in by_column.items() if c not in bad}, table.file)
    return Cleaned(
        frame=_turned(frame, by_column, spec),
        counts=counts,
        missing=missing,
        findings=tuple(findings),
        problems=tuple(problems),
    )


def _codes(column: str, file_spec: DataSpec, scales: Mapping[str, ScaleSpec], is_id: bool) -> MissingCodes:
    """Missing codes of a column; ids heed a number only where ``missing_in`` names it for them."""
    general = [code for code in file_spec.missing if not is_id or MissingCodes.of([code]).words]
    own = [code for scale in scales.values() for code in scale.missing]
    return MissingCodes.of([*general, *file_spec.missing_in.get(column, ()), *own])


def _column(
    table: RawTable,
    column: str,
    column_uses: list[Use],
    spec: StudySpec,
    data: str,
    missing: dict[str, int],
) -> tuple[pd.Series[Any], list[Problem]]:
    """One column cleaned, with its faults; ``missing`` is added to."""
    raw = table.frame[column]
    roles = {use.role for use in column_uses}
    scales = scales_of(spec, column_uses)
    codes = _codes(column, spec.data[data], scales, bool(roles & {"id", "wave"}))
    if roles & {"item", "expectation", "measure", "weights"}:
        labels = {answer: text for scale in scales.values() for answer, text in scale.labels.items()}
        answers = numbers(raw, codes, labels=labels, decimal=table.decimal)
        if roles & {"item", "expectation", "measure"}:
            for reason, count in _reasons(answers, table.user_missing.get(column, 0)).items():
                missing[reason] = missing.get(reason, 0) + count
        problems = _not_numbers(answers, column, scales, table.file, data)
        for name, scale in scales.items():
            if not scale.min < scale.max:
                continue  # said already
            problems += _out_of_range(answers.values, column, name, scale, table.file)
        return pd.Series(answers.values, index=raw.index), problems
    if roles & {"id", "wave"}:
        return texts(raw, codes, decimal=table.decimal), []
    answers = numbers(raw, codes, decimal=table.decimal)
    if not answers.not_numbers:
        return pd.Series(answers.values, index=raw.index), []
    read = int(np.isfinite(answers.values).sum())
    if "covariate" in roles and read >= len(answers.not_numbers):
        return pd.Series(answers.values, index=raw.index), _not_numbers(answers, column, {}, table.file, data)
    return texts(raw, codes, decimal=table.decimal), []


def _reasons(answers: Answers, declared: int) -> dict[str, int]:
    """Missing answers by reason, those the file itself declares missing apart from blanks."""
    counts = dict(answers.missing)
    if declared:
        blank = counts.pop("blank", 0) - declared
        counts |= {"blank": blank} if blank else {}
        counts[DECLARED_IN_FILE] = declared
    return counts


def _not_numbers(
    answers: Answers, column: str, scales: Mapping[str, ScaleSpec], file: str, data: str
) -> list[Problem]:
    if not answers.not_numbers:
        return []
    found = list(dict.fromkeys(answers.not_numbers.values()))
    scale = next(iter(scales.values()), None)
    expected = f"a number from {number(scale.min)} to {number(scale.max)}" if scale else "a number"
    are = "is" if len(found) == 1 else "are"
    key = column if column.isidentifier() and column.isascii() else f'"{column}"'
    codes = ", ".join(f'"{text}"' for text in found[:5]) + (", …" if len(found) > 5 else "")
    return [
        Problem(
            f"{file}: column '{column}', {rows_shown(answers.not_numbers)}",
            f"{values_shown(found, quote=True)} {are} text, expected {expected}",
            f"Correct the file, or declare a missing code: missing_in = {{ {key} = [{codes}] }} "
            f"under [{toml_path(('data', data))}].",
        )
    ]


def _out_of_range(
    values: NDArray[np.float64], column: str, name: str, scale: ScaleSpec, file: str
) -> list[Problem]:
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


def _sameness(frame: pd.DataFrame, by_column: Mapping[str, Sequence[Use]], file: str) -> Iterator[Problem]:
    """Columns without an answer, with one answer only, and columns that are copies of another."""
    first: dict[bytes, str] = {}
    copies: dict[str, list[str]] = {}
    for column, column_uses in by_column.items():
        if not {use.role for use in column_uses} & {"item", "expectation", "measure", "covariate"}:
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


def _turned(frame: pd.DataFrame, by_column: Mapping[str, Sequence[Use]], spec: StudySpec) -> pd.DataFrame:
    """Reversed items as min + max - answer."""
    turned: dict[str, pd.Series[Any]] = {}
    for column, column_uses in by_column.items():
        use = next((use for use in column_uses if use.turned), None)
        if use is not None and use.scale in spec.scales:
            scale = spec.scales[use.scale]
            turned[column] = scale.min + scale.max - frame[column]
    return frame.assign(**turned) if turned else frame

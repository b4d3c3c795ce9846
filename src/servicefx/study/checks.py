"""A raw table beside its study file: cleaned columns, and every fault of the data at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem, closest
from servicefx.study.columns import told_below_zero, told_out_of_range, told_sameness, told_texts
from servicefx.study.files import RawTable
from servicefx.study.missing import BLANK, DECLARED_IN_FILE, Answers, MissingCodes, numbers, texts
from servicefx.study.places import Finding
from servicefx.study.roles import Use, scales_of, uses
from servicefx.study.rows import check_rows
from servicefx.study.spec import DataSpec, ScaleSpec, StudySpec
from servicefx.theory.catalogue import load_theory

__all__ = ["Cleaned", "check_data"]

_REMEDIES = {
    "item": "Correct the name, or remove the item.",
    "expectation": "Correct the name, or remove the expectation items.",
    "covariate": "Correct the name, or remove the covariate.",
}
_MEDIATION_REMEDIES = {
    "from": "Correct from, or remove this [[mediation]].",
    "moderator": "Correct moderator, or choose a layout without one.",
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
        Answers missing in items and measures of the rows kept, by reason.
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
        _absent(use, spec, table)
        for use in wanted
        if use.column not in table.frame.columns and not use.optional
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
    lost: dict[str, dict[str, NDArray[np.bool_]]] = {}
    faults: dict[str, list[Problem]] = {}
    for column in columns:
        cleaned[column], faults[column] = _column(table, column, by_column.get(column, []), spec, data, lost)
    frame = pd.DataFrame(cleaned, index=table.frame.index)
    empty = frame[list(by_column)].isna().all(axis=1) if by_column else pd.Series(False, index=frame.index)
    counts = {"rows read": len(frame)}
    missing = _missing(lost, ~empty.to_numpy(dtype=bool))
    if empty.any():
        counts["empty row"] = int(empty.sum())
        frame = frame.loc[~empty]
    problems = [problem for column in columns for problem in faults[column]]
    if file_spec.weights is not None and faults.get(file_spec.weights):
        file_spec = file_spec.model_copy(update={"weights": None})  # said already
    problems += check_rows(frame, file_spec, table.file)
    if len(frame) > 1:
        bad = {column for column in columns if faults[column]}
        problems += told_sameness(frame, {c: u for c, u in by_column.items() if c not in bad}, table.file)
    return Cleaned(
        frame=_turned(frame, by_column, spec),
        counts=counts,
        missing=missing,
        findings=tuple(findings),
        problems=tuple(problems),
    )


def _absent(use: Use, spec: StudySpec, table: RawTable) -> Finding:
    """A column that the file has not."""
    columns = list(table.frame.columns)
    if use.place[0] == "paths" and "moderators" in use.place:
        known = [*spec.constructs, *load_theory().moderators, *columns]
        found = (
            f"'{use.column}' is neither a construct, nor a moderator of the theory, nor a column of "
            f"{table.file}{closest(use.column, known)}"
        )
        return Finding(use.place, found, "Correct the name, or remove the moderator.", needs_data=True)
    if use.place[:2] == ("graph", "arrows"):
        known = [*spec.constructs, *columns]
        found = f"'{use.column}' is neither a construct nor a column of {table.file}"
        remedy = "Correct the name, or list it under unmeasured."
        return Finding(use.place, found + closest(use.column, known), remedy, needs_data=True)
    if use.place[0] == "mediation" and use.place[-1] in _MEDIATION_REMEDIES:
        known = [*spec.constructs, *columns]
        found = f"'{use.column}' is neither a construct nor a column of {table.file}"
        remedy = _MEDIATION_REMEDIES[str(use.place[-1])]
        return Finding(use.place, found + closest(use.column, known), remedy, needs_data=True)
    found = f"column '{use.column}' is not in {table.file}{closest(use.column, columns)}"
    remedy = _REMEDIES.get(use.role, "Correct the name, or remove the line.")
    return Finding(use.place, found, remedy, needs_data=True)


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
    lost: dict[str, dict[str, NDArray[np.bool_]]],
) -> tuple[pd.Series[Any], list[Problem]]:
    """One column cleaned, with its faults; what it lost by which reason goes into ``lost``."""
    raw = table.frame[column]
    roles = {use.role for use in column_uses}
    scales = scales_of(spec, column_uses)
    codes = _codes(column, spec.data[data], scales, bool(roles & {"id", "wave"}))
    if roles & {"item", "expectation", "measure", "number", "weights"}:
        labels = {answer: text for scale in scales.values() for answer, text in scale.labels.items()}
        answers = numbers(raw, codes, labels=labels, decimal=table.decimal)
        if roles & {"item", "expectation", "measure"}:
            lost[column] = _reasons(answers, table.user_missing.get(column))
        problems = told_texts(answers, column, scales, table.file, data)
        for name, scale in scales.items():
            if not scale.min < scale.max:
                continue  # said already
            problems += told_out_of_range(answers.numeric, column, name, scale, table.file)
        if any(use.place[-1] in ("importance", "duration") for use in column_uses):
            problems += told_below_zero(answers.numeric, column, table.file, data)
        return pd.Series(answers.numeric, index=raw.index), problems
    if roles & {"id", "wave"} or ("group" in roles and "covariate" not in roles):
        return texts(raw, codes, decimal=table.decimal), []
    answers = numbers(raw, codes, decimal=table.decimal)
    if not answers.not_numbers:
        return pd.Series(answers.numeric, index=raw.index), []
    read = int(np.isfinite(answers.numeric).sum())
    if "covariate" in roles and read >= len(answers.not_numbers):
        return pd.Series(answers.numeric, index=raw.index), told_texts(answers, column, {}, table.file, data)
    return texts(raw, codes, decimal=table.decimal), []


def _reasons(answers: Answers, declared: NDArray[np.bool_] | None) -> dict[str, NDArray[np.bool_]]:
    """Missing answers by reason, those the file itself declares missing apart from blanks."""
    lost = dict(answers.lost)
    if declared is not None:
        lost[BLANK] = lost[BLANK] & ~declared
        lost[DECLARED_IN_FILE] = declared
    return lost


def _missing(lost: Mapping[str, Mapping[str, NDArray[np.bool_]]], kept: NDArray[np.bool_]) -> dict[str, int]:
    """Answers missing in the rows kept, by reason."""
    counts: dict[str, int] = {}
    for reasons in lost.values():
        for reason, hits in reasons.items():
            count = int((hits & kept).sum())
            if count:
                counts[reason] = counts.get(reason, 0) + count
    return dict(sorted(counts.items()))


def _turned(frame: pd.DataFrame, by_column: Mapping[str, Sequence[Use]], spec: StudySpec) -> pd.DataFrame:
    """Reversed items as min + max - answer."""
    turned: dict[str, pd.Series[Any]] = {}
    for column, column_uses in by_column.items():
        use = next((use for use in column_uses if use.turned), None)
        if use is not None and use.scale in spec.scales:
            scale = spec.scales[use.scale]
            turned[column] = scale.min + scale.max - frame[column]
    return frame.assign(**turned) if turned else frame

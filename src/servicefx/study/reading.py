"""A study file and its data read together, so that every fault of both is known at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from servicefx.errors import DataError, Problem, StudyError
from servicefx.study.checks import Cleaned, check_data
from servicefx.study.files import RawTable, read_table
from servicefx.study.locate import locate, study_file
from servicefx.study.parse import Draft, parse_study
from servicefx.study.places import Finding, in_file_order
from servicefx.study.references import check_references

__all__ = ["Reading", "read_study"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reading:
    """A study file and its data, with every fault that was met."""

    file: str
    sha256: str
    draft: Draft
    tables: Mapping[str, RawTable]
    cleaned: Mapping[str, Cleaned]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]

    def all_problems(self) -> list[Problem]:
        """Of the study file in its order, then of the data in the order of the files."""
        return [finding.problem(self.file) for finding in self.findings] + list(self.problems)


def read_study(path: str | Path) -> Reading:
    """Everything up to the verdict; raises only where the study file cannot be read at all."""
    source = study_file(path)
    try:
        content = source.read_bytes()
    except OSError as error:
        raise StudyError(
            Problem(
                str(path), f"there is no study file '{source.name}'", "Run 'servicefx new DIR' to begin one."
            )
        ) from error
    draft = parse_study(content, source.name)
    findings = [*draft.findings, *check_references(draft)]
    problems: list[Problem] = []
    tables: dict[str, RawTable] = {}
    cleaned: dict[str, Cleaned] = {}
    for data, spec in draft.spec.data.items():
        target = locate(spec.file, source.parent, ("data", data, "file"))
        if isinstance(target, Finding):
            findings.append(target)
            continue
        ids = (spec.unit, *spec.nested_in, spec.period, spec.wave)
        try:
            table = read_table(target, spec, as_text=tuple(column for column in ids if column is not None))
        except DataError as error:
            problems += error.problems
            continue
        if spec.sha256 is not None and spec.sha256.lower() != table.sha256:
            findings.append(
                Finding(
                    ("data", data, "sha256"),
                    f"{table.file} has sha256 {table.sha256}, expected {spec.sha256.lower()}",
                    "Bring back the file the study was made with, or state the new sha256.",
                    needs_data=True,
                )
            )
        tables[data] = table
        cleaned[data] = check_data(table, draft.spec, data, draft.path_numbers)
        findings += cleaned[data].findings
        problems += cleaned[data].problems
    return Reading(
        file=source.name,
        sha256=hashlib.sha256(content).hexdigest(),
        draft=draft,
        tables=tables,
        cleaned=cleaned,
        findings=tuple(in_file_order(findings, draft.document)),
        problems=tuple(problems),
    )

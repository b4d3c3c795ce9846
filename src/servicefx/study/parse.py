"""The text of a study file to its models, every fault with its place and none hiding another."""

from __future__ import annotations

import copy
import tomllib
import types
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from servicefx.errors import Problem, StudyError, closest
from servicefx.study.places import Finding, Place, toml_path
from servicefx.study.spec import StudySpec

__all__ = ["Draft", "parse_study"]

_ENTRIES = ("data", "scales", "constructs", "models", "claims", "paths")
"""Tables whose entries can be set aside one by one when one of them is faulty."""
_PLACEHOLDERS: dict[str, Any] = {
    "version": 1,
    "study": {"id": "unnamed", "title": "unnamed"},
    "data": {},
    "constructs": {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A study file as far as it can be understood.

    Attributes
    ----------
    document : dict
        The file as TOML reads it, faulty parts included.
    spec : StudySpec
        What remains when faulty tables are set aside; the whole study where there are no findings.
    path_numbers : tuple of int
        For each path of ``spec``, its position in the file.
    findings : tuple of Finding
        Faults of form: unknown keys, missing keys, values of the wrong kind.
    """

    document: dict[str, Any]
    spec: StudySpec
    path_numbers: tuple[int, ...]
    findings: tuple[Finding, ...]

    def declared(self, table: str) -> tuple[str, ...]:
        """Names the file declares in a table, faulty entries included."""
        entries = self.document.get(table)
        return tuple(entries) if isinstance(entries, dict) else ()


def parse_study(content: bytes, file: str) -> Draft:
    """Read the bytes of a study file.

    Parameters
    ----------
    content : bytes
        UTF-8, with or without byte-order mark.
    file : str
        Name shown as the place of faults.

    Returns
    -------
    Draft

    Raises
    ------
    StudyError
        If the text is not UTF-8 or not TOML; faults of form are returned, not raised.
    """
    document = _document(content, file)
    remaining = copy.deepcopy(document)
    findings: list[Finding] = []
    removed_paths: set[int] = set()
    for attempt in range(6):
        try:
            spec = StudySpec.model_validate(remaining)
        except ValidationError as error:
            faults = error.errors(include_url=False)
            if attempt == 0:
                findings = [_finding(fault) for fault in faults if not _follows(fault, faults)]
            _set_aside(remaining, faults, removed_paths)
        else:
            break
    else:
        raise StudyError(*(finding.problem(file) for finding in findings))
    declared = document.get("data")
    if isinstance(declared, dict) and len(declared) > len(spec.data) == 1:
        # which file an item is in is no longer plain where it is not stated
        placed = {id: table for id, table in spec.constructs.items() if table.data or not table.items}
        spec = spec.model_copy(update={"constructs": placed})
    entries = document.get("paths")
    numbers = range(len(entries)) if isinstance(entries, list) else range(0)
    return Draft(
        document=document,
        spec=spec,
        path_numbers=tuple(number for number in numbers if number not in removed_paths),
        findings=tuple(findings),
    )


def _document(content: bytes, file: str) -> dict[str, Any]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise StudyError(
            Problem(f"{file}: line {line}", "the text is not UTF-8", "Save the study file as UTF-8.")
        ) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).rpartition(" (at ")
        reason, place = (reason, place.rstrip(")")) if reason else (str(error), "")
        raise StudyError(
            Problem(
                f"{file}: {place}" if place else file,
                f"this is not TOML: {reason[:1].lower()}{reason[1:]}",
                "Correct the line, or compare it with the template of 'servicefx new'.",
            )
        ) from error
    except (ValueError, RecursionError) as error:
        raise StudyError(
            Problem(file, "a value is longer or deeper than TOML allows here", "Shorten it.")
        ) from error


def _follows(fault: ErrorDetails, faults: list[ErrorDetails]) -> bool:
    """Whether a list is too short only because one of its entries is faulty."""
    place = fault["loc"]
    return fault["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in faults
    )


def _finding(fault: ErrorDetails) -> Finding:
    """One fault of form, in the reader's words."""
    place: Place = tuple(part for part in fault["loc"] if part != "[key]")
    model, field = _field_at(place)
    if fault["type"] == "extra_forbidden":
        key, table = str(place[-1]), toml_path(place[:-1])
        known = [info.alias or name for name, info in model.model_fields.items()] if model else []
        return Finding(
            place,
            f"key '{key}' is unknown {f'in [{table}]' if table else 'at the top level'}{closest(key, known)}",
            "Correct the key, or remove it.",
        )
    expected = field.description if field is not None and field.description else _EXPECTED.get(fault["type"])
    expected = str(expected or fault.get("ctx", {}).get("expected") or fault["msg"])
    if fault["type"] == "missing":
        return Finding(
            place[:-1], f"key '{place[-1]}' is missing, expected {expected}", f"Add '{place[-1]}'."
        )
    return Finding(place, f"found {_shown(fault['input'])}, expected {expected}", "Correct the value.")


_EXPECTED = {
    "string_type": "a text",
    "string_too_short": "a text that is not empty",
    "too_short": "a text that is not empty",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "model_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
}


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return str(value)


def _bare(annotation: Any) -> Any:
    """The annotation without Optional and Annotated."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, types.UnionType) and type(None) in get_args(annotation):
            annotation = next(part for part in get_args(annotation) if part is not type(None))
        else:
            return annotation


def _field_at(place: Place) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The table a place lies in, and the place's own field; None for an entry of a list or table."""
    model: type[BaseModel] | None = StudySpec
    annotation: Any = StudySpec
    field: FieldInfo | None = None
    for part in place:
        annotation = _bare(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model, field = annotation, None
            for name, info in annotation.model_fields.items():
                if part == (info.alias or name):
                    field, annotation = info, info.annotation
                    break
            else:
                return model, None
        else:
            field = None
            arguments = get_args(annotation)
            annotation = arguments[0 if isinstance(part, int) else -1] if arguments else None
    return model, field


def _set_aside(document: dict[str, Any], faults: list[ErrorDetails], removed_paths: set[int]) -> None:
    """Remove the smallest part around each fault, so that the rest can still be checked."""
    paths = set[int]()
    for fault in sorted(faults, key=lambda fault: fault["type"] != "extra_forbidden"):  # keys before tables
        place = tuple(part for part in fault["loc"] if part != "[key]")
        top = str(place[0])
        if fault["type"] == "extra_forbidden":
            node: Any = document
            for part in place[:-1]:
                node = node[part]
            node.pop(place[-1], None)
        elif top == "paths" and len(place) > 1:
            paths.add(int(place[1]))
        elif top in _ENTRIES and len(place) > 1:
            document.get(top, {}).pop(str(place[1]), None)
        elif top in _PLACEHOLDERS:
            document[top] = copy.deepcopy(_PLACEHOLDERS[top])
        else:
            document.pop(top, None)
    if paths:
        numbers = [n for n in range(len(document["paths"]) + len(removed_paths)) if n not in removed_paths]
        removed_paths |= {numbers[index] for index in paths}
        document["paths"] = [path for n, path in enumerate(document["paths"]) if n not in paths]

"""Sections kept between scripts: each script stages one, the last makes the report of them all."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

import servicefx
from servicefx.errors import Problem, StudyError
from servicefx.report.manifest import ReportStudy, as_json
from servicefx.report.page import labels_of, render_report, render_section
from servicefx.report.write import safe_name, write_report
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["staged_sections", "write_section", "write_staged_report"]


def write_section(out: str | Path, section: Section | None, study: ReportStudy) -> Path:
    """Stage one section of a report that other scripts add to.

    The section goes, with its tables and figures, into the hidden folder ``.<name>.sections`` beside the
    report, so that a report is never half old and half new. Sections staged for another state of the study
    (study file, data or version of servicefx changed) are thrown away first. `write_staged_report` makes
    the report, the same bytes as one run makes.

    Parameters
    ----------
    out : path
        Folder of the report, e.g. ``"reports/ecsi_mobile"``.
    section : Section or None
        None (the study has nothing for it) stages nothing.
    study : Study
        The study the section comes from.

    Returns
    -------
    Path
        The folder of staged sections; tables and figures can be looked at there.
    """
    folder = _folder(Path(out))
    stamp = as_json(_stamp(study))
    stamp_file = folder / "stamp.json"
    if folder.exists() and (not stamp_file.is_file() or stamp_file.read_bytes() != stamp):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stamp_file.write_bytes(stamp)
    if section is None:
        return folder
    known = sorted(folder.glob("*.json"))
    own = [path for path in known if path.name.partition("_")[2] == f"{section.id}.json"]
    name = own[0].name if own else f"{sum(path != stamp_file for path in known) + 1:03d}_{section.id}.json"
    files = {name: as_json(_encoded(section)), **render_section(section, labels_of(study))}
    for path, content in files.items():
        target = folder / safe_name(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


def staged_sections(out: str | Path, study: ReportStudy) -> tuple[Section, ...]:
    """Sections staged for a report, in the order in which they were staged first.

    Raises
    ------
    StudyError
        If none is staged, or those there belong to another state of the study.
    """
    folder = _folder(Path(out))
    stamp_file = folder / "stamp.json"
    paths = sorted(path for path in folder.glob("*.json") if path != stamp_file)
    if not paths or not stamp_file.is_file() or stamp_file.read_bytes() != as_json(_stamp(study)):
        raise StudyError(
            Problem(
                f"report '{Path(out).name}'",
                f"no sections of study '{study.id}' as it is now are staged",
                "Run the numbered scripts of the study in order, then the one that writes the report.",
            )
        )
    return tuple(_decoded(json.loads(path.read_bytes())) for path in paths)


def write_staged_report(out: str | Path, study: ReportStudy) -> Path:
    """Make the report from the staged sections, and clear them away.

    Returns
    -------
    Path
        The folder of the report.
    """
    return write_report(Path(out), render_report(study, staged_sections(out, study)))


def _folder(out: Path) -> Path:
    return out.parent / f".{out.name}.sections"


def _stamp(study: ReportStudy) -> dict[str, Any]:
    """What must not change between the scripts of one report."""
    return {
        "study_sha256": study.study_sha256,
        "inputs": dict(study.inputs),
        "servicefx": servicefx.__version__,
    }


def _encoded(section: Section) -> dict[str, Any]:
    """A section without its effects, which no page shows."""
    return {
        "id": section.id,
        "title": _phrase(section.title),
        "findings": [_phrase(phrase) for phrase in section.findings],
        "notes": [_phrase(phrase) for phrase in section.notes],
        "tables": [
            {
                "id": table.id, "title": _phrase(table.title), "layout": table.layout,
                "notes": [_phrase(phrase) for phrase in table.notes], "rows": _frame(table.rows),
            }
            for table in section.tables
        ],
        "figures": [
            {
                "id": figure.id, "kind": figure.kind, "title": _phrase(figure.title), "source": figure.source,
                "notes": [_phrase(phrase) for phrase in figure.notes], "rows": _frame(figure.rows),
                "axes": [_phrase(phrase) for phrase in figure.axes],
                "verticals": _places(figure.verticals), "horizontals": _places(figure.horizontals),
                "lines": _places(figure.lines), "critical": _value(figure.critical),
                "points": None if figure.points is None else _frame(figure.points),
            }
            for figure in section.figures
        ],
    }  # fmt: skip


def _decoded(entry: Mapping[str, Any]) -> Section:
    return Section(
        id=entry["id"],
        title=_said(entry["title"]),
        findings=tuple(map(_said, entry["findings"])),
        notes=tuple(map(_said, entry["notes"])),
        tables=tuple(
            Table(
                id=table["id"], title=_said(table["title"]), layout=table["layout"],
                notes=tuple(map(_said, table["notes"])), rows=_rows(table["rows"]),
            )
            for table in entry["tables"]
        ),
        figures=tuple(
            Figure(
                id=figure["id"], kind=figure["kind"], title=_said(figure["title"]), source=figure["source"],
                notes=tuple(map(_said, figure["notes"])), rows=_rows(figure["rows"]),
                axes=tuple(map(_said, figure["axes"])), critical=_back(figure["critical"]),
                verticals=_placed(figure["verticals"]), horizontals=_placed(figure["horizontals"]),
                lines=_placed(figure["lines"]),
                points=None if figure["points"] is None else _rows(figure["points"]),
            )
            for figure in entry["figures"]
        ),
    )  # fmt: skip


def _phrase(phrase: Phrase) -> dict[str, Any]:
    said = {name: _value(value) for name, value in phrase.values.items()}  # not a frame
    return {"key": phrase.key, "values": said}


def _said(entry: Mapping[str, Any]) -> Phrase:
    return Phrase(key=entry["key"], values={name: _back(value) for name, value in entry["values"].items()})


def _frame(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Columns in order, each with its type and values; nothing is rounded."""
    return [
        {
            "name": str(name),
            "dtype": str(rows[name].dtype),
            "values": [_value(v) for v in rows[name].tolist()],
        }
        for name in rows.columns
    ]


def _rows(columns: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        {c["name"]: pd.Series([_back(v) for v in c["values"]], dtype=c["dtype"]) for c in columns}
    )


def _places(places: Iterable[tuple[float, ...]]) -> list[list[Any]]:
    return [[_value(float(number)) for number in place] for place in places]


def _placed(places: list[list[Any]]) -> tuple[Any, ...]:
    return tuple(tuple(_back(number) for number in place) for place in places)


def _value(value: Any) -> Any:
    """A value JSON can hold; a float that is not finite as a mapping with its name."""
    if value is pd.NA or value is None:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return value


def _back(value: Any) -> Any:
    return float(value["float"]) if isinstance(value, dict) else value

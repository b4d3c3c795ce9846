"""Two reports compared: tables cell by cell, pages word by word, both within what arithmetic may differ."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from servicefx.report.manifest import MANIFEST
from servicefx.values.glossary import GLOSSARY

__all__ = ["Difference", "compare_pages", "compare_reports", "compare_tables"]

_RELATIVE, _ABSOLUTE = 1e-6, 1e-12
_NUMBER = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_SETTLED = ("study", "study_sha256", "inputs", "seed", "settings", "drops", "refusals")
"""What of a manifest a rebuild must repeat; versions may differ, hashes follow from the files."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where a report and its rebuild do not agree.

    Attributes
    ----------
    table : str
        File of the report, e.g. ``"tables/drivers.csv"``.
    row : str
        Labels of the row, or its number; empty where a whole file or column is meant.
    column : str
        Column; empty where a whole row is meant.
    old, new : str
        What the report says and what came out now; empty where it is missing.
    """

    table: str
    row: str
    column: str
    old: str
    new: str

    def __str__(self) -> str:
        place = ", ".join(part for part in (self.row, self.column) if part)
        if not place and {self.old, self.new} == {"", "file"}:
            return (
                f"{self.table}: {'comes out, but is not in the report' if self.new else 'does not come out'}"
            )
        return f"{self.table}: {place + ': ' if place else ''}'{self.old}' is now '{self.new}'"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A CSV read as text."""

    columns: list[str]
    rows: list[dict[str, str]]


def compare_tables(old: bytes, new: bytes, name: str) -> list[Difference]:
    """Cells of a table that differ by more than arithmetic may.

    Two numbers agree if ``|new - old| <= 1e-6 * max(|old|, scale) + 1e-12``, with the column's largest
    finite size in the old table as scale; all other cells agree if they are the same text. Rows are paired by
    their label columns where these tell them apart, else by position.

    Parameters
    ----------
    old, new : bytes
        CSV as `servicefx.report.render.render_csv` writes it; whatever else stands there is a difference.
    name : str
        For `Difference.table`.

    Returns
    -------
    list of Difference
        Missing and added columns, then missing and added rows, then cells in the old table's order.
    """
    if old == new:
        return []
    before, after = _read(old), _read(new)
    if before is None or after is None:
        return [
            Difference(
                name, "", "", *("no table" if sheet is None else "a table" for sheet in (before, after))
            )
        ]
    out = [
        Difference(name, "", column, "column", "") for column in before.columns if column not in after.columns
    ]
    out += [
        Difference(name, "", column, "", "column") for column in after.columns if column not in before.columns
    ]
    shared = [column for column in before.columns if column in after.columns]
    keys = _keys(before, after, shared)
    olds, news = (_keyed(sheet, keys) for sheet in (before, after))
    out += [Difference(name, _row_name(key, keys), "", "row", "") for key in olds if key not in news]
    out += [Difference(name, _row_name(key, keys), "", "", "row") for key in news if key not in olds]
    scales = {column: _scale(row[column] for row in before.rows) for column in shared}
    for key, row in olds.items():
        if key not in news:
            continue
        for column in shared:
            if not _agree(column, row[column], news[key][column], scales[column]):
                out.append(Difference(name, _row_name(key, keys), column, row[column], news[key][column]))
    return out


def _read(content: bytes) -> _Sheet | None:
    """Header and rows; None where the bytes are no rectangular table with distinct columns."""
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    if not lines or len(set(lines[0])) < len(lines[0]):
        return None
    if any(len(line) != len(lines[0]) for line in lines):
        return None
    return _Sheet(lines[0], [dict(zip(lines[0], line, strict=True)) for line in lines[1:]])


def _keys(before: _Sheet, after: _Sheet, shared: Sequence[str]) -> list[str]:
    """Label columns that name every row of both tables; none where they do not tell rows apart."""
    labels = [column for column in shared if column in GLOSSARY and GLOSSARY[column].role == "label"]
    for columns in (labels, [*labels, *(c for c in shared if c in {"covariance_kind", "n_obs", "bin_low"})]):
        named = [{tuple(row[c] for c in columns) for row in sheet.rows} for sheet in (before, after)]
        if columns and all(len(n) == len(s.rows) for n, s in zip(named, (before, after), strict=True)):
            return columns
    return []


def _keyed(sheet: _Sheet, keys: Sequence[str]) -> dict[Key, dict[str, str]]:
    if not keys:
        return {(str(position),): row for position, row in enumerate(sheet.rows, start=1)}
    return {tuple(row[column] for column in keys): row for row in sheet.rows}


def _row_name(key: Key, keys: Sequence[str]) -> str:
    if not keys:
        return f"row {key[0]}"
    return ", ".join(f"{column} '{value}'" for column, value in zip(keys, key, strict=True) if value)


def _scale(cells: Iterator[str]) -> float:
    known = (_number(cell) for cell in cells)
    return max((abs(value) for value in known if value is not None and math.isfinite(value)), default=0.0)


def _number(cell: str) -> float | None:
    """A cell as a number; text and NaN written out are none."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return None if math.isnan(value) or "_" in cell else value


def _agree(column: str, old: str, new: str, scale: float) -> bool:
    if old == new:
        return True
    if column in GLOSSARY and GLOSSARY[column].role in {"label", "text"}:
        return False
    before, after = _number(old), _number(new)
    if before is None or after is None or math.isinf(before) or math.isinf(after):
        return before is not None and before == after
    return abs(after - before) <= _RELATIVE * max(abs(before), scale) + _ABSOLUTE


def compare_pages(old: bytes, new: bytes, name: str) -> list[Difference]:
    """The first line of a page, a drawing or a Markdown view that differs.

    Words must be the same. A number may differ by one in its last decimal (it was rounded) or by a millionth
    of itself; a whole number below a million may not differ at all.

    Returns
    -------
    list of Difference
        At most one; ``row`` is the line.
    """
    if old == new:
        return []
    try:
        before, after = old.decode("utf-8").split("\n"), new.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return [Difference(name, "", "", "not text", "text")]
    for position, (left, right) in enumerate(zip(before, after, strict=False), start=1):
        if not _same_line(left, right):
            at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), 0)
            return [Difference(name, f"line {position}", "", _near(left, at), _near(right, at))]
    if len(before) != len(after):
        return [Difference(name, "", "", f"{len(before)} lines", f"{len(after)} lines")]
    return []


def _same_line(left: str, right: str) -> bool:
    if left == right:
        return True
    if _NUMBER.split(left) != _NUMBER.split(right):
        return False
    pairs = zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True)
    return all(a == b or _rounded_alike(a, b) for a, b in pairs)


def _rounded_alike(left: str, right: str) -> bool:
    decimals = max(len(text.partition(".")[2]) for text in (left, right))
    a, b = (float(text.replace(",", "")) for text in (left, right))
    allowed = 1.01 * 10**-decimals if decimals else 0.0
    return abs(a - b) <= max(allowed, _RELATIVE * abs(a))


def _near(text: str, at: int) -> str:
    return text[max(0, at - 20) : at + 40].strip()


def compare_reports(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[Difference]:
    """Every difference between the files of a report and those of its rebuild.

    Of the manifest, what the rebuild must repeat is compared; versions of programs may differ.

    Parameters
    ----------
    old, new : mapping of str to bytes
        Name below the report's folder -> content.

    Returns
    -------
    list of Difference
        By file name, tables first.
    """
    out: list[Difference] = []
    for name in sorted({*old, *new}, key=lambda name: (not name.endswith(".csv"), name)):
        if name not in old or name not in new:
            out.append(Difference(name, "", "", *("file" if name in side else "" for side in (old, new))))
        elif name == MANIFEST:
            out += _compare_manifests(old[name], new[name])
        elif name.endswith(".csv"):
            out += compare_tables(old[name], new[name], name)
        else:
            out += compare_pages(_without_versions(old[name]), _without_versions(new[name]), name)
    return out


def _compare_manifests(old: bytes, new: bytes) -> list[Difference]:
    before, after = _parsed(old), _parsed(new)
    return [
        Difference(MANIFEST, "", key, _short(before, key), _short(after, key))
        for key in _SETTLED
        if before.get(key) != after.get(key)
    ]


def _short(manifest: Mapping[str, Any], key: str) -> str:
    text = json.dumps(manifest.get(key), sort_keys=True, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _without_versions(content: bytes) -> bytes:
    """A page without its line of program versions, which a rebuild elsewhere need not share."""
    return re.sub(rb'<dd class="versions">[^<\n]*</dd>', b"", content)

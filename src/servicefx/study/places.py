"""Places in the study file: how a fault's place is written, and in which order faults are told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from servicefx.errors import Problem, closest

__all__ = ["Finding", "Place", "in_file_order", "quoted", "toml_path", "unknown"]

Place = tuple[str | int, ...]
"""Keys and list positions from the top of the study file: ``("constructs", "empathy", "items", 2)``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault with its place in the study file.

    Attributes
    ----------
    place : tuple of str and int
        Keys and positions from the top of the file.
    found, remedy : str
        As in `Problem`.
    needs_data : bool
        Whether the fault shows only beside the data (a column that is not there).
    """

    place: Place
    found: str
    remedy: str
    needs_data: bool = False

    def problem(self, file: str) -> Problem:
        """The same fault, with its place in words."""
        where = toml_path(self.place)
        return Problem(f"{file}: {where}" if where else file, self.found, self.remedy)


def toml_path(place: Sequence[str | int]) -> str:
    """A place as the reader would write it; list positions count from 0.

    Examples
    --------
    >>> toml_path(("constructs", "empathy", "items", 2))
    'constructs.empathy.items[2]'
    >>> toml_path(("data", "my survey", "file"))
    'data."my survey".file'
    """
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"'
            text += f".{bare}" if text else bare
    return text


def in_file_order(findings: Iterable[Finding], document: dict[str, Any]) -> list[Finding]:
    """Findings as their places stand in the study file; what is missing from a table comes first there."""

    def position(finding: Finding) -> tuple[int, ...]:
        node: Any = document
        steps: list[int] = []
        for part in finding.place:
            if isinstance(node, dict) and part in node:
                steps.append(list(node).index(str(part)))
                node = node[part]
            elif isinstance(node, list) and isinstance(part, int) and part < len(node):
                steps.append(part)
                node = node[part]
            else:
                break
        return tuple(steps)

    return sorted(findings, key=position)


def quoted(names: Iterable[object]) -> str:
    """Names in quotes, comma between.

    Examples
    --------
    >>> quoted(["a", "b"])
    "'a', 'b'"
    """
    return ", ".join(f"'{name}'" for name in names)


def unknown(
    place: Place, name: str, known: Iterable[str], what: str, remedy: str = "Correct the name."
) -> Iterator[Finding]:
    """A finding where a name is not among the known ones; the closest is named."""
    names = list(known)
    if name not in names:
        yield Finding(place, f"unknown {what} '{name}'{closest(name, names)}", remedy)

"""Faults of a model text: found at a place, listed in one refusal with line, column and caret."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from servicefx.errors import Problem, StudyError

__all__ = ["UNDERSTOOD", "Fault", "Found", "refusal"]

UNDERSTOOD = (
    "Write 'construct =~ item + item', 'construct <~ item + item', 'outcome ~ construct', 'name ~~ name', "
    "'name ~ 1', 'item | t1 + t2', 'name := expression' or 'expression == expression', with unusual names in "
    "quotes."
)
_SHOWN = 20
"""Problems listed in one refusal."""
_WIDTH = 100
"""Characters shown on either side of the caret; a longer line is cut there."""


class Found(NamedTuple):
    """What is wrong at one place of the text; line and column from 1."""

    line: int
    column: int
    found: str
    remedy: str


class Fault(Exception):
    """Raised where a statement cannot be read any further; never leaves this room."""

    def __init__(self, place: tuple[int, int], found: str, remedy: str = UNDERSTOOD) -> None:
        super().__init__(found)
        self.found = Found(*place, found, remedy)


def refusal(text: str, found: Sequence[Found]) -> StudyError:
    """The error that lists faults in the order of the text.

    Parameters
    ----------
    text : str
        The whole model.
    found : sequence of Found
        At least one; the first twenty are listed.
    """
    lines = text.splitlines()
    return StudyError(
        *(
            _problem(lines[at.line - 1] if at.line <= len(lines) else "", at)
            for at in sorted(found, key=lambda at: at[:2])[:_SHOWN]
        )
    )


def _problem(line: str, at: Found) -> Problem:
    """A problem that shows the line, with a caret under the place."""
    here = at.column - 1
    first = max(here - _WIDTH, 0)
    before = ("…" if first else "") + line[first:here]
    after = line[here : here + _WIDTH].rstrip() + ("…" if len(line) > here + _WIDTH else "")
    pad = "".join(
        char if char == "\t" else "  " if unicodedata.east_asian_width(char) in "WF" else " "
        for char in before
    )
    where = f"model, line {at.line}, column {at.column}"
    return Problem(where, f"{at.found}\n        {(before + after).rstrip()}\n        {pad}^", at.remedy)

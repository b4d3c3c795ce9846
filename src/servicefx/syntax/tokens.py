"""Characters of a model to tokens, each knowing its line and column."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

from servicefx.errors import Problem

__all__ = ["UNDERSTOOD", "Kind", "Located", "Token", "caret_problem", "statements"]

Located = tuple[int, int, Problem]
"""Line, column, and what is wrong there."""

Kind = Literal["name", "number", "op", "plus", "minus", "star", "end"]
_OPERATORS = ("~*~", ":=", "==", "=~", "<~", "~~", "~", "<", ">", "|", ":")
_SIGNS: dict[str, Kind] = {"+": "plus", "-": "minus", "*": "star"}
_CONTINUES = ("op", "plus", "minus", "star")
_FULL_WIDTH = dict(zip("＝～＋＊；，：＃“”", '=~+*;,:#""', strict=True))


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign of the model text; names without their quotes, lines and columns from 1."""

    kind: Kind
    text: str
    line: int
    column: int


def statements(text: str) -> tuple[list[list[Token]], list[Located]]:
    """Split a model into its statements.

    Parameters
    ----------
    text : str
        The whole model. A statement ends at ``;`` or at the end of a line, unless the line ends, or the
        next one begins, with an operator, ``+`` or ``*``. ``#`` and ``!`` begin a comment.

    Returns
    -------
    list of list of Token
        Non-empty statements, in order.
    list of (line, column, Problem)
        One for each character that belongs to no token.
    """
    lines = text.splitlines()
    found: list[list[Token]] = []
    problems: list[Located] = []
    current: list[Token] = []
    for number, line in enumerate(lines, start=1):
        tokens, faults = _line_tokens(line, number)
        problems.extend(faults)
        first = next(iter(tokens), None)
        joined = current and (current[-1].kind in _CONTINUES or (first and first.kind in _CONTINUES))
        if current and first and not joined:
            found.append(current)
            current = []
        for token in tokens:
            if token.kind != "end":
                current.append(token)
            elif current:
                found.append(current)
                current = []
    if current:
        found.append(current)
    return found, problems


def _line_tokens(line: str, number: int) -> tuple[list[Token], list[Located]]:
    """Tokens of one line; ``;`` becomes a token of kind 'end'."""
    tokens: list[Token] = []
    problems: list[Located] = []
    at = 0
    while at < len(line):
        char = line[at]
        column = at + 1
        if char in "#!":
            break
        if char.isspace() or char == "\ufeff":
            at += 1
        elif char == ";":
            tokens.append(Token("end", char, number, column))
            at += 1
        elif char in "\"'":
            end = line.find(char, at + 1)
            name = line[at + 1 : end] if end > 0 else ""
            if not name.strip():
                what = "a quote that is not closed on its line" if end < 0 else "an empty name"
                remedy = "Write the name between two quotes."
                problems.append((number, column, caret_problem(line, number, column, what, remedy)))
            else:
                tokens.append(Token("name", name.strip(), number, column))
            at = len(line) if end < 0 else end + 1
        elif _starts_number(line, at):
            at, text = _number_end(line, at)
            tokens.append(Token("number", text, number, column))
        elif _is_name_start(char):
            end = at + 1
            while end < len(line) and _is_name_part(line[end]):
                end += 1
            tokens.append(Token("name", line[at:end], number, column))
            at = end
        elif char in _SIGNS:
            tokens.append(Token(_SIGNS[char], char, number, column))
            at += 1
        elif sign := next((sign for sign in _OPERATORS if line.startswith(sign, at)), None):
            tokens.append(Token("op", sign, number, column))
            at += len(sign)
        else:
            problems.append((number, column, _unknown_character(line, number, column)))
            at += 1
    return tokens, problems


def _unknown_character(line: str, number: int, column: int) -> Problem:
    char = line[column - 1]
    if char in _FULL_WIDTH:
        found = f"the full-width sign '{char}'"
        return caret_problem(line, number, column, found, f"Write '{_FULL_WIDTH[char]}' instead.")
    if char in "()%,[]{}@^/":
        found = f"'{char}', but functions, groups and arithmetic are not fitted by this version"
        return caret_problem(line, number, column, found, UNDERSTOOD)
    shown = char if char.isprintable() else f"U+{ord(char):04X}"
    return caret_problem(
        line, number, column, f"the character '{shown}' belongs to no name", "Write such a name in quotes."
    )


UNDERSTOOD = (
    "Write 'construct =~ item + item', 'construct <~ item + item', 'outcome ~ construct' or "
    "'name ~~ name', with fixed numbers as '1*item' and unusual names in quotes."
)


def caret_problem(line: str, number: int, column: int, found: str, remedy: str) -> Problem:
    """A problem that shows the line with a caret under the place.

    Parameters
    ----------
    line : str
        The line as the reader wrote it.
    number, column : int
        Counted from 1.
    found, remedy : str
        As in `Problem`.
    """
    before = line[: column - 1]
    pad = "".join(
        char if char == "\t" else "  " if unicodedata.east_asian_width(char) in "WF" else " "
        for char in before
    )
    where = f"model, line {number}, column {column}"
    return Problem(where, f"{found}\n        {line.rstrip()}\n        {pad}^", remedy)


def _starts_number(line: str, at: int) -> bool:
    char = line[at]
    following = line[at + 1 : at + 2]
    return char in "0123456789" or (char == "." and following != "" and following in "0123456789")


def _number_end(line: str, at: int) -> tuple[int, str]:
    """Where the number starting at ``at`` ends, and its text; a name glued to it belongs to the text."""
    end = at
    while end < len(line) and (line[end] in "0123456789." or _is_name_part(line[end])):
        if line[end] in "eE" and line[end + 1 : end + 2] in ("+", "-") and line[end + 2 : end + 3].isdigit():
            end += 1
        end += 1
    return end, line[at:end]


def _is_name_start(char: str) -> bool:
    return char.isalpha() or char in "_."


def _is_name_part(char: str) -> bool:
    return char.isalnum() or char in "_." or unicodedata.category(char).startswith("M")

"""Characters of a model to tokens, each knowing its line and column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, NamedTuple

from servicefx.syntax.faults import Found

__all__ = ["Kind", "Token", "statements"]

Kind = Literal["name", "quoted", "number", "op", "+", "-", "*", "/", "^", "(", ")", ",", "end"]

_PIECE = re.compile(
    r"(?P<space>[\s\ufeff]+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))"
    r"|(?P<word>[A-Za-z0-9_.\x80-\U0010ffff]+)"
    r"|(?P<op>~\*~|:=|==|=~|<~|~~|<=|>=|[~<>|:=])"
    r"|(?P<sign>\*\*|[-+*/^(),;])"
    r"|(?P<comment>[#!])"
    r"|(?P<quoted>\"[^\"]*\"|'[^']*')"
    r"|(?P<other>.)",
    re.DOTALL,
)
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SIGNS: dict[str, Kind] = {
    "+": "+", "-": "-", "*": "*", "/": "/", "^": "^", "**": "^", "(": "(", ")": ")", ",": ",", ";": "end",
}  # fmt: skip
_CARRY_ON = frozenset(("op", "+", "-", "*", "/", "^", ","))
"""A statement goes on after a line that ends, and into a line that begins, with one of these."""
_FULL_WIDTH = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F) if not chr(code).isalpha()}
_FULL_WIDTH |= dict(zip("“”‘’、", "\"\"'',", strict=True))


class Token(NamedTuple):
    """One word or sign of the model text; names without their quotes, lines and columns from 1.

    ``end`` is the column after its last character; ``**`` has kind ``^``, and ``;`` kind ``end``.
    """

    kind: Kind
    text: str
    line: int
    column: int
    end: int

    @property
    def place(self) -> tuple[int, int]:
        """Line and column."""
        return self.line, self.column


def statements(text: str) -> tuple[list[list[Token]], list[Found]]:
    """Split a model into its statements.

    Parameters
    ----------
    text : str
        The whole model. A statement ends at ``;`` or at the end of a line, unless a parenthesis is open or
        the line ends, or the next one begins, with an operator, a comma or a sign, and the next line brings
        no second operator. ``#`` and ``!`` begin a comment, which the end of the line ends.

    Returns
    -------
    list of list of Token
        Non-empty statements, in order.
    list of Found
        One for each run of characters that belongs to no token.
    """
    found: list[list[Token]] = []
    faults: list[Found] = []
    current: list[Token] = []
    depth, has_operator = 0, False
    for number, line in enumerate(text.splitlines(), start=1):
        tokens: list[Token] = []
        _read_line(line, number, tokens, faults)
        if not tokens:
            continue
        if current and not (
            (depth > 0 or current[-1].kind in _CARRY_ON or tokens[0].kind in _CARRY_ON)
            and not (has_operator and _has_operator(tokens))
        ):
            found.append(current)
            current, depth, has_operator = [], 0, False
        for token in tokens:
            kind = token.kind
            if kind == "end":
                if current:
                    found.append(current)
                current, depth, has_operator = [], 0, False
                continue
            if kind == "(":
                depth += 1
            elif kind == ")":
                depth -= 1
            elif kind == "op":
                has_operator = True
            current.append(token)
    if current:
        found.append(current)
    return found, faults


def _has_operator(tokens: list[Token]) -> bool:
    """Whether an operator stands before the first ``;``: no statement has two."""
    for token in tokens:
        if token.kind == "op":
            return True
        if token.kind == "end":
            break
    return False


def _read_line(line: str, number: int, tokens: list[Token], faults: list[Found]) -> None:
    """Append the tokens of one line, and what belongs to none."""
    at, match = 0, _PIECE.match
    while piece := match(line, at):
        start, at = at, piece.end()
        kind, shown = piece.lastgroup, piece.group()
        if kind == "space":
            continue
        if kind == "word":
            if shown.isascii() and not (shown[0] in "0123456789." and _is_bare(shown)):
                tokens.append(Token("name", shown, number, start + 1, at + 1))
            else:
                _read_run(shown, number, start, tokens, faults)
        elif kind == "number" or kind == "op":
            tokens.append(Token(kind, shown, number, start + 1, at + 1))  # type: ignore[arg-type]
        elif kind == "sign":
            tokens.append(Token(_SIGNS[shown], shown, number, start + 1, at + 1))
        elif kind == "quoted" and shown[1:-1].strip():
            tokens.append(Token("quoted", shown[1:-1].strip(), number, start + 1, at + 1))
        elif kind == "comment":
            return
        else:
            faults.append(Found(number, start + 1, *_unknown(shown)))
            if shown in "\"'":
                return


def _is_bare(word: str) -> bool:
    """Whether a word has no letter, so that it is no name."""
    return not any(char.isalpha() or char == "_" for char in word)


def _read_run(run: str, line: int, start: int, tokens: list[Token], faults: list[Found]) -> None:
    """Words within a run that holds characters beyond ASCII, or no letter at all."""
    was_bad = False
    for word, at, is_word in _words(run):
        column = start + at + 1
        if not is_word:
            if not (was_bad or word.isspace() or word == "\ufeff"):
                faults.append(Found(line, column, *_unknown(word)))
            was_bad = not word.isspace()
            continue
        was_bad = False
        if _NUMBER.fullmatch(word):
            tokens.append(Token("number", word, line, column, column + len(word)))
        elif _is_bare(word):
            found = f"'{word}' is neither a number nor a name"
            faults.append(Found(line, column, found, "Write a name that begins so in quotes."))
        else:
            tokens.append(Token("name", word, line, column, column + len(word)))


def _words(run: str) -> Iterator[tuple[str, int, bool]]:
    """Words of a run and the single characters between them, each with its position."""
    at = 0
    while at < len(run):
        char, end = run[at], at + 1
        is_word = char.isalpha() or char in "_." or ("0" <= char <= "9")
        if is_word:
            while end < len(run) and _is_name_part(run[end]):
                end += 1
        yield run[at:end], at, is_word
        at = end


def _is_name_part(char: str) -> bool:
    return char.isalnum() or char in "_." or unicodedata.category(char).startswith("M")


def _unknown(shown: str) -> tuple[str, str]:
    """What is wrong with a character or a quotation, and what to do."""
    char = shown[0]
    if len(shown) > 1:
        return "an empty name", "Write the name between two quotes."
    if char in "\"'":
        return "a quote that is not closed on its line", "Write the name between two quotes."
    if char in _FULL_WIDTH:
        return f"the full-width sign '{char}'", f"Write '{_FULL_WIDTH[char]}' instead."
    if char in "%[]{}@&$?\\`":
        return f"'{char}' has no meaning in a model", "Remove it, or write a name that holds it in quotes."
    readable = char if char.isprintable() else f"U+{ord(char):04X}"
    return f"the character '{readable}' belongs to no name", "Write such a name in quotes."

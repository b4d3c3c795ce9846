"""Tokens of an arithmetic expression to Expression, with R's precedence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from servicefx.errors import closest
from servicefx.syntax.expression import FUNCTIONS, Expression, Step
from servicefx.syntax.faults import Fault, refusal
from servicefx.syntax.tokens import Token, statements

__all__ = ["constant", "label_name", "parse_expression", "read_expression"]

_RANK = {"+": 1, "-": 1, "*": 2, "/": 2, "negative": 3, "^": 4}
"""How tightly a sign binds; ``^`` joins from the right and binds tighter than a minus before it."""
_DEEPEST = 50
"""Parentheses, functions and signs that may be open at once."""
_GRAMMAR = "Write it of labels, numbers, + - * / ^ ( ), exp, log, sqrt and abs."


def parse_expression(text: str) -> Expression:
    """Read an expression such as ``a * b + exp(-c)``; nothing is evaluated as code.

    Parameters
    ----------
    text : str
        Labels (unusual ones in quotes), numbers, ``+ - * / ^ ( )``, ``exp``, ``log``, ``sqrt``, ``abs``;
        precedence as in R, where ``-2^2`` is -4, ``2^3^2`` is 512, and ``**`` means ``^``.

    Raises
    ------
    StudyError
        If it is not understood, or a part without labels is no finite number.

    Examples
    --------
    >>> parse_expression("-a^2 / 4").value({"a": 6.0})
    -9.0
    """
    found, faults = statements(text)
    if faults:
        raise refusal(text, faults)
    tokens = [token for statement in found for token in statement]
    start = Token("end", "the beginning", 1, 1, 1)
    try:
        return read_expression(tokens, start, text.splitlines())
    except Fault as fault:
        raise refusal(text, [fault.found]) from None


def read_expression(tokens: Sequence[Token], before: Token, lines: Sequence[str]) -> Expression:
    """The expression that tokens say.

    Parameters
    ----------
    tokens : sequence of Token
        All of it.
    before : Token
        Where to point if there are none.
    lines : sequence of str
        Of the whole text, to keep what was written; empty if it need not be kept.
    """
    return Expression(text=_written(tokens, lines), steps=tuple(_Reader(before).read(tokens)))


def constant(tokens: Sequence[Token], before: Token) -> float:
    """The number that arithmetic without labels comes to, e.g. ``-1/2`` or ``sqrt(2)``."""
    if len(tokens) == 1 and tokens[0].kind == "number":
        return _number(tokens[0])
    expression = read_expression(tokens, before, ())
    if expression.names:
        name = expression.names[0]
        place = next(token for token in tokens if token.text == name).place
        raise Fault(place, f"'{name}' within the arithmetic before '*'", "Write numbers only there.")
    return float(expression.value({}))


def label_name(token: Token) -> str:
    """A token as a label; a name that begins with a digit needs quotes, since ``2x`` may mean ``2*x``."""
    if token.kind == "name" and token.text[0].isdigit():
        found = f"the label '{token.text}' begins with a digit"
        raise Fault(token.place, found, f"Write '{_split_digits(token.text)}', or the label in quotes.")
    return token.text


def _split_digits(text: str) -> str:
    digits = len(text) - len(text.lstrip("0123456789."))
    return f"{text[:digits]}*{text[digits:]}"


def _number(token: Token) -> float:
    value = float(token.text)
    if not math.isfinite(value):
        raise Fault(token.place, f"'{token.text}' is too large a number", "Write a finite number.")
    return value


def _written(tokens: Sequence[Token], lines: Sequence[str]) -> str:
    """The text of tokens as written; a wrapped line becomes a space."""
    if not lines or not tokens:
        return ""
    pieces: dict[int, tuple[int, int]] = {}
    for token in tokens:
        start, _ = pieces.get(token.line, (token.column, 0))
        pieces[token.line] = start, token.end
    return " ".join(lines[line - 1][start - 1 : end - 1].strip() for line, (start, end) in pieces.items())


class _Reader:
    """Operator precedence by two stacks: signs that wait, and constants known so far."""

    def __init__(self, before: Token) -> None:
        self.last = before
        self.steps: list[Step] = []
        self.waiting: list[tuple[str, Token]] = []
        self.known: list[float | None] = []

    def read(self, tokens: Sequence[Token]) -> list[Step]:
        wants_value = True
        for at, token in enumerate(tokens):
            following = tokens[at + 1].kind if at + 1 < len(tokens) else ""
            wants_value = self._value(token, following) if wants_value else self._sign(token)
            self.last = token
            if len(self.waiting) > _DEEPEST:
                raise Fault(token.place, f"more than {_DEEPEST} open parentheses and signs", "Simplify it.")
        if wants_value:
            raise Fault(self.last.place, f"a label or number is missing after '{self.last.text}'", _GRAMMAR)
        while self.waiting:
            what, token = self.waiting.pop()
            if what in ("(", "function"):
                raise Fault(token.place, f"'{token.text}' is not closed by ')'", "Close it.")
            self._apply(what, token)
        return self.steps

    def _value(self, token: Token, following: str) -> bool:
        """Take a token where a value is expected; whether one is still expected after it."""
        kind = token.kind
        if kind == "number":
            value = _number(token)
            self.steps.append(Step("number", token.text, value))
            self.known.append(value)
        elif kind == "name" and following == "(":
            if token.text not in FUNCTIONS:
                found = f"the function '{token.text}' is not known{closest(token.text, FUNCTIONS)}"
                raise Fault(token.place, found, "Use exp, log, sqrt or abs.")
            self.waiting.append(("function", token))
            return True
        elif kind in ("name", "quoted"):
            self.steps.append(Step("name", label_name(token)))
            self.known.append(None)
        elif kind == "(":
            if not (self.waiting and self.waiting[-1] == ("function", self.last)):
                self.waiting.append(("(", token))
            return True
        elif kind == "-":
            self.waiting.append(("negative", token))
            return True
        elif kind == "+":
            return True
        else:
            raise Fault(token.place, f"'{token.text}' where a label or number is expected", _GRAMMAR)
        return False

    def _sign(self, token: Token) -> bool:
        """Take a token after a value; whether a value is expected next."""
        kind = token.kind
        if kind == ")":
            while self.waiting:
                what, opened = self.waiting.pop()
                if what == "(":
                    return False
                self._apply(what, opened)
                if what == "function":
                    return False
            raise Fault(token.place, "')' closes nothing", "Remove it.")
        if kind not in _RANK:
            raise Fault(token.place, f"'{token.text}' where a sign such as '+' is expected", _GRAMMAR)
        while self.waiting:
            rank = _RANK.get(self.waiting[-1][0], 0)
            if rank < _RANK[kind] or (rank == _RANK[kind] and kind == "^"):
                break
            self._apply(*self.waiting.pop())
        self.waiting.append((kind, token))
        return True

    def _apply(self, what: str, token: Token) -> None:
        """Move a sign from the waiting ones to the steps; refuse what is no number whatever the labels."""
        if what == "function":
            step, arity = Step("function", token.text), 1
        elif what == "negative":
            step, arity = Step("negative", "-"), 1
        else:
            step, arity = Step("binary", what), 2
        parts = self.known[-arity:]
        del self.known[-arity:]
        self.steps.append(step)
        if what == "/" and parts[1] == 0.0:
            raise Fault(token.place, "a division by zero", "Correct what it is divided by.")
        if any(part is None for part in parts):
            self.known.append(None)
            return
        operands = [Step("number", "", part) for part in parts if part is not None]
        value = float(Expression(text="", steps=(*operands, step)).value({}))
        if not math.isfinite(value):
            raise Fault(token.place, f"'{token.text}' gives no finite number here", "Correct the numbers.")
        self.known.append(value)

"""Model text to ParameterTable; what this version does not fit is refused where it stands."""

from __future__ import annotations

import math

from servicefx.errors import Problem, StudyError
from servicefx.syntax.table import OPERATORS, Operator, ParameterRow, ParameterTable
from servicefx.syntax.tokens import UNDERSTOOD, Token, caret_problem, statements

__all__ = ["parse_model"]

_NOT_FITTED = {
    ":=": "':=' definitions are not computed by this version",
    "==": "'==' constraints are not fitted by this version",
    "<": "'<' constraints are not fitted by this version",
    ">": "'>' constraints are not fitted by this version",
    "|": "'|' thresholds are not fitted by this version",
    "~*~": "'~*~' scaling factors are not fitted by this version",
    ":": "':' blocks and interactions are not fitted by this version",
}
_SHOWN = 20
"""Problems listed in one refusal."""


class _Fault(Exception):
    """A fault at one token; becomes a Problem."""

    def __init__(self, token: Token, found: str, remedy: str = UNDERSTOOD) -> None:
        super().__init__(found)
        self.token, self.found, self.remedy = token, found, remedy


def parse_model(text: str) -> ParameterTable:
    """Read a model in lavaan's language.

    Understood are ``=~`` (measured by), ``<~`` (composed of), ``~`` (regressed on), ``~~`` ((co)varies
    with), terms joined by ``+``, fixed numbers as ``1*x``, several names left of an operator, names in
    quotes, names in any script, comments (``#`` or ``!``), ``;`` and wrapped lines. Nothing is evaluated.

    Parameters
    ----------
    text : str
        The model.

    Returns
    -------
    ParameterTable
        In the order of the text.

    Raises
    ------
    StudyError
        With line, column and caret for every statement that is not understood or not fitted.

    Examples
    --------
    >>> table = parse_model("quality =~ 1*q1 + q2; satisfaction ~ quality")
    >>> [(row.lhs, row.op, row.rhs, row.fixed) for row in table.rows]
    [('quality', '=~', 'q1', 1.0), ('quality', '=~', 'q2', None), ('satisfaction', '~', 'quality', None)]
    """
    lines = text.splitlines()
    found, problems = statements(text)
    spoilt = {line for line, _, _ in problems}
    seen: dict[tuple[str, str, str], int] = {}
    rows: list[ParameterRow] = []
    for tokens in found:
        try:
            parsed = _statement(tokens)
            for row in parsed:
                _check_row(row, tokens, seen)
        except _Fault as fault:
            line, column = fault.token.line, fault.token.column
            if line not in spoilt:
                problem = caret_problem(lines[line - 1], line, column, fault.found, fault.remedy)
                problems.append((line, column, problem))
        else:
            rows.extend(parsed)
    if not rows and not problems:
        raise StudyError(Problem("model", "holds no line, at least one expected", UNDERSTOOD))
    if problems:
        problems.sort(key=lambda located: located[:2])
        raise StudyError(*(problem for _, _, problem in problems[:_SHOWN]))
    return ParameterTable(rows=tuple(rows))


def _statement(tokens: list[Token]) -> list[ParameterRow]:
    """Rows of one statement: names, operator, terms."""
    at = next((i for i, token in enumerate(tokens) if token.kind == "op"), None)
    if at is None:
        raise _Fault(tokens[0], f"'{tokens[0].text}' without an operator")
    operator = tokens[at]
    if operator.text in _NOT_FITTED:
        raise _Fault(operator, _NOT_FITTED[operator.text])
    assert operator.text in OPERATORS
    op: Operator = operator.text
    left = _terms(tokens[:at], operator)
    right = _terms(tokens[at + 1 :], operator)
    for token, fixed in left:
        if fixed is not None:
            raise _Fault(token, f"a number before '{token.text}', left of '{op}'")
    return [
        ParameterRow(lhs=lhs.text, op=op, rhs=rhs.text, fixed=fixed, line=rhs.line, column=rhs.column)
        for lhs, _ in left
        for rhs, fixed in right
    ]


def _terms(tokens: list[Token], operator: Token) -> list[tuple[Token, float | None]]:
    """Names joined by '+', each with the number it is fixed at."""
    terms: list[tuple[Token, float | None]] = []
    at = 0
    while True:
        if at >= len(tokens):
            raise _Fault(tokens[-1] if tokens else operator, "a name is missing here")
        fixed, at = _modifier(tokens, at, operator)
        if at >= len(tokens):
            raise _Fault(tokens[-1], "a name is missing here")
        token = tokens[at]
        if token.kind == "op":
            raise _Fault(
                token, f"a second operator '{token.text}' in one line", "Begin a new line before it."
            )
        if token.kind != "name":
            raise _Fault(token, f"'{token.text}' where a name is expected")
        terms.append((token, fixed))
        at += 1
        if at == len(tokens):
            return terms
        token = tokens[at]
        if token.kind == "op":
            if token.text in _NOT_FITTED:
                raise _Fault(token, _NOT_FITTED[token.text])
            raise _Fault(
                token, f"a second operator '{token.text}' in one line", "Begin a new line before it."
            )
        if token.kind == "star":
            raise _Fault(
                terms[-1][0],
                f"the label or function '{terms[-1][0].text}*': labels, 'NA*' and equalities are not fitted "
                "by this version",
            )
        if token.kind != "plus":
            raise _Fault(token, f"'{token.text}' where '+' is expected")
        at += 1


def _modifier(tokens: list[Token], at: int, operator: Token) -> tuple[float | None, int]:
    """The number before '*', if one stands there, and where the name begins."""
    sign = 1.0
    start = tokens[at]
    if start.kind == "minus" and at + 1 < len(tokens) and tokens[at + 1].kind == "number":
        sign, at = -1.0, at + 1
    if tokens[at].kind != "number":
        return None, at
    number = tokens[at]
    try:
        value = sign * float(number.text)
    except ValueError:
        raise _Fault(
            number,
            f"'{number.text}' is neither a number nor a name",
            "Write a name that begins so in quotes.",
        ) from None
    if not math.isfinite(value):
        raise _Fault(number, f"'{number.text}' is too large a number", "Fix it at a finite number.")
    if at + 1 >= len(tokens) or tokens[at + 1].kind != "star":
        if operator.text == "~" and value in (0.0, 1.0):
            raise _Fault(start, f"'~ {number.text}' intercepts are not fitted by this version")
        raise _Fault(start, f"the number '{number.text}' without '*' and a name after it")
    return value, at + 2


def _check_row(row: ParameterRow, tokens: list[Token], seen: dict[tuple[str, str, str], int]) -> None:
    """Refuse a parameter that stands twice, or a construct that explains itself."""
    here = next(t for t in tokens if t.line == row.line and t.column == row.column)
    if row.op != "~~" and row.lhs == row.rhs:
        raise _Fault(
            here, f"'{row.lhs} {row.op} {row.rhs}' explains '{row.lhs}' by itself", "Remove the term."
        )
    key = (row.lhs, row.op, row.rhs)
    if row.op == "~~" and row.lhs > row.rhs:
        key = (row.rhs, row.op, row.lhs)
    if key in seen:
        found = f"'{row.lhs} {row.op} {row.rhs}' stands already in line {seen[key]}"
        raise _Fault(here, found, "Remove one of the two.")
    seen[key] = row.line

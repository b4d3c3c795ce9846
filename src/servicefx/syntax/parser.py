"""Model text to ParameterTable; what is not understood is refused where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import get_args

from servicefx.errors import Problem, StudyError
from servicefx.syntax.arithmetic import label_name, read_expression
from servicefx.syntax.definitions import Constraint, Definition
from servicefx.syntax.expression import Expression
from servicefx.syntax.faults import UNDERSTOOD, Fault, Found, refusal
from servicefx.syntax.labels import label_faults, resolve_equal
from servicefx.syntax.modifiers import merged
from servicefx.syntax.table import Modifier, Operator, ParameterRow, ParameterTable
from servicefx.syntax.terms import not_fitted, read_names, read_terms, second_operator
from servicefx.syntax.tokens import Token, statements

__all__ = ["parse_model"]

_MODEL_OPERATORS = {op: op for op in get_args(Operator) if op != "~1"}
_NAMES = frozenset(("name", "quoted"))
_THRESHOLD = re.compile(r"t[1-9][0-9]*")


def parse_model(text: str, *, products: bool = False) -> ParameterTable:
    """Read a model in lavaan's language.

    Understood are ``=~`` (measured by), ``<~`` (composed of), ``~`` (regressed on), ``~~`` ((co)varies
    with), ``~ 1`` (intercept), ``|`` (thresholds ``t1``, ``t2``, ...), ``~*~`` (scaling factor), ``:=``
    (definition) and ``==`` (equality). Before ``*`` stand numbers and arithmetic of numbers, ``NA``,
    ``start()``, labels, ``equal()`` and ``c()`` with one entry a group. Names may stand in quotes and be in
    any script; ``#`` and ``!`` begin comments; lines wrap after or before a sign. Nothing is evaluated as
    code. A parameter may stand twice, if the second mention adds a modifier.

    Parameters
    ----------
    text : str
        The model.
    products : bool
        Whether right-hand sides of ``~`` may hold products of two constructs, ``a:b``; only composites
        (`servicefx.pls`) are fitted with them.

    Returns
    -------
    ParameterTable
        In the order of the text.

    Raises
    ------
    StudyError
        With line, column and caret for every statement that is not understood or not fitted, and every
        label, definition or modifier that does not fit the others; the first twenty.

    Examples
    --------
    >>> table = parse_model("quality =~ 1*q1 + q2; satisfaction ~ b*quality; twice := 2 * b")
    >>> [(row.lhs, row.op, row.rhs, row.fixed) for row in table.rows]
    [('quality', '=~', 'q1', 1.0), ('quality', '=~', 'q2', None), ('satisfaction', '~', 'quality', None)]
    >>> table.definitions[0].expression.value({"b": 0.4})
    0.8
    """
    found, faults = statements(text)
    reading = _Reading(text.splitlines(), faults)
    for tokens in found:
        reading.take(reading.with_products(tokens) if products else tokens)
    if not found and not faults:
        raise StudyError(Problem("model", "holds no line, at least one expected", UNDERSTOOD))
    table = reading.table()
    if reading.faults:
        raise refusal(text, reading.faults)
    if not table.rows:
        raise StudyError(Problem("model", "states no parameter, at least one expected", UNDERSTOOD))
    return table


class _Reading:
    """What has been read of one text so far."""

    def __init__(self, lines: Sequence[str], faults: list[Found]) -> None:
        self.lines = lines
        self.faults = faults
        self.spoilt_lines = {fault.line for fault in faults}
        self.spoilt_names: set[str] = set()
        self.rows: list[ParameterRow] = []
        self.position: dict[tuple[str, str, str], int] = {}
        self.equal: dict[int, Token] = {}
        self.n_groups: int = 1
        self.definitions: list[Definition] = []
        self.constraints: list[Constraint] = []
        self.used: list[Token] = []
        self.products: dict[tuple[int, int], tuple[str, str]] = {}

    def with_products(self, tokens: Sequence[Token]) -> Sequence[Token]:
        """The statement with every ``a:b`` right of ``~`` as one name, whose factors are kept."""
        at = next((i for i, token in enumerate(tokens) if token.kind == "op"), len(tokens))
        if at == len(tokens) or tokens[at].text != "~":
            return tokens
        joined = list(tokens[: at + 1])
        rest = list(tokens[at + 1 :])
        while rest:
            if len(rest) > 2 and rest[1].text == ":" and {rest[0].kind, rest[2].kind} <= _NAMES:
                left, _, right = rest[:3]
                self.products[left.place] = (left.text, right.text)
                joined.append(left._replace(text=f"{left.text}:{right.text}"))
                rest = rest[3:]
            else:
                joined.append(rest.pop(0))
        return joined

    def take(self, tokens: Sequence[Token]) -> None:
        """Read one statement; what is wrong with it is kept."""
        try:
            self._statement(tokens)
        except Fault as fault:
            self.spoilt_names.update(token.text for token in tokens)
            if fault.found.line not in self.spoilt_lines:
                self.faults.append(fault.found)

    def table(self) -> ParameterTable:
        """The whole model, after its labels are checked."""
        if not self.faults:
            self.faults += resolve_equal(self.rows, self.equal)
        labels = dict.fromkeys(label for row in self.rows if row.modifiers for label in row.labels)
        self.faults += label_faults(labels, self.definitions, self.constraints, self.used, self.spoilt_names)
        return ParameterTable(
            rows=tuple(self.rows),
            definitions=tuple(self.definitions),
            constraints=tuple(self.constraints),
        )

    def _statement(self, tokens: Sequence[Token]) -> None:
        at = next((i for i, token in enumerate(tokens) if token.kind == "op"), None)
        if at is None:
            raise Fault(tokens[0].place, f"'{tokens[0].text}' without an operator")
        sign = tokens[at]
        op = _MODEL_OPERATORS.get(sign.text)
        if op is not None:
            self._parameters(tokens, at, op)
        elif sign.text in (":=", "=="):
            self._equation(tokens, at)
        else:
            raise not_fitted(tokens, at)

    def _equation(self, tokens: Sequence[Token], at: int) -> None:
        """Take ``name := expression`` or ``left == right``."""
        sign = tokens[at]
        for i in range(at + 1, len(tokens)):
            if tokens[i].kind == "op":
                raise second_operator(tokens, i)
        if at == 0:
            raise Fault(sign.place, f"nothing stands left of '{sign.text}'")
        if sign.text == "==":
            left, right = self._expression(tokens[:at], sign), self._expression(tokens[at + 1 :], sign)
            self.constraints.append(Constraint(left=left, right=right, line=sign.line, column=sign.column))
            return
        if at != 1 or tokens[0].kind not in ("name", "quoted"):
            raise Fault(tokens[0].place, "one name expected left of ':='", "Write 'name := expression'.")
        name = label_name(tokens[0])
        right = self._expression(tokens[at + 1 :], sign)
        line, column = tokens[0].place
        self.definitions.append(Definition(name=name, expression=right, line=line, column=column))

    def _expression(self, tokens: Sequence[Token], before: Token) -> Expression:
        """One expression; its names are kept to be looked up."""
        expression = read_expression(tokens, before, self.lines)
        names = set(expression.names)
        self.used += [token for token in tokens if token.text in names]
        return expression

    def _parameters(self, tokens: Sequence[Token], at: int, op: Operator) -> None:
        """Take a line of parameters: names, operator, terms."""
        left = read_names(tokens, at)
        terms = read_terms(tokens, at)
        for name in left:
            lhs = name.text
            for term in terms:
                target = term.target
                if target.kind == "number":
                    self._row(lhs, "~1", "", term.modifiers, target, term.equal)
                    continue
                rhs = target.text
                if lhs == rhs and op in ("=~", "<~", "~"):
                    found = f"'{lhs} {op} {rhs}' explains '{lhs}' by itself"
                    raise Fault(target.place, found, "Remove the term.")
                if op == "|" and not _THRESHOLD.fullmatch(rhs):
                    found = f"the threshold '{rhs}', but thresholds are named t1, t2, ..."
                    raise Fault(target.place, found, "Write 'item | t1 + t2'.")
                if op == "~*~" and lhs != rhs:
                    found = f"'{lhs} ~*~ {rhs}': a scaling factor stands between one name and itself"
                    raise Fault(target.place, found, f"Write '{lhs} ~*~ {lhs}'.")
                self._row(lhs, op, rhs, term.modifiers, target, term.equal)

    def _row(
        self,
        lhs: str,
        op: Operator,
        rhs: str,
        modifiers: tuple[Modifier, ...],
        token: Token,
        equal: Token | None,
    ) -> None:
        """Add a parameter, or what a second mention says of it."""
        if len(modifiers) > 1 and len(modifiers) != self.n_groups:
            if self.n_groups > 1:
                found = f"modifiers for {len(modifiers)} groups, but for {self.n_groups} elsewhere"
                raise Fault(token.place, found, "State one entry for each group throughout.")
            self.n_groups = len(modifiers)
        key = (rhs, op, lhs) if op == "~~" and rhs < lhs else (lhs, op, rhs)
        at = self.position.setdefault(key, len(self.rows))
        if equal is not None:
            if at in self.equal:
                raise Fault(equal.place, "a second 'equal()'", "Give the three parameters one label instead.")
            self.equal[at] = equal
        if at == len(self.rows):
            self.rows.append(
                ParameterRow(
                    lhs=lhs,
                    op=op,
                    rhs=rhs,
                    modifiers=modifiers,
                    line=token.line,
                    column=token.column,
                    factors=self.products.get(token.place, ()),
                )
            )
            return
        row = self.rows[at]
        if not modifiers and equal is None:
            found = f"'{lhs} {op} {rhs}' stands already in line {row.line}".replace(" ~1 ", " ~ 1")
            raise Fault(token.place, found, "Remove one of the two.")
        if modifiers:
            self.rows[at] = ParameterRow(
                lhs=row.lhs,
                op=row.op,
                rhs=row.rhs,
                modifiers=merged(row.modifiers, modifiers, token),
                line=row.line,
                column=row.column,
                factors=row.factors,
            )

"""Both sides of a line of parameters: names joined by '+', on the right with what stands before them."""

from __future__ import annotations

from collections.abc import Sequence

from servicefx.syntax.faults import Fault
from servicefx.syntax.modifiers import Term, read_modifiers
from servicefx.syntax.table import Modifier
from servicefx.syntax.tokens import Token

__all__ = ["not_fitted", "read_names", "read_terms", "second_operator"]

_NAMES = frozenset(("name", "quoted"))
_BLOCKS = ("group", "level", "block", "class")
_INEQUALITIES = ("<", ">", "<=", ">=")
_AFTER_VALUE = frozenset(("name", "quoted", "number", ")"))


def not_fitted(tokens: Sequence[Token], at: int) -> Fault:
    """The refusal of an operator that this version does not fit, naming what to do instead."""
    sign = tokens[at]
    if sign.text in _INEQUALITIES:
        return Fault(
            sign.place,
            f"'{sign.text}' inequality constraints are not fitted by this version",
            "Fit without it and see whether the estimate keeps to it, or state an equality with '=='.",
        )
    if sign.text == ":" and at == 1 and tokens[0].text.casefold() in _BLOCKS:
        return Fault(
            sign.place,
            f"'{tokens[0].text}:' blocks are not fitted by this version",
            "State modifiers for each group as 'c(a, b)*x'.",
        )
    if sign.text == ":":
        return Fault(
            sign.place,
            "':' interactions are not fitted by this version",
            "Multiply the two columns in the data, and name the product here.",
        )
    if sign.text == "=":
        return Fault(sign.place, "'=' is no operator", "Write '==' for an equality, or '=~' for a measure.")
    return Fault(sign.place, f"'{sign.text}' where a term is expected")


def second_operator(tokens: Sequence[Token], at: int) -> Fault:
    """The refusal of an operator after the first."""
    sign = tokens[at]
    if sign.text in (":", "=", *_INEQUALITIES):
        return not_fitted(tokens, at)
    return Fault(sign.place, f"a second operator '{sign.text}' in one line", "Begin a new line before it.")


def read_names(tokens: Sequence[Token], at: int) -> list[Token]:
    """Names left of the operator at position ``at``."""
    operator, names = tokens[at], []
    for i in range(0, at, 2):
        token = tokens[i]
        follows = tokens[i + 1] if i + 1 < at else None
        if follows is not None and follows.kind in ("*", "(") and token.kind in (*_NAMES, "number"):
            if token.text == "efa":
                raise Fault(token.place, "'efa()': exploratory blocks are not fitted by this version")
            name = next((t.text for t in reversed(tokens[:at]) if t.kind in _NAMES), token.text)
            before = "a number" if token.kind == "number" else "a modifier"
            found = f"{before} before '{name}', left of '{operator.text}'"
            raise Fault(token.place, found, "Write modifiers right of the operator.")
        if token.kind not in _NAMES:
            raise Fault(token.place, f"'{token.text}' where a name is expected")
        if follows is not None and follows.kind != "+":
            raise Fault(follows.place, f"'{follows.text}' where '+' is expected")
        names.append(token)
    if at % 2 == 0:
        raise Fault(tokens[at - 1].place if at else operator.place, "a name is missing here")
    return names


def read_terms(tokens: Sequence[Token], at: int) -> list[Term]:
    """Terms right of the operator at position ``at``."""
    terms: list[Term] = []
    stop, here = len(tokens), at + 1
    while here < stop:
        token = tokens[here]
        if token.kind in _NAMES and (here + 1 == stop or tokens[here + 1].kind == "+"):
            if token.text == "NA" and token.kind == "name":
                raise Fault(token.place, "'NA' without '*' and a name after it", "Write 'NA*x'.")
            terms.append(Term(token))
            end = here + 1
        else:
            end = _term_end(tokens, here)
            terms.append(_term(tokens[here:end], tokens[at]))
        if end == stop:
            return terms
        here = end + 1
    raise Fault(tokens[-1].place, "a name is missing here")


def _term_end(tokens: Sequence[Token], start: int) -> int:
    """Where the term ends: at a '+' after a value, outside parentheses."""
    depth = 0
    for at in range(start, len(tokens)):
        kind = tokens[at].kind
        if kind == "op":
            raise second_operator(tokens, at)
        depth += (kind == "(") - (kind == ")")
        if kind == "+" and depth <= 0 and at > start and tokens[at - 1].kind in _AFTER_VALUE:
            return at
    return len(tokens)


def _term(tokens: Sequence[Token], operator: Token) -> Term:
    """One term that is more than a name."""
    depth, star, opened = 0, -1, 0
    for at, token in enumerate(tokens):
        opened = at if token.kind == "(" and depth == 0 else opened
        depth += (token.kind == "(") - (token.kind == ")")
        if token.kind == "*" and depth == 0:
            star = at
    if depth > 0:
        raise Fault(tokens[opened].place, "'(' is not closed by ')'", "Close it.")
    after = tokens[star + 1 :]
    if not after:
        raise Fault(tokens[-1].place, "a name is missing here")
    target = after[0]
    if len(after) > 1 and target.kind in (*_NAMES, "number"):
        raise _odd(after, operator)
    if target.kind == "number" and operator.text == "~":
        return _intercept(tokens, star, operator)
    if target.kind == "number":
        _refuse_number(target, operator, star > 0)
    if target.kind not in _NAMES:
        raise Fault(target.place, f"'{target.text}' where a name is expected")
    return read_modifiers(tokens[:star], target) if star >= 0 else Term(target)


def _odd(after: Sequence[Token], operator: Token) -> Fault:
    """The refusal of two words side by side, or of arithmetic without a name after it."""
    target, following = after[:2]
    if target.kind == "number" and following.kind in ("/", "^"):
        return Fault(target.place, f"arithmetic with '{target.text}' without '*' and a name after it")
    if following.kind == "(":
        return Fault(target.place, f"the function '{target.text}()' without '*' and a name after it")
    if following.kind == "op":
        return second_operator([operator, following], 1)
    return Fault(following.place, f"'{following.text}' where '+' is expected")


def _intercept(tokens: Sequence[Token], star: int, operator: Token) -> Term:
    """``1`` with what stands before it, or ``0``, an intercept fixed at zero."""
    target = tokens[star + 1]
    value = float(target.text)
    if value == 1.0:
        return read_modifiers(tokens[:star], target) if star >= 0 else Term(target)
    if value == 0.0 and star < 0:
        return Term(target, (Modifier(fixed=0.0),))
    _refuse_number(target, operator, star > 0)
    return Term(target)


def _refuse_number(target: Token, operator: Token, is_after: bool) -> None:
    """Raise where a number stands in the place of a name."""
    if is_after:
        found = f"the number '{target.text}' where a name is expected"
        raise Fault(target.place, found, "Write the modifier before the name, as '0.5*x'.")
    remedy = f"Write '{target.text}*1' for an intercept" if operator.text == "~" else "Write '0.5*x'"
    raise Fault(target.place, f"the number '{target.text}' without '*' and a name after it", remedy + ".")

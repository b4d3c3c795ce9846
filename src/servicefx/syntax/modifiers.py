"""What stands before a name: numbers, NA, labels, start(), c() per group, equal()."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from servicefx.errors import closest
from servicefx.syntax.arithmetic import constant, label_name
from servicefx.syntax.expression import FUNCTIONS
from servicefx.syntax.faults import Fault
from servicefx.syntax.table import Modifier
from servicefx.syntax.tokens import Token

__all__ = ["Modifiers", "Term", "merged", "read_modifiers"]

Modifiers = tuple[Modifier, ...]
_READ = ("c", "start", "label", "equal")
_NOT_FITTED = {
    "lower": "bounds",
    "upper": "bounds",
    "rv": "random slopes",
    "efa": "exploratory blocks",
    "prior": "priors",
}
_GIVEN = "Write a number, NA, start(number), a label, equal(\"f =~ x\") or c() of them before '*'."
_GROUPED = "Write one entry a group: numbers, NA or labels, such as 'c(a, b)*x' or 'c(1, NA)*x'."


@dataclass(slots=True)
class Term:
    """A name right of an operator, and what stands before it."""

    target: Token
    modifiers: Modifiers = ()
    equal: Token | None = None
    """The quoted parameter that `equal()` names."""


def read_modifiers(tokens: Sequence[Token], target: Token) -> Term:
    """The modifiers before the last ``*`` of a term.

    Parameters
    ----------
    tokens : sequence of Token
        Everything before that ``*``.
    target : Token
        The name after it.
    """
    term = Term(target)
    number: float | None = None
    for factor in _split(tokens, "*"):
        if not factor:
            raise Fault((*tokens, target)[0].place, "a modifier is missing before '*'", _GIVEN)
        first = factor[0]
        found = _factor(factor, term)
        if found is None:
            number = constant(factor, first) * (1.0 if number is None else number)
            if not math.isfinite(number):
                raise Fault(first.place, "the numbers before '*' are too large", "Write a finite number.")
            continue
        term.modifiers = merged(term.modifiers, found, first)
    if number is not None:
        if term.modifiers or term.equal:
            raise Fault(tokens[0].place, "a number beside another modifier", _two_terms(target))
        term.modifiers = (Modifier(fixed=number),)
    return term


def _factor(factor: Sequence[Token], term: Term) -> Modifiers | None:
    """The modifiers one factor says; None where it is arithmetic."""
    first = factor[0]
    if len(factor) == 1 and first.kind in ("name", "quoted"):
        return (_entry(factor, first),)
    if first.kind == "name" and len(factor) > 1 and factor[1].kind == "(" and first.text not in FUNCTIONS:
        return _called(first.text, factor, term)
    return None


def _two_terms(target: Token) -> str:
    return f"Write two terms, such as '0.5*{target.text} + a*{target.text}'."


def _called(name: str, factor: Sequence[Token], term: Term) -> Modifiers:
    """The modifiers that a function such as ``c()`` or ``start()`` says."""
    first = factor[0]
    if name in _NOT_FITTED:
        found = f"'{name}()': {_NOT_FITTED[name]} are not fitted by this version"
        raise Fault(first.place, found, "Remove the modifier.")
    if name not in _READ:
        found = f"the modifier '{name}()' is not known{closest(name, _READ)}"
        raise Fault(first.place, found, _GIVEN)
    within = _within(factor)
    if name == "equal":
        if len(within) != 1 or within[0].kind != "quoted":
            raise Fault(
                first.place, "'equal()' takes one parameter in quotes", "Write 'equal(\"f =~ x\")*y'."
            )
        if term.equal is not None:
            raise Fault(first.place, "a second 'equal()'", "Give the three parameters one label instead.")
        term.equal = within[0]
        return ()
    if name != "c" and len(within) > 1 and within[0][:2] == ("name", "c") and within[1].kind == "(":
        within = _within(within)
    elif name != "c":
        return (_said(name, within, first),)
    entries = _split(within, ",")
    if not all(entries):
        raise Fault(first.place, "an entry of 'c()' is missing", _GROUPED)
    return tuple(_said(name, entry, first) for entry in entries)


def _said(name: str, entry: Sequence[Token], before: Token) -> Modifier:
    """One entry of ``c()``, ``start()`` or ``label()``."""
    place = entry[0].place if entry else before.place
    is_name = len(entry) == 1 and entry[0].kind in ("name", "quoted")
    is_na = is_name and entry[0][:2] == ("name", "NA")
    if not entry:
        raise Fault(place, f"'{name}()' is empty", _GIVEN)
    if name == "c":
        return _entry(entry, before)
    if name == "label":
        if not is_name:
            raise Fault(
                place, "'label()' takes a label", 'Write \'label("a")*x\' or \'label(c("a", "b"))*x\'.'
            )
        return Modifier(label="" if is_na else label_name(entry[0]))
    if is_name and not is_na:
        found = f"'{entry[0].text}' within 'start()' is no number"
        raise Fault(place, found, f"Write '{entry[0].text}*x' for a label, and 'start(0.5)*x' for a start.")
    return Modifier() if is_na else Modifier(start=constant(entry, before))


def _entry(entry: Sequence[Token], before: Token) -> Modifier:
    """``NA``, a label or a number."""
    first = entry[0]
    if len(entry) == 1 and first.kind == "quoted":
        return Modifier(label=first.text)
    if len(entry) == 1 and first.kind == "name":
        return Modifier(free=True) if first.text == "NA" else Modifier(label=label_name(first))
    if first.kind == "name" and len(entry) > 1 and entry[1].kind == "(" and first.text in _READ:
        found = f"'{first.text}()' within 'c()'"
        raise Fault(first.place, found, "Write 'start(c(0.5, 0.6))*x', with c() innermost.")
    return Modifier(fixed=constant(entry, before))


def _within(factor: Sequence[Token]) -> Sequence[Token]:
    """What stands between the parentheses of ``name(...)``."""
    depth = 0
    for at, token in enumerate(factor[1:], start=1):
        depth += (token.kind == "(") - (token.kind == ")")
        if depth == 0:
            if at + 1 < len(factor):
                raise Fault(factor[at + 1].place, f"'{factor[at + 1].text}' where '*' is expected", _GIVEN)
            return factor[2:at]
    raise Fault(factor[1].place, "'(' is not closed by ')'", "Close it.")


def _split(tokens: Sequence[Token], sign: str) -> list[Sequence[Token]]:
    """Tokens between signs that stand outside parentheses."""
    cuts, depth = [-1], 0
    for at, token in enumerate(tokens):
        depth += (token.kind == "(") - (token.kind == ")")
        if token.kind == sign and depth == 0:
            cuts.append(at)
    cuts.append(len(tokens))
    return [tokens[start + 1 : stop] for start, stop in pairwise(cuts)]


def merged(first: Modifiers, second: Modifiers, token: Token) -> Modifiers:
    """What two mentions of a parameter say together, group by group.

    Parameters
    ----------
    first, second : tuple of Modifier
        None, one, or one a group.
    token : Token
        The second mention, pointed at where the two contradict each other.
    """
    if not first or not second:
        return first or second
    if len(first) != len(second) and 1 not in (len(first), len(second)):
        found = f"modifiers for {len(second)} groups, after {len(first)} before"
        raise Fault(token.place, found, "State one modifier for each group.")
    n_groups = max(len(first), len(second))
    both = [_both(first[group % len(first)], second[group % len(second)], token) for group in range(n_groups)]
    if all(modifier.fixed is not None and modifier.start is not None for modifier in both):
        raise Fault(token.place, "a start for a parameter that is fixed", "Remove one of the two.")
    return tuple(
        modifier if modifier.fixed is None or modifier.start is None else replace(modifier, start=None)
        for modifier in both
    )


def _both(first: Modifier, second: Modifier, token: Token) -> Modifier:
    for what, one, other in _stated(first, second):
        if one != other:
            found = f"the {what} {_shown(other)}, but {_shown(one)} was stated before"
            raise Fault(token.place, found, "Remove one of the two.")
    fixed = first.fixed if second.fixed is None else second.fixed
    free = first.free or second.free
    if free and fixed is not None:
        raise Fault(token.place, f"both fixed at {fixed:g} and free ('NA*')", "Remove one of the two.")
    return Modifier(
        fixed=fixed,
        free=free,
        start=first.start if second.start is None else second.start,
        label=first.label or second.label,
    )


def _stated(first: Modifier, second: Modifier) -> Iterator[tuple[str, object, object]]:
    """What both say."""
    if first.fixed is not None and second.fixed is not None:
        yield "value", first.fixed, second.fixed
    if first.start is not None and second.start is not None:
        yield "start", first.start, second.start
    if first.label and second.label:
        yield "label", first.label, second.label


def _shown(said: object) -> str:
    return f"{said:g}" if isinstance(said, float) else re.sub("^|$", "'", str(said))

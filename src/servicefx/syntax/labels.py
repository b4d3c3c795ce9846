"""Labels of a whole model: equal() resolved, and every label that an expression uses looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from servicefx.errors import closest
from servicefx.syntax.definitions import Constraint, Definition, in_order
from servicefx.syntax.faults import Fault, Found
from servicefx.syntax.modifiers import merged
from servicefx.syntax.table import Modifier, ParameterRow
from servicefx.syntax.tokens import Token

__all__ = ["label_faults", "resolve_equal"]

_ENOUGH = 20
"""Faults after which no further label is looked up."""


def resolve_equal(rows: list[ParameterRow], equal: Mapping[int, Token]) -> list[Found]:
    """Give parameters joined by ``equal()`` one label, in place; what cannot be joined is returned.

    Parameters
    ----------
    rows : list of ParameterRow
        Of the whole model.
    equal : mapping of int to Token
        Position of a row -> the parameter it equals, quoted, as written.
    """
    if not equal:
        return []
    position: dict[str, int] = {}
    for at, row in enumerate(rows):
        keys = [row.lhs + row.op + row.rhs]
        keys += [row.rhs + row.op + row.lhs] if row.op == "~~" else []
        for key in keys:
            position.setdefault(_squeezed(key), at)
    by_label = {label: at for at in reversed(range(len(rows))) for label in rows[at].labels}
    position = by_label | position
    faults: list[Found] = []
    for at, token in equal.items():
        try:
            _join(rows, at, token, equal, position)
        except Fault as fault:
            faults.append(fault.found)
            if len(faults) >= _ENOUGH:
                break
    return faults


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _join(
    rows: list[ParameterRow], at: int, token: Token, equal: Mapping[int, Token], position: Mapping[str, int]
) -> None:
    """Give one row the label of the parameter it equals."""
    root, seen = at, {at}
    while root in equal:
        named = equal[root]
        found = position.get(_squeezed(named.text), position.get(named.text))
        if found is None:
            known = closest(named.text, [row.lhs + row.op + row.rhs for row in rows[:1000]])
            remedy = "Name a parameter that the model states."
            raise Fault(named.place, f"'{named.text}' is no parameter of the model{known}", remedy)
        root = found
        if root in seen:
            raise Fault(token.place, f"'{token.text}' leads back to itself", "Name another parameter.")
        seen.add(root)
        if rows[root].labels:
            break
    source = rows[root]
    if not source.labels:
        label = f"{source.lhs}{source.op}{source.rhs}"
        plain = source.modifiers or (Modifier(),)
        source = replace(source, modifiers=tuple(replace(modifier, label=label) for modifier in plain))
        rows[root] = source
    labels = tuple(Modifier(label=modifier.label) for modifier in source.modifiers)
    rows[at] = replace(rows[at], modifiers=merged(rows[at].modifiers, labels, token))


def label_faults(
    labels: Mapping[str, object],
    definitions: Sequence[Definition],
    constraints: Sequence[Constraint],
    used: Iterable[Token],
    spoilt: set[str],
) -> list[Found]:
    """Unknown labels, and definitions that stand twice, hide a label or run in a circle.

    Parameters
    ----------
    labels : mapping of str
        Keys are the labels of all parameters.
    definitions : sequence of Definition
    constraints : sequence of Constraint
    used : iterable of Token
        Names within the expressions.
    spoilt : set of str
        Names in statements that were not understood, which may be labels or definitions.
    """
    faults: list[Found] = []
    seen: dict[str, int] = {}
    for definition in definitions:
        name, place = definition.name, (definition.line, definition.column)
        if name in labels:
            found = f"'{name}' is defined here and labels a parameter"
            faults.append(Found(*place, found, "Give the definition a name of its own."))
        if name in seen:
            found = f"'{name}' is defined already in line {seen[name]}"
            faults.append(Found(*place, found, "Give one of the two another name."))
        seen.setdefault(name, definition.line)
    for constraint in constraints:
        if not constraint.left.names and not constraint.right.names:
            found = f"'{constraint.text}' names no label"
            faults.append(Found(constraint.line, constraint.column, found, "Name a label of the model."))
    understood = labels.keys() | seen.keys() | spoilt
    for token in used:
        if token.text not in understood and len(faults) < _ENOUGH:
            found = f"'{token.text}' labels no parameter{closest(token.text, [*labels, *seen])}"
            remedy = f"Correct it, or label a parameter as '{token.text}*x'."
            faults.append(Found(*token.place, found, remedy))
    for definition in in_order(definitions)[1]:
        place = (definition.line, definition.column)
        faults.append(Found(*place, f"'{definition.name}' is defined through itself", "Remove the circle."))
    return faults

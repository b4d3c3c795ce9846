"""Defined quantities (``:=``) and equality constraints (``==``): their order, values and gradients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from servicefx.syntax.expression import Expression, Gradient, Number

__all__ = ["Constraint", "Definition", "defined_gradients", "defined_values", "in_order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A quantity computed of labelled parameters, ``name := expression``; line and column from 1, else 0."""

    name: str
    expression: Expression
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """Two expressions that are equal, ``left == right``; line and column (of the sign) from 1, else 0."""

    left: Expression
    right: Expression
    line: int = 0
    column: int = 0

    @property
    def text(self) -> str:
        """As written."""
        return f"{self.left.text} == {self.right.text}"


def in_order(definitions: Iterable[Definition]) -> tuple[list[Definition], list[Definition]]:
    """Definitions, each after those it uses.

    Returns
    -------
    tuple of two lists of Definition
        All in the order of computation, and those whose use of another one closes a circle.
    """
    known = {definition.name: definition for definition in definitions}
    ordered: list[Definition] = []
    circular: dict[str, Definition] = {}
    done: set[str] = set()
    for definition in known.values():
        if definition.name in done:
            continue
        path: dict[str, Iterator[str]] = {definition.name: iter(definition.expression.names)}
        while path:
            name = next(reversed(path))
            used = next(path[name], None)
            if used is None:
                path.popitem()
                done.add(name)
                ordered.append(known[name])
            elif used in path:
                circular[name] = known[name]
            elif used in known and used not in done:
                path[used] = iter(known[used].expression.names)
    return ordered, list(circular.values())


def defined_values(definitions: Sequence[Definition], values: Mapping[str, Number]) -> dict[str, Number]:
    """What every definition comes to.

    Parameters
    ----------
    definitions : sequence of Definition
        In any order.
    values : mapping of str to float or ndarray
        Of every label; arrays (e.g. of draws) broadcast.

    Returns
    -------
    dict of str to float or ndarray
        By name, in the order of ``definitions``.
    """
    known = dict(values)
    for definition in in_order(definitions)[0]:
        known[definition.name] = definition.expression.value(known)
    return {definition.name: known[definition.name] for definition in definitions}


def defined_gradients(
    definitions: Sequence[Definition], values: Mapping[str, Number], expressions: Sequence[Expression]
) -> list[Gradient]:
    """Exact derivatives of expressions by labels alone, through every definition they use.

    Parameters
    ----------
    definitions : sequence of Definition
        In any order.
    values : mapping of str to float or ndarray
        Of every label.
    expressions : sequence of Expression
        Over labels and defined names: those of the definitions themselves, or the sides of constraints.

    Returns
    -------
    list of dict of str to float or ndarray
        One for each expression, label -> derivative.
    """
    ordered = in_order(definitions)[0]
    known = dict(values)
    slopes: dict[str, Gradient] = {}
    for definition in ordered:
        slopes[definition.name] = _through(definition.expression.gradient(known), slopes)
        known[definition.name] = definition.expression.value(known)
    return [_through(expression.gradient(known), slopes) for expression in expressions]


def _through(gradient: Gradient, slopes: Mapping[str, Gradient]) -> Gradient:
    """The chain rule: a derivative by a defined name becomes derivatives by its labels."""
    total: Gradient = {}
    for name, rate in gradient.items():
        for label, slope in slopes.get(name, {name: 1.0}).items():
            total[label] = total.get(label, 0.0) + rate * slope
    return total

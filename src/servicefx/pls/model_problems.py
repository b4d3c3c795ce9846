"""What keeps a parameter table from being a path model of composites, all of it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from servicefx.errors import Problem, closest
from servicefx.pls.composites import Mode
from servicefx.syntax.table import Constraint, Definition, ParameterRow, ParameterTable

__all__ = ["model_problems"]

_NO_PLACE = {"~~": "covariances", "~1": "intercepts", "|": "thresholds", "~*~": "scaling factors"}


def model_problems(table: ParameterTable, mode: Mapping[str, Mode]) -> list[Problem]:
    """Every fault of a model of composites.

    Parameters
    ----------
    table : ParameterTable
        As parsed.
    mode : mapping of str to {"A", "B"}
        Modes asked for.

    Returns
    -------
    list of Problem
        Empty where `servicefx.pls.model.pls_model` succeeds.
    """
    problems = [problem for row in table.rows for problem in _of_row(table, row)]
    problems += _of_statements(table)
    problems += _of_measurement(table)
    problems += _of_modes(table, mode)
    if problems:
        return problems
    problems = [*_of_higher(table), *_of_products(table)]
    paths = tuple((row.lhs, term) for row in table.of("~") for term in row.factors or (row.rhs,))
    circle = _circle(paths)
    if circle:
        found = f"paths run in a circle through {circle}"
        problems.append(Problem("model", found, "Remove one of these paths."))
    return [*problems, *_alone(table)]


def _place(row: ParameterRow) -> str:
    return f"model, line {row.line}, column {row.column}" if row.line else "model"


def _of_row(table: ParameterTable, row: ParameterRow) -> Iterator[Problem]:
    """Faults of one parameter."""
    where, text, constructs = _place(row), f"'{row.text}'", table.constructs
    if row.op in _NO_PLACE:
        yield Problem(where, f"{text}: PLS fits no {_NO_PLACE[row.op]}", "Remove the line.")
    elif row.fixed is not None:
        yield Problem(where, f"{text}: PLS fixes no values", "Remove the number.")
    elif row.modifiers:
        found = f"{text}: PLS takes no labels, starts, 'NA*' or groups"
        yield Problem(where, found, "Remove what stands before '*'.")
    elif row.op == "~":
        for name in dict.fromkeys(row.names):
            if name not in constructs:
                found = f"{text}: '{name}' is not a construct{closest(name, constructs)}"
                yield Problem(where, found, f"Measure it first, as '{name} =~ item + item'.")


def _of_statements(table: ParameterTable) -> Iterator[Problem]:
    stands: list[tuple[str, Definition | Constraint]] = [
        (f"'{said.name} := {said.expression.text}': PLS computes no definitions", said)
        for said in table.definitions
    ]
    stands += [(f"'{said.text}': PLS fits no equalities", said) for said in table.constraints]
    for found, said in stands:
        yield Problem(f"model, line {said.line}, column {said.column}", found, "Remove the line.")


def _of_measurement(table: ParameterTable) -> Iterator[Problem]:
    measured = {row.lhs for row in table.of("=~")}
    for name in dict.fromkeys(row.lhs for row in table.of("<~")):
        if name in measured:
            yield Problem("model", f"'{name}' is both measured ('=~') and composed ('<~')", "Choose one.")
    if not table.constructs:
        yield Problem("model", "measures no construct", "Write 'construct =~ item + item'.")


def _of_modes(table: ParameterTable, mode: Mapping[str, Mode]) -> Iterator[Problem]:
    constructs = table.constructs
    for name, value in mode.items():
        if name not in constructs:
            found = f"'{name}' is not a construct of the model{closest(name, constructs)}"
            yield Problem("mode", found, "Correct it.")
        if value not in ("A", "B"):
            yield Problem("mode", f"'{value}' for '{name}' is not one of 'A', 'B'", "Choose one of them.")


def _of_higher(table: ParameterTable) -> Iterator[Problem]:
    """Constructs of constructs: one level, of constructs only, each part in one whole and on no path."""
    constructs = set(table.constructs)
    below = {name: [row.rhs for row in table.of("=~", "<~") if row.lhs == name] for name in table.constructs}
    higher = [name for name, parts in below.items() if constructs & set(parts)]
    owner: dict[str, str] = {}
    for name in higher:
        items = [part for part in below[name] if part not in constructs]
        if items:
            found = f"'{name}' has constructs and items ('{items[0]}') side by side"
            yield Problem("model", found, "Give it constructs only, or items only.")
        for part in below[name]:
            if part in higher:
                found = f"'{name}' is made of '{part}', itself a construct of constructs"
                yield Problem("model", found, "State two levels at most.")
            if part in owner:
                found = f"'{part}' belongs to '{owner[part]}' and to '{name}'"
                yield Problem("model", found, "Leave it in one of them.")
            owner.setdefault(part, name)
    for row in table.of("~"):
        for name in dict.fromkeys(row.names):
            if name in owner:
                found = f"'{row.text}': '{name}' is part of '{owner[name]}'"
                yield Problem(_place(row), found, f"Let the path start or end at '{owner[name]}'.")


def _of_products(table: ParameterTable) -> Iterator[Problem]:
    """A product stands beside both of its factors in the same equation."""
    stated = {(row.lhs, row.rhs) for row in table.of("~")}
    for row in table.of("~"):
        for factor in dict.fromkeys(row.factors):
            if factor == row.lhs:
                found = f"'{row.text}' explains '{row.lhs}' by a product that it is part of"
                yield Problem(_place(row), found, "Remove the product.")
            elif (row.lhs, factor) not in stated:
                found = f"'{row.text}': a product without '{factor}' by itself says nothing of either"
                yield Problem(_place(row), found, f"Add '{row.lhs} ~ {factor}'.")


def _alone(table: ParameterTable) -> Iterator[Problem]:
    constructs = set(table.constructs)
    joined = {name for row in table.of("~") for name in row.names}
    joined |= {row.rhs for row in table.of("=~", "<~") if row.rhs in constructs}
    formative = {row.lhs for row in table.of("<~")}
    for name in table.constructs:
        if name not in joined:
            found = f"no path joins '{name}' to another construct"
            if name in formative:
                found += ", and nothing else tells the weights of a composed construct"
            yield Problem("model", found, "Add a path, or remove it.")


def _circle(paths: tuple[tuple[str, str], ...]) -> str:
    """Constructs on a circular path, quoted; empty where there is none."""
    left = set(paths)
    while True:
        outcomes = {outcome for outcome, _ in left}
        further = {(outcome, term) for outcome, term in left if term in outcomes}
        if further == left:
            return ", ".join(f"'{name}'" for name in sorted(outcomes)) if left else ""
        left = further

"""PlsModel: which items make which composite, and which composite explains which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from servicefx.errors import Problem, StudyError, closest
from servicefx.pls.composites import Design, Mode
from servicefx.syntax.table import Constraint, Definition, ParameterTable

__all__ = ["PlsModel", "pls_model"]

_NO_PLACE = {"~~": "covariances", "~1": "intercepts", "|": "thresholds", "~*~": "scaling factors"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlsModel:
    """A path model of composites.

    Attributes
    ----------
    items : tuple of str, length p
        Columns, in order of first mention.
    constructs : tuple of str, length K
        In order of first mention.
    paths : tuple of (outcome, term)
        In order of the model.
    design : Design
        The same in positions.
    """

    items: tuple[str, ...]
    constructs: tuple[str, ...]
    paths: tuple[tuple[str, str], ...]
    design: Design

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Constructs that something explains, in order of the model."""
        return tuple(dict.fromkeys(outcome for outcome, _ in self.paths))


def pls_model(table: ParameterTable, mode: Mapping[str, Mode] | None = None) -> PlsModel:
    """Read a parameter table as composites.

    Parameters
    ----------
    table : ParameterTable
        ``=~`` (Mode A), ``<~`` (Mode B) and ``~`` lines.
    mode : mapping of str to {"A", "B"}, optional
        Construct -> mode, where it differs from its line's.

    Returns
    -------
    PlsModel
        Every construct joined to at least one other.

    Raises
    ------
    StudyError
        If the model says something PLS has no place for, a path joins something that is not a construct,
        a construct stands alone, is both measured and composed, or has constructs among its items, or
        paths run in a circle.
    """
    chosen = dict(mode or {})
    constructs = table.constructs
    problems = _problems(table, chosen)
    if problems:
        raise StudyError(*dict.fromkeys(problems))
    at = {name: j for j, name in enumerate(constructs)}
    items = table.items
    position = {name: i for i, name in enumerate(items)}
    measurement = table.of("=~", "<~")
    stated: dict[str, Mode] = {row.lhs: "B" if row.op == "<~" else "A" for row in measurement}
    paths = tuple((row.lhs, row.rhs) for row in table.of("~"))
    design = Design(
        blocks=tuple(
            tuple(position[row.rhs] for row in measurement if row.lhs == name) for name in constructs
        ),
        modes=tuple(chosen.get(name, stated[name]) for name in constructs),
        terms=tuple(tuple(at[term] for outcome, term in paths if outcome == name) for name in constructs),
    )
    circle = _circle(paths)
    if circle:
        raise StudyError(
            Problem("model", f"paths run in a circle through {circle}", "Remove one of these paths.")
        )
    return PlsModel(items=items, constructs=constructs, paths=paths, design=design)


def _problems(table: ParameterTable, mode: Mapping[str, Mode]) -> list[Problem]:
    constructs = table.constructs
    problems: list[Problem] = []
    for row in table.rows:
        where = f"model, line {row.line}, column {row.column}" if row.line else "model"
        text = f"'{row.text}'"
        if row.op in _NO_PLACE:
            problems.append(Problem(where, f"{text}: PLS fits no {_NO_PLACE[row.op]}", "Remove the line."))
        elif row.fixed is not None:
            problems.append(Problem(where, f"{text}: PLS fixes no values", "Remove the number."))
        elif row.modifiers:
            found = f"{text}: PLS takes no labels, starts, 'NA*' or groups"
            problems.append(Problem(where, found, "Remove what stands before '*'."))
        elif row.op == "~":
            problems += [
                Problem(
                    where,
                    f"{text}: '{name}' is not a construct{closest(name, constructs)}",
                    "Measure it first.",
                )
                for name in (row.lhs, row.rhs)
                if name not in constructs
            ]
        elif row.rhs in constructs:
            found = f"{text}: constructs of constructs are not fitted by this version"
            problems.append(Problem(where, found, "List the items instead."))
    stands: list[tuple[str, Definition | Constraint]] = [
        (f"'{said.name} := {said.expression.text}': PLS computes no definitions", said)
        for said in table.definitions
    ]
    stands += [(f"'{said.text}': PLS fits no equalities", said) for said in table.constraints]
    problems += [
        Problem(f"model, line {said.line}, column {said.column}", found, "Remove the line.")
        for found, said in stands
    ]
    measured = {row.lhs for row in table.of("=~")}
    problems += [
        Problem("model", f"'{name}' is both measured ('=~') and composed ('<~')", "Choose one.")
        for name in dict.fromkeys(row.lhs for row in table.of("<~"))
        if name in measured
    ]
    problems += [
        Problem("mode", f"'{name}' is not a construct of the model{closest(name, constructs)}", "Correct it.")
        for name in mode
        if name not in constructs
    ]
    problems += [
        Problem("mode", f"'{value}' for '{name}' is not one of 'A', 'B'", "Choose one of them.")
        for name, value in mode.items()
        if value not in ("A", "B")
    ]
    joined = {name for row in table.of("~") for name in (row.lhs, row.rhs)}
    problems += [
        Problem("model", f"no path joins '{name}' to another construct", "Add a path, or remove it.")
        for name in constructs
        if name not in joined
    ]
    if not constructs:
        problems.append(Problem("model", "measures no construct", "Write 'construct =~ item + item'."))
    return problems


def _circle(paths: tuple[tuple[str, str], ...]) -> str:
    """Constructs on a circular path, quoted; empty where there is none."""
    left = set(paths)
    while True:
        outcomes = {outcome for outcome, _ in left}
        further = {(outcome, term) for outcome, term in left if term in outcomes}
        if further == left:
            return ", ".join(f"'{name}'" for name in sorted(outcomes)) if left else ""
        left = further

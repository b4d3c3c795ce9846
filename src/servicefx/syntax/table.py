"""ParameterTable: what a model says, line by line, before any default is added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

from servicefx.syntax.definitions import Constraint, Definition, in_order

__all__ = ["OPERATORS", "Constraint", "Definition", "Modifier", "Operator", "ParameterRow", "ParameterTable"]

Operator = Literal["=~", "<~", "~", "~~", "~1", "|", "~*~"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)
"""Measured by, composed of, regressed on, (co)varies with, intercept, threshold, scaling factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modifier:
    """What stands before ``*``, for one group.

    Attributes
    ----------
    fixed : float or None
        The value the parameter is held at, in the users' units.
    free : bool
        Whether it is estimated where it would be fixed by default (``NA*``).
    start : float or None
        Where its estimation starts.
    label : str
        Its label; parameters with one label are equal. Empty where it has none.
    """

    fixed: float | None = None
    free: bool = False
    start: float | None = None
    label: str = ""


_PLAIN = Modifier()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRow:
    """One parameter a model names.

    Attributes
    ----------
    lhs, rhs : str
        Names of constructs or items, without quotes. ``rhs`` is empty for ``~1``, ``t1``, ``t2``, ... for
        ``|``, and equals ``lhs`` for ``~*~``.
    op : str
        One of `OPERATORS`.
    modifiers : tuple of Modifier
        None, one for all groups, or one for each group.
    line, column : int
        Where the term stands in the text, counted from 1; 0 where it was not written as text.
    factors : tuple of str
        The two constructs whose product the right-hand side ``a:b`` is; empty elsewhere.
    """

    lhs: str
    op: Operator
    rhs: str
    modifiers: tuple[Modifier, ...] = ()
    line: int = 0
    column: int = 0
    factors: tuple[str, ...] = ()

    def modifier(self, group: int) -> Modifier:
        """What the model says of this parameter in one group, counted from 0.

        Raises
        ------
        IndexError
            If modifiers are stated for fewer groups.
        """
        if not self.modifiers:
            return _PLAIN
        return self.modifiers[0] if len(self.modifiers) == 1 else self.modifiers[group]

    @property
    def fixed(self) -> float | None:
        """The value it is held at in every group alike; None otherwise."""
        values = {modifier.fixed for modifier in self.modifiers}
        return values.pop() if len(values) == 1 else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Its labels in any group, in order."""
        return tuple(dict.fromkeys(modifier.label for modifier in self.modifiers if modifier.label))

    @property
    def names(self) -> tuple[str, ...]:
        """The variables it joins: two; three of a product; one of an intercept, threshold, scaling factor."""
        if self.factors:
            return (self.lhs, *self.factors)
        return (self.lhs, self.rhs) if self.op in ("=~", "<~", "~", "~~") else (self.lhs,)

    @property
    def text(self) -> str:
        """The parameter as a line of the model language, without modifiers."""
        return f"{self.lhs} ~ 1" if self.op == "~1" else f"{self.lhs} {self.op} {self.rhs}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterTable:
    """What a model says, in the order of its text.

    Attributes
    ----------
    rows : tuple of ParameterRow
        A parsed table holds at least one, and no parameter twice.
    definitions : tuple of Definition
        A definition may use labels and other definitions, earlier or later ones but never in a circle;
        `evaluation_order` says which to compute first.
    constraints : tuple of Constraint
        Over labels and defined names.
    """

    rows: tuple[ParameterRow, ...]
    definitions: tuple[Definition, ...] = ()
    constraints: tuple[Constraint, ...] = ()

    @classmethod
    def from_constructs(
        cls,
        measurement: Mapping[str, Sequence[str]],
        paths: Iterable[tuple[str, str]] = (),
        *,
        composed: Iterable[str] = (),
    ) -> ParameterTable:
        """The model of a study that says its items and paths, without writing it as text.

        Parameters
        ----------
        measurement : mapping of str to sequence of str
            Construct -> its items; any names.
        paths : iterable of (outcome, term)
            Constructs.
        composed : iterable of str
            Constructs composed of their items (``<~``); the others are measured by them (``=~``).

        Examples
        --------
        >>> table = ParameterTable.from_constructs({"q": ["q 1", "q 2"], "s": ["s1"]}, [("s", "q")])
        >>> [(row.lhs, row.op, row.rhs) for row in table.rows[2:]]
        [('s', '=~', 's1'), ('s', '~', 'q')]
        """
        formative = set(composed)
        lines: list[tuple[str, Operator, str]] = [
            (construct, "<~" if construct in formative else "=~", item)
            for construct, items in measurement.items()
            for item in items
        ]
        lines += [(outcome, "~", term) for outcome, term in paths]
        return cls(rows=tuple(ParameterRow(lhs=lhs, op=op, rhs=rhs) for lhs, op, rhs in lines))

    def __add__(self, other: ParameterTable) -> ParameterTable:
        return ParameterTable(
            rows=self.rows + other.rows,
            definitions=self.definitions + other.definitions,
            constraints=self.constraints + other.constraints,
        )

    def of(self, *ops: Operator) -> tuple[ParameterRow, ...]:
        """The rows with one of these operators, in order."""
        return tuple(row for row in self.rows if row.op in ops)

    @property
    def constructs(self) -> tuple[str, ...]:
        """What stands left of '=~' or '<~', in order of first mention."""
        return tuple(dict.fromkeys(row.lhs for row in self.of("=~", "<~")))

    @property
    def items(self) -> tuple[str, ...]:
        """What measures a construct and is not itself one, in order of first mention."""
        constructs = set(self.constructs)
        names = dict.fromkeys(row.rhs for row in self.of("=~", "<~"))
        return tuple(name for name in names if name not in constructs)

    @property
    def observed(self) -> tuple[str, ...]:
        """Every name that is no construct: items, outcomes, terms, then the rest, each in order of mention.

        This is the order in which lavaan lists observed variables.
        """
        constructs = set(self.constructs)
        names = [row.rhs for row in self.of("=~")]
        names += [row.lhs for row in self.of("~")]
        names += [name for row in self.of("~", "<~") for name in row.factors or (row.rhs,)]
        covariances = self.of("~~")
        names += [row.lhs for row in covariances] + [row.rhs for row in covariances]
        names += [row.lhs for row in self.of("|", "~1", "~*~")]
        return tuple(name for name in dict.fromkeys(names) if name not in constructs)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label of a parameter, in order of first mention."""
        return tuple(dict.fromkeys(label for row in self.rows for label in row.labels))

    @property
    def n_groups(self) -> int:
        """Groups that the modifiers are stated for; 1 where no parameter tells groups apart."""
        return max((len(row.modifiers) for row in self.rows), default=1) or 1

    @property
    def evaluation_order(self) -> tuple[Definition, ...]:
        """The definitions, each after those it uses."""
        return tuple(in_order(self.definitions)[0])

    @property
    def frame(self) -> pd.DataFrame:
        """Columns ``lhs, op, rhs, fixed, line, column``; ``fixed`` is NaN where the row is free."""
        columns = ["lhs", "op", "rhs", "fixed", "line", "column"]
        cells = [(row.lhs, row.op, row.rhs, row.fixed, row.line, row.column) for row in self.rows]
        return pd.DataFrame(cells, columns=columns).astype({"fixed": "float64"})

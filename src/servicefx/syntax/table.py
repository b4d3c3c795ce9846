"""ParameterTable: what a model says, line by line, before any default is added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

__all__ = ["OPERATORS", "Operator", "ParameterRow", "ParameterTable"]

Operator = Literal["=~", "<~", "~", "~~"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)
"""Measured by, composed of, regressed on, (co)varies with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRow:
    """One parameter a model names.

    Attributes
    ----------
    lhs, rhs : str
        Names of constructs or items, without quotes.
    op : str
        One of `OPERATORS`.
    fixed : float or None
        The value it is held at, in the users' units; None where it is estimated (or left to defaults).
    line, column : int
        Where the term stands in the text, counted from 1; 0 where it was not written as text.
    """

    lhs: str
    op: Operator
    rhs: str
    fixed: float | None
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterTable:
    """The parameters a model names, in the order of its text.

    Attributes
    ----------
    rows : tuple of ParameterRow
        In order; a parsed table holds at least one, and no parameter twice.
    """

    rows: tuple[ParameterRow, ...]

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
        return cls(
            rows=tuple(
                ParameterRow(lhs=lhs, op=op, rhs=rhs, fixed=None, line=0, column=0) for lhs, op, rhs in lines
            )
        )

    def __add__(self, other: ParameterTable) -> ParameterTable:
        return ParameterTable(rows=self.rows + other.rows)

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
    def frame(self) -> pd.DataFrame:
        """Columns ``lhs, op, rhs, fixed, line, column``; ``fixed`` is NaN where the row is free."""
        columns = ["lhs", "op", "rhs", "fixed", "line", "column"]
        cells = [(row.lhs, row.op, row.rhs, row.fixed, row.line, row.column) for row in self.rows]
        return pd.DataFrame(cells, columns=columns).astype({"fixed": "float64"})

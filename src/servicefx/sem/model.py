"""SemModel: a parameter table with lavaan's defaults added, every free and fixed cell explicit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from servicefx.errors import Problem, StudyError, closest
from servicefx.syntax.table import Operator, ParameterRow, ParameterTable

__all__ = ["Cell", "SemModel", "complete_model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the model's two matrices.

    Attributes
    ----------
    lhs, op, rhs : str
        As in the model language.
    fixed : float or None
        The value it is held at, in the users' units; None where it is estimated.
    row, column : int
        Position among `SemModel.names`: ``A[row, column]`` is the effect of the column's variable on the
        row's, ``S[row, column]`` (op ``~~``) their (residual) covariance.
    """

    lhs: str
    op: Operator
    rhs: str
    fixed: float | None
    row: int
    column: int

    @property
    def text(self) -> str:
        """The cell as a line of the model language."""
        return f"{self.lhs} {self.op} {self.rhs}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SemModel:
    """A model ready to be fitted.

    Attributes
    ----------
    items : tuple of str, length p
        Observed columns, in order of first mention.
    constructs : tuple of str
        Latent variables, in order of first mention.
    cells : tuple of Cell
        Loadings, paths, covariances the text names, then those added by default.
    """

    items: tuple[str, ...]
    constructs: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Items, then constructs."""
        return self.items + self.constructs

    @property
    def free(self) -> tuple[Cell, ...]:
        """The cells that are estimated."""
        return tuple(cell for cell in self.cells if cell.fixed is None)

    @property
    def paths(self) -> tuple[Cell, ...]:
        """The cells among constructs written with '~'."""
        return tuple(cell for cell in self.cells if cell.op == "~")

    @property
    def df(self) -> int:
        """Distinct covariances minus free cells."""
        p = len(self.items)
        return p * (p + 1) // 2 - len(self.free)


def complete_model(table: ParameterTable) -> SemModel:
    """Add to a table what its reader takes for granted.

    The defaults are those of lavaan's ``sem()``: the first loading of a construct is 1; every item and
    construct has a variance, which is 0 for the only item of a construct; constructs that nothing explains
    covary, and so do the residuals of constructs that are explained and explain nothing.

    Parameters
    ----------
    table : ParameterTable
        Measurement (``=~``), paths among constructs (``~``), covariances (``~~``).

    Returns
    -------
    SemModel
        With every cell explicit.

    Raises
    ------
    StudyError
        If a path or covariance joins something that is not measured, a composite stands in the model, or
        an item is regressed on something.

    Examples
    --------
    >>> from servicefx.syntax.parser import parse_model
    >>> model = complete_model(parse_model("f =~ x1 + x2 + x3"))
    >>> [cell.text for cell in model.free]
    ['f =~ x2', 'f =~ x3', 'x1 ~~ x1', 'x2 ~~ x2', 'x3 ~~ x3', 'f ~~ f']
    """
    constructs, items = table.constructs, table.items
    _check_table(table, constructs, items)
    rows: list[tuple[str, Operator, str, float | None]] = []
    first: set[str] = set()
    for row in table.of("=~"):
        default = None if row.lhs in first else 1.0
        rows.append((row.lhs, "=~", row.rhs, default if row.fixed is None else row.fixed))
        first.add(row.lhs)
    rows += [(row.lhs, row.op, row.rhs, row.fixed) for row in table.of("~")]
    rows += [(row.lhs, row.op, row.rhs, row.fixed) for row in table.of("~~")]
    stated = {frozenset((row.lhs, row.rhs)) for row in table.of("~~")}
    rows += _default_covariances(table, constructs, items, stated)

    position = {name: at for at, name in enumerate(items + constructs)}
    cells = []
    for lhs, op, rhs, fixed in rows:
        row_at, column_at = position[lhs], position[rhs]
        if op == "=~":
            row_at, column_at = column_at, row_at
        cells.append(Cell(lhs=lhs, op=op, rhs=rhs, fixed=fixed, row=row_at, column=column_at))
    model = SemModel(items=items, constructs=constructs, cells=tuple(cells))
    _check_directed(model)
    return model


def _default_covariances(
    table: ParameterTable, constructs: tuple[str, ...], items: tuple[str, ...], stated: set[frozenset[str]]
) -> list[tuple[str, Operator, str, float | None]]:
    """Variances and covariances the text does not name."""
    measured_by = {
        construct: [row.rhs for row in table.of("=~") if row.lhs == construct] for construct in constructs
    }
    loaded = [row.rhs for row in table.of("=~")]
    only = {names[0] for names in measured_by.values() if len(names) == 1 and loaded.count(names[0]) == 1}
    explained = {row.lhs for row in table.of("~")} | (set(loaded) & set(constructs))
    explaining = {row.rhs for row in table.of("~")}
    rows: list[tuple[str, Operator, str, float | None]] = []
    for name in items + constructs:
        if frozenset((name,)) not in stated:
            rows.append((name, "~~", name, 0.0 if name in only and name in items else None))
    outcomes = {row.lhs for row in table.of("~")} - explaining
    for group in (set(constructs) - explained, outcomes):
        for left, right in combinations([name for name in constructs if name in group], 2):
            if frozenset((left, right)) not in stated:
                rows.append((left, "~~", right, None))
    return rows


def _check_table(table: ParameterTable, constructs: tuple[str, ...], items: tuple[str, ...]) -> None:
    problems: list[Problem] = []
    for row in table.rows:
        if row.op == "<~":
            problems.append(
                _at(row, f"'{row.lhs}' is composed of its items ('<~')", "Fit composites with PLS.")
            )
        if row.op == "~":
            problems += [
                _at(
                    row,
                    f"'{name}' is not a construct, and paths join constructs{closest(name, constructs)}",
                    f"Measure it first, for a column as 'its_construct =~ {name}'.",
                )
                for name in (row.lhs, row.rhs)
                if name not in constructs
            ]
        if row.op == "~~":
            problems += [
                _at(
                    row,
                    f"'{name}' is neither a construct nor an item of one{closest(name, constructs + items)}",
                    "Correct the name, or measure it with '=~'.",
                )
                for name in (row.lhs, row.rhs)
                if name not in constructs + items
            ]
    if not constructs:
        problems.append(
            Problem(
                "model", "measures no construct", "Write at least one line as 'construct =~ item + item'."
            )
        )
    if problems:
        raise StudyError(*dict.fromkeys(problems))


def _check_directed(model: SemModel) -> None:
    """Refuse two lines that mean the same effect, such as ``f =~ g`` and ``g ~ f``."""
    seen: dict[tuple[int, int], Cell] = {}
    for cell in model.cells:
        if cell.op == "~~":
            continue
        other = seen.setdefault((cell.row, cell.column), cell)
        if other is not cell:
            raise StudyError(
                Problem("model", f"'{other.text}' and '{cell.text}' are one effect", "Remove one of the two.")
            )


def _at(row: ParameterRow, found: str, remedy: str) -> Problem:
    where = f"model, line {row.line}, column {row.column}" if row.line else "model"
    return Problem(where, f"'{row.lhs} {row.op} {row.rhs}': {found}", remedy)

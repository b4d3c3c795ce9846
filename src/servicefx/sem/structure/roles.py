"""Roles: which part every variable of a parameter table plays."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from servicefx.errors import Problem, StudyError
from servicefx.syntax.table import ParameterRow, ParameterTable

__all__ = ["Roles", "roles_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Variables by the part they play; each tuple in order of first mention.

    Attributes
    ----------
    items : tuple of str
        Everything observed: items of constructs, then the rest.
    constructs : tuple of str
        Everything measured (``=~``).
    single_items : tuple of str
        The only item of a construct, measuring nothing else.
    exogenous_constructs : tuple of str
        Explained by nothing.
    outcomes : tuple of str
        Explained, and explaining nothing; items of constructs are left out.
    exogenous_items : tuple of str
        Observed, explaining and explained by nothing, and given no variance, covariance or intercept by the
        text: they covary with one another.
    covariates : tuple of str
        The same where they are held fixed, else empty.
    """

    items: tuple[str, ...]
    constructs: tuple[str, ...]
    single_items: tuple[str, ...]
    exogenous_constructs: tuple[str, ...]
    outcomes: tuple[str, ...]
    exogenous_items: tuple[str, ...]
    covariates: tuple[str, ...]


def roles_of(table: ParameterTable, *, fixed_x: bool) -> Roles:
    """Read the roles off a table.

    Parameters
    ----------
    table : ParameterTable
        What the text says.
    fixed_x : bool
        Whether covariates are held fixed.

    Returns
    -------
    Roles

    Raises
    ------
    StudyError
        If the table composes a construct, or two lines mean one effect.
    """
    _check_table(table)
    measured = table.of("=~")
    constructs = tuple(dict.fromkeys(row.lhs for row in measured))
    latent = set(constructs)
    loaded = Counter(row.rhs for row in measured)
    sizes = Counter(row.lhs for row in measured)
    items = dict.fromkeys(row.rhs for row in measured if row.rhs not in latent)
    explained = dict.fromkeys(row.lhs for row in table.of("~"))
    explaining = dict.fromkeys(row.rhs for row in table.of("~"))
    for row in table.rows:
        if row.op != "=~":
            items |= dict.fromkeys(name for name in (row.lhs, row.rhs) if _is_column(row, name, latent))
    named = {name for row in table.of("~~", "~1") for name in (row.lhs, row.rhs)}
    exogenous_items = tuple(
        name
        for name in items
        if name in explaining and name not in explained and name not in loaded and name not in named
    )
    outcomes = [name for name in constructs if name in explained and name not in explaining]
    outcomes += [n for n in items if n in explained and n not in explaining and n not in loaded]
    return Roles(
        items=tuple(items),
        constructs=constructs,
        single_items=tuple(
            row.rhs for row in measured if sizes[row.lhs] == 1 and loaded[row.rhs] == 1 and row.rhs in items
        ),
        exogenous_constructs=tuple(n for n in constructs if n not in explained and n not in loaded),
        outcomes=tuple(outcomes),
        exogenous_items=exogenous_items,
        covariates=exogenous_items if fixed_x else (),
    )


def _is_column(row: ParameterRow, name: str, latent: set[str]) -> bool:
    """Whether a side of a row is an observed column: not a construct, a threshold or an intercept's ''."""
    return name not in latent and name != "" and not (row.op == "|" and name == row.rhs)


def _check_table(table: ParameterTable) -> None:
    problems: list[Problem] = []
    seen: dict[tuple[str, str], ParameterRow] = {}
    for row in table.rows:
        where = f"model, line {row.line}, column {row.column}" if row.line else "model"
        if row.op == "<~":
            found = f"'{row.lhs} <~ {row.rhs}': '{row.lhs}' is composed of its items"
            problems.append(Problem(where, found, "Fit composites with PLS, or measure it with '=~'."))
        if row.op in ("=~", "~"):
            effect = (row.lhs, row.rhs) if row.op == "=~" else (row.rhs, row.lhs)
            other = seen.setdefault(effect, row)
            if other is not row:
                left, right = f"{other.lhs} {other.op} {other.rhs}", f"{row.lhs} {row.op} {row.rhs}"
                problems.append(
                    Problem(where, f"'{left}' and '{right}' are one effect", "Remove one of them.")
                )
    if not any(row.op in ("=~", "~", "~~", "~1", "|") for row in table.rows):
        problems.append(Problem("model", "relates nothing", "Write at least one line as 'outcome ~ term'."))
    if problems:
        raise StudyError(*dict.fromkeys(problems))

"""Models of constructs beside a method factor: their rows, and what is read off their fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError
from servicefx.sem.comparison import difference_of
from servicefx.sem.sem_fit import SemFit
from servicefx.syntax.table import Modifier, Operator, ParameterRow, ParameterTable

__all__ = [
    "MODEL_COLUMNS",
    "check_constructs",
    "construct_correlations",
    "fixed",
    "free",
    "item_spread",
    "model_row",
    "table_of",
    "unused",
    "value_of",
]

Floats = NDArray[np.float64]
MODEL_COLUMNS = (
    "model", "chi2", "df", "cfi", "rmsea", "srmr", "against", "chi2_diff", "df_diff", "p_value", "undefined",
)  # fmt: skip


def check_constructs(constructs: Mapping[str, Sequence[str]], *, at_least: int = 2) -> None:
    """Refuse fewer than two constructs, constructs of one item, and items that stand twice."""
    problems: list[Problem] = []
    if len(constructs) < at_least:
        found = (
            f"{len(constructs)} construct{'' if len(constructs) == 1 else 's'}, at least {at_least} expected"
        )
        problems.append(Problem("constructs", found, "Name more constructs."))
    for name, items in constructs.items():
        if len(items) < 2:
            found = f"{len(items)} item{'' if len(items) == 1 else 's'}, at least 2 expected"
            problems.append(Problem(f"construct '{name}'", found, "Add items, or leave the construct out."))
    listed = [item for items in constructs.values() for item in items]
    problems += [
        Problem(f"item '{item}'", "measures more than one construct, or twice the same", "Name it once.")
        for item in dict.fromkeys(listed)
        if listed.count(item) > 1
    ]
    if problems:
        raise StudyError(*problems)


def unused(name: str, taken: Sequence[str]) -> str:
    """The name, lengthened until nothing else bears it."""
    while name in taken:
        name += "_"
    return name


def free(lhs: str, op: Operator, rhs: str, label: str = "", *, forced: bool = False) -> ParameterRow:
    """One estimated parameter; ``forced`` where it would be fixed by default."""
    modifiers = (Modifier(label=label, free=forced),) if label or forced else ()
    return ParameterRow(lhs=lhs, op=op, rhs=rhs, modifiers=modifiers)


def fixed(lhs: str, op: Operator, rhs: str, value: float) -> ParameterRow:
    """One parameter held at a value."""
    return ParameterRow(lhs=lhs, op=op, rhs=rhs, modifiers=(Modifier(fixed=float(value)),))


def table_of(constructs: Mapping[str, Sequence[str]], rows: Sequence[ParameterRow] = ()) -> ParameterTable:
    """The measurement model of the constructs and further rows."""
    return ParameterTable.from_constructs(constructs) + ParameterTable(rows=tuple(rows))


def value_of(fit: SemFit, column: str = "estimate") -> dict[tuple[str, str, str], float]:
    """(lhs, op, rhs) -> value of a column of the parameters; covariances in both orders."""
    frame = fit.parameters
    found: dict[tuple[str, str, str], float] = {}
    for lhs, op, rhs, value in zip(frame["lhs"], frame["op"], frame["rhs"], frame[column], strict=True):
        found[lhs, op, rhs] = float(value)
        if op == "~~":
            found[rhs, op, lhs] = float(value)
    return found


def construct_correlations(fit: SemFit, constructs: Sequence[str]) -> list[tuple[str, str, float]]:
    """Correlation of every pair of constructs, in order."""
    values = value_of(fit, "std_all")
    return [(left, right, values[left, "~~", right]) for left, right in combinations(constructs, 2)]


def item_spread(fit: SemFit) -> dict[str, float]:
    """Item -> implied standard deviation."""
    covariance = fit.implied("cov")
    spread: Floats = np.sqrt(np.diag(covariance.to_numpy(dtype=float)))
    return dict(zip((str(name) for name in covariance.columns), spread.tolist(), strict=True))


def model_row(
    name: str, fit: SemFit, against: tuple[str, SemFit] | None = None, *, nested: bool = True
) -> dict[str, object]:
    """One row of a frame of models, with the test against another.

    ``nested`` says that this model restricts the other; otherwise the other restricts this one.
    """
    measures = fit.measures
    scaled = "" if np.isnan(measures["chi2_scaled"]) else "_scaled"
    row: dict[str, object] = {
        "model": name,
        "chi2": measures[f"chi2{scaled}"],
        "df": measures["df"],
        "cfi": measures[f"cfi{scaled}"],
        "rmsea": measures[f"rmsea{scaled}"],
        "srmr": measures["srmr"],
        "against": "",
        "chi2_diff": np.nan,
        "df_diff": np.nan,
        "p_value": np.nan,
        "undefined": "",
    }
    if against is not None:
        label, other = against
        test = difference_of(fit, other) if nested else difference_of(other, fit)
        row |= {"against": label, "chi2_diff": test.chi2_diff, "df_diff": test.df_diff}
        row["p_value"] = test.p_value
        row["undefined"] = test.problem
    return row

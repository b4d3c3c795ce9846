"""Modification indices: what chi2 would fall by if a parameter were freed, and the value it would take."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servicefx.sem.reading.score import score_and_information, score_rows
from servicefx.sem.structure.constraints import along_constraints
from servicefx.sem.structure.sem_model import Parameter, SemModel
from servicefx.syntax.table import Operator

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["modification_frame"]

_COLUMNS = ["lhs", "op", "rhs", "group", "index", "expected_change"]
_FLAT = 1e-10
"""Share of a candidate's information that must be left once the free values are accounted for."""


def modification_frame(fit: SemFit) -> pd.DataFrame:
    r"""Score tests of fixed and absent parameters; see `SemFit.modification_indices`.

    Candidates are every fixed loading, path, covariance or intercept of the model, every absent loading of a
    construct, every absent covariance among residuals of items or among constructs, and every absent path
    among the variables of the model's paths to one that is not held fixed.

    Notes
    -----
    With gradient g of F / 2 and expected information I of the model in which the candidate is free,
    :math:`n g^2 / (I_{cc} - I_{cf} I_{ff}^{-1} I_{fc})` (Sörbom 1989, Psychometrika 54, 371-384); the
    expected change is :math:`-g` over the same. Constraints hold along the free values.
    """
    extended = _extended(fit.model)
    q, wide = fit.model.n_positions, extended.n_positions
    if wide == q:
        return pd.DataFrame(columns=_COLUMNS)
    candidates = [p for p in extended.parameters if p.position >= q]
    values = np.array([p.fixed or 0.0 for p in candidates])
    gradient, information = score_and_information(fit, extended, values)
    size = np.sqrt(np.diag(information))
    size = np.where(size > 0, size, 1.0)
    gradient, information = gradient / size, information / np.outer(size, size)
    basis = along_constraints(fit.model, fit.theta, size[:q])
    inner = basis.T @ information[:q, :q] @ basis
    solved = np.linalg.solve(inner, basis.T @ information[:q, q:])
    own = np.diag(information)[q:]
    left = own - np.einsum("fc,fc->c", basis.T @ information[:q, q:], solved)
    informed = left > _FLAT * own
    n = score_rows(fit)
    with np.errstate(all="ignore"):
        index = np.where(informed, n * gradient[q:] ** 2 / left, np.nan)
        change = np.where(informed, -gradient[q:] / left / size[q:], np.nan)
    groups = fit.model.groups
    frame = pd.DataFrame(
        {
            "lhs": [p.lhs for p in candidates],
            "op": [p.op for p in candidates],
            "rhs": [p.rhs for p in candidates],
            "group": [groups[p.group] for p in candidates],
            "index": index,
            "expected_change": change,
        }
    )
    frame = frame[np.isfinite(frame["index"].to_numpy())]
    ordered: pd.DataFrame = frame.sort_values("index", ascending=False, kind="stable")
    return ordered.reset_index(drop=True)


def _extended(model: SemModel) -> SemModel:
    """The model with every candidate free, numbered after the model's own free values."""
    stated = {(p.op, p.lhs, p.rhs) for p in model.of_group(0)}
    stated |= {(p.op, p.rhs, p.lhs) for p in model.of_group(0) if p.op == "~~"}
    absent: list[tuple[Operator, str, str]] = []
    measured = {(p.rhs, p.lhs) for p in model.of_group(0) if p.op == "~"}
    loaded = {p.rhs for p in model.of_group(0) if p.op == "=~"}
    loaded |= set(model.items) - {name for p in model.of_group(0) if p.op == "~" for name in (p.lhs, p.rhs)}
    for construct in model.constructs:
        absent += [
            ("=~", construct, item)
            for item in model.items
            if item in loaded and ("=~", construct, item) not in stated and (construct, item) not in measured
        ]
    own = [item for item in model.items if item not in model.covariates]
    for left, right in [*combinations(own, 2), *combinations(model.constructs, 2)]:
        if ("~~", left, right) not in stated:
            absent.append(("~~", left, right))
    absent += _absent_paths(model)
    count = model.n_positions
    parameters: list[Parameter] = []
    for g in range(len(model.groups)):
        for p in model.of_group(g):
            if p.fixed is not None and p.op in ("=~", "~", "~~", "~1") and not p.label:
                parameters.append(replace(p, position=count))
                count += 1
            else:
                parameters.append(p)
        for op, lhs, rhs in absent:
            parameters.append(
                Parameter(
                    group=g, lhs=lhs, op=op, rhs=rhs, label="", free=0, position=count, fixed=None, start=None
                )
            )
            count += 1
    return replace(model, parameters=tuple(parameters), n_positions=count)


def _absent_paths(model: SemModel) -> list[tuple[Operator, str, str]]:
    """Paths among the variables that have paths, none of which is there in either notation."""
    paths = [p for p in model.of_group(0) if p.op == "~"]
    related = list(dict.fromkeys(name for p in paths for name in (p.lhs, p.rhs)))
    there = {(p.lhs, p.rhs) for p in paths}
    there |= {(p.rhs, p.lhs) for p in model.of_group(0) if p.op == "=~"}
    loaded = {p.rhs for p in model.of_group(0) if p.op == "=~"}
    return [
        ("~", to, of)
        for to, of in permutations(related, 2)
        if to not in model.covariates
        and (to, of) not in there
        and not (to in loaded and to in model.items and of in model.constructs)  # an absent loading, that is
    ]

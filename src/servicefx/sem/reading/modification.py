"""Modification indices: what chi2 would fall by if a parameter were freed, and the value it would take."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.sem.estimators.likelihood import Likelihood, MomentTarget, target_of
from servicefx.sem.estimators.squares.moment_vector import MomentStructure
from servicefx.sem.estimators.squares.quadratic import Quadratic
from servicefx.sem.structure.constraints import along_constraints
from servicefx.sem.structure.derivatives import carried, second
from servicefx.sem.structure.layout import Layout, layout_of
from servicefx.sem.structure.sem_model import Parameter, SemModel
from servicefx.syntax.table import Operator

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["modification_frame"]

Floats = NDArray[np.float64]
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
    Under FIML the gradient is exact, and the information that expected given which values are missing.
    """
    extended = _extended(fit.model)
    q, wide = fit.model.n_positions, extended.n_positions
    if wide == q:
        return pd.DataFrame(columns=_COLUMNS)
    layout = replace(
        layout_of(extended),
        base_directed=fit.solution.layout.base_directed,
        base_symmetric=fit.solution.layout.base_symmetric,
    )
    candidates = [p for p in extended.parameters if p.position >= q]
    layout, theta = _started(layout, fit, candidates)
    gradient, information = _score(fit, layout, theta)
    size = np.sqrt(np.diag(information))
    size = np.where(size > 0, size, 1.0)
    gradient, information = gradient / size, information / np.outer(size, size)
    basis = along_constraints(fit.model, fit.theta, size[:q])
    inner = basis.T @ information[:q, :q] @ basis
    solved = np.linalg.solve(inner, basis.T @ information[:q, q:])
    own = np.diag(information)[q:]
    left = own - np.einsum("fc,fc->c", basis.T @ information[:q, q:], solved)
    informed = left > _FLAT * own
    n = fit.n_obs if fit.solution.n_scale is None or fit.model.ordered else fit.solution.n_scale
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


def _started(layout: Layout, fit: SemFit, candidates: list[Parameter]) -> tuple[Layout, Floats]:
    """The free values, then the candidates at what they are held at, and a base without the latter."""
    values = [p.fixed or 0.0 for p in candidates]
    directed, symmetric = layout.base_directed.copy(), layout.base_symmetric.copy()
    q = fit.model.n_positions
    for g in range(layout.n_groups):
        for at in np.flatnonzero(layout.position[g] >= q):
            row, column = layout.row[at], layout.column[at]
            if layout.directed[at]:
                directed[g, row, column] = 0.0
            else:
                symmetric[g, row, column] = symmetric[g, column, row] = 0.0
    changed = replace(layout, base_directed=directed, base_symmetric=symmetric)
    return changed, np.concatenate([fit.theta, values])


def _score(fit: SemFit, layout: Layout, theta: Floats) -> tuple[Floats, Floats]:
    """Gradient of F / 2 and expected information of one row."""
    if fit.choices.missing == "fiml":
        return _score_with_gaps(fit, layout, theta)
    if fit.model.ordered:
        return _score_of_answers(fit, layout, theta)
    if fit.estimator not in ("ml", "mlm", "mlr"):
        return _score_of_squares(fit, layout, theta)
    moments = fit.solution.moments
    means = [m.mean for m in moments if m.mean is not None]
    target = target_of(
        [m.cov for m in moments],
        means if fit.model.means else None,
        list(fit.weight_by_group),
        with_means=fit.model.means,
    )
    likelihood = Likelihood.of(layout, target)
    _, state = likelihood.evaluate(theta)
    if state is None:
        raise ValueError("implied covariances are not positive definite at the estimates")
    return likelihood.derivatives(state, exact=False)


def _score_of_answers(fit: SemFit, layout: Layout, theta: Floats) -> tuple[Floats, Floats]:
    """The same for ordered items, from the thresholds and correlations the fit rests on."""
    extra: Any = fit.solution.extra
    discrepancy: Quadratic = extra["discrepancy"]
    unit = np.concatenate([extra["unit"], np.ones(len(theta) - len(extra["unit"]))])
    scaled = layout.scaled(extra["scale"], unit)
    held = replace(
        scaled,
        base_directed=np.where(scaled.base_directed == 0, 0.0, discrepancy.structure.layout.base_directed),
        base_symmetric=np.where(scaled.base_symmetric == 0, 0.0, discrepancy.structure.layout.base_symmetric),
    )
    structure = replace(discrepancy.structure, layout=held, column=np.arange(len(theta)))
    wider = replace(discrepancy, structure=structure)
    _, state = wider.evaluate(theta / unit)
    if state is None:
        raise ValueError("implied moments do not exist at the estimates")
    gradient, information = wider.own_derivatives(state)
    gradient *= (fit.solution.n_scale or fit.n_obs) / fit.n_obs  # (n - 1) F is what lavaan scores
    return gradient / unit, information / np.outer(unit, unit)


def _score_with_gaps(fit: SemFit, layout: Layout, theta: Floats) -> tuple[Floats, Floats]:
    """The same under FIML: the exact gradient, and the information expected given the patterns of gaps."""
    extra: Any = fit.solution.extra
    counts = np.array(fit.n_by_group, dtype=np.float64)
    share = counts / counts.sum()
    target = MomentTarget(
        second=extra["expected_moments"], shift=extra["shift"], share=share, n_obs=fit.n_obs
    )
    likelihood = Likelihood(layout=layout, target=target, log_determinant=np.zeros(len(counts)))
    _, state = likelihood.evaluate(theta)
    if state is None:
        raise ValueError("implied covariances are not positive definite at the estimates")
    gradient = likelihood.derivatives(state, exact=False)[0]
    columns = carried(layout, state.at)
    c = len(layout.row)
    information = np.zeros((layout.n_groups, c, c))
    for g, patterns in enumerate(extra["pattern_counts"]):
        for gone, rows in patterns:
            seen = np.setdiff1d(np.arange(layout.n_observed), gone)
            sigma = state.at.sigma[g][np.ix_(seen, seen)]
            inner = columns[g][seen].T @ np.linalg.solve(sigma, columns[g][seen])
            information[g] += (0.5 * share[g] * rows / counts[g]) * second(layout, inner[None])[0]
    return gradient, layout.gathered_pairs(information)


def _score_of_squares(fit: SemFit, layout: Layout, theta: Floats) -> tuple[Floats, Floats]:
    """The same for least squares: Gauss and Newton's Hessian stands for the information."""
    moments = fit.solution.moments
    shift = np.array([m.mean for m in moments]) if fit.model.means else None
    structure = MomentStructure.continuous(layout, shift)
    rows = structure.rows
    cov = np.array([m.cov for m in moments])
    sample = np.zeros((len(moments), rows.size))
    sample[:, rows.pair] = cov[:, rows.left, rows.right]
    counts = np.array(fit.n_by_group, dtype=np.float64) - 1.0
    weight: Any = fit.solution.extra["weight"]
    squares = Quadratic(structure=structure, sample=sample, weight=weight, share=counts / counts.sum())
    _, state = squares.evaluate(theta)
    if state is None:
        raise ValueError("the model implies no moments at the estimates")
    return squares.derivatives(state, exact=False)


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

"""From start values to an accepted minimum, and from an information matrix to a sampling covariance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from servicefx.errors import ConvergenceError, IdentificationError, Problem
from servicefx.sem.estimators.minimum import GRADIENT, Constraint, Discrepancy, Minimum, minimised
from servicefx.sem.estimators.task import Task
from servicefx.sem.structure.constraints import constraint_of, directions_along
from servicefx.sem.structure.layout import Layout
from servicefx.sem.structure.matrices import implied, with_sample
from servicefx.sem.structure.scaling import unit_scaled
from servicefx.sem.structure.starts import plain_start, start_values

__all__ = ["Units", "inverse_information", "searched", "units_of"]

Floats = NDArray[np.float64]
StateT = TypeVar("StateT")
_RANK = 1e-9
"""Smallest eigenvalue of the unit-diagonal information below which parameters cannot be told apart."""
_HEAVY = 0.3
_ZERO = 1e-8
_CLEAR = 0.1
_UNMET = 1e-6
_DESCENT = 300
_FORBIDDEN = 1e10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Units:
    """A task in the units of the search.

    Attributes
    ----------
    layout : Layout
        In the users' units, fixed covariates held at the sample's moments.
    scaled : Layout
        The same for variables divided by ``scale``.
    scale : ndarray, shape (v,)
        Powers of two.
    unit : ndarray, shape (q,)
        Free values in the users' units over scaled ones.
    cov, mean : ndarray, shapes (G, p, p) and (G, p)
        Scaled sample moments; ``mean`` is None where it is not known.
    """

    layout: Layout
    scaled: Layout
    scale: Floats
    unit: Floats
    cov: Floats
    mean: Floats | None


def units_of(task: Task, cov: Floats, mean: Floats | None) -> Units:
    """Scale a task by the standard deviations of its sample.

    Parameters
    ----------
    task : Task
        Of p items and G groups.
    cov : ndarray, shape (G, p, p)
        In the users' units.
    mean : ndarray, shape (G, p), or None
        Likewise.
    """
    layout = with_sample(task.layout, mean, cov)
    sd = np.sqrt(np.einsum("gii->gi", cov).mean(axis=0))
    scaled, scale, unit = unit_scaled(task.model, layout, sd)
    items = scale[: layout.n_items]
    return Units(
        layout=layout,
        scaled=scaled,
        scale=scale,
        unit=unit,
        cov=cov / np.multiply.outer(items, items),
        mean=None if mean is None else mean / items,
    )


def searched(
    task: Task,
    units: Units,
    discrepancy: Discrepancy[StateT],
    *,
    start: Floats | None = None,
    tolerance: float | None = None,
) -> Minimum:
    """The minimum of a discrepancy, from the best of several starts.

    A minimum with a negative variance is kept only where no other start leads to one without, the lowest of
    them then: with few rows the likelihood often has both.

    Parameters
    ----------
    task : Task
        Names what is fitted.
    units : Units
        Of the same task.
    discrepancy : Discrepancy
        Over unit-scaled free values.
    start : ndarray, shape (q,), optional
        Unit-scaled values to begin with, where better ones are known.
    tolerance : float, optional
        Slope to reach, where not the usual one.

    Returns
    -------
    Minimum
        Converged.

    Raises
    ------
    IdentificationError
        If no start leads to a minimum because parameters cannot be told apart.
    ConvergenceError
        If none does for another reason.
    """
    constraint = constraint_of(task.model, units.unit)
    goal = GRADIENT if tolerance is None else tolerance

    def plain() -> Floats:
        return plain_start(task.model, units.scaled, units.cov, units.mean, units.unit)

    choices: tuple[Callable[[], Floats], ...] = (
        *(() if start is None else (lambda: start,)),
        lambda: start_values(task.model, units.scaled, units.cov, units.mean, units.unit),
        plain,
        *(() if constraint is not None or start is not None else (lambda: _descended(discrepancy, plain()),)),
    )
    best: Minimum | None = None
    for choice in choices:
        found = minimised(discrepancy, choice(), constraint, tolerance=goal)
        if found.slope < goal:
            if start is not None or _is_proper(task, units, found):
                return found
            if best is None or best.slope >= goal or found.value < best.value:
                best = found
        elif best is None or (best.slope >= goal and found.slope < best.slope and np.isfinite(found.value)):
            best = found
    assert best is not None
    if best.slope < goal:
        return best
    if not np.isfinite(best.slope):
        found_text = "no start values give covariances that data can have"
        raise ConvergenceError(
            Problem(task.where, found_text, "Give start values with start(), or simplify.")
        )
    if constraint is not None:
        _raise_unmet(task, constraint, best)
    _raise_unidentified(task, units, discrepancy, constraint)
    names = _steepest(task, discrepancy, best)
    raise ConvergenceError(
        Problem(
            task.where,
            f"the search stopped after {best.n_iterations} steps at a slope of {best.slope:.2g}, "
            f"steepest at {names}",
            "Look for an item that does not belong, give start values, or simplify the model.",
        )
    )


def _is_proper(task: Task, units: Units, found: Minimum) -> bool:
    """Whether all variances are positive: a minimum that is not proper may have a proper neighbour."""
    if not task.model.constructs:
        return True
    layout = units.scaled
    at = implied(layout, found.theta)
    if (np.einsum("gii->gi", at.symmetric) < 0).any():
        return False
    first = layout.n_observed
    among = (at.total @ at.symmetric @ np.swapaxes(at.total, -1, -2))[:, first:, first:]
    return bool(np.linalg.eigvalsh(among).min() > -_ZERO)


def _descended(discrepancy: Discrepancy[StateT], start: Floats) -> Floats:
    """Short of a minimum by small quasi-Newton steps, which stay in the basin where they begin."""
    from scipy.optimize import minimize

    def value_and_slope(theta: Floats) -> tuple[float, Floats]:
        value, state = discrepancy.evaluate(theta)
        if state is None:
            return _FORBIDDEN, np.zeros(len(theta))
        return value, 2.0 * discrepancy.derivatives(state, exact=False)[0]

    with np.errstate(all="ignore"):
        found = minimize(
            value_and_slope, start, jac=True, method="BFGS", options={"maxiter": _DESCENT, "gtol": 1e-5}
        )
    return np.asarray(found.x, dtype=np.float64)


def _raise_unmet(task: Task, constraint: Constraint, at: Minimum) -> None:
    """Name the equalities that no values were found for."""
    off = constraint(at.theta)[0]
    unmet = [
        f"'{one.left.text} == {one.right.text}'"
        for one, gap in zip(task.model.constraints, off, strict=True)
        if not abs(gap) < _UNMET
    ]
    if unmet:
        found = f"no values were found that meet {', '.join(unmet)}"
        raise ConvergenceError(Problem(task.where, found, "Correct the equality, or give start values."))


def _raise_unidentified(
    task: Task, units: Units, discrepancy: Discrepancy[StateT], constraint: Constraint | None
) -> None:
    """Refuse by name where parameters cannot be told apart at any values: judged near the start values."""
    start = start_values(task.model, units.scaled, units.cov, units.mean, units.unit)
    away = np.random.default_rng(1).uniform(0.01, 0.05, len(start))
    for theta in (start * (1.0 + away) + away, start):
        _, state = discrepancy.evaluate(theta)
        if state is not None:
            hessian = discrepancy.derivatives(state, exact=False)[1]
            inverse_information(task, hessian, None if constraint is None else constraint(theta)[1])
            return


def _steepest(task: Task, discrepancy: Discrepancy[StateT], at: Minimum) -> str:
    _, state = discrepancy.evaluate(at.theta)
    if state is None:
        return "every parameter"
    gradient, _ = discrepancy.derivatives(state, exact=False)
    order = np.argsort(-np.abs(gradient))[:3]
    first = task.model.first
    return ", ".join(task.model.name_of(first[i]) for i in order)


def _inverse_if_clear(matrix: Floats) -> Floats | None:
    """The inverse where it is small enough that no eigenvalue can be near 0; None where that is not sure."""
    root, failed = lapack.dpotrf(matrix, lower=1, clean=1)
    if failed:
        return None
    half, failed = lapack.dpotri(root, lower=1)
    if failed or not np.linalg.norm(half) < _CLEAR / _RANK:
        return None
    lower = np.tril(half, -1)
    return np.asarray(lower + lower.T + np.diag(half.diagonal()), dtype=np.float64)


def inverse_information(task: Task, information: Floats, jacobian: Floats | None) -> Floats:
    """Inverse of an information matrix along the constraints, shape (q, q).

    Parameters
    ----------
    task : Task
        Names the parameters.
    information : ndarray, shape (q, q)
        In any units.
    jacobian : ndarray, shape (m, q), or None
        Of the constraints in the same units.

    Returns
    -------
    ndarray, shape (q, q)
        Singular where constraints take directions away.

    Raises
    ------
    IdentificationError
        Naming the parameters that the data cannot tell apart.
    """
    q = len(information)
    diagonal = np.diag(information)
    sd = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = information / np.outer(sd, sd)
    if jacobian is None or not len(jacobian):
        known = _inverse_if_clear(scaled)
        if known is not None and (diagonal > 0).all():
            return np.asarray(known / np.outer(sd, sd), dtype=np.float64)
    basis = np.eye(q) if jacobian is None or not len(jacobian) else directions_along(jacobian / sd)
    inner = basis.T @ scaled @ basis
    values, vectors = np.linalg.eigh(inner)
    flat = np.flatnonzero(diagonal <= 0)
    if len(values) and (values[0] < _RANK or len(flat)):
        without_slope = basis @ vectors[:, values < _RANK]
        moved = np.linalg.norm(without_slope, axis=1)
        heavy = np.flatnonzero(moved > _HEAVY * moved.max())
        first = task.model.first
        chosen = heavy if not len(flat) else flat
        names = ", ".join(task.model.name_of(first[i]) for i in chosen[:8])
        more = ", …" if len(chosen) > 8 else ""
        raise IdentificationError(
            Problem(
                task.where,
                f"the data cannot tell {names}{more} apart (rank of the information "
                f"{int((values > _RANK).sum())} of {len(values)})",
                "Fix one of them, remove it, or add items or covariates that inform it.",
            )
        )
    inverse = basis @ ((vectors / values) @ vectors.T) @ basis.T
    return np.asarray(inverse / np.outer(sd, sd), dtype=np.float64)

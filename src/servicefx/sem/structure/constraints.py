"""Equality constraints and defined parameters: expressions of labels, as functions of the free values."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from servicefx.sem.structure.sem_model import SemModel
from servicefx.syntax.expression import Expression

__all__ = [
    "along_constraints", "constraint_of", "defined_gradient", "defined_values", "directions_along",
    "label_values",
]  # fmt: skip

Floats = NDArray[np.float64]


def label_values(model: SemModel, theta: Floats) -> dict[str, float | Floats]:
    """Value of every label, shape of the leading axes of theta (..., q)."""
    values: dict[str, float | Floats] = {label: theta[..., at] for label, at in model.labels.items()}
    return values | dict(model.fixed_labels)


def constraint_of(
    model: SemModel, unit: Floats | None = None
) -> Callable[[Floats], tuple[Floats, Floats]] | None:
    """The model's ``==`` lines as one function; None where it has none.

    Parameters
    ----------
    model : SemModel
        With q free values and m constraints.
    unit : ndarray, shape (q,), optional
        The function's argument times these are the users' values.

    Returns
    -------
    callable
        Scaled free values (q,) -> left - right (m,), and its Jacobian (m, q).
    """
    if not model.constraints:
        return None
    size = np.ones(model.n_positions) if unit is None else unit

    def violation(theta: Floats) -> tuple[Floats, Floats]:
        values = _with_defined(model, theta * size)
        off = np.empty(len(model.constraints))
        jacobian = np.zeros((len(model.constraints), model.n_positions))
        for at, constraint in enumerate(model.constraints):
            off[at] = float(constraint.left.value(values)) - float(constraint.right.value(values))
            jacobian[at] = _row(model, constraint.left, theta * size)
            jacobian[at] -= _row(model, constraint.right, theta * size)
        return off, jacobian * size

    return violation


def directions_along(jacobian: Floats) -> Floats:
    """Orthonormal directions in which constraints do not change.

    Parameters
    ----------
    jacobian : ndarray, shape (m, q)
        Of m constraints by q free values.

    Returns
    -------
    ndarray, shape (q, q - rank)
    """
    return np.asarray(null_space(jacobian), dtype=np.float64)


def along_constraints(model: SemModel, theta: Floats, size: Floats | None = None) -> Floats:
    """Directions in which the model's ``==`` lines go on holding; all of them where it has none.

    Parameters
    ----------
    model : SemModel
        With q free values.
    theta : ndarray, shape (q,)
        In the users' units.
    size : ndarray, shape (q,), optional
        The directions are those of free values times these.

    Returns
    -------
    ndarray, shape (q, q - rank)
        Orthonormal columns.
    """
    constraint = constraint_of(model)
    if constraint is None:
        return np.eye(len(theta))
    jacobian = constraint(theta)[1]
    return directions_along(jacobian if size is None else jacobian / size)


def defined_values(model: SemModel, theta: Floats) -> dict[str, Floats]:
    """Value of every ``:=`` line, in order, for free values of shape (..., q)."""
    values = _with_defined(model, theta)
    return {d.name: np.asarray(values[d.name], dtype=np.float64) for d in model.definitions}


def defined_gradient(model: SemModel, theta: Floats) -> Floats:
    """Derivatives of the ``:=`` lines by free value, shape (d, q), at theta (q,)."""
    rows = [_row(model, definition.expression, theta) for definition in model.definitions]
    return np.array(rows).reshape(len(rows), model.n_positions)


def _with_defined(model: SemModel, theta: Floats) -> dict[str, float | Floats]:
    values = label_values(model, theta)
    for definition in model.evaluation:
        values[definition.name] = definition.expression.value(values)
    return values


def _row(model: SemModel, expression: Expression, theta: Floats) -> Floats:
    """Gradient of one expression by free value, (q,), through the definitions it uses."""
    values = _with_defined(model, theta)
    defined = {definition.name: definition.expression for definition in model.definitions}
    labels = model.labels
    row = np.zeros(model.n_positions)

    def add(part: Expression, weight: float) -> None:
        slopes: Mapping[str, float | Floats] = part.gradient(values)
        for name, slope in slopes.items():
            if name in defined:
                add(defined[name], weight * float(slope))
            elif name in labels:
                row[labels[name]] += weight * float(slope)

    add(expression, 1.0)
    return row

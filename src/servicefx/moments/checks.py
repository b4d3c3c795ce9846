"""What a frame, a vector or a printed matrix must be before it counts as moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem

__all__ = [
    "check_collinear",
    "check_matrix",
    "check_not_constant",
    "complete_matrix",
    "named_vector",
    "quoted",
    "refusal",
    "weight_shares",
]

Floats = NDArray[np.float64]
_RELATIVE = 1e-8
"""Printed matrices are rounded: symmetry and positive semi-definiteness are asked to this relative size."""
_CONSTANT = 1e-12
"""A standard deviation below this share of the column's largest value is rounding, not variation."""
_COLLINEAR = 1e-10
"""Smallest eigenvalue of a correlation matrix below which a column is known from others."""


def complete_matrix(frame: pd.DataFrame) -> Floats:
    """Values of a numeric frame as floats, refused where one is missing.

    Parameters
    ----------
    frame : DataFrame, shape (n, p)
        Any numeric, nullable or bool columns.

    Returns
    -------
    ndarray, shape (n, p)
        A copy.

    Raises
    ------
    DataError
        Naming every column that holds text, missing or infinite values, with counts.
    """
    problems: list[Problem] = []
    columns: list[Floats] = []
    for position, name in enumerate(frame.columns):
        try:
            column = frame.iloc[:, position].to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            problems.append(
                Problem(f"column '{name}'", "holds text, numbers expected", "Recode it as numbers.")
            )
            continue
        gaps = int((~np.isfinite(column)).sum())
        if gaps:
            found = f"{gaps} of {len(column)} values are missing, complete rows expected"
            problems.append(
                Problem(f"column '{name}'", found, "Drop or fill the incomplete rows, and say so.")
            )
        columns.append(column)
    if problems:
        raise DataError(*problems)
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def check_matrix(names: tuple[str, ...], cov: Floats, mean: Floats | None) -> None:
    """Refuse covariances that no data can have produced, naming the columns."""
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(cov).all(axis=1))
    if mean is not None:
        finite &= np.isfinite(mean)
    if not finite.all():
        holes = [name for name, fine in zip(names, finite, strict=True) if not fine]
        raise refusal(
            "moments",
            f"the means or covariances of {quoted(holes)} hold gaps, finite numbers expected",
            "Fill both triangles of the matrix, or leave the columns out.",
        )
    diagonal = np.diag(cov)
    negative = [name for name, value in zip(names, diagonal, strict=True) if value < 0]
    if negative:
        raise refusal("covariances", f"the variance of {quoted(negative)} is negative", "Correct it.")
    sd = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = cov / np.outer(sd, sd)
    gap = np.abs(scaled - scaled.T)
    if gap.size and gap.max() > _RELATIVE:
        i, j = np.unravel_index(int(gap.argmax()), gap.shape)
        raise refusal(
            "covariances",
            f"'{names[i]}' with '{names[j]}' is {cov[i, j]:.6g} in one triangle "
            f"and {cov[j, i]:.6g} in the other",
            "Make the two triangles agree.",
        )
    if scaled.size and not _all_above(scaled, 0.0):
        values, vectors = np.linalg.eigh((scaled + scaled.T) / 2)
        if values[0] < -_RELATIVE * len(names):
            heavy = np.abs(vectors[:, 0]) > 0.3
            involved = [name for name, here in zip(names, heavy, strict=True) if here] or list(names[:3])
            raise refusal(
                "covariances",
                f"no data can have these (smallest eigenvalue of the correlations {values[0]:.3g}), "
                f"mostly through {quoted(involved)}",
                "Check the printed matrix; pairwise deletion also makes such matrices.",
            )


def check_not_constant(names: tuple[str, ...], sd: Floats, largest: Floats) -> None:
    """Refuse constant columns by name, given standard deviations and largest absolute values, shape (p,)."""
    flat = [name for name, s, most in zip(names, sd, largest, strict=True) if s <= _CONSTANT * most or s == 0]
    if flat:
        raise DataError(
            *(
                Problem(f"column '{name}'", "holds the same value in every row", "Leave it out of the model.")
                for name in flat
            )
        )


def check_collinear(items: Sequence[str], correlation: Floats) -> None:
    """Refuse columns that repeat or add up to others, naming them; ``correlation`` has shape (p, p)."""
    if _all_above(correlation, _COLLINEAR):
        return
    values, vectors = np.linalg.eigh(correlation)
    if values[0] > _COLLINEAR:
        return
    p = len(items)
    copies = [(i, j) for i in range(p) for j in range(i) if abs(correlation[i, j]) > 1 - _COLLINEAR]
    if copies:
        raise DataError(
            *(
                Problem(f"column '{items[i]}'", f"repeats '{items[j]}'", "Leave one of the two out.")
                for i, j in copies
            )
        )
    involved = [f"'{item}'" for item, at in zip(items, vectors[:, 0], strict=True) if abs(at) > 0.05]
    found = f"{', '.join(involved)} add up to one another, so that one is known from the others"
    raise DataError(Problem("columns", found, "Leave one of them out."))


def _all_above(matrix: Floats, bound: float) -> bool:
    """Whether all eigenvalues surely exceed a bound: a factorisation, much cheaper than the eigenvalues."""
    try:
        np.linalg.cholesky(matrix - bound * np.eye(len(matrix)))
    except np.linalg.LinAlgError:
        return False
    return True


def weight_shares(weights: ArrayLike, n: int) -> Floats:
    """Weights as shares that sum to 1, shape (n,); refused where one is not above 0."""
    weight = np.array(weights, dtype=np.float64)
    if weight.shape != (n,):
        raise ValueError(f"{n} rows need weights of shape ({n},), not {weight.shape}")
    bad = int((~(np.isfinite(weight) & (weight > 0))).sum())
    if bad:
        raise refusal(
            "weights", f"{bad} of {n} weights are not above 0", "Correct or drop these rows, and say so."
        )
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def named_vector(
    values: Mapping[str, float] | ArrayLike | None, names: tuple[str, ...], what: str
) -> Floats | None:
    """Values in the order of ``names``; None stays None."""
    if values is None:
        return None
    if isinstance(values, Mapping | pd.Series):
        known: dict[str, Any] = {str(key): value for key, value in values.items()}
        absent = [name for name in names if name not in known]
        if absent:
            raise refusal(what, f"no value for {quoted(absent)}", "State one for every column.")
        return np.array([known[name] for name in names], dtype=np.float64)
    vector = np.array(values, dtype=np.float64)
    if vector.shape != (len(names),):
        raise refusal(what, f"{vector.size} values for {len(names)} columns", "State one a column.")
    return vector


def quoted(names: Sequence[str]) -> str:
    """Names as the reader sees them in a message."""
    return ", ".join(f"'{name}'" for name in names)


def refusal(where: str, found: str, remedy: str) -> DataError:
    """One problem, ready to raise."""
    return DataError(Problem(where, found, remedy))

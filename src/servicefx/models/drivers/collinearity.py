"""How far drivers overlap: variance inflation, condition indices and which drivers share them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import IdentificationError, Problem
from servicefx.measurement.rules import Judgement, judge
from servicefx.models.drivers.rows import driver_rows

__all__ = ["CONDITION_FAILS", "CONDITION_WARNS", "Collinearity", "collinearity"]

Floats = NDArray[np.float64]
CONDITION_WARNS, CONDITION_FAILS = 10.0, 30.0
"""Condition indices of weak and of moderate to strong dependencies (Belsley, Kuh & Welsch 1980, p. 105)."""
_SHARED = 0.5
_SINGULAR = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Collinearity:
    """Overlap of drivers, without rows.

    Attributes
    ----------
    drivers : DataFrame
        One row a driver: ``term, vif, tolerance, judgement, threshold``; judged by the rule of thumb
        ``collinearity`` (3 passes, beyond 5 fails).
    indices : DataFrame
        One row a driver and singular value: ``component, condition, term, variance_share``: share of the
        variance of a coefficient tied to the singular value. Constant included.
    condition_number : float
        Largest condition index: of the columns with their constant, each of length 1.
    problems : tuple of Problem
        Drivers whose coefficients the data hardly tell apart, by name.
    """

    drivers: pd.DataFrame
    indices: pd.DataFrame
    condition_number: float
    problems: tuple[Problem, ...]


def collinearity(
    data: pd.DataFrame, outcome: str, drivers: Sequence[str], *, weights: pd.Series | None = None
) -> Collinearity:
    """Variance inflation and condition indices of drivers on the rows their regression uses.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap in the outcome or a driver are left out.
    outcome : str
        Column explained; only its gaps count.
    drivers : sequence of str
        Columns that explain it.
    weights : Series, length n, optional
        Survey weights > 0.

    Returns
    -------
    Collinearity

    Raises
    ------
    DataError
        As `driver_rows`.
    IdentificationError
        If drivers are exactly collinear.

    References
    ----------
    Belsley, Kuh & Welsch (1980), Regression Diagnostics, sec. 3.2 (columns scaled to equal length, not
    centred; variance-decomposition proportions).

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1.0, 2, 3, 5], "a": [1.0, 2, 3, 4], "b": [1.0, -1, -1, 1]})
    >>> collinearity(frame, "y", ["a", "b"]).drivers["vif"].round(6).tolist()
    [1.0, 1.0]
    """
    rows = driver_rows(data, outcome, drivers, weights=weights)
    values = rows.frame[list(rows.drivers)].to_numpy(dtype=float, copy=True)
    share = rows.shares
    centred = values - share @ values
    covariance = (centred * share[:, None]).T @ centred
    sd = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(sd, sd)
    where = f"drivers of '{outcome}'"
    if np.linalg.eigvalsh(correlation)[0] < _SINGULAR:
        found = (
            ", ".join(f"'{name}'" for name in rows.drivers) + " are collinear: one follows from the others"
        )
        raise IdentificationError(Problem(where, found, "Leave one of them out, or merge them."))
    factors = np.diag(np.linalg.inv(correlation))
    terms = (*rows.drivers, "constant")
    design = np.column_stack([values, np.ones(len(values))]) * np.sqrt(share)[:, None]
    design /= np.sqrt((design**2).sum(axis=0))
    _, singular, right = np.linalg.svd(design, full_matrices=False)
    conditions = singular[0] / singular
    pieces = (right / singular[:, None]) ** 2
    shares = pieces / pieces.sum(axis=0)
    judged: list[Judgement] = [
        judge("collinearity", name, float(value))["judgement"]
        for name, value in zip(rows.drivers, factors, strict=True)
    ]
    return Collinearity(
        drivers=pd.DataFrame(
            {
                "term": list(rows.drivers),
                "vif": factors,
                "tolerance": 1 / factors,
                "judgement": judged,
                "threshold": judge("collinearity", "", float("nan"))["threshold"],
            }
        ),
        indices=pd.DataFrame(
            {
                "component": np.repeat(np.arange(1, len(terms) + 1), len(terms)),
                "condition": np.repeat(conditions, len(terms)),
                "term": np.tile(terms, len(terms)),
                "variance_share": shares.ravel(),
            }
        ),
        condition_number=float(conditions[-1]),
        problems=_problems(where, rows.drivers, factors, judged, conditions, shares),
    )


def _problems(
    where: str,
    drivers: tuple[str, ...],
    factors: Floats,
    judged: list[Judgement],
    conditions: Floats,
    shares: Floats,
) -> tuple[Problem, ...]:
    found = []
    high = [
        f"'{name}' {value:.1f}"
        for name, value, said in zip(drivers, factors, judged, strict=True)
        if said != "pass"
    ]
    if high:
        text = (
            "variance inflation above 3: " + ", ".join(high) + "; their coefficients are hard to tell apart"
        )
        found.append(Problem(where, text, "Read their relative importance, or merge drivers."))
    for condition, row in zip(conditions, shares, strict=True):
        involved = [f"'{name}'" for name, value in zip(drivers, row[:-1], strict=True) if value > _SHARED]
        if condition > CONDITION_FAILS and len(involved) > 1:
            text = f"condition index {condition:.0f} (above {CONDITION_FAILS:g}) is shared by "
            found.append(
                Problem(where, text + " and ".join(involved), "Read them together, or leave one out.")
            )
    return tuple(found)

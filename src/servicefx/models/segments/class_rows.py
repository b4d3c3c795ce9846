"""The complete rows behind latent classes, checked and standardised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.design_matrix import redundant_terms
from servicefx.errors import DataError, IdentificationError, Problem
from servicefx.models.drivers.rows import DriverRows, driver_rows
from servicefx.models.segments.mixture import ClassData, class_data

__all__ = ["ROWS_A_PARAMETER", "ClassRows", "class_rows", "n_parameters"]

Floats = NDArray[np.float64]
ROWS_A_PARAMETER = 5
"""Fewest rows for every number estimated; below twice as many a fit is called thin."""

_FEWEST_ANSWERS = 5
"""Different values of an outcome below which classes gather equal answers, not equal needs."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassRows:
    """Rows of a mixture of regressions and how they were standardised.

    Attributes
    ----------
    rows : DriverRows
        The columns that tell membership are its covariates.
    centre, scale : ndarray, shape (k,)
        Mean and standard deviation of every driver.
    level, spread : float
        Mean of the outcome, and standard deviation of what one regression of all rows leaves of it.
    terms, outcome, membership : ndarray, shapes (n, k), (n,), (n, q - 1)
        Standardised by these; the columns of membership by their own mean and standard deviation.
    member_centre, member_scale : ndarray, shape (q - 1,)
    weights : ndarray, shape (n,)
        With mean 1.
    """

    rows: DriverRows
    centre: Floats
    scale: Floats
    level: float
    spread: float
    terms: Floats
    outcome: Floats
    membership: Floats
    member_centre: Floats
    member_scale: Floats
    weights: Floats

    @property
    def n_obs(self) -> int:
        """Rows used."""
        return len(self.outcome)

    def data(self, *, shared: bool, floor: float) -> ClassData:
        """The rows as the mixture takes them."""
        return class_data(self.terms, self.outcome, self.membership, self.weights, floor, shared)


def n_parameters(classes: int, drivers: int, members: int, shared: bool) -> int:
    """Numbers a mixture of regressions estimates.

    Examples
    --------
    >>> n_parameters(2, 5, 0, False), n_parameters(2, 5, 0, True), n_parameters(1, 5, 0, False)
    (15, 10, 7)
    """
    slopes = drivers if shared else classes * drivers
    return slopes + 2 * classes + (classes - 1) * (1 + members)


def class_rows(
    data: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    membership: Sequence[str],
    classes: int,
    *,
    weights: pd.Series | None,
    clusters: pd.Series | None,
) -> ClassRows:
    """Rows for up to so many classes, or a refusal in words.

    Raises
    ------
    DataError
        As `servicefx.models.drivers.rows.driver_rows`; also if the outcome has fewer than five different
        values, or there are fewer than five rows for every number estimated.
    IdentificationError
        If a driver can be computed from the others, or the outcome from the drivers.
    """
    where = f"latent classes of '{outcome}'"
    rows = driver_rows(data, outcome, drivers, membership, weights=weights, clusters=clusters)
    values = rows.frame.to_numpy(dtype=float, copy=True)
    answers = len(np.unique(values[:, 0]))
    if answers < _FEWEST_ANSWERS:
        found = (
            f"'{outcome}' has {answers} different values, at least {_FEWEST_ANSWERS} expected: with fewer, "
        )
        found += "classes gather equal answers rather than equal needs"
        remedy = "Compare known groups instead, or name an outcome measured in finer steps."
        raise DataError(Problem(where, found, remedy))
    _check_size(where, len(values), classes, len(drivers), len(membership))
    for kind, first, names in (("drivers", 1, drivers), ("membership columns", 1 + len(drivers), membership)):
        redundant = redundant_terms(values[:, first : first + len(names)], list(names))
        if redundant:
            found = f"these {kind} can be computed exactly from the others: "
            found += ", ".join(f"'{name}'" for name in redundant)
            raise IdentificationError(Problem(where, found, "Remove them, or merge them into one."))
    weight = rows.shares * len(values)
    mean = np.average(values, axis=0, weights=weight)
    sd = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weight))
    standard = (values - mean) / sd
    k = len(drivers)
    terms = standard[:, 1 : k + 1]
    root = np.sqrt(weight)[:, None]
    slopes = np.linalg.lstsq(terms * root, standard[:, 0] * root[:, 0], rcond=None)[0]
    left = float(np.sqrt(np.average((standard[:, 0] - terms @ slopes) ** 2, weights=weight)))
    if left < 1e-6:
        found = f"'{outcome}' can be computed exactly from the drivers, so that no two customers differ"
        raise IdentificationError(Problem(where, found, "Name other drivers."))
    return ClassRows(
        rows=rows,
        centre=mean[1 : k + 1],
        scale=sd[1 : k + 1],
        level=float(mean[0]),
        spread=float(sd[0]) * left,
        terms=terms,
        outcome=standard[:, 0] / left,
        membership=standard[:, k + 1 :],
        member_centre=mean[k + 1 :],
        member_scale=sd[k + 1 :],
        weights=weight,
    )


def _check_size(where: str, n: int, classes: int, drivers: int, members: int) -> None:
    """Refuse more classes than the rows allow, saying how many they do."""
    if classes < 1:
        found = f"{classes} classes, at least 1 expected"
        raise DataError(Problem(where, found, "Ask for one class or more."))
    wanted = ROWS_A_PARAMETER * n_parameters(classes, drivers, members, False)
    if n >= wanted:
        return
    allowed = 0
    while n >= ROWS_A_PARAMETER * n_parameters(allowed + 1, drivers, members, False):
        allowed += 1
    numbers = n_parameters(classes, drivers, members, False)
    found = f"{n} complete rows for the {numbers} numbers of {classes} classes, at least {wanted} expected"
    most = "one class" if allowed == 1 else f"{allowed} classes"
    remedy = f"Ask for {most} at most, or for fewer drivers." if allowed else "Name fewer drivers."
    raise DataError(Problem(where, found, remedy))

"""StructuralFit: a fitted structural model as numbers, in the users' units, without rows or engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import Problem
from servicefx.sem.implied import Implied, implied
from servicefx.sem.model import SemModel
from servicefx.values.estimates import Estimates, critical_value, two_sided_p_value

__all__ = ["StructuralFit", "standardised"]

Floats = NDArray[np.float64]
COLUMNS = (
    "lhs",
    "op",
    "rhs",
    "estimate",
    "std_error",
    "statistic",
    "p_value",
    "conf_low",
    "conf_high",
    "std_all",
)
"""Columns of `StructuralFit.table`, in this order."""
_BEYOND_ONE = 1 + 1e-8
_ZERO = 1e-10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StructuralFit:
    """A structural equation model fitted by maximum likelihood.

    A construct is scaled by its first item: one unit of it moves that item by one point.

    Attributes
    ----------
    name : str
        What was fitted, in the reader's words.
    model : SemModel
        With c cells, q of them free.
    n_obs : int
        Rows used, all complete.
    values : ndarray, shape (c,)
        One value a cell of the model, fixed ones included, in the users' units.
    covariance : ndarray, shape (q, q)
        Sampling covariance of the free cells, from the expected information.
    measures : mapping of str to float
        See `sem.fit_measures.fit_measures`.
    undefined : mapping of str to str
        Measure -> why it is NaN.
    """

    name: str
    model: SemModel
    n_obs: int
    values: Floats
    covariance: Floats
    measures: Mapping[str, float]
    undefined: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        covariance = np.array(self.covariance, dtype=np.float64)
        c, q = len(self.model.cells), len(self.model.free)
        if values.shape != (c,) or covariance.shape != (q, q):
            raise ValueError(
                f"{self.name}: {c} cells, {q} free, need values ({c},) and covariance ({q}, {q}), "
                f"not {values.shape} and {covariance.shape}"
            )
        values.setflags(write=False)
        covariance.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "covariance", covariance)

    @property
    def parameters(self) -> pd.DataFrame:
        """`table` with 95 % intervals."""
        return self.table()

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """Every cell of the model, fixed ones without an error.

        Parameters
        ----------
        level : float
            Of the confidence interval (normal), strictly between 0 and 1.

        Returns
        -------
        DataFrame
            ``lhs, op, rhs, estimate, std_error, statistic, p_value, conf_low, conf_high, std_all``.
            Fixed cells have NaN from ``std_error`` to ``conf_high``; ``std_all`` is in standard deviations
            of both variables, for covariances the (residual) correlation.
        """
        cells = self.model.cells
        errors = np.full(len(cells), np.nan)
        errors[self._free] = np.sqrt(np.diag(self.covariance))
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = self.values / errors
        half = critical_value(level) * errors
        return pd.DataFrame(
            {
                "lhs": [cell.lhs for cell in cells],
                "op": [cell.op for cell in cells],
                "rhs": [cell.rhs for cell in cells],
                "estimate": self.values,
                "std_error": errors,
                "statistic": statistic,
                "p_value": two_sided_p_value(statistic, float("inf")),
                "conf_low": self.values - half,
                "conf_high": self.values + half,
                "std_all": standardised(self.model, self.values),
            },
            columns=list(COLUMNS),
        )

    @property
    def implied(self) -> Implied:
        """The model's matrices at the estimates, in the users' units."""
        return implied(self.model, self.values)

    @property
    def r2(self) -> pd.DataFrame:
        """Columns ``outcome, estimate``: explained share of variance, items first, then constructs.

        Above 1 where the residual variance is negative; `problems` names it.
        """
        at = self.implied
        explained = [j for j, row in enumerate(at.directed) if row.any()]
        residual = np.diag(at.symmetric)[explained] / np.diag(at.covariance)[explained]
        names = [self.model.names[j] for j in explained]
        return pd.DataFrame({"outcome": names, "estimate": 1.0 - residual})

    @property
    def construct_correlations(self) -> pd.DataFrame:
        """Implied correlations of the constructs, square; NaN where a variance is not positive."""
        p = len(self.model.items)
        return pd.DataFrame(
            _correlations(self.implied.covariance[p:, p:]),
            index=list(self.model.constructs),
            columns=list(self.model.constructs),
        )

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What makes the solution doubtful, by name: the fit stands, the reader should know."""
        return tuple([*self._negative_variances(), *self._improper_constructs(), *self._beyond_one()])

    def estimates(self) -> tuple[Estimates, ...]:
        """The paths among constructs, one `Estimates` an explained construct, in order of the model.

        Fixed paths have NaN covariance, and their reason in ``undefined``.
        """
        free = {cell: at for at, cell in enumerate(self.model.free)}
        values = dict(zip(self.model.cells, self.values, strict=True))
        fits = []
        for outcome in dict.fromkeys(cell.lhs for cell in self.model.paths):
            cells = [cell for cell in self.model.paths if cell.lhs == outcome]
            covariance = np.full((len(cells), len(cells)), np.nan)
            estimated = [j for j, cell in enumerate(cells) if cell in free]
            at = [free[cells[j]] for j in estimated]
            covariance[np.ix_(estimated, estimated)] = self.covariance[np.ix_(at, at)]
            fits.append(
                Estimates(
                    estimator="structural model, maximum likelihood",
                    outcome=outcome,
                    terms=tuple(cell.rhs for cell in cells),
                    coefficients=np.array([values[cell] for cell in cells]),
                    covariance=covariance,
                    covariance_kind="expected information",
                    df=float("inf"),
                    n_obs=self.n_obs,
                    fit_measures=self.measures,
                    undefined={
                        cell.rhs: f"fixed at {cell.fixed:g}" for cell in cells if cell.fixed is not None
                    }
                    | dict(self.undefined),
                    assumptions=("items are jointly normal", "the model holds"),
                )
            )
        return tuple(fits)

    @property
    def _free(self) -> list[int]:
        return [at for at, cell in enumerate(self.model.cells) if cell.fixed is None]

    def _negative_variances(self) -> list[Problem]:
        return [
            Problem(
                self.name,
                f"the {'variance' if self._is_exogenous(cell.row) else 'residual variance'} of '{cell.lhs}' "
                f"is estimated as {value:.4g}, a variance is never negative",
                "Look for an item that does not belong, or for too few rows.",
            )
            for cell, value in zip(self.model.cells, self.values, strict=True)
            if cell.op == "~~" and cell.row == cell.column and value < 0
        ]

    def _is_exogenous(self, at: int) -> bool:
        return not any(cell.op != "~~" and cell.row == at for cell in self.model.cells)

    def _improper_constructs(self) -> list[Problem]:
        p = len(self.model.items)
        covariance = self.implied.covariance[p:, p:]
        sd = np.sqrt(np.abs(np.diag(covariance)))
        sd = np.where(sd > 0, sd, 1.0)
        values, vectors = np.linalg.eigh(covariance / np.outer(sd, sd))
        if values[0] > _ZERO:
            return []
        heavy = np.abs(vectors[:, 0]) > 0.3
        names = [name for name, here in zip(self.model.constructs, heavy, strict=True) if here]
        listed = ", ".join(f"'{name}'" for name in names)
        found = f"the covariances of the constructs are not positive definite, mostly through {listed}"
        return [Problem(self.name, found, "Join constructs that the items cannot tell apart.")]

    def _beyond_one(self) -> list[Problem]:
        return [
            Problem(
                self.name,
                f"the standardised value of '{cell.text}' is {value:.4g}, beyond 1",
                "Look for constructs or items that cannot be told apart.",
            )
            for cell, value in zip(self.model.cells, standardised(self.model, self.values), strict=True)
            if abs(value) > _BEYOND_ONE and not (cell.op == "~~" and cell.row == cell.column)
        ]


def standardised(model: SemModel, values: Floats) -> Floats:
    """Values in standard deviations of the variables they join.

    Parameters
    ----------
    model : SemModel
        With c cells.
    values : ndarray, shape (c,)
        In any units.

    Returns
    -------
    ndarray, shape (c,)
        Loadings and paths per standard deviation; variances as shares; covariances as correlations of what
        is left unexplained. NaN where a variance is not positive.
    """
    at = implied(model, values)
    variances = np.diag(at.covariance)
    residuals = np.diag(at.symmetric)
    sd = np.sqrt(np.where(variances > 0, variances, np.nan))
    left_over = np.sqrt(np.where(residuals > 0, residuals, np.nan))
    scaled = np.empty(len(values))
    for k, (cell, value) in enumerate(zip(model.cells, values, strict=True)):
        if cell.op != "~~":
            scaled[k] = value * sd[cell.column] / sd[cell.row]
        elif cell.row == cell.column:
            scaled[k] = value / sd[cell.row] ** 2
        else:
            scaled[k] = value / (left_over[cell.row] * left_over[cell.column])
    return scaled


def _correlations(covariance: Floats) -> Floats:
    variances = np.diag(covariance)
    sd = np.sqrt(np.where(variances > 0, variances, np.nan))
    return np.asarray(covariance / np.outer(sd, sd), dtype=np.float64)

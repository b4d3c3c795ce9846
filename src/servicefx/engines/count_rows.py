"""Counts and their terms as arrays, checked before any estimator sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.count_search import LEAST_DISPERSION, CountCells, count_cells
from servicefx.engines.design_matrix import CONSTANT, checked_arrays
from servicefx.errors import DataError, Problem
from servicefx.study.wording import number, rows_shown, values_shown

__all__ = ["DISPERSION", "ZERO", "CountRows", "checked_counts", "count_rows"]

Floats = NDArray[np.float64]
DISPERSION = "dispersion"
"""Name of alpha in every fit of a negative binomial: the variance of a count is mu + alpha mu²."""
ZERO = "always zero: "
"""Begins the name of a term of the certain zeros."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CountRows:
    """Arrays of a count model, and how its scaled parameters turn into those reported.

    Attributes
    ----------
    outcome : str
    terms : tuple of str
        Of the mean, the constant last; then of the certain zeros; then the dispersion.
    y : ndarray, shape (n,)
    x, z : ndarray, shapes (n, k) and (n, m)
        The constant in the last column; ``z`` without columns where no zero is certain.
    offset : ndarray, shape (n,)
        Log of the exposure; zeros where there is none.
    cells : CountCells
        The same rows with centred terms in standard deviations, those alike in one cell.
    back : ndarray, shape (p, p)
        Parameters in the terms' units are ``back @`` scaled ones, the dispersion still as a logarithm.
    """

    outcome: str
    terms: tuple[str, ...]
    y: Floats
    x: Floats
    z: Floats
    offset: Floats
    cells: CountCells
    back: Floats

    @property
    def dispersed(self) -> bool:
        """Whether the count is negative binomial."""
        return self.cells.dispersed

    def reported(self, scaled: Floats) -> Floats:
        """Scaled parameters of shape (B, p) in the terms' units, the dispersion as alpha."""
        found = scaled @ self.back.T
        if self.dispersed:
            found[:, -1] = np.exp(found[:, -1])
        return np.asarray(found, dtype=np.float64)

    def scaled(self, reported: Floats) -> Floats:
        """The inverse of `reported`, shape (B, p); a dispersion of 0 stands at the least one searched."""
        found = np.array(reported, dtype=np.float64)
        if self.dispersed:
            found[:, -1] = np.log(np.maximum(found[:, -1], np.exp(LEAST_DISPERSION)))
        return np.asarray(np.linalg.solve(self.back, found.T).T, dtype=np.float64)


def count_rows(
    data: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    dispersed: bool,
    inflation: Sequence[str] | None = None,
    exposure: str | None = None,
) -> CountRows:
    """Arrays of a count model, or a refusal naming what stands in the way.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete numeric columns; its index numbers the rows from 0, for the messages.
    outcome : str
        Column of counts: whole numbers from 0.
    terms : sequence of str
        Terms of the mean; a constant is added.
    dispersed : bool
        Whether the count is negative binomial.
    inflation : sequence of str, optional
        Terms of the certain zeros, to which a constant is added; None where no zero is certain.
    exposure : str, optional
        Column the mean is proportional to, above 0: months of being a customer.

    Returns
    -------
    CountRows

    Raises
    ------
    DataError
        If a count is negative or no whole number (rows named), all are zero or none is where zeros are to be
        explained, an exposure is not above 0; or as `servicefx.engines.design_matrix.checked_arrays`.
    IdentificationError
        If terms are linear combinations of each other.
    """
    where = f"count model of '{outcome}'"
    inside = list(dict.fromkeys([*terms, *(inflation or ())]))
    if outcome in data.columns and pd.api.types.is_numeric_dtype(data[outcome]):
        checked_counts(data[outcome], where)
    y, both = checked_arrays(data, outcome, inside)
    if inflation is not None and (y > 0).all():
        found = f"no '{outcome}' is 0, so nothing says what makes zeros"
        raise DataError(Problem(where, found, "Choose a model without certain zeros."))
    ones = np.ones((len(y), 1))
    x = np.hstack([both[:, [inside.index(term) for term in terms]], ones])
    z = np.zeros((len(y), 0))
    names = [*terms, CONSTANT]
    if inflation is not None:
        z = np.hstack([both[:, [inside.index(term) for term in inflation]], ones])
        names += [f"{ZERO}{term}" for term in (*inflation, CONSTANT)]
    offset = np.zeros(len(y))
    if exposure is not None:
        offset = np.log(_exposed(data, exposure, where))
    (x_scaled, x_back), (z_scaled, z_back) = _standardised(x), _standardised(z)
    p = x.shape[1] + z.shape[1] + int(dispersed)
    back = np.eye(p)
    back[: x.shape[1], : x.shape[1]] = x_back
    back[x.shape[1] : x.shape[1] + z.shape[1], x.shape[1] : x.shape[1] + z.shape[1]] = z_back
    return CountRows(
        outcome=outcome,
        terms=(*names, *((DISPERSION,) if dispersed else ())),
        y=y,
        x=x,
        z=z,
        offset=offset,
        cells=count_cells(y, x_scaled, z_scaled, offset, dispersed=dispersed),
        back=back,
    )


def checked_counts(counts: pd.Series, where: str) -> None:
    """Refuse what is no count, naming its rows; gaps are left to others.

    Raises
    ------
    DataError
        If a value is negative or no whole number, or all are zero.
    """
    known = counts.dropna().astype(float)
    wrong = known[(known < 0) | (known != np.floor(known))]
    if len(wrong):
        values = values_shown([number(value) for value in dict.fromkeys(wrong)])
        label = counts.index.get_indexer(wrong.index) if not _numbered(counts.index) else wrong.index
        found = f"'{counts.name}' holds {values} ({rows_shown(int(row) for row in label)}), expected whole "
        raise DataError(
            Problem(
                where, found + "numbers from 0", "Correct these rows, or leave the outcome to least squares."
            )
        )
    if len(known) and not known.any():
        found = f"'{counts.name}' is 0 in all {len(known)} rows"
        raise DataError(Problem(where, found, "Ask about an outcome that happens."))


def _numbered(index: pd.Index) -> bool:
    return bool(pd.api.types.is_integer_dtype(index.dtype))


def _exposed(data: pd.DataFrame, exposure: str, where: str) -> Floats:
    if exposure not in data.columns:
        raise DataError(Problem(where, f"column '{exposure}' is not in the data", "Correct the name."))
    values = data[exposure].to_numpy(dtype=float, copy=True)
    bad = int((~(np.isfinite(values) & (values > 0))).sum())
    if bad:
        found = f"{bad} of {len(values)} values of '{exposure}' are missing or not above 0"
        raise DataError(Problem(where, found, "Give every row an exposure above 0."))
    return values


def _standardised(columns: Floats) -> tuple[Floats, Floats]:
    """Columns but the last (the constant) centred, in standard deviations; and the way back."""
    size = columns.shape[1]
    back = np.eye(size)
    if size < 2:
        return columns, back
    centre, spread = columns[:, :-1].mean(axis=0), columns[:, :-1].std(axis=0)
    scaled = np.column_stack([(columns[:, :-1] - centre) / spread, columns[:, -1]])
    back[:-1, :-1] = np.diag(1 / spread)
    back[-1, :-1] = -centre / spread
    return scaled, back

"""What reliability is computed from: answers of persons, or the covariances of the items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem
from servicefx.measurement.arguments import beside_rows
from servicefx.moments.checks import complete_matrix, quoted, weight_shares
from servicefx.moments.moments import Moments

__all__ = [
    "ItemCovariance",
    "Items",
    "check_finite",
    "constant_items",
    "correlations_of",
    "item_covariance",
    "read_items",
]

Floats = NDArray[np.float64]
Items = pd.DataFrame | Floats | Moments
Inexact = TypeVar("Inexact", bound=np.inexact[Any])
_SYMMETRIC = 1e-8
"""Relative size to which printed covariances are symmetric."""
_CONSTANT = 1e-12
"""A standard deviation below this share of an item's largest answer is rounding, not variation."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ItemCovariance:
    """Covariances of p items.

    Attributes
    ----------
    names : tuple of str, length p
        ``"item 1"``, … where the items came without names.
    cov : ndarray, shape (p, p)
        In products of the items' units.
    n_obs : int
        Complete rows; 0 where it is not known.
    """

    names: tuple[str, ...]
    cov: Floats
    n_obs: int


def read_items(items: Items, weights: ArrayLike | None = None) -> ItemCovariance:
    """Covariances of items given as rows, as a covariance matrix, or as `Moments`.

    Parameters
    ----------
    items : DataFrame, ndarray or Moments
        A frame holds one row a person, always; rows with a gap are not used. An array is a covariance
        matrix, always.
    weights : array_like or Series, shape (n,), optional
        Survey weights, > 0, of the rows of a frame; a Series carries their index.

    Returns
    -------
    ItemCovariance

    Raises
    ------
    DataError
        If a frame holds a matrix instead of rows or an array rows instead of a matrix; if an item is not
        numeric or does not vary (named); if fewer than two rows are complete, or the weights are not those
        of the rows.
    """
    if isinstance(items, Moments):
        found = ItemCovariance(names=items.names, cov=items.cov, n_obs=items.n_obs)
    elif isinstance(items, pd.DataFrame):
        found = _of_rows(items, weights)
    else:
        found = _of_matrix(items)
    _refuse_constant([name for name, s in zip(found.names, np.diag(found.cov), strict=True) if not s > 0])
    return found


def correlations_of(covariances: NDArray[Inexact]) -> NDArray[Inexact]:
    """Correlations of every covariance matrix, shape (..., p, p); NaN where an item does not vary."""
    variance = np.diagonal(covariances, axis1=-2, axis2=-1)
    sd = np.sqrt(np.where(variance.real > 0, variance, np.nan))
    return np.asarray(covariances / (sd[..., :, None] * sd[..., None, :]), dtype=covariances.dtype)


def item_covariance(values: Floats, weights: Floats | None = None) -> Floats:
    """Covariances of complete rows (denominator n), weighted where there are weights, shape (p, p)."""
    share = np.full(len(values), 1 / len(values)) if weights is None else weight_shares(weights, len(values))
    centred = values - share @ values
    return np.asarray((centred * share[:, None]).T @ centred, dtype=np.float64)


def constant_items(complete: pd.DataFrame) -> list[str]:
    """Names of the items that do not vary over these rows."""
    values = complete.to_numpy(dtype=np.float64)
    if not len(values):
        return []
    still = np.ptp(values, axis=0) <= _CONSTANT * np.abs(values).max(axis=0)
    return [str(name) for name, flat in zip(complete.columns, still, strict=True) if flat]


def _of_rows(items: pd.DataFrame, weights: ArrayLike | None) -> ItemCovariance:
    names = tuple(str(name) for name in items.columns)
    if not names:
        raise DataError(Problem("items", "a frame without columns", "Name the items."))
    if len(names) > 1 and names == tuple(str(name) for name in items.index):
        found = "rows named as the columns: a matrix, where one row a person is expected"
        raise DataError(
            Problem("items", found, "Pass the answers, or the covariances as an array or as Moments.")
        )
    there = items.notna().all(axis=1).to_numpy()
    check_finite(items)
    complete = complete_matrix(items.loc[there])
    if len(complete) < 2:
        found = f"{len(complete)} complete answers to {len(names)} items, at least 2 expected"
        raise DataError(Problem("items", found, "Add answers, or leave out the item hardly anyone answers."))
    _refuse_constant(constant_items(pd.DataFrame(complete, columns=list(names))))
    kept = None
    if weights is not None:
        kept = beside_rows(weights, items, "weights").to_numpy(dtype=np.float64)[there]
    return ItemCovariance(names=names, cov=item_covariance(complete, kept), n_obs=len(complete))


def _refuse_constant(constant: list[str]) -> None:
    if constant:
        found = f"{quoted(constant)}: every answer is the same"
        raise DataError(Problem("items", found, "Leave out what does not vary."))


def check_finite(items: pd.DataFrame) -> None:
    """Raise DataError naming items with infinite answers, which are neither answers nor gaps."""
    numbers = items.select_dtypes("number")
    endless = numbers.columns[np.isinf(numbers.to_numpy(dtype=np.float64, na_value=np.nan)).any(axis=0)]
    if len(endless):
        found = f"{quoted([str(name) for name in endless])}: infinite answers"
        raise DataError(Problem("items", found, "Recode them as missing, or correct them."))


def _of_matrix(items: ArrayLike) -> ItemCovariance:
    S = np.array(items, dtype=np.float64)
    if S.ndim != 2 or S.shape[0] != S.shape[1]:
        found = f"an array of shape {S.shape}, a square covariance matrix expected"
        raise DataError(Problem("items", found, "Pass answers as a DataFrame, one row a person."))
    if not np.isfinite(S).all() or np.abs(S - S.T).max(initial=0) > _SYMMETRIC * np.abs(S).max(initial=0):
        found = "an array that is not symmetric and complete, a covariance matrix expected"
        raise DataError(Problem("items", found, "Pass answers as a DataFrame, one row a person."))
    spread = np.sqrt(np.clip(np.diag(S), 0, None))
    if (np.abs(S) > np.outer(spread, spread) * (1 + _SYMMETRIC) + 1e-300).any():
        found = "covariances beyond the product of the standard deviations"
        raise DataError(Problem("items", found, "Correct the matrix, or pass answers as a DataFrame."))
    return ItemCovariance(names=tuple(f"item {at + 1}" for at in range(len(S))), cov=(S + S.T) / 2, n_obs=0)

"""Outcome and terms as arrays, checked before any estimator sees them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, IdentificationError, Problem

__all__ = [
    "CONSTANT",
    "checked_arrays",
    "checked_clusters",
    "checked_weights",
    "redundant_terms",
]

CONSTANT = "constant"
"""Name of the intercept in every fit."""

_COLLINEAR = 1e-9
_ROUNDING = 1e-13
"""A range below this share of the largest value is rounding (0.1 + 0.2 against 0.3), not variation."""


def checked_arrays(
    data: pd.DataFrame, outcome: str, terms: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Outcome and terms as float arrays, or a refusal naming what stands in the way.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Complete numeric columns.
    outcome : str
        Column explained.
    terms : sequence of str, length k
        Columns that explain it; a constant is not among them.

    Returns
    -------
    tuple of ndarray, shapes (n,) and (n, k)

    Raises
    ------
    DataError
        If a column is missing, stands twice, bears the name of the constant, has gaps or does not vary, or if
        there are too few rows.
    IdentificationError
        If terms are linear combinations of each other.
    """
    where = f"regression of '{outcome}'"
    names = [outcome, *terms]
    _check_places(data, names, where)
    absent = [name for name in names if name not in data.columns]
    if absent:
        raise DataError(
            *(Problem(where, f"column '{name}' is not in the data", "Correct the name.") for name in absent)
        )
    frame = data[names].astype(float)
    gaps = (~np.isfinite(frame.to_numpy())).sum(axis=0)
    if gaps.any():
        raise DataError(
            *(
                Problem(where, f"'{name}' has {count} gaps", "Drop those rows first.")
                for name, count in zip(names, gaps, strict=True)
                if count
            )
        )
    n, k = len(frame), len(terms)
    if n < k + 2:
        raise DataError(
            Problem(
                where, f"{n} rows for {k + 1} coefficients", f"Add rows (at least {k + 2}) or remove terms."
            )
        )
    y, x = frame[outcome].to_numpy(copy=True), frame[list(terms)].to_numpy(copy=True)
    columns = np.column_stack([y, x])
    spread, size = np.ptp(columns, axis=0), np.abs(columns).max(axis=0)
    flat = [name for name, moves in zip(names, spread > _ROUNDING * size, strict=True) if not moves]
    if flat:
        raise DataError(
            *(
                Problem(
                    where, f"'{name}' has the same value in all {n} rows used", "Remove it from the model."
                )
                for name in flat
            )
        )
    redundant = redundant_terms(x, list(terms))
    if redundant:
        raise IdentificationError(
            Problem(
                where,
                "these terms can be computed exactly from the others: "
                + ", ".join(f"'{name}'" for name in redundant),
                "Remove them, or merge them into one.",
            )
        )
    return y, x


def _check_places(data: pd.DataFrame, names: Sequence[str], where: str) -> None:
    """Refuse names that a table of coefficients could not tell apart."""
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    twice += [name for name in dict.fromkeys(names) if list(data.columns).count(name) > 1]
    problems = [
        Problem(where, f"'{name}' stands twice among the outcome and the terms", "Name each column once.")
        for name in dict.fromkeys(twice)
    ]
    if CONSTANT in names[1:]:
        found = f"a term is named '{CONSTANT}', as the intercept is in every table"
        problems.append(Problem(where, found, "Rename it."))
    if problems:
        raise DataError(*problems)


def redundant_terms(x: NDArray[np.float64], terms: Sequence[str]) -> list[str]:
    """Terms that are linear combinations of a constant and the terms before them.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Columns in the order of ``terms``.
    terms : sequence of str, length k
        Their names.

    Returns
    -------
    list of str
        In order; empty where the terms are independent.

    Examples
    --------
    >>> x = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [5.0, 10.0]])
    >>> redundant_terms(x, ["a", "twice_a"])
    ['twice_a']
    """
    centred = x - x.mean(axis=0)
    lengths = np.sqrt((centred**2).sum(axis=0))
    basis: list[NDArray[np.float64]] = []
    found = []
    for column, length, name in zip(centred.T, lengths, terms, strict=True):
        rest = column / length if length > 0 else column
        for _ in range(2):  # twice is enough: Gram-Schmidt with reorthogonalisation
            for direction in basis:
                rest = rest - direction * float(direction @ rest)
        norm = float(np.sqrt(rest @ rest))
        if norm < _COLLINEAR:
            found.append(name)
        else:
            basis.append(rest / norm)
    return found


def checked_clusters(clusters: pd.Series, n_obs: int, outcome: str) -> tuple[NDArray[np.intp], int, str]:
    """Cluster codes, their number and the column's name.

    Parameters
    ----------
    clusters : Series, length n_obs
        Dependence group of every row.
    n_obs : int
        Rows of the fit.
    outcome : str
        For the message.

    Returns
    -------
    tuple
        Codes of shape (n_obs,), number of clusters, name.

    Raises
    ------
    DataError
        If lengths differ, a cluster is missing, or there are fewer than two.
    """
    where = f"regression of '{outcome}', clusters '{clusters.name}'"
    if len(clusters) != n_obs:
        raise DataError(
            Problem(where, f"{len(clusters)} clusters for {n_obs} rows", "Give one cluster a row.")
        )
    codes, labels = pd.factorize(clusters, sort=True)
    if (codes < 0).any():
        gaps = int((codes < 0).sum())
        raise DataError(
            Problem(where, f"{gaps} rows belong to no cluster", "Fill the column, or drop those rows.")
        )
    if len(labels) < 2:
        raise DataError(
            Problem(
                where,
                "one cluster only, so nothing says how clusters differ",
                "Remove 'nested_in', or add clusters.",
            )
        )
    return codes.astype(np.intp), len(labels), str(clusters.name)


def checked_weights(weights: pd.Series, n_obs: int, outcome: str) -> NDArray[np.float64]:
    """Survey weights as an array of shape (n_obs,).

    Parameters
    ----------
    weights : Series, length n_obs
        Weight of every row.
    n_obs : int
        Rows of the fit.
    outcome : str
        For the message.

    Returns
    -------
    ndarray, shape (n_obs,)

    Raises
    ------
    DataError
        If lengths differ, or a weight is missing or not above 0.
    """
    values = weights.to_numpy(dtype=float, copy=True)
    bad = int((~(np.isfinite(values) & (values > 0))).sum())
    if len(values) != n_obs or bad:
        found = f"{bad} of {n_obs} weights are missing or not above 0"
        raise DataError(
            Problem(
                f"regression of '{outcome}', weights '{weights.name}'",
                found if len(values) == n_obs else f"{len(values)} weights for {n_obs} rows",
                "Give every row a weight above 0.",
            )
        )
    return values

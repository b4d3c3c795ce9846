"""Correlations of items, product-moment or polychoric, from answers or a printed table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.moments.checks import check_collinear, check_not_constant, quoted
from servicefx.moments.moments import Moments
from servicefx.moments.ordinal_columns import OrdinalColumns, ordinal_columns
from servicefx.moments.ordinal_covariance import margins_of
from servicefx.moments.ordinal_thresholds import thresholds
from servicefx.moments.polychoric import polychoric
from servicefx.moments.polyserial import polyserial

__all__ = [
    "CorrelationKind",
    "ItemCorrelations",
    "check_positive_definite",
    "complete_items",
    "item_correlations",
    "latent_correlation",
]

Floats = NDArray[np.float64]
CorrelationKind = Literal["pearson", "polychoric"]
_SINGULAR = 1e-10
"""Smallest eigenvalue of a correlation matrix that can be inverted with any meaning."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ItemCorrelations:
    """Correlations of p items and what they rest on.

    Attributes
    ----------
    names : tuple of str, length p
    n_obs : int
        Complete rows used.
    correlation : ndarray, shape (p, p)
        In [-1, 1], ones on the diagonal.
    kind : {"pearson", "polychoric"}
    weighted : bool
        Whether survey weights were used.
    dropped : int
        Rows left out for a gap.
    flags : tuple of str
        What makes latent correlations doubtful: pairs at the bound, empty cells.
    """

    names: tuple[str, ...]
    n_obs: int
    correlation: Floats
    kind: CorrelationKind
    weighted: bool
    dropped: int
    flags: tuple[str, ...]

    def __post_init__(self) -> None:
        self.correlation.setflags(write=False)


def item_correlations(
    items: pd.DataFrame | Moments,
    *,
    correlation: CorrelationKind = "pearson",
    ordered: Sequence[str] | None = None,
    weights: pd.Series | None = None,
    at_least: int = 3,
) -> ItemCorrelations:
    """Correlations of items, with everything that cannot be one refused by name.

    Parameters
    ----------
    items : DataFrame, shape (n, p), or Moments
        Answers, reversed items turned; rows with a gap are not used, and counted. Or moments, e.g. of a
        printed correlation table.
    correlation : {"pearson", "polychoric"}
        Of the answers as numbers; or of the normal responses behind ordered answers (with continuous columns
        polyserial ones).
    ordered : sequence of str, optional
        The ordered columns, for polychoric correlations; all by default.
    weights : Series, length n, optional
        Survey weights > 0; with pearson only.
    at_least : int
        Items needed.

    Returns
    -------
    ItemCorrelations

    Raises
    ------
    DataError
        If there are too few items or rows, an item is constant or not a number, items add up to one another,
        or polychoric correlations are asked of moments or of weighted answers.

    References
    ----------
    Olsson (1979), Psychometrika 44, 443-460; Olsson, Drasgow & Dorans (1982), Psychometrika 47, 337-347.
    """
    _check_choice(correlation, items, weights)
    names = items.names if isinstance(items, Moments) else tuple(str(name) for name in items.columns)
    if len(names) < at_least:
        found = f"{len(names)} item{'' if len(names) == 1 else 's'}, at least {at_least} expected"
        raise DataError(Problem("items", found, "Add items."))
    if isinstance(items, Moments):
        check_not_constant(names, np.sqrt(np.diag(items.cov)), np.zeros(len(names)))
        _check_rows(items.n_obs, len(names))
        check_collinear(names, items.correlation)
        return _answer(names, items.n_obs, items.correlation, "pearson", False, 0, ())
    _check_answered(items)
    complete = complete_items(items)
    _check_rows(len(complete), len(names))
    dropped = len(items) - len(complete)
    if correlation == "polychoric":
        columns = ordinal_columns(complete, list(names) if ordered is None else ordered)
        matrix, flags = latent_correlation(columns)
        return _answer(names, len(complete), matrix, "polychoric", False, dropped, flags)
    kept = None if weights is None else weights.loc[complete.index].to_numpy(dtype=float, copy=True)
    moments = Moments.from_frame(complete, kept)
    check_collinear(names, moments.correlation)
    weighted = weights is not None
    return _answer(names, len(complete), moments.correlation, "pearson", weighted, dropped, ())


def complete_items(items: pd.DataFrame) -> pd.DataFrame:
    """The rows without a gap."""
    return items.loc[items.notna().all(axis=1)]


def latent_correlation(columns: OrdinalColumns) -> tuple[Floats, tuple[str, ...]]:
    """Polychoric, polyserial and product-moment correlations of ordinal and continuous columns.

    Parameters
    ----------
    columns : OrdinalColumns
        Of p columns, q of them ordinal.

    Returns
    -------
    tuple
        Matrix, shape (p, p), each entry at the maximum of its own likelihood, hence not always positive
        definite; and what makes entries doubtful, in words.
    """
    names = columns.names
    ordinal_at = np.flatnonzero(columns.ordered)
    continuous_at = np.flatnonzero(~np.array(columns.ordered, dtype=np.bool_))
    matrix = np.eye(len(names))
    _, z = margins_of(columns.values)
    if len(z):
        matrix[np.ix_(continuous_at, continuous_at)] = z @ z.T / z.shape[1]
    flags: list[str] = []
    if len(ordinal_at):
        n = columns.codes.shape[1]
        steps = thresholds(columns.codes, columns.n_levels)
        pairs = polychoric(steps, n)
        row, column = ordinal_at[pairs.later], ordinal_at[pairs.earlier]
        matrix[row, column] = matrix[column, row] = pairs.r
        flags += _at_bound(names, row, column, pairs.at_bound)
        if len(z):
            mixed = polyserial(columns.codes, z, steps)
            row, column = ordinal_at[mixed.ordinal], continuous_at[mixed.continuous]
            matrix[row, column] = matrix[column, row] = mixed.r
            flags += _at_bound(names, row, column, mixed.at_bound)
        cells = columns.n_levels[pairs.later] * columns.n_levels[pairs.earlier]
        sparse = int((np.count_nonzero(steps.tables, axis=(1, 2)) < cells).sum())
        if sparse:
            flags.append(f"{sparse} of {len(cells)} pairs of items have answers nobody gave together")
    np.fill_diagonal(matrix, 1.0)
    return matrix, tuple(flags)


def check_positive_definite(found: ItemCorrelations) -> None:
    """Refuse correlations that cannot be inverted, naming the items most concerned."""
    values, vectors = np.linalg.eigh(found.correlation)
    if values[0] > _SINGULAR:
        return
    heavy = [name for name, at in zip(found.names, np.abs(vectors[:, 0]), strict=True) if at > 0.3]
    text = (
        f"are not positive definite (smallest eigenvalue {values[0]:.3g}), mostly through "
        f"{quoted(heavy or found.names[:3])}"
    )
    remedy = "Merge rare answers, leave one of these items out, or choose correlation='pearson'."
    raise DataError(Problem(f"{found.kind} correlations", text, remedy))


def _check_choice(kind: str, items: pd.DataFrame | Moments, weights: pd.Series | None) -> None:
    if kind not in ("pearson", "polychoric"):
        raise ValueError(f"correlation '{kind}' is not one of 'pearson', 'polychoric'")
    if kind == "polychoric" and isinstance(items, Moments):
        found = "polychoric correlations need the answers, and only moments are given"
        raise DataError(Problem("items", found, "Give the answers, or choose correlation='pearson'."))
    if kind == "polychoric" and weights is not None:
        found = "polychoric correlations are not computed with survey weights"
        raise DataError(Problem("weights", found, "Leave the weights out, or choose correlation='pearson'."))
    if isinstance(items, Moments) and weights is not None:
        found = "weights belong to rows, and only moments are given"
        raise DataError(Problem("weights", found, "Weight the rows when the moments are made."))


def _check_answered(items: pd.DataFrame) -> None:
    """Refuse items that nobody answered, by name."""
    empty = [str(name) for name, gone in zip(items.columns, items.isna().all(), strict=True) if gone]
    if empty and len(items):
        raise DataError(*(Problem(f"item '{name}'", "nobody answered it", "Leave it out.") for name in empty))


def _check_rows(n_obs: int, p: int) -> None:
    if n_obs <= p:
        found = f"{n_obs} complete rows for {p} items, more rows than items expected"
        raise DataError(Problem("items", found, "Add rows, or leave items out."))


def _at_bound(
    names: tuple[str, ...], row: NDArray[np.intp], column: NDArray[np.intp], bound: NDArray[np.bool_]
) -> list[str]:
    return [
        f"'{names[j]}' and '{names[i]}': the latent correlation rises to one, and stands at .999"
        for i, j in zip(row[bound], column[bound], strict=True)
    ]


def _answer(
    names: tuple[str, ...],
    n_obs: int,
    matrix: Floats,
    kind: CorrelationKind,
    weighted: bool,
    dropped: int,
    flags: tuple[str, ...],
) -> ItemCorrelations:
    return ItemCorrelations(
        names=names, n_obs=n_obs, correlation=np.array(matrix, dtype=np.float64), kind=kind,
        weighted=weighted, dropped=dropped, flags=flags,
    )  # fmt: skip

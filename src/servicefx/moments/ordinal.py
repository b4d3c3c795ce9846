"""Moments of mixed ordinal and continuous columns: thresholds, latent covariances, asymptotic covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.moments.ordinal_columns import OrdinalColumns, ordinal_columns
from servicefx.moments.ordinal_covariance import Pearson, asymptotic_covariance, margins_of, pearson
from servicefx.moments.ordinal_thresholds import Thresholds, thresholds
from servicefx.moments.polychoric import Polychoric, polychoric
from servicefx.moments.polyserial import Polyserial, polyserial

__all__ = ["MomentKind", "OrdinalMoments", "ordinal_moments"]

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]
MomentKind = Literal["threshold", "mean", "variance", "covariance"]
_KINDS: tuple[MomentKind, ...] = ("threshold", "mean", "variance", "covariance")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OrdinalMoments:
    """Thresholds, means and latent covariances of one sample, and their asymptotic covariance.

    Behind each ordinal column stands a normal response of variance 1 that thresholds cut into categories.

    Attributes
    ----------
    names : tuple of str, length p
        Columns, in the order of the frame.
    ordered : tuple of bool, length p
        Which of them are ordinal.
    levels : tuple of tuples, length p
        Observed categories in order; () for a continuous column.
    n_obs : int
        Rows.
    thresholds : tuple of ndarray, length p
        In SDs of the latent response, one fewer than categories; empty for a continuous column.
    mean : ndarray, shape (p,)
        In the columns' units; 0 for an ordinal column.
    cov : ndarray, shape (p, p)
        Covariances of latent responses and continuous columns (denominator n): 1 on the diagonal of an
        ordinal column, polychoric correlations between two, polyserial correlation times SD between an
        ordinal and a continuous one.
    vector : ndarray, shape (k,)
        All moments in lavaan's order of WLS.obs: thresholds or plain mean (lavaan: its negative), column by
        column; variances of the continuous columns; covariances below the diagonal, column by column.
    kinds : tuple of str, length k
        ``"threshold"``, ``"mean"``, ``"variance"`` or ``"covariance"``.
    index : ndarray of int, shape (k, 2)
        Threshold: (column, position of the threshold from 0); mean, variance: (column, column);
        covariance: (row, column) with row > column.
    gamma : ndarray, shape (k, k)
        Asymptotic covariance of sqrt(n) times ``vector``.
    sparse : tuple of (str, str, int)
        Pairs of ordinal columns whose table has empty cells, and how many.
    at_bound : tuple of (str, str)
        Pairs whose likelihood rises up to a correlation of one; they stand at .999 in absolute value.
    """

    names: tuple[str, ...]
    ordered: tuple[bool, ...]
    levels: tuple[tuple[object, ...], ...]
    n_obs: int
    thresholds: tuple[Floats, ...]
    mean: Floats
    cov: Floats
    vector: Floats
    kinds: tuple[MomentKind, ...]
    index: NDArray[np.intp]
    gamma: Floats
    sparse: tuple[tuple[str, str, int], ...]
    at_bound: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        for array in (*self.thresholds, self.mean, self.cov, self.vector, self.index, self.gamma):
            array.setflags(write=False)


def ordinal_moments(
    frame: pd.DataFrame, ordered: Sequence[str], *, information: Literal["outer", "observed"] = "outer"
) -> OrdinalMoments:
    """Moments of a frame in which some columns are ordinal.

    Parameters
    ----------
    frame : DataFrame, shape (n, p)
        Complete rows. Ordinal columns hold numbers, truth values or ordered categoricals, whose order of
        categories counts; unused categories are dropped. Continuous columns hold numbers.
    ordered : sequence of str
        The ordinal columns.
    information : {"outer", "observed"}
        Bread of the sandwich in ``gamma``: products of scores, as lavaan does, or second derivatives.

    Returns
    -------
    OrdinalMoments
        Each latent correlation at the maximum of its own likelihood, thresholds, means and variances held at
        their marginal estimates.

    Raises
    ------
    DataError
        Naming every column that is absent, repeated, incomplete, constant, text without an order, or ordinal
        with one category or more than 100; or continuous columns that add up to one another.

    Notes
    -----
    The asymptotic covariance is the sandwich of the two-step estimator with denominator n. With products of
    scores it is lavaan's NACOV; where the responses or continuous columns are not normal, these differ from
    the second derivatives and the errors of such a column are wrong (for the variance of a skewed column
    too small by half and more). With second derivatives it is the empirical influence function's, and for
    continuous columns the distribution-free covariance. Under normality both agree in large samples.
    A two-by-two table with one empty cell gets half an answer there, margins kept, as in lavaan and Mplus.

    References
    ----------
    Muthén (1984), Psychometrika 49, 115-132; Olsson (1979), Psychometrika 44, 443-460; Olsson, Drasgow &
    Dorans (1982), Psychometrika 47, 337-347.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 1, 2, 2, 2, 1, 2, 1], "b": [0, 0, 1, 1, 0, 1, 1, 0]})
    >>> moments = ordinal_moments(answers, ["a", "b"])
    >>> round(float(moments.cov[1, 0]), 4), moments.kinds
    (0.7071, ('threshold', 'threshold', 'covariance'))
    """
    if information not in ("outer", "observed"):
        raise ValueError(f"information '{information}' is not one of 'outer', 'observed'")
    observed = information == "observed"
    columns = ordinal_columns(frame, ordered)
    n = len(frame)
    margins, z = margins_of(columns.values, observed=observed)
    steps: Thresholds | None = None
    ordinal_pairs: Polychoric | None = None
    mixed_pairs: Polyserial | None = None
    if len(columns.codes):
        steps = thresholds(columns.codes, columns.n_levels)
        ordinal_pairs = polychoric(steps, n, observed=observed)
        if len(z):
            mixed_pairs = polyserial(columns.codes, z, steps, observed=observed)
    continuous_pairs = pearson(z, observed=observed)
    gamma = asymptotic_covariance(
        columns.codes,
        z,
        steps=steps,
        margins=margins,
        ordinal_pairs=ordinal_pairs,
        mixed_pairs=mixed_pairs,
        continuous_pairs=continuous_pairs,
    )
    ordinal_at = np.flatnonzero(columns.ordered)
    continuous_at = np.flatnonzero(~np.array(columns.ordered, dtype=np.bool_))
    pairs = _joined(ordinal_pairs, mixed_pairs, continuous_pairs, ordinal_at, continuous_at)
    mean, cov = np.zeros(len(columns.names)), np.eye(len(columns.names))
    mean[continuous_at], cov[continuous_at, continuous_at] = margins.mean, margins.sd**2
    sd = np.sqrt(np.diag(cov))
    covariance = pairs.r * sd[pairs.row] * sd[pairs.column]
    cov[pairs.row, pairs.column] = cov[pairs.column, pairs.row] = covariance
    cuts = [] if steps is None else [tau[: m - 1] for tau, m in zip(steps.tau, steps.n_levels, strict=True)]
    vector = np.concatenate((*cuts, margins.mean, margins.sd**2, covariance))
    kinds, index = _labels(columns.n_levels, ordinal_at, continuous_at, pairs)
    order = _lavaan_order(kinds, index)
    if not np.array_equal(order, np.arange(len(order))):
        gamma = gamma[np.ix_(order, order)]
    own = dict(zip(ordinal_at.tolist(), cuts, strict=True))
    names = columns.names
    return OrdinalMoments(
        names=names,
        ordered=columns.ordered,
        levels=columns.levels,
        n_obs=n,
        thresholds=tuple(own.get(at, np.empty(0)).copy() for at in range(len(names))),
        mean=mean,
        cov=cov,
        vector=vector[order],
        kinds=tuple(_KINDS[kind] for kind in kinds[order].tolist()),
        index=index[order],
        gamma=gamma,
        sparse=_sparse(columns, steps, ordinal_at),
        at_bound=tuple(
            (names[column], names[row])
            for row, column in zip(pairs.row[pairs.at_bound], pairs.column[pairs.at_bound], strict=True)
        ),
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Pairs:
    """All pairs in the order of the influence functions; row > column count all columns of the frame."""

    row: Positions
    column: Positions
    r: Floats
    at_bound: NDArray[np.bool_]


def _joined(
    ordinal: Polychoric | None,
    mixed: Polyserial | None,
    continuous: Pearson,
    ordinal_at: Positions,
    continuous_at: Positions,
) -> _Pairs:
    left = [continuous_at[continuous.later]]
    right = [continuous_at[continuous.earlier]]
    r, at_bound = [continuous.r], [np.zeros(len(continuous.r), dtype=np.bool_)]
    if mixed is not None:
        left.insert(0, ordinal_at[mixed.ordinal])
        right.insert(0, continuous_at[mixed.continuous])
        r.insert(0, mixed.r)
        at_bound.insert(0, mixed.at_bound)
    if ordinal is not None:
        left.insert(0, ordinal_at[ordinal.later])
        right.insert(0, ordinal_at[ordinal.earlier])
        r.insert(0, ordinal.r)
        at_bound.insert(0, ordinal.at_bound)
    first, second = np.concatenate(left), np.concatenate(right)
    return _Pairs(
        row=np.maximum(first, second),
        column=np.minimum(first, second),
        r=np.concatenate(r),
        at_bound=np.concatenate(at_bound),
    )


def _labels(
    n_levels: Positions, ordinal_at: Positions, continuous_at: Positions, pairs: _Pairs
) -> tuple[Positions, Positions]:
    """Kind (place in ``_KINDS``) and index of every moment, in the order of the influence functions."""
    steps = n_levels - 1
    level = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps)
    itself = np.column_stack((continuous_at, continuous_at))
    parts = (
        np.column_stack((np.repeat(ordinal_at, steps), level)),
        itself,
        itself,
        np.column_stack((pairs.row, pairs.column)),
    )
    kinds = np.repeat(np.arange(4), [len(part) for part in parts])
    return kinds, np.concatenate(parts).astype(np.intp)


def _lavaan_order(kinds: Positions, index: Positions) -> Positions:
    """Order that puts thresholds and means by column first, then variances, then covariances by column."""
    section = np.maximum(kinds, 1)
    paired = kinds == 3
    major = np.where(paired, index[:, 1], index[:, 0])
    minor = np.where(paired, index[:, 0], index[:, 1])
    return np.lexsort((minor, major, section))


def _sparse(
    columns: OrdinalColumns, steps: Thresholds | None, ordinal_at: Positions
) -> tuple[tuple[str, str, int], ...]:
    """Pairs of ordinal columns with empty cells, by earlier and later column."""
    if steps is None:
        return ()
    earlier, later = np.triu_indices(len(ordinal_at), 1)
    held = np.count_nonzero(steps.tables, axis=(1, 2))
    empty = columns.n_levels[later] * columns.n_levels[earlier] - held
    at = np.flatnonzero(empty)
    places = zip(
        ordinal_at[earlier[at]].tolist(), ordinal_at[later[at]].tolist(), empty[at].tolist(), strict=True
    )
    return tuple((columns.names[left], columns.names[right], count) for left, right, count in places)

"""What each dimension counts for in an index: equal, stated by customers, or derived from an outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, IdentificationError, Problem

__all__ = [
    "DimensionWeights",
    "Weighting",
    "derived_weights",
    "equal_weights",
    "relative_weights",
    "stated_weights",
]

Floats = NDArray[np.float64]
Weighting = Literal["equal", "stated", "regression", "relative"]
_STEP = 1e-5  # of a correlation; central differences of a smooth function


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DimensionWeights:
    """Shares of the dimensions in an index, and how each row moves them.

    Attributes
    ----------
    weighting : {"equal", "stated", "regression", "relative"}
        Where they come from.
    dimensions : tuple of str
    shares : ndarray, shape (n_dimensions,)
        In [0, 1], summing to 1.
    influence : ndarray, shape (n, n_dimensions)
        Linearised contribution of each row: shares minus their population value is about the sum of the
        rows. 0 for rows not used.
    n_obs : int
        Rows used.
    problems : tuple of Problem
        What is doubtful: a dimension whose coefficient is negative counts as 0.
    """

    weighting: Weighting
    dimensions: tuple[str, ...]
    shares: Floats
    influence: Floats
    n_obs: int
    problems: tuple[Problem, ...] = ()


def equal_weights(scores: pd.DataFrame) -> DimensionWeights:
    """Every dimension counts the same; known, so without uncertainty."""
    n, k = scores.shape
    names = tuple(str(name) for name in scores.columns)
    return DimensionWeights(
        weighting="equal", dimensions=names, shares=np.full(k, 1 / k), influence=np.zeros((n, k)), n_obs=n
    )


def stated_weights(points: pd.DataFrame, weights: pd.Series | None = None) -> DimensionWeights:
    """Mean importance points, as shares.

    Parameters
    ----------
    points : DataFrame, shape (n, n_dimensions)
        Adding up to 100 a row, as `importance_points` gives them; NaN rows are not used.
    weights : Series, shape (n,), optional
        Survey weights > 0.

    Returns
    -------
    DimensionWeights

    Raises
    ------
    DataError
        If nobody gave points.
    """
    values = points.to_numpy(dtype=np.float64, copy=True) / 100
    used = np.asarray(~np.isnan(values).any(axis=1), dtype=np.bool_)
    if not used.any():
        raise DataError(
            Problem("importance", "nobody gave points that can be used", "Ask for equal weights instead.")
        )
    w = _row_weights(weights, used)
    values[~used] = 0.0
    shares = w @ values / w.sum()
    return DimensionWeights(
        weighting="stated",
        dimensions=tuple(str(name) for name in points.columns),
        shares=shares,
        influence=(w / w.sum())[:, None] * (values - shares),
        n_obs=int(used.sum()),
    )


def derived_weights(
    scores: pd.DataFrame,
    outcome: pd.Series,
    *,
    weighting: Literal["regression", "relative"] = "relative",
    weights: pd.Series | None = None,
) -> DimensionWeights:
    """What each dimension contributes to explaining an outcome, as shares.

    Parameters
    ----------
    scores : DataFrame, shape (n, n_dimensions)
        Rows with a gap in a score or the outcome are not used.
    outcome : Series, shape (n,)
        Such as satisfaction.
    weighting : {"relative", "regression"}
        ``relative``: Johnson's relative weights, never negative, fair between overlapping dimensions.
        ``regression``: standardised coefficients; a negative one counts as 0 and is named in `problems`.
    weights : Series, shape (n,), optional
        Survey weights > 0.

    Returns
    -------
    DimensionWeights
        The influence of a row is the derivative of the shares with respect to the correlations times the
        row's influence on the correlations (the infinitesimal jackknife).

    Raises
    ------
    DataError
        If there are not more complete rows than dimensions plus one, or a column does not vary.
    IdentificationError
        If dimensions are collinear, or none has a coefficient above 0.

    References
    ----------
    Johnson (2000), Multivariate Behav. Res. 35, 1-19. doi:10.1207/S15327906MBR3501_1
    Tonidandel & LeBreton (2011), J. Bus. Psychol. 26, 1-9 (reading of relative weights).
    """
    names = tuple(str(name) for name in scores.columns)
    values = np.column_stack([outcome.to_numpy(dtype=np.float64), scores.to_numpy(dtype=np.float64)])
    used = ~np.isnan(values).any(axis=1)
    n_obs, k = int(used.sum()), len(names)
    if n_obs <= k + 1:
        found = f"{n_obs} rows have every dimension and '{outcome.name}', more than {k + 1} are needed"
        raise DataError(Problem("importance weights", found, "Add rows, or ask for equal weights."))
    w = _row_weights(weights, used)
    values[~used] = 0.0
    mean = w @ values / w.sum()
    centred = np.where(used[:, None], values - mean, 0.0)
    deviation = np.sqrt(w @ centred**2 / w.sum())
    for name, spread, middle in zip((str(outcome.name), *names), deviation, mean, strict=True):
        if not spread > 1e-10 * max(abs(middle), 1e-300):
            raise DataError(
                Problem(f"'{name}'", "every score is the same, so it explains nothing", "Leave it out.")
            )
    z = centred / deviation
    correlation = (w[:, None] * z).T @ z / w.sum()
    if np.linalg.eigvalsh(correlation[1:, 1:])[0] < 1e-9:
        raise IdentificationError(
            Problem(
                "importance weights",
                f"the dimensions {', '.join(names)} are collinear",
                "Leave one of them out, or ask for equal weights.",
            )
        )
    rule = relative_weights if weighting == "relative" else _coefficients
    raw = rule(correlation[None])[0]
    problems = tuple(
        Problem(
            f"'{name}'",
            f"its standardised coefficient is {value:.3f}, below 0: it counts as 0 in the index",
            "Ask for relative weights, or leave the dimension out.",
        )
        for name, value in zip(names, raw, strict=True)
        if value < 0
    )
    if not (raw > 0).any():
        raise IdentificationError(
            Problem("importance weights", f"nothing explains '{outcome.name}'", "Ask for equal weights.")
        )

    def shares_of(matrices: Floats) -> Floats:
        kept = np.maximum(rule(matrices), 0.0)
        shares: Floats = kept / kept.sum(axis=1, keepdims=True)
        return shares

    influence = (
        (w / w.sum())[:, None] * _correlation_influence(z, correlation) @ _slopes(shares_of, correlation)
    )
    return DimensionWeights(
        weighting=weighting,
        dimensions=names,
        shares=shares_of(correlation[None])[0],
        influence=np.where(used[:, None], influence, 0.0),
        n_obs=n_obs,
        problems=problems,
    )


def relative_weights(correlations: Floats) -> Floats:
    r"""Johnson's relative weights: each term's part of R².

    Parameters
    ----------
    correlations : ndarray, shape (m, k + 1, k + 1)
        Correlation matrices, the outcome first.

    Returns
    -------
    ndarray, shape (m, k)
        >= 0, each row summing to R².

    References
    ----------
    Johnson (2000), Multivariate Behav. Res. 35, 1-19: with :math:`R = V D^2 V'`, :math:`\Lambda = V D V'`
    and :math:`\beta = \Lambda^{-1} r`, the weights are :math:`\Lambda^2 \beta^2`, squared element by element.

    Examples
    --------
    >>> one = np.array([[[1.0, 0.6, 0.0], [0.6, 1.0, 0.0], [0.0, 0.0, 1.0]]])
    >>> relative_weights(one).round(2).tolist()
    [[0.36, 0.0]]
    """
    eigenvalues, vectors = np.linalg.eigh(correlations[:, 1:, 1:])
    roots = np.sqrt(np.maximum(eigenvalues, 0.0))
    square_root = np.asarray((vectors * roots[:, None, :]) @ vectors.transpose(0, 2, 1), dtype=np.float64)
    beta = np.linalg.solve(square_root, correlations[:, 1:, :1])[:, :, 0]
    return np.asarray(np.einsum("mjk,mk->mj", square_root**2, beta**2), dtype=np.float64)


def _coefficients(correlations: Floats) -> Floats:
    """Standardised regression coefficients of each correlation matrix, the outcome first."""
    solved = np.linalg.solve(correlations[:, 1:, 1:], correlations[:, 1:, :1])[:, :, 0]
    return np.asarray(solved, dtype=np.float64)


def _row_weights(weights: pd.Series | None, used: NDArray[np.bool_]) -> Floats:
    w = np.ones(len(used)) if weights is None else weights.to_numpy(dtype=np.float64, copy=True)
    return np.where(used, w, 0.0)


def _correlation_influence(z: Floats, correlation: Floats) -> Floats:
    """Influence of each row on the correlations below the diagonal, shape (n, p (p - 1) / 2).

    Of r between standardised a and b: a b - r (a² + b²) / 2 (Devlin, Gnanadesikan & Kettenring 1975).
    """
    rows, columns = np.tril_indices(len(correlation), -1)
    a, b, r = z[:, rows], z[:, columns], correlation[rows, columns]
    return np.asarray(a * b - r * (a**2 + b**2) / 2, dtype=np.float64)


def _slopes(function: Callable[[Floats], Floats], correlation: Floats) -> Floats:
    """Derivatives of the shares with respect to the correlations, shape (p (p - 1) / 2, k)."""
    rows, columns = np.tril_indices(len(correlation), -1)
    moved = np.repeat(correlation[None], 2 * len(rows), axis=0)
    for place, (row, column) in enumerate(zip(rows, columns, strict=True)):
        for side, step in ((0, _STEP), (1, -_STEP)):
            moved[2 * place + side, row, column] += step
            moved[2 * place + side, column, row] += step
    shares = function(moved)
    return np.asarray((shares[0::2] - shares[1::2]) / (2 * _STEP), dtype=np.float64)

"""Cronbach's alpha of a sum score, raw and standardised, with Feldt's interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtri

from servicefx.measurement.arguments import check_level
from servicefx.measurement.reliability.item_covariance import Items, correlations_of, read_items

__all__ = ["alpha_of", "cronbach_alpha", "cronbach_alpha_interval"]


def cronbach_alpha(items: Items, *, standardised: bool = False, weights: ArrayLike | None = None) -> float:
    """Share of the sum score's variance that the items have in common, if they are tau-equivalent.

    Parameters
    ----------
    items : DataFrame, ndarray or Moments
        Answers, one row a person, reversed items turned; rows with a gap are not used. Or the covariance
        matrix of the items, shape (p, p), as an array or as `Moments`.
    standardised : bool
        Alpha of the sum of standardised items (from correlations).
    weights : array_like or Series, shape (n,), optional
        Survey weights, > 0, of the rows of a frame; a Series carries their index.

    Returns
    -------
    float
        At most 1; NaN for one item, or where the sum score does not vary.

    Raises
    ------
    DataError
        If an item does not vary (named), fewer than two rows are complete, a frame holds a matrix, an array
        is not a covariance matrix, or the weights are not those of the rows.

    References
    ----------
    Cronbach (1951), Psychometrika 16, 297-334, eq. 2. doi:10.1007/BF02310555

    Examples
    --------
    >>> round(cronbach_alpha(np.array([[1.0, 0.5], [0.5, 1.0]])), 4)
    0.6667
    """
    S = read_items(items, weights).cov
    return float(alpha_of(correlations_of(S) if standardised else S)[()])


def alpha_of(covariances: NDArray[np.inexact]) -> NDArray[np.inexact]:
    """Alpha of every covariance matrix, shape (..., p, p) to (...); NaN where it does not exist."""
    p = covariances.shape[-1]
    total = covariances.sum(axis=(-2, -1))
    if p < 2:
        return np.asarray(total * np.nan)
    trace = np.trace(covariances, axis1=-2, axis2=-1)
    there = total.real > 1e-12 * trace.real
    return np.asarray(np.where(there, p / (p - 1) * (1 - trace / np.where(there, total, 1.0)), np.nan))


def cronbach_alpha_interval(
    alpha: float, n_obs: int, n_items: int, level: float = 0.95
) -> tuple[float, float]:
    """Feldt's interval of alpha for normal, tau-equivalent items.

    Parameters
    ----------
    alpha : float
        The estimate.
    n_obs, n_items : int
        Persons and items, both >= 2.
    level : float
        Strictly between 0 and 1.

    Returns
    -------
    tuple of float
        Low and high; NaN where alpha is, or with fewer than two persons.

    Raises
    ------
    StudyError
        If ``level`` is not between 0 and 1.

    Notes
    -----
    Too narrow where the answers have heavier tails than the normal or the items unequal loadings, and where
    rows are weighted or dependent: `reliability_table` then gives the delta or the bootstrap interval.

    References
    ----------
    Feldt, Woodruff & Salih (1987), Appl. Psychol. Meas. 11, 93-103, eq. 8. doi:10.1177/014662168701100107

    Examples
    --------
    >>> [round(end, 4) for end in cronbach_alpha_interval(0.8, 100, 5)]
    [0.7306, 0.8559]
    """
    check_level(level)
    if not np.isfinite(alpha) or n_obs < 2 or n_items < 2:
        return float("nan"), float("nan")
    df_1, df_2 = n_obs - 1, (n_obs - 1) * (n_items - 1)
    low = 1 - (1 - alpha) * float(fdtri(df_1, df_2, (1 + level) / 2))
    high = 1 - (1 - alpha) * float(fdtri(df_1, df_2, (1 - level) / 2))
    return low, high

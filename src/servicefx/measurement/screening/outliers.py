"""Rows far from the centre of the answers, all items taken together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import chdtri

from servicefx.errors import DataError, Problem
from servicefx.measurement.screening.answer_matrix import answer_matrix
from servicefx.moments.checks import check_collinear, check_not_constant

__all__ = ["farthest_possible", "mahalanobis_cut", "mahalanobis_distances"]


def mahalanobis_distances(items: pd.DataFrame) -> pd.Series:
    """Squared distance of each row from the means, in the metric of the items' covariance.

    Large where a row combines answers as few others do. Weights are not used.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Numbers. Means and covariances (denominator n - 1) are those of the complete rows.

    Returns
    -------
    Series, shape (n,)
        Dimensionless, in [0, (n - 1)^2 / n] with n the complete rows; NaN for rows with a gap. About chi2
        with p degrees of freedom where the items are normal.

    Raises
    ------
    DataError
        If a column holds text, is constant or known from others, or complete rows are not more than items.

    References
    ----------
    Mahalanobis (1936), Proc. Natl. Inst. Sci. India 2, 49-55.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, 3, 2, 5]})
    >>> [round(float(distance), 3) for distance in mahalanobis_distances(frame)]
    [1.361, 0.861, 2.028, 1.75]
    """
    answers = answer_matrix(items)
    names, values = answers.names, answers.values
    whole = answers.answered.all(axis=1)
    n, p = int(whole.sum()), len(names)
    if n <= p:
        found = f"{n} complete rows for {p} items, more rows than items expected"
        raise DataError(Problem("items", found, "Leave out the items with the most gaps."))
    complete = values[whole]
    centred = complete - complete.mean(axis=0)
    sd = np.sqrt((centred**2).sum(axis=0) / (n - 1))
    check_not_constant(names, sd, np.abs(complete).max(axis=0))
    z = centred / sd
    correlation: NDArray[np.float64] = z.T @ z / (n - 1)
    check_collinear(names, correlation)
    turned = solve_triangular(np.linalg.cholesky(correlation), z.T, lower=True)
    distances = np.full(len(values), np.nan)
    distances[whole] = (turned**2).sum(axis=0)
    return pd.Series(distances, index=answers.index, name="distance")


def mahalanobis_cut(n_items: int, p_value: float = 0.001) -> float:
    """Squared distance that normal answers exceed with a given probability.

    Parameters
    ----------
    n_items : int
        At least 1.
    p_value : float
        Strictly between 0 and 1.

    Returns
    -------
    float
        Upper quantile of chi2 with as many degrees of freedom as items.

    Examples
    --------
    >>> round(mahalanobis_cut(4), 3)
    18.467
    """
    return float(chdtri(n_items, p_value))


def farthest_possible(n_obs: int) -> float:
    """Largest squared distance that n rows can have, whatever they hold: (n - 1)^2 / n."""
    return (n_obs - 1) ** 2 / n_obs if n_obs else 0.0

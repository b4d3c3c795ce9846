"""scores: the composites of rows of people, standardised as in the sample of the fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.pls.answers import item_values
from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.pls_fit import PlsFit, check_fit
from servicefx.pls.solution import Solution
from servicefx.pls.stage_solution import last_making

__all__ = ["base_columns", "base_means", "check_means", "score_weights", "scored_constructs", "scores"]

Floats = NDArray[np.float64]


def scores(fit: PlsFit, data: pd.DataFrame) -> pd.DataFrame:
    """Scores of rows on every construct and product of a fit.

    How far a row stands above or below the mean of the fitted sample, in standard deviations.

    Parameters
    ----------
    fit : PlsFit
    data : DataFrame, shape (n, >= p)
        The rows of the fit, or others with the same items in the same units; other columns are not read.

    Returns
    -------
    DataFrame, shape (n, K)
        Columns are constructs (those that make up constructs of constructs among them) and products
        ``"a:b"``; the index is that of ``data``. Over the rows of the fit each column has mean 0 and variance
        1 (denominator n): other programs divide by n - 1, which makes their scores larger by
        sqrt(n / (n - 1)). A construct of constructs is weighted as in the last stage; a product is that of
        the scores before it, standardised. With ``consistent`` these are the composites, not the factors
        behind them, which no row tells. NaN where one of the construct's items has no answer; with
        ``missing="mean"`` a gap counts as the mean of the fit, and only rows without any answer are NaN.

    Raises
    ------
    DataError
        If an item is absent or holds text, or the fit stands on moments without means.

    Examples
    --------
    >>> from servicefx import pls
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame(rng.normal(5, 2, (50, 3)), columns=["q1", "q2", "s1"])
    >>> fit = pls.fit("q =~ q1 + q2; s =~ s1; s ~ q", data)
    >>> found = scores(fit, data)
    >>> float(found["s"].corr(found["q"])) - float(fit.paths["estimate"][0]) < 1e-12
    True
    """
    check_fit(fit)
    check_means(fit)
    names = scored_constructs(fit.solution)
    values, answered = item_values(data, fit.model.items)
    if fit.choices.missing == "mean":
        values = np.where(answered, values, fit.base.item_means[0])
        values[~answered.any(axis=1)] = np.nan
    weights, constants = score_weights(fit.base, fit.solution, names)
    columns = base_columns(fit.base, values - fit.base.origin)
    found = np.full((len(values), len(names)), np.nan)
    for at in range(len(names)):
        carries = weights[0, :, at] != 0  # a gap in an item without weight costs no score
        found[:, at] = columns[:, carries] @ weights[0, carries, at] - constants[0, at]
    return pd.DataFrame(found, index=data.index, columns=list(names))


def check_means(fit: PlsFit) -> None:
    """Raise `DataError` where a fit knows no means: it stands on a correlation matrix alone."""
    if not fit.base.item_means.any():
        found = "holds no means of the items (or every mean is exactly 0)"
        raise DataError(Problem("fit", found, "Fit the model to rows, or to moments with their means."))


def scored_constructs(solution: Solution) -> tuple[str, ...]:
    """Constructs and products that have a score, those of the first run first."""
    return tuple(dict.fromkeys(name for run in solution.stages for name in run.stage.constructs))


def base_columns(base: BaseMoments, deviations: Floats) -> Floats:
    """Items measured from ``base.origin`` and the products of items a model needs, shape (n, P)."""
    products = [deviations[:, i] * deviations[:, j] for i, j in base.pairs]
    return np.column_stack([deviations, *products])


def base_means(base: BaseMoments) -> Floats:
    """Means of the base columns in every sample, shape (B, P); of a product cov(i, j) + mean_i mean_j."""
    products = [base.covariance[:, i, j] + base.mean[:, i] * base.mean[:, j] for i, j in base.pairs]
    return np.concatenate([base.mean, *(column[:, None] for column in products)], axis=1)


def score_weights(base: BaseMoments, solution: Solution, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    """How base columns make standardised scores.

    Parameters
    ----------
    base : BaseMoments
        Of B samples.
    solution : Solution
        Of the same samples.
    names : tuple of str, length k
        Constructs or products, each read in the last run that makes it.

    Returns
    -------
    weights : ndarray, shape (B, P, k)
        Of base columns in the users' units; scores have variance 1 in their sample.
    constants : ndarray, shape (B, k)
        To be taken off, so that scores have mean 0 in their sample.
    """
    made = [last_making(name, solution.stages) for name in names]
    weights = np.stack([run.base_weights[:, :, at] for run, at in made], axis=2)
    variance = np.einsum("bpk,bpk->bk", weights, base.covariance @ weights)
    weights = weights / np.sqrt(np.where(variance > 0, variance, np.nan))[:, None, :]
    return weights, np.einsum("bp,bpk->bk", base_means(base), weights)

"""Factor scores: the constructs' values of every row, given a fit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.sem.columns import numbers
from servicefx.sem.reading.standardised import covariances
from servicefx.sem.reading.summary import implied_moments
from servicefx.sem.sem_fit import SemFit

__all__ = ["factor_scores"]

Floats = NDArray[np.float64]
_METHODS = ("regression", "bartlett")


def factor_scores(
    fit: SemFit, data: pd.DataFrame | Mapping[str, pd.DataFrame], method: str = "regression"
) -> pd.DataFrame:
    r"""Values of the constructs, row by row.

    Parameters
    ----------
    fit : SemFit
        Of continuous items.
    data : DataFrame, or mapping of str to DataFrame
        The fit's items (and group column); not necessarily the rows it was fitted to. Without modelled means,
        items are centred at the fit's sample means.
    method : {"regression", "bartlett"}
        Shrunken towards the mean, with the least error; or unbiased given the construct, and more variable.

    Returns
    -------
    DataFrame, shape (n, n_constructs)
        In the constructs' units, indexed as the data; NaN in rows that lack an item. Under FIML fits items
        that are there are used.

    Raises
    ------
    StudyError
        If the method is not known, the fit has no constructs, or its items are ordered.
    DataError
        If a column is absent, or a group was not in the fit.

    Notes
    -----
    With loadings G of the items on the constructs, :math:`C G' \Sigma^{-1} (x - \mu)` (Thurstone 1935) and
    :math:`(G' \Theta^{-1} G)^{-1} G' \Theta^{-1} (x - \mu)` (Bartlett 1937, Br. J. Psychol. 28, 97-104), where
    Bartlett's :math:`\Theta` is what the constructs leave of the items.
    """
    chosen = str(method).casefold()
    if chosen not in _METHODS:
        found = f"'{method}' is not known{closest(str(method), _METHODS)}"
        raise StudyError(Problem("method", found, f"Choose among {', '.join(_METHODS)}."))
    if not fit.model.constructs:
        raise StudyError(Problem("factor_scores", "the model has no constructs", "Score nothing."))
    if fit.model.ordered:
        raise StudyError(
            Problem("factor_scores", "scores of ordered items are not computed", "Fit the items as numbers.")
        )
    parts = []
    for g, frame in _by_group(fit, data):
        values = numbers(frame, fit.model.items)
        scores = _scores(fit, g, values, chosen)
        parts.append(pd.DataFrame(scores, index=frame.index, columns=list(fit.model.constructs)))
    joined = pd.concat(parts)
    return joined.loc[data.index] if isinstance(data, pd.DataFrame) and data.index.is_unique else joined


def _by_group(fit: SemFit, data: pd.DataFrame | Mapping[str, pd.DataFrame]) -> list[tuple[int, pd.DataFrame]]:
    groups = fit.model.groups
    if isinstance(data, Mapping):
        pairs = [(str(label), frame) for label, frame in data.items()]
    elif fit.choices.group is None:
        if len(groups) > 1:
            raise DataError(Problem("data", "the fit has groups", "Give a mapping of group to rows."))
        pairs = [(groups[0], data)]
    else:
        column = data[fit.choices.group]
        pairs = [(str(value), data[column == value]) for value in column.dropna().unique()]
    unknown = [label for label, _ in pairs if label not in groups]
    if unknown:
        found = f"'{unknown[0]}' is no group of the fit{closest(unknown[0], groups)}"
        raise DataError(Problem("data", found, "Leave its rows out."))
    absent = [name for _, frame in pairs for name in fit.model.items if name not in frame.columns]
    if absent:
        raise DataError(
            *(Problem(f"column '{name}'", "is not in the data", "Add it.") for name in dict.fromkeys(absent))
        )
    return [(groups.index(label), frame) for label, frame in pairs]


def _scores(fit: SemFit, g: int, values: Floats, method: str) -> Floats:
    """Scores of one group's rows, shape (n, m)."""
    layout, p = fit.solution.layout, len(fit.model.items)
    first = layout.n_observed
    covariance = covariances(fit, g)
    sigma, mean = implied_moments(fit, g)
    latent_mean = np.zeros(layout.n_variables - first)
    if mean is None:
        mean = fit.solution.moments[g].mean
        if mean is None:
            raise DataError(Problem("data", "the fit has no means", "Fit it to the rows, or to means."))
    elif layout.constant is not None:
        latent_mean = fit.at.total[g][first:, layout.constant]
    across = covariance[first:, :p]
    latent = covariance[first:, first:]
    away = values - mean
    gaps = np.isnan(away)
    scores = np.full((len(values), len(latent)), np.nan)
    patterns, which = np.unique(gaps, axis=0, return_inverse=True)
    for k, pattern in enumerate(patterns):
        rows = np.flatnonzero(which.ravel() == k)
        if pattern.all() or (pattern.any() and fit.choices.missing != "fiml"):
            continue
        seen = np.flatnonzero(~pattern)
        weights = _weights(sigma[np.ix_(seen, seen)], across[:, seen], latent, method)
        if weights is not None:
            scores[rows] = latent_mean + away[np.ix_(rows, seen)] @ weights.T
    return scores


def _weights(sigma: Floats, across: Floats, latent: Floats, method: str) -> Floats | None:
    """Score weights (m, p); None where the items seen do not determine the scores."""
    regression = np.linalg.solve(sigma, across.T).T
    if method == "regression":
        return np.asarray(regression, dtype=np.float64)
    # with loadings L = across' latent^-1, Bartlett's scores are the regression ones made unbiased:
    # (L' sigma^-1 L)^-1 L' sigma^-1, equal to those with the residual covariances in sigma's place
    loadings = np.linalg.solve(latent, across).T
    inner = loadings.T @ np.linalg.solve(sigma, loadings)
    if np.linalg.cond(inner) > 1e12:
        return None
    return np.asarray(np.linalg.solve(inner, np.linalg.solve(sigma, loadings).T), dtype=np.float64)

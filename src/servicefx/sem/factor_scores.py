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
from servicefx.sem.sample import group_label
from servicefx.sem.sem_fit import SemFit

__all__ = ["factor_scores"]

Floats = NDArray[np.float64]
_METHODS = ("regression", "bartlett")
_SINGULAR = 1e12
_ROUNDING = 1e-12
"""A loading that moves its item by less than this share of its standard deviation is a rounded 0."""


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
        the fit's sample means are used, and constructs have no intercepts.
    method : {"regression", "bartlett"}
        Shrunken towards the mean, with the least error; or unbiased given the construct, and more variable.

    Returns
    -------
    DataFrame, shape (n, n_constructs)
        In the constructs' units, row by row as the data; NaN in rows that lack an item or the group. Under
        FIML fits items that are there are used. Bartlett's are NaN for constructs without items of their own
        (second order).

    Raises
    ------
    StudyError
        If the method is not known, the fit has no constructs, or its items are ordered.
    DataError
        If a column is absent, a group was not in the fit, or the data are moments.

    Notes
    -----
    With loadings G of the items on the constructs, :math:`C G' \Sigma^{-1} (x - \mu)` (Thurstone 1935) and
    :math:`(G' \Theta^{-1} G)^{-1} G' \Theta^{-1} (x - \mu)` (Bartlett 1937, Br. J. Psychol. 28, 97-104),
    where Bartlett's :math:`\Theta` is what the constructs leave of the items, and :math:`\mu` accounts for
    covariates that act on items.
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
    columns = list(fit.model.constructs)
    if isinstance(data, pd.DataFrame):
        scores = np.full((len(data), len(columns)), np.nan)
        for g, at, frame in _by_group(fit, data):
            scores[at] = _scores(fit, g, numbers(frame, fit.model.items), chosen)
        return pd.DataFrame(scores, index=data.index, columns=columns)
    parts = []
    for g, _, frame in _by_group(fit, data):
        scores = _scores(fit, g, numbers(frame, fit.model.items), chosen)
        parts.append(pd.DataFrame(scores, index=frame.index, columns=columns))
    return pd.concat(parts)


def _by_group(
    fit: SemFit, data: pd.DataFrame | Mapping[str, pd.DataFrame]
) -> list[tuple[int, NDArray[np.bool_] | slice, pd.DataFrame]]:
    """Each group's number, which rows of a frame are its own, and these rows."""
    groups = fit.model.groups
    pairs: list[tuple[str, NDArray[np.bool_] | slice, pd.DataFrame]]
    for frame in data.values() if isinstance(data, Mapping) else [data]:
        if not isinstance(frame, pd.DataFrame):
            found = f"a {type(frame).__name__} holds no rows, and scores are of rows"
            remedy = "Give the rows, as a DataFrame or a mapping of groups to them."
            raise DataError(Problem("data", found, remedy))
    if isinstance(data, Mapping):
        pairs = [(str(label), slice(None), frame) for label, frame in data.items()]
    elif fit.choices.group is None:
        if len(groups) > 1:
            raise DataError(Problem("data", "the fit has groups", "Give a mapping of group to rows."))
        pairs = [(groups[0], slice(None), data)]
    else:
        if fit.choices.group not in data.columns:
            found = f"is not in the data{closest(fit.choices.group, map(str, data.columns))}"
            raise DataError(Problem(f"column '{fit.choices.group}'", found, "Add it."))
        column = data[fit.choices.group]
        members = [
            (value, (column == value).fillna(False).to_numpy(bool)) for value in column.dropna().unique()
        ]
        pairs = [(group_label(value), at, data[at]) for value, at in members]
    unknown = [label for label, _, _ in pairs if label not in groups]
    if unknown:
        found = f"'{unknown[0]}' is no group of the fit{closest(unknown[0], groups)}"
        raise DataError(Problem("data", found, "Leave its rows out."))
    absent = [name for _, _, frame in pairs for name in fit.model.items if name not in frame.columns]
    if absent:
        raise DataError(
            *(Problem(f"column '{name}'", "is not in the data", "Add it.") for name in dict.fromkeys(absent))
        )
    return [(groups.index(label), at, frame) for label, at, frame in pairs]


def _scores(fit: SemFit, g: int, values: Floats, method: str) -> Floats:
    """Scores of one group's rows, shape (n, m)."""
    layout, p = fit.solution.layout, len(fit.model.items)
    first = layout.n_observed
    covariance = covariances(fit, g)
    sigma, mean = implied_moments(fit, g)
    total = fit.at.total[g]
    latent_mean: Floats = np.zeros(len(total) - first)
    if mean is None:
        mean = fit.solution.moments[g].mean
        if mean is None:
            raise DataError(Problem("data", "the fit has no means", "Fit it to the rows, or to means."))
        # items' intercepts that give the sample means; constructs have none
        latent_mean = np.asarray(total[first:, :p] @ np.linalg.solve(total[:p, :p], mean), dtype=np.float64)
    elif layout.constant is not None:
        latent_mean = total[first:, layout.constant]
    across = covariance[first:, :p]
    if method == "bartlett":
        loadings, spread = _given_constructs(fit, g, covariance[first:, first:])
    away = values - mean
    gaps = np.isnan(away)
    scores = np.full((len(values), len(across)), np.nan)
    patterns, which = np.unique(gaps, axis=0, return_inverse=True)
    for k, pattern in enumerate(patterns):
        rows = np.flatnonzero(which.ravel() == k)
        if pattern.all() or (pattern.any() and fit.choices.missing != "fiml"):
            continue
        seen = np.flatnonzero(~pattern)
        block = np.ix_(seen, seen)
        if method == "bartlett":
            weights = _unbiased_weights(loadings[seen], spread[block])
        else:
            weights = np.asarray(np.linalg.solve(sigma[block], across[:, seen].T).T, dtype=np.float64)
        scores[rows] = latent_mean + away[np.ix_(rows, seen)] @ weights.T
    return scores


def _given_constructs(fit: SemFit, g: int, latent: Floats) -> tuple[Floats, Floats]:
    """Loadings (p, m) of the items on the constructs, and the items' covariances (p, p) were these unrelated.

    The constructs are taken as given: arrows among items stay, so that covariates and direct effects are
    accounted for, and those among constructs do not count.
    """
    layout, p = fit.solution.layout, len(fit.model.items)
    first = layout.n_observed
    effects = np.eye(layout.n_variables) - np.linalg.inv(fit.at.total[g])
    within = np.linalg.inv(np.eye(p) - effects[:p, :p])
    loadings = within @ effects[:p, first:]
    share = np.abs(loadings) * np.sqrt(np.abs(np.diag(latent)))
    deviation = np.sqrt(np.abs(np.diag(covariances(fit, g))[:p]))
    loadings[share <= _ROUNDING * deviation[:, None]] = 0.0
    residual = within @ fit.at.symmetric[g][:p, :p] @ within.T
    # Bartlett's weights do not change when any covariances of the constructs are added to the residual ones,
    # which may be singular
    return loadings, residual + (loadings * np.abs(np.diag(latent))) @ loadings.T


def _unbiased_weights(loadings: Floats, spread: Floats) -> Floats:
    """Score weights (m, p); NaN for constructs that the items seen do not determine."""
    m = loadings.shape[1]
    weights = np.full((m, len(loadings)), np.nan)
    measured = np.flatnonzero((loadings != 0.0).any(axis=0))
    half = np.linalg.solve(spread, loadings[:, measured])
    inner = loadings[:, measured].T @ half
    size = np.sqrt(np.abs(np.diag(inner)))
    if len(measured) and np.linalg.cond(inner / np.outer(size, size)) < _SINGULAR:
        weights[measured] = np.linalg.solve(inner, half.T)
    return weights

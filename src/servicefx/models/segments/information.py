"""Score and information of a mixture of regressions, exact, and the covariance that follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from servicefx.models.segments.mixture import ClassData, posteriors, upper_triangle

__all__ = ["Information", "free_parameters", "information", "row_scores"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Information:
    """Derivatives of the log likelihood by all K · (p + 1 + q) parameters of one fit, class by class.

    Attributes
    ----------
    score : ndarray, shape (P,)
    observed : ndarray, shape (P, P)
        Less the second derivatives.
    complete : ndarray, shape (P, P)
        What it would be if the classes were known.
    """

    score: Floats
    observed: Floats
    complete: Floats


def information(data: ClassData, parameters: Floats) -> Information:
    """Score and information of one fit.

    Parameters
    ----------
    data : ClassData
    parameters : ndarray, shape (K, p + 1 + q)

    References
    ----------
    Louis (1982), J. Royal Statistical Society B 44, 226-233: observed = complete - missing information, the
    latter the variance of the complete-data score given the row.
    """
    shares = posteriors(data, parameters[None])[0][0]
    standard, chance = _standardised(data, parameters), _priors(data, parameters)
    scores = _scores(data, parameters, shares, standard, chance)
    rooted = scores * np.sqrt(data.weights)
    complete, outer = _blocks(data, parameters, shares, standard, chance)
    return Information(
        score=np.asarray(scores @ data.weights, dtype=np.float64),
        observed=complete - outer + rooted @ rooted.T,
        complete=complete,
    )


def row_scores(data: ClassData, parameters: Floats) -> Floats:
    """Derivatives of every row's log density by all parameters, shape (P, n), not weighted."""
    shares = posteriors(data, parameters[None])[0][0]
    standard, chance = _standardised(data, parameters), _priors(data, parameters)
    return _scores(data, parameters, shares, standard, chance)


def free_parameters(data: ClassData, parameters: Floats, score: Floats | None = None) -> Floats:
    """What may move, shape (P, F): all parameters are this matrix times the free ones.

    The first class's log odds are fixed, so is a spread on its floor that the score would push lower; slopes
    that classes share are one.
    """
    classes, width = parameters.shape
    p = data.n_terms
    place = np.arange(classes * width).reshape(classes, width)
    columns = []
    held = parameters[:, p] <= np.log(data.floor) + 1e-9
    if score is not None:
        held &= score[place[:, p]] < 0
    together = place[:, 1:p].T if data.shared else place[:, 1:p].reshape(-1, 1)
    for group in together:
        columns.append(group)
    columns += [place[k, [0]] for k in range(classes)]
    columns += [place[k, [p]] for k in range(classes) if not held[k]]
    columns += [np.array([at]) for at in place[1:, p + 1 :].ravel()]
    free = np.zeros((classes * width, len(columns)))
    for at, group in enumerate(columns):
        free[group, at] = 1.0
    return free


def _standardised(data: ClassData, parameters: Floats) -> Floats:
    """Residuals over the class's standard deviation, shape (K, n)."""
    p = data.n_terms
    residual = data.columns[p] - parameters[:, :p] @ data.columns[:p]
    return np.asarray(residual / np.exp(parameters[:, p])[:, None], dtype=np.float64)


def _priors(data: ClassData, parameters: Floats) -> Floats:
    """Chance of every row to belong to a class before its outcome is seen, shape (K, n)."""
    odds = parameters[:, data.n_terms + 1 :] @ data.membership
    odds = np.exp(odds - odds.max(axis=0))
    return np.asarray(odds / odds.sum(axis=0), dtype=np.float64)


def _scores(data: ClassData, parameters: Floats, shares: Floats, standard: Floats, chance: Floats) -> Floats:
    p = data.n_terms
    classes, width = parameters.shape
    scores = np.empty((classes, width, data.n_obs))
    sigma = np.exp(parameters[:, p])[:, None]
    scores[:, :p] = (shares * standard / sigma)[:, None, :] * data.columns[:p]
    scores[:, p] = shares * (standard**2 - 1)
    scores[:, p + 1 :] = (shares - chance)[:, None, :] * data.membership
    return scores.reshape(classes * width, -1)


def _blocks(
    data: ClassData, parameters: Floats, shares: Floats, standard: Floats, chance: Floats
) -> tuple[Floats, Floats]:
    """Complete information, and the expected outer product of complete-data scores."""
    p = data.n_terms
    classes, width = parameters.shape
    q = width - p - 1
    place = np.arange(classes * width).reshape(classes, width)
    odds = place[:, p + 1 :].ravel()
    complete, outer = np.zeros((2, classes * width, classes * width))
    _own_blocks(data, place, np.exp(parameters[:, p]), shares, standard, complete, outer)
    member = data.membership
    likely = (chance[:, None, :] * member).reshape(classes * q, -1)
    for k in range(classes):
        own = place[k, : p + 1]
        weight = shares[k] * data.weights
        own_score = np.vstack(
            [
                data.columns[:p] * (standard[k] / np.exp(parameters[k, p]) * weight),
                (standard[k] ** 2 - 1) * weight,
            ]
        )
        crossed = -own_score @ likely.T
        crossed[:, k * q : (k + 1) * q] += own_score @ member.T
        outer[np.ix_(own, odds)] = crossed
        outer[np.ix_(odds, own)] = crossed.T
    seen = (shares[:, None, :] * member).reshape(classes * q, -1)
    both = (likely * data.weights) @ likely.T
    mixed = (seen * data.weights) @ likely.T
    expected, known = both - mixed - mixed.T, -both
    for k in range(classes):
        at = slice(k * q, (k + 1) * q)
        expected[at, at] += (member * (shares[k] * data.weights)) @ member.T
        known[at, at] += (member * (chance[k] * data.weights)) @ member.T
    outer[np.ix_(odds, odds)] = expected
    complete[np.ix_(odds, odds)] = known
    return complete, outer


def _own_blocks(
    data: ClassData, place: NDArray[np.intp], sigma: Floats, shares: Floats, standard: Floats,
    complete: Floats, outer: Floats,
) -> None:  # fmt: skip
    """Fill in what belongs to one class's own coefficients and spread, from the products of the rows."""
    p = data.n_terms
    classes = len(sigma)
    square = standard**2
    kinds = np.concatenate(
        [
            shares,
            shares * standard,
            shares * square,
            shares * standard * (square - 1),
            shares * (square - 1) ** 2,
        ]
    )
    sums = (kinds @ data.products).reshape(5, classes, -1)
    left, right = upper_triangle(p + 1)
    moments = np.empty((5, classes, p + 1, p + 1))
    moments[..., left, right] = moments[..., right, left] = sums
    for k in range(classes):
        terms, spread = place[k, :p], place[k, p]
        gram, by_error, by_square, by_cube, by_fourth = moments[:, k]
        complete[np.ix_(terms, terms)] = gram[:p, :p] / sigma[k] ** 2
        complete[terms, spread] = complete[spread, terms] = 2 * by_error[0, :p] / sigma[k]
        complete[spread, spread] = 2 * by_square[0, 0]
        outer[np.ix_(terms, terms)] = by_square[:p, :p] / sigma[k] ** 2
        outer[terms, spread] = outer[spread, terms] = by_cube[0, :p] / sigma[k]
        outer[spread, spread] = by_fourth[0, 0]

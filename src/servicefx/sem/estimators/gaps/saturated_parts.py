"""What robust tests and measures of full-information maximum likelihood are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from servicefx.sem.estimators.gaps.gap_likelihood import MissingLikelihood
from servicefx.sem.estimators.gaps.whitening import (
    Whitening,
    saturated_information,
    saturated_scores,
    whitened_moments,
)
from servicefx.sem.estimators.robust.clusters import small_sample_factor
from servicefx.sem.estimators.task import Task
from servicefx.sem.structure.derivatives import jacobian
from servicefx.sem.structure.matrices import implied

__all__ = [
    "Grouping",
    "SaturatedParts",
    "baseline_directions",
    "mean_discrepancy",
    "model_directions",
    "saturated_parts",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Grouping:
    """How the rows of one group of the model add up to independent ones.

    Attributes
    ----------
    clusters : ndarray of int, shape (n,), or None
        Codes; None where rows are independent.
    """

    clusters: NDArray[np.intp] | None

    def summed(self, scores: Floats) -> Floats:
        """Scores of rows (n, .), or of the J clusters (J, .) times the square root of J / (J - 1)."""
        if self.clusters is None:
            return scores
        known, codes = np.unique(self.clusters, return_inverse=True)
        total = np.zeros((len(known), scores.shape[1]))
        np.add.at(total, codes, scores)
        return np.asarray(total * np.sqrt(small_sample_factor(self.clusters)), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SaturatedParts:
    """The saturated moments' information of one group in whitened coordinates (`missing_saturated`).

    Attributes
    ----------
    information : ndarray, shape (m, m)
        Of one row: observed, or expected given the patterns, as behind the errors.
    free : float
        Trace of n times the moments' sampling covariance over that from complete rows.
    trace : float
        Of the meat over the information: m if the rows are normal.
    scores : ndarray, shape (r, m), or None
        Of rows or clusters, so that their cross-products over n are the meat; None for plain likelihood.
    influence : ndarray, shape (r, m), or None
        Scores times the inverse observed information.
    n_obs : int
        Rows.
    share : float
        Of all rows.
    """

    information: Floats
    free: float
    trace: float
    scores: Floats | None
    influence: Floats | None
    n_obs: int
    share: float


def saturated_parts(
    whitened: Sequence[Whitening], *, observed: bool, groupings: Sequence[Grouping] | None
) -> tuple[SaturatedParts, ...]:
    """What robust tests and measures need of the saturated model, group by group.

    Parameters
    ----------
    whitened : sequence of Whitening
        One a group.
    observed : bool
        Kind of information behind the errors. The moments' own sampling covariance always rests on the
        observed one, which is right also where gaps depend on what is seen.
    groupings : sequence of Grouping, or None
        How rows add up to independent ones; None for plain likelihood.
    """
    total = sum(one.patterns.n_obs for one in whitened)
    parts = []
    for g, one in enumerate(whitened):
        seen = saturated_information(one, observed=True)
        information = seen if observed else saturated_information(one, observed=False)
        root = np.linalg.cholesky(seen)
        n = one.patterns.n_obs
        scores, influence, trace = None, None, float(len(seen))
        if groupings is None:
            inverse = scipy.linalg.lapack.dtrtri(root.T, lower=0)[0]
            free = float(np.sum(inverse**2))
        else:
            scores = groupings[g].summed(saturated_scores(one))
            influence = scipy.linalg.cho_solve((root, True), scores.T, check_finite=False).T
            free = float(np.sum(influence**2)) / n
            turned = influence if observed else np.linalg.solve(information, scores.T).T
            trace = float(np.sum(scores * turned)) / n
        parts.append(
            SaturatedParts(
                information=information,
                free=free,
                trace=trace,
                scores=scores,
                influence=influence,
                n_obs=n,
                share=n / total,
            )
        )
    return tuple(parts)


def mean_discrepancy(parts: Sequence[SaturatedParts], directions: Sequence[Floats], df: int) -> float:
    """Mean over df of the complete-data statistic at incomplete-data estimates, if the model holds.

    Parameters
    ----------
    parts : sequence of SaturatedParts
        One a group.
    directions : sequence of ndarray, shape (m, q)
        Of each group: derivatives of the implied moments in the free parameters (`model_directions`).
    df : int
        Degrees of freedom, positive.

    Notes
    -----
    trace(M' W M Gamma) / df, with M = I - D (D' V D)^-1 D' V, W the information of complete rows, V the
    observed one of the rows there are and Gamma = V^-1, or V^-1 B V^-1 with the meat B. In the coordinates
    used W is the identity. If errors rest on expected information, so does the inverse in M, as in lavaan.

    References
    ----------
    Zhang & Savalei (2023), Psychol. Methods 28, 263-283.
    """
    q = directions[0].shape[1]
    free = sum(part.free for part in parts)
    information, complete = np.zeros((q, q)), np.zeros((q, q))
    for part, along in zip(parts, directions, strict=True):
        information += part.share * (along.T @ (part.information @ along))
        complete += part.share * (along.T @ along)
    back = np.linalg.solve(information, complete)
    if parts[0].scores is None:
        return float(free - np.trace(back)) / df
    meat, crossed = np.zeros((q, q)), np.zeros((q, q))
    for part, along in zip(parts, directions, strict=True):
        assert part.scores is not None
        assert part.influence is not None
        own = part.scores @ along
        meat += part.share / part.n_obs * (own.T @ own)
        crossed += part.share / part.n_obs * (own.T @ (part.influence @ along))
    free -= 2.0 * float(np.trace(np.linalg.solve(information, crossed)))
    free += float(np.trace(back @ np.linalg.solve(information, meat)))
    return free / df


def model_directions(
    likelihood: MissingLikelihood, theta: Floats, whitened: Sequence[Whitening], basis: Floats | None
) -> tuple[Floats, ...]:
    """Derivatives of each group's implied moments by free values, along the constraints; shape (m, .)."""
    layout = likelihood.layout
    p = layout.n_items
    at = implied(layout, theta, shift=likelihood.shift)
    cells = jacobian(layout, at)
    found = []
    for g, one in enumerate(whitened):
        by_value = layout.by_group(cells[g], g)
        chosen = by_value if basis is None else by_value @ basis
        mean, by_mean = at.sigma[g, :p, p], chosen[:p, p]
        mixed = mean[:, None, None] * by_mean[None]
        by_cov = chosen[:p, :p] - mixed - np.swapaxes(mixed, 0, 1)
        found.append(whitened_moments(one, by_mean, by_cov))
    return tuple(found)


def baseline_directions(task: Task, whitened: Sequence[Whitening]) -> tuple[Floats, ...]:
    """As `model_directions`, of the model in which only covariates covary."""
    items = task.model.items
    p = len(items)
    free = [j for j in range(p) if items[j] not in task.model.covariates]
    loose = [items.index(name) for name in task.model.exogenous if name not in task.model.covariates]
    pairs = [(j, j) for j in free] + [(j, k) for j in loose for k in loose if k < j]
    q = len(free) + len(pairs)
    by_mean, by_cov = np.zeros((p, q)), np.zeros((p, p, q))
    by_mean[free, range(len(free))] = 1.0
    for at, (j, k) in enumerate(pairs, start=len(free)):
        by_cov[j, k, at] = by_cov[k, j, at] = 1.0
    found = []
    for g, one in enumerate(whitened):
        blocks = [np.zeros((len(one.pairs[0]) + p - one.n_held, q)) for one in whitened]
        blocks[g] = whitened_moments(one, by_mean, by_cov)
        found.append(np.concatenate(blocks, axis=1))
    return tuple(found)

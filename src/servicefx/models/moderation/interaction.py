"""A regression with an interaction, its rows and its centring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.engines.linear import Covariance, fit_ols
from servicefx.errors import DataError, Problem
from servicefx.models.frame_rows import check_columns, check_named_once, frame_rows
from servicefx.values.estimates import Estimates

__all__ = ["Interaction", "fit_interaction"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Interaction:
    """A regression with the product of two or three terms.

    Attributes
    ----------
    estimates : Estimates
        Of the terms (centred), all their products, the covariates, and the constant; products are named
        ``"a × b"``.
    term : str
        Whose slope is asked about.
    moderators : tuple of str
        One, or two.
    centres : mapping of str to float
        What was taken away from the term and every moderator; 0 where they were not centred.
    spread : mapping of str to float
        Their standard deviations (n - 1; rows weighted where there are weights).
    observed : mapping of str to ndarray
        Different values of every moderator, rising; no rows.
    shares : mapping of str to ndarray
        Share of the rows (of the weights) at each of those values.
    """

    estimates: Estimates
    term: str
    moderators: tuple[str, ...]
    centres: dict[str, float]
    spread: dict[str, float]
    observed: dict[str, Floats]
    shares: dict[str, Floats]

    def gradient(self, at: Sequence[float]) -> Floats:
        """Weights of the coefficients in the slope of the term at moderators' values, shape (k,)."""
        moved = [value - self.centres[name] for name, value in zip(self.moderators, at, strict=True)]
        weights = np.zeros(len(self.estimates.terms))
        for size in range(len(moved) + 1):
            for chosen in combinations(range(len(moved)), size):
                name = " × ".join([self.term, *(self.moderators[i] for i in chosen)])
                weights[self.estimates.terms.index(name)] = np.prod([moved[i] for i in chosen])
        return weights


def fit_interaction(
    data: pd.DataFrame,
    outcome: str,
    term: str,
    moderator: str,
    covariates: Sequence[str] = (),
    *,
    second: str | None = None,
    centre: bool = True,
    covariance: Covariance = "hc3",
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> Interaction:
    """Least squares with an interaction of two terms, or of three with all their products.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns. Rows with a gap in a column used are left out and counted in ``estimates.dropped``.
    outcome, term, moderator : str
        Columns: explained; whose slope is asked about; what the slope may depend on.
    covariates : sequence of str
        Columns held.
    second : str, optional
        A second moderator, for a three-way interaction.
    centre : bool
        Take the mean from the term and the moderators first. That changes their own coefficients (into
        slopes at the others' means) and their collinearity with the products, not the products, the
        highest-order test, any simple slope or any region.
    covariance : {"classical", "hc1", "hc3", "cluster"}
        As `servicefx.engines.linear.fit_ols`; clusters given mean ``"cluster"``.
    clusters, weights : Series, length n, optional
        Row by row beside ``data``.

    Returns
    -------
    Interaction

    Raises
    ------
    DataError
        If columns are absent, named twice or as a product, text, constant, or there are too few rows.
    IdentificationError
        If a product can be computed from the other terms (an empty combination of two 0/1 columns).

    References
    ----------
    Aiken & West (1991), Multiple regression: testing and interpreting interactions, ch. 2-4.
    """
    moderators = (moderator,) if second is None else (moderator, second)
    names = [outcome, term, *moderators, *covariates]
    where = f"interaction of '{term}' and " + " and ".join(f"'{name}'" for name in moderators)
    check_named_once(names, where, "Name each column once.")
    check_columns(data, names, where, recode="Code it as 0 and 1, or as numbers.")
    parts = (term, *moderators)
    _check_products(parts, [outcome, *covariates], where)
    known = frame_rows(data, names, where, clusters=clusters, weights=weights)
    used = known.frame
    if used.empty:
        raise DataError(Problem(where, "no row has all of these columns", "Ask about fewer at once."))
    shares = np.ones(len(used)) if known.weights is None else known.weights.to_numpy(dtype=float)
    centres = {name: float(np.average(used[name], weights=shares)) if centre else 0.0 for name in parts}
    design = used[[outcome]].copy()
    products = []
    for size in range(1, len(parts) + 1):
        for chosen in combinations(parts, size):
            label = " × ".join(chosen)
            moved = [used[name].to_numpy() - centres[name] for name in chosen]
            design[label] = np.prod(moved, axis=0)
            products.append(label)
    for name in covariates:
        design[name] = used[name]
    fit = fit_ols(
        design, outcome, [*products, *covariates],
        covariance=covariance if clusters is None else "cluster",
        clusters=known.clusters, weights=known.weights,
    )  # fmt: skip
    return Interaction(
        estimates=_described(fit, known.dropped, centres if centre else {}),
        term=term,
        moderators=moderators,
        centres=centres,
        spread={name: _deviation(used[name].to_numpy(dtype=float), shares) for name in parts},
        observed={name: np.unique(used[name]) for name in moderators},
        shares={
            name: np.bincount(np.unique(used[name], return_inverse=True)[1], weights=shares) / shares.sum()
            for name in moderators
        },
    )


def _check_products(parts: Sequence[str], others: Sequence[str], where: str) -> None:
    """Refuse a column that bears the name of a product."""
    labels = [" × ".join(some) for size in range(2, len(parts) + 1) for some in combinations(parts, size)]
    taken = [name for name in dict.fromkeys([*others, *parts]) if name in labels]
    if taken:
        found = "these columns bear the name of a product: " + ", ".join(f"'{name}'" for name in taken)
        raise DataError(Problem(where, found, "Rename them."))


def _deviation(values: Floats, shares: Floats) -> float:
    """Standard deviation (n - 1) of values, rows weighted."""
    n, mean = len(values), np.average(values, weights=shares)
    return float(np.sqrt(np.average((values - mean) ** 2, weights=shares) * n / max(n - 1, 1)))


def _described(fit: Estimates, dropped: dict[str, int], centres: dict[str, float]) -> Estimates:
    """The fit with its drops and the centring said."""
    said = ", ".join(f"'{name}' at {value:.4g}" for name, value in centres.items())
    sentences = (
        [f"terms enter centred ({said}): a term's own coefficient is its slope there"] if centres else []
    )
    assumptions = (*fit.assumptions, *sentences, "the slope changes along a straight line")
    return replace(fit, dropped=dropped, assumptions=assumptions)

"""Parallel analysis: components whose eigenvalues exceed those of unrelated items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.measurement.dimensions.item_correlations import (
    CorrelationKind,
    check_positive_definite,
    complete_items,
    item_correlations,
    latent_correlation,
)
from servicefx.moments.checks import complete_matrix, weight_shares
from servicefx.moments.moments import Moments
from servicefx.moments.ordinal_columns import OrdinalColumns, ordinal_columns

__all__ = ["ParallelAnalysis", "RandomKind", "parallel_analysis"]

Floats = NDArray[np.float64]
RandomKind = Literal["permuted", "normal"]
_CELLS = 4_000_000
"""Random values held at once."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ParallelAnalysis:
    """How many components items have beyond chance.

    Attributes
    ----------
    table : DataFrame
        One row a component: ``component`` (from 1), ``eigenvalue``, ``simulated_mean``,
        ``simulated_quantile`` (of unrelated items), ``retained``.
    n_factors : int
        Leading components whose eigenvalue exceeds the quantile; the first that does not ends the count.
    kind : {"components", "factors"}
    correlation : {"pearson", "polychoric"}
    random : {"permuted", "normal"}
        How unrelated items were made: real answers shuffled within each item, or normal ones.
    draws : int
    percentile : float
        Of the quantile, in (0, 1).
    n_obs, dropped : int
        Complete rows, and rows left out for a gap.
    flags : tuple of str
        What makes latent correlations doubtful.
    """

    table: pd.DataFrame
    n_factors: int
    kind: Literal["components", "factors"]
    correlation: CorrelationKind
    random: RandomKind
    draws: int
    percentile: float
    n_obs: int
    dropped: int
    flags: tuple[str, ...]


def parallel_analysis(
    items: pd.DataFrame | Moments,
    *,
    seed: int = 0,
    correlation: CorrelationKind = "pearson",
    kind: Literal["components", "factors"] = "components",
    random: RandomKind | None = None,
    draws: int = 200,
    percentile: float = 0.95,
    ordered: Sequence[str] | None = None,
    weights: pd.Series | None = None,
) -> ParallelAnalysis:
    """Number of components or factors whose eigenvalues exceed those of as many unrelated items.

    Parameters
    ----------
    items : DataFrame, shape (n, p), or Moments
        At least three items, reversed ones turned. Rows with a gap are not used, and counted.
    seed : int
        Of the random draws; the same seed gives the same table.
    correlation : {"pearson", "polychoric"}
        Of the items and of the unrelated ones alike.
    kind : {"components", "factors"}
        Eigenvalues of the correlations (Horn), or of the correlations with squared multiple correlations
        on the diagonal (Humphreys & Ilgen).
    random : {"permuted", "normal"}, optional
        Unrelated items: the answers shuffled within each item, which keeps their distributions; or normal
        ones. By default shuffled where there are rows and normal where there are moments; polychoric
        correlations need shuffled ones.
    draws : int
        Random data sets, at least 20.
    percentile : float
        Of the random eigenvalues that an eigenvalue must exceed, in (0, 1).
    ordered : sequence of str, optional
        The ordered columns, for polychoric correlations; all by default.
    weights : Series, length n, optional
        Survey weights > 0; the random data are weighted alike (normal ones by Kish's effective rows).
        Clusters are not allowed for: where answers depend on one another, too many are retained.

    Returns
    -------
    ParallelAnalysis

    Raises
    ------
    DataError
        As `item_correlations`; or if shuffled items are asked of moments.

    Notes
    -----
    Correlations of normal items are drawn by Bartlett's decomposition of the Wishart law, so that their cost
    does not grow with the rows.

    References
    ----------
    Horn (1965), Psychometrika 30, 179-185; Humphreys & Ilgen (1969), Educ. Psychol. Meas. 29, 571-578;
    Buja & Eyuboglu (1992), Multivariate Behav. Res. 27, 509-540 (permutation); Glorfeld (1995), Educ.
    Psychol. Meas. 55, 377-393 (95th percentile); Garrido, Abad & Ponsoda (2013), Psychol. Methods 18,
    454-474 (polychorics).

    Examples
    --------
    >>> truth = np.kron(np.eye(2), np.full((3, 3), 0.5)) + 0.5 * np.eye(6)
    >>> printed = Moments.from_correlation(truth, np.ones(6), 300, names=list("abcdef"))
    >>> parallel_analysis(printed, seed=1).n_factors
    2
    """
    if kind not in ("components", "factors"):
        raise ValueError(f"kind '{kind}' is not one of 'components', 'factors'")
    if draws < 20 or not 0 < percentile < 1:
        raise ValueError(f"draws {draws} and percentile {percentile}: at least 20, and inside (0, 1)")
    found = item_correlations(items, correlation=correlation, ordered=ordered, weights=weights)
    if kind == "factors":
        check_positive_definite(found)
    chosen = _random_kind(random, items, correlation)
    rng = np.random.default_rng([seed, *b"parallel_analysis"])
    matrices: Iterator[Floats]
    if isinstance(items, Moments):
        matrices = _normal(rng, found.n_obs, len(found.names), draws)
    else:
        complete = complete_items(items)
        share = None
        if weights is not None:
            share = weight_shares(weights.loc[complete.index].to_numpy(dtype=float), len(complete))
        if chosen == "normal":
            rows = len(complete) if share is None else round(1 / float(share @ share))
            matrices = _normal(rng, rows, len(found.names), draws)
        elif correlation == "polychoric":
            columns = ordinal_columns(complete, list(found.names) if ordered is None else ordered)
            matrices = _shuffled_latent(rng, columns, draws)
        else:
            matrices = _shuffled(rng, complete_matrix(complete), share, draws)
    eigenvalues = _component_eigenvalues if kind == "components" else _factor_eigenvalues
    return ParallelAnalysis(
        table=(table := _table(found.correlation, matrices, eigenvalues, percentile)),
        n_factors=int(table["retained"].sum()),
        kind=kind,
        correlation=correlation,
        random=chosen,
        draws=draws,
        percentile=percentile,
        n_obs=found.n_obs,
        dropped=found.dropped,
        flags=found.flags,
    )


def _table(
    observed: Floats, matrices: Iterator[Floats], eigenvalues: Callable[[Floats], Floats], percentile: float
) -> pd.DataFrame:
    own = eigenvalues(observed[None])[0]
    simulated = np.concatenate([eigenvalues(block) for block in matrices])
    quantile = np.quantile(simulated, percentile, axis=0)
    return pd.DataFrame(
        {
            "component": np.arange(1, len(own) + 1),
            "eigenvalue": own,
            "simulated_mean": simulated.mean(axis=0),
            "simulated_quantile": quantile,
            "retained": np.logical_and.accumulate(own > quantile),
        }
    )


def _random_kind(random: RandomKind | None, items: pd.DataFrame | Moments, correlation: str) -> RandomKind:
    if random not in (None, "permuted", "normal"):
        raise ValueError(f"random '{random}' is not one of 'permuted', 'normal'")
    rows = not isinstance(items, Moments)
    if random == "permuted" and not rows:
        found = "shuffled items need the answers, and only moments are given"
        raise DataError(Problem("random", found, "Give the answers, or choose random='normal'."))
    if random == "normal" and correlation == "polychoric":
        found = "normal items have no answer categories, and polychoric correlations are asked for"
        raise DataError(Problem("random", found, "Choose random='permuted'."))
    if random is not None:
        return random
    return "permuted" if rows else "normal"


def _component_eigenvalues(matrices: Floats) -> Floats:
    """Eigenvalues in falling order, shape (b, p), of correlations of shape (b, p, p)."""
    return np.asarray(np.linalg.eigvalsh(matrices)[:, ::-1], dtype=np.float64)


def _factor_eigenvalues(matrices: Floats) -> Floats:
    """The same with squared multiple correlations on the diagonals."""
    at = np.arange(matrices.shape[1])
    reduced = matrices.copy()
    reduced[:, at, at] = 1 - 1 / np.linalg.inv(matrices)[:, at, at]
    return _component_eigenvalues(reduced)


def _normal(rng: np.random.Generator, n_obs: int, p: int, draws: int) -> Iterator[Floats]:
    """Correlations of normal unrelated items: the triangle of Bartlett's decomposition, rows scaled to 1."""
    lower = np.tril(rng.standard_normal((draws, p, p)), -1)
    at = np.arange(p)
    lower[:, at, at] = np.sqrt(rng.chisquare(np.maximum(n_obs - 1 - at, 1), size=(draws, p)))
    lower /= np.linalg.norm(lower, axis=2, keepdims=True)
    yield lower @ lower.transpose(0, 2, 1)


def _shuffled(rng: np.random.Generator, values: Floats, share: Floats | None, draws: int) -> Iterator[Floats]:
    """Correlations of the answers shuffled within each item, shape (b, p, p) at a time."""
    n, p = values.shape
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    block = max(1, _CELLS // (n * p))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        mixed = rng.permuted(np.broadcast_to(z.T, (size, p, n)), axis=2)
        if share is None:
            yield mixed @ mixed.transpose(0, 2, 1) / n
            continue
        mixed = mixed - (mixed @ share)[:, :, None]
        covariance = (mixed * share) @ mixed.transpose(0, 2, 1)
        sd = np.sqrt(np.einsum("bii->bi", covariance))
        yield covariance / (sd[:, :, None] * sd[:, None, :])


def _shuffled_latent(rng: np.random.Generator, columns: OrdinalColumns, draws: int) -> Iterator[Floats]:
    """Latent correlations of the answers shuffled within each item."""
    for _ in range(draws):
        mixed = OrdinalColumns(
            names=columns.names,
            ordered=columns.ordered,
            levels=columns.levels,
            codes=rng.permuted(columns.codes, axis=1),
            n_levels=columns.n_levels,
            values=rng.permuted(columns.values, axis=1),
        )
        yield latent_correlation(mixed)[0][None]

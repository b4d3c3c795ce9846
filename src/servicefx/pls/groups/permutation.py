"""Permutations of two groups: divisions of their rows by chance, and what is computed in all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem
from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.groups.grouped import Grouped, Pair
from servicefx.pls.quantities import Quantity, values_of
from servicefx.pls.scores import base_means, score_weights
from servicefx.pls.solution import solve
from servicefx.sem.threads import one_thread

__all__ = [
    "PairStatistics", "PermutationBlock", "Units", "as_far", "observed_statistics", "pair_statistics",
    "permutation_blocks", "permutation_problems",
    "permuted_statistics",
]  # fmt: skip

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Units = Literal["pooled", "own"]
_BLOCK = 200
"""Permutations a block; part of the seed's meaning."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PermutationBlock:
    """Some of the random divisions of a pair; they depend on nothing but what stands here.

    Attributes
    ----------
    draws : int
        Divisions in it.
    entropy : tuple of int
        Seed of the generator, the block's number last.
    first : ndarray of bool, shape (n,)
        Rows of the group whose label is first in the alphabet.
    clusters : ndarray of int, shape (n,), or None
    nested : bool
        Whether every cluster lies within one group.
    turned : bool
        Whether the pair's left group is the other one.
    """

    draws: int
    entropy: tuple[int, ...]
    first: Flags
    clusters: NDArray[np.intp] | None
    nested: bool
    turned: bool

    def divisions(self) -> Flags:
        """Which rows fall to the left group in each division, shape (draws, n)."""
        rng = np.random.default_rng(self.entropy)
        if self.clusters is None:
            found = self._shuffled(rng, self.first)
        elif self.nested:
            of_cluster = np.zeros(int(self.clusters.max()) + 1, dtype=np.bool_)
            of_cluster[self.clusters[self.first]] = True
            found = self._shuffled(rng, of_cluster)[:, self.clusters]
        else:
            sorted_rows = np.argsort(self.clusters, kind="stable")
            keys = self.clusters + rng.random((self.draws, len(self.first)))
            found = np.empty((self.draws, len(self.first)), dtype=np.bool_)
            np.put_along_axis(found, np.argsort(keys, axis=1), self.first[sorted_rows][None], axis=1)
        return ~found if self.turned else found

    def _shuffled(self, rng: np.random.Generator, flags: Flags) -> Flags:
        return rng.permuted(np.tile(flags, (self.draws, 1)), axis=1)


def permutation_blocks(
    pair: Pair, permutations: int, seed: int, analysis_id: str
) -> tuple[PermutationBlock, ...]:
    """Random divisions of the rows of two groups into groups of the same sizes.

    Parameters
    ----------
    pair : Pair
        Without clusters rows change places. Clusters that each lie within one group change places as wholes
        (the groups keep their numbers of clusters); where a cluster holds rows of both groups, rows change
        places within clusters only.
    permutations : int
        Divisions wanted. More of them leave the first ones as they were.
    seed : int
    analysis_id : str
        Name of the data file; another name, or other labels, give another stream.

    Returns
    -------
    tuple of PermutationBlock

    Raises
    ------
    DataError
        If the clusters can be divided in fewer than 40 ways.

    Notes
    -----
    The generator of a block is ``default_rng([seed, *"permutation:a|b:analysis_id".encode(), number])``, a
    and b being the labels in alphabetical order: naming the groups the other way round gives the same
    divisions.
    """
    turned = pair.right < pair.left
    first = ~pair.first if turned else pair.first
    _check_arrangements(pair)
    a, b = sorted((pair.left, pair.right))
    stream = (seed, *f"permutation:{a}|{b}:{analysis_id}".encode())
    return tuple(
        PermutationBlock(
            draws=min(_BLOCK, permutations - begin),
            entropy=(*stream, number),
            first=first,
            clusters=pair.clusters,
            nested=pair.nested,
            turned=turned,
        )
        for number, begin in enumerate(range(0, permutations, _BLOCK))
    )


def _check_arrangements(pair: Pair) -> None:
    if pair.clusters is None or not pair.nested:
        return
    left, right = (len(set(pair.clusters[rows])) for rows in (pair.first, ~pair.first))
    ways = comb(left + right, left)
    if ways < 40:
        found = (
            f"{left} of group '{pair.left}' and {right} of '{pair.right}' can be divided in {ways} ways "
            "only, 40 or more expected"
        )
        raise DataError(Problem("clusters", found, "Add clusters, or compare groups within clusters."))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairStatistics:
    """What B divisions of a pair say.

    Attributes
    ----------
    composition : ndarray, shape (B, K)
        Correlation, over the rows of both groups, of the composites by either group's weights.
    mean : ndarray, shape (B, K)
        Left less right mean of the composites of the pooled fit, in their standard deviations.
    log_variance : ndarray, shape (B, K)
        Log of the ratio of their variances (n - 1), left over right.
    left, right : ndarray, shape (B, t)
        Values of terms in either group.
    failed, inadmissible : ndarray of bool, shape (B,)
        Whether a group has no answer; has one that no common factors could have given (PLSc).
    """

    composition: Floats
    mean: Floats
    log_variance: Floats
    left: Floats
    right: Floats
    failed: Flags
    inadmissible: Flags


def pair_statistics(
    all_groups: Grouped, pair: Pair, divisions: Flags, quantities: tuple[Quantity, ...] = (),
    units: Units = "pooled",
) -> PairStatistics:  # fmt: skip
    """Statistics of two groups in given divisions of their rows, from moments alone.

    Parameters
    ----------
    all_groups : Grouped
        Whose model and choices are estimated anew.
    pair : Pair
        n rows.
    divisions : ndarray of bool, shape (B, n)
        Rows of the left group; the others are of the right.
    quantities : tuple of str
        Of `servicefx.pls.quantities.QUANTITIES`, as terms of both groups.
    units : {"pooled", "own"}
        Whether each group's weights meet items standardised over both groups, or in that group.

    Returns
    -------
    PairStatistics
    """
    fit, B = all_groups.fit, len(divisions)
    names = fit.model.constructs
    everyone = pair.sample.moments(np.ones((1, len(pair.first)), dtype=np.float32))
    pooled = solve(fit.model, everyone, fit.choices)
    common = score_weights(everyone, pooled, names)[0][0]
    counts = np.concatenate([divisions, ~divisions]).astype(np.float32)
    base = pair.sample.moments(counts)
    solution = solve(fit.model, base, fit.choices)

    weights = score_weights(base, solution, names)[0]
    if units == "pooled" and fit.choices.scaled:
        p = len(base.items)
        weights[:, :p] *= (base.sd / everyone.sd)[:, :, None]
    mean, variance = _score_moments(base, common, counts.sum(axis=1, dtype=np.float64))
    values = values_of(fit, solution, quantities) if quantities else np.empty((2 * B, 0))
    failed = ~solution.converged | np.isnan(solution.paths).any(axis=1)
    weights[failed], values[failed] = np.nan, np.nan
    inadmissible = ~failed & ~solution.admissible
    return PairStatistics(
        composition=_correlations(weights[:B], weights[B:], everyone.covariance[0]),
        mean=mean[:B] - mean[B:],
        log_variance=np.log(variance[:B]) - np.log(variance[B:]),
        left=values[:B],
        right=values[B:],
        failed=failed[:B] | failed[B:],
        inadmissible=inadmissible[:B] | inadmissible[B:],
    )


def _correlations(left: Floats, right: Floats, covariance: Floats) -> Floats:
    """Correlations of pairs of composites of the same rows, shape (B, K)."""
    by_left, by_right = covariance @ left, covariance @ right
    product = np.einsum("bpk,bpk->bk", left, by_right)
    size = np.einsum("bpk,bpk->bk", left, by_left) * np.einsum("bpk,bpk->bk", right, by_right)
    return np.asarray(product / np.sqrt(np.where(size > 0, size, np.nan)), dtype=np.float64)


def _score_moments(base: BaseMoments, weights: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Means and variances (n - 1) of composites of the same weights (P, K) in every sample, shape (B, K)."""
    variance = np.einsum("pk,bpk->bk", weights, base.covariance @ weights)
    variance = np.where(variance > 0, variance, np.nan) * (n / (n - 1))[:, None]
    return np.asarray(base_means(base) @ weights, dtype=np.float64), variance


def observed_statistics(
    all_groups: Grouped, pair: Pair, quantities: tuple[Quantity, ...] = (), units: Units = "pooled"
) -> PairStatistics:
    """`pair_statistics` of the groups as they are (B = 1).

    Raises
    ------
    IdentificationError
        If the model has no answer in one of them.
    """
    found = pair_statistics(all_groups, pair, pair.first[None], quantities, units)
    if found.failed[0]:
        for label in (pair.left, pair.right):
            all_groups.solution_of(label)
    return found


def permuted_statistics(
    all_groups: Grouped,
    pair: Pair,
    blocks: tuple[PermutationBlock, ...],
    quantities: tuple[Quantity, ...] = (),
    units: Units = "pooled",
    *,
    jobs: int = 1,
) -> PairStatistics:
    """`pair_statistics` of all divisions of some blocks, whatever the number of threads."""

    def work(block: PermutationBlock) -> PairStatistics:
        return pair_statistics(all_groups, pair, block.divisions(), quantities, units)

    with one_thread():
        if jobs == 1:
            found = [work(block) for block in blocks]
        else:
            with ThreadPoolExecutor(jobs) as pool:
                found = list(pool.map(work, blocks))

    def together(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(part, name) for part in found])

    return PairStatistics(
        composition=together("composition"),
        mean=together("mean"),
        log_variance=together("log_variance"),
        left=together("left"),
        right=together("right"),
        failed=together("failed").astype(np.bool_),
        inadmissible=together("inadmissible").astype(np.bool_),
    )


def as_far(draws: Floats, observed: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """p-values of observed differences among those of permutations.

    Parameters
    ----------
    draws : ndarray, shape (B, t)
        NaN where a permutation has no answer: not counted.
    observed : ndarray, shape (t,)

    Returns
    -------
    two_sided : ndarray, shape (t,)
        (b + 1) / (B + 1), b counting the draws at least as far from 0; NaN where nothing can be counted.
    greater : ndarray, shape (t,)
        The same, b counting draws at least as large.
    n_draws : ndarray of int, shape (t,)
        B, without those that are NaN.
    """
    near = 1e-8 * np.maximum(np.abs(observed), 1e-4)
    known = np.isfinite(draws).sum(axis=0)
    unknown = np.isnan(observed) | (known == 0)
    further = (np.abs(draws) >= np.abs(observed) - near).sum(axis=0)
    larger = (draws >= observed - near).sum(axis=0)
    both, one = (np.where(unknown, np.nan, (b + 1) / (known + 1)) for b in (further, larger))
    return both, one, known.astype(np.intp)


def permutation_problems(pair: Pair, drawn: PairStatistics) -> list[Problem]:
    """Permutations without an answer, and inadmissible ones, by number."""
    failed, beyond, B = int(drawn.failed.sum()), int(drawn.inadmissible.sum()), len(drawn.failed)
    where, found = f"permutations of '{pair.left}' and '{pair.right}'", []
    if failed:
        told = f"{failed} of {B} have no answer and are left out"
        found.append(Problem(where, told, "Simplify the model if they are many."))
    if beyond:
        told = f"{beyond} of {B} are inadmissible: a reliability, loading or correlation beyond 1"
        found.append(Problem(where, told, "Check constructs whose items hardly agree; the draws are kept."))
    return found

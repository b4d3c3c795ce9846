"""The tests of one pair of groups, each from its own draws."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from servicefx.moments.resample_index import ResampleBlock, resample_blocks
from servicefx.pls.groups.difference_tests import DifferenceTest, henseler_test, parametric_test, welch_test
from servicefx.pls.groups.grouped import Grouped
from servicefx.pls.groups.permutation import PairStatistics, as_far
from servicefx.pls.pls_fit import PlsFit
from servicefx.pls.quantities import Quantity, values_of
from servicefx.pls.sample import PlsSample
from servicefx.pls.solution import solve

__all__ = [
    "METHODS", "GroupDraws", "Method", "PairTest", "bootstrapped_group", "group_draws", "permutation_test",
    "resampling_test",
]  # fmt: skip

Floats = NDArray[np.float64]
Method = Literal["permutation", "parametric", "welch", "henseler"]
METHODS: tuple[Method, ...] = get_args(Method)
_CONSTANT = 1e-9
"""Draws that differ by less are those of a number that is the same in every sample, e.g. a loading of 1."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GroupDraws:
    """Bootstrap draws of one group.

    Attributes
    ----------
    values : ndarray, shape (draws, t)
        Of all terms; NaN rows without an answer.
    n_units : int
        Rows, or clusters, that were drawn from.
    inadmissible : int
        Draws that no common factors could have given (PLSc); kept.
    """

    values: Floats
    n_units: int
    inadmissible: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairTest:
    """A test of t differences, the ends of what chance gives (permutations only), and numbers of draws."""

    test: DifferenceTest
    null_low: Floats
    null_high: Floats
    n_draws: NDArray[np.intp]


def group_draws(
    asked: Grouped,
    label: str,
    quantities: tuple[Quantity, ...],
    *,
    draws: int,
    seed: int,
    analysis_id: str,
    jobs: int,
) -> GroupDraws:
    """Resample the rows, or whole clusters, of one group; its stream goes by its label.

    Parameters
    ----------
    asked : Grouped
    label : str
    quantities : tuple of str
        Of `servicefx.pls.quantities.QUANTITIES`.
    draws, seed, analysis_id, jobs
        As `servicefx.pls.bootstrap`.

    Returns
    -------
    GroupDraws
    """
    sample, codes = asked.rows_of(label)
    blocks = resample_blocks(len(sample.used), draws, seed, f"group {label}:{analysis_id}", codes)

    def work(block: ResampleBlock) -> tuple[Floats, int]:
        return bootstrapped_group(asked.fit, sample, block.counts().astype(np.float32), quantities)

    if jobs == 1:
        parts = [work(block) for block in blocks]
    else:
        with ThreadPoolExecutor(jobs) as pool:
            parts = list(pool.map(work, blocks))
    return GroupDraws(
        values=np.concatenate([values for values, _ in parts]),
        n_units=len(sample.used) if codes is None else int(codes.max()) + 1,
        inadmissible=sum(number for _, number in parts),
    )


def bootstrapped_group(
    fit: PlsFit, sample: PlsSample, counts: NDArray[np.float32], quantities: tuple[Quantity, ...]
) -> tuple[Floats, int]:
    """Values of terms in given resamples of one group's rows.

    Parameters
    ----------
    fit : PlsFit
        Whose model and choices are estimated anew.
    sample : PlsSample
        n rows of the group.
    counts : ndarray, shape (B, n)
        How often every row stands in every resample.
    quantities : tuple of str

    Returns
    -------
    values : ndarray, shape (B, t)
        NaN rows without an answer.
    inadmissible : int
        Draws with an answer that no common factors could have given (PLSc).
    """
    solution = solve(fit.model, sample.moments(counts), fit.choices)
    values = values_of(fit, solution, quantities)
    failed = ~solution.converged | np.isnan(solution.paths).any(axis=1)
    values[failed] = np.nan
    return values, int((~failed & ~solution.admissible).sum())


def permutation_test(observed: PairStatistics, drawn: PairStatistics, level: float) -> PairTest:
    """Hold the observed differences against those of permutations.

    Parameters
    ----------
    observed : PairStatistics
        Of one division (B = 1).
    drawn : PairStatistics
        Of B divisions by chance.
    level : float
        Share of the permutations' differences between the ends given.
    """
    difference = (observed.left - observed.right)[0]
    chance = drawn.left - drawn.right
    both, one, known = as_far(chance, difference)
    none = np.full(difference.shape, np.nan)
    low, high = none.copy(), none.copy()
    for at in range(len(difference)):
        column = chance[np.isfinite(chance[:, at]), at]
        if len(column):
            low[at], high[at] = np.quantile(column, [(1 - level) / 2, (1 + level) / 2])
            if max(np.abs(column).max(), abs(difference[at])) < _CONSTANT:
                both[at] = one[at] = np.nan
    test = DifferenceTest(
        std_error=none, statistic=none, df=none, p_value=both, p_one_sided=one, low=none, high=none
    )
    return PairTest(test=test, null_low=low, null_high=high, n_draws=known)


def resampling_test(
    name: Method, observed: PairStatistics, left: GroupDraws, right: GroupDraws, level: float
) -> PairTest:
    """Hold the observed differences against the bootstrap draws of both groups.

    Parameters
    ----------
    name : {"parametric", "welch", "henseler"}
    observed : PairStatistics
        Of one division (B = 1).
    left, right : GroupDraws
    level : float
        Of the interval.
    """
    known = np.minimum(np.isfinite(left.values).sum(axis=0), np.isfinite(right.values).sum(axis=0))
    none = np.full(left.values.shape[1], np.nan)
    if name == "henseler":
        test = henseler_test(left.values, right.values, level)
    else:
        by_t = {"parametric": parametric_test, "welch": welch_test}[name]
        test = by_t(
            (observed.left - observed.right)[0], _deviation(left.values), _deviation(right.values),
            left.n_units, right.n_units, level,
        )  # fmt: skip
    return PairTest(test=test, null_low=none, null_high=none, n_draws=known)


def _deviation(draws: Floats) -> Floats:
    """Standard deviation of the draws that are there; NaN of fewer than two, or of a constant."""
    there = np.isfinite(draws)
    count = there.sum(axis=0)
    filled = np.where(there, draws, 0.0)
    mean = filled.sum(axis=0) / np.maximum(count, 1)
    squares = np.where(there, (draws - mean) ** 2, 0.0).sum(axis=0)
    deviation = np.sqrt(squares / np.maximum(count - 1, 1))
    return np.where((count > 1) & (deviation > _CONSTANT), deviation, np.nan)

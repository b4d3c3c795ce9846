"""Ratios of many matrices at once: those of a loop written out, and NaN where they do not exist."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from servicefx.pls.heterotrait import heterotrait_monotrait_ratios

BLOCKS = [[0, 1, 2], [3, 4], [5, 6, 7, 8]]


def written_out(R: np.ndarray, blocks: list[list[int]], geometric: bool) -> list[float]:
    """The definition, pair by pair."""

    def mean(values: list[float]) -> float:
        return float(np.prod(values) ** (1 / len(values))) if geometric else float(np.mean(np.abs(values)))

    def within(block: list[int]) -> float:
        return mean([R[i, j] for i, j in combinations(block, 2)])

    return [
        mean([R[i, j] for i in a for j in b]) / (within(a) * within(b)) ** 0.5
        for a, b in combinations(blocks, 2)
    ]


@pytest.mark.parametrize("geometric", [False, True])
def test_ratios_are_those_of_the_definition_written_out(geometric: bool, rng: np.random.Generator) -> None:
    common = rng.normal(size=(4, 80, 1))
    R = np.array([np.corrcoef(x, rowvar=False) for x in common + rng.normal(size=(4, 80, 9))])
    R = np.abs(R) if geometric else R
    ours = heterotrait_monotrait_ratios(R, BLOCKS, geometric=geometric)
    assert ours == pytest.approx(np.array([written_out(one, BLOCKS, geometric) for one in R]), rel=1e-12)


def test_blocks_need_not_cover_the_items_or_stand_in_order(rng: np.random.Generator) -> None:
    R = np.corrcoef(rng.normal(size=(60, 9)) + rng.normal(size=(60, 1)), rowvar=False)
    ours = heterotrait_monotrait_ratios(R[None], [[7, 0], [4, 2, 8]])
    assert ours[0] == pytest.approx(written_out(R, [[7, 0], [4, 2, 8]], False), rel=1e-12)


@pytest.mark.parametrize("loadings", [(0.7, 0.7, 0.7), (0.9, 0.7, 0.5)])
def test_geometric_ratio_of_a_common_factor_model_is_the_construct_correlation(
    loadings: tuple[float, ...],
) -> None:
    both = np.array([*loadings, *loadings])
    phi = np.kron(np.array([[1, 0.8], [0.8, 1]]), np.ones((3, 3)))
    R = phi * np.outer(both, both)
    np.fill_diagonal(R, 1.0)
    blocks = [[0, 1, 2], [3, 4, 5]]
    geometric = heterotrait_monotrait_ratios(R[None], blocks, geometric=True)[0, 0]
    arithmetic = heterotrait_monotrait_ratios(R[None], blocks)[0, 0]
    assert geometric == pytest.approx(0.8, rel=1e-12)
    equal = len(set(loadings)) == 1  # only tau-equivalent items make HTMT exact
    assert bool(arithmetic == pytest.approx(0.8, rel=1e-12)) is equal


def test_only_the_pairs_a_bad_correlation_is_used_in_are_nan(rng: np.random.Generator) -> None:
    R = np.abs(np.corrcoef(rng.normal(size=(50, 9)) + rng.normal(size=(50, 1)), rowvar=False))[None].copy()
    R[0, 0, 3] = R[0, 3, 0] = -0.1  # between the first two blocks
    assert np.isnan(heterotrait_monotrait_ratios(R, BLOCKS, geometric=True)[0]).tolist() == [
        True,
        False,
        False,
    ]
    assert np.isfinite(heterotrait_monotrait_ratios(R, BLOCKS)).all()
    R[0, 3, 4] = R[0, 4, 3] = np.nan  # within the second
    assert np.isnan(heterotrait_monotrait_ratios(R, BLOCKS)[0]).tolist() == [True, False, True]


def test_a_block_of_one_item_has_no_ratio(rng: np.random.Generator) -> None:
    R = np.corrcoef(rng.normal(size=(50, 9)), rowvar=False)[None]
    ours = heterotrait_monotrait_ratios(R, [[0, 1], [2], [3, 4]])
    assert np.isnan(ours[0]).tolist() == [True, False, True]
    assert np.isnan(heterotrait_monotrait_ratios(np.eye(4)[None], [[0, 1], [2, 3]])).all()


def test_an_item_in_two_blocks_or_one_matrix_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="an item stands in two blocks"):
        heterotrait_monotrait_ratios(np.eye(3)[None], [[0, 1], [1, 2]])
    with pytest.raises(ValueError, match=r"shape \(B, p, p\) expected, not \(3, 3\)"):
        heterotrait_monotrait_ratios(np.eye(3), [[0, 1], [2]])

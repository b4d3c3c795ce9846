"""Items read from rows or moments: rows used, their order, and which items go against the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.validity import negative_items
from servicefx.measurement.validity.item_blocks import item_blocks
from servicefx.moments.moments import Moments

CONSTRUCTS = {"quality": ["c", "a"], "overall": ["d"]}


def test_blocks_follow_the_mapping_and_rows_with_a_gap_are_left_out(rng: np.random.Generator) -> None:
    items = pd.DataFrame(rng.normal(size=(20, 5)), columns=list("abcde"))
    items.loc[3, "a"] = np.nan
    items.loc[4, "e"] = np.nan  # no item of the mapping
    weights = rng.uniform(1, 2, size=20)
    read = item_blocks(items, CONSTRUCTS, weights=weights)
    assert (read.constructs, read.items, read.blocks) == (
        ("quality", "overall"),
        ("c", "a", "d"),
        ((0, 1), (2,)),
    )
    assert read.own.tolist() == [0, 0, 1]
    assert read.used is not None
    assert np.flatnonzero(~read.used).tolist() == [3]
    used = items.drop(index=3)[["c", "a", "d"]]
    assert read.moments.cov == pytest.approx(Moments.from_frame(used, np.delete(weights, 3)).cov)


def test_columns_named_by_numbers_are_found(rng: np.random.Generator) -> None:
    items = pd.DataFrame(rng.normal(size=(20, 3)))
    assert item_blocks(items, {"quality": [2, 0]}).items == ("2", "0")  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("turned", "named"),
    [
        ("", []),
        ("a", ["a"]),
        ("ab", ["a", "b"]),  # the smaller side of five
        ("abc", ["d", "e"]),  # so are these
        ("abcde", []),  # all turned: nothing goes against the rest
    ],
)
def test_the_smaller_side_of_a_construct_goes_against_it(
    turned: str, named: list[str], rng: np.random.Generator
) -> None:
    items = pd.DataFrame(rng.normal(size=(300, 1)) + rng.normal(size=(300, 5)), columns=list("abcde"))
    items[list(turned)] *= -1
    found = negative_items(items, {"quality": list("abcde")})
    assert [problem.found[1] for problem in found] == named


def test_equal_sides_are_both_named() -> None:
    R = np.array([[1, -0.4], [-0.4, 1]])
    moments = Moments.from_correlation(R, np.ones(2), 50, names=["a", "b"])
    assert [problem.found for problem in negative_items(moments, {"quality": ["a", "b"]})] == [
        "'a' correlates -0.40 on average with the other items of 'quality'",
        "'b' correlates -0.40 on average with the other items of 'quality'",
    ]

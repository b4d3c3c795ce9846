"""Mahalanobis distances and their cut."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from servicefx.errors import DataError
from servicefx.measurement.screening.outliers import farthest_possible, mahalanobis_cut, mahalanobis_distances


@pytest.fixture
def items(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3)), columns=list("abc"))


def test_distances_of_complete_rows_sum_to_items_times_rows_less_one(items: pd.DataFrame) -> None:
    items.loc[[3, 7], "b"] = np.nan
    distances = mahalanobis_distances(items)
    assert distances.isna().sum() == 2
    assert distances.sum() == pytest.approx(3 * 47)


def test_distances_do_not_change_with_units_or_turned_items(items: pd.DataFrame) -> None:
    other = pd.DataFrame({"c": 8 - items["c"], "a": items["a"] * 1e-6, "b": items["b"] * 1e6 + 1e7})
    # 1e7 beside a spread of 1e6 costs digits
    np.testing.assert_allclose(mahalanobis_distances(other), mahalanobis_distances(items), rtol=1e-8)


def test_the_cut_is_the_quantile_of_chi2() -> None:
    assert mahalanobis_cut(12) == pytest.approx(chi2.isf(0.001, 12), rel=1e-12)


def test_no_row_lies_farther_than_the_farthest_possible() -> None:
    items = pd.DataFrame({"a": [0.0] * 9 + [1], "b": np.arange(10) % 2})
    assert mahalanobis_distances(items).max() == pytest.approx(farthest_possible(10), rel=1e-9)
    assert farthest_possible(10) == pytest.approx(8.1)
    assert farthest_possible(0) == 0


def test_an_item_known_from_others_is_refused_by_name(items: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"'a', 'b', 'sum' add up to one another"):
        mahalanobis_distances(items[["a", "b"]].assign(sum=items["a"] + items["b"]))
    with pytest.raises(DataError, match=r"column 'copy': repeats 'a'"):
        mahalanobis_distances(items.assign(copy=items["a"] * 2))


def test_a_constant_item_is_refused_by_name(items: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"column 'flat': holds the same value in every row"):
        mahalanobis_distances(items.assign(flat=4))


def test_too_few_complete_rows_are_refused_with_their_number(items: pd.DataFrame) -> None:
    items.iloc[3:, 1] = np.nan
    with pytest.raises(DataError, match="3 complete rows for 3 items, more rows than items expected"):
        mahalanobis_distances(items)

import numpy as np
import pytest

from servicefx.errors import DataError
from servicefx.moments.checks import check_collinear


def test_a_copy_is_named_with_its_original():
    corr = np.array([[1.0, 0.3, 1.0], [0.3, 1.0, 0.3], [1.0, 0.3, 1.0]])
    with pytest.raises(DataError, match=r"column 'c': repeats 'a'\n    Leave one of the two out\."):
        check_collinear(("a", "b", "c"), corr)


def test_columns_that_add_up_are_named_and_others_are_not():
    data = np.random.default_rng(0).normal(size=(50, 3))
    corr = np.corrcoef(np.column_stack([data, data[:, 0] + data[:, 1]]).T)
    with pytest.raises(DataError, match="columns: 'a', 'b', 'sum' add up to one another"):
        check_collinear(("a", "b", "other", "sum"), corr)


def test_high_correlations_pass():
    check_collinear(("a", "b"), np.array([[1.0, 0.99999], [0.99999, 1.0]]))

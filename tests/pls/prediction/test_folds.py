import numpy as np
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.pls.prediction.folds import drawn_folds, given_folds

EVERYONE = np.ones(6, dtype=bool)


def test_every_row_is_in_one_fold_and_sizes_differ_by_one_at_most():
    found = drawn_folds(103, 10, 4, seed=3, analysis_id="data")
    assert found.shape == (4, 103)
    for fold in found:
        assert sorted(set(np.bincount(fold))) == [10, 11]


def test_the_same_seed_deals_the_same_folds_and_more_repetitions_keep_the_first():
    first = drawn_folds(50, 5, 2, seed=3, analysis_id="data")
    np.testing.assert_array_equal(first, drawn_folds(50, 5, 6, seed=3, analysis_id="data")[:2])
    assert (first != drawn_folds(50, 5, 2, seed=4, analysis_id="data")).any()
    assert (first != drawn_folds(50, 5, 2, seed=3, analysis_id="other")).any()
    assert (first[0] != first[1]).any()


def test_clusters_stay_together_and_no_fold_stays_empty():
    clusters = np.repeat(np.arange(12), [30, 1, 1, 1, 5, 5, 5, 5, 5, 5, 5, 5])
    for fold in drawn_folds(len(clusters), 4, 20, seed=1, analysis_id="data", clusters=clusters):
        assert all(len(set(fold[clusters == each])) == 1 for each in range(12))
        assert sorted(set(fold)) == [0, 1, 2, 3]


def test_clusters_of_one_size_give_folds_of_nearly_one_size():
    clusters = np.repeat([f"outlet {i}" for i in range(20)], 7)
    fold = drawn_folds(140, 5, 1, seed=1, analysis_id="data", clusters=clusters)[0]
    assert np.bincount(fold).tolist() == [28] * 5


def test_leaving_one_out_needs_no_repetition():
    found = drawn_folds(7, 7, 10, seed=1, analysis_id="data")
    assert found.shape == (1, 7)
    assert sorted(found[0]) == list(range(7))


def test_given_labels_are_numbered_and_unused_rows_left_out():
    used = EVERYONE.copy()
    used[2] = False
    found = given_folds(["b", "a", None, "a", "b", "c"], 6, used)
    assert found.tolist() == [[1, 0, 0, 1, 2]]
    assert given_folds(np.array([[1, 2]] * 3 + [[2, 1]] * 3), 6, EVERYONE).shape == (2, 6)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1, 2], "fold_index: 2 labels for 6 rows"),
        ([1, 2, None, 1, 2, 1], "fold_index: 1 rows have no fold"),
        ([1] * 6, "fold_index: 1 fold, at least 2 expected"),
    ],
)
def test_labels_that_divide_no_rows_are_refused(labels, message):
    with pytest.raises(DataError, match=message):
        given_folds(labels, 6, EVERYONE)


def test_more_folds_than_rows_or_clusters_are_refused():
    with pytest.raises(DataError, match="folds: 9, but only 8 rows to hold out\n    Choose at most 8"):
        drawn_folds(8, 9, 1, seed=0, analysis_id="data")
    with pytest.raises(DataError, match="folds: 5, but only 4 clusters to hold out"):
        drawn_folds(8, 5, 1, seed=0, analysis_id="data", clusters=[1, 1, 2, 2, 3, 3, 4, 4])


@pytest.mark.parametrize(("folds", "repetitions", "seed"), [(1, 1, 0), (2.5, 1, 0), (5, 0, 0), (5, 1, -1)])
def test_numbers_that_are_no_counts_are_refused(folds, repetitions, seed):
    with pytest.raises(StudyError, match="a whole number from"):
        drawn_folds(20, folds, repetitions, seed, "data")


def test_a_row_without_cluster_is_refused():
    with pytest.raises(DataError, match="clusters: 1 of 4 rows belong to no cluster"):
        drawn_folds(4, 2, 1, seed=0, analysis_id="data", clusters=["a", None, "b", "b"])

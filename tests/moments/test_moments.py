import pickle

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.moments.moments import Moments

EXACT = 1e-12  # closed forms in double precision


def frame(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 3)) @ np.array([[1.0, 0.4, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 2.0]]) + 5
    return pd.DataFrame(values, columns=["满意度", "item one", "q3"])


def test_covariances_have_denominator_n():
    data = frame(40)
    moments = Moments.from_frame(data)
    np.testing.assert_allclose(moments.cov, np.cov(data.T, ddof=0), rtol=EXACT)
    np.testing.assert_allclose(moments.mean, data.mean(), rtol=EXACT)
    assert moments.names == ("满意度", "item one", "q3")
    assert moments.n_obs == 40


def test_two_parts_add_up_to_the_whole():
    data = frame(50)
    whole = Moments.from_frame(data)
    parts = Moments.from_frame(data.iloc[:13]) + Moments.from_frame(data.iloc[13:])
    assert parts.n_obs == 50
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=EXACT)
    np.testing.assert_allclose(parts.cov, whole.cov, rtol=EXACT)


def test_a_part_may_be_one_row():
    data = frame(5)
    row = Moments(names=tuple(data.columns), n_obs=1, mean=data.iloc[0].to_numpy(), cov=np.zeros((3, 3)))
    whole = row + Moments.from_frame(data.iloc[1:])
    np.testing.assert_allclose(whole.cov, np.cov(data.T, ddof=0), rtol=EXACT)


def test_adding_different_columns_is_refused():
    data = frame(9)
    with pytest.raises(ValueError, match="names must agree"):
        Moments.from_frame(data) + Moments.from_frame(data[["q3", "item one", "满意度"]])


def test_adding_unknown_means_is_refused():
    moments = Moments.from_covariance(np.eye(2), 10, names=["a", "b"])
    with pytest.raises(DataError, match="both means are known"):
        moments + moments


def test_whole_number_weights_are_repeated_rows():
    data, weights = frame(6), np.array([1, 2, 1, 3, 1, 2])
    weighted = Moments.from_frame(data, weights)
    repeated = Moments.from_frame(data.loc[data.index.repeat(weights)])
    np.testing.assert_allclose(weighted.cov, repeated.cov, rtol=EXACT)
    np.testing.assert_allclose(weighted.mean, repeated.mean, rtol=EXACT)
    assert weighted.n_obs == 6


def test_weights_not_above_zero_are_refused():
    with pytest.raises(DataError, match="weights: 2 of 6 weights are not above 0"):
        Moments.from_frame(frame(6), [1, 0, 1, np.nan, 1, 1])


def test_printed_correlations_give_back_the_moments_of_the_rows():
    data = frame(60)
    whole = Moments.from_frame(data)
    printed = Moments.from_correlation(data.corr(), data.std(), 60, data.mean())
    np.testing.assert_allclose(printed.cov, whole.cov, rtol=EXACT)
    np.testing.assert_allclose(printed.correlation, data.corr(), rtol=EXACT)
    assert printed.names == whole.names


@pytest.mark.parametrize(("denominator", "ddof"), [("n-1", 1), ("n", 0)])
def test_published_covariances_say_their_denominator(denominator, ddof):
    data = frame(8)
    moments = Moments.from_covariance(
        np.cov(data.T, ddof=ddof), 8, denominator=denominator, names=list(data.columns)
    )
    np.testing.assert_allclose(moments.cov, np.cov(data.T, ddof=0), rtol=EXACT)
    assert moments.mean is None


def test_gaps_and_text_are_named_with_counts_all_at_once():
    data = frame(5).assign(q3=[1, np.nan, 2, np.inf, 3], word=list("abcde"))
    with pytest.raises(DataError) as refusal:
        Moments.from_frame(data)
    assert str(refusal.value) == (
        "column 'q3': 2 of 5 values are missing, complete rows expected\n"
        "    Drop or fill the incomplete rows, and say so.\n"
        "column 'word': holds text, numbers expected\n    Recode it as numbers."
    )


def test_nullable_and_bool_columns_count_as_numbers():
    data = pd.DataFrame({"a": pd.array([1, 2, 4], dtype="Int64"), "b": [True, False, True]})
    np.testing.assert_allclose(np.diag(Moments.from_frame(data).cov), [14 / 9, 2 / 9], rtol=EXACT)


def test_constant_columns_are_named():
    with pytest.raises(DataError, match="column 'q3': holds the same value in every row"):
        Moments.from_frame(frame(5).assign(q3=0.1))


def test_one_row_is_refused():
    with pytest.raises(DataError, match="rows: 1 complete rows, at least 2 expected"):
        Moments.from_frame(frame(1))


@pytest.mark.parametrize(
    ("cov", "message"),
    [
        ([[1, 0.5], [0.4, 1]], "'a' with 'b' is 0.5 in one triangle and 0.4 in the other"),
        ([[1, 1.2], [1.2, 1]], "no data can have these .* mostly through 'a', 'b'"),
        ([[1, np.nan], [np.nan, 1]], "covariances of 'a', 'b' hold gaps"),
        ([[-1, 0], [0, 1]], "the variance of 'a' is negative"),
        ([[1, 0, 0], [0, 1, 0]], "matrix: 2 × 3 numbers for 2 columns"),
        ([[1, 0], [0, 0]], "column 'b': holds the same value in every row"),
    ],
)
def test_matrices_of_no_data_are_refused(cov, message):
    with pytest.raises(DataError, match=message):
        Moments.from_covariance(cov, 10, names=["a", "b"])


def test_a_diagonal_that_is_not_one_is_refused():
    with pytest.raises(DataError, match="the diagonal of 'b' is not 1"):
        Moments.from_correlation([[1, 0], [0, 2]], [1, 1], 10, names=["a", "b"])


def test_a_missing_standard_deviation_is_named():
    with pytest.raises(DataError, match="sd: no value for 'b'"):
        Moments.from_correlation([[1, 0], [0, 1]], {"a": 1.0}, 10, names=["a", "b"])


def test_rows_and_columns_of_a_printed_matrix_agree():
    printed = pd.DataFrame(np.eye(2), index=["b", "a"], columns=["a", "b"])
    with pytest.raises(DataError, match="rows and columns carry different names"):
        Moments.from_covariance(printed, 10)


def test_a_column_named_twice_is_refused():
    with pytest.raises(DataError, match="'a' stand more than once"):
        Moments.from_covariance(np.eye(2), 10, names=["a", "a"])


def test_a_subset_keeps_the_order_asked():
    moments = Moments.from_frame(frame(20)).subset(["q3", "满意度"])
    assert moments.names == ("q3", "满意度")
    np.testing.assert_allclose(moments.cov, np.cov(frame(20)[["q3", "满意度"]].T, ddof=0), rtol=EXACT)


def test_an_absent_column_is_named_with_the_nearest():
    with pytest.raises(DataError, match=r"column 'item 1': not in the data \(closest: 'item one'\)"):
        Moments.from_frame(frame(20)).subset(["item 1"])


def test_arrays_are_read_only_and_survive_pickling():
    moments = pickle.loads(pickle.dumps(Moments.from_frame(frame(20))))
    with pytest.raises(ValueError, match="read-only"):
        Moments.from_frame(frame(20)).cov[0, 0] = 1.0
    assert moments.names[0] == "满意度"

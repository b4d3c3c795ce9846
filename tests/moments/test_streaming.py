from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from servicefx.errors import DataError
from servicefx.moments import Moments
from servicefx.moments.streaming import streamed_group_moments, streamed_moments
from servicefx.study.batches import csv_batches, parquet_batches

EXACT = 1e-12  # closed forms in double precision


@pytest.fixture
def data(rng: np.random.Generator) -> pd.DataFrame:
    values = rng.normal(size=(500, 3)) @ np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 2.0]]) + 4
    frame = pd.DataFrame(values, columns=["满意度", "item one", "q3"])
    frame["weight"] = rng.uniform(0.5, 2, size=500)
    frame["school"] = np.where(np.arange(500) % 3 == 0, "Pasteur", "Grant-White")
    return frame


NAMES = ["满意度", "item one", "q3"]


def portions(frame: pd.DataFrame, *sizes: int) -> Iterator[pd.DataFrame]:
    start = 0
    for size in (*sizes, len(frame)):
        yield frame.iloc[start : start + size]
        start += size


def assert_same(one: Moments, other: Moments, tol: float = EXACT) -> None:
    assert one.names == other.names
    assert one.n_obs == other.n_obs
    assert one.mean is not None
    assert other.mean is not None
    np.testing.assert_allclose(one.mean, other.mean, rtol=tol)
    np.testing.assert_allclose(one.cov, other.cov, rtol=tol, atol=tol)


@pytest.mark.parametrize("sizes", [(), (1,), (1, 1, 1), (499,), (100, 7, 250), (0, 20, 0, 3)])
def test_any_portions_give_the_moments_of_the_whole(data, sizes):
    moments, dropped = streamed_moments(portions(data, *sizes), NAMES)
    assert_same(moments, Moments.from_frame(data[NAMES]))
    assert dropped == 0


def test_weights_give_the_moments_of_the_weighted_whole(data):
    moments, _ = streamed_moments(portions(data, 100, 7), NAMES, weights="weight")
    assert_same(moments, Moments.from_frame(data[NAMES], weights=data["weight"]))


def test_the_order_of_rows_does_not_matter(data):
    turned, _ = streamed_moments(portions(data.iloc[::-1], 77), NAMES)
    assert_same(turned, Moments.from_frame(data[NAMES]))


def test_streams_add_up_like_samples(data):
    first, _ = streamed_moments([data.iloc[:200]], NAMES)
    second, _ = streamed_moments([data.iloc[200:]], NAMES)
    assert_same(first + second, streamed_moments([data], NAMES)[0])


def test_a_mean_far_from_zero_costs_no_digits(rng):
    near = rng.integers(-50, 50, size=(3000, 2)) / 16  # exact in double precision, also when moved
    far = pd.DataFrame(near + 1e8, columns=["a", "b"])
    moments, _ = streamed_moments(portions(far, 1000, 1000), ["a", "b"])
    np.testing.assert_allclose(moments.cov, np.cov(near.T, ddof=0), rtol=1e-9)


def test_rows_with_gaps_are_refused_with_their_number_unless_listwise(data):
    holed = data.copy()
    holed.loc[[3, 300], "q3"] = np.nan
    holed.loc[300, "item one"] = np.nan
    with pytest.raises(DataError, match="column 'q3': 2 of 500 values are missing") as refused:
        streamed_moments(portions(holed, 100), NAMES)
    assert "column 'item one': 1 of 500" in str(refused.value)
    moments, dropped = streamed_moments(portions(holed, 100), NAMES, missing="listwise")
    assert dropped == 2
    assert_same(moments, Moments.from_frame(holed[NAMES].dropna()))


def test_an_infinite_value_is_no_gap(data):
    data.loc[5, "q3"] = np.inf
    with pytest.raises(DataError, match="column 'q3': 1 of 500 values are infinite"):
        streamed_moments([data], NAMES, missing="listwise")


def test_groups_have_their_own_moments(data):
    moments, dropped = streamed_group_moments(portions(data, 100, 7), NAMES, "school", weights="weight")
    assert list(moments) == ["Pasteur", "Grant-White"]
    assert dropped == 0
    for school, part in data.groupby("school"):
        assert_same(moments[str(school)], Moments.from_frame(part[NAMES], weights=part["weight"]))


def test_a_row_without_a_group_counts_as_one_with_a_gap(data):
    data.loc[[0, 1], "school"] = None
    with pytest.raises(DataError, match="column 'school': 2 of 500 rows belong to no group"):
        streamed_group_moments([data], NAMES, "school")
    moments, dropped = streamed_group_moments([data], NAMES, "school", missing="listwise")
    assert dropped == 2
    assert sum(group.n_obs for group in moments.values()) == 498


def test_what_a_stream_refuses(data):
    with pytest.raises(DataError, match=r"column 'q_3': not in the data \(closest: 'q3'\)"):
        streamed_moments([data], ["q_3"])
    with pytest.raises(DataError, match="column 'school': holds text, numbers expected"):
        streamed_moments([data], ["q3", "school"])
    with pytest.raises(DataError, match="column 'q3': holds the same value in every row"):
        streamed_moments([data.assign(q3=0.1)], ["q3"])
    with pytest.raises(DataError, match="1 complete rows, at least 2 expected"):
        streamed_moments([data.iloc[:1]], NAMES)
    with pytest.raises(DataError, match="0 complete rows"):
        streamed_moments([], NAMES)
    with pytest.raises(DataError, match="column 'weight': 1 of 500 weights are not above 0"):
        streamed_moments(
            [data.assign(weight=data["weight"].where(data.index > 0, 0))], NAMES, weights="weight"
        )
    with pytest.raises(ValueError, match="'pairwise' is not one of 'refuse', 'listwise'"):
        streamed_moments([data], NAMES, missing="pairwise")  # type: ignore[arg-type]


def test_parquet_and_csv_give_the_moments_of_the_frame(data, tmp_path):
    data.to_parquet(tmp_path / "data.parquet", row_group_size=60)
    data.to_csv(tmp_path / "data.csv", index=False)
    expected = Moments.from_frame(data[NAMES], weights=data["weight"])
    assert_same(Moments.from_parquet(tmp_path / "data.parquet", NAMES, weights="weight"), expected)
    assert_same(Moments.from_csv(str(tmp_path / "data.csv"), NAMES, weights="weight"), expected)
    batches = csv_batches(tmp_path / "data.csv", NAMES, labels=["school"])
    groups, _ = streamed_group_moments(batches, NAMES, "school")
    batches = parquet_batches(tmp_path / "data.parquet", NAMES, labels=["school"])
    again, _ = streamed_group_moments(batches, NAMES, "school")
    assert list(groups) == list(again) == ["Pasteur", "Grant-White"]
    assert_same(groups["Pasteur"], again["Pasteur"])


def test_parquet_of_every_kind_of_number(tmp_path):
    columns = {
        "int": pa.array([1, 2, None, 4]),
        "flag": pa.array([True, False, True, True]),
        "decimal": pa.array([1, 2, 3, 5]).cast(pa.decimal128(30, 2)),
        "category": pa.array([7, 7, 8, 9]).dictionary_encode(),
        "big": pa.array([2**60, 0, 1, 2]),
    }
    pq.write_table(pa.table(columns), tmp_path / "kinds.parquet")
    moments = Moments.from_parquet(tmp_path / "kinds.parquet", list(columns), missing="listwise")
    assert moments.n_obs == 3
    assert moments.mean is not None
    np.testing.assert_allclose(moments.mean, [7 / 3, 2 / 3, 8 / 3, 23 / 3, (2**60 + 2) / 3], rtol=EXACT)


def test_a_csv_with_semicolons_commas_and_a_mark_before_its_first_name(tmp_path):
    file = tmp_path / "european.csv"
    file.write_text("\ufeffa; b ;who\n1;2,5;x\n;4;y\n3;NA;z\n5;8,5;x\n7;1;x\n", encoding="utf-8")
    moments, dropped = streamed_moments(csv_batches(file, ["a", "b"]), ["a", "b"], missing="listwise")
    assert dropped == 2
    assert moments.mean is not None
    np.testing.assert_allclose(moments.mean, [13 / 3, 4.0], rtol=EXACT)
    file.write_text("满;a\n1;2.5\n3;4.5\n", encoding="gb18030")
    assert Moments.from_csv(file, ["满", "a"], decimal=".", encoding="gb18030").n_obs == 2
    with pytest.raises(DataError, match="the text is not in the encoding 'utf-8'"):
        Moments.from_csv(file, ["满"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,none\n", r"data.csv: column 'b': holds 'none', numbers expected"),
        ("a,c\n1,2\n", r"data.csv: column 'b': not in the file \(known: 'a', 'c'\)"),
        ("a,b,b\n1,2,2\n", "data.csv: column 'b': stands 2 times there"),
        ("a,b\n1,2\n1,2,3\n", "data.csv: the file cannot be read as a CSV file"),
        ("", "data.csv: the file is empty"),
        ("a,b\n", "0 complete rows|cannot be read as a CSV file"),
    ],
)
def test_what_a_csv_file_is_refused_for(tmp_path, text, message):
    (tmp_path / "data.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        Moments.from_csv(tmp_path / "data.csv", ["a", "b"])


def test_what_a_parquet_file_is_refused_for(tmp_path, data):
    data.assign(day=pd.Timestamp("2026-01-01")).to_parquet(tmp_path / "data.parquet")
    with pytest.raises(DataError, match=r"data.parquet: column 'school': holds text, numbers expected"):
        Moments.from_parquet(tmp_path / "data.parquet", ["q3", "school"])
    with pytest.raises(DataError, match=r"column 'day': holds values of type timestamp"):
        Moments.from_parquet(tmp_path / "data.parquet", ["day"])
    with pytest.raises(DataError, match=r"column 'q33': not in the file \(closest: 'q3'\)"):
        Moments.from_parquet(tmp_path / "data.parquet", ["q33"])
    with pytest.raises(DataError, match="there is no such file"):
        Moments.from_parquet(tmp_path / "absent.parquet", ["q3"])
    with pytest.raises(DataError, match="there is no such file"):
        Moments.from_csv(tmp_path / "absent.csv", ["q3"])
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(DataError, match="cannot be read as a parquet file"):
        Moments.from_parquet(tmp_path / "text.parquet", ["q3"])

"""Every kind of file to the same frame; what a file cannot be is said."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from servicefx.errors import DataError
from servicefx.study.files import read_table
from servicefx.study.spec import DataSpec

FRAME = pd.DataFrame(
    {
        "id": pd.Series(["c1", "c2", "c3"], dtype="str"),
        "满意": [5.0, np.nan, 7.0],
        "wait hours": [0.5, 12.0, 48.25],
        "n": [1, 2, 3],
    }
)


def spec(**keys: object) -> DataSpec:
    return DataSpec.model_validate({"file": "x", **keys})


def csv(path: Path) -> None:
    FRAME.to_csv(path, index=False)


def xlsx(path: Path) -> None:
    FRAME.to_excel(path, index=False)


def parquet(path: Path) -> None:
    FRAME.set_index("id").reset_index().to_parquet(path)


WRITERS: dict[str, Callable[[Path], None]] = {"csv": csv, "tsv": csv, "xlsx": xlsx, "parquet": parquet}


@pytest.mark.parametrize("ending", WRITERS)
def test_every_kind_of_file_gives_the_same_frame(ending, tmp_path):
    path = tmp_path / f"survey.{ending}"
    WRITERS[ending](path)
    table = read_table(path, spec())
    pd.testing.assert_frame_equal(table.frame, FRAME, check_dtype=False)
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert table.file == path.name


def write_sav(path: Path) -> None:
    frame = pd.DataFrame(
        {"id": ["c1", "c2", "c3", ""], "sat": [1.0, 98.0, 99.0, 7.0], "rel": [-9.0, 2.0, np.nan, 3.0]}
    )
    pyreadstat.write_sav(
        frame,
        str(path),
        column_labels={"sat": "总体满意度", "rel": "Kept their word?"},
        variable_value_labels={"sat": {1: "不满意", 7: "满意", 99: "don't know"}},
        missing_ranges={"sat": [{"lo": 90, "hi": 99}], "rel": [-9], "id": ["c3"]},
    )


def test_an_spss_file_brings_its_labels_and_its_own_missing_ranges(tmp_path):
    write_sav(tmp_path / "survey.sav")
    table = read_table(tmp_path / "survey.sav", spec())
    np.testing.assert_array_equal(table.frame["sat"], [1, np.nan, np.nan, 7])
    np.testing.assert_array_equal(table.frame["rel"], [np.nan, 2, np.nan, 3])
    assert table.frame["id"].isna().tolist() == [False, False, True, False]
    lost = {column: np.flatnonzero(rows).tolist() for column, rows in table.user_missing.items()}
    assert lost == {"id": [2], "sat": [1, 2], "rel": [0]}
    assert table.variable_labels == {"sat": "总体满意度", "rel": "Kept their word?"}
    assert table.value_labels == {"sat": {1.0: "不满意", 7.0: "满意", 99.0: "don't know"}}


def test_a_stata_file_brings_its_labels_and_its_lettered_missing(tmp_path):
    frame = pd.DataFrame(
        {"id": ["c1", "c2", "c3", "c4"], "sat": [1, "a", 7, "b"], "wait": [0.5, np.nan, 2, 3]}
    )
    pyreadstat.write_dta(
        frame,
        str(tmp_path / "survey.dta"),
        column_labels={"id": "who", "sat": "Satisfied?", "wait": "hours"},
        variable_value_labels={"sat": {1: "no", 7: "yes"}},
        missing_user_values={"sat": ["a", "b"]},
    )
    table = read_table(tmp_path / "survey.dta", spec())
    np.testing.assert_array_equal(table.frame["sat"], [1, np.nan, 7, np.nan])
    np.testing.assert_array_equal(table.frame["wait"], [0.5, np.nan, 2, 3])
    assert {column: rows.tolist() for column, rows in table.user_missing.items()} == {
        "sat": [False, True, False, True]
    }
    assert table.value_labels == {"sat": {1.0: "no", 7.0: "yes"}}
    assert table.variable_labels["sat"] == "Satisfied?"


def test_an_excel_column_of_numbers_and_texts_becomes_text(tmp_path):
    book = openpyxl.Workbook()
    rows = [[None] * 3, ["id", "q", "when"], [1, 5, pd.Timestamp("2025-03-01")], [2, "N/A", None], [None] * 3]
    for row in rows:
        book.active.append(row)
    book.create_sheet("Sheet2")
    book.save(tmp_path / "s.xlsx")
    frame = read_table(tmp_path / "s.xlsx", spec()).frame
    assert frame["id"].tolist() == [1, 2]
    assert frame["q"].tolist() == ["5", "N/A"]
    assert frame["when"].iloc[0] == "2025-03-01"


def test_of_several_sheets_one_must_be_named(tmp_path):
    with pd.ExcelWriter(tmp_path / "s.xlsx") as writer:
        FRAME.to_excel(writer, sheet_name="Answers", index=False)
        FRAME.to_excel(writer, sheet_name="Codebook", index=False)
    with pytest.raises(DataError) as raised:
        read_table(tmp_path / "s.xlsx", spec())
    assert str(raised.value) == (
        "s.xlsx: 2 sheets hold something ('Answers', 'Codebook'), and the study file names none\n"
        "    Add sheet = the name of the sheet with the answers."
    )
    assert len(read_table(tmp_path / "s.xlsx", spec(sheet="Answers")).frame) == 3
    with pytest.raises(DataError) as raised:
        read_table(tmp_path / "s.xlsx", spec(sheet="Answer"))
    assert (
        str(raised.value) == "s.xlsx: no sheet 'Answer' (closest: 'Answers')\n    Correct the sheet's name."
    )


def test_parquet_columns_of_every_kind_are_read(tmp_path):
    table = pa.table(
        {
            "flag": pa.array([True, None, False]),
            "whole": pa.array([1, None, 3], pa.int64()),
            "money": pa.array(["1.50", "2.25", None]).cast(pa.decimal128(8, 2)),
            "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
            "day": pa.array([0, 1, None], pa.date32()),
        }
    )
    pq.write_table(table, tmp_path / "s.parquet")
    frame = read_table(tmp_path / "s.parquet", spec()).frame
    np.testing.assert_array_equal(frame["flag"], [1, np.nan, 0])
    np.testing.assert_array_equal(frame["whole"], [1, np.nan, 3])
    np.testing.assert_array_equal(frame["money"], [1.5, 2.25, np.nan])
    assert frame["kind"].tolist() == ["a", "b", "a"]
    assert frame["day"].tolist()[:2] == ["1970-01-01", "1970-01-02"]


@pytest.mark.parametrize("ending", ["xlsx", "sav", "dta", "parquet", "csv"])
def test_an_empty_file_is_refused(ending, tmp_path):
    (tmp_path / f"s.{ending}").touch()
    with pytest.raises(DataError) as raised:
        read_table(tmp_path / f"s.{ending}", spec())
    assert str(raised.value) == f"s.{ending}: the file is empty\n    Export the data again."


@pytest.mark.parametrize(
    ("ending", "what"),
    [
        ("xlsx", "an Excel workbook"),
        ("sav", "an SPSS file"),
        ("dta", "a Stata file"),
        ("parquet", "a parquet file"),
    ],
)
def test_a_file_that_is_not_what_its_ending_says_is_refused(ending, what, tmp_path):
    (tmp_path / f"s.{ending}").write_bytes(b"id,q\n1,2\n" * 50)
    with pytest.raises(DataError, match=rf"^s\.{ending}: the file cannot be read as {what} \(") as raised:
        read_table(tmp_path / f"s.{ending}", spec())
    assert str(raised.value).endswith("\n    Export it again, or correct its ending.")


@pytest.mark.parametrize("ending", ["xlsx", "parquet", "sav", "dta"])
def test_a_file_without_rows_is_refused(ending, tmp_path):
    path = tmp_path / f"s.{ending}"
    none = FRAME.rename(columns={"满意": "sat", "wait hours": "wait"}).iloc[:0]
    writers = {
        "xlsx": lambda: none.to_excel(path, index=False),
        "parquet": lambda: none.to_parquet(path),
        "sav": lambda: pyreadstat.write_sav(none, str(path)),
        "dta": lambda: pyreadstat.write_dta(none, str(path)),
    }
    writers[ending]()
    with pytest.raises(DataError) as raised:
        read_table(path, spec())
    assert str(raised.value) == (
        f"s.{ending}: the file has a header but no rows\n    Export the data again, with their rows."
    )


def test_two_columns_of_one_name_are_refused_in_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    for row in (["q1", "q2", "q1"], [1, 2, 3]):
        book.active.append(row)
    book.save(tmp_path / "s.xlsx")
    with pytest.raises(DataError) as raised:
        read_table(tmp_path / "s.xlsx", spec())
    assert str(raised.value) == (
        "s.xlsx: columns 1, 3: 2 columns have the name 'q1'\n    Give each column a name of its own."
    )


def test_another_ending_is_refused_with_those_that_are_read(tmp_path):
    (tmp_path / "s.xls").write_bytes(b"x")
    with pytest.raises(DataError) as raised:
        read_table(tmp_path / "s.xls", spec())
    assert str(raised.value) == (
        "s.xls: files ending in '.xls' are not read (supported: '.csv', '.tsv', '.txt', '.xlsx', "
        "'.sav', '.dta', "
        "'.parquet')\n    Save the data as .csv or .xlsx."
    )


def test_readers_are_imported_only_when_their_kind_of_file_is_read():
    code = (
        "import sys, servicefx.study.study\n"
        "print([name for name in ('openpyxl', 'pyreadstat', 'pyarrow.parquet') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

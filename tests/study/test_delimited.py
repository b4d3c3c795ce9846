"""Delimited text of every make: delimiter, encoding, decimal comma, quotes, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.study.delimited import read_delimited

EXPECTED = pd.DataFrame({"id": ["a", "b"], "满意 度": [1.5, np.nan], "q,2": [3, 4]})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_delimiter_line_ends_and_encoding_are_found_by_looking(delimiter, ends, encoding):
    number = "1,5" if delimiter == ";" else "1.5"
    rows = [["id", " 满意 度 ", '"q,2"'], ["a", number, "3"], ["b", "", "4"]]
    text = ends.join(delimiter.join(row) for row in rows) + ends
    read = read_delimited(text.encode(encoding), "survey.csv")
    pd.testing.assert_frame_equal(read.frame, EXPECTED, check_dtype=False)


def test_a_semicolon_file_may_write_points_as_well():
    read = read_delimited(b"a;b\n1.5;2\n2,5;3\n", "survey.csv")
    assert read.decimal == ","
    assert read.frame["a"].tolist() == ["1.5", "2,5"]  # text and decimal: `missing.numbers` reads both


def test_quoted_fields_hold_delimiters_quotes_and_line_ends():
    text = 'id,"said, twice",q\n1,"good, ""very"" good\nreally",5\n2,,4\n'
    frame = read_delimited(text.encode(), "survey.csv").frame
    assert list(frame.columns) == ["id", "said, twice", "q"]
    assert frame["said, twice"].iloc[0] == 'good, "very" good\nreally'
    assert frame["q"].tolist() == [5, 4]


def test_a_decimal_comma_does_not_pass_for_a_delimiter():
    frame = read_delimited(b"a;b\n1,5;2,5\n3,5;4,5\n", "survey.csv").frame
    assert frame.to_numpy().tolist() == [[1.5, 2.5], [3.5, 4.5]]


def test_a_single_column_is_a_table_too():
    assert read_delimited(b"q1\n1\n\n2\n", "survey.csv").frame["q1"].tolist()[::2] == [1, 2]


def test_numbers_come_out_to_the_last_bit():
    numbers = np.random.default_rng(1).normal(size=500) * 10.0 ** np.arange(-25, 25).repeat(10)
    text = "a,b\n" + "".join(f"{x!r},1\n" for x in numbers.tolist())
    assert (read_delimited(text.encode(), "survey.csv").frame["a"].to_numpy() == numbers).all()


def test_ids_stay_as_written():
    frame = read_delimited(b"id,q\n007,1\n7,2\n", "survey.csv", as_text=("id",)).frame
    assert frame["id"].tolist() == ["007", "7"]


def test_words_pandas_takes_for_missing_are_left_to_the_study_file():
    frame = read_delimited(b"a,b\nNA,1\nnull,2\n-,3\n", "survey.csv").frame
    assert frame["a"].tolist() == ["NA", "null", "-"]


def test_a_blank_line_keeps_its_row_and_trailing_ones_are_none():
    frame = read_delimited(b"a,b\n1,2\n\n3,4\n\n\n", "survey.csv").frame
    assert frame["a"].isna().tolist() == [False, True, False]


def test_a_nameless_empty_last_column_is_left_out():
    frame = read_delimited(b"a;b;\n1;2;\n3;4;\n", "survey.csv").frame
    assert list(frame.columns) == ["a", "b"]


def test_a_line_that_states_the_delimiter_is_heeded():
    frame = read_delimited(b"sep=|\r\na|b\r\n1|2\r\n", "survey.csv").frame
    assert list(frame.columns) == ["a", "b"]


def test_a_stated_encoding_is_used():
    content = "größe;b\nüß;2\n".encode("cp1252")
    frame = read_delimited(content, "survey.csv", encoding="cp1252").frame
    assert frame["größe"].tolist() == ["üß"]


REFUSED = {
    "nothing but white space": (b" \n\n", {}, "survey.csv: the file is empty\n    Export the data again."),
    "a header without rows": (
        b"a,b\n",
        {},
        "survey.csv: the file has a header but no rows\n    Export the data again, with their rows.",
    ),
    "two columns of one name": (
        b"a,b, a\n1,2,3\n",
        {},
        "survey.csv: columns 1, 3: 2 columns have the name 'a'\n    Give each column a name of its own.",
    ),
    "a column without a name": (
        b"a,,c\n1,2,3\n",
        {},
        "survey.csv: column 2: the column has no name\n    Name it in the first row.",
    ),
    "a row too long": (
        b"a,b\n1,2\n1,2,3\n",
        {},
        "survey.csv: row 2: 3 fields where the header has 2 (delimiter ',')\n"
        "    Put texts that hold the delimiter in double quotes, or state the delimiter of the file.",
    ),
    "rows too short": (
        b"a\tb\tc\n1\t2\n1\t2\t3\n1\n1\t2\t3\n1\t2\t3\n",
        {},
        "survey.csv: row 1: 2 fields where the header has 3 (delimiter 'tab'); so it is in 1 more row\n"
        "    Put texts that hold the delimiter in double quotes, or state the delimiter of the file.",
    ),
    "a row too long among quotes": (
        b'a,b\n1,"2"\n1,2,3\n1,2,3\n',
        {"delimiter": ","},
        "survey.csv: row 2: 3 fields where the header has 2 (delimiter ','); so it is in 1 more row\n"
        "    Put texts that hold the delimiter in double quotes, or state the delimiter of the file.",
    ),
    "a quote that is never closed": (
        b'a,b\n1,"2\n1,2\n',
        {"delimiter": ","},
        None,
    ),
    "Western accents, unstated": (
        "größe,b\nübel,2\n".encode("cp1252"),
        {},
        "survey.csv: the text is neither UTF-8 nor GB18030\n"
        '    State its encoding in the study file, such as encoding = "cp1252", or save it as UTF-8.',
    ),
    "another encoding than stated": (
        "größe,b\nübel,2\n".encode("cp1252"),
        {"encoding": "utf-8"},
        "survey.csv: the text is not in encoding 'utf-8'\n"
        '    State its encoding in the study file, such as encoding = "cp1252", or save it as UTF-8.',
    ),
    "an unknown encoding": (
        b"a,b\n1,2\n",
        {"encoding": "utf-99"},
        "survey.csv: encoding 'utf-99' is unknown\n    State one such as 'utf-8', 'gb18030', 'cp1252'.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_text_that_is_no_table_is_refused(case):
    content, options, expected = REFUSED[case]
    with pytest.raises(DataError) as raised:
        read_delimited(content, "survey.csv", **options)
    if expected is not None:
        assert str(raised.value) == expected

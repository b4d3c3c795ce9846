import json

import numpy as np
import pandas as pd
import pytest

from servicefx.report.compare import Difference, compare_pages, compare_reports, compare_tables
from servicefx.report.page import render_report
from servicefx.report.render import render_csv
from servicefx.values.table import Phrase, Table

CSV = b"outcome,term,estimate,p_value,n_obs,verdict\ns,a,1.0,0.5,10,supported\ns,b,1000.0,,12,undecided\n"
A, B = "outcome 's', term 'a'", "outcome 's', term 'b'"


def changed(old: bytes, new: bytes) -> list[Difference]:
    return compare_tables(CSV, CSV.replace(old, new, 1), "t")


def test_the_same_table_has_no_differences():
    assert compare_tables(CSV, CSV, "t") == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (b"a,1.0", b"a,1.0009", []),  # the column's scale is 1000: a thousandth is a millionth of it
        (b"a,1.0", b"a,1.002", [(A, "estimate", "1.0", "1.002")]),
        (b"0.5", b"0.5000004", []),
        (b"0.5", b"0.500001", [(A, "p_value", "0.5", "0.500001")]),
        (b",10,", b",11,", [(A, "n_obs", "10", "11")]),
        (b"1000.0", b"", [(B, "estimate", "1000.0", "")]),
        (b"1000.0", b"inf", [(B, "estimate", "1000.0", "inf")]),
        (b"1000.0", b"nan", [(B, "estimate", "1000.0", "nan")]),
        (b"undecided", b"supported", [(B, "verdict", "undecided", "supported")]),
        (b"1000.0", b"1e3", []),
        (b"s,b,1000.0,,12,undecided\n", b"", [(B, "", "row", "")]),
        (b"s,b,", b"s,c,", [(B, "", "row", ""), ("outcome 's', term 'c'", "", "", "row")]),
        (b"p_value", b"loading", [("", "p_value", "column", ""), ("", "loading", "", "column")]),
    ],
)  # fmt: skip
def test_what_differs_is_named_and_what_arithmetic_moves_is_not(old, new, found):
    assert [(d.row, d.column, d.old, d.new) for d in changed(old, new)] == found


def test_a_difference_reads_as_a_sentence():
    (difference,) = changed(b"undecided", b"supported")
    assert str(difference) == "t: outcome 's', term 'b', verdict: 'undecided' is now 'supported'"


def test_rows_are_paired_by_their_labels_whatever_their_order():
    lines = CSV.splitlines(keepends=True)
    assert compare_tables(CSV, b"".join([lines[0], lines[2], lines[1]]), "t") == []


def test_rows_no_label_tells_apart_are_paired_by_place():
    old = b"term,estimate\na,1.0\na,2.0\n"
    (difference,) = compare_tables(old, old.replace(b"2.0", b"3.0"), "t")
    assert (difference.row, difference.old, difference.new) == ("row 2", "2.0", "3.0")


@pytest.mark.parametrize("broken", [b"", b"\xff\xfe", b'a,b\n"x', b"a,b\n1\n", b"a,a\n1,2\n"])
def test_what_is_no_table_is_a_difference(broken):
    (difference,) = compare_tables(broken, CSV, "t")
    assert (difference.old, difference.new) == ("no table", "a table")


def test_one_cell_changed_by_hand_is_found_and_named():
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"item": [f"i{n}" for n in range(50)], "loading": rng.normal(size=50)})
    table = Table(id="t", title=Phrase(key="note.text", values={"text": ""}), rows=rows)
    tampered = Table(
        id="t", title=table.title, rows=rows.assign(loading=rows["loading"].where(rows.index != 17, 0.9))
    )
    (difference,) = compare_tables(render_csv(tampered), render_csv(table), "t")
    assert (difference.row, difference.column, difference.old) == ("item 'i17'", "loading", "0.9")


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (b"0.31 [0.20, 0.42]", b"0.32 [0.20, 0.41]", True),
        (b"0.31", b"0.33", False),
        (b"6,000 rows", b"6,001 rows", False),
        (b"1,234,567", b"1,234,568", True),
        (b"goes with", b"raises", False),
        (b"x=12.34", b"x=12.35", True),
        (b"1\n2", b"1\n2\n3", False),
        (b"\xff", b"1", False),
    ],
)
def test_pages_may_differ_in_the_last_digit_of_a_rounded_number_alone(old, new, same):
    assert (compare_pages(old, new, "p") == []) is same


def test_a_report_agrees_with_its_rebuild_and_a_changed_word_is_found(study, sections):
    files = render_report(study, sections)
    assert compare_reports(files, files) == []
    page = files["report.html"].replace(b"Reliability matters.", b"Nothing matters.")
    (difference,) = compare_reports({**files, "report.html": page}, files)
    assert difference.table == "report.html"
    assert "Nothing" in difference.old


def test_files_only_one_side_has_are_named(study, sections):
    files = render_report(study, sections)
    fewer = {name: content for name, content in files.items() if name != "tables/items.csv"}
    assert [(d.table, d.old, d.new) for d in compare_reports(fewer, files)] == [
        ("tables/items.csv", "", "file")
    ]
    assert [(d.table, d.old, d.new) for d in compare_reports(files, fewer)] == [
        ("tables/items.csv", "file", "")
    ]


def test_other_versions_of_programs_are_no_difference_but_other_settings_are(study, sections):
    files = render_report(study, sections)
    manifest = json.loads(files["manifest.json"])
    manifest["versions"]["numpy"] = "9.9"
    assert compare_reports({**files, "manifest.json": json.dumps(manifest).encode()}, files) == []
    manifest["settings"]["draws"] = 10
    (difference,) = compare_reports({**files, "manifest.json": json.dumps(manifest).encode()}, files)
    assert difference.column == "settings"
    page = files["report.html"].replace(b"numpy 2", b"numpy 9")
    assert page != files["report.html"]
    assert compare_reports({**files, "report.html": page}, files) == []

import csv
import io
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from servicefx.report.render import render_csv, render_html, render_markdown, view_of
from servicefx.values.table import Phrase, Table

from_text = Phrase(key="note.text", values={"text": "A title"})


def table(rows: pd.DataFrame, **more) -> Table:
    return Table(id="t", title=from_text, rows=rows, **more)


def texts(view, column):
    position = [head.text for head in view.heads].index(column)
    return [row[position].text for row in view.rows]


def test_csv_reads_back_as_the_same_doubles():
    rng = np.random.default_rng(5)
    values = np.concatenate(
        [rng.normal(size=200) * 10.0 ** rng.integers(-300, 300, 200), [np.nan, np.inf, -np.inf]]
    )
    written = render_csv(table(pd.DataFrame({"estimate": values})))
    lines = list(csv.reader(io.StringIO(written.decode())))
    read = [float(cell or "nan") for (cell,) in lines[1:]]
    np.testing.assert_array_equal(read, values)


def test_csv_is_utf8_with_line_feeds_and_empty_cells_for_nothing():
    rows = pd.DataFrame(
        {"term": ["客,户", 'a "b"\nc', None], "estimate": [0.1, np.nan, np.inf], "n_obs": [3.0, np.nan, 2.0]}
    )
    written = render_csv(table(rows))
    assert written == 'term,estimate,n_obs\n"客,户",0.1,3\n"a ""b""\nc",,\n,inf,2\n'.encode()


def test_csv_keeps_ids_where_views_show_labels(estimates, labels):
    drivers = table(estimates)
    assert b"reliability" in render_csv(drivers)
    assert "可靠性" in render_markdown(drivers, labels)
    assert "reliability" not in render_markdown(drivers, labels)


def test_interval_and_shared_columns_are_said_once(estimates, labels):
    view = view_of(table(estimates, notes=(Phrase(key="note.level", values={"level": 0.9}),)), labels)
    assert [head.text for head in view.heads] == ["Term", "Estimate", "Std. error", "df", "p", "90% interval"]
    assert dict(view.shared) == {
        "Outcome": "Satisfaction with the service received during the last twelve months",
        "n": "250",
    }
    assert texts(view, "90% interval")[1] == "[−0.530,\xa00.140]"
    assert texts(view, "p") == ["<\xa0.001", ".023", "–"]


def test_a_heading_names_no_level_the_table_does_not_state(estimates, labels):
    assert "Interval" in [head.text for head in view_of(table(estimates), labels).heads]


def test_missing_numbers_carry_the_letter_of_their_reason(estimates, labels):
    view = view_of(table(estimates), labels)
    assert view.reasons == (("a", "held fixed"),)
    assert [cell.mark for cell in view.rows[2]] == ["", "a", "a", "", "a", "a"]
    assert "<sup>a</sup> held fixed" in render_html(table(estimates), labels)
    assert "(a) held fixed" in render_markdown(table(estimates), labels)


def test_units_and_measures_decide_how_a_mixed_column_reads(labels):
    rows = pd.DataFrame(
        {
            "measure": ["benefit_per_period", "change", "top_two_box", "p_value", "df"],
            "unit": ["CNY per period", "share", "", "", ""],
            "estimate": [9.5, 0.0181, 0.128, 0.0001, 62.0],
            "conf_low": [-2.5e5, 0.016, 0.092, np.nan, np.nan],
            "conf_high": [5e5, 0.02, 0.175, np.nan, np.nan],
        }
    )
    view = view_of(table(rows), labels)
    assert texts(view, "Estimate") == ["9.50", "1.8%", "12.8%", "<\xa0.001", "62"]
    assert texts(view, "Interval")[:3] == ["[−250,000,\xa0500,000]", "[1.6%,\xa02.0%]", "[9.2%,\xa017.5%]"]


def test_claimed_ranges_read_as_the_claim_states_them(labels):
    rows = pd.DataFrame(
        {
            "claim": ["K2a", "K2b", "K6"],
            "unit": ["share", "share", ""],
            "target_low": [0.6, 0.9, 10.0],
            "target_high": [0.7, np.inf, 10.0],
        }
    )
    assert texts(view_of(table(rows), labels), "Claimed") == ["60.0%–70.0%", "at least 90.0%", "10.00"]


def test_answers_are_pivoted_and_counted(items, labels):
    view = view_of(table(items), labels)
    assert [head.text for head in view.heads] == ["Construct", "Item", "1", "2", "3", "n"]
    assert [cell.text for cell in view.rows[0]] == ["可靠性", "rel1", "10.0%", "20.0%", "70.0%", "250"]


def test_table_one_has_alpha_on_the_diagonal_and_correlations_below(labels):
    rows = pd.DataFrame(
        [
            {"construct": "reliability", "measure": "mean", "estimate": 5.05, "n_obs": 250},
            {"construct": "reliability", "measure": "sd", "estimate": 0.97, "n_obs": 250},
            {"construct": "reliability", "measure": "alpha", "estimate": 0.861, "n_obs": 240},
            {"construct": "loyalty", "measure": "mean", "estimate": 2226.0, "n_obs": 248},
            {"construct": "loyalty", "measure": "sd", "estimate": 1.06, "n_obs": 248},
            {"construct": "loyalty", "measure": "alpha", "n_obs": 248, "undefined": "one item"},
            {
                "construct": "loyalty", "measure": "correlation", "other": "reliability", "estimate": -0.4,
                "conf_low": -0.5, "conf_high": -0.3, "n_obs": 245,
            },
        ]
    )  # fmt: skip
    view = view_of(table(rows, layout="table_one"), labels)
    assert [head.text for head in view.heads] == ["Construct", "n", "M", "SD", "1", "2"]
    assert [cell.text for cell in view.rows[0]] == ["1. 可靠性", "250", "5.05", "0.97", "(0.86)", ""]
    assert [cell.text for cell in view.rows[1]] == [
        "2. Customer loyalty",
        "248",
        "2,226",
        "1.06",
        "−0.40",
        "–",
    ]
    assert view.rows[1][4].small == "[−0.50,\xa0−0.30]"
    assert view.rows[1][5].mark == "a"
    assert view.reasons == (("a", "one item"),)


def test_html_escapes_strangers_names_and_is_well_formed(estimates, labels):
    fragment = str(render_html(table(estimates), labels, number=3))
    assert "<script" not in fragment
    assert "&lt;script&gt;" in fragment
    ElementTree.fromstring(fragment)


def test_html_has_caption_scopes_and_the_path_of_its_numbers(estimates, labels):
    root = ElementTree.fromstring(str(render_html(table(estimates), labels, number=3)))
    assert "".join(root.find(".//caption").itertext()).startswith("Table 3 A title")
    assert {cell.get("scope") for cell in root.iter("th")} == {"col", "row"}
    assert root.find(".//a").get("href") == "tables/t.csv"


def test_markdown_keeps_its_columns_whatever_the_names(estimates, labels):
    page = render_markdown(table(estimates), labels)
    body = [line for line in page.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in body}) == 1
    assert r"\<script\>" in page
    assert r"age \| years" in page


@pytest.mark.parametrize("columns", [["term"], ["term", "estimate"], ["estimate"]])
def test_a_table_without_rows_is_shown_as_one(columns, labels):
    empty = table(pd.DataFrame({column: [] for column in columns}))
    assert render_csv(empty).decode() == ",".join(columns) + "\n"
    assert "A title" in render_html(empty, labels)
    assert "A title" in render_markdown(empty, labels)


def test_every_csv_row_has_as_many_cells_as_the_header(estimates):
    lines = list(csv.reader(io.StringIO(render_csv(table(estimates)).decode())))
    assert {len(line) for line in lines} == {len(estimates.columns)}

"""Rows of a frame: what is refused in which words, and under which reason a row left out is counted."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.models.frame_rows import (
    check_columns,
    check_named_once,
    check_present,
    check_varying,
    frame_rows,
    without_gaps,
)

WHERE = "drivers of 'y'"
DATA = pd.DataFrame(
    {"y": [1.0, 2.0, np.nan, 4.0, 5.0, 6.0], "x": [1, 2, 3, 4, 5, 6], "shop": list("aabbcc")},
    index=[7, 7, 3, 9, 1, 0],
)


def said(refusal: pytest.ExceptionInfo[DataError]) -> list[tuple[str, str, str]]:
    return [(one.where, one.found, one.remedy) for one in refusal.value.problems]


def test_a_row_is_counted_once_under_the_first_of_column_cluster_and_weight_that_it_lacks() -> None:
    clusters = pd.Series(["a", None, None, "b", "b", "a"], name="dealer")
    weights = pd.Series([1.0, 1.0, np.nan, np.nan, 2.0, 3.0], name="w")
    rows = frame_rows(DATA, ["y", "x"], WHERE, clusters=clusters, weights=weights)
    assert rows.dropped == {"y missing": 1, "cluster 'dealer' missing": 1, "weight 'w' missing": 1}
    assert rows.positions.tolist() == [0, 4, 5]
    assert rows.frame.to_dict("list") == {"y": [1.0, 5.0, 6.0], "x": [1.0, 5.0, 6.0]}
    assert rows.clusters is not None
    assert rows.weights is not None
    assert rows.clusters.tolist() == ["a", "b", "a"]
    assert rows.weights.tolist() == [1.0, 2.0, 3.0]
    for beside in (rows.frame, rows.clusters, rows.weights):
        assert beside.index.tolist() == [0, 1, 2]


def test_no_complete_row_is_an_answer_that_the_question_itself_refuses() -> None:
    rows = frame_rows(DATA.assign(y=np.nan), ["y"], WHERE, clusters=None, weights=None)
    assert len(rows.frame) == 0
    assert rows.dropped == {"y missing": 6}


@pytest.mark.parametrize("kind", ["cluster", "weight"])
def test_clusters_and_weights_stand_one_a_row(kind: str) -> None:
    few = pd.Series([1.0, 2.0], name="few")
    with pytest.raises(DataError) as refusal:
        frame_rows(
            DATA, ["y"], WHERE,
            clusters=few if kind == "cluster" else None, weights=few if kind == "weight" else None,
        )  # fmt: skip
    assert said(refusal) == [(WHERE, f"2 {kind}s for 6 rows", f"Give one {kind} a row.")]


def test_gaps_count_only_among_the_rows_asked_about() -> None:
    gaps = {"x missing": np.array([True, True, False]), "z missing": np.array([False, True, False])}
    among = np.array([False, True, True])
    kept, dropped = without_gaps(gaps, among)
    assert kept.tolist() == [False, False, True]
    assert dropped == {"x missing": 1}
    assert among.tolist() == [False, True, True]


def test_every_absent_column_and_every_text_is_told_at_once() -> None:
    with pytest.raises(DataError) as refusal:
        check_columns(DATA, ["shap", "x", "shop"], WHERE, recode="Code it as numbers.")
    assert said(refusal) == [
        (WHERE, "column 'shap' is not in the data (closest: 'shop')", "Correct the name."),
        (WHERE, "column 'shop' holds text, expected numbers", "Code it as numbers."),
    ]


def test_presence_alone_asks_for_no_numbers() -> None:
    check_present(DATA, ["shop", "x"], WHERE)
    with pytest.raises(DataError) as refusal:
        check_present(DATA, ["shap", "shopp"], WHERE, "Correct it.")
    assert said(refusal) == [
        (WHERE, f"column '{name}' is not in the data (closest: 'shop')", "Correct it.")
        for name in ("shap", "shopp")
    ]


def test_names_that_stand_twice_are_told_in_order_and_in_the_words_given() -> None:
    check_named_once(["y", "x"], WHERE, "Name each column once.")
    found = "these have two parts at once: 'a', 'y'"
    with pytest.raises(DataError, match=re.escape(found)):
        check_named_once(["y", "a", "x", "a", "y"], WHERE, "Name different columns.", "these")


def test_infinite_values_are_refused_before_columns_that_hold_one_value() -> None:
    frame = pd.DataFrame({"a": [1.0, np.inf, 2.0], "b": [0.3, 0.1 + 0.2, 0.3], "c": [1.0, 2.0, 3.0]})
    with pytest.raises(DataError) as refusal:
        check_varying(frame, WHERE, "Remove it.")
    assert said(refusal) == [(WHERE, "infinite values in 'a'", "Replace them by a number or a gap.")]
    with pytest.raises(DataError) as refusal:
        check_varying(frame[["b", "c"]], WHERE, "Leave it out.")
    assert said(refusal) == [(WHERE, "'b' has the same value in all 3 rows used", "Leave it out.")]

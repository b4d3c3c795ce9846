"""Pages of answers: only columns of the glossary, numbers kept whole, nothing shared with the caller."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest

from servicefx.values.table import Figure, Phrase, Section, Table

TITLE = Phrase(key="table.drivers")


def rows() -> pd.DataFrame:
    """Two estimates, indexed as a filtered frame would be."""
    return pd.DataFrame(
        {"term": ["empathy", "可靠性"], "estimate": [1 / 3, 2e-300], "n_obs": [250, 250]}, index=[7, 3]
    )


def test_unknown_columns_are_refused_and_all_are_named() -> None:
    with pytest.raises(
        ValueError, match=r"table 'drivers' has columns that are not in the glossary: coef, pval$"
    ):
        Table(id="drivers", title=TITLE, rows=rows().assign(coef=1.0, pval=0.5))


def test_a_column_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="table 't' has columns that are not in the glossary: 0"):
        Table(id="t", title=TITLE, rows=pd.DataFrame([[1.0]]))


def test_rows_are_numbered_afresh_in_their_order() -> None:
    table = Table(id="drivers", title=TITLE, rows=rows())
    assert table.rows.index.tolist() == [0, 1]
    assert table.rows.term.tolist() == ["empathy", "可靠性"]


def test_numbers_keep_full_precision() -> None:
    assert Table(id="drivers", title=TITLE, rows=rows()).rows.estimate.tolist() == [1 / 3, 2e-300]


def test_changing_the_callers_frame_does_not_change_the_table() -> None:
    mine = rows()
    table = Table(id="drivers", title=TITLE, rows=mine)
    mine.loc[7, "estimate"] = np.nan
    assert table.rows.estimate[0] == 1 / 3
    assert mine.index.tolist() == [7, 3]


def test_every_column_has_the_role_the_glossary_gives_it() -> None:
    assert Table(id="drivers", title=TITLE, rows=rows()).roles == {
        "term": "label",
        "estimate": "estimate",
        "n_obs": "count",
    }


def test_a_table_may_be_empty() -> None:
    table = Table(id="drivers", title=TITLE, rows=rows().iloc[:0])
    assert table.rows.empty
    assert list(table.roles) == ["term", "estimate", "n_obs"]


def test_a_table_is_long_unless_said_otherwise() -> None:
    assert Table(id="drivers", title=TITLE, rows=rows()).layout == "long"


def test_a_table_survives_pickling() -> None:
    table = Table(
        id="drivers", title=TITLE, rows=rows(), notes=(Phrase(key="note.sample", values={"n": 250}),)
    )
    back: Table = pickle.loads(pickle.dumps(table))
    pd.testing.assert_frame_equal(back.rows, table.rows)
    assert (back.id, back.title, back.notes, back.layout) == (
        table.id,
        table.title,
        table.notes,
        table.layout,
    )


def test_fields_of_a_page_cannot_be_set() -> None:
    table = Table(id="drivers", title=TITLE, rows=rows())
    figure = Figure(id="f", kind="coefficients", title=TITLE, rows=rows(), source="drivers")
    for page in (table, figure, Section(id="drivers", title=TITLE)):
        with pytest.raises(FrozenInstanceError):
            page.id = "other"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        TITLE.key = "other"  # type: ignore[misc]


def test_phrases_are_equal_by_what_they_say() -> None:
    assert Phrase(key="note.sample", values={"n": 250}) == Phrase(key="note.sample", values={"n": 250})
    assert Phrase(key="note.sample", values={"n": 250}) != Phrase(key="note.sample", values={"n": 249})


def test_a_refusal_is_a_section_with_notes_and_no_tables() -> None:
    refusal = Section(id="panel", title=TITLE, notes=(Phrase(key="note.no_panel"),))
    assert (refusal.tables, refusal.figures, refusal.effects, refusal.findings) == ((), (), (), ())
    assert [note.key for note in refusal.notes] == ["note.no_panel"]

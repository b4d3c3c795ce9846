"""The table of items: floors, ceilings, shapes and their reasons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.measurement.screening.extremes import item_statistics


def test_floor_and_ceiling_are_shares_of_the_answers_not_of_the_rows() -> None:
    items = pd.DataFrame({"a": [1, 1, 5, np.nan], "b": [2, 2, 3, 9]})
    table = item_statistics(items, scale={"a": (1, 5), "b": (1, 3)}).set_index("item")
    assert table.loc["a", "floor_share"] == pytest.approx(2 / 3)
    assert table.loc["a", "ceiling_share"] == pytest.approx(1 / 3)
    assert table.loc["a", "missing_share"] == 0.25
    assert table["n_outside"].tolist() == [0, 1]


def test_without_a_scale_there_is_no_floor_and_the_reason_is_said() -> None:
    table = item_statistics(pd.DataFrame({"a": [1, 2, 3, 5], "b": [1, 1, 2, 5]}), scale={"b": (1, 5)})
    assert table["floor_share"].isna().tolist() == [True, False]
    assert table["undefined"].tolist() == ["floor and ceiling: its scale is not known", ""]


@pytest.mark.parametrize(
    ("answers", "missing", "reason"),
    [
        (
            [None, None, None, None],
            {"mean", "sd", "skew", "kurtosis", "floor_share", "ceiling_share"},
            "nobody",
        ),
        ([3, None, None, None], {"sd", "skew", "kurtosis"}, "sd, skew and kurtosis: one answer"),
        ([3, 4, None, None], {"skew", "kurtosis"}, "skew and kurtosis: 2 answers"),
        ([3, 4, 7, None], {"kurtosis"}, "kurtosis: 3 answers"),
        ([3, 3, 3, 3], {"skew", "kurtosis"}, "skew and kurtosis: every answer is the same"),
        ([0.1, 0.1, 0.1, None], {"skew", "kurtosis"}, "skew and kurtosis: every answer is the same"),
        ([3, 4, 7, 1], set(), ""),
    ],
)
def test_every_number_that_does_not_exist_has_its_reason(
    answers: list[float | None], missing: set[str], reason: str
) -> None:
    table = item_statistics(pd.DataFrame({"a": answers}, dtype="Float64"), scale=(0, 7))
    assert set(table.columns[table.isna().any()]) == missing
    assert table.loc[0, "undefined"].startswith(reason)
    assert bool(table.loc[0, "undefined"]) == bool(missing)


def test_items_carry_their_constructs() -> None:
    table = item_statistics(
        pd.DataFrame({"a": [1, 2], "b": [1, 2], "c": [1, 2]}), {"x": ["b"], "y": ["b", "c"]}
    )
    assert table["construct"].tolist() == ["", "x, y", "y"]


def test_names_that_are_not_there_are_refused_with_the_closest() -> None:
    items = pd.DataFrame({"emp1": [1, 2]})
    with pytest.raises(
        StudyError, match=r"construct 'x': item 'emp_1' is not among the items \(closest: 'emp1'\)"
    ):
        item_statistics(items, {"x": ["emp_1"]})
    with pytest.raises(StudyError, match="scale: item 'zzz' is not among the items"):
        item_statistics(items, scale={"zzz": (1, 5)})
    with pytest.raises(StudyError, match="scale of 'emp1': its lowest answer is not below its highest"):
        item_statistics(items, scale=(5, 1))


def test_what_is_not_an_answer_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="items: hold no rows"):
        item_statistics(pd.DataFrame({"a": []}))
    with pytest.raises(DataError, match="items: hold no columns"):
        item_statistics(pd.DataFrame(index=[0, 1]))
    with pytest.raises(DataError, match="item 'a': 1 of 2 answers are infinite"):
        item_statistics(pd.DataFrame({"a": [1, np.inf]}))
    with pytest.raises(DataError, match="item 'a': stands in more than one column"):
        item_statistics(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    for text in (["1", "2"], pd.Categorical(["low", "high"]), pd.to_datetime(["2020-01-01", "2020-01-02"])):
        with pytest.raises(DataError, match="item 'a': holds text, numbers expected"):
            item_statistics(pd.DataFrame({"a": text}))


def test_all_kinds_of_numbers_are_answers() -> None:
    items = pd.DataFrame(
        {
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "bool": [True, False, True],
            "category": pd.Categorical([1, 3, None], ordered=True),
            "object": pd.Series([1, 2.5, None], dtype=object),
        }
    )
    table = item_statistics(items)
    assert table["n_obs"].tolist() == [2, 3, 2, 2]
    assert table["mean"].tolist() == pytest.approx([2, 2 / 3, 2, 1.75])

"""Rows flagged, rows not flagged, and rows that cannot be judged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.measurement.screening import Cuts, flag_rows
from servicefx.values.glossary import GLOSSARY

NAMES = [f"q{k}" for k in range(12)]
BLOCKS = {"x": NAMES[:4], "y": NAMES[4:8], "z": NAMES[8:]}
RULES = [
    "straight_lining", "long_string", "low_variability", "speeding", "relative_speed", "duplicate",
    "inconsistent_pairs", "outlier",
]  # fmt: skip


@pytest.fixture
def items(rng: np.random.Generator) -> pd.DataFrame:
    values = rng.integers(1, 8, (60, 12)).astype(float)
    return pd.DataFrame(values, columns=NAMES, index=[f"p{k}" for k in range(60)])


def flagged(items: pd.DataFrame, rule: str, **options: object) -> list[str]:
    return list(items.index[flag_rows(items, **options)[rule].fillna(False)])


def test_a_frame_of_flags_always_has_every_rule_and_the_rows_of_the_items(items: pd.DataFrame) -> None:
    flags = flag_rows(items)
    assert list(flags.columns) == RULES
    assert set(RULES) <= set(GLOSSARY)
    assert flags.index.equals(items.index)
    assert (flags.dtypes == "boolean").all()
    assert flags[["speeding", "relative_speed", "inconsistent_pairs"]].isna().all(axis=None)
    assert not flags[["straight_lining", "long_string", "duplicate"]].any(axis=None)


def test_one_answer_throughout_is_straight_lining_and_a_long_string(items: pd.DataFrame) -> None:
    items.loc["p3"] = 5
    assert flagged(items, "straight_lining") == ["p3"]
    assert flagged(items, "long_string") == ["p3"]
    assert flagged(items, "low_variability") == ["p3"]


def test_one_answer_a_block_is_straight_lining_in_every_block(items: pd.DataFrame) -> None:
    items.loc["p3"] = [2] * 4 + [6] * 4 + [4] * 4
    items.loc["p4"] = [2] * 4 + [6] * 4 + [4] * 3 + [5]
    assert flagged(items, "straight_lining", constructs=BLOCKS) == ["p3"]
    assert flagged(items, "straight_lining", constructs=BLOCKS, cuts=Cuts(straight_lining=0.6)) == [
        "p3",
        "p4",
    ]
    assert flagged(items, "straight_lining") == []


def test_small_blocks_and_few_answers_are_not_judged(items: pd.DataFrame) -> None:
    items.loc["p3", :] = 5
    items.loc["p3", NAMES[5:]] = np.nan
    assert flag_rows(items)["straight_lining"].loc["p3"] is pd.NA
    assert flag_rows(items, constructs={"x": NAMES[:2]})["straight_lining"].isna().all()


def test_turned_items_are_judged_as_they_were_ticked(items: pd.DataFrame) -> None:
    items.loc["p3"] = 6
    items.loc["p3", ["q2", "q7"]] = 2
    options = {"scale": (1, 7), "turned": ["q2", "q7"]}
    assert flagged(items, "straight_lining", scale=(1, 7)) == []
    assert flagged(items, "straight_lining", **options) == ["p3"]
    assert flagged(items, "long_string", **options) == ["p3"]
    items.loc["p3"] = 4.5
    items.loc["p3", ["q2", "q7"]] = 3.5
    assert flagged(items, "low_variability", **options) == ["p3"]


def test_half_the_items_in_a_run_are_a_long_string(items: pd.DataFrame) -> None:
    items.loc["p3"] = [1, 2, 3, 3, 3, 3, 3, 3, 1, 2, 1, 2]
    items.loc["p4"] = [1, 2, 3, 3, 3, 3, 3, 1, 2, 1, 2, 1]
    assert flagged(items, "long_string") == ["p3"]


def test_speed_is_judged_against_two_seconds_an_answer_and_half_the_median(items: pd.DataFrame) -> None:
    duration = pd.Series(100.0, index=items.index)
    duration.iloc[:4] = [23.9, 24.1, 49.9, 50.1]
    assert flagged(items, "speeding", duration=duration) == ["p0"]
    assert flagged(items, "relative_speed", duration=duration) == ["p0", "p1", "p2"]
    assert flagged(items, "speeding", duration=duration, n_questions=25) == ["p0", "p1", "p2"]
    items.iloc[0, 6:] = np.nan
    assert flagged(items, "speeding", duration=duration) == []
    spans = pd.to_timedelta(duration, unit="s")
    assert flagged(items, "relative_speed", duration=spans) == ["p0", "p1", "p2"]


def test_times_that_cannot_be_are_not_judged(items: pd.DataFrame) -> None:
    duration = pd.Series(100.0, index=items.index)
    duration.iloc[:4] = [-5, 0, np.nan, np.inf]
    flags = flag_rows(items, duration=duration)[["speeding", "relative_speed"]]
    assert flags.iloc[:4].isna().all(axis=None)
    assert flags.iloc[4:].notna().all(axis=None)


def test_few_times_have_no_median_to_be_held_against(items: pd.DataFrame) -> None:
    duration = pd.Series([100.0] * 9 + [np.nan] * 51, index=items.index)
    flags = flag_rows(items, duration=duration)
    assert flags["relative_speed"].isna().all()
    assert flags["speeding"].notna().sum() == 9


def test_the_same_answers_twice_are_duplicates_unless_chance_makes_them(items: pd.DataFrame) -> None:
    items.loc["p7"] = items.loc["p2"].to_numpy()
    assert flagged(items, "duplicate") == ["p2", "p7"]
    items.loc[["p2", "p7"], "q1"] = np.nan
    assert flagged(items, "duplicate") == ["p2", "p7"]
    items.loc["p2", "q1"] = 3
    assert flagged(items, "duplicate") == []
    assert flag_rows(items[NAMES[:2]])["duplicate"].isna().all()


def test_people_of_one_answer_throughout_are_not_called_copies(items: pd.DataFrame) -> None:
    items.loc[["p2", "p7"]] = 6
    assert flag_rows(items)["duplicate"].loc[["p2", "p7"]].isna().all()


def test_pairs_on_opposite_halves_of_the_scale_are_inconsistent(items: pd.DataFrame) -> None:
    items["q1"] = items["q0"]
    items.loc["p3", ["q0", "q1"]] = [1, 7]
    items.loc["p4", ["q0", "q1"]] = [2, 5]
    items.loc["p5", "q1"] = np.nan
    flags = flag_rows(items, pairs=[("q0", "q1")], scale=(1, 7))["inconsistent_pairs"]
    assert list(items.index[flags.fillna(False)]) == ["p3"]
    assert flags.isna().sum() == 1
    assert flag_rows(items, pairs=[("q0", "q1")])["inconsistent_pairs"].isna().all()


def test_outliers_lie_beyond_chi2_and_rows_with_a_gap_are_not_judged(rng: np.random.Generator) -> None:
    first = rng.normal(size=(400, 1))
    items = pd.DataFrame(first + 0.3 * rng.normal(size=(400, 4)), columns=list("abcd"))
    items.loc[5] = [2, -2, 2, -2]
    items.loc[6, "a"] = np.nan
    flags = flag_rows(items)["outlier"]
    assert bool(flags[5])
    assert flags[6] is pd.NA
    assert flags.sum() <= 4  # .4 expected beside the one


def test_flags_depend_neither_on_the_order_of_rows_nor_on_a_shift_of_all_scales(items: pd.DataFrame) -> None:
    items.loc["p3"] = 5
    items.loc["p9"] = items.loc["p8"].to_numpy()
    duration = pd.Series(np.linspace(10, 200, 60), index=items.index)
    first = flag_rows(items, constructs=BLOCKS, duration=duration, scale=(1, 7), pairs=[("q0", "q5")])
    mixed = items.sample(frac=1, random_state=3)
    second = flag_rows(
        mixed + 3, constructs=BLOCKS, duration=duration[mixed.index], scale=(4, 10), pairs=[("q0", "q5")]
    )
    pd.testing.assert_frame_equal(second.loc[items.index], first)


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_rows_are_judged_where_that_is_possible(n: int, items: pd.DataFrame) -> None:
    flags = flag_rows(items.iloc[[0] * n])
    assert flags["straight_lining"].notna().all()
    assert flags[["low_variability", "duplicate", "outlier"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"duration": [1.0, 2.0]}, DataError, "duration: its 2 rows are not the 60 rows of the items"),
        (
            {"duration": pd.Series(1.0, index=range(60))},
            DataError,
            "duration: its 60 rows are not the 60 rows",
        ),
        ({"duration": ["fast"] * 60}, DataError, "duration: holds text, seconds expected"),
        ({"pairs": [("q0", "q99")]}, StudyError, "pairs: item 'q99' is not among the items"),
        ({"pairs": [("q0", "q1", "q2")]}, StudyError, "pairs: .*two items expected in each pair"),
        ({"pairs": ["q0"]}, StudyError, "pairs: q0: two items expected in each pair"),
        ({"turned": ["q0"]}, StudyError, "turned item 'q0': its scale is not known"),
        ({"constructs": {"x": ["zz"]}}, StudyError, "construct 'x': item 'zz' is not among the items"),
        ({"n_questions": 0}, StudyError, "n_questions: 0, at least 1 expected"),
    ],
)
def test_what_does_not_fit_the_items_is_refused(
    options: dict[str, object], error: type[Exception], message: str, items: pd.DataFrame
) -> None:
    with pytest.raises(error, match=message):
        flag_rows(items, **options)

"""The whole screening: its frames, its judgements, its named problems, its speed."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.measurement.rules import RULE_COLUMNS
from servicefx.measurement.screening import Cuts, Screening, flag_rows, littles_mcar_test, screen
from servicefx.values.glossary import GLOSSARY

NAMES = [f"q{k}" for k in range(12)]
BLOCKS = {"x": NAMES[:4], "y": NAMES[4:8], "z": NAMES[8:]}


@pytest.fixture
def items(rng: np.random.Generator) -> pd.DataFrame:
    values = rng.integers(1, 8, (200, 12)).astype(float)
    values[rng.random(values.shape) < 0.02] = np.nan
    return pd.DataFrame(values, columns=NAMES)


def messages(screening: Screening) -> str:
    return "\n".join(str(problem) for problem in screening.problems)


def test_counts_are_those_of_the_flags_of_rows(items: pd.DataFrame) -> None:
    items.loc[:11] = 4.0
    duration = pd.Series(np.linspace(10, 300, 200))
    options = {"scale": (1, 7), "duration": duration, "pairs": [("q0", "q5")]}
    screening = screen(items, BLOCKS, **options)
    flags = flag_rows(items, constructs=BLOCKS, **options)
    table = screening.flags.set_index("rule")
    assert list(table.index) == [*flags.columns, "any_rule"]
    for rule in flags.columns:
        assert table.loc[rule, "n_flagged"] == flags[rule].sum()
        assert table.loc[rule, "n_judged"] == flags[rule].notna().sum()
    assert table.loc["any_rule", "n_flagged"] == flags.fillna(False).any(axis=1).sum()
    np.testing.assert_allclose(table["share"], table["n_flagged"] / table["n_judged"])
    assert table.loc["straight_lining", ["share", "judgement"]].tolist() == [0.06, "warn"]
    assert table.loc["any_rule", "judgement"] == ""
    assert (table["undefined"] == "").all()
    assert table.loc["outlier", "expected"] == 0.001


def test_every_rule_that_judged_nobody_says_why(items: pd.DataFrame) -> None:
    table = screen(items.iloc[:2]).flags.set_index("rule")
    assert table.loc["speeding", "undefined"] == "no duration was given"
    assert table.loc["inconsistent_pairs", "undefined"] == "no pairs were declared"
    assert table.loc["outlier", "undefined"].endswith(
        "complete rows for 12 items, more rows than items expected"
    )
    assert table.loc["duplicate", "undefined"] == "2 rows, at least 10 expected"
    assert table.loc["low_variability", "undefined"] == "2 rows with enough answers, at least 10 expected"
    narrow = screen(items[["q0", "q1"]]).flags.set_index("rule")
    assert narrow.loc["duplicate", "undefined"] == "chance makes identical answers to 2 items in 200 rows"
    empty = table["n_judged"] == 0
    assert (table["undefined"][empty] != "").all()
    assert table["share"][empty].isna().all()
    assert (table["judgement"][empty] == "").all()


def test_few_complete_rows_cannot_hold_an_outlier_and_that_is_said(items: pd.DataFrame) -> None:
    table = screen(items.dropna().iloc[:30]).flags.set_index("rule")
    assert table.loc["outlier", "undefined"] == "among 30 complete rows none can lie beyond the cut"


def test_every_frame_has_glossary_columns_and_no_row_of_people(items: pd.DataFrame) -> None:
    screening = screen(items, BLOCKS, scale=(1, 7))
    frames = {
        name: value
        for name in (field.name for field in dataclasses.fields(screening))
        if isinstance(value := getattr(screening, name), pd.DataFrame)
    } | {"mcar": screening.mcar.table(), "rules": screening.rules}
    assert set(frames) == {"flags", "blocks", "items", "patterns", "mcar", "rules"}
    for frame in frames.values():
        assert set(frame.columns) <= set(GLOSSARY)
        assert len(frame) < 120
    assert tuple(screening.rules.columns) == RULE_COLUMNS
    assert len(pickle.dumps(screening)) < 60_000


def test_rules_judge_shares_shapes_and_gaps_with_their_sources(items: pd.DataFrame) -> None:
    items["q0"] = np.where(np.arange(200) < 40, 7, 5)
    items.loc[:29, "q1"] = np.nan
    items["q2"] = np.where(np.arange(200) < 1, 1, np.where(np.arange(200) < 100, 6, 7))
    rules = screen(items, scale=(1, 7)).rules.set_index(["rule", "subject"])
    assert rules.loc[("ceiling_share", "q0"), ["estimate", "judgement"]].tolist() == [0.2, "warn"]
    assert rules.loc[("floor_share", "q0"), "judgement"] == "pass"
    assert rules.loc[("missing_share", "q1"), "judgement"] == "fail"
    assert rules.loc[("skewness", "q2"), "estimate"] < -2
    assert rules.loc[("skewness", "q2"), "judgement"] != "pass"
    assert rules.loc[("missing_completely_at_random", "all items"), "judgement"] in {"pass", "warn"}
    assert (rules["source"] != "").all()


def test_cuts_are_arguments_and_stand_in_the_table(items: pd.DataFrame) -> None:
    duration = np.full(200, 30.0)
    strict = screen(items, duration=duration, cuts=Cuts(seconds_per_item=3)).flags.set_index("rule")
    assert strict.loc["speeding", "cut"] == 3
    assert strict.loc["speeding", "share"] > 0.9
    assert strict.loc["speeding", "judgement"] == "fail"


def test_littles_test_is_that_of_the_items_somebody_answered(items: pd.DataFrame) -> None:
    assert screen(items).mcar == littles_mcar_test(items)
    blank = screen(items.assign(nothing=np.nan))
    assert blank.mcar == littles_mcar_test(items)
    assert "items: 'nothing': nobody answered" in messages(blank)


def test_blank_blocks_blank_rows_and_constant_items_are_named(items: pd.DataFrame) -> None:
    items[BLOCKS["y"]] = np.nan
    items["q0"] = 4.0
    items.loc[[3, 5]] = np.nan
    screening = screen(items, BLOCKS)
    text = messages(screening)
    assert "construct 'y': nobody answered any of its 4 items" in text
    assert "items: 'q0': every answer is the same" in text
    assert "rows: 2 of 200 hold no answer" in text
    assert "column 'q0': holds the same value in every row" in screening.mcar.undefined
    assert "more rows than items" in screening.flags.set_index("rule").loc["outlier", "undefined"]
    assert screening.blocks.set_index("construct").loc["y", ["n_judged", "n_flagged"]].tolist() == [0, 0]
    assert np.isnan(screening.blocks.set_index("construct").loc["y", "share"])


def test_answers_that_the_scale_does_not_have_are_listed(items: pd.DataFrame) -> None:
    items.loc[:2, "q4"] = [99, 98, 0]
    assert "item 'q4': 3 answers lie outside 1 to 7: 0, 98, 99" in messages(screen(items, scale=(1, 7)))


def test_times_that_cannot_be_and_milliseconds_are_named(items: pd.DataFrame) -> None:
    duration = pd.Series(60_000.0, index=items.index)
    duration.iloc[:3] = [-1, 0, np.nan]
    text = messages(screen(items, duration=duration))
    assert "duration: 2 of 200 are not above 0 and finite; these rows are not judged by it" in text
    assert "duration: the median is 5000 a question, hardly seconds" in text
    nothing = screen(items, duration=np.full(200, np.nan)).flags.set_index("rule")
    assert (
        nothing.loc[["speeding", "relative_speed"], "undefined"].tolist()
        == ["no row has a duration above 0"] * 2
    )


@pytest.mark.parametrize(
    "frame", [pd.DataFrame({"a": [None, None]}, dtype=float), pd.DataFrame({"a": [3.0]})]
)
def test_nothing_or_one_answer_is_screened_without_a_number_made_up(frame: pd.DataFrame) -> None:
    screening = screen(frame, {"x": ["a"]}, scale=(1, 5), duration=np.ones(len(frame)))
    assert np.isnan(screening.mcar.chi2)
    assert screening.mcar.undefined
    assert (screening.flags["undefined"] != "").sum() >= 6
    assert len(screening.rules) > 0


def test_no_rows_and_text_are_refused() -> None:
    with pytest.raises(DataError, match="items: hold no rows"):
        screen(pd.DataFrame({"a": []}))
    with pytest.raises(DataError, match="item 'a': holds text, numbers expected"):
        screen(pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}))


@pytest.mark.external
def test_a_real_survey_is_screened(shared_data: Path) -> None:
    file = next((shared_data / "servqual_durables").glob("*.csv"))
    survey = pd.read_csv(file).select_dtypes("number")
    names = [name for name in survey.columns if name[:1] == "a" and name[1:].isdigit()]
    screening = screen(survey[names], scale=(0, 100))
    assert (screening.n_obs, screening.n_items) == (411, 22)
    assert (
        screening.flags.set_index("rule").loc["outlier", "share"] > 0.02
    )  # skewed answers: far more than .001


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (7, r"scale: 7, its lowest and highest answer expected"),
        ((1, 7, 9), r"scale: \(1, 7, 9\), its lowest and highest"),
        ({"b": 7}, r"scale of 'b': 7, its lowest"),
        ((7, 1), r"scale of 'a': its lowest answer is not below its highest"),
    ],
)
def test_a_scale_that_is_no_pair_is_refused_by_name(scale: object, message: str) -> None:
    answers = pd.DataFrame({"a": [1, 2, 3], "b": [2, 3, 1]})
    for function in (screen, flag_rows):
        with pytest.raises(StudyError, match=message):
            function(answers, scale=scale)  # type: ignore[operator]

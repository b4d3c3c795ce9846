"""Columns of `[measurement]` and importance points: named, read as what they are, and checked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.study.study import check_study, load_study

MEASUREMENT = """
[measurement]
group = "channel"
duration = "seconds"
marker = ["m1", "m2"]
pairs = [["rel3", "rel3_again"], ["m1", "m2"]]
segments = ["channel", "region"]
"""
IMPORTANCE = {'scale = "likert"': 'scale = "likert"\nimportance = "points"'}


@pytest.fixture
def wide(survey: pd.DataFrame) -> pd.DataFrame:
    """The small survey with columns to judge it by; text cells, as in a CSV."""
    rng = np.random.default_rng(3)
    n = len(survey)
    return survey.assign(
        channel=["1", "2"] * (n // 2),
        region=["north", "south", "east", "west"] * (n // 4),
        seconds=rng.integers(40, 400, n).astype(str),
        m1=rng.integers(1, 8, n).astype(str),
        m2=rng.integers(1, 8, n).astype(str),
        rel3_again=survey["rel3"].where(np.arange(n) > 0, "9"),
        points=["20.5"] * n,
    )


def test_columns_of_measurement_are_read_as_numbers_and_categories(make_study, wide):
    study = load_study(make_study(IMPORTANCE, extra=MEASUREMENT, frame=wide))
    frame = study.frames["customers"]
    assert frame["channel"].tolist()[:2] == [1, 2]  # categories that are whole numbers stay numbers
    assert frame["region"].tolist()[:2] == ["north", "south"]
    assert [frame[name].dtype for name in ("seconds", "m1", "points")] == [np.float64] * 3
    assert (frame["points"] == 20.5).all()  # the same for everybody is a statement, not a fault


def test_a_question_asked_again_is_read_and_turned_as_the_item_it_repeats(make_study, wide):
    frame = load_study(make_study(extra=MEASUREMENT, frame=wide)).frames["customers"]
    assert np.isnan(frame["rel3_again"].iloc[0])  # 9 is a missing code of the scale
    assert frame["rel3_again"].iloc[1:].equals(frame["rel3"].iloc[1:])
    assert (frame["rel3"].iloc[1:] == 8 - wide["rel3"].iloc[1:].astype(float)).all()


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('group = "channel"', 'group = "chanel"', "measurement.group: column 'chanel'"),
        ('duration = "seconds"', 'duration = "second"', "measurement.duration: column 'second'"),
        ('"m1", "m2"]\n', '"m1", "m22"]\n', "measurement.marker[1]: column 'm22'"),
        ('"rel3_again"', '"rel3_agian"', "measurement.pairs[0][1]: column 'rel3_agian'"),
        ('"region"', '"regoin"', "measurement.segments[1]: column 'regoin'"),
    ],
)
def test_a_column_that_is_not_there_is_told_with_the_closest(old, new, place, make_study, wide):
    told = [str(p) for p in check_study(make_study(extra=MEASUREMENT.replace(old, new, 1), frame=wide))]
    near = {
        "chanel": "channel",
        "second": "seconds",
        "m22": "m2",
        "rel3_agian": "rel3_again",
        "regoin": "region",
    }
    written = place.split("'")[1]
    assert told[0] == (
        f"study.toml: {place} is not in survey.csv (closest: '{near[written]}')\n"
        "    Correct the name, or remove the line."
    )


def test_points_and_seconds_below_zero_are_told(make_study, wide):
    wide.loc[3, "points"] = "-5"
    wide.loc[[1, 2], "seconds"] = "-1"
    told = [str(p) for p in check_study(make_study(IMPORTANCE, extra=MEASUREMENT, frame=wide))]
    assert told == [
        "survey.csv: column 'seconds', rows 2 and 3: -1 is below 0, expected a number from 0\n"
        "    Correct the file, or declare a missing code: missing_in = { seconds = [-1] } "
        "under [data.customers].",
        "survey.csv: column 'points', row 4: -5 is below 0, expected a number from 0\n"
        "    Correct the file, or declare a missing code: missing_in = { points = [-5] } "
        "under [data.customers].",
    ]


def test_a_group_of_one_value_is_told(make_study, wide):
    told = [str(p) for p in check_study(make_study(extra=MEASUREMENT, frame=wide.assign(channel="1")))]
    assert told == [
        "survey.csv: column 'channel': every answer is 1, so the column tells nothing apart\n"
        "    Remove the column from the study file, or export it again."
    ]


def test_without_its_own_word_measurement_is_judged_where_most_reflective_items_are(make_study, wide):
    extra = """
[data.outlets]
file = "survey.csv"
[constructs.trust]
mode = "reflective"
data = "outlets"
items = ["m1", "m2"]
scale = "likert"
"""
    change = {
        'items = ["rel1"': 'data = "customers"\nitems = ["rel1"',
        'items = ["sat"]': 'data = "customers"\nitems = ["sat"]',
    }
    study = load_study(make_study(change, extra=extra, frame=wide))
    assert study.spec.measurement is None
    assert study.spec.measurement_home == "customers"

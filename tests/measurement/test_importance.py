from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.importance import importance_points

COLUMNS = {"speed": "s", "care": "c", "place": "p"}


def test_points_that_do_not_add_up_are_rescaled_and_counted() -> None:
    given = pd.DataFrame({"s": [50.0, 2.0, 40.0], "c": [30.0, 1.0, 40.0], "p": [20.0, 1.0, 40.0]})
    read = importance_points(given, COLUMNS)
    assert read.points.to_numpy() == pytest.approx(np.array([[50, 30, 20], [50, 25, 25], [100 / 3] * 3]))
    assert read.counts == {"points did not add up to 100, rescaled": 2}


def test_a_blank_is_zero_only_where_the_others_add_up_to_100() -> None:
    given = pd.DataFrame(
        {"s": [70.0, 60.0, np.nan], "c": [30.0, 30.0, np.nan], "p": [np.nan, np.nan, np.nan]}
    )
    read = importance_points(given, COLUMNS)
    assert read.points.iloc[0].tolist() == [70.0, 30.0, 0.0]
    assert read.points.iloc[1:].isna().all(axis=None)
    assert read.counts == {"blank points read as 0": 1, "points missing": 2}


def test_a_person_who_gives_no_point_to_anything_is_not_used() -> None:
    read = importance_points(pd.DataFrame({"s": [0.0, 50], "c": [0.0, 30], "p": [0.0, 20]}), COLUMNS)
    assert read.points.iloc[0].isna().all()
    assert read.counts == {"all points 0": 1}


def test_rounded_thirds_are_not_called_wrong() -> None:
    read = importance_points(pd.DataFrame({"s": [33.3], "c": [33.3], "p": [33.3]}), COLUMNS)
    assert read.counts == {}
    assert read.points.sum(axis=1).tolist() == pytest.approx([100.0])


def test_constant_points_hold_for_everybody() -> None:
    read = importance_points(pd.DataFrame(index=range(3)), {"speed": 3.0, "care": 1.0})
    assert read.points.to_numpy().tolist() == [[75.0, 25.0]] * 3


@pytest.mark.parametrize(
    ("given", "importance", "message"),
    [
        ({"s": [-5.0]}, {"speed": "s"}, r"column 's': 1 points are below 0 or infinite, expected 0 to 100"),
        ({"s": [5.0]}, {"speed": "ss"}, r"column 'ss' is not there \(closest: 's'\)"),
        ({"s": [5.0]}, {"speed": 0.0}, "all points are 0"),
        ({"s": [5.0]}, {"speed": -1.0}, "importance of 'speed'"),
    ],
)
def test_points_that_cannot_be_meant_are_refused(given, importance, message) -> None:
    with pytest.raises(DataError, match=message):
        importance_points(pd.DataFrame(given), importance)

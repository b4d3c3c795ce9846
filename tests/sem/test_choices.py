from __future__ import annotations

from typing import Any

import pytest

from servicefx.errors import StudyError
from servicefx.sem.choices import Choices, checked_choices

DEFAULTS: dict[str, Any] = {
    "estimator": "ml", "missing": "listwise", "group": None, "group_equal": (), "ordered": (),
    "parameterization": "delta", "cluster": None, "weights": None, "std_lv": False, "orthogonal": False,
    "meanstructure": None, "fixed_x": True, "information": None, "level": 0.95,
}  # fmt: skip


def checked(**changes: Any) -> Choices:
    return checked_choices(**(DEFAULTS | changes))


def test_names_of_choices_are_read_without_case_and_in_lavaans_spelling() -> None:
    assert checked(estimator="MLR").estimator == "mlr"
    assert checked(missing="ml").missing == "fiml"
    assert checked(group_equal="loadings").group_equal == ("loadings",)
    assert checked(ordered="x1", estimator="wlsmv").ordered == ("x1",)
    assert checked(ordered=True, estimator="wlsmv").ordered is True


def test_information_follows_the_estimator_unless_chosen() -> None:
    assert checked().information_used == "expected"
    assert checked(estimator="mlr").information_used == "observed"
    assert checked(missing="fiml").information_used == "observed"
    assert checked(missing="fiml", information="expected").information_used == "expected"


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(StudyError) as caught:
        checked(estimator="mxl", missing="drop", level=2, information="third")
    assert [problem.where for problem in caught.value.problems] == [
        "estimator",
        "missing",
        "information",
        "level",
    ]

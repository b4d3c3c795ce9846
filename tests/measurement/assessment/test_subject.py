from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.measurement.assessment.subject import subject_of
from servicefx.study.study import Study

Build = Callable[..., Study]
Declared = Callable[..., dict[str, dict[str, Any]]]


def test_constructs_are_sorted_by_how_many_items_they_have_and_who_was_asked(
    study_of: Build, frame: pd.DataFrame, declared: Declared
) -> None:
    frame.loc[90:, ["loy1", "loy2", "loy3"]] = np.nan  # asked of 90 of 300
    table = declared()
    table["trust"] = {"mode": "reflective", "items": ["m1"]}
    table["stress"] = {"mode": "formative", "items": ["m2", "seconds"], "label": "Stress"}
    found = subject_of(study_of(frame, constructs=table), None, None, None, None)
    assert list(found.constructs) == ["tangibles", "reliability", "satisfaction"]
    assert list(found.single) == ["trust"]
    assert list(found.apart) == ["loyalty"]
    assert list(found.blocks) == [*declared(), "trust", "stress"]
    assert found.why_apart("loyalty") == "only 30% of rows answer any of its items; it is assessed by itself"


def test_a_construct_nobody_answered_says_so(study_of: Build, frame: pd.DataFrame) -> None:
    frame[["tan1", "tan2", "tan3"]] = np.nan
    found = subject_of(study_of(frame), None, None, None, None)
    assert found.why_apart("tangibles") == "nobody answered its items"


def test_draws_seed_and_group_are_the_studys_unless_given(study_of: Build) -> None:
    study = study_of(measurement={"group": "channel"})
    found = subject_of(study, None, None, None, None)
    assert (found.draws, found.seed, found.group) == (60, 7, "channel")
    found = subject_of(study, "outlet", None, 100, 3)
    assert (found.draws, found.seed, found.group) == (100, 3, "outlet")
    assert subject_of(study, "", None, None, None).group == ""


def test_a_group_misspelt_is_named_with_the_closest_column(study_of: Build) -> None:
    with pytest.raises(DataError, match=r"data 'customers': no column 'chanel' \(closest: 'channel'\)"):
        subject_of(study_of(), "chanel", None, None, None)


def test_a_data_file_misspelt_is_named_with_the_closest(study_of: Build) -> None:
    with pytest.raises(StudyError, match=r"'customer' is no data file \(closest: 'customers'\)"):
        subject_of(study_of(), None, "customer", None, None)

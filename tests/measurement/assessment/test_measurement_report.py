from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.assessment import MeasurementReport, assess
from servicefx.study.study import Study

Build = Callable[..., Study]
ALL = {"group": "channel", "duration": "seconds", "marker": ["m1", "m2"], "pairs": [["tan1", "tan2"]]}


def lengths(value: object) -> Iterator[int]:
    """Lengths of every array, column and sequence that a value holds."""
    if isinstance(value, pd.DataFrame | pd.Series | np.ndarray):
        yield from np.shape(value)
        if isinstance(value, pd.DataFrame):
            for cell in value.astype(object).to_numpy().ravel():
                if not isinstance(cell, str):
                    yield from lengths(cell)
    elif isinstance(value, Mapping):
        yield len(value)
        for one in value.values():
            yield from lengths(one)
    elif isinstance(value, tuple | list | set | frozenset):
        yield len(value)
        for one in value:
            yield from lengths(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from lengths(getattr(value, one.name))


def test_a_report_holds_no_row_of_a_person(study_of: Build, frame: pd.DataFrame) -> None:
    n = 283
    study = study_of(frame.head(n), measurement=ALL, data={"customers": {"nested_in": ["outlet"]}})
    found = pickle.loads(pickle.dumps(assess(study)))
    assert len(found.names) > 25
    assert n not in set(lengths(found))
    assert max(lengths(found)) < n  # the rules, one row a number judged, are the longest


def test_a_frame_is_asked_for_by_name(study_of: Build) -> None:
    found = assess(study_of(), parts=["validity"])
    assert found.frame("loadings") is found.frames["loadings"]
    with pytest.raises(KeyError, match=r"no frame 'loading' \(closest: 'loadings'\)"):
        found.frame("loading")
    with pytest.raises(KeyError, match=r"no frame 'ladder' \('invariance' was not asked for"):
        found.frame("ladder")


def test_a_frame_that_was_not_answered_is_refused_with_the_reason(study_of: Build) -> None:
    found = assess(study_of(), parts=["invariance"])
    with pytest.raises(
        KeyError, match=r"no frame 'ladder' \(invariance: study\.toml: measurement: no groups"
    ):
        found.frame("ladder")


def test_judgements_are_counted_and_listed(study_of: Build, frame: pd.DataFrame) -> None:
    frame["tan1"] = 8 - frame["tan1"]
    found = assess(study_of(frame), parts=["reliability", "validity"])
    failed = found.judged("fail")
    assert "tangibles" in set(failed["subject"])
    assert len(failed) + len(found.judged("warn")) + len(found.judged("pass")) == len(
        found.rules[found.rules["judgement"] != ""]
    )
    assert repr(found).startswith("MeasurementReport: 'customers', 300 rows, 4 constructs; ")
    assert f"{len(failed)} fail" in repr(found)


def test_an_item_that_goes_the_other_way_is_named(study_of: Build, frame: pd.DataFrame) -> None:
    frame["tan1"] = 8 - frame["tan1"]
    problems = assess(study_of(frame), parts=["validity"]).problems
    assert any("'tan1' correlates" in problem.found for problem in problems)


def test_an_empty_report_says_so() -> None:
    empty = MeasurementReport(data="d", n_obs=0, constructs={}, apart={}, frames={}, rules=pd.DataFrame(
        {"judgement": pd.Series(dtype=str)}
    ))  # fmt: skip
    assert empty.names == ()
    assert empty.judged("fail").empty

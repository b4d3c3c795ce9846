"""Scores of the gap: item by item, on one scale, in one data file."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.models.gap import gap_columns, gap_home, gap_scores_by_dimension
from servicefx.study.study import Study, gap_scores


def frame(n: int = 60, stems: str = "ab") -> pd.DataFrame:
    rng = np.random.default_rng(1)
    columns = {
        f"{stem}{item}{kind}": rng.integers(1, 8, n)
        for stem in stems
        for item in (1, 2)
        for kind in ("", "_e")
    }
    columns["s1"] = rng.integers(1, 8, n)
    answers = pd.DataFrame(columns).astype(float)
    answers.loc[0, "a1"] = answers.loc[1, "a1_e"] = np.nan
    answers.loc[2, ["a1", "a2_e"]] = np.nan
    return answers


def paired(stem: str, scale: str = "seven", **more: object) -> dict[str, object]:
    return {
        "mode": "reflective", "items": [f"{stem}1", f"{stem}2"], "expectation": [f"{stem}1_e", f"{stem}2_e"],
        "scale": scale, **more,
    }  # fmt: skip


def study(made: ModuleType, **constructs: object) -> Study:
    known = {
        "reliability": paired("a"),
        "empathy": paired("b"),
        "satisfaction": {"mode": "single", "items": ["s1"], "scale": "seven"},
    }
    return made.study_of({"customers": frame()}, constructs=known | constructs)


def test_gaps_are_those_of_pairs_both_answered(made: ModuleType):
    whole = study(made)
    scores = gap_scores_by_dimension(whole)
    answers = whole.frames["customers"]
    assert scores.gap.loc[0, "reliability"] == answers.loc[0, "a2"] - answers.loc[0, "a2_e"]
    assert np.isnan(scores.gap.loc[2, "reliability"])
    assert np.isnan(scores.gap.loc[2, "overall"])
    pd.testing.assert_series_equal(
        scores.gap["reliability"], gap_scores(whole, "reliability"), check_names=False
    )
    apart = scores.perception - scores.expectation - scores.gap
    assert np.nanmax(apart.abs().to_numpy()) < 1e-12
    both = scores.gap[["reliability", "empathy"]].mean(axis=1, skipna=False)
    pd.testing.assert_series_equal(scores.gap["overall"], both, check_names=False)
    assert (scores.data, scores.dimensions, scores.whole, scores.scale) == (
        "customers", ("reliability", "empathy"), "overall", (1.0, 7.0)
    )  # fmt: skip


def test_one_dimension_is_the_whole(made: ModuleType):
    plain = {"mode": "reflective", "items": ["b1", "b2"], "scale": "seven"}
    scores = gap_scores_by_dimension(study(made, empathy=plain))
    assert scores.whole == "reliability"
    assert list(scores.gap.columns) == ["reliability"]


def test_dimensions_on_two_scales_are_refused(made: ModuleType):
    whole = study(made, empathy=paired("b", "eleven"))
    with pytest.raises(StudyError, match="'reliability' on 1 to 7, 'empathy' on 0 to 10"):
        gap_scores_by_dimension(whole)


def test_an_outcome_measured_nowhere_near_is_refused(made: ModuleType):
    whole = study(made)
    assert gap_home(whole, "loyalty") is None
    with pytest.raises(
        StudyError, match="no construct with expectation items is measured where 'loyalty' is"
    ):
        gap_scores_by_dimension(whole, "loyalty")


def test_gaps_of_scores_on_two_scales_are_refused():
    answers = pd.DataFrame({"got": [4.0, 9.0], "wanted": [6.0, 5.0]})
    with pytest.raises(DataError, match="gap of 'care': 'got' runs from 4 to 9, 1 to 7 expected"):
        gap_columns(answers, {"care": ("got", "wanted")}, (1, 7))
    with pytest.raises(DataError, match=r"column 'gott' is not in the data \(closest: 'got'\)"):
        gap_columns(answers, {"care": ("gott", "wanted")}, (1, 10))
    empty = answers.assign(got=np.nan)
    assert gap_columns(empty, {"care": ("got", "wanted")}, (1, 7))["care"].isna().all()

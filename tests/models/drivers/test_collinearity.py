from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import IdentificationError
from servicefx.models.drivers import collinearity, variance_inflation
from servicefx.moments.moments import Moments


@pytest.fixture
def survey(rng: np.random.Generator) -> pd.DataFrame:
    scores = rng.normal(size=(200, 3))
    frame = pd.DataFrame(scores, columns=["a", "b", "c"])
    return frame.assign(b=frame["a"] + 0.05 * frame["b"], y=rng.normal(size=200))


def test_drivers_that_overlap_are_named(survey: pd.DataFrame) -> None:
    found = collinearity(survey, "y", ["a", "b", "c"])
    assert found.drivers["judgement"].tolist() == ["fail", "fail", "pass"]
    assert found.condition_number > 30
    assert len(found.problems) == 2
    assert "variance inflation above 3: 'a' " in found.problems[0].found
    assert found.problems[1].found.endswith("is shared by 'a' and 'b'")
    assert "'c'" not in found.problems[1].found


def test_drivers_apart_raise_no_problem(survey: pd.DataFrame) -> None:
    found = collinearity(survey, "y", ["a", "c"])
    assert found.problems == ()
    assert found.drivers["tolerance"].to_numpy() == pytest.approx(1 / found.drivers["vif"])
    sums = found.indices.groupby("term")["variance_share"].sum()
    assert sums.to_numpy() == pytest.approx(np.ones(3))


def test_weights_count_as_rows_would(survey: pd.DataFrame) -> None:
    counts = pd.Series(np.arange(200) % 3 + 1.0, name="w")
    repeated = survey.loc[survey.index.repeat(counts.astype(int))]
    weighted = collinearity(survey, "y", ["a", "b", "c"], weights=counts)
    assert weighted.condition_number == pytest.approx(
        collinearity(repeated, "y", ["a", "b", "c"]).condition_number, rel=1e-9
    )
    factors = collinearity(repeated, "y", ["a", "b", "c"]).drivers["vif"].tolist()
    assert weighted.drivers["vif"].tolist() == pytest.approx(factors, rel=1e-9)
    beside = variance_inflation(survey[["a", "b", "c"]], counts)
    assert list(beside.values()) == pytest.approx(factors, rel=1e-9)
    plain = collinearity(survey, "y", ["a", "b", "c"]).drivers["vif"]
    assert plain.tolist() == pytest.approx(list(variance_inflation(survey[["a", "b", "c"]]).values()))


def test_copies_are_refused(survey: pd.DataFrame) -> None:
    with pytest.raises(IdentificationError, match="'a', 'copy' are collinear: one follows from the others"):
        collinearity(survey.assign(copy=2 * survey["a"]), "y", ["a", "copy"])


@pytest.mark.external
def test_overlap_of_the_durables_survey_is_said(shared_data: Path) -> None:
    answers = pd.read_csv(shared_data / "servqual_durables" / "servqual_durables.csv")
    items = {"tangibles": (1, 4), "reliability": (5, 9), "responsiveness": (10, 13),
             "assurance": (14, 17), "empathy": (18, 22)}  # fmt: skip
    means = pd.DataFrame(
        {
            name: answers[[f"a{at:02d}" for at in range(low, high + 1)]].mean(axis=1)
            for name, (low, high) in items.items()
        }
    ).assign(sat=answers["sat"])
    found = collinearity(means, "sat", list(items))
    assert (found.drivers["judgement"] != "pass").sum() >= 2
    assert found.problems
    assert Moments.from_frame(means).n_obs == 411

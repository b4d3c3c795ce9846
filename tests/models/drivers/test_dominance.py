from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.models.drivers import dominance, relative_importance
from servicefx.moments.moments import Moments


@pytest.fixture
def survey(rng: np.random.Generator) -> pd.DataFrame:
    scores = rng.normal(size=(300, 3)) + rng.normal(size=(300, 1))
    frame = pd.DataFrame(scores, columns=["a", "b", "c"])
    return frame.assign(y=scores @ [1.0, 0.5, 0.1] + rng.normal(size=300))


def test_general_dominance_is_lmg_and_its_intervals(survey: pd.DataFrame) -> None:
    found = dominance(survey, "y", ["a", "b", "c"], 100, 3)
    lmg = relative_importance(survey, "y", ["a", "b", "c"], draws=100, seed=3)
    columns = ["estimate", "conf_low", "conf_high"]
    assert found.general[columns].to_numpy() == pytest.approx(lmg[columns].to_numpy(), abs=1e-12)
    means = found.conditional.groupby("term")["estimate"].mean()
    assert means[["a", "b", "c"]].to_numpy() == pytest.approx(lmg["estimate"].to_numpy(), abs=1e-12)


def test_complete_implies_conditional_implies_general(survey: pd.DataFrame) -> None:
    found = dominance(survey, "y", ["a", "b", "c"], 200, 1)
    wide = found.pairs.pivot_table(index=["left", "right"], columns="kind", values="estimate")
    settled = wide["complete"] != 0.5
    assert (wide.loc[settled, "complete"] == wide.loc[settled, "conditional"]).all()
    settled = wide["conditional"] != 0.5
    assert (wide.loc[settled, "conditional"] == wide.loc[settled, "general"]).all()
    chances = found.pairs[["chance_left", "chance_right", "chance_neither"]]
    assert chances.sum(axis=1).to_numpy() == pytest.approx(np.ones(9))
    assert found.pairs["reproduced"].between(0, 1).all()
    assert (found.pairs["n_draws"] == 200).all()


def test_a_suppressor_hides_complete_dominance() -> None:
    # b explains nothing alone and much beside a; c a little anywhere: neither dominates the other completely
    table = np.array([[1, 0.6, 0.0, 0.25], [0.6, 1, 0.6, 0], [0.0, 0.6, 1, 0], [0.25, 0, 0, 1]])
    moments = Moments.from_correlation(table, np.ones(4), 200, names=["y", "a", "b", "c"])
    pairs = dominance(moments, "y", ["a", "b", "c"]).pairs.set_index(["left", "right", "kind"])
    assert pairs.loc[("b", "c", "complete"), "dominates"] == "neither"
    assert pairs.loc[("a", "b", "complete"), "dominates"] == "a"
    assert set(pairs["undefined"]) == {"no intervals without resamples"}


def test_copies_dominate_each_other_never(survey: pd.DataFrame) -> None:
    pairs = dominance(survey.assign(copy=survey["a"]), "y", ["a", "copy", "b"]).pairs
    row = pairs[(pairs["left"] == "a") & (pairs["right"] == "copy")]
    assert set(row["dominates"]) == {"neither"}


@pytest.mark.parametrize(
    ("count", "message"), [(1, "1 drivers, 2 to 15 expected"), (16, "16 drivers, 2 to 15 expected")]
)
def test_too_few_or_too_many_drivers_are_refused(count: int, message: str, rng: np.random.Generator) -> None:
    frame = pd.DataFrame(rng.normal(size=(50, 17)), columns=[f"x{at}" for at in range(17)])
    with pytest.raises(DataError, match=message):
        dominance(frame, "x0", [f"x{at}" for at in range(1, count + 1)])


def test_general_dominance_beyond_covariates_is_lmg_beyond_them(survey: pd.DataFrame) -> None:
    found = dominance(survey, "y", ["a", "b"], 100, 3, covariates=["c"])
    lmg = relative_importance(survey, "y", ["a", "b"], draws=100, seed=3, covariates=["c"])
    columns = ["estimate", "conf_low", "conf_high"]
    assert found.general[columns].to_numpy() == pytest.approx(lmg[columns].to_numpy(), abs=1e-12)
    assert found.r2 == pytest.approx(lmg["r2"].iloc[0], abs=1e-12)

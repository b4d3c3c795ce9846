from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.linear import fit_ols
from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.models.drivers import importance_performance, relative_importance
from servicefx.moments.moments import Moments

NAMES = ["staff", "price", "speed", "shop"]


@pytest.fixture
def survey(rng: np.random.Generator) -> pd.DataFrame:
    raw = rng.normal(size=(500, 4)) + rng.normal(size=(500, 1)) + [4, 5.5, 4, 5.5]
    scores = np.clip(raw, 1, 7)
    frame = pd.DataFrame(scores, columns=NAMES)
    return frame.assign(y=scores @ [0.8, 0.7, 0.1, 0.0] + rng.normal(size=500))


def test_the_four_quadrants(survey: pd.DataFrame) -> None:
    found = importance_performance(survey, "y", NAMES, scale=(1, 7), draws=200, seed=1)
    assert list(found.columns[:4]) == ["term", "estimate", "conf_low", "conf_high"]
    assert found.set_index("term")["quadrant"].to_dict() == {
        "staff": "concentrate here", "price": "keep up the good work",
        "speed": "low priority", "shop": "possible overkill",
    }  # fmt: skip
    assert found["term"].iloc[0] == "staff"
    assert found["rank"].tolist() == [1, 2, 3, 4]
    assert found["chance_first"].iloc[0] > 0.9
    assert (found["quadrant_chance"] > 0.9).all()


def test_both_axes_and_their_product_are_what_they_say(survey: pd.DataFrame) -> None:
    found = importance_performance(survey, "y", NAMES, scale=(1, 7), draws=100, seed=2).set_index("term")
    lmg = relative_importance(survey, "y", NAMES, draws=100, seed=2).set_index("term")
    columns = ["estimate", "conf_low", "conf_high"]
    assert found.loc[NAMES, columns].to_numpy() == pytest.approx(lmg[columns].to_numpy(), abs=1e-12)
    performance = (survey[NAMES].mean() - 1) / 6 * 100
    assert found.loc[NAMES, "performance"].to_numpy() == pytest.approx(performance.to_numpy(), rel=1e-12)
    assert (found["performance_low"] < found["performance"]).all()
    assert (found["performance"] < found["performance_high"]).all()
    assert found["priority"].to_numpy() == pytest.approx(found["estimate"] * (1 - found["performance"] / 100))
    assert found["split_importance"].iloc[0] == pytest.approx(found["estimate"].mean())


def test_the_interval_of_performance_is_that_of_a_mean(survey: pd.DataFrame) -> None:
    found = importance_performance(survey, "y", NAMES, scale=(1, 7), seed=2).set_index("term")
    half = 1.96 * survey["staff"].std() / np.sqrt(500) / 6 * 100
    width = found.loc["staff", "performance_high"] - found.loc["staff", "performance_low"]
    assert width == pytest.approx(2 * half, rel=0.1)  # 2,000 draws


def test_slopes_are_those_of_least_squares_in_points_of_100(survey: pd.DataFrame) -> None:
    weights = pd.Series(np.linspace(0.5, 2, 500), name="w")
    found = importance_performance(
        survey, "y", NAMES, method="slope", scale=(1, 7), draws=400, weights=weights, seed=1
    ).set_index("term")
    fit = fit_ols(survey, "y", NAMES, weights=weights)
    assert found.loc[NAMES, "estimate"].to_numpy() == pytest.approx(fit.coefficients[:4] * 6 / 100, rel=1e-9)
    width = (found.loc[NAMES, "conf_high"] - found.loc[NAMES, "conf_low"]).to_numpy() / 3.92
    assert width == pytest.approx(fit.std_errors[:4] * 6 / 100, rel=0.15)


def test_without_a_scale_the_observed_range_is_said(survey: pd.DataFrame) -> None:
    found = importance_performance(survey, "y", NAMES, draws=0)
    assert found["interval"].iloc[0] == "performance between the lowest and highest answer given"
    assert set(found["undefined"]) == {"no intervals without resamples"}
    own = importance_performance(survey, "y", NAMES, draws=0, split=(0.0, 0.0))
    assert set(own["quadrant"]) == {"keep up the good work"}


def test_a_printed_table_with_means_is_enough(survey: pd.DataFrame) -> None:
    rows = importance_performance(survey, "y", NAMES, scale=(1, 7), draws=0)
    moments = importance_performance(
        Moments.from_frame(survey[["y", *NAMES]]), "y", NAMES, scale=(1, 7), draws=100, seed=1
    )
    columns = ["estimate", "performance", "priority", "rank"]
    assert moments[columns].to_numpy() == pytest.approx(rows[columns].to_numpy(), rel=1e-9)
    assert (moments["performance_low"] < moments["performance"]).all()


REFUSED = [
    ({"scale": (1, 6)}, DataError, "answers of 'staff' lie outside 1 to 6"),
    ({"scale": (7, 1)}, StudyError, "scale: that of 'staff' does not rise"),
    ({"scale": {"staff": (1, 7)}}, StudyError, "no scale of 'price', 'speed', 'shop'"),
    ({"method": "slop"}, StudyError, "'slop' is not one of them"),
    ({"drivers": ["staff", "copy"], "method": "slope"}, IdentificationError, "are collinear"),
]


@pytest.mark.parametrize(("changed", "error", "message"), REFUSED)
def test_what_cannot_be_computed_is_refused_in_words(
    changed: dict[str, object], error: type[Exception], message: str, survey: pd.DataFrame
) -> None:
    arguments: dict[str, object] = {"drivers": NAMES, "draws": 0} | changed
    with pytest.raises(error, match=re.escape(message)):
        importance_performance(survey.assign(copy=survey["staff"]), "y", **arguments)  # type: ignore[arg-type]


def test_moments_need_means_and_a_scale(survey: pd.DataFrame) -> None:
    moments = Moments.from_frame(survey)
    with pytest.raises(DataError, match="moments tell no range of answers"):
        importance_performance(moments, "y", NAMES, draws=0)
    bare = Moments(names=moments.names, n_obs=500, mean=None, cov=moments.cov)
    with pytest.raises(DataError, match="moments without means, which tell no performance"):
        importance_performance(bare, "y", NAMES, scale=(1, 7), draws=0)


def test_what_is_held_changes_importance_but_not_performance(survey: pd.DataFrame) -> None:
    held = {"scale": (1, 7), "draws": 50, "seed": 2, "covariates": ["shop"]}
    found = importance_performance(survey, "y", NAMES[:3], **held).set_index("term")
    plain = importance_performance(survey, "y", NAMES, scale=(1, 7), draws=50, seed=2).set_index("term")
    lmg = relative_importance(survey, "y", NAMES[:3], covariates=["shop"]).set_index("term")
    assert found["estimate"].to_dict() == pytest.approx(lmg["estimate"].to_dict(), abs=1e-12)
    columns = ["performance", "performance_low", "performance_high"]
    pd.testing.assert_frame_equal(found.loc[NAMES[:3], columns], plain.loc[NAMES[:3], columns])
    slope = importance_performance(survey, "y", NAMES[:3], method="slope", **held).set_index("term")
    fit = fit_ols(survey, "y", NAMES, covariance="hc3")
    for name in NAMES[:3]:
        assert slope.loc[name, "estimate"] == pytest.approx(fit.coefficient(name) * 6 / 100, abs=1e-10)

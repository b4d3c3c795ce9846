from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError
from servicefx.measurement.dimension_weights import derived_weights, equal_weights, stated_weights
from servicefx.moments.resample_index import resample_counts


@pytest.fixture
def survey(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.Series]:
    common = rng.normal(size=(500, 1))
    scores = pd.DataFrame(4 + common + rng.normal(size=(500, 3)), columns=["speed", "care", "place"])
    outcome = scores @ np.array([0.5, 0.3, 0.1]) + rng.normal(size=500)
    return scores, outcome.rename("satisfaction")


def test_orthogonal_terms_weigh_by_their_squared_correlation() -> None:
    design = np.array(np.meshgrid([-1.0, 1], [-1.0, 1], [-1.0, 1], [-1.0, 1])).reshape(4, -1).T
    scores = pd.DataFrame(design[:, :3], columns=["a", "b", "c"])
    outcome = pd.Series(design @ np.array([3.0, 2.0, 1.0, 1.0]), name="y")
    assert derived_weights(scores, outcome).shares == pytest.approx(np.array([9, 4, 1]) / 14)
    coefficients = derived_weights(scores, outcome, weighting="regression")
    assert coefficients.shares == pytest.approx(np.array([3, 2, 1]) / 6)


@pytest.mark.parametrize("weighting", ["relative", "regression"])
def test_the_influence_of_rows_gives_the_bootstraps_error(survey, weighting) -> None:
    scores, outcome = survey
    found = derived_weights(scores, outcome, weighting=weighting)
    counts = resample_counts(500, 2000, seed=1, analysis_id="customers")
    drawn = np.array(
        [
            derived_weights(
                scores[draw > 0], outcome[draw > 0], weighting=weighting, weights=pd.Series(draw[draw > 0])
            ).shares
            for draw in counts[:600]
        ]
    )
    error = np.sqrt((found.influence**2).sum(axis=0) * 500 / 499)
    # 600 draws know a standard deviation to 3 %, and the bootstrap has terms of order 1/n besides
    assert error == pytest.approx(drawn.std(axis=0, ddof=1), rel=0.12)
    assert found.influence.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)


def test_whole_weights_are_copies_of_a_person(survey, rng) -> None:
    scores, outcome = survey
    weights = pd.Series(rng.integers(1, 4, 500).astype(float))
    rows = scores.index.repeat(weights.astype(int))
    for weighting in ("relative", "regression"):
        weighed = derived_weights(scores, outcome, weighting=weighting, weights=weights)
        copied = derived_weights(scores.loc[rows], outcome.loc[rows], weighting=weighting)
        assert weighed.shares == pytest.approx(copied.shares, rel=1e-10)


def test_scale_and_order_of_the_terms_do_not_matter(survey) -> None:
    scores, outcome = survey
    first = derived_weights(scores, outcome).shares
    moved = derived_weights(scores[["place", "speed", "care"]] * 1e4 + 7, outcome / 1e3).shares
    assert moved == pytest.approx(first[[2, 0, 1]], rel=1e-8)


def test_a_negative_coefficient_counts_as_nothing_and_is_named(rng) -> None:
    scores = pd.DataFrame(rng.normal(size=(200, 2)), columns=["speed", "care"])
    outcome = (scores["speed"] - scores["care"] + rng.normal(size=200)).rename("satisfaction")
    found = derived_weights(scores, outcome, weighting="regression")
    assert found.shares.tolist() == [1.0, 0.0]
    assert [problem.where for problem in found.problems] == ["'care'"]
    assert "below 0: it counts as 0 in the index" in found.problems[0].found
    assert derived_weights(scores, outcome).problems == ()


def test_stated_shares_are_mean_points_and_rows_without_points_move_nothing() -> None:
    points = pd.DataFrame({"speed": [60.0, 40.0, np.nan], "care": [40.0, 60.0, np.nan]})
    found = stated_weights(points, pd.Series([3.0, 1.0, 9.0]))
    assert found.shares == pytest.approx([0.55, 0.45])
    assert found.influence[2].tolist() == [0.0, 0.0]
    assert found.n_obs == 2


def test_equal_shares_are_known_without_error(survey) -> None:
    found = equal_weights(survey[0])
    assert found.shares.tolist() == [1 / 3] * 3
    assert not found.influence.any()


def test_what_gives_no_weights_is_refused(survey) -> None:
    scores, outcome = survey
    with pytest.raises(IdentificationError, match="the dimensions speed, care, place are collinear"):
        derived_weights(scores.assign(place=scores["speed"] + scores["care"]), outcome)
    with pytest.raises(DataError, match="'care': every score is the same"):
        derived_weights(scores.assign(care=4.0), outcome)
    with pytest.raises(DataError, match="4 rows have every dimension and 'satisfaction', more than 4"):
        derived_weights(scores.iloc[:4], outcome.iloc[:4])
    with pytest.raises(IdentificationError, match="nothing explains 'satisfaction'"):
        derived_weights(scores, (-scores.sum(axis=1)).rename("satisfaction"), weighting="regression")
    with pytest.raises(DataError, match="nobody gave points"):
        stated_weights(scores * np.nan)

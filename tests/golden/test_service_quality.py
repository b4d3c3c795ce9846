"""Gap scores, importance weights, the index and its norms beside base R and sandwich."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.dimension_weights import derived_weights, equal_weights, stated_weights
from servicefx.measurement.gaps import scores_by_dimension
from servicefx.measurement.group_index import index_scores, quality_index_of
from servicefx.measurement.importance import importance_points
from servicefx.measurement.norms import percentile_norms
from servicefx.measurement.servqual import servqual_of

FOLDER = Path(__file__).parent / "service_quality"
DIMENSIONS = {
    "tangibles": ["tangibles1", "tangibles2"],
    "reliability": ["reliability1", "reliability2", "reliability3"],
    "empathy": ["empathy1", "empathy2"],
}
POINTS = {name: f"points_{name}" for name in DIMENSIONS}
SCALES = {name: (1.0, 7.0) for name in DIMENSIONS}
EXACT = 1e-11  # both sides are closed forms in double precision


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "data.csv")


@pytest.fixture(scope="module")
def scores(data: pd.DataFrame) -> pd.DataFrame:
    return scores_by_dimension(data, DIMENSIONS, complete=False)


def test_every_number_of_servqual_is_that_of_weighted_regressions_on_one(data: pd.DataFrame) -> None:
    found = servqual_of(
        data,
        DIMENSIONS,
        expectation={name: [f"{item}_e" for item in items] for name, items in DIMENSIONS.items()},
        importance=POINTS,
        weights=data["weight"],
        clusters=data["outlet"],
    )
    expected = pd.read_csv(FOLDER / "expected_servqual.csv").set_index(["construct", "measure"])
    ours = found.dimensions.set_index(["construct", "measure"])
    assert set(ours.index) == set(expected.index)
    for column in ("estimate", "std_error", "conf_low", "conf_high", "n_obs"):
        assert ours.loc[expected.index, column].to_numpy(float) == pytest.approx(
            expected[column].to_numpy(float), rel=EXACT
        ), column
    assert (ours["undefined"] == "").all()
    assert found.counts == {"points did not add up to 100, rescaled": 20}


def test_the_index_has_the_error_of_the_delta_method_the_points_included(
    data: pd.DataFrame, scores: pd.DataFrame
) -> None:
    expected = pd.read_csv(FOLDER / "expected_index.csv").set_index("weighting")
    options = {"weights": data["weight"], "clusters": data["outlet"], "segments": data[["channel"]]}
    points = importance_points(data, POINTS).points
    stated = quality_index_of(scores, SCALES, stated_weights(points, data["weight"]), **options)
    equal = quality_index_of(scores, SCALES, equal_weights(scores), **options).index.set_index("group")
    for column in ("estimate", "std_error"):
        assert stated.index[column].iloc[0] == pytest.approx(expected.loc["stated", column], rel=EXACT)
        for group, name in (("", "equal"), *((c, f"equal {c}") for c in ("phone", "store", "web"))):
            assert equal.loc[group, column] == pytest.approx(expected.loc[name, column], rel=EXACT)


def test_derived_shares_are_johnsons_and_those_of_lm(data: pd.DataFrame, scores: pd.DataFrame) -> None:
    expected = pd.read_csv(FOLDER / "expected_weights.csv")
    for weighting in ("relative", "regression"):
        raw = expected[weighting].to_numpy()
        found = derived_weights(scores, data["satisfaction"], weighting=weighting)  # type: ignore[arg-type]
        assert found.shares == pytest.approx(raw / raw.sum(), rel=1e-9)  # an eigen against a singular route
    assert expected["relative"].sum() == pytest.approx(expected["r2"].iloc[0])


def test_norms_are_quantiles_of_type_2(scores: pd.DataFrame) -> None:
    expected = pd.read_csv(FOLDER / "expected_norms.csv")
    own = index_scores(scores, SCALES, np.full(3, 1 / 3))
    assert percentile_norms(own)["estimate"].to_numpy() == pytest.approx(expected["estimate"].to_numpy())

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from servicefx.measurement.assessment import assess
from servicefx.measurement.method_bias import (
    cfa_marker,
    full_collinearity,
    harman_single_factor,
    latent_method_factor,
    marker_correlations,
)
from servicefx.study.study import Study

Build = Callable[..., Study]
Declared = Callable[..., dict[str, dict[str, Any]]]
MARKER = {"measurement": {"marker": ["m1", "m2"]}}


def test_bias_holds_the_numbers_of_its_functions(study_of: Build, declared: Declared) -> None:
    study = study_of(**MARKER, data={"customers": {"nested_in": ["outlet"]}})
    found = assess(study, parts=["bias"])
    frame, scores = study.frames["customers"], study.scores["customers"]
    blocks = {name: table["items"] for name, table in declared().items()}
    items = frame.iloc[:, :12]
    drawn = {
        "draws": 60, "seed": 7, "analysis_id": study.stream("customers"),
        "clusters": study.clusters("customers"),
    }  # fmt: skip
    method = latent_method_factor(frame, blocks, estimator="mlr", cluster="outlet")
    marked = scores.assign(marker=frame[["m1", "m2"]].mean(axis=1))
    direct = {
        "single_factor": harman_single_factor(items, **drawn).table,
        "full_collinearity": full_collinearity(scores, **drawn).table,
        "method_models": method.models,
        "method_variance": method.variance,
        "marker": marker_correlations(marked, marker="marker").table,
        "marker_models": cfa_marker(frame, blocks, ["m1", "m2"], estimator="mlr", cluster="outlet").models,
    }
    assert set(found.names) == set(direct)
    for name, table in direct.items():
        pd.testing.assert_frame_equal(found.frame(name), table)


def test_the_weaknesses_of_the_tests_are_told(study_of: Build) -> None:
    notes = assess(study_of(), parts=["bias"]).notes
    assert any("cannot show that there is no method bias" in told for told in notes["single_factor"])
    assert notes["method_factor"][0] == "The models with a method factor use 300 rows without a gap."
    assert all(told.endswith(".") for told in notes["method_factor"])


def test_without_a_marker_its_models_alone_are_not_answered(study_of: Build) -> None:
    found = assess(study_of(), parts=["bias"])
    assert found.undefined == {
        "bias: marker models": (
            "study.toml: measurement: no items of a marker variable are stated. State marker = its columns."
        )
    }
    assert "marker" in found.names


@pytest.mark.parametrize(
    ("marker", "why"),
    [
        (["tan1", "tan2"], "'tan1' is an item of a construct as well"),
        (["m1", "channel"], "'channel' holds text, numbers expected"),
    ],
)
def test_a_marker_that_is_none_is_refused_by_name(study_of: Build, marker: list[str], why: str) -> None:
    found = assess(study_of(measurement={"marker": marker}), parts=["bias"])
    for part in ("bias: marker", "bias: marker models"):
        assert found.undefined[part].startswith(f"study.toml: measurement.marker: {why}")
    assert {"single_factor", "full_collinearity", "method_models"} <= set(found.names)


def test_one_marker_item_serves_correlations_but_no_model(study_of: Build) -> None:
    found = assess(study_of(measurement={"marker": ["m1"]}), parts=["bias"])
    assert "1 marker item, at least 2 expected" in found.undefined["bias: marker models"]
    assert "marker" in found.names


def test_correlations_beside_a_marker_say_that_weights_are_not_used(study_of: Build) -> None:
    study = study_of(**MARKER, data={"customers": {"weights": "weight"}})
    notes = assess(study, parts=["bias"]).notes["marker"]
    assert "Correlations beside a marker take rows as independent and equally weighted." in notes


def test_a_construct_named_marker_is_not_taken_for_one(
    study_of: Build, frame: pd.DataFrame, declared: Declared
) -> None:
    table = declared()
    table["marker"] = table.pop("loyalty") | {"label": "Marker"}
    found = assess(study_of(frame, constructs=table, **MARKER), parts=["bias"])
    pairs = found.frame("marker")
    assert "marker" in {*pairs["construct"], *pairs["other"]}

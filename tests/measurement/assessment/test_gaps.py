from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.measurement.assessment import assess
from servicefx.measurement.assessment.gaps import joint_moments, keeps_gaps, with_roles
from servicefx.measurement.assessment.subject import subject_of
from servicefx.measurement.validity import heterotrait_monotrait_intervals
from servicefx.study.study import Study

Build = Callable[..., Study]
Declared = Callable[..., dict[str, dict[str, Any]]]
LISTWISE = {"inference": {"draws": 60, "seed": 7, "missing_data": "listwise"}}


def test_rows_with_gaps_are_kept_unless_the_study_says_listwise_or_has_weights(
    study_of: Build, frame: pd.DataFrame, gappy: pd.DataFrame
) -> None:
    def kept(rows: pd.DataFrame, **tables: Any) -> bool:
        return keeps_gaps(subject_of(study_of(rows, **tables), None, None, None, None))

    assert kept(gappy)
    assert not kept(frame)
    assert not kept(gappy, **LISTWISE)
    assert not kept(gappy, data={"customers": {"weights": "weight"}})


def test_with_gaps_the_confirmatory_model_is_full_information(
    study_of: Build, gappy: pd.DataFrame, declared: Declared
) -> None:
    found = assess(study_of(gappy), parts=["validity"])
    text = "\n".join(f"{name} =~ {' + '.join(one['items'])}" for name, one in declared().items())
    fit = sem.fit(text, gappy.iloc[:, :12], estimator="mlr", missing="fiml", std_lv=True)
    direct = fit.parameters[fit.parameters["op"] == "=~"]["std_all"]
    assert found.frame("loadings")["estimate"].to_numpy() == pytest.approx(direct.to_numpy(), abs=1e-9)
    assert found.notes["confirmatory"] == (
        "The confirmatory model uses 300 rows for what they answer (full information).",
    )


def test_with_gaps_a_ratio_uses_the_rows_complete_on_its_pair(
    study_of: Build, gappy: pd.DataFrame, declared: Declared
) -> None:
    study = study_of(gappy)
    table = assess(study, parts=["validity"]).frame("htmt")
    pair = {name: declared()[name]["items"] for name in ("tangibles", "loyalty")}
    direct = heterotrait_monotrait_intervals(
        gappy, pair, draws=60, seed=7, analysis_id=study.stream("customers")
    )
    own = table[(table["left"] == "tangibles") & (table["right"] == "loyalty")]
    pd.testing.assert_frame_equal(own.reset_index(drop=True), direct)
    assert table["measure"].tolist() == ["htmt"] * 6 + ["htmt2"] * 6


def test_listwise_uses_complete_rows_everywhere(study_of: Build, gappy: pd.DataFrame) -> None:
    complete = gappy.dropna().reset_index(drop=True)
    left_out = assess(study_of(gappy, **LISTWISE), parts=["validity", "dimensions"])
    alone = assess(study_of(complete, **LISTWISE), parts=["validity", "dimensions"])
    for name in ("loadings", "correlations", "cross_loadings", "adequacy", "partials"):
        pd.testing.assert_frame_equal(left_out.frame(name), alone.frame(name))
    assert left_out.notes["confirmatory"] == (
        f"The confirmatory model uses {len(complete):,} rows without a gap.",
    )


def test_a_pair_with_too_few_rows_of_its_own_is_named_and_the_others_have_their_ratio(
    study_of: Build, gappy: pd.DataFrame
) -> None:
    gappy.loc[150:, ["tan1", "tan2", "tan3"]] = np.nan
    gappy.loc[:146, ["loy1", "loy2", "loy3"]] = np.nan
    found = assess(study_of(gappy), parts=["validity"])
    assert "complete rows" in found.undefined["validity: ratio of tangibles, loyalty"]
    assert len(found.frame("htmt")) == 2 * 5


def test_moments_with_gaps_are_those_of_highest_likelihood(study_of: Build, gappy: pd.DataFrame) -> None:
    subject = subject_of(study_of(gappy), None, None, None, None)
    items = gappy.iloc[:, :12]
    found = joint_moments(subject)
    text = "\n".join(f"{left} ~~ {right}" for left in items for right in items if left <= right)
    fit = sem.fit(text, items, missing="fiml")
    implied = {(row.lhs, row.rhs): row.estimate for row in fit.parameters.itertuples() if row.op == "~~"}
    names = list(found.names)
    for (left, right), value in implied.items():
        assert found.cov[names.index(left), names.index(right)] == pytest.approx(value, abs=1e-4)


def test_columns_of_weights_and_clusters_never_take_the_place_of_an_item(
    study_of: Build, frame: pd.DataFrame
) -> None:
    frame = frame.rename(columns={"outlet": "loyalty", "weight": "satisfaction"})
    roles = {"data": {"customers": {"nested_in": ["loyalty"], "weights": "satisfaction"}}}
    subject = subject_of(study_of(frame, **roles), None, None, None, None)
    rows, weight, cluster = with_roles(subject, subject.joint)
    assert (weight, cluster) == ("survey weights", "clusters of rows")
    assert rows[weight].tolist() == frame["satisfaction"].tolist()
    assert rows[cluster].tolist() == frame["loyalty"].tolist()

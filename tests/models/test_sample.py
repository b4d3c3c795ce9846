from __future__ import annotations

import re
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.models.drivers import fit_direct
from servicefx.models.sample import numeric_columns, reference_groups, sample_of


def test_rows_left_out_are_counted_once_under_the_first_name_missing(made: ModuleType) -> None:
    frame = made.survey_frame(60)
    frame.loc[:4, ["sat1", "sat2"]] = np.nan
    frame.loc[3:9, ["tru1", "tru2"]] = np.nan
    frame.loc[9:11, "age"] = np.nan
    frame.loc[12, "outlet"] = None
    sample = sample_of(made.survey(frame), "customers", ["satisfaction", "trust", "age"])
    assert sample.dropped == {
        "satisfaction missing": 5,
        "trust missing": 5,
        "age missing": 2,
        "cluster 'outlet' missing": 1,
    }
    assert (len(sample.frame), sample.n_rows) == (47, 60)
    assert sample.frame.index.tolist() == list(range(13, 60))
    assert sample.clusters is not None
    assert sample.clusters.index.equals(sample.frame.index)


def test_a_missing_weight_is_a_reason_too(made: ModuleType) -> None:
    frame = made.survey_frame(20).assign(w=[np.nan, *[1.0] * 19])
    sample = sample_of(made.survey(frame, data={"customers": {"weights": "w"}}), "customers", ["trust"])
    assert sample.dropped == {"weight 'w' missing": 1}
    assert sample.clusters is None
    assert sample.weights is not None


def test_no_complete_row_is_refused(made: ModuleType) -> None:
    frame = made.survey_frame(20).assign(age=np.nan)
    message = (
        "data.customers: no row has an answer to all of 'trust', 'age'\n"
        "    Ask about fewer of them at once, or check the missing codes."
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        sample_of(made.survey(frame), "customers", ["trust", "age"])


def test_names_that_are_nothing_here_are_refused_together(made: ModuleType) -> None:
    frame = made.survey_frame(20).assign(**{"备注 1": "text"})
    with pytest.raises(DataError) as caught:
        numeric_columns(made.survey(frame), "customers", ["trst", "trust", "备注 1"])
    assert str(caught.value) == (
        "data.customers: 'trst' is neither a construct measured here nor a column (closest: 'trust')\n"
        "    Correct the name, or measure it in this file.\n"
        "data.customers: column '备注 1': 1 different texts, expected a number or 2 to 20 groups\n"
        "    Code it as numbers, or as fewer groups."
    )


def test_a_construct_goes_before_a_column_of_the_same_name(made: ModuleType) -> None:
    frame = made.survey_frame(20).assign(trust=99.0)
    columns = numeric_columns(made.survey(frame), "customers", ["trust", "tru1"])
    expected = frame[["tru1", "tru2"]].mean(axis=1)
    pd.testing.assert_series_equal(columns["trust"], expected, check_names=False)


def test_a_covariate_of_texts_enters_as_one_column_for_each_group_but_the_first(made: ModuleType) -> None:
    regions = ["West", "East", "North", None] * 5
    frame = made.survey_frame(20).assign(region=regions)
    columns = numeric_columns(made.survey(frame), "customers", ["region"])
    assert list(columns) == ["region: North", "region: West"]
    assert columns["region: West"].tolist()[:3] == [1.0, 0.0, 0.0]
    assert columns["region: West"].isna().tolist() == [region is None for region in regions]


def test_the_reference_group_is_named(made: ModuleType) -> None:
    frame = made.survey_frame(20).assign(region=["West", "East"] * 10, age=range(20))
    study = made.survey(frame)
    names = reference_groups(study, "customers", ["trust", "age", "region"])
    assert names == ("'region' enters as differences from 'East'",)


def test_a_grouped_covariate_gives_the_regression_of_its_hand_made_columns(made: ModuleType) -> None:
    frame = made.survey_frame(60).assign(region=["West", "East", "North"] * 20)
    by_hand = frame.assign(west=(frame["region"] == "West") * 1.0, north=(frame["region"] == "North") * 1.0)
    grouped = fit_direct(made.survey(frame), "trust", ["satisfaction", "region"]).robust
    plain = fit_direct(made.survey(by_hand), "trust", ["satisfaction", "north", "west"]).robust
    assert grouped.terms == ("satisfaction", "region: North", "region: West", "constant")
    np.testing.assert_allclose(grouped.coefficients, plain.coefficients, rtol=1e-12)
    np.testing.assert_allclose(grouped.covariance, plain.covariance, rtol=1e-9, atol=1e-15)

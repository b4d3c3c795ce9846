from __future__ import annotations

import re
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.models.sample import numeric_columns, sample_of


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
        "data.customers: column '备注 1': text where a number is needed\n"
        "    Code it as numbers."
    )


def test_a_construct_goes_before_a_column_of_the_same_name(made: ModuleType) -> None:
    frame = made.survey_frame(20).assign(trust=99.0)
    columns = numeric_columns(made.survey(frame), "customers", ["trust", "tru1"])
    expected = frame[["tru1", "tru2"]].mean(axis=1)
    pd.testing.assert_series_equal(columns["trust"], expected, check_names=False)

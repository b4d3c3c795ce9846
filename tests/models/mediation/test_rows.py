"""Rows of a mediation: what is dropped, what is refused, and that a study and its frame agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.models.chain import counts_of, draw_source, shared_counts
from servicefx.models.mediation.rows import mediation_rows
from servicefx.models.sample import sample_of

ROLES = {"source": "x", "mediators": ["m"], "outcome": "y"}


def test_rows_with_a_gap_are_counted_under_the_first_column_that_lacks(mediated: pd.DataFrame) -> None:
    frame = mediated.copy()
    frame.loc[[3, 5], "m"] = np.nan
    frame.loc[[5, 9], "y"] = np.nan
    rows = mediation_rows(frame, **ROLES, draws=0)
    assert rows.dropped == {"m missing": 2, "y missing": 1}
    assert len(rows.frame) == len(frame) - 3


def test_a_study_brings_its_shared_resamples_clusters_and_scores(made) -> None:
    frame = made.survey_frame()
    frame.loc[[0, 7, 300], ["tru1", "tru2"]] = np.nan
    study = made.survey(frame)
    rows = mediation_rows(study, source="service_quality", mediators=["trust"], outcome="loyalty")
    assert rows.dropped == {"trust missing": 3}
    names = ["service_quality", "trust", "loyalty"]
    sample = sample_of(study, "customers", names)
    expected = counts_of(shared_counts(study, "customers", study.seed), study, sample)
    assert np.array_equal(rows.counts, expected)
    assert rows.draw_source == draw_source(study, "customers", study.seed)
    assert rows.clusters is not None
    assert rows.clusters.name == "outlet"
    assert np.array_equal(rows.frame.to_numpy(), sample.frame.to_numpy())


def test_a_moderator_of_two_groups_becomes_zero_and_one(made) -> None:
    frame = made.survey_frame().assign(channel=np.where(np.arange(400) % 2, "shop", "online"))
    study = made.survey(frame)
    rows = mediation_rows(
        study, source="service_quality", mediators=["trust"], outcome="loyalty", moderator="channel"
    )
    assert rows.moderator == "channel: shop"
    assert rows.references == ("'channel' enters as differences from 'online'",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mediators": ["y"]}, r"these have two parts at once: 'y'"),
        ({"mediators": ["mm"]}, r"column 'mm' is not in the data \(closest: 'm'\)"),
        ({"moderator": "flat"}, r"'flat' has the same value in all 300 rows used"),
        ({"covariates": ["text"]}, r"column 'text' holds text, expected numbers"),
        ({"covariates": "c"}, r"covariates is the text 'c', expected a list"),
        ({"covariates": ["endless"]}, r"infinite values in 'endless'"),
        ({"covariates": ["empty"]}, r"0 rows have all of these columns, at least 6 expected"),
        ({"weights": pd.Series([1.0], name="v")}, r"1 weights for 300 rows"),
        ({"weights": pd.Series(np.zeros(300), name="v")}, r"300 of 300 weights are missing or not above 0"),
        ({"clusters": pd.Series(np.ones(300), name="g")}, "one cluster only"),
    ],
)
def test_what_the_data_do_not_hold_is_refused(mediated: pd.DataFrame, change, message) -> None:
    frame = mediated.assign(flat=2.0, text="a", endless=np.inf, empty=np.nan)
    with pytest.raises(DataError, match=message):
        mediation_rows(frame, **(ROLES | change))


def test_draws_below_zero_are_refused(mediated: pd.DataFrame) -> None:
    with pytest.raises(StudyError, match="-1, a whole number from 0 expected"):
        mediation_rows(mediated, **ROLES, draws=-1)


def test_a_study_declares_its_own_weights(made) -> None:
    with pytest.raises(StudyError, match="weights or clusters beside a study"):
        mediation_rows(
            made.survey(), source="trust", mediators=["satisfaction"], outcome="loyalty",
            weights=pd.Series([1.0]),
        )  # fmt: skip


def test_an_unknown_file_of_a_study_is_refused(made) -> None:
    with pytest.raises(StudyError, match=r"there is no data file 'customer' \(closest: 'customers'\)"):
        mediation_rows(
            made.survey(), source="trust", mediators=["satisfaction"], outcome="loyalty", file="customer"
        )

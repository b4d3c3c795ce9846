"""Resamples of a frame: drawn on the shared index and named, or taken as given and held against the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.models.frame_draws import (
    check_paired,
    cluster_labels,
    given_or_drawn,
    labels_of_all,
    resamples_said,
)
from servicefx.moments.resample_index import resample_counts

DEALER = pd.Series([10, 2, 2, 10, 3], name="dealer")
DRAWN = {"draws": 20, "seed": 4, "data_id": "customers"}


def test_resamples_drawn_are_those_of_the_shared_index_under_their_name() -> None:
    counts, source = given_or_drawn(5, None, None, **DRAWN, clusters=DEALER, labels=DEALER)
    assert np.array_equal(counts, resample_counts(5, 20, 4, "customers", DEALER))
    assert source == "customers: 20 resamples of clusters of 'dealer', seed 4"
    counts, source = given_or_drawn(5, None, None, **DRAWN, clusters=None, labels=None)
    assert np.array_equal(counts, resample_counts(5, 20, 4, "customers"))
    assert source == "customers: " + resamples_said(20, None, 4) == "customers: 20 resamples of rows, seed 4"


def test_resamples_given_are_taken_as_they_are_if_they_are_of_these_rows() -> None:
    given = np.ones((2, 5), dtype=np.float32)
    counts, source = given_or_drawn(5, given, "shared", **DRAWN, clusters=DEALER, labels=DEALER)
    assert counts is given
    assert source == "shared"
    with pytest.raises(ValueError, match="counts of 5 rows for data of 6"):
        given_or_drawn(6, given, "shared", **DRAWN, clusters=None, labels=None)


def test_resamples_and_their_name_come_together() -> None:
    given = np.ones((2, 5), dtype=np.float32)
    check_paired(None, None)
    check_paired(given, "shared")
    for counts, source in ((given, None), (None, "shared")):
        with pytest.raises(ValueError, match="counts= and source= belong together"):
            check_paired(counts, source)


def test_rows_without_a_cluster_are_one_more_cluster() -> None:
    gaps = DEALER.astype(float).where(DEALER != 3)
    assert cluster_labels(None) is None
    assert labels_of_all(None) is None
    assert cluster_labels(DEALER) is DEALER
    texts, numbers = cluster_labels(gaps), labels_of_all(gaps)
    assert texts is not None
    assert numbers is not None
    assert texts.tolist() == ["10.0", "2.0", "2.0", "10.0", ""]
    assert numbers.tolist() == [10.0, 2.0, 2.0, 10.0, ""]

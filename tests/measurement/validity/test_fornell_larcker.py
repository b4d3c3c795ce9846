"""Fornell and Larcker: both sides of a pair are judged, and a construct without AVE is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.rules import rules_frame
from servicefx.measurement.validity import confirmatory_fit, fornell_larcker, judged_fornell_larcker
from servicefx.measurement.validity.fornell_larcker import fornell_larcker_frame
from servicefx.moments.moments import Moments


def test_each_side_of_a_pair_is_judged_by_its_own_root() -> None:
    frame = fornell_larcker_frame(
        ["a", "b", "c"], [0.64, 0.36, 0.5], [[1, -0.7, 0.1], [-0.7, 1, 0.1], [0.1, 0.1, 1]]
    )
    pairs = frame.set_index(["construct", "other"])
    assert pairs.loc[("a", "b"), "judgement"] == "pass"  # .8 > .7
    assert pairs.loc[("b", "a"), "judgement"] == "fail"  # .6 < .7, whatever the sign
    assert frame["root_average_variance_extracted"].round(6).tolist() == [
        0.8,
        0.8,
        0.6,
        0.6,
        0.707107,
        0.707107,
    ]
    rules = rules_frame(judged_fornell_larcker(frame))
    assert rules["subject"][2] == "b, a"
    assert rules["estimate"][2] == pytest.approx(0.7 / 0.6)
    assert rules["judgement"].tolist() == frame["judgement"].tolist()


def test_a_construct_of_one_item_is_compared_with_but_not_judged(rng: np.random.Generator) -> None:
    score = rng.normal(size=(200, 1))
    items = pd.DataFrame(score + rng.normal(size=(200, 4)), columns=list("abcd"))
    frame = fornell_larcker(confirmatory_fit(items, {"quality": ["a", "b", "c"], "overall": ["d"]}))
    assert frame["construct"].tolist() == ["quality", "overall"]
    assert frame["undefined"].tolist() == ["", "one item"]
    assert frame["judgement"][1] == ""
    assert np.isnan(frame["root_average_variance_extracted"][1])


@pytest.mark.external
def test_printed_correlations_of_babakus_and_boller_fail(shared_data: Path) -> None:
    printed = pd.read_csv(shared_data / "servqual_bb1992" / "correlations.csv", index_col=0)
    moments = Moments.from_correlation(printed, np.ones(22), 502)
    constructs = {
        name: [f"Q{at}" for at in range(low, high)]
        for name, low, high in (("responsiveness", 10, 14), ("assurance", 14, 18), ("empathy", 18, 23))
    }
    frame = fornell_larcker(confirmatory_fit(moments, constructs)).set_index(["construct", "other"])
    assert frame.loc[("empathy", "responsiveness"), "judgement"] == "fail"
    assert frame.loc[("empathy", "responsiveness"), "estimate"] > 0.99

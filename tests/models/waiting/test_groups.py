"""Tolerated waits of channels: each as if alone, their differences on joint draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.models.waiting import fit_threshold, thresholds_by
from servicefx.values.glossary import GLOSSARY


@pytest.fixture
def channels(rng: np.random.Generator) -> pd.DataFrame:
    n = 1500
    online = rng.random(n) < 0.5
    hours = rng.uniform(1, 60, n)
    beyond = np.maximum(hours - np.where(online, 12, 30), 0)
    channel = np.where(online, "online", "phone").astype(object)
    channel[:6] = "letter"
    data = pd.DataFrame({"hours": hours, "channel": channel})
    data["satisfaction"] = 6 - 0.06 * beyond + rng.normal(0, 0.4, n)
    return data


def test_groups_are_fitted_apart_and_compared(channels: pd.DataFrame) -> None:
    found = thresholds_by(channels, "satisfaction", "hours", "channel", draws=199, seed=3)
    table = found.thresholds.set_index("group")
    assert table.index.tolist() == ["letter", "online", "phone"]
    for group, truth in (("online", 12), ("phone", 30)):
        assert table.loc[group, "estimate"] == pytest.approx(truth, abs=3)
        assert table.loc[group, "conf_low"] < truth < table.loc[group, "conf_high"]
    alone = fit_threshold(
        channels[channels["channel"] == "phone"], "satisfaction", "hours", draws=199, seed=3
    )
    assert table.loc["phone", "estimate"] == pytest.approx(alone.threshold.estimate)
    assert found.slopes["group"].tolist() == ["online"] * 3 + ["phone"] * 3
    pair = found.differences.iloc[0]
    gap = found.fits["online"].threshold - found.fits["phone"].threshold
    assert (pair["group_left"], pair["group_right"]) == ("online", "phone")
    assert pair["difference"] == pytest.approx(gap.estimate)
    assert (pair["conf_low"], pair["conf_high"]) == pytest.approx(gap.interval())
    assert pair["conf_high"] < 0
    beyond = int((gap.draws >= 0).sum())
    assert pair["p_value"] == pair["p_adjusted"] == 2 * (beyond + 1) / 200
    assert pair["p_value"] < 0.05


def test_a_group_too_small_has_its_reason(channels: pd.DataFrame) -> None:
    found = thresholds_by(channels, "satisfaction", "hours", "channel", draws=99)
    row = found.thresholds.set_index("group").loc["letter"]
    assert row["n_obs"] == 6
    assert np.isnan(row["estimate"])
    assert row["undefined"] == "6 complete rows for 4 numbers to estimate, at least 24 expected"
    assert "letter" not in found.fits


def test_no_groups_are_refused(channels: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"column 'canal' is not in the data"):
        thresholds_by(channels, "satisfaction", "hours", "canal")
    with pytest.raises(DataError, match="'hours' has 1500 groups, expected 2 to 20"):
        thresholds_by(channels, "satisfaction", "hours", "hours")


def test_its_tables_speak_the_glossary(channels: pd.DataFrame) -> None:
    found = thresholds_by(channels, "satisfaction", "hours", "channel", draws=99)
    for table in (found.thresholds, found.slopes, found.differences):
        assert set(table.columns) <= set(GLOSSARY)


def test_groups_in_whole_numbers_keep_their_name_beside_gaps(channels: pd.DataFrame) -> None:
    codes = channels["channel"].map({"online": 1.0, "phone": 2.0, "letter": np.nan})
    found = thresholds_by(channels.assign(code=codes), "satisfaction", "hours", "code", draws=99)
    assert found.thresholds["group"].tolist() == ["1", "2"]

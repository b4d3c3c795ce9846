from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.assessment import assess
from servicefx.measurement.reliability import item_statistics, reliability_table
from servicefx.measurement.screening import screen
from servicefx.measurement.servqual import servqual
from servicefx.study.study import Study

Build = Callable[..., Study]
Declared = Callable[..., dict[str, dict[str, Any]]]


def test_screening_holds_the_numbers_of_screen(study_of: Build, declared: Declared) -> None:
    stated = {"duration": "seconds", "pairs": [["m1", "m2"]]}
    study = study_of(measurement=stated)
    found = assess(study, parts=["screening"])
    frame = study.frames["customers"]
    blocks = {name: table["items"] for name, table in declared().items()}
    items = [item for block in blocks.values() for item in block]
    direct = screen(
        frame[[*items, "m1", "m2"]], blocks, scale=dict.fromkeys(items, (1.0, 7.0)),
        duration=frame["seconds"], pairs=[("m1", "m2")],
    )  # fmt: skip
    pd.testing.assert_frame_equal(found.frame("flags"), direct.flags)
    pd.testing.assert_frame_equal(found.frame("straight_lines"), direct.blocks)
    pd.testing.assert_frame_equal(found.frame("patterns"), direct.patterns)
    pd.testing.assert_frame_equal(found.frame("items"), direct.items, check_dtype=False)
    assert found.undefined == {}
    assert found.notes["screening"] == ("Rows are flagged, none is left out.",)


def test_every_item_of_every_construct_is_screened_under_its_construct(
    study_of: Build, frame: pd.DataFrame, declared: Declared
) -> None:
    frame.loc[60:, ["loy1", "loy2", "loy3"]] = np.nan
    table = declared()
    table["repurchase"] = {"mode": "single", "items": ["seconds"]}
    table["stress"] = {"mode": "formative", "items": ["m1", "m2"], "label": "Stress"}
    found = assess(study_of(frame, constructs=table), parts=["screening"])
    items = found.frame("items").set_index("item")["construct"]
    assert items["seconds"] == "repurchase"
    assert items[["m1", "m2"]].tolist() == ["stress", "stress"]
    assert items["loy1"] == "loyalty"
    assert "stress" in set(found.frame("straight_lines")["construct"])
    gaps = found.frame("patterns")
    assert gaps["n_missing"].max() == 0  # what was not asked of 80 % is no pattern of gaps


def test_a_reversed_item_of_a_formative_construct_is_turned_back_before_straight_lines_are_sought(
    study_of: Build, frame: pd.DataFrame, declared: Declared
) -> None:
    frame[["m1", "m2", "m3"]] = [1.0, 2.0, 6.0]
    frame.loc[:99, ["m1", "m2"]] = 5.0
    frame.loc[:99, "m3"] = 3.0  # turned on reading: ticked as 5
    table = declared() | {
        "stress": {
            "mode": "formative", "items": ["m1", "m2", "m3"], "reversed": ["m3"], "scale": "seven",
            "label": "Stress",
        }
    }  # fmt: skip
    lines = assess(study_of(frame, constructs=table), parts=["screening"]).frame("straight_lines")
    assert lines.set_index("construct").loc["stress", "n_flagged"] == 100


def test_a_study_whose_constructs_were_all_asked_of_some_is_screened_all_the_same(
    study_of: Build, frame: pd.DataFrame
) -> None:
    for at, stem in enumerate(["tan", "rel", "sat", "loy"]):
        frame.loc[frame.index % 4 != at, [f"{stem}{item}" for item in (1, 2, 3)]] = np.nan
    found = assess(study_of(frame), parts=["screening"])
    assert len(found.frame("items")) == 12
    assert set(found.undefined) >= {"joint analyses: tangibles", "joint analyses: reliability"}


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ({"duration": "channel"}, "duration: holds text, seconds expected"),
        ({"pairs": [["m1", "channel"]]}, "item 'channel': holds text, numbers expected"),
    ],
)
def test_text_where_numbers_are_needed_is_refused_by_name(
    study_of: Build, stated: dict[str, Any], why: str
) -> None:
    found = assess(study_of(measurement=stated), parts=["screening", "reliability"])
    assert found.undefined["screening"].startswith(why)
    assert "reliability" in found.names


def test_without_durations_haste_is_not_answered_and_all_else_is(study_of: Build) -> None:
    found = assess(study_of(), parts=["screening"])
    assert found.undefined == {
        "screening: speeding": "no column of durations is stated: state duration = under [measurement]"
    }
    assert len(found.frame("flags")) == 9


def test_reliability_holds_the_numbers_of_its_table(study_of: Build, declared: Declared) -> None:
    study = study_of(data={"customers": {"nested_in": ["outlet"]}})
    found = assess(study, parts=["reliability"])
    frame, clusters = study.frames["customers"], study.clusters("customers")
    blocks = {name: table["items"] for name, table in declared().items()}
    direct = reliability_table(
        frame, blocks, draws=60, seed=7, analysis_id=study.stream("customers"), clusters=clusters,
        ordinal="auto",
    )  # fmt: skip
    pd.testing.assert_frame_equal(found.frame("reliability"), direct, check_dtype=False)
    own = found.frame("item_statistics").groupby("construct", sort=False).get_group("loyalty")
    pd.testing.assert_frame_equal(
        own.drop(columns="construct").reset_index(drop=True), item_statistics(frame[blocks["loyalty"]]),
        check_dtype=False,
    )  # fmt: skip
    judged = found.rules[found.rules["rule"] == "alpha"].set_index("subject")
    alphas = direct[direct["measure"] == "alpha"].set_index("construct")
    columns = ["estimate", "conf_low", "conf_high"]
    pd.testing.assert_frame_equal(judged[columns], alphas[columns], check_names=False, check_dtype=False)
    assert (judged["threshold"] == 0.7).all()


def test_a_construct_asked_of_some_has_its_own_reliability_and_takes_no_row_from_the_others(
    study_of: Build, frame: pd.DataFrame
) -> None:
    frame.loc[60:, ["loy1", "loy2", "loy3"]] = np.nan
    table = assess(study_of(frame), parts=["reliability"]).frame("reliability")
    n_obs = table.drop_duplicates("construct").set_index("construct")["n_obs"]
    assert n_obs.to_dict() == {"tangibles": 300, "reliability": 300, "satisfaction": 300, "loyalty": 60}
    rho = table[table["measure"] == "rho_a"].set_index("construct")
    assert rho.loc[["tangibles", "satisfaction"], "n_obs"].tolist() == [300, 300]
    assert rho.loc["loyalty", "undefined"] != ""


def test_one_item_has_no_reliability_and_says_why(study_of: Build, declared: Declared) -> None:
    table = assess(study_of(constructs=declared(1)), parts=["reliability"]).frame("reliability")
    assert table["estimate"].isna().all()
    assert (table["undefined"] == "one item").all()


@pytest.mark.parametrize("mode", ["formative", "single"])
def test_without_reflective_constructs_reliability_is_refused(
    study_of: Build, declared: Declared, mode: str
) -> None:
    study = study_of(constructs=declared(1 if mode == "single" else 3, mode=mode))
    found = assess(study)
    assert found.undefined["reliability"].startswith("study.toml: constructs: no construct of items is refl")
    assert {"flags", "servqual"} <= set(found.names)


def test_survey_weights_leave_ordinal_measures_out_and_move_alpha(study_of: Build) -> None:
    plain = assess(study_of(), parts=["reliability"]).frame("reliability")
    weighted = assess(study_of(data={"customers": {"weights": "weight"}}), parts=["reliability"])
    table = weighted.frame("reliability")
    assert "ordinal_alpha" in set(plain["measure"])
    assert "ordinal_alpha" not in set(table["measure"])
    assert table.loc[0, "estimate"] != plain.loc[0, "estimate"]


def test_servqual_holds_the_numbers_of_servqual(study_of: Build) -> None:
    study = study_of()
    found = assess(study, parts=["servqual"])
    direct = servqual(study)
    pd.testing.assert_frame_equal(found.frame("servqual"), direct.dimensions)
    pd.testing.assert_frame_equal(found.frame("servqual_items"), direct.items)


def test_without_dimensions_of_quality_servqual_and_index_are_refused(
    study_of: Build, declared: Declared
) -> None:
    table = {name: one for name, one in declared().items() if name in ("satisfaction", "loyalty")}
    found = assess(study_of(constructs=table), parts=["servqual", "index", "validity"])
    for part in ("servqual", "index"):
        assert found.undefined[part].startswith(
            "study.toml: constructs: no construct is a dimension of service quality. Use the ids"
        )
    assert "loadings" in found.names

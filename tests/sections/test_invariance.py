from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd

from servicefx.measurement.assessment import assess
from servicefx.report.words import say
from servicefx.sections.invariance import invariance_section
from servicefx.values.table import Section

GROUP = {"measurement": {"group": "channel"}}


def finding(section: Section | None) -> str:
    assert section is not None
    (phrase,) = section.findings
    return phrase.key


def large(made: ModuleType) -> pd.DataFrame:
    frame: pd.DataFrame = made.quality_frame(1200)
    return frame


def test_tables_hold_the_numbers_of_the_assessment(made: ModuleType) -> None:
    study = made.quality_study(large(made), **GROUP)
    section = invariance_section(study)
    assert finding(section) == "finding.invariant"
    assert section is not None
    report = assess(study, parts=["invariance"])
    shown = {table.id: table.rows for table in section.tables}
    assert set(shown) == {"invariance", "latent_means"}
    ladder = report.frame("ladder")
    pd.testing.assert_frame_equal(shown["invariance"], ladder[shown["invariance"].columns])
    means = report.frame("latent_means")
    pd.testing.assert_frame_equal(shown["latent_means"], means[shown["latent_means"].columns])


def test_an_item_answered_otherwise_in_a_group_is_given_up_and_told(made: ModuleType) -> None:
    frame = large(made)
    frame.loc[frame["channel"] == "shop", "tan1"] -= 1.5
    section = invariance_section(made.quality_study(frame, **GROUP))
    assert finding(section) == "finding.not_invariant"
    assert section is not None
    released = next(table.rows for table in section.tables if table.id == "released")
    assert released["item"].tolist() == ["tan1"]
    assert say(section.findings[0], str) == (
        "The items do not measure quite the same in the groups of 'channel' (held equal: loadings, "
        "intercepts); 1 equality is given up before means are compared."
    )


def test_unequal_residuals_alone_leave_means_comparable(made: ModuleType) -> None:
    frame = large(made)
    shop = frame["channel"] == "shop"
    rng = np.random.default_rng(2)
    for item in frame.columns[:12]:
        frame.loc[shop, item] += rng.choice([-1.0, 0.0, 1.0], shop.sum())
    study = made.quality_study(frame, **GROUP)
    ladder = assess(study, parts=["invariance"]).frame("ladder").set_index("level")["judgement"]
    assert ladder["strict"] == "fail"
    assert ladder["scalar"] != "fail"
    assert finding(invariance_section(study)) == "finding.invariant"


def test_a_model_that_fits_no_group_is_told_before_anything_is_compared(made: ModuleType) -> None:
    frame = large(made)
    for item in (1, 2, 3):  # items of two constructs in pairs of their own
        frame[f"rel{item}"] = (frame[f"tan{item}"] + (frame.index % 2)).clip(1, 7)
    section = invariance_section(made.quality_study(frame, **GROUP))
    assert finding(section) == "finding.not_configural"


def test_groups_too_small_are_a_section_with_the_reason(made: ModuleType) -> None:
    frame = made.quality_frame(24)
    section = invariance_section(made.quality_study(frame, **GROUP))
    assert section is not None
    assert section.tables == ()
    assert "rows for 12 items and 42 parameters a group" in say(section.notes[0], str)


def test_without_a_group_there_is_no_section(made: ModuleType) -> None:
    assert invariance_section(made.quality_study()) is None

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from servicefx.models.loyalty import fit_curve
from servicefx.sections.loyalty import loyalty_section
from servicefx.study.study import Study
from servicefx.values.table import Section, Table


def table(section: Section | None, name: str) -> Table:
    assert section is not None
    return next(table for table in section.tables if table.id == name)


@pytest.fixture(scope="module")
def study(made: ModuleType) -> Study:
    paths = [*made.PATHS, {"from": "satisfaction", "to": "repurchase", "hypothesis": "H4"}]
    study: Study = made.survey(made.survey_frame(600), draws=60, paths=paths)
    return study


def test_forms_zones_and_curves_are_those_of_the_fit(study: Study) -> None:
    section = loyalty_section(study)
    scores = study.scores["customers"]
    fit = fit_curve(
        scores, "loyalty", scale=(1, 7), zones=(3, 5), clusters=study.clusters("customers"),
        draws=60, seed=7, data_id=study.stream("customers"),
    )  # fmt: skip
    forms = table(section, "loyalty_forms").rows
    mine = forms[forms["outcome"] == "loyalty"]
    assert mine["rmse"].tolist() == fit.forms["rmse"].tolist()
    assert mine["delta_bic"].tolist() == fit.forms["delta_bic"].tolist()
    zones = table(section, "loyalty_zones").rows
    assert zones[zones["outcome"] == "loyalty"]["estimate"].tolist() == pytest.approx(
        fit.zones["estimate"].tolist()
    )
    assert zones["unit"].unique().tolist() == ["points per point", "share per point"]
    assert len(table(section, "loyalty_bends").rows) == 4


def test_every_number_drawn_stands_in_the_table(study: Study) -> None:
    section = loyalty_section(study)
    assert section is not None
    rows = table(section, "loyalty_curve").rows
    assert [figure.id for figure in section.figures] == ["loyalty_curve", "repurchase_curve"]
    for figure, outcome in zip(section.figures, ("loyalty", "repurchase"), strict=True):
        mine = rows[rows["outcome"] == outcome].reset_index(drop=True)
        for column in ("series", "x", "estimate", "conf_low", "conf_high"):
            assert figure.rows[column].tolist() == mine[column].tolist()
        assert [place for place, _, _ in figure.verticals] == [3.0, 5.0]
        assert (mine["conf_low"] <= mine["estimate"] + 1e-9).all()


def test_a_straight_line_is_said_to_stand(study: Study) -> None:
    section = loyalty_section(study)
    assert section is not None
    keys = [finding.key for finding in section.findings]
    assert keys[0] == "finding.curve_straight"
    assert [key for key in keys if key.startswith("finding.zones")] == [
        "finding.zones_alike", "finding.zones_share_alike",
    ]  # fmt: skip
    assert len(section.effects) == 6
    assert {effect.design for effect in section.effects} == {"association"}


def test_a_bend_is_said_with_its_gain(made: ModuleType) -> None:
    rng = np.random.default_rng(4)
    frame = made.survey_frame(900)
    score = (frame["sat1"] + frame["sat2"]) / 2
    bent = 2 + 2 * np.clip(score - 3, 0, 2) + 0.4 * rng.standard_normal(900)
    frame["loy1"] = frame["loy2"] = np.clip(np.round(bent), 1, 7)
    section = loyalty_section(made.survey(frame, draws=60))
    assert section is not None
    first = section.findings[0]
    assert first.key == "finding.curve_form"
    assert first.values["conf_low"] > 0
    assert first.values["conf_low"] < first.values["estimate"] < first.values["conf_high"]
    assert section.findings[1].key == "finding.zones"


def test_rows_left_out_and_grouped_customers_are_said(made: ModuleType) -> None:
    frame = made.survey_frame(400)
    frame.loc[:9, ["loy1", "loy2"]] = np.nan
    section = loyalty_section(made.survey(frame))
    notes = [(note.key, dict(note.values)) for note in table(section, "loyalty_forms").notes]
    assert ("note.sample_of", {"outcome": "loyalty", "n_obs": 390, "data": "customers"}) in notes
    assert ("note.dropped_missing_equation", {"n": 10, "name": "loyalty", "outcome": "loyalty"}) in notes
    folds = dict(notes[0][1])
    assert folds == {"folds": 10, "repeats": 10}


def test_a_study_without_such_a_path_is_silent(made: ModuleType) -> None:
    paths = [{"from": "trust", "to": "loyalty", "hypothesis": "H6"}]
    assert loyalty_section(made.survey(paths=paths)) is None


def test_weights_are_used_and_said(made: ModuleType) -> None:
    frame = made.survey_frame(400).assign(w=lambda t: 1 + (t["age"] > 50))
    section = loyalty_section(made.survey(frame, data={"customers": {"weights": "w"}}))
    assert any(note.key == "note.weights" for note in table(section, "loyalty_forms").notes)
    plain = loyalty_section(made.survey(frame))
    one, two = (table(some, "loyalty_zones").rows["estimate"].tolist() for some in (section, plain))
    assert one != two


def test_an_outcome_that_cannot_be_fitted_leaves_the_other(made: ModuleType) -> None:
    frame = made.survey_frame(200)
    frame.loc[frame.index[20:], "bought"] = np.nan
    paths = [*made.PATHS, {"from": "satisfaction", "to": "repurchase", "hypothesis": "H4"}]
    section = loyalty_section(made.survey(frame, draws=40, paths=paths))
    assert section is not None
    assert [figure.id for figure in section.figures] == ["loyalty_curve"]
    assert "20 complete rows" in str(section.notes[0].values["why"])

"""The section on mediation: what it shows of linear, binary, moderated and refused mediations."""

from __future__ import annotations

import numpy as np
import pytest

from servicefx.models.mediation import fit_layout, natural_effects
from servicefx.report.words import say
from servicefx.sections.mediation import mediation_section

SERIAL = {"layout": 6, "from": "service_quality", "through": ["trust", "satisfaction"], "to": "loyalty"}
BINARY = {"from": "trust", "through": ["satisfaction", "loyalty"], "to": "repurchase", "layout": 6}
BENT = {
    "layout": 14,
    "from": "service_quality",
    "through": "satisfaction",
    "to": "loyalty",
    "moderator": "age",
}


def tables_of(section):
    return {table.id: table.rows for table in section.tables}


def test_a_study_without_mediations_has_no_section(made) -> None:
    assert mediation_section(made.survey()) is None


def test_numbers_are_those_of_the_functions(made) -> None:
    study = made.survey(mediation=[SERIAL, BINARY])
    tables = tables_of(mediation_section(study))
    assert list(tables) == [
        "mediation", "mediation_2", "mediation_latent", "mediation_hidden", "mediation_curve",
    ]  # fmt: skip
    fit = fit_layout(
        study, 6, source="service_quality", mediators=["trust", "satisfaction"], outcome="loyalty",
        unit="points per point",
    )  # fmt: skip
    expected = fit.table(level=study.level, interval="bca")
    assert tables["mediation"]["estimate"].tolist() == expected["estimate"].tolist()
    assert tables["mediation"]["bca_low"].tolist() == pytest.approx(expected["conf_low"].tolist())
    natural = natural_effects(
        study, 6, source="trust", mediators=["satisfaction", "loyalty"], outcome="repurchase"
    )
    shown = tables["mediation_2"]
    assert shown["kind"].unique().tolist() == [
        "pure natural direct", "total natural indirect", "total", "proportion",
    ]  # fmt: skip
    total = shown.loc[shown["kind"] == "total", "estimate"].item()
    assert total == pytest.approx(natural.answer("total").effect.estimate)
    assert set(shown["unit"]) == {"share", "share of the total"}


def test_the_figure_draws_rows_of_its_table_and_marks_where_nothing_is_left(made) -> None:
    section = mediation_section(made.survey(mediation=[SERIAL, BINARY]))
    curves = tables_of(section)["mediation_curve"]
    assert [figure.id for figure in section.figures] == ["mediation_rho", "mediation_rho_2"]
    drawn = np.concatenate([figure.rows["estimate"] for figure in section.figures])
    assert drawn.tolist() == curves["estimate"].tolist()
    marks = tables_of(section)["mediation_hidden"]["rho"]
    verticals = [place for figure in section.figures for place, _, _ in figure.verticals]
    assert verticals == [mark for mark in marks if abs(mark) <= 0.6]


def test_a_moderated_mediation_shows_values_index_and_no_hidden_causes(made) -> None:
    section = mediation_section(made.survey(mediation=[BENT]))
    tables = tables_of(section)
    assert list(tables) == ["mediation_conditional"]
    rows = tables["mediation_conditional"]
    assert rows["kind"].value_counts().to_dict() == {"indirect": 3, "contrast": 3, "direct": 1, "index": 1}
    unit = rows.loc[rows["kind"] == "index", "unit"].item()
    assert unit == "points per point, per unit of the moderator"
    assert section.figures == ()


def test_of_a_moderator_of_zero_and_one_the_index_says_it_all(made) -> None:
    frame = made.survey_frame().assign(online=np.arange(400) % 2 * 1.0)
    study = made.survey(frame, mediation=[BENT | {"moderator": "online"}])
    assert "contrast" not in set(tables_of(mediation_section(study))["mediation_conditional"]["kind"])


def test_one_that_cannot_be_answered_leaves_the_others(made) -> None:
    refused = BENT | {"to": "repurchase"}
    section = mediation_section(made.survey(mediation=[SERIAL, refused]))
    assert "mediation" in tables_of(section)
    assert section.notes[0].key == "note.refused"
    assert "'repurchase' holds two values only" in str(section.notes[0].values["why"])
    alone = mediation_section(made.survey(mediation=[refused]))
    assert alone.tables == ()
    assert len(alone.notes) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_sentence_can_be_said(made, language: str) -> None:
    specs = [
        SERIAL, BINARY, BENT, BENT | {"layout": 59},
        {"from": "service_quality", "through": ["trust", "satisfaction"], "to": "loyalty"},
        {"from": "service_quality", "through": "trust", "to": "loyalty", "covariates": ["age"]},
        {"from": "service_quality", "through": "repurchase", "to": "loyalty"},
        {"from": "age", "through": "trust", "to": "repurchase"},
    ]  # fmt: skip
    section = mediation_section(made.survey(mediation=specs))
    phrases = [*section.findings, section.title, *section.notes]
    phrases += [phrase for table in section.tables for phrase in (table.title, *table.notes)]
    phrases += [
        phrase for figure in section.figures for phrase in (figure.title, *figure.axes, *figure.notes)
    ]
    said = [say(phrase, str, language) for phrase in phrases]
    assert all(said)
    assert not [text for text in said if "{" in text]
    assert section.notes == ()


def test_the_sentence_says_if_and_goes_with(made) -> None:
    section = mediation_section(made.survey(mediation=[SERIAL]))
    text = say(section.findings[0], str)
    assert "goes with" in text
    assert "if nothing unmeasured moves them and loyalty together" in text

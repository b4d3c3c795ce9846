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


@pytest.mark.parametrize("layout", [14, 58])
def test_without_intervals_nothing_is_decided(made, layout: int) -> None:
    section = mediation_section(made.survey(draws=1, mediation=[{**BENT, "layout": layout}]))
    assert all(finding.key.endswith("_open") for finding in section.findings)


def test_a_group_of_a_column_of_text_is_named_as_a_group(made) -> None:
    frame = made.survey_frame(400)
    frame["channel"] = np.where(frame["age"] > 50, "online", "in person")
    bent = {**BENT, "layout": 7, "moderator": "channel"}
    finding = mediation_section(made.survey(frame, draws=60, mediation=[bent])).findings[0]
    assert finding.key.startswith("finding.mediation_group")
    assert "channel: online" in say(finding, str)


def test_direct_effects_that_run_the_other_way_are_said_to(made) -> None:
    frame = made.survey_frame(600)
    for item in ("loy1", "loy2"):
        against = frame["sat1"] + frame["sat2"] - 1.3 * (frame["ser1"] + frame["ser2"]) + 6
        frame[item] = np.clip(np.round(against / 1.5 + (item == "loy2") * (frame.index % 2)), 1, 7)
    simple = {"from": "service_quality", "through": "satisfaction", "to": "loyalty"}
    section = mediation_section(made.survey(frame, draws=100, mediation=[simple]))
    told = {finding.key: finding for finding in section.findings}
    opposed = told["finding.mediation_opposed_points"]
    assert opposed.values["conf_high"] < 0
    direct = tables_of(section)["mediation"].iloc[0]
    assert opposed.values["estimate"] == direct["estimate"]
    assert "runs the other way (−" in say(opposed, str)
    plain = mediation_section(made.survey(draws=60, mediation=[simple]))
    assert not [finding for finding in plain.findings if "opposed" in finding.key]


def test_the_mediator_that_carries_more_is_named_with_a_difference_of_its_own_sign(made) -> None:
    frame = made.survey_frame(600)
    drawn = 0.35 * (frame["tru1"] + frame["tru2"]) + 0.15 * (frame["sat1"] + frame["sat2"])
    for place, item in enumerate(("loy1", "loy2")):
        frame[item] = np.clip(drawn + 0.3 * (frame["age"] % 3 - 1) * (1 - 2 * place), 1, 7)
    both = {"from": "service_quality", "to": "loyalty"}
    for through in (["satisfaction", "trust"], ["trust", "satisfaction"]):
        section = mediation_section(made.survey(frame, draws=100, mediation=[{**both, "through": through}]))
        rows = tables_of(section)["mediation"]
        parts = rows[rows["kind"] == "indirect"].set_index("via")["estimate"]
        assert parts["trust"] > parts["satisfaction"] > 0
        values = next(one for one in section.findings if one.key == "finding.mediation_more").values
        assert (values["more"], values["fewer"]) == ("trust", "satisfaction")
        assert values["estimate"] == pytest.approx(parts["trust"] - parts["satisfaction"])
        assert 0 < values["conf_low"] < values["estimate"] < values["conf_high"]


def test_a_negative_effect_that_grows_is_larger_where_its_index_is_negative(made) -> None:
    frame = made.survey_frame(600)
    for item in ("loy1", "loy2"):
        steep = 0.2 + 0.8 * (frame["age"] > 50)
        fall = 5 - steep * (0.5 * (frame["sat1"] + frame["sat2"]) - 4)
        frame[item] = np.clip(np.round(fall + 0.3 * (item == "loy2") * (frame.index % 2)), 1, 7)
    frame["old"] = (frame["age"] > 50).astype(float)
    bent = {**BENT, "moderator": "old"}
    section = mediation_section(made.survey(frame, draws=80, mediation=[bent]))
    rows = tables_of(section)["mediation_conditional"]
    at = rows[(rows["kind"] == "indirect")].set_index("at")["estimate"]
    assert at[1.0] < at[0.0] < 0
    finding = section.findings[0]
    assert finding.values["estimate"] < 0
    assert "is larger the higher old: −" in say(finding, str)

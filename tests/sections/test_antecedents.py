"""The section on what the firm can change: told where asked, its words from its tables."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from servicefx.report.words import say
from servicefx.sections.antecedents import antecedents_section
from servicefx.sections.chain import chain_section
from servicefx.study.study import Study
from servicefx.values.table import Section

STEMS = {
    "staff_quality": "sta", "process": "pro", "reliability": "rel", "empathy": "emp",
    "perceived_value": "val", "satisfaction": "sat", "price_sensitivity": "pri",
}  # fmt: skip
PATHS = [
    {"hypothesis": "H3", "from": ["staff_quality", "process"], "to": "reliability"},
    {"hypothesis": "H3", "from": ["staff_quality", "process"], "to": "empathy"},
    {"hypothesis": "H8", "from": ["reliability", "empathy"], "to": "perceived_value"},
    {"hypothesis": "H1", "from": ["reliability", "empathy", "perceived_value"], "to": "satisfaction"},
    {"hypothesis": "H8", "from": ["perceived_value"], "to": "price_sensitivity"},
]


def answers(n: int = 500, empathy: float = 0.3) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    staff, process = rng.multivariate_normal([0, 0], [[1, 0.3], [0.3, 1]], n).T
    rel = 0.2 * staff + 0.6 * process + 0.7 * rng.normal(size=n)
    emp = 0.6 * staff + 0.2 * process + 0.7 * rng.normal(size=n)
    value = 0.5 * rel + 0.4 * emp + 0.7 * rng.normal(size=n)
    satisfaction = 0.5 * rel + empathy * emp + 0.3 * value + 0.6 * rng.normal(size=n)
    price = -0.4 * value + 0.8 * rng.normal(size=n)
    world = dict(zip(STEMS.values(), (staff, process, rel, emp, value, satisfaction, price), strict=True))
    return pd.DataFrame(
        {
            f"{stem}{item}": np.clip(4 + score + 0.4 * rng.normal(size=n), 1, 7)
            for stem, score in world.items()
            for item in (1, 2, 3)
        }
    ).assign(age=rng.uniform(20, 70, n))


def asked(made: ModuleType, frame: pd.DataFrame | None = None, **tables: Any) -> Study:
    constructs = {
        name: {"mode": "reflective", "items": [f"{stem}{item}" for item in (1, 2, 3)], "scale": "seven"}
        for name, stem in STEMS.items()
    }
    told = {"constructs": constructs, "paths": PATHS, "inference": {"draws": 80, "seed": 3}} | tables
    return made.study_of({"customers": answers() if frame is None else frame}, **told)


def told(study: Study) -> Section:
    section = antecedents_section(study)
    assert section is not None
    return section


def rows_of(section: Section, name: str) -> pd.DataFrame:
    return next(table.rows for table in section.tables if table.id == name)


def test_a_study_without_such_paths_has_no_section(made: ModuleType) -> None:
    assert antecedents_section(asked(made, paths=PATHS[2:])) is None
    assert antecedents_section(made.survey()) is None


def test_findings_tell_the_numbers_of_the_tables(made: ModuleType) -> None:
    section = told(asked(made))
    rows = rows_of(section, "antecedents")
    whole = rows_of(section, "antecedent_shares")
    found = [phrase.values for phrase in section.findings if phrase.key == "finding.antecedent"]
    assert [values["term"] for values in found] == ["staff_quality", "process"]
    for values in found:
        own = rows[rows["from"] == values["term"]]
        total = own[own["kind"] == "total"].iloc[0]
        for name in ("estimate", "conf_low", "conf_high"):
            assert values[name] == total[name]
        most = own[own["kind"] == "indirect"].sort_values("estimate").iloc[-1]
        assert (values["via"], values["part"]) == (most["via"], most["estimate"])
    direct = whole[whole["term"] == "direct"].set_index("series")["share"]
    said = next(phrase.values for phrase in section.findings if phrase.key == "finding.antecedent_direct")
    assert (said["share"], said["latent"]) == (direct["observed"], direct["latent"])
    value = rows_of(section, "value")
    passed = value[(value["from"] == "all_dimensions") & (value["via"] == "perceived_value")].iloc[0]
    said = next(phrase.values for phrase in section.findings if phrase.key == "finding.value")
    assert said["share"] == passed["share"]


def test_every_sentence_can_be_said_in_both_languages(made: ModuleType) -> None:
    section = told(asked(made))
    phrases = [section.title, *section.findings, *section.notes]
    for table in section.tables:
        phrases += [table.title, *table.notes]
    phrases += [phrase for figure in section.figures for phrase in (figure.title, *figure.notes)]
    for phrase in phrases:
        for language in ("en", "zh"):
            assert say(phrase, str, language)


def test_a_figure_draws_the_rows_of_its_table(made: ModuleType) -> None:
    section = told(asked(made))
    figure = section.figures[0]
    pd.testing.assert_frame_equal(figure.rows, rows_of(section, figure.source))
    assert set(figure.rows["series"]) == {"observed", "latent"}


def test_what_value_does_to_prices_is_told_where_measured(made: ModuleType) -> None:
    rows = rows_of(told(asked(made)), "value")
    price = rows[rows["to"] == "price_sensitivity"].iloc[0]
    assert price["from"] == "perceived_value"
    assert price["conf_high"] < 0
    assert "price_sensitivity" not in set(rows_of(told(asked(made, paths=PATHS[:4])), "value")["to"])


def test_constructs_that_cannot_be_fitted_leave_the_scores_and_a_reason(made: ModuleType) -> None:
    paths = [*PATHS[:3], PATHS[3] | {"covariates": ["age"]}]
    section = told(asked(made, paths=paths))
    assert "antecedents_latent" not in [table.id for table in section.tables]
    assert "'age': no construct" in str(section.notes[0].values["why"])
    assert set(section.figures[0].rows["series"]) == {"observed"}


def test_antecedents_of_different_units_are_no_whole(made: ModuleType) -> None:
    study = asked(made)
    constructs = {
        name: dict(spec) for name, spec in study.spec.model_dump(by_alias=True)["constructs"].items()
    }
    own = {
        name: {"mode": "reflective", "items": list(spec["items"]), "scale": "seven"}
        for name, spec in constructs.items()
    }
    own["process"] = {"mode": "single", "items": ["pro1"]}
    rows = rows_of(told(asked(made, constructs=own)), "antecedent_shares")
    assert rows["share"].isna().all()
    assert set(rows["undefined"]) == {"the antecedents have different units, so one step of each is no whole"}


def test_the_chain_tells_many_routes_in_sum(made: ModuleType) -> None:
    dimensions = ["reliability", "empathy"]
    paths = [*PATHS[:4], {"from": [*dimensions, "satisfaction"], "to": "price_sensitivity"}]
    section = chain_section(asked(made, paths=paths))
    assert section is not None
    rows = rows_of(section, "effects")
    own = rows[(rows["from"] == "process") & (rows["to"] == "price_sensitivity")]
    assert own["via"].tolist() == [
        "all",
        "",
    ]  # six routes: by each dimension alone, satisfaction, or value first
    own = rows[(rows["from"] == "process") & (rows["to"] == "satisfaction")]
    assert len(own) == 6  # four routes, their sum, the total
    notes = next(table.notes for table in section.tables if table.id == "effects")
    assert "note.routes_summed" in [note.key for note in notes]

"""Sections of fitted models: their tables say what the models said, every row left out is in a note."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.effects.indirect import effects_between
from servicefx.models.chain import fit_chain
from servicefx.models.drivers import fit_direct
from servicefx.models.loyalty import fit_repurchase
from servicefx.models.over_time import fit_over_time
from servicefx.sections.chain import chain_section
from servicefx.sections.drivers import drivers_section
from servicefx.sections.hypotheses import hypotheses_section
from servicefx.sections.measurement import measurement_section
from servicefx.sections.panel import panel_section
from servicefx.sections.repurchase import repurchase_section
from servicefx.sections.sample import sample_section
from servicefx.study.study import Study
from servicefx.values.table import Section, Table

INTERVAL = ["estimate", "conf_low", "conf_high"]


def table(section: Section | None, name: str) -> Table:
    assert section is not None
    assert section.tables, [dict(note.values) for note in section.notes]
    return next(entry for entry in section.tables if entry.id == name)


def notes(page: Table | Section, key: str) -> list[dict[str, Any]]:
    return [dict(note.values) for note in page.notes if note.key == key]


@pytest.fixture
def gappy(made: ModuleType) -> Study:
    frame = made.survey_frame()
    frame.loc[:9, ["tru1", "tru2"]] = np.nan
    frame.loc[5:19, ["sat1", "sat2"]] = np.nan
    frame.loc[15:29, "bought"] = np.nan
    study: Study = made.survey(frame)
    return study


def test_drivers_table_is_the_clustered_fit_then_the_robust_one(gappy: Study) -> None:
    page = table(drivers_section(gappy), "drivers")
    fit = fit_direct(gappy)
    assert fit.clustered is not None
    expected = pd.concat([fit.clustered.table(), fit.robust.table()], ignore_index=True)
    pd.testing.assert_frame_equal(page.rows[expected.columns], expected)
    assert page.rows["covariance_kind"].tolist() == ["cluster: outlet (40)"] * 3 + ["hc3"] * 3
    assert notes(page, "note.dropped_missing") == [
        {"n": 15, "name": "satisfaction"},
        {"n": 5, "name": "trust"},
    ]


def test_few_clusters_and_collinear_terms_are_noted(made: ModuleType) -> None:
    frame = made.survey_frame(outlets=8)
    frame[["ser1", "ser2"]] = frame[["tru1", "tru2"]].to_numpy()
    frame.loc[:10, "ser1"] = 5.0
    page = table(drivers_section(made.survey(frame)), "drivers")
    assert notes(page, "note.few_clusters") == [{"n": 8}]
    assert {note["term"] for note in notes(page, "note.collinear")} == {"service_quality", "trust"}


def test_effects_table_is_that_of_the_chain(gappy: Study) -> None:
    page = table(chain_section(gappy), "effects")
    chain = fit_chain(gappy, "customers", binary=("repurchase",))
    answers = effects_between(chain, "service_quality", "loyalty")
    total = next(a.effect for a in answers if a.kind == "total")
    rows = page.rows.set_index(["from", "to", "kind", "via"])
    assert rows.loc[("service_quality", "loyalty", "total", ""), INTERVAL].tolist() == [
        total.estimate,
        *total.interval(),
    ]
    assert ("service_quality", "loyalty", "direct", "") not in rows.index


def test_equations_name_the_rows_each_of_them_lost(gappy: Study) -> None:
    page = table(chain_section(gappy), "equations")
    assert notes(page, "note.dropped_missing_equation") == [
        {"n": 10, "name": "trust", "outcome": "trust"},
        {"n": 15, "name": "satisfaction", "outcome": "satisfaction"},
        {"n": 5, "name": "trust", "outcome": "satisfaction"},
        {"n": 15, "name": "satisfaction", "outcome": "loyalty"},
        {"n": 5, "name": "trust", "outcome": "loyalty"},
    ]
    assert page.rows["n_obs"].unique().tolist() == [390, 380]


def test_repurchase_table_is_the_mean_change_and_keeps_every_drop(made: ModuleType, gappy: Study) -> None:
    page = table(repurchase_section(gappy), "repurchase")
    fit = fit_repurchase(gappy)
    estimate, draws = fit.change({"loyalty": (1.0, np.ones(60))})
    row = page.rows.iloc[0]
    assert row[INTERVAL].tolist() == [estimate, *np.quantile(draws, [0.025, 0.975])]
    assert notes(page, "note.dropped_missing") == [{"n": 15, "name": "repurchase"}]
    assert notes(page, "note.covariance") == []
    frame = made.survey_frame().assign(age=np.where(np.arange(400) < 7, np.nan, 40.0 + np.arange(400) % 9))
    frame.loc[5:20, "bought"] = np.nan
    paths = [{"from": "loyalty", "to": "repurchase", "covariates": ["age"]}]
    page = table(repurchase_section(made.survey(frame, paths=paths)), "repurchase")
    assert notes(page, "note.dropped_missing") == [
        {"n": 16, "name": "repurchase"},
        {"n": 5, "name": "age"},
    ]


def test_weights_turn_the_repurchase_section_into_a_refusal(made: ModuleType) -> None:
    study = made.survey(made.survey_frame().assign(w=1.0), data={"customers": {"weights": "w"}})
    section = repurchase_section(study)
    assert section is not None
    assert section.tables == ()
    assert notes(section, "note.refused")[0]["why"] == "survey weights 'w' cannot be used by this estimator"


def test_panel_table_is_the_fit(made: ModuleType) -> None:
    study: Study = made.firm_panel(lag=1)
    page = table(panel_section(study), "panel")
    fit = fit_over_time(study, "profit", data="firms")
    pd.testing.assert_frame_equal(page.rows[fit.table().columns], fit.table())
    assert notes(page, "note.dropped_missing") == [{"n": 30, "name": "satisfaction (lag 1)"}]


def test_hypotheses_give_each_path_the_estimate_of_its_own_equation(gappy: Study) -> None:
    page = table(hypotheses_section(gappy), "hypotheses")
    rows = page.rows.set_index(["from", "to"])
    trust = fit_direct(gappy, "loyalty").estimates.table().set_index("term").loc["trust"]
    assert rows.loc[("trust", "loyalty"), INTERVAL].tolist() == trust[INTERVAL].tolist()
    logit = fit_repurchase(gappy).estimates.table().set_index("term").loc["loyalty"]
    assert rows.loc[("loyalty", "repurchase"), INTERVAL].tolist() == logit[INTERVAL].tolist()
    assert len(rows) == 6
    assert rows.loc[("loyalty", "repurchase"), "verdict"] == "supported"


def test_a_lagged_path_gets_the_estimate_of_its_lag(made: ModuleType) -> None:
    study: Study = made.firm_panel(
        paths=[{"from": "satisfaction", "to": "profit", "lag": lag} for lag in (0, 1)]
    )
    rows = table(hypotheses_section(study), "hypotheses").rows.set_index("from")
    fit = fit_over_time(study, "profit", data="firms").table().set_index("term")
    assert rows["estimate"].to_dict() == fit["estimate"].to_dict()
    assert set(rows.index) == {"satisfaction", "satisfaction (lag 1)"}
    assert set(rows["design"]) == {"within_unit"}


def test_a_hypothesis_that_cannot_be_estimated_is_said_and_the_others_stay(made: ModuleType) -> None:
    frame = made.survey_frame().assign(bought=lambda rows: (rows["loy1"] + rows["loy2"] > 8).astype(float))
    page = table(hypotheses_section(made.survey(frame)), "hypotheses")
    assert set(page.rows["to"]) == {"trust", "satisfaction", "loyalty"}
    assert [note["what"] for note in notes(page, "note.refused")] == ["logit of 'repurchase'"]


def test_alpha_is_called_fine_only_where_there_is_one(made: ModuleType) -> None:
    constructs = {
        name: {"mode": "reflective", "items": [f"{name[:3]}1"], "scale": "seven"}
        for name in ("trust", "satisfaction", "loyalty")
    }
    section = measurement_section(made.survey(constructs=constructs, paths=[]))
    assert section is not None
    assert section.findings == ()
    page = table(section, "reliability")
    assert page.rows["alpha"].isna().all()
    assert page.rows["undefined"].tolist() == ["one item"] * 3


def test_reliability_says_that_it_is_weighted(made: ModuleType) -> None:
    study = made.survey(made.survey_frame().assign(w=1.5), data={"customers": {"weights": "w"}})
    assert notes(table(measurement_section(study), "reliability"), "note.weights") == [{"column": "w"}]


def test_sample_counts_missing_answers_of_every_construct(gappy: Study) -> None:
    rows = table(sample_section(gappy), "constructs").rows.set_index("construct")
    assert rows.loc["trust", ["n_items", "n_obs", "n_missing"]].tolist() == [2, 390, 20]
    assert rows.loc["repurchase", ["n_items", "n_obs", "n_missing"]].tolist() == [1, 385, 15]

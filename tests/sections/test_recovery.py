"""The section on complaints: told where asked, its words from its tables, its gaps said."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.report.words import say
from servicefx.sections.drivers import drivers_section
from servicefx.sections.hypotheses import hypotheses_section
from servicefx.sections.recovery import recovery_section
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section

RECOVERY = {
    "complained": "complained", "failure": "failed", "predictors": ["region"], "buffers": ["tenure"],
}  # fmt: skip
PATHS = [
    {"hypothesis": "H1", "from": ["reliability"], "to": "satisfaction", "covariates": ["region"]},
    {"hypothesis": "H4", "from": ["satisfaction"], "to": "loyalty"},
]
STEMS = {"reliability": "rel", "satisfaction": "sat", "loyalty": "loy", "complaint_handling": "han"}


def answers(n: int = 900, lift: float = 0.0, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    region = rng.integers(0, 2, n)
    tenure = rng.uniform(1, 10, n)
    reliability = 4 + rng.normal(size=n)
    failed = (rng.random(n) < 0.5).astype(float)
    complained = (rng.random(n) < np.where(failed == 1, 0.4 + 0.3 * region, 0.05)).astype(float)
    handling = np.clip(4.5 + 1.2 * rng.normal(size=n), 1, 7)
    back = failed * complained
    satisfaction = 5 + 0.5 * (reliability - 4) - failed * (1.5 - 0.08 * tenure)
    satisfaction += back * (0.5 * (handling - 4) + np.where(handling >= 6, lift, 0)) + 0.5 * rng.normal(
        size=n
    )
    loyalty = 4 + 0.6 * (satisfaction - 4) + 0.2 * back * (handling - 4) + 0.5 * rng.normal(size=n)
    world = {
        "rel": reliability, "sat": satisfaction, "loy": loyalty,
        "han": np.where(complained == 1, handling, np.nan),
    }  # fmt: skip
    columns: dict[str, Any] = {
        f"{stem}{item}": np.clip(score + 0.3 * rng.normal(size=n), 1, 7)
        for stem, score in world.items()
        for item in (1, 2)
    }
    columns |= {"failed": failed, "complained": complained, "tenure": tenure, "weight": rng.uniform(1, 2, n)}
    return pd.DataFrame(columns).assign(region=np.where(region == 1, "north", "south"))


def asked(made: ModuleType, frame: pd.DataFrame | None = None, **tables: Any) -> Study:
    constructs = {
        name: {"mode": "reflective", "items": [f"{stem}1", f"{stem}2"], "scale": "seven"}
        for name, stem in STEMS.items()
    }
    told = {
        "constructs": constructs, "paths": PATHS, "recovery": RECOVERY,
        "inference": {"draws": 80, "seed": 7},
    } | tables  # fmt: skip
    return made.study_of({"customers": answers() if frame is None else frame}, **told)


def told(study: Study) -> Section:
    section = recovery_section(study)
    assert section is not None
    return section


def rows_of(section: Section, name: str) -> pd.DataFrame:
    return next(table.rows for table in section.tables if table.id == name)


def finding(section: Section, key: str, outcome: str = "satisfaction") -> Phrase:
    return next(p for p in section.findings if p.key == key and p.values["outcome"] == outcome)


def test_a_study_that_does_not_ask_has_no_section(made: ModuleType) -> None:
    assert recovery_section(asked(made, recovery=None)) is None


def test_findings_tell_the_numbers_of_the_tables(made: ModuleType) -> None:
    section = told(asked(made))
    table = rows_of(section, "recovery")
    for outcome in ("satisfaction", "loyalty"):
        rows = table[table["outcome"] == outcome].set_index("series")
        first = finding(section, "finding.recovery", outcome).values
        for name in ("estimate", "conf_low", "conf_high"):
            assert first[name] == rows.loc["complainers", name]
        assert first["n"] == rows.loc["complainers", "n_obs"]
        carried = finding(section, "finding.recovery_carried_failure", outcome).values
        assert carried["weighted"] == rows.loc["weighted", "estimate"]
        assert carried["two_step_high"] == rows.loc["two_step", "conf_high"]
        bands = rows_of(section, "recovery_paradox")
        excellent = bands[(bands["outcome"] == outcome) & (bands["customers"] == "excellent")].iloc[0]
        verdict = next(
            p.values
            for p in section.findings
            if p.key.startswith(("finding.paradox_s", "finding.paradox_c", "finding.paradox_u"))
            and p.values["outcome"] == outcome
        )
        for name in ("estimate", "conf_low", "conf_high", "difference"):
            assert verdict[name] == excellent[name]
        reach = rows_of(section, "recovery_reach").set_index("outcome").loc[outcome]
        way = finding(section, "finding.recovery_reach", outcome).values
        for name in ("estimate", "conf_low", "conf_high"):
            assert way[name] == reach[name]
    buffer = rows_of(section, "failure_buffer").iloc[0]
    assert finding(section, "finding.buffer_supported").values["estimate"] == buffer["estimate"]


def test_every_sentence_can_be_said_in_both_languages(made: ModuleType) -> None:
    for study in (
        asked(made),
        asked(made, answers(lift=3.0)),
        asked(made, recovery=RECOVERY | {"failure": None}),
    ):
        section = told(study)
        phrases = [section.title, *section.findings, *section.notes]
        for table in section.tables:
            phrases += [table.title, *table.notes]
        for figure in section.figures:
            phrases += [figure.title, *figure.notes, *figure.axes]
        for phrase in phrases:
            for language in ("en", "zh"):
                assert say(phrase, str, language)


def test_what_is_drawn_stands_in_the_table_behind_it(made: ModuleType) -> None:
    section = told(asked(made))
    figure, table = section.figures[0], rows_of(section, "recovery_curve")
    own = table[table["outcome"] == "satisfaction"]
    assert figure.rows["estimate"].tolist() == own["estimate"].tolist()
    assert figure.rows["x"].tolist() == own["score"].tolist()


def test_the_mediator_is_not_held_in_the_whole_effect_and_held_in_the_direct_one(made: ModuleType) -> None:
    table = rows_of(told(asked(made)), "recovery")
    rows = table[table["outcome"] == "loyalty"].set_index("series")
    assert rows.loc["complainers", "estimate"] > rows.loc["complainers_direct", "estimate"] + 0.1
    assert "complainers_direct" not in set(table.loc[table["outcome"] == "satisfaction", "series"])


def test_asking_about_complaints_leaves_the_other_samples_whole(made: ModuleType) -> None:
    section, without = (drivers_section(study) for study in (asked(made), asked(made, recovery=None)))
    assert section is not None
    assert without is not None
    pd.testing.assert_frame_equal(rows_of(section, "drivers"), rows_of(without, "drivers"))
    assert rows_of(section, "drivers")["n_obs"].iloc[0] == 900


def test_hypothesis_nine_stands_in_the_table_of_hypotheses_with_these_numbers(made: ModuleType) -> None:
    study = asked(made)
    rows, mine = hypotheses_section(study), rows_of(told(study), "recovery")
    assert rows is not None
    nine = rows_of(rows, "hypotheses").set_index(["hypothesis", "to"]).loc["H9"]
    for outcome in ("satisfaction", "loyalty"):
        first = mine[(mine["outcome"] == outcome) & (mine["series"] == "complainers")].iloc[0]
        for name in ("estimate", "conf_low", "conf_high", "n_obs"):
            assert nine.loc[outcome, name] == first[name]
        assert nine.loc[outcome, "verdict"] == "supported"


def test_a_declared_path_from_handling_is_not_told_twice(made: ModuleType) -> None:
    paths = [*PATHS, {"hypothesis": "H9", "from": ["complaint_handling"], "to": "loyalty"}]
    section = hypotheses_section(asked(made, paths=paths))
    assert section is not None
    rows = rows_of(section, "hypotheses")
    assert rows[rows["hypothesis"] == "H9"]["to"].tolist().count("loyalty") == 1


def test_nobody_complained_is_a_refusal_in_words(made: ModuleType) -> None:
    section = told(asked(made, answers().assign(complained=0.0)))
    assert section.tables == ()
    note = section.notes[0]
    assert note.key == "note.refused"
    assert "nobody complained" in str(note.values["why"])
    assert hypotheses_section(asked(made, answers().assign(complained=0.0))) is not None


def test_handling_told_by_the_silent_is_said(made: ModuleType) -> None:
    frame = answers()
    silent = frame.index[frame["complained"] == 0][:4]
    frame.loc[silent, ["han1", "han2"]] = 7.0
    section = told(asked(made, frame))
    table = next(table for table in section.tables if table.id == "complaints")
    note = next(note for note in table.notes if note.key == "note.handling_unasked")
    assert note.values["n"] == 4
    plain = rows_of(told(asked(made)), "recovery")
    assert rows_of(section, "recovery")["estimate"].tolist() == plain["estimate"].tolist()


def test_everybody_complained_leaves_the_plain_answer_and_says_why(made: ModuleType) -> None:
    frame = answers()
    frame = frame.assign(complained=1.0, han1=frame["han1"].fillna(4.0), han2=frame["han2"].fillna(4.0))
    section = told(asked(made, frame))
    rows = rows_of(section, "recovery").set_index(["outcome", "series"])
    assert "everybody complained" in rows.loc[("satisfaction", "weighted"), "undefined"]
    assert "worst_case" not in [table.id for table in section.tables]
    assert any("nobody" in str(note.values.get("why")) for note in section.notes)  # no paradox either


def test_without_a_recorded_failure_everybody_is_the_population(made: ModuleType) -> None:
    section = told(asked(made, recovery=RECOVERY | {"failure": None}))
    rows = rows_of(section, "recovery")
    assert "complainers_failure" not in set(rows["series"])
    assert "finding.recovery_carried_everybody" in [phrase.key for phrase in section.findings]
    assert any("no failure is recorded" in str(note.values["why"]) for note in section.notes)
    assert rows_of(section, "complaints")["customers"].tolist() == ["everybody"]


def test_survey_weights_leave_the_selection_models_out_with_their_reason(made: ModuleType) -> None:
    section = told(asked(made, data={"customers": {"weights": "weight"}}))
    rows = rows_of(section, "recovery").set_index(["outcome", "series"])
    assert "survey weights 'weight'" in rows.loc[("satisfaction", "two_step"), "undefined"]
    assert np.isfinite(rows.loc[("satisfaction", "weighted"), "estimate"])
    assert "finding.recovery_carried_one" in [phrase.key for phrase in section.findings]


def test_a_paradox_that_is_there_is_found(made: ModuleType) -> None:
    section = told(asked(made, answers(lift=3.0)))
    assert finding(section, "finding.paradox_supported").values["estimate"] > 0


def test_a_way_back_beyond_the_scale_is_said_to_be_none(made: ModuleType) -> None:
    frame = answers()
    frame[["sat1", "sat2"]] = frame[["sat1", "sat2"]].sub(3 * frame["failed"], axis=0).clip(lower=1)
    section = told(asked(made, frame))
    values = finding(section, "finding.recovery_beyond").values
    assert values["estimate"] > values["highest"] == 7
    reach = rows_of(section, "recovery_reach").set_index("outcome").loc["satisfaction"]
    assert reach["undefined"] == "not within the scale from 1 to 7"
    assert section.figures[0].verticals == ()
    assert say(finding(section, "finding.recovery_beyond"), str)


def test_no_file_measures_both_is_a_refusal(made: ModuleType) -> None:
    section = told(asked(made, recovery=RECOVERY | {"handling": "nothing"}))
    assert "no data file measures both 'nothing'" in str(section.notes[0].values["why"])


@pytest.mark.parametrize("seed", [7, 8])
def test_a_seed_repeats(made: ModuleType, seed: int) -> None:
    study = asked(made)
    one, other = recovery_section(study, seed=seed), recovery_section(study, seed=seed)
    assert one is not None
    assert other is not None
    pd.testing.assert_frame_equal(rows_of(one, "recovery"), rows_of(other, "recovery"))

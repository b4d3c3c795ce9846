"""Questions beside two data files, one of them over time: answered of one file, or refused in words."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from servicefx.report.words import translated
from servicefx.sections.causal import causal_section
from servicefx.sections.mediation import mediation_section
from servicefx.sections.segments import segments_section
from servicefx.study.study import load_study

STUDY = """
version = 1
[study]
id = "two"
title = "Two"
[data.customers]
file = "customers.csv"
nested_in = ["outlet"]
[data.firms]
file = "firms.csv"
unit = "firm"
period = "quarter"
[scales.seven]
min = 1
max = 7
[constructs.trust]
mode = "reflective"
items = ["tru1", "tru2"]
scale = "seven"
data = "customers"
[constructs.satisfaction]
mode = "reflective"
items = ["sat1", "sat2"]
scale = "seven"
data = "customers"
measured_in = { firms = "satisfaction" }
[constructs.loyalty]
mode = "reflective"
items = ["loy1", "loy2"]
scale = "seven"
data = "customers"
[constructs.profit]
mode = "single"
items = ["profit"]
data = "firms"
[[paths]]
from = "trust"
to = "satisfaction"
[[paths]]
from = "satisfaction"
to = "profit"
[inference]
draws = 20
"""
OVER_TIME = "data file 'firms' follows 'firm' over 'quarter', expected one row for everybody"
ELSEWHERE = "construct '{}' is not measured in data file '{}' (measured in: '{}')"
SECTIONS = {"graph": causal_section, "segments": segments_section, "mediation": mediation_section}
CASES = {
    "a graph of a panel": ('[graph]\narrows = ["satisfaction -> profit"]', "graph", OVER_TIME),
    "a graph of both files": (
        '[graph]\narrows = ["trust -> satisfaction", "satisfaction -> profit"]',
        "graph",
        "no data file measures all of its constructs",
    ),
    "a graph of another file than the paths": (
        '[graph]\narrows = ["trust -> loyalty"]\n[[paths]]\nfrom = "trust"\nto = "loyalty"',
        "graph",
        "",
    ),
    "segments of a panel": (
        '[segments]\noutcome = "profit"\ndrivers = ["satisfaction"]\nby = ["firm"]',
        "segments",
        OVER_TIME,
    ),
    "segments across files": (
        '[segments]\noutcome = "loyalty"\ndrivers = ["profit", "trust"]\nby = ["outlet"]',
        "segments",
        ELSEWHERE.format("profit", "customers", "firms"),
    ),
    "a mediation in a panel": (
        '[[mediation]]\nfrom = "quarter"\nthrough = "satisfaction"\nto = "profit"',
        "mediation[0]",
        OVER_TIME,
    ),
    "a mediation across files": (
        '[[mediation]]\nfrom = "trust"\nthrough = "satisfaction"\nto = "profit"\ndata = "customers"',
        "mediation[0]",
        ELSEWHERE.format("profit", "customers", "firms"),
    ),
    "a moderator of another file": (
        '[[mediation]]\nlayout = 7\nfrom = "trust"\nthrough = "satisfaction"\nto = "loyalty"\n'
        'moderator = "profit"\n',
        "mediation[0]",
        ELSEWHERE.format("profit", "customers", "firms"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_question_is_answered_of_one_file_or_refused_at_its_place(
    made: ModuleType, tmp_path: Path, case: str
) -> None:
    extra, where, found = CASES[case]
    made.survey_frame(200).to_csv(tmp_path / "customers.csv", index=False)
    made.panel_frame().to_csv(tmp_path / "firms.csv", index=False)
    (tmp_path / "study.toml").write_text(STUDY + extra, encoding="utf-8")
    section = SECTIONS[where.partition("[")[0]](load_study(tmp_path))
    assert section is not None
    assert bool(section.tables) == (not found)
    told = [note.values for note in section.notes if note.key == "note.refused"]
    assert [(note["what"], note["why"]) for note in told] == (
        [(f"study.toml: {where}", found)] if found else []
    )
    assert all(str(note["remedy"]).endswith(".") for note in told)
    for note in told:
        assert not re.search("[a-z]{3,} [a-z]{3,}", translated(str(note["why"]), "zh"))
        assert not re.search("[a-z]{3,} [a-z]{3,}", translated(str(note["remedy"]), "zh"))


def test_a_graph_of_a_file_without_paths_is_refused(made: ModuleType) -> None:
    paths = [{"from": "satisfaction", "to": "loyalty", "data": "customers"}]
    study = made.study_of(
        {"customers": made.survey_frame(200), "others": made.survey_frame(200, seed=2)},
        constructs={name: table | {"data": "customers"} for name, table in made.CONSTRUCTS.items()}
        | {"empathy": {"mode": "single", "items": ["ser1"], "scale": "seven", "data": "others"}},
        paths=paths,
        graph={"arrows": ["age -> empathy"]},
    )
    section = causal_section(study)
    assert section is not None
    assert section.notes[0].values["why"] == (
        "no declared path has both ends in data file 'others', which the graph is about"
    )

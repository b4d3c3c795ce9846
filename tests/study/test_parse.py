"""Faults of form, each with its place and the exact words."""

from __future__ import annotations

import copy
import json
import math
import tomllib
from typing import Any

import pytest

from servicefx.errors import StudyError
from servicefx.study.parse import parse_study
from servicefx.study.study import check_study, load_study

FORM = {
    "unknown key at the top": (
        ("version = 1", "version = 1\nconstruct = 3"),
        "study.toml: construct: key 'construct' is unknown at the top level (closest: 'constructs')\n"
        "    Correct the key, or remove it.",
    ),
    "unknown key of a data file": (
        ('file = "survey.csv"', 'file = "survey.csv"\nweight = "w"'),
        "study.toml: data.customers.weight: key 'weight' is unknown in [data.customers] (closest: "
        "'weights')\n"
        "    Correct the key, or remove it.",
    ),
    "unknown key of a path": (
        ('to = "satisfaction"', 'to = "satisfaction"\nmoderator = []'),
        "study.toml: paths[0].moderator: key 'moderator' is unknown in [paths[0]] (closest: 'moderators')\n"
        "    Correct the key, or remove it.",
    ),
    "unknown language": (
        ('title = "Demo"', 'title = { en = "Demo", fr = "Démo" }'),
        "study.toml: study.title.fr: key 'fr' is unknown in [study.title] (known: 'en', 'zh')\n"
        "    Correct the key, or remove it.",
    ),
    "mode is never defaulted": (
        ('mode = "reflective"\n', ""),
        "study.toml: constructs.reliability: key 'mode' is missing, expected one of 'reflective', "
        "'formative', "
        "'single'\n    Add 'mode'.",
    ),
    "unknown mode": (
        ('mode = "reflective"', 'mode = "reflexive"'),
        "study.toml: constructs.reliability.mode: found 'reflexive', expected one of 'reflective', "
        "'formative', "
        "'single'\n    Correct the value.",
    ),
    "items as a text": (
        ('items = ["rel1", "rel2", "rel3"]', 'items = "rel1"'),
        "study.toml: constructs.reliability.items: found 'rel1', expected a list of column names\n"
        "    Correct the value.",
    ),
    "an item that is a number": (
        ('items = ["rel1", "rel2", "rel3"]', 'items = ["rel1", 2, "rel3"]'),
        "study.toml: constructs.reliability.items[1]: found 2, expected a text\n    Correct the value.",
    ),
    "an item without a name": (
        ('items = ["sat"]', 'items = [" "]'),
        "study.toml: constructs.satisfaction.items[0]: found ' ', expected a text that is not empty\n"
        "    Correct the value.",
    ),
    "a number as text": (
        ("min = 1", 'min = "one"'),
        "study.toml: scales.likert.min: found 'one', expected a number\n    Correct the value.",
    ),
    "true is not a number": (
        ("min = 1", "min = true"),
        "study.toml: scales.likert.min: found true, expected a number\n    Correct the value.",
    ),
    "infinity is not the end of a scale": (
        ("max = 7", "max = inf"),
        "study.toml: scales.likert.max: found inf, expected a number\n    Correct the value.",
    ),
    "a missing code that is a table": (
        ('missing = [-99, "N/A"]', "missing = [-99, { code = 1 }]"),
        "study.toml: data.customers.missing[1]: found a table, expected a number or a text\n"
        "    Correct the value.",
    ),
    "an id with capitals": (
        ('id = "demo"', 'id = "My Study"'),
        "study.toml: study.id: found 'My Study', expected lower-case letters, digits and _, a letter first\n"
        "    Correct the value.",
    ),
    "another version": (
        ("version = 1", "version = 2"),
        "study.toml: version: found 2, expected 1\n    Correct the value.",
    ),
    "no version": (
        ("version = 1\n", ""),
        "study.toml: key 'version' is missing, expected 1\n    Add 'version'.",
    ),
    "a table that is a text": (
        ("[[paths]]", '[claims]\nK2 = "yes"\n[[paths]]'),
        "study.toml: claims.K2: found 'yes', expected a table\n    Correct the value.",
    ),
    "a negative lag": (
        ('to = "satisfaction"', 'to = "satisfaction"\nlag = -1'),
        "study.toml: paths[0].lag: found -1, expected a whole number of periods, 0 or more\n"
        "    Correct the value.",
    ),
    "a sha256 that is none": (
        ('unit = "customer"', 'sha256 = "abc"'),
        "study.toml: data.customers.sha256: found 'abc', expected 64 hexadecimal digits\n"
        "    Correct the value.",
    ),
    "an unknown way with gaps": (
        ("[[paths]]", '[inference]\nmissing_data = "drop"\n[[paths]]'),
        "study.toml: inference.missing_data: found 'drop', expected one of 'scores', 'listwise'\n"
        "    Correct the value.",
    ),
    "a level in per cent": (
        ("[[paths]]", "[inference]\nlevel = 95\n[[paths]]"),
        "study.toml: inference.level: found 95, expected a number between 0 and 1, such as 0.95\n"
        "    Correct the value.",
    ),
    "an unknown kind of model": (
        ("[[paths]]", '[models.m]\nkind = "cfa"\nlavaan = "a ~ b"\n[[paths]]'),
        "study.toml: models.m.kind: found 'cfa', expected one of 'sem', 'pls'\n    Correct the value.",
    ),
    "an unknown report language": (
        ("[[paths]]", '[report]\nlanguages = ["de"]\n[[paths]]'),
        "study.toml: report.languages[0]: found 'de', expected 'en' or 'zh'\n    Correct the value.",
    ),
    "money without its plan": (
        (
            "[[paths]]",
            '[money]\ncurrency = "CNY"\nprice_year = 2025\ndiscount_rate = 0.08\nperiods_per_year = 4\n'
            "horizon = 8\n"
            'benefit = { line = "retention", outcome = "satisfaction", customers = 1, margin = 1 }\n'
            'cost = { line = "labour", amount = 1 }\n[[paths]]',
        ),
        "study.toml: money: key 'plan' is missing, expected a table [money.plan]\n    Add 'plan'.",
    ),
}


@pytest.mark.parametrize("case", [name for name in FORM])
def test_a_fault_of_form_is_told_in_the_readers_words(case, make_study):
    (old, new), expected = FORM[case]
    assert [str(problem) for problem in check_study(make_study({old: new}))] == [expected]


TOML = {
    "a syntax error": (
        "version = 1\n[study\n",
        "study.toml: line 2, column 7: this is not TOML: expected ']' at the end of a table declaration\n"
        "    Correct the line, or compare it with the template of 'servicefx new'.",
    ),
    "a key stated twice": (
        "version = 1\nversion = 1\n",
        "study.toml: line 2, column 12: this is not TOML: cannot overwrite a value\n"
        "    Correct the line, or compare it with the template of 'servicefx new'.",
    ),
    "a text that does not end": (
        'version = "1',
        "study.toml: end of document: this is not TOML: unterminated string\n"
        "    Correct the line, or compare it with the template of 'servicefx new'.",
    ),
}


@pytest.mark.parametrize("case", TOML)
def test_what_is_not_toml_is_told_with_its_line(case, tmp_path):
    text, expected = TOML[case]
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(StudyError) as raised:
        load_study(tmp_path)
    assert str(raised.value) == expected


def test_a_study_file_that_is_not_utf8_is_told_with_its_line(tmp_path):
    (tmp_path / "study.toml").write_bytes('version = 1\ntitle = "Größe"'.encode("cp1252"))
    with pytest.raises(StudyError) as raised:
        load_study(tmp_path)
    assert str(raised.value) == "study.toml: line 2: the text is not UTF-8\n    Save the study file as UTF-8."


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000], ids=["deep", "long"])
def test_a_value_made_to_break_the_reader_is_refused(text):
    with pytest.raises(StudyError, match="a value is longer or deeper than TOML allows here"):
        parse_study(text.encode(), "study.toml")


def test_a_byte_order_mark_is_no_fault(make_study):
    folder = make_study()
    path = folder / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert check_study(folder) == []


def test_a_faulty_table_hides_no_fault_elsewhere(make_study):
    folder = make_study(
        {
            "version = 1": "version = 1\nfoo = 1",
            'mode = "reflective"': 'mode = "reflexive"',
            'items = ["sat"]': 'items = ["satt"]',
            "[[paths]]": '[[paths]]\nfrom = 3\nto = "satisfaction"\n[[paths]]',
            'from = "reliability"': 'from = "reliabilty"',
        }
    )
    assert [problem.where for problem in check_study(folder)] == [
        "study.toml: foo",
        "study.toml: constructs.reliability.mode",
        "study.toml: constructs.satisfaction.items[0]",
        "study.toml: paths[0].from",
        "study.toml: paths[1].from",
    ]


def test_a_reference_to_a_faulty_table_is_no_second_fault(make_study):
    folder = make_study({"min = 1": 'min = "one"', 'mode = "single"': "mode = 1"})
    assert [problem.where for problem in check_study(folder)] == [
        "study.toml: scales.likert.min",
        "study.toml: constructs.satisfaction.mode",
    ]


@pytest.mark.parametrize("text", ["", "version = 1", "data = 3\nconstructs = []\npaths = 1\nstudy = 1"])
def test_a_file_that_says_next_to_nothing_is_a_list_of_faults(text, tmp_path):
    (tmp_path / "study.toml").write_text(text)
    problems = [str(problem) for problem in check_study(tmp_path)]
    assert len(problems) >= 3
    with pytest.raises(StudyError):
        load_study(tmp_path)


def test_an_unknown_key_in_a_faulty_table_is_told_beside_the_other_fault(make_study):
    folder = make_study({'mode = "single"': "mode = 1\nfoo = 2", "min = 1": "low = 1"})
    assert [problem.where for problem in check_study(folder)] == [
        "study.toml: scales.likert",
        "study.toml: scales.likert.low",
        "study.toml: constructs.satisfaction.mode",
        "study.toml: constructs.satisfaction.foo",
    ]


def inline(value: object) -> str:
    """A value as TOML writes it in one line."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)} = {inline(entry)}" for key, entry in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value) if isinstance(value, bool | str) else repr(value)


def places(node: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place of a document, the top left out."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    below = [deeper for key, entry in entries for deeper in places(entry, (*place, key))]
    return [place, *below] if place else below


ODD = [True, -1, 1e308, math.nan, "", "customers", [], [[1]], {}, {"en": "x"}, [{}], 10**30]


@pytest.mark.parametrize("odd", ODD, ids=map(repr, ODD))
def test_whatever_stands_in_a_study_file_ends_in_a_study_or_a_list_of_faults(odd, make_study):
    folder = make_study()
    document = tomllib.loads((folder / "study.toml").read_text())
    for place in places(document):
        spoilt = copy.deepcopy(document)
        node: Any = spoilt
        for part in place[:-1]:
            node = node[part]
        node[place[-1]] = odd
        lines = [f"{json.dumps(key)} = {inline(entry)}" for key, entry in spoilt.items()]
        (folder / "study.toml").write_text("\n".join(lines))
        told = [problem.found for problem in check_study(folder)]
        assert not any("Input should" in found or "Value " in found for found in told), told

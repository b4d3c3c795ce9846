import re
import string
from pathlib import Path

import pytest

import servicefx
from servicefx.report import words
from servicefx.report.words import coded, heading, keys, say, verb, wording
from servicefx.values.effect import DESIGNS
from servicefx.values.glossary import GLOSSARY
from servicefx.values.table import Phrase

ROOT = Path(servicefx.__file__).parent


def test_every_glossary_column_has_a_heading():
    for column in GLOSSARY:
        assert heading(column)


def test_every_key_the_package_names_has_words():
    used = {
        (path.name, key)
        for path in sorted(ROOT.rglob("*.py"))
        for key in re.findall(r'Phrase\(\s*key="([a-z_.]+)"', path.read_text(encoding="utf-8"))
        if path.parent.name != "values"
    }
    assert used
    assert not [(name, key) for name, key in sorted(used) if key not in keys()]


def test_every_design_has_words_and_a_verb():
    for design in DESIGNS:
        assert coded("design", design)
        assert verb(design, 1.0) == ("goes with" if design in DESIGNS[:2] else "raises")


@pytest.mark.parametrize(
    ("design", "sign", "holds", "expected"),
    [
        ("association", -0.3, True, "goes with"),
        ("adjusted", 0.3, True, "goes with"),
        ("within_unit", -0.3, True, "lowers"),
        ("randomised", 0.3, False, "goes with"),
        ("randomised", 0.0, True, "goes with"),
        ("randomised", float("nan"), True, "goes with"),
    ],
)
def test_only_a_design_whose_checks_hold_earns_a_causal_verb(design, sign, holds, expected):
    assert verb(design, sign, checks_hold=holds) == expected


def test_an_unknown_key_is_named():
    with pytest.raises(KeyError, match=r"no wording for 'note\.nowhere' in words_en\.toml"):
        say(Phrase(key="note.nowhere"), str)


def test_an_unknown_language_is_named():
    with pytest.raises(KeyError, match=r"no words in language 'xx' \(known: en\)"):
        wording("note.text", "xx")


def test_a_missing_value_is_named_beside_those_given():
    with pytest.raises(KeyError, match=r"'note\.dropped' needs the value 'reason' \(given: n\)"):
        say(Phrase(key="note.dropped", values={"n": 3}), str)


def test_values_are_never_read_as_templates():
    hostile = "{text.__class__} {0} {n:,}"
    assert say(Phrase(key="note.text", values={"text": hostile}), str) == hostile


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("{n:,} {n:#row|rows}", {"n": 1}, "1 row"),
        ("{n:,} {n:#row|rows}", {"n": 1200}, "1,200 rows"),
        ("{estimate}", {"estimate": -0.12345}, "−0.123"),
        ("{estimate:.2f}", {"estimate": -0.12345}, "−0.12"),
        ("{estimate:signed}", {"estimate": 0.5}, "+0.500"),
        ("{estimate:abs} {estimate:sign more|less}", {"estimate": -0.5}, "0.500 less"),
        ("{low:interval high}", {"low": -0.1, "high": 0.25}, "[−0.100,\xa00.250]"),
        ("{low:interval high share}", {"low": 0.1, "high": 0.25}, "[10.0%,\xa025.0%]"),
        ("{x:money}", {"x": -1234567.8}, "−1,234,568"),
        ("p {p:p_value}", {"p": 0.0234}, "p =\xa0.023"),
        ("p {p:p_value}", {"p": 1e-7}, "p <\xa0.001"),
        ("{design:as design}", {"design": "instrument"}, "an instrument"),
        ("{design:verb estimate}", {"design": "randomised", "estimate": -1.0}, "lowers"),
        ("{name}, {name:raw}", {"name": "reliability"}, "可靠性, reliability"),
        ("seed {seed}", {"seed": 20260101}, "seed 20260101"),
    ],
)
def test_what_a_field_may_carry(monkeypatch, labels, template, values, expected):
    monkeypatch.setattr(words, "_words", lambda _: {"t": template} | _design_words())
    assert say(Phrase(key="t", values=values), labels) == expected


def _design_words():
    known = ("value.design.instrument", "verb.raises", "verb.lowers", "verb.goes_with")
    return dict(zip(known, ("an instrument", "raises", "lowers", "goes with"), strict=True))


def test_templates_use_only_named_fields():
    for key in keys():
        for _, field, _, _ in string.Formatter().parse(wording(key)):
            assert field is None or re.fullmatch(r"[a-z_0-9]+", field), key


def test_titles_of_sections_need_no_values_so_that_a_refusal_can_carry_them():
    for key in keys():
        if key.startswith("section."):
            assert say(Phrase(key=key), str) == wording(key)

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest

import servicefx
from servicefx.report import words
from servicefx.report.words import coded, heading, keys, say, translated, verb, wording
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
    with pytest.raises(KeyError, match=r"no words in language 'xx' \(known: en, zh\)"):
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


_MORE = ("value.", "text.")
"""Tables where another language has English texts that stand in notes and cells."""
OTHERS = sorted(set(words.LANGUAGES) - {"en"})


def fields_of(template):
    """Values a template needs, those named behind a colon too."""
    parsed = [(name, spec or "") for _, name, spec, _ in string.Formatter().parse(template) if name]
    behind = {spec.split()[1] for _, spec in parsed if spec.split()[:1] in (["interval"], ["verb"])}
    return {name for name, _ in parsed} | behind


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_says_what_english_says(language):
    assert not keys("en") - keys(language)
    assert not {key for key in keys(language) - keys("en") if not key.startswith(_MORE)}


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_needs_the_same_values(language):
    differ = {
        key: (fields_of(wording(key)), fields_of(wording(key, language)))
        for key in keys("en")
        if fields_of(wording(key)) != fields_of(wording(key, language))
    }
    assert differ == {}


def test_chinese_is_chinese_but_for_signs_and_names():
    left = {
        key: wording(key, "zh")
        for key in keys("zh")
        if re.search(r"(?:[A-Za-z]{3,} ){3}", re.sub(r"\{[^}]*\}|（[^）]*）", "", wording(key, "zh")))
    }
    assert not {key for key in left if not key.endswith("_command")}


def written_texts():
    """Every text constant of the package and of the claims, with # for what f-strings fill in."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(p.value if isinstance(p, ast.Constant) else "#" for p in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    claims = tomllib.loads((ROOT / "theory" / "claims.toml").read_text(encoding="utf-8"))
    return found + [claim["data_needed"] for claim in claims.values()]


def test_english_texts_put_into_chinese_still_stand_in_the_package():
    texts = [key.removeprefix("text.") for key in keys("zh") if key.startswith("text.")]
    assert len(texts) > 50
    said = [set(re.findall("[a-zA-Z]{3,}", text)) for text in written_texts()]
    lost = set()
    for text in texts:  # joined of several when the program runs, so most of its words in one will do
        asked = set(re.findall("[a-zA-Z]{3,}", text))
        if asked and max(len(asked & one) for one in said) < 0.6 * len(asked):
            lost.add(text)
    assert lost == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one item", "只有一个题项"),
        ("Overall sampling adequacy (KMO): 0.937.", "总体抽样适合度（KMO）：0.937。"),
        ("26 rows: points did not add up to 100, rescaled.", "26行：重要性分数合计不为100，已按比例调整。"),
        ("Constructs and marker: 'a' and 'b' correlate 0.96, hardly told apart.",
         "构念与标记变量：'a'与'b'的相关为0.96，难以区分。"),
        ("Something else: one item", "Something else：只有一个题项"),
        ("something new.", "something new."),
        ("", ""),
    ],
)  # fmt: skip
def test_texts_of_ours_are_put_into_chinese_with_their_numbers(text, expected):
    assert translated(text, "zh") == expected
    assert translated(text) == text


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        (
            "finding.driver",
            {
                "term": "可靠性", "outcome": "满意度", "step": "point", "unit": "points", "estimate": -0.25,
                "design": "adjusted", "conf_low": -0.5, "conf_high": -0.1,
            },
            "可靠性每高1分，满意度相应变化 −0.250 分 [−0.500,\xa0−0.100]，其他驱动因素保持不变。",
        ),
        ("note.dropped", {"n": 1200, "reason": "an item of the model is missing"},
         "1,200行未使用：缺少模型中的某个题项。"),
        ("note.assumption", {"text": "a thing nobody said before"}, "假定：a thing nobody said before。"),
    ],
)  # fmt: skip
def test_sentences_in_chinese(key, values, expected):
    assert say(Phrase(key=key, values=values), str, "zh") == expected

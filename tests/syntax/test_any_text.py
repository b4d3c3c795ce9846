"""Whatever is written, the parser gives a table that holds together, or a refusal with a place."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servicefx.errors import StudyError
from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import OPERATORS, ParameterTable

WORDS = (
    "f", "x1", "x2", "y", "a", "b", "d", "t1", "t2", "u", "1", "0", "0.5", ".5", "1e-3", "1e999", "2x",
    "满意", "NA", "c(a,b)", "c(1,NA)", "c(", "start(", "start(.5)", "label('a')", "equal('f=~x1')",
    "equal(", "exp(", "log(", "sqrt(", "lower(", "'my q'", '"a"', "'", '"', "(", ")", ",", "=~", "<~",
    "~", "~~", "|", "~*~", ":=", "==", "<", ">", ":", "=", "+", "-", "*", "/", "^", "**", "+", "*", ";",
    "\n", "\n", " ", "\t", "\r\n", "#", "!", "\ufeff", "\xa0", "～", "％", "group:", "\u0301", "\x00",
    "\U0001f600", "²",
)  # fmt: skip
MODELS = (
    "f =~ x1 + a*x2 + 0.5*x3\ng =~ y1 + NA*y2\ng ~ b*f\nd := a * b\n",
    "y ~ c(a, b)*x + start(.5)*z; y ~ 1; y ~~ c(1, NA)*y",
    "u | t1 + -0.5*t2\nu ~*~ 1*u\nf =~ u + equal('f=~u')*v",
    "m ~ a*x\ny ~ b*m + c*x # direct\nind := a*b\ntot := ind + c\na == b^2\nexp(c) == 1",
    "满意 =~ '第 1 题' + \"item # 2\"\n  + 3x\nf <~ 满意",
)
LIKELY = st.text(alphabet=st.sampled_from("abxt1. 20*+-~=<>|:;#!\n\t\"'()满～,eENA/^c"), max_size=60)
SOUP = st.lists(st.sampled_from(WORDS), max_size=25).map("".join)
SPACED = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """A right model with some pieces cut out, doubled or replaced."""
    text = draw(st.sampled_from(MODELS))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        stop = min(start + draw(st.integers(0, 4)), len(text))
        piece = draw(st.one_of(st.sampled_from(WORDS), st.just(text[start:stop] * 2), st.just("")))
        text = text[:start] + piece + text[stop:]
    return text


ANY = st.one_of(LIKELY, SOUP, SPACED, spoilt(), st.text(max_size=60))


def check(text: str) -> None:
    try:
        table = parse_model(text)
    except StudyError as refusal:
        problems = refusal.problems
    else:
        check_table(table)
        return
    assert 1 <= len(problems) <= 20
    for problem in problems:
        assert re.match(r"model(, line [0-9]+, column [0-9]+)?$", problem.where)
        assert problem.remedy.endswith(".")


def check_table(table: ParameterTable) -> None:
    assert table.rows
    keys = [
        (row.op, *(sorted((row.lhs, row.rhs)) if row.op == "~~" else (row.lhs, row.rhs)))
        for row in table.rows
    ]
    assert len(set(keys)) == len(keys)
    known = {*table.labels, *(said.name for said in table.definitions)}
    sides = [said.expression for said in table.definitions]
    sides += [side for said in table.constraints for side in (said.left, said.right)]
    for row in table.rows:
        assert row.op in OPERATORS
        assert row.lhs
        assert (row.rhs == "") == (row.op == "~1")
        assert len(row.modifiers) in (0, 1, table.n_groups)
    values = dict.fromkeys(known, 0.5)
    for side in sides:
        assert set(side.names) <= known
        side.value(values)
        assert set(side.gradient(values)) == set(side.names)
    assert len(table.evaluation_order) == len(table.definitions)
    assert set(table.frame["op"]) <= set(OPERATORS)


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(text=ANY)
def test_any_text_gives_a_table_or_a_refusal_with_a_place(text):
    check(text)


@pytest.mark.slow
@settings(
    max_examples=100_000,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(text=ANY)
def test_a_hundred_thousand_texts_give_a_table_or_a_refusal_with_a_place(text):
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "f =~ " + "(" * 100_000 + "x",
        "f =~ " + "c(" * 50_000 + "x",
        "f =~ " + "2^" * 50_000 + "x",
        "f =~ " + "-" * 100_000 + "1*x",
        "f =~ a*x\nd := " + "-" * 100_000 + "a",
        "f =~ a*x\nd := " + "exp(" * 50_000 + "a" + ")" * 50_000,
        "€a" * 50_000,
        "1" * 100_000 + "x",
        "a\xa0" * 50_000,
        "'" * 100_001,
        ";" * 100_000,
        "\n".join(f"f =~ equal('f=~q')*x{i}" for i in range(2_000)),
        "\n".join(f"f =~ q{i}\nd{i} := z{i}" for i in range(2_000)),
        "\n(".join("a" * 20_000),
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)
def test_large_nonsense_is_refused_in_good_time(text):
    with pytest.raises(StudyError) as refusal:
        parse_model(text)
    assert len(str(refusal.value)) < 120_000

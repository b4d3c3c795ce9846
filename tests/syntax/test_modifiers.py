from dataclasses import replace

import pytest

from servicefx.errors import StudyError
from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import Modifier


def said(text: str) -> list[tuple[Modifier, ...]]:
    return [row.modifiers for row in parse_model(text).rows]


A, B = Modifier(label="a"), Modifier(label="b")
FREE = Modifier(free=True)
SAME = Modifier(label="x~~x")


# What lavaan reads alike stands in tests/golden/syntax; here is what it reads otherwise, or not at all.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f =~ a*start(.5)*x", [(Modifier(label="a", start=0.5),)]),
        ("f =~ start(.5)*a*x", [(Modifier(label="a", start=0.5),)]),
        ("f =~ NA*a*x", [(Modifier(label="a", free=True),)]),
        ("f =~ 'my label'*x", [(Modifier(label="my label"),)]),
        ("f =~ '2 x'*x", [(Modifier(label="2 x"),)]),
        ("f =~ 'NA'*x", [(Modifier(label="NA"),)]),
        ("f =~ c(a, NA)*x", [(A, FREE)]),
        ("f =~ c(NA, a)*x", [(FREE, A)]),
        ("f =~ c(a, 1)*x", [(A, Modifier(fixed=1.0))]),
        ("f =~ c(a, b, -.5)*x", [(A, B, Modifier(fixed=-0.5))]),
        ("f =~ c(a)*x + c(a, b)*y", [(A,), (A, B)]),
        ("f =~ start(c(.5, NA))*x", [(Modifier(start=0.5), Modifier())]),
        ("f =~ label(c(a, NA))*x", [(A, Modifier())]),
        ("f =~ c(1, NA)*x + start(.5)*x", [(Modifier(fixed=1.0), Modifier(free=True, start=0.5))]),
        ("f =~ x\nf =~ a*x", [(A,)]),
        ("f =~ a*x\nf =~ start(2)*x", [(Modifier(label="a", start=2.0),)]),
        ("x ~~ a*y\ny ~~ start(.3)*x", [(Modifier(label="a", start=0.3),)]),
        ("f =~ 1*x + 1*x", [(Modifier(fixed=1.0),)]),
        ("f =~ 0.5*x; f =~ a*x", [(Modifier(fixed=0.5, label="a"),)]),
        ("f =~ start(\n.5)*x", [(Modifier(start=0.5),)]),
        ("f =~ x + equal('f=~x')*y", [(Modifier(label="f=~x"),)] * 2),
        ('f =~ x + equal("f =~ x")*y + equal("f =~ y")*z', [(Modifier(label="f=~x"),)] * 3),
        ("f =~ equal('f=~z')*x + y + z", [(Modifier(label="f=~z"),), (), (Modifier(label="f=~z"),)]),
        ("f =~ a*x + equal('f=~x')*y", [(A,), (A,)]),
        ("f =~ c(a, b)*x + equal('f=~x')*y", [(A, B), (A, B)]),
        ("x ~~ y; y ~~ equal('y~~x')*z", [(Modifier(label="x~~y"),)] * 2),
        ("x ~ 1; y ~ equal('x~1')*1", [(Modifier(label="x~1"),)] * 2),
        ("f =~ a*x + equal('a')*y", [(A,), (A,)]),
        ("x ~~ NA*x; y ~~ equal('x~~x')*y", [(replace(SAME, free=True),), (SAME,)]),
    ],
)  # fmt: skip
def test_what_stands_before_a_name(text, expected):
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("f =~ 1*x + 2*x", 14, "the value 2, but 1 was stated before"),
        ("f =~ a*x; f =~ b*x", 18, "the label 'b', but 'a' was stated before"),
        ("f =~ a*b*x", 8, "the label 'b', but 'a' was stated before"),
        ("f =~ start(1)*x + start(2)*x", 28, "the start 2, but 1 was stated before"),
        ("f =~ NA*x + 0.5*x", 17, "both fixed at 0.5 and free \\('NA\\*'\\)"),
        ("f =~ 0.5*x + start(2)*x", 23, "a start for a parameter that is fixed"),
        ("x ~~ 1*y; y ~~ 2*x", 18, "the value 2, but 1 was stated before"),
        ("f =~ c(a, b)*x + c(a, d)*x", 26, "the label 'd', but 'b' was stated before"),
        ("f =~ c(a, b)*x + c(1, 2, 3)*y", 29, "modifiers for 3 groups, but for 2 elsewhere"),
        ("f =~ c(a, b)*start(c(1, 2, 3))*x", 14, "modifiers for 3 groups, after 2 before"),
        ("f =~ 2*a*x", 6, "a number beside another modifier"),
        ("f =~ a*2*x", 6, "a number beside another modifier"),
        ("f =~ c(1, NA)*3*x", 6, "a number beside another modifier"),
        ("f =~ y + 2*equal('f=~y')*x", 10, "a number beside another modifier"),
        ("f =~ 2x*y", 6, "the label '2x' begins with a digit\n.*\n.*\n    Write '2\\*x'"),
        ("f =~ *x", 7, "a modifier is missing before '\\*'"),
        ("f =~ a**x", 7, "'\\*\\*' where '\\+' is expected"),
        ("f =~ a*", 7, "a name is missing here"),
        ("f =~ c()*x", 6, "an entry of 'c\\(\\)' is missing"),
        ("f =~ c(a,)*x", 6, "an entry of 'c\\(\\)' is missing"),
        ("f =~ c(a b)*x", 10, "'b' where a sign such as"),
        ("f =~ c(a*x", 7, "'\\(' is not closed by '\\)'"),
        ("f =~ c(start(1), 2)*x", 8, "'start\\(\\)' within 'c\\(\\)'"),
        ("f =~ start()*x", 6, "'start\\(\\)' is empty"),
        ("f =~ start(a)*x", 12, "'a' within 'start\\(\\)' is no number"),
        ("f =~ start('1')*x", 12, "'1' within 'start\\(\\)' is no number"),
        ("f =~ label(2)*x", 12, "'label\\(\\)' takes a label"),
        ("f =~ label()*x", 6, "'label\\(\\)' is empty"),
        ("f =~ a/2*x", 6, "'a' within the arithmetic before '\\*'"),
        ("f =~ -a*x", 7, "'a' within the arithmetic before '\\*'"),
        ("f =~ 1/0*x", 7, "a division by zero"),
        ("f =~ 1e200*1e200*x", 12, "the numbers before '\\*' are too large"),
        ("f =~ lower(0)*x", 6, "'lower\\(\\)': bounds are not fitted"),
        ("f =~ rv('a')*x", 6, "'rv\\(\\)': random slopes are not fitted"),
        ("efa('e')*f =~ x", 1, "'efa\\(\\)': exploratory blocks are not fitted"),
        ("f =~ stat(1)*x", 6, "the modifier 'stat\\(\\)' is not known \\(closest: 'start'\\)"),
        ("f =~ x + equal('f=~z')*y", 16, "'f=~z' is no parameter of the model \\(closest: 'f=~"),
        ("f =~ x + equal('f=~y')*y", 16, "'f=~y' leads back to itself"),
        ("f =~ equal('f=~y')*x + equal('f=~x')*y", 12, "'f=~y' leads back to itself"),
        ("f =~ x + equal(f)*y", 10, "'equal\\(\\)' takes one parameter in quotes"),
        ("f =~ x + y + equal('f=~x')*equal('f=~y')*z", 28, "a second 'equal\\(\\)'"),
        ("f =~ b*x + a*y + equal('f=~x')*y", 24, "the label 'b', but 'a' was stated before"),
    ],
)  # fmt: skip
def test_modifiers_that_cannot_be_meant_are_refused_where_they_stand(text, place, message):
    with pytest.raises(StudyError, match=f"model, line 1, column {place}: ({message})"):
        parse_model(text)

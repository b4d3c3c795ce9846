import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicefx.errors import StudyError
from servicefx.syntax.parser import parse_model


def rows(text: str) -> list[tuple[str, str, str, float | None]]:
    return [(row.lhs, row.op, row.rhs, row.fixed) for row in parse_model(text).rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f =~ x1 + x2", [("f", "=~", "x1", None), ("f", "=~", "x2", None)]),
        ("f<~x1", [("f", "<~", "x1", None)]),
        ("y ~ a +\n b", [("y", "~", "a", None), ("y", "~", "b", None)]),
        ("y ~ a\n + b", [("y", "~", "a", None), ("y", "~", "b", None)]),
        ("y\n~\na", [("y", "~", "a", None)]),
        ("y ~ a # why\n! all of this\n;; x ~~ x", [("y", "~", "a", None), ("x", "~~", "x", None)]),
        ("y ~ a; x ~ b", [("y", "~", "a", None), ("x", "~", "b", None)]),
        ("f =~ -.5*y + 2e-3 * z", [("f", "=~", "y", -0.5), ("f", "=~", "z", 0.002)]),
        ("a + b ~~ 0*c", [("a", "~~", "c", 0.0), ("b", "~~", "c", 0.0)]),
        ("满意度 =~ \"item # 2\"", [("满意度", "=~", "item # 2", None)]),
        ("f =~ '第 3 题'", [("f", "=~", "第 3 题", None)]),
        ("_f.1 =~ .x_2", [("_f.1", "=~", ".x_2", None)]),
    ],
)  # fmt: skip
def test_what_is_understood(text, expected):
    assert rows(text) == expected


def test_places_are_kept():
    row = parse_model("# first\n\n f =~ x1 +\n   x2").rows[1]
    assert (row.line, row.column) == (4, 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x1 == x2", "'==' constraints are not fitted by this version"),
        ("ab := a", "':=' definitions are not computed by this version"),
        ("a > 0", "'>' constraints are not fitted"),
        ("x | t1", "'|' thresholds are not fitted"),
        ("x ~*~ x", "'~*~' scaling factors are not fitted"),
        ("x ~ 1", "'~ 1' intercepts are not fitted"),
        ("f =~ NA*x", "the label or function 'NA*': labels, 'NA*' and equalities are not fitted"),
        ("f =~ a*x", "the label or function 'a*'"),
        ("f =~ 1*a*x", "the label or function 'a*'"),
        ("f =~ start(1)*x", "'(', but functions, groups and arithmetic are not fitted"),
        ("y ~ x:z", "':' blocks and interactions are not fitted"),
        ("group: 1", "':' blocks and interactions are not fitted"),
        ("y ～ x", "the full-width sign '～'"),
        ("y ~ €", "the character '€' belongs to no name"),
        ("f =~ 2x", "'2x' is neither a number nor a name"),
        ("f =~ 1e999*x", "'1e999' is too large a number"),
        ("f =~ 3", "the number '3' without '*' and a name after it"),
        ("2*f =~ x", "a number before 'f', left of '=~'"),
        ("f =~ x y", "'y' where '+' is expected"),
        ("f =~ x - y", "'-' where '+' is expected"),
        ("f =~ + x", "'+' where a name is expected"),
        ("f =~", "a name is missing here"),
        ("=~ x", "a name is missing here"),
        ("f", "'f' without an operator"),
        ("y ~ a ~ b", "a second operator '~' in one line"),
        ("f =~ 'x", "a quote that is not closed on its line"),
        ("f =~ ''", "an empty name"),
        ("f =~ f", "'f =~ f' explains 'f' by itself"),
        ("f =~ x + x", "'f =~ x' stands already in line 1"),
        ("a ~~ b\nb ~~ a", "'b ~~ a' stands already in line 1"),
    ],
)
def test_what_is_not_fitted_is_refused_by_name(text, message):
    with pytest.raises(StudyError) as refusal:
        parse_model(text)
    assert message in str(refusal.value)


def test_a_refusal_shows_place_line_caret_and_what_is_understood():
    with pytest.raises(StudyError) as refusal:
        parse_model("f =~ x1\n满意 ~ f == g")
    assert str(refusal.value) == (
        "model, line 2, column 8: '==' constraints are not fitted by this version\n"
        "        满意 ~ f == g\n"
        "                 ^\n"
        "    Write 'construct =~ item + item', 'construct <~ item + item', 'outcome ~ construct' or "
        "'name ~~ name', with fixed numbers as '1*item' and unusual names in quotes."
    )


def test_every_wrong_statement_is_listed_in_the_order_of_the_text():
    with pytest.raises(StudyError) as refusal:
        parse_model("a == b\nf =~ x1\ny ～ x\nf =~")
    assert [problem.where for problem in refusal.value.problems] == [
        "model, line 1, column 3",
        "model, line 3, column 3",
        "model, line 4, column 3",
    ]


@pytest.mark.parametrize("text", ["", "  \n # only a comment", ";;"])
def test_an_empty_model_is_refused(text):
    with pytest.raises(StudyError, match="model: holds no line, at least one expected"):
        parse_model(text)


LIKELY = st.text(alphabet=st.sampled_from("abx1. 20*+-~=<>|:;#!\n\t\"'()满～,eENA"), max_size=60)


@settings(max_examples=2000, deadline=None, derandomize=True)
@given(text=st.one_of(LIKELY, st.text(max_size=60)))
def test_any_text_gives_a_table_or_a_refusal_with_a_place(text):
    try:
        table = parse_model(text)
    except StudyError as refusal:
        places = [problem.where for problem in refusal.problems]
    else:
        places = ["model"] * len(table.rows)
    assert places
    assert all(place.startswith("model") for place in places)

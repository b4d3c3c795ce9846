import timeit

import pytest

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
        ("1st_item ~ 3x + 2号", [("1st_item", "~", "3x", None), ("1st_item", "~", "2号", None)]),
        ("\ufefff =~\tx\xa0+ y\r\n+\r\nz\r\n", [("f", "=~", name, None) for name in "xyz"]),
        ("y ~ x; # a ~ b; c ~ d\n", [("y", "~", "x", None)]),
        ("y ~ 1", [("y", "~1", "", None)]),
        ("y ~ 0 + x", [("y", "~1", "", 0.0), ("y", "~", "x", None)]),
        ("y ~ '1'", [("y", "~", "1", None)]),
        ("x | t1 + 0.5*t12", [("x", "|", "t1", None), ("x", "|", "t12", 0.5)]),
        ("x ~*~ 2*x", [("x", "~*~", "x", 2.0)]),
        ("x ~~ c(1, 1)*x + c(1, 2)*y", [("x", "~~", "x", 1.0), ("x", "~~", "y", None)]),
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
        ("a > 0", "'>' inequality constraints are not fitted by this version"),
        ("a <= 1", "'<=' inequality constraints are not fitted"),
        ("y ~ x:z", "':' interactions are not fitted by this version"),
        ("y ~ x + z:x", "':' interactions are not fitted"),
        ("x:z ~ y", "':' interactions are not fitted"),
        ("group: 1", "'group:' blocks are not fitted by this version"),
        ("level: 2\ny ~ x", "'level:' blocks are not fitted"),
        ("y = x", "'=' is no operator"),
        ("x | x", "the threshold 'x', but thresholds are named t1, t2, ..."),
        ("x | t0 + t1", "the threshold 't0'"),
        ("x ~*~ y", "'x ~*~ y': a scaling factor stands between one name and itself"),
        ("y ~ y", "'y ~ y' explains 'y' by itself"),
        ("y ~ 2", "the number '2' without '*' and a name after it"),
        ("y ~ -1 + x", "'-' where a name is expected"),
        ("y ~ 1/2", "arithmetic with '1' without '*' and a name after it"),
        ("y ~ a*0", "the number '0' where a name is expected"),
        ("f =~ 1", "the number '1' without '*' and a name after it"),
        ("f =~ x*2", "the number '2' where a name is expected"),
        ("f =~ NA", "'NA' without '*' and a name after it"),
        ("f =~ c(a, b)", "the function 'c()' without '*' and a name after it"),
        ("f =~ (x + y)", "'(' where a name is expected"),
        ("f =~ start(1*x", "'(' is not closed by ')'"),
        ("f =~ x)", "')' where '+' is expected"),
        ("a*f =~ x", "a modifier before 'f', left of '=~'"),
        ("f =~ x %in% y", "'%' has no meaning in a model"),
        ("f =~ 1.2.3*x", "'1.2.3' is neither a number nor a name"),
        ("f =~ .", "'.' is neither a number nor a name"),
        ("f =~ １*x", "the full-width sign '１'"),
        ("f =~ x\u200b", "the character 'U+200B' belongs to no name"),
        ("y ～ x", "the full-width sign '～'"),
        ("y ~ €", "the character '€' belongs to no name"),
        ("y ~ 1\ny ~ 1", "'y ~ 1' stands already in line 1"),
        ("f + f =~ x", "'f =~ x' stands already in line 1"),
        ("d := 2", "model: states no parameter, at least one expected"),
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
        "model, line 2, column 8: a second operator '==' in one line\n"
        "        满意 ~ f == g\n"
        "                 ^\n"
        "    Begin a new line before it."
    )


def test_every_wrong_statement_is_listed_in_the_order_of_the_text():
    with pytest.raises(StudyError) as refusal:
        parse_model("a > b\nf =~ x1\ny ～ x\nf =~")
    assert [problem.where for problem in refusal.value.problems] == [
        "model, line 1, column 3",
        "model, line 3, column 3",
        "model, line 4, column 3",
    ]


@pytest.mark.parametrize("text", ["", "  \n # only a comment", ";;"])
def test_an_empty_model_is_refused(text):
    with pytest.raises(StudyError, match="model: holds no line, at least one expected"):
        parse_model(text)


@pytest.mark.parametrize("first", ["f =~", "f =~ x +", "f =~ start(", "f =~ c(a,"])
def test_a_line_that_ends_too_early_does_not_spoil_the_next(first):
    with pytest.raises(StudyError) as refusal:
        parse_model(f"{first}\ng =~ y\nh =~")
    assert [problem.where[:13] for problem in refusal.value.problems] == ["model, line 1", "model, line 3"]


def test_twenty_faults_are_listed_at_most():
    with pytest.raises(StudyError) as refusal:
        parse_model("\n".join("f =~" for _ in range(50)) + "\nd := q")
    assert len(refusal.value.problems) == 20


def test_a_long_line_is_shown_around_the_caret():
    text = "f =~ " + " + ".join(f"x{i}" for i in range(5000))
    with pytest.raises(StudyError) as refusal:
        parse_model(text.replace("x2500", "x2500 x"))
    line, caret = str(refusal.value).splitlines()[1:3]
    assert len(line) < 230
    assert line[len(caret) - 1 :].startswith("x + x2501")


def test_labels_are_looked_up_in_the_order_of_the_text():
    with pytest.raises(StudyError, match=r"'q' labels no parameter \(known: 'c2', 'zeta', 'd'\)"):
        parse_model("y ~ c2*x + zeta*z\nd := q")


MODEL_33 = "".join(
    f"F{f} =~ " + " + ".join(f"item_{f}_{i}" for i in range(5 if f == 1 else 4)) + "\n" for f in range(1, 9)
) + "F6 ~ F1 + F2 + F3 + F4 + F5\nF7 ~ F6 + F1\nF8 ~ F7 + F6\n"  # fmt: skip


def test_a_model_of_33_items_is_read_in_milliseconds():
    assert len(parse_model(MODEL_33).rows) == 42
    fastest = min(timeit.repeat(lambda: parse_model(MODEL_33), number=1, repeat=50))
    assert fastest < 1.5e-3


def test_reading_time_grows_in_proportion_to_the_text():
    def seconds(n_lines: int) -> float:
        text = "\n".join(f"f{i} =~ x{i} + a{i}*y{i} + 0.5*z{i}" for i in range(n_lines))
        return min(timeit.repeat(lambda: parse_model(text), number=1, repeat=2))

    assert seconds(10_000) < 40 * seconds(1_000)

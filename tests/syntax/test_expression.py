import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicefx.errors import StudyError
from servicefx.syntax.arithmetic import parse_expression

AT = {"a": 0.7, "b": -1.3, "c": 2.5}


# Values printed by R 4.2.2 for a <- 0.7; b <- -1.3; c <- 2.5.
@pytest.mark.parametrize(
    ("text", "in_r"),
    [
        ("-2^2", -4.0),
        ("2^3^2", 512.0),
        ("2**3", 8.0),
        ("2^-1", 0.5),
        ("2^-1*3", 1.5),
        ("-a^2", -0.49),
        ("- -a", 0.7),
        ("+a", 0.7),
        ("a - b - c", -0.5),
        ("a / b / c", -0.21538461538461537),
        ("a - (b - c)", 4.5),
        ("2 * -b", 2.6),
        ("a + b * c", -2.55),
        ("exp(a) * log(c) - sqrt(c) + abs(b)", 1.5640441120574946),
        ("abs(b)^a/(1+exp(-c))^2", 1.0262131939550647),
        (".5e1 * a", 3.5),
    ],
)
def test_values_are_those_of_r(text, in_r):
    assert parse_expression(text).value(AT) == pytest.approx(in_r, rel=1e-14)


def test_names_stand_in_order_of_first_mention_and_the_text_is_kept():
    expression = parse_expression("b * 'my label' +\n  exp( b )/a")
    assert expression.names == ("b", "my label", "a")
    assert expression.text == "b * 'my label' + exp( b )/a"


def test_draws_are_computed_at_once():
    draws = {"a": np.array([1.0, 2.0, 3.0]), "b": np.float64(2.0)}
    expression = parse_expression("a^2 / b + 1")
    np.testing.assert_allclose(expression.value(draws), [1.5, 3.0, 5.5], rtol=1e-15)
    slope = expression.gradient(draws)
    np.testing.assert_allclose(slope["a"], [1.0, 2.0, 3.0], rtol=1e-15)
    np.testing.assert_allclose(slope["b"], [-0.25, -1.0, -2.25], rtol=1e-15)
    assert isinstance(parse_expression("a + 1").value({"a": 1.0}), float)


@pytest.mark.parametrize(
    ("text", "at", "slope"),
    [
        ("a^2", {"a": 0.0}, 0.0),
        ("a^0", {"a": 0.0}, 0.0),
        ("a^3", {"a": -2.0}, 12.0),
        ("2^a", {"a": 3.0}, 8.0 * np.log(2.0)),
        ("a^a", {"a": 2.0}, 4.0 * (np.log(2.0) + 1.0)),
        ("0^a", {"a": 2.0}, 0.0),
        ("abs(a)", {"a": -2.0}, -1.0),
        ("abs(a)", {"a": 0.0}, 0.0),
        ("a - a", {"a": 5.0}, 0.0),
        ("a * a * a", {"a": 2.0}, 12.0),
        ("1 / a", {"a": 2.0}, -0.25),
        ("log(a)", {"a": 4.0}, 0.25),
        ("sqrt(a)", {"a": 4.0}, 0.25),
        ("-exp(2 * a)", {"a": 0.5}, -2.0 * np.e),
    ],
)
def test_gradients_known_by_hand(text, at, slope):
    assert parse_expression(text).gradient(at)["a"] == pytest.approx(slope, rel=1e-14)


def test_where_a_value_does_not_exist_it_is_nan_or_infinite_without_a_warning():
    assert np.isnan(parse_expression("log(a)").value({"a": -1.0}))
    assert parse_expression("1 / a").value({"a": 0.0}) == np.inf
    assert parse_expression("a^0.5").gradient({"a": 0.0})["a"] == np.inf


def test_a_name_without_a_value_is_a_key_error():
    with pytest.raises(KeyError):
        parse_expression("a + b").value({"a": 1.0})


GROWN = st.recursive(
    st.sampled_from(["a", "b", "c", "2", "0.5", "3"]),
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from("+-*"), parts).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(parts, parts).map(lambda p: f"({p[0]}) / (1 + ({p[1]})^2)"),
        parts.map(lambda p: f"-({p})"),
        parts.map(lambda p: f"exp(-({p})^2 / 9)"),
        parts.map(lambda p: f"log(2 + ({p})^2)"),
        parts.map(lambda p: f"sqrt(1 + ({p})^2)"),
        parts.map(lambda p: f"(1 + abs({p}))^0.3"),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=GROWN, at=st.tuples(*[st.floats(0.3, 2.0)] * 3))
def test_gradients_agree_with_central_differences(text, at):
    expression = parse_expression(text)
    values = dict(zip("abc", at, strict=True))
    slopes = expression.gradient(values)
    scale = 1.0 + abs(expression.value(values))
    for name in expression.names:
        steps = [expression.value(values | {name: values[name] + 1e-5 * side}) for side in (-2, -1, 1, 2)]
        difference = (steps[0] - 8 * steps[1] + 8 * steps[2] - steps[3]) / 12e-5
        assert slopes[name] == pytest.approx(difference, rel=1e-6, abs=1e-7 * scale)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=GROWN)
def test_the_text_of_an_expression_reads_as_the_same_expression(text):
    expression = parse_expression(text)
    assert parse_expression(expression.text) == expression


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", 1, "a label or number is missing after 'the beginning'"),
        ("a +", 3, "a label or number is missing after '\\+'"),
        ("a b", 3, "'b' where a sign such as '\\+' is expected"),
        ("a * / b", 5, "'/' where a label or number is expected"),
        ("(a", 1, "'\\(' is not closed by '\\)'"),
        ("a)", 2, "'\\)' closes nothing"),
        ("exp(a", 1, "'exp' is not closed by '\\)'"),
        ("()", 2, "'\\)' where a label or number is expected"),
        ("exp 2", 5, "'2' where a sign such as '\\+' is expected"),
        ("log(a, 2)", 6, "',' where a sign such as '\\+' is expected"),
        ("exq(a)", 1, "the function 'exq' is not known \\(closest: 'exp'\\)"),
        ("a / 0", 3, "a division by zero"),
        ("a / (2 - 1 - 1)", 3, "a division by zero"),
        ("a * log(0)", 5, "'log' gives no finite number here"),
        ("(-8)^0.5", 5, "'\\^' gives no finite number here"),
        ("1e400", 1, "'1e400' is too large a number"),
        ("2x", 1, "the label '2x' begins with a digit"),
        ("a == b", 3, "'==' where a sign such as '\\+' is expected"),
        ("a [1]", 3, "'\\[' has no meaning in a model"),
        ("(" * 51 + "a" + ")" * 51, 51, "more than 50 open parentheses and signs"),
        ("-" * 51 + "a", 51, "more than 50 open parentheses and signs"),
        ("2^" * 51 + "a", 102, "more than 50 open parentheses and signs"),
    ],
)
def test_what_is_no_expression_is_refused_where_it_stands(text, place, message):
    with pytest.raises(StudyError, match=f"model, line 1, column {place}: {message}"):
        parse_expression(text)


def test_a_sum_of_many_terms_needs_no_deep_stack():
    names = [f"a{i}" for i in range(5000)]
    expression = parse_expression(" + ".join(names))
    assert expression.value(dict.fromkeys(names, 2.0)) == 10000.0
    assert set(expression.gradient(dict.fromkeys(names, 2.0)).values()) == {1.0}

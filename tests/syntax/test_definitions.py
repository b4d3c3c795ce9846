import numpy as np
import pytest

from servicefx.errors import StudyError
from servicefx.syntax.arithmetic import parse_expression
from servicefx.syntax.definitions import Definition, defined_gradients, defined_values, in_order
from servicefx.syntax.parser import parse_model

MEDIATION = "m ~ a*x\ny ~ b*m + c*x\n"


def test_definitions_may_use_later_ones_and_keep_their_order():
    table = parse_model(MEDIATION + "share := indirect / total\ntotal := indirect + c\nindirect := a * b")
    assert [said.name for said in table.definitions] == ["share", "total", "indirect"]
    assert [said.name for said in table.evaluation_order] == ["indirect", "total", "share"]
    values = defined_values(table.definitions, {"a": 0.5, "b": 0.4, "c": 0.2})
    assert list(values) == ["share", "total", "indirect"]
    assert values == pytest.approx({"share": 0.5, "total": 0.4, "indirect": 0.2})


def test_gradients_go_through_definitions_to_labels():
    table = parse_model(MEDIATION + "total := indirect + c\nindirect := a * b\ntotal == indirect^2")
    sides = [table.definitions[0].expression, table.constraints[0].right]
    at = {"a": np.array([0.5, 1.0]), "b": 3.0, "c": 0.2}
    total, square = defined_gradients(table.definitions, at, sides)
    assert set(total) == {"a", "b", "c"}
    np.testing.assert_allclose(total["a"], 3.0)
    np.testing.assert_allclose(total["b"], [0.5, 1.0])
    np.testing.assert_allclose(total["c"], 1.0)
    np.testing.assert_allclose(square["a"], [2 * 1.5 * 3.0, 2 * 3.0 * 3.0])


def test_a_label_used_directly_and_through_a_definition_counts_twice():
    table = parse_model(MEDIATION + "ab := a * b\ntwice := ab + a")
    at = {"a": 0.5, "b": 3.0, "c": 0.0}
    slopes = defined_gradients(table.definitions, at, [table.definitions[1].expression])[0]
    assert slopes == {"a": 4.0, "b": 0.5}


def test_many_definitions_of_each_other_are_ordered_without_a_deep_stack():
    definitions = [
        Definition(name=f"d{i}", expression=parse_expression(f"d{i + 1} + d{i + 1}")) for i in range(3000)
    ]
    ordered, circular = in_order(definitions)
    assert [said.name for said in ordered] == [f"d{i}" for i in reversed(range(3000))]
    assert circular == []
    assert defined_values(definitions[-10:], {"d3000": 1.0})["d2990"] == 1024.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("d := e\ne := d", "line 4, column 1: 'e' is defined through itself"),
        ("d := d + 1", "line 3, column 1: 'd' is defined through itself"),
        ("d := a\nd := b", "line 4, column 1: 'd' is defined already in line 3"),
        ("a := 2 * b", "line 3, column 1: 'a' is defined here and labels a parameter"),
        ("d := a + bb", "line 3, column 10: 'bb' labels no parameter \\(closest: 'b'\\)"),
        ("d := a\nd2 := dd", "line 4, column 7: 'dd' labels no parameter \\(closest: 'd'\\)"),
        ("zz == 0", "line 3, column 1: 'zz' labels no parameter \\(known: 'a', 'b', 'c'\\)"),
        ("a == a * x", "line 3, column 10: 'x' labels no parameter"),
        ("1 == 1", "line 3, column 3: '1 == 1' names no label"),
        ("d := a / 0", "line 3, column 8: a division by zero"),
        ("a == ", "line 3, column 3: a label or number is missing after '=='"),
        ("== a", "line 3, column 1: nothing stands left of '=='"),
        ("; == a", "line 3, column 3: nothing stands left of '=='"),
        ("d e := a", "line 3, column 1: one name expected left of ':='"),
        ("1 := a", "line 3, column 1: one name expected left of ':='"),
        ("a * 2 := b", "line 3, column 1: one name expected left of ':='"),
        ("2d := b", "line 3, column 1: the label '2d' begins with a digit"),
        ("d := a == b", "line 3, column 8: a second operator '=='"),
        ("a == b < c", "line 3, column 8: '<' inequality constraints are not fitted"),
        ("d := a:b", "line 3, column 7: ':' interactions are not fitted"),
    ],
)
def test_definitions_and_constraints_that_do_not_hold_are_refused_where_they_stand(text, message):
    with pytest.raises(StudyError, match=message):
        parse_model(MEDIATION.strip() + "\n" + text)


def test_labels_of_a_statement_that_is_wrong_itself_are_not_called_unknown():
    with pytest.raises(StudyError) as refusal:
        parse_model("y ~ a*x + b*\nd := a * b")
    assert len(refusal.value.problems) == 1


def test_constraints_may_name_labels_definitions_and_numbers():
    table = parse_model(MEDIATION + "d := a*b; 0.5 == a; a + b == 1; d == c^2; 'c' == 0")
    assert [said.text for said in table.constraints] == ["0.5 == a", "a + b == 1", "d == c^2", "'c' == 0"]
    assert (table.constraints[1].line, table.constraints[1].column) == (3, 27)

import re

import numpy as np
import pytest

from servicefx.errors import StudyError
from servicefx.pls.model import pls_model
from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import Modifier, ParameterTable


def test_constructs_and_items_stand_in_order_of_first_mention():
    table = parse_model("b =~ y1 + y2; a =~ x1; c =~ a + b; b ~ a")
    assert table.constructs == ("b", "a", "c")
    assert table.items == ("y1", "y2", "x1")


def test_a_study_and_its_text_make_the_same_table():
    written = parse_model("'my q' =~ 'q 1' + q2; value <~ v1; value ~ 'my q'")
    made = ParameterTable.from_constructs(
        {"my q": ["q 1", "q2"], "value": ["v1"]}, [("value", "my q")], composed=["value"]
    )
    columns = ["lhs", "op", "rhs", "fixed"]
    assert written.frame[columns].equals(made.frame[columns])
    assert made.rows[0].line == 0


def test_tables_join():
    measured = ParameterTable.from_constructs({"q": ["q1"], "s": ["s1"]})
    assert (measured + parse_model("s ~ q")).frame["op"].tolist() == ["=~", "=~", "~"]


def test_the_frame_says_what_is_fixed():
    frame = parse_model("f =~ 1*x + y").frame
    assert frame.columns.tolist() == ["lhs", "op", "rhs", "fixed", "line", "column"]
    assert frame["fixed"].tolist()[0] == 1.0
    assert np.isnan(frame["fixed"][1])


def test_a_row_gives_the_modifier_of_each_group():
    table = parse_model("f =~ x + a*y + c(1, NA)*z + c(2, 2)*w")
    plain, same, grouped, alike = table.rows
    assert plain.modifier(7) == Modifier()
    assert same.modifier(7) == Modifier(label="a")
    assert [grouped.modifier(group) for group in (0, 1)] == [Modifier(fixed=1.0), Modifier(free=True)]
    with pytest.raises(IndexError):
        grouped.modifier(2)
    assert (grouped.fixed, alike.fixed) == (None, 2.0)
    assert table.n_groups == 2


def test_labels_stand_once_in_order_of_first_mention():
    table = parse_model("f =~ b*x + c(a, b)*y + c(NA, d)*z")
    assert table.labels == ("b", "a", "d")
    assert table.rows[1].labels == ("a", "b")


def test_rows_say_which_variables_they_join_and_how_they_are_written():
    table = parse_model("f =~ x; y ~ 1; u | t2; u ~*~ 2*u; y ~~ y")
    assert [row.names for row in table.rows] == [("f", "x"), ("y",), ("u",), ("u",), ("y", "y")]
    assert [row.text for row in table.rows] == ["f =~ x", "y ~ 1", "u | t2", "u ~*~ u", "y ~~ y"]


def test_joined_tables_keep_definitions_and_constraints():
    table = parse_model("y ~ a*x; d := 2*a") + parse_model("m ~ b*x; b == 1")
    assert [said.name for said in table.definitions] == ["d"]
    assert [said.text for said in table.constraints] == ["b == 1"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("q1 ~ 1", "line 4, column 6: 'q1 ~ 1': PLS fits no intercepts"),
        ("q1 | t1", "line 4, column 6: 'q1 | t1': PLS fits no thresholds"),
        ("q1 ~*~ 1*q1", "line 4, column 10: 'q1 ~*~ q1': PLS fits no scaling factors"),
        ("q =~ a*q3", "line 4, column 8: 'q =~ q3': PLS takes no labels"),
        ("q =~ NA*q3", "line 4, column 9: 'q =~ q3': PLS takes no labels"),
        ("d := 2", "line 4, column 1: 'd := 2': PLS computes no definitions"),
        ("s ~ a*r; r =~ r1; a == 1", "line 4, column 21: 'a == 1': PLS fits no equalities"),
    ],
)
def test_pls_refuses_what_it_has_no_place_for(line, message):
    with pytest.raises(StudyError, match=re.escape(message)):
        pls_model(parse_model("q =~ q1 + q2\ns <~ s1 + s2\ns ~ q\n" + line))

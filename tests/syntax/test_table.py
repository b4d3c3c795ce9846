import numpy as np

from servicefx.syntax.parser import parse_model
from servicefx.syntax.table import ParameterTable


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

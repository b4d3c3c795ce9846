import pytest

from servicefx.errors import StudyError
from servicefx.pls.model import pls_model
from servicefx.syntax.parser import parse_model

BASE = "q =~ q1 + q2\ns <~ s1 + s2\ns ~ q\n"


def test_lines_become_blocks_modes_and_terms():
    model = pls_model(parse_model(BASE))
    assert model.items == ("q1", "q2", "s1", "s2")
    assert model.blocks == {"q": ("q1", "q2"), "s": ("s1", "s2")}
    assert model.modes == {"q": "A", "s": "B"}
    assert (model.terms("q"), model.terms("s")) == ((), ("q",))


def test_a_mode_may_be_overridden():
    assert pls_model(parse_model(BASE), {"s": "A"}).modes == {"q": "A", "s": "A"}


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        (BASE + "q1 ~~ q2", None, "line 4, column 7: 'q1 ~~ q2': PLS fits no covariances"),
        (BASE + "r =~ 1*r1\nr ~ s", None, "'r =~ r1': PLS fixes no values"),
        (BASE + "s ~ age", None, "'s ~ age': 'age' is not a construct"),
        (BASE + "r =~ r1", None, "no path joins 'r' to another construct"),
        (BASE + "top =~ q + x1\ntop ~ s", None, "'top' has constructs and items .'x1'. side by side"),
        (BASE + "top =~ q\ntop ~ s", None, "'s ~ q': 'q' is part of 'top'"),
        (BASE + "a =~ q\nb =~ a\nb ~ s", None, "'b' is made of 'a', itself a construct of constructs"),
        ("q=~q1\na =~ q\nb =~ q\nb ~ a", None, "'q' belongs to 'a' and to 'b'"),
        (
            BASE + "r <~ r1",
            None,
            "no path joins 'r' to another construct, and nothing else tells the weights",
        ),
        (BASE + "r =~ r1\ns ~ r:q", None, "'s ~ r:q': a product without 'r' by itself"),
        (BASE + "r =~ r1\ns ~ r + r:s", None, "explains 's' by a product that it is part of"),
        (BASE + "q <~ q3", None, "'q' is both measured"),
        (BASE + "q ~ s", None, "paths run in a circle through 'q', 's'"),
        (BASE, {"S": "A"}, r"mode: 'S' is not a construct of the model \(closest: 's'\)"),
        (BASE, {"s": "C"}, "mode: 'C' for 's' is not one of 'A', 'B'"),
        ("a ~ b", None, "measures no construct"),
    ],
)
def test_what_is_no_model_of_composites_is_refused(text, mode, message):
    with pytest.raises(StudyError, match=message):
        pls_model(parse_model(text, products=True), mode)

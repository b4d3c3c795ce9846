import pytest

from servicefx.errors import StudyError
from servicefx.sem.model import complete_model
from servicefx.syntax.parser import parse_model

THREE = "f =~ x1 + x2 + x3\ng =~ y1 + y2\nh =~ z1\n"


def free(text: str) -> list[str]:
    return [cell.text for cell in complete_model(parse_model(text)).free]


def fixed(text: str) -> dict[str, float]:
    return {c.text: c.fixed for c in complete_model(parse_model(text)).cells if c.fixed is not None}


def test_the_first_loading_and_the_only_item_are_fixed():
    assert fixed(THREE) == {"f =~ x1": 1.0, "g =~ y1": 1.0, "h =~ z1": 1.0, "z1 ~~ z1": 0.0}


def test_stated_values_stand_before_defaults():
    assert fixed("f =~ 2*x1 + x2; g =~ y1; y1 ~~ 0.3*y1") == {
        "f =~ x1": 2.0,
        "g =~ y1": 1.0,
        "y1 ~~ y1": 0.3,
    }


def test_an_item_of_two_constructs_keeps_its_residual():
    assert "x1 ~~ x1" in free("f =~ x1; g =~ x1 + x2 + x3")


def test_unexplained_constructs_covary():
    assert [line for line in free(THREE) if line in ("f ~~ g", "f ~~ h", "g ~~ h")] == [
        "f ~~ g",
        "f ~~ h",
        "g ~~ h",
    ]


def test_last_outcomes_covary_and_mediators_do_not():
    lines = free(THREE + "k =~ k1 + k2\ng ~ f\nh ~ g\nk ~ g")
    assert "h ~~ k" in lines
    assert not {"f ~~ g", "g ~~ h", "g ~~ k"} & set(lines)


def test_a_covariance_fixed_at_zero_is_not_added_again():
    model = complete_model(parse_model(THREE + "f ~~ 0*g"))
    assert [cell.fixed for cell in model.cells if {cell.lhs, cell.rhs} == {"f", "g"}] == [0.0]


def test_constructs_of_constructs_do_not_covary():
    assert "f ~~ g" not in free("f =~ x1 + x2 + x3; g =~ y1 + y2 + y3; top =~ f + g")


def test_degrees_of_freedom_count_distinct_covariances():
    assert complete_model(parse_model("f =~ x1 + x2 + x3 + x4")).df == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("f ~~ f", "model: measures no construct"),
        (THREE + "f ~ age", r"line 4, column 5: 'f ~ age': 'age' is not a construct"),
        (THREE + "x1 ~ f", "'x1' is not a construct, and paths join constructs"),
        (THREE + "x1 ~~ x9", "'x9' is neither a construct nor an item of one"),
        ("f <~ x1 + x2", "'f' is composed of its items \\('<~'\\)\n    Fit composites with PLS"),
        (THREE + "top =~ f\nf ~ top", "'top =~ f' and 'f ~ top' are one effect"),
    ],
)
def test_what_is_no_model_of_latent_paths_is_refused(text, message):
    with pytest.raises(StudyError, match=message):
        complete_model(parse_model(text))

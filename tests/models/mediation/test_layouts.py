"""Layouts: their equations, their routes, and what they refuse."""

from __future__ import annotations

import pytest

from servicefx.errors import StudyError
from servicefx.models.mediation import LAYOUTS
from servicefx.models.mediation.layouts import equations_of, layout_of, sequences_of

EQUATIONS = {
    1: {"y": "x w x×w"},
    4: {"m": "x", "y": "x m"},
    7: {"m": "x w x×w", "y": "x m"},
    8: {"m": "x w x×w", "y": "x m w x×w"},
    14: {"m": "x", "y": "x m w m×w"},
    15: {"m": "x", "y": "x m w x×w m×w"},
    58: {"m": "x w x×w", "y": "x m w m×w"},
    59: {"m": "x w x×w", "y": "x m w x×w m×w"},
}


@pytest.mark.parametrize("number", EQUATIONS)
def test_a_layout_has_the_equations_of_process(number: int) -> None:
    mediators = [] if number == 1 else ["m"]
    found = equations_of(LAYOUTS[number], "x", mediators, "y", "w", [])
    assert {y: " ".join(t.replace(" × ", "×") for t in terms) for y, terms in found} == EQUATIONS[number]


def test_covariates_stand_in_every_equation_and_earlier_mediators_in_a_row() -> None:
    found = dict(equations_of(LAYOUTS[6], "x", ["m", "k"], "y", None, ["c"]))
    assert found == {"m": ("x", "c"), "k": ("x", "m", "c"), "y": ("x", "m", "k", "c")}


def test_three_mediators_in_a_row_have_seven_routes() -> None:
    routes = sequences_of(LAYOUTS[6], ["a", "b", "c"])
    assert len(routes) == 7
    assert routes[-1] == ("a", "b", "c")
    assert ("c", "a") not in routes


def test_an_index_exists_where_one_step_alone_is_bent() -> None:
    assert [number for number, layout in LAYOUTS.items() if layout.has_index] == [7, 8, 14, 15]


@pytest.mark.parametrize(
    ("number", "mediators", "moderator", "message"),
    [
        (5, ["m"], None, r"layout 5 is not known\n.*Choose among 1, 4, 6, 7, 8, 14, 15, 58, 59\."),
        (7, ["m"], None, "no moderator is named, but this layout needs one"),
        (4, ["m"], "w", "moderator 'w', but this layout has none"),
        (6, ["m"], None, "1 mediators, at least 2 expected"),
        (4, [], None, "0 mediators, at least 1 expected"),
        (1, ["m"], "w", "mediators, but this layout has none"),
        (4, "m", None, r"mediators is the text 'm', expected a list"),
    ],
)
def test_what_does_not_fit_a_layout_is_refused(number, mediators, moderator, message) -> None:
    with pytest.raises(StudyError, match=message):
        layout_of(number, mediators, moderator)

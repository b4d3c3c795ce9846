from __future__ import annotations

import numpy as np
import pytest

from servicefx.errors import StudyError
from servicefx.models.loyalty.terms import Terms, checked_terms, hidden_products

VALUES = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]])


def test_slopes_and_cross_slopes_are_derivatives_of_the_design() -> None:
    terms = Terms(names=("a", "b"), interactions=(("a", "b"), ("a", "a")))
    step = 1e-6
    for at, name in enumerate(terms.names):
        move = np.zeros((1, 2))
        move[0, at] = step
        by_hand = (terms.design(VALUES + move) - terms.design(VALUES - move)) / (2 * step)
        assert terms.slope(name, VALUES) == pytest.approx(by_hand, abs=1e-8)
    assert terms.cross("a", "b").tolist() == [0, 0, 1, 0]
    assert terms.cross("a", "a").tolist() == [0, 0, 0, 2]
    assert terms.columns == ("a", "b", "a × b", "a × a")


@pytest.mark.parametrize(
    ("names", "pairs", "message"),
    [
        ([], [], "no term is named"),
        (["a", "a"], [], "'a' is named twice"),
        (
            ["trust"],
            [("trust", "trusts")],
            r"'trusts' of trust × trusts is not among the terms \(closest: 'trust'\)",
        ),
        (["a", "b"], [("a", "b"), ("b", "a")], "an interaction is named twice"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    names: list[str], pairs: list[tuple[str, str]], message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        checked_terms("answers of 'y'", names, pairs)


def test_a_product_is_found_however_its_parts_were_centred(rng: np.random.Generator) -> None:
    a, b, c = rng.normal(size=(3, 200))
    for product in (a * b, (a - 2) * (b + 5), 3 * a * b - a + 7):
        assert hidden_products(["a", "b", "c", "p"], np.column_stack([a, b, c, product])) == [("p", "a", "b")]
    assert hidden_products(["a", "b", "c"], np.column_stack([a, b, c])) == []
    assert hidden_products(["a", "square"], np.column_stack([a, a**2])) == [("square", "a", "a")]


def test_dummies_of_one_factor_are_no_products() -> None:
    group = np.repeat([0, 1, 2], 40)
    x = np.column_stack([group == 1, group == 2, np.tile(np.arange(40.0), 3)]).astype(float)
    assert hidden_products(["one", "two", "x"], x) == []

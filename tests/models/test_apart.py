"""Names kept apart: no column writes over another, and what a model text cannot hold is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.models.apart import check_quotes, free_name, items_apart

FRAME = pd.DataFrame({"trust": [1.0, 2], "q1": [3.0, 4], "q2": [5.0, 6]})


def test_an_item_that_bears_another_constructs_name_is_copied_under_its_own() -> None:
    frame, blocks = items_apart(FRAME, {"trust": ["q1", "q2"], "care": ["trust"]})
    assert blocks == {"trust": ("q1", "q2"), "care": ("trust (item)",)}
    assert frame["trust (item)"].tolist() == [1, 2]
    assert frame.columns.tolist() == ["q1", "q2", "trust (item)"]


def test_a_single_item_may_bear_the_name_of_its_own_construct_alone() -> None:
    _, blocks = items_apart(FRAME, {"trust": ["trust"], "care": ["q1", "q2"]})
    assert blocks["trust"] == ("trust",)
    _, several = items_apart(FRAME, {"trust": ["trust", "q1"]})
    assert several["trust"] == ("trust (item)", "q1")
    _, held = items_apart(FRAME, {"care": ["q1", "q2"]}, ["q2"])
    assert held["care"] == ("q1", "q2 (item)")


def test_primes_follow_until_a_name_is_free() -> None:
    assert free_name("outlet", ["trust"]) == "outlet"
    assert free_name("outlet", ["outlet", "outlet′"]) == "outlet′′"


def test_double_quotes_are_refused_by_name() -> None:
    with pytest.raises(
        DataError, match="x: names with double quotes, which a model cannot hold: 'say \"hi\"'"
    ):
        check_quotes(["a's b", 'say "hi"'], "x")

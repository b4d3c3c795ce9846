"""Ties and slopes without item error against psych."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from servicefx.effects.error_free import partial_tie, slope
from servicefx.effects.node_values import values_of

BLOCKS = {"q": ["q1", "q2", "q3"], "s": ["s1", "s2", "s3", "s4"], "l": ["l1", "l2"]}


def test_reliability_ties_and_slopes(golden: Callable[[str], pd.DataFrame]) -> None:
    data = golden("error_free/data.csv")
    scores = pd.DataFrame({name: data[items].mean(axis=1) for name, items in BLOCKS.items()})
    values = values_of(scores.assign(age=data["age"]), {name: data[block] for name, block in BLOCKS.items()})
    theirs = golden("error_free/expected.csv").set_index("measure")["estimate"]
    ours = {f"reliability {name}": values.reliability[name] for name in BLOCKS}
    ours["tie given s"] = partial_tie(values, "q", "l", ["s"], freed=True)["estimate"]
    ours["tie given s and age"] = partial_tie(values, "q", "l", ["s", "age"], freed=True)["estimate"]
    ours["slope q"] = slope(values, "l", "q", ["s", "age"], freed=True)["estimate"]
    assert ours == pytest.approx(theirs.to_dict(), abs=1e-12)
    assert values.reliability["age"] == 1.0

"""Intervals and accelerations against R's boot, from its own draws (tests/golden/bootstrap/make.R)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.sem.bootstrap import bootstrap
from servicefx.sem.estimation import fit
from servicefx.sem.resampling.intervals import interval

Golden = Callable[[str], pd.DataFrame]
TERMS = ("a", "b", "ab", "r2")


@pytest.mark.parametrize("kind", ["percentile", "bc", "bca"])
def test_intervals_of_the_same_draws_are_those_of_boot(golden: Golden, kind: str) -> None:
    draws = golden("bootstrap/draws.csv").to_numpy()
    for row in golden("bootstrap/intervals.csv").itertuples():
        own = draws[:, TERMS.index(row.term.strip())]
        low, high = interval(own, row.estimate, kind, row.level, row.acceleration)
        assert low == pytest.approx(getattr(row, f"{kind}_low"), abs=1e-12)
        assert high == pytest.approx(getattr(row, f"{kind}_high"), abs=1e-12)


def test_accelerations_are_those_of_boots_jackknife(golden: Golden) -> None:
    frame = golden("bootstrap/data.csv")
    fitted = fit("m ~ a*x\ny ~ b*m + x\nab := a*b", frame)
    boot = bootstrap(fitted, frame, 2000, seed=3)
    found = {
        "a": boot.acceleration[boot.place("m", "~", "x")],
        "b": boot.acceleration[boot.place("y", "~", "m")],
        "ab": boot.acceleration[boot.place("ab", ":=")],
        "r2": boot.acceleration[boot.place("y", quantity="r2", rhs="y")],
    }
    expected = golden("bootstrap/intervals.csv")
    for row in expected.itertuples():
        # boot's values are about the estimate, ours about their mean: a difference of order 1 / n
        assert found[row.term.strip()] == pytest.approx(row.acceleration, abs=2e-3)
    table = boot.table("bca")
    for row in expected[expected["level"] == 0.95].itertuples():
        name = row.term.strip()
        lhs, rhs = {"a": ("m", "x"), "b": ("y", "m"), "ab": ("ab", "a*b"), "r2": ("y", "y")}[name]
        quantity = "r2" if name == "r2" else "estimate"
        asked = table[(table["lhs"] == lhs) & (table["rhs"] == rhs) & (table["quantity"] == quantity)]
        error = float(asked["std_error"].iloc[0])
        assert asked["estimate"].iloc[0] == pytest.approx(row.estimate, abs=1e-7)
        # other draws of the same distribution: ends agree within their Monte Carlo error
        assert asked["conf_low"].iloc[0] == pytest.approx(row.bca_low, abs=0.25 * error)
        assert asked["conf_high"].iloc[0] == pytest.approx(row.bca_high, abs=0.25 * error)
        assert np.isfinite(error)

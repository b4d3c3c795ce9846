"""Coverage of bootstrap intervals of an indirect effect between constructs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.sem.bootstrap import bootstrap
from servicefx.sem.estimation import fit

REPLICATIONS = 1000
BAND = (0.926, 0.971)  # 99.9 % of binomial shares of 1,000 at 0.95, both sides
MODEL = """
x =~ x1 + x2 + x3
m =~ m1 + m2 + m3
y =~ y1 + y2 + y3
m ~ a*x
y ~ b*m + x
ab := a*b
"""
A, B = 0.5, 0.4


def drawn(rng: np.random.Generator, n: int) -> pd.DataFrame:
    x = rng.standard_normal(n)
    m = A * x + 0.8 * rng.standard_normal(n)
    y = B * m + 0.2 * x + 0.8 * rng.standard_normal(n)
    return pd.DataFrame(
        {
            f"{name}{k}": factor + 0.6 * rng.standard_normal(n)
            for name, factor in (("x", x), ("m", m), ("y", y))
            for k in (1, 2, 3)
        }
    )


@pytest.mark.slow
def test_intervals_of_an_indirect_effect_cover_it(rng: np.random.Generator) -> None:
    hits = dict.fromkeys(("percentile", "bc", "bca"), 0)
    for _ in range(REPLICATIONS):
        frame = drawn(rng, 200)
        boot = bootstrap(fit(MODEL, frame), frame, 600, seed=int(rng.integers(2**31)))
        for kind in hits:
            table = boot.table(kind)
            row = table[(table["lhs"] == "ab") & (table["quantity"] == "estimate")].iloc[0]
            hits[kind] += row["conf_low"] <= A * B <= row["conf_high"]
    print({kind: count / REPLICATIONS for kind, count in hits.items()})  # noqa: T201
    for count in hits.values():
        assert BAND[0] <= count / REPLICATIONS <= BAND[1]

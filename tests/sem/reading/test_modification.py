from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import sem

MODEL = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6"


def rows(n: int = 800) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    f = rng.normal(size=n)
    g = 0.4 * f + rng.normal(size=n)
    noise = 0.7 * rng.normal(size=(n, 6))
    noise[:, 4] += 0.25 * noise[:, 0]
    values = np.column_stack([f, f, f + 0.15 * g, g, g, g]) + noise
    return pd.DataFrame(values, columns=[f"x{k}" for k in range(1, 7)])


def test_indices_foretell_the_fall_of_chi2_and_the_new_value() -> None:
    """Small misfit, many rows: the score test, the chi2 difference and the refit agree closely."""
    fit = sem.fit(MODEL, rows())
    indices = fit.modification_indices()
    assert list(indices.columns) == ["lhs", "op", "rhs", "group", "index", "expected_change"]
    assert indices["index"].is_monotonic_decreasing
    for _, row in indices.head(4).iterrows():
        freed = sem.fit(f"{MODEL}\n{row['lhs']} {row['op']} {row['rhs']}", rows())
        fall = fit.measures["chi2"] - freed.measures["chi2"]
        assert row["index"] == pytest.approx(fall, rel=0.12, abs=0.3)
        frame = freed.parameters
        chosen = (frame["lhs"] == row["lhs"]) & (frame["op"] == row["op"]) & (frame["rhs"] == row["rhs"])
        value = float(frame[chosen]["estimate"].iloc[0])
        assert row["expected_change"] == pytest.approx(value, rel=0.25)


def test_a_path_held_at_zero_is_a_candidate() -> None:
    held = sem.fit("x2 ~ x1 + 0*x4\nx3 ~ x2", rows())
    row = held.modification_indices().set_index(["lhs", "op", "rhs"]).loc[("x2", "~", "x4")]
    freed = sem.fit("x2 ~ x1 + x4\nx3 ~ x2", rows())
    assert row["index"] == pytest.approx(held.measures["chi2"] - freed.measures["chi2"], rel=0.05, abs=0.1)


def test_units_change_the_value_and_not_the_index() -> None:
    one = sem.fit(MODEL, rows()).modification_indices().set_index(["lhs", "op", "rhs"])
    scale = np.array([1e3, 1, 1, 1, 1e-2, 1])
    other = sem.fit(MODEL, rows() * scale).modification_indices().set_index(["lhs", "op", "rhs"])
    np.testing.assert_allclose(other["index"].loc[one.index], one["index"], rtol=1e-5)
    ratio = other.loc[("x1", "~~", "x5"), "expected_change"] / one.loc[("x1", "~~", "x5"), "expected_change"]
    assert ratio == pytest.approx(10.0)


def test_groups_have_their_own_indices() -> None:
    data = rows().assign(half=np.arange(800) % 2)
    joint = sem.fit(MODEL, data, group="half").modification_indices()
    single = sem.fit(MODEL, data[data.half == 1]).modification_indices()
    keys = ["lhs", "op", "rhs"]
    own = joint[joint["group"] == "1"].set_index(keys)["index"]
    expected = single.set_index(keys)["index"]
    np.testing.assert_allclose(own.loc[expected.index], expected, rtol=1e-5)


def test_a_saturated_model_has_nothing_to_free() -> None:
    assert sem.fit("x2 ~ x1", rows()).modification_indices().empty

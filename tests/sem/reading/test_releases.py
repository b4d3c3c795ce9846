from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.sem.reading.releases import release_frame, releases

MODEL = "f =~ x1 + x2 + x3 + x4"


def rows(n: int = 1200, shift: float = 0.15) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    city = np.arange(n) % 2
    values = np.outer(rng.normal(size=n), [1, 0.8, 0.9, 0.7]) + 0.7 * rng.normal(size=(n, 4))
    values[:, 2] += shift * city
    return pd.DataFrame(values, columns=["x1", "x2", "x3", "x4"]).assign(city=np.where(city, "B", "A"))


def test_the_index_foretells_the_refit() -> None:
    equal = ("loadings", "intercepts")
    fit = sem.fit(MODEL, rows(), group="city", group_equal=equal, std_lv=True)
    frame = release_frame(fit)
    assert list(frame.columns) == ["lhs", "op", "rhs", "group", "index", "expected_change"]
    assert frame["index"].is_monotonic_decreasing
    top = frame.iloc[0]
    assert (top["lhs"], top["op"], top["group"]) == ("x3", "~1", "B")
    freed = sem.fit(f"{MODEL}\nx3 ~ c(a, b)*1", rows(), group="city", group_equal=equal, std_lv=True)
    assert top["index"] == pytest.approx(fit.measures["chi2"] - freed.measures["chi2"], rel=0.05)
    values = freed.parameters.query("lhs == 'x3' and op == '~1'")["estimate"].to_numpy()
    assert top["expected_change"] == pytest.approx(values[1] - values[0], rel=0.1)


def test_units_change_the_step_and_not_the_index() -> None:
    equal = ("loadings", "intercepts")
    one = sem.fit(MODEL, rows(), group="city", group_equal=equal, std_lv=True)
    large = rows().assign(x3=lambda frame: frame["x3"] * 1000)
    other = sem.fit(MODEL, large, group="city", group_equal=equal, std_lv=True)
    first, second = (release_frame(fit).set_index(["lhs", "op", "rhs"]) for fit in (one, other))
    np.testing.assert_allclose(second["index"].loc[first.index], first["index"], rtol=1e-5, atol=1e-8)
    ratio = second.loc[("x3", "~1", ""), "expected_change"] / first.loc[("x3", "~1", ""), "expected_change"]
    assert ratio == pytest.approx(1000)


def test_equal_labels_in_one_group_are_equalities_too() -> None:
    fit = sem.fit("f =~ x1 + a*x2 + a*x3 + x4", rows(shift=0.0))
    frame = release_frame(fit)
    assert list(frame["rhs"]) == ["x3"]
    freed = sem.fit(MODEL, rows(shift=0.0))
    assert frame["index"][0] == pytest.approx(fit.measures["chi2"] - freed.measures["chi2"], rel=0.1, abs=0.1)


def test_several_released_together_count_what_can_be_told_apart() -> None:
    fit = sem.fit(MODEL, rows(), group="city", group_equal=("loadings", "intercepts"), std_lv=True)
    place = {(p.group, p.op, p.lhs, p.rhs): at for at, p in enumerate(fit.model.parameters)}
    loadings = [place[1, "=~", "f", f"x{k}"] for k in range(1, 5)]
    together, alone = releases(fit, [loadings, loadings[:1]])
    assert (together.df, alone.df) == (3, 1)  # the construct's own variance takes one
    free = sem.fit(MODEL, rows(), group="city", group_equal=("intercepts",), std_lv=True)
    fall = fit.measures["chi2"] - free.measures["chi2"]
    assert together.index == pytest.approx(fall, rel=0.1)


def test_what_follows_from_others_cannot_be_released() -> None:
    codes = rows()[["x1", "x2", "x3", "x4"]].apply(lambda column: np.digitize(column, [-1, 0, 1]))
    fit = sem.fit(MODEL, codes, ordered=True, estimator="wlsmv")
    computed = next(at for at, p in enumerate(fit.model.parameters) if p.computed)
    with pytest.raises(ValueError, match="follows from other parameters"):
        releases(fit, [(computed,)])


def test_without_equalities_there_is_nothing_to_release() -> None:
    assert release_frame(sem.fit(MODEL, rows())).empty

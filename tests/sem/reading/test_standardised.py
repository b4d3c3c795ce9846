from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.sem.reading.standardised import standardised

MODEL = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6 + x1\ng ~ f + z\nx2 ~~ x5\nx6 ~~ z2\nx1 ~ 1"


def rows(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    z = rng.normal(size=n)
    f = rng.normal(size=n)
    g = 0.5 * f + 0.4 * z + 0.8 * rng.normal(size=n)
    values = np.column_stack([f + 0.3 * g, f, f, g, g, g]) + 0.7 * rng.normal(size=(n, 6))
    frame = pd.DataFrame(values, columns=[f"x{k}" for k in range(1, 7)])
    return frame.assign(z=z, z2=frame.x6 * 0.2 + rng.normal(size=n), half=np.arange(n) % 2)


@pytest.mark.parametrize("choices", [{}, {"std_lv": True}, {"group": "half", "group_equal": ["loadings"]}])
def test_slopes_are_the_derivatives(choices: dict[str, object]) -> None:
    fit = sem.fit(MODEL, rows(), **choices)  # type: ignore[arg-type]
    found = standardised(fit)
    step = 1e-5
    numeric = np.empty_like(found.slopes_all)
    for at in range(len(fit.theta)):
        ends = []
        for sign in (1, -1):
            moved = fit.theta.copy()
            moved[at] += sign * step
            ends.append(
                standardised(replace(fit, solution=replace(fit.solution, theta=moved), _known={})).all
            )
        numeric[:, at] = (ends[0] - ends[1]) / (2 * step)
    np.testing.assert_allclose(found.slopes_all, numeric, atol=1e-7)


def test_a_simple_regression_is_standardised_to_the_correlation() -> None:
    data = rows()
    frame = sem.fit("x1 ~ x2", data).parameters.set_index(["lhs", "op", "rhs"])
    r = np.corrcoef(data.x1, data.x2)[0, 1]
    assert frame.loc[("x1", "~", "x2"), "std_all"] == pytest.approx(r)
    assert frame.loc[("x1", "~~", "x1"), "std_all"] == pytest.approx(1 - r**2)
    # with the covariate's variance held: slope and residual variance vary, by the delta method
    assert frame.loc[("x1", "~", "x2"), "std_all_error"] == pytest.approx(
        (1 - r**2) * np.sqrt((1 - r**2 / 2) / 300)
    )


def test_explained_shares_are_one_less_the_residual_share() -> None:
    fit = sem.fit(MODEL, rows())
    frame = fit.parameters.query("op == '~~' and lhs == rhs").set_index("lhs")["std_all"]
    shares = fit.r2.set_index("outcome")["estimate"]
    assert set(shares.index) == {"x1", "x2", "x3", "x4", "x5", "x6", "g"}
    np.testing.assert_allclose(shares, 1 - frame.loc[shares.index], atol=1e-12)


def test_variances_held_at_zero_do_not_spoil_the_others() -> None:
    fit = sem.fit("f =~ x1 + x2 + x3\ns =~ z\nf ~ s", rows())
    frame = fit.parameters.set_index(["lhs", "op", "rhs"])
    assert frame.loc[("s", "=~", "z"), "std_all"] == pytest.approx(1.0)
    assert frame["std_all"].notna().all()

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from servicefx import sem

COLUMNS = [
    "group", "lhs", "op", "rhs", "label", "free", "estimate", "std_error", "statistic", "p_value", "conf_low",
    "conf_high", "std_lv", "std_all", "std_all_error",
]  # fmt: skip


def rows(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(9)
    f = rng.normal(size=n)
    values = f[:, None] + rng.normal(size=(n, 4))
    frame = pd.DataFrame(values, columns=["x1", "x2", "x3", "x4"])
    return frame.assign(y=0.5 * f + rng.normal(size=n), half=np.where(np.arange(n) % 2, "b", "a"))


def test_a_frame_of_parameters_then_definitions() -> None:
    frame = sem.fit("f =~ x1 + a*x2 + b*x3 + x4\ny ~ c*f\nd := a*b/c", rows()).parameters
    assert list(frame.columns) == COLUMNS
    assert frame.iloc[-1][["lhs", "op", "rhs", "label"]].tolist() == ["d", ":=", "a*b/c", "d"]
    assert list(frame["free"]) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0]


def test_errors_intervals_and_p_values_belong_together() -> None:
    frame = sem.fit("f =~ x1 + x2 + x3 + x4\ny ~ f", rows(), level=0.9).parameters
    free = frame[frame["free"] > 0]
    np.testing.assert_allclose(free["statistic"], free["estimate"] / free["std_error"])
    np.testing.assert_allclose(free["p_value"], 2 * norm.sf(free["statistic"].abs()), rtol=1e-10)
    np.testing.assert_allclose(free["conf_high"], free["estimate"] + norm.ppf(0.95) * free["std_error"])
    np.testing.assert_allclose(free["conf_low"], free["estimate"] - norm.ppf(0.95) * free["std_error"])
    held = frame[frame["free"] == 0]
    assert held[["std_error", "statistic", "p_value", "conf_low", "conf_high"]].isna().all(axis=None)


def test_regression_coefficients_are_those_of_least_squares() -> None:
    data = rows()
    frame = sem.fit("y ~ x1 + x2 + 1", data).parameters.set_index(["lhs", "op", "rhs"])
    design = np.column_stack([data.x1, data.x2, np.ones(200)])
    slopes, rest, *_ = np.linalg.lstsq(design, data.y, rcond=None)
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * rest[0] / 200)
    keys = [("y", "~", "x1"), ("y", "~", "x2"), ("y", "~1", "")]
    np.testing.assert_allclose(frame.loc[keys, "estimate"], slopes, rtol=1e-7)
    np.testing.assert_allclose(frame.loc[keys, "std_error"], errors, rtol=1e-7)
    assert frame.loc[("y", "~~", "y"), "estimate"] == pytest.approx(rest[0] / 200)


def test_defined_parameters_have_delta_method_errors() -> None:
    fit = sem.fit("f =~ x1 + a*x2 + b*x3 + x4\ny ~ c*f\nd := exp(a)*b/c\ne := log(d) + 1", rows())
    at = [fit.model.labels[name] for name in "abc"]
    a, b, c = fit.theta[at]
    value = np.exp(a) * b / c
    slope = np.array([value, np.exp(a) / c, -value / c])
    error = np.sqrt(slope @ fit.vcov[np.ix_(at, at)] @ slope)
    found = fit.parameters.query("op == ':='").set_index("lhs")
    assert found.loc["d", "estimate"] == pytest.approx(value)
    assert found.loc["d", "std_error"] == pytest.approx(error)
    assert found.loc["e", "std_error"] == pytest.approx(error / value)
    assert found.loc["e", "estimate"] == pytest.approx(np.log(value) + 1)


def test_equal_values_are_shown_everywhere_with_one_error() -> None:
    frame = sem.fit("f =~ x1 + x2 + x3 + x4", rows(), group="half", group_equal=["loadings"]).parameters
    loadings = frame[(frame["op"] == "=~") & (frame["rhs"] == "x2")]
    assert list(loadings["group"]) == ["a", "b"]
    assert loadings["estimate"].nunique() == loadings["std_error"].nunique() == 1
    assert loadings["free"].nunique() == 2
    assert len(set(loadings["label"])) == 1


def test_frames_are_the_readers_own() -> None:
    fit = sem.fit("f =~ x1 + x2 + x3 + x4", rows())
    taken = fit.parameters
    taken["estimate"] = 0.0
    assert (fit.parameters["estimate"] != 0).all()
    fit.measures["chi2"] = -1.0
    assert fit.measures["chi2"] > 0


def test_paths_are_estimates() -> None:
    fit = sem.fit("y ~ x1 + 0.2*x2\nx3 ~ y", rows())
    first, second = fit.estimates()
    assert (first.outcome, first.terms) == ("y", ("x1", "x2"))
    assert (second.outcome, second.terms) == ("x3", ("y",))
    assert first.coefficients[1] == 0.2
    assert np.isnan(first.covariance[1]).all()
    assert first.covariance[0, 0] == pytest.approx(fit.parameters["std_error"].iloc[0] ** 2)
    assert first.undefined["x2"] == "fixed at 0.2"
    assert first.n_obs == 200

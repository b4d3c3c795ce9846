"""What must hold of structural models whatever the data: units, names, order, groups, weights."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.moments.moments import Moments

ITEMS = ("x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9")
MODEL = """
f =~ x1 + x2 + x3
g =~ x4 + x5 + x6
h =~ x7 + x8 + x9
g ~ f + z
h ~ g + z
x1 ~~ x4
"""


@cache
def rows(n: int = 240, seed: int = 5) -> pd.DataFrame:
    """Nine items of three constructs and a covariate, with means away from 0."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    f = rng.normal(size=n)
    g = 0.5 * f + 0.3 * z + 0.8 * rng.normal(size=n)
    h = 0.6 * g + 0.2 * z + 0.7 * rng.normal(size=n)
    loadings = np.array([1.0, 0.8, 1.2])
    values = np.column_stack([np.outer(one, loadings) for one in (f, g, h)]) + 0.7 * rng.normal(size=(n, 9))
    return pd.DataFrame(3 + values, columns=list(ITEMS)).assign(z=z)


def standardised(fit: sem.SemFit) -> pd.Series:
    frame = fit.parameters
    return frame.set_index(["group", "lhs", "op", "rhs"])["std_all"]


def same(one: sem.SemFit, other: sem.SemFit, *, relative: float = 1e-6) -> None:
    """Same test, degrees of freedom and standardised solution."""
    assert other.measures["chi2"] == pytest.approx(one.measures["chi2"], rel=relative, abs=1e-6)
    for name in ("df", "n_free", "cfi", "rmsea", "srmr"):
        assert other.measures[name] == pytest.approx(one.measures[name], abs=1e-6), name
    left, right = standardised(one), standardised(other)
    np.testing.assert_allclose(right.to_numpy(), left.to_numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("estimator", ["ml", "mlm", "mlr", "gls", "wls"])
def test_units_of_columns_change_no_test_and_no_standardised_value(estimator: str) -> None:
    scale = 10.0 ** np.array([-6, 6, 0, 3, -3, 5, 1, -4, 2, 6])
    data = rows(900) if estimator == "wls" else rows()
    one = sem.fit(MODEL, data, estimator=estimator)
    other = sem.fit(MODEL, data * scale, estimator=estimator)
    same(one, other)
    if estimator in ("mlm", "mlr"):
        assert other.measures["chi2_scaled"] == pytest.approx(one.measures["chi2_scaled"], rel=1e-6)
    left, right = one.parameters["statistic"], other.parameters["statistic"]
    np.testing.assert_allclose(right, left, rtol=1e-5, atol=1e-6)
    error = one.parameters["std_all_error"]
    np.testing.assert_allclose(other.parameters["std_all_error"], error, rtol=1e-5, atol=1e-7)


def test_units_do_not_matter_with_gaps() -> None:
    rng = np.random.default_rng(1)
    data = rows()
    holed = data.mask(rng.random(data.shape) < 0.1)
    holed["z"] = data["z"]
    scale = 10.0 ** np.array([-6, 6, 0, 3, -3, 5, 1, -4, 2, 6])
    same(sem.fit(MODEL, holed, missing="fiml"), sem.fit(MODEL, holed * scale, missing="fiml"), relative=1e-5)


@pytest.mark.parametrize("estimator", ["ml", "mlr", "gls", "uls"])
def test_order_of_rows_and_columns_does_not_matter(estimator: str) -> None:
    data = rows()
    shuffled = data.sample(frac=1.0, random_state=3)[list(reversed(data.columns))]
    one, other = (sem.fit(MODEL, frame, estimator=estimator) for frame in (data, shuffled))
    np.testing.assert_allclose(other.theta, one.theta, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.vcov, one.vcov, rtol=1e-6, atol=1e-12)


def test_order_of_lines_does_not_matter() -> None:
    lines = MODEL.strip().splitlines()
    other = "\n".join([*lines[3:], *reversed(lines[:3])])
    left, right = (standardised(sem.fit(text, rows())).sort_index() for text in (MODEL, other))
    np.testing.assert_allclose(right.to_numpy(), left.to_numpy(), atol=1e-7)


@pytest.mark.parametrize(
    "naming",
    [lambda name: f"满意{name}", lambda name: f'"how {name}, please"', lambda name: f"2024{name}"],
)
def test_names_do_not_matter(naming: Any) -> None:
    text = MODEL
    for name in (*ITEMS, "z", "f", "g", "h"):
        text = "\n".join(
            " ".join(naming(word) if word == name else word for word in line.split(" "))
            for line in text.splitlines()
        )
    data = rows().rename(columns={name: naming(name).strip('"') for name in rows().columns})
    one, other = sem.fit(MODEL, rows()), sem.fit(text, data)
    np.testing.assert_array_equal(other.theta, one.theta)
    assert other.model.constructs == tuple(naming(name).strip('"') for name in "fgh")


@pytest.mark.parametrize("estimator", ["ml", "gls", "uls"])
def test_moments_say_what_rows_say(estimator: str) -> None:
    data = rows()
    one = sem.fit(MODEL, data, estimator=estimator)
    other = sem.fit(MODEL, Moments.from_frame(data), estimator=estimator)
    np.testing.assert_allclose(other.theta, one.theta, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.vcov, one.vcov, rtol=1e-6, atol=1e-12)
    assert other.measures["chi2"] == pytest.approx(one.measures["chi2"], rel=1e-8)


def test_moments_of_parts_add_up_to_the_whole() -> None:
    data = rows()
    parts = (
        Moments.from_frame(data[:100]) + Moments.from_frame(data[100:130]) + Moments.from_frame(data[130:])
    )
    same(sem.fit(MODEL, data), sem.fit(MODEL, parts))


@pytest.mark.parametrize("means", [False, True])
def test_whole_weights_are_repeated_rows(means: bool) -> None:
    counts = np.random.default_rng(2).integers(1, 4, len(rows()))
    repeated = rows().loc[rows().index.repeat(counts)].reset_index(drop=True)
    one = sem.fit(MODEL, repeated, meanstructure=means)
    other = sem.fit(MODEL, rows().assign(w=counts), weights="w", meanstructure=means)
    np.testing.assert_allclose(other.theta, one.theta, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("estimator", ["ml", "mlr", "gls"])
def test_two_copies_as_groups_are_one_group(estimator: str) -> None:
    data = rows()
    twice = pd.concat([data.assign(g="a"), data.assign(g="b")], ignore_index=True)
    one = sem.fit(MODEL, data, meanstructure=True, estimator=estimator)
    both = sem.fit(
        MODEL,
        twice.rename(columns={"g": "copy"}),
        group="copy",
        estimator=estimator,
        group_equal=["loadings", "intercepts", "residuals", "residual_covariances", "regressions",
                     "lv_variances", "means"],
    )  # fmt: skip
    assert len(both.theta) == len(one.theta)
    left = one.parameters.set_index(["lhs", "op", "rhs"])["estimate"]
    frame = both.parameters
    for group in ("a", "b"):
        right = frame[frame["group"] == group].set_index(["lhs", "op", "rhs"])["estimate"]
        np.testing.assert_allclose(right.loc[left.index], left, rtol=1e-6, atol=1e-7)
    if estimator == "ml":
        assert both.measures["chi2"] == pytest.approx(2 * one.measures["chi2"], rel=1e-6)
        np.testing.assert_allclose(both.vcov * 2, one.vcov, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("estimator", ["ml", "mlm", "mlr", "gls", "uls"])
def test_equal_labels_are_an_equality_line(estimator: str) -> None:
    labels = MODEL.replace("x2 + x3", "a*x2 + x3").replace("x5 + x6", "a*x5 + x6")
    line = MODEL.replace("x2 + x3", "a*x2 + x3").replace("x5 + x6", "b*x5 + x6") + "a == b\n"
    one, other = (sem.fit(text, rows(), estimator=estimator) for text in (labels, line))
    same(one, other)
    np.testing.assert_allclose(
        other.parameters["std_error"], one.parameters["std_error"], rtol=1e-5, atol=1e-8
    )


def test_shifting_columns_moves_intercepts_only() -> None:
    shift = np.array([1e5, -3, 0, 1, 100, -1e4, 7, 0.1, 2, 50])
    one = sem.fit(MODEL, rows(), meanstructure=True)
    other = sem.fit(MODEL, rows() + shift, meanstructure=True)
    assert other.measures["chi2"] == pytest.approx(one.measures["chi2"], rel=1e-7)
    assert other.measures["logl"] == pytest.approx(one.measures["logl"], rel=1e-9)
    kept = (one.parameters["op"] != "~1").to_numpy()
    left, right = one.parameters[kept], other.parameters[kept]
    np.testing.assert_allclose(right["estimate"], left["estimate"], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(right["std_error"], left["std_error"], rtol=1e-6, atol=1e-8)
    moved = (
        other.parameters[~kept].set_index("lhs")["estimate"]
        - one.parameters[~kept].set_index("lhs")["estimate"]
    )
    assert moved["x1"] == pytest.approx(shift[0], rel=1e-9)


@pytest.mark.parametrize("means", [False, True])
def test_saturated_means_leave_the_test_as_it_is(means: bool) -> None:
    fit = sem.fit(MODEL, rows(), meanstructure=means)
    bare = sem.fit(MODEL, rows())
    assert fit.measures["chi2"] == pytest.approx(bare.measures["chi2"], rel=1e-9)
    assert fit.measures["df"] == bare.measures["df"]
    assert fit.measures["n_free"] == bare.measures["n_free"] + 9 * means


@pytest.mark.parametrize("estimator", ["ml", "gls", "mlr"])
def test_unit_variances_are_another_scale_of_the_same_model(estimator: str) -> None:
    one, other = (sem.fit(MODEL, rows(), estimator=estimator, std_lv=held) for held in (False, True))
    assert other.measures["chi2"] == pytest.approx(one.measures["chi2"], rel=1e-7)
    left, right = standardised(one), standardised(other)
    np.testing.assert_allclose(right.loc[left.index], left, atol=1e-6)
    errors = [fit.parameters.set_index(["lhs", "op", "rhs"])["std_all_error"] for fit in (one, other)]
    np.testing.assert_allclose(errors[1].loc[errors[0].index], errors[0], atol=1e-6)


def test_free_values_and_degrees_of_freedom_add_up_to_the_moments() -> None:
    p, x = 10, 1
    for means in (False, True):
        for fixed in (False, True):
            fit = sem.fit(MODEL, rows(), meanstructure=means, fixed_x=fixed)
            known = p * (p + 1) // 2 + means * p - fixed * (x * (x + 1) // 2 + means * x)
            assert fit.measures["df"] + fit.measures["n_free"] == known


@pytest.mark.parametrize("robust", [False, True])
def test_without_gaps_full_information_is_plain(robust: bool) -> None:
    estimator = "mlr" if robust else "ml"
    one = sem.fit(MODEL, rows(), estimator=estimator, meanstructure=True, information="observed")
    other = sem.fit(MODEL, rows(), estimator=estimator, missing="fiml")
    np.testing.assert_allclose(other.theta, one.theta, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(np.diag(other.vcov), np.diag(one.vcov), rtol=1e-4)
    assert other.measures["chi2"] == pytest.approx(one.measures["chi2"], rel=1e-6)
    assert other.measures["logl"] == pytest.approx(one.measures["logl"], rel=1e-9)


def test_holding_covariates_fixed_leaves_estimates_and_test() -> None:
    held, free = (sem.fit(MODEL, rows(), fixed_x=fixed) for fixed in (True, False))
    assert free.measures["chi2"] == pytest.approx(held.measures["chi2"], rel=1e-8)
    assert free.measures["df"] == held.measures["df"]
    columns = ["estimate", "std_error", "std_all"]
    kept = held.parameters.query("not (lhs == 'z' and rhs == 'z')").set_index(["lhs", "op", "rhs"])
    other = free.parameters.set_index(["lhs", "op", "rhs"]).loc[kept.index]
    np.testing.assert_allclose(other[columns], kept[columns], rtol=1e-6, atol=1e-7)


def test_separate_groups_are_separate_fits() -> None:
    data = rows().assign(place=np.arange(240) % 3)
    joint = sem.fit(MODEL, data, group="place")
    parts = [sem.fit(MODEL, data[data.place == g], meanstructure=True) for g in range(3)]
    assert joint.measures["chi2"] == pytest.approx(sum(part.measures["chi2"] for part in parts), rel=1e-8)
    assert joint.measures["logl"] == pytest.approx(sum(part.measures["logl"] for part in parts), rel=1e-9)
    for g, part in enumerate(parts):
        frame = joint.parameters[joint.parameters["group"] == str(g)]
        columns = ["estimate", "std_error", "std_all", "std_all_error"]
        np.testing.assert_allclose(frame[columns], part.parameters[columns], rtol=1e-5, atol=1e-7)
        for kind in ("raw", "correlation", "standardised"):
            np.testing.assert_allclose(
                joint.residuals(kind).loc[str(g)], part.residuals(kind), rtol=1e-4, atol=1e-6
            )


def test_more_equalities_never_fit_better() -> None:
    data = rows().assign(place=np.arange(240) % 2)
    table = sem.invariance(MODEL, data, group="place")
    assert (np.diff(table["chi2"]) > 0).all()
    assert (np.diff(table["df"]) > 0).all()


def test_a_fit_can_be_repeated_to_the_last_bit() -> None:
    one, other = sem.fit(MODEL, rows()), sem.fit(MODEL, rows())
    np.testing.assert_array_equal(one.theta, other.theta)
    np.testing.assert_array_equal(one.vcov, other.vcov)

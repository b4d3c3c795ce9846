"""What `sem.fit` refuses, each naming the thing and what to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import ConvergenceError, DataError, IdentificationError, ServicefxError, StudyError
from servicefx.moments.moments import Moments

MODEL = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nf ~~ g"
ITEMS = [f"x{k}" for k in range(1, 7)]


@cache
def _data() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    f = rng.normal(size=200)
    g = 0.5 * f + rng.normal(size=200)
    loadings = np.array([1.0, 0.8, 0.9])
    items = np.column_stack([np.outer(f, loadings), np.outer(g, loadings)]) + 0.8 * rng.normal(size=(200, 6))
    frame = pd.DataFrame(items, columns=ITEMS)
    return frame.assign(city=np.where(np.arange(200) % 2, "Graz", "Linz"), one="A")


@pytest.fixture
def data() -> pd.DataFrame:
    return _data().copy()


@pytest.fixture
def moments() -> Moments:
    return Moments.from_frame(_data()[ITEMS])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            "f =~ NA*x1 + x2 + x3",
            "7 parameters from 6 means, variances and covariances: -1 degrees of freedom",
        ),
        ("f =~ x1 + x2", "4 parameters from 3"),
        ("x1 ~ x2\nx2 ~ x1", "-1 degrees of freedom"),
        ("f =~ NA*x1 + x2 + x3 + x4", "'f =~ x1', 'f =~ x2', 'f =~ x3', 'f =~ x4', 'f ~~ f' apart"),
        ("f =~ x1 + x2\ng =~ x4 + x5 + x6\nf ~~ 0*g", "'f =~ x2', 'x1 ~~ x1', 'x2 ~~ x2', 'f ~~ f' apart"),
        (
            "f =~ x1 + x2 + x3 + x4\nf ~ 1",
            "'f ~ 1', 'x1 ~ 1', 'x2 ~ 1', 'x3 ~ 1', 'x4 ~ 1' apart",
        ),
        ("f =~ x1 + x2 + x3\nx4 ~ f\nf ~ x4\nx4 ~~ f", "'x4 ~ f', 'f ~ x4', 'x4 ~~ f' apart"),
    ],
)
def test_unidentified_models_are_refused_by_name(data: pd.DataFrame, model: str, message: str) -> None:
    with pytest.raises(IdentificationError, match=message.replace("*", r"\*")):
        sem.fit(model, data)


def test_unidentified_groups_are_named(data: pd.DataFrame) -> None:
    with pytest.raises(IdentificationError, match=r"'g =~ x5' \(group 'Graz'\)"):
        sem.fit(
            "f =~ x1 + x2 + x3\ng =~ x4 + c(0.9, NA)*x5\nf ~~ c(NA, 0)*g\nx4 ~~ c(0.5, NA)*x4",
            data,
            group="city",
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(x2=3.0), "column 'x2': holds the same value"),
        (lambda d: d.assign(x2=d.x1), "column 'x2': repeats 'x1'"),
        (lambda d: d.assign(x2=2 * d.x1 + 3), "column 'x2': .*'x1'"),
        (lambda d: d.assign(x3=d.x1 - d.x4), "'x1', 'x3', 'x4' add up to one another"),
        (lambda d: d.head(6), "6 rows for 6 items"),
        (lambda d: d.assign(x1="good"), "column 'x1': holds text"),
        (lambda d: d.assign(x1=pd.Categorical(d.city)), "column 'x1': holds categories without an order"),
        (lambda d: d.assign(x1=pd.Timestamp("2020-01-01")), "column 'x1': holds dates"),
        (lambda d: d.assign(x1=np.where(d.x1 > 1, np.inf, d.x1)), "column 'x1': holds infinite values"),
        (lambda d: d.rename(columns={"x1": "x_1"}), r"column 'x1': is not in the data \(closest: 'x_1'\)"),
        (lambda d: d.assign(x1=np.nan), "no row has all columns"),
        (lambda d: pd.concat([d, d[["x1"]]], axis=1), "column 'x1': stands more than once"),
        (lambda d: d.assign(f=1.0), "construct 'f' is a column of the data as well"),
        (lambda d: d.to_numpy(), "a ndarray, where a DataFrame"),
    ],
)
def test_data_that_cannot_be_fitted_are_refused(
    data: pd.DataFrame, change: Callable[[pd.DataFrame], Any], message: str
) -> None:
    with pytest.raises((DataError, StudyError), match=message):
        sem.fit(MODEL, change(data))


def test_faults_of_several_columns_are_told_at_once(data: pd.DataFrame) -> None:
    broken = data.assign(x1="a", x4="b")
    with pytest.raises(DataError) as caught:
        sem.fit(MODEL, broken)
    assert [problem.where for problem in caught.value.problems] == ["column 'x1'", "column 'x4'"]


def test_a_constant_or_copy_in_one_group_is_refused(data: pd.DataFrame) -> None:
    flat = data.assign(x2=np.where(data.city == "Graz", 1.0, data.x2))
    with pytest.raises(DataError, match="group 'Graz': column 'x2': holds the same value"):
        sem.fit(MODEL, flat, group="city")
    copied = data.assign(x2=np.where(data.city == "Graz", data.x1, data.x2))
    with pytest.raises(DataError, match="'x2': repeats 'x1'"):
        sem.fit(MODEL, copied, group="city")
    few = pd.concat([data[data.city == "Linz"], data[data.city == "Graz"].head(5)])
    with pytest.raises(DataError, match="group 'Graz': 5 rows for 6 items"):
        sem.fit(MODEL, few, group="city")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"estimator": "mll"}, r"estimator: 'mll' is not known \(closest: 'ml'\)"),
        ({"missing": "pairwise"}, r"missing: 'pairwise' is not known"),
        ({"missing": "fiml", "estimator": "gls"}, "'fiml' goes with estimators ml and mlr, not with 'gls'"),
        ({"information": "hessian"}, "information: 'hessian' is not known"),
        ({"parameterization": "probit"}, "parameterization: 'probit' is not known"),
        ({"level": 95}, "level: 95 is not between 0 and 1"),
        ({"ordered": ["x1"]}, "'ml' takes answers for numbers, and items are named as ordered"),
        ({"ordered": ["x11"], "estimator": "wlsmv"}, r"'x11' is no item of the model \(closest: 'x1'\)"),
        ({"cluster": "city", "estimator": "gls"}, "cluster: is not used by 'gls'"),
        ({"weights": "w", "estimator": "wls"}, "weights: are not used by 'wls'"),
        ({"cluster": "city", "estimator": "mlm"}, "mlm has no clusters or weights"),
        ({"group_equal": ["loadings"]}, "there is one group, nothing to hold equal"),
        ({"group": "one", "group_equal": ["loadings"]}, "there is one group, nothing to hold equal"),
        ({"group": "city", "group_equal": ["loading"]}, "'loading' is not known"),
        ({"group": "town"}, "column 'town': is not in the data"),
        ({"cluster": "town"}, "column 'town': is not in the data"),
        ({"meanstructure": False, "missing": "fiml"}, "is False, and missing='fiml' need means"),
    ],
)
def test_choices_that_are_wrong_are_refused(
    data: pd.DataFrame, choices: dict[str, Any], message: str
) -> None:
    with pytest.raises((StudyError, DataError), match=message):
        sem.fit(MODEL, data, **choices)


def test_weights_that_are_not_positive_are_refused(data: pd.DataFrame) -> None:
    weights = np.ones(200)
    weights[:3] = 0.0
    with pytest.raises(DataError, match="weights 'w': 3 of 200 weights are not above 0"):
        sem.fit(MODEL, data.assign(w=weights), weights="w")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"estimator": "mlr"}, "'mlr' needs the rows"),
        ({"estimator": "mlm"}, "'mlm' needs the rows"),
        ({"estimator": "wls"}, "'wls' needs the rows"),
        ({"estimator": "dwls"}, "'dwls' needs the rows"),
        ({"estimator": "wlsmv", "ordered": ["x1"]}, "ordered items need the rows"),
        ({"missing": "fiml"}, "missing='fiml'\\) need the rows"),
        ({"cluster": "city"}, "clusters need the rows"),
        ({"weights": "w"}, "sampling weights need the rows"),
        ({"group": "city"}, "groups need the rows"),
    ],
)
def test_moments_are_refused_where_rows_are_needed(
    moments: Moments, choices: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        sem.fit(MODEL, moments, **choices)


def test_moments_without_means_are_refused_by_models_of_means() -> None:
    bare = Moments.from_correlation([[1, 0.4], [0.4, 1]], [1, 1], 90, names=["x", "y"])
    with pytest.raises(DataError, match="the model has means, and the moments have none"):
        sem.fit("y ~ x + 1", bare)


def test_a_covariance_matrix_that_is_singular_is_refused() -> None:
    cov = np.array([[2.0, 1.0, 3.0], [1.0, 2.0, 3.0], [3.0, 3.0, 6.0]])
    with pytest.raises(DataError, match="'x', 'y', 'z'"):
        sem.fit("x ~ y\nz ~ x", Moments.from_covariance(cov, 90, names=["x", "y", "z"]))


@pytest.mark.parametrize(
    ("model", "choices", "message"),
    [
        ("f =~ x1 + c(a, b)*x2 + x3", {}, r"'f =~ x2' has 2 values, for 1 group"),
        ("f =~ x1 + c(a, b, c)*x2 + x3", {"group": "city"}, r"'f =~ x2' has 3 values, for 2 groups"),
        ("f =~ x1 + x2 + x3\nx1 ~ f", {}, "'f =~ x1' and 'x1 ~ f' are one effect"),
        ("f <~ x1 + x2 + x3", {}, "'f' is composed of its items"),
        ("f =~ x1 + x2 + x3\nx1 | t1", {}, "'x1' is not among the ordered items"),
        ("f =~ x1 + x2 + x3\na == 1", {}, "'a' labels no parameter"),
        ("", {}, "holds no line"),
    ],
)
def test_models_that_contradict_themselves_are_refused(
    data: pd.DataFrame, model: str, choices: dict[str, Any], message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        sem.fit(model, data, **choices)


@pytest.mark.parametrize("equality", ["a^2 == -1", "a == b + 1\na == b"])
def test_equalities_that_cannot_be_met_are_named(data: pd.DataFrame, equality: str) -> None:
    model = MODEL.replace("x2 + x3", "a*x2 + b*x3")
    first = equality.split("\n")[0].replace("^", r"\^").replace("+", r"\+")
    with pytest.raises(ConvergenceError, match=f"no values were found that meet '{first}'"):
        sem.fit(f"{model}\n{equality}", data)


def test_a_search_without_a_minimum_names_the_steepest_parameters() -> None:
    """A small sample whose likelihood grows towards infinite variances (lavaan stops there as well)."""
    rng = np.random.default_rng([77, 180])
    f = rng.normal(size=50)
    g = 0.4 * f + 0.9 * rng.normal(size=50)
    h = 0.3 * f + 0.3 * g + 0.85 * rng.normal(size=50)
    columns = [0.4 * v + rng.normal(size=50) * np.sqrt(0.84) for v in (f, f, f, g, g, g, h, h, h)]
    data = pd.DataFrame(
        np.clip(np.round(3 + np.column_stack(columns)), 1, 5), columns=[*ITEMS, "y1", "y2", "y3"]
    )
    with pytest.raises(ConvergenceError, match=r"stopped after \d+ steps at a slope of .*, steepest at '"):
        sem.fit("f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nh =~ y1 + y2 + y3\ng ~ f\nh ~ f + g", data)


def test_every_refusal_says_what_to_do(data: pd.DataFrame) -> None:
    for model, choices in (("f =~ x1 + x2", {}), (MODEL, {"estimator": "x"}), ("f =~ x1 + y9 + x2", {})):
        with pytest.raises(ServicefxError) as caught:
            sem.fit(model, data, **choices)
        for problem in caught.value.problems:
            assert problem.remedy.endswith(".")
            assert problem.where

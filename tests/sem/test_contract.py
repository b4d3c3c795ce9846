"""The contract of architecture.md, section 3: names, columns, keys, and what a session can do with a fit."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx import Moments, engines, sem
from servicefx.errors import DataError, StudyError
from servicefx.syntax.parser import parse_model

MODEL = "quality =~ a + b + c\nloyalty =~ d + e + f\nloyalty ~ quality"
ITEMS = list("abcdef")
WHEATON = """
11.834
 6.947   9.364
 6.819   5.091  12.532
 4.783   5.028   7.495   9.986
-3.839  -3.889  -3.841  -3.625   9.610
-21.899 -18.831 -21.748 -18.775 35.522 450.288
"""


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(20260)
    first, noise = rng.normal(size=400), rng.normal(size=(400, 6))
    second = 0.5 * first + rng.normal(size=400)
    scores = np.column_stack([first] * 3 + [second] * 3) + 0.8 * noise
    return pd.DataFrame(scores, columns=ITEMS).assign(half=np.arange(400) % 2)


@pytest.fixture(scope="module")
def fit(rows: pd.DataFrame) -> sem.SemFit:
    return sem.fit(MODEL, rows)


def answers(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[ITEMS].apply(lambda column: pd.qcut(column, 4, labels=False))


def parts(value: Any, seen: set[int]) -> Iterator[Any]:
    """Every array and frame that hangs on a value."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray | pd.DataFrame):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from parts(one, seen)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from parts(one, seen)
    else:
        for name in [*getattr(type(value), "__slots__", ()), *getattr(value, "__dict__", ())]:
            yield from parts(getattr(value, name, None), seen)


def test_the_arguments_of_fit_and_their_defaults() -> None:
    told = {
        "estimator": "ml", "missing": "listwise", "group": None, "group_equal": (), "ordered": (),
        "parameterization": "delta", "cluster": None, "weights": None, "std_lv": False, "orthogonal": False,
        "meanstructure": None, "fixed_x": True, "level": 0.95,
    }  # fmt: skip
    arguments = inspect.signature(sem.fit).parameters
    assert list(arguments)[:2] == ["model", "data"]
    assert {name: arguments[name].default for name in told} == told
    assert all(arguments[name].kind is inspect.Parameter.KEYWORD_ONLY for name in told)


def test_columns_of_every_frame(fit: sem.SemFit, rows: pd.DataFrame) -> None:
    assert list(fit.parameters) == [
        "group", "lhs", "op", "rhs", "label", "free", "estimate", "std_error", "statistic", "p_value",
        "conf_low", "conf_high", "std_lv", "std_all", "std_all_error",
    ]  # fmt: skip
    assert list(fit.modification_indices()) == ["lhs", "op", "rhs", "group", "index", "expected_change"]
    assert {"from", "to", "kind", "via", "estimate"} <= set(fit.effects())
    smaller = sem.fit(MODEL.replace("~ quality", "~ 0*quality"), rows)
    compared = sem.compare(fit, smaller)
    assert list(compared) == ["model", "df", "chi2", "chi2_diff", "df_diff", "p_value"]
    ladder = sem.invariance("quality =~ a + b + c + d", rows, group="half")
    assert {"level", "chi2", "df", "cfi", "rmsea", "srmr", "delta_cfi", "delta_rmsea", "chi2_diff",
            "p_value"} <= set(ladder)  # fmt: skip


def test_every_measure_has_a_value_or_a_reason(fit: sem.SemFit) -> None:
    told = [
        "chi2", "df", "p_value", "chi2_scaled", "scaling_factor", "p_value_scaled", "chi2_baseline",
        "df_baseline", "cfi", "tli", "cfi_robust", "tli_robust", "rmsea", "rmsea_low", "rmsea_high",
        "rmsea_close", "rmsea_robust", "srmr", "logl", "aic", "bic", "n_obs", "n_free",
    ]  # fmt: skip
    assert set(told) <= set(fit.measures)
    for name, value in fit.measures.items():
        assert np.isnan(value) == (name in fit.undefined), name


def test_a_fit_shows_itself_in_a_few_lines(fit: sem.SemFit, rows: pd.DataFrame) -> None:
    assert repr(fit).startswith("SemFit: ml, 6 items, 2 constructs, 400 rows, 13 free parameters\n")
    assert "df 8" in repr(fit)
    assert len(repr(fit)) < 300
    html = sem.fit(MODEL.replace("quality", '"a<b"'), rows)._repr_html_()
    assert "a&lt;b" in html
    assert "a<b" not in html
    flagged = sem.fit("q =~ a + b + c", Moments.from_correlation(
        [[1, 0.9, 0.6], [0.9, 1, 0.3], [0.6, 0.3, 1]], [1, 1, 1], 200, names=list("abc")))  # fmt: skip
    assert "Heywood" in repr(flagged)


@pytest.mark.parametrize(
    "choices",
    [
        {}, {"estimator": "mlr"}, {"estimator": "mlm"}, {"estimator": "wls"}, {"missing": "fiml"},
        {"estimator": "wlsmv", "ordered": True}, {"group": "half"}, {"cluster": "unit"},
    ],
    ids=str,
)  # fmt: skip
def test_a_fit_holds_no_rows_and_survives_pickling(rows: pd.DataFrame, choices: dict[str, Any]) -> None:
    data = rows.assign(unit=np.arange(len(rows)) % 50)
    if "ordered" in choices:
        data = data.assign(**answers(rows))
    if "missing" in choices:
        data = data.mask(np.random.default_rng(1).random(data.shape) < 0.05)
    fit = sem.fit(MODEL, data, **choices)
    fit.parameters, fit.measures, fit.effects(), fit.modification_indices()
    assert max(max(one.shape, default=0) for one in parts(fit, set())) < 150
    again = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_frame_equal(again.parameters, fit.parameters)
    pd.testing.assert_frame_equal(copy.deepcopy(fit).modification_indices(), fit.modification_indices())


def test_what_a_fit_gives_away_does_not_change_it(fit: sem.SemFit) -> None:
    frame, measures, before = fit.parameters, fit.measures, fit.parameters
    frame["estimate"] = 0.0
    measures["chi2"] = 0.0
    pd.testing.assert_frame_equal(fit.parameters, before)
    assert fit.measures["chi2"] > 0
    for array in (fit.theta, fit.vcov):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


@pytest.mark.parametrize(
    "values",
    [
        lambda half: half, lambda half: np.where(half, "b", "a"), lambda half: half.astype(bool),
        lambda half: pd.array(half, dtype="Int64"), lambda half: pd.array(half.astype(bool), dtype="boolean"),
        lambda half: pd.Categorical(np.where(half, "b", "a"), categories=["b", "never", "a"]),
        lambda half: half.astype(float),
    ],
)  # fmt: skip
def test_groups_may_be_of_any_kind(rows: pd.DataFrame, values: Any) -> None:
    half = rows["half"].to_numpy()
    by_column = sem.fit(MODEL, rows.assign(half=values(half)), group="half")
    by_entry = sem.fit(MODEL, MappingProxyType({0: rows[half == 0], 1: rows[half == 1]}))
    assert by_column.measures["chi2"] == pytest.approx(by_entry.measures["chi2"], rel=1e-9)
    assert by_entry.model.groups == ("0", "1")


def test_rows_without_a_group_are_counted(rows: pd.DataFrame) -> None:
    lost = sem.fit(MODEL, rows.assign(half=rows["half"].mask(rows.index < 7)), group="half")
    assert lost.dropped == {"the group 'half' is missing": 7}
    assert lost.model.groups == ("1", "0")


@pytest.mark.parametrize(
    "column",
    [
        lambda x: x.astype(object), lambda x: x.map(lambda v: Decimal(repr(v))),
        lambda x: x.astype("Float64"),
        lambda x: x.convert_dtypes(dtype_backend="pyarrow"), lambda x: x.astype(pd.SparseDtype(float)),
    ],
)  # fmt: skip
def test_numbers_may_be_of_any_kind(fit: sem.SemFit, rows: pd.DataFrame, column: Any) -> None:
    other = sem.fit(MODEL, rows.assign(a=column(rows["a"])).set_index(np.zeros(len(rows))))
    assert other.measures["chi2"] == pytest.approx(fit.measures["chi2"], rel=1e-9)


def test_texts_of_any_system_and_tables_are_models(fit: sem.SemFit, rows: pd.DataFrame) -> None:
    for model in (MODEL.replace("\n", "\r\n"), "\ufeff\t" + MODEL.replace(" ", "\t"), parse_model(MODEL)):
        np.testing.assert_array_equal(sem.fit(model, rows).theta, fit.theta)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.iloc[:0], "no row has all columns of the model"),
        (lambda d: d.iloc[:1], "data: 1 row, at least 2 expected\n    Add rows\\."),
        (lambda d: d.assign(a=np.nan), "no row has all columns of the model"),
        (lambda d: d.rename(columns={"a": 1}).rename(columns=str).drop(columns="1"), "column 'a': is not in"),
        (lambda d: d.assign(a=d["a"] + 1j), "column 'a': holds complex numbers"),
        (lambda d: d.assign(a=pd.Timestamp("2020-01-01")), "column 'a': holds dates"),
        (lambda d: d.to_numpy(), "a ndarray, where a DataFrame, Moments or a mapping"),
        (lambda _: {}, "the mapping holds no group"),
    ],
)  # fmt: skip
def test_data_that_hold_no_sample_are_refused(rows: pd.DataFrame, change: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        sem.fit(MODEL, change(rows))


def test_columns_named_by_numbers_are_told_so(rows: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="column '1': is named by a number in the data, not by text"):
        sem.fit("q =~ '1' + '2' + '3'", rows[["a", "b", "c"]].set_axis([1, 2, 3], axis=1))


def test_choices_of_the_wrong_kind_are_refused_or_read(rows: pd.DataFrame) -> None:
    for level in (None, "0.95", 95):
        with pytest.raises(StudyError, match=f"level: {level} is not between 0 and 1"):
            sem.fit(MODEL, rows, level=level)  # type: ignore[arg-type]
    for model in (None, [MODEL], rows):
        with pytest.raises(StudyError, match="where text in lavaan's language is expected"):
            sem.fit(model, rows)  # type: ignore[arg-type]
    assert sem.fit(MODEL, rows, group_equal=None, ordered=None).n_obs == 400  # type: ignore[arg-type]


def test_the_level_is_that_of_the_intervals(fit: sem.SemFit, rows: pd.DataFrame) -> None:
    narrow = sem.fit(MODEL, rows, level=0.9).parameters
    width = (narrow["conf_high"] - narrow["conf_low"]) / (
        fit.parameters["conf_high"] - fit.parameters["conf_low"]
    )
    np.testing.assert_allclose(width.dropna(), 1.6448536 / 1.9599640, rtol=1e-6)


def test_wheatons_printed_covariances_are_one_call() -> None:
    """Figures of lavaan 0.6-14, `sem(..., sample.cov = , sample.nobs = 932)`."""
    names = ["anomia67", "powerless67", "anomia71", "powerless71", "education", "sei"]
    model = """
        ses =~ education + sei
        alien67 =~ anomia67 + powerless67
        alien71 =~ anomia71 + powerless71
        alien71 ~ alien67 + ses
        alien67 ~ ses
    """
    data = Moments.from_covariance(WHEATON, 932, names=names)
    plain = sem.fit(model, data)
    assert (round(plain.measures["chi2"], 3), plain.measures["df"]) == (71.546, 6)
    freed = sem.fit(model + "anomia67 ~~ anomia71\npowerless67 ~~ powerless71", data)
    assert (round(freed.measures["chi2"], 3), freed.measures["df"]) == (4.735, 4)


def test_the_second_opinion_is_a_function_of_the_engines(fit: sem.SemFit) -> None:
    from servicefx.engines import second_opinion

    assert engines.second_opinion is second_opinion
    assert second_opinion(fit).largest_difference < 1e-4


def test_groups_with_nothing_in_common_have_the_residuals_of_each_alone(rows: pd.DataFrame) -> None:
    data = answers(rows).assign(half=rows["half"])
    for choices in ({"estimator": "wlsmv", "ordered": True}, {"estimator": "wls"}):
        together = sem.fit(MODEL, data, group="half", **choices).residuals("standardised")
        for half, own in data.groupby("half"):
            alone = sem.fit(MODEL, own, **choices).residuals("standardised")
            there = together.loc[str(half)].to_numpy()
            off = ~np.eye(len(ITEMS), dtype=bool) & (np.abs(alone.to_numpy()) > 1e-3)
            np.testing.assert_allclose(there[off], alone.to_numpy()[off], rtol=1e-4)


def test_scores_stand_row_by_row_whatever_the_index_and_without_a_group(rows: pd.DataFrame) -> None:
    fit = sem.fit(MODEL, rows, group="half")
    plain = sem.factor_scores(fit, rows)
    alike = sem.factor_scores(fit, rows.set_index(np.zeros(len(rows))))
    np.testing.assert_array_equal(alike.to_numpy(), plain.to_numpy())
    lost = sem.factor_scores(fit, rows.assign(half=rows["half"].astype("Int64").mask(rows.index < 3)))
    assert lost[:3].isna().all(axis=None)
    np.testing.assert_array_equal(lost[3:].to_numpy(), plain[3:].to_numpy())


def test_scores_need_rows_and_their_group(fit: sem.SemFit, rows: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="a Moments holds no rows, and scores are of rows"):
        sem.factor_scores(fit, fit.moments)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="column 'half': is not in the data"):
        sem.factor_scores(sem.fit(MODEL, rows, group="half"), rows[ITEMS])


@pytest.mark.parametrize("seed", [None, -1, 0.5])
def test_seeds_are_whole_numbers(fit: sem.SemFit, rows: pd.DataFrame, seed: Any) -> None:
    with pytest.raises(StudyError, match=f"seed: {seed}, a whole number from 0 expected"):
        sem.bootstrap(fit, rows, 10, seed=seed)
    with pytest.raises(StudyError, match=f"seed: {seed}, a whole number from 0 expected"):
        sem.power("f =~ 0.7*a + 0.7*b + 0.7*c", n_obs=100, draws=5, seed=seed)


def test_thresholds_of_numbers_are_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(StudyError, match="'thresholds' are those of ordered items, and there are none"):
        sem.fit(MODEL, rows, group="half", group_equal=["thresholds"])


def test_printed_covariances_of_groups_need_no_means_where_none_are_modelled(rows: pd.DataFrame) -> None:
    printed = {
        str(half): Moments.from_covariance(own[ITEMS].cov(), len(own)) for half, own in rows.groupby("half")
    }
    with pytest.raises(DataError, match="Give the means as well, or set meanstructure=False"):
        sem.fit(MODEL, printed)
    bare = sem.fit(MODEL, printed, meanstructure=False, group_equal=["loadings"])
    with_means = sem.fit(MODEL, rows, group="half", group_equal=["loadings"])
    assert bare.measures["chi2"] == pytest.approx(with_means.measures["chi2"], rel=1e-8)

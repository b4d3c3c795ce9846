"""AVE and loadings: known truth, one definition wherever it comes from, reasons where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import DataError, StudyError
from servicefx.measurement.reliability import reliability_of
from servicefx.measurement.rules import rules_frame
from servicefx.measurement.validity import (
    average_variance_extracted,
    confirmatory_fit,
    convergent_loadings,
    fitted_average_variance_extracted,
    judged_extracted,
    judged_loadings,
)
from servicefx.moments.moments import Moments

LOADINGS = {"quality": [0.9, 0.8, 0.7, 0.4], "satisfaction": [0.8, 0.7, 0.6]}
CONSTRUCTS = {"quality": ["a", "b", "c", "d"], "satisfaction": ["e", "f", "g"]}


def true_moments(correlation: float = 0.5, n: int = 500) -> Moments:
    """Correlations of a two-factor model with `LOADINGS`."""
    loadings = np.concatenate(list(LOADINGS.values()))
    phi = np.array([[1.0, correlation], [correlation, 1.0]])
    home = np.repeat([0, 1], [4, 3])
    R = phi[np.ix_(home, home)] * np.outer(loadings, loadings)
    np.fill_diagonal(R, 1.0)
    return Moments.from_correlation(R, np.arange(1.0, 8.0), n, names=list("abcdefg"))


def drawn(rng: np.random.Generator, n: int = 200) -> pd.DataFrame:
    return pd.DataFrame(
        rng.multivariate_normal(np.zeros(7), true_moments().cov, size=n), columns=list("abcdefg")
    )


def test_extracted_variance_of_a_known_model_is_the_mean_squared_loading() -> None:
    truth = [np.mean(np.square(values)) for values in LOADINGS.values()]
    alone = average_variance_extracted(true_moments(), CONSTRUCTS)
    assert list(alone.columns) == ["construct", "estimate"]
    assert alone["construct"].tolist() == ["quality", "satisfaction"]
    assert alone["estimate"].tolist() == pytest.approx(truth, abs=1e-6)
    fit = confirmatory_fit(true_moments(), CONSTRUCTS)
    assert fitted_average_variance_extracted(fit)["estimate"].tolist() == pytest.approx(truth, abs=1e-6)
    assert convergent_loadings(fit)["estimate"].tolist() == pytest.approx(
        [value for values in LOADINGS.values() for value in values], abs=1e-6
    )


def test_extracted_variance_is_that_of_the_reliability_table_gaps_included(rng: np.random.Generator) -> None:
    items = drawn(rng)
    items.loc[::7, "a"] = np.nan  # the rows are lost to quality, not to satisfaction
    ours = average_variance_extracted(items, CONSTRUCTS)["estimate"].tolist()
    theirs = [reliability_of(items[c], name).average_variance_extracted for name, c in CONSTRUCTS.items()]
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_one_item_and_heywood_cases_have_no_extracted_variance_but_a_reason() -> None:
    R = np.array([[1, 0.9, 0.8], [0.9, 1, 0.5], [0.8, 0.5, 1]])  # .9 · .8 / .5 > 1: the first loading squared
    moments = Moments.from_correlation(R, np.ones(3), 100, names=["x", "y", "z"])
    frame = average_variance_extracted(moments, {"heywood": ["x", "y", "z"]})
    assert np.isnan(frame["estimate"][0])
    assert frame.attrs["undefined"] == {"heywood": "Heywood case: 'x'"}
    frame = average_variance_extracted(moments, {"single": ["x"], "pair": ["y", "z"]})
    assert list(frame.columns) == ["construct", "estimate"]
    assert frame.attrs["undefined"] == {"single": "one item"}
    assert frame["estimate"][1] == pytest.approx(0.5)
    assert [row["judgement"] for row in judged_extracted(frame)] == ["", "pass"]


def test_a_negative_pair_has_no_factor_model_and_says_so() -> None:
    R = np.array([[1, -0.3], [-0.3, 1]])
    moments = Moments.from_correlation(R, np.ones(2), 100, names=["x", "y"])
    frame = average_variance_extracted(moments, {"pair": ["x", "y"]})
    assert frame.attrs["undefined"] == {"pair": "its two items correlate -0.30, not positively"}


def test_a_single_item_of_a_full_model_has_loading_one_without_error(rng: np.random.Generator) -> None:
    fit = confirmatory_fit(drawn(rng), {"quality": ["a", "b", "c"], "overall": ["e"]})
    row = convergent_loadings(fit).iloc[-1]
    assert row["estimate"] == pytest.approx(1)
    assert np.isnan(row["std_error"])
    assert row["undefined"] == "one item, taken as free of error"
    assert fitted_average_variance_extracted(fit)["undefined"].tolist() == ["", "one item"]
    assert {judged["subject"] for judged in judged_loadings(convergent_loadings(fit))} == {"a", "b", "c"}


def test_an_item_of_two_constructs_leaves_both_without_extracted_variance(rng: np.random.Generator) -> None:
    fit = sem.fit("q =~ a + b + c + d\ns =~ e + f + g + d", drawn(rng, 400), std_lv=True)
    assert fitted_average_variance_extracted(fit)["undefined"].tolist() == [
        "'d' loads on another construct too",
        "'d' loads on another construct too",
    ]


def test_loadings_are_judged_with_their_interval_and_p_value() -> None:
    fit = confirmatory_fit(true_moments(), CONSTRUCTS)
    rules = rules_frame(judged_loadings(convergent_loadings(fit)))
    loading = rules[rules["rule"] == "loading"]
    assert loading["judgement"].tolist() == ["pass", "pass", "warn", "fail", "pass", "warn", "warn"]
    assert (loading["conf_low"] < loading["estimate"]).all()
    assert rules[rules["rule"] == "loading_p_value"]["judgement"].eq("pass").all()
    narrow = convergent_loadings(fit, level=0.5)
    assert (narrow["conf_low"] > convergent_loadings(fit)["conf_low"]).all()


def test_a_fit_of_groups_is_refused(rng: np.random.Generator) -> None:
    items = drawn(rng).assign(half=["x", "y"] * 100)
    fit = sem.fit("q =~ a + b + c", items, group="half")
    with pytest.raises(StudyError, match="the fit compares 2 groups, one expected"):
        convergent_loadings(fit)


def test_unknown_and_shared_items_are_refused_by_name(rng: np.random.Generator) -> None:
    items = drawn(rng)
    with pytest.raises(DataError, match=r"item 'aa' is not in the data \(closest: 'a'\)"):
        average_variance_extracted(items, {"quality": ["aa", "b"]})
    with pytest.raises(DataError, match="'a' is in 'quality' too"):
        average_variance_extracted(items, {"quality": ["a", "b"], "satisfaction": ["a", "e"]})
    with pytest.raises(DataError, match="4 complete rows to 4 items"):
        average_variance_extracted(items.head(4), CONSTRUCTS)

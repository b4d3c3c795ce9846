"""CFA marker: recovered where a method is, its size where none is, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, StudyError
from servicefx.measurement.method_bias.cfa_marker import cfa_marker
from servicefx.moments.moments import Moments
from servicefx.values.glossary import GLOSSARY

Survey = Callable[..., pd.DataFrame]
Constructs = dict[str, list[str]]


def test_a_method_the_marker_shares_is_found_and_moves_the_correlations(
    survey: Survey, constructs: Constructs, marker_items: list[str], rng: np.random.Generator
) -> None:
    found = cfa_marker(survey(rng, n=5000, method=0.5), constructs, marker_items)
    table = found.models.set_index("model")
    assert table.loc["method_c", "p_value"] < 1e-6
    assert table.loc["method_r", "p_value"] < 1e-3
    # half the marker factor's variance is the method's: it loads .5 / sqrt(2) of the item on each
    sd = np.sqrt(0.9**2 + 0.25 + 0.36)
    assert found.loadings["method_loading"][0] == pytest.approx(0.5 * np.sqrt(0.5) / sd, abs=0.04)
    assert (found.correlations["change"] < 0).all()
    parts = found.reliability[["construct_reliability", "method_reliability"]].sum(axis=1)
    np.testing.assert_allclose(parts, found.reliability["total_reliability"], atol=0.02)


@pytest.mark.slow
def test_without_a_method_neither_test_exceeds_its_level(
    survey: Survey, constructs: Constructs, marker_items: list[str]
) -> None:
    # of 400 data sets 5 %: a two-sided 99.9 % binomial band is .019-.091
    tests = []
    for draw in range(400):
        data = survey(np.random.default_rng([9, draw]), n=400)
        tests.append(cfa_marker(data, constructs, marker_items).models.set_index("model")["p_value"])
    rates = (pd.DataFrame(tests) < 0.05).mean()
    assert 0.019 < rates["method_c"] < 0.091
    assert 0.019 < rates["method_u"] < 0.091
    assert rates["method_r"] < 0.091


def test_the_marker_is_held_as_measured_and_degrees_of_freedom_follow(
    survey: Survey, constructs: Constructs, marker_items: list[str], rng: np.random.Generator
) -> None:
    found = cfa_marker(survey(rng, method=0.4), constructs, marker_items)
    # 78 moments; cfa 12 + 12 + 6 free; baseline 9 + 9 + 3; then 1 or 9 method loadings, 3 correlations held
    df = found.models.set_index("model")["df"]
    assert df[["cfa", "baseline", "method_c", "method_u"]].tolist() == [48, 57, 56, 48]
    assert df["method_r"] == df[found.method_model] + 3
    frames = [found.models, found.loadings, found.correlations, found.reliability]
    assert set().union(*(frame.columns for frame in frames)) <= set(GLOSSARY)


def test_unequal_method_loadings_lead_to_the_free_model(
    survey: Survey, constructs: Constructs, marker_items: list[str], rng: np.random.Generator
) -> None:
    data = survey(rng, n=2000, method=0.5)
    trait = data[marker_items].mean(axis=1)
    found = cfa_marker(data.assign(a1=data["a1"] + 0.6 * trait), constructs, marker_items)
    assert found.method_model == "method_u"
    assert found.models.set_index("model").loc["method_r", "against"] == "method_u"


def test_ordered_and_robust_fits_and_moments_are_served(
    survey: Survey, constructs: Constructs, marker_items: list[str], rng: np.random.Generator
) -> None:
    data = survey(rng, n=900, method=0.5)
    coded = pd.DataFrame(np.digitize(data, [-1, 0, 1]), columns=data.columns)
    ordered = cfa_marker(coded, constructs, marker_items, estimator="wlsmv", ordered=True)
    robust = cfa_marker(data, constructs, marker_items, estimator="mlr")
    printed = cfa_marker(Moments.from_frame(data), constructs, marker_items)
    for found in (ordered, robust, printed):
        assert found.undefined == {}
        assert found.models.set_index("model").loc["method_c", "p_value"] < 0.01


def test_markers_that_cannot_be_are_refused(
    survey: Survey, constructs: Constructs, marker_items: list[str], rng: np.random.Generator
) -> None:
    data = survey(rng)
    with pytest.raises(StudyError, match="1 marker item, at least 2 expected"):
        cfa_marker(data, constructs, ["m1"])
    with pytest.raises(StudyError, match="'a1' also measures a construct"):
        cfa_marker(data, constructs, ["m1", "a1"])
    with pytest.raises(DataError, match="'m2'"):
        cfa_marker(data.assign(m2=3.0), constructs, marker_items)
    with pytest.raises(DataError, match="'m9'"):
        cfa_marker(data, constructs, ["m1", "m9"])

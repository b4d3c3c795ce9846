"""The test of exact fit: rows in which the model holds, and where a measure stands among them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.moments.resample_index import resample_counts
from servicefx.pls.criteria.fit_measures import distances, implied_correlations
from servicefx.pls.exact_fit import exact_fit_draws
from servicefx.pls.sample import sample_of
from servicefx.values.glossary import GLOSSARY

MODEL = "x {op} x1 + x2 + x3; m {op} m1 + m2 + m3; y {op} y1 + y2; m ~ x; y ~ m"


def survey(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    x = rng.normal(size=n)
    m = 0.6 * x + 0.8 * rng.normal(size=n)
    y = 0.5 * m + 0.3 * x + 0.8 * rng.normal(size=n)
    names = ["x1", "x2", "x3", "m1", "m2", "m3", "y1", "y2"]
    scores = {"x": x, "m": m, "y": y}
    return pd.DataFrame({name: 3 + scores[name[0]] + 0.7 * rng.normal(size=n) for name in names})


@pytest.mark.parametrize("kind", ["saturated", "estimated"])
@pytest.mark.parametrize(("op", "consistent"), [("<~", False), ("=~", True)])
def test_the_transformed_rows_are_those_of_a_model_that_holds(kind, op, consistent):
    # estimated in all transformed rows, composed constructs and common factors find themselves again
    data = survey()
    fit = pls.fit(MODEL.format(op=op), data, consistent=consistent, tolerance=1e-13)
    sample = sample_of(fit.model, data, "listwise")
    found = exact_fit_draws(fit, sample, np.ones((1, len(data)), dtype=np.float32), kind)
    for name, value in found.items():
        assert value[0] == pytest.approx(0, abs=1e-7), name
    observed = distances(fit.solution.last.correlation, implied_correlations(fit, fit.solution, kind))
    assert observed["srmr"][0] > 0.005


def test_the_table_says_where_the_measure_stands_among_the_draws():
    data = survey()
    fit = pls.fit(MODEL.format(op="=~"), data)
    table = pls.exact_fit_test(fit, data, 300, seed=2, level=0.9, analysis_id="a")
    assert set(table.columns) <= set(GLOSSARY)
    sample = sample_of(fit.model, data, "listwise")
    counts = resample_counts(200, 300, 2, "a")
    for kind in ("saturated", "estimated"):
        drawn = exact_fit_draws(fit, sample, counts, kind)
        for row in table[table["model"] == kind].itertuples():
            values = drawn[row.measure]
            assert row.critical == pytest.approx(np.quantile(values, 0.9), rel=1e-9)
            assert row.p_value == pytest.approx((np.sum(values >= row.estimate) + 1) / 301)
            end = "" if kind == "saturated" else "_estimated"
            assert row.estimate == pytest.approx(fit.measures[row.measure + end], rel=1e-9)
            assert row.n_draws == 300


def test_seeds_repeat_and_names_of_data_differ():
    data = survey()
    fit = pls.fit(MODEL.format(op="=~"), data)
    one, two, other, named = (
        pls.exact_fit_test(fit, data, 60, seed=seed, analysis_id=name)["critical"].tolist()
        for seed, name in ((1, "a"), (1, "a"), (2, "a"), (1, "b"))
    )
    assert one == two
    assert one != other
    assert one != named


def test_a_path_left_out_is_seen_by_the_estimated_model_alone():
    rng = np.random.default_rng(6)
    x = rng.normal(size=400)
    m = 0.3 * x + rng.normal(size=400)
    y = 0.3 * m + 0.5 * x + rng.normal(size=400)
    data = pd.DataFrame({"x": x, "m": m, "y": y})
    fit = pls.fit("X =~ x; M =~ m; Y =~ y; M ~ X; Y ~ M", data)
    table = pls.exact_fit_test(fit, data, 200, seed=1).set_index(["model", "measure"])
    assert (table.loc["estimated"]["p_value"] < 0.02).all()
    np.testing.assert_allclose(table.loc["saturated"]["estimate"], 0, atol=1e-12)


def test_whole_clusters_are_drawn():
    data = survey()
    fit = pls.fit(MODEL.format(op="=~"), data)
    rows = pls.exact_fit_test(fit, data, 60)["critical"]
    assert pls.exact_fit_test(fit, data, 60, clusters=np.arange(200))["critical"].tolist() == rows.tolist()
    assert (
        pls.exact_fit_test(fit, data, 60, clusters=np.arange(200) // 10)["critical"].tolist() != rows.tolist()
    )


def test_resamples_with_fewer_rows_than_items_leave_the_geodesic_distance_out_and_crash_nothing():
    data = survey(10)
    fit = pls.fit(MODEL.format(op="=~"), data)
    table = pls.exact_fit_test(fit, data, 200, seed=1).set_index(["model", "measure"])
    assert table["n_draws"]["saturated", "d_g"] < table["n_draws"]["saturated", "srmr"] <= 200
    assert table["p_value"].between(0, 1).all()


@pytest.mark.parametrize("missing", ["mean", "em"])
def test_gaps_are_treated_as_the_fit_treats_them(missing):
    data = survey()[["x1", "x2", "y1", "y2"]].mask(np.random.default_rng(1).random((200, 4)) < 0.05)
    fit = pls.fit("x =~ x1 + x2; y =~ y1 + y2; y ~ x", data, missing=missing)
    table = pls.exact_fit_test(fit, data, 20)
    assert (table["n_draws"] == 20).all()

"""Draws of composite models: what tables say of them."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri

from servicefx import pls
from servicefx.pls.pls_bootstrap import PlsBootstrap
from servicefx.pls.quantities import QUANTITIES, terms_of, values_of
from servicefx.values.glossary import GLOSSARY

MODEL = "q =~ q1 + q2 + q3; v =~ v1; s <~ s1 + s2; v ~ q; s ~ q + v"


def survey(n: int = 70) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    q = rng.exponential(size=n)
    v = 0.4 * q + rng.normal(size=n)
    s = 0.3 * q + 0.3 * v + rng.normal(size=n)
    blocks = {"q": (q, 3), "v": (v, 1), "s": (s, 2)}
    return pd.DataFrame(
        {
            f"{name}{i}": score + 0.7 * rng.normal(size=n)
            for name, (score, size) in blocks.items()
            for i in range(1, size + 1)
        }
    )


DATA = survey()
FIT = pls.fit(MODEL, DATA)
DRAWN = pls.bootstrap(FIT, DATA, 999, seed=3)


def test_estimates_are_those_of_the_fit_and_every_quantity_is_drawn():
    assert DRAWN.terms == terms_of(FIT)
    np.testing.assert_array_equal(DRAWN.estimates, values_of(FIT, FIT.solution)[0])
    assert {term.quantity for term in DRAWN.terms} == {
        "path", "weight", "loading", "r2", "indirect", "total", "alpha", "rho_a", "composite_reliability",
        "average_variance_extracted", "htmt", "effect_size",
    }  # fmt: skip
    assert len(QUANTITIES) == 8


@pytest.mark.parametrize("clustered", [False, True])
def test_the_acceleration_is_that_of_fits_without_each_row_or_cluster(clustered):
    clusters = np.arange(70) // 7 if clustered else np.arange(70)
    drawn = pls.bootstrap(FIT, DATA, 2, clusters=clusters, quantities=("paths", "r2"))
    left_out = []
    for unit in np.unique(clusters):
        again = pls.fit(MODEL, DATA[clusters != unit])
        left_out.append([*again.paths["estimate"], *again.r2["estimate"]])
    influence = np.mean(left_out, axis=0) - left_out
    expected = (influence**3).sum(axis=0) / (6 * (influence**2).sum(axis=0) ** 1.5)
    np.testing.assert_allclose(drawn.acceleration, expected, rtol=1e-5, atol=1e-9)


def test_intervals_are_quantiles_of_the_draws_moved_for_bias_and_acceleration():
    at = DRAWN.place("s", quantity="r2")
    draws, estimate, acceleration = DRAWN.draws[:, at], DRAWN.estimates[at], DRAWN.acceleration[at]
    bias = ndtri(np.mean(draws < estimate))
    assert abs(bias) > 0.1  # a share of variance is biased upwards
    for kind, a in (("percentile", None), ("bc", 0.0), ("bca", acceleration)):
        z = ndtri(np.array([0.05, 0.95]))
        levels = ndtr(z) if a is None else ndtr(bias + (bias + z) / (1 - a * (bias + z)))
        row = DRAWN.table(kind, 0.9, quantity="r2").set_index("lhs").loc["s"]
        expected = np.quantile(draws, levels, method="weibull")
        np.testing.assert_allclose(row[["conf_low", "conf_high"]].astype(float), expected, atol=2e-3)
    lows = [DRAWN.table(kind, 0.9, quantity="r2").set_index("lhs")["conf_low"]["s"] for kind in ("bc", "bca")]
    assert lows[0] != lows[1]


def test_errors_statistics_and_p_values_are_those_of_the_draws():
    table = DRAWN.table(quantity="path").set_index(["lhs", "rhs"])
    for (lhs, rhs), row in table.iterrows():
        draws = DRAWN.of(lhs, rhs)
        assert row["std_error"] == pytest.approx(draws.std(ddof=1))
        assert row["statistic"] == pytest.approx(row["estimate"] / draws.std(ddof=1))
        fewer = min((draws <= 0).sum(), (draws >= 0).sum())
        assert row["p_value"] == pytest.approx(min(1, 2 * (fewer + 1) / 1000))
        assert row["n_draws"] == 999
        assert row["conf_low"] < row["estimate"] < row["conf_high"]


def test_tables_have_glossary_columns_and_say_how_they_were_made():
    for frame in (DRAWN.table(), DRAWN.effects("bca", 0.8)):
        assert set(frame.columns) <= set(GLOSSARY)
    assert DRAWN.effects("bca", 0.8).attrs["level"] == 0.8
    assert DRAWN.table().attrs["notes"] == ("percentile intervals from data: 999 resamples of rows, seed 3",)
    assert len(DRAWN.table()) + len(DRAWN.effects()) == len(DRAWN.terms)
    assert set(DRAWN.effects()["kind"]) == {"indirect", "total"}


def test_what_cannot_be_negative_has_no_p_value():
    table = DRAWN.table()
    signed = table["quantity"].isin(["path", "weight", "loading"])
    varies = table["std_error"] > 1e-9
    assert table.loc[~signed, "p_value"].isna().all()
    assert table.loc[signed & varies, "p_value"].notna().all()
    assert DRAWN.effects()["p_value"].notna().all()


def test_a_single_items_weight_is_one_in_every_resample_and_not_tested():
    table = DRAWN.table()
    same = table[table["quantity"].isin(["weight", "loading"]) & (table["std_error"] < 1e-9)]
    assert same["estimate"].tolist() == pytest.approx([1.0] * len(same))
    assert len(same) == 2
    assert same["p_value"].isna().all()
    assert same["undefined"].str.startswith("the same in every resample").all()


def test_a_corrected_interval_without_an_end_says_why():
    shifted = replace(DRAWN, estimates=DRAWN.draws.max(axis=0) + 1)
    table = shifted.table("bca", quantity="path")
    assert table["conf_low"].isna().all()
    assert table["undefined"].str.startswith("all resamples lie on one side").all()


def test_numbers_that_do_not_exist_have_no_draws_and_no_interval():
    table = DRAWN.table().set_index(["lhs", "rhs", "quantity"])
    for key in (("v", "", "alpha"), ("s", "", "rho_a"), ("q", "s", "htmt")):
        assert np.isnan(table.loc[key, ["estimate", "std_error", "conf_low"]].astype(float)).all()
        assert table["n_draws"][key] == 0


def test_the_weight_of_a_single_item_is_a_constant_one():
    row = DRAWN.table("bca", quantity="weight").set_index(["lhs", "rhs"]).loc["v", "v1"]
    assert (row["estimate"], row["conf_low"], row["conf_high"]) == pytest.approx((1, 1, 1), abs=1e-12)
    assert row["std_error"] == pytest.approx(0, abs=1e-12)
    assert np.isnan(row["statistic"])


def test_draws_are_found_by_name_and_unknown_names_by_their_closest():
    of_all = DRAWN.of("s", "q", quantity="indirect")
    np.testing.assert_allclose(of_all, DRAWN.of("s", "q", quantity="indirect", via="v"), rtol=1e-12)
    product = DRAWN.of("v", "q") * DRAWN.of("s", "v")
    np.testing.assert_allclose(DRAWN.of("s", "q", quantity="indirect"), product, rtol=1e-10)
    total = DRAWN.of("s", "q") + product
    np.testing.assert_allclose(DRAWN.of("s", "q", quantity="total"), total, rtol=1e-10, atol=1e-14)
    with pytest.raises(KeyError, match=r"no term 's ~ vv' \(closest: 's ~ v'\)"):
        DRAWN.of("s", "vv")
    with pytest.raises(KeyError, match=r"no term 's <~ s3 \(weight\)' \(closest: 's <~ s2 \(weight\)'"):
        DRAWN.of("s", "s3", quantity="weight")
    with pytest.raises(KeyError, match=r"no quantity 'weights' \(closest: 'weight'\)"):
        DRAWN.of("s", "s1", quantity="weights")


def test_results_are_read_only_and_hold_no_rows():
    again: PlsBootstrap = pickle.loads(pickle.dumps(DRAWN))
    np.testing.assert_array_equal(again.draws, DRAWN.draws)
    with pytest.raises(ValueError, match="read-only"):
        DRAWN.draws[0, 0] = 0
    for name in ("estimates", "draws", "acceleration", "failed", "inadmissible"):
        assert 70 not in getattr(DRAWN, name).shape


def test_failed_resamples_are_counted_and_told():
    data = DATA.assign(v1=np.where(np.arange(70) < 2, 1.0, 0.0))
    drawn = pls.bootstrap(pls.fit(MODEL, data), data, 400, seed=1)
    assert 20 < drawn.n_failed < 100  # about e**-2 of them hold neither of the two rows
    assert np.isnan(drawn.draws[drawn.failed]).all()
    told = [problem.found for problem in drawn.problems]
    assert told == [f"{drawn.n_failed} of 400 resamples have no answer"]
    assert (
        f"{drawn.n_failed} of 400 resamples have no answer and are left out"
        in drawn.table().attrs["notes"][0]
    )
    assert (drawn.table(quantity="path")["n_draws"] == 400 - drawn.n_failed).all()
    assert repr(drawn).endswith(f"400 draws, {drawn.n_failed} failed")


def test_inadmissible_resamples_are_kept_counted_and_told():
    rng = np.random.default_rng(2)
    x = rng.normal(size=60)
    y = 0.9 * x + 0.4 * rng.normal(size=60)
    data = pd.DataFrame(
        {f"{name}{i}": score + rng.normal(size=60) for name, score in (("x", x), ("y", y)) for i in (1, 2, 3)}
    )
    fit = pls.fit("x =~ x1 + x2 + x3; y =~ y1 + y2 + y3; y ~ x", data, consistent=True)
    drawn = pls.bootstrap(fit, data, 500, seed=1)
    beyond = np.abs(drawn.of("y", "x")) > 1
    assert drawn.n_inadmissible >= beyond.sum() > 5
    assert drawn.inadmissible[beyond].all()
    assert not drawn.failed[beyond].any()
    assert any(f"{drawn.n_inadmissible} of 500 resamples are inadmissible" in p.found for p in drawn.problems)
    assert "inadmissible and kept" in drawn.table().attrs["notes"][0]
    assert not pls.bootstrap(pls.fit(MODEL, DATA), DATA, 50).inadmissible.any()

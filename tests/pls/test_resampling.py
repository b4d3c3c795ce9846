import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.moments.resample_index import resample_counts

MODEL = "q =~ q1 + q2; v =~ v1; s <~ s1 + s2; v ~ q; s ~ q + v"


def survey(n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(9)
    q = rng.normal(size=n)
    v = 0.6 * q + rng.normal(size=n)
    s = 0.5 * q + 0.3 * v + rng.normal(size=n)
    noise = rng.normal(size=(n, 4))
    return pd.DataFrame(
        {"q1": q + noise[:, 0], "q2": q + noise[:, 1], "v1": v, "s1": s + noise[:, 2], "s2": s + noise[:, 3]}
    )


@pytest.mark.parametrize("scheme", ["path", "factorial", "centroid"])
def test_each_draw_is_the_fit_of_its_repeated_rows(scheme):
    data = survey()
    fit = pls.fit(MODEL, data, scheme=scheme)
    draws = pls.bootstrap(fit, data, 4, seed=1, quantities=("paths",), analysis_id="customers")
    counts = resample_counts(80, 4, 1, "customers").astype(int)
    for draw, row in zip(draws.draws, counts, strict=True):
        again = pls.fit(MODEL, data.loc[data.index.repeat(row)], scheme=scheme)
        np.testing.assert_allclose(draw, again.paths["estimate"], rtol=1e-7)
    assert [str(term) for term in draws.terms] == ["v ~ q", "s ~ q", "s ~ v"]
    assert draws.draw_source == ("customers: 4 resamples of rows, seed 1",)


def test_incomplete_rows_stay_out_of_every_resample():
    data = survey()
    data.loc[5, "v1"] = np.nan
    fit = pls.fit(MODEL, data)
    draw = pls.bootstrap(fit, data, 1, seed=1, quantities=("paths",), analysis_id="c").draws[0]
    counts = resample_counts(80, 1, 1, "c").astype(int)[0]
    again = pls.fit(MODEL, data.loc[data.index.repeat(counts)])
    np.testing.assert_allclose(draw, again.paths["estimate"], rtol=1e-7)


def test_clusters_are_drawn_whole():
    data = survey()
    clusters = np.arange(80) // 8
    fit = pls.fit(MODEL, data)
    draws = pls.bootstrap(fit, data, 2, seed=1, quantities=("paths",), analysis_id="c", clusters=clusters)
    counts = resample_counts(80, 2, 1, "c", clusters).astype(int)
    again = pls.fit(MODEL, data.loc[data.index.repeat(counts[1])])
    np.testing.assert_allclose(draws.draws[1], again.paths["estimate"], rtol=1e-7)
    assert draws.draw_source == ("c: 2 resamples of clusters, seed 1",)


def test_a_resample_in_which_an_item_is_constant_has_no_answer():
    data = survey(12).assign(v1=[1.0] + [0.0] * 11)
    draws = pls.bootstrap(pls.fit(MODEL, data), data, 200, seed=1, analysis_id="c")
    without = resample_counts(12, 200, 1, "c")[:, 0] == 0
    assert np.isnan(draws.draws[without]).all()
    assert draws.n_failed >= without.sum() > 0
    assert not np.isnan(draws.draws[~without]).all()


def test_draws_are_not_turned_towards_the_sample():
    rng = np.random.default_rng(2)
    noise = pd.DataFrame(rng.normal(size=(60, 5)), columns=["q1", "q2", "v1", "s1", "s2"])
    path = pls.bootstrap(pls.fit(MODEL, noise), noise, 300, seed=1).of("v", "q")
    assert (path < 0).any()
    assert (path > 0).any()


def test_what_no_resample_has_stands_in_the_table_with_its_reason():
    rng = np.random.default_rng(8)
    rows = pd.DataFrame(rng.normal(size=(50, 5)) + rng.normal(size=(50, 1)), columns=list("abcde"))
    fit = pls.fit("x =~ a + b; y <~ c + d; z =~ e; y ~ x; z ~ y", rows)
    table = pls.bootstrap(fit, rows, draws=30, seed=1).table()
    told = table["undefined"] != ""
    assert told.equals(table["conf_low"].isna() | (table["std_error"] < 1e-9))
    told = table[table["undefined"] != ""].set_index(["lhs", "rhs", "quantity"])["undefined"]
    assert told["z", "", "alpha"] == fit.reliability.set_index("construct")["undefined"]["z"] == "one item"
    assert told["y", "", "rho_a"] == fit.reliability.set_index("construct")["undefined"]["y"] != ""
    assert told["x", "y", "htmt"] == fit.htmt.set_index(["left", "right"])["undefined"]["x", "y"] != ""
    assert set(pls.bootstrap(fit, rows, draws=1).table(quantity="path")["undefined"]) == {
        "fewer than two resamples have it"
    }

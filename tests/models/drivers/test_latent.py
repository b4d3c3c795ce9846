from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.linear import fit_ols
from servicefx.errors import DataError
from servicefx.models.drivers import latent_drivers, relative_importance

CONSTRUCTS = {"staff care": ["s1", "s2", "s3"], "price": ["p1", "p2"], "satisfaction": ["y1", "y2"]}


def survey(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    staff = rng.normal(size=n)
    price = 0.5 * staff + np.sqrt(0.75) * rng.normal(size=n)
    satisfaction = 0.6 * staff + 0.2 * price + np.sqrt(1 - 0.36 - 0.04 - 0.12) * rng.normal(size=n)
    columns = {f"s{at}": staff + 1.2 * rng.normal(size=n) for at in (1, 2, 3)}
    columns |= {f"p{at}": price + 0.6 * rng.normal(size=n) for at in (1, 2)}
    columns |= {f"y{at}": satisfaction + 0.7 * rng.normal(size=n) for at in (1, 2)}
    return pd.DataFrame(columns)


def test_the_observed_rows_are_least_squares_on_mean_scores() -> None:
    items = survey(500, 1)
    items.loc[:4, "s1"] = np.nan
    found = latent_drivers(items, "satisfaction", CONSTRUCTS, draws=100)
    observed = found[found["kind"] == "observed"].set_index("term")
    used = items.dropna()
    scores = pd.DataFrame({name: used[names].mean(axis=1) for name, names in CONSTRUCTS.items()})
    unit = (scores - scores.mean()) / scores.std()
    drivers = ["staff care", "price"]
    fit = fit_ols(unit, "satisfaction", drivers)
    assert observed.loc[drivers, "estimate"].to_numpy() == pytest.approx(fit.coefficients[:2], abs=1e-7)
    lmg = relative_importance(scores, "satisfaction", drivers)
    assert observed.loc[drivers, "importance"].to_numpy() == pytest.approx(lmg["estimate"], abs=1e-7)
    assert observed["r2"].iloc[0] == pytest.approx(lmg["r2"].iloc[0], abs=1e-7)
    assert (found["n_obs"] == 495).all()
    assert (found["n_dropped"] == 5).all()
    assert found["kind"].tolist() == ["observed", "latent"] * 2


def test_latent_rows_undo_measurement_error() -> None:
    found = latent_drivers(survey(20_000, 2), "satisfaction", CONSTRUCTS, draws=400, seed=1)
    latent = found[found["kind"] == "latent"].set_index("term")
    assert latent.loc["staff care", "estimate"] == pytest.approx(0.6, abs=4 * 0.011)
    assert latent.loc["price", "estimate"] == pytest.approx(0.2, abs=4 * 0.011)
    first, last = np.array([0.7, 0.5]) ** 2, np.array([0.36, 0.04]) * 0.75
    true = (first + last) / 2  # lmg of two drivers; correlations with the outcome .6 + .5 * .2, .2 + .5 * .6
    assert latent["importance"].to_numpy() == pytest.approx(true, abs=0.03)
    assert (latent["importance_low"] < true).all()
    assert (true < latent["importance_high"]).all()
    observed = found[found["kind"] == "observed"].set_index("term")
    assert observed.loc["staff care", "conf_high"] < 0.6
    assert observed.loc["price", "conf_low"] > 0.2
    assert latent["importance"].sum() == pytest.approx(latent["r2"].iloc[0], abs=1e-12)


def test_intervals_of_the_observed_importance_are_near_the_bootstrap() -> None:
    items = survey(2000, 3)
    found = latent_drivers(items, "satisfaction", CONSTRUCTS, draws=2000, seed=1)
    observed = found[found["kind"] == "observed"]
    scores = pd.DataFrame({name: items[names].mean(axis=1) for name, names in CONSTRUCTS.items()})
    drawn = relative_importance(scores, "satisfaction", ["staff care", "price"], draws=2000, seed=1)
    width = observed["importance_high"].to_numpy() - observed["importance_low"].to_numpy()
    assert width == pytest.approx((drawn["conf_high"] - drawn["conf_low"]).to_numpy(), rel=0.1)


def test_single_items_stand_for_themselves() -> None:
    single = {"a": ["s1"], "b": ["p1"], "satisfaction": ["y1"]}
    found = latent_drivers(survey(300, 4), "satisfaction", single, draws=50)
    both = [found[found["kind"] == kind]["estimate"].to_numpy() for kind in ("observed", "latent")]
    assert both[0] == pytest.approx(both[1], abs=1e-9)


def test_clusters_widen_both_versions() -> None:
    items = survey(600, 5)
    shock = np.repeat(np.random.default_rng(1).normal(size=60), 10)
    items = (items.add(shock, axis=0) + 20).assign(outlet=np.repeat(np.arange(60), 10))
    plain = latent_drivers(items, "satisfaction", CONSTRUCTS, draws=0)
    found = latent_drivers(items, "satisfaction", CONSTRUCTS, cluster="outlet", draws=0)
    assert found["estimate"].to_numpy() == pytest.approx(plain["estimate"].to_numpy(), abs=1e-6)
    assert (found["std_error"].to_numpy() != plain["std_error"].to_numpy()).all()
    assert found["importance"].to_numpy() == pytest.approx(plain["importance"].to_numpy(), abs=1e-6)
    assert set(found["undefined"]) == {"no interval of importance without draws"}


REFUSED = [
    ("loyalty", CONSTRUCTS, "no construct 'loyalty'"),
    ("satisfaction", {"satisfaction": ["y1", "y2"]}, "0 constructs beside the outcome, 1 to 15 expected"),
    ("satisfaction", CONSTRUCTS | {"price": []}, "no list of items for 'price'"),
    ("satisfaction", CONSTRUCTS | {"price": ["p1", "s1"]}, "items with two places: 's1'"),
    ("satisfaction", CONSTRUCTS | {"price": ["p1", "p9"]}, "no column 'p9' (known: 's1'"),
]


@pytest.mark.parametrize(("outcome", "constructs", "message"), REFUSED)
def test_what_cannot_be_computed_is_refused_in_words(
    outcome: str, constructs: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        latent_drivers(survey(50, 1), outcome, constructs)


def test_an_item_of_another_constructs_name_and_a_cluster_of_one_change_nothing() -> None:
    items = survey(300, 2).assign(price=np.random.default_rng(3).normal(size=300), shop=np.arange(300) // 10)
    plain = latent_drivers(items, "satisfaction", CONSTRUCTS | {"care": ["price"]}, cluster="shop", draws=50)
    constructs = {"staff care": ["s1", "s2", "s3"], "shop": ["p1", "p2"], "satisfaction": ["y1", "y2"]}
    named = items.rename(columns={"p1": "staff care"})
    constructs["shop"] = ["staff care", "p2"]
    found = latent_drivers(named, "satisfaction", constructs | {"care": ["price"]}, cluster="shop", draws=50)
    for column in ("estimate", "std_error", "importance", "r2"):
        np.testing.assert_allclose(found[column], plain[column], rtol=1e-5)

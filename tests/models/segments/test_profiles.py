"""Profiles of classes undo wrong assignment; tables of assignment add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.models.segments import (
    class_assignment,
    class_posteriors,
    class_profiles,
    fit_latent_classes,
)
from servicefx.values.glossary import GLOSSARY


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 6000
    x, kind = rng.normal(size=n), rng.random(n) < 0.4
    y = np.where(kind, 1.2 * x, 1 - 0.3 * x) + 0.6 * rng.normal(size=n)
    shop = np.where(rng.random(n) < np.where(kind, 0.8, 0.2), "web", "shop")
    age = 40 + 10 * kind + 5 * rng.normal(size=n)
    outlet = rng.integers(0, 100, n)
    return pd.DataFrame({"x": x, "y": y, "shop": shop, "age": age, "kind": kind * 1.0, "outlet": outlet})


def test_profiles_are_those_of_the_true_kinds(data: pd.DataFrame) -> None:
    fit = fit_latent_classes(data, "y", ["x"], 2)
    table = class_profiles(fit, data, ["shop", "age"]).set_index(["segment", "answer", "group"])
    truth = {("shop", "web", 1): 0.2, ("shop", "web", 2): 0.8, ("age", "", 1): 40, ("age", "", 2): 50}
    for (segment, answer, k), value in truth.items():
        row = table.loc[(segment, answer, f"class: {k}")]
        margin = 0.04 if segment == "shop" else 0.6
        assert row["estimate"] == pytest.approx(value, abs=margin)
        assert abs(row["unadjusted"] - value) > 2 * margin  # assignment errs in one customer of six
        assert row["conf_low"] < row["estimate"] < row["conf_high"]
    assert table.loc[("shop", "web", "class: 1"), "overall"] == pytest.approx((data["shop"] == "web").mean())
    assert not set(table.reset_index().columns) - set(GLOSSARY)


def test_weighted_profiles_average_to_all_rows(data: pd.DataFrame) -> None:
    weights = pd.Series(np.linspace(0.5, 1.5, len(data)), name="w")
    fit = fit_latent_classes(data, "y", ["x"], 2, weights=weights)
    table = class_profiles(fit, data, ["shop"], weights=weights).set_index(["answer", "group"])
    web = table.loc["web", "estimate"].to_numpy()
    assert web @ fit.shares == pytest.approx(table.loc[("web", "class: 1"), "overall"], abs=1e-6)
    assert table.loc["web", "estimate"].to_numpy() + table.loc[
        "shop", "estimate"
    ].to_numpy() == pytest.approx(1)


def test_assignment_adds_up(data: pd.DataFrame) -> None:
    fit = fit_latent_classes(data, "y", ["x"], 2)
    table = class_assignment(fit, data).set_index("group")
    assert not set(table.columns) - set(GLOSSARY)
    assert table["n_assigned"].tolist() == [*table["n_assigned"][:2], 6000]
    assert table["n_assigned"][:2].sum() == 6000
    chances = class_posteriors(fit, data).to_numpy()
    assert table.loc["all", "mean_posterior"] == pytest.approx(chances.max(axis=1).mean())
    right = (chances.argmax(axis=1) == data["kind"]).mean()
    assert table.loc["all", "wrong_share"] == pytest.approx(1 - right, abs=0.02)


def test_clusters_widen_and_gaps_are_left_out(data: pd.DataFrame) -> None:
    nested = data.assign(age=data["age"] + 4 * np.sin(data["outlet"]))
    nested.loc[:99, "age"] = np.nan
    fit = fit_latent_classes(nested, "y", ["x"], 2)
    plain = class_profiles(fit, nested, ["age"])
    allowed = class_profiles(fit, nested, ["age"], clusters=nested["outlet"])
    assert plain["n_obs"].tolist() == [5900, 5900]
    wide, narrow = ((t["conf_high"] - t["conf_low"]).to_numpy() for t in (allowed, plain))
    assert (wide > 1.3 * narrow).all()


def test_classes_that_cannot_be_assigned_have_no_profile() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    data = pd.DataFrame({"x": x, "y": x + rng.normal(size=300), "shop": rng.integers(0, 2, 300)})
    fit = fit_latent_classes(data, "y", ["x"], 2)
    lopsided = class_assignment(fit, data)["n_assigned"].iloc[:2].min() == 0
    table = class_profiles(fit, data, ["shop"])
    assert table["estimate"].isna().all() == bool((table["undefined"] != "").all())
    assert not lopsided or table["estimate"].isna().all()
    with pytest.raises(DataError, match=r"column 'shopp' is not in the data \(closest: 'shop'\)"):
        class_profiles(fit, data, ["shopp"])

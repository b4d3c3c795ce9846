"""Latent classes and known groups on simulated samples: recovery, coverage, the number of classes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.models.sample import numeric_columns
from servicefx.models.segments import (
    adjusted_rand,
    choose_classes,
    class_posteriors,
    class_shares,
    class_slopes,
    fit_latent_classes,
    slopes_by_group,
)
from servicefx.study.study import Study, load_study

SAMPLES = 400
BAND = (0.914, 0.982)  # two-sided 99.9 % binomial band around .95 at 400 samples
CLUSTERS = 80
TRUTH = {"class: 1": (0.9, 0.1), "class: 2": (0.1, 0.8)}
SHARES = (0.62, 0.38)


def sample(
    seed: int, *, n: int = 800, kinds: bool = True, clustered: bool = False, errors: str = "normal"
) -> pd.DataFrame:
    rng = np.random.default_rng([seed, 5])
    a, b = rng.normal(size=(2, n))
    b = 0.4 * a + b
    outlet = rng.integers(0, CLUSTERS, n)
    kind = (rng.random(n) < SHARES[1]) & kinds
    slopes = np.where(kind[:, None], TRUTH["class: 2"], TRUTH["class: 1"])
    noise = rng.normal(size=n) if errors == "normal" else 2 - rng.gamma(4, 0.5, n)
    y = np.where(kind, 5.5, 4) + slopes[:, 0] * a + slopes[:, 1] * b + np.where(kind, 0.5, 0.7) * noise
    if clustered:
        twin = np.flatnonzero(rng.random(n) < 0.5)  # half the customers answer like their outlet's first
        first = np.array(
            [np.flatnonzero(outlet == k)[0] if (outlet == k).any() else 0 for k in range(CLUSTERS)]
        )
        for column in (a, b, y):
            column[twin] = column[first[outlet[twin]]]
    return pd.DataFrame({"a": a, "b": b, "y": y, "outlet": outlet})


@pytest.mark.slow
@pytest.mark.parametrize("robust", [True, False])
def test_slopes_and_shares_are_recovered_and_covered(robust: bool) -> None:
    covered, estimates, shares = np.zeros(4), [], np.zeros(2)
    truth = np.array([*TRUTH["class: 1"], *TRUTH["class: 2"]])
    for number in range(SAMPLES):
        fit = fit_latent_classes(sample(number), "y", ["a", "b"], 2, seed=number, starts=6)
        table = class_slopes(fit, robust=robust)
        table = table[table["term"] != "constant"]
        covered += (table["conf_low"].to_numpy() <= truth) & (truth <= table["conf_high"].to_numpy())
        estimates.append(table["estimate"].to_numpy())
        sizes = class_shares(fit)
        shares += (sizes["share_low"].to_numpy() <= SHARES) & (sizes["share_high"].to_numpy() >= SHARES)
    drawn = np.array(estimates)
    error = drawn.std(axis=0) / np.sqrt(SAMPLES)
    assert (
        np.abs(drawn.mean(axis=0) - truth) < 4 * error + 0.003
    ).all()  # maximum likelihood: bias of order 1/n
    for share in (covered / SAMPLES, shares / SAMPLES):
        assert (share >= BAND[0]).all(), share
        assert (share <= BAND[1]).all(), share


@pytest.mark.slow
def test_the_number_of_classes_is_found() -> None:
    two, one, skewed = Counter[str](), Counter[str](), Counter[str]()
    for number in range(40):
        for counter, options in (
            (two, {}),
            (one, {"kinds": False}),
            (skewed, {"kinds": False, "errors": "skew"}),
        ):
            data = sample(1000 + number, n=600, **options)  # type: ignore[arg-type]
            choice = choose_classes(data, "y", ["a", "b"], classes=3, starts=10, seed=number)
            counter[f"{choice.verdict} {choice.chosen.n_classes}"] += 1
    assert two["needs 2"] >= 36, two
    assert one["none 1"] >= 37, one
    assert sum(count for kind, count in skewed.items() if kind.startswith("needs")) <= 2, skewed
    assert sum(count for kind, count in skewed.items() if kind.startswith("shape")) >= 20, skewed


@pytest.mark.slow
def test_clustered_errors_cover_where_customers_are_copies() -> None:
    covered, narrow = np.zeros(4), np.zeros(4)
    truth = np.array([*TRUTH["class: 1"], *TRUTH["class: 2"]])
    for number in range(SAMPLES):
        data = sample(5000 + number, n=1200, clustered=True)
        for counts, clusters in ((covered, data["outlet"]), (narrow, None)):
            fit = fit_latent_classes(data, "y", ["a", "b"], 2, seed=number, starts=6, clusters=clusters)
            table = class_slopes(fit)
            table = table[table["term"] != "constant"]
            counts += (table["conf_low"].to_numpy() <= truth) & (truth <= table["conf_high"].to_numpy())
    assert (covered / SAMPLES > 0.85).all(), covered / SAMPLES  # 80 clusters weigh like 160 rows
    assert (narrow / SAMPLES < covered / SAMPLES - 0.05).all(), (narrow / SAMPLES, covered / SAMPLES)


@pytest.fixture(scope="module")
def after_sales(repository: Path) -> Study:
    return load_study(repository / "analyses" / "after_sales")


DIMENSIONS = ["tangibles", "reliability", "responsiveness", "assurance", "empathy", "technical_support"]


def test_products_change_what_matters_as_the_simulator_has_it(after_sales: Study, repository: Path) -> None:
    frame = numeric_columns(after_sales, "customers", ["satisfaction", *DIMENSIONS, "product_complexity"])
    found = slopes_by_group(
        frame, "satisfaction", DIMENSIONS, "product_complexity", clusters=after_sales.clusters("customers")
    )
    truth = pd.read_csv(repository / "data" / "raw" / "after_sales_truth.csv")
    truth = truth[(truth["hypothesis"] == "H18") & (truth["kind"] == "observed_score")].set_index("term")
    table = found.differences.set_index("term")
    for driver in ("responsiveness", "empathy", "reliability", "technical_support"):
        # the truth holds the other two slopes equal, which they are
        value = truth.loc[f"{driver}*product_complexity", "estimate"]
        z = (-table.loc[driver, "difference"] - value) / table.loc[driver, "std_error"]
        assert abs(z) < 3, (driver, z)
    assert table.loc["technical_support", "p_adjusted"] < 0.001
    assert table.loc["responsiveness", "p_adjusted"] < 0.01
    assert found.tests.set_index("term").loc["all", "p_value"] < 1e-5


def test_latent_classes_do_not_find_what_products_change(after_sales: Study) -> None:
    frame = numeric_columns(after_sales, "customers", ["satisfaction", *DIMENSIONS, "product_complexity"])
    choice = choose_classes(frame, "satisfaction", DIMENSIONS, classes=2)
    assert choice.verdict == "shape"  # skewed errors and a ceiling; slopes differ by a tenth of a point
    own = choice.fits[1]
    likeliest = class_posteriors(own, frame).dropna().to_numpy().argmax(axis=1)
    known = frame.dropna()["product_complexity"].to_numpy(dtype=int)
    assert abs(adjusted_rand(np.histogram2d(likeliest, known, bins=2)[0].astype(int))) < 0.02

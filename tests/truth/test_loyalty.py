"""Chances, parallel lines and curves over simulated samples whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit, ndtr

from servicefx.models.loyalty import (
    Ask,
    answers_of,
    fit_answers,
    fit_curve,
    fit_repurchase,
    marginal_effects,
    parallel_lines,
)
from servicefx.models.loyalty.parallel import ALL
from servicefx.study.study import load_study

SAMPLES = 400
BAND = (0.914, 0.982)  # two-sided 99.9 % binomial band around .95 at 400 samples
CLUSTERS = 100


def test_repurchase_of_the_after_sales_study_agrees_with_its_truth(repository: Path) -> None:
    truth = pd.read_csv(repository / "data" / "raw" / "after_sales_truth.csv")
    rows = truth[
        (truth["kind"] == "observed_score") & (truth["model"] == "logit: repurchase ~ satisfaction + loyalty")
    ].set_index("term")["estimate"]
    assert len(rows) == 2
    fit = fit_repurchase(load_study(repository / "analyses" / "after_sales"))
    found = fit.estimates.table().set_index("term")
    for term, value in rows.items():
        assert abs(found.loc[term, "estimate"] - value) < 4 * found.loc[term, "std_error"]
    # the chance's mean slope on a line is nearly least squares' (share per point)
    line = truth[
        (truth["kind"] == "observed_score") & (truth["model"] == "OLS: repurchase ~ satisfaction + loyalty")
    ].set_index("term")["estimate"]
    effects = marginal_effects(answers_of(fit), [Ask(kind="slope", term=name) for name in rows.index]).rows
    for row in effects.to_dict("records"):
        assert row["estimate"] == pytest.approx(line[row["term"]], abs=4 * row["std_error"])


def customers(rng: np.random.Generator, n: int = 800, shock: float = 0.3) -> pd.DataFrame:
    outlet = rng.integers(0, CLUSTERS, n)
    move = shock * rng.standard_normal(CLUSTERS)[outlet]
    x = np.clip(np.round(4 * (4.5 + 1.3 * rng.standard_normal(n))) / 4, 1, 7)
    return pd.DataFrame(
        {"satisfaction": x, "trust": rng.integers(1, 8, n) / 1.0, "outlet": outlet, "move": move}
    )


@pytest.mark.slow
def test_brants_test_rejects_parallel_lines_in_five_of_a_hundred_samples() -> None:
    p_values = []
    for number in range(2000):
        data = customers(np.random.default_rng([number, 71]), shock=0.0)
        latent = 0.5 * data["satisfaction"] + 0.2 * data["trust"]
        latent += np.random.default_rng([number, 72]).logistic(size=len(data))
        data["y"] = np.digitize(latent, [2, 3.2, 4.4]) + 1.0
        tests = parallel_lines(data, "y", ["satisfaction", "trust"]).tests
        p_values.append(tests.set_index(["rule", "term"])["p_value"].rename(number))
    size = (pd.concat(p_values, axis=1) <= 0.05).mean(axis=1)
    assert 0.04 <= size["Brant", ALL] <= 0.06, size
    # the others within the 99.9 % binomial band at 2,000 samples
    assert size.between(0.034, 0.067).all(), size


@pytest.mark.slow
def test_clustered_brant_keeps_its_size_where_rows_of_an_outlet_are_alike() -> None:
    rejected = np.zeros(2)
    for number in range(SAMPLES):
        rng = np.random.default_rng([number, 73])
        data = customers(rng, shock=1.0)
        data["service"] = rng.standard_normal(CLUSTERS)[data["outlet"]]
        # logistic for every customer, so that lines are parallel, and alike within an outlet
        alike = np.sqrt(0.6) * data["move"] + np.sqrt(0.4) * rng.standard_normal(len(data))
        latent = 0.5 * data["satisfaction"] + 0.3 * data["service"] + logit(ndtr(alike))
        data["y"] = np.digitize(latent, [1, 2.2, 3.4]) + 1.0
        for place, clusters in enumerate((None, data["outlet"])):
            tests = parallel_lines(data, "y", ["satisfaction", "service"], clusters=clusters).tests
            rejected[place] += tests.iloc[0]["p_value"] <= 0.05
    # two-sided 99.9 % binomial band around .05, and as much again for 100 clusters; the plain test is far off
    assert 0.018 < rejected[1] / SAMPLES < 0.12, rejected
    assert rejected[0] > 1.5 * rejected[1], rejected


@pytest.mark.slow
def test_both_intervals_of_a_mean_effect_cover_the_truth() -> None:
    big = customers(np.random.default_rng(5), n=400_000, shock=0.0)
    shock = 0.3 * np.random.default_rng(6).standard_normal((400_000, 1))

    def chance(shift: float) -> np.ndarray:
        odds = -3 + 0.5 * (big["satisfaction"] + shift) + 0.2 * big["trust"]
        return np.asarray(expit(odds.to_numpy() + shock[:, 0]))

    truth = float((chance(1.0) - chance(0.0)).mean())
    covered = np.zeros(2)
    for number in range(SAMPLES):
        rng = np.random.default_rng([number, 74])
        data = customers(rng)
        odds = -3 + 0.5 * data["satisfaction"] + 0.2 * data["trust"] + data["move"]
        data["y"] = (rng.random(len(data)) < expit(odds)).astype(float)
        fit = fit_answers(
            data, "y", ["satisfaction", "trust"], clusters=data["outlet"], draws=299, seed=number
        )
        row = marginal_effects(fit, [Ask(kind="step", term="satisfaction")]).rows.iloc[0]
        covered[0] += row["delta_low"] <= truth <= row["delta_high"]
        covered[1] += row["conf_low"] <= truth <= row["conf_high"]
    assert (covered / SAMPLES >= BAND[0] - 0.01).all(), covered / SAMPLES  # 100 clusters: a little short
    assert (covered / SAMPLES <= BAND[1]).all(), covered / SAMPLES


@pytest.mark.slow
def test_slopes_of_zones_cover_and_equal_slopes_are_rejected_as_often_as_they_should() -> None:
    covered, rejected = np.zeros(3), np.zeros(2)
    for number in range(SAMPLES):
        rng = np.random.default_rng([number, 75])
        data = customers(rng)
        noise = (0.3 + 0.05 * data["satisfaction"]) * rng.standard_normal(len(data)) + data["move"]
        bends = 0.9 * np.maximum(data["satisfaction"] - 3, 0) - 0.7 * np.maximum(data["satisfaction"] - 5, 0)
        data["bent"] = 1 + 0.2 * data["satisfaction"] + bends + noise
        data["line"] = 1 + 0.5 * data["satisfaction"] + noise
        options = {"zones": (3, 5), "clusters": data["outlet"], "draws": 199, "repeats": 1, "folds": 5}
        zones = fit_curve(data, "bent", seed=number, **options).zones
        given = zones[zones["model"] == "three zones, given"]
        truth = np.array([0.2, 1.1, 0.4])
        covered += (given["conf_low"].to_numpy() <= truth) & (truth <= given["conf_high"].to_numpy())
        rejected += fit_curve(data, "line", seed=number, **options).tests["p_value"].to_numpy() <= 0.1
    assert (covered / SAMPLES >= BAND[0] - 0.01).all(), covered / SAMPLES
    assert (covered / SAMPLES <= BAND[1] + 0.005).all(), covered / SAMPLES
    size = rejected / SAMPLES  # two-sided 99.9 % binomial band around .10 at 400 samples
    assert (size > 0.05).all(), size
    assert (size < 0.155).all(), size


@pytest.mark.slow
@pytest.mark.parametrize("binary", [False, True])
def test_bends_and_an_s_are_recovered_and_chosen(binary: bool) -> None:
    knots, ends, chosen = [], [], []
    for number in range(60):
        rng = np.random.default_rng([number, 76])
        data = customers(rng, n=6000, shock=0.0)
        x = data["satisfaction"]
        if binary:
            bent = expit(-2.5 + 2.0 * np.maximum(x - 3, 0) - 1.8 * np.maximum(x - 5, 0))
            s = 0.15 + 0.7 * expit((x - 4.5) / 0.25)
            data["bent"] = (rng.random(6000) < bent).astype(float)
            data["s"] = (rng.random(6000) < s).astype(float)
        else:
            data["bent"] = 2 + 1.5 * np.maximum(x - 3, 0) - 1.3 * np.maximum(x - 5, 0)
            data["bent"] += 0.7 * rng.standard_normal(6000)
            data["s"] = 2 + 4 * expit((x - 4.5) / 0.4) + 0.7 * rng.standard_normal(6000)
        options = {"zones": (3, 5), "draws": 60, "repeats": 2, "seed": number}
        fit = fit_curve(data, "bent", **options)
        knots.append(fit.knots["estimate"].to_numpy())
        chosen.append(fit.chosen)
        s_fit = fit_curve(data, "s", **options)
        ends.append(s_fit.chosen)
    found = np.array(knots)
    error = found.std(axis=0) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - [3, 5]) < 4 * error + 0.03).all(), (found.mean(axis=0), error)
    # shares say less: an S or a parabola, as simple or simpler, is at times not surely beaten
    share = np.mean([name == "three zones, given" for name in chosen])
    assert share >= (0.8 if binary else 0.9), chosen
    assert np.mean([name == "S-shaped between ends of its own" for name in ends]) >= 0.9, ends

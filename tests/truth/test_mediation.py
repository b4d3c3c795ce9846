"""Mediation where the answer is known: the simulated study, counterfactual means, coverage and size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom

from servicefx.models.mediation import fit_layout, mediator_confounding, natural_effects
from servicefx.study.study import load_study

DIMENSIONS = ("tangibles", "reliability", "responsiveness", "assurance", "empathy")
FIVE = " + ".join(DIMENSIONS)


def band(draws: int, level: float = 0.95) -> tuple[float, float]:
    """Two-sided 99.9 % band of the share covered."""
    low, high = binom.ppf([0.0005, 0.9995], draws, level) / draws
    return float(low), float(high)


@pytest.mark.parametrize("source", ["reliability", "assurance", "empathy"])
def test_the_simulated_study_comes_out(repository: Path, source: str) -> None:
    rows = pd.read_csv(repository / "data" / "raw" / "after_sales_truth.csv")
    observed = rows[rows["kind"] == "observed_score"].set_index(["model", "term"])["estimate"]
    loyalty = f"OLS: loyalty ~ satisfaction + trust + {FIVE}"
    routes = {
        name: observed[f"OLS: {name} ~ {FIVE}", source] * observed[loyalty, name]
        for name in ("satisfaction", "trust")
    }
    fit = fit_layout(
        load_study(repository / "analyses" / "after_sales"), source=source, outcome="loyalty",
        mediators=list(routes), covariates=[name for name in DIMENSIONS if name != source],
    )  # fmt: skip
    for name, truth in routes.items():
        found = fit.answer("indirect", (name,)).effect
        assert abs(found.estimate - truth) < 4 * found.std_error, name
    direct = fit.answer("direct").effect
    assert abs(direct.estimate - observed[loyalty, source]) < 4 * direct.std_error


def world(n: int, rng: np.random.Generator, x: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Two mediators in a row and a 0/1 outcome; with x given, everybody's own errors under that x."""
    c = rng.standard_normal(n)
    own = (rng.random(n) < expit(0.5 * c)).astype(float)
    e, u = rng.standard_normal((2, n)), rng.logistic(size=n)
    at = own if x is None else x

    def first(level: np.ndarray | float) -> np.ndarray:
        return 0.8 * level + 0.4 * c + 0.9 * e[0]

    def second(level: np.ndarray | float, before: np.ndarray) -> np.ndarray:
        return 0.3 * level + 0.5 * before - 0.2 * c + 0.7 * e[1]

    def bought(level: np.ndarray | float, m: np.ndarray, k: np.ndarray) -> np.ndarray:
        return (-0.5 + 0.4 * level + 0.6 * m + 0.8 * k + 0.3 * level * m + 0.2 * c + u > 0).astype(float)

    m = first(at)
    k = second(at, m)
    potential = {f"{d}{j}": bought(d, first(j), second(j, first(j))) for d in (0.0, 1.0) for j in (0.0, 1.0)}
    return {"x": at, "c": c, "m": m, "k": k, "y": bought(at, m, k)} | potential


@pytest.mark.slow
def test_natural_effects_are_counterfactual_means(rng: np.random.Generator) -> None:
    large = world(4_000_000, rng)
    q = {name: float(large[name].mean()) for name in ("0.00.0", "0.01.0", "1.00.0", "1.01.0")}
    truth = {
        "pure natural direct": q["1.00.0"] - q["0.00.0"],
        "total natural indirect": q["1.01.0"] - q["1.00.0"],
        "total natural direct": q["1.01.0"] - q["0.01.0"],
        "pure natural indirect": q["0.01.0"] - q["0.00.0"],
        "total": q["1.01.0"] - q["0.00.0"],
    }
    rows = world(20_000, rng)
    frame = pd.DataFrame({name: rows[name] for name in "xcmky"})
    frame["x × m"] = frame["x"] * frame["m"]
    found = natural_effects(
        frame, 6, source="x", mediators=["m", "k"], outcome="y", covariates=["c"], interaction=True, draws=200
    )
    for kind, value in truth.items():
        effect = found.answer(kind).effect
        assert abs(effect.estimate - value) < 4 * np.hypot(effect.std_error, 0.0004), kind


def linear(n: int, a: float, b: float, rng: np.random.Generator) -> pd.DataFrame:
    x = rng.standard_normal(n)
    m = a * x + rng.standard_normal(n)
    return pd.DataFrame({"x": x, "m": m, "y": b * m + 0.2 * x + rng.standard_normal(n)})


@pytest.mark.slow
def test_intervals_of_an_indirect_effect_cover(rng: np.random.Generator) -> None:
    inside = {"percentile": 0, "bca": 0}
    for _ in range(1000):
        fit = fit_layout(linear(200, 0.4, 0.4, rng), source="x", mediators=["m"], outcome="y", draws=500)
        answer = fit.answer("indirect", ("m",))
        for kind in inside:
            low, high = answer.interval(0.95, kind)
            inside[kind] += low <= 0.16 <= high
    low, high = band(1000)
    for kind, count in inside.items():
        assert low <= count / 1000 <= high, kind


@pytest.mark.slow
def test_a_zero_indirect_effect_is_rarely_found(rng: np.random.Generator) -> None:
    rejected = {"one step": 0, "both steps": 0}
    for _ in range(500):
        for name, a in (("one step", 0.4), ("both steps", 0.0)):
            fit = fit_layout(linear(200, a, 0.0, rng), source="x", mediators=["m"], outcome="y", draws=400)
            low, high = fit.answer("indirect", ("m",)).effect.interval(0.95)
            rejected[name] += low > 0 or high < 0
    low, high = band(500, 0.05)
    assert low <= rejected["one step"] / 500 <= high
    assert rejected["both steps"] / 500 < 0.05  # a product of two zeros is found less often than that


@pytest.mark.slow
def test_natural_intervals_cover(rng: np.random.Generator) -> None:
    large = world(4_000_000, rng)
    q = {name: float(large[name].mean()) for name in ("0.00.0", "1.00.0", "1.01.0")}
    truth = {
        "pure natural direct": q["1.00.0"] - q["0.00.0"],
        "total natural indirect": q["1.01.0"] - q["1.00.0"],
    }
    inside = dict.fromkeys(truth, 0)
    for _ in range(200):
        rows = world(400, rng)
        frame = pd.DataFrame({name: rows[name] for name in "xcmky"})
        found = natural_effects(
            frame, 6, source="x", mediators=["m", "k"], outcome="y", covariates=["c"], interaction=True,
            draws=200, mediators_at=(),
        )  # fmt: skip
        for kind, value in truth.items():
            low, high = found.answer(kind).effect.interval(0.95)
            inside[kind] += low <= value <= high
    low, high = band(200)
    for kind, count in inside.items():
        assert low <= count / 200 <= high, kind


def test_the_correlation_of_hidden_causes_is_where_it_vanishes(rng: np.random.Generator) -> None:
    n = 20_000
    x = rng.standard_normal(n)
    hidden = rng.standard_normal(n)
    m = 0.5 * x + 0.8 * hidden + 0.6 * rng.standard_normal(n)
    y = 0.3 * x + 0.5 * hidden + np.sqrt(0.75) * rng.standard_normal(n)  # nothing comes from m
    fit = fit_layout(
        pd.DataFrame({"x": x, "m": m, "y": y}), source="x", mediators=["m"], outcome="y", draws=200
    )
    row = mediator_confounding(fit).vanishing.iloc[0]
    error = (row["rho_high"] - row["rho_low"]) / 3.92
    assert fit.answer("indirect", ("m",)).interval()[0] > 0.1
    assert abs(row["rho"] - 0.8 * 0.5) < 4 * error
    assert row["r2_rest"] == pytest.approx(0.16, abs=0.02)  # .64 of the mediator's rest, .25 of the outcome's

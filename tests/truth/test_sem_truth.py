"""Structural models by maximum likelihood on populations whose answer is known: recovery, coverage, size."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.special import bdtr, chdtrc

from servicefx import sem
from servicefx.moments.moments import Moments

DRAWN = 1000
LOADINGS = (1.0, 0.8, 1.2)
NOISE = 0.6
"""Residual variance of every item."""
TO_G, TO_H, PAST = 0.5, 0.4, 0.2
MODEL = """
f =~ x1 + x2 + x3
g =~ y1 + y2 + y3
h =~ z1 + z2 + z3
g ~ a*f
h ~ b*g + c*f
through := a*b
total := c + a*b
"""
NAMES = [f"{name}{k}" for name in "xyz" for k in (1, 2, 3)]
VARIANCE_G = TO_G**2 + 0.75
COVARIANCE_GH = TO_H * VARIANCE_G + PAST * TO_G
VARIANCE_H = TO_H * COVARIANCE_GH + PAST * (TO_H * TO_G + PAST) + 0.6
TRUTH = {
    ("f", "=~", "x2"): LOADINGS[1],
    ("h", "=~", "z3"): LOADINGS[2],
    ("g", "~", "f"): TO_G,
    ("h", "~", "g"): TO_H,
    ("h", "~", "f"): PAST,
    ("f", "~~", "f"): 1.0,
    ("x1", "~~", "x1"): NOISE,
    ("through", ":=", "a*b"): TO_G * TO_H,
    ("total", ":=", "c + a*b"): PAST + TO_G * TO_H,
}
STANDARDISED = {
    ("f", "=~", "x2"): LOADINGS[1] / np.sqrt(LOADINGS[1] ** 2 + NOISE),
    ("g", "~", "f"): TO_G / np.sqrt(VARIANCE_G),
    ("h", "~", "g"): TO_H * np.sqrt(VARIANCE_G / VARIANCE_H),
}


def drawn(rng: np.random.Generator, n: int) -> Moments:
    f = rng.standard_normal(n)
    g = TO_G * f + np.sqrt(0.75) * rng.standard_normal(n)
    h = TO_H * g + PAST * f + np.sqrt(0.6) * rng.standard_normal(n)
    items = np.column_stack([weight * one for one in (f, g, h) for weight in LOADINGS])
    items += np.sqrt(NOISE) * rng.standard_normal((n, 9))
    mean = items.mean(axis=0)
    cov = (items - mean).T @ (items - mean) / n
    return Moments(names=tuple(NAMES), n_obs=n, mean=mean, cov=(cov + cov.T) / 2)


@cache
def replications() -> list[sem.SemFit]:
    rng = np.random.default_rng([20260101, 3])
    return [sem.fit(MODEL, drawn(rng, 500)) for _ in range(DRAWN)]


def band(n: int, share: float) -> tuple[float, float]:
    """Two-sided 99.9 % binomial band of a share at n replications."""
    below = [bdtr(hits, n, share) for hits in range(n + 1)]
    low = next(hits for hits in range(n + 1) if below[hits] > 0.0005)
    high = next(hits for hits in range(n + 1) if below[hits] >= 0.9995)
    return low / n, high / n


def check(values: np.ndarray, errors: np.ndarray, truth: float, key: object) -> None:
    """Bias below the n^-1 that maximum likelihood allows, and coverage inside the band."""
    covered = float((np.abs(values - truth) <= 1.959964 * errors).mean())
    low, high = band(DRAWN, 0.95)
    assert (low, high) == pytest.approx((0.926, 0.971), abs=1.1e-3)
    assert low <= covered <= high, (key, covered)
    spread = values.std(ddof=1)
    assert abs(values.mean() - truth) < 4 * spread / np.sqrt(DRAWN) + 0.1 * spread, key
    assert np.sqrt((errors**2).mean()) == pytest.approx(spread, rel=0.1), key


@pytest.mark.slow
def test_loadings_paths_and_indirect_effects_are_recovered_and_covered() -> None:
    frames = [fit.parameters for fit in replications()]
    keys = list(zip(frames[0]["lhs"], frames[0]["op"], frames[0]["rhs"], strict=True))
    estimate = np.array([frame["estimate"] for frame in frames])
    error = np.array([frame["std_error"] for frame in frames])
    for key, truth in TRUTH.items():
        at = keys.index(key)
        check(estimate[:, at], error[:, at], truth, key)
    estimate = np.array([frame["std_all"] for frame in frames])
    error = np.array([frame["std_all_error"] for frame in frames])
    for key, truth in STANDARDISED.items():
        at = keys.index(key)
        check(estimate[:, at], error[:, at], truth, key)


@pytest.mark.slow
def test_chi2_rejects_a_true_model_as_often_as_it_says() -> None:
    chi2 = np.array([fit.solution.test.chi2 for fit in replications()])
    p_values = chdtrc(24, chi2)
    for size in (0.05, 0.1, 0.5):
        low, high = band(DRAWN, size)
        slack = 0.01  # chi2 is an asymptotic law: n = 500
        assert low - slack <= (p_values < size).mean() <= high + slack, size
    assert chi2.mean() == pytest.approx(24, rel=0.03)


@pytest.mark.slow
def test_means_of_constructs_across_groups_are_recovered_and_covered() -> None:
    rng = np.random.default_rng([20260101, 4])
    gap, values, errors = 0.3, [], []
    for _ in range(DRAWN):
        one, other = drawn(rng, 300), drawn(rng, 200)
        shift = np.zeros(9)
        shift[:3] = gap * np.array(LOADINGS)
        other = Moments(names=other.names, n_obs=200, mean=other.mean + shift, cov=other.cov)
        fit = sem.fit("f =~ x1 + x2 + x3", {"a": one, "b": other}, group_equal=["loadings", "intercepts"])
        at = next(p.position for p in fit.model.first if p.op == "~1" and p.lhs == "f")
        values.append(fit.theta[at])
        errors.append(np.sqrt(fit.vcov[at, at]))
    check(np.array(values), np.array(errors), gap, "mean of f")

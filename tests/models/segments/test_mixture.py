"""One step of EM never lowers the likelihood; score and information are its derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from servicefx.models.segments.climbing import climbed, polished
from servicefx.models.segments.information import free_parameters, information, row_scores
from servicefx.models.segments.mixture import (
    ClassData,
    class_data,
    log_likelihoods,
    maximised,
    posteriors,
)
from servicefx.models.segments.starts import class_starts

CASES = [(False, 0), (True, 0), (False, 2), (True, 1)]  # shared slopes, columns of membership


def made(rng: np.random.Generator, shared: bool, members: int, n: int = 400) -> ClassData:
    terms = rng.normal(size=(n, 2))
    kind = rng.random(n) < 0.4
    outcome = np.where(kind, terms[:, 0] * 1.5, 1 - terms[:, 1]) + rng.normal(size=n) * np.where(kind, 0.5, 1)
    membership = rng.normal(size=(n, members)) + 0.8 * kind[:, None]
    return class_data(terms, outcome / 1.5, membership, rng.uniform(0.4, 1.6, n), 0.1, shared)


@pytest.mark.parametrize(("shared", "members"), CASES)
@pytest.mark.parametrize("resampled", [False, True])
def test_the_likelihood_never_falls(
    shared: bool, members: int, resampled: bool, rng: np.random.Generator
) -> None:
    data = made(rng, shared, members)
    parameters = class_starts(data, 3, 8, 1)
    counts = rng.poisson(1.0, (8, data.n_obs)).astype(float) if resampled else None
    path = []
    for _ in range(40):
        likelihood, parameters = maximised(data, parameters, counts)
        path.append(likelihood)
    gains = np.diff(np.array(path), axis=0)
    assert gains.min() > -1e-8  # rounding of a sum of 400 logs
    assert gains.sum(axis=0).min() > 1


@pytest.mark.parametrize(("shared", "members"), CASES)
def test_accelerated_cycles_and_newton_steps_never_fall_either(
    shared: bool, members: int, rng: np.random.Generator
) -> None:
    data = made(rng, shared, members)
    parameters = class_starts(data, 2, 5, 1)
    last = log_likelihoods(data, parameters)
    for _ in range(6):
        parameters, likelihood = climbed(data, parameters, 1)
        assert (likelihood - last).min() > -1e-8
        last = likelihood
    top, likelihood_top, converged = polished(data, parameters[0])
    assert converged
    assert likelihood_top >= last[0] - 1e-9
    assert likelihood_top == pytest.approx(log_likelihoods(data, top[None])[0], abs=1e-9)
    free = free_parameters(data, top)
    assert np.abs(free.T @ information(data, top).score).max() < 1e-3


@pytest.mark.parametrize(("shared", "members"), CASES)
def test_score_and_information_are_derivatives_of_the_likelihood(
    shared: bool, members: int, rng: np.random.Generator
) -> None:
    data = made(rng, shared, members)
    at = rng.normal(scale=0.4, size=(3, 3 + 1 + 1 + members))
    found = information(data, at)
    step = 1e-5
    score, curvature = np.empty(at.size), np.empty((at.size, at.size))
    for place in range(at.size):
        moved = np.zeros(at.size)
        moved[place] = step
        up, down = (at.ravel() + moved).reshape(at.shape), (at.ravel() - moved).reshape(at.shape)
        score[place] = np.diff(log_likelihoods(data, np.array([down, up])))[0] / (2 * step)
        curvature[place] = -(information(data, up).score - information(data, down).score) / (2 * step)
    assert found.score == pytest.approx(score, rel=1e-6, abs=1e-5)
    assert found.observed == pytest.approx(curvature, rel=1e-6, abs=1e-5)
    assert row_scores(data, at) @ data.weights == pytest.approx(found.score)


def test_a_resample_is_the_same_rows_repeated(rng: np.random.Generator) -> None:
    data = made(rng, False, 1)
    counts = rng.poisson(1.0, data.n_obs)
    rows = np.repeat(np.arange(data.n_obs), counts)
    repeated = ClassData(
        columns=data.columns[:, rows], products=data.products[rows], membership=data.membership[:, rows],
        weights=data.weights[rows], floor=data.floor, shared=False,
    )  # fmt: skip
    start = class_starts(data, 2, 2, 3)
    for ours, theirs in zip(
        maximised(data, start, np.repeat(counts[None].astype(float), 2, axis=0)),
        maximised(repeated, start),
        strict=True,
    ):
        assert ours == pytest.approx(theirs)


def test_chances_sum_to_one_and_the_floor_holds(rng: np.random.Generator) -> None:
    data = made(rng, False, 0)
    start = class_starts(data, 3, 6, 1)
    start[:, 0, data.n_terms] = -9.0
    after = maximised(data, start)[1]
    known = np.isfinite(after).all(axis=(1, 2))
    assert (after[known][..., data.n_terms] >= np.log(0.1) - 1e-12).all()
    chances, _ = posteriors(data, after[known])
    assert chances.sum(axis=1) == pytest.approx(1)


def test_a_class_without_rows_ends_its_start_and_no_other(rng: np.random.Generator) -> None:
    data = made(rng, False, 0)
    start = class_starts(data, 2, 3, 1)
    start[1, 0, 0] = 1e4
    likelihood = climbed(data, start, 2)[1]
    assert np.isfinite(likelihood).tolist() == [True, False, True]

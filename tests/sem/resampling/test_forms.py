"""Slopes of the factor form are those of the dense form, and these those of the likelihood itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.sem.estimation import fit
from servicefx.sem.estimators.likelihood import Likelihood, target_of
from servicefx.sem.resampling.dense_form import DenseForm
from servicefx.sem.resampling.factor_form import factor_form
from servicefx.sem.resampling.search import refitted
from servicefx.sem.resampling.target import definite, inverses, resampled
from servicefx.sem.sem_fit import SemFit
from servicefx.sem.structure.layout import layout_of

CFA = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6"


def sample(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    f = rng.standard_normal((n, 1))
    g = 0.5 * f + rng.standard_normal((n, 1))
    frame = pd.DataFrame(
        np.hstack([f, f, f, g, g, g]) + rng.standard_normal((n, 6)), columns=[f"x{k}" for k in range(1, 7)]
    )
    frame["school"] = np.where(rng.random(n) < 0.4, "a", "b")
    return frame


def moments_of(fitted: SemFit, draws: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    groups, p = len(fitted.model.groups), len(fitted.model.items)
    rows = rng.standard_normal((draws, groups, 50, p)) @ np.linalg.cholesky(fitted.solution.moments[0].cov).T
    mean = rows.mean(axis=2)
    away = rows - mean[:, :, None]
    return mean, np.swapaxes(away, 2, 3) @ away / 50, np.tile(np.arange(1.0, groups + 1), (draws, 1))


FACTOR_MODELS = [
    (CFA, {}),
    (CFA, {"std_lv": True}),
    (CFA + "\ng ~ f", {"meanstructure": True}),
    (CFA + "\ng ~ f\nx1 ~~ 0.5*x1\nx2 ~~ a*x2\nx3 ~~ a*x3", {}),
    (CFA + "\nx1 ~ 0*1\nf ~ 1\nx4 ~ 0*1\ng ~ 1", {}),
    (CFA, {"group": "school", "group_equal": ("loadings", "intercepts")}),
    ("f =~ x1 + c(1, NA)*x2 + x3\ng =~ x4 + x5 + c(0.5, NA)*x6\nf ~~ c(0, NA)*g", {"group": "school"}),
]


@pytest.mark.parametrize(("model", "choices"), FACTOR_MODELS)
def test_factor_form_gives_what_the_dense_form_gives(model: str, choices: dict[str, object]) -> None:
    fitted = fit(model, sample(), **choices)
    layout = layout_of(fitted.model)
    form, dense = factor_form(layout), DenseForm(layout=layout)
    assert form is not None
    mean, cov, total = moments_of(fitted, 4)
    target = resampled(layout, cov, mean, total)
    theta = fitted.theta + np.random.default_rng(3).normal(0, 0.03, (4, len(fitted.theta)))
    np.testing.assert_allclose(form.gradient(theta, target), dense.gradient(theta, target), atol=1e-12)
    for got, expected in zip(form.variances(theta, target), dense.variances(theta, target), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("model", "choices"), [*FACTOR_MODELS, ("f =~ x1 + x2 + x3\ng =~ x4 + x5\nx1 ~~ x4\nf ~ x6\ng ~ f", {})]
)
def test_dense_slopes_are_those_of_the_likelihood(model: str, choices: dict[str, object]) -> None:
    fitted = fit(model, sample(), **choices)
    layout = layout_of(fitted.model)
    mean, cov, total = moments_of(fitted, 2)
    target = resampled(layout, cov, mean, total)
    gradient = DenseForm(layout=layout).gradient(np.tile(fitted.theta, (2, 1)), target)
    for draw in range(2):
        one = target.at(slice(draw, draw + 1)).layout
        held = one if not len(layout.sampled) else fitted.solution.layout
        if len(layout.sampled):
            from dataclasses import replace

            held = replace(layout, base_directed=one.base_directed[0], base_symmetric=one.base_symmetric[0])
        likelihood = Likelihood.of(
            held,
            target_of(
                list(cov[draw]), list(mean[draw]), list(total[draw]), with_means=layout.constant is not None
            ),
        )
        _, state = likelihood.evaluate(fitted.theta)
        assert state is not None
        np.testing.assert_allclose(gradient[draw], likelihood.derivatives(state, exact=False)[0], atol=1e-11)


@pytest.mark.parametrize(
    "model", [CFA + "\nx1 ~~ x4", "x1 ~ x2", "f =~ x1 + x2 + x3\nf ~ x4", CFA + "\nx1 ~~ 0*x1"]
)
def test_models_with_more_than_factors_have_no_factor_form(model: str) -> None:
    fitted = fit(model, sample())
    assert factor_form(layout_of(fitted.model)) is None


def test_a_singular_matrix_spoils_no_other() -> None:
    stack = np.array([np.eye(2), np.zeros((2, 2)), 2 * np.eye(2)])
    found = inverses(stack)
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[[0, 2]], [np.eye(2), np.eye(2) / 2])
    assert definite(stack[:, None]).tolist() == [True, False, True]
    stack[0, 0, 0] = np.nan
    assert definite(stack[:, None]).tolist() == [False, False, True]


def test_a_resample_that_has_no_minimum_is_not_called_done_and_leaves_the_others_alone() -> None:
    fitted = fit(CFA, sample())
    layout = fitted.solution.layout
    mean, cov, total = moments_of(fitted, 3)
    bad = cov.copy()
    bad[1] = np.diag(np.arange(1.0, 7.0)) * -1.0
    form, inverse = factor_form(layout), fitted.vcov * fitted.n_obs
    assert form is not None
    with np.errstate(all="ignore"):
        theta, done = refitted(form, resampled(layout, bad, mean, total), fitted.theta, inverse, None)
        fine, both = refitted(form, resampled(layout, cov, mean, total), fitted.theta, inverse, None)
    assert done.tolist() == [True, False, True]
    assert both.all()
    np.testing.assert_allclose(theta[[0, 2]], fine[[0, 2]], atol=1e-7)

"""Derivatives by the small products of `structure.derivatives` against difference quotients."""

from __future__ import annotations

import numpy as np
import pytest

from servicefx.sem.estimators.likelihood import Likelihood, target_of
from servicefx.sem.structure.completion import complete_model
from servicefx.sem.structure.constraints import constraint_of, defined_gradient, defined_values
from servicefx.sem.structure.counting import constraint_rank, moments_and_free
from servicefx.sem.structure.derivatives import jacobian
from servicefx.sem.structure.layout import Layout, layout_of
from servicefx.sem.structure.matrices import implied
from servicefx.sem.structure.sem_model import SemModel
from servicefx.syntax.parser import parse_model

Floats = np.ndarray
TEXT = """
f =~ x1 + a*x2 + x3
g =~ x4 + a*x5 + x6 + x1
g ~ b*f
x2 ~~ x5
x6 ~ x3
f ~ g2
g2 ~ x7
"""


def made(text: str = TEXT, *, groups: int = 2, means: bool = True) -> tuple[SemModel, Layout]:
    labels = tuple(str(g) for g in range(groups)) if groups > 1 else ("",)
    model = complete_model(
        parse_model(text),
        groups=labels,
        means=means,
        fixed_x=False,
        group_equal=("loadings",) if groups > 1 else (),
    )
    return model, layout_of(model)


def values(model: SemModel, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    theta = rng.uniform(-0.4, 0.4, model.n_positions)
    for p in model.first:
        if p.op == "~~" and p.lhs == p.rhs:
            theta[p.position] = rng.uniform(1.0, 2.0)
        elif p.op == "=~":
            theta[p.position] = rng.uniform(0.5, 1.2)
    return theta


def quotient(function: object, theta: Floats, step: float = 1e-6) -> Floats:
    columns = []
    for at in range(len(theta)):
        move = np.zeros(len(theta))
        move[at] = step
        columns.append((function(theta + move) - function(theta - move)) / (2 * step))  # type: ignore[operator]
    return np.stack(columns, axis=-1)


def likelihood_of(model: SemModel, layout: Layout) -> Likelihood:
    rng = np.random.default_rng(5)
    p = len(model.items)
    covs, means = [], []
    for _ in model.groups:
        rows = rng.normal(size=(60, p)) @ (np.eye(p) + 0.3)
        covs.append(np.cov(rows.T, ddof=0))
        means.append(rows.mean(axis=0))
    counts = [40.0, 60.0][: len(model.groups)]
    return Likelihood.of(layout, target_of(covs, means, counts, with_means=model.means))


@pytest.mark.parametrize(("groups", "means"), [(1, False), (1, True), (2, True)])
def test_slopes_of_the_implied_moments(groups: int, means: bool) -> None:
    model, layout = made(groups=groups, means=means)
    theta = values(model)
    numeric = quotient(lambda t: implied(layout, t).sigma, theta)
    by_cell = jacobian(layout, implied(layout, theta))
    for g in range(groups):
        np.testing.assert_allclose(layout.by_group(by_cell[g], g), numeric[g], atol=1e-7)


@pytest.mark.parametrize(("groups", "means"), [(1, False), (1, True), (2, True)])
def test_gradient_and_exact_hessian_of_the_likelihood(groups: int, means: bool) -> None:
    model, layout = made(groups=groups, means=means)
    likelihood, theta = likelihood_of(model, layout), values(model)

    def gradient(t: Floats) -> Floats:
        state = likelihood.evaluate(t)[1]
        assert state is not None
        return likelihood.derivatives(state, exact=False)[0]

    state = likelihood.evaluate(theta)[1]
    assert state is not None
    found, hessian = likelihood.derivatives(state, exact=True)
    value = quotient(lambda t: np.array(likelihood.evaluate(t)[0] / 2), theta)
    np.testing.assert_allclose(found, value, atol=1e-7)
    np.testing.assert_allclose(hessian, quotient(gradient, theta), atol=1e-6)


def test_the_expected_hessian_is_the_exact_one_at_a_perfect_fit() -> None:
    model, layout = made()
    theta = values(model)
    sigma, p = implied(layout, theta).sigma, len(model.items)
    means = [one[:p, p] for one in sigma]
    covs = [one[:p, :p] - np.outer(one[:p, p], one[:p, p]) for one in sigma]
    likelihood = Likelihood.of(layout, target_of(covs, means, [50.0, 50.0], with_means=True))
    value, state = likelihood.evaluate(theta)
    assert state is not None
    assert value == pytest.approx(0.0, abs=1e-12)
    expected, exact = (likelihood.derivatives(state, exact=kind)[1] for kind in (False, True))
    np.testing.assert_allclose(expected, exact, atol=1e-10)


def test_many_values_at_once_are_the_same_as_one_by_one() -> None:
    model, layout = made()
    many = np.array([values(model, seed) for seed in range(4)])
    joint = implied(layout, many).sigma
    for one, sigma in zip(many, joint, strict=True):
        np.testing.assert_allclose(implied(layout, one).sigma, sigma, atol=1e-12)


def test_a_shift_of_the_means_leaves_the_covariances() -> None:
    model, layout = made(groups=1)
    theta, p = values(model), len(model.items)
    shift = np.arange(1.0, p + 1)[None, :]
    plain, moved = implied(layout, theta).sigma[0], implied(layout, theta, shift=shift).sigma[0]
    np.testing.assert_allclose(moved[:p, p], plain[:p, p] - shift[0], atol=1e-12)
    centred = [one[:p, :p] - np.outer(one[:p, p], one[:p, p]) for one in (plain, moved)]
    np.testing.assert_allclose(centred[0], centred[1], atol=1e-10)


def test_constraints_and_definitions_have_exact_slopes() -> None:
    text = "y ~ a*x + b*z\nw ~ c*y\nd := exp(a)*b\ne := d/c + 1\na^2 == b\nd == c*2"
    model = complete_model(parse_model(text))
    theta = values(model) + 0.9
    constraint = constraint_of(model)
    assert constraint is not None
    np.testing.assert_allclose(constraint(theta)[1], quotient(lambda t: constraint(t)[0], theta), atol=1e-7)
    numeric = quotient(lambda t: np.array(list(defined_values(model, t).values())), theta)
    np.testing.assert_allclose(defined_gradient(model, theta), numeric, atol=1e-7)
    unit = np.linspace(0.5, 4.0, len(theta))
    scaled = constraint_of(model, unit)
    assert scaled is not None
    np.testing.assert_allclose(scaled(theta / unit)[0], constraint(theta)[0])
    np.testing.assert_allclose(scaled(theta / unit)[1], constraint(theta)[1] * unit)


def test_repeated_constraints_count_once() -> None:
    text = "f =~ x1 + a*x2 + b*x3 + c*x4\na == b\nb == a\na == c"
    model = complete_model(parse_model(text))
    assert constraint_rank(model) == 2
    assert moments_and_free(model) == (10, 8 - 2)

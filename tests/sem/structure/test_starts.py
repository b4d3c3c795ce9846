from __future__ import annotations

import numpy as np
import pytest

from servicefx import sem
from servicefx.moments.moments import Moments
from servicefx.sem.population import stated_moments
from servicefx.sem.structure.completion import complete_model
from servicefx.sem.structure.layout import layout_of
from servicefx.sem.structure.starts import plain_start, start_values
from servicefx.syntax.parser import parse_model

TRUTH = (
    "f =~ x1 + 0.8*x2 + 0.6*x3\ng =~ x4 + 1.3*x5 + 0.9*x6\ng ~ 0.5*f\nf ~~ 0.7*f\ng ~~ 0.4*g\n"
    + "\n".join(f"x{k} ~~ 0.5*x{k}" for k in range(1, 7))
)
MODEL = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\ng ~ f"


def population() -> Moments:
    return stated_moments(parse_model(TRUTH))


def test_loadings_of_exact_moments_are_found_in_closed_form() -> None:
    model = complete_model(parse_model(MODEL))
    data = population().subset(model.items)
    start = start_values(model, layout_of(model), data.cov[None], None, np.ones(model.n_positions))
    found = {p.text: start[p.position] for p in model.first}
    assert found["f =~ x2"] == pytest.approx(0.8)
    assert found["g =~ x5"] == pytest.approx(1.3)
    assert found["f ~~ f"] == pytest.approx(0.7)
    assert found["x3 ~~ x3"] == pytest.approx(0.5)


def test_the_readers_own_start_is_kept() -> None:
    model = complete_model(parse_model(MODEL.replace("x2", "start(3)*x2")))
    data = population().subset(model.items)
    unit = np.full(model.n_positions, 4.0)
    for function in (start_values, plain_start):
        start = function(model, layout_of(model), data.cov[None], None, unit)
        at = next(p.position for p in model.first if p.text == "f =~ x2")
        assert start[at] == pytest.approx(0.75)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_bad_starts_do_not_change_the_answer(unit: float) -> None:
    data = population()
    sample = Moments(names=data.names, n_obs=200, mean=None, cov=data.cov * unit**2)
    plain = sem.fit(MODEL, sample)
    moved = sem.fit(MODEL.replace("x2", "start(-2)*x2"), sample)
    np.testing.assert_allclose(moved.theta, plain.theta, rtol=1e-6)


def test_means_begin_at_least_squares() -> None:
    model = complete_model(parse_model("f =~ x1 + x2 + x3\nf ~ 1\nx1 ~ 0*1"), means=True)
    data = population().subset(model.items)
    mean = np.array([[5.0, 3.0, 7.0]])
    start = start_values(model, layout_of(model), data.cov[None], mean, np.ones(model.n_positions))
    found = {p.text: start[p.position] for p in model.first}
    assert found["f ~ 1"] == pytest.approx(5.0)
    assert found["x2 ~ 1"] == pytest.approx(3.0 - 0.8 * 5.0)

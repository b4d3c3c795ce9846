import numpy as np
import pytest

from servicefx.sem.model import complete_model
from servicefx.sem.path_draws import PathDraws, structural_draws
from servicefx.sem.structural_fit import StructuralFit
from servicefx.syntax.parser import parse_model

MODEL = complete_model(parse_model("f =~ x1 + x2; g =~ y1 + y2; h =~ z1; g ~ 0.5*f; h ~ f + g"))


def fitted(name: str = "chain") -> StructuralFit:
    texts = [cell.text for cell in MODEL.free]
    covariance = np.diag(np.full(len(texts), 1.0))
    f, g = texts.index("h ~ f"), texts.index("h ~ g")
    covariance[f, g] = covariance[g, f] = -0.6
    return StructuralFit(
        name=name,
        model=MODEL,
        n_obs=100,
        values=np.array([{"h ~ f": 2.0, "h ~ g": 3.0}.get(c.text, c.fixed or 0.5) for c in MODEL.cells]),
        covariance=covariance,
        measures={},
    )


def test_draws_have_the_mean_and_covariance_of_the_fit():
    draws = structural_draws(fitted(), 40_000, seed=1)
    both = np.column_stack([draws.of("h", "f"), draws.of("h", "g")])
    # five Monte Carlo errors of a mean and of a covariance at 40,000 draws
    np.testing.assert_allclose(both.mean(axis=0), [2.0, 3.0], atol=0.025)
    np.testing.assert_allclose(np.cov(both.T), [[1.0, -0.6], [-0.6, 1.0]], atol=0.036)


def test_fixed_paths_do_not_move():
    assert set(structural_draws(fitted(), 10, seed=1).of("g", "f")) == {0.5}


def test_draws_are_labelled_as_parametric():
    draws = structural_draws(fitted(), 10, seed=1)
    assert draws.kind == "parametric: jointly normal, expected information"
    assert draws.draw_source == ("parametric draws of chain",)
    assert draws.n_failed == 0


def test_a_seed_repeats_and_another_seed_or_fit_differs():
    first = structural_draws(fitted(), 5, seed=1).draws
    assert (first == structural_draws(fitted(), 5, seed=1).draws).all()
    assert (first != structural_draws(fitted(), 5, seed=2).draws).any()
    assert (first != structural_draws(fitted("other"), 5, seed=1).draws).any()


def test_an_unknown_path_is_refused_with_those_known():
    with pytest.raises(KeyError, match=r"no path 'f ~ g' \(known: 'g ~ f', 'h ~ f', 'h ~ g'\)"):
        structural_draws(fitted(), 5, seed=1).of("f", "g")


def test_failed_draws_are_counted():
    draws = PathDraws(
        paths=(("g", "f"),), draws=np.array([[1.0], [np.nan]]), draw_source=("d",), kind="bootstrap: rows"
    )
    assert draws.n_failed == 1

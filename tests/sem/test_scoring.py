import numpy as np
import pytest

from servicefx.errors import ConvergenceError, IdentificationError
from servicefx.sem.implied import implied
from servicefx.sem.model import complete_model
from servicefx.sem.scoring import all_values, plain_start, scored_to_minimum
from servicefx.syntax.parser import parse_model


def one_factor(loadings: list[float]) -> np.ndarray:
    loading = np.array(loadings)
    return np.outer(loading, loading) + np.diag(1 - loading**2)


def test_population_values_are_found_from_a_plain_start():
    model = complete_model(parse_model("f =~ x1 + x2 + x3 + x4"))
    sample = one_factor([0.8, 0.7, -0.6, 0.5])
    free, _ = scored_to_minimum(model, [plain_start(model, sample)], sample, "m")
    found = dict(zip([cell.text for cell in model.free], free, strict=True))
    assert found["f ~~ f"] == pytest.approx(0.64)
    assert found["f =~ x3"] == pytest.approx(-0.75)
    assert found["x4 ~~ x4"] == pytest.approx(0.75)


def test_a_variance_may_become_negative():
    model = complete_model(parse_model("f =~ x1 + x2 + x3"))
    sample = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, 0.7], [0.9, 0.7, 1.0]])
    free, at = scored_to_minimum(model, [plain_start(model, sample)], sample, "m")
    assert free[[cell.text for cell in model.free].index("x1 ~~ x1")] == pytest.approx(1 - 0.81 / 0.7)
    np.testing.assert_allclose(at.sigma, sample, atol=1e-8)


def test_a_second_start_is_tried_where_the_first_is_improper():
    model = complete_model(parse_model("f =~ x1 + x2 + x3 + x4"))
    sample = one_factor([0.8, 0.7, 0.6, 0.5])
    improper = -plain_start(model, sample)
    free, _ = scored_to_minimum(model, [improper, plain_start(model, sample)], sample, "m")
    np.testing.assert_allclose(implied(model, all_values(model, free)).sigma, sample, atol=1e-8)
    with pytest.raises(ConvergenceError, match="m: the gradient stays at inf, 1e-9 expected"):
        scored_to_minimum(model, [improper], sample, "m")


def test_parameters_that_cannot_be_told_apart_are_named():
    # two constructs with two items each that do not correlate: df 1, but only products are known
    model = complete_model(parse_model("f =~ x1 + x2; g =~ y1 + y2; f ~~ 0*g"))
    sample = np.eye(4)
    sample[0, 1] = sample[1, 0] = sample[2, 3] = sample[3, 2] = 0.5
    with pytest.raises(
        IdentificationError, match=r"ECSI: the data cannot tell these parameters apart: '[fg] =~ [xy]2'"
    ):
        scored_to_minimum(model, [plain_start(model, sample)], sample, "ECSI")

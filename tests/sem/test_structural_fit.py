import pickle

import numpy as np
import pytest

from servicefx.sem.model import complete_model
from servicefx.sem.structural_fit import StructuralFit, standardised
from servicefx.syntax.parser import parse_model
from servicefx.values.glossary import GLOSSARY

MODEL = complete_model(parse_model("f =~ x1 + x2; g =~ y1 + y2; h =~ z1; g ~ 0.5*f; h ~ f + g"))
VALUES = {
    "f =~ x2": 2.0, "g =~ y2": 1.0, "h ~ f": 1.0, "h ~ g": -1.0, "f ~~ f": 4.0, "g ~~ g": 3.0, "h ~~ h": 2.0,
    "x1 ~~ x1": 1.0, "x2 ~~ x2": 9.0, "y1 ~~ y1": 4.0, "y2 ~~ y2": 1.0,
}  # fmt: skip


def fitted(**changed: float) -> StructuralFit:
    values = VALUES | {key.replace("_on_", " ~ ").replace("_with_", " ~~ "): v for key, v in changed.items()}
    q = len(MODEL.free)
    return StructuralFit(
        name="made up",
        model=MODEL,
        n_obs=100,
        values=np.array([values.get(cell.text, cell.fixed) for cell in MODEL.cells]),
        covariance=np.diag(np.arange(1.0, q + 1)),
        measures={"df": 3.0},
    )


def cell(fit: StructuralFit, text: str, column: str) -> float:
    frame = fit.parameters
    return float(frame.loc[frame.lhs + " " + frame.op + " " + frame.rhs == text, column].iloc[0])


def test_every_column_is_in_the_glossary():
    assert set(fitted().parameters.columns) <= set(GLOSSARY)
    assert set(fitted().r2.columns) <= set(GLOSSARY)


def test_fixed_cells_have_no_error_and_free_ones_a_normal_interval():
    fit = fitted()
    assert np.isnan(cell(fit, "g ~ f", "std_error"))
    error = cell(fit, "h ~ f", "std_error")
    assert cell(fit, "h ~ f", "conf_high") == pytest.approx(1.0 + 1.959964 * error)
    assert fit.table(level=0.5)["conf_high"][1] < fit.parameters["conf_high"][1]


def test_standardised_values_are_in_standard_deviations():
    fit = fitted()
    # var f 4, var g .25 * 4 + 3 = 4, cov(f, g) = 2, var h = 4 + 4 - 2 * 2 + 2 = 6
    assert cell(fit, "g ~ f", "std_all") == pytest.approx(0.5)
    assert cell(fit, "h ~ g", "std_all") == pytest.approx(-2 / np.sqrt(6))
    assert cell(fit, "f =~ x2", "std_all") == pytest.approx(4 / 5)
    assert cell(fit, "g ~~ g", "std_all") == pytest.approx(0.75)


def test_explained_shares_are_one_minus_the_residual_share():
    shares = fitted().r2.set_index("outcome")["estimate"]
    assert shares["h"] == pytest.approx(1 - 2 / 6)
    assert shares["z1"] == pytest.approx(1.0)
    assert "f" not in shares.index


def test_construct_correlations_are_those_implied():
    assert fitted().construct_correlations.loc["g", "f"] == pytest.approx(0.5)


def test_a_sound_solution_has_no_problem():
    assert fitted().problems == ()


def test_a_negative_variance_is_named():
    found = [str(problem) for problem in fitted(y2_with_y2=-0.25).problems]
    assert (
        "made up: the residual variance of 'y2' is estimated as -0.25, a variance is never negative"
        in found[0]
    )


def test_improper_constructs_are_named():
    found = [problem.found for problem in fitted(g_with_g=-0.9, h_with_h=2.0).problems]
    assert found[0].startswith("the residual variance of 'g' is estimated as -0.9")
    assert "the covariances of the constructs are not positive definite" in " ".join(
        problem.found for problem in fitted(g_with_g=-1.5).problems
    )


def test_a_standardised_value_beyond_one_is_named():
    found = [problem.found for problem in fitted(h_on_f=9.0, h_on_g=-8.0).problems]
    # var h = 81 * 4 + 64 * 4 - 2 * 72 * 2 + 2 = 294
    assert found == [f"the standardised value of 'h ~ f' is {18 / 294**0.5:.4g}, beyond 1"]


def test_estimates_are_the_paths_of_each_explained_construct():
    g, h = fitted().estimates()
    assert (g.outcome, g.terms, g.undefined["f"]) == ("g", ("f",), "fixed at 0.5")
    assert np.isnan(g.covariance).all()
    assert (h.outcome, h.terms, h.coefficients.tolist()) == ("h", ("f", "g"), [1.0, -1.0])
    at = [[c.text for c in MODEL.free].index(text) + 1.0 for text in ("h ~ f", "h ~ g")]
    np.testing.assert_allclose(h.covariance, np.diag(at))


def test_a_correlation_with_a_negative_variance_is_not_a_number():
    model = complete_model(parse_model("f =~ x1 + x2 + x3; x1 ~~ x2"))
    values = np.array([-0.5 if c.text == "x1 ~~ x1" else 0.5 for c in model.cells])
    texts = [c.text for c in model.cells]
    assert np.isnan(standardised(model, values)[texts.index("x1 ~~ x2")])


def test_a_fit_pickles_and_its_arrays_are_read_only():
    fit = pickle.loads(pickle.dumps(fitted()))
    with pytest.raises(ValueError, match="read-only"):
        fitted().values[0] = 3.0
    assert fit.parameters.equals(fitted().parameters)


def test_shapes_that_do_not_agree_are_refused():
    with pytest.raises(ValueError, match=r"11 free, need values \(16,\)"):
        StructuralFit(
            name="m", model=MODEL, n_obs=5, values=np.zeros(2), covariance=np.zeros((1, 1)), measures={}
        )

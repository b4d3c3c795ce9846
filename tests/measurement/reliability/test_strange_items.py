from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import IdentificationError
from servicefx.measurement.factor_model import fit_one_factor
from servicefx.measurement.reliability import item_statistics, mcdonald_omega, reliability_table
from servicefx.measurement.reliability.one_factor import fit_one_factor_batch


def doublet(others: int, together: float) -> np.ndarray:
    """One factor, and two items that nearly repeat one another beside it."""
    loadings = np.r_[0.5, 0.5, np.linspace(0.4, 0.7, others)]
    R = np.outer(loadings, loadings)
    R[0, 1] = R[1, 0] = together
    np.fill_diagonal(R, 1.0)
    return R


def discrepancy(R: np.ndarray, loadings: np.ndarray, psi: np.ndarray) -> float:
    ratio = np.linalg.solve(np.outer(loadings, loadings) + np.diag(psi), R)
    return float(np.trace(ratio) - np.linalg.slogdet(ratio)[1] - len(R))


# each of the two solvers, started in one place, ended at the higher minimum of one of these
@pytest.mark.parametrize(
    ("others", "together", "least"), [(11, 0.998, 1.7232781), (18, 0.98, 2.8994909), (18, 0.998, 3.4118529)]
)
def test_of_two_minima_both_solvers_take_the_lower(others: int, together: float, least: float) -> None:
    R = doublet(others, together)
    many = fit_one_factor_batch(np.stack([R, 4 * R]))
    single = fit_one_factor(R)
    assert many.solved.all()
    assert discrepancy(R, many.loadings[0], many.uniquenesses[0]) == pytest.approx(least, abs=1e-6)
    assert single.discrepancy == pytest.approx(least, abs=1e-6)
    np.testing.assert_allclose(many.loadings[0], single.loadings, atol=1e-5)
    np.testing.assert_allclose(many.loadings[1], 2 * many.loadings[0], rtol=1e-8)


def test_a_uniqueness_on_its_way_to_zero_is_no_solution() -> None:
    # three items have a closed form: l1² = r12 r13 / r23 = 1.03, yet the log uniqueness is flat near zero
    R = np.array([[1, 0.272, -0.304], [0.272, 1, -0.080], [-0.304, -0.080, 1]])
    assert R[0, 1] * R[0, 2] / R[1, 2] > 1
    fit = fit_one_factor_batch(R[None])
    assert not fit.solved[0]
    assert fit.heywood.tolist() == [0]
    with pytest.raises(IdentificationError, match="Heywood case: 'item 1'"):
        mcdonald_omega(R)


def test_a_small_uniqueness_is_still_a_solution() -> None:
    loadings = np.array([np.sqrt(1 - 2e-5), 0.6, 0.5, 0.4])
    R = np.outer(loadings, loadings)
    np.fill_diagonal(R, 1.0)
    fit = fit_one_factor_batch(R[None])
    assert fit.solved[0]
    # the search ends at a flat log uniqueness: 1e-8 of the variance
    np.testing.assert_allclose(fit.uniquenesses[0], 1 - loadings**2, atol=1e-7)


@pytest.mark.parametrize("units", [[1, 1, 1], [1e-6, 1e-6, 1e-6], [3e4, 3e-4, 3e-6]])
def test_item_statistics_hold_in_any_units(units: list[float], rng: np.random.Generator) -> None:
    common = rng.standard_normal((200, 1))
    answers = pd.DataFrame((common + rng.standard_normal((200, 3))) * units, columns=["a", "b", "c"])
    table = item_statistics(answers).set_index("item")
    for item in answers:
        rest = answers.drop(columns=item).sum(axis=1)
        assert table.loc[item, "item_rest"] == pytest.approx(np.corrcoef(answers[item], rest)[0, 1], rel=1e-9)
        whole = answers.sum(axis=1)
        assert table.loc[item, "item_total"] == pytest.approx(np.corrcoef(answers[item], whole)[0, 1])
    assert (table["undefined"] == "").all()


def test_resamples_in_which_an_item_does_not_vary_are_not_counted(rng: np.random.Generator) -> None:
    rows = pd.DataFrame(rng.standard_normal((60, 1)) + rng.standard_normal((60, 3)), columns=["a", "b", "c"])
    rows["a"] = np.where(np.arange(60) == 0, 4.1, 5.3)  # one person answers otherwise
    table = reliability_table(rows, {"trust": ["a", "b", "c"]}, draws=400, seed=1).set_index("measure")
    left = table.loc["alpha_standardised", "n_draws"]
    assert 0.58 < left / 400 < 0.68  # a row is drawn with probability 1 - 1/e
    assert (table.loc[["alpha", "split_half", "lambda6"], "n_draws"] == left).all()

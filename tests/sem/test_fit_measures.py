from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.sem.fit_measures import fit_measures, rmsea_interval, undefined_measures

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = [("holzinger", "cfa"), ("holzinger", "paths"), ("holzinger", "second_order")]
CASES.append(("political_democracy", "bollen"))


def matrices(case: str, model: str) -> tuple[np.ndarray, np.ndarray, pd.Series]:
    """Sample covariances, those implied by lavaan's own estimates, and lavaan's measures."""
    from servicefx.sem.implied import implied
    from servicefx.sem.model import complete_model
    from servicefx.syntax.parser import parse_model

    folder = GOLDEN / case
    sem = complete_model(parse_model((folder / f"{model}.lav").read_text()))
    expected = pd.read_csv(folder / "expected.csv").query("model == @model")
    estimate = {(r.lhs, r.op, r.rhs): r.estimate for r in expected.itertuples()}
    values = np.array([estimate[(cell.lhs, cell.op, cell.rhs)] for cell in sem.cells])
    data = pd.read_csv(folder / "data.csv")[list(sem.items)]
    measures = pd.read_csv(folder / "measures.csv").query("model == @model").set_index("measure")
    return np.cov(data.T, ddof=0), implied(sem, values).sigma, measures["estimate"]


@pytest.mark.parametrize(("case", "model"), CASES)
def test_every_measure_is_lavaans_at_lavaans_estimates(case, model):
    sample, sigma, expected = matrices(case, model)
    n_obs, n_free = int(expected["n_obs"]), int(expected["n_free"])
    measures = fit_measures(sample, sigma, n_obs=n_obs, n_free=n_free)
    assert list(measures) == [name for name in expected.index if not name.startswith("r2_")]
    # both evaluate the same closed forms; lavaan's interval comes from a root search with tolerance 1e-6
    for name, value in measures.items():
        assert value == pytest.approx(expected[name], rel=1e-6, abs=1e-9), name
    assert undefined_measures(measures) == {}


def test_a_model_without_degrees_of_freedom_says_why_it_has_no_test():
    S = np.array([[1.0, 0.3], [0.3, 1.0]])
    measures = fit_measures(S, S, n_obs=50, n_free=3)
    reason = "the model has no degree of freedom, so that nothing is left to test"
    assert undefined_measures(measures) == {"p_value": reason, "rmsea_close": reason}
    assert [measures[name] for name in ("chi2", "cfi", "tli", "rmsea", "rmsea_high")] == [0, 1, 1, 0, 0]


def test_a_fit_better_than_its_degrees_of_freedom_has_rmsea_zero_and_cfi_one():
    S = np.array([[1.0, 0.3, 0.3], [0.3, 1.0, 0.3], [0.3, 0.3, 1.0]])
    measures = fit_measures(S, S, n_obs=200, n_free=4)
    assert (measures["rmsea"], measures["rmsea_low"], measures["cfi"]) == (0.0, 0.0, 1.0)


def test_rmsea_interval_of_a_huge_sample_is_finite_and_ordered():
    low, high = rmsea_interval(2.5e6, 100, 10_000_000)
    assert 0 < low < np.sqrt((2.5e6 - 100) / (100 * 1e7)) < high

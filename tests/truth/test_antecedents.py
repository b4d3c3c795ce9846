"""The chain from staff, process and support to satisfaction against the truth of the simulated study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import bdtr

from servicefx.models.antecedents import latent_system, observed_system, service_chain
from servicefx.models.antecedents.decomposition import decompose
from servicefx.models.antecedents.observed import system_coefficients
from servicefx.moments.resample import resampled_covariances
from servicefx.moments.resample_index import resample_counts
from servicefx.study.after_sales.parameters import CUSTOMER
from servicefx.study.study import Study, load_study

ANTECEDENTS = ["staff_quality", "process", "technical_support"]
DIMENSIONS = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]


@pytest.fixture(scope="module")
def study(repository: Path) -> Study:
    return load_study(repository / "analyses" / "after_sales")


@pytest.fixture(scope="module")
def truth(repository: Path) -> pd.DataFrame:
    return pd.read_csv(repository / "data" / "raw" / "after_sales_truth.csv")


def test_equations_of_the_chain_are_the_true_regressions(study: Study, truth: pd.DataFrame) -> None:
    chain = service_chain(study)
    system, _ = observed_system(study, chain)
    names = list(system.names)
    models = {name: f"OLS: {name} ~ {' + '.join(ANTECEDENTS)}" for name in DIMENSIONS}
    models["perceived_value"] = f"OLS: perceived_value ~ {' + '.join(DIMENSIONS)}"
    for explained, model in models.items():
        slopes = truth[truth["model"] == model].set_index("term")["estimate"].drop("r_squared")
        for term, value in slopes.items():
            place = names.index(explained), names.index(term)
            error = system.draws[:, place[0], place[1]].std(ddof=1)
            assert abs(system.coefficients[place] - value) < 4 * error, (explained, term)


def test_total_effect_of_process_is_that_of_the_intervention_once_error_is_taken_away(
    study: Study, truth: pd.DataFrame
) -> None:
    chain = service_chain(study)
    system, _ = latent_system(study, chain)
    found = system.decomposed(chain.antecedents, chain.mediators, "satisfaction")
    moved = truth[truth["model"] == "intervene: process +0.5"].set_index("outcome")["estimate"]
    effect = found.effect("process")
    assert abs(effect.estimate - moved["satisfaction"] / moved["process"]) < 4 * effect.std_error


def test_constructs_give_the_structure_back_and_no_direct_effect_where_there_is_none(study: Study) -> None:
    chain = service_chain(study)
    system, fit = latent_system(study, chain)
    names = list(system.names)
    loading = fit.parameters[fit.parameters["op"] == "=~"].groupby("lhs")["estimate"].first()
    assert (loading == 1).all()  # the metric is that of the first items
    for name in DIMENSIONS:
        for cause in ANTECEDENTS:
            place = names.index(name), names.index(cause)
            error = system.draws[:, place[0], place[1]].std(ddof=1)
            gap = system.coefficients[place] - CUSTOMER[f"{cause}->{name}"]
            assert abs(gap) < 4 * error + 0.03, (name, cause)  # first items load about 1, not exactly 1
    found = system.decomposed(chain.antecedents, chain.mediators, "satisfaction")
    for name in ("staff_quality", "process"):
        low, high = found.effect(name, "direct").interval(0.99)
        assert low < 0 < high
    own = found.effect("technical_support", "direct")  # .15 where the product is complex, about half of them
    assert own.interval(0.99)[0] > 0
    assert abs(own.estimate - 0.5 * CUSTOMER["technical_support*product_complexity->satisfaction"]) < 0.06


@pytest.mark.slow
def test_indirect_effects_and_shares_cover() -> None:
    names = ["a", "b", "m", "n", "y"]
    true = np.zeros((5, 5))
    true[2, :2], true[3, :2], true[4, :4] = (0.5, 0.2), (0.2, 0.4), (0.1, 0.05, 0.4, 0.3)
    equations = {"m": ["a", "b"], "n": ["a", "b"], "y": ["a", "b", "m", "n"]}
    parts, _ = decompose(true, true[None], names, ["a", "b"], ["m", "n"], "y")
    samples, hits = 500, np.zeros((2, 3))
    share_hits = 0
    for number in range(samples):
        rng = np.random.default_rng([number, 3])
        data = np.zeros((250, 5))
        data[:, :2] = rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], 250)
        for row in (2, 3, 4):
            data[:, row] = data @ true[row] + rng.normal(size=250)
        draws = system_coefficients(
            resampled_covariances(data, resample_counts(250, 400, number, "t")), names, equations
        )
        _, drawn = decompose(true, draws, names, ["a", "b"], ["m", "n"], "y")
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        hits += (low <= parts) & (parts <= high)
        shares = drawn[:, 0] / drawn[:, 0].sum(axis=1, keepdims=True)
        ends = np.quantile(shares[:, 0], [0.025, 0.975])
        share_hits += bool(ends[0] <= parts[0, 0] / parts[0].sum() <= ends[1])
    below = np.array([bdtr(k, samples, 0.95) for k in range(samples + 1)])
    lowest, highest = np.argmax(below > 0.0005), np.argmax(below >= 0.9995)
    assert ((lowest <= hits) & (hits <= highest)).all(), hits / samples
    assert lowest <= share_hits <= highest

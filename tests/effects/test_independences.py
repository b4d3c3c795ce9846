"""Partial correlations and the test of a graph's independences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.effects.adjustment import control_roles
from servicefx.effects.graph import declared_graph
from servicefx.effects.independences import independence_tests, partial_correlation
from servicefx.errors import DataError
from servicefx.values.glossary import GLOSSARY

CHAIN = declared_graph([("x", "m"), ("m", "y"), ("z", "y")])


def chain_data(rng: np.random.Generator, n: int, direct: float = 0.0) -> pd.DataFrame:
    x, z = rng.normal(size=(2, n))
    m = 0.6 * x + rng.standard_t(5, n)
    y = 0.5 * m + 0.3 * z + direct * x + rng.normal(size=n) * (0.5 + 0.3 * np.abs(m))
    return pd.DataFrame({"x": x, "m": m, "y": y, "z": z})


def by_inverse(values: np.ndarray, weights: np.ndarray) -> float:
    """Partial correlation of the first two columns from the inverse covariance, weighted."""
    inverse = np.linalg.inv(np.cov(values.T, aweights=weights))
    return float(-inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1]))


@pytest.mark.parametrize("weighted", [False, True])
def test_error_is_that_of_every_row_taken_a_little_less_seriously(
    rng: np.random.Generator, weighted: bool
) -> None:
    data = chain_data(rng, 150, 0.4)
    values = data[["x", "y", "m"]].to_numpy()
    weights = rng.uniform(0.5, 2, 150) if weighted else np.ones(150)
    found = partial_correlation(
        data, "x", "y", ("m",), weights=pd.Series(weights, name="w") if weighted else None
    )
    assert found["estimate"] == pytest.approx(by_inverse(values, weights), abs=1e-12)
    step = 1e-5
    plain = by_inverse(values, weights)
    moved = [by_inverse(values, weights + step * weights * (np.arange(150) == i)) for i in range(150)]
    influence = (np.array(moved) - plain) / step
    expected = np.sqrt((influence**2).sum() * 150 / (150 - 1 - 3))
    assert found["std_error"] == pytest.approx(expected, rel=2e-4)


def test_interval_keeps_its_level_with_unequal_errors(rng: np.random.Generator) -> None:
    draws = [partial_correlation(chain_data(rng, 250), "x", "y", ("m",)) for _ in range(1500)]
    covered = np.mean([draw["conf_low"] <= 0 <= draw["conf_high"] for draw in draws])
    rejected = np.mean([draw["p_value"] < 0.05 for draw in draws])
    assert 0.926 < covered < 0.968  # 99.9 % binomial band around .95 at 1,500 draws, .005 wider for n = 250
    assert covered == pytest.approx(1 - rejected)


def test_clusters_widen_the_interval_as_they_should(rng: np.random.Generator) -> None:
    covered = []
    for _ in range(600):
        outlet = np.repeat(np.arange(40), 8)
        x, m, y = rng.normal(size=(3, 320)) + 0.8 * rng.normal(size=(3, 40))[:, outlet]
        data = pd.DataFrame({"x": x, "y": y, "m": m})
        found = partial_correlation(data, "x", "y", ("m",), clusters=pd.Series(outlet, name="outlet"))
        covered.append(found["conf_low"] <= 0 <= found["conf_high"])
    assert (
        0.91 < np.mean(covered) < 0.98
    )  # 99.9 % band of 600 draws is .921-.975; 40 clusters take a little more


def test_data_from_the_graph_speak_not_against_it_and_others_do(rng: np.random.Generator) -> None:
    calm = independence_tests(CHAIN, chain_data(rng, 2000))
    assert set(zip(calm["left"], calm["right"], calm["given"], strict=True)) == {
        ("x", "y", "m"), ("x", "z", ""), ("m", "z", ""),
    }  # fmt: skip
    assert set(calm["verdict"]) == {"undecided"}
    loud = independence_tests(CHAIN, chain_data(rng, 2000, direct=0.5))
    assert loud.iloc[0][["left", "right", "verdict"]].tolist() == ["x", "y", "contradicted"]
    assert loud["p_value"].is_monotonic_increasing
    assert (loud["p_adjusted"] >= loud["p_value"]).all()


def test_what_cannot_be_tested_has_its_reason(rng: np.random.Generator) -> None:
    data = chain_data(rng, 100).assign(z=1.0)
    table = independence_tests(CHAIN, data).set_index(["left", "right"])
    assert "'z' has the same value" in table.loc[("x", "z"), "undefined"]
    assert np.isnan(table.loc[("x", "z"), "estimate"])
    assert table.loc[("x", "z"), "verdict"] == ""
    assert table.loc[("x", "y"), "undefined"] == ""
    with pytest.raises(DataError, match=r"node 'm' has no column in the data"):
        independence_tests(CHAIN, data.drop(columns="m"))
    with pytest.raises(DataError, match="3 complete rows, at least 7 expected"):
        partial_correlation(data.head(3), "x", "y", ("m",))


def test_a_graph_without_missing_arrows_implies_nothing(rng: np.random.Generator) -> None:
    graph = declared_graph([("x", "m"), ("m", "y"), ("x", "y")])
    table = independence_tests(graph, chain_data(rng, 50))
    assert table.empty
    assert "p_adjusted" in table.columns


def test_its_tables_speak_the_glossary(rng: np.random.Generator) -> None:
    roles = control_roles(CHAIN, "x", "y", ["m", "z"])
    for table in (independence_tests(CHAIN, chain_data(rng, 50)), roles):
        assert set(table.columns) <= set(GLOSSARY)

"""Independences judged without item error and by size: every verdict from data made to deserve it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from servicefx.effects.graph import declared_graph
from servicefx.effects.independences import independence_tests
from servicefx.effects.judged_independences import judged_independences
from servicefx.effects.node_values import NodeValues, values_of
from servicefx.values.glossary import GLOSSARY

CHAIN = declared_graph([("x", "m"), ("m", "y")])


def chain(
    rng: np.random.Generator, n: int, direct: float = 0.0, noise: float = 0.9, unknown: tuple[str, ...] = ()
) -> NodeValues:
    x = rng.standard_normal(n)
    m = 0.8 * x + rng.standard_normal(n)
    y = 0.8 * m + direct * x + rng.standard_normal(n)
    items = {
        name: pd.DataFrame(felt[:, None] + noise * rng.standard_normal((n, 3)))
        for name, felt in {"x": x, "m": m, "y": y}.items()
    }
    scores = pd.DataFrame({name: answers.mean(axis=1) for name, answers in items.items()})
    return values_of(scores, {n: a for n, a in items.items() if n not in unknown}, unknown=unknown)


@pytest.mark.parametrize(
    ("n", "direct", "unknown", "verdict"),
    [
        (4000, 0.0, (), "attenuated"),
        (4000, 0.5, (), "contradicted"),
        (60_000, 0.06, (), "small"),
        (4000, 0.0, ("m",), "not_judged"),
        (4000, 0.5, ("m",), "not_judged"),
        (60, 0.0, (), "undecided"),
    ],
)
def test_each_verdict_is_given_where_it_is_deserved(
    rng: np.random.Generator, n: int, direct: float, unknown: tuple[str, ...], verdict: str
) -> None:
    table = judged_independences(CHAIN, chain(rng, n, direct, unknown=unknown))
    row = table.iloc[0]
    assert (row["left"], row["right"], row["given"]) == ("x", "y", "m")
    assert row["verdict"] == verdict
    if verdict == "not_judged":
        assert row["undefined"] == "nothing tells the error of 'm'"
        assert np.isnan(row["freed"])
        assert row["p_adjusted"] < 0.001  # significant, and still no evidence against the graph
    if verdict == "attenuated":
        assert row["p_adjusted"] < 0.05 < row["freed_p_adjusted"]


def test_exact_nodes_are_judged_as_they_stand(rng: np.random.Generator) -> None:
    values = chain(rng, 3000, noise=0.0)
    exact = values_of(pd.DataFrame(values.scores, columns=values.names))
    row = judged_independences(CHAIN, exact).iloc[0]
    assert row["verdict"] == "near_zero"
    assert row["freed"] == row["estimate"]
    other = judged_independences(CHAIN, exact, size=0.001).iloc[0]
    assert other["verdict"] == "undecided"


def test_figures_are_those_of_the_plain_tests_and_corrections_those_of_scipy(
    rng: np.random.Generator,
) -> None:
    graph = declared_graph([("x", "m"), ("m", "y"), ("z", "y")])
    data = pd.DataFrame(rng.standard_normal((500, 4)), columns=["x", "m", "y", "z"])
    data["m"] += 0.5 * data["x"]
    data["z"] += 0.2 * data["x"]
    ours = judged_independences(graph, values_of(data)).set_index(["left", "right"])
    plain = independence_tests(graph, data).set_index(["left", "right"])
    assert len(ours) == 3
    for name in ("estimate", "conf_low", "conf_high", "p_value", "n_obs"):
        assert ours[name].to_dict() == pytest.approx(plain[name].to_dict(), abs=1e-12)
    corrected = false_discovery_control(ours["p_value"].to_numpy(dtype=float))
    assert ours["p_adjusted"].to_numpy(dtype=float) == pytest.approx(corrected)
    assert ours["freed"].abs().is_monotonic_decreasing
    assert ours.index[0] == ("x", "z")
    assert ours.iloc[0]["verdict"] == "contradicted"


def test_a_node_without_values_has_its_reason_and_no_verdict(rng: np.random.Generator) -> None:
    values = chain(rng, 300)
    scores = pd.DataFrame(values.scores, columns=values.names).drop(columns="y")
    table = judged_independences(CHAIN, values_of(scores, refused={"y": "3 groups"}))
    assert table[["verdict", "undefined"]].to_numpy().tolist() == [["", "'y': 3 groups"]]


def test_a_graph_without_independences_makes_an_empty_table(rng: np.random.Generator) -> None:
    full = declared_graph([("x", "m"), ("m", "y"), ("x", "y")])
    table = judged_independences(full, chain(rng, 50))
    assert table.empty
    assert set(table.columns) <= set(GLOSSARY)


def test_a_right_graph_is_hardly_ever_contradicted_and_its_scores_are(rng: np.random.Generator) -> None:
    verdicts = [judged_independences(CHAIN, chain(rng, 400)).iloc[0] for _ in range(300)]
    against = np.mean([row["verdict"] in ("contradicted", "small") for row in verdicts])
    assert against < 0.10  # .05, plus the 99.9 % binomial margin of 300 draws
    assert np.mean([row["p_value"] < 0.05 for row in verdicts]) > 0.2


def test_a_small_correlation_with_a_wide_interval_stays_undecided(rng: np.random.Generator) -> None:
    a, b = np.linalg.qr(rng.normal(size=(60, 2)))[0].T
    values = values_of(pd.DataFrame({"a": a, "b": b + 0.02 * a}))
    row = judged_independences(declared_graph([], nodes=["a", "b"]), values).iloc[0]
    assert abs(row["estimate"]) < 0.1 < row["conf_high"] - row["conf_low"]
    assert row["verdict"] == "undecided"

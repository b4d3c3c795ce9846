"""Total and direct effects, open ways and counts of sets, against linear models and brute force."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pandas as pd
import pytest

from servicefx.effects.adjustment import adjustment_sets, is_adjustment_set
from servicefx.effects.graph import CausalGraph, declared_graph
from servicefx.effects.identified import (
    Answered,
    answered_effect,
    count_adjustment_sets,
    direct_sets,
    open_back_door,
    rests_on_no_tie,
)
from servicefx.errors import StudyError


def random_graph(rng: np.random.Generator) -> CausalGraph:
    names = [f"n{place}" for place in range(6)]
    share = rng.uniform(0.3, 0.6)
    arrows = [pair for pair in combinations(names, 2) if rng.random() < share]
    latent = [str(name) for name in rng.choice(names[:-1], int(rng.integers(0, 3)), replace=False)]
    return declared_graph(arrows, nodes=names, latent=latent)


def linear_model(
    graph: CausalGraph, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Covariances, arrows' coefficients and total effects (rows: effect) of a random linear model."""
    names = list(graph.nodes)
    weights = pd.DataFrame(0.0, index=names, columns=names)
    for child, parents in graph.parents.items():
        for parent in parents:
            weights.loc[child, parent] = rng.uniform(0.3, 1.5) * rng.choice([-1, 1])
    total = np.linalg.inv(np.eye(6) - weights.to_numpy())
    cov = total @ np.diag(rng.uniform(0.5, 2, 6)) @ total.T
    return (
        pd.DataFrame(cov, index=names, columns=names),
        weights,
        pd.DataFrame(total, index=names, columns=names),
    )


def subsets(names: list[str]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(names, size) for size in range(len(names) + 1)))


def test_what_is_answered_is_what_the_regression_of_a_linear_model_gives(rng: np.random.Generator) -> None:
    seen = {"total": 0, "direct": 0, "none": 0}
    for _ in range(18):
        graph = random_graph(rng)
        for cause, effect in combinations(graph.observed, 2):
            models = [linear_model(graph, rng) for _ in range(2)]
            others = [name for name in graph.observed if name not in (cause, effect)]
            valid = []
            for given in subsets(others):
                terms = [cause, *given]
                slopes = [
                    np.linalg.solve(cov.loc[terms, terms], cov.loc[terms, effect])[0] for cov, *_ in models
                ]
                is_total = np.allclose(slopes, [model[2].loc[effect, cause] for model in models], atol=1e-8)
                is_direct = np.allclose(slopes, [model[1].loc[effect, cause] for model in models], atol=1e-8)
                answered = answered_effect(graph, cause, effect, given)
                if cause in graph.parents[effect]:
                    assert answered == ("total" if is_total else "direct" if is_direct else "none")
                    valid += [set(given)] if is_direct else []
                elif answered == "total":
                    assert is_total
                seen[answered] += 1
            if cause in graph.parents[effect]:
                smallest = {frozenset(one) for one in valid if not any(other < one for other in valid)}
                assert {frozenset(one) for one in direct_sets(graph, cause, effect)} == smallest
            else:
                assert direct_sets(graph, cause, effect) == ()
    assert min(seen.values()) > 40


def test_sets_are_counted_as_one_by_one(rng: np.random.Generator) -> None:
    counts = []
    for _ in range(60):
        graph = random_graph(rng)
        for cause, effect in combinations(graph.observed, 2):
            expected = len(adjustment_sets(graph, cause, effect, kind="all"))
            assert count_adjustment_sets(graph, cause, effect) == expected
            counts.append(expected)
    assert max(counts) >= 8
    assert min(counts) == 0


def test_too_many_nodes_are_not_counted() -> None:
    graph = declared_graph([("x", "y"), *((f"z{place}", "y") for place in range(17))])
    assert count_adjustment_sets(graph, "x", "y") is None
    assert count_adjustment_sets(graph, "x", "y", most=17) == 2**17


def test_a_way_left_open_is_named_and_none_where_all_are_closed() -> None:
    graph = declared_graph([("z", "x"), ("z", "y"), ("x", "y"), ("x", "m"), ("m", "y")])
    assert open_back_door(graph, "x", "y", []) == ("x", "←", "z", "→", "y")
    assert open_back_door(graph, "x", "y", ["z"]) == ()
    assert is_adjustment_set(graph, "x", "y", ["z"])


def test_a_descendant_of_the_effect_answers_nothing() -> None:
    graph = declared_graph([("x", "y"), ("y", "z")])
    assert answered_effect(graph, "x", "y", ["z"]) == "none"
    with pytest.raises(StudyError, match="'w' is not in the graph"):
        answered_effect(graph, "x", "y", ["w"])


@pytest.mark.parametrize(
    ("pair", "given", "answers", "rests"),
    [
        (("z", "c"), (), "total", True),  # an unmeasured cause of both opens x ← z ↔ c → y
        (("z", "c"), ("z",), "total", False),
        (("x", "c"), (), "total", True),
        (("z", "m"), ("z",), "total", False),  # closed again by what is held
        (("m", "y2"), (), "total", False),  # both after the cause: nothing opens
        (("z", "y2"), (), "total", False),  # a common effect nobody holds
        (("c", "m"), ("m", "c"), "direct", False),
        (("c", "m"), ("m",), "direct", True),  # holding m would open x → m ↔ c → y
    ],
)
def test_a_comparison_rests_on_the_ties_that_would_undo_it(
    pair: tuple[str, str], given: tuple[str, ...], answers: Answered, rests: bool
) -> None:
    graph = declared_graph([("z", "x"), ("x", "m"), ("m", "y"), ("x", "y"), ("c", "y"), ("m", "y2")])
    assert answered_effect(graph, "x", "y", given) == answers
    assert rests_on_no_tie(graph, "x", "y", given, answers, pair) is not rests

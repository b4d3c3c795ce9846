"""Causal graphs against their definitions: every path walked, every regression of a linear model solved."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pandas as pd
import pytest

from servicefx.effects.adjustment import (
    adjustment_sets,
    control_roles,
    instruments,
    is_adjustment_set,
)
from servicefx.effects.graph import CausalGraph, d_separated, declared_graph, open_path
from servicefx.effects.independences import implied_independences
from servicefx.effects.separators import minimal_separators
from servicefx.errors import StudyError


def random_graph(rng: np.random.Generator, size: int, share: float, n_latent: int) -> CausalGraph:
    names = [f"n{i}" for i in range(size)]
    arrows = [pair for pair in combinations(names, 2) if rng.random() < share]
    latent = [str(name) for name in rng.choice(names[:-1], n_latent, replace=False)]
    return declared_graph(arrows, nodes=names, latent=latent)


def subsets(names: list[str]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(names, k) for k in range(len(names) + 1)))


def separated_by_definition(graph: CausalGraph, left: str, right: str, given: set[str]) -> bool:
    """Pearl's definition: every path without a repeated node is blocked."""

    def walk(path: list[str]) -> bool:
        if path[-1] == right:
            return any(blocked(*path[i : i + 3]) for i in range(len(path) - 2))
        around = graph.parents[path[-1]] | graph.children[path[-1]]
        return all(walk([*path, node]) for node in around if node not in path)

    def blocked(before: str, node: str, after: str) -> bool:
        if before in graph.parents[node] and after in graph.parents[node]:
            return not graph.descendants([node]) & given
        return node in given

    return walk([left])


def linear_model(
    graph: CausalGraph, rng: np.random.Generator
) -> tuple[pd.DataFrame, dict[tuple[str, str], float]]:
    """Covariances and total effects of a linear model with random coefficients on the graph's arrows."""
    names = list(graph.nodes)
    size = len(names)
    weights = np.zeros((size, size))
    for child, parents in graph.parents.items():
        for parent in parents:
            weights[names.index(child), names.index(parent)] = rng.uniform(0.3, 1.5) * rng.choice([-1, 1])
    total = np.linalg.inv(np.eye(size) - weights)
    cov = pd.DataFrame(total @ np.diag(rng.uniform(0.5, 2, size)) @ total.T, index=names, columns=names)
    effects = {(a, b): float(total[names.index(b), names.index(a)]) for a in names for b in names}
    return cov, effects


def coefficient(cov: pd.DataFrame, cause: str, effect: str, given: tuple[str, ...]) -> float:
    terms = [cause, *given]
    return float(np.linalg.solve(cov.loc[terms, terms], cov.loc[terms, effect])[0])


def test_d_separation_is_that_of_all_paths(rng: np.random.Generator) -> None:
    seen = {True: 0, False: 0}
    for _ in range(25):
        graph = random_graph(rng, 6, rng.uniform(0.2, 0.6), 0)
        for left, right in combinations(graph.nodes, 2):
            others = [name for name in graph.nodes if name not in (left, right)]
            for given in subsets(others):
                expected = separated_by_definition(graph, left, right, set(given))
                assert d_separated(graph, left, right, given) == expected
                seen[expected] += 1
    assert min(seen.values()) > 500


def test_adjustment_sets_are_those_whose_regression_gives_the_total_effect(rng: np.random.Generator) -> None:
    found = {"none": 0, "some": 0}
    for _ in range(70):
        graph = random_graph(rng, 6, rng.uniform(0.25, 0.6), int(rng.integers(0, 3)))
        pairs = [pair for pair in combinations(graph.observed, 2) if graph.on_causal_paths(*pair)]
        for cause, effect in pairs:
            models = [linear_model(graph, rng) for _ in range(2)]
            others = [name for name in graph.observed if name not in (cause, effect)]
            right = [
                one
                for one in subsets(others)
                if all(
                    abs(coefficient(cov, cause, effect, one) - effects[cause, effect]) < 1e-8
                    for cov, effects in models
                )
            ]
            ours = adjustment_sets(graph, cause, effect, kind="all")
            assert {frozenset(one) for one in ours} == {frozenset(one) for one in right}
            smallest = {frozenset(one) for one in right if not any(set(other) < set(one) for other in right)}
            assert {frozenset(one) for one in adjustment_sets(graph, cause, effect)} == smallest
            full = adjustment_sets(graph, cause, effect, kind="full")
            assert bool(full) == bool(right)
            assert all(frozenset(one) in {frozenset(other) for other in right} for one in full)
            for one in subsets(others):
                assert is_adjustment_set(graph, cause, effect, one) == (one in right)
            found["some" if right else "none"] += 1
    assert min(found.values()) > 10


def test_separators_are_all_minimal_ones(rng: np.random.Generator) -> None:
    for _ in range(40):
        graph = random_graph(rng, 7, rng.uniform(0.2, 0.5), int(rng.integers(0, 3)))
        for left, right in combinations(graph.observed, 2):
            others = [name for name in graph.observed if name not in (left, right)]
            working = [set(one) for one in subsets(others) if d_separated(graph, left, right, one)]
            smallest = {frozenset(one) for one in working if not any(other < one for other in working)}
            ours = minimal_separators(graph, left, right, graph.observed)
            assert {frozenset(one) for one in ours} == smallest
            assert len(ours) == len(smallest)


def test_implied_independences_are_zero_partial_correlations(rng: np.random.Generator) -> None:
    implied = 0
    for _ in range(30):
        graph = random_graph(rng, 6, 0.4, 1)
        cov, _ = linear_model(graph, rng)
        pairs = {(left, right): given for left, right, given in implied_independences(graph)}
        implied += len(pairs)
        for left, right in combinations(graph.observed, 2):
            if (left, right) in pairs:
                assert abs(coefficient(cov, left, right, pairs[left, right])) < 1e-10
            else:
                others = [name for name in graph.observed if name not in (left, right)]
                assert all(abs(coefficient(cov, left, right, one)) > 1e-10 for one in subsets(others))
    assert implied > 50


def test_instruments_give_the_effect_by_their_ratio(rng: np.random.Generator) -> None:
    n_found = 0
    for _ in range(60):
        graph = random_graph(rng, 6, 0.4, 1)
        for cause, effect in combinations(graph.observed, 2):
            if effect not in graph.children[cause]:
                continue
            cov, effects = linear_model(graph, rng)
            for name, held in instruments(graph, cause, effect):
                upper = coefficient(cov, name, effect, held)
                lower = coefficient(cov, name, cause, held)
                assert upper / lower == pytest.approx(effects[cause, effect], abs=1e-8)
                n_found += 1
    assert n_found > 20


@pytest.mark.parametrize(
    ("arrows", "latent", "controls", "role", "judgement", "via"),
    [
        ([("z", "x"), ("z", "y"), ("x", "y")], [], ["z"], "needed", "pass", "x ← z → y"),
        ([("x", "z"), ("z", "y")], [], ["z"], "mediator", "fail", "x → z → y"),
        ([("x", "m"), ("m", "y"), ("m", "z")], [], ["z"], "after a mediator", "fail", "x → m → z"),
        ([("x", "y"), ("y", "z")], [], ["z"], "after the effect", "fail", "y → z"),
        ([("x", "y"), ("x", "z"), ("y", "z")], [], ["z"], "after the effect", "fail", "y → z"),
        (
            [("u", "x"), ("u", "z"), ("v", "z"), ("v", "y"), ("x", "y")], ["u", "v"], ["z"],
            "opens a path", "fail", "x ← u → z ← v → y",
        ),
        (
            [("x", "z"), ("u", "z"), ("u", "y"), ("x", "y")], ["u"], ["z"],
            "opens a path", "fail", "x → z ← u → y",
        ),
        ([("z", "x"), ("x", "y"), ("u", "x"), ("u", "y")], ["u"], ["z"], "instrument", "warn", "z → x"),
        ([("z", "y"), ("x", "y")], [], ["z"], "not needed", "pass", ""),
        (
            [("c", "x"), ("c", "y"), ("u", "x"), ("u", "z"), ("v", "z"), ("v", "y"), ("x", "y")], ["u", "v"],
            ["z"], "opens a path", "fail", "x ← u → z ← v → y",
        ),
    ],
)  # fmt: skip
def test_good_and_bad_controls_of_the_crash_course(
    arrows: list[tuple[str, str]], latent: list[str], controls: list[str], role: str, judgement: str, via: str
) -> None:
    roles = control_roles(declared_graph(arrows, latent=latent), "x", "y", controls)
    row = roles.set_index("term").loc["z"]
    assert (row["role"], row["judgement"], row["via"]) == (role, judgement, via)
    assert row["why"]


def test_an_open_path_is_spelled_out() -> None:
    graph = declared_graph([("a", "c"), ("b", "c"), ("c", "d")])
    assert open_path(graph, "a", "b") == ()
    assert open_path(graph, "a", "b", ["c"]) == ("a", "→", "c", "←", "b")
    assert open_path(graph, "a", "b", ["d"]) == ("a", "→", "c", "←", "b")


@pytest.mark.parametrize(
    ("arrows", "options", "message"),
    [
        ([("a", "b"), ("b", "c"), ("c", "a")], {}, "'a' → 'b' → 'c' → 'a' is a loop"),
        ([("a", "a")], {}, "'a' points to itself"),
        ([("a", "b")], {"latent": ["c"]}, r"latent 'c' has no arrow"),
        (["ab"], {}, "arrow 'ab', expected two names"),
    ],
)
def test_graphs_that_are_none_are_refused(
    arrows: list[tuple[str, str]], options: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        declared_graph(arrows, **options)


def test_names_that_make_no_sense_are_refused() -> None:
    graph = declared_graph([("empathy", "satisfaction"), ("u", "satisfaction")], latent=["u"])
    with pytest.raises(StudyError, match=r"'empaty' is not in the graph \(closest: 'empathy'\)"):
        d_separated(graph, "empaty", "satisfaction")
    with pytest.raises(StudyError, match="must be two nodes that are not held"):
        d_separated(graph, "empathy", "satisfaction", ["empathy"])
    with pytest.raises(StudyError, match="'u' is latent, so no data"):
        adjustment_sets(graph, "u", "satisfaction")
    with pytest.raises(StudyError, match="cause and effect are one node"):
        adjustment_sets(graph, "empathy", "empathy")
    with pytest.raises(StudyError, match="'u' is latent, or is what is asked about"):
        control_roles(graph, "empathy", "satisfaction", ["u"])


def test_too_many_sets_are_refused() -> None:
    wide = [(f"c{i}", end) for i in range(16) for end in ("x", "y")]
    graph = declared_graph([*wide, ("x", "y")])
    assert adjustment_sets(graph, "x", "y") == (tuple(sorted(f"c{i}" for i in range(16))),)
    with pytest.raises(StudyError, match="16 nodes may be held, which makes 65536 sets"):
        adjustment_sets(graph, "x", "y", kind="all")
    ladder = [(f"a{i}", f"b{i}") for i in range(10)]
    ends = [("x", f"a{i}") for i in range(10)] + [(f"b{i}", "y") for i in range(10)]
    with pytest.raises(StudyError, match="more than 500 smallest sets"):
        minimal_separators(declared_graph([*ladder, *ends]), "x", "y", [n for p in ladder for n in p])

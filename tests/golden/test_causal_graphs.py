"""Adjustment sets of published graphs against pydagitty and the figures printed with dagitty."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, combinations
from pathlib import Path

import pandas as pd
import pytest

from servicefx.effects.adjustment import adjustment_sets, is_adjustment_set
from servicefx.effects.graph import CausalGraph, declared_graph
from servicefx.effects.identified import direct_sets

FOLDER = Path(__file__).parent / "causal_graphs"
GRAPHS = ("shrier_2008", "schipf_2010", "m_bias", "butterfly", "after_sales")


def graph(name: str) -> CausalGraph:
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    arrows = [(line.split(" -> ")[0], line.split(" -> ")[1]) for line in lines if " -> " in line]
    return declared_graph(arrows, latent=[line[7:] for line in lines if line.startswith("latent ")])


@pytest.mark.parametrize("name", GRAPHS)
def test_smallest_sets_are_those_of_pydagitty(golden: Callable[[str], pd.DataFrame], name: str) -> None:
    theirs = golden("causal_graphs/sets.csv").fillna("")
    known, compared = graph(name), 0
    for (cause, effect, kind), rows in theirs[theirs["graph"] == name].groupby(["cause", "effect", "kind"]):
        if kind == "direct" and cause not in known.parents[effect]:
            continue  # an effect of no arrow is not listed here
        sets = adjustment_sets if kind == "total" else direct_sets
        expected = {frozenset(text.split()) for text in rows["set"] if text != "no set"}
        assert {frozenset(one) for one in sets(known, cause, effect)} == expected, (cause, effect, kind)
        compared += 1
    assert compared >= 2


def test_the_sets_dagitty_prints_for_the_graph_of_shrier_and_platt() -> None:
    """Its test suite: fitness level must be held; genetics, tissue disorder, proprioception must not."""
    known = graph("shrier_2008")
    must = "FitnessLevel"
    barred = {"Genetics", "ConnectiveTissueDisorder", "IntraGameProprioception"}
    ends = ("WarmUpExercises", "Injury")
    free = [name for name in known.observed if name not in {*barred, *ends, must}]
    subsets = chain.from_iterable(combinations(free, size) for size in range(len(free) + 1))
    valid = [{must, *one} for one in subsets if is_adjustment_set(known, *ends, [must, *one])]
    smallest = {frozenset(one) for one in valid if not any(other < one for other in valid)}
    assert smallest == {
        frozenset({"Coach", "FitnessLevel"}),
        frozenset({"FitnessLevel", "NeuromuscularFatigue", "TissueWeakness"}),
        frozenset({"FitnessLevel", "TeamMotivation"}),
    }


def test_the_sets_dagitty_prints_for_a_small_graph() -> None:
    arrows = [("S", "T"), ("h", "S"), ("i", "h"), ("i", "T"), ("x", "S"), ("x", "z"), ("z", "T")]
    sets = adjustment_sets(declared_graph(arrows), "S", "T")
    assert sets == (("h", "x"), ("h", "z"), ("i", "x"), ("i", "z"))

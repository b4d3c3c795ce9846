"""Whether the data could have contradicted what a path rests on in its graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from servicefx.effects.comparisons import ComparedPath
from servicefx.effects.graph import CausalGraph
from servicefx.effects.identified import rests_on_no_tie
from servicefx.effects.node_values import NodeValues

__all__ = ["CLUSTERS", "NARROW", "ROWS", "Blunt", "Sharpness", "is_sharp", "rests_on_any", "sharpness_of"]

NARROW = 0.30
"""Half-width below which a test could have seen a contradiction: its interval around zero then leaves out a
medium partial correlation (Cohen 1988, p. 80); a wider one would have passed that too."""

ROWS = 30
"""Rows, and `CLUSTERS` clusters, below which errors of both tests and slopes are too small by themselves
(Cameron & Miller 2015, sec. VI), so that a narrow interval says nothing."""

CLUSTERS = 10

Blunt = Literal["", "rows", "clusters", "intervals"]
"""What keeps data from contradicting: too few rows, too few clusters, intervals too wide; ``""`` nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpness:
    """Whether data could have spoken against a path.

    Attributes
    ----------
    blunt : str
        What keeps them from it.
    testable : bool
        Whether the graph implies an independence on which the comparison rests.
    n_rows : int
        Behind the comparison.
    n_clusters : int or None
        None where rows are independent.
    """

    blunt: Blunt
    testable: bool
    n_rows: int
    n_clusters: int | None


def is_sharp(tests: pd.DataFrame) -> pd.Series:
    """Which judged independences could have failed: their decisive interval is narrower than `NARROW`.

    Parameters
    ----------
    tests : DataFrame
        As `servicefx.effects.judged_independences.judged_independences`.

    Returns
    -------
    Series of bool
        False where there was no judgement; one that did fail could fail.
    """
    freed = np.isfinite(tests["freed"].astype(float))
    half = ((tests["freed_high"] - tests["freed_low"]) / 2).where(
        freed, (tests["conf_high"] - tests["conf_low"]) / 2
    )
    judged = ~tests["verdict"].isin(["", "not_judged"])
    return judged & ((half.astype(float) < NARROW) | (tests["verdict"] == "contradicted"))


def rests_on_any(graph: CausalGraph, compared: ComparedPath, pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether a path's comparison rests on one of some pairs that the graph keeps apart.

    Parameters
    ----------
    graph : CausalGraph
    compared : ComparedPath
    pairs : sequence of (str, str)

    Returns
    -------
    bool
        False too where the comparison answers nothing.
    """
    best, ends = compared.best, {compared.source, compared.outcome}
    if best.answers == "none":
        return False
    nearest = sorted(pairs, key=lambda pair: not ends & set(pair))  # likeliest first
    return any(
        not rests_on_no_tie(graph, compared.source, compared.outcome, best.given, best.answers, pair)
        for pair in nearest
    )


def sharpness_of(
    graph: CausalGraph, values: NodeValues, tests: pd.DataFrame, compared: ComparedPath
) -> Sharpness:
    """What keeps the data from contradicting a path, and whether the graph implies anything about it.

    Parameters
    ----------
    graph : CausalGraph
    values : NodeValues
    tests : DataFrame
        As `servicefx.effects.judged_independences.judged_independences`.
    compared : ComparedPath

    Returns
    -------
    Sharpness
        Where the graph implies no independence on which the path rests, intervals are not to blame.
    """
    pairs = list(zip(tests["left"].astype(str), tests["right"].astype(str), strict=True))
    sharp = is_sharp(tests) if len(tests) else pd.Series(dtype=bool)
    narrow = [pair for pair, could_fail in zip(pairs, sharp, strict=True) if could_fail]
    seen = rests_on_any(graph, compared, narrow)
    testable = seen or rests_on_any(graph, compared, pairs)
    n_rows, n_clusters = _counted(values, compared)
    blunt: Blunt = "intervals" if testable and not seen else ""
    if n_clusters is not None and n_clusters < CLUSTERS:
        blunt = "clusters"
    if n_rows < ROWS:
        blunt = "rows"
    return Sharpness(blunt=blunt, testable=testable, n_rows=n_rows, n_clusters=n_clusters)


def _counted(values: NodeValues, compared: ComparedPath) -> tuple[int, int | None]:
    """Rows and clusters behind the comparison to conclude from."""
    best = compared.best
    if values.clusters is None:
        return best.n_obs, None
    named = (compared.source, compared.outcome, *best.given)
    at = [values.names.index(name) for name in named if name in values.names]
    complete = ~np.isnan(values.scores[:, at]).any(axis=1) & (values.clusters >= 0)
    return best.n_obs, len(np.unique(values.clusters[complete]))

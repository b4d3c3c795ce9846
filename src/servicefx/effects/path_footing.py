"""Every declared path of a study beside its causal graph: comparisons, independences, strength, footing."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from servicefx.effects.comparisons import ComparedPath, compared_path
from servicefx.effects.footing import Evidence, Footing, footing_of
from servicefx.effects.identified import rests_on_no_tie
from servicefx.effects.judged_independences import SIZE, judged_independences
from servicefx.effects.node_values import NodeValues, node_values
from servicefx.effects.path_strength import PathStrength, path_strength
from servicefx.effects.sharpness import Sharpness, sharpness_of
from servicefx.effects.study_graph import StudyGraph, study_graph
from servicefx.effects.turning import slopes_at_ends, turns_round
from servicefx.errors import DataError, IdentificationError
from servicefx.models.chain import chain_outcomes
from servicefx.models.drivers import declared_terms
from servicefx.models.over_time import panel_files
from servicefx.study.study import Study

__all__ = ["CausalFooting", "FootedPath", "causal_footing", "earned_by"]

_JUDGED = ("contradicted", "small", "attenuated", "near_zero", "undecided")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FootedPath:
    """One declared path and what it has earned.

    Attributes
    ----------
    compared : ComparedPath
    strength : PathStrength
        Of the comparison to conclude from.
    footing : Footing
    contradicted : tuple of (str, str)
        Pairs that the data contradict, at a size that counts: those about its ends, then those whose tie,
        drawn into the graph, would leave the comparison without an answer.
    n_judged : int
        Independences about its ends that were judged.
    sharpness : Sharpness
        Whether the data could have contradicted what the comparison rests on.
    """

    compared: ComparedPath
    strength: PathStrength
    footing: Footing
    contradicted: tuple[tuple[str, str], ...]
    n_judged: int
    sharpness: Sharpness


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CausalFooting:
    """A study's paths, its graph, and what the data say of the graph.

    Attributes
    ----------
    graph : StudyGraph
    values : NodeValues
        Rows stay here; nothing of them goes into a report.
    independences : DataFrame
        As `judged_independences`.
    paths : tuple of FootedPath
        In the order declared.
    """

    graph: StudyGraph
    values: NodeValues
    independences: pd.DataFrame
    paths: tuple[FootedPath, ...]


def causal_footing(study: Study, *, size: float = SIZE) -> CausalFooting | None:
    """What every declared path in the graph's data file has earned to be called.

    Parameters
    ----------
    study : Study
    size : float
        Partial correlation from which a contradiction of the graph counts.

    Returns
    -------
    CausalFooting or None
        None where the study declares no graph, or the graph's file holds units over time, whose design is
        another.

    Raises
    ------
    StudyError, DataError
        As `study_graph` and `node_values`.
    """
    graph = study_graph(study)
    if graph is None or graph.data in panel_files(study):
        return None
    values = node_values(study, graph)
    tests = judged_independences(graph.graph, values, level=study.level, size=size)
    measured = study.scores[graph.data].columns
    pairs = dict.fromkeys(
        (source, path.to)
        for path in study.spec.paths
        if path.data in (None, graph.data) and path.to in measured
        for source in path.sources
        if source in measured
    )
    outcomes = chain_outcomes(study, graph.data)
    paths = []
    for source, outcome in pairs:
        if outcome not in outcomes:
            continue
        held = tuple(name for name in declared_terms(study, outcome, graph.data) if name != source)
        compared = compared_path(study, graph.graph, values, graph.data, source, outcome, held)
        paths.append(_footed(study, graph, values, tests, compared))
    return CausalFooting(graph=graph, values=values, independences=tests, paths=tuple(paths))


def _footed(
    study: Study, graph: StudyGraph, values: NodeValues, tests: pd.DataFrame, compared: ComparedPath
) -> FootedPath:
    """The rung of one path."""
    best = compared.best
    interval = (best.estimate, best.conf_low, best.conf_high)
    strength = path_strength(study, graph.data, compared.source, compared.outcome, best.given, interval)
    ends = [compared.source, compared.outcome]
    about = tests[tests["left"].isin(ends) | tests["right"].isin(ends)]
    against = _against(graph, tests, compared)
    judged = int(about["verdict"].isin(_JUDGED).sum())
    sharp = sharpness_of(graph.graph, values, tests, compared)
    footing = footing_of(
        Evidence(
            tie=compared.tie,
            closed=best.answers != "none",
            n_judged=judged,
            n_contradicted=len(against),
            blunt=bool(sharp.blunt),
            error_known=all(values.error.get(name, "none") != "unknown" for name in best.given),
            estimate=best.estimate,
            conf_low=best.conf_low,
            conf_high=best.conf_high,
            turns=_turns(study, graph.data, compared),
            freed_low=best.freed_low,
            freed_high=best.freed_high,
            strength=strength.strength,
        )
    )
    return FootedPath(
        compared=compared,
        strength=strength,
        footing=footing,
        contradicted=against,
        n_judged=judged,
        sharpness=sharp,
    )


def _against(graph: StudyGraph, tests: pd.DataFrame, compared: ComparedPath) -> tuple[tuple[str, str], ...]:
    """Contradicted pairs that bear on a path, those about its ends first."""
    failed = tests[tests["verdict"] == "contradicted"]
    pairs = list(zip(failed["left"].astype(str), failed["right"].astype(str), strict=True))
    cause, effect = compared.source, compared.outcome
    about = [pair for pair in pairs if {cause, effect} & set(pair)]
    given, answers = compared.best.given, compared.best.answers
    if answers != "none":
        about += [
            pair
            for pair in pairs
            if pair not in about and not rests_on_no_tie(graph.graph, cause, effect, given, answers, pair)
        ]
    return tuple(about)


def _turns(study: Study, data: str, compared: ComparedPath) -> bool:
    try:
        ends = slopes_at_ends(study, data, compared.source, compared.outcome, compared.best.given)
    except (DataError, IdentificationError):
        return False
    return turns_round(ends)


def earned_by(study: Study) -> dict[tuple[str, str], Footing]:
    """What each declared path has earned, for whoever words it elsewhere.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict of (str, str) to Footing
        Source and outcome -> footing; empty where the study declares no graph.
    """
    found = causal_footing(study)
    return {} if found is None else {(p.compared.source, p.compared.outcome): p.footing for p in found.paths}

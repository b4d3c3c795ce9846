"""One path with different nodes held: which effect the graph says that answers, and the estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from servicefx.effects.adjustment import adjustment_sets, control_roles
from servicefx.effects.error_free import slope
from servicefx.effects.footing import Tie, tie_of
from servicefx.effects.graph import CausalGraph
from servicefx.effects.identified import (
    Answered,
    answered_effect,
    count_adjustment_sets,
    direct_sets,
    open_back_door,
)
from servicefx.effects.node_values import NodeValues
from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.models.drivers import fit_direct
from servicefx.study.study import Study

__all__ = ["ComparedPath", "Comparison", "compared_path"]

Series = Literal["study", "graph"]
_SHOWN = 3
"""Sets of the graph that are estimated a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A path's slope with certain nodes held.

    Attributes
    ----------
    series : str
        Whose choice of nodes: the ``"study"``'s own regression, or the ``"graph"``'s.
    given : tuple of str
        Nodes held.
    answers : str
        Which effect that leaves, if the graph is right: ``"total"``, ``"direct"`` or ``"none"``.
    open_way : tuple of str
        Where neither: a way that stays open, or through what is held by mistake; empty where there is none,
        or an end is not in the graph.
    outside : tuple of str
        Nodes held that the graph does not have.
    estimate, conf_low, conf_high : float
        Points of the outcome per point of the term on scores, errors clustered or HC3; NaN if refused.
    freed, freed_low, freed_high : float
        The same without the error of items.
    n_obs : int
    undefined : str
        Why a number is NaN.
    """

    series: Series
    given: tuple[str, ...]
    answers: Answered
    open_way: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    estimate: float = float("nan")
    conf_low: float = float("nan")
    conf_high: float = float("nan")
    freed: float = float("nan")
    freed_low: float = float("nan")
    freed_high: float = float("nan")
    n_obs: int = 0
    undefined: str = ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ComparedPath:
    """A declared path beside the graph.

    Attributes
    ----------
    source, outcome : str
    tie : str
        How the graph joins them.
    comparisons : tuple of Comparison
        The study's own, then the graph's smallest sets (three at most).
    n_minimal : int
        Smallest sets there are.
    n_sets : int or None
        All sets there are; None where too many nodes may be held to count them.
    controls : tuple of (str, str, str, str)
        Nodes the study holds that should not be held: node, role, path meant, why.
    """

    source: str
    outcome: str
    tie: Tie
    comparisons: tuple[Comparison, ...]
    n_minimal: int = 0
    n_sets: int | None = None
    controls: tuple[tuple[str, str, str, str], ...] = ()

    @property
    def study(self) -> Comparison:
        """The study's own comparison."""
        return self.comparisons[0]

    @property
    def best(self) -> Comparison:
        """What to conclude from: the study's own comparison if it answers an effect, else the graph's first.

        The study's where neither does.
        """
        return next((one for one in self.comparisons if one.answers != "none"), self.study)


def compared_path(
    study: Study,
    graph: CausalGraph,
    values: NodeValues,
    data: str,
    source: str,
    outcome: str,
    held: Sequence[str],
) -> ComparedPath:
    """Every comparison of one path that the study or its graph calls for.

    Parameters
    ----------
    study : Study
    graph : CausalGraph
    values : NodeValues
        Of its measured nodes.
    data : str
        Data file.
    source, outcome : str
        Ends of the path.
    held : sequence of str
        What the study's own regression of the outcome holds beside the source.

    Returns
    -------
    ComparedPath
        A 0/1 outcome is fitted on a line: slopes are changes of a share.
    """
    tie = tie_of(graph, source, outcome)
    outside = tuple(name for name in held if name not in graph.parents or name in graph.latent)
    known = tie not in ("absent", "unmeasured")
    answers: Answered = "none"
    way: tuple[str, ...] = ()
    controls: tuple[tuple[str, str, str, str], ...] = ()
    if known:
        inside = [name for name in held if name not in outside]
        answers = "none" if outside else answered_effect(graph, source, outcome, inside)
        roles = control_roles(graph, source, outcome, inside).to_dict("records")
        controls = tuple(
            (str(row["term"]), str(row["role"]), str(row["via"]), str(row["why"]))
            for row in roles
            if row["judgement"] != "pass" and not (answers == "direct" and row["role"] == "mediator")
        )
        if answers == "none":
            way = open_back_door(graph, source, outcome, inside)
            way = way or next((tuple(row["via"].split()) for row in roles if row["judgement"] == "fail"), ())
    own = Comparison(series="study", given=tuple(held), answers=answers, open_way=way, outside=outside)
    sets: tuple[tuple[str, ...], ...] = ()
    kind: Answered = "total"
    if known:
        sets, kind = _sets(graph, source, outcome)
    usable = sorted(sets, key=lambda one: any(name in values.refused for name in one))
    chosen = [one for one in usable if set(one) != set(held)][:_SHOWN]
    comparisons = [own, *(Comparison(series="graph", given=one, answers=kind) for one in chosen)]
    return ComparedPath(
        source=source,
        outcome=outcome,
        tie=tie,
        comparisons=tuple(_estimated(study, values, data, source, outcome, one) for one in comparisons),
        n_minimal=len(sets),
        n_sets=count_adjustment_sets(graph, source, outcome) if known else 0,
        controls=controls,
    )


def _sets(graph: CausalGraph, source: str, outcome: str) -> tuple[tuple[tuple[str, ...], ...], Answered]:
    """Smallest sets for the total effect, else for the direct one; of very many, the one of all causes."""
    try:
        sets = adjustment_sets(graph, source, outcome)
    except StudyError:
        return adjustment_sets(graph, source, outcome, kind="full"), "total"
    if sets:
        return sets, "total"
    try:
        return direct_sets(graph, source, outcome), "direct"
    except StudyError:
        return (), "direct"


def _estimated(
    study: Study, values: NodeValues, data: str, source: str, outcome: str, comparison: Comparison
) -> Comparison:
    """The comparison with its slope on scores and without item error."""
    given = comparison.given
    try:
        row = _slope(study, values, data, source, outcome, given)
    except (DataError, IdentificationError, StudyError) as refusal:
        return replace(comparison, undefined=refusal.problems[0].found)
    found = replace(
        comparison,
        estimate=row["estimate"],
        conf_low=row["conf_low"],
        conf_high=row["conf_high"],
        n_obs=int(row["n_obs"]),
    )
    try:
        freed = slope(values, outcome, source, given, freed=True, level=study.level)
    except (DataError, IdentificationError) as refusal:
        return replace(found, undefined=refusal.problems[0].found)
    return replace(found, freed=freed["estimate"], freed_low=freed["conf_low"], freed_high=freed["conf_high"])


def _slope(
    study: Study, values: NodeValues, data: str, source: str, outcome: str, given: Sequence[str]
) -> dict[str, float]:
    """The slope as the study's regressions estimate it: clustered errors, HC3 where there are no clusters."""
    if values.clusters is not None and all(name in values.names for name in (source, outcome, *given)):
        return slope(values, outcome, source, given, level=study.level)
    fit = fit_direct(study, outcome, [source, *given], data=data).estimates
    rows = fit.table(level=study.level).set_index("term")[["estimate", "conf_low", "conf_high"]]
    low, high = (float(rows[end].to_dict()[source]) for end in ("conf_low", "conf_high"))
    return {
        "estimate": fit.coefficient(source),
        "conf_low": low,
        "conf_high": high,
        "n_obs": fit.n_obs,
    }

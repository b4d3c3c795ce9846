"""What is said of every path and of the graph: never more than was earned."""

from __future__ import annotations

from typing import Any

from servicefx.effects.path_footing import CausalFooting, FootedPath
from servicefx.effects.sharpness import CLUSTERS, NARROW, ROWS
from servicefx.effects.study_graph import spelled
from servicefx.models.loyalty import is_binary
from servicefx.sections.notes import step_of, units_of
from servicefx.study.study import Study
from servicefx.values.table import Phrase

__all__ = ["graph_findings", "path_finding", "path_findings", "quoted"]

_ALL_SPOKEN = 12
"""Paths up to which each has a sentence; of more, effects other than each outcome's strongest are counted."""

_TESTED = ("contradicted", "small", "attenuated", "near_zero", "undecided")
_OPEN = ("undecided", "attenuated")


def quoted(names: tuple[str, ...]) -> str:
    """Names in quotes, so that a report can put labels in their place."""
    return ", ".join(f"'{name}'" for name in names)


def graph_findings(found: CausalFooting, size: float) -> tuple[Phrase, ...]:
    """How many paths are effects if the graph is right, and what the data say of the graph."""
    n_effects = sum(path.footing.earned == "effect" for path in found.paths)
    tests = found.independences
    n_tested = int(tests["verdict"].isin(_TESTED).sum())
    phrases = [Phrase(key="finding.footing", values={"n": n_effects, "all": len(found.paths)})]
    against = tests[tests["verdict"] == "contradicted"]
    if not n_tested:
        phrases.append(Phrase(key="finding.graph_untested"))
    elif against.empty:
        open_ones = int(tests["verdict"].isin(_OPEN).sum())
        key = "finding.graph_stands_open" if open_ones else "finding.graph_stands"
        phrases.append(Phrase(key=key, values={"n": n_tested, "size": size, "open": open_ones}))
    else:
        worst = against.iloc[0]
        freed = bool(worst["freed"] == worst["freed"])
        low, high = ("freed_low", "freed_high") if freed else ("conf_low", "conf_high")
        phrases.append(
            Phrase(
                key="finding.graph_contradicted",
                values={
                    "n": len(against),
                    "all": n_tested,
                    "left": str(worst["left"]),
                    "right": str(worst["right"]),
                    "estimate": float(worst["freed" if freed else "estimate"]),
                    "conf_low": float(worst[low]),
                    "conf_high": float(worst[high]),
                    "size": size,
                },
            )
        )
    return tuple(phrases)


def path_findings(study: Study, found: CausalFooting, size: float) -> tuple[Phrase, ...]:
    """A sentence a path; of very many, those that are no effects, and the strongest effect on every outcome.

    "Strongest" is the largest robustness value; how many effects are left to the table is said.
    """
    spoken = list(found.paths)
    if len(spoken) > _ALL_SPOKEN:
        best: dict[str, FootedPath] = {}
        for path in found.paths:
            held = best.get(path.compared.outcome)
            if path.footing.earned == "effect" and (
                held is None or path.strength.strength > held.strength.strength
            ):
                best[path.compared.outcome] = path
        kept = {id(path) for path in best.values()}
        spoken = [path for path in spoken if path.footing.earned != "effect" or id(path) in kept]
    phrases = [path_finding(study, found, path, size) for path in spoken]
    left = len(found.paths) - len(spoken)
    if left:
        phrases.append(Phrase(key="finding.more_effects", values={"n": left}))
    return tuple(phrases)


def path_finding(study: Study, found: CausalFooting, path: FootedPath, size: float) -> Phrase:
    """The one sentence about a path, by what it has earned."""
    best, data = path.compared.best, found.graph.data
    source, outcome = path.compared.source, path.compared.outcome
    scale, unit = 1.0, units_of(study, outcome, data)
    if is_binary(study, outcome, data):
        scale, unit = 100.0, "percentage points"
    values: dict[str, Any] = {
        "term": source,
        "outcome": outcome,
        "step": step_of(study, source, data),
        "unit": unit,
        "estimate": scale * best.estimate,
        "conf_low": scale * best.conf_low,
        "conf_high": scale * best.conf_high,
        "freed": scale * best.freed,
    }
    if path.footing.earned == "effect":
        values |= {"answers": best.answers, "strength": path.strength.strength}
        untestable = "" if path.sharpness.testable else "_untestable"
        if best.given:
            return Phrase(key=f"finding.effect{untestable}", values=values | {"n": len(best.given)})
        return Phrase(key=f"finding.effect_alone{untestable}", values=values)
    ground = path.footing.ground
    if ground in ("not_estimated", "undecided"):
        values = {"term": source, "outcome": outcome}
    if ground == "not_estimated":
        values["why"] = best.undefined
    elif best.estimate != best.estimate:
        return Phrase(
            key="finding.goes_not_estimated",
            values={"term": source, "outcome": outcome, "why": best.undefined},
        )
    if ground == "open_way":
        values["way"] = spelled(path.compared.study.open_way)
    if ground == "contradicted":
        left, right = path.contradicted[0]
        values |= {"left": left, "right": right, "size": size}
    if ground == "blunt":
        return _blunt(path, values)
    return Phrase(key=f"finding.goes_{ground}", values=values)


def _blunt(path: FootedPath, values: dict[str, Any]) -> Phrase:
    """Why the data could not have spoken against the graph."""
    if path.sharpness.blunt == "intervals":
        return Phrase(key="finding.goes_blunt", values=values | {"narrow": NARROW})
    least, n = (
        (ROWS, path.sharpness.n_rows)
        if path.sharpness.blunt == "rows"
        else (CLUSTERS, path.sharpness.n_clusters or 0)
    )
    return Phrase(key=f"finding.goes_blunt_{path.sharpness.blunt}", values=values | {"least": least, "n": n})

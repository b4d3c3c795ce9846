"""Tables of causal footing: paths, comparisons, controls, instruments, independences, unmeasured causes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servicefx.effects.adjustment import instruments
from servicefx.effects.comparisons import Comparison
from servicefx.effects.path_footing import CausalFooting, FootedPath
from servicefx.effects.path_strength import PathStrength, strength_grid
from servicefx.effects.study_graph import spelled
from servicefx.errors import StudyError

__all__ = [
    "adjustment_rows",
    "bound_rows",
    "control_rows",
    "effect_rows",
    "footing_rows",
    "grid_rows",
    "independence_rows",
    "instrument_rows",
    "robustness_rows",
]

_INSTRUMENTS = 3
"""Instruments listed a path."""


def footing_rows(found: CausalFooting) -> pd.DataFrame:
    """One row a path: the estimate to conclude from and what it has earned."""
    rows = []
    for path in found.paths:
        best = path.compared.best
        rows.append(
            {
                "from": path.compared.source,
                "to": path.compared.outcome,
                "footing": path.footing.earned,
                "ground": _ground(path),
                "estimate": best.estimate,
                "conf_low": best.conf_low,
                "conf_high": best.conf_high,
                "robustness_value": path.strength.strength,
            }
        )
    return pd.DataFrame(rows)


def _ground(path: FootedPath) -> str:
    """Why no more was earned; of an effect, whether the graph could be tested at all."""
    return (
        "no_test" if path.footing.earned == "effect" and not path.sharpness.testable else path.footing.ground
    )


def _comparisons(found: CausalFooting) -> list[tuple[FootedPath, Comparison]]:
    return [(path, one) for path in found.paths for one in path.compared.comparisons]


def adjustment_rows(found: CausalFooting) -> pd.DataFrame:
    """One row a path and set of nodes held: which effect that answers, and how many sets there are."""
    rows = []
    for path, one in _comparisons(found):
        n_sets = path.compared.n_sets
        rows.append(
            {
                "from": path.compared.source,
                "to": path.compared.outcome,
                "series": one.series,
                "given": ", ".join(one.given),
                "answers": one.answers,
                "n_minimal": path.compared.n_minimal,
                "n_sets": np.nan if n_sets is None else n_sets,
            }
        )
    return pd.DataFrame(rows)


def effect_rows(found: CausalFooting) -> pd.DataFrame:
    """The estimates of those comparisons, on scores and without item error."""
    return pd.DataFrame(
        [
            {
                "from": path.compared.source,
                "to": path.compared.outcome,
                "series": one.series,
                "estimate": one.estimate,
                "conf_low": one.conf_low,
                "conf_high": one.conf_high,
                "freed": one.freed,
                "freed_low": one.freed_low,
                "freed_high": one.freed_high,
                "undefined": one.undefined,
            }
            for path, one in _comparisons(found)
        ]
    )


def control_rows(found: CausalFooting) -> pd.DataFrame:
    """What is wrong with the terms the study holds: which it should not, and which way they leave open."""
    rows = []
    for path in found.paths:
        compared = path.compared
        ends = {"from": compared.source, "to": compared.outcome}
        rows += [
            ends | {"term": name, "role": role, "open_way": way} for name, role, way, _ in compared.controls
        ]
        if compared.study.answers == "none" and compared.study.open_way:
            way = spelled(compared.study.open_way).replace("'", "")
            rows.append(ends | {"term": "", "role": "left open", "open_way": way})
        rows += [
            ends | {"term": name, "role": "not in the graph", "open_way": ""}
            for name in compared.study.outside
        ]
    return pd.DataFrame(rows, columns=["from", "to", "term", "role", "open_way"])


def instrument_rows(found: CausalFooting) -> pd.DataFrame:
    """Instruments the graph has for paths with an arrow whose total effect no measured nodes leave."""
    graph = found.graph.graph
    rows = []
    for path in found.paths:
        source, outcome = path.compared.source, path.compared.outcome
        if path.compared.tie != "arrow" or path.compared.best.answers == "total":
            continue
        try:
            known = instruments(graph, source, outcome)
        except StudyError:  # too many sets to list
            continue
        for name, held in known[:_INSTRUMENTS]:
            rows.append({"from": source, "to": outcome, "term": name, "given": ", ".join(held)})
    return pd.DataFrame(rows, columns=["from", "to", "term", "given"])


def independence_rows(found: CausalFooting) -> pd.DataFrame:
    """Every independence the graph implies, with both tests and the verdict."""
    columns = ["left", "right", "given", "estimate", "freed", "freed_low", "freed_high"]
    columns += ["freed_p_adjusted", "verdict", "undefined"]
    return found.independences[columns].reset_index(drop=True)


def robustness_rows(found: CausalFooting) -> pd.DataFrame:
    """How strong an unmeasured cause of each path would have to be."""
    rows = []
    for path in found.paths:
        strength = path.strength
        known, e_value = strength.robustness, strength.e_value
        once = strength.bounds["benchmark"].astype(str).tolist()[:1]
        rows.append(
            {
                "from": strength.source,
                "to": strength.outcome,
                "partial_r2": np.nan if known is None else known.partial_r2,
                "robustness_value": np.nan if known is None else known.robustness_value,
                "robustness_value_interval": np.nan if known is None else known.robustness_value_interval,
                "benchmark": once[0] if once else "",
                "e_value": np.nan if e_value is None else e_value.e_value,
                "e_value_limit": np.nan if e_value is None else e_value.e_value_limit,
                "undefined": strength.undefined,
            }
        )
    return pd.DataFrame(rows)


def bound_rows(found: CausalFooting, outcome: str) -> pd.DataFrame:
    """Slopes of an outcome beside causes once, twice and three times as strong as the strongest node held."""
    parts = [
        path.strength.bounds.assign(term=path.strength.source)
        for path in found.paths
        if len(path.strength.bounds) and path.strength.outcome == outcome
    ]
    columns = ["term", "benchmark", "multiple", "r2_term", "r2_outcome", "estimate"]
    columns += ["conf_low", "conf_high", "undefined"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def grid_rows(strength: PathStrength) -> pd.DataFrame:
    """The numbers behind the contour figure of one path."""
    return strength_grid(strength)

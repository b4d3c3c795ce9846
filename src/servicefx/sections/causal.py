"""Which declared paths may be read as effects, if the study's causal graph is right."""

from __future__ import annotations

from typing import Any

import pandas as pd

from servicefx.effects.judged_independences import SIZE
from servicefx.effects.path_footing import CausalFooting, causal_footing
from servicefx.effects.path_strength import PathStrength
from servicefx.effects.sharpness import CLUSTERS, NARROW, ROWS
from servicefx.effects.study_graph import study_graph
from servicefx.errors import Problem, StudyError
from servicefx.models.loyalty import is_binary
from servicefx.sections.answered_once import refuse_over_time
from servicefx.sections.causal_findings import graph_findings, path_findings, quoted
from servicefx.sections.causal_tables import (
    adjustment_rows,
    bound_rows,
    control_rows,
    effect_rows,
    footing_rows,
    grid_rows,
    independence_rows,
    instrument_rows,
    robustness_rows,
)
from servicefx.sections.notes import answering, wider_notes
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["causal_section"]

_COUNTED = 16
"""Nodes that may be held up to which sets are counted."""


@answering("causal")
def causal_section(
    study: Study,
    outcome: str = "satisfaction",
    seed: int | None = None,  # noqa: ARG001 - every section has it
) -> Section | None:
    """Every declared path beside the study's causal graph.

    Parameters
    ----------
    study : Study
    outcome : str
        Whose strongest driver the contour figure shows; the first path's outcome where no path leads there.
    seed : int
        Not used: nothing here is drawn.

    Returns
    -------
    Section or None
        Tables ``causal_footing``, ``adjustment``, ``adjusted_effects``, ``controls``, ``instruments`` (these
        two where there are any), ``independences``, ``robustness``, ``robustness_bounds``,
        ``robustness_grid``; figure ``robustness``. None where the study declares no ``[graph]``; a refusal
        where its file holds units over time, or both ends of no path.
    """
    found = causal_footing(study)
    if found is None:
        graph = study_graph(study)
        if graph is not None:
            refuse_over_time(study, graph.data, "graph")
        return None
    if not found.paths:
        told = f"no declared path has both ends in data file '{found.graph.data}', which the graph is about"
        raise StudyError(Problem("study.toml: graph", told, "Declare [[paths]] there, or remove [graph]."))
    findings = graph_findings(found, SIZE)
    findings += path_findings(study, found, SIZE)
    tables = [
        _table("causal_footing", footing_rows(found), _footing_notes(study, found)),
        _table("adjustment", adjustment_rows(found), (_note("adjustment", n=_COUNTED),)),
        _table("adjusted_effects", effect_rows(found), _effect_notes(study, found)),
        _table("controls", control_rows(found), (_note("controls"),)),
        _table("instruments", instrument_rows(found), (_note("instruments"),)),
        _table("independences", independence_rows(found), _test_notes(study, found)),
        _table("robustness", robustness_rows(found), _strength_notes(study, found)),
    ]
    shown = _strongest(found, outcome)
    figures: tuple[Figure, ...] = ()
    if shown is not None:
        values = {"term": shown.source, "outcome": shown.outcome}
        bounds = bound_rows(found, shown.outcome)
        notes = (_note("robustness_bounds"), _level(study))
        tables.append(_table("robustness_bounds", bounds, notes, outcome=shown.outcome))
        grid = grid_rows(shown)
        tables.append(_table("robustness_grid", grid, (_note("robustness_grid"),), **values))
        figures = (_contour(shown, grid),)
    return Section(
        id="causal",
        title=Phrase(key="section.causal"),
        findings=findings,
        tables=tuple(table for table in tables if len(table.rows)),
        figures=figures,
    )


def _table(name: str, rows: pd.DataFrame, notes: tuple[Phrase, ...], **values: Any) -> Table:
    return Table(id=name, title=Phrase(key=f"table.{name}", values=values), rows=rows, notes=notes)


def _note(name: str, /, **values: Any) -> Phrase:
    return Phrase(key=f"note.{name}", values=values)


def _level(study: Study) -> Phrase:
    return _note("level", level=study.level)


def _footing_notes(study: Study, found: CausalFooting) -> tuple[Phrase, ...]:
    graph = found.graph.graph
    n_arrows = sum(len(above) for above in graph.parents.values())
    notes = [_note("footing", size=SIZE, narrow=NARROW, rows=ROWS, clusters=CLUSTERS), _note("footing_graph")]
    notes.append(_note("graph", n=len(graph.observed), arrows=n_arrows, n_latent=len(graph.latent)))
    hidden = tuple(name for name in graph.nodes if name in graph.latent)
    if hidden:
        notes.append(_note("graph_latent", names=quoted(hidden)))
    notes.append(_note("footing_units"))
    if any(is_binary(study, path.compared.outcome, found.graph.data) for path in found.paths):
        notes.append(_note("footing_share"))
    return (*notes, _rows_used(found), *_errors(study, found), _level(study))


def _rows_used(found: CausalFooting) -> Phrase:
    counts = [one.n_obs for path in found.paths for one in path.compared.comparisons if one.n_obs]
    low, high = min(counts, default=0), max(counts, default=0)
    if low == high:
        return _note("sample", n_obs=low, data=found.graph.data)
    return _note("sample_range", low=low, high=high, data=found.graph.data)


def _errors(study: Study, found: CausalFooting) -> tuple[Phrase, ...]:
    """Clusters, weights, and levels of nesting not allowed for."""
    data = found.graph.data
    clusters, weights = study.clusters(data), study.weights(data)
    notes = []
    if clusters is not None:
        notes.append(_note("clusters", column=str(clusters.name), n=int(clusters.nunique())))
    if weights is not None:
        notes.append(_note("weights", column=str(weights.name)))
    return (*notes, *wider_notes(study, data))


def _effect_notes(study: Study, found: CausalFooting) -> tuple[Phrase, ...]:
    return (_note("freed"), *_unknown(found), _rows_used(found), *_errors(study, found), _level(study))


def _unknown(found: CausalFooting) -> tuple[Phrase, ...]:
    names = tuple(name for name, kind in found.values.error.items() if kind == "unknown")
    return (_note("error_unknown", names=quoted(names)),) if names else ()


def _test_notes(study: Study, found: CausalFooting) -> tuple[Phrase, ...]:
    tests = found.independences
    n_failing = int((tests["verdict"] == "attenuated").sum())
    notes = [_note("independences", n=len(tests), n_obs=int(tests["n_obs"].max() or 0) if len(tests) else 0)]
    notes.append(_note("independences_size", size=SIZE))
    notes.append(_note("attenuated", n=n_failing, all=len(tests)))
    notes += [_note("node_refused", name=name, why=why) for name, why in found.values.refused.items()]
    return (*notes, _note("freed"), *_unknown(found), *_errors(study, found), _level(study))


def _strength_notes(study: Study, found: CausalFooting) -> tuple[Phrase, ...]:
    notes = [_note("robustness"), _note("e_value")]
    if study.clusters(found.graph.data) is not None or study.weights(found.graph.data) is not None:
        notes.append(_note("robustness_classical"))
    return (*notes, _level(study))


def _strongest(found: CausalFooting, outcome: str) -> PathStrength | None:
    """The path into the main outcome that explains most of it; one that has earned an effect goes first."""
    outcomes = [path.compared.outcome for path in found.paths]
    main = outcome if outcome in outcomes else outcomes[0]
    known = [path for path in found.paths if path.compared.outcome == main and path.strength.robustness]
    earned = [path for path in known if path.footing.earned == "effect"] or known
    if not earned:
        return None
    best = max(earned, key=lambda path: path.strength.strength)
    return best.strength


def _contour(strength: PathStrength, grid: pd.DataFrame) -> Figure:
    """The estimate beside causes of every strength, zero in bold, the strongest node held as a yardstick."""
    bounds = strength.bounds
    bounds = bounds[bounds["undefined"] == ""] if len(bounds) else bounds
    points = None
    if len(bounds):
        names = [
            str(row["benchmark"]) if row["multiple"] == 1 else f"{row['multiple']:g}×"
            for row in bounds.to_dict("records")
        ]
        points = pd.DataFrame({"term": names, "x": bounds["r2_term"], "y": bounds["r2_outcome"]})
    values = {"term": strength.source, "outcome": strength.outcome}
    return Figure(
        id="robustness",
        kind="contour",
        title=Phrase(key="figure.robustness", values=values),
        rows=grid.rename(columns={"r2_term": "x", "r2_outcome": "y"})[["x", "y", "estimate"]],
        source="robustness_grid",
        notes=(_note("robustness_figure"),),
        axes=(
            Phrase(key="figure.axis_share_left", values={"name": strength.source}),
            Phrase(key="figure.axis_share_left", values={"name": strength.outcome}),
        ),
        points=None if points is None else points.reset_index(drop=True),
        critical=0.0,
    )

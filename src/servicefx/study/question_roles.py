"""Columns that the tables of further questions name, beside those that measure constructs."""

from __future__ import annotations

from collections.abc import Iterator

from servicefx.study.places import Place
from servicefx.study.question_references import arrow_ends
from servicefx.study.spec import StudySpec

__all__ = ["question_columns", "question_home"]


def question_home(spec: StudySpec, data: str | None, constructs: tuple[str, ...]) -> str | None:
    """Data file a question is about: the one it names, else the first that measures all its constructs."""
    if data is not None:
        return data
    known = [name for name in constructs if name in spec.constructs]
    shared = [name for name in spec.data if all(name in spec.measured(construct) for construct in known)]
    return shared[0] if known and shared else None


Named = list[tuple[str, str | None]]
"""Key of a table, and the name it holds."""


def question_columns(spec: StudySpec, data: str) -> Iterator[tuple[str, Place, bool]]:
    """Column, its place, and whether it is a category: whatever is named there and is no construct."""
    graph, segments, recovery = spec.graph, spec.segments, spec.recovery
    if graph is not None:
        ends = [(n, e) for n, arrow in enumerate(graph.arrows) if (e := arrow_ends(arrow)) is not None]
        nodes = tuple(dict.fromkeys(name for _, e in ends for name in e[:2]))
        home = question_home(spec, graph.data, nodes)
        if home == data:
            for number, (left, right, _) in ends:
                for name in (left, right):
                    if name not in spec.constructs and name not in graph.unmeasured:
                        yield name, ("graph", "arrows", number), False
    if segments is not None and question_home(spec, segments.data, (segments.outcome,)) == data:
        for index, column in enumerate(segments.by):
            if column not in spec.constructs:
                yield column, ("segments", "by", index), True
    for number, table in enumerate(spec.mediation):
        place: Place = ("mediation", number)
        if question_home(spec, table.data, (*table.through, table.to)) != data:
            continue
        named: Named = [("from", table.source), ("moderator", table.moderator)]
        named += [("covariates", column) for column in table.covariates]
        for key, given in named:
            if given is not None and given not in spec.constructs:
                yield given, (*place, key), False
    if recovery is not None and question_home(spec, recovery.data, (recovery.handling,)) == data:
        asked: Named = [("complained", recovery.complained), ("failure", recovery.failure)]
        asked += [("predictors", column) for column in recovery.predictors]
        asked += [("buffers", column) for column in recovery.buffers]
        for key, given in asked:
            if given is not None and given not in spec.constructs:
                yield given, ("recovery", key), False

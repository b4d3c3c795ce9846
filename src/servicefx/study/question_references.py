"""Whether ``[graph]``, ``[segments]``, ``[[mediation]]`` and ``[recovery]`` name what the study declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from servicefx.errors import closest
from servicefx.study.parse import Draft
from servicefx.study.places import Finding, Place, quoted, unknown
from servicefx.study.question_spec import GraphSpec, MediationSpec

__all__ = ["arrow_ends", "check_questions"]

_MODERATED = (7, 8, 14, 15, 58, 59)
"""Layouts in which something moderates."""


def arrow_ends(arrow: str) -> tuple[str, str, bool] | None:
    """Both ends of an arrow, and whether it points both ways (a cause of both that nobody measured).

    Examples
    --------
    >>> arrow_ends("process -> reliability")
    ('process', 'reliability', False)
    >>> arrow_ends("trust <-> satisfaction")
    ('trust', 'satisfaction', True)
    >>> arrow_ends("process reliability") is None
    True
    """
    mark = next((mark for mark in ("<->", "->") if mark in arrow), None)
    if mark is None:
        return None
    left, _, right = (part.strip() for part in arrow.partition(mark))
    if not left or not right or any(sign in side for sign in ("->", "<-") for side in (left, right)):
        return None
    return left, right, mark == "<->"


def check_questions(draft: Draft) -> list[Finding]:
    """Faults of the tables of further questions that show without the data.

    Parameters
    ----------
    draft : Draft
        From `parse_study`.

    Returns
    -------
    list of Finding
        Undeclared names (the closest one named), arrows that are none, loops, layouts without what they need.
    """
    return [*_graph(draft), *_segments(draft), *_mediation(draft), *_recovery(draft)]


def _declared(draft: Draft, place: Place, names: Iterable[str]) -> Iterator[Finding]:
    known = draft.declared("constructs")
    for name in names:
        if name not in known:
            yield Finding(
                place,
                f"construct '{name}' is not declared under [constructs]{closest(name, known)}",
                f"Correct the id, or add [constructs.{name}].",
            )


def _file(draft: Draft, place: Place, data: str | None) -> Iterator[Finding]:
    if data is not None:
        yield from unknown((*place, "data"), data, draft.declared("data"), "data file")


def _graph(draft: Draft) -> Iterator[Finding]:
    table = draft.spec.graph
    if table is None:
        return
    yield from _file(draft, ("graph",), table.data)
    drawn: list[tuple[str, str]] = []
    named: set[str] = set()
    for index, arrow in enumerate(table.arrows):
        place: Place = ("graph", "arrows", index)
        ends = arrow_ends(arrow)
        if ends is None:
            found = f"'{arrow}' is no arrow, expected 'cause -> effect', or 'a <-> b' for a cause of both"
            yield Finding(place, found, "Write one arrow a text.")
            continue
        left, right, both = ends
        named |= {left, right}
        if left == right:
            yield Finding(place, f"'{left}' points to itself", "Remove this arrow.")
        elif not both:
            drawn.append((left, right))
    yield from _idle(draft, table, named)
    yield from _homeless(draft, table, named)
    try:
        above: dict[str, list[str]] = {}  # lists, so that the same loop is told every time
        for cause, effect in drawn:
            above.setdefault(effect, []).append(cause)
        TopologicalSorter(above).prepare()
    except CycleError as error:
        loop = " → ".join(f"'{name}'" for name in error.args[1])
        yield Finding(
            ("graph", "arrows"),
            f"{loop} is a loop",
            "Remove one of these arrows, or say which comes first.",
        )


def _idle(draft: Draft, table: GraphSpec, named: set[str]) -> Iterator[Finding]:
    spec = draft.spec
    for index, name in enumerate(table.unmeasured):
        files = spec.measured(name) if name in spec.constructs else ()
        if table.data in files or (table.data is None and files):
            found = f"construct '{name}' is measured in data file '{table.data or files[0]}'"
            remedy = "Remove it from unmeasured, or give the unmeasured cause a name of its own."
            yield Finding(("graph", "unmeasured", index), found, remedy)
        elif name not in named:
            yield Finding(
                ("graph", "unmeasured", index),
                f"no arrow names '{name}'{closest(name, named)}",
                "Correct the name, or remove it.",
            )


def _homeless(draft: Draft, table: GraphSpec, named: set[str]) -> Iterator[Finding]:
    """A graph of columns alone, of which nobody could say whether a data file has them."""
    known = draft.declared("constructs")
    if table.data is None and named and not any(name in known for name in named - set(table.unmeasured)):
        found = "its arrows name no construct, so that no data file is known to measure them"
        first = next(iter(draft.declared("data")), "…")
        yield Finding(("graph",), found, f'Add data = "{first}" to [graph], or correct the names.')


def _twice(place: Place, names: Iterable[str]) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield Finding((*place, index), f"'{name}' stands there twice", "Name it once.")
        seen.add(name)


def _segments(draft: Draft) -> Iterator[Finding]:
    table = draft.spec.segments
    if table is None:
        return
    yield from _file(draft, ("segments",), table.data)
    yield from _declared(draft, ("segments", "outcome"), [table.outcome])
    for index, driver in enumerate(table.drivers):
        yield from _declared(draft, ("segments", "drivers", index), [driver])
        if driver == table.outcome:
            found = f"'{driver}' is the outcome too"
            yield Finding(("segments", "drivers", index), found, "Name another construct.")
    yield from _twice(("segments", "drivers"), table.drivers)
    yield from _twice(("segments", "by"), table.by)
    outcome = draft.spec.constructs.get(table.outcome)
    for index, column in enumerate(table.by):
        if column == table.outcome or (outcome is not None and column in outcome.items):
            found = f"'{column}' is the outcome, or an item of it: its groups are cut by the answer itself"
            yield Finding(("segments", "by", index), found, "Name a column that tells who the customers are.")


def _mediation(draft: Draft) -> Iterator[Finding]:
    for index, table in enumerate(draft.spec.mediation):
        place: Place = ("mediation", index)
        yield from _file(draft, place, table.data)
        yield from _declared(draft, (*place, "through"), table.through)
        yield from _declared(draft, (*place, "to"), [table.to])
        ends = [table.source, *table.through, table.to]
        twice = [name for name in dict.fromkeys(ends) if ends.count(name) > 1]
        if twice:
            yield Finding(place, f"{quoted(twice)} stands twice on the way", "Name different constructs.")
        yield from _beside(draft, place, table)
        first = draft.spec.mediation.index(table)
        if first < index:
            found = f"it says the same as mediation[{first}]"
            yield Finding(place, found, "Remove one of the two, or change it.")
        yield from _layout(place, table)


def _beside(draft: Draft, place: Place, table: MediationSpec) -> Iterator[Finding]:
    """A source, moderator or covariate that is a part of what stands on the way, or stands there itself."""
    ends = (*table.through, table.to)
    asked = [("from", table.source, ends)]
    asked += [("moderator", name, (table.source, *ends)) for name in [table.moderator] if name is not None]
    asked += [("covariates", name, (table.source, *ends)) for name in table.covariates]
    for key, name, others in asked:
        if key != "from" and name in others:
            found = f"'{name}' stands on the way already"
            yield Finding((*place, key), found, "Name something else.")
        for other in dict.fromkeys(others):
            spec = draft.spec.constructs.get(other)
            if spec is not None and other != name and name in spec.items:
                found = f"'{name}' is an item of '{other}', and goes with it by itself"
                yield Finding((*place, key), found, "Name what was asked elsewhere.")


def _layout(place: Place, table: MediationSpec) -> Iterator[Finding]:
    moderated = table.layout in _MODERATED
    if moderated and table.moderator is None:
        found = f"layout {table.layout} needs a moderator"
        yield Finding(place, found, "Add moderator = a construct id or a column name.")
    if not moderated and table.moderator is not None:
        found = f"layout {table.layout} has no moderator"
        yield Finding((*place, "moderator"), found, f"Remove it, or choose one of {_MODERATED}.")
    if table.layout == 6 and len(table.through) < 2:
        found = "layout 6 runs through two mediators or more, one after the other"
        yield Finding((*place, "through"), found, "Name them in their order, or choose layout 4.")


def _recovery(draft: Draft) -> Iterator[Finding]:
    table = draft.spec.recovery
    if table is None:
        return
    yield from _file(draft, ("recovery",), table.data)
    yield from _declared(draft, ("recovery", "handling"), [table.handling])
    for index, outcome in enumerate(table.outcomes):
        yield from _declared(draft, ("recovery", "outcomes", index), [outcome])

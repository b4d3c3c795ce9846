"""What a ``[constructs]`` table must say: a known name, a mode, and columns that fit together."""

from __future__ import annotations

from collections.abc import Iterator

from servicefx.errors import closest
from servicefx.study.parse import Draft
from servicefx.study.places import Finding, Place, quoted, unknown
from servicefx.study.roles import Use, uses
from servicefx.study.spec import ConstructSpec, StudySpec
from servicefx.theory.catalogue import load_theory

__all__ = ["check_constructs"]


def check_constructs(draft: Draft) -> Iterator[Finding]:
    """Faults of the ``[constructs]`` tables that show without the data.

    Unknown ids, scales and data files; lists that do not fit each other; items claimed twice.
    """
    spec, theory = draft.spec, load_theory()
    if draft.document.get("constructs") == {}:
        yield Finding(("constructs",), "no construct is declared", "Add a table [constructs.ID].")
    named = {**theory.constructs, **theory.moderators}
    for construct in draft.declared("constructs"):
        entry = draft.document["constructs"][construct]
        if construct not in named and not (isinstance(entry, dict) and "label" in entry):
            yield Finding(
                ("constructs", construct),
                f"unknown construct '{construct}'{closest(construct, named)}",
                'Correct the id, or give it a name of its own: label = { en = "…", zh = "…" }.',
            )
    for construct, table in spec.constructs.items():
        place: Place = ("constructs", construct)
        yield from _measurement(construct, table)
        yield from _scale_of(draft, construct, table)
        several = len(draft.declared("data"))
        if table.items and table.data is None and several > 1:
            yield Finding(
                place,
                f"key 'data' is missing: the study has {several} data files "
                f"({quoted(draft.declared('data'))})",
                "Add data = the name of the file that holds the items.",
            )
        if table.data is not None:
            yield from unknown((*place, "data"), table.data, draft.declared("data"), "data file")
        for data in table.measured_in:
            yield from unknown((*place, "measured_in", data), data, draft.declared("data"), "data file")
            if table.items and data == spec.home(construct):
                yield Finding(
                    (*place, "measured_in", data),
                    f"'{data}' already holds the items of '{construct}'",
                    "Remove the entry, or name another data file.",
                )
    yield from _sharing(draft)


def _measurement(construct: str, table: ConstructSpec) -> Iterator[Finding]:
    """Items, reversed and expectation items of one construct."""
    place: Place = ("constructs", construct)
    count = len(table.items)
    if not count and not table.measured_in:
        yield Finding(
            place,
            f"'{construct}' is measured by nothing",
            'Add items = ["column"], or measured_in = { data = "column" }.',
        )
    elif table.mode == "single" and count > 1:
        yield Finding(
            (*place, "items"),
            f"mode 'single' has exactly 1 item, found {count}",
            'Keep one item, or state mode = "reflective" or "formative".',
        )
    elif table.mode != "single" and count == 1:
        yield Finding(
            (*place, "items"),
            f"mode '{table.mode}' needs at least 2 items, found 1 ('{table.items[0]}')",
            'Add the other items, or state mode = "single".',
        )
    for key in ("items", "reversed", "expectation"):
        columns: tuple[str, ...] = getattr(table, key)
        for index, column in enumerate(columns):
            if column in columns[:index]:
                yield Finding((*place, key, index), f"'{column}' stands twice", "Remove one of the two.")
    for index, column in enumerate(table.reversed):
        own = (*table.items, *table.expectation)
        if column not in own:
            yield Finding(
                (*place, "reversed", index),
                f"'{column}' is not an item of '{construct}'{closest(column, own)}",
                "Name only items or expectation items of the construct.",
            )
    for index, column in enumerate(table.expectation):
        if column in table.items:
            yield Finding(
                (*place, "expectation", index),
                f"'{column}' is an item of '{construct}' as well",
                "Name the column that holds the expectation.",
            )
    if table.importance is not None and not count:
        yield Finding(
            (*place, "importance"),
            f"importance points '{table.importance}' of a construct without items",
            "Add items, or remove the line.",
        )
    if table.expectation and len(table.expectation) != count:
        yield Finding(
            (*place, "expectation"),
            f"{len(table.expectation)} expectation items for {count} items",
            "Give one expectation item for each item, in the same order.",
        )


def _scale_of(draft: Draft, construct: str, table: ConstructSpec) -> Iterator[Finding]:
    place: Place = ("constructs", construct)
    if table.scale is not None:
        yield from unknown((*place, "scale"), table.scale, draft.declared("scales"), "scale")
    elif table.mode != "single" and table.items:
        known = quoted(draft.declared("scales")) or "none is declared"
        yield Finding(
            place,
            f"key 'scale' is missing: mode '{table.mode}' needs one ({known})",
            "Add scale = the name of a [scales] table.",
        )
    elif table.reversed:
        yield Finding(
            (*place, "reversed"),
            "an item cannot be turned without knowing the ends of its scale",
            "Add scale = the name of a [scales] table.",
        )


def _sharing(draft: Draft) -> Iterator[Finding]:
    """One column in several constructs: only by inclusion or as a single measure, and read the same way."""
    spec = draft.spec
    for data in spec.data:
        seen: dict[str, Use] = {}
        for use in uses(spec, data, draft.path_numbers):
            if use.role not in ("item", "expectation", "measure") or use.place[0] != "constructs":
                continue
            first = seen.setdefault(use.column, use)
            other, construct = str(first.place[1]), str(use.place[1])
            if other == construct:
                continue
            if use.turned != first.turned:
                yield Finding(
                    use.place,
                    f"'{use.column}' is reversed in only one of '{other}' and '{construct}'",
                    "Name it under reversed in both, or in neither.",
                )
            if use.scale and first.scale and use.scale != first.scale:
                yield Finding(
                    use.place,
                    f"'{use.column}' has scale '{first.scale}' in '{other}' and scale '{use.scale}' here",
                    "Give the column one scale.",
                )
            if use.place[2] == first.place[2] == "items" and _overlap(spec, construct, other):
                yield Finding(
                    use.place,
                    f"'{use.column}' is an item of '{other}' as well",
                    "Keep it in one of the two constructs.",
                )


def _overlap(spec: StudySpec, one: str, other: str) -> bool:
    """Whether two constructs of several items share some without one holding all of the other's."""
    first, second = spec.constructs[one], spec.constructs[other]
    inside = set(first.items) < set(second.items) or set(second.items) < set(first.items)
    return "single" not in (first.mode, second.mode) and not inside

"""What ties the tables of a study file together: every name must be declared, every list must fit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from servicefx.errors import closest
from servicefx.study.parse import Draft
from servicefx.study.places import Finding, Place, quoted
from servicefx.study.spec import ConstructSpec, StudySpec
from servicefx.theory.catalogue import load_theory

__all__ = ["check_references"]


def check_references(draft: Draft) -> list[Finding]:
    """Faults that show without the data.

    Parameters
    ----------
    draft : Draft
        From `parse_study`; faulty tables are set aside in it, but what they declare counts as declared.

    Returns
    -------
    list of Finding
        Undeclared and unknown names (the closest one named), lists that do not fit each other.
    """
    return [
        *_data(draft),
        *_scales(draft.spec),
        *_constructs(draft),
        *_sharing(draft.spec),
        *_paths(draft),
        *_money(draft),
        *_claims(draft),
    ]


def _unknown(
    place: Place, name: str, known: Iterable[str], what: str, remedy: str = "Correct the name."
) -> Iterator[Finding]:
    names = list(known)
    if name not in names:
        yield Finding(place, f"unknown {what} '{name}'{closest(name, names)}", remedy)


def _undeclared(draft: Draft, place: Place, name: str) -> Iterator[Finding]:
    """A construct id that some table names."""
    known = draft.declared("constructs")
    if name not in known:
        yield Finding(
            place,
            f"construct '{name}' is not declared under [constructs]{closest(name, known)}",
            f"Correct the id, or add [constructs.{name}].",
        )


def _data(draft: Draft) -> Iterator[Finding]:
    if draft.document.get("data") == {}:
        yield Finding(("data",), "no data file is named", "Add a table [data.NAME] with a key 'file'.")
    for name, spec in draft.spec.data.items():
        if spec.period and not spec.unit:
            yield Finding(
                ("data", name, "period"),
                f"period '{spec.period}' is stated without a unit",
                "Add unit = the column naming who a row is about.",
            )


def _scales(spec: StudySpec) -> Iterator[Finding]:
    for name, scale in spec.scales.items():
        if not scale.min < scale.max:
            yield Finding(
                ("scales", name, "max"),
                f"max {scale.max:g} is not above min {scale.min:g}",
                "Correct one of the two.",
            )
        for answer in scale.labels:
            try:
                value = float(answer)
            except ValueError:
                value = math.nan
            if not scale.min <= value <= scale.max:
                yield Finding(
                    ("scales", name, "labels", answer),
                    f"'{answer}' is not an answer of the scale, expected a number from {scale.min:g} "
                    f"to {scale.max:g}",
                    'Write labels as { 1 = "text", … } with answers of the scale.',
                )


def _constructs(draft: Draft) -> Iterator[Finding]:
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
            yield from _unknown((*place, "data"), table.data, draft.declared("data"), "data file")
        for data in table.measured_in:
            yield from _unknown((*place, "measured_in", data), data, draft.declared("data"), "data file")
            if table.items and data == spec.home(construct):
                yield Finding(
                    (*place, "measured_in", data),
                    f"'{data}' already holds the items of '{construct}'",
                    "Remove the entry, or name another data file.",
                )


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
        if column not in table.items:
            yield Finding(
                (*place, "reversed", index),
                f"'{column}' is not an item of '{construct}'{closest(column, table.items)}",
                "Name only items of the construct.",
            )
    for index, column in enumerate(table.expectation):
        if column in table.items:
            yield Finding(
                (*place, "expectation", index),
                f"'{column}' is an item of '{construct}' as well",
                "Name the column that holds the expectation.",
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
        yield from _unknown((*place, "scale"), table.scale, draft.declared("scales"), "scale")
    elif table.mode != "single" and table.items:
        known = quoted(draft.declared("scales"))
        yield Finding(
            place,
            f"key 'scale' is missing: mode '{table.mode}' needs one ({f'known: {known}' if known else 'none declared'})",
            "Add scale = the name of a [scales] table.",
        )
    elif table.reversed:
        yield Finding(
            (*place, "reversed"),
            "an item cannot be turned without knowing the ends of its scale",
            "Add scale = the name of a [scales] table.",
        )


def _sharing(spec: StudySpec) -> Iterator[Finding]:
    """One column in several constructs: only by inclusion or as a single measure, and read the same way."""
    seen: dict[tuple[str, str], tuple[str, ConstructSpec]] = {}
    for construct, table in spec.constructs.items():
        home = spec.home(construct)
        for index, column in enumerate(table.items):
            place: Place = ("constructs", construct, "items", index)
            other, first = seen.setdefault((str(home), column), (construct, table))
            if other == construct:
                continue
            if (column in table.reversed) != (column in first.reversed):
                yield Finding(
                    place,
                    f"'{column}' is reversed in only one of '{other}' and '{construct}'",
                    "Name it under reversed in both, or in neither.",
                )
            if table.scale and first.scale and table.scale != first.scale:
                yield Finding(
                    place,
                    f"'{column}' has scale '{first.scale}' in '{other}' and scale '{table.scale}' here",
                    "Give the column one scale.",
                )
            nested = set(table.items) < set(first.items) or set(first.items) < set(table.items)
            if "single" not in (table.mode, first.mode) and not nested:
                yield Finding(
                    place,
                    f"'{column}' is an item of '{other}' as well",
                    "Keep it in one of the two constructs.",
                )


def _paths(draft: Draft) -> Iterator[Finding]:
    spec, theory = draft.spec, load_theory()
    for number, path in zip(draft.path_numbers, spec.paths, strict=True):
        place: Place = ("paths", number)
        if path.hypothesis:
            remedy = "Correct the id, or leave it out for a path of the study's own."
            yield from _unknown(
                (*place, "hypothesis"), path.hypothesis, theory.hypotheses, "hypothesis", remedy
            )
        named = isinstance(draft.document["paths"][number]["from"], list)
        for index, source in enumerate(path.sources):
            here = (*place, "from", index) if named else (*place, "from")
            yield from _undeclared(draft, here, source)
            if source == path.to:
                yield Finding(here, f"'{source}' leads to itself", "Name another construct.")
            elif source in path.sources[:index]:
                yield Finding(here, f"'{source}' stands twice", "Remove one of the two.")
        yield from _undeclared(draft, (*place, "to"), path.to)
        moderators = [*draft.declared("constructs"), *theory.moderators]
        for index, moderator in enumerate(path.moderators):
            yield from _unknown((*place, "moderators", index), moderator, moderators, "moderator")
        ends = [end for end in (*path.sources, path.to) if end in spec.constructs]
        if path.data is not None:
            yield from _unknown((*place, "data"), path.data, draft.declared("data"), "data file")
            if path.data in spec.data:
                yield from _not_there(spec, (*place, "data"), ends, path.data)
        elif all(None not in spec_homes(spec, end) for end in ends) and len(ends) == len(path.sources) + 1:
            shared = set(spec.data).intersection(*(spec.measured(end) for end in ends))
            known = all(data in spec.data for end in ends for data in spec.measured(end))
            if not shared and known:
                yield Finding(
                    place,
                    f"no data file measures all of {quoted(ends)}",
                    "Name the columns of one file under measured_in, or split the path.",
                )
        yield from _lag(draft, number)


def spec_homes(spec: StudySpec, construct: str) -> tuple[str | None, ...]:
    """Home of a construct and its further files; holds None where the study does not say."""
    return (spec.home(construct), *spec.constructs[construct].measured_in)


def _lag(draft: Draft, number: int) -> Iterator[Finding]:
    spec = draft.spec
    path = spec.paths[draft.path_numbers.index(number)]
    if not path.lag:
        return
    names = [path.data] if path.data is not None else list(spec.data)
    if not any(name in spec.data and spec.data[name].period for name in names):
        yield Finding(
            ("paths", number, "lag"),
            f"lag {path.lag} needs a data file with periods",
            "State period = the column naming the period, under the data file.",
        )


def _not_there(spec: StudySpec, place: Place, constructs: Iterable[str], data: str) -> Iterator[Finding]:
    for construct in dict.fromkeys(constructs):
        if spec.home(construct) is not None and data not in spec.measured(construct):
            yield Finding(
                place,
                f"'{construct}' is not measured in '{data}' (measured in: {quoted(spec.measured(construct))})",
                f"Name another data file, or add measured_in to [constructs.{construct}].",
            )


def _money(draft: Draft) -> Iterator[Finding]:
    spec, theory, money = draft.spec, load_theory(), draft.spec.money
    if money is None:
        return
    yield from _undeclared(draft, ("money", "plan", "construct"), money.plan.construct_id)
    for index, mediator in enumerate(money.plan.through):
        yield from _undeclared(draft, ("money", "plan", "through", index), mediator)
    yield from _undeclared(draft, ("money", "benefit", "outcome"), money.benefit.outcome)
    lines: Mapping[str, tuple[str, Iterable[str]]] = {
        "benefit": (money.benefit.line, theory.benefit_lines),
        "cost": (money.cost.line, theory.cost_lines),
    }
    for table, (line, known) in lines.items():
        yield from _unknown(("money", table, "line"), line, known, f"{table} line")
    if money.data is not None:
        yield from _unknown(("money", "data"), money.data, draft.declared("data"), "data file")
        if money.data in spec.data:
            ends = (money.plan.construct_id, *money.plan.through, money.benefit.outcome)
            known_ends = [end for end in ends if end in spec.constructs]
            yield from _not_there(spec, ("money", "data"), known_ends, money.data)


def _claims(draft: Draft) -> Iterator[Finding]:
    for claim in draft.declared("claims"):
        yield from _unknown(("claims", claim), claim, load_theory().claims, "claim")
    for claim, table in draft.spec.claims.items():
        if table.outcome is not None:
            yield from _undeclared(draft, ("claims", claim, "outcome"), table.outcome)

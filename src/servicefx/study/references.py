"""What ties the tables of a study file together: every name must be declared, every list must fit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from servicefx.errors import closest
from servicefx.study.construct_tables import check_constructs
from servicefx.study.parse import Draft
from servicefx.study.places import Finding, Place, quoted, unknown
from servicefx.study.question_references import check_questions
from servicefx.study.spec import ClaimSpec, ScaleSpec, StudySpec
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
        *check_constructs(draft),
        *_paths(draft),
        *_money(draft),
        *_claims(draft),
        *_measurement(draft),
        *check_questions(draft),
    ]


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


def _paths(draft: Draft) -> Iterator[Finding]:
    spec, theory = draft.spec, load_theory()
    for number, path in zip(draft.path_numbers, spec.paths, strict=True):
        place: Place = ("paths", number)
        if path.hypothesis:
            remedy = "Correct the id, or leave it out for a path of the study's own."
            yield from unknown(
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
        ends = [end for end in (*path.sources, path.to) if end in spec.constructs]
        if path.data is not None:
            yield from unknown((*place, "data"), path.data, draft.declared("data"), "data file")
            if path.data in spec.data:
                yield from _not_there(spec, (*place, "data"), ends, path.data)
        elif len(ends) == len(path.sources) + 1 and all(spec.home(end) is not None for end in ends):
            files = [set(spec.measured(end)) for end in ends]
            if all(some <= set(spec.data) for some in files) and not set.intersection(*files):
                yield Finding(
                    place,
                    f"no data file measures all of {quoted(ends)}",
                    "Name the columns of one file under measured_in, or split the path.",
                )
        yield from _lag(draft, number)


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
                f"'{construct}' is not measured in '{data}', but in {quoted(spec.measured(construct))}",
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
    scale = _scale(spec, money.plan.construct_id)
    if scale is not None and 0 < scale.max - scale.min < abs(money.plan.change):
        yield Finding(
            ("money", "plan", "change"),
            f"{money.plan.change:g} points are more than the scale of '{money.plan.construct_id}' holds, "
            f"{scale.min:g} to {scale.max:g}",
            "State a change within the scale.",
        )
    lines: Mapping[str, tuple[str, Iterable[str]]] = {
        "benefit": (money.benefit.line, theory.benefit_lines),
        "cost": (money.cost.line, theory.cost_lines),
    }
    for table, (line, known) in lines.items():
        yield from unknown(("money", table, "line"), line, known, f"{table} line")
    if money.data is not None:
        yield from unknown(("money", "data"), money.data, draft.declared("data"), "data file")
        if money.data in spec.data:
            ends = (money.plan.construct_id, *money.plan.through, money.benefit.outcome)
            known_ends = [end for end in ends if end in spec.constructs]
            yield from _not_there(spec, ("money", "data"), known_ends, money.data)


def _claims(draft: Draft) -> Iterator[Finding]:
    for claim in draft.declared("claims"):
        yield from unknown(("claims", claim), claim, load_theory().claims, "claim")
    for claim, table in draft.spec.claims.items():
        if table.outcome is not None:
            yield from _undeclared(draft, ("claims", claim, "outcome"), table.outcome)
        yield from _cutoffs(draft.spec, claim, table)


def _cutoffs(spec: StudySpec, claim: str, table: ClaimSpec) -> Iterator[Finding]:
    """Cut-offs beyond the scale they cut, or in the wrong order."""
    asked = {
        "dissatisfied": "satisfaction",
        "satisfied": "satisfaction",
        "highly_satisfied": "satisfaction",
        "buys_again": table.outcome or "repurchase",
    }
    for key, construct in asked.items():
        cut = getattr(table, key)
        scale = _scale(spec, construct)
        if cut is not None and scale is not None and not scale.min <= cut <= scale.max:
            yield Finding(
                ("claims", claim, key),
                f"{cut:g} is no score of '{construct}', expected {scale.min:g} to {scale.max:g}",
                "State it in points of the scale.",
            )
    stated = [(key, getattr(table, key)) for key in ("dissatisfied", "satisfied", "highly_satisfied")]
    known = [(key, cut) for key, cut in stated if cut is not None]
    for (lower, low), (key, high) in pairwise(known):
        if not low < high:
            yield Finding(
                ("claims", claim, key), f"{high:g} is not above {lower}, {low:g}", "Correct one of the two."
            )


def _measurement(draft: Draft) -> Iterator[Finding]:
    table, place = draft.spec.measurement, ("measurement",)
    if table is None:
        return
    files = draft.declared("data")
    if table.data is not None:
        yield from unknown((*place, "data"), table.data, files, "data file")
    elif len(files) > 1 and draft.spec.measurement_home is None:
        yield Finding(
            place,
            f"key 'data' is missing: the study has {len(files)} data files ({quoted(files)})",
            "Add data = the name of the file that holds the answers.",
        )
    for key in ("marker", "segments"):
        columns: tuple[str, ...] = getattr(table, key)
        for index, column in enumerate(columns):
            if column in columns[:index]:
                yield Finding((*place, key, index), f"'{column}' stands twice", "Remove one of the two.")
    for index, (first, second) in enumerate(table.pairs):
        if first == second:
            yield Finding(
                (*place, "pairs", index),
                f"'{first}' is paired with itself",
                "Name the column that asks the same again.",
            )


def _scale(spec: StudySpec, construct: str) -> ScaleSpec | None:
    """The scale of a construct, where both are declared."""
    name = spec.constructs[construct].scale if construct in spec.constructs else None
    return None if name is None else spec.scales.get(name)

"""What each column of a data file is used for, and by which line of the study file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from servicefx.study.places import Place
from servicefx.study.question_roles import question_columns
from servicefx.study.spec import ScaleSpec, StudySpec
from servicefx.theory.catalogue import load_theory

__all__ = ["Role", "Use", "scales_of", "uses"]

Role = Literal["item", "expectation", "measure", "covariate", "number", "group", "id", "wave", "weights"]


@dataclass(frozen=True, slots=True)
class Use:
    """One column named at one place of the study file.

    Attributes
    ----------
    column : str
        Name in the data file.
    place : tuple of str and int
        Where the study file names it.
    role : str
        ``item`` and ``expectation`` lie on a scale, ``measure`` is a number, ``covariate`` a number or a
        category, ``number`` a number that measures no construct, ``group`` a category, ``id`` names a unit,
        cluster or period, ``wave`` a wave, ``weights`` weighs the row.
    scale : str
        Name of its scale; empty where it has none.
    turned : bool
        Whether it is reversed.
    optional : bool
        Whether the file may lack it: a moderator of the theory that this study did not record.
    """

    column: str
    place: Place
    role: Role
    scale: str = ""
    turned: bool = False
    optional: bool = False


def uses(spec: StudySpec, data: str, path_numbers: tuple[int, ...]) -> list[Use]:
    """Every use of a column of one data file, in the order of the tables."""
    return [
        *_of_file(spec, data),
        *_of_constructs(spec, data),
        *_of_paths(spec, data, path_numbers),
        *_of_measurement(spec, data),
        *_of_questions(spec, data),
    ]


def scales_of(spec: StudySpec, column_uses: list[Use]) -> dict[str, ScaleSpec]:
    """The scales a column lies on, by name; one, but for faulty studies."""
    return {use.scale: spec.scales[use.scale] for use in column_uses if use.scale in spec.scales}


def _of_file(spec: StudySpec, data: str) -> Iterator[Use]:
    table, place = spec.data[data], ("data", data)
    if table.unit:
        yield Use(table.unit, (*place, "unit"), "id")
    for index, column in enumerate(table.nested_in):
        yield Use(column, (*place, "nested_in", index), "id")
    if table.period:
        yield Use(table.period, (*place, "period"), "id")
    if table.wave:
        yield Use(table.wave, (*place, "wave"), "wave")
    if table.weights:
        yield Use(table.weights, (*place, "weights"), "weights")


def _of_constructs(spec: StudySpec, data: str) -> Iterator[Use]:
    for construct, table in spec.constructs.items():
        place: Place = ("constructs", construct)
        if table.items and spec.home(construct) == data:
            scale = table.scale or ""
            role: Role = "item" if scale else "measure"
            for index, column in enumerate(table.items):
                yield Use(column, (*place, "items", index), role, scale, column in table.reversed)
            for index, column in enumerate(table.expectation):
                here = (*place, "expectation", index)
                yield Use(column, here, "expectation", scale, column in table.reversed)
            if table.importance:
                yield Use(table.importance, (*place, "importance"), "number")
        elif data in table.measured_in:
            yield Use(table.measured_in[data], (*place, "measured_in", data), "measure")


def _of_paths(spec: StudySpec, data: str, path_numbers: tuple[int, ...]) -> Iterator[Use]:
    for number, path in zip(path_numbers, spec.paths, strict=True):
        ends = (*path.sources, path.to)
        there = all(end in spec.constructs and data in spec.measured(end) for end in ends)
        if there and path.data in (None, data):
            for index, column in enumerate(path.covariates):
                yield Use(column, ("paths", number, "covariates", index), "covariate")
            for index, name in enumerate(path.moderators):
                if name not in spec.constructs:
                    known = name in load_theory().moderators
                    yield Use(name, ("paths", number, "moderators", index), "covariate", optional=known)


def _of_measurement(spec: StudySpec, data: str) -> Iterator[Use]:
    """Columns of ``[measurement]``; one paired with an item is read as that item is, and turned with it."""
    table, place = spec.measurement, ("measurement",)
    if table is None or spec.measurement_home != data:
        return
    if table.group:
        yield Use(table.group, (*place, "group"), "group")
    if table.duration:
        yield Use(table.duration, (*place, "duration"), "number")
    for index, column in enumerate(table.marker):
        yield Use(column, (*place, "marker", index), "measure")
    items = {use.column: use for use in _of_constructs(spec, data) if use.role in ("item", "expectation")}
    for index, pair in enumerate(table.pairs):
        for side, column in enumerate(pair):
            known = items.get(column) or items.get(pair[1 - side])
            scale, turned = (known.scale, known.turned) if known is not None else ("", False)
            yield Use(column, (*place, "pairs", index, side), "number", scale, turned)
    for index, column in enumerate(table.segments):
        yield Use(column, (*place, "segments", index), "group")


def _of_questions(spec: StudySpec, data: str) -> Iterator[Use]:
    for column, place, category in question_columns(spec, data):
        yield Use(column, place, "group" if category else "covariate")

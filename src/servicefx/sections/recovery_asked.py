"""What ``[recovery]`` asks, and the models that answer it (H9, H19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from servicefx.errors import Problem, ServicefxError, StudyError
from servicefx.models.chain import draw_source, shared_counts
from servicefx.models.drivers import declared_terms
from servicefx.models.recovery import (
    Complaints,
    FailureBuffer,
    HandlingFit,
    RecoveryParadox,
    SelectionAnswers,
    compare_answers,
    failure_buffer,
    fit_handling,
    held_among_complainers,
    read_complaints,
    recovery_paradox,
)
from servicefx.models.sample import numeric_columns
from servicefx.sections.notes import slope_unit
from servicefx.study.question_roles import question_home
from servicefx.study.question_spec import RecoverySpec
from servicefx.study.study import Study

__all__ = ["RecoveryAnswers", "held_columns", "held_terms", "read_recovery", "recovery_answers"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecoveryAnswers:
    """Everything the section tells, before it is told.

    Attributes
    ----------
    data : str
        Data file.
    asked : RecoverySpec
    complaints : Complaints
    held : mapping of str to tuple of str
        Outcome -> columns held, without what the outcome works through.
    predictors : tuple of str
        Columns that tell who complains.
    answers : mapping of str to SelectionAnswers
        By outcome.
    direct : mapping of str to HandlingFit
        Outcome -> the same with the other outcomes held, where paths lead from one to another.
    paradoxes : mapping of str to RecoveryParadox
    buffers : mapping of (str, str) to FailureBuffer
        By outcome and buffer.
    refused : tuple of Problem
        What could not be answered.
    """

    data: str
    asked: RecoverySpec
    complaints: Complaints
    held: Mapping[str, tuple[str, ...]]
    predictors: tuple[str, ...]
    answers: Mapping[str, SelectionAnswers]
    direct: Mapping[str, HandlingFit]
    paradoxes: Mapping[str, RecoveryParadox]
    buffers: Mapping[tuple[str, str], FailureBuffer]
    refused: tuple[Problem, ...]


def held_terms(study: Study, outcome: str, data: str, left_out: tuple[str, ...]) -> tuple[str, ...]:
    """What the paths say explains an outcome, constructs left out replaced by what explains them.

    Holding what an effect works through would take that part of it away.
    """
    found: dict[str, None] = {}
    open_ends, seen = [outcome], {outcome}
    while open_ends:
        for term in declared_terms(study, open_ends.pop(0), data):
            if term not in left_out:
                found[term] = None
            elif term not in seen:
                open_ends.append(term)
                seen.add(term)
    return tuple(found)


def read_recovery(study: Study, asked: RecoverySpec, seed: int | None) -> tuple[str, Complaints]:
    """The data file of ``[recovery]`` and its complainers; without a seed nothing is drawn later.

    Raises
    ------
    StudyError
        If no data file measures both the handling and an outcome.
    """
    data = question_home(study.spec, asked.data, (asked.handling,))
    outcomes = () if data is None else tuple(o for o in asked.outcomes if o in study.scores[data])
    if data is None or asked.handling not in study.scores[data] or not outcomes:
        found = f"no data file measures both '{asked.handling}' and one of {', '.join(asked.outcomes)}"
        raise StudyError(Problem("study.toml: recovery", found, "Name constructs of one data file."))
    left_out = (*asked.outcomes, asked.handling)
    named = [asked.complained, *([] if asked.failure is None else [asked.failure]), asked.handling, *outcomes]
    for outcome in outcomes:
        named += [*held_terms(study, outcome, data, left_out), *declared_terms(study, outcome, data)]
    frame = numeric_columns(study, data, [*named, *asked.predictors, *asked.buffers])
    complaints = read_complaints(
        frame,
        complained=asked.complained,
        handling=asked.handling,
        failure=asked.failure,
        clusters=study.clusters(data),
        weights=study.weights(data),
        counts=None if seed is None else shared_counts(study, data, seed),
        draw_source="no resamples" if seed is None else draw_source(study, data, seed),
    )
    return data, complaints


def expanded(complaints: Complaints, names: tuple[str, ...]) -> tuple[str, ...]:
    """Columns of the names: a column of text stands as its 0/1 columns."""
    columns = [str(name) for name in complaints.frame.columns]
    return tuple(c for name in names for c in columns if c == name or c.startswith(f"{name}: "))


def held_columns(
    study: Study, asked: RecoverySpec, data: str, complaints: Complaints, outcome: str
) -> tuple[str, ...]:
    """Columns held when handling is compared, without what it works through."""
    left_out = [*asked.outcomes, asked.handling, asked.complained]
    left_out += [asked.failure] if asked.failure is not None else []
    return expanded(complaints, held_terms(study, outcome, data, tuple(left_out)))


def recovery_answers(study: Study, asked: RecoverySpec, seed: int) -> RecoveryAnswers:
    """All models of the section; what one cannot answer does not keep the others from it.

    Parameters
    ----------
    study : Study
    asked : RecoverySpec
    seed : int
        Of the shared resamples.

    Returns
    -------
    RecoveryAnswers

    Raises
    ------
    StudyError, DataError
        As `read_recovery` and `servicefx.models.recovery.read_complaints`.
    """
    data, complaints = read_recovery(study, asked, seed)
    outcomes = [outcome for outcome in asked.outcomes if outcome in study.scores[data]]
    held = {outcome: held_columns(study, asked, data, complaints, outcome) for outcome in outcomes}
    predictors = expanded(complaints, asked.predictors)
    answers: dict[str, SelectionAnswers] = {}
    direct: dict[str, HandlingFit] = {}
    paradoxes: dict[str, RecoveryParadox] = {}
    buffers: dict[tuple[str, str], FailureBuffer] = {}
    refused: list[Problem] = []
    scale = study.scale_of(asked.handling)
    for outcome in outcomes:
        unit = slope_unit(study, outcome, asked.handling, data)
        try:
            answers[outcome] = compare_answers(
                complaints, outcome, held[outcome], predictors, level=study.level, unit=unit
            )
            own = tuple(term for term in declared_terms(study, outcome, data) if term != asked.handling)
            if any(term in outcomes for term in own):
                also = held_among_complainers(complaints, expanded(complaints, own))
                direct[outcome] = fit_handling(complaints, outcome, also, unit=unit)
        except ServicefxError as error:
            refused += error.problems
        if scale is None:
            continue
        try:
            paradoxes[outcome] = recovery_paradox(
                complaints, outcome, held[outcome], scale=(scale.min, scale.max), level=study.level
            )
        except ServicefxError as error:
            refused += error.problems
    for buffer in expanded(complaints, asked.buffers):
        try:
            first = outcomes[0]
            covariates = [term for term in held[first] if term != buffer]
            buffers[first, buffer] = failure_buffer(complaints, first, buffer, covariates, level=study.level)
        except ServicefxError as error:
            refused += error.problems
    return RecoveryAnswers(
        data=data,
        asked=asked,
        complaints=complaints,
        held=held,
        predictors=predictors,
        answers=answers,
        direct=direct,
        paradoxes=paradoxes,
        buffers=buffers,
        refused=tuple(refused),
    )

"""assess: is the measurement sound? One call over every part, each answered or refused by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from servicefx.errors import Problem, ServicefxError, StudyError, closest
from servicefx.measurement.assessment.bias import bias_part
from servicefx.measurement.assessment.constructs import (
    benefit_part,
    dimensions_part,
    index_part,
    invariance_part,
    validity_part,
)
from servicefx.measurement.assessment.items import reliability_part, screening_part, servqual_part
from servicefx.measurement.assessment.measurement_report import MeasurementReport
from servicefx.measurement.assessment.part import Part, joined_rules
from servicefx.measurement.assessment.subject import Subject, subject_of
from servicefx.sem.threads import one_thread
from servicefx.study.study import Study

__all__ = ["PARTS", "PartName", "assess"]

PartName = Literal[
    "screening", "servqual", "reliability", "validity", "dimensions", "bias", "invariance", "index", "benefit"
]
PARTS: tuple[PartName, ...] = get_args(PartName)
_BUILDERS: dict[PartName, Callable[[Subject], Part]] = {
    "screening": screening_part,
    "servqual": servqual_part,
    "reliability": reliability_part,
    "validity": validity_part,
    "dimensions": dimensions_part,
    "bias": bias_part,
    "invariance": invariance_part,
    "index": index_part,
    "benefit": benefit_part,
}


def assess(
    study: Study,
    group: str | None = None,
    *,
    data: str | None = None,
    parts: Sequence[PartName] = PARTS,
    draws: int | None = None,
    seed: int | None = None,
) -> MeasurementReport:
    """Assess the measurement of a study: its answers, items and constructs.

    Parameters
    ----------
    study : Study
    group : str, optional
        Column whose groups are compared; by default the study file's ``[measurement]`` group, if any.
    data : str, optional
        Data file; by default the one ``[measurement]`` names, else that of most reflective items.
    parts : sequence of str, optional
        Which of `PARTS` to answer; by default all.
    draws, seed : int, optional
        Resamples behind the intervals, and their seed; by default the study's.

    Returns
    -------
    MeasurementReport
        A part that cannot be answered stands in ``undefined`` with its reason; the others are not touched.

    Raises
    ------
    StudyError
        If a part or the data file is not known, or no construct has items.
    DataError
        If the group is no column of the data file.
    """
    unknown = [name for name in parts if name not in PARTS]
    if unknown:
        found = f"'{unknown[0]}' is no part{closest(str(unknown[0]), PARTS)}"
        raise StudyError(Problem("parts", found, f"Choose among {', '.join(PARTS)}."))
    subject = subject_of(study, group, data, draws, seed)
    answered: list[Part] = []
    undefined: dict[str, str] = {
        name: "asked of some rows only: assessed by itself, not in the joint analyses"
        for name in subject.apart
    }
    with one_thread():
        for name in parts:
            try:
                answered.append(_BUILDERS[name](subject))
            except ServicefxError as refusal:
                undefined[name] = "; ".join(
                    f"{problem.where}: {problem.found}. {problem.remedy}" for problem in refusal.problems
                )
    for part in answered:
        undefined |= part.undefined
    return MeasurementReport(
        data=subject.data,
        n_obs=len(subject.frame),
        constructs=subject.constructs,
        apart=subject.apart,
        frames={name: frame for part in answered for name, frame in part.frames.items()},
        rules=joined_rules(answered),
        undefined=undefined,
        problems=tuple(dict.fromkeys(problem for part in answered for problem in part.problems)),
        notes={topic: told for part in answered for topic, told in part.notes.items()},
    )

"""assess: is the measurement sound? One call over every part, each answered or refused by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, get_args

from servicefx.errors import Problem, StudyError, closest
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
from servicefx.measurement.assessment.part import Part, answered, joined_rules
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
    parts: PartName | Sequence[PartName] = PARTS,
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
    parts : str or sequence of str, optional
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
    asked = (parts,) if isinstance(parts, str) else tuple(parts)
    unknown = [name for name in asked if name not in PARTS]
    if unknown:
        found = f"'{unknown[0]}' is no part{closest(str(unknown[0]), PARTS)}"
        raise StudyError(Problem("parts", found, f"Choose among {', '.join(PARTS)}."))
    subject = subject_of(study, group, data, draws, seed)
    undefined: dict[str, str] = {f"joint analyses: {name}": subject.why_apart(name) for name in subject.apart}
    with one_thread():
        parted = [answered(name, partial(_BUILDERS[name], subject)) for name in dict.fromkeys(asked)]
    for part in parted:
        undefined |= part.undefined
    return MeasurementReport(
        data=subject.data,
        n_obs=len(subject.frame),
        constructs=subject.constructs,
        apart=subject.apart,
        frames={name: frame for part in parted for name, frame in part.frames.items()},
        rules=joined_rules(parted),
        undefined=undefined,
        problems=tuple(dict.fromkeys(problem for part in parted for problem in part.problems)),
        notes={topic: told for part in parted for topic, told in part.notes.items()},
    )

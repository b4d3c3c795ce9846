"""What a complaint handled well wins back, for whom that holds, and what cushions a failure (H9, H19)."""

from __future__ import annotations

from servicefx.sections.notes import answering
from servicefx.sections.recovery_asked import recovery_answers
from servicefx.sections.recovery_findings import recovery_findings
from servicefx.sections.recovery_tables import recovery_tables
from servicefx.sections.recovery_ways_back import recovery_figures
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section

__all__ = ["recovery_section"]


@answering("recovery")
def recovery_section(study: Study, seed: int | None = None) -> Section | None:
    """Who complained, what good handling wins back, for whom that holds, and what cushions a failure.

    Parameters
    ----------
    study : Study
        Asked by its table ``[recovery]``.
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    Section or None
        Tables ``complaints``, ``who_complained``, ``recovery``, ``selection``, ``complaint_weights``,
        ``worst_case``, ``recovery_paradox``, ``recovery_reach``, ``recovery_curve``, ``failure_buffer``;
        figure ``recovery_curve``. None where the study does not ask.
    """
    if study.spec.recovery is None:
        return None
    seed = study.seed if seed is None else seed
    found = recovery_answers(study, study.spec.recovery, seed)
    return Section(
        id="recovery",
        title=Phrase(key="section.recovery"),
        findings=recovery_findings(study, found),
        tables=recovery_tables(study, found, seed),
        figures=recovery_figures(study, found),
        effects=tuple(effect for answer in found.answers.values() for effect in answer.effects),
        notes=tuple(
            Phrase(key="note.refused", values={"what": p.where, "why": p.found, "remedy": p.remedy})
            for p in found.refused
        ),
    )

"""The after-sales benefit: how its families weigh, and whether they cover the whole."""

from __future__ import annotations

from servicefx.measurement.assessment.constructs import FAMILIES
from servicefx.sections.assessed import (
    assessed,
    problem_notes,
    rules_table,
    text_notes,
    undefined_notes,
)
from servicefx.sections.notes import answering, draw_notes
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section, Table

__all__ = ["benefit_section"]

_COLUMNS = ["estimate", "conf_low", "conf_high", "p_value", "loading", "share", "vif"]


@answering("benefit")
def benefit_section(study: Study, seed: int | None = None) -> Section | None:
    """Weights of families and items in the benefit index, collinearity, redundancy.

    Parameters
    ----------
    study : Study
    seed : int
        Of the resamples; by default the study's.

    Returns
    -------
    Section or None
        None where no family of benefits is declared.
    """
    constructs = study.spec.constructs
    declared = [name for name in FAMILIES if name in constructs and constructs[name].items]
    report = assessed(study, "benefit", seed=seed) if declared else None
    if report is None:
        return None
    if "benefit_families" not in report.names:
        title = Phrase(key="section.benefit")
        return Section(id="benefit", title=title, notes=undefined_notes(report, "benefit"))
    notes = (
        *text_notes(report, "benefit"),
        *draw_notes(study, report.data, study.seed if seed is None else seed),
        Phrase(key="note.level", values={"level": study.level}),
    )
    weights = report.frame("benefit_families")
    most = weights.sort_values("share").iloc[-1]
    tables = [
        Table(
            id="benefit",
            title=Phrase(key="table.benefit"),
            rows=weights[["construct", *_COLUMNS]],
            notes=(Phrase(key="note.benefit"), *notes, *problem_notes(report)),
        ),
        Table(
            id="benefit_items",
            title=Phrase(key="table.benefit_items"),
            rows=report.frame("benefit_items")[["construct", "item", *_COLUMNS]],
            notes=notes,
        ),
        Table(
            id="benefit_redundancy",
            title=Phrase(key="table.benefit_redundancy"),
            rows=report.frame("benefit_redundancy"),
            notes=(Phrase(key="note.benefit_redundancy"), *notes),
        ),
    ]
    return Section(
        id="benefit",
        title=Phrase(key="section.benefit"),
        findings=(
            Phrase(
                key="finding.benefit",
                values={"construct": str(most["construct"]), "share": float(most["share"])},
            ),
        ),
        tables=(*tables, rules_table(report, "benefit_rules")),
    )

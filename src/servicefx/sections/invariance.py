"""Whether the items measure the same in every group, and how the groups' means then differ."""

from __future__ import annotations

from servicefx.measurement.assessment import MeasurementReport
from servicefx.sections.assessed import (
    apart_notes,
    assessed,
    interval_notes,
    problem_notes,
    text_notes,
    undefined_notes,
)
from servicefx.sections.notes import answering
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section, Table

__all__ = ["invariance_section"]

_LADDER = [
    "level", "chi2", "df", "cfi", "rmsea", "srmr", "delta_cfi", "delta_rmsea", "chi2_diff", "p_value",
    "judgement",
]  # fmt: skip
_FIRST = "the first level is held against none"
_FOR_MEANS = ("threshold", "metric", "scalar")
"""Levels that means of the constructs rest on."""
_RELEASED = ["level", "item", "construct", "group", "index", "expected_change", "p_value", "undefined"]
_MEANS = [
    "construct",
    "group",
    "reference",
    "estimate",
    "conf_low",
    "conf_high",
    "p_value",
    "points",
    "n_obs",
]


@answering("invariance")
def invariance_section(study: Study, seed: int | None = None) -> Section | None:
    """The ladder of invariance, what had to be released, and latent means.

    Parameters
    ----------
    study : Study
    seed : int
        Not used: nothing here is drawn.

    Returns
    -------
    Section or None
        None where the study file states no group under ``[measurement]``.
    """
    stated = study.spec.measurement
    if stated is None or not stated.group:
        return None
    report = assessed(study, "invariance", seed=seed)
    if report is None:
        return None
    level = interval_notes(study, report)[-1:]
    interval = level if stated.ordered else interval_notes(study, report)
    notes = (*interval, *apart_notes(report))
    if "ladder" not in report.names:
        title = Phrase(key="section.invariance")
        return Section(id="invariance", title=title, notes=undefined_notes(report, "invariance"))
    return Section(
        id="invariance",
        title=Phrase(key="section.invariance"),
        findings=_findings(report, stated.group),
        tables=tuple(_tables(report, notes, interval)),
    )


def _tables(
    report: MeasurementReport, notes: tuple[Phrase, ...], interval: tuple[Phrase, ...]
) -> list[Table]:
    ladder = report.frame("ladder")
    further = bool((~ladder["undefined"].isin(["", _FIRST])).any())
    tables = [
        Table(
            id="invariance",
            title=Phrase(key="table.invariance"),
            rows=ladder[[*_LADDER, "undefined"] if further else _LADDER],
            notes=(
                Phrase(key="note.invariance"),
                *text_notes(report, "invariance"),
                *problem_notes(report),
                *notes,
            ),
        )
    ]
    if len(report.frame("released")):
        tables.append(
            Table(
                id="released",
                title=Phrase(key="table.released"),
                rows=report.frame("released")[_RELEASED],
                notes=(Phrase(key="note.released"),),
            )
        )
    means = report.frame("latent_means")
    if len(means):
        tables.append(
            Table(
                id="latent_means",
                title=Phrase(key="table.latent_means"),
                rows=means[[*_MEANS, "undefined"]],
                notes=(Phrase(key="note.latent_means"), *interval),
            )
        )
    return tables


def _findings(report: MeasurementReport, group: str) -> tuple[Phrase, ...]:
    """Whether the groups' means may be compared; nothing where the levels were not found."""
    ladder = report.frame("ladder").set_index("level")["judgement"]
    if ladder.get("configural") == "fail":
        return (Phrase(key="finding.not_configural", values={"column": group}),)
    levels = [level for level in _FOR_MEANS if level in ladder.index]
    released = report.frame("released")["level"].isin(_FOR_MEANS).sum()
    failed = next((level for level in levels if ladder[level] == "fail"), None)
    if failed is not None:
        told: dict[str, str | int] = {"column": group, "level": failed, "n": int(released)}
        return (Phrase(key="finding.not_invariant", values=told),)
    if levels and levels[-1] == "scalar" and ladder["scalar"]:
        return (Phrase(key="finding.invariant", values={"column": group}),)
    return ()

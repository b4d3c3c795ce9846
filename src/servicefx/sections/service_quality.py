"""Service quality: what was perceived and expected, dimension by dimension, and one index of it."""

from __future__ import annotations

from servicefx.errors import ServicefxError
from servicefx.measurement.assessment import MeasurementReport
from servicefx.measurement.servqual import quality_dimensions
from servicefx.sections.assessed import assessed, interval_notes, problem_notes, text_notes, undefined_notes
from servicefx.sections.notes import answering
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section, Table

__all__ = ["service_quality_section"]


@answering("service_quality")
def service_quality_section(study: Study, seed: int | None = None) -> Section | None:
    """SERVQUAL and SERVPERF, the importance-weighted index from 0 to 100, and its norms.

    Parameters
    ----------
    study : Study
    seed : int
        Not used: nothing here is drawn.

    Returns
    -------
    Section or None
        None where no construct is a dimension of service quality.
    """
    try:
        dimensions = quality_dimensions(study)
    except ServicefxError:
        return None
    report = assessed(study, "servqual", "index", seed=seed) if dimensions else None
    if report is None or "servqual" not in report.names:
        return None
    notes = (*interval_notes(study, report), *undefined_notes(report, "servqual", "index"))
    expected = bool((report.frame("servqual")["measure"] == "gap").any())
    tables = [
        Table(
            id="servqual",
            title=Phrase(key="table.servqual"),
            rows=report.frame("servqual"),
            notes=(
                Phrase(key="note.servqual" if expected else "note.servperf"),
                *text_notes(report, "servqual"),
                *notes,
            ),
        )
    ]
    findings: list[Phrase] = []
    if "quality_index" in report.names:
        tables += _index_tables(report, (*notes, *text_notes(report, "index"), *problem_notes(report)))
        whole = report.frame("quality_index").iloc[0]
        findings.append(
            Phrase(
                key="finding.quality_index",
                values={name: float(whole[name]) for name in ("estimate", "conf_low", "conf_high")},
            )
        )
    findings += _worst_gap(report)
    return Section(
        id="service_quality",
        title=Phrase(key="section.service_quality"),
        findings=tuple(findings),
        tables=tuple(tables),
    )


def _index_tables(report: MeasurementReport, notes: tuple[Phrase, ...]) -> list[Table]:
    return [
        Table(
            id="quality_index",
            title=Phrase(key="table.quality_index"),
            rows=report.frame("quality_index").replace({"segment": {"": "all"}}),
            notes=(Phrase(key="note.quality_index"), *notes),
        ),
        Table(
            id="quality_norms",
            title=Phrase(key="table.quality_norms"),
            rows=report.frame("norms"),
            notes=(Phrase(key="note.quality_norms"),),
        ),
    ]


def _worst_gap(report: MeasurementReport) -> list[Phrase]:
    """The dimension that falls furthest short of what was expected."""
    table = report.frame("servqual")
    gaps = table[(table["measure"] == "gap") & (table["construct"] != "overall")].dropna(subset=["estimate"])
    if gaps.empty:
        return []
    row = gaps.sort_values("estimate").iloc[0]
    key = "finding.gap_short" if row["conf_high"] < 0 else "finding.gap_open"
    values = {name: float(row[name]) for name in ("estimate", "conf_low", "conf_high")}
    return [Phrase(key=key, values={"construct": str(row["construct"]), **values})]

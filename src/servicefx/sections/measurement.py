"""How well the constructs are measured: reliability, validity, dimensions and method bias."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from servicefx.measurement.assessment import MeasurementReport
from servicefx.measurement.reliability import Reliability, reliability_of
from servicefx.sections.assessed import (
    apart_notes,
    assessed,
    interval_notes,
    problem_notes,
    rules_table,
    sample_note,
    text_notes,
    undefined_notes,
)
from servicefx.sections.measurement_tables import (
    bias_table,
    components_table,
    items_table,
    loadings_table,
    marker_tables,
    pairs_table,
)
from servicefx.sections.notes import answering, draw_notes, score_notes
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section, Table

__all__ = ["measurement_section"]

_LOW_ALPHA = 0.7
"""Nunnally (1978), Psychometric Theory, 2nd ed., p. 245: enough for early research."""
_BESIDE = ("omega", "rho_a", "ordinal_alpha")
"""Measures shown beside alpha and composite reliability."""
_EXTRACTED = "average_variance_extracted"


@answering("measurement")
def measurement_section(study: Study, seed: int | None = None) -> Section | None:
    """Reliability of every construct of items, validity, number of dimensions, method bias.

    Parameters
    ----------
    study : Study
    seed : int
        Of the resamples; by default the study's.

    Returns
    -------
    Section or None
        None where no construct is reflective.
    """
    fits: dict[str, Reliability] = {}
    for construct, spec in study.spec.constructs.items():
        if spec.mode == "reflective" and spec.items:
            weights = study.weights(study.data_of(construct))
            fits[construct] = reliability_of(
                study.items(construct), construct, weights=weights, level=study.level
            )
    if not fits:
        return None
    report = assessed(study, "reliability", "validity", "dimensions", "bias", seed=seed)
    tables = [_reliability(study, fits, report, seed)]
    findings = _reliability_findings(fits)
    if report is not None:
        drawn = draw_notes(study, report.data, study.seed if seed is None else seed)
        notes = (*text_notes(report, "confirmatory"), *interval_notes(study, report))
        bias = text_notes(report, "single_factor", "method_factor", "full_collinearity")
        made = [
            items_table(report),
            loadings_table(report, {name: fits[name] for name in report.apart if name in fits}, notes),
            pairs_table(report, (*notes, *text_notes(report, "ratios"), *problem_notes(report))),
            components_table(report, text_notes(report, "components", "partials", "adequacy")),
            bias_table(report, (*bias, *drawn, *notes[-1:])),
            *marker_tables(study, report),
            rules_table(report, "rules") if len(report.rules) else None,
        ]
        tables += [table for table in made if table is not None]
        findings += _pair_findings(report)
    if not any(table.id == "loadings" for table in tables):
        tables += _own_loadings(fits)
    return Section(
        id="measurement",
        title=Phrase(key="section.measurement"),
        findings=tuple(findings),
        tables=tuple(tables),
        notes=() if report is None else (sample_note(report), *apart_notes(report), *_unanswered(report)),
    )


def _unanswered(report: MeasurementReport) -> tuple[Phrase, ...]:
    return undefined_notes(report, "reliability", "validity", "dimensions", "bias")


def _reliability(
    study: Study, fits: dict[str, Reliability], report: MeasurementReport | None, seed: int | None
) -> Table:
    """Alpha with its interval, then the other measures, one row a construct."""
    beside = _beside(report)
    rows = [_reliability_row(construct, fit, beside) for construct, fit in fits.items()]
    data = study.data_of(next(iter(fits))) if report is None else report.data
    frame = pd.DataFrame(rows)
    empty = [name for name in _BESIDE if frame[name].isna().all()]
    told = score_notes(study, data)[1:]
    if beside:
        key, drawn = "note.reliability_drawn", draw_notes(study, data, study.seed if seed is None else seed)
    else:
        key, drawn = "note.reliability", ()
        told = tuple(note for note in told if note.key != "note.clusters")
    return Table(
        id="reliability",
        title=Phrase(key="table.reliability"),
        rows=frame.drop(columns=empty),
        notes=(Phrase(key=key), *_flags(fits), *drawn, *told),
    )


def _reliability_row(
    construct: str, fit: Reliability, beside: Mapping[tuple[str, str], Mapping[Hashable, object]]
) -> dict[str, object]:
    """The construct's own fit, and what the assessment adds: intervals by resampling, further measures."""
    nothing = {"estimate": float("nan"), "conf_low": fit.alpha_low, "conf_high": fit.alpha_high}
    alpha = beside.get((construct, "alpha"), nothing)
    further = {name: beside.get((construct, name), {}) for name in _BESIDE}
    extracted = beside.get((construct, _EXTRACTED), {"estimate": fit.average_variance_extracted})
    reasons = [*fit.undefined.values()]
    reasons += [str(row.get("undefined", "")) for row in further.values() if np.isnan(_number(row))]
    return {
        "construct": construct,
        "n_items": fit.n_items,
        "n_obs": fit.n_obs,
        "alpha": fit.alpha,
        "alpha_low": alpha["conf_low"],
        "alpha_high": alpha["conf_high"],
        **{name: _number(row) for name, row in further.items()},
        "composite_reliability": fit.composite_reliability,
        _EXTRACTED: extracted["estimate"],
        "undefined": "; ".join(dict.fromkeys(filter(None, reasons))),
    }


def _number(row: Mapping[Hashable, object]) -> float:
    value = row.get("estimate")
    return value if isinstance(value, float) else float("nan")


def _beside(report: MeasurementReport | None) -> dict[tuple[str, str], dict[Hashable, object]]:
    """(construct, measure) -> row of the assessment's reliability, and of variance extracted."""
    if report is None:
        return {}
    found: dict[tuple[str, str], dict[Hashable, object]] = {}
    if "reliability" in report.names:
        rows = report.frame("reliability").to_dict("records")
        found |= {(str(row["construct"]), str(row["measure"])): row for row in rows}
    if "extracted_variance" in report.names:
        rows = report.frame("extracted_variance").to_dict("records")
        found |= {(str(row["construct"]), _EXTRACTED): row for row in rows}
    return found


def _flags(fits: dict[str, Reliability]) -> tuple[Phrase, ...]:
    return tuple(
        Phrase(key="note.flag", values={"construct": construct, "text": flag})
        for construct, fit in fits.items()
        for flag in fit.flags
    )


def _reliability_findings(fits: dict[str, Reliability]) -> list[Phrase]:
    low = [construct for construct, fit in fits.items() if fit.alpha < _LOW_ALPHA]
    known = [construct for construct, fit in fits.items() if fit.alpha >= _LOW_ALPHA]
    if known and not low:
        return [Phrase(key="finding.alpha_fine", values={"n": len(known), "threshold": _LOW_ALPHA})]
    return [
        Phrase(
            key="finding.low_alpha",
            values={"construct": construct, "alpha": fits[construct].alpha, "threshold": _LOW_ALPHA},
        )
        for construct in low
    ]


def _pair_findings(report: MeasurementReport) -> list[Phrase]:
    """Pairs of constructs that the items hardly tell apart, by the upper end of their correlation."""
    if "correlations" not in report.names:
        return []
    table = report.frame("correlations")
    close = table[table["severity"].isin(["moderate", "severe"])]
    if close.empty:
        return [Phrase(key="finding.told_apart", values={"n": len(table)})] if len(table) else []
    worst = close.sort_values("estimate").iloc[-1]
    values = {name: float(worst[name]) for name in ("estimate", "conf_low", "conf_high")}
    named = {"construct": str(worst["construct"]), "other": str(worst["other"])}
    key = "finding.hardly_apart" if len(close) == 1 else "finding.several_hardly_apart"
    return [Phrase(key=key, values={"n": len(close), "all": len(table), **named, **values})]


def _own_loadings(fits: dict[str, Reliability]) -> list[Table]:
    """Loadings of every construct by itself, where there is no model of all of them."""
    rows = [
        {"construct": construct, "item": item, "loading": value, "n_obs": fit.n_obs}
        for construct, fit in fits.items()
        for item, value in fit.loadings.items()
    ]
    if not rows:
        return []
    notes = (Phrase(key="note.loadings"), *_flags(fits))
    return [Table(id="loadings", title=Phrase(key="table.loadings"), rows=pd.DataFrame(rows), notes=notes)]

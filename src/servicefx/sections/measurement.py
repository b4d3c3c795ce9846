"""How well the constructs are measured: reliability, validity, dimensions and method bias."""

from __future__ import annotations

import pandas as pd

from servicefx.measurement.assessment import MeasurementReport
from servicefx.measurement.reliability import Reliability, reliability_of
from servicefx.sections.assessed import (
    assessed,
    interval_notes,
    problem_notes,
    rules_table,
    sample_note,
    text_notes,
    undefined_notes,
)
from servicefx.sections.measurement_tables import bias_table, components_table, loadings_table, pairs_table
from servicefx.sections.notes import answering, score_notes
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section, Table

__all__ = ["measurement_section"]

_LOW_ALPHA = 0.7
"""Nunnally (1978), Psychometric Theory, 2nd ed., p. 245: enough for early research."""
_BESIDE = ("omega", "rho_a", "ordinal_alpha")
"""Measures shown beside alpha and composite reliability."""


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
    tables = [_reliability(study, fits, report)]
    findings = _reliability_findings(fits)
    if report is not None:
        notes = (*text_notes(report, "validity"), *interval_notes(study, report))
        made = [
            loadings_table(report, notes),
            pairs_table(report, (*notes, *problem_notes(report))),
            components_table(report, text_notes(report, "dimensions")),
            bias_table(report, text_notes(report, "single_factor", "method_factor", "full_collinearity")),
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
        notes=() if report is None else (sample_note(report), *undefined_notes(report)),
    )


def _reliability(study: Study, fits: dict[str, Reliability], report: MeasurementReport | None) -> Table:
    """Alpha with its interval, then the other measures, one row a construct."""
    beside = _wide(report)
    rows = [
        {
            "construct": construct,
            "n_items": fit.n_items,
            "n_obs": fit.n_obs,
            "alpha": fit.alpha,
            "alpha_low": fit.alpha_low,
            "alpha_high": fit.alpha_high,
            **{name: beside.get((construct, name), float("nan")) for name in _BESIDE},
            "composite_reliability": fit.composite_reliability,
            "average_variance_extracted": fit.average_variance_extracted,
            "undefined": "; ".join(dict.fromkeys(fit.undefined.values())),
        }
        for construct, fit in fits.items()
    ]
    first = study.data_of(next(iter(fits)))
    frame = pd.DataFrame(rows)
    empty = [name for name in _BESIDE if frame[name].isna().all()]
    return Table(
        id="reliability",
        title=Phrase(key="table.reliability"),
        rows=frame.drop(columns=empty),
        notes=(
            Phrase(key="note.reliability"),
            *_flags(fits),
            *(note for note in score_notes(study, first)[1:] if note.key != "note.clusters"),
        ),
    )


def _wide(report: MeasurementReport | None) -> dict[tuple[str, str], float]:
    """(construct, measure) -> estimate of the assessment's reliability."""
    if report is None or "reliability" not in report.names:
        return {}
    table = report.frame("reliability")
    keys = zip(table["construct"], table["measure"], strict=True)
    return dict(zip(keys, table["estimate"].astype(float), strict=True))


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

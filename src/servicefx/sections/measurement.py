"""How well the constructs are measured: reliability and loadings."""

from __future__ import annotations

import pandas as pd

from servicefx.measurement.reliability import Reliability, reliability_of
from servicefx.sections.notes import answering, score_notes
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section, Table

__all__ = ["measurement_section"]

_LOW_ALPHA = 0.7
"""Nunnally (1978), Psychometric Theory, 2nd ed., p. 245: enough for early research."""


@answering("measurement")
def measurement_section(study: Study, seed: int | None = None) -> Section | None:  # noqa: ARG001
    """Alpha, composite reliability, variance extracted and loadings of every construct of items.

    Parameters
    ----------
    study : Study
    seed : int
        Not used: nothing here is drawn.

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
    rows = [
        {
            "construct": construct,
            "n_items": fit.n_items,
            "n_obs": fit.n_obs,
            "alpha": fit.alpha,
            "alpha_low": fit.alpha_low,
            "alpha_high": fit.alpha_high,
            "composite_reliability": fit.composite_reliability,
            "average_variance_extracted": fit.average_variance_extracted,
            "undefined": "; ".join(dict.fromkeys(fit.undefined.values())),
        }
        for construct, fit in fits.items()
    ]
    loadings = [
        {"construct": construct, "item": item, "loading": value, "n_obs": fit.n_obs}
        for construct, fit in fits.items()
        for item, value in fit.loadings.items()
    ]
    flags = tuple(
        Phrase(key="note.flag", values={"construct": construct, "text": flag})
        for construct, fit in fits.items()
        for flag in fit.flags
    )
    low = [construct for construct, fit in fits.items() if fit.alpha < _LOW_ALPHA]
    findings = [
        Phrase(
            key="finding.low_alpha",
            values={"construct": construct, "alpha": fits[construct].alpha, "threshold": _LOW_ALPHA},
        )
        for construct in low
    ]
    known = [construct for construct, fit in fits.items() if fit.alpha >= _LOW_ALPHA]
    if known and not low:
        findings = [Phrase(key="finding.alpha_fine", values={"n": len(known), "threshold": _LOW_ALPHA})]
    first = study.data_of(next(iter(fits)))
    tables = [
        Table(
            id="reliability",
            title=Phrase(key="table.reliability"),
            rows=pd.DataFrame(rows),
            notes=(
                Phrase(key="note.reliability"),
                *flags,
                *(note for note in score_notes(study, first)[1:] if note.key != "note.clusters"),
            ),
        )
    ]
    if loadings:
        tables.append(
            Table(
                id="loadings",
                title=Phrase(key="table.loadings"),
                rows=pd.DataFrame(loadings),
                notes=(Phrase(key="note.loadings"), *flags),
            )
        )
    return Section(
        id="measurement",
        title=Phrase(key="section.measurement"),
        findings=tuple(findings),
        tables=tuple(tables),
    )

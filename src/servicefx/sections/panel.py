"""Firms over time: what changes with service within a firm (H10, H11, H17)."""

from __future__ import annotations

import pandas as pd

from servicefx.models.chain import chain_outcomes
from servicefx.models.over_time import fit_over_time, panel_files
from servicefx.sections.notes import answering, dropped_notes, estimates_rows
from servicefx.study.study import Study
from servicefx.values.estimates import FEW_CLUSTERS
from servicefx.values.table import Phrase, Section, Table

__all__ = ["panel_section"]


@answering("panel")
def panel_section(study: Study, seed: int | None = None) -> Section | None:  # noqa: ARG001 - every section has it
    """Two-way fixed-effects regressions of every panel outcome, errors clustered by unit.

    Parameters
    ----------
    study : Study
    seed : int
        Not used: nothing here is drawn.

    Returns
    -------
    Section or None
        Table ``panel``; None where no data file follows units over periods.
    """
    fits, notes = [], []
    for data in panel_files(study):
        spec = study.spec.data[data]
        for outcome in chain_outcomes(study, data):
            fit = fit_over_time(study, outcome, data=data)
            fits.append(fit)
            notes += [
                Phrase(
                    key="note.panel",
                    values={
                        "outcome": outcome,
                        "n_obs": fit.n_obs,
                        "n_units": int(fit.fit_measures["n_units"]),
                        "n_periods": int(fit.fit_measures["n_periods"]),
                        "r_squared": fit.fit_measures["r_squared_within"],
                    },
                ),
                *(dropped_notes(fit.dropped) if fit.dropped else ()),
            ]
        if fits and fits[-1].df + 1 < FEW_CLUSTERS:
            notes.append(Phrase(key="note.few_clusters", values={"n": int(fits[-1].df + 1)}))
        notes.append(Phrase(key="note.covariance", values={"kind": f"cluster: {spec.unit}"}))
    if not fits:
        return None
    notes.append(Phrase(key="note.design", values={"design": "within_unit"}))
    notes += [Phrase(key="note.assumption", values={"text": text}) for text in fits[0].assumptions]
    notes.append(Phrase(key="note.level", values={"level": study.level}))
    rows = estimates_rows(fits, study.level)
    return Section(
        id="panel",
        title=Phrase(key="section.panel"),
        findings=_findings(rows, study),
        tables=(Table(id="panel", title=Phrase(key="table.panel"), rows=rows, notes=tuple(notes)),),
    )


def _findings(rows: pd.DataFrame, study: Study) -> tuple[Phrase, ...]:
    """One sentence an estimate; whether its interval decides a sign is said."""
    unit = str(study.spec.data[panel_files(study)[0]].unit)
    return tuple(
        Phrase(
            key="finding.panel" if row["conf_low"] > 0 or row["conf_high"] < 0 else "finding.panel_undecided",
            values={name: row[name] for name in ("term", "outcome", "estimate", "conf_low", "conf_high")}
            | {"unit": unit},
        )
        for row in rows.to_dict("records")
    )

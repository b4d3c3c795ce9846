"""What goes with satisfaction: the drivers regression under two kinds of error (H1)."""

from __future__ import annotations

from servicefx.engines.design_matrix import CONSTANT
from servicefx.models.chain import chain_outcomes
from servicefx.models.drivers import fit_direct
from servicefx.sections.notes import answering, estimates_rows, fit_notes, step_of, units_of
from servicefx.study.study import Study
from servicefx.values.estimates import FEW_CLUSTERS
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["drivers_section"]

_COLLINEAR = 10.0
"""Variance inflation above which terms are called collinear (Belsley, Kuh & Welsch 1980, ch. 3)."""


@answering("drivers")
def drivers_section(
    study: Study,
    outcome: str = "satisfaction",
    seed: int | None = None,  # noqa: ARG001 - every section has it
) -> Section | None:
    """Regression of an outcome on its drivers with HC3 and, where clusters are declared, clustered errors.

    Parameters
    ----------
    study : Study
    outcome : str
        Construct id.
    seed : int
        Not used: nothing here is drawn.

    Returns
    -------
    Section or None
        Table and figure ``drivers``; None where no path leads to the outcome.
    """
    if outcome not in study.spec.constructs or outcome not in chain_outcomes(study, study.data_of(outcome)):
        return None
    data = study.data_of(outcome)
    fit = fit_direct(study, outcome, data=data)
    fits = [fit.robust] if fit.clustered is None else [fit.clustered, fit.robust]
    notes = list(fit_notes(study, data, fit.estimates, "adjusted"))
    notes += [
        Phrase(key="note.collinear", values={"term": term, "factor": factor})
        for term, factor in fit.inflation.items()
        if factor > _COLLINEAR
    ]
    if fit.clustered is not None and fit.clustered.df + 1 < FEW_CLUSTERS:
        notes.append(Phrase(key="note.few_clusters", values={"n": int(fit.clustered.df + 1)}))
    notes.append(Phrase(key="note.r_squared", values={"r_squared": fit.estimates.fit_measures["r_squared"]}))
    rows = estimates_rows(fits, study.level)
    main = rows[(rows["covariance_kind"] == fit.estimates.covariance_kind) & (rows["term"] != CONSTANT)]
    shown = main.sort_values("estimate", ascending=False, kind="stable")
    findings = tuple(
        Phrase(
            key="finding.driver",
            values={
                "term": row["term"],
                "outcome": outcome,
                "estimate": row["estimate"],
                "conf_low": row["conf_low"],
                "conf_high": row["conf_high"],
                "design": "adjusted",
                "step": step_of(study, row["term"], data),
                "unit": units_of(study, outcome, data),
            },
        )
        for row in shown.to_dict("records")
        if row["conf_low"] > 0 or row["conf_high"] < 0
    )
    undecided = [row["term"] for row in shown.to_dict("records") if row["conf_low"] <= 0 <= row["conf_high"]]
    findings += tuple(
        Phrase(key="finding.driver_undecided", values={"term": term, "outcome": outcome})
        for term in undecided
    )
    return Section(
        id="drivers",
        title=Phrase(key="section.drivers", values={"outcome": outcome}),
        findings=findings,
        tables=(
            Table(
                id="drivers",
                title=Phrase(key="table.drivers", values={"outcome": outcome}),
                rows=rows,
                notes=tuple(notes),
            ),
        ),
        figures=(
            Figure(
                id="drivers",
                kind="coefficients",
                title=Phrase(key="figure.drivers", values={"outcome": outcome}),
                rows=shown[["term", "estimate", "conf_low", "conf_high"]].reset_index(drop=True),
                source="drivers",
                notes=(Phrase(key="note.level", values={"level": study.level}),),
            ),
        ),
    )

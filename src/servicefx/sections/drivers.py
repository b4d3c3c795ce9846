"""What goes with satisfaction: the drivers page, from importance to the regression behind it (H1)."""

from __future__ import annotations

from servicefx.engines.design_matrix import CONSTANT
from servicefx.models.chain import chain_outcomes
from servicefx.models.drivers import fit_direct
from servicefx.sections.drivers_asked import AskedDrivers, Pages, asked_drivers, pages_or_refusal
from servicefx.sections.drivers_importance import dominance_pages, importance_pages, priority_pages
from servicefx.sections.drivers_kano import kano_pages
from servicefx.sections.drivers_versions import latent_pages, overlap_pages, version_pages
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
    seed: int | None = None,
) -> Section | None:
    """What goes with an outcome: how much, how surely in which order, in which shape, what to work on first.

    Parameters
    ----------
    study : Study
    outcome : str
        Construct id.
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    Section or None
        Tables ``importance, priority_map, priorities, kano, penalty_reward, drivers, importance_rules,
        dominance, collinearity, driver_versions, latent_drivers`` (with two drivers or more; with one only
        what needs no other), figures ``importance, priority_map, drivers``; None where no path leads to the
        outcome.
    """
    if outcome not in study.spec.constructs or outcome not in chain_outcomes(study, study.data_of(outcome)):
        return None
    data = study.data_of(outcome)
    seed = study.seed if seed is None else seed
    fit = fit_direct(study, outcome, data=data)
    asked = asked_drivers(study, outcome, data, fit, seed)
    ranked = (importance_pages, priority_pages) if len(asked.drivers) > 1 else ()
    shaped = (kano_pages,) if asked.drivers else ()
    first = [pages_or_refusal(build, asked) for build in (*ranked, *shaped)]
    compared = (dominance_pages,) if len(asked.drivers) > 1 else ()
    last = [
        pages_or_refusal(build, asked) for build in (*compared, overlap_pages, version_pages, latent_pages)
    ]
    pages = [*first, _regression(asked), *last]
    return Section(
        id="drivers",
        title=Phrase(key="section.drivers", values={"outcome": outcome}),
        findings=tuple(finding for page in pages for finding in page.findings),
        tables=tuple(table for page in pages for table in page.tables),
        figures=tuple(figure for page in pages for figure in page.figures),
        notes=tuple(note for page in pages for note in page.notes),
    )


def _regression(asked: AskedDrivers) -> Pages:
    """Table and figure ``drivers``: the coefficients, with HC3 and with clustered errors."""
    study, data, outcome, fit = asked.study, asked.data, asked.outcome, asked.fit
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
    return Pages(
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

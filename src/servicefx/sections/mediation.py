"""Through what an effect goes: the mediations a study declares (H4, H6, H7)."""

from __future__ import annotations

from servicefx.errors import ServicefxError
from servicefx.sections.mediation_asked import AskedMediation, worked_out
from servicefx.sections.mediation_findings import mediation_findings
from servicefx.sections.mediation_tables import (
    effect_tables,
    hidden_figures,
    hidden_tables,
    latent_tables,
)
from servicefx.sections.notes import answering, refused
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section

__all__ = ["mediation_section"]


@answering("mediation")
def mediation_section(study: Study, seed: int | None = None) -> Section | None:
    """Direct and indirect effects of every ``[[mediation]]`` of the study file.

    Outcomes of 0 and 1 are answered as changes of a share (natural effects), others in points; where
    something moderates, effects stand at its values.

    Parameters
    ----------
    study : Study
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    Section or None
        Tables ``mediation`` or, where something moderates, ``mediation_conditional``, and
        ``mediation_latent`` (each with a number from the second on), ``mediation_hidden`` and
        ``mediation_curve`` (hidden causes of mediator and outcome); figures ``mediation_rho``. None where
        the study declares no mediation. One that cannot be estimated is a note.
    """
    if not study.spec.mediation:
        return None
    seed = study.seed if seed is None else seed
    asked: list[AskedMediation] = []
    refusals: list[Phrase] = []
    for spec in study.spec.mediation:
        try:
            asked.append(worked_out(study, spec, seed))
        except ServicefxError as error:
            refusals += refused("mediation", error).notes
    title = Phrase(key="section.mediation")
    if not asked:
        return Section(id="mediation", title=title, notes=tuple(refusals))
    tables = (
        *effect_tables(study, asked, seed),
        *latent_tables(study, asked),
        *hidden_tables(study, asked),
    )
    hidden = [effect for one in asked if one.hidden is not None for effect in one.hidden.effects]
    return Section(
        id="mediation",
        title=title,
        findings=mediation_findings(asked, study.level),
        tables=tables,
        figures=hidden_figures(study, asked),
        effects=(*(effect.effect for one in asked for effect in one.fit.effects), *hidden),
        notes=tuple(refusals),
    )

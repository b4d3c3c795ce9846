"""Every mediation the study file declares, worked out: effects, hidden causes, the latent twin."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from servicefx.errors import ServicefxError
from servicefx.models.loyalty import is_binary
from servicefx.models.mediation import (
    Mediation,
    MediatorConfounding,
    NaturalEffects,
    fit_layout,
    latent_mediation,
    mediator_confounding,
    natural_effects,
    probit_confounding,
)
from servicefx.sections.answered_once import refuse_elsewhere, refuse_over_time
from servicefx.sections.notes import slope_unit, step_of
from servicefx.study.question_roles import question_home
from servicefx.study.question_spec import MediationSpec
from servicefx.study.study import Study

__all__ = ["AskedMediation", "worked_out"]

RHO = tuple(round(0.05 * step, 2) for step in range(-12, 13))
"""Correlations drawn: beyond .6 a hidden cause would explain more than a third of both."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AskedMediation:
    """One declared mediation and its answers.

    Attributes
    ----------
    data : str
        Data file.
    step : str
        One step of the source: ``"point"``.
    fit : Mediation or NaturalEffects
        The latter where the outcome, or the mediator, holds 0 and 1.
    hidden : MediatorConfounding or None
        None where something moderates, or the mediator holds 0 and 1.
    latent : DataFrame or None
        As `latent_mediation`; None where not all are constructs of several items, or it cannot be fitted.
    """

    data: str
    step: str
    fit: Mediation | NaturalEffects
    hidden: MediatorConfounding | None
    latent: pd.DataFrame | None


def worked_out(study: Study, spec: MediationSpec, seed: int) -> AskedMediation:
    """Answers of one ``[[mediation]]`` table.

    Raises
    ------
    StudyError, DataError, IdentificationError, ConvergenceError
        As `servicefx.models.mediation`.
    """
    data = question_home(study.spec, spec.data, (*spec.through, spec.to)) or next(iter(study.frames))
    where = f"mediation[{study.spec.mediation.index(spec)}]"
    refuse_over_time(study, data, where)
    named = (spec.source, *spec.through, spec.to, spec.moderator, *spec.covariates)
    refuse_elsewhere(study, data, where, named)
    shares = [name for name in (spec.to, *spec.through) if _is_share(study, name, data)]
    step = step_of(study, spec.source, data)
    if shares and spec.layout in (4, 6):
        return _natural(study, spec, data, seed, step)
    fit = fit_layout(
        study, spec.layout, source=spec.source, outcome=spec.to, mediators=spec.through,
        moderator=spec.moderator, covariates=spec.covariates, file=data, seed=seed,
        unit=slope_unit(study, spec.to, spec.source, data),
    )  # fmt: skip
    hidden = None if fit.layout.moderated else mediator_confounding(fit, rho=RHO, level=study.level)
    latent = None if fit.layout.moderated else _latent(study, spec, data, seed)
    return AskedMediation(data=data, step=step, fit=fit, hidden=hidden, latent=latent)


def _natural(study: Study, spec: MediationSpec, data: str, seed: int, step: str) -> AskedMediation:
    fit = natural_effects(
        study, spec.layout, source=spec.source, outcome=spec.to, mediators=spec.through,
        covariates=spec.covariates, file=data, seed=seed, mediators_at=(),
        unit=slope_unit(study, spec.to, spec.source, data).partition(" per ")[0],
    )  # fmt: skip
    hidden = None
    if fit.outcome_kind == "logit" and not any(_is_share(study, name, data) for name in spec.through):
        hidden = probit_confounding(
            study, spec.layout, source=spec.source, outcome=spec.to, mediators=spec.through,
            covariates=spec.covariates, file=data, seed=seed, rho=RHO, level=study.level,
        )  # fmt: skip
    return AskedMediation(data=data, step=step, fit=fit, hidden=hidden, latent=None)


def _is_share(study: Study, name: str, data: str) -> bool:
    return name in study.scores[data].columns and is_binary(study, name, data)


def _latent(study: Study, spec: MediationSpec, data: str, seed: int) -> pd.DataFrame | None:
    """The same between constructs behind their items, where all of them are measured in this file."""
    roles = (spec.source, *spec.through, spec.to, *spec.covariates)
    declared = study.spec.constructs
    if any(name not in declared or declared[name].mode == "formative" for name in roles):
        return None
    if any(study.data_of(name) != data for name in roles) or study.weights(data) is not None:
        return None
    if all(study.items(name).shape[1] == 1 for name in (spec.source, *spec.through, spec.to)):
        return None
    frames = [study.items(name) for name in roles]
    clusters = study.clusters(data)
    items = pd.concat([*frames, *([] if clusters is None else [clusters])], axis=1)
    try:
        return latent_mediation(
            items, spec.layout, source=spec.source, outcome=spec.to, mediators=spec.through,
            covariates=spec.covariates, seed=seed, level=study.level,
            constructs={n: [str(item) for item in frame] for n, frame in zip(roles, frames, strict=True)},
            cluster=None if clusters is None else str(clusters.name),
        )  # fmt: skip
    except ServicefxError:
        return None  # the observed answer stands; the structure section says what its items do not allow

"""Answers of a mediation: each effect as a sentence with its draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from servicefx.models.drivers import HELD, MEASURED
from servicefx.models.mediation.answers import ROUTE, MediatedEffect
from servicefx.models.mediation.routes import Asked, Roles
from servicefx.models.mediation.rows import MediationRows
from servicefx.values.effect import Effect

__all__ = ["LINEAR", "NO_HIDDEN_CAUSE", "OPPOSED", "answer_of", "proportion_said"]

Floats = NDArray[np.float64]
NO_HIDDEN_CAUSE = "no unmeasured cause moves both a mediator and the outcome, or two mediators"
LINEAR = "every equation is linear, and only the products the layout names matter"
OPPOSED = "direct and indirect effects do not all have one sign, so none is a share of the total"


def answer_of(
    roles: Roles,
    asked: Asked,
    estimate: float,
    draws: Floats,
    acceleration: float,
    rows: MediationRows,
    unit: str,
) -> MediatedEffect:
    """One effect with its draws, shape (n_draws,), as an answer."""
    per_unit = f"{unit} per unit of {roles.moderator}"
    units = {"proportion": "share of the total", "index": per_unit, "change": per_unit}
    effect = Effect(
        estimand=_estimand(roles, asked),
        unit=units.get(asked.kind, unit),
        estimate=estimate,
        draws=draws,
        draw_source=(rows.draw_source,),
        design="adjusted",
        assumptions=(HELD, NO_HIDDEN_CAUSE, MEASURED, LINEAR, *rows.references),
        undefined="" if np.isfinite(estimate) else "the total effect is zero",
    )  # fmt: skip
    return MediatedEffect(
        kind=asked.kind, source=roles.source, outcome=roles.outcome, via=asked.via, less=asked.less,
        at=asked.at, less_at=asked.less_at, effect=effect, acceleration=acceleration,
    )  # fmt: skip


def _estimand(roles: Roles, asked: Asked) -> str:
    """What an effect is."""
    change = f"change in {roles.outcome} per unit of {roles.source}"
    place = "" if np.isnan(asked.at) else f", where {roles.moderator} is {asked.at:.4g}"
    route = f" through {ROUTE.join(asked.via)}" if asked.via else ""
    if asked.kind == "direct":
        return f"{change}, not through a mediator{place}"
    if asked.kind == "indirect":
        return f"{change}{route or ', all mediated routes'}{place}"
    if asked.kind == "total":
        return f"{change}, all routes"
    if asked.kind == "proportion":
        return f"indirect share of the change in {roles.outcome} per unit of {roles.source}"
    if asked.kind == "contrast" and np.isnan(asked.at):
        return f"{change}{route}, less that through {ROUTE.join(asked.less)}"
    if asked.kind == "contrast":
        return f"{change}{route}{place}, less that where it is {asked.less_at:.4g}"
    what = "the direct effect" if asked.kind == "change" else f"the indirect effect{route}"
    return f"what one unit of {roles.moderator} adds to {what} of {roles.source} on {roles.outcome}"


def proportion_said(effects: tuple[MediatedEffect, ...]) -> tuple[MediatedEffect, ...]:
    """The share mediated taken back where direct and indirect effects oppose each other."""
    by_kind = {(one.kind, one.via): one.effect for one in effects}
    share = by_kind.get(("proportion", ()))
    if share is None:
        return effects
    routes = [one.effect.estimate for one in effects if one.kind == "indirect" and one.via]
    signs = {np.sign(value) for value in (by_kind["direct", ()].estimate, *routes)}
    if len(signs) == 1:
        return effects
    nothing = replace(
        share, estimate=float("nan"), draws=np.full(len(share.draws), np.nan), undefined=OPPOSED
    )
    return tuple(replace(one, effect=nothing) if one.kind == "proportion" else one for one in effects)

"""What mediations say in words: how much goes through, for whom, and what would undo it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from servicefx.models.mediation import MediatedEffect, Mediation, NaturalEffects
from servicefx.sections.mediation_asked import AskedMediation
from servicefx.values.table import Phrase

__all__ = ["mediation_findings"]

Values = dict[str, str | int | float]
_NUMBERS = {1: "one", 2: "two"}


def mediation_findings(asked: Sequence[AskedMediation], level: float) -> tuple[Phrase, ...]:
    """Sentences of all mediations, in their order.

    Parameters
    ----------
    asked : sequence of AskedMediation
    level : float
    """
    told: list[Phrase] = []
    for one in asked:
        if isinstance(one.fit, Mediation) and one.fit.layout.moderated:
            told += _indices(one, one.fit, level)
            continue
        told += _through(one, level)
        told += _contrast(one, level)
        told += _latent(one)
        told += _hidden(one)
    return tuple(told)


def _interval(effect: MediatedEffect, level: float) -> Values:
    low, high = effect.interval(level)
    return {"estimate": effect.effect.estimate, "conf_low": low, "conf_high": high}


def _ends(one: AskedMediation) -> Values:
    values: Values = {"term": one.fit.source, "outcome": one.fit.outcome, "step": one.step}
    values |= {"n": len(one.fit.mediators), "design": "adjusted"}
    return values | dict(zip(("via", "second"), one.fit.mediators, strict=False))


def _through(one: AskedMediation, level: float) -> list[Phrase]:
    """The sum of all routes, beside the total; and where the direct effect surely runs against it."""
    natural = isinstance(one.fit, NaturalEffects)
    kind = "total natural indirect" if natural else "indirect"
    routes = [effect for effect in one.fit.effects if effect.kind == kind]
    indirect = next((effect for effect in routes if not effect.via), routes[0])
    total = one.fit.answer("total").effect
    scale = "share" if total.unit == "share" else "points"
    number = _NUMBERS.get(len(one.fit.mediators), "many")
    low, high = indirect.interval(level)
    decided = "through" if low > 0 or high < 0 else "open"
    values = _ends(one) | _interval(indirect, level) | {"total": total.estimate}
    values["unit"] = total.unit.partition(" per ")[0]
    told = [Phrase(key=f"finding.mediation_{scale}_{decided}_{number}", values=values)]
    direct = one.fit.answer("pure natural direct" if natural else "direct")
    ends = direct.interval(level)
    if (low > 0 and ends[1] < 0) or (high < 0 and ends[0] > 0):
        opposed = _ends(one) | _interval(direct, level) | {"unit": values["unit"]}
        told.append(Phrase(key=f"finding.mediation_opposed_{scale}", values=opposed))
    return told


def _contrast(one: AskedMediation, level: float) -> list[Phrase]:
    """Which of two mediators side by side carries more, where that is decided."""
    if not isinstance(one.fit, Mediation) or one.fit.layout.serial or len(one.fit.mediators) != 2:
        return []
    left, right = one.fit.mediators
    found = one.fit.answer("contrast", (left,))
    low, high = found.interval(level)
    if not (low > 0 or high < 0):
        return []
    one_way = one.fit.answer("indirect", (left,)).effect.estimate
    other = one.fit.answer("indirect", (right,)).effect.estimate
    if one_way * other <= 0:
        return []
    more, fewer = (left, right) if abs(one_way) > abs(other) else (right, left)
    sign = 1.0 if more == left else -1.0
    ends = sorted((sign * low, sign * high))
    values = _ends(one) | {"more": more, "fewer": fewer, "estimate": sign * found.effect.estimate}
    return [Phrase(key="finding.mediation_more", values=values | {"conf_low": ends[0], "conf_high": ends[1]})]


def _indices(one: AskedMediation, fit: Mediation, level: float) -> list[Phrase]:
    """For whom more goes through: the index, or the contrast of the outermost values."""
    told = []
    for mediator in fit.mediators:
        values = _ends(one) | {"via": mediator, "moderator": str(fit.moderator)}
        if fit.layout.has_index:
            found = fit.answer("index", (mediator,))
            values |= _interval(found, level)
            key = "index"
        elif len(fit.values) > 1:
            ends = (fit.values[-1], fit.values[0])
            apart = [
                effect for effect in fit.effects if effect.kind == "contrast" and effect.via == (mediator,)
            ]
            found = next(effect for effect in apart if (effect.at, effect.less_at) == ends)
            values |= _interval(found, level) | {"at": ends[0], "less_at": ends[1]}
            key = "contrast"
        else:
            continue
        middle = fit.answer("indirect", (mediator,), fit.values[len(fit.values) // 2]).effect.estimate
        low, high = found.interval(level)
        if fit.values == (0.0, 1.0) and ": " in str(fit.moderator):  # a group of a column of text
            key = "group"
        if not (low > 0 or high < 0):
            told.append(Phrase(key=f"finding.mediation_{key}_open", values=values))
        else:
            values["growth"] = found.effect.estimate * (1.0 if middle >= 0 else -1.0)
            told.append(Phrase(key=f"finding.mediation_{key}", values=values))
    return told


def _latent(one: AskedMediation) -> list[Phrase]:
    """What measurement error hides, on the standardised scale."""
    if one.latent is None:
        return []
    found: Values = {}
    for series in ("observed", "latent"):
        rows = one.latent[one.latent["series"] == series]
        indirect = rows[rows["kind"] == "indirect"]
        summed = indirect[indirect["via"] == "all"] if len(indirect) > 1 else indirect
        found[series] = float(summed["std_all"].iloc[0])
        found[f"{series}_direct"] = float(rows.loc[rows["kind"] == "direct", "std_all"].iloc[0])
    latent = one.latent[one.latent["series"] == "latent"]
    beyond = latent["std_all"].abs().max() > 1
    key = "finding.mediation_latent_beyond" if beyond else "finding.mediation_latent"
    return [Phrase(key=key, values=_ends(one) | found)]


def _hidden(one: AskedMediation) -> list[Phrase]:
    """How strongly a hidden cause would have to join the outcome and the mediator that bears least."""
    if one.hidden is None:
        return []
    rows = one.hidden.vanishing
    decided = rows[(rows["rho_low"] > 0) | (rows["rho_high"] < 0)]
    if decided.empty:
        return []
    row = decided.iloc[int(np.argmin(np.abs(decided["rho"].to_numpy())))]
    values = _ends(one) | {"via": str(row["via"]), "estimate": float(row["rho"])}
    values |= {"conf_low": float(row["rho_low"]), "conf_high": float(row["rho_high"])}
    return [Phrase(key="finding.mediation_hidden", values=values)]

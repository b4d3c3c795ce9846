"""Tables and figures of the section on mediation."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from servicefx.models.mediation import Mediation, NaturalEffects
from servicefx.sections.mediation_asked import AskedMediation
from servicefx.sections.notes import draw_notes, dropped_notes, wider_notes
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Table

__all__ = ["effect_tables", "hidden_figures", "hidden_tables", "latent_tables"]

_EFFECTS = [
    "kind", "via", "less", "estimate", "conf_low", "conf_high", "bca_low", "bca_high", "unit", "undefined",
]  # fmt: skip
_CONDITIONAL = [
    "kind", "via", "at", "less_at", "estimate", "conf_low", "conf_high", "bca_low", "bca_high", "unit",
]  # fmt: skip
_LATENT = ["series", "kind", "via", "std_all", "estimate", "conf_low", "conf_high", "n_obs"]
_OTHER_PARTING = ("total natural direct", "pure natural indirect")
"""Effects that part the total the other way round, left to the functions."""


def effect_tables(study: Study, asked: Sequence[AskedMediation], seed: int) -> tuple[Table, ...]:
    """One table a mediation: its effects, or, where something moderates, its conditional effects.

    Parameters
    ----------
    study : Study
    asked : sequence of AskedMediation
    seed : int
        Of the draws.
    """
    tables: list[Table] = []
    for one in asked:
        bent = isinstance(one.fit, Mediation) and one.fit.layout.moderated
        kind = "mediation_conditional" if bent else "mediation"
        number = 1 + sum(re.fullmatch(rf"{kind}(_\d+)?", table.id) is not None for table in tables)
        name = kind if number == 1 else f"{kind}_{number}"
        tables.append(_conditional(study, one, seed, name) if bent else _plain(study, one, seed, name))
    return tuple(tables)


def _ends(one: AskedMediation) -> dict[str, str | int | float]:
    return {"term": one.fit.source, "outcome": one.fit.outcome}


def _plain(study: Study, one: AskedMediation, seed: int, name: str) -> Table:
    """Direct, indirect and total effects of a mediation in which nothing moderates."""
    natural = isinstance(one.fit, NaturalEffects)
    own = [Phrase(key="note.mediation")]
    if natural:
        own = [Phrase(key="note.mediation_natural", values=_ends(one) | {"step": one.step})]
        if len(one.fit.mediators) > 1:
            own.append(Phrase(key="note.mediation_order"))
    else:
        own.append(Phrase(key="note.mediation_bca"))
    return Table(
        id=name,
        title=Phrase(key="table.mediation", values=_ends(one)),
        rows=_rows(one, study.level)[_EFFECTS],
        notes=(*own, *_shared_notes(study, one, seed)),
    )


def _conditional(study: Study, one: AskedMediation, seed: int, name: str) -> Table:
    """Effects at moderator values, the index of moderated mediation, contrasts between values."""
    fit = one.fit
    rows = _rows(one, study.level)
    own = [Phrase(key="note.mediation_conditional")]
    if isinstance(fit, Mediation):
        added = rows["kind"].isin(["index", "change"])
        base = rows["unit"].str.split(" per unit of ").str[0]
        rows["unit"] = rows["unit"].mask(added, base + ", per unit of the moderator")
        if fit.layout.has_index and fit.values == (0.0, 1.0):
            rows = rows[rows["kind"] != "contrast"]  # the index says the same
        if fit.centres:
            own.append(Phrase(key="note.mediation_centred"))
    own.append(Phrase(key="note.mediation_bca"))
    moderator = str(fit.moderator) if isinstance(fit, Mediation) else ""
    return Table(
        id=name,
        title=Phrase(key="table.mediation_conditional", values=_ends(one) | {"moderator": moderator}),
        rows=rows[_CONDITIONAL],
        notes=(*own, *_shared_notes(study, one, seed)),
    )


def _rows(one: AskedMediation, level: float) -> pd.DataFrame:
    """Effects with percentile and, where there is one, BCa intervals."""
    frame = one.fit.table(level=level)
    keep = [effect.kind not in _OTHER_PARTING for effect in one.fit.effects]
    bounds = [
        effect.interval(level, "bca") if np.isfinite(effect.acceleration) else (np.nan, np.nan)
        for effect in one.fit.effects
    ]
    frame["bca_low"], frame["bca_high"] = [b[0] for b in bounds], [b[1] for b in bounds]
    return frame.loc[keep].reset_index(drop=True)


def _shared_notes(study: Study, one: AskedMediation, seed: int) -> tuple[Phrase, ...]:
    """Rows, what is held, draws, assumptions, level."""
    fit = one.fit
    notes = [Phrase(key="note.sample", values={"n_obs": fit.n_obs, "data": one.data})]
    notes += dropped_notes(fit.dropped)
    if fit.covariates:
        names = ", ".join(f"'{name}'" for name in fit.covariates)
        notes.append(Phrase(key="note.mediation_held", values={"names": names}))
    failed = max(effect.effect.n_failed for effect in fit.effects if not effect.effect.undefined)
    notes += [*draw_notes(study, one.data, seed, failed), *wider_notes(study, one.data)]
    weights = study.weights(one.data)
    if weights is not None:
        notes.append(Phrase(key="note.weights", values={"column": str(weights.name)}))
    notes.append(Phrase(key="note.design", values={"design": "adjusted"}))
    texts = fit.effects[0].effect.assumptions
    notes += [Phrase(key="note.assumption", values={"text": text}) for text in texts]
    return (*notes, Phrase(key="note.level", values={"level": study.level}))


def hidden_tables(study: Study, asked: Sequence[AskedMediation]) -> tuple[Table, ...]:
    """Where indirect effects vanish beside hidden causes, and the curves behind the figures."""
    vanishing, curves = [], []
    for one in asked:
        if one.hidden is not None:
            ends = {"from": one.hidden.source, "to": one.hidden.outcome}
            vanishing.append(one.hidden.vanishing.assign(**ends))
            curves.append(one.hidden.curve.assign(**ends))
    if not vanishing:
        return ()
    level = Phrase(key="note.level", values={"level": study.level})
    probit = any(isinstance(one.fit, NaturalEffects) and one.hidden is not None for one in asked)
    notes = (
        Phrase(key="note.mediation_hidden"),
        *(Phrase(key="note.mediation_probit") for _ in range(probit)),
        level,
    )
    order = ["from", "to", "via", "rho", "rho_low", "rho_high", "r2_rest", "r2_whole"]
    drawn = ["from", "to", "via", "rho", "estimate", "conf_low", "conf_high", "unit"]
    return (
        Table(
            id="mediation_hidden",
            title=Phrase(key="table.mediation_hidden"),
            rows=pd.concat(vanishing, ignore_index=True)[order],
            notes=notes,
        ),
        Table(
            id="mediation_curve",
            title=Phrase(key="table.mediation_curve"),
            rows=pd.concat(curves, ignore_index=True)[drawn],
            notes=notes,
            layout="behind",
        ),
    )


def hidden_figures(study: Study, asked: Sequence[AskedMediation]) -> tuple[Figure, ...]:
    """One figure a mediation: its indirect effects over the correlation of errors."""
    figures: list[Figure] = []
    for one in asked:
        if one.hidden is None:
            continue
        curve = one.hidden.curve.rename(columns={"rho": "x", "via": "series"})
        marks = one.hidden.vanishing[["rho", "rho_low", "rho_high"]].to_numpy(dtype=float)
        inside = marks[np.abs(marks[:, 0]) <= curve["x"].abs().max()]
        values: dict[str, str | int | float] = {"term": one.hidden.source, "outcome": one.hidden.outcome}
        unit = str(curve["unit"].iloc[0])
        columns = ["x", "estimate", "conf_low", "conf_high"]
        columns += ["series"] if len(marks) > 1 else []
        figures.append(
            Figure(
                id="mediation_rho" if not figures else f"mediation_rho_{len(figures) + 1}",
                kind="curve",
                title=Phrase(key="figure.mediation_rho", values=values),
                rows=curve[columns].reset_index(drop=True),
                source="mediation_curve",
                axes=(
                    Phrase(key="figure.rho_axis"),
                    Phrase(key="figure.mediated_axis", values=values | {"unit": unit}),
                ),
                verticals=tuple((float(a), float(b), float(c)) for a, b, c in inside),
                notes=(
                    Phrase(key="note.mediation_rho"),
                    Phrase(key="note.level", values={"level": study.level}),
                ),
            )
        )
    return tuple(figures)


def latent_tables(study: Study, asked: Sequence[AskedMediation]) -> tuple[Table, ...]:
    """Mediations of scores beside those of constructs behind their items."""
    tables: list[Table] = []
    for one in asked:
        if one.latent is None:
            continue
        lost = int(one.latent["n_dropped"].iloc[0])
        caution = str(one.latent.loc[one.latent["series"] == "latent", "caution"].iloc[0])
        tables.append(
            Table(
                id="mediation_latent" if not tables else f"mediation_latent_{len(tables) + 1}",
                title=Phrase(key="table.mediation_latent", values=_ends(one)),
                rows=one.latent[_LATENT],
                notes=(
                    Phrase(key="note.mediation_latent", values={"n": lost}),
                    *(
                        Phrase(key="note.mediation_caution", values={"text": text})
                        for text in [caution]
                        if text
                    ),
                    Phrase(key="note.level", values={"level": study.level}),
                ),
            )
        )
    return tuple(tables)

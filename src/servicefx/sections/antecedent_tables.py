"""Tables of what the firm can change: parts, shares, the chain between constructs, and value."""

from __future__ import annotations

import pandas as pd

from servicefx.models.antecedents import Decomposition, ServiceChain
from servicefx.models.drivers import declared_terms, fit_direct
from servicefx.models.sample import Sample
from servicefx.sections.drivers_asked import listed
from servicefx.sections.notes import draw_notes, dropped_notes, step_of, wider_notes
from servicefx.sem.sem_fit import SemFit
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Table

__all__ = ["VALUE", "chain_notes", "latent_table", "parts_table", "shares_table", "total_rows", "value_table"]

VALUE = "perceived_value"
_PRICE = "price_sensitivity"
_SHOWN = [
    "from", "kind", "via", "estimate", "conf_low", "conf_high", "share", "share_low", "share_high",
    "undefined",
]  # fmt: skip


def chain_notes(
    study: Study, chain: ServiceChain, sample: Sample, found: Decomposition, seed: int
) -> tuple[Phrase, ...]:
    """Sample, rows left out, draws, design and assumptions of the chain on scores."""
    failed = max(found.effect(name).n_failed for name in found.antecedents)
    told = [
        Phrase(key="note.antecedent_parts"),
        Phrase(key="note.sample", values={"n_obs": found.n_obs, "data": chain.data}),
        *dropped_notes(sample.dropped),
    ]
    if chain.added:
        values: dict[str, str | int | float] = {"names": listed(chain.added), "outcome": chain.outcome}
        told.append(Phrase(key="note.antecedents_added", values=values))
    weights = study.weights(chain.data)
    if weights is not None:
        told.append(Phrase(key="note.weights", values={"column": str(weights.name)}))
    return (
        *told,
        *wider_notes(study, chain.data),
        *draw_notes(study, chain.data, seed, failed),
        Phrase(key="note.design", values={"design": found.design}),
        *(Phrase(key="note.assumption", values={"text": text}) for text in found.assumptions),
        Phrase(key="note.level", values={"level": study.level}),
    )


def parts_table(study: Study, found: Decomposition, notes: tuple[Phrase, ...]) -> Table:
    """What each antecedent does by way of what, with its shares."""
    rows = found.table(level=study.level)[_SHOWN]
    return Table(
        id="antecedents",
        title=Phrase(key="table.antecedents", values={"outcome": found.outcome}),
        rows=rows if rows["undefined"].any() else rows.drop(columns="undefined"),
        notes=notes,
    )


def shares_table(
    study: Study,
    chain: ServiceChain,
    observed: Decomposition,
    latent: tuple[Decomposition, SemFit] | None,
) -> Table:
    """Shares of the whole, in scores and between constructs."""
    units = {step_of(study, name, chain.data) for name in chain.antecedents}
    versions = {"observed": observed} | ({} if latent is None else {"latent": latent[0]})
    rows = pd.concat(
        [found.whole(level=study.level).assign(series=name) for name, found in versions.items()],
        ignore_index=True,
    )
    if len(units) > 1:
        rows[["estimate", "conf_low", "conf_high", "share", "share_low", "share_high"]] = float("nan")
        rows["undefined"] = "the antecedents have different units, so one step of each is no whole"
    columns = [
        "series", "kind", "term", "estimate", "conf_low", "conf_high", "share", "share_low", "share_high",
    ]  # fmt: skip
    if rows["undefined"].any():
        columns.append("undefined")
    return Table(
        id="antecedent_shares",
        title=Phrase(key="table.antecedent_shares", values={"outcome": chain.outcome}),
        rows=rows[columns],
        notes=(
            Phrase(key="note.antecedent_shares"),
            Phrase(key="note.level", values={"level": study.level}),
        ),
    )


def latent_table(study: Study, found: Decomposition, fit: SemFit) -> Table:
    """The same between constructs."""
    rows = found.table(level=study.level)[_SHOWN]
    notes = [
        Phrase(key="note.antecedents_latent"),
        Phrase(key="note.sample", values={"n_obs": fit.n_obs, "data": study.data_of(found.outcome)}),
        Phrase(
            key="note.antecedents_fit",
            values={name: float(fit.measures[name]) for name in ("cfi", "rmsea", "srmr")},
        ),
        *(Phrase(key="note.recovery_caution", values={"text": p.found}) for p in fit.problems),
        Phrase(key="note.level", values={"level": study.level}),
    ]
    return Table(
        id="antecedents_latent",
        title=Phrase(key="table.antecedents_latent", values={"outcome": found.outcome}),
        rows=rows if rows["undefined"].any() else rows.drop(columns="undefined"),
        notes=tuple(notes),
    )


def value_table(study: Study, chain: ServiceChain, found: Decomposition) -> Table:
    """What passes through perceived value, dimension by dimension and in all; and what it does to prices."""
    rows = found.table(level=study.level)
    whole = found.whole(level=study.level)
    whole = whole[whole["kind"] == "mediator"].assign(**{"from": "all_dimensions", "to": found.outcome})
    whole = whole.assign(
        via=["" if term == "direct" else term for term in whole["term"]],
        kind=["direct" if term == "direct" else "indirect" for term in whole["term"]],
    )
    frames = [rows, whole]
    scores = study.scores[chain.data]
    if _PRICE in scores.columns and VALUE in declared_terms(study, _PRICE, chain.data):
        table = fit_direct(study, _PRICE, data=chain.data).estimates.table(level=study.level)
        row = table[table["term"] == VALUE].assign(
            **{"from": VALUE, "to": _PRICE, "via": "", "kind": "direct"}
        )
        frames.append(row)
    columns = ["from", "to", "kind", "via", "estimate", "conf_low", "conf_high", "share", "undefined"]
    shown = pd.concat([frame.reindex(columns=columns) for frame in frames], ignore_index=True)
    shown["undefined"] = shown["undefined"].fillna("")
    return Table(
        id="value",
        title=Phrase(key="table.value", values={"outcome": found.outcome, "construct": VALUE}),
        rows=shown if shown["undefined"].any() else shown.drop(columns="undefined"),
        notes=(
            Phrase(key="note.value"),
            Phrase(key="note.level", values={"level": study.level}),
        ),
    )


def total_rows(
    observed: Decomposition, latent: tuple[Decomposition, SemFit] | None, level: float
) -> pd.DataFrame:
    """Total effects of every antecedent, in scores and between constructs."""
    versions = {"observed": observed} | ({} if latent is None else {"latent": latent[0]})
    rows = []
    for name in observed.antecedents:
        for series, found in versions.items():
            effect = found.effect(name)
            low, high = effect.interval(level)
            rows.append(
                {"term": name, "series": series, "estimate": effect.estimate, "conf_low": low,
                 "conf_high": high}
            )  # fmt: skip
    return pd.DataFrame(rows)

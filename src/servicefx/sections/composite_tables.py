"""Tables of the composite model: items, reliability, pairs of constructs, effects, fit and settings."""

from __future__ import annotations

import pandas as pd

from servicefx.errors import ServicefxError
from servicefx.pls import PlsBootstrap, PlsFit, exact_fit_test
from servicefx.values.table import Phrase, Table

__all__ = ["composite_tables"]

_INTERVAL = ["estimate", "conf_low", "conf_high"]


def composite_tables(
    fit: PlsFit,
    drawn: PlsBootstrap,
    items: pd.DataFrame,
    notes: tuple[Phrase, ...],
    *,
    draws: int,
    seed: int,
    analysis_id: str,
    clusters: pd.Series | None,
) -> tuple[Table, ...]:
    """Everything a referee asks of a composite model, after its paths.

    Parameters
    ----------
    fit : PlsFit
    drawn : PlsBootstrap
        Of ``fit``.
    items : DataFrame
        The rows it was fitted to.
    notes : tuple of Phrase
        Sample, draws and level, for tables with intervals.
    draws, seed, analysis_id, clusters
        Of the test of exact fit.

    Returns
    -------
    tuple of Table
        ``composite_weights, composite_quality, composite_pairs, composite_effects`` (where anything is
        mediated), ``composite_fit, composite_settings``.
    """
    effects = _effects(drawn, notes)
    return (
        _weights(fit, drawn, notes),
        _quality(fit, notes[:1]),
        _pairs(fit, drawn, notes),
        *([effects] if len(effects.rows) else []),
        _fit(fit, items, notes, draws=draws, seed=seed, analysis_id=analysis_id, clusters=clusters),
        Table(
            id="composite_settings",
            title=Phrase(key="table.composite_settings"),
            rows=fit.settings_table,
            notes=(Phrase(key="note.composite_settings"),),
        ),
    )


def _weights(fit: PlsFit, drawn: PlsBootstrap, notes: tuple[Phrase, ...]) -> Table:
    table = drawn.table(quantity="weight")
    rows = pd.DataFrame({"construct": table["lhs"], "item": table["rhs"], "weight": table["estimate"]})
    rows[["conf_low", "conf_high"]] = table[["conf_low", "conf_high"]]
    rows["loading"] = fit.loadings["estimate"].to_numpy(copy=True)
    inflated = fit.collinearity
    inflated = inflated[inflated["kind"] == "items"].rename(columns={"outcome": "construct", "term": "item"})
    rows = rows.merge(inflated[["construct", "item", "vif"]], how="left", on=["construct", "item"])
    return Table(id="composite_weights", title=Phrase(key="table.composite_weights"), rows=rows, notes=notes)


def _quality(fit: PlsFit, notes: tuple[Phrase, ...]) -> Table:
    shares = fit.r2.rename(columns={"outcome": "construct", "estimate": "r2"})
    rows = fit.reliability.merge(shares[["construct", "r2"]], how="left", on="construct")
    columns = ["construct", "n_items", "alpha", "rho_a", "composite_reliability"]
    rows = rows[[*columns, "average_variance_extracted", "r2", "undefined"]]
    return Table(
        id="composite_quality",
        title=Phrase(key="table.composite_quality"),
        rows=rows,
        notes=(*notes, Phrase(key="note.composite_quality")),
    )


def _pairs(fit: PlsFit, drawn: PlsBootstrap, notes: tuple[Phrase, ...]) -> Table:
    table = drawn.table(quantity="htmt")
    rows = pd.DataFrame({"left": table["lhs"], "right": table["rhs"], "ratio": table["estimate"]})
    rows[["conf_low", "conf_high"]] = table[["conf_low", "conf_high"]]
    rows = rows.merge(
        fit.fornell_larcker[["left", "right", "estimate", "root_left", "root_right"]].rename(
            columns={"estimate": "correlation"}
        ),
        how="left",
        on=["left", "right"],
    )
    rows["undefined"] = fit.htmt["undefined"].to_numpy(copy=True)
    return Table(
        id="composite_pairs",
        title=Phrase(key="table.composite_pairs"),
        rows=rows,
        notes=(Phrase(key="note.composite_pairs"), *notes),
    )


def _effects(drawn: PlsBootstrap, notes: tuple[Phrase, ...]) -> Table:
    table = drawn.effects()
    mediated = table.groupby(["from", "to"])["kind"].transform(lambda kinds: (kinds == "indirect").any())
    table = table[mediated]
    return Table(
        id="composite_effects",
        title=Phrase(key="table.composite_effects"),
        rows=table[["from", "to", "kind", "via", *_INTERVAL, "p_value"]],
        notes=(Phrase(key="note.composite_effects"), *notes),
    )


def _fit(
    fit: PlsFit,
    items: pd.DataFrame,
    notes: tuple[Phrase, ...],
    *,
    draws: int,
    seed: int,
    analysis_id: str,
    clusters: pd.Series | None,
) -> Table:
    try:
        rows = exact_fit_test(fit, items, draws, seed, analysis_id=analysis_id, clusters=clusters)
        told: tuple[Phrase, ...] = (Phrase(key="note.composite_fit"), *notes[:1])
    except ServicefxError as refusal:
        rows = pd.DataFrame(columns=["model", "measure", "estimate", "critical", "p_value", "n_draws"])
        told = tuple(
            Phrase(
                key="note.problem",
                values={"where": problem.where, "found": problem.found, "remedy": problem.remedy},
            )
            for problem in refusal.problems
        )
    return Table(id="composite_fit", title=Phrase(key="table.composite_fit"), rows=rows, notes=told)

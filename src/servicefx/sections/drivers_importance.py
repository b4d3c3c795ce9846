"""How much each driver explains, which dominates which, and which to work on first."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from servicefx.models.drivers import dominance, importance_performance, relative_importance
from servicefx.models.drivers.decomposition import Method
from servicefx.sections.drivers_asked import AskedDrivers, Pages, listed
from servicefx.values.table import Figure, Phrase, Table

__all__ = ["dominance_pages", "importance_pages", "priority_pages"]

_COLUMNS = (
    "term", "estimate", "conf_low", "conf_high", "share", "share_low", "share_high", "rank", "rank_low",
    "rank_high", "chance_first", "n_obs", "undefined",
)  # fmt: skip
_METHODS: dict[str, Method] = {
    "lmg": "lmg",
    "johnson": "johnson",
    "pratt": "pratt",
    "last": "last",
    "alone": "first",
}
"""Column of the table of rules -> method."""
_MOST_COMPARED = 12
"""Drivers beyond which pairs fill pages, and all subsets take many seconds."""
_KINDS = ("complete", "conditional", "general")


def importance_pages(asked: AskedDrivers) -> Pages:
    """Tables ``importance`` and ``importance_rules``, figure ``importance``."""
    study, values = asked.study, {"outcome": asked.outcome}
    found = relative_importance(
        asked.frame, asked.outcome, asked.drivers, draws=study.draws, seed=asked.seed,
        covariates=asked.held, weights=asked.weights, clusters=asked.clusters, analysis_id=asked.stream,
        level=study.level,
    )  # fmt: skip
    found = found.sort_values("rank", kind="stable").reset_index(drop=True)
    error = float(found["simulation_error"].max())
    r2 = float(found["r2"].iloc[0])
    notes = (
        *asked.rows_notes(),
        Phrase(key="note.importance", values={**values, "r2": r2}),
        *((Phrase(key="note.importance_sampled", values={"error": error}),) if error > 0 else ()),
        *asked.held_notes(),
        Phrase(key="note.importance_rank", values={"level": study.level}),
        *asked.drawn_notes(),
    )
    return Pages(
        findings=_first(found, asked),
        tables=(
            Table(
                id="importance",
                title=Phrase(key="table.importance", values=values),
                rows=found[[name for name in _COLUMNS if name in found]],
                notes=notes,
            ),
            Table(
                id="importance_rules",
                title=Phrase(key="table.importance_rules", values=values),
                rows=_rules(asked, list(found["term"])),
                notes=(
                    *asked.rows_notes(),
                    Phrase(key="note.importance_rules", values=values),
                    *asked.held_notes(),
                ),
            ),
        ),
        figures=(
            Figure(
                id="importance",
                kind="coefficients",
                title=Phrase(key="figure.importance", values=values),
                rows=found[["term", "estimate", "conf_low", "conf_high"]],
                source="importance",
                notes=(
                    Phrase(key="note.importance_short", values={**values, "r2": r2}),
                    Phrase(key="note.level", values={"level": study.level}),
                ),
            ),
        ),
    )


def _first(found: pd.DataFrame, asked: AskedDrivers) -> tuple[Phrase, ...]:
    """Which driver comes first, and how surely; nothing where no resample says."""
    first, second = found.head(2).to_dict("records")
    values = {name: first[name] for name in ("term", "estimate", "conf_low", "conf_high")}
    values |= {"outcome": asked.outcome, "other": second["term"], "chance": first["chance_first"]}
    if np.isnan(first["chance_first"]):
        return ()
    is_sure = first["chance_first"] >= asked.study.level
    return (Phrase(key="finding.importance_first" if is_sure else "finding.importance_open", values=values),)


def _rules(asked: AskedDrivers, order: list[str]) -> pd.DataFrame:
    """What every rule gives each driver, without intervals."""
    columns: dict[str, object] = {"term": order}
    for column, method in _METHODS.items():
        found = relative_importance(
            asked.frame, asked.outcome, asked.drivers, method, seed=asked.seed, covariates=asked.held,
            weights=asked.weights,
        )  # fmt: skip
        columns[column] = found.set_index("term").loc[order, "estimate"].to_numpy()
    return pd.DataFrame(columns)


def dominance_pages(asked: AskedDrivers) -> Pages:
    """Table ``dominance``: one row a pair, the driver that explains more on average first."""
    if len(asked.drivers) > _MOST_COMPARED:
        return Pages(notes=(Phrase(key="note.dominance_many", values={"most": _MOST_COMPARED}),))
    study = asked.study
    found = dominance(
        asked.frame, asked.outcome, asked.drivers, study.draws, asked.seed, covariates=asked.held,
        weights=asked.weights, clusters=asked.clusters, analysis_id=asked.stream, level=study.level,
    )  # fmt: skip
    order = found.general.sort_values("estimate", ascending=False, kind="stable")["term"].tolist()
    rows = [_pair(pair.to_dict("records")) for _, pair in found.pairs.groupby(["left", "right"], sort=False)]
    rows.sort(key=lambda row: (order.index(row["term"]), order.index(row["other"])))
    return Pages(
        tables=(
            Table(
                id="dominance",
                title=Phrase(key="table.dominance", values={"outcome": asked.outcome}),
                rows=pd.DataFrame(rows),
                notes=(
                    *asked.rows_notes(),
                    Phrase(key="note.dominance"),
                    *asked.held_notes(),
                    *asked.drawn_notes()[:-1],
                ),
            ),
        )
    )


def _pair(records: list[dict[Hashable, Any]]) -> dict[str, Any]:
    """A pair as a row: who explains more, how strictly, and how often draws agree, kind by kind."""
    by_kind = {record["kind"]: record for record in records}
    general = by_kind["general"]
    is_left = general["estimate"] >= 0.5
    won = 1.0 if is_left else 0.0
    strictest = next((kind for kind in _KINDS if by_kind[kind]["estimate"] == won), "neither")
    return {
        "term": general["left" if is_left else "right"],
        "other": general["right" if is_left else "left"],
        "dominance": strictest,
        **{kind: by_kind[kind]["chance_left" if is_left else "chance_right"] for kind in _KINDS},
        "undefined": general["undefined"],
    }


def priority_pages(asked: AskedDrivers) -> Pages:
    """Tables ``priority_map`` and ``priorities``, figure ``priority_map``."""
    study, values = asked.study, {"outcome": asked.outcome}
    found = importance_performance(
        asked.frame, asked.outcome, asked.drivers, scale=asked.scales, draws=study.draws, seed=asked.seed,
        covariates=asked.held, weights=asked.weights, clusters=asked.clusters, analysis_id=asked.stream,
        level=study.level,
    )  # fmt: skip
    split = {"importance": float(found["split_importance"].iloc[0]),
             "performance": float(found["split_performance"].iloc[0])}  # fmt: skip
    notes = (
        *asked.rows_notes(),
        Phrase(key="note.performance" if asked.scales else "note.performance_observed"),
        *asked.held_notes(),
        *_negative_notes(asked),
    )
    named = {"estimate": "importance", "conf_low": "importance_low", "conf_high": "importance_high"}
    places = found.rename(columns=named)[
        ["term", *named.values(), "performance", "performance_low", "performance_high",
         "quadrant", "quadrant_chance", "n_obs", "undefined"]
    ]  # fmt: skip
    ranked = found[
        ["term", "priority", "priority_low", "priority_high", "rank", "rank_low", "rank_high", "chance_first",
         "n_obs", "undefined"]
    ]  # fmt: skip
    quartered = Phrase(key="note.priority_split", values=split)
    return Pages(
        findings=_work(found, asked),
        tables=(
            Table(
                id="priority_map",
                title=Phrase(key="table.priority_map", values=values),
                rows=places,
                notes=(*notes, quartered, *asked.drawn_notes()),
            ),
            Table(
                id="priorities",
                title=Phrase(key="table.priorities", values=values),
                rows=ranked,
                notes=(
                    *notes,
                    Phrase(key="note.priorities", values=values),
                    *asked.drawn_notes(),
                ),
            ),
        ),
        figures=(_map(places, split, asked, quartered),),
    )


def _map(places: pd.DataFrame, split: dict[str, float], asked: AskedDrivers, quartered: Phrase) -> Figure:
    names = {
        "performance": "x", "performance_low": "x_low", "performance_high": "x_high", "importance": "y",
        "importance_low": "y_low", "importance_high": "y_high",
    }  # fmt: skip
    values = {"outcome": asked.outcome}
    return Figure(
        id="priority_map",
        kind="map",
        title=Phrase(key="figure.priority_map", values=values),
        rows=places.rename(columns=names)[["term", *names.values(), "quadrant"]],
        source="priority_map",
        axes=(
            Phrase(key="figure.axis_performance"),
            Phrase(key="figure.axis_importance", values=values),
        ),
        verticals=((split["performance"], np.nan, np.nan),),
        horizontals=((split["importance"], np.nan, np.nan),),
        notes=(quartered, Phrase(key="note.level", values={"level": asked.study.level})),
    )


def _slopes(asked: AskedDrivers) -> pd.DataFrame:
    """Coefficients of the regression by term: the share a driver explains has no sign."""
    return asked.fit.estimates.table(level=asked.study.level).set_index("term")


def _negative_notes(asked: AskedDrivers) -> tuple[Phrase, ...]:
    """Which drivers go with less of the outcome, so that raising them is no gain."""
    slopes = _slopes(asked)["estimate"]
    names = [name for name in asked.drivers if slopes[name] < 0]
    if not names:
        return ()
    values: dict[str, str | int | float] = {
        "outcome": asked.outcome, "names": listed(names), "n": len(names),
    }  # fmt: skip
    return (Phrase(key="note.priorities_negative", values=values),)


def _work(found: pd.DataFrame, asked: AskedDrivers) -> tuple[Phrase, ...]:
    """What to work on first, and how surely; nothing where no resample says."""
    first, second = found.head(2).to_dict("records")
    values = {name: first[name] for name in ("term", "estimate", "performance")}
    values |= {"outcome": asked.outcome, "other": second["term"], "chance": first["chance_first"]}
    if np.isnan(first["chance_first"]):
        return ()
    slope = _slopes(asked).loc[first["term"]]
    if slope["estimate"] < 0:
        values |= {"slope": slope["estimate"], "low": slope["conf_low"], "high": slope["conf_high"]}
        return (Phrase(key="finding.priority_negative", values=values),)
    is_sure = first["chance_first"] >= asked.study.level
    return (Phrase(key="finding.priority_first" if is_sure else "finding.priority_open", values=values),)

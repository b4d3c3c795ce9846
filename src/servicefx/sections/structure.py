"""The structural model of a study: paths between constructs, fitted from their items."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd

from servicefx import sem
from servicefx.engines.second_opinion import second_opinion
from servicefx.errors import DataError, Problem, ServicefxError
from servicefx.sections.measures import measure_rows
from servicefx.sections.notes import answering, dropped_notes, wider_notes
from servicefx.sections.stated_models import (
    items_of,
    model_name,
    model_text,
    other_models,
    refuse_formative,
)
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["structure_section"]

_COLUMNS = [
    "lhs", "op", "rhs", "std_all", "estimate", "std_error", "conf_low", "conf_high", "p_value",
]  # fmt: skip
_EFFECTS = ["from", "to", "kind", "via", "std_all", "estimate", "conf_low", "conf_high"]


@answering("structure")
def structure_section(study: Study, seed: int | None = None) -> Section | None:  # noqa: ARG001 - every section has it
    """Structural model of the study's ``[models.*]`` of kind ``"sem"``, by maximum likelihood.

    Errors and test are robust to answers that are not normal, and to clusters where the study declares them
    (``mlr``). Rows that lack an item are used for what they hold (full information), or left out where the
    study states ``missing_data = "listwise"``.

    Parameters
    ----------
    study : Study
    seed : int
        Not used: intervals come from the information matrix.

    Returns
    -------
    Section or None
        Tables ``structure`` (every parameter), ``structure_effects`` (where something is mediated) and
        ``fit``, figure ``diagram``; None where no such model is declared.

    Raises
    ------
    DataError
        If constructs are formative, or answers are missing where weights are declared.
    """
    name = model_name(study, "sem")
    if name is None:
        return None
    table, constructs = model_text(study, name)
    data, items = items_of(study, name, constructs)
    refuse_formative(study, name, constructs)
    weights, clusters = study.weights(data), study.clusters(data)
    design = [column for column in (weights, clusters) if column is not None and column.name not in items]
    lacking = int(items.isna().any(axis=1).sum())
    whole = not lacking or study.spec.inference.missing_data == "listwise"
    if weights is not None and not whole:
        raise _gaps_and_weights(name, str(weights.name), lacking)
    with _named(name):
        fit = sem.fit(
            table,
            pd.concat([items, *design], axis=1),
            estimator="mlr",
            missing="listwise" if whole else "fiml",
            cluster=None if clusters is None else str(clusters.name),
            weights=None if weights is None else str(weights.name),
            level=study.level,
        )
    rows = fit.parameters[_COLUMNS]
    directed = rows[rows["op"] == "~"]
    arrows = directed.rename(columns={"lhs": "to", "rhs": "from"})
    level = Phrase(key="note.level", values={"level": study.level})
    tables = [
        Table(
            id="structure",
            title=Phrase(key="table.structure"),
            rows=rows,
            notes=(*_notes(study, name, data, items, fit), level),
        ),
        Table(
            id="fit",
            title=Phrase(key="table.fit"),
            rows=measure_rows(fit).drop(columns="group"),
            notes=(Phrase(key="note.fit_source"),),
        ),
    ]
    effects = _mediated(fit.effects())
    if len(effects):
        tables.append(
            Table(
                id="structure_effects",
                title=Phrase(key="table.structure_effects"),
                rows=effects[_EFFECTS],
                notes=(Phrase(key="note.structure_effects"), level),
            )
        )
    return Section(
        id="structure",
        title=Phrase(key="section.structure"),
        findings=(_fit_finding(fit), *_path_findings(directed, study.level)),
        tables=tuple(tables),
        figures=(
            Figure(
                id="diagram",
                kind="diagram",
                title=Phrase(key="figure.diagram"),
                rows=arrows[["from", "to", "estimate", "conf_low", "conf_high"]].reset_index(drop=True),
                source="structure",
                notes=(Phrase(key="note.diagram"), level),
            ),
        )
        if len(arrows)
        else (),
        notes=other_models(study, "sem"),
    )


def _mediated(effects: pd.DataFrame) -> pd.DataFrame:
    """Effects of pairs that something mediates; the sum of routes only where there are several."""
    indirect = effects["kind"] == "indirect"
    pairs = effects.groupby(["from", "to"], sort=False)["kind"].transform(
        lambda kind: (kind == "indirect").sum()
    )
    single = indirect & (effects["via"] == "all") & (pairs == 2)
    return effects[(pairs > 0) & ~single].reset_index(drop=True)


def _gaps_and_weights(name: str, weights: str, lacking: int) -> DataError:
    return DataError(
        Problem(
            f"study.toml: models.{name}",
            f"{lacking} rows lack an item of the model, and survey weights '{weights}' are used with "
            "complete rows only",
            'State missing_data = "listwise" under [inference] to leave those rows out everywhere.',
        )
    )


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say which model of the study a refusal is about."""
    try:
        yield
    except ServicefxError as error:
        told = [replace(p, where=_place(name, p.where)) for p in error.problems]
        raise type(error)(*told) from error


def _place(name: str, where: str) -> str:
    model = f"models.{name}"
    return where.replace("model", model, 1) if where.startswith("model") else f"{model}, {where}"


def _notes(study: Study, name: str, data: str, items: pd.DataFrame, fit: sem.SemFit) -> list[Phrase]:
    """Sample, rows with gaps, errors, weights, estimator, doubts, second opinion and design."""
    notes = [Phrase(key="note.sample", values={"n_obs": fit.n_obs, "data": data})]
    if fit.dropped:
        notes += dropped_notes(fit.dropped)
    fiml = fit.choices.missing == "fiml"
    if fiml:
        partly = int((items.isna().any(axis=1) & items.notna().any(axis=1)).sum())
        notes.append(Phrase(key="note.fiml", values={"n": partly}))
    notes += [
        Phrase(key="note.two_answers", values={"item": str(item)})
        for item in items.columns
        if items[item].nunique() == 2
    ]
    notes.append(Phrase(key="note.covariance", values={"kind": fit.solution.error_kind}))
    if fit.choices.weights is not None:
        notes.append(Phrase(key="note.weights", values={"column": fit.choices.weights}))
    notes += wider_notes(study, data)
    notes.append(Phrase(key="note.sem_engine_fiml" if fiml else "note.sem_engine"))
    notes += [
        Phrase(
            key="note.problem", values={"where": _place(name, p.where), "found": p.found, "remedy": p.remedy}
        )
        for p in fit.problems
    ]
    other = second_opinion(fit)
    if other.available:
        notes.append(
            Phrase(key="note.second_opinion", values={"largest": _rounded_up(other.largest_difference)})
        )
    else:
        notes.append(Phrase(key="note.no_second_opinion", values={"why": other.reason}))
    notes.append(Phrase(key="note.design", values={"design": "adjusted"}))
    return notes


def _rounded_up(difference: float) -> str:
    """The power of ten at or above a difference, never below one millionth: its digits are rounding."""
    power = max(int(np.ceil(np.log10(max(difference, 1e-12)))), -6)
    return f"{10.0**power:.{max(-power, 0)}f}"


def _fit_finding(fit: sem.SemFit) -> Phrase:
    if not fit.measures["df"]:
        return Phrase(key="finding.fit_saturated")
    names = {"chi2": "chi2_scaled", "cfi": "cfi_robust", "rmsea": "rmsea_robust", "srmr": "srmr", "df": "df"}
    if any(np.isnan(fit.measures[name]) for name in names.values()):
        return Phrase(key="finding.fit", values={key: float(fit.measures[key]) for key in names})
    return Phrase(
        key="finding.fit_robust", values={key: float(fit.measures[name]) for key, name in names.items()}
    )


def _path_findings(directed: pd.DataFrame, level: float) -> tuple[Phrase, ...]:
    """One sentence a path that is estimated."""
    return tuple(
        Phrase(
            key="finding.path" if row["p_value"] < 1 - level else "finding.path_undecided",
            values={
                "term": row["rhs"],
                "outcome": row["lhs"],
                "estimate": row["std_all"],
                "p_value": row["p_value"],
                "design": "adjusted",
            },
        )
        for row in directed.to_dict("records")
        if not np.isnan(row["p_value"])
    )

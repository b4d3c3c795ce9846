"""The structural model and its composite twin: paths between constructs, fitted from their items."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servicefx.engines.structural import fit_structural
from servicefx.models.chain import draw_source
from servicefx.sections.notes import answering, draw_notes, dropped_notes, effect_row
from servicefx.sections.stated_models import (
    items_of,
    model_name,
    model_text,
    other_models,
    refuse_formative,
    refuse_weights,
    without_gaps,
)
from servicefx.sem.structural_fit import StructuralFit
from servicefx.study.study import Study
from servicefx.values.effect import Effect
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["composite_section", "structure_section"]

_MEASURES = (
    "n_obs", "n_free", "chi2", "df", "p_value", "chi2_baseline", "df_baseline", "cfi", "tli", "rmsea",
    "rmsea_close", "srmr", "logl", "aic", "bic",
)  # fmt: skip


@answering("structure")
def structure_section(study: Study, seed: int | None = None) -> Section | None:  # noqa: ARG001 - every section has it
    """Structural model of the study's ``[models.*]`` of kind ``"sem"``, by maximum likelihood.

    Parameters
    ----------
    study : Study
    seed : int
        Not used: intervals come from the information matrix.

    Returns
    -------
    Section or None
        Tables ``structure`` (every parameter) and ``fit``, figure ``diagram``; None where no such model is
        declared.

    Raises
    ------
    DataError
        If answers are missing or weights declared, which this version's estimator cannot use.
    """
    name = model_name(study, "sem")
    if name is None:
        return None
    table, constructs = model_text(study, name)
    data, items = items_of(study, name, constructs)
    refuse_formative(study, name, constructs)
    refuse_weights(study, name, data, "maximum likelihood of this version")
    whole = without_gaps(study, name, items)
    fit = fit_structural(table, whole, name=f"models.{name}")
    rows = fit.table(level=study.level)
    directed = rows[rows["op"] == "~"]
    notes = [Phrase(key="note.sample", values={"n_obs": fit.n_obs, "data": data})]
    notes += _lacking(len(items) - len(whole))
    clusters = study.clusters(data)
    if clusters is not None:
        notes.append(Phrase(key="note.clusters_ignored", values={"column": str(clusters.name)}))
    notes += [
        Phrase(key="note.two_answers", values={"item": str(item)})
        for item in whole.columns
        if whole[item].nunique() == 2
    ]
    notes += [Phrase(key="note.covariance", values={"kind": "expected"}), Phrase(key="note.sem_engine")]
    notes += [
        Phrase(key="note.problem", values={"where": p.where, "found": p.found, "remedy": p.remedy})
        for p in fit.problems
    ]
    notes.append(Phrase(key="note.design", values={"design": "adjusted"}))
    notes.append(Phrase(key="note.level", values={"level": study.level}))
    arrows = directed.rename(columns={"lhs": "to", "rhs": "from"})
    return Section(
        id="structure",
        title=Phrase(key="section.structure"),
        findings=(
            Phrase(
                key="finding.fit",
                values={key: float(fit.measures[key]) for key in ("cfi", "rmsea", "srmr", "chi2", "df")},
            ),
            *(
                Phrase(
                    key="finding.path" if row["p_value"] < 1 - study.level else "finding.path_undecided",
                    values={
                        "term": row["rhs"],
                        "outcome": row["lhs"],
                        "estimate": row["std_all"],
                        "p_value": row["p_value"],
                        "design": "adjusted",
                    },
                )
                for row in directed.to_dict("records")
            ),
        ),
        tables=(
            Table(id="structure", title=Phrase(key="table.structure"), rows=rows, notes=tuple(notes)),
            Table(
                id="fit",
                title=Phrase(key="table.fit"),
                rows=_measures(fit),
                notes=(Phrase(key="note.fit_source"),),
            ),
        ),
        figures=(
            Figure(
                id="diagram",
                kind="diagram",
                title=Phrase(key="figure.diagram"),
                rows=arrows[["from", "to", "estimate", "conf_low", "conf_high"]].reset_index(drop=True),
                source="structure",
                notes=(Phrase(key="note.diagram"), Phrase(key="note.level", values={"level": study.level})),
            ),
        )
        if len(arrows)
        else (),
        notes=other_models(study, "sem"),
    )


def _lacking(n: int) -> tuple[Phrase, ...]:
    """Rows not used because they lack an item; nothing where there are none."""
    return dropped_notes({"an item of the model is missing": n}) if n else ()


def _measures(fit: StructuralFit) -> pd.DataFrame:
    """Fit measures, one row each; the RMSEA carries its 90 % interval; R² of every explained construct."""
    rows: list[dict[str, float | str]] = []
    for name in _MEASURES:
        if name in fit.measures:
            row: dict[str, float | str] = {
                "measure": name,
                "construct": "",
                "estimate": float(fit.measures[name]),
            }
            if name == "rmsea":
                row |= {"conf_low": fit.measures["rmsea_low"], "conf_high": fit.measures["rmsea_high"]}
            rows.append(row)
    rows += [
        {"measure": "r_squared", "construct": row["outcome"], "estimate": float(row["estimate"])}
        for row in fit.r2.to_dict("records")
        if row["outcome"] in fit.model.constructs
    ]
    return pd.DataFrame(rows, columns=["measure", "construct", "estimate", "conf_low", "conf_high"])


@answering("composite")
def composite_section(study: Study, seed: int | None = None) -> Section | None:
    """Composite (PLS) path model of the study's ``[models.*]`` of kind ``"pls"``, with bootstrap intervals.

    Parameters
    ----------
    study : Study
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    Section or None
        Tables ``composite`` (standardised paths), ``composite_weights`` and ``composite_settings``, figure
        ``composite``; None where no such model is declared.
    """
    from servicefx import pls

    found = model_name(study, "pls")
    if found is None:
        return None
    seed = study.seed if seed is None else seed
    table, constructs = model_text(study, found)
    data, items = items_of(study, found, constructs)
    refuse_weights(study, found, data, "the composite model")
    fit = pls.fit(table, items)
    sample = pls.bootstrap(
        fit, items, study.draws, seed, analysis_id=f"draws:{data}", clusters=study.clusters(data)
    )
    effects = [
        Effect(
            estimand=f"standardised path from {row['rhs']} to {row['lhs']}, composites",
            unit="standard deviations",
            estimate=float(row["estimate"]),
            draws=sample.of(str(row["lhs"]), str(row["rhs"])),
            draw_source=(draw_source(study, data, seed),),
            design="adjusted",
            assumptions=("composites stand for their constructs",),
        )
        for row in fit.paths.to_dict("records")
    ]
    rows = pd.DataFrame(
        [
            {"from": path["rhs"], "to": path["lhs"], **effect_row(effect, study.level)}
            for path, effect in zip(fit.paths.to_dict("records"), effects, strict=True)
        ]
    )
    notes = (
        Phrase(key="note.sample", values={"n_obs": fit.n_obs, "data": data}),
        *_lacking(len(items) - fit.n_obs),
        *draw_notes(study, data, seed, sample.n_failed),
        Phrase(key="note.composite", values={name: str(value) for name, value in fit.settings.items()}),
        Phrase(key="note.level", values={"level": study.level}),
    )
    outer = fit.weights.rename(columns={"estimate": "weight"})
    outer["loading"] = fit.loadings["estimate"].to_numpy(copy=True)
    explained = np.array(fit.r2["estimate"], dtype=float)
    return Section(
        id="composite",
        title=Phrase(key="section.composite"),
        findings=(
            Phrase(
                key="finding.composite",
                values={"n": len(rows), "low": float(explained.min()), "high": float(explained.max())},
            ),
        ),
        tables=(
            Table(id="composite", title=Phrase(key="table.composite"), rows=rows, notes=notes),
            Table(
                id="composite_weights",
                title=Phrase(key="table.composite_weights"),
                rows=outer,
                notes=notes[:1],
            ),
        ),
        figures=(
            Figure(
                id="composite",
                kind="diagram",
                title=Phrase(key="figure.composite"),
                rows=rows[["from", "to", "estimate", "conf_low", "conf_high"]],
                source="composite",
                notes=(
                    Phrase(key="note.diagram_composite"),
                    Phrase(key="note.level", values={"level": study.level}),
                ),
            ),
        ),
        effects=tuple(effects),
        notes=other_models(study, "pls"),
    )

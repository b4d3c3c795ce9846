"""The composite (PLS) twin of a structural model: standardised paths between composites."""

from __future__ import annotations

import pandas as pd

from servicefx import pls
from servicefx.models.chain import draw_source, stream_of
from servicefx.pls import PlsBootstrap, PlsFit
from servicefx.sections.composite_tables import composite_tables
from servicefx.sections.notes import answering, draw_notes, dropped_notes, effect_row
from servicefx.sections.stated_models import items_of, model_name, model_text, other_models, refuse_weights
from servicefx.study.study import Study
from servicefx.values.effect import Effect
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["composite_section"]


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
        Tables ``composite`` (standardised paths) and those of `composite_tables`, figure ``composite``;
        None where no such model is declared.
    """
    found = model_name(study, "pls")
    if found is None:
        return None
    seed = study.seed if seed is None else seed
    table, constructs = model_text(study, found)
    data, items = items_of(study, found, constructs)
    refuse_weights(study, found, data, "the composite model")
    fit = pls.fit(table, items)
    stream, clusters = stream_of(study, data), study.clusters(data)
    sample = pls.bootstrap(fit, items, study.draws, seed, analysis_id=stream, clusters=clusters)
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
    ends = ["conf_low", "conf_high"]
    rows[ends] = sample.table(quantity="path", level=study.level)[ends].to_numpy()  # as in the other tables
    told = (
        *draw_notes(study, data, seed, sample.n_failed),
        Phrase(key="note.level", values={"level": study.level}),
    )
    notes = (
        Phrase(key="note.sample", values={"n_obs": fit.n_obs, "data": data}),
        *_lacking(len(items) - fit.n_obs),
        *told,
        *_problems(fit, sample),
    )
    explained = fit.r2.sort_values("estimate", kind="stable")
    values: dict[str, str | int | float] = {
        "n": len(rows),
        "outcome": str(explained["outcome"].iloc[-1]),
        "low": float(explained["estimate"].iloc[0]),
        "high": float(explained["estimate"].iloc[-1]),
    }
    return Section(
        id="composite",
        title=Phrase(key="section.composite"),
        findings=(
            Phrase(key="finding.composite" if len(explained) > 1 else "finding.composite_one", values=values),
        ),
        tables=(
            Table(id="composite", title=Phrase(key="table.composite"), rows=rows, notes=notes),
            *composite_tables(
                fit,
                sample,
                items,
                notes[:1] + told,
                draws=study.draws,
                seed=seed,
                analysis_id=stream,
                clusters=clusters,
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


def _problems(fit: PlsFit, sample: PlsBootstrap) -> tuple[Phrase, ...]:
    return tuple(
        Phrase(
            key="note.problem",
            values={"where": problem.where, "found": problem.found, "remedy": problem.remedy},
        )
        for problem in (*fit.problems, *sample.problems)
    )


def _lacking(n: int) -> tuple[Phrase, ...]:
    """Rows not used because they lack an item; nothing where there are none."""
    return dropped_notes({"an item of the model is missing": n}) if n else ()

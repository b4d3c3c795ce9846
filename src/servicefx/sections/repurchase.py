"""Who comes back: chances of buying again, or of every answer about it, and what moves them (H4, K2)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servicefx.errors import DataError, Problem, ServicefxError
from servicefx.models.chain import chain_outcomes
from servicefx.models.loyalty import (
    AnswerFit,
    MarginalEffects,
    RepurchaseFit,
    answers_of,
    calibration,
    fit_intention,
    fit_repurchase,
    goodness,
    is_binary,
    is_ordered,
    marginal_effects,
    parallel_lines,
)
from servicefx.models.loyalty.parallel import ALL, BRANT
from servicefx.sections.chain import survey_files
from servicefx.sections.notes import (
    answering,
    draw_notes,
    effect_row,
    estimates_rows,
    fit_notes,
    refused,
    step_of,
)
from servicefx.sections.satisfied import satisfied_points
from servicefx.study.study import Study
from servicefx.values.effect import Effect
from servicefx.values.table import Phrase, Section, Table

__all__ = ["repurchase_section"]

_ROWS_USED = ("note.sample", "note.dropped", "note.dropped_missing", "note.nothing_dropped")
_ABOUT = ("repurchase", "loyalty")
"""Constructs whose ordered answers are this section's; others are on a line elsewhere."""
_MOST_FAILED = 0.05
"""Share of resamples without an answer beyond which nothing is said to be higher or lower: intervals are of
those resamples alone in which both answers occur, and are too narrow by what the others would have shown."""
_EFFECTS = [
    "term", "kind", "start", "end", "estimate", "conf_low", "conf_high", "delta_low", "delta_high", "unit",
]  # fmt: skip
Notes = tuple[Phrase, ...]


@answering("repurchase")
def repurchase_section(study: Study, seed: int | None = None) -> Section | None:
    """Chance of a 0/1 outcome, or of every answer about it, read as changes of a probability.

    Parameters
    ----------
    study : Study
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    Section or None
        Tables ``repurchase`` (mean change of the share per point; of a 0/1 outcome), ``repurchase_effects``
        (slopes and moves, with both kinds of interval), ``logit`` (log odds), ``parallel_lines`` and
        ``parallel_cuts`` (of ordered answers), ``calibration`` and ``repurchase_fit``; None where no path
        ends in a 0/1 construct, nor in one ordered question about loyalty or repurchase. A refusal where
        repurchase has two answers that are not 0 and 1.
    """
    seed = study.seed if seed is None else seed
    asked = [(data, outcome) for data in survey_files(study) for outcome in chain_outcomes(study, data)]
    about = sorted((pair for pair in asked if pair[1] in _ABOUT), key=lambda pair: _ABOUT.index(pair[1]))
    others = [pair for pair in asked if pair[1] not in _ABOUT]
    for data, outcome in (*about, *others):  # what the section is named after comes first
        if is_binary(study, outcome, data):
            return _of_choice(study, outcome, data, seed)
    for data, outcome in about:
        if is_ordered(study, outcome, data):
            return _of_answers(study, outcome, data, seed)
    for data, outcome in about:
        if outcome == "repurchase":
            _refuse_other_codes(study, data)
    return None


def _refuse_other_codes(study: Study, data: str) -> None:
    """Two answers about coming back that are not 0 and 1, such as 1 and 2, or one answer throughout.

    Of more values, or of two answers on a scale that has more, nobody knows that they mean no and yes.
    """
    scale = study.scale_of("repurchase")
    known = sorted(study.scores[data]["repurchase"].dropna().unique())
    if not 1 <= len(known) <= 2 or (scale is not None and scale.max - scale.min > 1):
        return
    spec = study.spec.constructs["repurchase"]
    column = spec.measured_in.get(data) or spec.items[0]
    held = " and ".join(f"{value:g}" for value in known) + (" only" if len(known) == 1 else "")
    constant = set(known) <= {0.0, 1.0}
    raise DataError(
        Problem(
            f"repurchase: column '{column}' of data.{data}",
            f"it holds {held}, 0 and 1 expected",
            "Add customers who answered otherwise." if constant else "Recode it to 0 and 1.",
        )
    )


def _of_choice(study: Study, outcome: str, data: str, seed: int) -> Section:
    """A 0/1 outcome."""
    fit = fit_repurchase(study, outcome, data=data, seed=seed)
    per_point, effects = _per_point(study, fit, data)
    answers = answers_of(fit)
    moved = marginal_effects(answers, moves=_moves(study, data), level=study.level)
    notes = fit_notes(study, data, fit.estimates, "adjusted")
    drawn = draw_notes(study, data, seed, max(effect.n_failed for effect in effects))
    title: dict[str, str | int | float] = {"outcome": outcome}
    tables = (
        Table(
            id="repurchase",
            title=Phrase(key="table.repurchase", values=title),
            rows=per_point,
            notes=_around(notes, drawn),
        ),
        _effects_table(study, moved, data, outcome, drawn),
        *_fit_tables(answers, study, outcome),
        Table(
            id="logit",
            title=Phrase(key="table.logit", values=title),
            rows=estimates_rows([fit.estimates], study.level),
            notes=notes,
        ),
    )
    failed = max(effect.n_failed for effect in (*effects, *moved.effects))
    told = [
        Phrase(
            key="finding.repurchase",
            values={name: row[name] for name in ("term", "outcome", "estimate", "conf_low", "conf_high")}
            | {"design": "adjusted", "step": step_of(study, str(row["term"]), data)},
        )
        for row in per_point.to_dict("records")
        if row["conf_low"] > 0 or row["conf_high"] < 0
    ]
    return Section(
        id="repurchase",
        title=Phrase(key="section.repurchase", values=title),
        findings=(
            *(_unsure(study, outcome, failed) or (*told, *_to_highly(study, moved, data, outcome))),
            *_apart(answers, study.level),
        ),
        tables=tables,
        effects=(*effects, *moved.effects),
    )


def _of_answers(study: Study, outcome: str, data: str, seed: int) -> Section:
    """Ordered answers to one question."""
    fit, sample = fit_intention(study, outcome, data=data, seed=seed)
    moved = marginal_effects(fit, moves=_moves(study, data), level=study.level)
    notes = fit_notes(study, data, fit.estimates, "adjusted")
    drawn = draw_notes(study, data, seed, max(effect.n_failed for effect in moved.effects))
    title: dict[str, str | int | float] = {"outcome": outcome}
    tables = [
        _effects_table(study, moved, data, outcome, (*_used(notes), *drawn)),
        *_fit_tables(fit, study, outcome),
        Table(
            id="logit",
            title=Phrase(key="table.ordered_logit", values=title),
            rows=estimates_rows([fit.estimates], study.level),
            notes=notes,
        ),
    ]
    told: list[Phrase] = []
    aside: Notes = ()
    try:
        lines = parallel_lines(
            sample.frame, outcome, fit.terms.names, clusters=sample.clusters, level=study.level
        )
    except ServicefxError as error:
        aside = refused("repurchase", error).notes
    else:
        tables[1:1] = [
            Table(
                id="parallel_lines",
                title=Phrase(key="table.parallel_lines", values=title),
                rows=lines.tests,
                notes=(Phrase(key="note.parallel_lines"), *_used(notes)),
            ),
            Table(
                id="parallel_cuts",
                title=Phrase(key="table.parallel_cuts", values=title),
                rows=lines.cuts,
                notes=(
                    Phrase(key="note.parallel_cuts"),
                    Phrase(key="note.level", values={"level": study.level}),
                ),
            ),
        ]
        told += _parallel(lines.tests, study.level, outcome)
    top = f"{fit.answers[-1]:g}"
    steps = moved.rows[(moved.rows["kind"] == "step") & (moved.rows["answer"] == top)]
    told[:0] = [
        Phrase(
            key="finding.top_answer",
            values={
                "term": row["term"], "outcome": outcome, "answer": top, "estimate": row["estimate"],
                "conf_low": row["conf_low"], "conf_high": row["conf_high"], "design": "adjusted",
                "step": step_of(study, str(row["term"]), data),
            },
        )
        for row in steps.to_dict("records")
        if row["conf_low"] > 0 or row["conf_high"] < 0
    ]  # fmt: skip
    if unsure := _unsure(study, outcome, max(effect.n_failed for effect in moved.effects)):
        told = [*unsure, *(finding for finding in told if finding.key != "finding.top_answer")]
    return Section(
        id="repurchase",
        title=Phrase(key="section.repurchase", values=title),
        findings=tuple(told),
        tables=tuple(tables),
        effects=moved.effects,
        notes=aside,
    )


def _unsure(study: Study, outcome: str, failed: int) -> Notes:
    """Where too many resamples have no answer, that is all that can be said."""
    if failed <= _MOST_FAILED * study.draws:
        return ()
    values: dict[str, str | int | float] = {"outcome": outcome, "n": failed, "all": study.draws}
    return (Phrase(key="finding.repurchase_unsure", values=values),)


def _per_point(study: Study, fit: RepurchaseFit, data: str) -> tuple[pd.DataFrame, list[Effect]]:
    """Mean change of the share per point of every term."""
    terms = [term for term in fit.estimates.terms if term in fit.sample.frame.columns]
    outcome, effects, rows = fit.estimates.outcome, [], []
    for term in terms:
        estimate, draws = fit.change({term: (1.0, np.ones(len(fit.draws)))})
        step = step_of(study, term, data)
        effect = Effect(
            estimand=f"change in the share with {outcome} per {step} of {term}, other terms held",
            unit=f"share per {step}",
            estimate=estimate,
            draws=draws,
            draw_source=(fit.draw_source,),
            design="adjusted",
            assumptions=fit.estimates.assumptions,
        )
        effects.append(effect)
        row = {"outcome": outcome, "term": term, **effect_row(effect, study.level)}
        rows.append(row | {"n_obs": fit.estimates.n_obs})
    return pd.DataFrame(rows), effects


def _moves(study: Study, data: str) -> dict[str, tuple[float, float]]:
    """From satisfied to highly satisfied, as claim K2 cuts them."""
    points = satisfied_points(study, data)
    return {} if points is None else {"satisfaction": points}


def _effects_table(study: Study, moved: MarginalEffects, data: str, outcome: str, drawn: Notes) -> Table:
    rows = moved.rows.copy()
    rows["unit"] = [
        unit.replace("per unit", f"per {step_of(study, str(term), data)}")
        for unit, term in zip(rows["unit"], rows["term"], strict=True)
    ]
    columns = _EFFECTS if len(set(rows["answer"])) == 1 else ["answer", *_EFFECTS]
    points = satisfied_points(study, data)
    said: Notes = (Phrase(key="note.effects"), Phrase(key="note.delta"))
    if points is not None and "satisfaction" in set(rows["term"]):
        said = (*said, Phrase(key="note.highly", values={"satisfied": points[0], "highly": points[1]}))
    return Table(
        id="repurchase_effects",
        title=Phrase(key="table.repurchase_effects", values={"outcome": outcome}),
        rows=rows[columns],
        notes=(*said, *drawn, Phrase(key="note.level", values={"level": study.level})),
    )


def _fit_tables(fit: AnswerFit, study: Study, outcome: str) -> tuple[Table, Table]:
    title: dict[str, str | int | float] = {"outcome": outcome}
    level = Phrase(key="note.level", values={"level": study.level})
    measures = goodness(fit, level=study.level)
    seen = calibration(fit, level=study.level)
    columns = ["group", "fitted", "estimate", "conf_low", "conf_high", "n_obs"]
    return (
        Table(
            id="calibration",
            title=Phrase(key="table.calibration", values=title),
            rows=seen.assign(unit="share")[
                [*columns[:1], *([] if len(fit.answers) == 2 else ["answer"]), *columns[1:], "unit"]
            ],
            notes=(Phrase(key="note.calibration"), level),
        ),
        Table(
            id="repurchase_fit",
            title=Phrase(key="table.repurchase_fit", values=title),
            rows=measures[
                ["measure", "estimate", "conf_low", "conf_high", "df", "p_value", "n_obs", "undefined"]
            ],
            notes=(Phrase(key="note.repurchase_fit"), level),
        ),
    )


def _to_highly(study: Study, moved: MarginalEffects, data: str, outcome: str) -> Notes:
    """What goes with being highly satisfied rather than satisfied."""
    points = satisfied_points(study, data)
    if points is None:
        return ()
    rows = moved.rows
    here = rows[(rows["kind"] == "move") & (rows["term"] == "satisfaction")]
    here = here[(here["start"] == points[0]) & (here["end"] == points[1])]
    return tuple(
        Phrase(
            key="finding.highly",
            values={
                "outcome": outcome, "term": "satisfaction", "start": points[0], "end": points[1],
                "estimate": row["estimate"], "conf_low": row["conf_low"], "conf_high": row["conf_high"],
                "design": "adjusted",
            },
        )
        for row in here.to_dict("records")
    )  # fmt: skip


def _apart(fit: AnswerFit, level: float) -> Notes:
    """How well the model tells those who did from those who did not."""
    rows = goodness(fit, level=level)
    area = rows[rows["measure"] == "auc"].iloc[0]
    values: dict[str, str | int | float] = {"outcome": fit.outcome}
    values |= {name: float(area[name]) for name in ("estimate", "conf_low", "conf_high")}
    return (Phrase(key="finding.auc", values=values),)


def _parallel(tests: pd.DataFrame, level: float, outcome: str) -> Notes:
    """Whether one slope holds at every boundary, by Brant's test over all terms, where there is one."""
    brant = tests[tests["rule"] == BRANT]
    first = brant.iloc[0]
    if not np.isfinite(first["p_value"]):
        return ()
    values: dict[str, str | int | float] = {"outcome": outcome}
    values |= {"chi2": float(first["chi2"]), "df": float(first["df"])}
    values |= {"p_value": float(first["p_value"])}
    if not first["p_value"] <= 1 - level:
        return (Phrase(key="finding.parallel", values=values),)
    each = brant[brant["term"] != ALL].sort_values("p_value")
    return (Phrase(key="finding.not_parallel", values={**values, "term": str(each.iloc[0]["term"])}),)


def _used(notes: Notes) -> Notes:
    return tuple(note for note in notes if note.key in _ROWS_USED)


def _around(notes: Notes, drawn: Notes) -> Notes:
    """Rows used, how the draws were made, then what the comparison rests on."""
    rest = tuple(note for note in notes if note.key not in (*_ROWS_USED, "note.covariance"))
    return (*_used(notes), *drawn, *rest)

"""From service to loyalty, step by step: direct, mediated and total effects."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from servicefx.effects.indirect import PathEffect, effects_between, mediator_sequences
from servicefx.models.chain import chain_outcomes, fit_chain
from servicefx.models.loyalty import is_binary
from servicefx.models.over_time import panel_files
from servicefx.models.referral import is_told
from servicefx.sections.notes import (
    answering,
    draw_notes,
    dropped_notes,
    effect_row,
    estimates_rows,
    fit_notes,
    slope_unit,
    sources_of,
)
from servicefx.study.study import Study
from servicefx.values.estimates import Estimates
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["chain_section", "survey_files"]


def survey_files(study: Study) -> tuple[str, ...]:
    """Data files with paths in which every unit answers once."""
    panels = panel_files(study)
    return tuple(name for name in study.frames if name not in panels and chain_outcomes(study, name))


_ROWS_USED = ("note.sample", "note.dropped", "note.nothing_dropped")
_MOST_ROUTES = 4
"""Ways by which a source reaches an outcome that are told one by one; beyond, their sum is."""


@answering("chain")
def chain_section(study: Study, seed: int | None = None) -> Section | None:
    """Direct, indirect and total effects of what starts the chain on what it leads to.

    Parameters
    ----------
    study : Study
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    Section or None
        Tables ``equations`` (every regression of the chain) and ``effects``; None where nothing is mediated.
    """
    seed = study.seed if seed is None else seed
    for data in survey_files(study):
        apart = tuple(o for o in chain_outcomes(study, data) if not _on_a_line(study, o, data))
        if len(apart) == len(chain_outcomes(study, data)):
            continue
        chain = fit_chain(study, data, binary=apart, seed=seed)
        sources = [name for name in sources_of(chain) if name in study.spec.constructs]
        answers: list[PathEffect] = []
        for outcome in chain.fits:
            for source in (*sources, *(name for name in chain.fits if name != outcome)):
                if mediator_sequences(chain, source, outcome):
                    unit = slope_unit(study, outcome, source, data)
                    answers += effects_between(chain, source, outcome, unit)
        if not answers:
            continue
        answers, n_summed = _told(answers)
        ends = _ends(study, data)
        fits = [fit.estimates for fit in chain.fits.values()]
        rows = [
            {
                "from": a.source,
                "to": a.outcome,
                "kind": a.kind,
                "via": "all" if a.kind == "indirect" and not a.via else " → ".join(a.via),
                **effect_row(a.effect, study.level),
            }
            for a in answers
            if a.kind != "direct" or a.source in chain.fits[a.outcome].estimates.terms
        ]
        equations = estimates_rows(fits, study.level)
        failed = max(a.effect.n_failed for a in answers)
        first = chain.fits[next(iter(chain.fits))]
        notes = (
            _rows_used([fit.n_obs for fit in fits], data),
            *(
                [Phrase(key="note.routes_summed", values={"n": n_summed, "most": _MOST_ROUTES})]
                if n_summed
                else []
            ),
            *draw_notes(study, data, seed, failed),
            *(Phrase(key="note.assumption", values={"text": text}) for text in answers[0].effect.assumptions),
            Phrase(key="note.level", values={"level": study.level}),
        )
        return Section(
            id="chain",
            title=Phrase(key="section.chain"),
            findings=_findings([a for a in answers if a.outcome in ends], study.level),
            tables=(
                Table(id="effects", title=Phrase(key="table.effects"), rows=pd.DataFrame(rows), notes=notes),
                Table(
                    id="equations",
                    title=Phrase(key="table.equations"),
                    rows=equations,
                    notes=(
                        *notes[:1],
                        *_left_out(fits),
                        *(
                            note
                            for note in fit_notes(study, data, first.estimates, "adjusted")
                            if note.key not in _ROWS_USED
                        ),
                    ),
                ),
            ),
            figures=(_diagram(study, equations),),
            effects=tuple(a.effect for a in answers),
        )
    return None


def _told(answers: list[PathEffect]) -> tuple[list[PathEffect], int]:
    """Effects without the single routes of pairs that have many, and how many such pairs there are."""
    routes = Counter((a.source, a.outcome) for a in answers if a.via)
    many = {pair for pair, n in routes.items() if n > _MOST_ROUTES}
    return [a for a in answers if not a.via or (a.source, a.outcome) not in many], len(many)


def _on_a_line(study: Study, outcome: str, data: str) -> bool:
    """Whether least squares is asked for: not of 0 and 1, nor of a number of people told."""
    return not is_binary(study, outcome, data) and not is_told(study, outcome, data)


def _diagram(study: Study, equations: pd.DataFrame) -> Figure:
    """The equations as arrows between constructs; constants and covariates are left out."""
    arrows = equations[equations["term"].isin(list(study.spec.constructs))]
    arrows = arrows.rename(columns={"term": "from", "outcome": "to"})
    return Figure(
        id="chain",
        kind="diagram",
        title=Phrase(key="figure.chain"),
        rows=arrows[["from", "to", "estimate", "conf_low", "conf_high"]].reset_index(drop=True),
        source="equations",
        notes=(Phrase(key="note.diagram_chain"), Phrase(key="note.level", values={"level": study.level})),
    )


def _left_out(fits: list[Estimates]) -> tuple[Phrase, ...]:
    """Rows not used by reason, of every equation."""
    notes = [note for fit in fits for note in dropped_notes(fit.dropped, equation=fit.outcome) if fit.dropped]
    return tuple(notes) or dropped_notes({})


def _ends(study: Study, data: str) -> set[str]:
    """Outcomes no further equation of the file starts from, 0/1 ones and numbers of people aside."""
    outcomes = [o for o in chain_outcomes(study, data) if _on_a_line(study, o, data)]
    started = {source for path in study.spec.paths if path.to in outcomes for source in path.sources}
    return {outcome for outcome in outcomes if outcome not in started}


def _rows_used(counts: list[int], data: str) -> Phrase:
    if min(counts) == max(counts):
        return Phrase(key="note.sample", values={"n_obs": counts[0], "data": data})
    return Phrase(key="note.sample_range", values={"low": min(counts), "high": max(counts), "data": data})


def _findings(answers: list[PathEffect], level: float) -> tuple[Phrase, ...]:
    """The largest summed mediated effect on every outcome."""
    best: dict[str, PathEffect] = {}
    for answer in answers:
        if answer.kind == "total":
            held = best.get(answer.outcome)
            if held is None or abs(answer.effect.estimate) > abs(held.effect.estimate):
                best[answer.outcome] = answer
    findings = []
    for outcome, answer in best.items():
        low, high = answer.effect.interval(level)
        if low > 0 or high < 0:
            findings.append(
                Phrase(
                    key="finding.total",
                    values={
                        "term": answer.source,
                        "outcome": outcome,
                        "estimate": answer.effect.estimate,
                        "conf_low": low,
                        "conf_high": high,
                        "design": "adjusted",
                        "step": answer.effect.unit.rpartition(" per ")[2],
                        "unit": answer.effect.unit.partition(" per ")[0],
                    },
                )
            )
    return tuple(findings)

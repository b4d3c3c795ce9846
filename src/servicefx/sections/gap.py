"""Perception against expectation: whether a shortfall weighs more than a surplus (H2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from servicefx.errors import ServicefxError
from servicefx.models.chain import draw_source, shared_counts
from servicefx.models.gap import (
    GapFit,
    compare_gap_forms,
    fit_gap,
    fit_surface,
    gap_home,
    gap_scores_by_dimension,
)
from servicefx.sections.gap_figures import gap_figures
from servicefx.sections.gap_findings import gap_findings
from servicefx.sections.gap_tables import ALONE, HELD, Asked, forms_table, kink_tables, surface_tables
from servicefx.sections.notes import answering, slope_unit, units_of
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section

__all__ = ["gap_section"]


@answering("gap")
def gap_section(study: Study, seed: int | None = None) -> Section | None:
    """Losses and gains around expectation, the response surface behind, and the forms compared.

    Parameters
    ----------
    study : Study
        Asked where constructs have expectation items beside a measured satisfaction (else beside the one
        outcome that their paths lead to).
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    Section or None
        Tables ``gap_kink``, ``gap_dimensions`` (with several dimensions), ``gap_places``, ``gap_surface``,
        ``gap_axes``, ``gap_forms``, and behind the figures ``gap_curve``, ``gap_grid``; figures ``gap_curve``
        and ``gap_surface``. None where nothing is asked.
    """
    outcome = _outcome(study)
    if outcome is None:
        return None
    asked = _frame(study, outcome)
    data = asked.scores.data
    seed = study.seed if seed is None else seed
    errors: dict[str, Any] = {"clusters": study.clusters(data), "weights": study.weights(data)}
    shared = errors | {
        "counts": shared_counts(study, data, seed),
        "source": draw_source(study, data, seed),
        "level": study.level,
        "unit": slope_unit(study, outcome, asked.scores.dimensions[0], data),
    }
    whole, refusals = _fits(asked, [asked.scores.whole], shared)
    parts: dict[str, GapFit] = {}
    if len(asked.scores.dimensions) > 1:
        parts, more = _fits(asked, list(asked.scores.dimensions), shared)
        refusals = list(dict.fromkeys([*refusals, *more]))
    pair: dict[str, Any] = {"scale": asked.scores.scale} | errors
    surface = fit_surface(
        asked.frame, outcome, "expectation", "perception", scale=asked.scores.scale, **shared
    )
    forms = compare_gap_forms(asked.frame, outcome, "expectation", "perception", **pair)
    tables = [
        *kink_tables(study, asked, whole, parts, errors),
        *surface_tables(study, asked, surface, seed),
        forms_table(asked, forms, surface),
    ]
    answers = [fit.effects.values() for fit in whole.values()]
    return Section(
        id="gap",
        title=Phrase(key="section.gap"),
        findings=gap_findings(
            outcome,
            whole.get(ALONE),
            whole.get(HELD),
            parts.get(ALONE),
            forms,
            study.level,
            units_of(study, outcome, data),
        ),
        tables=tuple(tables),
        figures=gap_figures(study, outcome, data, whole.get(ALONE), surface),
        effects=tuple(effect for some in (*answers, surface.effects.values()) for effect in some),
        notes=tuple(_refused(refusal) for refusal in refusals),
    )


def _outcome(study: Study) -> str | None:
    """Satisfaction, or else the one outcome that paths from dimensions with expectation items lead to."""
    dimensions = {name for name, spec in study.spec.constructs.items() if spec.expectation}
    targets = dict.fromkeys(path.to for path in study.spec.paths if dimensions & set(path.sources))
    named = ["satisfaction"] if "satisfaction" in study.spec.constructs else []
    for outcome in named or (list(targets) if len(targets) == 1 else []):
        if outcome not in dimensions and gap_home(study, outcome) is not None:
            return outcome
    return None


def _frame(study: Study, outcome: str) -> Asked:
    scores = gap_scores_by_dimension(study, outcome)
    perceived = scores.perception[list(scores.dimensions)].add_prefix("perception of ")
    frame = pd.concat([study.scores[scores.data][[outcome]], scores.gap, perceived], axis=1)
    frame["expectation"] = scores.expectation[scores.whole]
    frame["perception"] = scores.perception[scores.whole]
    return Asked(outcome, scores, frame, [str(name) for name in perceived.columns])


class _Refusal(NamedTuple):
    where: str
    found: str
    remedy: str


def _fits(
    asked: Asked, gaps: Sequence[str], shared: Mapping[str, Any]
) -> tuple[dict[str, GapFit], list[_Refusal]]:
    """The bent line with the gap alone and with perceptions held; what cannot be fitted is said."""
    fits: dict[str, GapFit] = {}
    refusals: list[_Refusal] = []
    for name, held in ((ALONE, []), (HELD, asked.held)):
        try:
            fits[name] = fit_gap(asked.frame, asked.outcome, gaps, held, **shared)
        except ServicefxError as error:
            refusals += [_Refusal(problem.where, problem.found, problem.remedy) for problem in error.problems]
    return fits, refusals


def _refused(refusal: _Refusal) -> Phrase:
    values = {"what": refusal.where, "why": refusal.found, "remedy": refusal.remedy}
    return Phrase(key="note.refused", values=values)

"""Who recommends, and how many people a customer tells: net promoter score and counts (H5, K3, K6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from servicefx.errors import ServicefxError
from servicefx.models.referral import (
    AsymmetricU,
    PeopleGroups,
    PeopleModel,
    compare_net_promoter,
    fit_told,
    net_promoter,
    people_groups,
    recommending,
    told_outcomes,
)
from servicefx.sections.notes import answering, refused, score_notes
from servicefx.sections.referral_tables import group_table, people_figure, people_tables
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["referral_section"]

_SCORE_COLUMNS = [
    "construct", "segment", "group", "promoters", "passives", "detractors", "estimate", "conf_low",
    "conf_high", "n_obs", "undefined",
]  # fmt: skip
_PAIR_COLUMNS = [
    "construct", "segment", "group_left", "group_right", "estimate", "conf_low", "conf_high", "p_value",
    "p_adjusted", "n_obs",
]  # fmt: skip


@answering("referral")
def referral_section(study: Study, seed: int | None = None) -> Section | None:
    """Number of people told over satisfaction, and the net promoter score by segment.

    Parameters
    ----------
    study : Study
        Asked where a path of hypothesis H5 leads to a number of people (one item without a scale), or a path
        to ``people_told``; and where a likelihood to recommend from 0 to 10 is measured and a path leads to
        it. Segments are those of ``[measurement]``.
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    Section or None
        Tables ``referral``, ``referral_shape`` (tests of a U), ``referral_groups``, ``referral_models``,
        ``referral_tests``, ``referral_counts``, ``referral_curve``, figure ``referral_curve``; ``nps`` and
        ``nps_pairs``. None where nothing is asked.
    """
    seed = study.seed if seed is None else seed
    tables: list[Table] = []
    figures: list[Figure] = []
    findings: list[Phrase] = []
    refusals: list[Phrase] = []
    effects = []
    shown = ""
    for data, outcome in _told(study):
        if shown:
            refusals.append(_left_out(outcome, shown))
            continue
        try:
            fit = fit_told(study, outcome, data, seed=seed)
            fitted = fit.fitted if isinstance(fit, AsymmetricU) else None
            groups = people_groups(study, outcome, data, seed=seed, fitted=fitted)
        except ServicefxError as error:
            refusals += refused("referral", error).notes
            continue
        main, aside = people_tables(study, outcome, data, fit, seed)
        tables += [*main, *([] if groups is None else [group_table(study, data, outcome, groups)]), *aside]
        findings += _told_findings(study, outcome, fit, groups)
        if isinstance(fit, AsymmetricU):
            figures.append(people_figure(study, fit, data))
            effects += [fit.dissatisfied, fit.satisfied, fit.asymmetry, fit.minimum]
        effects += [] if groups is None else list(groups.effects.values())
        shown = outcome
    scores, told, refusal = _promoters(study)
    tables += scores
    findings += told
    refusals += refusal
    if not tables and not refusals:
        return None
    return Section(
        id="referral",
        title=Phrase(key="section.referral"),
        findings=tuple(findings),
        tables=tuple(tables),
        figures=tuple(figures),
        effects=tuple(effects),
        notes=tuple(refusals),
    )


def _told(study: Study) -> Iterator[tuple[str, str]]:
    for data in study.frames:
        for outcome in told_outcomes(study, data):
            yield data, outcome


def _left_out(outcome: str, shown: str) -> Phrase:
    """What is said of a second number of people."""
    values: dict[str, str | int | float] = {
        "what": outcome,
        "why": f"one number of people told is reported, and '{shown}' is it",
        "remedy": "Put this one into a study of its own.",
    }
    return Phrase(key="note.refused", values=values)


def _told_findings(
    study: Study, outcome: str, fit: AsymmetricU | PeopleModel, groups: PeopleGroups | None
) -> Iterator[Phrase]:
    if isinstance(fit, AsymmetricU):
        yield _shape_finding(fit, study.level)
    if groups is None:
        return
    means = dict(zip(groups.means["group"], groups.means["estimate"], strict=True))
    pair = groups.differences.to_dict("records")[1]
    if not pair["undefined"]:
        values: dict[str, str | float] = {
            "outcome": outcome,
            "dissatisfied": float(means["dissatisfied"]),
            "satisfied": float(means["satisfied_or_more"]),
            "difference": float(pair["estimate"]),
            "conf_low": float(pair["conf_low"]),
            "conf_high": float(pair["conf_high"]),
        }
        sure = pair["conf_low"] > 0 or pair["conf_high"] < 0
        key = "finding.told_groups" if sure else "finding.told_groups_open"
        yield Phrase(key=key, values=values)


def _shape_finding(fit: AsymmetricU, level: float) -> Phrase:
    """What the two lines say: a U, steeper on one side, or none."""
    alpha = (1 - level) / 2
    ratios = fit.ratios[fit.ratios["measure"] == "rate_ratio"].drop_duplicates("term", keep="last")
    more = {str(row["term"]): row for row in ratios.to_dict("records")}
    p_value = float(fit.shape["p_value"].iloc[0])
    values: dict[str, str | float] = {
        "outcome": fit.outcome,
        "satisfaction": fit.satisfaction,
        "centre": fit.centre,
        "p_value": p_value,
    }
    for term in ("dissatisfied", "satisfied"):
        values |= {
            term: float(more[term]["estimate"]) - 1,
            f"{term}_low": float(more[term]["conf_low"]) - 1,
            f"{term}_high": float(more[term]["conf_high"]) - 1,
        }
    if not p_value <= alpha:  # one-sided, so that it agrees with both intervals
        return Phrase(key="finding.told_no_u", values=values)
    contrast = fit.contrasts.iloc[0]
    sure = contrast["conf_low"] > 0 or contrast["conf_high"] < 0
    steeper = "below" if contrast["estimate"] > 0 else "above"
    return Phrase(key=f"finding.told_u_{steeper if sure else 'even'}", values=values)


def _promoters(study: Study) -> tuple[list[Table], list[Phrase], list[Phrase]]:
    """Net promoter scores and their differences between segments."""
    outcomes = {path.to for path in study.spec.paths}
    scores, pairs, findings, refusals = [], [], [], []
    notes: tuple[Phrase, ...] = ()
    for construct, data, _ in recommending(study):
        if construct not in outcomes:
            continue
        options: dict[str, Any] = {
            "weights": study.weights(data),
            "clusters": study.clusters(data),
            "level": study.level,
        }
        answers = study.items(construct)
        item = str(answers.columns[0])
        frame = study.frames[data].assign(**{item: answers[item]})
        by = _segments(study, data)
        try:
            scores.append(net_promoter(frame, item, by, **options).assign(construct=construct))
            for column in by:
                differences, overall = compare_net_promoter(frame, item, column, **options)
                pairs.append(differences.assign(construct=construct))
                findings.append(_segment_finding(construct, differences, overall, study.level))
        except ServicefxError as error:
            refusals += list(refused("referral", error).notes)
        notes = tuple(note for note in score_notes(study, data) if not note.key.startswith("note.scores"))
    tables = []
    if scores:
        rows = _stacked(scores, _SCORE_COLUMNS).replace({"segment": {"": "all"}})
        told = (Phrase(key="note.nps"), *notes)
        tables.append(Table(id="nps", title=Phrase(key="table.nps"), rows=rows, notes=told))
    if pairs:
        rows = _stacked(pairs, _PAIR_COLUMNS)
        told = (Phrase(key="note.nps_pairs"), *notes)
        tables.append(Table(id="nps_pairs", title=Phrase(key="table.nps_pairs"), rows=rows, notes=told))
    return tables, findings, refusals


def _stacked(frames: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Frames below each other; which construct they are about only where there are several."""
    frame = pd.concat(frames, ignore_index=True)[columns]
    several = len(set(frame["construct"])) > 1
    return frame if several else frame.drop(columns="construct")


def _segments(study: Study, data: str) -> tuple[str, ...]:
    """Columns of ``[measurement]`` segments that part this file's customers."""
    spec = study.spec.measurement
    if spec is None:
        return ()
    frame = study.frames[data]
    return tuple(name for name in spec.segments if name in frame and 2 <= frame[name].nunique() <= 20)


def _segment_finding(construct: str, pairs: pd.DataFrame, overall: pd.DataFrame, level: float) -> Phrase:
    """The surest difference between groups of one column, or that there is none."""
    test = overall.iloc[0]
    column = str(test["segment"])
    first = pairs.sort_values("p_adjusted", kind="stable").iloc[0]
    values: dict[str, str | float] = {
        "construct": construct,
        "column": column,
        "left": str(first["group_left"]),
        "right": str(first["group_right"]),
        "estimate": float(first["estimate"]),
        "conf_low": float(first["conf_low"]),
        "conf_high": float(first["conf_high"]),
        "p_value": float(test["p_value"]),
    }
    differ = first["p_adjusted"] <= 1 - level
    return Phrase(key="finding.nps_differ" if differ else "finding.nps_alike", values=values)

"""Parts about the answers and their consistency: screening, SERVQUAL, reliability."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

import pandas as pd

from servicefx.errors import DataError, Problem, ServicefxError
from servicefx.measurement.assessment.part import Part, reason
from servicefx.measurement.assessment.subject import Subject
from servicefx.measurement.reliability import item_statistics, omega_hierarchical, reliability_table
from servicefx.measurement.rules import judge, rules_frame
from servicefx.measurement.screening import screen
from servicefx.measurement.screening.extremes import item_statistics as extremes
from servicefx.measurement.servqual import quality_dimensions, servqual

__all__ = ["reliability_part", "screening_part", "servqual_part"]

_JUDGED = {
    "alpha": "alpha",
    "omega": "omega",
    "composite_reliability": "composite_reliability",
    "rho_a": "rho_a",
}
"""Measure of reliability -> the rule it is held against."""
_LEAST_DIMENSIONS = 3


def screening_part(subject: Subject) -> Part:
    """Careless, slow, repeated and outlying rows, extreme items, missing answers."""
    stated = subject.study.spec.measurement
    duration = subject.frame[stated.duration] if stated and stated.duration else None
    paired = [tuple(pair) for pair in stated.pairs] if stated else []
    answers, apart = _asked_of_most(subject)
    extra = [column for pair in paired for column in pair if column not in answers]
    answers = answers.join(subject.frame[list(dict.fromkeys(extra))])
    blocks = {n: b for n, b in subject.blocks.items() if len(b) > 1 and set(b) <= set(answers.columns)}
    reverse = {item for name in subject.blocks for item in subject.study.spec.constructs[name].reversed}
    found = screen(
        answers, blocks, scale=_scale(subject, answers), duration=duration, pairs=paired,
        turned=[item for item in answers if item in reverse],
    )  # fmt: skip
    items = [found.items]
    if apart:
        items.append(extremes(subject.items[apart], scale=_scale(subject, apart)))
    undefined = {
        "screening: speeding": "no column of durations is stated: state duration = under [measurement]"
    }
    return Part(
        frames={
            "flags": found.flags,
            "straight_lines": found.blocks,
            "items": pd.concat(items, ignore_index=True).assign(
                construct=lambda table: [_owner(subject, item) for item in table["item"]]
            ),
            "patterns": found.patterns,
            "gaps_test": found.mcar.table(),
        },
        rules=(found.rules,),
        undefined={} if duration is not None else undefined,
        problems=found.problems,
        notes={"screening": ("Rows are flagged, none is left out.",)},
    )


def _asked_of_most(subject: Subject) -> tuple[pd.DataFrame, list[str]]:
    """Answers to the items asked of most rows, and the names of the others; all items if no item was."""
    shared = {item for name, block in subject.blocks.items() if name not in subject.apart for item in block}
    apart = [item for block in subject.apart.values() for item in block if item not in shared]
    if len(apart) == subject.items.shape[1]:
        return subject.items, []
    return subject.items.drop(columns=apart), apart


def _scale(subject: Subject, items: Iterable[Hashable]) -> dict[str, tuple[float, float]] | None:
    scales = subject.scales
    return {str(item): scales[str(item)] for item in items if item in scales} or None


def _owner(subject: Subject, item: str) -> str:
    """The first construct that an item belongs to; empty where it is no item."""
    return next((name for name, block in subject.blocks.items() if item in block), "")


def servqual_part(subject: Subject) -> Part:
    """Perception, expectation, gap and their weighting by importance, dimension by dimension."""
    dimensions = [name for name in quality_dimensions(subject.study) if _here(subject, name)]
    if not dimensions:
        found = "no construct is a dimension of service quality"
        remedy = "Use the ids of the theory (reliability, responsiveness, ...), or state expectation items."
        raise DataError(Problem("study.toml: constructs", found, remedy))
    found_scores = servqual(subject.study, dimensions)
    return Part(
        frames={"servqual": found_scores.dimensions, "servqual_items": found_scores.items},
        notes={"servqual": tuple(f"{n:,} rows: {why}." for why, n in found_scores.counts.items())},
    )


def reliability_part(subject: Subject) -> Part:
    """Every measure of reliability of every construct, and what each item does to it."""
    blocks = {**subject.constructs, **subject.single}
    if not (blocks or subject.apart):
        found = "no construct of items is reflective"
        raise DataError(
            Problem("study.toml: constructs", found, "State mode = reflective where items agree.")
        )

    def table_of(constructs: Mapping[str, Sequence[str]]) -> pd.DataFrame:
        return reliability_table(
            subject.items, constructs, level=subject.level, draws=subject.draws, seed=subject.seed,
            analysis_id=subject.stream, weights=subject.weights, clusters=subject.clusters,
            ordinal=False if subject.weights is not None else "auto",
        )  # fmt: skip

    tables = [table_of(blocks)] if blocks else []
    tables += [table_of({name: block}) for name, block in subject.apart.items()]
    table = pd.concat([part.dropna(axis=1, how="all") for part in tables], ignore_index=True)
    table = table.reindex(columns=tables[0].columns)
    undefined: dict[str, str] = {}
    statistics = []
    for name, block in {**subject.constructs, **subject.apart}.items():
        try:
            statistics.append(item_statistics(subject.items[list(block)], weights=subject.weights))
            statistics[-1].insert(0, "construct", name)
        except ServicefxError as refusal:
            undefined[f"reliability: item statistics of {name}"] = reason(refusal)
    frames = {"reliability": table}
    if statistics:
        frames["item_statistics"] = pd.concat(statistics, ignore_index=True)
    dimensions = {
        name: subject.constructs[name]
        for name in quality_dimensions(subject.study)
        if name in subject.constructs
    }
    if len(dimensions) >= _LEAST_DIMENSIONS:
        try:
            frames["hierarchical"] = omega_hierarchical(
                subject.items, dimensions, level=subject.level, weights=subject.weights,
                clusters=subject.clusters,
            )  # fmt: skip
        except ServicefxError as refusal:
            undefined["reliability: hierarchical"] = reason(refusal)
    return Part(frames=frames, rules=(_judged(table),), undefined=undefined)


def _here(subject: Subject, construct: str) -> bool:
    return subject.study.data_of(construct) == subject.data


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[table["measure"].isin(list(_JUDGED))]
    return rules_frame(
        judge(
            _JUDGED[str(row["measure"])], str(row["construct"]), float(row["estimate"]),
            float(row["conf_low"]), float(row["conf_high"]),
        )
        for row in rows.to_dict("records")
    )  # fmt: skip

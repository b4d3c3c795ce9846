"""Tables, figures and findings of slopes by known group, and what the theory predicted of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.effects.verdicts import sign_verdict
from servicefx.models.segments import GroupSlopes
from servicefx.sections.drivers_asked import Pages
from servicefx.sections.notes import draw_notes, fit_notes, slope_unit
from servicefx.study.study import Study
from servicefx.theory.catalogue import load_theory
from servicefx.values.table import Figure, Phrase, Table

__all__ = ["AskedSegments", "group_pages"]


_SLOPES = ["segment", "group", "term", "estimate", "std_error", "conf_low", "conf_high", "unit"]
_DIFFERENCES = [
    "segment", "term", "group_left", "group_right", "difference", "conf_low", "conf_high", "p_adjusted",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AskedSegments:
    """The question of the section.

    Attributes
    ----------
    study : Study
    data, outcome : str
        Data file; construct id.
    drivers, by : tuple of str
        Construct ids; columns of groups.
    classes : int
        The most latent classes tried.
    frame : DataFrame, shape (n, m)
        Outcome, drivers, groups; one row a row of the file, gaps kept.
    counts : ndarray, shape (draws, n)
        The file's shared resamples.
    source : str
        Their name.
    seed : int
    """

    study: Study
    data: str
    outcome: str
    drivers: tuple[str, ...]
    by: tuple[str, ...]
    classes: int
    frame: pd.DataFrame
    counts: NDArray[np.float32]
    source: str
    seed: int

    @property
    def weights(self) -> pd.Series | None:
        """Survey weights of the file's rows."""
        return self.study.weights(self.data)

    @property
    def clusters(self) -> pd.Series | None:
        """Dependence groups of the file's rows."""
        return self.study.clusters(self.data)

    def units(self, terms: pd.Series) -> list[str]:
        """Unit of every slope."""
        return [slope_unit(self.study, self.outcome, str(term), self.data) for term in terms]


def group_pages(asked: AskedSegments, found: Sequence[GroupSlopes]) -> Pages:
    """Slopes of groups, their tests and differences, for all columns of groups that could be compared."""
    outcome: dict[str, str | int | float] = {"outcome": asked.outcome}
    notes = tuple(_notes(asked, found))
    level = Phrase(key="note.level", values={"level": asked.study.level})
    slopes = pd.concat([groups.slopes for groups in found], ignore_index=True)
    slopes["unit"] = asked.units(slopes["term"])
    tests = pd.concat([groups.tests for groups in found], ignore_index=True)
    differences = pd.concat([groups.differences for groups in found], ignore_index=True)
    predicted = _predicted(asked, found)
    tables = [
        Table(
            id="segment_slopes",
            title=Phrase(key="table.segment_slopes", values=outcome),
            rows=slopes[_SLOPES],
            notes=notes,
        ),
        Table(
            id="segment_tests",
            title=Phrase(key="table.segment_tests"),
            rows=tests,
            notes=(Phrase(key="note.segment_tests"), notes[0]),
        ),
        Table(
            id="segment_differences",
            title=Phrase(key="table.segment_differences"),
            rows=differences[_DIFFERENCES],
            notes=(Phrase(key="note.segment_differences"), notes[0], level),
        ),
    ]
    if len(predicted):
        tables.append(
            Table(
                id="segment_hypotheses",
                title=Phrase(key="table.segment_hypotheses"),
                rows=predicted,
                notes=(Phrase(key="note.segment_hypotheses"), notes[0], level),
            )
        )
    return Pages(
        tables=tuple(tables),
        figures=tuple(_figure(asked, groups, at) for at, groups in enumerate(found, start=1)),
        findings=(*_findings(asked, found), *_predicted_findings(predicted)),
    )


def _notes(asked: AskedSegments, found: Sequence[GroupSlopes]) -> Iterator[Phrase]:
    """Of the first column of groups; what differs between columns is said for each."""
    first = found[0]
    worst = max((effect.n_failed for groups in found for effect in groups.effects.values()), default=0)
    told: set[tuple[str, tuple[object, ...]]] = set()
    for groups in found:
        for note in fit_notes(asked.study, asked.data, groups.estimates, "adjusted"):
            key = (note.key, tuple(note.values.values()))
            if key not in told and not (groups is not first and note.key == "note.nothing_dropped"):
                told.add(key)
                yield note
        sizes = groups.slopes.drop_duplicates("group")
        listed = "; ".join(f"{name}: {n:,}" for name, n in zip(sizes["group"], sizes["n_obs"], strict=True))
        yield Phrase(key="note.group_sizes", values={"segment": groups.segment, "sizes": listed})
        for group, why in groups.undefined.items():
            text = f"'{group}' of '{groups.segment}' {why}, and is left out"
            yield Phrase(key="note.flag", values={"construct": groups.segment, "text": text})
    yield from (note for note in draw_notes(asked.study, asked.data, asked.seed, worst) if worst)


def _figure(asked: AskedSegments, groups: GroupSlopes, number: int) -> Figure:
    rows = groups.slopes.rename(columns={"group": "series"})
    return Figure(
        id=f"segment_slopes_{number}",
        kind="coefficients",
        title=Phrase(
            key="figure.segment_slopes", values={"outcome": asked.outcome, "segment": groups.segment}
        ),
        rows=rows[["term", "series", "estimate", "conf_low", "conf_high"]],
        source="segment_slopes",
        notes=(Phrase(key="note.level", values={"level": asked.study.level}),),
    )


def _findings(asked: AskedSegments, found: Sequence[GroupSlopes]) -> Iterator[Phrase]:
    """Whether slopes differ, and where that is surest."""
    for groups in found:
        whole = groups.tests.iloc[-1]
        values: dict[str, str | int | float] = {
            "outcome": asked.outcome, "segment": groups.segment, "p_value": float(whole["p_value"]),
        }  # fmt: skip
        if not np.isfinite(whole["p_value"]):
            continue
        if whole["p_value"] > 1 - asked.study.level:
            yield Phrase(key="finding.segments_alike", values=values)
            continue
        first = groups.differences.sort_values(["p_adjusted", "p_value"]).iloc[0]
        if first["p_adjusted"] > 1 - asked.study.level:
            yield Phrase(key="finding.segments_somewhere", values=values)
            continue
        slopes = groups.slopes.set_index(["term", "group"])["estimate"]
        left, right = str(first["group_left"]), str(first["group_right"])
        values |= {"term": str(first["term"]), "left": left, "right": right}
        values |= {"slope_left": float(slopes[first["term"], left])}
        values |= {"slope_right": float(slopes[first["term"], right])}
        values |= {name: float(first[name]) for name in ("difference", "conf_low", "conf_high", "p_adjusted")}
        yield Phrase(key="finding.segments_differ", values=values)


_PREDICTED = ["hypothesis", "segment", "term", "estimate", "conf_low", "conf_high", "predicted", "verdict"]


def _predicted(asked: AskedSegments, found: Sequence[GroupSlopes]) -> pd.DataFrame:
    """Slopes of the highest group less those of the lowest, where the theory says which is larger."""
    rows = []
    theory = load_theory()
    for groups in found:
        if not pd.api.types.is_numeric_dtype(asked.frame[groups.segment]):
            continue  # groups in words have no order
        lowest, highest = groups.groups[0], groups.groups[-1]
        table = groups.differences
        ends = table[(table["group_left"] == lowest) & (table["group_right"] == highest)].set_index("term")
        for hypothesis in theory.hypotheses.values():
            for arrow in hypothesis.paths:
                if arrow.form != "interaction" or groups.segment not in arrow.moderators:
                    continue
                if arrow.target != asked.outcome or arrow.source not in ends.index:
                    continue
                pair = ends.loc[[arrow.source]].iloc[0]
                low, high = -float(pair["conf_high"]), -float(pair["conf_low"])
                sign = arrow.interaction
                record = (
                    hypothesis.id, groups.segment, arrow.source, -float(pair["difference"]), low, high,
                    {"+": "positive", "-": "negative"}.get(sign, "no sign"), sign_verdict(low, high, sign),
                )  # fmt: skip
                rows.append(dict(zip(_PREDICTED, record, strict=True)))
    return pd.DataFrame(rows, columns=_PREDICTED)


def _predicted_findings(predicted: pd.DataFrame) -> Iterator[Phrase]:
    for (hypothesis, segment), rows in predicted.groupby(["hypothesis", "segment"], sort=False):
        counts = rows["verdict"].value_counts()
        tally = {name: int(counts.get(name, 0)) for name in ("supported", "contradicted", "undecided")}
        yield Phrase(
            key="finding.segment_hypothesis",
            values={"hypothesis": str(hypothesis), "segment": str(segment), "n": len(rows), **tally},
        )

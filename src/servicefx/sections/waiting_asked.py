"""The wait a study asks about: which path, which rows, and whether there is a bend (H15, K8)."""

from __future__ import annotations

from typing import Any, NamedTuple

from servicefx.models.chain import counts_of, draw_source, shared_counts
from servicefx.models.drivers import declared_terms
from servicefx.models.sample import Sample, sample_of
from servicefx.models.waiting import ThresholdFit, fit_threshold
from servicefx.sections.notes import units_of
from servicefx.study.study import Study

__all__ = ["MOST_GROUPS", "WAIT", "AskedWait", "asked_waits", "bends", "fit_asked", "wait_choices"]

_HYPOTHESIS, WAIT = "H15", "response_time"
MOST_GROUPS = 20
"""Groups of a moderator at most."""


class AskedWait(NamedTuple):
    """One path about a wait, with the moderators that hold groups, and those that do not."""

    data: str
    outcome: str
    wait: str
    groups: tuple[str, ...]
    not_groups: tuple[str, ...]


def asked_waits(study: Study) -> list[AskedWait]:
    """The paths about a wait, in order, with those of their moderators that are columns of groups."""
    found: dict[tuple[str, str, str], AskedWait] = {}
    for path in study.spec.paths:
        if path.hypothesis != _HYPOTHESIS and WAIT not in path.sources:
            continue
        source = WAIT if WAIT in path.sources else path.sources[0]
        for data in [path.data] if path.data else list(study.frames):
            scores, frame = study.scores[data], study.frames[data]
            if study.spec.data[data].period is None and {source, path.to} <= set(scores.columns):
                named = [name for name in dict.fromkeys(path.moderators) if name in scores or name in frame]
                groups = [
                    name
                    for name in named
                    if name in frame
                    and name not in (source, path.to)
                    and 2 <= frame[name].nunique() <= MOST_GROUPS
                ]
                rest = tuple(name for name in named if name not in groups)
                found.setdefault(
                    (data, path.to, source), AskedWait(data, path.to, source, tuple(groups), rest)
                )
    return list(found.values())


def wait_choices(study: Study, asked: AskedWait, seed: int) -> tuple[Sample, list[str], dict[str, Any]]:
    """Rows of the question, what is held beside the wait, and the choices of `fit_threshold`."""
    terms = [term for term in declared_terms(study, asked.outcome, asked.data) if term != asked.wait]
    sample = sample_of(study, asked.data, [asked.outcome, asked.wait, *terms])
    counts = counts_of(shared_counts(study, asked.data, seed), study, sample)
    held = [str(name) for name in sample.frame.columns if name not in (asked.outcome, asked.wait)]
    shared: dict[str, Any] = {
        "clusters": sample.clusters, "weights": sample.weights, "draws": study.draws, "seed": seed,
        "counts": counts, "source": draw_source(study, asked.data, seed), "level": study.level,
        "wait_unit": units_of(study, asked.wait, asked.data),
        "outcome_unit": units_of(study, asked.outcome, asked.data),
    }  # fmt: skip
    return sample, held, shared


def fit_asked(study: Study, asked: AskedWait, seed: int | None = None) -> ThresholdFit:
    """The threshold of a path about a wait, as the section on waits reports it.

    Raises
    ------
    StudyError, DataError, IdentificationError
        As `fit_threshold`.
    """
    sample, held, shared = wait_choices(study, asked, study.seed if seed is None else seed)
    return fit_threshold(sample.frame, asked.outcome, asked.wait, held, **shared)


def bends(fit: ThresholdFit, level: float) -> bool:
    """Whether the sup-F test rejects a straight line."""
    return float(fit.test["p_value"].iloc[0]) <= 1 - level

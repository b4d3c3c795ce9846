"""Part about method bias: how much of the answers one method may have made."""

from __future__ import annotations

import pandas as pd

from servicefx.errors import ServicefxError
from servicefx.measurement.assessment.gaps import with_roles
from servicefx.measurement.assessment.part import Part
from servicefx.measurement.assessment.subject import Subject
from servicefx.measurement.method_bias import (
    cfa_marker,
    full_collinearity,
    harman_single_factor,
    latent_method_factor,
    marker_correlations,
)

__all__ = ["bias_part"]

_MARKER = "marker"


def bias_part(subject: Subject) -> Part:
    """Single factor, latent method factor, marker variable and full collinearity."""
    items, weights, clusters = subject.joint, subject.weights, subject.clusters
    single = harman_single_factor(
        items, weights=weights, clusters=clusters, draws=subject.draws, seed=subject.seed,
        analysis_id=subject.stream, level=subject.level,
    )  # fmt: skip
    scores = subject.study.scores[subject.data][list(subject.constructs)]
    collinear = full_collinearity(
        scores, weights=weights, clusters=clusters, draws=subject.draws, seed=subject.seed,
        analysis_id=subject.stream, level=subject.level,
    )  # fmt: skip
    found = Part(
        frames={"single_factor": single.table, "full_collinearity": collinear.table},
        rules=(single.rules, collinear.rules),
        notes={
            "single_factor": (*single.weakness, *single.flags),
            "full_collinearity": collinear.weakness,
        },
    )
    return _added(found, [_method_factor(subject), _marker(subject, scores), _marker_models(subject)])


def _added(first: Part, others: list[Part]) -> Part:
    parts = [first, *others]
    return Part(
        frames={name: frame for part in parts for name, frame in part.frames.items()},
        rules=tuple(frame for part in parts for frame in part.rules),
        undefined={name: why for part in parts for name, why in part.undefined.items()},
        problems=tuple(problem for part in parts for problem in part.problems),
        notes={topic: told for part in parts for topic, told in part.notes.items()},
    )


def _method_factor(subject: Subject) -> Part:
    data, weight, cluster = with_roles(subject, subject.joint)
    try:
        found = latent_method_factor(
            data, subject.constructs, estimator="mlr",
            weights=weight, cluster=cluster, level=subject.level,
        )  # fmt: skip
    except ServicefxError as refusal:
        return Part(undefined={"method factor": str(refusal.problems[0])})
    return Part(
        frames={"method_models": found.models, "method_variance": found.variance},
        notes={
            "method_factor": (
                f"The models with a method factor use {len(data.dropna()):,} rows without a gap.",
                *found.weakness,
                *found.flags,
            )
        },
    )


def _marker(subject: Subject, scores: pd.DataFrame) -> Part:
    """Lindell and Whitney's correlations: by the marker stated, else by the smallest correlation."""
    marker = _marker_items(subject)
    if marker:
        scores = scores.assign(**{_MARKER: subject.frame[list(marker)].mean(axis=1)})
    try:
        found = marker_correlations(scores, marker=_MARKER if marker else None, level=subject.level)
    except ServicefxError as refusal:
        return Part(undefined={"marker": str(refusal.problems[0])})
    return Part(frames={"marker": found.table}, notes={"marker": (found.chosen, *found.weakness)})


def _marker_models(subject: Subject) -> Part:
    marker = _marker_items(subject)
    if not marker:
        why = "no marker items are stated: state marker = under [measurement]"
        return Part(undefined={"marker models": why})
    data, weight, cluster = with_roles(subject, subject.joint.join(subject.frame[list(marker)]))
    try:
        found = cfa_marker(
            data, subject.constructs, marker, estimator="mlr", weights=weight, cluster=cluster,
        )  # fmt: skip
    except ServicefxError as refusal:
        return Part(undefined={"marker models": str(refusal.problems[0])})
    return Part(
        frames={"marker_models": found.models},
        undefined={f"marker models: {name}": why for name, why in found.undefined.items()},
        notes={"marker_models": found.flags},
    )


def _marker_items(subject: Subject) -> tuple[str, ...]:
    stated = subject.study.spec.measurement
    return () if stated is None else tuple(stated.marker)

"""Part about method bias: how much of the answers one method may have made."""

from __future__ import annotations

import pandas as pd

from servicefx.errors import DataError, Problem
from servicefx.measurement.assessment.gaps import with_roles
from servicefx.measurement.assessment.part import Part, answered, joined
from servicefx.measurement.assessment.subject import Subject
from servicefx.measurement.method_bias import (
    cfa_marker,
    full_collinearity,
    harman_single_factor,
    latent_method_factor,
    marker_correlations,
)
from servicefx.measurement.method_bias.confirmatory import unused

__all__ = ["bias_part"]

_MODELS = {
    "constructs": "Constructs without a method factor",
    "equal": "Method factor with equal loadings",
    "free": "Method factor with free loadings",
    "cfa": "Constructs and marker",
    "baseline": "Marker apart from the constructs",
    "method_c": "Marker on all items, equal loadings",
    "method_u": "Marker on all items, free loadings",
    "method_r": "Correlations of the constructs as without the marker",
}
"""Id of a model -> what it is."""


def bias_part(subject: Subject) -> Part:
    """Single factor, latent method factor, marker variable and full collinearity."""
    parts = {
        "bias: single factor": lambda: _single_factor(subject),
        "bias: method factor": lambda: _method_factor(subject),
        "bias: marker": lambda: _marker(subject),
        "bias: marker models": lambda: _marker_models(subject),
        "bias: full collinearity": lambda: _full_collinearity(subject),
    }
    return joined("bias", [answered(name, build) for name, build in parts.items()])


def _single_factor(subject: Subject) -> Part:
    subject.enough(1)
    found = harman_single_factor(
        subject.joint, weights=subject.weights, clusters=subject.clusters, draws=subject.draws,
        seed=subject.seed, analysis_id=subject.stream, level=subject.level,
    )  # fmt: skip
    return Part(
        frames={"single_factor": found.table},
        rules=(found.rules,),
        notes={"single_factor": (*found.weakness, *found.flags)},
    )


def _full_collinearity(subject: Subject) -> Part:
    subject.enough(2)
    found = full_collinearity(
        _scores(subject), weights=subject.weights, clusters=subject.clusters, draws=subject.draws,
        seed=subject.seed, analysis_id=subject.stream, level=subject.level,
    )  # fmt: skip
    return Part(
        frames={"full_collinearity": found.table},
        rules=(found.rules,),
        notes={"full_collinearity": found.weakness},
    )


def _method_factor(subject: Subject) -> Part:
    subject.enough(2)
    data, weight, cluster = with_roles(subject, subject.joint)
    found = latent_method_factor(
        data, subject.constructs, estimator="mlr", weights=weight, cluster=cluster, level=subject.level,
    )  # fmt: skip
    used = f"The models with a method factor use {len(data.dropna()):,} rows without a gap."
    return Part(
        frames={"method_models": found.models, "method_variance": found.variance},
        notes={"method_factor": (used, *found.weakness, *(_of_model(flag) for flag in found.flags))},
    )


def _marker(subject: Subject) -> Part:
    """Lindell and Whitney's correlations: by the marker stated, else by the smallest correlation."""
    subject.enough(2)
    items, scores, name = _marker_items(subject), _scores(subject), None
    if items:
        name = unused("marker", [str(column) for column in scores.columns])
        scores = scores.assign(**{name: subject.frame[list(items)].mean(axis=1)})
    found = marker_correlations(scores, marker=name, level=subject.level)
    alone = subject.weights is None and subject.clusters is None
    alike = () if alone else ("Correlations beside a marker take rows as independent and equally weighted.",)
    return Part(
        frames={"marker": found.table},
        notes={"marker": (f"Correlation taken out: {found.chosen}.", *alike, *found.weakness)},
    )


def _marker_models(subject: Subject) -> Part:
    subject.enough(2)
    items = _marker_items(subject)
    if not items:
        found = "no items of a marker variable are stated"
        raise DataError(Problem("study.toml: measurement", found, "State marker = its columns."))
    data, weight, cluster = with_roles(subject, subject.joint.join(subject.frame[list(items)]))
    models = cfa_marker(
        data, subject.constructs, items, estimator="mlr", weights=weight, cluster=cluster,
        level=subject.level,
    )  # fmt: skip
    return Part(
        frames={"marker_models": models.models},
        undefined={f"bias: marker models, {name}": why for name, why in models.undefined.items()},
        notes={"marker_models": tuple(_of_model(flag) for flag in models.flags)},
    )


def _of_model(flag: str) -> str:
    """A flag with the model it belongs to in words, as a sentence."""
    model, colon, found = flag.partition(": ")
    return f"{_MODELS.get(model, model)}{colon}{found}".rstrip(".") + "."


def _scores(subject: Subject) -> pd.DataFrame:
    return subject.study.scores[subject.data][list(subject.constructs)]


def _marker_items(subject: Subject) -> tuple[str, ...]:
    """Items of the marker variable; none where the study states none."""
    stated = subject.study.spec.measurement
    items = () if stated is None else tuple(stated.marker)
    problems = [
        Problem("study.toml: measurement.marker", f"'{item}' {why}", "State items of another variable.")
        for item in items
        for why in [_why_no_marker(subject, item)]
        if why
    ]
    if problems:
        raise DataError(*problems)
    return items


def _why_no_marker(subject: Subject, item: str) -> str:
    if item in subject.items.columns:
        return "is an item of a construct as well"
    return "" if pd.api.types.is_numeric_dtype(subject.frame[item]) else "holds text, numbers expected"

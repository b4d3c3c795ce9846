"""The service quality index of a study: which dimensions, which weights, which groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import pandas as pd

from servicefx.errors import Problem, StudyError, closest
from servicefx.measurement.dimension_weights import (
    DimensionWeights,
    Weighting,
    derived_weights,
    equal_weights,
    stated_weights,
)
from servicefx.measurement.group_index import QualityIndex, lie_within, quality_index_of
from servicefx.measurement.importance import importance_points
from servicefx.measurement.servqual import dimensions_home, quality_dimensions
from servicefx.study.study import Study

__all__ = ["quality_index"]


def quality_index(
    study: Study,
    dimensions: Sequence[str] | None = None,
    *,
    weighting: Weighting | None = None,
    importance: Mapping[str, float] | None = None,
    outcome: str = "satisfaction",
    segments: Sequence[str] | None = None,
    level: float | None = None,
) -> QualityIndex:
    """Service quality from 0 to 100, each dimension by its importance: overall, by outlet and by segment.

    0 would be the worst answer to everything, 100 the best.

    Parameters
    ----------
    study : Study
    dimensions : sequence of str, optional
        Constructs of one data file, each with a scale; by default `quality_dimensions`.
    weighting : {"stated", "equal", "regression", "relative"}, optional
        ``stated``: mean importance points. ``regression`` and ``relative`` (Johnson's relative weights) are
        derived from what explains ``outcome``. By default ``stated`` where every dimension has points,
        else ``equal``; the answer says which.
    importance : mapping of str to float, optional
        Points the same for everybody, in place of the study's columns.
    outcome : str
        Construct that derived weights explain.
    segments : sequence of str, optional
        Columns reported value by value; by default the study's ``segments`` and levels of ``nested_in``.
    level : float, optional
        Of the intervals, in (0, 1); by default the study's.

    Returns
    -------
    QualityIndex
        Intervals hold the uncertainty of the answers and of the weights, and respect the study's weights and
        clusters. Within an outlet or firm, the persons (or outlets) inside it are the sample.

    Raises
    ------
    StudyError
        If there is no dimension, one has no scale or stands in another data file, a segment is no column, or
        stated weights are asked for and a dimension has no points.
    DataError, IdentificationError
        As `stated_weights` and `derived_weights`.

    References
    ----------
    Cronin & Taylor (1992), J. Marketing 56(3), 55-68 (weighted SERVPERF). Johnson (2000), Multivariate Behav.
    Res. 35, 1-19.
    """
    chosen = quality_dimensions(study) if dimensions is None else tuple(dimensions)
    data = dimensions_home(study, chosen)
    scales = _scales(study, chosen)
    points: dict[str, Any] = dict(importance) if importance is not None else {}
    if importance is None:
        specs = study.spec.constructs
        points = {name: column for name in chosen if (column := specs[name].importance) is not None}
    if weighting is None:
        weighting = "stated" if all(name in points for name in chosen) else "equal"
    weights, counts = _weights_of(study, data, chosen, weighting, points, outcome)
    columns = _segments(study, data, segments)
    found = quality_index_of(
        study.scores[data][list(chosen)],
        scales,
        weights,
        segments=study.frames[data][columns],
        weights=study.weights(data),
        clusters=study.clusters(data),
        within=_within(study, data, columns),
        level=study.level if level is None else level,
    )
    return replace(found, counts=counts)


def _scales(study: Study, dimensions: Sequence[str]) -> dict[str, tuple[float, float]]:
    scales = {}
    for name in dimensions:
        scale = study.scale_of(name)
        if scale is None:
            where, found = (
                f"study.toml: constructs.{name}",
                f"'{name}' has no scale, so 0 and 100 are not known",
            )
            raise StudyError(Problem(where, found, "Add scale = the name of a [scales] table."))
        scales[name] = (scale.min, scale.max)
    return scales


def _weights_of(
    study: Study,
    data: str,
    dimensions: Sequence[str],
    weighting: Weighting,
    points: Mapping[str, Any],
    outcome: str,
) -> tuple[DimensionWeights, Mapping[str, int]]:
    scores, survey = study.scores[data][list(dimensions)], study.weights(data)
    if weighting == "equal":
        return equal_weights(scores), {}
    if weighting == "stated":
        without = [name for name in dimensions if name not in points]
        if without:
            names = ", ".join(f"'{name}'" for name in without)
            remedy = "Add importance = the column of its points, or ask for another weighting."
            raise StudyError(Problem("study.toml: constructs", f"no importance points of {names}", remedy))
        read = importance_points(study.frames[data], {name: points[name] for name in dimensions})
        return stated_weights(read.points, survey), read.counts
    if weighting not in get_args(Weighting):
        known = closest(weighting, get_args(Weighting))
        raise StudyError(Problem("weighting", f"unknown weighting '{weighting}'{known}", "Correct the name."))
    study.data_of(outcome)
    if outcome not in study.scores[data] or outcome in dimensions:
        found = f"'{outcome}' cannot be explained by the dimensions: "
        found += "it is one of them" if outcome in dimensions else f"it is not measured in '{data}'"
        raise StudyError(Problem("outcome", found, "Name another outcome."))
    return derived_weights(scores, study.scores[data][outcome], weighting=weighting, weights=survey), {}


def _segments(study: Study, data: str, segments: Sequence[str] | None) -> list[str]:
    """Columns asked for; by default the study's own segments, then the levels of nesting."""
    if segments is None:
        table = study.spec.measurement
        own = table.segments if table is not None and study.spec.measurement_home == data else ()
        return list(dict.fromkeys([*own, *study.spec.data[data].nested_in]))
    columns = [str(name) for name in study.frames[data].columns]
    for name in segments:
        if name not in columns:
            found = f"column '{name}' is not in data '{data}'{closest(name, columns)}"
            raise StudyError(Problem("segments", found, "Correct the name."))
    return list(dict.fromkeys(segments))


def _within(study: Study, data: str, segments: Sequence[str]) -> dict[str, pd.Series | None]:
    """For segments inside the clusters: the widest level of nesting, or repeated unit, inside them."""
    clusters, frame, spec = study.clusters(data), study.frames[data], study.spec.data[data]
    levels = (*reversed(spec.nested_in), *((spec.unit,) if spec.unit is not None else ()))
    inner: dict[str, pd.Series | None] = {}
    for segment in segments:
        if clusters is None or not lie_within(frame[segment], clusters):
            continue
        splits = (
            frame[level]
            for level in levels
            if not frame[level].is_unique and not lie_within(frame[segment], frame[level])
        )
        inner[segment] = next(splits, None)
    return inner

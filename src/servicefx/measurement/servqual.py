"""SERVQUAL and SERVPERF: perception, expectation and gap of each dimension, plain and by importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from servicefx.errors import Problem, StudyError
from servicefx.measurement.gaps import (
    ROW_COLUMNS,
    check_columns,
    item_rows,
    lacking,
    mean_rows,
    paired_scores,
    scores_by_dimension,
)
from servicefx.measurement.importance import POINTS, importance_points
from servicefx.study.study import Study
from servicefx.theory.catalogue import service_dimensions

__all__ = ["OVERALL", "Servqual", "dimensions_home", "quality_dimensions", "servqual", "servqual_of"]

OVERALL = "overall"
"""What stands for a construct in the rows of all dimensions together."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Servqual:
    """Service quality by dimension, in the four ways the literature scores it.

    Attributes
    ----------
    dimensions : DataFrame
        One row a number: ``construct, measure, estimate, std_error, conf_low, conf_high, n_obs,
        undefined``, dimensions first, then ``"overall"``. ``measure`` is

        - ``servperf``: perception alone, of all who answered its items, in points of the scale;
        - ``perception``, ``expectation``, ``gap``: of the item pairs both of which are answered, so that
          gap = perception - expectation exactly; points of the scale, gap in [min - max, max - min];
        - ``importance``: mean points, in [0, 100];
        - ``weighted_servperf``, ``weighted_gap``: mean of points / 100 times the person's score; the
          dimensions add up to ``overall`` where the same persons are used.

        ``overall`` is the mean over dimensions (weighted: the sum) of persons who have a score in all.
    items : DataFrame
        ``construct, item, measure, ...`` as above for each item: perception, and of pairs both of which
        are answered expectation and gap.
    counts : mapping of str to int
        Persons whose points were rescaled, read as 0 or not used, and whose answers do not cover every
        dimension.
    """

    dimensions: pd.DataFrame
    items: pd.DataFrame
    counts: Mapping[str, int] = field(default_factory=dict)


def quality_dimensions(study: Study) -> tuple[str, ...]:
    """Constructs that are dimensions of service quality here, in the order of the study file.

    The theory's five where declared, and every construct with expectation items or importance points.
    """
    five = service_dimensions()
    return tuple(
        construct
        for construct, spec in study.spec.constructs.items()
        if spec.items and (construct in five or spec.expectation or spec.importance)
    )


def servqual(
    study: Study,
    dimensions: Sequence[str] | None = None,
    *,
    importance: Mapping[str, float] | None = None,
    level: float | None = None,
) -> Servqual:
    """Perceived quality, gap to expectation and both weighted by importance, of each dimension.

    Answers H2.

    Parameters
    ----------
    study : Study
    dimensions : sequence of str, optional
        Constructs of one data file; by default `quality_dimensions`.
    importance : mapping of str to float, optional
        Points of each dimension, the same for everybody; by default the columns the study names.
    level : float, optional
        Of the intervals, in (0, 1); by default the study's.

    Returns
    -------
    Servqual
        Intervals respect the study's weights and clusters. A measure that a dimension does not have is a
        row with its reason (``"no expectation items"``) if another dimension has it, else no row.

    Raises
    ------
    StudyError
        If there is no dimension, a dimension is not declared or measured without items, or they stand in
        several data files.
    DataError
        If points are below 0.

    Notes
    -----
    Perception alone is Cronin & Taylor's SERVPERF; the gap is that of Parasuraman, Zeithaml & Berry; points
    of importance weigh the dimensions of each person before persons are averaged. Differences of two answers
    are less reliable than the answers (Peter, Churchill & Brown 1993, J. Consumer Research 19, 655-662):
    where the gap explains satisfaction no better than perception alone, perception is the better measure.

    References
    ----------
    Parasuraman, Zeithaml & Berry (1988), J. Retailing 64, 12-40; (1991) 67, 420-450 (importance points).
    Cronin & Taylor (1992), J. Marketing 56(3), 55-68. doi:10.1177/002224299205600304
    """
    chosen = quality_dimensions(study) if dimensions is None else tuple(dimensions)
    data = dimensions_home(study, chosen)
    specs = study.spec.constructs
    scales = {(scale.min, scale.max) for name in chosen if (scale := study.scale_of(name)) is not None}
    one_scale = len(scales) == 1 and all(study.scale_of(name) is not None for name in chosen)
    points: dict[str, Any] = dict(importance) if importance is not None else {}
    if importance is None:
        points = {name: column for name in chosen if (column := specs[name].importance) is not None}
    return servqual_of(
        study.frames[data],
        {name: specs[name].items for name in chosen},
        expectation={name: specs[name].expectation for name in chosen if specs[name].expectation},
        importance=points,
        weights=study.weights(data),
        clusters=study.clusters(data),
        complete=study.spec.inference.missing_data == "listwise",
        not_comparable="" if one_scale else "the dimensions lie on different scales",
        level=study.level if level is None else level,
    )


def dimensions_home(study: Study, dimensions: Sequence[str]) -> str:
    """The one data file that holds all dimensions."""
    where = "study.toml: constructs"
    if not dimensions:
        found = "no construct is a dimension of service quality"
        known = ", ".join(service_dimensions())
        raise StudyError(Problem(where, found, f"Declare one of {known}, or give expectation items."))
    homes = {name: study.data_of(name) for name in dimensions}
    for name in dimensions:
        if not study.spec.constructs[name].items:
            raise StudyError(Problem(f"{where}.{name}", f"'{name}' has no items", "Name its items."))
    if len(set(homes.values())) > 1:
        files = ", ".join(f"'{name}' in '{data}'" for name, data in homes.items())
        found = f"the dimensions stand in several data files: {files}"
        raise StudyError(Problem(where, found, "Ask for the dimensions of one data file at a time."))
    return homes[dimensions[0]]


def servqual_of(
    answers: pd.DataFrame,
    dimensions: Mapping[str, Sequence[str]],
    *,
    expectation: Mapping[str, Sequence[str]] | None = None,
    importance: Mapping[str, str] | Mapping[str, float] | None = None,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    complete: bool = False,
    not_comparable: str = "",
    level: float = 0.95,
) -> Servqual:
    """As `servqual`, of a frame of answers.

    Parameters
    ----------
    answers : DataFrame, shape (n, p)
        On one scale, reversed items already turned, NaN where there is no answer.
    dimensions : mapping of str to sequence of str
        Dimension -> its perception items.
    expectation : mapping of str to sequence of str, optional
        Dimension -> its expectation items, in the order of the perception items.
    importance : mapping of str to str, or of str to float, optional
        Dimension -> column of points, or points the same for everybody.
    weights, clusters : Series, shape (n,), optional
        Survey weights > 0; dependence groups.
    complete : bool
        Whether a score needs every item; else at least half.
    not_comparable : str
        Why no overall number exists, where the dimensions lie on different scales.
    level : float
        In (0, 1).

    Returns
    -------
    Servqual

    Examples
    --------
    >>> answers = pd.DataFrame({"p": [4.0, 6.0], "q": [5.0, 7.0], "e": [6.0, 6.0], "w": [30.0, 50.0]})
    >>> found = servqual_of(answers, {"care": ["p"], "speed": ["q"]}, expectation={"care": ["e"]})
    >>> found.dimensions.set_index(["construct", "measure"]).loc[("care", "gap"), "estimate"]
    np.float64(-1.0)
    """
    expected = dict(expectation or {})
    points: dict[str, Any] = dict(importance or {})
    check_columns(answers, dimensions, expected, points)
    options: dict[str, Any] = {"weights": weights, "clusters": clusters, "level": level}
    servperf = scores_by_dimension(answers, dimensions, complete)
    paired = paired_scores(answers, dimensions, expected, complete)
    plain = {"servperf": servperf, **paired}
    rows: list[dict[str, object]] = []
    counts: dict[str, int] = {}
    for measure, scores in plain.items():
        without = "" if measure == "servperf" else lacking(dimensions, expected, "expectation items")
        over = pd.DataFrame({OVERALL: scores.mean(axis=1, skipna=False)})
        rows += mean_rows(measure, scores, dimensions, options, absent="no expectation items")
        rows += mean_rows(measure, over, [OVERALL], options, undefined=not_comparable or without)
    if points:
        read = importance_points(answers, points)
        counts |= read.counts
        rows += mean_rows("importance", read.points, dimensions, options, absent="no importance points")
        unweighed = lacking(dimensions, points, "importance points")
        for measure, score in (("weighted_servperf", "servperf"), ("weighted_gap", "gap")):
            if score not in plain:
                continue
            parts = plain[score] * read.points.reindex(columns=list(plain[score].columns)) / POINTS
            over = pd.DataFrame({OVERALL: parts.sum(axis=1, skipna=False)})
            without = unweighed or lacking(dimensions, dict(plain[score]), "expectation items")
            rows += mean_rows(
                measure, parts, dimensions, options, absent="no expectation items", undefined=unweighed
            )
            rows += mean_rows(measure, over, [OVERALL], options, undefined=not_comparable or without)
    uneven = int((servperf.isna().any(axis=1) & servperf.notna().any(axis=1)).sum())
    if uneven:
        counts["not every dimension answered"] = uneven
    frame = pd.DataFrame(rows, columns=list(ROW_COLUMNS))
    order = {name: place for place, name in enumerate([*dimensions, OVERALL])}
    frame = frame.sort_values("construct", key=lambda names: names.map(order), kind="stable")
    return Servqual(
        dimensions=frame.reset_index(drop=True),
        items=item_rows(answers, dimensions, expected, options),
        counts=counts,
    )

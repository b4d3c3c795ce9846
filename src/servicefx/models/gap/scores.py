"""Perception, expectation and gap of every customer: what the models of the gap stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servicefx.errors import DataError, Problem, StudyError
from servicefx.measurement.gaps import paired_scores
from servicefx.measurement.servqual import OVERALL
from servicefx.models.frame_rows import check_present
from servicefx.study.study import Study

__all__ = ["OVERALL", "GapScores", "check_scale", "gap_columns", "gap_home", "gap_scores_by_dimension"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GapScores:
    """Scores of the item pairs both of which are answered, one row a row of the data file.

    Attributes
    ----------
    data : str
        Data file.
    dimensions : tuple of str
        Constructs with expectation items, in the order of the study file.
    perception, expectation, gap : DataFrame, shape (n, k) or (n, k + 1)
        One column a dimension, then ``"overall"`` (their mean, where all are known) if there are several;
        points of the scale, gap = perception - expectation exactly; NaN where too few pairs are answered.
    scale : tuple of float
        Lowest and highest answer of every item.
    """

    data: str
    dimensions: tuple[str, ...]
    perception: pd.DataFrame
    expectation: pd.DataFrame
    gap: pd.DataFrame
    scale: tuple[float, float]

    @property
    def whole(self) -> str:
        """Column of all dimensions together: ``"overall"``, or the one dimension there is."""
        return OVERALL if len(self.dimensions) > 1 else self.dimensions[0]


def gap_home(study: Study, outcome: str = "satisfaction") -> tuple[str, tuple[str, ...]] | None:
    """Data file and dimensions of the gap question: expectation items beside a measured outcome.

    Parameters
    ----------
    study : Study
    outcome : str
        Construct id.

    Returns
    -------
    tuple of str and tuple of str, or None
        None where no data file holds both; the first such file where several do.
    """
    homes: dict[str, list[str]] = {}
    for name, spec in study.spec.constructs.items():
        if spec.expectation:
            homes.setdefault(study.data_of(name), []).append(name)
    for data, names in homes.items():
        if outcome in study.scores[data].columns and outcome not in names:
            return data, tuple(names)
    return None


def gap_scores_by_dimension(study: Study, outcome: str = "satisfaction") -> GapScores:
    """Perception, expectation and gap scores of the dimensions measured beside an outcome.

    Parameters
    ----------
    study : Study
    outcome : str
        Construct id: says which data file.

    Returns
    -------
    GapScores
        A pair counts where both its items are answered, and a score needs at least half of the pairs (all,
        under ``missing_data = "listwise"``).

    Raises
    ------
    StudyError
        If no construct with expectation items stands beside the outcome, or their scales differ.
    """
    home = gap_home(study, outcome)
    where = "study.toml: constructs"
    if home is None:
        found = f"no construct with expectation items is measured where '{outcome}' is"
        raise StudyError(Problem(where, found, "Add expectation = one column for each item."))
    data, names = home
    scales = {name: study.scale_of(name) for name in names}
    ends = {(float(scale.min), float(scale.max)) for scale in scales.values() if scale is not None}
    if len(ends) != 1 or any(scale is None for scale in scales.values()):
        said = ", ".join(
            f"'{name}' on " + ("no scale" if scale is None else f"{scale.min:g} to {scale.max:g}")
            for name, scale in scales.items()
        )
        found = f"perception and expectation lie on different scales: {said}"
        raise StudyError(Problem(where, found, "State one scale for all constructs with expectation items."))
    specs = study.spec.constructs
    scores = paired_scores(
        study.frames[data],
        {name: specs[name].items for name in names},
        {name: specs[name].expectation for name in names},
        study.spec.inference.missing_data == "listwise",
    )
    if len(names) > 1:
        for frame in scores.values():
            frame[OVERALL] = frame[list(names)].mean(axis=1, skipna=False)
    return GapScores(data=data, dimensions=names, scale=ends.pop(), **scores)


def gap_columns(
    data: pd.DataFrame, pairs: Mapping[str, tuple[str, str]], scale: tuple[float, float]
) -> pd.DataFrame:
    """Gaps of scores: perception less expectation, both on one scale.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
    pairs : mapping of str to (str, str)
        Name of the gap -> column of the perception, column of the expectation.
    scale : tuple of float
        Lowest and highest possible score of both.

    Returns
    -------
    DataFrame, shape (n, k)
        Points, above 0 where the service was better than expected; NaN where either is.

    Raises
    ------
    DataError
        If a column is absent or leaves the scale: a gap between two scales means nothing.

    Examples
    --------
    >>> answers = pd.DataFrame({"got": [4.0, 6.0], "wanted": [6.0, 5.0]})
    >>> gap_columns(answers, {"care": ("got", "wanted")}, (1, 7))["care"].tolist()
    [-2.0, 1.0]
    """
    gaps = {}
    for name, (perceived, expected) in pairs.items():
        for column in (perceived, expected):
            check_present(data, [column], f"gap of '{name}'")
        check_scale(data[[perceived, expected]], scale, f"gap of '{name}'")
        gaps[name] = data[perceived].astype(float) - data[expected].astype(float)
    return pd.DataFrame(gaps, index=data.index)


def check_scale(scores: pd.DataFrame, scale: tuple[float, float], where: str) -> None:
    """Refuse scores beyond the ends of the scale that perception and expectation share."""
    low, high = scale
    if not low < high:
        raise DataError(Problem(where, f"a scale from {low:g} to {high:g}", "Name the lower end first."))
    problems = []
    for name, column in scores.items():
        values = column.to_numpy(dtype=float)
        least, most = (np.nanmin(values), np.nanmax(values)) if not np.isnan(values).all() else scale
        if least < low or most > high:
            found = f"'{name}' runs from {least:g} to {most:g}, {low:g} to {high:g} expected"
            remedy = "Bring perception and expectation to one scale first."
            problems.append(Problem(where, found, remedy))
    if problems:
        raise DataError(*problems)

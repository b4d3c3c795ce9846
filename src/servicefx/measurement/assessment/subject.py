"""What is assessed: the items of one data file, construct by construct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.study.study import Study

__all__ = ["Subject", "subject_of"]

_ASKED = 0.5
"""Share of rows that answer a construct's items below which it was asked of some only."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Subject:
    """The items of one data file of a study.

    Attributes
    ----------
    study : Study
    data : str
        Name of the data file.
    items : DataFrame, shape (n, p)
        Answers to all items of the file's constructs, reversed items turned.
    constructs : mapping of str to tuple of str
        Reflective constructs of two items or more that most rows answered -> their columns.
    single, apart : mapping of str to tuple of str
        Reflective constructs of one item; those asked of some rows only, which joint analyses of complete
        rows would otherwise be cut down to.
    group : str
        Column compared; empty where there is none.
    draws, seed : int
        Resamples, and the study's seed.
    weights, clusters : Series, shape (n,), or None
        Survey weights and dependence groups.
    """

    study: Study
    data: str
    items: pd.DataFrame
    constructs: Mapping[str, tuple[str, ...]]
    single: Mapping[str, tuple[str, ...]]
    apart: Mapping[str, tuple[str, ...]]
    group: str
    draws: int
    seed: int
    weights: pd.Series | None
    clusters: pd.Series | None

    @property
    def frame(self) -> pd.DataFrame:
        """All columns of the data file."""
        return self.study.frames[self.data]

    @property
    def level(self) -> float:
        """Confidence level."""
        return self.study.level

    @property
    def stream(self) -> str:
        """Name of the data file's resamples."""
        return self.study.stream(self.data)

    @property
    def joint(self) -> pd.DataFrame:
        """Items of `constructs`, shape (n, q)."""
        return self.items[[item for block in self.constructs.values() for item in block]]

    @property
    def scales(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest answer of every item that stands on a scale."""
        found: dict[str, tuple[float, float]] = {}
        for name in self.study.spec.constructs:
            scale = self.study.scale_of(name)
            if scale is not None and self.study.data_of(name) == self.data:
                found |= {item: (scale.min, scale.max) for item in self.study.items(name).columns}
        return found

    def enough(self, least: int) -> None:
        """Raise DataError where fewer constructs than ``least`` can be analysed together."""
        if len(self.constructs) < least:
            found = f"{len(self.constructs)} reflective constructs of two items or more, {least} expected"
            raise DataError(Problem(f"data '{self.data}'", found, "Declare more of the items."))


def subject_of(
    study: Study, group: str | None, data: str | None, draws: int | None, seed: int | None
) -> Subject:
    """The items of a study's measurement.

    Raises
    ------
    StudyError
        If the data file is not known, or no construct of it has items.
    DataError
        If the group is no column of it.
    """
    stated = study.spec.measurement
    home = data or study.spec.measurement_home
    if home is None or home not in study.frames:
        found = f"'{home}' is no data file{closest(str(home), study.frames)}" if home else "no data file said"
        raise StudyError(Problem("study.toml: measurement", found, "State data = under [measurement]."))
    frame = study.frames[home]
    column = group if group is not None else (stated.group or "" if stated else "")
    if column and column not in frame.columns:
        found = f"no column '{column}'{closest(column, [str(name) for name in frame.columns])}"
        raise DataError(Problem(f"data '{home}'", found, "Correct the group's name."))
    blocks = {
        name: tuple(str(item) for item in study.items(name).columns)
        for name, spec in study.spec.constructs.items()
        if spec.items and study.data_of(name) == home
    }
    if not blocks:
        found = f"no construct has items in '{home}'"
        raise StudyError(Problem("study.toml: constructs", found, "Add items = to a construct."))
    reflective = {n: block for n, block in blocks.items() if study.spec.constructs[n].mode == "reflective"}
    several = {name: block for name, block in reflective.items() if len(block) > 1}
    asked = {name: float(frame[list(block)].notna().any(axis=1).mean()) for name, block in several.items()}
    columns = list(dict.fromkeys(item for block in blocks.values() for item in block))
    return Subject(
        study=study,
        data=home,
        items=frame[columns],
        constructs={name: block for name, block in several.items() if asked[name] >= _ASKED},
        single={name: block for name, block in reflective.items() if len(block) == 1},
        apart={name: block for name, block in several.items() if asked[name] < _ASKED},
        group=column,
        draws=study.draws if draws is None else draws,
        seed=study.seed if seed is None else seed,
        weights=study.weights(home),
        clusters=study.clusters(home),
    )

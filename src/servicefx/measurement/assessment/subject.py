"""What is assessed: the items of one data file, construct by construct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.study.study import Study

__all__ = ["Subject", "subject_of"]

_FEW = 7
"""Different answers up to which correlations of latent responses are preferred."""
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
    blocks : mapping of str to tuple of str
        Every construct with items in the file, of any mode -> their columns.
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
    blocks: Mapping[str, tuple[str, ...]]
    constructs: Mapping[str, tuple[str, ...]]
    single: Mapping[str, tuple[str, ...]]
    apart: Mapping[str, tuple[str, ...]]
    group: str
    draws: int
    seed: int
    weights: pd.Series | None
    clusters: pd.Series | None

    @property
    def ordered(self) -> bool:
        """Whether the study says that answers are ordered categories."""
        stated = self.study.spec.measurement
        return stated is not None and stated.ordered

    @property
    def few_answers(self) -> bool:
        """Whether every item of `constructs` has seven different answers at most."""
        return bool((self.joint.nunique() <= _FEW).all())

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
        stated = self.study.spec.measurement
        for one, again in stated.pairs if stated else ():  # the same asked twice is answered on one scale
            for item, other in ((one, again), (again, one)):
                if item not in found and other in found:
                    found[item] = found[other]
        return found

    def enough(self, least: int) -> None:
        """Raise DataError where fewer constructs than ``least`` can be analysed together."""
        if len(self.constructs) < least:
            n = len(self.constructs)
            found = f"{n} reflective construct{'' if n == 1 else 's'} of two items or more, {least} expected"
            raise DataError(Problem(f"data '{self.data}'", found, "Declare more of its items."))

    def why_apart(self, construct: str) -> str:
        """Why a construct of `apart` is not in the joint analyses."""
        share = _share_asked(self.frame, self.apart[construct])
        if not share:
            return "nobody answered its items"
        return f"only {share:.0%} of rows answer any of its items; it is assessed by itself"


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
    _check_study(study)
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
    asked = {name: _share_asked(frame, block) for name, block in several.items()}
    columns = list(dict.fromkeys(item for block in blocks.values() for item in block))
    return Subject(
        study=study,
        data=home,
        items=frame[columns],
        blocks=blocks,
        constructs={name: block for name, block in several.items() if asked[name] >= _ASKED},
        single={name: block for name, block in reflective.items() if len(block) == 1},
        apart={name: block for name, block in several.items() if asked[name] < _ASKED},
        group=column,
        draws=study.draws if draws is None else draws,
        seed=study.seed if seed is None else seed,
        weights=study.weights(home),
        clusters=study.clusters(home),
    )


def _share_asked(frame: pd.DataFrame, block: tuple[str, ...]) -> float:
    """Share of rows that answer any item."""
    return float(frame[list(block)].notna().any(axis=1).mean())


def _check_study(study: object) -> None:
    if not isinstance(study, Study):
        found = f"a {type(study).__name__}, a Study expected"
        raise StudyError(Problem("study", found, "Load it first: load_study('folder')."))

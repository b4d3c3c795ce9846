"""Study: the validated question with its data, and the one function that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from servicefx.errors import DataError, Problem, StudyError, closest
from servicefx.study.reading import read_study
from servicefx.study.scores import mean_of_answered, scores_of
from servicefx.study.spec import ScaleSpec, StudySpec
from servicefx.theory.catalogue import construct_label
from servicefx.values.estimates import FEW_CLUSTERS

__all__ = ["Study", "check_study", "gap_scores", "load_study"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Study:
    """A validated study: what is asked, and the answers it is asked of.

    The frames belong to the study: read them, copy them, and do not write into them.

    Attributes
    ----------
    spec : StudySpec
        The study file; attribute names are its keys (a path's ``from`` is ``sources``).
    study_sha256 : str
        Of the study file's bytes.
    inputs : mapping of str to str
        Data name -> sha256 of the file's bytes.
    frames : mapping of str to DataFrame
        Data name -> all columns of the file; missing codes are NaN, reversed items turned. The index is
        the row of the file, from 0; rows without any answer are not in it.
    scores : mapping of str to DataFrame
        Data name -> one float column a construct measured there, same index as the frame, in points of
        the construct's scale.
    counts : mapping of str to mapping of str to int
        Data name -> ``"rows read"``, then rows dropped on reading, by reason.
    missing_answers : mapping of str to mapping of str to int
        Data name -> answers missing in items and measures, by reason (``"blank"``, ``"code -99"``).
    variable_labels : mapping of str to mapping of str to str
        Data name -> column -> its question, where the file holds it.
    value_labels : mapping of str to mapping of str to mapping of float to str
        Data name -> column -> answer -> its wording, where the file holds it.
    """

    spec: StudySpec
    study_sha256: str
    inputs: Mapping[str, str]
    frames: Mapping[str, pd.DataFrame]
    scores: Mapping[str, pd.DataFrame]
    counts: Mapping[str, Mapping[str, int]]
    missing_answers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    variable_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[str, Mapping[float, str]]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Id of the study."""
        return self.spec.study.id

    @property
    def seed(self) -> int:
        """Seed of everything random."""
        return self.spec.inference.seed

    @property
    def level(self) -> float:
        """Confidence level, in (0, 1)."""
        return self.spec.inference.level

    @property
    def draws(self) -> int:
        """Resamples drawn."""
        return self.spec.inference.draws

    def title(self, language: str = "en") -> str:
        """Title in a language; the English one where the other is missing."""
        return self.spec.study.title.text(language)

    def data_of(self, construct: str) -> str:
        """Name of the data file that holds a construct's items (or its one column, where it has no items).

        Raises
        ------
        StudyError
            If the study declares no such construct.
        """
        self._known(construct)
        home = self.spec.home(construct)
        assert home is not None  # check_references refuses a study without it
        return home

    def items(self, construct: str) -> pd.DataFrame:
        """Answers to a construct's items in its home file.

        Returns
        -------
        DataFrame, shape (n, k)
            In item order, reversed items already turned, NaN where there is no answer.
        """
        home = self.data_of(construct)
        return self.frames[home][list(self.spec.columns(construct, home))]

    def label(self, construct: str, language: str = "en") -> str:
        """Name of a construct in the reader's language: the study's own, else the theory's."""
        self._known(construct)
        own = self.spec.constructs[construct].label
        return own.text(language) if own is not None else construct_label(construct, language)

    def scale_of(self, construct: str) -> ScaleSpec | None:
        """Scale of a construct's items; None for an unbounded measure."""
        self._known(construct)
        name = self.spec.constructs[construct].scale
        return None if name is None else self.spec.scales[name]

    def clusters(self, data: str) -> pd.Series | None:
        """Which rows depend on each other: the widest level that is numerous enough, else the unit.

        Groups nested in wider ones share what the wider ones share, so the widest level of ``nested_in`` is
        used that has at least 30 groups; where none has, the most numerous level.

        Returns
        -------
        Series, shape (n,), or None
            Ids; None where rows are independent.

        References
        ----------
        Cameron & Miller (2015), J. Human Resources 50, 317-372, sec. IV (cluster at the widest level).
        """
        spec = self.spec.data[data]
        levels = self._levels(data)
        if levels:
            enough = [name for name, count in levels.items() if count >= FEW_CLUSTERS]
            chosen = enough[-1] if enough else max(levels, key=lambda name: levels[name])
            return self.frames[data][chosen]
        if spec.unit is not None:
            units = self.frames[data][spec.unit]
            if spec.period is not None or bool(units.duplicated().any()):
                return units
        return None

    def wider_levels(self, data: str) -> dict[str, int]:
        """Levels of nesting wider than `clusters` uses, with their number of groups: not allowed for."""
        levels = self._levels(data)
        clusters = self.clusters(data)
        names = list(levels)
        if clusters is None or clusters.name not in levels:
            return {}
        return {name: levels[name] for name in names[names.index(str(clusters.name)) + 1 :]}

    def _levels(self, data: str) -> dict[str, int]:
        """Levels of ``nested_in`` with two groups or more, narrowest first, and how many groups each has."""
        counts = {name: int(self.frames[data][name].nunique()) for name in self.spec.data[data].nested_in}
        return {name: count for name, count in counts.items() if count > 1} or counts

    def stream(self, data: str) -> str:
        """The ``analysis_id`` of a data file's resamples: the beginning of its sha256, and its name."""
        return f"{self.inputs[data][:12]}:{data}"

    def weights(self, data: str) -> pd.Series | None:
        """Survey weights, > 0, shape (n,); None where the study states none."""
        column = self.spec.data[data].weights
        return None if column is None else self.frames[data][column]

    def _known(self, construct: str) -> None:
        if construct not in self.spec.constructs:
            known = list(self.spec.constructs)
            raise StudyError(
                Problem(
                    "study.toml: constructs",
                    f"construct '{construct}' is not declared{closest(construct, known)}",
                    f"Correct the id, or add [constructs.{construct}].",
                )
            )


def load_study(path: str | Path) -> Study:
    """Read a study file and the data it names.

    Parameters
    ----------
    path : str or Path
        ``study.toml`` or the folder that holds it.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        If the study file is wrong in itself; lists the faults of the data as well.
    DataError
        If the study file is right, but the data are not there or not what it says; lists all faults.
    """
    read = read_study(path)
    problems = read.all_problems()
    if problems:
        of_study = any(not finding.needs_data for finding in read.findings)
        raise (StudyError if of_study else DataError)(*problems)
    spec = read.draft.spec
    frames = {data: cleaned.frame for data, cleaned in read.cleaned.items()}
    return Study(
        spec=spec,
        study_sha256=read.sha256,
        inputs={data: table.sha256 for data, table in read.tables.items()},
        frames=frames,
        scores=scores_of(spec, frames),
        counts={data: dict(cleaned.counts) for data, cleaned in read.cleaned.items()},
        missing_answers={data: dict(cleaned.missing) for data, cleaned in read.cleaned.items()},
        variable_labels={data: dict(table.variable_labels) for data, table in read.tables.items()},
        value_labels={data: dict(table.value_labels) for data, table in read.tables.items()},
    )


def check_study(path: str | Path) -> list[Problem]:
    """Every fault of a study file and its data; empty where `load_study` would succeed."""
    try:
        return read_study(path).all_problems()
    except StudyError as error:
        return list(error.problems)


def gap_scores(study: Study, construct: str) -> pd.Series[float]:
    """Perception minus expectation, averaged over a construct's item pairs.

    Above 0 the service was better than expected. Answers H2.

    Parameters
    ----------
    study : Study
    construct : str
        A construct with expectation items.

    Returns
    -------
    Series, shape (n,)
        Points of the scale, in [min - max, max - min]; a pair counts where both are answered, and at
        least half of the pairs must (all, under ``missing_data = "listwise"``), else NaN.

    Raises
    ------
    StudyError
        If the construct is not declared or has no expectation items.
    """
    home = study.data_of(construct)
    expectation = study.spec.constructs[construct].expectation
    if not expectation:
        raise StudyError(
            Problem(
                f"study.toml: constructs.{construct}",
                f"'{construct}' has no expectation items, so there is no gap to its perception",
                "Add expectation = one column for each item.",
            )
        )
    perceived = study.items(construct)
    gaps = perceived - study.frames[home][list(expectation)].to_numpy()
    return mean_of_answered(gaps, complete=study.spec.inference.missing_data == "listwise")

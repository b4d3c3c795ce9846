"""The study file as strict models: what each table may hold, and nothing else."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from servicefx.study.fields import (
    Code,
    Codes,
    Column,
    ColumnPairs,
    Columns,
    Language,
    Names,
    StudyFileTable,
    Worded,
    Words,
    column_name,
    listed,
)
from servicefx.study.money_spec import BenefitSpec, ClaimSpec, CostSpec, MoneySpec, PlanSpec
from servicefx.study.question_spec import GraphSpec, MediationSpec, RecoverySpec, SegmentsSpec

__all__ = [
    "BenefitSpec",
    "ClaimSpec",
    "Code",
    "ConstructSpec",
    "CostSpec",
    "DataSpec",
    "GraphSpec",
    "InferenceSpec",
    "MeasurementSpec",
    "MediationSpec",
    "ModelSpec",
    "MoneySpec",
    "PathSpec",
    "PlanSpec",
    "RecoverySpec",
    "ReportSpec",
    "ScaleSpec",
    "SegmentsSpec",
    "StudySpec",
    "StudyTable",
    "Words",
    "column_name",
]


class StudyTable(StudyFileTable):
    """``[study]``: what the study is called."""

    id: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="lower-case letters, digits and _, a letter first"
    )
    title: Worded = Field(description='a text, or { en = "…", zh = "…" }')
    languages: tuple[Language, ...] = Field(
        default=("en",), strict=False, min_length=1, description="a list of 'en', 'zh'"
    )


class DataSpec(StudyFileTable):
    """``[data.NAME]``: one data file and the columns that say what its rows are about."""

    file: str = Field(min_length=1, description="the name of a file in the study folder, or raw:NAME")
    sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-fA-F]{64}$", description="64 hexadecimal digits"
    )
    unit: Column | None = Field(default=None, description="a column name")
    nested_in: Columns = ()
    period: Column | None = Field(default=None, description="a column name")
    wave: Column | None = Field(default=None, description="a column name")
    weights: Column | None = Field(default=None, description="a column name")
    missing: Codes = ()
    missing_in: dict[Column, Codes] = Field(
        default_factory=dict, description="a table of column name = list of codes"
    )
    delimiter: str | None = Field(default=None, min_length=1, max_length=1, description="one character")
    encoding: str | None = Field(default=None, description="the name of an encoding, such as 'gb18030'")
    sheet: str | None = Field(default=None, description="the name of a sheet")


class ScaleSpec(StudyFileTable):
    """``[scales.NAME]``: which answers a question allows."""

    min: float = Field(description="a number")
    max: float = Field(description="a number")
    labels: dict[str, str] = Field(default_factory=dict, description="a table of answer = text")
    missing: Codes = ()
    unit: str = Field(default="points", description="a text")


class ConstructSpec(StudyFileTable):
    """``[constructs.ID]``: what measures a construct."""

    mode: Literal["reflective", "formative", "single"] = Field(
        description="one of 'reflective', 'formative', 'single'"
    )
    data: str | None = Field(default=None, description="the name of a [data] table")
    items: Columns = ()
    reversed: Columns = ()
    expectation: Columns = ()
    scale: str | None = Field(default=None, description="the name of a [scales] table")
    unit: str | None = Field(default=None, min_length=1, description="a text such as 'hours'")
    label: Worded | None = Field(default=None, description='a text, or { en = "…", zh = "…" }')
    importance: Column | None = Field(default=None, description="a column name")
    measured_in: dict[str, Column] = Field(
        default_factory=dict, description="a table of data name = column name"
    )


class PathSpec(StudyFileTable):
    """``[[paths]]``: who is said to act on whom; ``from`` is read as `sources`."""

    hypothesis: str = Field(default="", description="the id of a hypothesis")
    sources: Annotated[Names, BeforeValidator(listed)] = Field(
        alias="from", min_length=1, description="a construct id or a list of them"
    )
    to: str = Field(description="a construct id")
    covariates: Columns = ()
    moderators: Names = Field(
        default=(), description="a list of construct ids, moderator ids or column names"
    )
    data: str | None = Field(default=None, description="the name of a [data] table")
    lag: int = Field(default=0, ge=0, description="a whole number of periods, 0 or more")


class ModelSpec(StudyFileTable):
    """``[models.NAME]``: a model beyond the standard chain, in lavaan's words over construct ids."""

    kind: Literal["sem", "pls"] = Field(description="one of 'sem', 'pls'")
    lavaan: str = Field(pattern=r"\S", description="lines such as 'loyalty ~ satisfaction'")


class MeasurementSpec(StudyFileTable):
    """``[measurement]``: the columns by which the quality of the answers and of the measures is judged."""

    data: str | None = Field(default=None, description="the name of a [data] table")
    group: Column | None = Field(default=None, description="a column name")
    duration: Column | None = Field(default=None, description="a column name")
    marker: Columns = ()
    pairs: ColumnPairs = ()
    segments: Columns = ()
    ordered: bool = Field(
        default=False, description="true or false: whether answers are ordered categories, not numbers"
    )


class InferenceSpec(StudyFileTable):
    """``[inference]``: level of confidence, seed, resamples, and what happens to gaps."""

    level: float = Field(default=0.95, gt=0, lt=1, description="a number between 0 and 1, such as 0.95")
    seed: int = Field(default=20260101, ge=0, description="a whole number, 0 or more")
    draws: int = Field(default=1000, ge=1, le=100_000, description="a whole number from 1 to 100000")
    missing_data: Literal["scores", "listwise"] = Field(
        default="scores", description="one of 'scores', 'listwise'"
    )


class ReportSpec(StudyFileTable):
    """``[report]``: languages and forms of the report."""

    languages: tuple[Language, ...] = Field(
        default=("en",), strict=False, min_length=1, description="a list of 'en', 'zh'"
    )
    formats: tuple[Literal["html"], ...] = Field(
        default=("html",), strict=False, min_length=1, description="a list of 'html'"
    )


class StudySpec(StudyFileTable):
    """The whole study file. Attribute names are its keys, except that a path's ``from`` is ``sources``."""

    version: Literal[1] = Field(description="1")
    study: StudyTable = Field(description="a table [study]")
    data: dict[str, DataSpec] = Field(description="a table [data.NAME] for each data file")
    scales: dict[str, ScaleSpec] = Field(default_factory=dict, description="tables [scales.NAME]")
    constructs: dict[str, ConstructSpec] = Field(description="a table [constructs.ID] for each construct")
    paths: tuple[PathSpec, ...] = Field(default=(), strict=False, description="tables [[paths]]")
    models: dict[str, ModelSpec] = Field(default_factory=dict, description="tables [models.NAME]")
    money: MoneySpec | None = Field(default=None, description="a table [money]")
    claims: dict[str, ClaimSpec] = Field(default_factory=dict, description="tables [claims.ID]")
    measurement: MeasurementSpec | None = Field(default=None, description="a table [measurement]")
    graph: GraphSpec | None = Field(default=None, description="a table [graph]")
    segments: SegmentsSpec | None = Field(default=None, description="a table [segments]")
    mediation: tuple[MediationSpec, ...] = Field(default=(), strict=False, description="tables [[mediation]]")
    recovery: RecoverySpec | None = Field(default=None, description="a table [recovery]")
    inference: InferenceSpec = Field(default_factory=InferenceSpec, description="a table [inference]")
    report: ReportSpec = Field(default_factory=ReportSpec, description="a table [report]")

    def home(self, construct: str) -> str | None:
        """Data file that holds a construct's items; its first `measured_in` where it has no items.

        None where the study does not say: several data files and no ``data`` key.
        """
        spec = self.constructs[construct]
        if not spec.items and spec.measured_in:
            return next(iter(spec.measured_in))
        if spec.data is not None:
            return spec.data
        return next(iter(self.data)) if len(self.data) == 1 else None

    def measured(self, construct: str) -> tuple[str, ...]:
        """Every data file in which a construct is measured, its home first."""
        spec, home = self.constructs[construct], self.home(construct)
        first = () if home is None else (home,)
        return first + tuple(name for name in spec.measured_in if name != home)

    def columns(self, construct: str, data: str) -> tuple[str, ...]:
        """Columns of a data file that measure a construct there: its items, or its one column."""
        spec = self.constructs[construct]
        if spec.items and data == self.home(construct):
            return spec.items
        return (spec.measured_in[data],) if data in spec.measured_in else ()

    @property
    def measurement_home(self) -> str | None:
        """Data file in which measurement is judged.

        The one ``[measurement]`` names, else the only one, else the home of most items of reflective
        constructs; None where no such item has a home.
        """
        if self.measurement is not None and self.measurement.data is not None:
            return self.measurement.data
        if len(self.data) == 1:
            return next(iter(self.data))
        count: dict[str, int] = {}
        for construct, spec in self.constructs.items():
            home = self.home(construct)
            if spec.mode == "reflective" and spec.items and home is not None:
                count[home] = count.get(home, 0) + len(spec.items)
        return max(count, key=lambda data: count[data]) if count else None

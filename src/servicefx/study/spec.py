"""The study file as strict models: what each table may hold, and nothing else."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

__all__ = [
    "BenefitSpec",
    "ClaimSpec",
    "Code",
    "ConstructSpec",
    "CostSpec",
    "DataSpec",
    "InferenceSpec",
    "ModelSpec",
    "MoneySpec",
    "PathSpec",
    "PlanSpec",
    "ReportSpec",
    "ScaleSpec",
    "StudySpec",
    "StudyTable",
    "Words",
    "column_name",
]


def column_name(name: str) -> str:
    """A column's name as it is compared: without surrounding white space, accents composed (Unicode NFC).

    Nothing else is changed: spaces inside, capitals and Chinese characters stay as they are.

    Examples
    --------
    >>> column_name(" 满意 度 ")
    '满意 度'
    """
    return unicodedata.normalize("NFC", name.strip().strip("\ufeff"))


def _code(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise PydanticCustomError("expected", "a number or a text")
    return value


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _worded(value: object) -> object:
    return {"en": value} if isinstance(value, str) else value


Column = Annotated[str, AfterValidator(column_name), Field(min_length=1)]
Code = Annotated[int | float | str, BeforeValidator(_code)]
"""A missing code: a number or a text; ``-99``, ``"-99"`` and ``"-99.0"`` are the same code."""

Names = Annotated[tuple[str, ...], Field(strict=False)]
Columns = Annotated[tuple[Column, ...], Field(strict=False, description="a list of column names")]
Codes = Annotated[tuple[Code, ...], Field(strict=False, description="a list of numbers or texts")]
Language = Literal["en", "zh"]
Positive = Annotated[float, Field(gt=0)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Words(_Table):
    """A text in English and, where there is one, in Chinese; a plain string is the English one."""

    en: str = Field(min_length=1, description="a text")
    zh: str = Field(default="", description="a text")

    def text(self, language: str = "en") -> str:
        """The text in a language; the English one where the other is missing."""
        return (self.zh or self.en) if language == "zh" else self.en


Worded = Annotated[Words, BeforeValidator(_worded)]


class StudyTable(_Table):
    """``[study]``: what the study is called."""

    id: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="lower-case letters, digits and _, a letter first"
    )
    title: Worded = Field(description='a text, or { en = "…", zh = "…" }')
    languages: tuple[Language, ...] = Field(
        default=("en",), strict=False, min_length=1, description="a list of 'en', 'zh'"
    )


class DataSpec(_Table):
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


class ScaleSpec(_Table):
    """``[scales.NAME]``: which answers a question allows."""

    min: float = Field(description="a number")
    max: float = Field(description="a number")
    labels: dict[str, str] = Field(default_factory=dict, description="a table of answer = text")
    missing: Codes = ()
    unit: str = Field(default="points", description="a text")


class ConstructSpec(_Table):
    """``[constructs.ID]``: what measures a construct."""

    mode: Literal["reflective", "formative", "single"] = Field(
        description="one of 'reflective', 'formative', 'single'"
    )
    data: str | None = Field(default=None, description="the name of a [data] table")
    items: Columns = ()
    reversed: Columns = ()
    expectation: Columns = ()
    scale: str | None = Field(default=None, description="the name of a [scales] table")
    label: Worded | None = Field(default=None, description='a text, or { en = "…", zh = "…" }')
    measured_in: dict[str, Column] = Field(
        default_factory=dict, description="a table of data name = column name"
    )


class PathSpec(_Table):
    """``[[paths]]``: who is said to act on whom; ``from`` is read as `sources`."""

    hypothesis: str = Field(default="", description="the id of a hypothesis")
    sources: Annotated[Names, BeforeValidator(_listed)] = Field(
        alias="from", min_length=1, description="a construct id or a list of them"
    )
    to: str = Field(description="a construct id")
    covariates: Columns = ()
    moderators: Names = Field(default=(), description="a list of construct or moderator ids")
    data: str | None = Field(default=None, description="the name of a [data] table")
    lag: int = Field(default=0, ge=0, description="a whole number of periods, 0 or more")


class ModelSpec(_Table):
    """``[models.NAME]``: a model beyond the standard chain, in lavaan's words over construct ids."""

    kind: Literal["sem", "pls"] = Field(description="one of 'sem', 'pls'")
    lavaan: str = Field(pattern=r"\S", description="lines such as 'loyalty ~ satisfaction'")


class PlanSpec(_Table):
    """``[money.plan]``: the improvement whose worth is asked; key ``construct`` is read as `construct_id`."""

    construct_id: str = Field(alias="construct", description="a construct id")
    change: float = Field(description="a number of points of its score")
    through: Names = Field(default=(), description="a list of construct ids")

    @property
    def construct(self) -> str:  # type: ignore[override]  # pydantic's old classmethod of this name
        """Id of the construct that is improved."""
        return self.construct_id


class BenefitSpec(_Table):
    """``[money.benefit]``: the benefit line, its 0/1 outcome, and what an outcome is worth."""

    line: str = Field(description="the id of a benefit line")
    outcome: str = Field(description="a construct id")
    customers: Positive = Field(le=1e12, description="a number above 0 and at most 1e12")
    margin: float = Field(
        ge=-1e12, le=1e12, description="money per retained customer and period, at most 1e12"
    )


class CostSpec(_Table):
    """``[money.cost]``: the cost line, per period and once, and how surely it is known."""

    line: str = Field(description="the id of a cost line")
    amount: float = Field(ge=0, le=1e15, description="money per period, from 0 to 1e15")
    relative_sd: float = Field(default=0.0, ge=0, le=10, description="a number from 0 to 10, such as 0.1")
    once: float = Field(default=0.0, ge=0, le=1e15, description="money at the start, from 0 to 1e15")


class MoneySpec(_Table):
    """``[money]``: currency and time, and the plan, its benefit and its cost."""

    currency: str = Field(min_length=1, description="a currency such as 'CNY'")
    price_year: int = Field(ge=1000, le=9999, description="a year such as 2025")
    discount_rate: float = Field(
        gt=-1, le=10, description="a rate per year such as 0.08, above -1 and at most 10"
    )
    periods_per_year: float = Field(ge=0.01, le=10_000, description="a number from 0.01 to 10000")
    horizon: int = Field(ge=1, le=10_000, description="a whole number of periods, from 1 to 10000")
    data: str | None = Field(default=None, description="the name of a [data] table")
    plan: PlanSpec = Field(description="a table [money.plan]")
    benefit: BenefitSpec = Field(description="a table [money.benefit]")
    cost: CostSpec = Field(description="a table [money.cost]")


class ClaimSpec(_Table):
    """``[claims.K2]``: the cut-offs a claim is read with; None means the claim's own."""

    satisfied: float | None = Field(default=None, description="a number")
    highly_satisfied: float | None = Field(default=None, description="a number")
    buys_again: float | None = Field(default=None, description="a number")
    outcome: str | None = Field(default=None, description="a construct id")


class InferenceSpec(_Table):
    """``[inference]``: level of confidence, seed, resamples, and what happens to gaps."""

    level: float = Field(default=0.95, gt=0, lt=1, description="a number between 0 and 1, such as 0.95")
    seed: int = Field(default=20260101, ge=0, description="a whole number, 0 or more")
    draws: int = Field(default=1000, ge=1, le=100_000, description="a whole number from 1 to 100000")
    missing_data: Literal["scores", "listwise"] = Field(
        default="scores", description="one of 'scores', 'listwise'"
    )


class ReportSpec(_Table):
    """``[report]``: languages and forms of the report."""

    languages: tuple[Language, ...] = Field(
        default=("en",), strict=False, min_length=1, description="a list of 'en', 'zh'"
    )
    formats: tuple[Literal["html"], ...] = Field(
        default=("html",), strict=False, min_length=1, description="a list of 'html'"
    )


class StudySpec(_Table):
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

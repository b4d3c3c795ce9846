"""What the values of a study file may be: names, columns, codes, texts in two languages."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

__all__ = [
    "Code", "Codes", "Column", "ColumnPairs", "Columns", "Language", "Names", "Positive", "StudyFileTable",
    "Worded", "Words", "column_name", "listed",
]  # fmt: skip


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


def listed(value: object) -> object:
    """A single text as a list of one."""
    return (value,) if isinstance(value, str) else value


def _worded(value: object) -> object:
    return {"en": value} if isinstance(value, str) else value


def _pairs(value: object) -> object:
    listed_pairs = isinstance(value, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in value
    )
    if not listed_pairs:
        raise PydanticCustomError("expected", 'a list of pairs of column names: [["rel1", "rel1_again"]]')
    return value


Column = Annotated[str, AfterValidator(column_name), Field(min_length=1)]
Code = Annotated[int | float | str, BeforeValidator(_code)]
"""A missing code: a number or a text; ``-99``, ``"-99"`` and ``"-99.0"`` are the same code."""

Names = Annotated[tuple[str, ...], Field(strict=False)]
Columns = Annotated[tuple[Column, ...], Field(strict=False, description="a list of column names")]
Codes = Annotated[tuple[Code, ...], Field(strict=False, description="a list of numbers or texts")]
ColumnPairs = Annotated[
    tuple[Annotated[tuple[Column, Column], Field(strict=False)], ...],
    BeforeValidator(_pairs),
    Field(strict=False),
]
Language = Literal["en", "zh"]
Positive = Annotated[float, Field(gt=0)]


class StudyFileTable(BaseModel):
    """A table of the study file: unknown keys are refused, nothing is converted, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Words(StudyFileTable):
    """A text in English and, where there is one, in Chinese; a plain string is the English one."""

    en: str = Field(min_length=1, description="a text")
    zh: str = Field(default="", description="a text")

    def text(self, language: str = "en") -> str:
        """The text in a language; the English one where the other is missing."""
        return (self.zh or self.en) if language == "zh" else self.en


Worded = Annotated[Words, BeforeValidator(_worded)]

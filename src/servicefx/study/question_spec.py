"""``[graph]``, ``[segments]``, ``[[mediation]]`` and ``[recovery]`` of the study file: further questions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from servicefx.study.fields import Column, Columns, Names, StudyFileTable, listed

__all__ = ["GraphSpec", "MediationSpec", "RecoverySpec", "SegmentsSpec"]

_ONE_OR_MORE = "a construct id or a list of them"


class GraphSpec(StudyFileTable):
    """``[graph]``: who causes whom, as the study believes; every causal sentence rests on it."""

    arrows: Names = Field(min_length=1, description="a list of arrows such as 'process -> reliability'")
    unmeasured: Names = Field(default=(), description="a list of names that no data file measures")
    data: str | None = Field(default=None, description="the name of a [data] table")


class SegmentsSpec(StudyFileTable):
    """``[segments]``: by which groups, named or yet unknown, drivers are compared."""

    outcome: str = Field(default="satisfaction", description="a construct id")
    drivers: Names = Field(default=(), description="a list of construct ids; those of the paths if left out")
    by: Columns = ()
    classes: int = Field(default=5, ge=1, le=8, description="the most classes tried, from 1 to 8")
    data: str | None = Field(default=None, description="the name of a [data] table")


class MediationSpec(StudyFileTable):
    """``[[mediation]]``: one mediation by name; ``from`` is read as `source`.

    ``layout`` is the number PROCESS gives it; without one, ``through`` runs in parallel.
    """

    layout: Literal[4, 6, 7, 8, 14, 15, 58, 59] = Field(
        default=4, description="one of 4, 6, 7, 8, 14, 15, 58, 59"
    )
    source: str = Field(alias="from", description="a construct id or a column name")
    through: Annotated[Names, BeforeValidator(listed)] = Field(min_length=1, description=_ONE_OR_MORE)
    to: str = Field(description="a construct id")
    moderator: Column | None = Field(default=None, description="a construct id or a column name")
    covariates: Columns = ()
    data: str | None = Field(default=None, description="the name of a [data] table")


class RecoverySpec(StudyFileTable):
    """``[recovery]``: whom a failure hit, who complained, and what else may tell complainers apart."""

    complained: Column = Field(description="the name of a column of 0 and 1")
    failure: Column | None = Field(default=None, description="the name of a column of 0 and 1")
    handling: str = Field(default="complaint_handling", description="a construct id")
    outcomes: Names = Field(default=("satisfaction", "loyalty"), description="a list of construct ids")
    predictors: Columns = ()
    buffers: Columns = ()
    data: str | None = Field(default=None, description="the name of a [data] table")

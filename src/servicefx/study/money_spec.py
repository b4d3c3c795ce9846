"""``[money]`` and ``[claims]`` of the study file: what an improvement is worth, and how a claim is read."""

from __future__ import annotations

from pydantic import Field

from servicefx.study.fields import Names, Positive, StudyFileTable

__all__ = ["BenefitSpec", "ClaimSpec", "CostSpec", "MoneySpec", "PlanSpec"]


class PlanSpec(StudyFileTable):
    """``[money.plan]``: the improvement whose worth is asked; key ``construct`` is read as `construct_id`."""

    construct_id: str = Field(alias="construct", description="a construct id")
    change: float = Field(description="a number of points of its score")
    through: Names = Field(default=(), description="a list of construct ids")

    @property
    def construct(self) -> str:  # type: ignore[override]  # pydantic's old classmethod of this name
        """Id of the construct that is improved."""
        return self.construct_id


class BenefitSpec(StudyFileTable):
    """``[money.benefit]``: the benefit line, its 0/1 outcome, and what an outcome is worth."""

    line: str = Field(description="the id of a benefit line")
    outcome: str = Field(description="a construct id")
    customers: Positive = Field(le=1e12, description="a number above 0 and at most 1e12")
    margin: float = Field(
        ge=-1e12, le=1e12, description="money per retained customer and period, at most 1e12"
    )


class CostSpec(StudyFileTable):
    """``[money.cost]``: the cost line, per period and once, and how surely it is known."""

    line: str = Field(description="the id of a cost line")
    amount: float = Field(ge=0, le=1e15, description="money per period, from 0 to 1e15")
    relative_sd: float = Field(default=0.0, ge=0, le=10, description="a number from 0 to 10, such as 0.1")
    once: float = Field(default=0.0, ge=0, le=1e15, description="money at the start, from 0 to 1e15")


class MoneySpec(StudyFileTable):
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


class ClaimSpec(StudyFileTable):
    """``[claims.K2]``: the cut-offs a claim is read with; None means the claim's own."""

    dissatisfied: float | None = Field(default=None, description="a number")
    satisfied: float | None = Field(default=None, description="a number")
    highly_satisfied: float | None = Field(default=None, description="a number")
    buys_again: float | None = Field(default=None, description="a number")
    outcome: str | None = Field(default=None, description="a construct id")

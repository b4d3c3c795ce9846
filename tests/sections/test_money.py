from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from servicefx.models.chain import fit_chain
from servicefx.models.loyalty import fit_repurchase
from servicefx.sections.money import money_section, planned_change
from servicefx.study.study import Study
from servicefx.values.table import Section

MONEY: dict[str, Any] = {
    "currency": "CNY",
    "price_year": 2025,
    "discount_rate": 0.08,
    "periods_per_year": 4,
    "horizon": 8,
    "plan": {"construct": "service_quality", "change": 0.5, "through": ["satisfaction"]},
    "benefit": {"line": "retention", "outcome": "repurchase", "customers": 1000, "margin": 300},
    "cost": {"line": "labour", "amount": 9000, "relative_sd": 0.1, "once": 5000},
}


def money_of(made: ModuleType, **changes: Any) -> Study:
    study: Study = made.survey(money=MONEY | changes)
    return study


def refusal(section: Section | None) -> tuple[Any, ...]:
    assert section is not None
    assert section.tables == ()
    return tuple(section.notes[0].values.values())


def test_a_planned_change_follows_the_chain_in_the_estimate_and_every_draw(made: ModuleType) -> None:
    study = money_of(made)
    assert study.spec.money is not None
    effect = planned_change(study, study.spec.money, study.seed)
    chain = fit_chain(study, "customers", binary=("repurchase",))
    last = fit_repurchase(study)

    def moved(path: Any, beta: Any, weight: Any) -> float:
        # service → satisfaction → loyalty, and service → trust → satisfaction → loyalty
        shift = 0.5 * (path("service_quality", "satisfaction") + path("service_quality", "trust") * path(
            "trust", "satisfaction"
        )) * path("satisfaction", "loyalty")  # fmt: skip
        odds = last.sample.frame["loyalty"].to_numpy() * beta[0] + beta[1]
        return float(np.average(expit(odds + beta[0] * shift) - expit(odds), weights=weight))

    estimate = moved(lambda a, b: chain.path(a, b)[0], last.estimates.coefficients, np.ones(400))
    assert effect.estimate == pytest.approx(estimate, rel=1e-10)
    for row in (0, 17, 59):
        draw = moved(lambda a, b, row=row: chain.path(a, b)[1][row], last.draws[row], last.counts[row])
        assert effect.draws[row] == pytest.approx(draw, rel=1e-8)
    assert effect.design == "adjusted"


def test_without_through_every_route_counts(made: ModuleType) -> None:
    narrow, wide = (
        money_of(made, plan={"construct": "service_quality", "change": 0.5, "through": through})
        for through in (["satisfaction"], [])
    )
    changes = []
    for study in (narrow, wide):
        assert study.spec.money is not None
        changes.append(planned_change(study, study.spec.money, 1).estimate)
    assert 0 < changes[0] < changes[1]


def test_money_adds_up_from_change_to_worth(made: ModuleType) -> None:
    section = money_section(money_of(made))
    assert section is not None
    rows = section.tables[0].rows.set_index("measure")["estimate"]
    rate = 1.08**0.25 - 1
    factor = (1 - (1 + rate) ** -8) / rate
    assert rows["benefit_per_period"] == pytest.approx(rows["change"] * 1000 * 300)
    assert rows["present_value_benefit"] == pytest.approx(rows["benefit_per_period"] * factor)
    assert rows["present_value_cost"] == pytest.approx(9000 * factor + 5000)
    assert rows["net_present_value"] == pytest.approx(
        rows["present_value_benefit"] - rows["present_value_cost"]
    )
    assert rows["benefit_cost_ratio"] == pytest.approx(
        rows["present_value_benefit"] / rows["present_value_cost"]
    )
    net = section.effects[3]
    assert rows["probability_positive"] == np.mean(net.draws > 0)
    histogram = section.tables[1].rows
    assert histogram["share"].sum() == pytest.approx(1.0)
    assert histogram["n_rows"].sum() == 60


def test_a_study_without_money_has_no_such_section(made: ModuleType) -> None:
    assert money_section(made.survey()) is None


def test_an_outcome_that_is_no_share_is_refused(made: ModuleType) -> None:
    study = money_of(made, benefit=MONEY["benefit"] | {"outcome": "loyalty"})
    assert refusal(money_section(study)) == (
        "study.toml: money.benefit.outcome, 'loyalty'",
        "it does not hold 0 and 1, so it gives no share of customers kept",
        "Name a 0/1 construct such as 'repurchase'.",
    )


def test_a_plan_no_path_carries_is_refused(made: ModuleType) -> None:
    plan = {"construct": "loyalty", "change": 0.5, "through": ["trust"]}
    assert refusal(money_section(money_of(made, plan=plan))) == (
        "study.toml: money.plan",
        "no declared path leads along loyalty → trust → repurchase",
        "Add the missing [[paths]], or correct 'construct' or 'through'.",
    )


def test_a_plan_beyond_the_scale_s_end_is_noted(made: ModuleType) -> None:
    plan = {"construct": "service_quality", "change": 6.5, "through": []}
    section = money_section(money_of(made, plan=plan))
    assert section is not None
    shares = [note.values["share"] for note in section.tables[0].notes if note.key == "note.ceiling"]
    assert shares == [1.0]

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import StudyError
from servicefx.models.loyalty import (
    Ask,
    answers_of,
    fit_answers,
    fit_repurchase,
    marginal_effects,
    predicted_chances,
)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 900
    table = pd.DataFrame(
        {
            "satisfaction": rng.integers(4, 29, n) / 4,
            "trust": rng.integers(1, 8, n).astype(float),
            "online": rng.integers(0, 2, n).astype(float),
        }
    )
    latent = 0.5 * table["satisfaction"] + 0.2 * table["trust"] - 0.4 * table["online"]
    latent += 0.1 * (table["satisfaction"] - 4) * (table["trust"] - 4) + rng.logistic(size=n)
    table["bought"] = (latent > 2.6).astype(float)
    table["intention"] = np.digitize(latent, [1, 2.5, 4]) + 1.0
    return table


TERMS = ["satisfaction", "trust", "online"]
PAIR = [("satisfaction", "trust")]


@pytest.fixture(scope="module")
def ordered(frame: pd.DataFrame):
    return fit_answers(frame, "intention", TERMS, interactions=PAIR, draws=400)


def test_what_one_answer_gains_the_others_lose(ordered) -> None:
    rows = marginal_effects(ordered).rows
    keys = ["kind", "term", "start", "end"]
    assert rows.groupby(keys, dropna=False)["estimate"].sum().abs().max() < 1e-14
    assert set(rows["kind"]) == {"slope", "step", "move", "interaction"}
    effects = marginal_effects(ordered, [Ask(kind="step", term="trust")]).effects
    assert np.abs(sum(effect.draws for effect in effects)).max() < 1e-12


def test_chances_sum_to_one(ordered) -> None:
    rows = predicted_chances(ordered, {"trust": [1, 7]}).rows
    assert rows.groupby("end")["estimate"].sum().tolist() == pytest.approx([1.0, 1.0], abs=1e-12)
    assert rows["conf_low"].between(0, 1).all()


def test_a_move_is_the_difference_of_two_levels(ordered) -> None:
    move = marginal_effects(ordered, [Ask(kind="move", term="trust", start=2.0, end=6.0)])
    levels = predicted_chances(ordered, {"trust": [2.0, 6.0]})
    for answer in range(4):
        gap = levels.effects[4 + answer] - levels.effects[answer]
        assert move.effects[answer].estimate == pytest.approx(gap.estimate, abs=1e-14)
        assert move.effects[answer].draws == pytest.approx(gap.draws, abs=1e-12)


def test_delta_and_bootstrap_agree_in_a_large_sample(ordered) -> None:
    rows = marginal_effects(ordered).rows
    ratio = rows["std_error"] / rows["delta_error"]
    # the bootstrap's also holds who the customers are, so it is a little larger where effects differ
    assert ratio.between(0.85, 1.45).all()
    assert ratio.median() == pytest.approx(1.0, abs=0.12)


def test_a_logit_is_an_ordered_logit_of_two_answers(frame: pd.DataFrame) -> None:
    rows = marginal_effects(fit_answers(frame, "bought", TERMS, draws=20)).rows
    assert set(rows["answer"]) == {"1"}
    assert rows[rows["term"] == "online"]["kind"].tolist() == ["move"]


def test_small_steps_approach_the_slope(ordered) -> None:
    asks = [Ask(kind="slope", term="satisfaction"), Ask(kind="step", term="satisfaction", by=1e-5)]
    rows = marginal_effects(ordered, asks).rows
    slope, step = (part["estimate"].to_numpy() for _, part in rows.groupby("kind", sort=False))
    assert step / 1e-5 == pytest.approx(slope, abs=1e-5)


def test_an_effect_of_scale_changes_with_the_unit_only(frame: pd.DataFrame) -> None:
    tens = frame.assign(trust=frame["trust"] * 10)
    one = marginal_effects(fit_answers(frame, "bought", TERMS, draws=20), [Ask(kind="slope", term="trust")])
    ten = marginal_effects(fit_answers(tens, "bought", TERMS, draws=20), [Ask(kind="slope", term="trust")])
    columns = ["estimate", "delta_error", "std_error", "conf_low", "conf_high"]
    assert one.rows[columns].to_numpy() == pytest.approx(10 * ten.rows[columns].to_numpy(), rel=1e-6)


def test_parts_move_with_their_product(frame: pd.DataFrame) -> None:
    fit = fit_answers(frame, "bought", TERMS, interactions=PAIR, draws=20)
    found = marginal_effects(fit, [Ask(kind="step", term="trust")]).rows["estimate"].iloc[0]

    def mean_chance(by: float) -> float:
        b, trust = fit.slopes, frame["trust"] + by
        odds = b[0] * frame["satisfaction"] + b[1] * trust + b[2] * frame["online"]
        odds += b[3] * frame["satisfaction"] * trust - fit.thresholds[0]
        return float((1 / (1 + np.exp(-odds))).mean())

    assert found == pytest.approx(mean_chance(1) - mean_chance(0), rel=1e-10)


def test_an_interaction_may_differ_in_sign_from_its_coefficient() -> None:
    # where nearly everybody buys, chances have no room to rise faster (Ai & Norton 2003)
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(4000, 2)), columns=["a", "b"])
    odds = 2.5 + 1.2 * table["a"] + 1.2 * table["b"] + 0.15 * table["a"] * table["b"]
    table["y"] = (rng.random(4000) < 1 / (1 + np.exp(-odds))).astype(float)
    fit = fit_answers(table, "y", ["a", "b"], interactions=[("a", "b")], draws=20)
    effect = marginal_effects(fit, [Ask(kind="interaction", term="a", other="b")]).rows
    assert fit.slopes[2] > 0 > effect["conf_high"].iloc[0]


def test_a_step_of_a_study_is_its_repurchase_table(made) -> None:
    fit = fit_repurchase(made.survey(), terms=["loyalty", "trust"])
    estimate, draws = fit.change({"trust": (1.0, np.ones(60))})
    effect = marginal_effects(answers_of(fit), [Ask(kind="step", term="trust")]).effects[0]
    assert effect.estimate == pytest.approx(estimate, rel=1e-12)
    assert effect.draws == pytest.approx(draws, rel=1e-9)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (Ask(kind="slope", term="satisfaction × trust"), "is a product: it cannot move while its parts stay"),
        (Ask(kind="step", term="trusts"), r"no term 'trusts' in the model .*\(closest: 'trust'\)"),
        (Ask(kind="interaction", term="trust"), "no term '' in the model"),
        (Ask(kind="move", term="trust", start=1.0), "the move of 'trust' does not say between which values"),
        (Ask(kind="level", term="trust"), "the level of 'trust' does not say between which values"),
    ],
)
def test_what_has_no_answer_is_refused(ordered, ask: Ask, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        marginal_effects(ordered, [ask])

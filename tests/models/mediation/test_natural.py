"""Natural effects: what must hold whatever the data, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.models.mediation import fit_layout, natural_effects
from servicefx.values.glossary import GLOSSARY

CASES = {
    "logit": {"outcome": "bought", "mediators": ["m"]},
    "probit in a row": {"outcome": "bought", "mediators": ["m", "k"], "layout": 6, "outcome_kind": "probit"},
    "logit side by side": {"outcome": "bought", "mediators": ["m", "k"]},
    "product": {"outcome": "bought", "mediators": ["m", "k"], "interaction": True},
    "binary mediator": {"outcome": "bought", "mediators": ["visited"]},
    "ordered": {"outcome": "answer", "mediators": ["m"], "outcome_kind": "ordered"},
    "linear": {"outcome": "y", "mediators": ["m", "k"], "layout": 6},
}


def found_of(frame: pd.DataFrame, case: str, **options):
    defaults = {"covariates": ["c"], "draws": 30, "seed": 1} | CASES[case] | options
    layout = defaults.pop("layout", 4)
    return natural_effects(frame, layout, source="x", **defaults)


@pytest.mark.parametrize("case", CASES)
def test_parts_add_up_to_the_total_in_every_draw(mediated: pd.DataFrame, case: str) -> None:
    found = found_of(mediated, case)
    routes = CASES[case]["mediators"]
    for answer in {effect.answer for effect in found.effects}:
        direct = found.answer("pure natural direct", answer=answer).effect
        one = () if len(routes) > 1 else routes
        indirect = found.answer("total natural indirect", one, answer).effect
        total = found.answer("total", answer=answer).effect
        assert total.estimate == pytest.approx(direct.estimate + indirect.estimate, abs=1e-15)
        assert total.draws == pytest.approx(direct.draws + indirect.draws, abs=1e-15)
        others = [
            found.answer(k, answer=answer).effect for k in ("total natural direct", "pure natural indirect")
        ]
        assert total.estimate == pytest.approx(sum(other.estimate for other in others), abs=1e-12)
        steps = [e.effect for e in found.effects if e.kind == "total natural indirect" and e.via]
        if answer == "":
            steps = [e.effect for e in found.effects if e.via and e.answer == ""]
            assert sum(step.estimate for step in steps) == pytest.approx(indirect.estimate, abs=1e-15)


@pytest.mark.parametrize("weights", [False, True])
def test_lines_without_products_give_products_of_paths(mediated: pd.DataFrame, weights: bool) -> None:
    options = {"weights": mediated["weight"]} if weights else {}
    found = found_of(mediated, "linear", **options)
    fit = fit_layout(
        mediated,
        6,
        source="x",
        mediators=["m", "k"],
        outcome="y",
        covariates=["c"],
        draws=30,
        seed=1,
        **options,
    )
    for kind, same in (("pure natural direct", "direct"), ("total", "total")):
        assert found.answer(kind).effect.estimate == pytest.approx(fit.answer(same).effect.estimate, abs=1e-9)
        assert found.answer(kind).effect.draws == pytest.approx(fit.answer(same).effect.draws, abs=1e-8)
    for via in (("m",), ("k",), ("m", "k")):
        ours = found.answer("total natural indirect", via).effect
        assert ours.estimate == pytest.approx(fit.answer("indirect", via).effect.estimate, abs=1e-9)
        assert ours.draws == pytest.approx(fit.answer("indirect", via).effect.draws, abs=1e-8)


@pytest.mark.parametrize("case", ["logit", "probit in a row", "binary mediator", "ordered", "product"])
def test_draws_are_the_effects_of_the_resamples(mediated: pd.DataFrame, case: str) -> None:
    from servicefx.moments.resample_index import resample_counts

    found = found_of(mediated, case, change=(3.5, 4.5), mediators_at=())
    counts = resample_counts(300, 30, 1, "data")[4].astype(int)
    drawn = mediated.loc[np.repeat(np.arange(300), counts)].reset_index(drop=True)
    again = found_of(drawn, case, change=(3.5, 4.5), mediators_at=(), draws=0)
    for one, other in zip(found.effects, again.effects, strict=True):
        if one.kind != "proportion":  # which exists by the signs of the estimates
            assert one.effect.draws[4] == pytest.approx(other.effect.estimate, abs=1e-6)


def test_nothing_goes_through_a_mediator_that_the_source_does_not_move(mediated: pd.DataFrame) -> None:
    noise = np.random.default_rng(3).standard_normal(300)
    design = np.column_stack([np.ones(300), mediated["x"], mediated["c"]])
    unmoved = noise - design @ np.linalg.lstsq(design, noise, rcond=None)[0]
    found = found_of(mediated.assign(m=unmoved), "logit", draws=0)
    assert found.answer("total natural indirect", ["m"]).effect.estimate == pytest.approx(0.0, abs=1e-12)


def test_shares_at_or_above_an_answer_make_the_mean(mediated: pd.DataFrame) -> None:
    found = found_of(mediated, "ordered", draws=0)
    shares = [found.answer("total", answer=f"{value}").effect.estimate for value in (2, 3, 4)]
    assert found.answer("total").effect.estimate == pytest.approx(sum(shares), rel=1e-12)
    assert found.answer("total", answer="2").effect.unit == "share"


def test_a_source_of_two_values_moves_between_them(mediated: pd.DataFrame) -> None:
    frame = mediated.assign(x=np.where(mediated["x"] > 4, 3.0, 1.0))
    assert found_of(frame, "logit", draws=0).change == "x from 1 to 3"
    assert found_of(mediated, "logit", draws=0).change == "x +1 for everybody"
    middle = mediated["x"].mean()
    assert found_of(mediated, "product", draws=0).change == f"x from {middle:.4g} to {middle + 1:.4g}"


def test_the_table_speaks_the_glossary(mediated: pd.DataFrame) -> None:
    table = found_of(mediated, "ordered").table()
    assert set(table.columns) <= set(GLOSSARY)
    assert sorted(table["answer"].unique()) == ["", "2", "3", "4"]
    assert (table["conf_low"] < table["conf_high"]).all()


def test_a_resample_without_an_answer_has_no_draw(mediated: pd.DataFrame) -> None:
    answer = mediated["answer"].clip(upper=3).to_numpy(copy=True)
    answer[:2] = 4
    found = found_of(mediated.assign(answer=answer), "ordered", draws=60, mediators_at=())
    assert 0 < found.answer("total").effect.n_failed < 30


@pytest.mark.parametrize(
    ("case", "options", "error", "message"),
    [
        ("logit", {"layout": 7}, StudyError, "layout 7, but natural effects are worked out for 4 and 6"),
        ("logit", {"mediators": ["bought"]}, DataError, "two parts at once: 'bought'"),
        ("logit", {"outcome": "two"}, DataError, "'two' holds 1 and 2, expected 0 and 1"),
        ("logit", {"mediators": ["two"]}, DataError, "'two' holds 1 and 2, expected 0 and 1"),
        ("logit", {"outcome": "y", "outcome_kind": "logit"}, DataError, "'y' holds 300 different values"),
        ("logit", {"outcome_kind": "normal"}, StudyError, "outcome_kind 'normal' is not known"),
        ("logit", {"mediators": ["visited", "m"]}, DataError, "mediator 'visited' holds two values only"),
        ("logit", {"change": 0.0}, StudyError, "change 0.0, expected a number other than 0"),
        ("product", {"change": 1.0}, StudyError, "one number for change beside an interaction"),
        ("logit", {"mediators_at": [1, 2]}, StudyError, r"values \[1, 2\] for 1 mediators"),
        ("logit", {"weights": True}, DataError, "survey weights 'weight' cannot be used where 'bought'"),
        ("logit", {"outcome": "parted"}, IdentificationError, "separate the two answers"),
        ("probit in a row", {"outcome": "parted"}, IdentificationError, "separate the two answers"),
        ("ordered", {"outcome": "bought"}, DataError, "2 different answers, 3 to 50 expected"),
        ("ordered", {"outcome": "y"}, DataError, "300 different answers, 3 to 50 expected"),
    ],
)
def test_what_cannot_be_answered_is_refused(mediated: pd.DataFrame, case, options, error, message) -> None:
    frame = mediated.assign(two=mediated["bought"] + 1, parted=(mediated["x"] > 4).astype(float))
    if "weights" in options:
        options = options | {"weights": frame["weight"]}
    with pytest.raises(error, match=message):
        found_of(frame, case, **({"draws": 0} | options))

"""Declared paths beside a graph: comparisons, controls, strength and rungs on made studies."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.effects.e_values import e_value
from servicefx.effects.path_footing import CausalFooting, FootedPath, causal_footing, earned_by
from servicefx.effects.path_strength import path_strength, strength_grid
from servicefx.effects.robustness import confounder_bounds
from servicefx.engines.discrete import fit_logit
from servicefx.engines.linear import fit_ols
from servicefx.models.drivers import fit_direct
from servicefx.models.sample import sample_of
from servicefx.study.study import Study

TRUE = [
    "mood -> service_quality", "mood -> trust", "service_quality -> trust", "service_quality -> satisfaction",
    "trust -> satisfaction", "satisfaction -> loyalty", "trust -> loyalty", "loyalty -> repurchase",
]  # fmt: skip


def found(study: Study, **options: Any) -> CausalFooting:
    footing = causal_footing(study, **options)
    assert footing is not None
    return footing


def path(footing: CausalFooting, source: str, outcome: str) -> FootedPath:
    ends = [(one.compared.source, one.compared.outcome) for one in footing.paths]
    return footing.paths[ends.index((source, outcome))]


@pytest.fixture(scope="module")
def study(made: ModuleType) -> Study:
    graph = {"arrows": TRUE, "unmeasured": ["mood"]}
    made_study: Study = made.survey(made.survey_frame(3000, seed=3), graph=graph)
    return made_study


@pytest.fixture(scope="module")
def footing(study: Study) -> CausalFooting:
    return found(study)


def test_every_declared_path_has_its_rung(footing: CausalFooting) -> None:
    rungs = {
        (one.compared.source, one.compared.outcome): (one.footing.earned, one.footing.ground)
        for one in footing.paths
    }
    assert rungs == {
        ("service_quality", "trust"): ("association", "open_way"),
        ("service_quality", "satisfaction"): ("effect", "none"),
        ("trust", "satisfaction"): ("effect", "none"),
        ("satisfaction", "loyalty"): ("effect", "none"),
        ("trust", "loyalty"): ("effect", "none"),
        ("loyalty", "repurchase"): ("effect", "none"),
    }


def test_the_estimate_is_the_study_s_where_its_terms_answer_an_effect(
    study: Study, footing: CausalFooting
) -> None:
    one = path(footing, "trust", "satisfaction").compared
    assert (one.best.series, one.best.answers, one.best.given) == ("study", "total", ("service_quality",))
    fit = fit_direct(study, "satisfaction").estimates
    row = fit.table().set_index("term").loc["trust"]
    ours = [one.best.estimate, one.best.conf_low, one.best.conf_high]
    assert ours == pytest.approx(row[["estimate", "conf_low", "conf_high"]].tolist(), rel=1e-9)
    assert one.best.n_obs == fit.n_obs
    direct = path(footing, "service_quality", "satisfaction").compared
    assert direct.best.answers == "direct"  # with trust held, beside the way through it
    assert direct.n_sets == 0  # mood moves service and trust: no set leaves the total effect


def test_an_open_way_is_named(footing: CausalFooting) -> None:
    one = path(footing, "service_quality", "trust").compared
    assert one.study.open_way == ("service_quality", "←", "mood", "→", "trust")
    assert (one.n_minimal, one.n_sets) == (0, 0)
    assert one.best is one.study


def test_effects_without_item_error_are_the_true_ones(footing: CausalFooting) -> None:
    truth = {
        ("service_quality", "satisfaction"): 0.6, ("trust", "satisfaction"): 0.2,
        ("satisfaction", "loyalty"): 0.4, ("trust", "loyalty"): 0.3,
    }  # fmt: skip
    for ends, value in truth.items():
        best = path(footing, *ends).compared.best
        margin = 1.5 * (best.freed_high - best.freed_low) / 2  # four tests at 95 %, wider once
        assert abs(best.freed - value) < margin, ends
    scores = path(footing, "service_quality", "satisfaction").compared.best
    assert scores.conf_high < 0.6  # attenuated


def test_terms_that_spoil_the_answer_give_way_to_those_of_the_graph(made: ModuleType) -> None:
    """A mediator is held where the total effect is asked, and a collider elsewhere."""
    arrows = ["service_quality -> trust", "trust -> satisfaction", "service_quality -> satisfaction"]
    arrows += ["satisfaction -> loyalty", "trust -> loyalty", "age -> trust"]
    paths = [{"from": ["trust", "loyalty"], "to": "satisfaction"}]
    footing = found(made.survey(graph={"arrows": arrows}, paths=paths))
    one = path(footing, "trust", "satisfaction").compared
    assert [(name, role) for name, role, *_ in one.controls] == [("loyalty", "after the effect")]
    assert one.study.answers == "none"
    assert (one.best.series, one.best.given, one.best.answers) == ("graph", ("service_quality",), "total")
    back = path(footing, "loyalty", "satisfaction")
    assert back.footing.ground == "reverse"


def test_a_term_the_graph_does_not_know_is_named_and_replaced(made: ModuleType) -> None:
    paths = [{"from": "trust", "to": "loyalty", "covariates": ["age"]}]
    graph = {"arrows": ["satisfaction -> trust", "satisfaction -> loyalty", "trust -> loyalty"]}
    one = path(found(made.survey(graph=graph, paths=paths)), "trust", "loyalty").compared
    assert one.study.outside == ("age",)
    assert one.study.answers == "none"
    assert one.best.given == ("satisfaction",)
    enough = [{"from": ["trust", "satisfaction"], "to": "loyalty", "covariates": ["age"]}]
    both = path(found(made.survey(graph=graph, paths=enough)), "trust", "loyalty").compared
    assert (both.study.given, both.study.answers) == (
        ("satisfaction", "age"),
        "none",
    )  # who knows what age is
    absent = [{"from": "service_quality", "to": "loyalty"}]
    left = path(found(made.survey(graph=graph, paths=absent)), "service_quality", "loyalty")
    assert left.footing.ground == "absent"
    assert np.isfinite(left.compared.best.estimate)


def test_a_wrong_graph_loses_its_effects_where_the_data_contradict_it(
    made: ModuleType, footing: CausalFooting
) -> None:
    arrows = [arrow for arrow in TRUE if arrow != "trust -> loyalty"]
    wrong = found(
        made.survey(made.survey_frame(3000, seed=3), graph={"arrows": arrows, "unmeasured": ["mood"]})
    )
    tests = wrong.independences.set_index(["left", "right"])
    assert tests.loc[("trust", "loyalty"), "verdict"] == "contradicted"
    assert "contradicted" not in set(footing.independences["verdict"])
    fallen = path(wrong, "satisfaction", "loyalty")
    assert fallen.footing.ground == "contradicted"
    assert ("trust", "loyalty") in fallen.contradicted
    lenient = found(
        made.survey(made.survey_frame(3000, seed=3), graph={"arrows": arrows, "unmeasured": ["mood"]}),
        size=0.9,
    )
    assert path(lenient, "satisfaction", "loyalty").footing.earned == "effect"


def test_a_contradiction_away_from_both_ends_counts_where_the_comparison_rests_on_it(
    made: ModuleType, rng: np.random.Generator
) -> None:
    # in truth trust moves quality; the graph has it the other way round, and so holds nothing
    n = 1500
    age, trust = 10 * rng.normal(size=n), rng.normal(size=n)
    quality = 0.06 * age + 0.7 * trust + rng.normal(size=n)
    satisfaction = 0.4 * trust + 0.2 * quality + 1.5 * rng.normal(size=n)
    loyalty = 0.8 * satisfaction + rng.normal(size=n)
    scores = {"ser": quality, "tru": trust, "sat": satisfaction, "loy": loyalty}
    frame = made.survey_frame(n).assign(age=age)
    for name, score in scores.items():
        for item in (1, 2):
            frame[f"{name}{item}"] = np.clip(np.round(4 + score + 0.4 * rng.normal(size=n)), 1, 7)
    arrows = ["age -> service_quality", "service_quality -> trust", "service_quality -> satisfaction"]
    arrows += ["trust -> satisfaction", "satisfaction -> loyalty"]
    paths = [{"from": "service_quality", "to": "satisfaction"}, {"from": "satisfaction", "to": "loyalty"}]
    wrong = found(made.survey(frame, paths=paths, graph={"arrows": arrows}))
    assert {"age", "trust"} == set(wrong.independences.loc[0, ["left", "right"]])
    assert wrong.independences["verdict"].tolist().count("contradicted") == 1
    misled = path(wrong, "service_quality", "satisfaction")
    assert misled.compared.best.given == ()
    assert misled.compared.best.freed_low > 0.3  # in truth 0.2
    assert misled.footing.ground == "contradicted"
    assert [set(pair) for pair in misled.contradicted] == [{"age", "trust"}]
    assert path(wrong, "satisfaction", "loyalty").footing.earned == "effect"  # does not rest on it


@pytest.mark.parametrize(
    ("n", "outlets", "blunt"), [(25, None, "rows"), (400, 3, "clusters"), (400, 9, "clusters"), (400, 10, "")]
)
def test_too_few_rows_or_clusters_could_not_contradict_a_graph(
    made: ModuleType, n: int, outlets: int | None, blunt: str
) -> None:
    frame = made.survey_frame(n, seed=3)
    data = {"customers": {} if outlets is None else {"nested_in": ["outlet"]}}
    if outlets is not None:
        frame["outlet"] = [f"O{row % outlets}" for row in range(n)]
    chain = ["service_quality -> satisfaction", "satisfaction -> loyalty", "loyalty -> repurchase"]
    paths = [{"from": "satisfaction", "to": "loyalty"}]
    one = found(made.survey(frame, data=data, paths=paths, graph={"arrows": chain})).paths[0]
    assert one.sharpness.blunt == blunt
    assert ("blunt" in one.footing.grounds) == bool(blunt)
    assert (one.sharpness.n_rows, one.sharpness.n_clusters) == (n, outlets)


def test_intervals_too_wide_to_contradict_earn_nothing(made: ModuleType, rng: np.random.Generator) -> None:
    # 34 rows of a graph that is right: its only independence is known to within a third or so
    chain = ["trust -> satisfaction", "satisfaction -> loyalty"]
    paths = [{"from": "satisfaction", "to": "loyalty"}]

    def built(n: int) -> CausalFooting:
        tables = {"data": {"customers": {}}, "paths": paths, "graph": {"arrows": chain}}
        constructs = {
            name: {"mode": "single", "items": [name[:3]]} for name in ("trust", "satisfaction", "loyalty")
        }
        trust = rng.standard_normal(n)
        satisfaction = trust + rng.standard_normal(n)
        before = np.column_stack([np.ones(n), trust, satisfaction])
        noise = rng.standard_normal(n)
        loyalty = 2 * satisfaction + noise - before @ np.linalg.lstsq(before, noise)[0]  # nothing by chance
        frame = pd.DataFrame({"tru": trust, "sat": satisfaction, "loy": loyalty})
        return found(made.survey(frame, constructs=constructs, **tables))

    wide, narrow = built(34), built(200)
    test = wide.independences.iloc[0]
    assert (test["freed_high"] - test["freed_low"]) / 2 > 0.30
    assert wide.paths[0].sharpness.testable
    assert wide.paths[0].footing.grounds == ("blunt",)
    assert narrow.paths[0].footing.grounds == ()


def test_a_path_about_which_the_graph_implies_nothing_is_known_to_be_untestable(
    footing: CausalFooting,
) -> None:
    told = {
        (one.compared.source, one.compared.outcome): one.sharpness.testable
        for one in footing.paths
        if one.footing.earned == "effect"
    }
    assert not told["service_quality", "satisfaction"]  # holds trust: no other tie would open a way
    assert told["satisfaction", "loyalty"]  # service, tied to loyalty, would open one


def test_a_saturated_graph_earns_nothing(made: ModuleType) -> None:
    graph = {"arrows": ["satisfaction -> trust", "satisfaction -> loyalty", "trust -> loyalty"]}
    paths = [{"from": ["trust", "satisfaction"], "to": "loyalty"}]
    assert path(found(made.survey(graph=graph, paths=paths)), "trust", "loyalty").footing.grounds == (
        "untested",
    )


def test_a_held_answer_of_unknown_error_earns_nothing(made: ModuleType) -> None:
    constructs = made.CONSTRUCTS | {"trust": {"mode": "single", "items": ["tru1"], "scale": "seven"}}
    graph = {"arrows": [*TRUE, "age -> loyalty"], "unmeasured": ["mood"]}
    frame = made.survey_frame(1500, seed=3)
    one = path(found(made.survey(frame, constructs=constructs, graph=graph)), "satisfaction", "loyalty")
    assert "error_unknown" in one.footing.grounds
    assert one.compared.best.undefined == "nothing tells the error of 'trust'"


def test_without_a_graph_or_over_time_nothing_is_asked(made: ModuleType) -> None:
    assert causal_footing(made.survey()) is None
    assert earned_by(made.survey()) == {}
    panel = made.firm_panel(graph={"arrows": ["satisfaction -> profit"]})
    assert causal_footing(panel) is None


def test_what_was_earned_is_offered_by_path(study: Study, footing: CausalFooting) -> None:
    offered = earned_by(study)
    assert {ends: one.earned for ends, one in offered.items()} == {
        (one.compared.source, one.compared.outcome): one.footing.earned for one in footing.paths
    }


def test_strength_is_that_of_the_plain_functions(study: Study, footing: CausalFooting) -> None:
    strength = path(footing, "satisfaction", "loyalty").strength
    frame = sample_of(study, "customers", ["loyalty", "satisfaction", "trust"]).frame
    known, bounds = confounder_bounds(frame, "loyalty", "satisfaction", ["trust"], ["trust"])
    assert strength.robustness == known
    columns = ["benchmark", "multiple", "r2_term", "r2_outcome", "estimate"]
    pd.testing.assert_frame_equal(strength.bounds[columns], bounds[columns])
    best = path(footing, "satisfaction", "loyalty").compared.best
    scale = frame["satisfaction"].std() / frame["loyalty"].std()
    ends = [scale * value for value in (best.estimate, best.conf_low, best.conf_high)]
    assert strength.e_value == e_value(*ends, measure="standardised_difference")


def test_the_strongest_node_held_takes_most_away(made: ModuleType) -> None:
    study = made.survey()
    strength = path_strength(study, "customers", "trust", "loyalty", ["age", "satisfaction"], (0.3, 0.2, 0.4))
    assert strength.bounds["benchmark"].tolist() == ["satisfaction"] * 3
    assert strength.bounds["multiple"].tolist() == [1.0, 2.0, 3.0]
    alone = path_strength(study, "customers", "trust", "loyalty", [], (0.3, 0.2, 0.4))
    frame = sample_of(study, "customers", ["loyalty", "trust"]).frame
    fit = fit_ols(frame, "loyalty", ["trust"], covariance="classical")
    assert alone.robustness is not None
    t = fit.coefficient("trust") / fit.std_errors[0]
    assert alone.robustness.partial_r2 == pytest.approx(t**2 / (t**2 + fit.df))
    assert alone.bounds.empty


def test_a_0_1_outcome_has_the_e_value_of_its_odds_ratio(study: Study, footing: CausalFooting) -> None:
    strength = path(footing, "loyalty", "repurchase").strength
    sample = sample_of(study, "customers", ["repurchase", "loyalty"])
    fit = fit_logit(sample.frame, "repurchase", ["loyalty"], clusters=sample.clusters)
    row = fit.table().iloc[0]
    spread = sample.frame["loyalty"].std()
    low, ratio, high = np.exp(spread * row[["conf_low", "estimate", "conf_high"]].to_numpy(dtype=float))
    expected = e_value(ratio, low, high, measure="odds_ratio")
    assert strength.e_value is not None
    assert strength.e_value.e_value == pytest.approx(expected.e_value)
    assert strength.e_value.e_value_limit == pytest.approx(expected.e_value_limit)
    assert strength.e_value.assumptions == expected.assumptions


def test_the_grid_holds_its_zero_at_the_robustness_value(footing: CausalFooting) -> None:
    strength = path(footing, "satisfaction", "loyalty").strength
    grid = strength_grid(strength, points=41)
    assert len(grid) == 41**2
    assert grid["estimate"].iloc[0] == pytest.approx(strength.robustness.estimate)  # type: ignore[union-attr]
    diagonal = grid[grid["r2_term"] == grid["r2_outcome"]]
    crossing = np.interp(0.0, -diagonal["estimate"], diagonal["r2_term"])
    assert crossing == pytest.approx(strength.strength, abs=0.005)
    assert grid["r2_term"].max() > strength.strength


def test_what_cannot_be_estimated_is_said(made: ModuleType) -> None:
    frame = made.survey_frame()
    frame["age"] = 30.0
    graph = {"arrows": ["age -> trust", "age -> loyalty", "trust -> loyalty", "service_quality -> trust"]}
    paths = [{"from": "trust", "to": "loyalty"}]
    one = path(found(made.survey(frame, graph=graph, paths=paths)), "trust", "loyalty")
    assert one.compared.best.series == "graph"
    assert one.footing.ground == "not_estimated"
    assert "'age' has the same value" in one.compared.best.undefined
    assert "'age'" in one.strength.undefined

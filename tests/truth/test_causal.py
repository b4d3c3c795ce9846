"""The simulated study's own graph: right on what is felt, deceived by scores, right again without error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servicefx.effects.comparisons import Comparison, compared_path
from servicefx.effects.graph import CausalGraph
from servicefx.effects.judged_independences import judged_independences
from servicefx.effects.node_values import NodeValues, node_values, values_of
from servicefx.effects.path_footing import causal_footing
from servicefx.effects.study_graph import StudyGraph, study_graph
from servicefx.models.drivers import declared_terms
from servicefx.study.after_sales.customers import simulate_customers
from servicefx.study.after_sales.firms import simulate_firms
from servicefx.study.after_sales.mechanisms import Mechanisms
from servicefx.study.simulate import QUANTITIES, SEED
from servicefx.study.study import Study, load_study

COLUMNS = {"outlet_type": "is_outsourced", "channel": "is_online", "response_time": "first_response_hours"}
"""Nodes under another name in the simulation."""
FELT = 0.12
"""Strength of arrows (partial correlation without error) that 6,000 customers cannot fail to show."""


@pytest.fixture(scope="module")
def study(repository: Path) -> Study:
    return load_study(repository / "analyses" / "after_sales")


@pytest.fixture(scope="module")
def joined(study: Study) -> StudyGraph:
    found = study_graph(study)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def scores(study: Study, joined: StudyGraph) -> NodeValues:
    return node_values(study, joined)


def felt(graph: CausalGraph, seed: int) -> NodeValues:
    """What customers feel, before any question is asked."""
    mechanisms = Mechanisms(seed, {}, QUANTITIES)
    world = simulate_customers(mechanisms, simulate_firms(mechanisms, 40, 24), 6000)
    frame = pd.DataFrame({name: world[COLUMNS.get(name, name)] for name in graph.observed})
    return values_of(frame, clusters=pd.Series(world["firm"], name="firm"))


@pytest.mark.parametrize("seed", [SEED, 7, 8])
def test_the_true_graph_is_not_rejected_on_what_is_felt(joined: StudyGraph, seed: int) -> None:
    tests = judged_independences(joined.graph, felt(joined.graph, seed))
    assert len(tests) > 100
    assert (tests["p_adjusted"] >= 0.05).all()
    assert 0.01 < (tests["p_value"].astype(float) < 0.05).mean() < 0.12  # near the nominal .05, tests related


def test_scores_reject_the_true_graph_and_scores_without_error_do_not(
    joined: StudyGraph, scores: NodeValues
) -> None:
    tests = judged_independences(joined.graph, scores)
    assert (tests["p_adjusted"] < 0.05).sum() > 5  # the trap
    assert (tests["freed_p_adjusted"] >= 0.05).all()
    assert not set(tests["verdict"]) & {"contradicted", "small"}
    assert (tests["verdict"] == "attenuated").sum() > 5


@pytest.mark.parametrize(
    "arrow",
    [
        ("trust", "loyalty"), ("reliability", "trust"), ("staff_quality", "assurance"),
        ("loyalty", "repurchase"),
        ("process", "responsiveness"), ("staff_quality", "empathy"), ("response_time", "satisfaction"),
        ("service_failure", "complained"), ("loyalty", "word_of_mouth"), ("reliability", "satisfaction"),
    ],
)  # fmt: skip
def test_a_graph_without_one_of_its_arrows_is_rejected(
    joined: StudyGraph, scores: NodeValues, arrow: tuple[str, str]
) -> None:
    assert arrow[0] in joined.graph.parents[arrow[1]]
    tests = judged_independences(joined.graph.without_arrows([arrow]), scores)
    against = tests[tests["verdict"] == "contradicted"]
    assert set(arrow) in [set(pair) for pair in zip(against["left"], against["right"], strict=True)]
    assert against["freed"].abs().iloc[0] > FELT


EFFECTS = [
    ("reliability", "satisfaction"), ("responsiveness", "satisfaction"), ("assurance", "satisfaction"),
    ("empathy", "satisfaction"), ("tangibles", "satisfaction"),
    ("reliability", "trust"), ("empathy", "trust"), ("responsiveness", "trust"), ("trust", "loyalty"),
]  # fmt: skip


def intervened(repository: Path, cause: str, effect: str) -> float:
    """Change of the outcome's score per point the intervention moved the cause's score."""
    truth = pd.read_csv(repository / "data" / "raw" / "after_sales_truth.csv")
    rows = truth[(truth["term"] == cause) & (truth["model"] == f"intervene: {cause} +0.5")]
    moved = rows.set_index("outcome")["estimate"]
    return float(moved[effect] / moved[cause])


@pytest.mark.parametrize(("cause", "effect"), EFFECTS)
def test_what_the_graph_holds_finds_what_an_intervention_does(
    repository: Path, study: Study, joined: StudyGraph, scores: NodeValues, cause: str, effect: str
) -> None:
    held = [name for name in declared_terms(study, effect, "customers") if name != cause]
    compared = compared_path(study, joined.graph, scores, "customers", cause, effect, held)
    best: Comparison = compared.comparisons[-1]
    assert (best.series, best.answers) == ("graph", "total")
    error = (best.freed_high - best.freed_low) / 2 / 2.02  # t, 39 degrees of freedom
    # the ends of the scale bend both ways by a little
    assert abs(best.freed - intervened(repository, cause, effect)) < 3.3 * error + 0.01


def test_the_true_paths_earn_their_effect_and_the_others_do_not(study: Study) -> None:
    found = causal_footing(study)
    assert found is not None
    earned = {
        (path.compared.source, path.compared.outcome): (path.footing.earned, path.footing.ground)
        for path in found.paths
    }
    for pair in [
        *EFFECTS[:7],
        ("trust", "loyalty"),
        ("response_time", "satisfaction"),
        ("assurance", "trust"),
    ]:
        assert earned[pair] == ("effect", "none"), pair
    assert earned["loyalty", "repurchase"] == ("effect", "none")
    assert earned["tangibles", "trust"] == ("association", "no_arrow")  # though its interval keeps off zero
    assert earned["responsiveness", "trust"] == ("association", "no_arrow")
    assert earned["satisfaction", "loyalty"] == ("association", "open_way")  # recovery is not measured
    best = {(path.compared.source, path.compared.outcome): path.compared.best for path in found.paths}
    nothing = best["responsiveness", "trust"]
    assert nothing.conf_low > 0
    assert nothing.freed_low < 0 < nothing.freed_high
    assert np.isfinite([one.freed for one in best.values()]).all()

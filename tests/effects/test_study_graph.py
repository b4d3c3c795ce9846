"""A study's declared graph: arrows both ways, what is unmeasured, and which data file measures the rest."""

from __future__ import annotations

from types import ModuleType

import pytest

from servicefx.effects.graph import open_path
from servicefx.effects.study_graph import spelled, study_graph
from servicefx.errors import StudyError


def test_arrows_make_the_graph_and_a_double_one_an_unmeasured_common_cause(made: ModuleType) -> None:
    arrows = ["service_quality -> trust", "trust -> loyalty", "trust <-> satisfaction", "age -> loyalty"]
    arrows += ["mood -> loyalty", "mood -> satisfaction"]
    found = study_graph(made.survey(graph={"arrows": arrows, "unmeasured": ["mood"]}))
    assert found is not None
    assert found.data == "customers"
    assert found.graph.latent == {"trust ↔ satisfaction", "mood"}
    assert found.graph.parents["satisfaction"] == {"trust ↔ satisfaction", "mood"}
    assert found.graph.parents["trust"] == {"service_quality", "trust ↔ satisfaction"}
    assert found.graph.observed == ("service_quality", "trust", "loyalty", "satisfaction", "age")
    way = open_path(found.graph, "trust", "satisfaction")
    assert spelled(way) == "'trust' ↔ 'satisfaction'"
    assert spelled(open_path(found.graph, "trust", "age", ["loyalty"])) == "'trust' → 'loyalty' ← 'age'"


def test_a_study_without_a_graph_has_none(made: ModuleType) -> None:
    assert study_graph(made.survey()) is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"arrows": ["trust loyalty"]}, r"graph\.arrows\[0\]: 'trust loyalty' is no arrow, expected"),
        ({"arrows": ["age -> bought"]}, "graph: no data file measures all of its constructs"),
        ({"arrows": ["trust -> loyalty", "loyalty -> trust"]}, "is a loop"),
    ],
)
def test_graphs_that_make_no_sense_are_refused(
    made: ModuleType, table: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        study_graph(made.survey(graph=table))


def test_a_graph_of_columns_alone_needs_its_data_file_said(made: ModuleType) -> None:
    found = study_graph(made.survey(graph={"arrows": ["age -> bought"], "data": "customers"}))
    assert found is not None
    assert found.data == "customers"

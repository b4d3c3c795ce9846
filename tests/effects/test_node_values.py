"""What was measured of a graph's nodes: scores, 0/1 columns, refusals, and how much is error."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from servicefx.effects.node_values import node_values
from servicefx.effects.study_graph import study_graph
from servicefx.errors import DataError
from servicefx.measurement.reliability import reliability_table

ARROWS = ["service_quality -> trust", "trust -> loyalty", "channel -> loyalty", "age -> loyalty"]


def test_scores_columns_and_texts_become_values(made: ModuleType) -> None:
    frame = made.survey_frame()
    frame["channel"] = np.where(np.arange(400) % 3 == 0, "shop", "online")
    study = made.survey(frame, graph={"arrows": [*ARROWS, "loyalty -> repurchase"]})
    graph = study_graph(study)
    assert graph is not None
    values = node_values(study, graph)
    assert values.names == ("service_quality", "trust", "loyalty", "channel", "age", "repurchase")
    assert dict(values.error) == {
        "service_quality": "items", "trust": "items", "loyalty": "items", "channel": "none", "age": "none",
        "repurchase": "none",
    }  # fmt: skip
    assert set(values.scores[:, 3]) == {0.0, 1.0}
    assert values.clusters is not None
    assert len(set(values.clusters.tolist())) == 40
    alpha = reliability_table(frame[["tru1", "tru2"]], {"trust": ["tru1", "tru2"]})
    expected = alpha.loc[alpha["measure"] == "alpha", "estimate"].item()
    assert values.reliability["trust"] == pytest.approx(expected, abs=1e-12)
    assert values.reliability["age"] == 1.0


def test_one_answer_on_a_scale_does_not_tell_its_error(made: ModuleType) -> None:
    constructs = made.CONSTRUCTS | {
        "loyalty": {"mode": "single", "items": ["loy1"], "scale": "seven"},
        "trust": {"mode": "formative", "items": ["tru1", "tru2"], "scale": "seven"},
    }
    study = made.survey(constructs=constructs, graph={"arrows": ["trust -> loyalty"]})
    graph = study_graph(study)
    assert graph is not None
    values = node_values(study, graph)
    assert dict(values.error) == {"trust": "unknown", "loyalty": "unknown"}
    assert np.isnan([values.reliability["trust"], values.reliability["loyalty"]]).all()


def test_a_column_of_three_texts_is_no_number(made: ModuleType) -> None:
    frame = made.survey_frame()
    frame["channel"] = np.array(["shop", "online", "phone"])[np.arange(400) % 3]
    study = made.survey(frame, graph={"arrows": ARROWS})
    graph = study_graph(study)
    assert graph is not None
    values = node_values(study, graph)
    assert values.refused == {"channel": "3 groups, which one number does not hold"}
    assert "channel" not in values.names


def test_a_name_that_is_nothing_is_refused(made: ModuleType) -> None:
    study = made.survey(graph={"arrows": ["trust -> loyalty", "agee -> loyalty"]})
    graph = study_graph(study)
    assert graph is not None
    with pytest.raises(DataError, match=r"'agee' is neither a construct measured here nor a column"):
        node_values(study, graph)


def test_gaps_make_a_score_noisier(made: ModuleType) -> None:
    study = made.survey(graph={"arrows": ["trust -> loyalty"]})
    gappy = made.survey_frame()
    gappy.loc[:200, "tru2"] = np.nan
    more = made.survey(gappy, graph={"arrows": ["trust -> loyalty"]})
    reliabilities = []
    for one in (study, more):
        graph = study_graph(one)
        assert graph is not None
        reliabilities.append(node_values(one, graph))
    full, holes = reliabilities
    assert holes.reliability["trust"] < full.reliability["trust"]
    assert holes.reliability["loyalty"] == full.reliability["loyalty"]
    assert not np.isnan(holes.noise).any()
    nobody = made.survey(made.survey_frame().assign(tru2=np.nan), graph={"arrows": ["trust -> loyalty"]})
    graph = study_graph(nobody)
    assert graph is not None
    assert node_values(nobody, graph).error["trust"] == "unknown"

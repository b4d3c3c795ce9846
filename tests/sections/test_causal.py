"""The causal section: its tables hold what was computed, and its sentences claim no more than was earned."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servicefx.effects.footing import GROUNDS
from servicefx.effects.path_footing import causal_footing
from servicefx.report.cells import in_words
from servicefx.report.words import coded, keys, say
from servicefx.sections.causal import causal_section
from servicefx.study.study import Study
from servicefx.values.table import Phrase, Section

ARROWS = [
    "mood -> service_quality", "mood -> trust", "service_quality -> trust", "service_quality -> satisfaction",
    "trust -> satisfaction", "satisfaction -> loyalty", "trust -> loyalty", "loyalty -> repurchase",
    "age -> loyalty",
]  # fmt: skip
GRAPH = {"arrows": ARROWS, "unmeasured": ["mood"]}
CAUSAL = {"en": ("raises", "lowers"), "zh": ("提高：", "降低：")}


@pytest.fixture(scope="module")
def study(made: ModuleType) -> Study:
    frame = made.survey_frame(3000, seed=3)
    made_study: Study = made.survey(frame, graph=GRAPH)
    return made_study


@pytest.fixture(scope="module")
def section(study: Study) -> Section:
    built = causal_section(study)
    assert built is not None
    return built


def rows(section: Section, name: str) -> pd.DataFrame:
    return next(table.rows for table in section.tables if table.id == name)


def said(section: Section, language: str = "en") -> list[str]:
    return [say(finding, str, language) for finding in section.findings]


def test_a_study_without_a_graph_says_nothing(made: ModuleType) -> None:
    assert causal_section(made.survey()) is None


def test_tables_come_in_reading_order(section: Section) -> None:
    assert [table.id for table in section.tables] == [
        "causal_footing", "adjustment", "adjusted_effects", "controls", "independences", "robustness",
        "robustness_bounds", "robustness_grid",
    ]  # fmt: skip
    assert [figure.id for figure in section.figures] == ["robustness"]
    assert (section.id, section.title.key) == ("causal", "section.causal")


def test_rows_are_those_of_the_effects(study: Study, section: Section) -> None:
    found = causal_footing(study)
    assert found is not None
    footing = rows(section, "causal_footing")
    for row, path in zip(footing.to_dict("records"), found.paths, strict=True):
        best = path.compared.best
        assert (row["from"], row["to"]) == (path.compared.source, path.compared.outcome)
        untestable = path.footing.earned == "effect" and not path.sharpness.testable
        ground = "no_test" if untestable else path.footing.ground
        assert (row["footing"], row["ground"]) == (path.footing.earned, ground)
        numbers = [row[name] for name in ("estimate", "conf_low", "conf_high", "robustness_value")]
        assert numbers == [best.estimate, best.conf_low, best.conf_high, path.strength.strength]
    effects = rows(section, "adjusted_effects")
    adjustment = rows(section, "adjustment")
    assert len(effects) == len(adjustment) == sum(len(path.compared.comparisons) for path in found.paths)
    tests = rows(section, "independences")
    pd.testing.assert_frame_equal(tests, found.independences[list(tests.columns)])


def test_instruments_are_listed_where_no_terms_suffice(made: ModuleType) -> None:
    graph = {"arrows": ["age -> trust", "trust -> loyalty", "trust <-> loyalty"]}
    built = causal_section(made.survey(graph=graph, paths=[{"from": "trust", "to": "loyalty"}]))
    assert built is not None
    listed = rows(built, "instruments").to_dict("records")
    assert listed == [{"from": "trust", "to": "loyalty", "term": "age", "given": ""}]
    assert "stays open that no measured terms close: 'trust' ↔ 'loyalty'." in said(built)[-1]
    left = rows(built, "controls").to_dict("records")
    assert [(row["role"], row["open_way"]) for row in left] == [("left open", "trust ↔ loyalty")]


def test_one_sentence_a_path_and_two_about_the_graph(section: Section) -> None:
    assert [finding.key for finding in section.findings] == [
        "finding.footing",
        "finding.graph_stands_open",
        "finding.goes_open_way",
        "finding.effect_untestable",
        "finding.effect_untestable",
        "finding.effect",
        "finding.effect",
        "finding.effect_alone",
    ]
    text = said(section)
    assert text[0].startswith("If the declared graph is right, 5 of 6 declared paths may be read as effects")
    assert text[2].startswith("service_quality goes with trust (+")
    assert text[2].endswith(
        "and no more is claimed: a way stays open that no measured terms close: "
        "'service_quality' ← 'mood' → 'trust'."
    )
    assert text[3].startswith("If the graph is right, one point of service_quality raises satisfaction: +")
    assert "without item error +" in text[3]
    assert "(direct effect, 1 term held)" in text[3]
    assert "percentage points" in text[7]
    assert "nothing held" in text[7]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_cause_is_never_claimed_silently(section: Section, language: str) -> None:
    assert [path.key for path in section.findings if path.key.endswith("_untestable")]
    for finding, text in zip(section.findings[2:], said(section, language)[2:], strict=True):
        causal = any(word in text for word in CAUSAL[language])
        assert causal == finding.key.startswith("finding.effect")
        if causal:
            assert text.startswith("If the graph is right" if language == "en" else "若因果图正确")
            assert "unmeasured cause" in text or "未测量的混杂因素" in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_ground_has_a_sentence_and_a_word(language: str) -> None:
    values: dict[str, Any] = {
        "term": "trust", "outcome": "loyalty", "step": "point", "unit": "points", "estimate": 0.2,
        "conf_low": 0.1, "conf_high": 0.3, "freed": 0.25, "way": "'trust' ← 'mood' → 'loyalty'",
        "left": "age", "right": "loyalty", "size": 0.1, "why": "one item",
        "narrow": 0.3, "n": 12, "least": 30,
    }  # fmt: skip
    for ground in GROUNDS:
        assert coded("ground", ground, language)
        if ground == "none":
            continue
        assert f"finding.goes_{ground}" in keys(language)
        text = say(Phrase(key=f"finding.goes_{ground}", values=values), str, language)
        assert not any(word in text for word in CAUSAL[language])
    assert coded("ground", "no_test", language)
    for verdict in ("contradicted", "small", "attenuated", "near_zero", "undecided", "not_judged"):
        assert coded("verdict", verdict, language)
    roles = ["mediator", "after a mediator", "after the effect", "opens a path", "instrument", "left open"]
    assert all(coded("role", role, language) for role in [*roles, "not in the graph"])


def test_a_path_whose_slope_turns_is_not_said_to_lower(made: ModuleType, rng: np.random.Generator) -> None:
    frame = made.survey_frame(1500)
    frame["age"] = rng.normal(50, 10, 1500)
    frame["bought"] = 0.5 * ((frame["age"] - 47) / 10) ** 2 + rng.standard_normal(1500)
    constructs = made.CONSTRUCTS | {"response_time": {"mode": "single", "items": ["age"]}}
    paths = [{"from": "response_time", "to": "repurchase"}]
    graph = {"arrows": ["response_time -> repurchase", "trust -> loyalty"]}
    built = causal_section(made.survey(frame, constructs=constructs, paths=paths, graph=graph))
    assert built is not None
    assert built.findings[-1].key == "finding.goes_turns"


def test_of_very_many_paths_the_strongest_effect_on_each_outcome_is_spoken_of(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("servicefx.sections.causal_findings._ALL_SPOKEN", 5)
    built = causal_section(study)
    assert built is not None
    spoken = [dict(finding.values) for finding in built.findings[2:]]
    assert [(values.get("term"), values.get("outcome")) for values in spoken] == [
        ("service_quality", "trust"), ("service_quality", "satisfaction"), ("satisfaction", "loyalty"),
        ("loyalty", "repurchase"), (None, None),
    ]  # fmt: skip
    footing = rows(built, "causal_footing").set_index(["from", "to"])["robustness_value"]
    assert footing["satisfaction", "loyalty"] > footing["trust", "loyalty"]
    assert said(built)[-1].startswith("2 further paths that may be read as effects, if the graph is right")


def test_a_contradicted_graph_is_said_to_be_with_pair_size_and_interval(made: ModuleType) -> None:
    arrows = [arrow for arrow in ARROWS if arrow != "trust -> loyalty"]
    frame = made.survey_frame(3000, seed=3)
    built = causal_section(made.survey(frame, graph={"arrows": arrows, "unmeasured": ["mood"]}))
    assert built is not None
    worst = rows(built, "independences").iloc[0]
    assert (worst["left"], worst["right"], worst["verdict"]) == ("trust", "loyalty", "contradicted")
    text = said(built)[1]
    assert text.startswith("The data contradict ")
    assert f"most of all that of trust and loyalty: {worst['freed']:.2f} [" in text
    assert "finding.goes_contradicted" in [finding.key for finding in built.findings]


def test_a_graph_that_implies_nothing_says_so(made: ModuleType) -> None:
    graph = {"arrows": ["satisfaction -> trust", "satisfaction -> loyalty", "trust -> loyalty"]}
    built = causal_section(made.survey(graph=graph, paths=[{"from": "trust", "to": "loyalty"}]))
    assert built is not None
    assert [finding.key for finding in built.findings][1:] == [
        "finding.graph_untested",
        "finding.goes_untested",
    ]
    assert "independences" not in [table.id for table in built.tables]


def test_the_figure_is_drawn_from_rows_of_its_table(section: Section) -> None:
    figure, grid = section.figures[0], rows(section, "robustness_grid")
    assert (figure.kind, figure.critical, figure.source) == ("contour", 0.0, "robustness_grid")
    expected = grid.rename(columns={"r2_term": "x", "r2_outcome": "y"})[["x", "y", "estimate"]]
    pd.testing.assert_frame_equal(figure.rows, expected)
    assert len(np.unique(figure.rows["x"])) ** 2 == len(figure.rows)
    bounds = rows(section, "robustness_bounds")
    shown = bounds[(bounds["term"] == dict(figure.title.values)["term"]) & (bounds["undefined"] == "")]
    assert figure.points is not None
    assert figure.points["x"].tolist() == shown["r2_term"].tolist()
    assert figure.points["y"].tolist() == shown["r2_outcome"].tolist()


def test_notes_say_sample_errors_and_what_deceives(section: Section) -> None:
    notes = {table.id: {note.key: dict(note.values) for note in table.notes} for table in section.tables}
    assert notes["causal_footing"]["note.clusters"] == {"column": "outlet", "n": 40}
    assert notes["causal_footing"]["note.graph"] == {"n": 6, "arrows": 9, "n_latent": 1}
    assert notes["causal_footing"]["note.graph_latent"] == {"names": "'mood'"}
    assert "note.footing_share" in notes["causal_footing"]
    verdicts = rows(section, "independences")["verdict"]
    attenuated = {"n": int((verdicts == "attenuated").sum()), "all": len(verdicts)}
    assert notes["independences"]["note.attenuated"] == attenuated
    assert attenuated["n"] > 0
    assert "note.robustness_classical" in notes["robustness"]
    for table in section.tables:
        for note in table.notes:
            for language in ("en", "zh"):
                assert say(note, str, language)


def test_ways_and_lists_of_nodes_are_shown_by_their_labels() -> None:
    labels = {"trust": "Trust", "loyalty": "Loyalty"}
    show = lambda name: labels.get(name, name)  # noqa: E731
    assert in_words("open_way", "trust ← mood → loyalty", show, "en") == "Trust ← mood → Loyalty"
    assert in_words("open_way", "trust ↔ loyalty", show, "en") == "Trust ↔ Loyalty"
    assert in_words("given", "trust, loyalty, age", show, "en") == "Trust, Loyalty, age"


def test_a_graph_that_cannot_be_read_is_refused_in_words(made: ModuleType) -> None:
    graph = {"arrows": ["trust -> loyalty", "agee -> loyalty"]}
    built = causal_section(made.survey(graph=graph))
    assert built is not None
    assert built.tables == ()
    assert "'agee' is neither a construct" in str(dict(built.notes[0].values)["why"])

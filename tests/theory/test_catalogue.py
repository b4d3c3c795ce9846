"""The catalogue holds everything theory.md lists, joined up and in both languages."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from servicefx.theory import catalogue
from servicefx.theory.catalogue import construct_label, hypothesis_for, load_theory, service_dimensions

# Ids of the theory page: sections 1, 2 (hypotheses and moderators), 4 and 5.
CONSTRUCTS = [
    "reliability",
    "responsiveness",
    "assurance",
    "empathy",
    "tangibles",
    "expectation",
    "staff_quality",
    "problem_solving",
    "relationship_care",
    "promise_keeping",
    "service_information",
    "service_culture",
    "product_quality",
    "process",
    "technical_support",
    "information_system",
    "channel_access",
    "complaint_handling",
    "satisfaction",
    "trust",
    "service_quality",
    "gap",
    "response_time",
    "perceived_value",
    "price_sensitivity",
    "customer_value",
    "loyalty",
    "repurchase",
    "word_of_mouth",
    "churn",
    "brand_image",
    "employee_satisfaction",
    "employee_performance",
    "employee_retention",
    "feedback",
    "innovation",
    "competitiveness",
    "market_share",
    "relative_service",
    "acquisition_cost",
    "marketing_cost",
    "revenue",
    "profit",
    "growth",
    "service_spending",
    "failure_cost",
    "social_benefit",
]
MODERATORS = [
    "product_complexity",
    "product_fragility",
    "price_class",
    "customer_need",
    "competitive_intensity",
    "firm_strategy",
    "market_stage",
    "outlet_type",
    "channel",
    "industry",
]
HYPOTHESES = ["H1a", "H1b", "H1c", "H1d", "H1e", *(f"H{number}" for number in range(2, 20))]
CLAIMS = [f"K{number}" for number in range(1, 11)]
COST_LINES = ["labour", "material", "facility", "communication", "management"]
BENEFIT_LINES = [
    "retention",
    "up_sell",
    "word_of_mouth",
    "price_premium",
    "paid_service",
    "cost_avoided",
    "market_share",
    "image",
]

DIMENSIONS = ("tangibles", "reliability", "responsiveness", "assurance", "empathy")
INPUTS = (
    "staff_quality",
    "process",
    "technical_support",
    "information_system",
    "channel_access",
    "problem_solving",
    "relationship_care",
    "service_information",
    "service_culture",
)

# Section 2, arrow by arrow: hypothesis, sources, targets, sign, form, levels.
ARROWS: list[tuple[str, tuple[str, ...], tuple[str, ...], str, str, str]] = [
    ("H1a", ("reliability",), ("satisfaction",), "+", "linear", "C"),
    ("H1b", ("responsiveness",), ("satisfaction",), "+", "linear", "C"),
    ("H1c", ("assurance",), ("satisfaction",), "+", "linear", "C"),
    ("H1d", ("empathy",), ("satisfaction",), "+", "linear", "C"),
    ("H1e", ("tangibles",), ("satisfaction",), "+", "linear", "C"),
    ("H2", ("gap",), ("satisfaction",), "+", "linear", "C"),
    ("H2", ("gap",), ("satisfaction",), "+", "asymmetric", "C"),
    ("H3", INPUTS, DIMENSIONS, "+", "linear", "CF"),
    ("H3", INPUTS, ("satisfaction",), "+", "mediated", "CF"),
    ("H4", ("satisfaction",), ("loyalty",), "+", "linear", "C"),
    ("H4", ("loyalty",), ("repurchase",), "+", "linear", "C"),
    ("H4", ("satisfaction",), ("repurchase",), "+", "mediated", "C"),
    ("H5", ("satisfaction",), ("word_of_mouth",), "+", "linear", "C"),
    ("H5", ("satisfaction",), ("word_of_mouth",), "none", "asymmetric", "C"),
    ("H6", ("service_quality",), ("trust", "satisfaction"), "+", "linear", "C"),
    ("H6", ("trust",), ("loyalty",), "+", "linear", "C"),
    ("H6", ("service_quality",), ("loyalty",), "+", "mediated", "C"),
    ("H7", ("satisfaction",), ("brand_image",), "+", "linear", "CF"),
    ("H7", ("brand_image",), ("loyalty",), "+", "linear", "C"),
    ("H7", ("brand_image",), ("market_share",), "+", "linear", "F"),
    ("H7", ("satisfaction",), ("loyalty",), "+", "mediated", "C"),
    ("H7", ("satisfaction",), ("market_share",), "+", "mediated", "F"),
    (
        "H7",
        ("brand_image", "promise_keeping"),
        ("expectation", "trust", "satisfaction"),
        "+",
        "linear",
        "C",
    ),
    ("H8", ("service_quality",), ("perceived_value",), "+", "linear", "C"),
    ("H8", ("perceived_value",), ("satisfaction",), "+", "linear", "C"),
    ("H8", ("service_quality",), ("satisfaction",), "+", "mediated", "C"),
    ("H8", ("perceived_value",), ("price_sensitivity",), "-", "linear", "C"),
    ("H9", ("complaint_handling",), ("satisfaction", "loyalty"), "+", "linear", "C"),
    (
        "H10",
        ("loyalty", "repurchase", "word_of_mouth"),
        ("revenue", "profit", "growth", "market_share"),
        "+",
        "linear",
        "F",
    ),
    ("H11", ("satisfaction",), ("failure_cost", "acquisition_cost", "marketing_cost"), "-", "linear", "F"),
    ("H12", ("service_quality",), ("employee_satisfaction",), "+", "linear", "EF"),
    (
        "H12",
        ("employee_satisfaction",),
        ("service_quality", "employee_performance", "employee_retention"),
        "+",
        "linear",
        "EF",
    ),
    ("H12", ("employee_performance", "employee_retention"), ("service_quality",), "+", "linear", "EF"),
    ("H12", ("employee_satisfaction",), ("service_quality",), "+", "mediated", "EF"),
    ("H13", ("feedback",), ("innovation",), "+", "linear", "F"),
    ("H13", ("innovation",), ("satisfaction", "competitiveness"), "+", "linear", "F"),
    ("H13", ("feedback",), ("satisfaction", "competitiveness"), "+", "mediated", "F"),
    ("H14", ("service_spending",), ("satisfaction",), "+", "concave", "F"),
    ("H14", ("service_spending",), ("profit",), "none", "concave", "F"),
    ("H15", ("response_time",), ("satisfaction",), "-", "threshold", "C"),
    ("H16", ("service_quality",), ("satisfaction",), "+", "lagged", "F"),
    ("H16", ("satisfaction",), ("satisfaction", "loyalty", "revenue"), "+", "lagged", "F"),
    ("H16", ("loyalty",), ("loyalty",), "+", "lagged", "F"),
    ("H17", ("relative_service",), ("market_share",), "+", "linear", "F"),
    ("H17", ("relative_service",), ("market_share",), "+", "interaction", "F"),
    ("H18", ("technical_support",), ("satisfaction",), "+", "interaction", "CF"),
    ("H18", ("response_time",), ("satisfaction",), "-", "interaction", "CF"),
    ("H18", ("responsiveness", "staff_quality"), ("satisfaction",), "+", "interaction", "CF"),
    ("H19", ("gap",), ("satisfaction",), "+", "interaction", "C"),
]

HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]")


def bilingual_texts() -> list[tuple[str, str, str]]:
    """(where, English, Chinese) of every text the catalogue keeps in both languages."""
    theory = load_theory()
    labelled: list[Any] = [
        *theory.constructs.values(),
        *theory.moderators.values(),
        *theory.cost_lines.values(),
        *theory.benefit_lines.values(),
    ]
    worded: list[Any] = [*theory.hypotheses.values(), *theory.claims.values()]
    parts = [part for claim in theory.claims.values() for part in claim.parts]
    return [
        *((entry.id, entry.label_en, entry.label_zh) for entry in labelled),
        *((entry.id, entry.wording_en, entry.wording_zh) for entry in worded),
        *((part.id, part.measured_en, part.measured_zh) for part in parts),
    ]


def test_every_id_of_the_theory_is_there_and_no_other() -> None:
    theory = load_theory()
    assert list(theory.constructs) == CONSTRUCTS
    assert list(theory.moderators) == MODERATORS
    assert list(theory.hypotheses) == HYPOTHESES
    assert list(theory.claims) == CLAIMS
    assert list(theory.cost_lines) == COST_LINES
    assert list(theory.benefit_lines) == BENEFIT_LINES


def test_an_entry_carries_the_id_it_is_found_under() -> None:
    theory = load_theory()
    for shelf in (
        theory.constructs,
        theory.moderators,
        theory.hypotheses,
        theory.claims,
        theory.cost_lines,
        theory.benefit_lines,
    ):
        assert [entry.id for entry in shelf.values()] == list(shelf)


def test_constructs_and_moderators_share_no_id() -> None:
    assert not set(load_theory().constructs) & set(load_theory().moderators)


def test_every_arrow_of_the_theory_is_there_and_no_other() -> None:
    listed = [
        (id, source, target, sign, form, tuple(levels))
        for id, sources, targets, sign, form, levels in ARROWS
        for source in sources
        for target in targets
    ]
    held = [
        (hypothesis.id, path.source, path.target, path.sign, path.form, path.levels)
        for hypothesis in load_theory().hypotheses.values()
        for path in hypothesis.paths
    ]
    assert held == listed


def test_every_arrow_joins_known_constructs() -> None:
    theory = load_theory()
    for hypothesis in theory.hypotheses.values():
        for path in hypothesis.paths:
            assert {path.source, path.target, *path.via} <= set(theory.constructs), hypothesis.id
            assert set(path.moderators) <= {*theory.constructs, *theory.moderators}, hypothesis.id


def test_mediators_stand_on_mediated_arrows_and_moderators_on_interactions() -> None:
    for hypothesis in load_theory().hypotheses.values():
        for path in hypothesis.paths:
            assert bool(path.via) == (path.form == "mediated"), hypothesis.id
            assert bool(path.moderators) == (path.form == "interaction"), hypothesis.id
            assert (path.interaction != "none") == (path.form == "interaction"), hypothesis.id
            assert not {path.source, path.target} & {*path.via, *path.moderators}, hypothesis.id


def test_both_legs_of_a_mediated_arrow_are_hypotheses_too() -> None:
    for hypothesis in load_theory().hypotheses.values():
        for path in hypothesis.paths:
            for mediator in path.via:
                assert hypothesis_for(path.source, mediator) is not None, (hypothesis.id, mediator)
                assert hypothesis_for(mediator, path.target) is not None, (hypothesis.id, mediator)


def test_an_arrow_depends_on_its_past_only_where_it_is_lagged() -> None:
    for hypothesis in load_theory().hypotheses.values():
        for path in hypothesis.paths:
            assert path.source != path.target or path.form == "lagged", hypothesis.id


@pytest.mark.parametrize(
    ("id", "moderators"),
    [
        ("H4", ()),
        ("H17", ("competitive_intensity",)),
        ("H18", ("product_complexity", "price_class")),
        ("H19", ("loyalty", "brand_image")),
    ],
)
def test_moderated_hypotheses_name_their_moderators(id: str, moderators: tuple[str, ...]) -> None:
    assert load_theory().hypotheses[id].moderators == moderators


def test_the_product_turns_which_effect_it_strengthens() -> None:
    paths = load_theory().hypotheses["H18"].paths
    assert {path.source: path.interaction for path in paths} == {
        "technical_support": "+",  # stronger for complex goods
        "response_time": "-",  # a long wait hurts more
        "responsiveness": "-",  # stronger for everyday goods
        "staff_quality": "-",
    }


def test_every_text_in_two_languages_is_english_and_chinese() -> None:
    for where, english, chinese in bilingual_texts():
        assert LATIN.search(english), where
        assert not HAN.search(english), where
        assert HAN.search(chinese), where
        assert english == english.strip(), where
        assert chinese == chinese.strip(), where


@pytest.mark.parametrize("language", ["label_en", "label_zh"])
def test_no_two_constructs_or_moderators_share_a_label(language: str) -> None:
    theory = load_theory()
    labels = [
        getattr(entry, language) for entry in [*theory.constructs.values(), *theory.moderators.values()]
    ]
    assert len(set(labels)) == len(labels)


def test_nothing_worded_is_empty() -> None:
    theory = load_theory()
    for construct in theory.constructs.values():
        assert construct.meaning, construct.id
        assert construct.indicators, construct.id
        assert re.fullmatch(r"[AB]\d(\.\d)?(-[AB]\d)?(, [AB]\d(\.\d)?(-[AB]\d)?)*", construct.source), (
            construct.id
        )
    for moderator in theory.moderators.values():
        assert moderator.meaning, moderator.id
    for line in [*theory.cost_lines.values(), *theory.benefit_lines.values()]:
        assert line.counted, line.id
    for claim in theory.claims.values():
        assert all([claim.source, claim.data_needed, claim.reading, claim.background]), claim.id


def test_the_catalogue_is_read_once() -> None:
    assert load_theory() is load_theory()


def test_the_five_dimensions_stand_in_servqual_order() -> None:
    assert service_dimensions() == DIMENSIONS


@pytest.mark.parametrize(
    ("source", "target", "id"),
    [
        ("reliability", "satisfaction", "H1a"),
        ("satisfaction", "loyalty", "H4"),
        ("satisfaction", "repurchase", "H4"),
        ("service_quality", "satisfaction", "H6"),
        ("service_quality", "loyalty", "H6"),
        ("brand_image", "expectation", "H7"),
        ("employee_satisfaction", "service_quality", "H12"),
        ("response_time", "satisfaction", "H15"),
        ("loyalty", "loyalty", "H16"),
        ("satisfaction", "revenue", "H16"),
        ("loyalty", "tangibles", None),
        ("repurchase", "loyalty", None),
        ("age_of_kettle", "satisfaction", None),
    ],
)
def test_an_arrow_belongs_to_its_hypothesis(source: str, target: str, id: str | None) -> None:
    assert hypothesis_for(source, target) == id


def test_a_plain_arrow_comes_before_one_that_only_mediates(monkeypatch: pytest.MonkeyPatch) -> None:
    theory = load_theory()
    backwards = {id: theory.hypotheses[id] for id in ("H7", "H4")}  # H7 only mediates satisfaction -> loyalty
    monkeypatch.setattr(catalogue, "load_theory", lambda: replace(theory, hypotheses=backwards))
    assert hypothesis_for("satisfaction", "loyalty") == "H4"


@pytest.mark.parametrize(
    ("id", "language", "label"),
    [
        ("satisfaction", "en", "Customer satisfaction"),
        ("satisfaction", "zh", "客户满意度"),
        ("employee_retention", "zh", "员工留任"),
        ("outlet_type", "zh", "网点类型"),
    ],
)
def test_a_label_comes_in_the_language_asked_for(id: str, language: str, label: str) -> None:
    assert construct_label(id, language) == label


def test_an_unknown_id_is_refused_with_the_closest() -> None:
    with pytest.raises(
        KeyError, match=r"no construct or moderator 'satisfacton' \(closest: 'satisfaction'\)"
    ):
        construct_label("satisfacton")


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="language 'fr' is not one of 'en', 'zh'"):
        construct_label("satisfaction", "fr")


def test_the_catalogue_loads_without_numpy_or_pandas() -> None:
    code = (
        "import sys; from servicefx.theory.catalogue import load_theory; load_theory(); "
        "sys.stdout.write(str(sorted({'numpy', 'pandas', 'scipy'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]", "")

"""The ledger (claims.toml) states the numbers of the texts, and what the literature says of them."""

from __future__ import annotations

from math import inf

import pytest

from servicefx.theory.catalogue import load_theory

# Section 5 of the theory page: part, rule, target_low, target_high, unit.
# "About x" is read as within a quarter of x, 44.8 % as within five percentage points.
TARGETS: list[tuple[str, str, float, float, str]] = [
    ("K1a", "at_least", 0.25, inf, "share"),
    ("K1b", "at_least", 0.10, inf, "share"),
    ("K2a", "range", 0.60, 0.70, "share"),
    ("K2b", "at_least", 0.90, inf, "share"),
    ("K3a", "range", 5.0, 10.0, "people"),
    ("K3b", "difference", 0.0, inf, "people"),
    ("K4a", "range", 0.25, 0.85, "share"),
    ("K5a", "at_least", 0.20, inf, "share"),
    ("K5b", "range", 0.75 * 0.15, 1.25 * 0.15, "share"),
    ("K6a", "range", 0.75 * 10, 1.25 * 10, "people"),
    ("K6b", "range", 0.75 * 20, 1.25 * 20, "people"),
    ("K7a", "range", 0.448 - 0.05, 0.448 + 0.05, "share"),
    ("K7b", "range", 0.448 - 0.05, 0.448 + 0.05, "share"),
    ("K8a", "at_most", -inf, 0.0, "points of the scale per hour"),
    ("K9a", "difference", 0.0, inf, "share"),
    ("K10a", "difference", 0.0, inf, "money per customer"),
    ("K10b", "at_most", -inf, 0.0, "money per point of the scale"),
]


def test_the_ledger_states_the_numbers_of_the_texts() -> None:
    parts = [part for claim in load_theory().claims.values() for part in claim.parts]
    assert [(part.id, part.rule, part.unit) for part in parts] == [
        (id, rule, unit) for id, rule, _, _, unit in TARGETS
    ]
    for part, (_, _, low, high, _) in zip(parts, TARGETS, strict=True):
        assert part.target_low == pytest.approx(low, abs=1e-12), part.id  # decimal fractions in binary
        assert part.target_high == pytest.approx(high, abs=1e-12), part.id


def test_a_part_is_numbered_after_its_claim_and_its_bounds_fit_its_rule() -> None:
    for claim in load_theory().claims.values():
        for letter, part in zip("abc", claim.parts, strict=False):
            assert part.id == claim.id + letter
            assert part.target_low < part.target_high, part.id
            assert (part.target_low == -inf) == (part.rule == "at_most"), part.id
            assert (part.target_high == inf) == (part.rule in ("at_least", "difference")), part.id


def test_four_claims_are_testable_now() -> None:
    assert [claim.id for claim in load_theory().claims.values() if claim.testable_now] == [
        "K2", "K3", "K6", "K8",
    ]  # fmt: skip


def test_claims_need_known_constructs() -> None:
    theory = load_theory()
    for claim in theory.claims.values():
        assert set(claim.constructs) <= set(theory.constructs), claim.id


def test_cutoffs_are_fractions_of_the_scale_and_give_whole_points_where_scales_have_them() -> None:
    cutoffs = load_theory().claims["K2"].cutoffs
    assert dict(cutoffs) == {"satisfied": 2 / 3, "highly_satisfied": 8 / 9, "buys_again": 7 / 9}
    # on 1-10: satisfied from 7, highly satisfied from 9, buys again from 8; on 1-7: satisfied from 5
    on_ten = {name: 1 + 9 * cutoff for name, cutoff in cutoffs.items()}
    assert on_ten == pytest.approx({"satisfied": 7, "highly_satisfied": 9, "buys_again": 8})
    assert 1 + 6 * cutoffs["satisfied"] == pytest.approx(5)
    for claim in load_theory().claims.values():
        assert all(0 < cutoff < 1 for cutoff in claim.cutoffs.values()), claim.id


def test_the_ledger_says_what_the_literature_says() -> None:
    claims = load_theory().claims
    assert "defection" in claims["K4"].background
    assert "Reichheld & Sasser (1990)" in claims["K4"].background_source
    assert "13 %" in claims["K6"].background
    assert "Anderson (1998)" in claims["K6"].background_source
    for claim in claims.values():
        assert bool(claim.background_source) != claim.background.startswith("No published source"), claim.id


def test_both_readings_of_the_live_stream_claim_are_kept() -> None:
    reasons, people = load_theory().claims["K7"].parts
    assert "share of all reasons" in reasons.measured_en
    assert "share of people" in people.measured_en

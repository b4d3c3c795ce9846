"""What the catalogue is made of cannot be changed, and sums up its arrows."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest

from servicefx.theory.catalogue import Theory, load_theory
from servicefx.theory.entries import ClaimPart, Hypothesis, HypothesisPath

CHAIN = Hypothesis(
    id="H0",
    wording_en="A moves B, B moves C.",
    wording_zh="甲影响乙，乙影响丙。",
    paths=(
        HypothesisPath(source="a", target="b", sign="+", form="linear", levels=("C",)),
        HypothesisPath(source="b", target="c", sign="-", form="linear", levels=("C", "F")),
        HypothesisPath(
            source="a",
            target="c",
            sign="+",
            form="interaction",
            levels=("F",),
            moderators=("m", "n"),
            interaction="-",
        ),
        HypothesisPath(
            source="b",
            target="c",
            sign="+",
            form="interaction",
            levels=("F",),
            moderators=("m",),
            interaction="+",
        ),
    ),
)


def test_a_hypothesis_lists_ends_moderators_and_levels_once_each_in_order() -> None:
    assert CHAIN.sources == ("a", "b")
    assert CHAIN.targets == ("b", "c")
    assert CHAIN.moderators == ("m", "n")
    assert CHAIN.levels == ("C", "F")


FIRST: list[Callable[[Theory], object]] = [
    lambda theory: theory,
    lambda theory: theory.constructs["trust"],
    lambda theory: theory.hypotheses["H4"],
    lambda theory: theory.hypotheses["H4"].paths[0],
    lambda theory: theory.moderators["channel"],
    lambda theory: theory.claims["K2"],
    lambda theory: theory.claims["K2"].parts[0],
    lambda theory: theory.cost_lines["labour"],
]


@pytest.mark.parametrize("entry", FIRST)
def test_no_field_of_an_entry_can_be_set(entry: Callable[[Theory], object]) -> None:
    held = entry(load_theory())
    for name in held.__dataclass_fields__:  # type: ignore[attr-defined]
        with pytest.raises(FrozenInstanceError):
            setattr(held, name, None)
    assert not hasattr(held, "__dict__")


@pytest.mark.parametrize(
    "shelf", ["constructs", "hypotheses", "moderators", "claims", "cost_lines", "benefit_lines"]
)
def test_nothing_can_be_put_into_the_catalogue(shelf: str) -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        getattr(load_theory(), shelf)["new"] = None


def test_the_cutoffs_of_a_claim_cannot_be_moved() -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        load_theory().claims["K2"].cutoffs["satisfied"] = 0.1  # type: ignore[index]


def test_lists_of_the_toml_become_tuples() -> None:
    theory = load_theory()
    assert isinstance(theory.constructs["trust"].indicators, tuple)
    assert isinstance(theory.moderators["channel"].categories, tuple)
    assert isinstance(theory.claims["K2"].constructs, tuple)
    assert isinstance(theory.claims["K2"].parts, tuple)
    assert isinstance(theory.hypotheses["H18"].paths[0].moderators, tuple)


def test_a_claim_part_survives_pickling() -> None:
    part: ClaimPart = load_theory().claims["K2"].parts[1]
    assert pickle.loads(pickle.dumps(part)) == part

"""The ladder: every reason that keeps a path from being called an effect, and the one case that has none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from servicefx.effects.footing import GROUNDS, Evidence, footing_of, tie_of
from servicefx.effects.graph import declared_graph

FIRM = Evidence(
    tie="arrow",
    closed=True,
    n_judged=3,
    n_contradicted=0,
    estimate=0.4,
    conf_low=0.3,
    conf_high=0.5,
    freed_low=0.35,
    freed_high=0.6,
    strength=0.2,
)
NAN = float("nan")
FALLS = {
    "absent": {"tie": "absent"},
    "unmeasured": {"tie": "unmeasured"},
    "reverse": {"tie": "reverse"},
    "no_arrow": {"tie": "none"},
    "indirect": {"tie": "indirect"},
    "open_way": {"closed": False},
    "not_estimated": {"estimate": NAN, "conf_low": NAN, "conf_high": NAN},
    "untested": {"n_judged": 0},
    "contradicted": {"n_contradicted": 1},
    "undecided": {"conf_low": -0.1},
    "turns": {"turns": True},
    "error_unknown": {"error_known": False, "freed_low": NAN, "freed_high": NAN},
    "only_error": {"freed_low": -0.1},
    "blunt": {"blunt": True},
    "no_robustness": {"strength": NAN},
}


def test_a_path_that_passes_every_check_is_an_effect() -> None:
    found = footing_of(FIRM)
    assert (found.earned, found.grounds, found.ground) == ("effect", (), "none")
    mirrored = replace(FIRM, estimate=-0.4, conf_low=-0.5, conf_high=-0.3, freed_low=-0.6, freed_high=-0.35)
    assert footing_of(mirrored).earned == "effect"


def test_every_ground_has_a_case_here() -> None:
    assert set(FALLS) == set(GROUNDS) - {"none"}


@pytest.mark.parametrize("ground", FALLS)
def test_any_one_failing_check_takes_the_effect_away(ground: str) -> None:
    found = footing_of(replace(FIRM, **FALLS[ground]))  # type: ignore[arg-type]  # one field each
    assert found.earned == "association"
    assert found.ground == ground
    if ground != "not_estimated":  # without an estimate its interval decides nothing either
        assert found.grounds == (ground,)


@pytest.mark.parametrize("sides", [(0.35, 0.6, -0.4), (-0.6, -0.35, 0.4)])
def test_an_estimate_whose_sign_turns_without_item_error_is_no_effect(
    sides: tuple[float, float, float],
) -> None:
    low, high, estimate = sides
    ends = (-0.5, -0.3) if estimate < 0 else (0.3, 0.5)
    turned = replace(
        FIRM, estimate=estimate, conf_low=ends[0], conf_high=ends[1], freed_low=low, freed_high=high
    )
    assert footing_of(turned).grounds == ("only_error",)


def test_an_estimate_that_could_not_be_freed_is_no_effect() -> None:
    assert footing_of(replace(FIRM, freed_low=NAN, freed_high=NAN)).grounds == ("only_error",)


def test_all_reasons_are_kept_weightiest_first() -> None:
    found = footing_of(replace(FIRM, closed=False, n_contradicted=2, conf_low=-1.0))
    assert found.grounds == ("open_way", "contradicted", "undecided")
    assert found.ground == "open_way"


def test_ties_are_told_apart() -> None:
    graph = declared_graph([("x", "m"), ("m", "y"), ("u", "y"), ("z", "y")], latent=["u"])
    ties = {pair: tie_of(graph, *pair) for pair in [
        ("x", "m"), ("x", "y"), ("y", "x"), ("x", "z"), ("u", "y"), ("x", "w"), ("w", "x"),
    ]}  # fmt: skip
    assert list(ties.values()) == ["arrow", "indirect", "reverse", "none", "unmeasured", "absent", "absent"]

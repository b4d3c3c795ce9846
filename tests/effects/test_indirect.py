from __future__ import annotations

import itertools
from types import ModuleType

import numpy as np
import pytest

from servicefx.effects.indirect import effects_between, mediator_sequences, shift_along
from servicefx.models.chain import Chain, fit_chain
from servicefx.models.drivers import fit_direct


@pytest.fixture
def chain(made: ModuleType) -> Chain:
    answer: Chain = fit_chain(made.survey(), "customers", binary=("repurchase",))
    return answer


def test_sequences_are_all_routes_shortest_first(chain: Chain) -> None:
    assert mediator_sequences(chain, "service_quality", "loyalty") == [
        ("satisfaction",),
        ("trust",),
        ("trust", "satisfaction"),
    ]
    assert mediator_sequences(chain, "trust", "loyalty") == [("satisfaction",)]
    assert mediator_sequences(chain, "loyalty", "trust") == []
    assert mediator_sequences(chain, "nothing", "loyalty") == []


def test_every_indirect_effect_is_the_product_along_its_route(chain: Chain) -> None:
    answers = {(a.kind, a.via): a.effect for a in effects_between(chain, "service_quality", "loyalty")}
    steps = ["service_quality", "trust", "satisfaction", "loyalty"]
    parts = [chain.path(left, right) for left, right in itertools.pairwise(steps)]
    long = answers["indirect", ("trust", "satisfaction")]
    assert long.estimate == pytest.approx(parts[0][0] * parts[1][0] * parts[2][0], rel=1e-14)
    assert long.draws == pytest.approx(parts[0][1] * parts[1][1] * parts[2][1], rel=1e-14)
    assert long.unit == "points per point"
    assert long.estimand == "change in loyalty per point of service_quality through trust, then satisfaction"


def test_total_is_direct_plus_indirect_for_the_estimate_and_every_draw(chain: Chain) -> None:
    for source, outcome in (
        ("service_quality", "loyalty"),
        ("trust", "loyalty"),
        ("service_quality", "trust"),
    ):
        answers = effects_between(chain, source, outcome)
        total = next(a.effect for a in answers if a.kind == "total")
        parts = [a.effect for a in answers if a.kind == "direct" or a.via]
        assert total.estimate == pytest.approx(sum(p.estimate for p in parts), abs=1e-14)
        assert total.draws == pytest.approx(sum(p.draws for p in parts), abs=1e-14)


def test_one_mediated_route_is_not_listed_twice(chain: Chain) -> None:
    kinds = [(a.kind, a.via) for a in effects_between(chain, "trust", "loyalty")]
    assert kinds == [("direct", ()), ("indirect", ("satisfaction",)), ("total", ())]


def test_a_shift_through_nothing_named_is_the_total_effect(chain: Chain) -> None:
    total = next(a.effect for a in effects_between(chain, "service_quality", "loyalty") if a.kind == "total")
    moved = shift_along(chain, "service_quality", "loyalty")
    assert moved is not None
    assert moved[0] == pytest.approx(total.estimate, abs=1e-14)
    assert moved[1] == pytest.approx(total.draws, abs=1e-14)


@pytest.mark.parametrize(
    ("through", "routes"),
    [
        (("trust",), [("trust",), ("trust", "satisfaction")]),
        (("satisfaction",), [("satisfaction",), ("trust", "satisfaction")]),
        (("trust", "satisfaction"), [("trust", "satisfaction")]),
        (("satisfaction", "trust"), []),
        (("loyalty",), [("satisfaction",), ("trust",), ("trust", "satisfaction")]),
        (("age",), []),
    ],
)
def test_a_shift_counts_the_routes_that_pass_the_names_in_order(
    chain: Chain, through: tuple[str, ...], routes: list[tuple[str, ...]]
) -> None:
    effects = {a.via: a.effect for a in effects_between(chain, "service_quality", "loyalty") if a.via}
    moved = shift_along(chain, "service_quality", "loyalty", through)
    if not routes:
        assert moved is None
    else:
        assert moved is not None
        assert moved[0] == pytest.approx(sum(effects[via].estimate for via in routes), rel=1e-13)
        assert moved[1] == pytest.approx(sum(effects[via].draws for via in routes), rel=1e-13)


def test_a_construct_moves_itself_point_for_point(chain: Chain) -> None:
    moved = shift_along(chain, "trust", "trust")
    assert moved is not None
    assert (moved[0], np.unique(moved[1]).tolist()) == (1.0, [1.0])
    assert shift_along(chain, "trust", "trust", ("satisfaction",)) is None


def test_without_any_route_there_is_no_shift(chain: Chain) -> None:
    assert shift_along(chain, "loyalty", "trust") is None
    assert shift_along(chain, "nothing", "loyalty") is None


def test_routes_of_a_loop_visit_a_construct_once(made: ModuleType) -> None:
    """`fit_chain` refuses loops; whoever joins equations by hand gets routes that end."""
    study = made.survey()
    terms = {
        "trust": ["service_quality", "satisfaction"],
        "satisfaction": ["trust"],
        "loyalty": ["satisfaction"],
    }
    fits = {outcome: fit_direct(study, outcome, names) for outcome, names in terms.items()}
    loop = Chain(data="customers", fits=fits, draws={}, draw_source="none")
    assert mediator_sequences(loop, "service_quality", "loyalty") == [("trust", "satisfaction")]

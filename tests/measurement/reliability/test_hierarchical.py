from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError, IdentificationError
from servicefx.measurement.reliability import omega_hierarchical
from servicefx.moments.moments import Moments

LOADINGS = np.array([0.9, 0.7, 0.6, 0.8, 0.75, 0.5, 0.85, 0.65, 0.7])
GENERAL = np.repeat([0.8, 0.7, 0.6], 3)
NAMES = [f"项 {at}" for at in range(9)]
DIMENSIONS = {"速度": NAMES[:3], "care": NAMES[3:6], "price": NAMES[6:]}


def second_order() -> np.ndarray:
    general = LOADINGS * GENERAL
    special = LOADINGS * np.sqrt(1 - GENERAL**2)
    same = np.kron(np.eye(3), np.ones((3, 3)))
    return np.outer(general, general) + np.outer(special, special) * same + np.diag(1 - LOADINGS**2)


def moments(S: np.ndarray, n: int = 500) -> Moments:
    return Moments(names=tuple(NAMES), n_obs=n, mean=None, cov=S)


@pytest.mark.parametrize("model", ["second_order", "bifactor"])
def test_a_population_gives_back_its_shares(model: str) -> None:
    general, special = LOADINGS * GENERAL, LOADINGS * np.sqrt(1 - GENERAL**2)
    if model == "bifactor":  # loadings that are no second-order model's
        general = np.array([0.6, 0.5, 0.7, 0.4, 0.6, 0.5, 0.7, 0.4, 0.5])
        special = np.array([0.4, 0.6, 0.3, 0.6, 0.3, 0.5, 0.2, 0.5, 0.6])
    same = np.kron(np.eye(3), np.ones((3, 3)))
    S = np.outer(general, general) + np.outer(special, special) * same
    S += np.diag(1 - general**2 - special**2)
    table = omega_hierarchical(moments(S), DIMENSIONS, model=model)
    blocks = {name: np.arange(3 * at, 3 * at + 3) for at, name in enumerate(DIMENSIONS)}
    own = {name: special[at].sum() ** 2 for name, at in blocks.items()}
    expected = {
        ("general", "omega"): (general.sum() ** 2 + sum(own.values())) / S.sum(),
        ("general", "omega_hierarchical"): general.sum() ** 2 / S.sum(),
    }
    for name, at in blocks.items():
        total = S[np.ix_(at, at)].sum()
        expected[name, "omega"] = (general[at].sum() ** 2 + own[name]) / total
        expected[name, "omega_hierarchical_subscale"] = own[name] / total
    ours = dict(zip(zip(table["construct"], table["measure"], strict=True), table["estimate"], strict=True))
    assert ours == pytest.approx(expected, rel=1e-6)
    assert (table["conf_low"] < table["estimate"]).all()
    assert (table["estimate"] < table["conf_high"]).all()
    assert (table["undefined"] == "").all()


def test_errors_are_those_of_the_bootstrap(rng: np.random.Generator) -> None:
    rows = pd.DataFrame(rng.multivariate_normal(np.zeros(9), second_order(), 800), columns=NAMES)
    table = omega_hierarchical(rows, DIMENSIONS).set_index(["construct", "measure"])
    drawn = [
        omega_hierarchical(rows.iloc[rng.integers(0, 800, 800)], DIMENSIONS)["estimate"].iloc[:2]
        for _ in range(60)
    ]
    assert np.isfinite(drawn).all(axis=1).sum() > 50
    spread = np.nanstd(drawn, axis=0, ddof=1)
    # 60 draws: relative simulation error of a standard deviation .09
    np.testing.assert_allclose(table["std_error"].iloc[:2], spread, rtol=0.35)


def test_clusters_that_repeat_persons_widen_the_errors_and_weights_count_them(
    rng: np.random.Generator,
) -> None:
    rows = pd.DataFrame(rng.multivariate_normal(np.zeros(9), second_order(), 300), columns=NAMES)
    twice = pd.concat([rows, rows], ignore_index=True)
    person = pd.Series(np.tile(np.arange(300), 2))
    once = omega_hierarchical(rows, DIMENSIONS)
    clustered = omega_hierarchical(twice, DIMENSIONS, clusters=person)
    weighted = omega_hierarchical(rows, DIMENSIONS, weights=pd.Series(np.full(300, 2.0)))
    np.testing.assert_allclose(clustered["std_error"], once["std_error"], rtol=5e-3)
    np.testing.assert_allclose(weighted["estimate"], once["estimate"], rtol=1e-6)
    assert set(clustered["interval"]) == {"delta, robust, clustered"}


def test_an_improper_solution_is_nan_and_names_the_dimension() -> None:
    between = np.array([[1, 0.9, 0.9], [0.9, 1, 0.6], [0.9, 0.6, 1]])  # .9 * .9 / .6 is beyond 1
    S = np.outer(LOADINGS, LOADINGS) * np.kron(between, np.ones((3, 3))) + np.diag(1 - LOADINGS**2)
    table = omega_hierarchical(moments(S), DIMENSIONS)
    assert table[["estimate", "std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    assert set(table["undefined"]) == {"Heywood case: dimension '速度'"}
    assert set(table["interval"]) == {""}


def test_a_reversed_item_is_flagged_by_name() -> None:
    turned = np.diag([1, -1, 1, 1, 1, 1, 1, 1, 1]).astype(float)
    table = omega_hierarchical(moments(turned @ second_order() @ turned), DIMENSIONS)
    assert set(table["flag"]) == {"'项 1' loads negatively on '速度': check for a reversed item"}


def test_two_items_of_a_bifactor_dimension_are_held_equal_and_say_so() -> None:
    general = np.array([0.6, 0.5, 0.7, 0.4, 0.6, 0.5, 0.7, 0.5])
    special = np.array([0.4, 0.6, 0.3, 0.6, 0.3, 0.5, 0.4, 0.4])
    same = np.kron(np.eye(3), np.ones((3, 3)))[:8, :8]
    S = np.outer(general, general) + np.outer(special, special) * same + np.diag(1 - general**2 - special**2)
    two = Moments(names=tuple(NAMES[:8]), n_obs=500, mean=None, cov=S)
    dimensions = {**DIMENSIONS, "price": NAMES[6:8]}
    table = omega_hierarchical(two, dimensions, model="bifactor")
    assert set(table["flag"]) == {"two items of 'price': loadings on it held equal"}
    whole = table.set_index(["construct", "measure"])["estimate"]
    assert whole["general", "omega_hierarchical"] == pytest.approx(general.sum() ** 2 / S.sum(), rel=1e-6)


REFUSED = {
    "two dimensions": (
        {"a": NAMES[:3], "b": NAMES[3:6]},
        IdentificationError,
        "2 dimensions, at least three",
    ),
    "one item": ({**DIMENSIONS, "x": ["项 8"]}, DataError, "dimension 'x': one item"),
    "twice": ({**DIMENSIONS, "x": ["项 0", "项 1"]}, DataError, "item '项 0': stands in more than one place"),
    "absent": ({**DIMENSIONS, "x": ["项 0", "项 99"]}, DataError, "item '项 99': not in the data"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_dimensions_that_cannot_be_are_refused(case: str) -> None:
    dimensions, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        omega_hierarchical(moments(second_order()), dimensions)


def test_an_item_that_does_not_vary_is_named(rng: np.random.Generator) -> None:
    rows = pd.DataFrame(rng.multivariate_normal(np.zeros(9), second_order(), 100), columns=NAMES)
    with pytest.raises(DataError, match="'项 4'"):
        omega_hierarchical(rows.assign(**{"项 4": 2.0}), DIMENSIONS)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="'third' is not known"):
        omega_hierarchical(moments(second_order()), DIMENSIONS, model="third")

"""Rotation: known simple structures, statsmodels as a second program, laws, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels.multivariate.factor_rotation import rotate_factors

from servicefx.errors import DataError
from servicefx.measurement.dimensions.rotation import RotationKind, arranged, rotate

SIMPLE = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6], [0.5]]))
PHI = np.array([[1.0, 0.4, 0.2], [0.4, 1.0, 0.3], [0.2, 0.3, 1.0]])
OBLIQUE: tuple[RotationKind, ...] = ("quartimin", "oblimin", "promax")


@pytest.fixture
def loadings(rng: np.random.Generator) -> NDArray[np.float64]:
    """A structure that is not quite simple, turned at random."""
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    blurred = SIMPLE + 0.1 * rng.standard_normal(SIMPLE.shape)
    return np.asarray(blurred @ np.linalg.cholesky(PHI) @ turn, dtype=np.float64)


@pytest.mark.parametrize("kaiser", [True, False])
@pytest.mark.parametrize("rotation", ["quartimin", "oblimin"])
def test_a_simple_structure_of_correlated_factors_comes_back(rotation: RotationKind, kaiser: bool) -> None:
    hidden = SIMPLE @ np.linalg.cholesky(PHI)
    found = rotate(hidden, rotation, kaiser=kaiser)
    np.testing.assert_allclose(np.sort(found.loadings, axis=1)[:, :2], 0, atol=1e-6)
    np.testing.assert_allclose(found.loadings.max(axis=1), np.tile([0.8, 0.7, 0.6, 0.5], 3), atol=1e-6)
    assert sorted(np.abs(found.phi[np.tril_indices(3, -1)]).round(5)) == [0.2, 0.3, 0.4]


def test_varimax_leaves_a_simple_structure_of_uncorrelated_factors_as_it_is() -> None:
    found = rotate(SIMPLE @ np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 2 + np.eye(3))[0], "varimax")
    np.testing.assert_allclose(np.sort(found.loadings, axis=1)[:, :2], 0, atol=1e-6)


@pytest.mark.parametrize(("rotation", "theirs"), [("varimax", "varimax"), ("quartimin", "oblimin")])
def test_no_lower_criterion_is_found_by_statsmodels(
    loadings: NDArray[np.float64], rotation: RotationKind, theirs: str
) -> None:
    ours = rotate(loadings, rotation, kaiser=False)
    arguments = (0, "oblique") if theirs == "oblimin" else ()
    other, turn = rotate_factors(loadings, theirs, *arguments, tol=1e-9)
    phi = np.eye(3) if theirs == "varimax" else turn.T @ turn
    pattern, phi = arranged(np.asarray(other), np.asarray(phi))
    np.testing.assert_allclose(ours.loadings, pattern, atol=1e-5)
    np.testing.assert_allclose(ours.phi, phi, atol=1e-5)


@pytest.mark.parametrize("gamma", [0.0, -0.5, -2.0])
def test_the_reported_criterion_is_the_definition_and_a_minimum(
    loadings: NDArray[np.float64], rng: np.random.Generator, gamma: float
) -> None:
    def criterion(L: NDArray[np.float64]) -> float:
        squares = L**2
        pairs = [(j, k) for j in range(3) for k in range(3) if j != k]
        covary = [(squares[:, j] * squares[:, k]).sum() for j, k in pairs]
        means = [squares[:, j].sum() * squares[:, k].sum() / len(L) for j, k in pairs]
        return (sum(covary) - gamma * sum(means)) / 4

    found = rotate(loadings, "oblimin", kaiser=False, gamma=gamma)
    assert found.criterion == pytest.approx(criterion(np.asarray(found.loadings)))
    turn = np.linalg.cholesky(found.phi).T
    unrotated = found.loadings @ turn.T
    for _ in range(50):
        near = turn + 0.01 * rng.standard_normal((3, 3))
        near = near / np.linalg.norm(near, axis=0)
        assert criterion(unrotated @ np.linalg.inv(near).T) > found.criterion


@pytest.mark.parametrize("rotation", ["varimax", *OBLIQUE])
def test_rotation_keeps_what_the_factors_reproduce(
    loadings: NDArray[np.float64], rotation: RotationKind
) -> None:
    found = rotate(loadings, rotation)
    np.testing.assert_allclose(np.diag(found.phi), 1)
    np.testing.assert_allclose(
        found.loadings @ found.phi @ found.loadings.T, loadings @ loadings.T, atol=1e-12
    )


@pytest.mark.parametrize("rotation", ["none", "varimax", *OBLIQUE])
def test_order_and_sign_do_not_depend_on_those_of_the_unrotated_factors(
    loadings: NDArray[np.float64], rotation: RotationKind
) -> None:
    one = rotate(loadings, rotation)
    two = rotate(loadings[:, [2, 0, 1]] * [-1, 1, -1], rotation)
    np.testing.assert_allclose(one.loadings, two.loadings, atol=1e-5)
    np.testing.assert_allclose(one.phi, two.phi, atol=1e-5)
    squares = np.diag(one.phi @ one.loadings.T @ one.loadings)
    assert (np.diff(squares) <= 0).all()
    assert (one.loadings.sum(axis=0) > 0).all()


@pytest.mark.parametrize("rotation", ["varimax", *OBLIQUE])
def test_the_order_of_items_does_not_matter(loadings: NDArray[np.float64], rotation: RotationKind) -> None:
    shuffled = np.random.default_rng(1).permutation(len(loadings))
    one, two = rotate(loadings, rotation), rotate(loadings[shuffled], rotation)
    np.testing.assert_allclose(one.loadings[shuffled], two.loadings, atol=1e-5)


def test_starts_are_counted_and_a_seed_repeats(loadings: NDArray[np.float64]) -> None:
    one, two = rotate(loadings, seed=4, starts=12), rotate(loadings, seed=4, starts=12)
    assert one.loadings.tolist() == two.loadings.tolist()
    assert one.starts == 12
    assert 1 <= one.n_at_minimum + one.n_other_minima <= 12


def test_many_starts_escape_a_local_minimum() -> None:
    structureless = np.random.default_rng(4).standard_normal((20, 8)) * 0.4
    many = rotate(structureless, "quartimin", starts=40)
    single = [
        rotate(structureless, "quartimin", starts=2, seed=seed).criterion - many.criterion
        for seed in range(12)
    ]
    assert many.n_other_minima > 0
    assert min(single) > -1e-9
    assert max(single) > 1e-4


def test_one_factor_is_turned_only_to_be_positive() -> None:
    found = rotate(np.array([[-0.8], [-0.5], [0.1]]), "oblimin")
    assert found.loadings.ravel().tolist() == [0.8, 0.5, -0.1]
    assert np.isnan(found.criterion)


def test_an_item_without_any_loading_stays_without() -> None:
    found = rotate(np.vstack([SIMPLE, np.zeros(3)]), "oblimin")
    np.testing.assert_allclose(found.loadings[-1], 0)


def test_as_many_factors_as_items_are_refused() -> None:
    with pytest.raises(DataError, match="3 factors of 3 items"):
        rotate(np.eye(3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rotation": "equamax"}, "rotation 'equamax' is not one of none, varimax"),
        ({"starts": 0}, "starts 0 >= 1"),
        ({"gamma": 0.5}, "gamma 0.5 <= 0"),
        ({"power": 1.0}, "power 1.0 > 1"),
    ],
)
def test_choices_that_do_not_exist_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rotate(SIMPLE, **options)  # type: ignore[arg-type]

"""Exploratory factors: known truth, rows and moments alike, Heywood cases, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import ConvergenceError, DataError, IdentificationError
from servicefx.measurement.dimensions.exploratory import exploratory_factors, most_factors
from servicefx.measurement.dimensions.extraction import ExtractionKind, extract
from servicefx.moments.moments import Moments
from servicefx.values.glossary import GLOSSARY

TRUTH = np.kron(np.eye(2), np.array([[0.8], [0.7], [0.6], [0.5]]))
PHI = np.array([[1.0, 0.4], [0.4, 1.0]])
NAMES = list("abcdefgh")


def population(loadings: np.ndarray = TRUTH, phi: np.ndarray = PHI, n_obs: int = 500) -> Moments:
    R = loadings @ phi @ loadings.T
    np.fill_diagonal(R, 1.0)
    return Moments.from_correlation(R, np.ones(len(R)), n_obs, names=NAMES[: len(R)])


def answers(rng: np.random.Generator, n: int = 600) -> pd.DataFrame:
    scores = rng.multivariate_normal([0, 0], PHI, n)
    noise = rng.standard_normal((n, 8)) * np.sqrt(1 - (TRUTH**2).sum(axis=1))
    return pd.DataFrame(scores @ TRUTH.T + noise, columns=NAMES)


@pytest.mark.parametrize("method", ["ml", "minres", "principal_axis"])
def test_population_loadings_communalities_and_correlation_come_back(method: ExtractionKind) -> None:
    found = exploratory_factors(population(), 2, method=method)
    np.testing.assert_allclose(found.pattern, TRUTH, atol=2e-6)
    assert found.phi[1, 0] == pytest.approx(0.4, abs=1e-5)
    np.testing.assert_allclose(found.communalities["communality"], (TRUTH**2).sum(axis=1), atol=1e-6)
    assert found.measures["srmr"] == pytest.approx(0, abs=1e-6)


def test_chi2_of_data_that_fit_has_the_mean_of_its_law(rng: np.random.Generator) -> None:
    found = [exploratory_factors(answers(rng), 2, rotation="none").measures["chi2"] for _ in range(200)]
    # df 13: the mean of 200 has a standard error of sqrt(26 / 200)
    assert np.mean(found) == pytest.approx(13, abs=4 * np.sqrt(26 / 200))


def test_moments_give_the_answer_of_the_rows(rng: np.random.Generator) -> None:
    items = answers(rng)
    rows, printed = exploratory_factors(items, 2), exploratory_factors(Moments.from_frame(items), 2)
    np.testing.assert_allclose(rows.pattern, printed.pattern, atol=1e-8)
    assert rows.measures == pytest.approx(printed.measures)


def test_sums_of_squares_add_up_to_the_communalities_and_frames_speak_the_glossary(
    rng: np.random.Generator,
) -> None:
    found = exploratory_factors(answers(rng), 2, rotation="promax")
    frames = [found.loadings, found.communalities, found.factor_correlations, found.variance]
    assert set().union(*(frame.columns for frame in frames)) <= set(GLOSSARY)
    assert found.variance["sum_of_squares"].sum() == pytest.approx(found.communalities["communality"].sum())
    assert found.variance["cumulative_share"].iloc[-1] == pytest.approx(
        found.communalities["communality"].mean()
    )
    np.testing.assert_allclose(found.loadings["structure"], (found.pattern @ found.phi).ravel())


@pytest.mark.parametrize("method", ["ml", "minres"])
def test_a_heywood_item_is_named(method: ExtractionKind) -> None:
    R = np.full((4, 4), 0.3) + 0.7 * np.eye(4)
    R[0, 1:] = R[1:, 0] = [0.8, 0.7, 0.6]
    printed = Moments.from_correlation(R, np.ones(4), 200, names=["w", "x", "y", "z"])
    found = exploratory_factors(printed, 1, method=method)
    assert found.flags == ("'w' shares 99.5% of its variance with the factors (Heywood case)",)
    assert found.uniquenesses[0] == pytest.approx(0.005)


def test_a_heywood_item_of_principal_axes_is_named() -> None:
    R = np.full((4, 4), 0.3) + 0.7 * np.eye(4)
    R[0, 1:] = R[1:, 0] = [0.6, 0.57, 0.55]
    printed = Moments.from_correlation(R, np.ones(4), 200, names=["w", "x", "y", "z"])
    found = exploratory_factors(printed, 1, method="principal_axis")
    assert found.flags == ("'w' shares all of its variance with the factors (Heywood case)",)


def test_principal_axes_that_wander_off_name_the_item() -> None:
    noise = pd.DataFrame(np.random.default_rng(0).standard_normal((25, 9)), columns=list("abcdefghi"))
    with pytest.raises(
        ConvergenceError, match=r"4 factors was reached: '\w'.* would share more than all of its"
    ):
        exploratory_factors(noise, 4, method="principal_axis")


def test_a_factor_with_one_item_is_flagged(rng: np.random.Generator) -> None:
    items = answers(rng)[["a", "b", "c", "d", "e"]]
    found = exploratory_factors(items, 2)
    assert any("with a loading of .3 or more" in flag for flag in found.flags)


def test_only_maximum_likelihood_of_plain_correlations_has_a_test(rng: np.random.Generator) -> None:
    items = answers(rng)
    coded = np.clip(np.round(items + 3), 1, 5).astype(int)
    weights = pd.Series(rng.uniform(0.5, 2, len(items)))
    reasons = {
        "'minres' has no test of fit; choose method='ml'": exploratory_factors(items, 2, method="minres"),
        "polychoric correlations: the statistic has no chi-square law": exploratory_factors(
            coded, 2, correlation="polychoric"
        ),
        "weighted answers: the statistic has no chi-square law": exploratory_factors(
            items, 2, weights=weights
        ),
    }
    for reason, found in reasons.items():
        assert found.undefined["chi2"] == reason
        assert {name for name, value in found.measures.items() if np.isnan(value)} == set(found.undefined)


def test_polychoric_loadings_of_coarse_answers_are_nearer_the_truth(rng: np.random.Generator) -> None:
    coded = pd.DataFrame(np.digitize(answers(rng, 6000), [0.3, 1.3]), columns=NAMES)
    latent = exploratory_factors(coded, 2, correlation="polychoric")
    plain = exploratory_factors(coded, 2)
    # which of two equally large factors comes first is chance
    assert min(np.abs(latent.pattern[:, order] - TRUTH).max() for order in ([0, 1], [1, 0])) < 0.06
    assert min(np.abs(plain.pattern[:, order] - TRUTH).max() for order in ([0, 1], [1, 0])) > 0.1


def test_weights_that_repeat_rows_equal_repeated_rows(rng: np.random.Generator) -> None:
    items = answers(rng, 200)
    weights = pd.Series(np.tile([1.0, 3.0], 100))
    repeated = pd.concat([items, items.iloc[1::2], items.iloc[1::2]])
    weighted, plain = exploratory_factors(items, 2, weights=weights), exploratory_factors(repeated, 2)
    np.testing.assert_allclose(weighted.pattern, plain.pattern, atol=1e-7)


def test_rows_with_a_gap_are_counted(rng: np.random.Generator) -> None:
    items = answers(rng)
    items.iloc[:7, 0] = np.nan
    found = exploratory_factors(items, 2)
    assert (found.n_obs, found.dropped) == (593, 7)


def test_a_saturated_number_of_factors_has_no_rmsea() -> None:
    found = exploratory_factors(population(TRUTH[:3, :1], np.eye(1)), 1)
    assert found.measures["df"] == 0
    assert found.undefined["rmsea"] == "no degrees of freedom"


def test_more_factors_than_the_bound_of_ledermann_are_refused() -> None:
    assert [most_factors(p) for p in (3, 4, 5, 6, 8)] == [1, 1, 2, 3, 4]
    with pytest.raises(IdentificationError, match="5 factors of 8 items, at most 4 can be told apart"):
        exploratory_factors(population(), 5)
    with pytest.raises(ValueError, match="n_factors 0: at least 1"):
        exploratory_factors(population(), 0)


def test_constant_repeated_and_too_few_items_are_named(rng: np.random.Generator) -> None:
    items = answers(rng)
    with pytest.raises(DataError, match="column 'c': holds the same value in every row"):
        exploratory_factors(items.assign(c=4.0), 2)
    with pytest.raises(DataError, match="column 'z': repeats 'a'"):
        exploratory_factors(items.assign(z=items["a"]), 2)
    with pytest.raises(DataError, match="'a', 'b', 'z' add up to one another"):
        exploratory_factors(items.assign(z=items["a"] + items["b"]), 2)
    with pytest.raises(DataError, match="item 'c': nobody answered it"):
        exploratory_factors(items.assign(c=np.nan), 2)
    with pytest.raises(DataError, match="2 items, at least 3 expected"):
        exploratory_factors(items[["a", "b"]], 1)
    with pytest.raises(DataError, match="8 complete rows for 8 items"):
        exploratory_factors(items.head(8), 1)
    with pytest.raises(ValueError, match="method 'alpha' is not one of ml, minres, principal_axis"):
        exploratory_factors(items, 2, method="alpha")  # type: ignore[arg-type]


def test_latent_correlations_that_no_data_can_have_are_refused_by_ml_only(rng: np.random.Generator) -> None:
    few = pd.DataFrame(np.digitize(answers(rng, 14), [0.0]), columns=NAMES)
    with pytest.raises(DataError, match="are not positive definite"):
        exploratory_factors(few, 1, correlation="polychoric")


def test_minres_and_principal_axes_end_at_the_same_place(rng: np.random.Generator) -> None:
    R = answers(rng).corr().to_numpy(copy=True)
    one, two = extract(R, 2, "minres"), extract(R, 2, "principal_axis")
    np.testing.assert_allclose(one.uniquenesses, two.uniquenesses, atol=1e-6)

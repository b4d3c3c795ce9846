"""Parallel analysis: the true number in simulated data, shuffled against normal, laws, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.dimensions.parallel import parallel_analysis
from servicefx.moments.moments import Moments
from servicefx.values.glossary import GLOSSARY


def items_of(
    rng: np.random.Generator, n: int = 400, factors: int = 3, per_factor: int = 4, r: float = 0.3
) -> pd.DataFrame:
    """Items that load .7 on their factor; factors correlate ``r``."""
    phi = np.full((factors, factors), r) + (1 - r) * np.eye(factors)
    scores = rng.multivariate_normal(np.zeros(factors), phi, n)
    p = factors * per_factor
    values = 0.7 * np.repeat(scores, per_factor, axis=1) + np.sqrt(0.51) * rng.standard_normal((n, p))
    return pd.DataFrame(values, columns=[f"q{at}" for at in range(p)])


@pytest.mark.parametrize("factors", [1, 2, 4])
@pytest.mark.parametrize("random", ["permuted", "normal"])
def test_the_true_number_of_factors_is_retained(rng: np.random.Generator, factors: int, random: str) -> None:
    found = parallel_analysis(items_of(rng, factors=factors), seed=1, random=random, draws=100)  # type: ignore[arg-type]
    assert found.n_factors == factors
    assert found.table["retained"].tolist() == [True] * factors + [False] * (3 * factors)
    assert set(found.table.columns) <= set(GLOSSARY)


def test_polychoric_analysis_of_skewed_answers_retains_the_true_number(rng: np.random.Generator) -> None:
    latent = items_of(rng, n=800, factors=2)
    coded = pd.DataFrame(np.digitize(latent, [-2, -1.2, -0.4, 0.6]), columns=latent.columns)
    found = parallel_analysis(coded, seed=1, correlation="polychoric", draws=60)
    assert found.n_factors == 2
    assert found.random == "permuted"


def test_ordered_and_continuous_columns_mix(rng: np.random.Generator) -> None:
    mixed = items_of(rng, n=600, factors=2)
    coded = [f"q{at}" for at in range(4)]
    mixed[coded] = np.digitize(mixed[coded], [-1, 0, 1])
    found = parallel_analysis(mixed, seed=1, correlation="polychoric", ordered=coded, draws=40)
    assert found.n_factors == 2


@pytest.mark.slow
def test_unrelated_items_retain_a_component_at_the_stated_rate() -> None:
    # of 400 data sets 5 % should; a two-sided 99.9 % binomial band is .019-.091
    hits = 0
    for draw in range(400):
        rng = np.random.default_rng([7, draw])
        noise = pd.DataFrame(rng.standard_normal((150, 8)), columns=list("abcdefgh"))
        hits += parallel_analysis(noise, seed=draw, random="normal", draws=400).n_factors > 0
    assert 0.019 < hits / 400 < 0.091


def test_unrelated_skewed_items_are_shuffled_as_they_are(rng: np.random.Generator) -> None:
    skewed = pd.DataFrame(rng.exponential(size=(300, 6)) ** 2, columns=list("abcdef"))
    assert parallel_analysis(skewed, seed=1, draws=300, percentile=0.999).n_factors == 0


def test_weights_spread_the_random_eigenvalues_as_fewer_rows_do(rng: np.random.Generator) -> None:
    items = items_of(rng, n=400)
    weights = pd.Series(np.where(np.arange(400) < 100, 1.0, 1e-6))
    heavy = parallel_analysis(items, seed=1, weights=weights, draws=200).table
    few = parallel_analysis(items.head(100), seed=1, draws=200).table
    np.testing.assert_allclose(heavy["eigenvalue"], few["eigenvalue"], atol=1e-4)
    # simulation error of two means of 200
    np.testing.assert_allclose(heavy["simulated_mean"], few["simulated_mean"], atol=0.03)
    normal = parallel_analysis(items, seed=1, weights=weights, random="normal", draws=200).table
    np.testing.assert_allclose(normal["simulated_mean"], few["simulated_mean"], atol=0.03)


def test_a_seed_repeats_and_two_seeds_differ(rng: np.random.Generator) -> None:
    items = items_of(rng)
    one, two, other = (parallel_analysis(items, seed=seed, draws=30).table for seed in (1, 1, 2))
    assert one.equals(two)
    assert not one["simulated_mean"].equals(other["simulated_mean"])


def test_the_count_ends_at_the_first_component_that_fails(rng: np.random.Generator) -> None:
    found = parallel_analysis(items_of(rng), seed=1, kind="factors", draws=50)
    retained = found.table["retained"].to_numpy()
    assert retained[: found.n_factors].all()
    assert not retained[found.n_factors :].any()


def test_rows_with_a_gap_are_counted(rng: np.random.Generator) -> None:
    items = items_of(rng)
    items.iloc[:5, 2] = np.nan
    found = parallel_analysis(items, seed=1, draws=20)
    assert (found.n_obs, found.dropped) == (395, 5)


def test_what_cannot_be_is_refused_in_words(rng: np.random.Generator) -> None:
    items = items_of(rng)
    moments = Moments.from_frame(items)
    with pytest.raises(DataError, match="shuffled items need the answers"):
        parallel_analysis(moments, seed=1, random="permuted")
    with pytest.raises(DataError, match="polychoric correlations need the answers"):
        parallel_analysis(moments, seed=1, correlation="polychoric")
    with pytest.raises(DataError, match="normal items have no answer categories"):
        parallel_analysis(items.round(), seed=1, correlation="polychoric", random="normal")
    with pytest.raises(DataError, match="not computed with survey weights"):
        parallel_analysis(
            items.round(), seed=1, correlation="polychoric", weights=pd.Series(1.0, index=items.index)
        )
    with pytest.raises(DataError, match="column 'q3': holds only the category"):
        parallel_analysis(items.round().assign(q3=1), seed=1, correlation="polychoric")
    with pytest.raises(DataError, match="column 'q3': holds the same value"):
        parallel_analysis(items.assign(q3=1), seed=1)
    with pytest.raises(DataError, match="column 'z': repeats 'q0'"):
        parallel_analysis(items.assign(z=items["q0"]), seed=1)
    with pytest.raises(ValueError, match="kind 'axes' is not one of"):
        parallel_analysis(items, seed=1, kind="axes")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"draws 5 and percentile 0\.95"):
        parallel_analysis(items, seed=1, draws=5)


def test_the_seed_is_0_unless_one_is_given(rng: np.random.Generator) -> None:
    answers = pd.DataFrame(rng.normal(size=(60, 4)), columns=list("abcd"))
    own, zero, one = (parallel_analysis(answers, **seed).table for seed in ({}, {"seed": 0}, {"seed": 1}))
    pd.testing.assert_frame_equal(own, zero)
    assert not own.equals(one)

"""Number of factors, adequacy, extraction, rotation and fit against psych, GPArotation, lavaan and base R."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.dimensions import (
    bartlett_sphericity,
    exploratory_factors,
    minimum_average_partial,
    parallel_analysis,
    sampling_adequacy,
)
from servicefx.measurement.method_bias import harman_single_factor
from servicefx.moments.moments import Moments

CLOSED_FORM = 1e-9  # one formula, rounding and printed digits
ITERATED = 2e-6  # R's searches stop at their own tolerances; factanal's loadings are good to 1e-6 here
LATENT = (
    6e-5  # psych and lavaan disagree with one another by 5e-5: both stop their one-dimensional search early
)
SIMULATED = 0.0105  # four standard errors (.0026) of a 95th percentile of 4,000 against one of 2,000 draws

Golden = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def items(golden: Golden) -> pd.DataFrame:
    return golden("dimensions/data.csv")


def test_sampling_adequacy_and_sphericity_are_those_of_psych(items: pd.DataFrame, golden: Golden) -> None:
    expected = golden("dimensions/adequacy.csv").set_index("measure")["value"]
    found, test = sampling_adequacy(items), bartlett_sphericity(items)
    ours = {"kmo": found.overall, "chi2": test.chi2, "df": test.df, "p_value": test.p_value}
    ours |= {f"kmo_{item}": value for item, value in found.table.itertuples(index=False)}
    pd.testing.assert_series_equal(
        pd.Series(ours)[list(expected.index)], expected, check_names=False, rtol=CLOSED_FORM
    )


def test_minimum_average_partial_is_that_of_psych_and_the_formula(
    items: pd.DataFrame, golden: Golden
) -> None:
    expected = golden("dimensions/map.csv")
    found = minimum_average_partial(items)
    np.testing.assert_allclose(found.table["average_squared"][1:], expected["psych"][1:], rtol=CLOSED_FORM)
    for column in ("average_squared", "average_fourth"):
        np.testing.assert_allclose(found.table[column], expected[column], rtol=CLOSED_FORM)
    assert found.n_factors == expected["average_squared"].argmin()
    assert found.n_factors_fourth == expected["average_fourth"].argmin()


@pytest.mark.parametrize("kind", ["components", "factors"])
@pytest.mark.parametrize(("random", "theirs"), [("permuted", "shuffled"), ("normal", "normal")])
def test_parallel_analysis_is_that_of_psych_within_simulation_error(
    items: pd.DataFrame, golden: Golden, kind: str, random: str, theirs: str
) -> None:
    expected = golden("dimensions/parallel.csv")
    expected = expected[expected["kind"] == kind]
    retained = golden("dimensions/parallel_retained.csv").set_index("measure")["value"]
    found = parallel_analysis(items, seed=1, kind=kind, random=random, draws=2000)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.table["eigenvalue"], expected["eigenvalue"], rtol=CLOSED_FORM)
    for column in ("mean", "quantile"):
        np.testing.assert_allclose(
            found.table[f"simulated_{column}"], expected[f"{theirs}_{column}"], atol=SIMULATED
        )
    assert found.n_factors == retained[kind]


def test_normal_items_known_by_moments_give_the_same_analysis(items: pd.DataFrame, golden: Golden) -> None:
    expected = golden("dimensions/parallel.csv").head(12)
    found = parallel_analysis(Moments.from_frame(items), seed=2, draws=2000)
    assert found.random == "normal"
    np.testing.assert_allclose(found.table["eigenvalue"], expected["eigenvalue"], rtol=CLOSED_FORM)
    np.testing.assert_allclose(found.table["simulated_mean"], expected["normal_mean"], atol=SIMULATED)


def test_eigenvalues_of_polychoric_correlations_are_those_of_psych_and_lavaan(
    items: pd.DataFrame, golden: Golden
) -> None:
    expected = golden("dimensions/parallel_latent.csv")
    found = parallel_analysis(items, seed=1, correlation="polychoric", draws=20)
    for theirs in ("psych", "lavaan", "fa_parallel"):
        np.testing.assert_allclose(found.table["eigenvalue"], expected[theirs], atol=LATENT)
    assert found.n_factors == 3  # as psych's fa.parallel(cor = "poly") printed


CASES = [
    ("ml", "none", False, {}),
    ("minres", "none", False, {}),
    ("principal_axis", "none", False, {}),
    *(
        ("ml", rotation, kaiser, {})
        for rotation in ("varimax", "promax", "oblimin", "quartimin")
        for kaiser in (True, False)
    ),
    ("ml", "oblimin_half", True, {"gamma": -0.5}),
    ("ml", "oblimin_half", False, {"gamma": -0.5}),
]


@pytest.mark.parametrize(("method", "rotation", "kaiser", "options"), CASES)
def test_loadings_and_factor_correlations_are_those_of_r(
    items: pd.DataFrame, golden: Golden, method: str, rotation: str, kaiser: bool, options: dict[str, float]
) -> None:
    loadings, correlations = (
        golden(f"dimensions/{name}.csv").loc[
            lambda d: (d["method"] == method) & (d["rotation"] == rotation) & (d["kaiser"] == kaiser)
        ]
        for name in ("loadings", "factor_correlations")
    )
    assert len(loadings) == 36
    found = exploratory_factors(
        items, 3, method=method, rotation=rotation.removesuffix("_half"), kaiser=kaiser, **options  # type: ignore[arg-type]
    )  # fmt: skip
    # psych's minres and principal axes stop at 1e-5 and 1e-6 of a loading
    tolerance = ITERATED if method == "ml" else 2e-5
    ours = found.loadings
    assert ours["item"].tolist() == loadings["item"].tolist()
    np.testing.assert_allclose(ours["loading"], loadings["loading"], atol=tolerance)
    np.testing.assert_allclose(
        found.factor_correlations["estimate"], correlations["estimate"], atol=tolerance
    )


def test_fit_of_maximum_likelihood_is_that_of_factanal_and_lavaan(
    items: pd.DataFrame, golden: Golden
) -> None:
    expected = golden("dimensions/fit.csv").set_index("measure")["value"]
    found = exploratory_factors(items, 3)
    ours = pd.Series(found.measures)[list(expected.index)]
    pd.testing.assert_series_equal(ours, expected, check_names=False, rtol=1e-4, atol=1e-7)
    # chi2 alone is known better than the square root of its excess over df
    np.testing.assert_allclose(
        ours[["chi2", "chi2_uncorrected"]], expected[["chi2", "chi2_uncorrected"]], rtol=1e-6
    )


def test_shares_of_a_single_factor_are_those_of_r(items: pd.DataFrame, golden: Golden) -> None:
    expected = golden("dimensions/single_factor.csv")["value"]
    np.testing.assert_allclose(harman_single_factor(items).table["share"], expected, rtol=1e-6)

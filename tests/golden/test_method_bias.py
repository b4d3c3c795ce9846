"""Method factor, CFA marker, marker variable and full collinearity against lavaan and base R."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from servicefx.measurement.method_bias import (
    CfaMarker,
    MethodFactor,
    cfa_marker,
    full_collinearity,
    latent_method_factor,
    marker_correlations,
)

CONSTRUCTS = {"A": ["x1", "x2", "x3"], "B": ["x4", "x5", "x6"], "C": ["x7", "x8", "x9"]}
ITEMS = [item for items in CONSTRUCTS.values() for item in items]
MARKER = ["m1", "m2", "m3"]
OPTIMISED = 2e-6  # two optimisers stop at different gradients
FREE = 2e-4  # the model with free method loadings is flat: lavaan stops 1e-4 away in a loading
COLUMNS = ["chi2", "df", "cfi", "rmsea", "srmr", "chi2_diff", "df_diff", "p_value"]

Golden = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def data(golden: Golden) -> pd.DataFrame:
    return golden("method_bias/data.csv")


@pytest.fixture(scope="module")
def method(data: pd.DataFrame) -> MethodFactor:
    return latent_method_factor(data, CONSTRUCTS)


@pytest.fixture(scope="module")
def marker(data: pd.DataFrame) -> CfaMarker:
    return cfa_marker(data, CONSTRUCTS, MARKER)


@pytest.fixture(scope="module")
def standardised(golden: Golden) -> Callable[[str], dict[tuple[str, str], float]]:
    frame = golden("method_bias/standardised.csv")

    def of(model: str) -> dict[tuple[str, str], float]:
        rows = frame[frame["model"] == model]
        return dict(zip(zip(rows["lhs"], rows["rhs"], strict=True), rows["est.std"], strict=True))

    return of


def check_models(ours: pd.DataFrame, expected: pd.DataFrame) -> None:
    expected = expected.set_index("model").loc[ours["model"]].reset_index()
    assert ours["against"].tolist() == expected["against"].fillna("").tolist()
    np.testing.assert_allclose(ours[COLUMNS].astype(float), expected[COLUMNS], rtol=2e-5, atol=1e-8)


def test_models_and_tests_of_the_method_factor_are_those_of_lavaan(
    method: MethodFactor, golden: Golden
) -> None:
    assert method.models["model"].tolist() == ["constructs", "equal", "free"]
    check_models(method.models, golden("method_bias/models.csv"))


@pytest.mark.parametrize(("model", "tolerance"), [("equal", OPTIMISED), ("free", FREE)])
def test_loadings_and_correlations_beside_the_method_factor_are_those_of_lavaan(
    method: MethodFactor,
    standardised: Callable[[str], dict[tuple[str, str], float]],
    model: str,
    tolerance: float,
) -> None:
    before, after = standardised("constructs"), standardised(model)
    loadings = method.loadings[method.loadings["model"] == model]
    own = list(zip(loadings["construct"], loadings["item"], strict=True))
    assert len(own) == 9
    np.testing.assert_allclose(loadings["estimate"], [before[p] for p in own], atol=OPTIMISED)
    np.testing.assert_allclose(loadings["adjusted"], [after[p] for p in own], atol=tolerance)
    np.testing.assert_allclose(loadings["method_loading"], [after["M", i] for _, i in own], atol=tolerance)
    correlations = method.correlations[method.correlations["model"] == model]
    pairs = list(zip(correlations["construct"], correlations["other"], strict=True))
    np.testing.assert_allclose(correlations["estimate"], [before[p] for p in pairs], atol=OPTIMISED)
    np.testing.assert_allclose(correlations["adjusted"], [after[p] for p in pairs], atol=tolerance)
    np.testing.assert_allclose(correlations["change"], correlations["adjusted"] - correlations["estimate"])


def test_shares_of_variance_are_squares_of_lavaans_standardised_loadings(
    method: MethodFactor, standardised: Callable[[str], dict[tuple[str, str], float]], golden: Golden
) -> None:
    after = standardised("equal")
    rows = method.variance[method.variance["model"] == "equal"].set_index("construct")
    for construct, items in {"": ITEMS, **CONSTRUCTS}.items():
        common = np.mean([after["M", i] ** 2 for i in items])
        own = np.mean([after[c, i] ** 2 for c, group in CONSTRUCTS.items() for i in group if i in items])
        row = rows.loc[construct]
        assert row["method_share"] == pytest.approx(common, abs=1e-5)
        assert row["construct_share"] == pytest.approx(own, abs=1e-5)
        assert row["error_share"] == pytest.approx(1 - common - own, abs=1e-5)
        interval = golden("method_bias/method_variance.csv").iloc[0]
        ratio = row["conf_low"] / row["method_share"], row["conf_high"] / row["method_share"]
        assert ratio == pytest.approx(
            (interval["ci.lower"] / interval["est"], interval["ci.upper"] / interval["est"]), rel=1e-4
        )


def test_five_models_of_the_cfa_marker_are_those_of_lavaan(marker: CfaMarker, golden: Golden) -> None:
    assert marker.models["model"].tolist() == ["cfa", "baseline", "method_c", "method_u", "method_r"]
    check_models(marker.models, golden("method_bias/models.csv"))
    assert marker.method_model == "method_c"
    assert marker.undefined == {}


def test_frames_of_the_cfa_marker_are_made_of_lavaans_standardised_loadings(
    marker: CfaMarker, standardised: Callable[[str], dict[tuple[str, str], float]]
) -> None:
    before, after = standardised("baseline"), standardised("method_c")
    for row in marker.loadings.itertuples(index=False):
        assert row.estimate == pytest.approx(before[row.construct, row.item], abs=OPTIMISED)
        assert row.adjusted == pytest.approx(after[row.construct, row.item], abs=OPTIMISED)
        assert row.method_loading == pytest.approx(after["M", row.item], abs=OPTIMISED)
    for row in marker.correlations.itertuples(index=False):
        assert row.estimate == pytest.approx(before[row.construct, row.other], abs=OPTIMISED)
        assert row.adjusted == pytest.approx(after[row.construct, row.other], abs=OPTIMISED)
    for row in marker.reliability.itertuples(index=False):
        one = np.array([before[row.construct, i] for i in CONSTRUCTS[row.construct]])
        own = np.array([after[row.construct, i] for i in CONSTRUCTS[row.construct]])
        common = np.array([after["M", i] for i in CONSTRUCTS[row.construct]])
        error = (1 - own**2 - common**2).sum()
        total = own.sum() ** 2 + common.sum() ** 2 + error
        assert row.total_reliability == pytest.approx(
            one.sum() ** 2 / (one.sum() ** 2 + (1 - one**2).sum()), abs=1e-5
        )
        assert row.construct_reliability == pytest.approx(own.sum() ** 2 / total, abs=1e-5)
        assert row.method_reliability == pytest.approx(common.sum() ** 2 / total, abs=1e-5)


def scores_of(data: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: data[i].mean(axis=1) for name, i in {**CONSTRUCTS, "M": MARKER}.items()})


def test_marker_correlations_are_those_of_the_formulas_in_r(data: pd.DataFrame, golden: Golden) -> None:
    expected = golden("method_bias/marker.csv")
    found = marker_correlations(scores_of(data), marker="M").table
    assert found[["construct", "other"]].equals(expected[["construct", "other"]])
    theirs = ["estimate", "adjusted", "statistic", "p_value"]
    ours = ["estimate", "adjusted", "published_statistic", "published_p_value"]
    np.testing.assert_allclose(found[ours], expected[theirs], rtol=1e-9)


def test_full_collinearity_is_that_of_regressions_in_r(data: pd.DataFrame, golden: Golden) -> None:
    expected = golden("method_bias/collinearity.csv")
    found = full_collinearity(scores_of(data)).table
    assert found["construct"].tolist() == expected["construct"].tolist()
    np.testing.assert_allclose(found["estimate"], expected["estimate"], rtol=1e-9)

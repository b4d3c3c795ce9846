import json

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.errors import DataError
from servicefx.moments.moments import Moments
from servicefx.pls.scores import scores

MODEL = "q =~ q1 + q2; v =~ v1 + v2; s <~ s1 + s2; v ~ q; s ~ q + v"
PRODUCT = MODEL + "; s ~ q:v"
WHOLE = "a =~ q1 + q2; b =~ v1 + v2; w =~ a + b; s =~ s1 + s2; s ~ w"
GOLDEN = "tests/golden/pls"


def survey(n: int = 90, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    q = rng.normal(size=n)
    v = 0.6 * q + rng.normal(size=n)
    s = 0.5 * q + 0.4 * v + 0.3 * q * v + rng.normal(size=n)
    noise = rng.normal(size=(n, 6))
    columns = {"q1": 4 + q, "q2": 5 + q, "v1": v, "v2": 3 * v, "s1": s, "s2": s}
    return pd.DataFrame({name: part + noise[:, i] for i, (name, part) in enumerate(columns.items())})


@pytest.mark.parametrize("case", ["ecsi_path", "ecsi_mixed_modes", "second_order_disjoint"])
def test_scores_are_those_of_seminr(repository, case):
    settings = json.loads((repository / GOLDEN / case / "settings.json").read_text())
    file = "data/raw/mobi.csv" if settings["data"] == "mobi" else f"{GOLDEN}/data/{settings['data']}"
    data = pd.read_csv(repository / file)
    model = (repository / GOLDEN / case / "model.txt").read_text()
    fit = pls.fit(model, data, scheme=settings["scheme"], mode=settings["mode"])
    found = scores(fit, data)
    expected = pd.read_csv(repository / GOLDEN / case / "seminr.csv", keep_default_na=False)
    expected = expected[expected["quantity"] == "score_checksum"]
    n = len(data)
    cosines = np.cos(np.arange(1, n + 1)) * np.sqrt((n - 1) / n)  # seminr divides by n - 1
    assert len(expected) > 3
    for row in expected.itertuples():
        # checksums go to 20, and printed weights stop at 1e-13
        np.testing.assert_allclose(found[row.subject] @ cosines, float(row.value), atol=1e-9)


@pytest.mark.parametrize("second_order", ["disjoint", "embedded", "repeated"])
@pytest.mark.parametrize("model", [MODEL, PRODUCT, WHOLE, WHOLE + "; s ~ w:w"])
def test_scores_are_standardised_and_correlate_as_the_fit_says(model, second_order):
    data = survey()
    fit = pls.fit(model, data, second_order=second_order)
    found = scores(fit, data)
    names = list(fit.correlations)
    np.testing.assert_allclose(found.mean(), 0.0, atol=1e-12)
    np.testing.assert_allclose(found.std(ddof=0), 1.0, rtol=1e-10)
    np.testing.assert_allclose(found[names].corr(), fit.correlations, atol=1e-10)


def test_the_score_of_a_product_is_the_product_of_the_scores_before_it():
    data = survey()
    found = scores(pls.fit(PRODUCT, data), data)
    before = scores(pls.fit(MODEL, data), data)
    product = before["q"] * before["v"]
    expected = (product - product.mean()) / product.std(ddof=0)
    np.testing.assert_allclose(found["q:v"], expected, atol=1e-8)


def test_a_composed_whole_is_made_of_the_scores_of_its_parts():
    data = survey()
    fit = pls.fit(WHOLE, data)
    found = scores(fit, data)
    weights = fit.weights[fit.weights["construct"] == "w"].set_index("item")["estimate"]
    np.testing.assert_allclose(found["w"], found["a"] * weights["a"] + found["b"] * weights["b"], atol=1e-10)


def test_corrected_paths_leave_the_composites_as_they_are():
    data = survey()
    model = "q =~ q1 + q2; v =~ v1 + v2; v ~ q"
    pd.testing.assert_frame_equal(
        scores(pls.fit(model, data, consistent=True), data), scores(pls.fit(model, data), data)
    )


def test_a_whole_of_corrected_parts_is_still_a_standardised_composite():
    data = survey()
    found = scores(pls.fit(WHOLE, data, consistent=True), data)
    np.testing.assert_allclose(found.std(ddof=0), 1.0, rtol=1e-10)


def test_other_rows_are_measured_against_the_fitted_sample():
    data = survey()
    fit = pls.fit(PRODUCT, data.iloc[:60])
    some = scores(fit, data.iloc[[70, 5]])
    assert list(some.index) == [70, 5]
    np.testing.assert_allclose(some.loc[5], scores(fit, data.iloc[:60]).loc[5])
    alone = scores(fit, data.iloc[[70]])
    np.testing.assert_allclose(alone.loc[70], some.loc[70])


def test_a_gap_costs_the_scores_it_enters_and_no_other():
    data = survey()
    data.loc[3, "v1"] = np.nan
    found = scores(pls.fit(MODEL, data), data)
    assert found.loc[3].isna().to_dict() == {"q": False, "v": True, "s": False}
    assert not found.drop(index=3).isna().any(axis=None)


def test_a_gap_is_the_items_mean_where_the_fit_replaced_gaps_by_means():
    data = survey()
    data.loc[3, "v1"] = np.nan
    fit = pls.fit(MODEL, data, missing="mean")
    found = scores(fit, data)
    filled = data.fillna(data.mean())
    pd.testing.assert_frame_equal(found, scores(fit, filled))
    np.testing.assert_allclose(found.std(ddof=0), 1.0, rtol=1e-10)
    empty = data.iloc[[0]].astype(float) * np.nan
    assert scores(fit, empty).isna().all(axis=None)


def test_unstandardised_items_give_standardised_scores():
    data = survey()
    found = scores(pls.fit(MODEL, data, scaled=False), data)
    np.testing.assert_allclose(found.std(ddof=0), 1.0, rtol=1e-10)


def test_moments_with_means_are_enough_to_score_rows():
    data = survey()
    fit = pls.fit(MODEL, Moments.from_frame(data))
    pd.testing.assert_frame_equal(scores(fit, data), scores(pls.fit(MODEL, data), data))


def test_a_fit_of_correlations_alone_scores_no_row():
    data = survey()
    fit = pls.fit(MODEL, Moments.from_covariance(data.cov(), n_obs=90))
    with pytest.raises(DataError, match="holds no means of the items"):
        scores(fit, data)


def test_an_absent_item_is_named():
    data = survey()
    with pytest.raises(DataError, match=r"item 'q2': not in the data \(known: 'q1'"):
        scores(pls.fit(MODEL, data), data.drop(columns="q2"))

"""Sampling adequacy and sphericity: closed cases, size, what is undefined or refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.errors import DataError
from servicefx.measurement.dimensions.adequacy import bartlett_sphericity, sampling_adequacy
from servicefx.moments.moments import Moments
from servicefx.values.glossary import GLOSSARY


def test_equal_correlations_have_the_adequacy_of_their_formula() -> None:
    # partial correlation of two of p items that all correlate r: r / (1 + (p - 2) r)
    p, r = 5, 0.4
    printed = Moments.from_correlation(
        np.full((p, p), r) + (1 - r) * np.eye(p), np.ones(p), 100, names=list("abcde")
    )
    found = sampling_adequacy(printed)
    q = r / (1 + (p - 2) * r)
    assert found.overall == pytest.approx(r**2 / (r**2 + q**2))
    np.testing.assert_allclose(found.table["estimate"], found.overall)
    assert found.rules["judgement"].tolist() == ["pass"] * 6
    assert {*found.rules.columns, *found.table.columns} <= set(GLOSSARY)


def test_an_item_apart_is_judged_by_name(rng: np.random.Generator) -> None:
    common = rng.standard_normal((300, 1))
    items = pd.DataFrame(common + rng.standard_normal((300, 4)), columns=list("abcd"))
    items["apart"] = rng.standard_normal(300) + 0.2 * rng.standard_normal(300)
    items["twin"] = items["apart"] + 0.2 * rng.standard_normal(300)
    rules = sampling_adequacy(items).rules.set_index("subject")
    assert rules["judgement"]["apart"] != "pass"
    assert rules["judgement"]["a"] == "pass"


@pytest.mark.slow
def test_sphericity_of_unrelated_items_is_rejected_at_its_level() -> None:
    # of 1,000 data sets 5 %: a two-sided 99.9 % binomial band is .030-.075
    hits = 0
    for draw in range(1000):
        noise = np.random.default_rng([11, draw]).standard_normal((60, 6))
        hits += bartlett_sphericity(pd.DataFrame(noise, columns=list("abcdef"))).p_value < 0.05
    assert 0.030 < hits / 1000 < 0.075


def test_weighted_sphericity_is_nan_with_its_reason(rng: np.random.Generator) -> None:
    items = pd.DataFrame(rng.standard_normal((50, 3)), columns=list("abc"))
    found = bartlett_sphericity(items, weights=pd.Series(rng.uniform(1, 2, 50)))
    assert np.isnan(found.chi2)
    assert found.undefined["p_value"] == "weighted answers: the statistic has no chi-square law"


def test_two_items_have_no_adequacy() -> None:
    with pytest.raises(DataError, match="2 items, at least 3 expected"):
        sampling_adequacy(Moments.from_correlation([[1, 0.3], [0.3, 1]], [1, 1], 50, names=["a", "b"]))

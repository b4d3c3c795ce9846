from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx.engines.linear import fit_ols
from servicefx.engines.ordered import fit_ordered_logit
from servicefx.engines.quantile import fit_quantile
from servicefx.errors import DataError
from servicefx.models.drivers import compare_versions


@pytest.fixture
def survey(rng: np.random.Generator) -> pd.DataFrame:
    scores = rng.normal(size=(300, 2))
    latent = scores @ [1.0, -0.5] + rng.logistic(size=300)
    return pd.DataFrame(scores, columns=["a", "b"]).assign(
        y=np.clip(np.round(latent) + 4, 1, 7), outlet=np.arange(300) // 10
    )


def test_every_version_is_its_engine_on_the_same_rows(survey: pd.DataFrame) -> None:
    survey.loc[[1, 5], "a"] = np.nan
    used = survey.dropna().reset_index(drop=True)
    found = compare_versions(survey, "y", ["a", "b"], clusters=survey["outlet"], quantiles=(0.5,))
    assert list(found.fits) == ["OLS, hc3", "OLS, cluster", "ordered logit", "quantile 0.5"]
    alone = {
        "OLS, hc3": fit_ols(used, "y", ["a", "b"]),
        "OLS, cluster": fit_ols(used, "y", ["a", "b"], covariance="cluster", clusters=used["outlet"]),
        "ordered logit": fit_ordered_logit(used, "y", ["a", "b"], clusters=used["outlet"]),
        "quantile 0.5": fit_quantile(used, "y", ["a", "b"], clusters=used["outlet"]),
    }
    for name, fit in alone.items():
        assert found.fits[name].coefficients.tolist() == fit.coefficients.tolist()
        assert found.fits[name].covariance.tolist() == fit.covariance.tolist()
        assert found.fits[name].dropped == {"a missing": 2}
    assert (found.n_obs, found.n_dropped, found.problems) == (298, 2, ())
    table = found.table(level=0.9)
    assert table.columns[0] == "model"
    assert len(table) == 3 + 3 + 8 + 3


def test_a_version_the_data_do_not_allow_is_named(survey: pd.DataFrame, rng: np.random.Generator) -> None:
    frame = survey.assign(y=survey["y"] + rng.normal(size=300))
    weights = pd.Series(np.linspace(1, 2, 300), name="w")
    found = compare_versions(frame, "y", ["a", "b"], quantiles=(0.5,), weights=weights)
    assert found.undefined == {
        "ordered logit": "300 different values of the outcome, 50 at most",
        "quantile 0.5": "quantile regression here takes no survey weights",
    }
    assert [problem.where for problem in found.problems] == ["ordered logit", "quantile 0.5"]


def test_few_answers_leave_quantiles_undefined_not_wrong(survey: pd.DataFrame) -> None:
    binary = survey.assign(y=(survey["y"] > 6).astype(float))
    found = compare_versions(binary, "y", ["a", "b"], quantiles=(0.25,))
    assert found.undefined["ordered logit"] == "2 different answers, 3 to 50 expected"
    assert "half of the rows lie on the fitted line" in found.undefined["quantile 0.25"]


def test_least_squares_must_be_possible(survey: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'still' has the same value"):
        compare_versions(survey.assign(still=1.0), "y", ["a", "still"])


def test_overlap_is_that_of_the_rows_fitted(survey: pd.DataFrame) -> None:
    clusters = survey["outlet"].where(survey["a"] > -0.5)
    found = compare_versions(survey, "y", ["a", "b"], clusters=clusters, quantiles=[])
    kept = survey[survey["a"] > -0.5]
    assert found.n_obs == len(kept)
    inflation = 1 / (1 - kept["a"].corr(kept["b"]) ** 2)
    assert found.overlap.drivers["vif"].tolist() == pytest.approx([inflation, inflation], rel=1e-9)

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import StudyError
from servicefx.moments.moments import Moments
from servicefx.sem.population import drawn_moments, stated_moments
from servicefx.syntax.parser import parse_model

MODEL = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\ng ~ f"
TRUTH = "f =~ 0.8*x1 + 0.7*x2 + 0.6*x3\ng =~ 0.8*x4 + 0.7*x5 + 0.6*x6\ng ~ 0.5*f"


def sample(n: int = 300, seed: int = 2) -> Moments:
    population = stated_moments(parse_model(TRUTH))
    return drawn_moments(population, n, np.random.default_rng(seed))


def test_implied_and_residual_moments_add_up_to_the_sample() -> None:
    data = sample()
    fit = sem.fit(MODEL, data)
    raw = fit.implied("cov") + fit.residuals("raw")
    np.testing.assert_allclose(raw, data.subset(fit.model.items).cov, rtol=1e-12)
    correlations = fit.implied("cor") + fit.residuals("correlation")
    np.testing.assert_allclose(correlations, data.subset(fit.model.items).correlation, atol=1e-12)


def test_implied_means_are_those_of_the_sample_where_intercepts_are_free() -> None:
    fit = sem.fit(MODEL, sample(), meanstructure=True)
    assert fit.moments.mean is not None  # type: ignore[union-attr]
    np.testing.assert_allclose(fit.implied("mean")["mean"], fit.moments.mean, atol=1e-9)  # type: ignore[union-attr]


def test_standardised_residuals_are_standard_normal_over_samples() -> None:
    values = np.array(
        [sem.fit(MODEL, sample(seed=k)).residuals("standardised").to_numpy() for k in range(160)]
    )
    cross = values[:, :3, 3:]
    assert np.abs(cross.mean(axis=0)).max() < 4.5 / np.sqrt(160)
    assert cross.std(axis=0) == pytest.approx(np.ones((3, 3)), abs=0.25)


def test_moments_that_are_fitted_exactly_have_no_standardised_residual() -> None:
    fit = sem.fit("x2 ~ x1\nx3 ~ x2", sample())
    frame = fit.residuals("standardised")
    assert np.isnan(frame.loc["x2", "x2"])
    assert np.isnan(frame.loc["x2", "x1"])
    assert frame.loc["x3", "x1"] ** 2 == pytest.approx(fit.measures["chi2"], rel=0.1)


def test_groups_stand_below_each_other() -> None:
    fit = sem.fit(MODEL, {"a": sample(seed=1), "b": sample(seed=2)})
    frame = fit.residuals("raw")
    assert isinstance(frame.index, pd.MultiIndex)
    assert frame.shape == (12, 6)


def test_wrong_kinds_are_refused() -> None:
    fit = sem.fit(MODEL, sample())
    with pytest.raises(StudyError, match="'normalised' is not known"):
        fit.residuals("normalised")
    with pytest.raises(StudyError, match="the model has no means"):
        fit.implied("mean")
    with pytest.raises(StudyError, match="standardised residuals are not computed for 'uls'"):
        sem.fit(MODEL, sample(), estimator="uls").residuals("standardised")

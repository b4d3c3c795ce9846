from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import sem
from servicefx.errors import DataError, StudyError
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


def test_unit_weights_have_residuals_as_well() -> None:
    values = np.array(
        [
            sem.fit(MODEL, sample(seed=k), estimator="uls").residuals("standardised").to_numpy()
            for k in range(160)
        ]
    )
    assert values[:, :3, 3:].std(axis=0) == pytest.approx(np.ones((3, 3)), abs=0.25)


def skewed(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    construct = rng.exponential(size=n) ** 1.5
    return pd.DataFrame({name: construct + rng.exponential(size=n) ** 1.5 for name in "abcd"})


def test_residuals_of_skewed_rows_are_standard_normal_over_samples_where_the_rows_are_given() -> None:
    model = "f =~ a + 1*b + 1*c + 1*d\na ~~ v*a\nb ~~ v*b\nc ~~ v*c\nd ~~ v*d"
    robust, plain = [], []
    for seed in range(120):
        rows = skewed(600, seed)
        robust.append(sem.fit(model, rows, estimator="mlr").residuals("standardised", rows).to_numpy())
        plain.append(sem.fit(model, rows).residuals("standardised").to_numpy())
    spread = np.diagonal(np.std(robust, axis=0)).mean()
    assert spread == pytest.approx(1.0, abs=0.2)
    assert np.diagonal(np.std(plain, axis=0)).mean() > 1.4


def test_residuals_of_robust_fits_need_the_rows_of_the_fit() -> None:
    rows = skewed(200, 1)
    fit = sem.fit("f =~ a + b + c + d", rows, estimator="mlr")
    with pytest.raises(StudyError, match="of 'mlr' need the rows, and a fit holds none"):
        fit.residuals("standardised")
    with pytest.raises(DataError, match="199 rows can be used, and the fit used 200"):
        fit.residuals("standardised", rows[1:])
    with pytest.raises(DataError, match="need the rows, and only moments are given"):
        fit.residuals("standardised", Moments.from_frame(rows))
    alike = sem.fit("f =~ a + b + c + d", rows, estimator="mlm").residuals("standardised", rows)
    np.testing.assert_allclose(fit.residuals("standardised", rows), alike, rtol=1e-6)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"missing": "fiml"}, "not there for rows with gaps"),
        ({"weights": "w"}, "not there with clusters or sampling weights"),
        ({"cluster": "w"}, "not there with clusters or sampling weights"),
    ],
)
def test_residuals_without_standard_errors_are_refused(choices: dict[str, str], message: str) -> None:
    rows = skewed(200, 2).assign(w=1.0 + np.arange(200) % 50)
    with pytest.raises(StudyError, match=message):
        sem.fit("f =~ a + b + c + d", rows, **choices).residuals("standardised")  # type: ignore[arg-type]
